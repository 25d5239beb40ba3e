package m365sim

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// ListenProxy takes an address for an HTTP proxy (CONNECT) in front of the simulator, before Serve and after Listen. It
// is for clients whose hosts can't be changed, such as CLI for Microsoft 365: set HTTPS_PROXY to ProxyURL, let the client
// trust the CA, and login.microsoftonline.com, graph.microsoft.com and the others are the simulator. Whatever else a
// client asks for is refused: nothing leaves the machine.
func (s *Simulator) ListenProxy(ctx context.Context, address string) (err error) {
	if s.listener == nil {
		return errNotListening
	}
	var config net.ListenConfig
	if s.proxy, err = config.Listen(ctx, "tcp", address); err != nil {
		return fmt.Errorf("listen on %s for the proxy: %w", address, err)
	}
	return nil
}

// ProxyURL is the proxy's address; empty when there is none.
func (s *Simulator) ProxyURL() string {
	if s.proxy == nil {
		return ""
	}
	return "http://" + s.proxy.Addr().String()
}

// fixedHosts are the real hosts that the simulator's certificate names and its proxy leads to itself.
func fixedHosts() []string {
	hosts := []string{"login.microsoftonline.com", "login.microsoftonline.us", "login.windows.net"}
	for _, cloud := range clouds {
		for _, address := range slices.Concat(cloud.management, cloud.graph) {
			hosts = append(hosts, strings.TrimPrefix(address, "https://"))
		}
	}
	slices.Sort(hosts)
	return slices.Compact(hosts)
}

// serveProxy answers the proxy until ctx ends.
func (s *Simulator) serveProxy(ctx context.Context) error {
	if s.proxy == nil {
		return nil
	}
	var tunnels sync.WaitGroup
	server := &http.Server{
		ReadHeaderTimeout: 10 * time.Second,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
		BaseContext:       func(net.Listener) context.Context { return ctx },
		Handler:           http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.tunnel(ctx, w, r, &tunnels) }),
	}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	err := server.Serve(s.proxy)
	stop()
	tunnels.Wait()
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("serve the proxy: %w", err)
}

// tunnel leads one CONNECT to the simulator.
func (s *Simulator) tunnel(ctx context.Context, w http.ResponseWriter, r *http.Request, tunnels *sync.WaitGroup) {
	host, _ := hostPort(r.Host)
	if r.Method != http.MethodConnect || !slices.Contains(fixedHosts(), strings.ToLower(host)) {
		s.log.Debug("proxy refused", "host", host)
		http.Error(w, "the simulated tenant leads nowhere but to itself: not to "+host, http.StatusForbidden)
		return
	}
	var dialer net.Dialer
	inside, err := dialer.DialContext(ctx, "tcp", s.listener.Addr().String())
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	outside, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		_ = inside.Close()
		return
	}
	_, _ = io.WriteString(outside, "HTTP/1.1 200 Connection established\r\n\r\n") // a client that has gone needs no answer
	tunnels.Add(1)
	defer tunnels.Done()
	closeBoth := func() { _, _ = inside.Close(), outside.Close() }
	stop := context.AfterFunc(ctx, closeBoth)
	defer stop()
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = io.Copy(inside, buffered) // whichever end closes first ends both
		closeBoth()
	}()
	_, _ = io.Copy(outside, inside)
	closeBoth()
	<-done
}
