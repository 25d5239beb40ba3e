package store

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/headrace/headrace/internal/fault"
)

// An AuditEntry is one thing that was done, or tried.
type AuditEntry struct {
	ID        int64           `json:"id"` // 1, 2, … without a gap
	At        time.Time       `json:"at"`
	Who       AuditWho        `json:"who"`
	Operation string          `json:"operation"` // "source.pause"
	Object    AuditObject     `json:"object,omitzero"`
	From      string          `json:"from,omitempty"` // the address; "" for who opened the data folder
	Result    string          `json:"result"`         // "ok", or the code of the error
	Times     int64           `json:"times"`          // more than 1: a sum of many
	Before    json.RawMessage `json:"before,omitempty"`
	After     json.RawMessage `json:"after,omitempty"`
	RequestID string          `json:"request_id,omitempty"`
	Hash      []byte          `json:"-"` // over all this and the hash before
}

// AuditWho is who did it.
type AuditWho struct {
	Kind string `json:"kind"` // local, user, token; system: headrace itself; "": nobody who signed in
	ID   string `json:"id,omitempty"`
	Name string `json:"name,omitempty"`
}

// AuditObject is what it was done to.
type AuditObject struct {
	Kind string `json:"kind,omitempty"`
	Name string `json:"name,omitempty"`
	ID   string `json:"id,omitempty"`
}

// An AuditHead says where the log begins and ends.
type AuditHead struct {
	First int64  // the oldest entry that is kept
	Base  []byte // the hash before it
	Last  int64  // 0: nothing was ever written
	Hash  []byte // of the last
	Seal  []byte
}

// AuditChain makes the hashes of the log with a key that the database does not have.
type AuditChain interface {
	Link(before []byte, e AuditEntry) []byte
	Seal(h AuditHead) []byte
}

const auditColumns = `id, at, who_kind, who_id, who_name, operation, object_kind, object_name, object_uid, address, result, times, before, after, request_id, hash`

func scanAudit(scan func(...any) error) (AuditEntry, error) {
	var (
		e             AuditEntry
		at            int64
		before, after string
	)
	err := scan(&e.ID, &at, &e.Who.Kind, &e.Who.ID, &e.Who.Name, &e.Operation, &e.Object.Kind, &e.Object.Name, &e.Object.ID, &e.From, &e.Result, &e.Times, &before, &after, &e.RequestID, &e.Hash)
	e.At = moment(at)
	if before != "" {
		e.Before = json.RawMessage(before)
	}
	if after != "" {
		e.After = json.RawMessage(after)
	}
	return e, err
}

// auditHead reads where the log begins and ends; an empty log begins at 1.
func (t tx) auditHead(ctx context.Context, lock bool) (AuditHead, error) {
	q := `SELECT first, base, last, hash, seal FROM audit_head WHERE id = 1`
	if lock && t.s.kind == onPostgres {
		q += ` FOR UPDATE`
	}
	var h AuditHead
	err := t.row(ctx, q).Scan(&h.First, &h.Base, &h.Last, &h.Hash, &h.Seal)
	if isNoRows(err) {
		return AuditHead{First: 1}, nil
	}
	return h, err
}

// AppendAudit adds entries to the end of the log, all or none, and gives them their number, time (if they have none) and hash. If the log's
// end is not as headrace left it, an entry that says so goes in first (operation audit.broken): the log must go on, and new seals must not
// hide what was done to it.
func (s *Store) AppendAudit(ctx context.Context, chain AuditChain, entries []AuditEntry) error {
	return s.inTx(ctx, func(t tx) error {
		h, sound, err := t.lockAudit(ctx, chain)
		if err != nil {
			return err
		}
		if !sound {
			e := AuditEntry{Who: AuditWho{Kind: "system"}, Operation: "audit.broken", Result: "audit_broken", Times: 1}
			if err := t.appendAudit(ctx, chain, &h, &e); err != nil {
				return err
			}
		}
		for i := range entries {
			if err := t.appendAudit(ctx, chain, &h, &entries[i]); err != nil {
				return err
			}
		}
		return t.setAuditHead(ctx, chain, h)
	})
}

func (t tx) appendAudit(ctx context.Context, chain AuditChain, h *AuditHead, e *AuditEntry) error {
	e.ID = h.Last + 1
	if e.At.IsZero() {
		e.At = t.s.now()
	}
	e.At = moment(micros(e.At))
	e.Hash = chain.Link(h.Hash, *e)
	h.Last, h.Hash = e.ID, e.Hash
	return t.exec(ctx, `INSERT INTO audit (`+auditColumns+`) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)`, e.ID, micros(e.At), e.Who.Kind, e.Who.ID, e.Who.Name, e.Operation,
		e.Object.Kind, e.Object.Name, e.Object.ID, e.From, e.Result, e.Times, string(e.Before), string(e.After), e.RequestID, e.Hash)
}

// lockAudit makes the transaction the only one that writes the log, and tells where it ends and whether headrace left it so. The
// first one seals an empty log.
func (t tx) lockAudit(ctx context.Context, chain AuditChain) (h AuditHead, sound bool, err error) {
	origin := make([]byte, 32) // stands where the hash before the first entry would
	empty := AuditHead{First: 1, Base: origin, Hash: origin}
	if err := t.exec(ctx, `INSERT INTO audit_head (id, first, base, last, hash, seal) VALUES (1,?,?,?,?,?) ON CONFLICT (id) DO NOTHING`,
		empty.First, empty.Base, empty.Last, empty.Hash, chain.Seal(empty)); err != nil {
		return h, false, err
	}
	if h, err = t.auditHead(ctx, true); err != nil {
		return h, false, err
	}
	var newest AuditHead
	err = t.row(ctx, `SELECT id, hash FROM audit ORDER BY id DESC LIMIT 1`).Scan(&newest.Last, &newest.Hash)
	if err != nil && !isNoRows(err) {
		return h, false, err
	}
	if newest.Last > h.Last { // numbers are never given twice
		h.Last, h.Hash = newest.Last, newest.Hash
		return h, false, nil
	}
	if newest.Last == 0 && h.Last >= h.First || newest.Last != 0 && newest.Last < h.Last {
		return h, false, nil
	}
	return h, bytes.Equal(h.Seal, chain.Seal(h)), nil
}

func (t tx) setAuditHead(ctx context.Context, chain AuditChain, h AuditHead) error {
	return t.exec(ctx, `UPDATE audit_head SET first = ?, base = ?, last = ?, hash = ?, seal = ? WHERE id = 1`, h.First, h.Base, h.Last, h.Hash, chain.Seal(h))
}

// AuditFilter picks entries; zero fields pick all.
type AuditFilter struct {
	Forward   bool   // the oldest first
	After     int64  // entries that come after this one: with smaller numbers, with Forward larger ones; 0: from the first
	Who       string // name or ID
	Operation string // whole ("source.pause") or its noun ("source")
	Object    string // name or ID
	Kind      string // of the object
	Result    string // "ok", "failed" (all that is not), or a code
	Since     time.Time
	Until     time.Time // not included
}

// auditNoun is a column with an index: the noun of an operation with its point.
const auditNoun = `rtrim(operation, 'abcdefghijklmnopqrstuvwxyz-')`

// where gives the conditions of a filter. The entries are read along one index, which all have their order: that of the first
// condition here that is an equality; the others are written so that no plan, without statistics, takes theirs.
func (s *Store) auditWhere(ctx context.Context, f AuditFilter) (*where, error) {
	w := &where{}
	led := false
	same := func(column, value string) {
		if led {
			column = `(` + column + ` || '')`
		}
		led = true
		w.and(column+` = ?`, value)
	}
	for _, pick := range []struct{ id, name, value string }{{`object_uid`, `object_name`, f.Object}, {`who_id`, `who_name`, f.Who}} {
		if pick.value == "" {
			continue
		}
		column, err := s.auditColumn(ctx, pick.id, pick.name, pick.value)
		if err != nil {
			return nil, err
		}
		same(column, pick.value)
	}
	switch {
	case strings.Contains(f.Operation, "."):
		same(`operation`, f.Operation)
	case f.Operation != "":
		same(auditNoun, f.Operation+".")
	}
	switch {
	case f.Result == "failed" && led:
		w.and(`(result || '') <> 'ok'`)
	case f.Result == "failed":
		led = true
		w.and(`result <> 'ok'`)
	case f.Result != "":
		same(`result`, f.Result)
	}
	if f.Kind != "" {
		same(`object_kind`, f.Kind)
	}
	switch {
	case f.After != 0 && f.Forward:
		w.and(`id > ?`, f.After)
	case f.After != 0:
		w.and(`id < ?`, f.After)
	}
	if !f.Since.IsZero() {
		w.and(`at >= ?`, micros(f.Since))
	}
	if !f.Until.IsZero() {
		w.and(`at < ?`, micros(f.Until))
	}
	return w, nil
}

// auditColumn gives the column that a value stands in which is an ID or a name: one that is an ID of anything is meant as such.
func (s *Store) auditColumn(ctx context.Context, id, name, value string) (string, error) {
	var n int
	err := s.reading().row(ctx, `SELECT count(*) FROM (SELECT 1 FROM audit WHERE `+id+` = ? LIMIT 1) found`, value).Scan(&n)
	if n > 0 {
		return id, s.trouble(err)
	}
	return name, s.trouble(err)
}

// Audit gives up to limit entries, the newest first (but see Forward).
func (s *Store) Audit(ctx context.Context, f AuditFilter, limit int) ([]AuditEntry, error) {
	all := []AuditEntry{}
	w, err := s.auditWhere(ctx, f)
	if err != nil {
		return nil, err
	}
	order := ` ORDER BY id DESC LIMIT ?`
	if f.Forward {
		order = ` ORDER BY id LIMIT ?`
	}
	err = s.reading().each(ctx, `SELECT `+auditColumns+` FROM audit`+w.String()+order, append(w.args, limit), func(scan func(...any) error) error {
		e, err := scanAudit(scan)
		all = append(all, e)
		return err
	})
	return all, s.trouble(err)
}

// VerifyAudit holds the whole log against its hashes, and gives where it begins and ends. What does not fit is Conflict (code audit_broken), and says where.
func (s *Store) VerifyAudit(ctx context.Context, chain AuditChain) (AuditHead, error) {
	var h AuditHead
	err := s.inSnapshot(ctx, func(t tx) error {
		var err error
		if h, err = t.auditHead(ctx, false); err != nil {
			return err
		}
		if h.Last == 0 && h.Seal == nil {
			return t.unbegun(ctx)
		}
		if !bytes.Equal(h.Seal, chain.Seal(h)) {
			return broken("its beginning and end were changed")
		}
		next, before := h.First, h.Base
		err = t.each(ctx, `SELECT `+auditColumns+` FROM audit ORDER BY id`, nil, func(scan func(...any) error) error {
			e, err := scanAudit(scan)
			switch {
			case err != nil:
				return err
			case e.ID != next && e.ID > next:
				return broken("entries %d to %d are gone", next, e.ID-1)
			case e.ID != next:
				return broken("entry %d is not headrace's", e.ID)
			case !bytes.Equal(e.Hash, chain.Link(before, e)):
				return broken("entry %d was changed", e.ID)
			}
			next, before = e.ID+1, e.Hash
			return nil
		})
		if err != nil {
			return err
		}
		if next != h.Last+1 || !bytes.Equal(before, h.Hash) {
			return broken("entries %d to %d are gone", next, h.Last)
		}
		return nil
	})
	return h, err
}

// unbegun looks at a log without a head: nothing was ever written, or the head was removed.
func (t tx) unbegun(ctx context.Context) error {
	var n int
	if err := t.row(ctx, `SELECT count(*) FROM (SELECT 1 FROM audit LIMIT 1) x`).Scan(&n); err != nil {
		return err
	}
	if n > 0 {
		return broken("the seal of its beginning and end is gone")
	}
	return nil
}

func broken(format string, args ...any) error {
	return &fault.Error{Class: fault.Conflict, Code: "audit_broken", Title: "the audit log was changed by something else than headrace: " + fmt.Sprintf(format, args...),
		Hint: "somebody wrote into the database, or a part of a backup was restored. Compare with an exported copy (headrace auditlog export) and with the database's own log"}
}

// TrimAudit forgets entries made before a time, from the old end on, and gives how many went.
func (s *Store) TrimAudit(ctx context.Context, chain AuditChain, before time.Time) (int64, error) {
	var total int64
	for {
		n, err := s.trimAudit(ctx, chain, before)
		if total += n; err != nil || n < sweepStep {
			return total, err
		}
	}
}

func (s *Store) trimAudit(ctx context.Context, chain AuditChain, before time.Time) (n int64, err error) {
	err = s.inTx(ctx, func(t tx) error {
		n = 0
		h, sound, err := t.lockAudit(ctx, chain)
		if err != nil || h.Last < h.First {
			return err
		}
		if !sound {
			return broken("its beginning and end were changed") // cutting would seal the damage
		}
		err = t.each(ctx, `SELECT id, hash FROM audit WHERE id >= ? AND id < ? AND at < ? ORDER BY id`, []any{h.First, h.First + sweepStep, micros(before)}, func(scan func(...any) error) error {
			var (
				id   int64
				hash []byte
			)
			if err := scan(&id, &hash); err != nil || id != h.First {
				return err // clocks may step back: what stands behind a younger entry stays with it
			}
			h.First, h.Base = id+1, hash
			n++
			return nil
		})
		if err != nil || n == 0 {
			return err
		}
		if err := t.exec(ctx, `DELETE FROM audit WHERE id < ?`, h.First); err != nil {
			return err
		}
		return t.setAuditHead(ctx, chain, h)
	})
	return n, err
}
