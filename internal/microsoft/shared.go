package microsoft

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"sync"

	"github.com/headrace/headrace/internal/fault"
)

// A Shared is a transport that the clients of all credentials use together, those with a CA file of their own too: there
// is one more transport for each such file, not for each credential. A thousand tenants behind one proxy would keep some
// thousand idle connections otherwise.
type Shared struct {
	*http.Transport

	mu       sync.Mutex
	trusting map[[sha256.Size]byte]*http.Transport // by the certificates that are trusted as well
}

// Share makes a transport a shared one.
func Share(base *http.Transport) *Shared {
	return &Shared{Transport: base, trusting: map[[sha256.Size]byte]*http.Transport{}}
}

// with gives the transport that trusts the certificates of a file as well.
func (s *Shared) with(file string, pem []byte) (*http.Transport, error) {
	key := sha256.Sum256(pem)
	s.mu.Lock()
	defer s.mu.Unlock()
	if t := s.trusting[key]; t != nil {
		return t, nil
	}
	t, err := withRoots(s.Transport, file, pem)
	if err == nil {
		s.trusting[key] = t
	}
	return t, err
}

// withRoots copies a transport that trusts the certificates of a file as well.
func withRoots(base *http.Transport, file string, pem []byte) (*http.Transport, error) {
	roots, err := x509.SystemCertPool()
	if err != nil {
		roots = x509.NewCertPool()
	}
	if !roots.AppendCertsFromPEM(pem) {
		return nil, fault.Problems{{Field: "endpoints.ca", Text: file + " holds no PEM certificate (-----BEGIN CERTIFICATE-----)"}}.Err()
	}
	t := base.Clone()
	if t.TLSClientConfig == nil {
		t.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	t.TLSClientConfig.RootCAs = roots
	if t.TLSClientConfig.ClientSessionCache != nil { // what was agreed under these certificates counts under no others
		t.TLSClientConfig.ClientSessionCache = tls.NewLRUClientSessionCache(0)
	}
	t.ForceAttemptHTTP2 = true // a transport with TLS settings of its own would offer HTTP/2 and not speak it
	return t, nil
}
