package graph

import (
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/headrace/headrace/internal/m365sim/wire"
)

const contentType = "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"

// reasonHeader tells a person who tests why something was refused; the real service does not.
const reasonHeader = "X-Simulator-Reason"

// Serve answers a request whose path begins with /v1.0/ or /beta/, or refuses it. The caller's token was good.
func (t *Tenant) Serve(w http.ResponseWriter, r *http.Request, caller Caller) {
	ids := identify(w, r)
	c, refused := t.read(w, r, caller)
	var answer reply
	switch {
	case refused != nil:
		answer = t.refuse(c, refused)
	case len(c.path) == 1 && c.path[0] == "$batch":
		answer = t.batch(c, ids)
	default:
		answer = t.answer(c)
	}
	t.options.Count(c.op, answer.status, answer.code)
	t.options.Log.Debug("graph request", "op", c.op, "status", answer.status, "code", answer.code,
		"reason", answer.header.Get(reasonHeader))
	write(w, r, ids, answer)
}

// Unauthorized answers a request whose token is missing or not good; message is Graph's own of the case.
func Unauthorized(w http.ResponseWriter, r *http.Request, now time.Time, message string) {
	ids := identify(w, r)
	t := Tenant{options: Options{Now: func() time.Time { return now }}}
	write(w, r, ids, t.refuse(&call{now: now}, unauthorized(message)))
}

// identity is what an error body and the headers say of a request.
type identity struct{ request, client string }

// identify gives the request its ID and echoes the client's own.
func identify(w http.ResponseWriter, r *http.Request) identity {
	random := func(bits int) uint64 { return rand.Uint64() >> (64 - bits) }
	ids := identity{request: fmt.Sprintf("%08x-%04x-4%03x-a%03x-%012x", random(32), random(16), random(12), random(12), random(48))}
	ids.client = r.Header.Get("client-request-id")
	if ids.client == "" {
		ids.client = ids.request
	}
	header := w.Header()
	header.Set("request-id", ids.request)
	header.Set("client-request-id", ids.client)
	header.Set("Cache-Control", "no-store, no-cache")
	header.Set("Strict-Transport-Security", "max-age=31536000")
	return ids
}

// read understands the request as far as every operation needs it. The call is never nil.
func (t *Tenant) read(w http.ResponseWriter, r *http.Request, caller Caller) (*call, *refusal) {
	c := &call{
		ctx: r.Context(), caller: caller, now: t.options.Now(), method: r.Method, host: r.Host, header: r.Header, op: OpOther,
	}
	version, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.EscapedPath(), "/"), "/")
	c.beta = version == "beta"
	if refused := c.parse(rest, r.URL.RawQuery); refused != nil {
		return c, refused
	}
	limit := smallBody
	switch {
	case c.path[0] == "$batch":
		c.op, limit = OpBatch, batchBytes
	case len(c.path) == 5 && c.path[3] == "items":
		limit = t.options.Rules.ItemBytes
	}
	var refused *refusal
	c.body, refused = t.readBody(w, r, limit)
	if refused != nil && c.op == OpOther { // say which operation it was that was refused
		_ = c.find()
	}
	return c, refused
}

func (c *call) parse(path, query string) (refused *refusal) {
	c.path = strings.Split(path, "/")
	for i, segment := range c.path {
		decoded, err := url.PathUnescape(segment)
		if err != nil || decoded == "" {
			c.path = []string{path}
			return noSegment(c.method, path)
		}
		c.path[i] = decoded
	}
	var err error
	if c.query, err = url.ParseQuery(query); err != nil {
		return invalid("the query %q can't be read", query)
	}
	return nil
}

var errPlainGzip = errors.New("it is not gzip")

// readBody reads the body, unpacked, and no more of it than limit.
func (t *Tenant) readBody(w http.ResponseWriter, r *http.Request, limit int) ([]byte, *refusal) {
	body, err := readAll(http.MaxBytesReader(w, r.Body, int64(limit)), r.ContentLength)
	if err == nil && strings.EqualFold(r.Header.Get("Content-Encoding"), "gzip") {
		body, err = t.unpack(body, limit)
	} else if encoding := r.Header.Get("Content-Encoding"); err == nil && encoding != "" && !strings.EqualFold(encoding, "identity") {
		return nil, invalid("a Content-Encoding of %q is not taken", encoding)
	}
	var over *http.MaxBytesError
	switch {
	case errors.As(err, &over):
		return nil, tooLarge(limit)
	case errors.Is(err, errPlainGzip):
		return nil, invalid("the header says gzip and the body is not")
	case err != nil:
		return nil, invalid("the body ended early: %v", err)
	}
	return body, nil
}

func readAll(body io.Reader, length int64) ([]byte, error) {
	if length <= 0 || length > 1<<26 {
		return io.ReadAll(body)
	}
	text := make([]byte, length)
	_, err := io.ReadFull(body, text)
	return text, err
}

func (t *Tenant) unpack(packed []byte, limit int) ([]byte, error) {
	reader, err := gzip.NewReader(strings.NewReader(string(packed)))
	if err != nil && t.options.Rules.PlainGzip {
		return packed, nil
	}
	if err != nil {
		return nil, errPlainGzip
	}
	body, err := io.ReadAll(io.LimitReader(reader, int64(limit)+1))
	if err == nil && len(body) > limit {
		err = &http.MaxBytesError{Limit: int64(limit)}
	}
	return body, err
}

// refuse makes the answer of a refusal, its body without the request's IDs.
func (t *Tenant) refuse(c *call, r *refusal) reply {
	header := http.Header{}
	if r.retryAfter > 0 {
		header.Set("Retry-After", strconv.FormatInt(int64((r.retryAfter+time.Second-1)/time.Second), 10))
	}
	if r.challenge != "" {
		header.Set("WWW-Authenticate", r.challenge)
	}
	header.Set(reasonHeader, printable(r.reason))
	inner := map[string]any{"date": c.now.UTC().Format("2006-01-02T15:04:05"), "request-id": idRequest, "client-request-id": idClient}
	if r.inner != "" {
		inner["code"], inner["message"] = r.inner, r.detail
		if r.source != "" {
			inner["source"] = r.source
		}
	}
	body := mustJSON(map[string]any{"error": map[string]any{"code": r.code, "message": r.message, "innerError": inner}})
	return reply{status: r.status, header: header, body: body, code: r.code}
}

// Where the IDs of the request go when a body is written.
const idRequest, idClient = "{request-id}", "{client-request-id}"

// sign puts a request's IDs into an error's body.
func (i identity) sign(answer reply) []byte {
	if answer.code == "" {
		return answer.body
	}
	return []byte(strings.NewReplacer(`"`+idRequest+`"`, string(mustJSON(i.request)), `"`+idClient+`"`, string(mustJSON(i.client))).Replace(string(answer.body)))
}

// write sends an answer, broken if a fault says so.
func write(w http.ResponseWriter, r *http.Request, ids identity, answer reply) {
	switch answer.broken {
	case "gone":
		return
	case "reset":
		if !wire.Reset(w, r) {
			panic(http.ErrAbortHandler)
		}
		return
	case "html":
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(max(answer.status, http.StatusOK))
		_, _ = io.WriteString(w, "<!DOCTYPE html>\n<html><head><title>Service</title></head><body><h2>Our services aren't available right now</h2></body></html>\n")
		return
	}
	body := ids.sign(answer)
	header := w.Header()
	for name, values := range answer.header {
		header[name] = values
	}
	if body != nil {
		header.Set("Content-Type", metadata(r.Header.Get("Accept")))
	}
	whole := len(body)
	if answer.broken == "cut" {
		whole = whole * 2 / 3
	}
	if answer.status != http.StatusNoContent {
		header.Set("Content-Length", strconv.Itoa(whole))
	}
	w.WriteHeader(answer.status)
	switch answer.broken {
	case "truncate":
		_, _ = w.Write(body[:whole/2])
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	case "slow":
		_ = wire.Drip(r.Context(), w, body, answer.delay) // a client that has gone needs no more
		return
	}
	_, _ = w.Write(body[:whole]) // a client that has gone needs no answer
}

// withoutContext reports whether the client wants no @odata.context; metadata is the Content-Type it then gets.
func withoutContext(accept string) bool { return strings.Contains(accept, "odata.metadata=none") }

func metadata(accept string) string {
	if withoutContext(accept) {
		return strings.Replace(contentType, "=minimal", "=none", 1)
	}
	return contentType
}

func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, text)
}

func mustJSON(value any) []byte {
	text, err := json.Marshal(value)
	if err != nil { // only types of this package come here
		panic(err)
	}
	return text
}
