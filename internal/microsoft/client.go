package microsoft

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/secret"
)

// A Client makes requests to one API as one credential. It may be used from several goroutines.
type Client struct {
	cloud     Cloud
	resource  Resource
	host      string // host[:port] that the token may go to
	options   Options
	clock     *clock
	signIn    *signIn
	transport http.RoundTripper
	own       bool // the transport is ours to close
	pipeline  runtime.Pipeline

	mu     sync.Mutex
	slowed time.Time
	tenant string // its GUID, where only the token told it
}

// A Request is one to the client's API.
type Request struct {
	Method string      // "" is GET
	URL    string      // absolute; the host must be the resource's
	Header http.Header // nil: none of one's own
	Body   []byte      // nil: none
}

// Open makes a client. It reads the credential's CA file but talks to nobody. A credential or cloud that can't be
// right is Invalid.
func Open(o Options) (*Client, error) {
	if o.Credential == nil {
		return nil, fault.New(fault.Invalid, "a credential is needed").WithHint("Choose the credential to sign in with.")
	}
	if err := ValidCredential(*o.Credential).Err(); err != nil {
		return nil, fmt.Errorf("credential %q: %w", o.Credential.Name, err)
	}
	cloud, err := CloudOf(*o.Credential)
	if err != nil {
		return nil, fmt.Errorf("credential %q: %w", o.Credential.Name, err)
	}
	o.Timing = o.Timing.withDefaults()
	c := &Client{cloud: cloud, resource: o.Resource(cloud), options: o, clock: &clock{now: o.Now, log: o.Log}}
	if c.resource.Host == "" {
		return nil, fault.New(fault.Invalid, "credential %q: cloud %s has no known host for this API", o.Credential.Name, cloud.Name).
			WithHint("If your tenant has one, set cloud: custom and give it in endpoints.")
	}
	u, err := url.Parse(c.resource.Host)
	if err != nil {
		return nil, fault.New(fault.Internal, "host of %s: %w", c.resource.Service, err)
	}
	c.host = u.Host
	if c.transport, c.own, err = trusting(o.Transport, cloud.CA); err != nil {
		return nil, fmt.Errorf("credential %q: %w", o.Credential.Name, err)
	}
	c.signIn = newSignIn(o, cloud, c.resource, c.transport, c.clock)
	c.pipeline = runtime.NewPipeline("headrace", "", runtime.PipelineOptions{
		PerRetry: []policy.Policy{policyFunc(c.authorize), policyFunc(c.limit), policyFunc(c.attempt)},
	}, &policy.ClientOptions{
		Transport: plainClient(c.transport), Retry: retryOptions(o.Timing), Telemetry: policy.TelemetryOptions{Disabled: true},
	})
	return c, nil
}

// Cloud is where the client's credential lives.
func (c *Client) Cloud() Cloud { return c.cloud }

// Host is the API's base: https://host, without a path.
func (c *Client) Host() string { return c.resource.Host }

// Owns tells whether an address leads to the API's own host, where alone the token may go.
func (c *Client) Owns(u *url.URL) bool {
	return u.Scheme == "https" && strings.EqualFold(u.Host, c.host) && u.User == nil
}

// Now is the present time by the service's clock as far as its answers told it, UTC.
func (c *Client) Now() time.Time { return c.clock.time() }

// Skew is the service's clock minus ours; false if no answer told it yet.
func (c *Client) Skew() (time.Duration, bool) { return c.clock.difference() }

// Close gives idle connections back.
func (c *Client) Close() error {
	if t, ok := c.transport.(*http.Transport); ok && c.own {
		t.CloseIdleConnections()
	}
	return nil
}

// Claims signs in and reads what the token says of itself.
func (c *Client) Claims(ctx context.Context) (Claims, error) {
	t, err := c.signIn.token(ctx)
	if err != nil {
		return Claims{}, err
	}
	claims, err := readClaims(t.Reveal())
	if err != nil {
		return Claims{}, fault.New(fault.Unavailable, "%w", err)
	}
	return claims, nil
}

// Forget drops the token, so that the next request signs in anew: to see permissions that were just granted.
func (c *Client) Forget(ctx context.Context) {
	select {
	case <-c.signIn.turn:
		c.signIn.kept = token{}
		c.signIn.turn <- struct{}{}
	case <-ctx.Done():
	}
}

// Do sends a request and gives a 2xx answer, whose body the caller closes; it is unpacked, and reading it fails when
// nothing comes for a while. Transport errors, 408 and 5xx were tried again already; a 401 that is no missing
// permission was tried once more with a fresh token. Every other answer is a *fault.Error with the remote's code.
func (c *Client) Do(ctx context.Context, r Request) (*http.Response, error) {
	for again := false; ; again = true {
		used := &usedToken{}
		resp, err := c.send(context.WithValue(ctx, usedKey{}, used), r)
		if err != nil {
			if ctx.Err() != nil {
				err = ctx.Err()
			}
			return nil, Diagnose(hostOf(c.resource.Host), err)
		}
		if resp.StatusCode/100 == 2 {
			return unpacked(resp)
		}
		wait := retryAfter(resp.Header, c.clock.time())
		refusal := readRefusal(resp, used.text.Reveal())
		if resp.StatusCode == http.StatusUnauthorized && !again && !strings.HasPrefix(refusal.code, "AF") {
			c.signIn.drop(ctx, used.text)
			continue
		}
		e := refusal.fault(c.resource.Service, wait, c.options.Now())
		c.ease(ctx, e, resp.StatusCode)
		return nil, e
	}
}

func (c *Client) send(ctx context.Context, r Request) (*http.Response, error) {
	method := r.Method
	if method == "" {
		method = http.MethodGet
	}
	req, err := runtime.NewRequest(ctx, method, r.URL)
	if err != nil {
		return nil, fault.New(fault.Invalid, "request to %s: the address can't be read", c.resource.Service)
	}
	if u := req.Raw().URL; !c.Owns(u) {
		return nil, fault.New(fault.Invalid, "the address leads to %q, but the token may only go to %q", u.Host, c.host)
	}
	for name, values := range r.Header {
		req.Raw().Header[http.CanonicalHeaderKey(name)] = values
	}
	req.Raw().Header.Set("User-Agent", "headrace")
	req.Raw().Header.Set("Accept-Encoding", "gzip")
	if r.Body != nil {
		kind := req.Raw().Header.Get("Content-Type")
		if kind == "" {
			kind = "application/json; charset=utf-8"
		}
		if err := req.SetBody(readSeekCloser{bytes.NewReader(r.Body)}, kind); err != nil {
			return nil, fault.New(fault.Internal, "request body: %w", err)
		}
	}
	runtime.SkipBodyDownload(req)
	return c.pipeline.Do(req)
}

type readSeekCloser struct{ *bytes.Reader }

func (readSeekCloser) Close() error { return nil }

// ease tells the quota what a throttled answer means for all.
func (c *Client) ease(ctx context.Context, e *fault.Error, status int) {
	if c.options.Limiter == nil || e.Class != fault.Throttled {
		return
	}
	limiter, err := c.options.Limiter(ctx)
	if err != nil {
		return // it says so itself at the next request
	}
	limiter.Throttled(status)
	if !e.RetryAt.IsZero() {
		if err := limiter.Block(ctx, e.RetryAt); err != nil && ctx.Err() == nil {
			c.options.Log.Warn("the other workers could not be told to wait", "err", err.Error())
		}
		return
	}
	// Requests that were on their way together are refused together; that is one reason to slow down, not many.
	c.mu.Lock()
	now := c.options.Now()
	first := now.Sub(c.slowed).Abs() > time.Second
	if first {
		c.slowed = now
	}
	c.mu.Unlock()
	if first {
		limiter.Slow()
	}
}

type usedKey struct{}

// usedToken tells which token an attempt carried.
type usedToken struct{ text secret.Text }

var _ io.ReadSeekCloser = readSeekCloser{}
