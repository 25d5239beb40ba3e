package microsoft

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	azcloud "github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/secret"
)

// A signIn keeps one token for one resource and fetches the next in time. Callers at the same moment share one
// sign-in and its outcome.
type signIn struct {
	credential *connector.Credential
	cloud      Cloud
	resource   Resource
	transport  http.RoundTripper
	timing     Timing
	now        func() time.Time
	clock      *clock
	log        *slog.Logger

	turn chan struct{} // holds one value: the right to sign in and to touch what follows
	kept token
	last error // how the last sign-in ended
}

type token struct {
	text    secret.Text
	renew   time.Time // by our own clock
	expires time.Time
}

// renewBefore is how long before its end a token is replaced: the longest a request may take, and some skew.
const renewBefore = 5 * time.Minute

func newSignIn(o Options, cloud Cloud, resource Resource, transport http.RoundTripper, clock *clock) *signIn {
	s := &signIn{credential: o.Credential, cloud: cloud, resource: resource, transport: transport, timing: o.Timing, now: o.Now, clock: clock, log: o.Log, turn: make(chan struct{}, 1)}
	s.turn <- struct{}{}
	return s
}

// token gives a valid token, signing in if there is none.
func (s *signIn) token(ctx context.Context) (secret.Text, error) {
	select {
	case <-s.turn:
	default:
		return s.waited(ctx)
	}
	defer func() { s.turn <- struct{}{} }()
	return s.fetch(ctx)
}

// waited stands in line behind another caller, whose outcome counts for this one as well.
func (s *signIn) waited(ctx context.Context) (secret.Text, error) {
	select {
	case <-s.turn:
	case <-ctx.Done():
		return secret.Text{}, Diagnose(hostOf(s.cloud.Login), ctx.Err())
	}
	defer func() { s.turn <- struct{}{} }()
	if s.last != nil && fault.ClassOf(s.last) != fault.Canceled {
		return secret.Text{}, s.last
	}
	return s.fetch(ctx)
}

func (s *signIn) fetch(ctx context.Context) (secret.Text, error) {
	if !s.kept.text.Empty() && s.now().Before(s.kept.renew) {
		return s.kept.text, nil
	}
	got, err := s.ask(ctx)
	s.used(ctx, connector.CredentialUse{SignIn: true, Err: err})
	if err != nil && !s.kept.text.Empty() && s.now().Before(s.kept.expires) && ctx.Err() == nil {
		s.log.Warn("the token could not be renewed yet; the present one still holds", "err", err.Error())
		s.kept.renew = s.now().Add(min(time.Minute, s.kept.expires.Sub(s.now())))
		return s.kept.text, nil
	}
	s.last = err
	if err != nil {
		return secret.Text{}, err
	}
	s.kept = got
	return got.text, nil
}

func (s *signIn) used(ctx context.Context, use connector.CredentialUse) {
	if s.credential.Used != nil {
		s.credential.Used(ctx, use)
	}
}

// drop forgets the token, if it is still the one that was refused.
func (s *signIn) drop(ctx context.Context, refused secret.Text) {
	select {
	case <-s.turn:
	case <-ctx.Done():
		return
	}
	defer func() { s.turn <- struct{}{} }()
	if s.kept.text.Reveal() == refused.Reveal() {
		s.kept = token{}
	}
}

// ask signs in once, with the secret as it is now.
func (s *signIn) ask(ctx context.Context) (token, error) {
	if s.credential.Secret == nil {
		return token{}, fault.New(fault.Internal, "credential %q has no secret to open", s.credential.Name)
	}
	key, err := s.credential.Secret(ctx)
	if err != nil {
		return token{}, fmt.Errorf("open the client secret of %q: %w", s.credential.Name, err)
	}
	if key.Empty() {
		e := entraCases["AADSTS7000216"]
		return token{}, &fault.Error{Class: fault.Denied, Code: e.Name, Title: "The credential's client secret is empty", Hint: e.Hint}
	}
	seen := &witness{client: plainClient(s.transport), headers: s.timing.Headers, clock: s.clock, now: s.now}
	cred, err := azidentity.NewClientSecretCredential(s.credential.TenantID, s.credential.ClientID, key.Reveal(), s.options(seen))
	if err != nil {
		return token{}, fault.New(fault.Invalid, "sign in to %s: %w", s.cloud.Login, err)
	}
	began := s.now()
	got, err := cred.GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{s.resource.Audience + "/.default"}})
	if err != nil {
		return token{}, fmt.Errorf("sign in %q: %w", s.credential.Name, s.explain(ctx, seen, key))
	}
	// The library's times are by the real clock; only the token's length is taken, so that an injected clock works.
	life := time.Until(got.ExpiresOn)
	t := token{text: secret.New(got.Token), expires: began.Add(life), renew: began.Add(life - renewBefore)}
	if life <= 2*renewBefore {
		t.renew = began.Add(life * 4 / 5)
	}
	s.log.Debug("signed in", "credential", s.credential.Name, "service", s.resource.Service, "valid", life.Round(time.Second).String())
	return t, nil
}

func (s *signIn) options(seen *witness) *azidentity.ClientSecretCredentialOptions {
	return &azidentity.ClientSecretCredentialOptions{
		ClientOptions: azcore.ClientOptions{
			Cloud:     azcloud.Configuration{ActiveDirectoryAuthorityHost: s.cloud.Login, Services: map[azcloud.ServiceName]azcloud.ServiceConfiguration{}},
			Transport: seen,
			Retry:     retryOptions(s.timing),
			Telemetry: policy.TelemetryOptions{Disabled: true},
		},
		DisableInstanceDiscovery: !s.cloud.knownLogin(),
	}
}

// explain makes an error of what the witness saw; the library's own text is never shown, it can hold bodies.
func (s *signIn) explain(ctx context.Context, seen *witness, key secret.Text) error {
	host := hostOf(s.cloud.Login)
	switch {
	case ctx.Err() != nil:
		return Diagnose(host, ctx.Err())
	case seen.err != nil:
		return Diagnose(host, seen.err)
	case seen.status >= 300:
		r := parseRefusal(seen.status, seen.header, seen.body, key.Reveal(), url.QueryEscape(key.Reveal()))
		return r.signInFault(s.cloud, retryAfter(seen.header, s.clock.time()), s.now())
	case seen.status != 0:
		return &fault.Error{
			Class: fault.Unavailable, Code: "sign_in_unreadable", Title: "The sign-in host gave an answer that is not Entra's",
			Hint:     "A proxy or a sign-in portal may stand between, or endpoints.login is not a sign-in host.",
			Upstream: &fault.Upstream{Service: "entra", Status: seen.status},
			Err:      fmt.Errorf("HTTP %d with content type %q", seen.status, short(seen.header.Get("Content-Type"), 60)),
		}
	}
	return fault.New(fault.Internal, "the sign-in library refused the settings of %s", s.cloud.Login)
}

// A witness carries the sign-in library's requests and remembers how the last one ended, because the library's errors
// keep neither the cause nor the class.
type witness struct {
	client  *http.Client
	headers time.Duration
	clock   *clock
	now     func() time.Time

	err    error
	status int
	header http.Header
	body   []byte // of a refusal only
}

// Do sends one request.
func (w *witness) Do(req *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithTimeoutCause(req.Context(), w.headers, silence{req.URL.Host, w.headers})
	defer cancel()
	req = req.WithContext(ctx)
	if err := ownBody(req); err != nil {
		w.err, w.status = err, 0
		return nil, final{err}
	}
	sent := w.now()
	resp, err := w.client.Do(req)
	var body []byte
	if err == nil {
		w.clock.see(resp.Header, sent, w.now())
		body, err = io.ReadAll(io.LimitReader(resp.Body, 1<<20))
		_ = resp.Body.Close()
	}
	if err != nil {
		var own silence
		if errors.As(context.Cause(ctx), &own) {
			err = own
		}
		w.err, w.status = err, 0
		if lasting(err) {
			return nil, final{err}
		}
		return nil, err
	}
	w.err, w.status, w.header, w.body = nil, resp.StatusCode, resp.Header, nil
	if resp.StatusCode >= 300 {
		w.body = body
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return resp, nil
}

// hostOf is the host to name to people; with its port, if that is not the usual one.
func hostOf(address string) string {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Host == "":
		return strings.TrimPrefix(address, "https://")
	case u.Port() == "443":
		return u.Hostname()
	}
	return u.Host
}
