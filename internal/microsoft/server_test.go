package microsoft

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/secret"
)

const (
	testTenant = "11111111-2222-4333-8444-555555555555"
	testClient = "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee"
)

// A service is an identity provider and an API on one TLS server. Fields may be changed between requests.
type service struct {
	t      *testing.T
	server *httptest.Server

	mu       sync.Mutex
	secret   string // the one that signs in
	lifetime int    // of tokens, in seconds
	roles    []string
	token    http.HandlerFunc // replaces the token endpoint
	api      http.HandlerFunc // the API; nil: 200 and an empty list
	signIns  int
	requests int
	tokens   []string // given out
}

func newService(t *testing.T) *service {
	t.Helper()
	s := &service{t: t, secret: "the-right-secret", lifetime: 3599, roles: []string{"ActivityFeed.Read"}}
	s.server = httptest.NewUnstartedServer(http.HandlerFunc(s.serve))
	s.server.EnableHTTP2 = true
	s.server.StartTLS()
	t.Cleanup(s.server.Close)
	return s
}

func (s *service) serve(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	token, api := s.token, s.api
	s.mu.Unlock()
	switch {
	case strings.HasSuffix(r.URL.Path, "/.well-known/openid-configuration"):
		base := s.server.URL + "/" + testTenant
		fmt.Fprintf(w, `{"authorization_endpoint":"%[1]s/oauth2/v2.0/authorize","token_endpoint":"%[1]s/oauth2/v2.0/token","issuer":"%[1]s/v2.0"}`, base)
	case strings.HasSuffix(r.URL.Path, "/oauth2/v2.0/token"):
		s.count(&s.signIns)
		if token != nil {
			token(w, r)
			return
		}
		s.give(w, r)
	default:
		s.count(&s.requests)
		if api == nil {
			_, _ = w.Write([]byte("[]"))
			return
		}
		api(w, r)
	}
}

func (s *service) count(n *int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	*n++
}

func (s *service) counts() (signIns, requests int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.signIns, s.requests
}

func (s *service) set(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
}

// give is the token endpoint.
func (s *service) give(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	if r.FormValue("client_secret") != s.secret {
		w.WriteHeader(http.StatusUnauthorized)
		fmt.Fprint(w, `{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret provided. Trace ID: t","error_codes":[7000215],"trace_id":"trace-1"}`)
		return
	}
	claims, err := json.Marshal(map[string]any{"aud": s.server.URL, "tid": testTenant, "appid": testClient, "roles": s.roles, "exp": time.Now().Unix() + int64(s.lifetime), "n": len(s.tokens)})
	if err != nil {
		s.t.Error(err)
	}
	enc := base64.RawURLEncoding.EncodeToString
	token := enc([]byte(`{"alg":"RS256","typ":"JWT"}`)) + "." + enc(claims) + "." + enc([]byte("signature"))
	s.tokens = append(s.tokens, token)
	fmt.Fprintf(w, `{"token_type":"Bearer","expires_in":%d,"access_token":%q}`, s.lifetime, token)
}

func (s *service) caFile() string {
	s.t.Helper()
	file := filepath.Join(s.t.TempDir(), "ca.pem")
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.server.Certificate().Raw})
	if err := os.WriteFile(file, block, 0o600); err != nil {
		s.t.Fatal(err)
	}
	return file
}

// A limiterLog is a limiter that remembers what was asked of it.
type limiterLog struct {
	mu     sync.Mutex
	taken  int
	slowed int

	throttled []int // the statuses of what was said to be too many requests
	blocked   time.Time
	wait      bool      // Take waits for ever
	silence   time.Time // if set, Take says that the remote wants silence until then
}

func (l *limiterLog) Take(ctx context.Context, n int) error {
	l.mu.Lock()
	wait, silence := l.wait, l.silence
	l.taken += n
	l.mu.Unlock()
	if !silence.IsZero() {
		return &fault.Error{Class: fault.Throttled, Title: "silence", RetryAt: silence}
	}
	if wait {
		<-ctx.Done()
	}
	return ctx.Err()
}

func (l *limiterLog) Block(_ context.Context, until time.Time) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.blocked = until
	return nil
}

func (l *limiterLog) Answered(int) {}

func (l *limiterLog) Throttled(status int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.throttled = append(l.throttled, status)
}

func (l *limiterLog) Slow() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.slowed++
}

// A bench is a client of a service and everything around it.
type bench struct {
	*Client
	service *service
	limiter *limiterLog
	logs    *safeBuffer
	secret  string // what the vault gives
	mu      sync.Mutex
	now     time.Time
	opened  int // times that the vault was asked
}

type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func newBench(t *testing.T, s *service, change func(*Options)) *bench {
	t.Helper()
	b := &bench{service: s, limiter: &limiterLog{}, logs: &safeBuffer{}, secret: "the-right-secret", now: time.Now().UTC()}
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	o := Options{
		Credential: &connector.Credential{
			Name: "contoso", Cloud: Custom, TenantID: testTenant, ClientID: testClient,
			Endpoints: connector.Endpoints{Login: s.server.URL, Graph: s.server.URL, Management: s.server.URL, CA: s.caFile()},
			Secret: func(context.Context) (secret.Text, error) {
				b.mu.Lock()
				defer b.mu.Unlock()
				b.opened++
				return secret.New(b.secret), nil
			},
		},
		Resource:  Management,
		Transport: transport,
		Limiter:   func(context.Context) (connector.Limiter, error) { return b.limiter, nil },
		Now: func() time.Time {
			b.mu.Lock()
			defer b.mu.Unlock()
			return b.now
		},
		Log:    slog.New(slog.NewTextHandler(b.logs, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Timing: Timing{Delay: time.Millisecond, Longest: 2 * time.Second, Headers: 5 * time.Second, Idle: 5 * time.Second},
	}
	if change != nil {
		change(&o)
	}
	c, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	b.Client = c
	return b
}

func (b *bench) advance(d time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.now = b.now.Add(d)
}

// get asks for a path and gives the whole body.
func (b *bench) get(ctx context.Context, path string) (string, error) {
	resp, err := b.Do(ctx, Request{URL: b.Host() + path})
	if err != nil {
		return "", err
	}
	defer func() { _ = resp.Body.Close() }()
	var body bytes.Buffer
	_, err = body.ReadFrom(resp.Body)
	return body.String(), err
}
