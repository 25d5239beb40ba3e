package copilot

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/microsoft"
	"github.com/headrace/headrace/internal/transform"
)

const mostPages = 10_000 // of one listing; more is a circle

// graphOf gives the requests of another connection by the same credential.
func (s *source) graphOf(connection string) *graph {
	return &graph{client: s.graph.client, connection: connection, perMinute: s.graph.perMinute, env: s.graph.env}
}

// pages makes a GET and follows @odata.nextLink. The token only goes to the credential's own Graph host, and only below
// /external: the client refuses other hosts, ownPath other paths.
func (g *graph) pages(ctx context.Context, path string, query url.Values, header http.Header) iter.Seq2[json.RawMessage, error] {
	return func(yield func(json.RawMessage, error) bool) {
		version := stable
		if rest, ok := strings.CutPrefix(path, beta); ok {
			version, path = beta, rest
		}
		address := g.client.Host() + version + path
		if len(query) > 0 {
			address += "?" + query.Encode()
		}
		seen := map[string]bool{}
		for address != "" {
			if seen[address] || len(seen) >= mostPages {
				yield(nil, fault.New(fault.Unavailable, "the service's pages lead in a circle"))
				return
			}
			seen[address] = true
			raw, err := g.page(ctx, address, header)
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(raw, nil) {
				return
			}
			if address = fieldOf(raw, "@odata.nextLink"); address != "" && !g.ownPath(address) {
				yield(nil, fault.New(fault.Unavailable, "the next page's address leads away from %s/…/external; it was not followed", g.client.Host()).
					WithHint("The service or a proxy sent a wrong address. The token is only ever sent to the credential's own host."))
				return
			}
		}
	}
}

func (g *graph) page(ctx context.Context, address string, header http.Header) (json.RawMessage, error) {
	h := header.Clone()
	if h == nil {
		h = http.Header{}
	}
	if h.Get("Prefer") == "" {
		h.Set("Prefer", "include-unknown-enum-members")
	}
	resp, err := g.client.Do(ctx, microsoft.Request{URL: address, Header: h})
	if err != nil {
		return nil, g.refused(address, err)
	}
	defer func() { _ = resp.Body.Close() }()
	var raw json.RawMessage
	if err := decode(resp, &raw); err != nil {
		return nil, err
	}
	return bytes.TrimSpace(raw), nil
}

// ownPath tells whether an address that the service gave stays where this connector may read.
func (g *graph) ownPath(address string) bool {
	u, err := url.Parse(address)
	if err != nil || !g.client.Owns(u) {
		return false
	}
	path := u.EscapedPath()
	for _, version := range []string{stable, beta} {
		if rest, ok := strings.CutPrefix(path, version); ok && badPath(rest) == "" {
			return true
		}
	}
	return false
}

// byHand makes a request of the settings, for each record of the one that it follows. Of those that follow some may lead
// to nothing (a connection without a schema); the others count.
func (s *source) byHand(ctx context.Context, name string) iter.Seq2[json.RawMessage, error] {
	return func(yield func(json.RawMessage, error) bool) {
		i := slices.IndexFunc(s.cfg.Get, func(g Get) bool { return g.Name == name })
		if i < 0 {
			yield(nil, fault.New(fault.NotFound, "the request %q is not in the settings any more", name))
			return
		}
		g := s.cfg.Get[i]
		if g.Follows == "" {
			s.request(ctx, g, nil, yield)
			return
		}
		for before, err := range s.byHand(ctx, g.Follows) {
			if err != nil {
				yield(nil, err)
				return
			}
			absent := false
			more := s.request(ctx, g, before, func(raw json.RawMessage, err error) bool {
				if absent = isClass(err, fault.NotFound); absent {
					return true
				}
				return yield(raw, err)
			})
			if !more && !absent {
				return
			}
		}
	}
}

// request makes one request with the fields of a record put in; false: nothing more is wanted.
func (s *source) request(ctx context.Context, g Get, before json.RawMessage, yield func(json.RawMessage, error) bool) bool {
	path, query, err := g.filled(before)
	if err != nil {
		yield(nil, err)
		return false
	}
	header := http.Header{}
	for name, value := range g.Headers {
		header.Set(name, value)
	}
	var picked *transform.Mapping
	if g.Records != "" {
		if picked, err = transform.CompileMapping([]transform.Rule{{Field: "records", JQ: g.Records}}, transform.Limits{}); err != nil {
			yield(nil, err)
			return false
		}
	}
	for raw, err := range s.graph.pages(ctx, path, query, header) {
		if err != nil {
			yield(nil, fmt.Errorf("get %s: %w", path, err))
			return false
		}
		found, err := recordsOf(raw, picked)
		if err != nil {
			yield(nil, fmt.Errorf("get %s: %w", path, err))
			return false
		}
		for _, one := range found {
			if !yield(one, nil) {
				return false
			}
		}
	}
	return true
}

var fieldInBraces = regexp.MustCompile(`\{([A-Za-z0-9_@.]+)\}`)

// filled puts a record's fields into path and query. A field is one segment, whatever it holds.
func (g Get) filled(before json.RawMessage) (path string, query url.Values, err error) {
	fill := func(text string, escape func(string) string) string {
		return fieldInBraces.ReplaceAllStringFunc(text, func(m string) string {
			value := fieldOf(before, m[1:len(m)-1])
			if value == "" && err == nil {
				err = fault.New(fault.Invalid, "the record of %s has no field %s", g.Follows, m)
			}
			return escape(value)
		})
	}
	path = fill(g.Path, url.PathEscape)
	query = url.Values{}
	for name, value := range g.Query {
		query.Set(name, fill(value, func(v string) string { return v }))
	}
	if why := badPath(path); err == nil && why != "" {
		err = fault.New(fault.Invalid, "the path %s %s", path, why)
	}
	if g.Beta {
		path = beta + path
	}
	return path, query, err
}

// fieldOf gives a top-level field of an object as text; "" if it is none.
func fieldOf(raw json.RawMessage, name string) string {
	var fields map[string]json.RawMessage
	if json.Unmarshal(raw, &fields) != nil {
		return ""
	}
	var text string
	if json.Unmarshal(fields[name], &text) == nil {
		return text
	}
	if v := fields[name]; len(v) > 0 && v[0] != '{' && v[0] != '[' && string(v) != "null" {
		return string(v)
	}
	return ""
}

// recordsOf gives the records of an answer: what the program picks, else the list under value, else the answer itself.
func recordsOf(raw json.RawMessage, picked *transform.Mapping) ([]json.RawMessage, error) {
	if picked != nil {
		values, err := picked.Values(raw)
		if err != nil {
			return nil, err
		}
		list, ok := values[0].([]any)
		if !ok && values[0] != nil {
			list = []any{values[0]}
		}
		return encodeAll(list)
	}
	var answer struct {
		Value *[]json.RawMessage `json:"value"`
	}
	if json.Unmarshal(raw, &answer) == nil && answer.Value != nil {
		return *answer.Value, nil
	}
	return []json.RawMessage{raw}, nil
}

func encodeAll(list []any) ([]json.RawMessage, error) {
	out := make([]json.RawMessage, 0, len(list))
	for _, v := range list {
		b, err := encodeJSON(v)
		if err != nil {
			return nil, fault.New(fault.Invalid, "write a record: %w", err)
		}
		out = append(out, b)
	}
	return out, nil
}
