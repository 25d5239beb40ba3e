package app

import (
	"net"
	"net/http"
	"time"
)

// newTransport makes the transport that all connectors share: proxy from the environment, system's certificates.
//
// It speaks HTTP/1.1 on many connections. Dozens of content blobs side by side over one HTTP/2 connection wait for each
// other's bytes and cost about twice the CPU.
func newTransport() *http.Transport {
	t := &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         (&net.Dialer{Timeout: 30 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		Protocols:           new(http.Protocols),
		MaxIdleConnsPerHost: 64,
		IdleConnTimeout:     90 * time.Second,
		TLSHandshakeTimeout: 10 * time.Second,
		ReadBufferSize:      32 << 10,
	}
	t.Protocols.SetHTTP1(true)
	return t
}
