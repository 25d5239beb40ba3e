package guard

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/telemetry"
)

// A Certificate is a pair of PEM files that is read again when they change: certificates are renewed every few weeks, and nobody should have to
// restart for it.
type Certificate struct {
	cert, key string
	log       *slog.Logger

	mu      sync.Mutex
	pair    *tls.Certificate
	stamp   string    // of the files that pair was read from, or that could not be read
	checked time.Time // when the files were looked at last
}

// certificateStep is how often the files are looked at, at most.
const certificateStep = 10 * time.Second

// OpenCertificate reads a pair. Invalid (code certificate) if the files can't be read, hold no PEM, or do not belong together.
func OpenCertificate(cert, key string, log *slog.Logger) (*Certificate, error) {
	c := &Certificate{cert: cert, key: key, log: log}
	c.stamp = c.look()
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		return nil, (&fault.Error{Class: fault.Invalid, Code: "certificate", Title: "the TLS certificate can't be used", Err: err}).
			WithHint("%s and %s are PEM files that belong together: the certificate with those that signed it below, and its private key without a passphrase.", cert, key)
	}
	c.pair, c.checked = &pair, time.Now()
	return c, nil
}

// Config is for a listener that shows the certificate.
func (c *Certificate) Config() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}, GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return c.now(), nil }}
}

// now gives the pair as it stands in the files. While they do not fit, as between the two writes of a renewal, the old one stays.
func (c *Certificate) now() *tls.Certificate {
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Since(c.checked) < certificateStep {
		return c.pair
	}
	c.checked = time.Now()
	stamp := c.look()
	if stamp == c.stamp {
		return c.pair
	}
	c.stamp = stamp
	pair, err := tls.LoadX509KeyPair(c.cert, c.key)
	if err != nil {
		c.log.Error("the TLS certificate was changed and can't be used; the old one is shown on", telemetry.Err, err)
		return c.pair
	}
	c.log.Info("the TLS certificate was read again")
	c.pair = &pair
	return c.pair
}

// look tells one state of the files from another.
func (c *Certificate) look() string {
	stamp := ""
	for _, file := range []string{c.cert, c.key} {
		if info, err := os.Stat(file); err == nil {
			stamp += fmt.Sprintf("%d %d;", info.ModTime().UnixNano(), info.Size())
		}
	}
	return stamp
}
