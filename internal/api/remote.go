package api

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"

	"github.com/headrace/headrace/internal/fault"
)

const (
	maxRequest = 32 << 20  // bytes of a request's body
	maxAnswer  = 512 << 20 // of an answer's
	prefix     = "/api/v1/do/"
)

// Remote calls a server.
type Remote struct{ client *http.Client }

func newRemote(dial func(context.Context) (net.Conn, error)) *Remote {
	return &Remote{client: &http.Client{Transport: &http.Transport{
		DialContext:        func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx) },
		DisableCompression: true,
		Proxy:              nil,
	}}}
}

// Close ends idle connections.
func (r *Remote) Close() error {
	r.client.CloseIdleConnections()
	return nil
}

func (r *Remote) call(ctx context.Context, name string, in any, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return fmt.Errorf("write the request: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://headrace"+prefix+name, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("make the request: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := r.client.Do(req)
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return &fault.Error{Class: fault.Unavailable, Code: "server_unreachable", Title: "the server went away while it was asked", Err: err, Hint: "is headrace serve still running? Repeat the command"}
	}
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return &fault.Error{Class: fault.Unavailable, Code: "server_unreachable", Title: "the server's answer broke off", Err: err}
	}
	if res.StatusCode != http.StatusOK {
		var p Problem
		if !strings.HasPrefix(res.Header.Get("Content-Type"), "application/problem+json") || json.Unmarshal(raw, &p) != nil {
			return fault.New(fault.Internal, "the server answered %s", res.Status)
		}
		return p.Err()
	}
	if err := json.Unmarshal(raw, out); err != nil {
		return fault.New(fault.Internal, "the server's answer is not what this version expects: %w", err).WithHint("Is the server of another version? headrace version")
	}
	return nil
}
