package api

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"time"

	"github.com/headrace/headrace/internal/api/guard"
	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/secret"
)

// Reaching says how a server is reached over a network.
type Reaching struct {
	Server string      // https://headrace.contoso.com; http only for loopback, since the token would travel unencrypted
	Token  secret.Text // an API token; empty: nobody asks until SignIn
	CA     []byte      // PEM certificates that are trusted beside the system's
}

// Reach gives the way to a server. Nothing is sent yet. Invalid if the address or the certificates can't be used.
func Reach(o Reaching) (*Remote, error) {
	base, err := ServerAddress(o.Server)
	if err != nil {
		return nil, err
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if len(o.CA) > 0 {
		if config.RootCAs, err = x509.SystemCertPool(); err != nil {
			config.RootCAs = x509.NewCertPool()
		}
		if !config.RootCAs.AppendCertsFromPEM(o.CA) {
			return nil, fault.New(fault.Invalid, "there is no PEM certificate in the CA file").WithCode("ca_file").WithHint("It begins with -----BEGIN CERTIFICATE-----.")
		}
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	r := &Remote{base: base, network: true, client: &http.Client{
		Jar:           jar,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // the token goes to this server only
		Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, TLSClientConfig: config, ForceAttemptHTTP2: true, TLSHandshakeTimeout: 10 * time.Second,
			DialContext: (&net.Dialer{Timeout: 10 * time.Second}).DialContext},
	}}
	r.header = http.Header{}
	if !o.Token.Empty() {
		r.header.Set("Authorization", "Bearer "+o.Token.Reveal())
	}
	return r, nil
}

// ServerAddress gives a server's address in normal form: scheme, name and port.
func ServerAddress(text string) (string, error) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Path != "" && u.Path != "/" || u.Scheme != "https" && u.Scheme != "http" {
		return "", fault.New(fault.Invalid, "this is no address of a server").WithCode("server_address").WithHint("Write it like https://headrace.contoso.com, with the port if it has one and without a path.")
	}
	if ip := net.ParseIP(u.Hostname()); u.Scheme == "http" && u.Hostname() != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return "", fault.New(fault.Invalid, "over http:// the token would travel unencrypted to %s", u.Host).WithCode("server_address").WithHint("Use https://. The server takes --tls-cert and --tls-key, or stands behind a proxy that speaks TLS.")
	}
	return u.Scheme + "://" + u.Host, nil
}

// Signed makes the next calls those of a session that was begun over this connection.
func (r *Remote) Signed(in SignedIn) { r.header.Set(guard.CSRFHeader, in.CSRF) }

// unreachable explains why a server did not answer.
func (r *Remote) unreachable(err error) error {
	e := &fault.Error{Class: fault.Unavailable, Code: "server_unreachable", Title: "the server " + r.base + " can't be reached", Err: err, Hint: "does headrace serve run there, and is the address right? headrace context list shows the addresses"}
	var (
		unknown x509.UnknownAuthorityError
		name    x509.HostnameError
		plain   tls.RecordHeaderError
	)
	switch {
	case errors.As(err, &unknown):
		e.Title, e.Hint = "the server "+r.base+" has a certificate that nobody vouches for here", "give the certificate of who signed it: headrace login --ca FILE"
	case errors.As(err, &name):
		e.Title, e.Hint = "the server's certificate is not for the name "+name.Host, "use the name that the certificate is for"
	case errors.As(err, &plain):
		e.Title, e.Hint = "the server "+r.base+" does not speak TLS on this port", "is the port right? A server on this machine without a certificate is http://127.0.0.1:PORT"
	}
	return e
}
