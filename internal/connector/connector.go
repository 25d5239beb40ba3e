// Package connector is the contract between the data path and the systems that headrace talks to.
//
// A connector is one folder with everything that belongs to it and one line in package registry. It gets what it
// needs when it is opened (see Env) and never sees the store or the engine. What it can do is data in its Spec; there
// are no optional interfaces. Package connectortest holds this contract as tests. Start at Source and Destination.
package connector

import (
	"context"
	"encoding/json"
	"iter"
	"time"
)

// Op is what a record asks for.
type Op uint8

const (
	// Upsert creates or replaces.
	Upsert Op = iota
	// Delete removes.
	Delete
)

// A Record is one thing on its way from a source to a destination.
type Record struct {
	Key    string          // the thing's identity at its source; "": it has none (append flows then know it by its bytes)
	Op     Op              // Upsert or Delete
	Time   time.Time       // when it happened or changed at the source, UTC; zero: unknown, the engine puts the split's
	Body   json.RawMessage // exactly as the source gave it; valid until the next record (the engine copies it into the batch)
	Stream string          // the split's stream; the engine sets it
	Tenant string          // the source's tenant ID; the engine sets it; "" if it has none
}

// A Split is a part of a source's content that can be read by itself, and again.
type Split struct {
	ID      string          `json:"id"`                // the same content always has the same ID; a mutable thing's ID has its version in it
	Locator json.RawMessage `json:"locator,omitempty"` // what Read needs; only its source understands it
	Inline  json.RawMessage `json:"inline,omitempty"`  // or the content itself, for what can't be asked for again (a webhook's body)
	Stream  string          `json:"stream"`            // the content type, folder or table that it belongs to
	Time    time.Time       `json:"time"`              // where it stands in coverage, UTC
	Ready   time.Time       `json:"ready"`             // not to be read before; zero: now
	Expires time.Time       `json:"expires"`           // after this the source no longer has it; zero: never
}

// A Cursor says how far a source's listing has come. Only the source understands it; it carries a version number.
// Empty: from the beginning.
type Cursor []byte

// A Range is a piece of time of one stream: [From, To), UTC.
type Range struct {
	Stream   string
	From, To time.Time
}

// A Gap is a range that can't be listed any more, and why.
type Gap struct {
	Range
	Reason string
}

// A StreamError says that one stream could not be listed this time.
type StreamError struct {
	Stream string
	Err    error
}

// An Enumeration is what one listing found.
type Enumeration struct {
	Splits   []Split
	Cursor   Cursor
	More     bool          // call again right away
	Complete bool          // everything the source has now was listed since the zero cursor; never for a listing begun at a kept cursor
	Listed   []Range       // what was listed to its end, whether there was something or not; for coverage
	Pending  int           // how many ranges are left until More is false; for progress; 0 if unknown
	Lost     []Gap         // what can't be listed any more
	Failed   []StreamError // streams that could not be listed this time; the others count
}

// A Source reads. Its methods may be called from several goroutines, Enumerate by one at a time.
type Source interface {
	// Enumerate lists splits after cursor. It may list again what it listed before. It also does what listing
	// needs (starts and revives subscriptions). An error means that nothing of this call counts.
	Enumerate(ctx context.Context, cursor Cursor) (Enumeration, error)
	// Read yields the split's records in the source's order, after the first skip ones (skip is 0 unless the
	// spec says that the order is stable). It holds no whole split in memory. A split that changed since it was
	// listed: Conflict; that is gone for good: Lost. An Invalid error yielded beside a record refuses that record
	// alone and reading goes on; any other error ends the split.
	Read(ctx context.Context, split Split, skip int64) iter.Seq2[Record, error]
	// Close ends what Open began.
	Close() error
}

// A Receipt is what a destination gives back to recognise, later, what it wrote. Empty: nothing yet.
type Receipt []byte

// A Batch is records that are written together.
type Batch struct {
	ID      string   // for tracing; nothing is recognised by it
	Lane    int      // which of the flow's (mirror: the destination's) sequences of writes, from 0
	After   Receipt  // the lane's last committed receipt
	Records []Record // for keyed destinations what Prepare made: Key is the item's ID, Body the bytes to be sent
}

// An OutcomeKind tells what became of one record.
type OutcomeKind uint8

const (
	// NotTried was not sent, or nobody knows; it comes again.
	NotTried OutcomeKind = iota
	// Stored is durable at the destination.
	Stored
	// Rejected was refused for good; Err says why. It becomes a dead letter.
	Rejected
)

// An Outcome is what became of one record of a batch.
type Outcome struct {
	Kind OutcomeKind
	Err  error // of a Rejected one
}

// A Result tells what became of a batch.
type Result struct {
	Receipt  Receipt
	Outcomes []Outcome // Outcomes[i] is for Records[i]
	Stopped  error     // why the rest was not tried: class and time to try again. Write never waits long itself
}

// A Destination writes.
type Destination interface {
	// Write stores the batch's records, one call at a time for a lane. What the lane wrote after batch.After was
	// never committed: it is undone or overwritten first. An empty batch only recovers. With a nil error every
	// record has an outcome; with an error nothing of the batch counts. Stored means durable: it survives a power
	// cut.
	Write(ctx context.Context, batch Batch) (Result, error)
	// Close ends what Open began.
	Close() error
}

// A Hash recognises content: the first 128 bits of its SHA-256.
type Hash [16]byte

// A Prepared record is what a keyed destination will send for a record.
type Prepared struct {
	Record       // Key: the item's ID at the destination; Body: the bytes to be sent
	Content Hash // of everything but the ACL
	ACL     Hash // of who may see it; zero where there is no such thing
	// Notes say what was left out of the record on the way, for people; nil: nothing.
	Notes []string
}
