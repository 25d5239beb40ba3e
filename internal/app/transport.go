package app

import (
	"crypto/tls"
	"net"
	"net/http"
	"time"
)

// newTransport makes the transport that all connectors share: proxy from the environment, system's certificates.
//
// It speaks HTTP/1.1 on many connections. Dozens of content blobs side by side over one HTTP/2 connection wait for each
// other's bytes and cost about twice the CPU. Only the first of these connections needs a whole handshake.
func newTransport() *http.Transport {
	t := &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         (&net.Dialer{Timeout: 30 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		Protocols:           new(http.Protocols),
		MaxIdleConnsPerHost: 160, // as many as are ever busy
		IdleConnTimeout:     90 * time.Second,
		TLSHandshakeTimeout: 10 * time.Second,
		ReadBufferSize:      32 << 10,
		TLSClientConfig:     &tls.Config{MinVersion: tls.VersionTLS12, ClientSessionCache: tls.NewLRUClientSessionCache(0)},
	}
	t.Protocols.SetHTTP1(true)
	return t
}
