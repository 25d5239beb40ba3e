package connectortest

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"sync"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/fault"
)

// An Item is what a KeyedDestination holds under a key.
type Item struct {
	Body    string
	Content connector.Hash
	ACL     connector.Hash
	Puts    int // how often it was written since it was made
}

// A KeyedDestination is a set of items in memory that are overwritten and deleted by key, with an access list each.
//
// Its Prepare takes a body like {"id":"k1","acl":["everyone"],"parts":2, …}: an item is refused (Invalid) without an
// "acl"; "parts" makes so many items of one record, with keys "k1#0", "k1#1" …; everything but "acl" is content.
type KeyedDestination struct {
	opt DestinationOptions

	mu       sync.Mutex
	items    map[string]Item
	refuse   map[string]error
	throttle []throttle
	puts     map[string]int
	deletes  map[string]int
}

type throttle struct {
	after int
	err   error
}

// NewKeyedDestination makes an empty set.
func NewKeyedDestination(opt DestinationOptions) *KeyedDestination {
	opt.Name = cmp.Or(opt.Name, "memory-keyed")
	return &KeyedDestination{opt: opt, items: map[string]Item{}, refuse: map[string]error{}, puts: map[string]int{}, deletes: map[string]int{}}
}

// Items are what it holds now, by key.
func (k *KeyedDestination) Items() map[string]Item {
	k.mu.Lock()
	defer k.mu.Unlock()
	out := make(map[string]Item, len(k.items))
	for key, item := range k.items {
		out[key] = item
	}
	return out
}

// Keys are the keys of Items, sorted.
func (k *KeyedDestination) Keys() []string {
	var out []string
	for key := range k.Items() {
		out = append(out, key)
	}
	slices.Sort(out)
	return out
}

// Puts is how often a key was written.
func (k *KeyedDestination) Puts(key string) int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.puts[key]
}

// Deletes is how often a delete of a key arrived, whether it was there or not.
func (k *KeyedDestination) Deletes(key string) int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.deletes[key]
}

// Refuse rejects a key for good, until err is nil.
func (k *KeyedDestination) Refuse(key string, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if err == nil {
		delete(k.refuse, key)
		return
	}
	k.refuse[key] = err
}

// Stop makes the next Write with records store only some of them and give the reason why the rest was not tried: a
// Throttled error with its RetryAt, say. Called again it is for the Write after that.
func (k *KeyedDestination) Stop(after int, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.throttle = append(k.throttle, throttle{after, err})
}

// Open gives a Destination that writes there.
func (k *KeyedDestination) Open() connector.Destination { return k.opt.wrap(keyedWriter{k}) }

// Spec makes a connector of this set.
func (k *KeyedDestination) Spec() connector.Spec {
	spec := k.opt.spec()
	spec.Keyed = true
	spec.Open = func(connector.Config, connector.Env) (connector.Destination, error) { return k.Open(), nil }
	spec.Prepare = func(connector.Config) (func(connector.Record) ([]connector.Prepared, error), error) {
		return PrepareItem, nil
	}
	return connector.Spec{Name: k.opt.Name, Title: "Memory", Summary: "A set of items in memory, for tests.", README: "# Memory\n", Destination: spec}
}

// PrepareItem is the Prepare of a KeyedDestination.
func PrepareItem(r connector.Record) ([]connector.Prepared, error) {
	if r.Op == connector.Delete {
		return []connector.Prepared{{Record: connector.Record{Key: r.Key, Op: connector.Delete, Time: r.Time, Stream: r.Stream, Tenant: r.Tenant}}}, nil
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(r.Body, &fields); err != nil {
		return nil, fault.New(fault.Invalid, "prepare %s: %w", r.Key, err)
	}
	acl, ok := fields["acl"]
	if !ok {
		return nil, fault.New(fault.Invalid, "item %s has no acl", r.Key).WithHint("Say who may see it.")
	}
	delete(fields, "acl")
	content, err := json.Marshal(fields)
	if err != nil {
		return nil, fault.New(fault.Internal, "prepare %s: %w", r.Key, err)
	}
	keys := []string{r.Key}
	if text, ok := fields["parts"]; ok {
		var parts int
		if err := json.Unmarshal(text, &parts); err != nil || parts < 0 {
			return nil, fault.New(fault.Invalid, "item %s: parts %s is no number", r.Key, text)
		}
		keys = nil
		for i := range parts {
			keys = append(keys, fmt.Sprintf("%s#%d", r.Key, i))
		}
	}
	out := make([]connector.Prepared, len(keys))
	for i, key := range keys {
		sent := r
		sent.Key, sent.Body = key, slices.Clone(r.Body)
		out[i] = connector.Prepared{Record: sent, Content: hash(content), ACL: hash(acl)}
	}
	return out, nil
}

func hash(b []byte) connector.Hash {
	sum := sha256.Sum256(b)
	return connector.Hash(sum[:16])
}

type keyedWriter struct{ k *KeyedDestination }

func (keyedWriter) Close() error { return nil }

// Write puts and deletes item by item; a repeated batch overwrites. It gives no receipt: it needs none.
func (w keyedWriter) Write(ctx context.Context, batch connector.Batch) (connector.Result, error) {
	if err := ctx.Err(); err != nil {
		return connector.Result{}, err
	}
	k := w.k
	k.mu.Lock()
	defer k.mu.Unlock()
	out := connector.Result{Outcomes: make([]connector.Outcome, len(batch.Records))}
	limit := len(batch.Records)
	if limit > 0 && len(k.throttle) > 0 {
		limit, out.Stopped = min(limit, k.throttle[0].after), k.throttle[0].err
		k.throttle = k.throttle[1:]
	}
	for i, r := range batch.Records[:limit] {
		out.Outcomes[i] = k.apply(r)
	}
	return out, nil
}

func (k *KeyedDestination) apply(r connector.Record) connector.Outcome {
	if err := k.refuse[r.Key]; err != nil {
		return connector.Outcome{Kind: connector.Rejected, Err: err}
	}
	if r.Op == connector.Delete {
		k.deletes[r.Key]++
		delete(k.items, r.Key)
		return connector.Outcome{Kind: connector.Stored}
	}
	prepared, err := PrepareItem(r)
	if err != nil {
		return connector.Outcome{Kind: connector.Rejected, Err: err}
	}
	item := Item{Body: string(r.Body), Puts: k.items[r.Key].Puts + 1}
	if len(prepared) > 0 {
		item.Content, item.ACL = prepared[0].Content, prepared[0].ACL
	}
	k.puts[r.Key]++
	k.items[r.Key] = item
	return connector.Outcome{Kind: connector.Stored}
}
