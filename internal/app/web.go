package app

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"

	"github.com/headrace/headrace/internal/api"
	"github.com/headrace/headrace/internal/api/guard"
	"github.com/headrace/headrace/internal/api/signin"
	"github.com/headrace/headrace/internal/webui"
)

// WebOptions say how the web UI and the API are reached over a network.
type WebOptions struct {
	Listener net.Listener   // speaks TLS already if TLS says so
	TLS      bool           //
	Origin   string         // how browsers see the server if a proxy stands before it
	Proxies  []netip.Prefix // whose X-Forwarded headers are believed

	OIDC *OIDCOptions // a service that signs people in too; nil: none
}

// door is what stands behind the network's listener: health, the API for who is signed in, and the web UI.
func (a *App) door(o WebOptions, operations http.Handler) (http.Handler, error) {
	var hosts []string
	if onLoopback(o.Listener.Addr()) {
		hosts = guard.Loopback()
	}
	ui, err := webui.Handler()
	if err != nil {
		return nil, err
	}
	g, err := guard.New(guard.Options{Accounts: a.Services.Accounts, Problem: api.Refuse, Log: a.log, TLS: o.TLS, Hosts: hosts, Origin: o.Origin, Proxies: o.Proxies, Streams: api.Streams})
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	if o.OIDC != nil {
		pages, err := a.signInPages(*o.OIDC)
		if err != nil {
			return nil, err
		}
		mux.Handle(signin.Begin, pages)
		mux.Handle(signin.Callback, pages)
	}
	mux.Handle(guard.APIPrefix, operations)
	mux.Handle(api.MetricsPath, operations)
	mux.HandleFunc("GET /healthz", a.healthy)
	mux.Handle("/", ui)
	return g.Wrap(mux), nil
}

func onLoopback(addr net.Addr) bool {
	tcp, ok := addr.(*net.TCPAddr)
	return ok && tcp.IP.IsLoopback()
}

// healthy tells a load balancer whether the database answers. It says nothing else: nobody needs to be signed in.
func (a *App) healthy(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	if err := a.store.Ping(r.Context()); err != nil {
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = fmt.Fprintln(w, "the database does not answer")
		return
	}
	_, _ = fmt.Fprintln(w, "ok")
}

// Address is how a browser reaches the server.
func (o WebOptions) Address() string {
	if o.Origin != "" {
		return o.Origin
	}
	scheme := "http"
	if o.TLS {
		scheme = "https"
	}
	host, port, err := net.SplitHostPort(o.Listener.Addr().String())
	if err != nil {
		return ""
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	return scheme + "://" + host + ":" + port
}

// SetupCode gives the code that makes the first account; false if there is one.
func (a *App) SetupCode(ctx context.Context) (string, bool, error) {
	return a.Services.Accounts.SetupCode(ctx)
}
