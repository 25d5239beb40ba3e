package microsoft

import (
	"io"
	"net/http"
	"sync"
	"testing"
)

// An early transport answers the first try of each path that has a body with 503 before it read the body, and reads
// that body when the next try is made, as HTTP/2 does.
type early struct {
	http.RoundTripper
	mu   sync.Mutex
	late map[string]io.Reader
}

func (e *early) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Body == nil || req.Body == http.NoBody {
		return e.RoundTripper.RoundTrip(req)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	unsent, known := e.late[req.URL.Path]
	if !known {
		e.late[req.URL.Path] = req.Body
		return &http.Response{StatusCode: http.StatusServiceUnavailable, Header: http.Header{}, Body: http.NoBody, Request: req}, nil
	}
	if _, err := io.Copy(io.Discard, unsent); err != nil {
		return nil, err
	}
	return e.RoundTripper.RoundTrip(req)
}

func TestEachTryHasABodyOfItsOwn(t *testing.T) {
	t.Parallel()
	s := newService(t)
	got := make(chan string, 2)
	s.api = func(w http.ResponseWriter, r *http.Request) {
		text, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		got <- string(text)
		w.WriteHeader(http.StatusOK)
	}
	transport := &early{RoundTripper: s.server.Client().Transport, late: map[string]io.Reader{}}
	b := newBench(t, s, func(o *Options) {
		o.Transport = transport
		o.Credential.Endpoints.CA = ""
	})
	resp, err := b.Do(t.Context(), Request{Method: http.MethodPost, URL: b.Host() + "/start", Body: []byte(`{"webhook":{}}`)})
	if err != nil {
		t.Fatalf("the sign-in or the request was torn: %v", err)
	}
	_ = resp.Body.Close()
	if text := <-got; text != `{"webhook":{}}` {
		t.Errorf("the second try sent %q", text)
	}
	if len(transport.late) != 2 {
		t.Errorf("%d paths were tried twice, want the sign-in and the request", len(transport.late))
	}
}
