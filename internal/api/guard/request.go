package guard

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"
)

// policy is what a page may load and do. Styles may be inline because the UI's components set sizes and colors so; scripts never.
const policy = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'; object-src 'none'; base-uri 'none'; form-action 'self'"

// headers are on every answer.
func headers(h http.Header, secure bool) {
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=(), usb=()")
	if secure {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
}

// seen finds out where a request came from. Headers of proxies are believed only from proxies, and they are taken away
// from what others sent: nothing behind the guard reads them.
func (g *Guard) seen(r *http.Request) Request {
	peer := address(r.RemoteAddr)
	out := Request{Address: text(peer), Agent: r.UserAgent(), Secure: g.o.TLS || r.TLS != nil}
	if g.trusted(peer) {
		out.Address = text(g.client(r, peer))
		if proto := last(r.Header.Values("X-Forwarded-Proto")); proto != "" {
			out.Secure = strings.EqualFold(proto, "https")
		}
		if host := last(r.Header.Values("X-Forwarded-Host")); host != "" {
			r.Host = host
		}
	}
	for _, name := range []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Real-Ip"} {
		r.Header.Del(name)
	}
	out.Origin = "http://" + r.Host
	if out.Secure {
		out.Origin = "https://" + r.Host
	}
	if g.o.Origin != "" {
		out.Origin = g.o.Origin
		out.Secure = out.Secure || strings.HasPrefix(g.o.Origin, "https://") && g.trusted(peer)
	}
	return out
}

// client goes back along X-Forwarded-For, from the proxy that spoke to us to the first address that is no proxy's: what stands before
// that one, it may have made up.
func (g *Guard) client(r *http.Request, peer netip.Addr) netip.Addr {
	var hops []string
	for _, line := range r.Header.Values("X-Forwarded-For") {
		hops = append(hops, strings.Split(line, ",")...)
	}
	at := peer
	for i := len(hops) - 1; i >= 0; i-- {
		hop := address(strings.TrimSpace(hops[i]))
		if !hop.IsValid() {
			return at
		}
		if at = hop; !g.trusted(hop) {
			return at
		}
	}
	return at
}

func (g *Guard) trusted(a netip.Addr) bool {
	for _, p := range g.o.Proxies {
		if a.IsValid() && p.Contains(a) {
			return true
		}
	}
	return false
}

// address reads an address with or without a port.
func address(s string) netip.Addr {
	if host, _, err := net.SplitHostPort(s); err == nil {
		s = host
	}
	a, err := netip.ParseAddr(strings.Trim(s, "[]"))
	if err != nil {
		return netip.Addr{}
	}
	return a.Unmap().WithZone("")
}

func text(a netip.Addr) string {
	if !a.IsValid() {
		return ""
	}
	return a.String()
}

// last is what the proxy next to us said.
func last(values []string) string {
	if len(values) == 0 {
		return ""
	}
	parts := strings.Split(values[len(values)-1], ",")
	return strings.TrimSpace(parts[len(parts)-1])
}

// bound gives a request its time, unless its answer is one that lasts.
func (g *Guard) bound(w http.ResponseWriter, r *http.Request) (context.Context, func()) {
	control := http.NewResponseController(w)
	if r.Body != nil && r.Body != http.NoBody {
		r.Body = &timed{ReadCloser: r.Body, control: control, most: g.o.Reading}
	}
	if g.o.Streams != nil && g.o.Streams(r) {
		return r.Context(), func() {}
	}
	_ = control.SetWriteDeadline(time.Now().Add(g.o.Time)) // not every writer of tests can
	return context.WithTimeout(r.Context(), g.o.Time)
}

// timed is a body that must come within a time. The deadline goes when the body has come: net/http reads on to notice a client that
// leaves, and would take a deadline for one.
type timed struct {
	io.ReadCloser
	control *http.ResponseController
	most    time.Duration
	begun   bool
}

func (t *timed) Read(p []byte) (int, error) {
	if !t.begun {
		t.begun = true
		_ = t.control.SetReadDeadline(time.Now().Add(t.most))
	}
	n, err := t.ReadCloser.Read(p)
	if err != nil {
		_ = t.control.SetReadDeadline(time.Time{})
	}
	return n, err
}
