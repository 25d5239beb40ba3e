package microsoft

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/fault"
	"github.com/klauspost/compress/gzip"
)

type policyFunc func(*policy.Request) (*http.Response, error)

func (f policyFunc) Do(req *policy.Request) (*http.Response, error) { return f(req) }

// final is an error that azcore must not retry.
type final struct{ error }

func (f final) Unwrap() error { return f.error }
func (final) NonRetriable()   {}

// retryOptions let azcore repeat transport errors, 408 and 5xx. Throttling is never waited for there: azcore gives up
// on a Retry-After beyond its MaxRetryDelay, and sleeping through a shorter one would hold a turn for nothing.
func retryOptions(t Timing) policy.RetryOptions {
	return policy.RetryOptions{
		MaxRetries: int32(min(t.Retries, 20)), RetryDelay: t.Delay, MaxRetryDelay: t.Longest,
		StatusCodes: []int{
			http.StatusRequestTimeout, http.StatusInternalServerError, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout,
		},
	}
}

// limit takes the right to send one request. What would wait too long is given back, so that a turn stays short.
func (c *Client) limit(req *policy.Request) (*http.Response, error) {
	if c.options.Limiter == nil {
		return req.Next()
	}
	parent := req.Raw().Context()
	limiter, err := c.options.Limiter(parent)
	if err != nil {
		return nil, final{err}
	}
	ctx, cancel := context.WithTimeout(parent, c.options.Timing.Turn)
	err = limiter.Take(ctx, 1)
	cancel()
	switch {
	case err == nil:
		return req.Next()
	case parent.Err() != nil:
		return nil, parent.Err()
	case fault.ClassOf(err) == fault.Throttled:
		return nil, final{silenced(fault.RetryAt(err))}
	case ctx.Err() != nil:
		return nil, final{&fault.Error{
			Class: fault.Throttled, Code: "quota_used", Title: "The quota for requests to " + hostOf(c.resource.Host) + " is used up for now",
			Hint:    "Nothing to do; it goes on by itself. The bound is requestsPerMinute, or a wait that Microsoft asked for.",
			RetryAt: c.options.Now().Add(c.options.Timing.Longest),
		}}
	}
	return nil, final{fmt.Errorf("take from the quota: %w", err)}
}

// silenced is what a request meets that comes while the service wants silence, because it refused another one.
func silenced(until time.Time) error {
	c := byClass[fault.Throttled]
	return &fault.Error{Class: fault.Throttled, Code: c.Name, Title: c.Title, Hint: c.Hint, RetryAt: until}
}

// authorize puts the token on.
func (c *Client) authorize(req *policy.Request) (*http.Response, error) {
	ctx := req.Raw().Context()
	t, err := c.signIn.token(ctx)
	if err != nil {
		return nil, final{err}
	}
	if used, ok := ctx.Value(usedKey{}).(*usedToken); ok {
		used.text = t
	}
	c.signIn.used(ctx, connector.CredentialUse{})
	req.Raw().Header.Set("Authorization", "Bearer "+t.Reveal())
	return req.Next()
}

// attempt bounds the time until the answer begins, and then the time between its bytes, and looks at its date.
func (c *Client) attempt(req *policy.Request) (*http.Response, error) {
	host, timing := hostOf(c.resource.Host), c.options.Timing
	ctx, cancel := context.WithCancelCause(req.Raw().Context())
	timer := time.AfterFunc(timing.Headers, func() { cancel(silence{host, timing.Headers}) })
	sent := c.options.Now()
	try := req.Clone(ctx)
	if err := ownBody(try.Raw()); err != nil {
		cancel(nil)
		return nil, final{err}
	}
	resp, err := try.Next()
	c.answered(req.Raw().Context(), resp, err)
	stopped := timer.Stop()
	if err == nil && !stopped {
		_ = resp.Body.Close()
		err = context.Cause(ctx)
	}
	if err != nil {
		var own silence
		if errors.As(context.Cause(ctx), &own) {
			err = own
		}
		cancel(nil)
		if lasting(err) {
			return nil, final{err}
		}
		return nil, err
	}
	c.clock.see(resp.Header, sent, c.options.Now())
	resp.Body = &watched{ReadCloser: resp.Body, host: host, idle: timing.Idle, cancel: cancel, ctx: func() error { return context.Cause(ctx) }}
	return resp, nil
}

// answered counts a request of the quota.
func (c *Client) answered(ctx context.Context, resp *http.Response, err error) {
	if c.options.Limiter == nil || err != nil && ctx.Err() != nil {
		return
	}
	limiter, failed := c.options.Limiter(ctx)
	if failed != nil {
		return // nothing was asked without one
	}
	if err != nil {
		limiter.Answered(0)
		return
	}
	limiter.Answered(resp.StatusCode)
}

// ownBody gives one try a body of its own. azcore rewinds one body for every try, while the transport can still be
// sending it for the last: HTTP/2 goes on reading after an answer that came early, and the next try would be torn.
func ownBody(req *http.Request) error {
	if req.Body == nil || req.Body == http.NoBody {
		return nil
	}
	whole, err := io.ReadAll(req.Body)
	if err != nil {
		return fmt.Errorf("read the request's body: %w", err)
	}
	req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(whole)), nil }
	req.Body, err = req.GetBody()
	return err
}

// watched is a body that must keep coming.
type watched struct {
	io.ReadCloser
	host   string
	idle   time.Duration
	cancel context.CancelCauseFunc
	ctx    func() error // why the request ended; nil: it hasn't
	timer  *time.Timer
}

// Read fails with a diagnosis when nothing comes for the idle time. Time between two Reads doesn't count.
func (w *watched) Read(p []byte) (int, error) {
	if w.timer == nil {
		w.timer = time.AfterFunc(w.idle, func() { w.cancel(silence{w.host, w.idle}) })
	} else {
		w.timer.Reset(w.idle)
	}
	n, err := w.ReadCloser.Read(p)
	w.timer.Stop()
	if err == nil || errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return n, err
	}
	if cause := w.ctx(); cause != nil {
		err = cause
	}
	return n, Diagnose(w.host, err)
}

func (w *watched) Close() error {
	err := w.ReadCloser.Close()
	w.cancel(nil)
	return err
}

// lasting tells whether trying again at once is pointless.
func lasting(err error) bool {
	var unknown x509.UnknownAuthorityError
	var invalid x509.CertificateInvalidError
	var name x509.HostnameError
	return errors.As(err, &unknown) || errors.As(err, &invalid) || errors.As(err, &name)
}

// plainClient follows redirects on the same host only, so that a token or a secret never reaches another.
func plainClient(transport http.RoundTripper) *http.Client {
	return &http.Client{
		Transport: transport,
		CheckRedirect: func(req *http.Request, via []*http.Request) error {
			if req.URL.Scheme != "https" || req.URL.Host != via[0].URL.Host || len(via) > 5 {
				return http.ErrUseLastResponse
			}
			return nil
		},
	}
}

// trusting gives the transport that trusts the certificates in the file as well, and whether it is the caller's to close.
func trusting(base http.RoundTripper, file string) (http.RoundTripper, bool, error) {
	if file == "" {
		return base, false, nil
	}
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, false, fault.Problems{{Field: "endpoints.ca", Text: "can't be read: " + err.Error()}}.Err()
	}
	switch base := base.(type) {
	case *Shared:
		t, err := base.with(file, pem)
		return t, false, err
	case *http.Transport:
		t, err := withRoots(base, file, pem)
		return t, true, err
	}
	return nil, false, fault.New(fault.Internal, "a transport of type %T can't be told to trust endpoints.ca", base)
}

// unpacked undoes gzip.
func unpacked(resp *http.Response) (*http.Response, error) {
	if resp.Header.Get("Content-Encoding") != "gzip" {
		return resp, nil
	}
	resp.Header.Del("Content-Encoding")
	resp.Header.Del("Content-Length")
	resp.ContentLength, resp.Uncompressed = -1, true
	resp.Body = &gunzip{packed: resp.Body}
	return resp, nil
}

// gunzip opens its reader at the first Read, because an empty body has no header.
type gunzip struct {
	packed io.ReadCloser
	reader *gzip.Reader
	err    error
}

func (g *gunzip) Read(p []byte) (int, error) {
	if g.err != nil {
		return 0, g.err
	}
	if g.reader == nil {
		if g.reader, g.err = gzip.NewReader(g.packed); g.err != nil {
			g.err = broken(g.err)
			return 0, g.err
		}
	}
	n, err := g.reader.Read(p)
	if err != nil {
		g.err = broken(err)
	}
	return n, g.err
}

func broken(err error) error {
	if errors.Is(err, gzip.ErrHeader) || errors.Is(err, gzip.ErrChecksum) {
		return fault.New(fault.Unavailable, "the answer's compression is damaged: %w", err)
	}
	return err
}

func (g *gunzip) Close() error {
	if g.reader != nil {
		_ = g.reader.Close()
	}
	return g.packed.Close()
}
