package m365sim

import (
	"errors"
	"io"
	"net/http"
	"sync"
)

// Transport returns a transport that hands requests to the simulator in-process, whatever their host: no socket, no
// TLS, no Listen. With it a client can be tested inside testing/synctest. Addresses in answers have the request's host.
func (s *Simulator) Transport() http.RoundTripper { return inProcess{s.Handler()} }

type inProcess struct{ handler http.Handler }

var errBroken = errors.New("connection broken by the simulator")

// RoundTrip answers with the handler's header as soon as that is written; the body follows as it is read.
func (p inProcess) RoundTrip(request *http.Request) (*http.Response, error) {
	body, pipe := io.Pipe()
	w := &pipeWriter{header: http.Header{}, pipe: pipe, started: make(chan struct{})}
	served := request.Clone(request.Context())
	served.Host = orElse(request.Host, request.URL.Host)
	served.RequestURI = request.URL.RequestURI()
	if served.Body == nil {
		served.Body = http.NoBody
	}
	stop := make(chan struct{})
	go func() {
		defer close(stop)
		defer func() { _ = served.Body.Close() }()
		w.serve(p.handler, served)
	}()
	select {
	case <-w.started:
	case <-request.Context().Done():
		_ = body.CloseWithError(request.Context().Err())
		<-stop // the handler sees the end of its context too
		return nil, request.Context().Err()
	}
	if w.failed != nil {
		return nil, w.failed
	}
	return &http.Response{
		Status: http.StatusText(w.status), StatusCode: w.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: w.sent, Body: body, ContentLength: -1, Request: request,
	}, nil
}

// A pipeWriter is a ResponseWriter whose body goes into a pipe.
type pipeWriter struct {
	header  http.Header
	pipe    *io.PipeWriter
	once    sync.Once
	started chan struct{} // closed when the three below are set
	status  int
	sent    http.Header
	failed  error
}

func (w *pipeWriter) serve(handler http.Handler, r *http.Request) {
	defer func() {
		if reason := recover(); reason != nil {
			if err, ok := reason.(error); !ok || !errors.Is(err, http.ErrAbortHandler) {
				panic(reason)
			}
			w.begin(0, errBroken)
			_ = w.pipe.CloseWithError(io.ErrUnexpectedEOF)
			return
		}
		w.begin(http.StatusOK, nil)
		_ = w.pipe.Close()
	}()
	handler.ServeHTTP(w, r)
}

func (w *pipeWriter) begin(status int, failed error) {
	w.once.Do(func() {
		w.status, w.failed, w.sent = status, failed, w.header.Clone()
		close(w.started)
	})
}

// Header is the header to be sent.
func (w *pipeWriter) Header() http.Header { return w.header }

// WriteHeader sends the header.
func (w *pipeWriter) WriteHeader(status int) { w.begin(status, nil) }

// Write sends a piece of the body; it waits until the client has read it.
func (w *pipeWriter) Write(piece []byte) (int, error) {
	w.begin(http.StatusOK, nil)
	return w.pipe.Write(piece)
}

// Flush does nothing: what is written is sent.
func (w *pipeWriter) Flush() {}
