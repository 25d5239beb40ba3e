package api

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/headrace/headrace/internal/fault"
)

const maxAnswer = 512 << 20 // bytes of an answer's body

// Remote calls a server.
type Remote struct {
	client  *http.Client
	base    string
	network bool        // it is reached over a network; else by the socket of a data folder
	header  http.Header // of each request, over a network
}

func newRemote(dial func(context.Context) (net.Conn, error)) *Remote {
	return &Remote{base: "http://headrace", client: &http.Client{Transport: &http.Transport{
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

func (r *Remote) call(ctx context.Context, to route, in any, out any) error {
	req, err := to.request(ctx, r.base, in)
	if err != nil {
		return err
	}
	for name, values := range r.header {
		req.Header[name] = values
	}
	res, err := r.client.Do(req)
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if r.network {
			return r.unreachable(err)
		}
		return &fault.Error{Class: fault.Unavailable, Code: "server_unreachable", Title: "the server went away while it was asked", Err: err, Hint: "is headrace serve still running? Repeat the command"}
	}
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return &fault.Error{Class: fault.Unavailable, Code: "server_unreachable", Title: "the server's answer broke off", Err: err}
	}
	if res.StatusCode >= http.StatusMultipleChoices {
		var p Problem
		if !strings.HasPrefix(res.Header.Get("Content-Type"), "application/problem+json") || json.Unmarshal(raw, &p) != nil {
			return fault.New(fault.Internal, "the server answered %s, and not as headrace does", res.Status).WithCode("no_headrace").WithHint("Is this the address of headrace itself, or of a proxy or another program before it?")
		}
		return p.Err()
	}
	if err := json.Unmarshal(raw, out); err != nil {
		return fault.New(fault.Internal, "the server's answer is not what this version expects: %w", err).WithHint("Is the server of another version? headrace version")
	}
	return nil
}

// request writes an input as a request: the inverse of door.input.
func (r route) request(ctx context.Context, base string, in any) (*http.Request, error) {
	raw, err := json.Marshal(in)
	if err != nil {
		return nil, fmt.Errorf("write the request: %w", err)
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(raw, &fields); err != nil {
		return nil, fmt.Errorf("write the request: %w", err)
	}
	path, query, match := r.path, url.Values{}, ""
	for _, f := range r.fields {
		if f.in == inBody {
			continue
		}
		text, said := paramText(fields[f.name])
		delete(fields, f.name)
		switch {
		case f.in == inPath:
			path = strings.ReplaceAll(path, "{"+f.name+"}", url.PathEscape(text))
		case f.in == inHeader && said && text != "0":
			match = `"` + text + `"`
		case f.in == inQuery && said:
			query.Set(f.name, text)
		}
	}
	var body io.Reader
	if r.takesBody() {
		if raw, err = json.Marshal(fields); err != nil {
			return nil, fmt.Errorf("write the request: %w", err)
		}
		body = bytes.NewReader(raw)
	}
	target := base + Prefix + path
	if len(query) > 0 {
		target += "?" + query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, r.method, target, body)
	if err != nil {
		return nil, fmt.Errorf("make the request: %w", err)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if match != "" {
		req.Header.Set("If-Match", match)
	}
	return req, nil
}
