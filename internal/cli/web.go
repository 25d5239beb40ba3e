package cli

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"net/netip"

	"github.com/spf13/cobra"

	"github.com/headrace/headrace/internal/api/guard"
	"github.com/headrace/headrace/internal/app"
	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/webui"
)

// listenOff is the address that means none.
const listenOff = "off"

// webFlags say where the web UI and the API listen.
type webFlags struct {
	address, cert, key, public string
	proxies                    []string
	oidc                       oidcFlags
}

func (f *webFlags) add(c *cobra.Command, getenv func(string) string) {
	c.Flags().StringVar(&f.address, "listen", envOr(getenv, "HEADRACE_LISTEN", "127.0.0.1:8420"), "HOST:PORT of the web UI and the API; off: only the socket in the data folder (env HEADRACE_LISTEN)")
	c.Flags().StringVar(&f.cert, "tls-cert", getenv("HEADRACE_TLS_CERT"), "PEM certificate of the web UI and the API; read again when it changes (env HEADRACE_TLS_CERT)")
	c.Flags().StringVar(&f.key, "tls-key", getenv("HEADRACE_TLS_KEY"), "PEM key of the certificate (env HEADRACE_TLS_KEY)")
	c.Flags().StringVar(&f.public, "public-url", getenv("HEADRACE_PUBLIC_URL"), "how browsers reach it through a proxy: https://headrace.contoso.com (env HEADRACE_PUBLIC_URL)")
	c.Flags().StringSliceVar(&f.proxies, "trusted-proxy", nil, "addresses of proxies whose X-Forwarded headers are believed: 10.0.0.0/8")
	f.oidc.add(c, getenv)
}

// open takes the address; nil if it is off.
func (f *webFlags) open(ctx context.Context, log *slog.Logger) (*app.WebOptions, error) {
	o := &app.WebOptions{Origin: f.public}
	for _, text := range f.proxies {
		p, err := netip.ParsePrefix(text)
		if err != nil {
			a, addrErr := netip.ParseAddr(text)
			if addrErr != nil {
				return nil, usage("--trusted-proxy %s is no address", text).WithHint("It is written 10.0.0.0/8, or 10.1.2.3.")
			}
			p = netip.PrefixFrom(a, a.BitLen())
		}
		o.Proxies = append(o.Proxies, p)
	}
	var err error
	if o.OIDC, err = f.oidc.options(); err != nil {
		return nil, err
	}
	if f.address == "" || f.address == listenOff {
		return nil, nil
	}
	if (f.cert == "") != (f.key == "") {
		return nil, usage("--tls-cert and --tls-key belong together")
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", f.address)
	if err != nil {
		return nil, addressTrouble("--listen", f.address, err)
	}
	o.Listener = l
	if f.cert == "" {
		return o, nil
	}
	pair, err := guard.OpenCertificate(f.cert, f.key, log)
	if err != nil {
		_ = l.Close()
		return nil, err
	}
	o.Listener, o.TLS = tls.NewListener(l, pair.Config()), true
	return o, nil
}

// openAny takes the address, or any free port beside it if another program has that one.
func (f *webFlags) openAny(ctx context.Context, log *slog.Logger) (*app.WebOptions, error) {
	o, err := f.open(ctx, log)
	if e, ok := fault.As(err); !ok || e.Code != "port_taken" {
		return o, err
	}
	host, _, err := net.SplitHostPort(f.address)
	if err != nil {
		return nil, err
	}
	f.address = net.JoinHostPort(host, "0")
	return f.open(ctx, log)
}

// sayDoor tells where the web UI is, how its first account is made, and what is unsafe about it.
func (s *session) sayDoor(ctx context.Context, a *app.App, o *app.WebOptions) {
	if o == nil {
		return
	}
	what := "Web UI and API"
	if !webui.Built() {
		what = "API (the web UI is not built into this binary: make ui build)"
	}
	s.say("%s: %s", what, o.Address())
	if tcp, ok := o.Listener.Addr().(*net.TCPAddr); ok && !o.TLS && !tcp.IP.IsLoopback() && o.Origin == "" {
		s.say("Passwords travel unencrypted to %s. Give --tls-cert and --tls-key, or put a TLS proxy before it and name it with --public-url.", o.Listener.Addr())
	}
	code, needed, err := a.SetupCode(ctx)
	switch {
	case err != nil:
		s.say("The set-up code could not be made: %v", err)
	case needed:
		s.say("There is no account yet. Open the address and make the first one with the set-up code %s", code)
	}
}
