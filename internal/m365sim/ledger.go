package m365sim

import (
	"crypto/sha256"
	"iter"
	"time"
)

// A Ledger is what one tenant's feed has offered: the truth that a client's harvest is measured by. It is computed
// when asked for, so it costs no memory to speak of, even for a million records.
type Ledger struct {
	sim    *Simulator
	tenant *tenant
}

// Ledger gives the ledger of a tenant (name, ID or domain; empty: the first).
func (s *Simulator) Ledger(tenant string) (*Ledger, error) {
	t, err := s.tenantNamed(tenant)
	if err != nil {
		return nil, err
	}
	return &Ledger{sim: s, tenant: t}, nil
}

// A LedgerBlob is one content blob and what became of it.
type LedgerBlob struct {
	ContentType string    `json:"contentType"`
	ContentID   string    `json:"contentId"`
	Created     time.Time `json:"created"`
	Available   time.Time `json:"available"` // when listings began to show it
	Settled     time.Time `json:"settled"`   // when it was whole
	Expires     time.Time `json:"expires"`   // lost if not fetched by then
	Records     int       `json:"records"`
	Listed      int       `json:"listed"`          // times
	Fetched     int       `json:"fetched"`         // times, whole and without a fault
	Subscribed  bool      `json:"subscribed"`      // some app had a subscription when it became available
	Never       string    `json:"never,omitempty"` // why its records can never be had: the fault
}

// A LedgerRecord is one appearance of a record in a blob. A record that comes again has several.
type LedgerRecord struct {
	ID        string            `json:"id"` // empty: it has none
	Blob      *LedgerBlob       `json:"-"`
	ContentID string            `json:"contentId"`
	Again     bool              `json:"again"` // it belongs to another blob and comes again in this one
	SHA256    [sha256.Size]byte `json:"-"`     // of the raw bytes, as they are when key order is not shuffled
	Raw       []byte            `json:"-"`     // valid until the next one
}

// Blobs lists all blobs laid out so far, those that are still to appear included, in no particular order.
func (l *Ledger) Blobs() []LedgerBlob {
	var list []LedgerBlob
	for _, b := range l.blobs() {
		list = append(list, l.blob(b))
	}
	return list
}

func (l *Ledger) blobs() []*blob {
	l.sim.grow(l.tenant, l.sim.now())
	l.tenant.mu.RLock()
	defer l.tenant.mu.RUnlock()
	var all []*blob
	for _, x := range l.tenant.streams {
		all = append(all, x.blobs...)
	}
	return all
}

func (l *Ledger) blob(b *blob) LedgerBlob {
	at := func(ms int64) time.Time { return time.UnixMilli(ms).UTC() }
	return LedgerBlob{
		ContentType: ContentTypes[b.ctype], ContentID: b.id, Created: at(b.created), Available: at(b.available),
		Settled: at(b.settled), Expires: at(b.expires()), Records: b.size(), Listed: int(b.listed.Load()),
		Fetched: int(b.fetched.Load()), Subscribed: l.subscribed(b), Never: l.never(b),
	}
}

// subscribed says whether any app's subscription shows the blob, were it asked for as late as can be.
func (l *Ledger) subscribed(b *blob) bool {
	l.tenant.mu.RLock()
	defer l.tenant.mu.RUnlock()
	for key, x := range l.tenant.subscriptions {
		if key.ctype == b.ctype && x.shows(b.available, forever) {
			return true
		}
	}
	return false
}

// never says why a blob's records can never be had; empty when they can.
func (l *Ledger) never(b *blob) string {
	switch b.kind {
	case "cut", "html", "object":
		return b.kind
	}
	fault := l.sim.faults.lasting(target{op: OpBlob, tenant: l.tenant, ctype: b.ctype, id: b.id})
	if fault == nil {
		return ""
	}
	return fault.Do
}

// Records walks over every appearance of every record that was laid out so far. An error is one of reading a
// person's events again; it ends the walk.
func (l *Ledger) Records() iter.Seq2[LedgerRecord, error] {
	return func(yield func(LedgerRecord, error) bool) {
		for _, b := range l.blobs() {
			shown := l.blob(b)
			var raw []byte
			for i := range b.size() {
				ref := b.record(i)
				var err error
				if raw, err = l.sim.appendRecord(raw[:0], l.tenant, ref); err != nil {
					yield(LedgerRecord{}, err)
					return
				}
				record := LedgerRecord{
					ID: idOf(raw), Blob: &shown, ContentID: b.id, Again: i >= b.own, SHA256: sha256.Sum256(raw), Raw: raw,
				}
				if !yield(record, nil) {
					return
				}
			}
		}
	}
}

// A LedgerSummary is a ledger in numbers.
type LedgerSummary struct {
	Tenant   string                 `json:"tenant"`
	ID       string                 `json:"id"`
	Now      time.Time              `json:"now"`
	Types    map[string]TypeSummary `json:"types"`
	Requests Requests               `json:"requests"`
}

// A TypeSummary counts one content type's content so far. Records are appearances.
type TypeSummary struct {
	Blobs     int `json:"blobs"`
	Records   int `json:"records"`
	Available int `json:"available"` // blobs that have appeared
	Listed    int `json:"listed"`    // blobs listed at least once
	Fetched   int `json:"fetched"`   // blobs fetched whole at least once
	Fetches   int `json:"fetches"`   // fetches of blobs, whole
	Expired   int `json:"expired"`   // blobs that went without having been fetched
}

// Summary counts.
func (l *Ledger) Summary() LedgerSummary {
	now := l.sim.now()
	summary := LedgerSummary{
		Tenant: l.tenant.Name, ID: l.tenant.ID, Now: now, Types: map[string]TypeSummary{}, Requests: l.tenant.requests.snapshot(),
	}
	ms := now.UnixMilli()
	for _, b := range l.blobs() {
		name := ContentTypes[b.ctype]
		sum := summary.Types[name]
		sum.Blobs++
		sum.Records += b.size()
		sum.Fetches += int(b.fetched.Load())
		sum.Available += one(b.available <= ms)
		sum.Listed += one(b.listed.Load() > 0)
		sum.Fetched += one(b.fetched.Load() > 0)
		sum.Expired += one(b.fetched.Load() == 0 && b.expires() <= ms)
		summary.Types[name] = sum
	}
	return summary
}

func one(yes bool) int {
	if yes {
		return 1
	}
	return 0
}
