package microsoft

import (
	"compress/gzip"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	azlog "github.com/Azure/azure-sdk-for-go/sdk/azcore/log"
	"github.com/headrace/headrace/internal/fault"
)

func TestRetryAfterOfAnyLengthIsObeyed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status int
		header string
		body   string
		after  time.Duration // RetryAt from now
		class  fault.Class
		slowed int
	}{
		"seconds":                      {429, "5", ``, 5 * time.Second, fault.Throttled, 0},
		"an hour":                      {429, "3600", ``, time.Hour, fault.Throttled, 0},
		"two days, as the API's":       {403, "172800", `{"error":{"code":"AF429","message":"Too many requests."}}`, 48 * time.Hour, fault.Throttled, 0},
		"a long 503":                   {503, "600", `<html>busy</html>`, 10 * time.Minute, fault.Throttled, 0},
		"none":                         {429, "", ``, 0, fault.Throttled, 1},
		"none, as the API's":           {403, "", `{"error":{"code":"AF429","message":"Too many requests."}}`, 0, fault.Throttled, 1},
		"with single quotes":           {403, "", `{'error':{'code':'AF429','message':'Too many requests. Method=GetBlob'}}`, 0, fault.Throttled, 1},
		"a 403 that is something else": {403, "", `{"error":{"code":"Forbidden","message":"no"}}`, 0, fault.Denied, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newService(t)
			s.api = func(w http.ResponseWriter, _ *http.Request) {
				if c.header != "" {
					w.Header().Set("Retry-After", c.header)
				}
				w.WriteHeader(c.status)
				_, _ = w.Write([]byte(c.body))
			}
			b := newBench(t, s, nil)
			_, err := b.get(t.Context(), "/x")
			if fault.ClassOf(err) != c.class {
				t.Fatalf("got %v, want %v", err, c.class)
			}
			at := fault.RetryAt(err)
			if c.after == 0 && !at.IsZero() || c.after > 0 && at.Sub(b.now) != c.after {
				t.Errorf("RetryAt %v, want %v after now", at.Sub(b.now), c.after)
			}
			if !b.limiter.blocked.Equal(at) || b.limiter.slowed != c.slowed {
				t.Errorf("the quota was blocked until %v and slowed %d times; want %v and %d", b.limiter.blocked, b.limiter.slowed, at, c.slowed)
			}
			if told := len(b.limiter.throttled) == 1 && b.limiter.throttled[0] == c.status; told != (c.class == fault.Throttled) {
				t.Errorf("counted as throttled: %v", b.limiter.throttled)
			}
			if _, requests := s.counts(); requests != 1 {
				t.Errorf("%d requests, want 1", requests)
			}
		})
	}
}

func TestTroubleIsRetriedAFewTimes(t *testing.T) {
	t.Parallel()
	for name, trouble := range map[string]http.HandlerFunc{
		"500":           func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) },
		"502 with HTML": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(502); _, _ = w.Write([]byte("<html>")) },
		"503, wait a moment": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("retry-after-ms", "5")
			w.WriteHeader(503)
		},
		"408":                 func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(408) },
		"a broken connection": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, fails := range []int32{2, 99} {
				s := newService(t)
				var n atomic.Int32
				s.api = func(w http.ResponseWriter, r *http.Request) {
					if n.Add(1) <= fails {
						trouble(w, r)
						return
					}
					_, _ = w.Write([]byte("fine"))
				}
				b := newBench(t, s, nil)
				body, err := b.get(t.Context(), "/x")
				if fails == 2 && (err != nil || body != "fine") {
					t.Errorf("after two troubles: %q, %v", body, err)
				}
				want := fault.Unavailable
				if strings.HasPrefix(name, "503") {
					want = fault.Throttled // it names a time
				}
				if fails == 99 && fault.ClassOf(err) != want {
					t.Errorf("trouble without end: %v, want %v", err, want)
				}
				if fails == 99 && (n.Load() != 4 || b.limiter.taken != 4) {
					t.Errorf("%d attempts and %d taken from the quota, want 4 of each", n.Load(), b.limiter.taken)
				}
			}
		})
	}
}

func TestTheTokenStaysWithItsHost(t *testing.T) {
	t.Parallel()
	var leaked atomic.Int32
	other := httptest.NewTLSServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "" {
			leaked.Add(1)
		}
	}))
	t.Cleanup(other.Close)
	s := newService(t)
	s.api = func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/elsewhere":
			http.Redirect(w, r, other.URL+"/", http.StatusFound)
		case "/plain":
			http.Redirect(w, r, strings.Replace(s.server.URL, "https", "http", 1)+"/x", http.StatusFound)
		case "/here":
			http.Redirect(w, r, "/there", http.StatusFound)
		default:
			_, _ = w.Write([]byte("fine"))
		}
	}
	b := newBench(t, s, nil)
	for _, path := range []string{"/elsewhere", "/plain"} {
		_, err := b.get(t.Context(), path)
		if f, _ := fault.As(err); f == nil || f.Class != fault.Unavailable || f.Code != "redirected" {
			t.Errorf("%s: %v, want Unavailable redirected", path, err)
		}
	}
	if body, err := b.get(t.Context(), "/here"); err != nil || body != "fine" {
		t.Errorf("a redirect on the same host: %q, %v", body, err)
	}
	for _, address := range []string{other.URL, "http" + strings.TrimPrefix(b.Host(), "https"), "https://user@" + strings.TrimPrefix(b.Host(), "https://"), "::", "/x"} {
		resp, err := b.Do(t.Context(), Request{URL: address})
		if err == nil {
			_ = resp.Body.Close()
		}
		if fault.ClassOf(err) != fault.Invalid {
			t.Errorf("a request to %s: %v, want Invalid", address, err)
		}
	}
	if leaked.Load() > 0 {
		t.Errorf("the other host got the token %d times", leaked.Load())
	}
}

func TestClockFollowsTheService(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		ahead time.Duration // our clock
		want  time.Duration
		warns bool
	}{
		"right":                {0, 0, false},
		"twenty minutes ahead": {20 * time.Minute, -20 * time.Minute, true},
		"a minute behind":      {-time.Minute, time.Minute, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newService(t)
			b := newBench(t, s, nil)
			b.advance(c.ahead)

			if _, err := b.get(t.Context(), "/x"); err != nil {
				t.Fatal(err)
			}
			got, known := b.Skew()
			if !known || (got-c.want).Abs() > 10*time.Second {
				t.Errorf("skew %v (%v), want about %v", got, known, c.want)
			}
			if time.Since(b.Now()).Abs() > 10*time.Second {
				t.Errorf("corrected time is %v off", time.Since(b.Now()))
			}
			if warned := strings.Contains(b.logs.String(), "level=WARN"); warned != c.warns {
				t.Errorf("warned %v, want %v: %s", warned, c.warns, b.logs)
			}
		})
	}
}

func TestSmallSkewIsNotGuessed(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 20, 12, 0, 0, 700e6, time.UTC)
	c := &clock{now: func() time.Time { return at }}
	c.see(http.Header{"Date": {"Fri, 20 Nov 2026 12:00:00 GMT"}}, at.Add(-3*time.Second), at)
	if skew, known := c.difference(); skew != 0 || !known {
		t.Errorf("skew %v from an answer that agrees with our clock", skew)
	}
	c.see(http.Header{"Date": {"Fri, 20 Nov 2026 12:00:10 GMT"}}, at.Add(-3*time.Second), at)
	if skew, _ := c.difference(); skew != 9300*time.Millisecond {
		t.Errorf("skew %v, want the least that agrees: 9.3s", skew)
	}
	c.see(http.Header{"Date": {"Fri, 20 Nov 2026 11:00:00 GMT"}, "Age": {"3600"}}, at, at)
	c.see(http.Header{"Date": {"yesterday"}}, at, at)
	c.see(http.Header{}, at, at)
	if skew, _ := c.difference(); skew != 9300*time.Millisecond {
		t.Errorf("skew %v after a cached answer and answers without a date, want it unchanged", skew)
	}
}

func TestCompressedAnswers(t *testing.T) {
	t.Parallel()
	s := newService(t)
	s.api = func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		switch r.URL.Path {
		case "/whole":
			z := gzip.NewWriter(w)
			_, _ = z.Write([]byte("unpacked"))
			_ = z.Close()
		case "/garbage":
			_, _ = w.Write([]byte("this is not compressed"))
		}
	}
	b := newBench(t, s, nil)
	if body, err := b.get(t.Context(), "/whole"); err != nil || body != "unpacked" {
		t.Errorf("got %q, %v", body, err)
	}
	if _, err := b.get(t.Context(), "/garbage"); fault.ClassOf(err) != fault.Unavailable {
		t.Errorf("damaged compression: %v, want Unavailable", err)
	}
}

func TestSilence(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/no-headers", "/no-body"} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			s := newService(t)
			s.api = func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/no-body" {
					_, _ = w.Write([]byte("beginning"))
					_ = http.NewResponseController(w).Flush()
				}
				<-r.Context().Done()
			}
			b := newBench(t, s, func(o *Options) {
				o.Timing.Retries, o.Timing.Idle, o.Timing.Headers = -1, 50*time.Millisecond, 300*time.Millisecond
			})
			_, err := b.get(t.Context(), path)
			if f, _ := fault.As(err); f == nil || f.Class != fault.Unavailable || f.Code != "timeout" {
				t.Errorf("got %v, want Unavailable timeout", err)
			}
		})
	}
}

func TestAQuotaThatIsUsedUpIsGivenBack(t *testing.T) {
	t.Parallel()
	b := newBench(t, newService(t), func(o *Options) { o.Timing.Turn = 20 * time.Millisecond })
	b.limiter.wait = true
	_, err := b.get(t.Context(), "/x")
	if f, _ := fault.As(err); f == nil || f.Class != fault.Throttled || f.RetryAt.IsZero() {
		t.Errorf("got %v, want Throttled with a time", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := b.get(ctx, "/x"); fault.ClassOf(err) != fault.Canceled {
		t.Errorf("a context that ended: %v, want Canceled", err)
	}
}

// TestARequestInAnothersSilenceSaysUntilWhen is of who comes while the service wants silence because it refused somebody else.
func TestARequestInAnothersSilenceSaysUntilWhen(t *testing.T) {
	t.Parallel()
	s := newService(t)
	s.api = func(http.ResponseWriter, *http.Request) { t.Error("asked in spite of the silence") }
	b := newBench(t, s, nil)
	b.limiter.silence = time.Now().Add(41 * time.Second)
	_, err := b.get(t.Context(), "/x")
	f, _ := fault.As(err)
	if f == nil || f.Class != fault.Throttled || f.Code != "throttled" || !f.RetryAt.Equal(b.limiter.silence) || f.Title != "Microsoft asked us to slow down" {
		t.Errorf("got %+v, want Throttled until %s", f, b.limiter.silence)
	}
}

// TestNoSecretInAnyLog lets azcore log everything there is. It is not parallel: azcore's listener is global.
func TestNoSecretInAnyLog(t *testing.T) {
	var out safeBuffer
	azlog.SetListener(func(e azlog.Event, text string) { fmt.Fprintf(&out, "%s %s\n", e, text) })
	t.Cleanup(func() { azlog.SetListener(nil) })
	s := newService(t)
	s.api = func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprintf(w, `{"error":{"code":"Bad","message":"you sent %s and client_secret=the-right-secret"}}`, r.Header.Get("Authorization"))
	}
	b := newBench(t, s, nil)
	_, err := b.get(t.Context(), "/x?secret=the-right-secret")
	s.set(func() { s.secret = "another" })
	b.Forget(t.Context())
	s.set(func() {
		s.token = func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprintf(w, `{"error":"invalid_request","error_description":"the body was client_secret %s"}`, r.FormValue("client_secret"))
		}
	})
	_, denied := b.get(t.Context(), "/x")
	fmt.Fprintf(&out, "%v %+v %#v %v %+v", err, err, err, denied, denied)
	_, _ = out.Write([]byte(b.logs.String()))
	f, _ := fault.As(denied)
	_, _ = fmt.Fprintf(&out, "%+v %v", f, f.Hint)
	text := out.String()
	for name, secret := range map[string]string{"the secret": "the-right-secret", "the token": s.tokens[0], "the token's signature": strings.Split(s.tokens[0], ".")[2], "the token's claims": strings.Split(s.tokens[0], ".")[1]} {
		if strings.Contains(text, secret) {
			t.Errorf("%s came out:\n%s", name, text)
		}
	}
	if !strings.Contains(text, "Request") || !strings.Contains(text, "Bearer [secret]") {
		t.Errorf("nothing was logged, so nothing was tested:\n%s", text)
	}
}
