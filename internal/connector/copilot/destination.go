package copilot

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/fault"
)

// destination writes the items of one connection.
type destination struct {
	cfg   *Config
	want  []Property // nil: inferred
	graph *graph
	env   connector.Env
	pace  *pace

	once       sync.Once
	registered []Property // nil: not looked at yet
	looked     time.Time
	adjusted   time.Time // when the connection was last looked at with nothing to write
}

// Close gives idle connections back.
func (d *destination) Close() error { return d.graph.client.Close() }

// Write makes the connection ready and puts and deletes its items side by side. Whatever of a batch was sent before is
// sent again, which changes nothing.
func (d *destination) Write(ctx context.Context, batch connector.Batch) (connector.Result, error) {
	if err := ctx.Err(); err != nil {
		return connector.Result{}, err
	}
	r, err := readReceipt(batch.After, d.cfg.Connection.ID)
	if err != nil {
		return connector.Result{}, err
	}
	d.once.Do(func() { d.pace.restore(r.Rate) })
	if len(batch.Records) == 0 {
		return connector.Result{Receipt: batch.After}, d.keepConnection(ctx, &r)
	}
	out := connector.Result{Outcomes: make([]connector.Outcome, len(batch.Records))}
	if err := d.makeReady(ctx, &r, batch.Records); err != nil {
		if ctx.Err() != nil {
			return connector.Result{}, ctx.Err()
		}
		out.Receipt, out.Stopped = r.encode(), fmt.Errorf("connection %s: %w", d.cfg.Connection.ID, err)
		return out, nil
	}
	w := &writing{destination: d, batch: batch.Records, outcomes: out.Outcomes}
	out.Stopped = w.run(ctx)
	if ctx.Err() != nil {
		return connector.Result{}, ctx.Err()
	}
	r.Rate = d.pace.found()
	out.Receipt = r.encode()
	return out, nil
}

const (
	// patience is how long one Write waits for a Retry-After itself; what is longer is the lane's to wait for.
	patience = 15 * time.Second
	// missesToStop items in a row that met trouble of the service's mean that it is not the items.
	missesToStop = 8
	// blindWait is what a 429 without Retry-After costs.
	blindWait = 2 * time.Second
)

// writing is one batch on its way.
type writing struct {
	*destination
	batch    []connector.Record
	outcomes []connector.Outcome // each is set by one worker
	cancel   context.CancelFunc

	mu      sync.Mutex
	stopped error         // the first reason why not everything was tried
	misses  int           // in a row
	waited  time.Duration // for Retry-After
	paused  time.Time     // until when
}

// run sends everything, at most Concurrency at a time, and gives the reason why something was not tried.
func (w *writing) run(ctx context.Context) error {
	ctx, w.cancel = context.WithCancel(ctx)
	defer w.cancel()
	chains := w.chains()
	work := make(chan []int)
	var workers sync.WaitGroup
	for range min(w.cfg.Concurrency, len(chains)) {
		workers.Go(func() {
			for chain := range work {
				w.chain(ctx, chain)
			}
		})
	}
	for _, chain := range chains {
		select {
		case work <- chain:
		case <-ctx.Done():
		}
	}
	close(work)
	workers.Wait()
	return w.stopped
}

// chains groups what has the same key: it is sent one after the other, since the last must win.
func (w *writing) chains() [][]int {
	at := make(map[string]int, len(w.batch))
	var all [][]int
	for i, r := range w.batch {
		if n, known := at[r.Key]; known {
			all[n] = append(all[n], i)
			continue
		}
		at[r.Key] = len(all)
		all = append(all, []int{i})
	}
	return all
}

// chain sends records of one key. One that was not tried keeps those behind it from being tried.
func (w *writing) chain(ctx context.Context, chain []int) {
	for _, i := range chain {
		if ctx.Err() != nil {
			return
		}
		if w.outcomes[i] = w.one(ctx, w.batch[i]); w.outcomes[i].Kind == connector.NotTried {
			return
		}
	}
}

// one sends one record, again after a pause that the service asked for.
func (w *writing) one(ctx context.Context, r connector.Record) connector.Outcome {
	body, err := w.fit(r)
	if err != nil {
		return connector.Outcome{Kind: connector.Rejected, Err: err}
	}
	for {
		departed, err := w.pace.take(ctx)
		if err != nil {
			return connector.Outcome{}
		}
		err = w.send(ctx, r, body)
		if err != nil && ctx.Err() != nil {
			return connector.Outcome{}
		}
		outcome, again := w.judge(ctx, r, departed, err)
		if !again {
			return outcome
		}
	}
}

func (w *writing) send(ctx context.Context, r connector.Record, body []byte) error {
	method := http.MethodPut
	if r.Op == connector.Delete {
		method = http.MethodDelete
	}
	_, err := w.graph.send(ctx, method, w.graph.path("items", r.Key), body, nil)
	return err
}

// judge tells what became of a record; again: it is to be sent once more.
func (w *writing) judge(ctx context.Context, r connector.Record, departed time.Time, err error) (outcome connector.Outcome, again bool) {
	if err == nil {
		w.hit()
		return connector.Outcome{Kind: connector.Stored}, false
	}
	f, ok := fault.As(err)
	if !ok {
		w.stop(err)
		return connector.Outcome{}, false
	}
	switch f.Class {
	case fault.Throttled:
		return connector.Outcome{}, w.wait(f, departed)
	case fault.NotFound:
		return w.missing(ctx, r, f), false
	case fault.Invalid:
		w.hit()
		return connector.Outcome{Kind: connector.Rejected, Err: w.explain(f, r)}, false
	case fault.Unavailable:
		if f.Upstream != nil && f.Upstream.Status == http.StatusInsufficientStorage {
			w.note(full(f, w.cfg.Connection.ID)) // what is there already can still be changed and deleted
			break
		}
		w.miss(unstored(f, r))
	default: // Denied above all; Conflict and what else there may be concern the connection, not the item
		w.stop(denied(f))
	}
	return connector.Outcome{}, false
}

// hit ends a row of misses.
func (w *writing) hit() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.misses = 0
}

// note keeps a reason, and goes on with the others.
func (w *writing) note(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.stopped == nil || isClass(w.stopped, fault.Unavailable) {
		w.stopped = err
	}
}

func full(f *fault.Error, id string) error {
	e := *f
	e.Class, e.Code, e.Title = fault.Denied, "quota_used_up", "The tenant or the connection "+id+" has no room for more items"
	e.Hint = "Microsoft counts 5 million items for a connection and 50 million for a tenant. headrace copilot quota shows what is left. Send less, or ask Microsoft for more."
	return &e
}

// miss goes on with the others unless many fail in a row.
func (w *writing) miss(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.stopped == nil {
		w.stopped = err
	}
	if w.misses++; w.misses >= missesToStop {
		w.cancel()
	}
}

// stop ends the batch.
func (w *writing) stop(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.stopped == nil || isClass(w.stopped, fault.Unavailable) {
		w.stopped = err
	}
	w.cancel()
}

// wait makes everybody wait as the service asked; false: that is too long to be waited for here, or for whom the quota is.
func (w *writing) wait(f *fault.Error, departed time.Time) bool {
	wait := blindWait
	if !f.RetryAt.IsZero() {
		wait = max(0, f.RetryAt.Sub(w.env.Now()))
	}
	if f.Upstream != nil { // else it is our own quota, whose rate is right
		w.pace.refused(departed, wait)
	}
	w.mu.Lock()
	now := time.Now()
	if until := now.Add(wait); until.After(w.paused) { // those that were on their way together wait together
		w.waited += until.Sub(later(now, w.paused))
		w.paused = until
	}
	short := w.waited <= patience
	w.mu.Unlock()
	if !short {
		w.stop(f)
	}
	return short
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// missing is what a 404 means: of a delete that it is done; of a connection that is gone, the end.
func (w *writing) missing(ctx context.Context, r connector.Record, f *fault.Error) connector.Outcome {
	if !gone(f) && r.Op == connector.Delete {
		w.hit()
		return connector.Outcome{Kind: connector.Stored}
	}
	w.mu.Lock()
	w.looked = time.Time{} // what we know of the connection is no longer so
	w.mu.Unlock()
	if _, err := w.graph.readConnection(ctx); isClass(err, fault.NotFound) {
		w.stop(w.deleted(f))
		return connector.Outcome{}
	}
	w.miss(unstored(f, r))
	return connector.Outcome{}
}

func unstored(f *fault.Error, r connector.Record) error {
	e := *f
	e.Class = fault.Unavailable
	return fmt.Errorf("item %s: %w", r.Key, &e)
}

// denied gives a refusal of the whole connection; a conflict passes.
func denied(f *fault.Error) error {
	e := *f
	if f.Class == fault.Conflict {
		e.Class = fault.Unavailable
	}
	return &e
}

// explain says of an item's refusal what can be said beyond Microsoft's words, which are the same for every mistake.
func (w *writing) explain(f *fault.Error, r connector.Record) error {
	e := *f
	e.Code, e.Title = "item_refused", "Microsoft refused the item "+r.Key
	e.Hint = "Look at it with headrace copilot item show, and at the words and request ID of Microsoft in this error. An object ID in its ACL may be of another tenant, or the schema was changed by somebody else: headrace copilot schema diff."
	switch {
	case f.Upstream != nil && f.Upstream.Status == http.StatusRequestEntityTooLarge:
		e.Code, e.Title = "item_too_large", fmt.Sprintf("Microsoft takes no item as large as %s (%d bytes)", r.Key, len(r.Body))
		e.Hint = "Set maxItem to what your tenant takes, and shorten or split the text, like item.content: .text[0:200000]."
	case f.Upstream != nil && f.Upstream.Inner == "DeserializationError":
		e.Hint = "A value has not the type that the schema says. " + e.Hint
	}
	return &e
}

// storedItem is an item as it is sent or read back; its properties with their annotations.
type storedItem struct {
	ACL        json.RawMessage `json:"acl"`
	Properties map[string]any  `json:"properties"`
	Content    json.RawMessage `json:"content,omitempty"`
}

// values are the properties without what Graph wants beside them.
func (s storedItem) values() map[string]any {
	out := map[string]any{}
	for name, v := range s.Properties {
		if !strings.HasSuffix(name, annotation) {
			out[name] = v
		}
	}
	return out
}

// fit holds an item of an inferred schema against the one that is registered, and converts what has another type there.
// The bytes stay what they were where nothing is to be converted.
func (w *writing) fit(r connector.Record) ([]byte, error) {
	if r.Op == connector.Delete {
		return nil, nil
	}
	if w.want != nil {
		return r.Body, nil
	}
	it, err := readItem(r.Body)
	if err != nil {
		return nil, err
	}
	fitted := map[string]any{}
	var problems fault.Problems
	for name, v := range it.values() {
		p := find(w.registered, name)
		if p == nil {
			problems = append(problems, fault.Problem{Field: "item.properties." + name, Text: "is not in the schema that is registered"})
			continue
		}
		if err := put(fitted, *p, v, int64(w.cfg.MaxItem)); err != nil {
			problems = append(problems, fault.Problem{Field: "item.properties." + name, Text: err.Error()})
		}
	}
	slices.SortFunc(problems, func(a, b fault.Problem) int { return strings.Compare(a.Field, b.Field) })
	if err := problems.Err(); err != nil {
		return nil, (&fault.Error{Class: fault.Invalid, Code: "property_invalid", Title: "the item does not fit the schema that is registered", Err: problems}).
			WithHint("The schema was inferred from other records. Convert the value in the mapping; headrace copilot schema show tells the types.")
	}
	if sameJSON(fitted, it.Properties) {
		return r.Body, nil
	}
	it.Properties = fitted
	return encodeJSON(it)
}
