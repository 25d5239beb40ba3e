package microsoft

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"time"

	"github.com/headrace/headrace/internal/fault"
)

// silence is our own time-out: nothing came for so long.
type silence struct {
	host  string
	after time.Duration
}

func (s silence) Error() string { return fmt.Sprintf("%s did not answer within %s", s.host, s.after) }
func (silence) Timeout() bool   { return true }
func (silence) Temporary() bool { return true }

// Diagnose says what kept a request from being answered by host, in words that help. A context that ended stays what
// it is; everything else is Unavailable, since the network may come back.
func Diagnose(host string, err error) error {
	if err == nil {
		return nil
	}
	if f, ok := fault.As(err); ok {
		return f
	}
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err // without the URL: it has a query
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return &fault.Error{Class: fault.Canceled, Err: err}
	}
	e := &fault.Error{Class: fault.Unavailable, Code: "unreachable", Title: "Cannot reach " + host, Err: err}
	for _, d := range []func(string, error) (code, title, hint string){certificate, lookup, proxied, silent, refused} {
		if code, title, hint := d(host, err); code != "" {
			e.Code, e.Hint = code, hint
			if title != "" {
				e.Title = title
			}
			return e
		}
	}
	e.Hint = "The connection broke. It is tried again; if it stays so, check the network, the proxy and the firewall between this server and " + host + "."
	return e
}

func certificate(host string, err error) (code, title, hint string) {
	var unknown x509.UnknownAuthorityError
	var invalid x509.CertificateInvalidError
	var name x509.HostnameError
	var plain tls.RecordHeaderError
	switch {
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "clock_skew", "The certificate of " + host + " is not valid at this machine's time",
			"This machine's clock is probably wrong: set it (NTP). Else a proxy shows an expired certificate."
	case errors.As(err, &unknown):
		issuer := "an unknown authority"
		if unknown.Cert != nil {
			issuer = fmt.Sprintf("%q", firstOf(unknown.Cert.Issuer.CommonName, unknown.Cert.Issuer.String()))
		}
		return "tls_interception", "The certificate of " + host + " is signed by " + issuer + ", which this machine does not trust",
			"A proxy or firewall opens TLS on the way. Exempt " + host + " there, or trust its certificate: install it in the system, or set cloud: custom with endpoints.ca: FILE.pem."
	case errors.As(err, &name):
		return "tls_wrong_host", "The certificate shown for " + host + " is for another host", "A proxy or a wrong DNS entry leads elsewhere. Check endpoints, DNS and proxy."
	case errors.As(err, &invalid):
		return "tls_invalid", "The certificate of " + host + " is not valid", "A proxy or firewall on the way shows a certificate that is not made for this. Exempt " + host + " there."
	case errors.As(err, &plain), errors.Is(err, http.ErrSchemeMismatch):
		return "tls_not_spoken", host + " does not speak TLS", "A proxy or firewall answers in its place, or the port is wrong. Check endpoints and HTTPS_PROXY."
	}
	return "", "", ""
}

func lookup(host string, err error) (code, title, hint string) {
	var dns *net.DNSError
	if !errors.As(err, &dns) {
		return "", "", ""
	}
	if name, _, _ := strings.Cut(host, ":"); dns.IsNotFound && dns.Name != name {
		return "dns", "The name " + dns.Name + " can't be found", "It is the proxy's name or the endpoint's. Check HTTPS_PROXY and the credential's endpoints."
	}
	return "dns", "The name " + dns.Name + " can't be found", "No network, no DNS, or a server that may only go out by a proxy: set HTTPS_PROXY then."
}

// proxied recognises a proxy that can't be reached or that refuses. The HTTP library tells a refusal by the status
// text alone.
func proxied(host string, err error) (code, title, hint string) {
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "proxyconnect" {
		title := "The proxy can't be reached"
		if dial, ok := errors.AsType[*net.OpError](op.Err); ok && dial.Addr != nil {
			title = "The proxy " + dial.Addr.String() + " can't be reached"
		}
		return "proxy_unreachable", title, "Check HTTPS_PROXY, and that the proxy runs."
	}
	if errors.Unwrap(err) != nil {
		return "", "", ""
	}
	for status := 400; status < 600; status++ {
		if text := http.StatusText(status); text != "" && err.Error() == text {
			return "proxy_refused", fmt.Sprintf("The proxy refused the way to %s: %d %s", host, status, text),
				"Let this server through to " + host + " in the proxy; if it wants a sign-in, put user and password into HTTPS_PROXY."
		}
	}
	return "", "", ""
}

func silent(host string, err error) (code, title, hint string) {
	var timeout net.Error
	if !errors.As(err, &timeout) || !timeout.Timeout() {
		return "", "", ""
	}
	return "timeout", host + " did not answer in time", "It is tried again; if it stays so, a firewall may swallow the traffic, or only a proxy leads out: set HTTPS_PROXY then."
}

func refused(host string, err error) (code, title, hint string) {
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection_refused", host + " refuses connections", "Nothing listens there, or a firewall refuses. Check the credential's endpoints and the network."
	case errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EHOSTUNREACH):
		return "no_network", "There is no network way to " + host, "Check this machine's network; if only a proxy leads out, set HTTPS_PROXY."
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "connection_broken", "The connection to " + host + " broke", "It is tried again; if it stays so, a firewall or proxy may cut it."
	}
	return "", "", ""
}
