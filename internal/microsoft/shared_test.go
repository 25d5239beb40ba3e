package microsoft

import (
	"crypto/tls"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"testing"
)

// TestCredentialsShareATransport: credentials with the same CA file have one transport; what was agreed with servers
// under its certificates is not used under others.
func TestCredentialsShareATransport(t *testing.T) {
	t.Parallel()
	server := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(server.Close)
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	one, again, other := writeFile(t, "one.pem", block), writeFile(t, "again.pem", block), writeFile(t, "other.pem", append(block, '\n'))
	shared := Share(&http.Transport{TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12, ClientSessionCache: tls.NewLRUClientSessionCache(0)}})
	of := func(file string) *http.Transport {
		t.Helper()
		got, own, err := trusting(shared, file)
		if err != nil || own {
			t.Fatalf("%s: own %v, %v", file, own, err)
		}
		return got.(*http.Transport)
	}
	if of(one) != of(again) {
		t.Error("two credentials with the same certificates have two transports")
	}
	if of(one) == of(other) || of(one) == shared.Transport {
		t.Error("credentials with different certificates have one transport")
	}
	if of(one).TLSClientConfig.ClientSessionCache == shared.TLSClientConfig.ClientSessionCache || of(one).TLSClientConfig.ClientSessionCache == of(other).TLSClientConfig.ClientSessionCache {
		t.Error("sessions go from one set of certificates to another")
	}
	res, err := (&http.Client{Transport: of(one)}).Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if _, err := (&http.Client{Transport: shared}).Get(server.URL); err == nil { //nolint:bodyclose // there is none
		t.Error("without the file the server is trusted")
	}
	if got, own, err := trusting(shared, ""); got != http.RoundTripper(shared) || own || err != nil {
		t.Errorf("without a file it is %v, %v, %v", got, own, err)
	}
}
