package graph

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/headrace/headrace/internal/m365sim/wire"
)

// A batchPart is one request of a $batch.
type batchPart struct {
	id     string
	method string
	url    string
	header http.Header
	body   []byte
	after  []string // dependsOn, in lower case
	answer reply
}

// batch carries the parts of a $batch out, one after the other, as the service was measured to, and answers them in
// another order. Each part is throttled, permitted and counted by itself.
func (t *Tenant) batch(c *call, ids identity) reply {
	c.op = OpBatch
	if c.method != http.MethodPost {
		return t.refuse(c, noSegment(c.method, "$batch"))
	}
	if fault := t.options.Fault(Target{Op: OpBatch}); fault != nil {
		if refused := t.faulty(fault, c); refused != nil {
			return t.refuse(c, refused)
		}
		switch fault.Do {
		case "delay":
			if !wire.Pause(c.ctx, fault.Delay) {
				return reply{broken: "gone"}
			}
		case "reset", "html":
			return reply{status: fault.Status, broken: fault.Do}
		default:
			answer := t.carryOutBatch(c, ids)
			answer.breakOff(fault)
			return answer
		}
	}
	return t.carryOutBatch(c, ids)
}

func (t *Tenant) carryOutBatch(c *call, ids identity) reply {
	parts, refused := c.readBatch()
	if refused != nil {
		return t.refuse(c, refused)
	}
	byID := map[string]*batchPart{}
	for _, p := range parts {
		byID[lower(p.id)] = p
	}
	whole := reply{status: http.StatusOK}
	for _, p := range parts {
		t.settlePart(c, p, byID)
		switch p.answer.broken {
		case "":
		case "truncate", "cut", "slow":
			whole.broken, whole.delay = p.answer.broken, p.answer.delay
		default:
			return reply{broken: p.answer.broken}
		}
	}
	answers := []members{}
	for i := range parts { // the order is not to be relied on
		p := parts[len(parts)-1-i]
		answers = append(answers, p.shape(ids))
	}
	whole.body = mustJSON(members{{"responses", answers}})
	return whole
}

// settlePart carries a part out. Those that it depends on were carried out before.
func (t *Tenant) settlePart(c *call, p *batchPart, byID map[string]*batchPart) {
	inner := c.inner(p)
	inner.now = t.options.Now()
	failed := false
	for _, id := range p.after {
		failed = failed || byID[id].answer.status >= http.StatusBadRequest
	}
	switch refused := inner.parsePart(p); {
	case failed:
		p.answer = t.refuse(inner, &refusal{
			status: http.StatusFailedDependency, code: "FailedDependency", message: "The request failed because a request it depends on failed.",
			reason: "a part that this one depends on failed",
		})
	case refused != nil:
		p.answer = t.refuse(inner, refused)
	default:
		p.answer = t.answer(inner)
	}
	t.options.Count(inner.op, p.answer.status, p.answer.code)
}

// inner is the call of a part.
func (c *call) inner(p *batchPart) *call {
	header := p.header.Clone()
	if c.header.Get("Accept") != "" && header.Get("Accept") == "" {
		header.Set("Accept", c.header.Get("Accept"))
	}
	return &call{
		ctx: c.ctx, caller: c.caller, method: p.method, host: c.host, beta: c.beta, header: header, body: p.body,
		part: true, op: OpOther,
	}
}

func (c *call) parsePart(p *batchPart) *refusal {
	path, query, _ := strings.Cut(p.url, "?")
	if path == "/$batch" {
		return invalid("a batch in a batch")
	}
	return c.parse(strings.TrimPrefix(path, "/"), query)
}

// shape is the answer as a part of the batch's.
func (p *batchPart) shape(ids identity) members {
	header := map[string]string{}
	for name, values := range p.answer.header {
		header[name] = strings.Join(values, ", ")
	}
	var body any
	if p.answer.body != nil {
		header["Content-Type"] = "application/json"
		body = json.RawMessage(ids.sign(p.answer))
	}
	return members{{"id", p.id}, {"status", p.answer.status}, {"headers", header}, {"body", body}}
}

// readBatch reads a batch's body. What is wrong with the batch as a whole refuses all of it.
func (c *call) readBatch() ([]*batchPart, *refusal) {
	if refused := c.wantJSON(); refused != nil {
		return nil, refused
	}
	var requests [][]byte
	refused := fields{"requests": func(raw []byte) (refused *refusal) {
		requests, refused = list(raw, "requests")
		return refused
	}}.read(c.body, "the batch")
	switch {
	case refused != nil:
		return nil, refused
	case len(requests) == 0 || len(requests) > mostBatch:
		return nil, invalid("the batch has %d requests; 1 to %d are allowed", len(requests), mostBatch)
	}
	var parts []*batchPart
	seen := map[string]bool{}
	for _, raw := range requests {
		p, refused := readPart(raw)
		if refused != nil {
			return nil, refused
		}
		if seen[lower(p.id)] {
			return nil, invalid("the request ID %q is there twice; case makes no difference", p.id)
		}
		for _, id := range p.after { // only on earlier ones, so that nothing goes round in circles
			if !seen[id] {
				return nil, invalid("request %s depends on %q, which is no earlier request", p.id, id)
			}
		}
		seen[lower(p.id)] = true
		parts = append(parts, p)
	}
	return parts, nil
}

func readPart(raw []byte) (*batchPart, *refusal) {
	p := &batchPart{header: http.Header{}}
	refused := fields{
		"id":     textInto(&p.id, "a request's id"),
		"method": textInto(&p.method, "a request's method"),
		"url":    textInto(&p.url, "a request's url"),
		"headers": func(raw []byte) *refusal {
			return walk(raw, "headers", func(name string, value []byte) *refusal {
				one, refused := text(value, "a header")
				p.header.Set(name, one)
				return refused
			})
		},
		"body": func(raw []byte) *refusal {
			if !isNull(raw) {
				p.body = raw
			}
			return nil
		},
		"dependsOn": func(raw []byte) (refused *refusal) {
			p.after, refused = texts(raw, "dependsOn")
			for i := range p.after {
				p.after[i] = lower(p.after[i])
			}
			return refused
		},
	}.read(raw, "a request")
	switch {
	case refused != nil:
		return nil, refused
	case p.id == "":
		return nil, invalid("a request has no id")
	case p.method == "" || p.url == "":
		return nil, invalid("request %s has no method or no url", p.id)
	case !strings.HasPrefix(p.url, "/"):
		return nil, invalid("the url %q of request %s is not relative", p.url, p.id)
	case p.body != nil && p.header.Get("Content-Type") == "":
		return nil, invalid("request %s has a body and no Content-Type", p.id)
	}
	p.method = strings.ToUpper(p.method)
	return p, nil
}
