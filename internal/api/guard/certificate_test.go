package guard

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"log/slog"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/headrace/headrace/internal/fault"
)

// writePair writes a certificate for a name.
func writePair(t *testing.T, dir, name string) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	pk, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	cert, key = filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key")
	for file, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "PRIVATE KEY", Bytes: pk}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return cert, key
}

func TestARenewedCertificateIsShown(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cert, key := writePair(t, dir, "first")
	synctest.Test(t, func(t *testing.T) {
		c, err := OpenCertificate(cert, key, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		shown := func() string {
			t.Helper()
			pair, err := c.Config().GetCertificate(&tls.ClientHelloInfo{})
			if err != nil {
				t.Fatal(err)
			}
			return pair.Leaf.Subject.CommonName
		}
		pass := func(d time.Duration) { timer := time.NewTimer(d); <-timer.C }
		if got := shown(); got != "first" {
			t.Errorf("shows %s", got)
		}
		if err := os.WriteFile(cert, []byte("half of a certificate"), 0o600); err != nil {
			t.Fatal(err)
		}
		pass(certificateStep)
		if got := shown(); got != "first" {
			t.Errorf("with broken files it shows %s", got)
		}
		writePair(t, dir, "second")
		if got := shown(); got != "first" {
			t.Errorf("the files are read at each handshake: %s", got)
		}
		pass(certificateStep)
		if got := shown(); got != "second" {
			t.Errorf("after the renewal it shows %s", got)
		}
	})
}

func TestFilesThatAreNoCertificate(t *testing.T) {
	t.Parallel()
	cert, key := writePair(t, t.TempDir(), "a")
	_, other := writePair(t, t.TempDir(), "b")
	for name, files := range map[string][2]string{"missing": {cert + "x", key}, "of another": {cert, other}, "swapped": {key, cert}, "a folder": {t.TempDir(), key}} {
		if _, err := OpenCertificate(files[0], files[1], slog.New(slog.DiscardHandler)); fault.ClassOf(err) != fault.Invalid || fault.HintOf(err) == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
}
