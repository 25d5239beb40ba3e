package m365sim

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"syscall"
	"time"
)

// Listen takes the address, a host and port such as 127.0.0.1:0, before Serve.
func (s *Simulator) Listen(ctx context.Context, address string) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("listen on %q: write host:port, such as 127.0.0.1:8443: %w", address, err)
	}
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", address)
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("listen on %s: another program has that port; stop it or choose another, or port 0 for any: %w", address, err)
	}
	if err != nil {
		return fmt.Errorf("listen on %s: %w", address, err)
	}
	if s.cert, err = s.ca.leaf(append(fixedHosts(), host)...); err != nil {
		_ = listener.Close()
		return err
	}
	s.listener = listener
	return nil
}

// Serve answers requests and calls webhooks until ctx ends. Listen comes first.
func (s *Simulator) Serve(ctx context.Context) error {
	if s.listener == nil {
		return errNotListening
	}
	server := &http.Server{
		Handler:           s.Handler(),
		ReadHeaderTimeout: 10 * time.Second,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
		TLSConfig:         &tls.Config{Certificates: []tls.Certificate{s.cert}, MinVersion: tls.VersionTLS12},
		Protocols:         new(http.Protocols),
		BaseContext:       func(net.Listener) context.Context { return ctx },
	}
	server.Protocols.SetHTTP1(true)
	server.Protocols.SetHTTP2(s.scenario.HTTP2)
	webhooks := make(chan struct{})
	callerCtx, stopCaller := context.WithCancel(ctx)
	go func() { defer close(webhooks); s.webhooks.run(callerCtx) }()
	proxy := make(chan error, 1)
	go func() { proxy <- s.serveProxy(callerCtx) }()
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	err := server.ServeTLS(s.listener, "", "")
	stop()
	stopCaller()
	<-webhooks
	if proxyErr := <-proxy; proxyErr != nil {
		return proxyErr
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("serve the simulated tenant: %w", err)
}

// Close gives the address back when Serve was never called. After Serve it does nothing.
func (s *Simulator) Close() error {
	for _, listener := range []net.Listener{s.listener, s.proxy} {
		if listener == nil {
			continue
		}
		if err := listener.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			return fmt.Errorf("close the simulator: %w", err)
		}
	}
	return nil
}

// URL is the address of everything, such as https://127.0.0.1:8443; empty before Listen.
func (s *Simulator) URL() string {
	if s.listener == nil {
		return ""
	}
	address := s.listener.Addr().(*net.TCPAddr)
	host := address.IP.String()
	if address.IP.IsUnspecified() {
		host = "127.0.0.1"
	}
	return "https://" + net.JoinHostPort(host, fmt.Sprint(address.Port))
}

// LoginURL is the authority to give to clients: Entra ID's place.
func (s *Simulator) LoginURL() string { return s.URL() }

// ManagementURL is the Management Activity API's place. It is also an audience: {ManagementURL}/.default is a scope.
func (s *Simulator) ManagementURL() string { return s.URL() }

// GraphURL is Microsoft Graph's place. It has another host name than ManagementURL, so that the two are different
// audiences on one port.
func (s *Simulator) GraphURL() string {
	if s.listener == nil {
		return ""
	}
	return fmt.Sprintf("https://localhost:%d", s.listener.Addr().(*net.TCPAddr).Port)
}

// Client returns an HTTP client that trusts the simulator's CA.
func (s *Simulator) Client() *http.Client {
	return &http.Client{Transport: &http.Transport{
		TLSClientConfig:     &tls.Config{RootCAs: s.CAPool(), MinVersion: tls.VersionTLS12},
		ForceAttemptHTTP2:   s.scenario.HTTP2,
		MaxIdleConnsPerHost: 64,
	}}
}

// Handler answers all of the simulator's paths, for serving it in-process.
func (s *Simulator) Handler() http.Handler { return http.HandlerFunc(s.route) }

// route finds who answers: the admin's paths, the feed, Graph, or sign-in for everything else.
func (s *Simulator) route(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Date", s.now().Format(http.TimeFormat))
	path := r.URL.Path
	switch {
	case strings.HasPrefix(path, "/_sim/"):
		s.admin(w, r)
	case strings.HasPrefix(path, "/api/"):
		s.feed(w, r)
	case strings.HasPrefix(path, "/v1.0/"), strings.HasPrefix(path, "/beta/"):
		s.graph(w, r)
	default:
		s.signIn(w, r)
	}
}

func (s *Simulator) latencyOf(op string) time.Duration {
	if d, ok := s.latency[op]; ok {
		return d
	}
	return s.latency[opAny]
}
