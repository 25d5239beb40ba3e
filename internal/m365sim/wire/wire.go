// Package wire is what a simulated host does to a connection beside answering: it waits, drips and resets. All waits are
// in the machine's time, since a client's own timeouts are.
package wire

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"time"
)

// Pause waits; false when the client has gone.
func Pause(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// Drip writes a body in ten pieces with a wait before each; false when the client has gone.
func Drip(ctx context.Context, w http.ResponseWriter, body []byte, delay time.Duration) bool {
	size := max(len(body)/10, 1)
	for len(body) > 0 {
		if !Pause(ctx, delay) {
			return false
		}
		n := min(size, len(body))
		if _, err := w.Write(body[:n]); err != nil {
			return false
		}
		_ = http.NewResponseController(w).Flush()
		body = body[n:]
	}
	return true
}

// Reset makes the client see a TCP reset. False when the connection can't be taken from the server, as over HTTP/2: the
// handler then panics with http.ErrAbortHandler, which resets the stream.
func Reset(w http.ResponseWriter, r *http.Request) bool {
	if r.ProtoMajor != 1 {
		return false
	}
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return false
	}
	raw := conn
	if secured, ok := conn.(*tls.Conn); ok {
		raw = secured.NetConn()
	}
	if socket, ok := raw.(*net.TCPConn); ok {
		_ = socket.SetLinger(0) // the close that follows is then a reset
	}
	_ = raw.Close()
	return true
}
