package microsoft

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/fault"
)

// certificate makes one that an authority of the given name signed, valid between the given times, and the authority's PEM.
func makeCertificate(t *testing.T, authority, host string, from, to time.Time) (tls.Certificate, []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ca := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: authority}, NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: time.Now().Add(48 * time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	caDER, err := x509.CreateCertificate(rand.Reader, ca, ca, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: host}, NotBefore: from, NotAfter: to, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	if ip := net.ParseIP(host); ip != nil {
		leaf.IPAddresses = []net.IP{ip}
	} else {
		leaf.DNSNames = []string{host}
	}
	der, err := x509.CreateCertificate(rand.Reader, leaf, ca, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: caDER})
}

func writeFile(t *testing.T, name string, content []byte) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func tlsServer(t *testing.T, c tls.Certificate) string {
	t.Helper()
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.TLS = &tls.Config{Certificates: []tls.Certificate{c}, MinVersion: tls.VersionTLS12}
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError) // the client's refusals are what is tested
	server.StartTLS()
	t.Cleanup(server.Close)
	return server.URL
}

// TestNetworkTroublesSayWhatToDo breaks the way to the sign-in host in each way that people meet.
func TestNetworkTroublesSayWhatToDo(t *testing.T) {
	t.Parallel()
	now, day := time.Now(), 24*time.Hour
	intercepted, _ := makeCertificate(t, "Contoso Web Gateway", "127.0.0.1", now.Add(-day), now.Add(day))
	expired, authority := makeCertificate(t, "Good Authority", "127.0.0.1", now.Add(-2*day), now.Add(-day))
	wrongHost, other := makeCertificate(t, "Good Authority", "portal.example", now.Add(-day), now.Add(day))
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closedAt := closed.Addr().String()
	_ = closed.Close()
	plain := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(plain.Close)
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusProxyAuthRequired) }))
	t.Cleanup(proxy.Close)
	through := func(address string) func(*http.Transport) {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		return func(tr *http.Transport) { tr.Proxy = http.ProxyURL(u) }
	}
	for name, c := range map[string]struct {
		login     string
		ca        []byte
		transport func(*http.Transport)
		code      string
		says      []string
	}{
		"TLS interception": {tlsServer(t, intercepted), nil, nil, "tls_interception", []string{"Contoso Web Gateway", "endpoints.ca"}},
		"a wrong clock":    {tlsServer(t, expired), authority, nil, "clock_skew", []string{"clock", "NTP"}},
		"another host":     {tlsServer(t, wrongHost), other, nil, "tls_wrong_host", []string{"DNS"}},
		"no TLS":           {"https://" + plain.Listener.Addr().String(), nil, nil, "tls_not_spoken", []string{"TLS"}},
		"nothing listens":  {"https://" + closedAt, nil, nil, "connection_refused", []string{"refuses"}},
		"no such name": {"https://login.invalid", nil, func(tr *http.Transport) {
			tr.DialContext = func(context.Context, string, string) (net.Conn, error) {
				return nil, &net.OpError{Op: "dial", Err: &net.DNSError{Name: "login.invalid", Err: "no such host", IsNotFound: true}}
			}
		}, "dns", []string{"login.invalid", "HTTPS_PROXY"}},
		"no network": {"https://login.invalid", nil, func(tr *http.Transport) {
			tr.DialContext = func(context.Context, string, string) (net.Conn, error) {
				return nil, &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ENETUNREACH)}
			}
		}, "no_network", []string{"network"}},
		"a proxy that wants a sign-in": {"https://login.invalid", nil, through(proxy.URL), "proxy_refused", []string{"407", "HTTPS_PROXY"}},
		"a proxy that is not there":    {"https://login.invalid", nil, through("http://" + closedAt), "proxy_unreachable", []string{"HTTPS_PROXY"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newService(t)
			b := newBench(t, s, func(o *Options) {
				o.Credential.Endpoints.Login = c.login
				o.Credential.Endpoints.CA = ""
				if c.ca != nil {
					o.Credential.Endpoints.CA = writeFile(t, "ca.pem", c.ca)
				}
				if tr, ok := o.Transport.(*http.Transport); ok && c.transport != nil {
					c.transport(tr)
				}
			})
			_, err := b.get(t.Context(), "/x")
			f, ok := fault.As(err)
			if !ok || f.Class != fault.Unavailable || f.Code != c.code {
				t.Fatalf("got %v (%+v), want Unavailable %s", err, f, c.code)
			}
			for _, want := range c.says {
				if !strings.Contains(f.Title+" "+f.Hint, want) {
					t.Errorf("%q, %q do not speak of %q", f.Title, f.Hint, want)
				}
			}
			if strings.Contains(err.Error(), "https://") {
				t.Errorf("%q has a whole URL", err)
			}
		})
	}
}

func TestPrivateAuthorities(t *testing.T) {
	t.Parallel()
	base := &http.Transport{}
	for name, c := range map[string]struct {
		file string
		base http.RoundTripper
	}{
		"no file":             {filepath.Join(t.TempDir(), "none.pem"), base},
		"no PEM":              {writeFile(t, "ca.pem", []byte("hello")), base},
		"a wrapped transport": {writeFile(t, "ca.pem", []byte("hello")), http.RoundTripper(wrapped{base})},
	} {
		if _, _, err := trusting(c.base, c.file); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if got, own, err := trusting(wrapped{base}, ""); err != nil || own || got != http.RoundTripper(wrapped{base}) {
		t.Errorf("without a file the transport must stay as it is: %v, %v, %v", got, own, err)
	}
}

type wrapped struct{ http.RoundTripper }

func TestDiagnoseKeepsWhatIsKnown(t *testing.T) {
	t.Parallel()
	if Diagnose("h", nil) != nil {
		t.Error("no error became one")
	}
	own := fault.New(fault.Throttled, "slow down")
	if got := Diagnose("h", &url.Error{Op: "Get", URL: "https://h/?q", Err: own}); fault.ClassOf(got) != fault.Throttled {
		t.Errorf("a fault became %v", got)
	}
	if got := Diagnose("h", context.Canceled); fault.ClassOf(got) != fault.Canceled || !errors.Is(got, context.Canceled) {
		t.Errorf("an ended context became %v", got)
	}
	if got := Diagnose("h", &url.Error{Op: "Get", URL: "https://h/", Err: context.DeadlineExceeded}); fault.ClassOf(got) != fault.Canceled {
		t.Errorf("the caller's own deadline became %v", got)
	}
	if got := Diagnose("h", errors.New("something new")); fault.ClassOf(got) != fault.Unavailable || fault.HintOf(got) == "" {
		t.Errorf("an unknown error became %v", got)
	}
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	if _, err := Open(Options{}); fault.ClassOf(err) != fault.Invalid {
		t.Errorf("without a credential: %v", err)
	}
	china := Options{Credential: &connector.Credential{Name: "c", Cloud: "china", TenantID: testTenant, ClientID: testClient}, Resource: Management, Now: time.Now}
	if _, err := Open(china); fault.ClassOf(err) != fault.Invalid || !strings.Contains(fault.HintOf(err), "custom") {
		t.Errorf("a cloud without the API: %v", err)
	}
}
