// Package audit is the log of who changed what: appended to, never changed, cut only at its old end. Each entry's hash is over
// the entry and the hash before it, made with a key that the vault seals: who can write into the database but has not the master key
// can't make an entry, or take one away, without Verify telling. Start at Log.
package audit

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/headrace/headrace/internal/account"
	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/secret"
	"github.com/headrace/headrace/internal/store"
	"github.com/headrace/headrace/internal/telemetry"
)

// What the log is made of; the store keeps it.
type (
	// An Entry is one thing that was done, or tried. Whoever records it fills what it knows; number, time and hash are given.
	Entry = store.AuditEntry
	// Who did it.
	Who = store.AuditWho
	// Object is what it was done to.
	Object = store.AuditObject
	// A Filter picks entries.
	Filter = store.AuditFilter
)

// OK is the result of what was done; of what was not, the error's code (Result).
const OK = "ok"

// System is the kind of who did it when headrace did by itself.
const System = "system"

// A Recorder takes entries; a Log is one.
type Recorder interface {
	Record(ctx context.Context, e Entry) error
}

// Result is an error as it stands in an entry: its code, or its class if it has none. Nil is OK.
func Result(err error) string {
	if err == nil {
		return OK
	}
	if e, ok := fault.As(err); ok && e.Code != "" {
		return e.Code
	}
	return fault.ClassOf(err).String()
}

// A Vault seals the key of the hashes.
type Vault interface {
	Seal(ctx context.Context, text secret.Text, belongsTo string) ([]byte, error)
	Open(ctx context.Context, sealed []byte, belongsTo string) (secret.Text, error)
}

// Where the key of the hashes stands among the sealed secrets, and what it is sealed to.
const (
	KeyOwner = "audit"
	KeyPlace = "audit/chain"
)

// Options are what a log is opened with.
type Options struct {
	Store *store.Store
	Vault Vault
	Keep  time.Duration // how long entries are kept; 0: for ever
	Log   *slog.Logger
}

// DefaultKeep is how long entries are kept unless something else is set: a year and a day.
const DefaultKeep = 366 * 24 * time.Hour

// A Log is the audit log of one database. It is safe for concurrent use.
type Log struct {
	o Options

	mu   sync.Mutex
	key  []byte
	sums map[sumKey]*sum
}

// New makes the log. Its key is made or opened when it is needed first.
func New(o Options) *Log {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Log{o: o, sums: map[sumKey]*sum{}}
}

// Record appends an entry. Who and From are taken from the context if the entry does not say them; what looks like a secret in
// Before and After is hidden. The entry is durable when Record returns; it is also logged, so that a copy stands outside the database.
func (l *Log) Record(ctx context.Context, e Entry) error {
	chain, err := l.chain(ctx)
	if err != nil {
		return err
	}
	one := []Entry{l.complete(ctx, e)}
	if err := l.o.Store.AppendAudit(ctx, chain, one); err != nil {
		return fmt.Errorf("write the audit log: %w", err)
	}
	e = one[0]
	l.o.Log.InfoContext(ctx, "audit", "entry", e.ID, telemetry.Op, e.Operation, "who", e.Who.Kind+" "+e.Who.Name, "object", e.Object.Kind+" "+e.Object.Name,
		telemetry.Address, e.From, "result", e.Result, telemetry.RequestID, e.RequestID)
	return nil
}

// complete fills what the context knows and makes the entry fit to be kept.
func (l *Log) complete(ctx context.Context, e Entry) Entry {
	if who, ok := account.Of(ctx); ok && e.Who == (Who{}) {
		e.Who = Who{Kind: who.Kind, ID: who.ID, Name: who.Name}
	}
	if who, ok := account.Of(ctx); ok && e.From == "" {
		e.From = who.From
	}
	if e.Result == "" {
		e.Result = OK
	}
	e.Times = max(e.Times, 1)
	for _, text := range []*string{&e.Who.Kind, &e.Who.ID, &e.Who.Name, &e.Operation, &e.Object.Kind, &e.Object.Name, &e.Object.ID, &e.From, &e.Result, &e.RequestID} {
		*text = line(*text)
	}
	e.Before, e.After = scrub(e.Before), scrub(e.After)
	return e
}

// List gives up to limit entries.
func (l *Log) List(ctx context.Context, f Filter, limit int) ([]Entry, error) {
	return l.o.Store.Audit(ctx, f, limit)
}

// exportStep is how many entries are read at once, so that a slow reader holds no connection of the database.
const exportStep = 500

// Export gives all entries that the filter picks to each, the oldest first.
func (l *Log) Export(ctx context.Context, f Filter, each func(Entry) error) error {
	f.Forward = true
	for {
		page, err := l.o.Store.Audit(ctx, f, exportStep)
		if err != nil {
			return err
		}
		for _, e := range page {
			if err := each(e); err != nil {
				return err
			}
			f.After = e.ID
		}
		if len(page) < exportStep {
			return nil
		}
	}
}

// A Verified log is as headrace left it.
type Verified struct {
	First   int64  `json:"first"` // the oldest entry that is kept
	Last    int64  `json:"last"`
	Entries int64  `json:"entries"`
	Hash    string `json:"hash"` // of the last entry: who notes number and hash elsewhere can later tell that nothing before was changed
}

// Verify holds the whole log against its hashes. Conflict (code audit_broken) says where something else wrote into it.
func (l *Log) Verify(ctx context.Context) (Verified, error) {
	chain, err := l.chain(ctx)
	if err != nil {
		return Verified{}, err
	}
	h, err := l.o.Store.VerifyAudit(ctx, chain)
	if err != nil {
		return Verified{}, err
	}
	return Verified{First: h.First, Last: h.Last, Entries: h.Last - h.First + 1, Hash: base64.RawURLEncoding.EncodeToString(h.Hash)}, nil
}

// Trim forgets what is older than it is to be kept, and gives how many entries went.
func (l *Log) Trim(ctx context.Context) (int64, error) {
	if l.o.Keep == 0 {
		return 0, nil
	}
	chain, err := l.chain(ctx)
	if err != nil {
		return 0, err
	}
	return l.o.Store.TrimAudit(ctx, chain, l.o.Store.Now().Add(-l.o.Keep))
}

// chain gives what makes the hashes; the first one ever makes the key.
func (l *Log) chain(ctx context.Context) (chain, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.key != nil {
		return l.key, nil
	}
	kept, err := l.o.Store.KeepSecret(ctx, KeyOwner, func() ([]byte, error) {
		raw := make([]byte, sha256.Size)
		_, _ = rand.Read(raw)
		return l.o.Vault.Seal(ctx, secret.New(base64.StdEncoding.EncodeToString(raw)), KeyPlace)
	})
	if err != nil {
		return nil, fmt.Errorf("find the audit log's key: %w", err)
	}
	text, err := l.o.Vault.Open(ctx, kept.Sealed, KeyPlace)
	if err != nil {
		return nil, fmt.Errorf("open the audit log's key: %w", err)
	}
	if l.key, err = base64.StdEncoding.DecodeString(text.Reveal()); err != nil {
		return nil, fault.New(fault.Internal, "the audit log's key is damaged")
	}
	return l.key, nil
}

// chain makes hashes with a key.
type chain []byte

// Link is an entry's hash: HMAC-SHA256 over the hash before and all fields, each behind its length.
func (c chain) Link(before []byte, e Entry) []byte {
	return c.sum("entry", before, number(e.ID), number(e.At.UnixMicro()), []byte(e.Who.Kind), []byte(e.Who.ID), []byte(e.Who.Name), []byte(e.Operation),
		[]byte(e.Object.Kind), []byte(e.Object.Name), []byte(e.Object.ID), []byte(e.From), []byte(e.Result), number(e.Times), e.Before, e.After, []byte(e.RequestID))
}

// Seal is over where the log begins and ends.
func (c chain) Seal(h store.AuditHead) []byte {
	return c.sum("head", number(h.First), h.Base, number(h.Last), h.Hash)
}

func (c chain) sum(what string, parts ...[]byte) []byte {
	mac := hmac.New(sha256.New, c)
	for _, p := range append([][]byte{[]byte(what)}, parts...) {
		mac.Write(number(int64(len(p))))
		mac.Write(p)
	}
	return mac.Sum(nil)
}

func number(n int64) []byte { return binary.BigEndian.AppendUint64(nil, uint64(n)) }
