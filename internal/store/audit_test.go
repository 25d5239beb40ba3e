package store_test

import (
	"crypto/sha256"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/store"
	"github.com/headrace/headrace/internal/store/storetest"
)

// chain is a chain whose key the test knows.
type chain struct{ key string }

func (c chain) Link(before []byte, e store.AuditEntry) []byte {
	e.Hash = nil
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %x %+v", c.key, before, e))
	return sum[:]
}

func (c chain) Seal(h store.AuditHead) []byte {
	h.Seal = nil
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %d %x %d %x", c.key, h.First, h.Base, h.Last, h.Hash))
	return sum[:]
}

func (w *world) audit(operation, who, object string) {
	w.t.Helper()
	e := store.AuditEntry{Who: store.AuditWho{Kind: "user", Name: who}, Operation: operation, Object: store.AuditObject{Kind: "source", Name: object}, Result: "ok", Times: 1, After: []byte(`{"a":1}`)}
	w.ok(w.s.AppendAudit(w.ctx(), chain{"k"}, []store.AuditEntry{e}))
	w.clock.Add(time.Minute)
}

func TestAuditIsListedNewestFirst(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		start := w.clock.Now()
		w.audit("source.add", "alice", "s1")
		w.audit("source.pause", "bob", "s1")
		w.audit("sourcery.add", "bob", "s2")
		w.ok(w.s.AppendAudit(w.ctx(), chain{"k"}, []store.AuditEntry{{Operation: "session.add", Result: "denied", Times: 1}, {Operation: "credential.use", Result: "ok", Times: 7}}))
		for _, c := range []struct {
			filter store.AuditFilter
			limit  int
			want   string
		}{
			{store.AuditFilter{}, 10, "[5 4 3 2 1]"},
			{store.AuditFilter{}, 2, "[5 4]"},
			{store.AuditFilter{After: 4}, 2, "[3 2]"},
			{store.AuditFilter{After: 2, Forward: true}, 2, "[3 4]"},
			{store.AuditFilter{Who: "bob"}, 10, "[3 2]"},
			{store.AuditFilter{Operation: "source"}, 10, "[2 1]"},
			{store.AuditFilter{Operation: "source.add"}, 10, "[1]"},
			{store.AuditFilter{Object: "s1", Who: "alice"}, 10, "[1]"},
			{store.AuditFilter{Kind: "source"}, 10, "[3 2 1]"},
			{store.AuditFilter{Result: "failed"}, 10, "[4]"},
			{store.AuditFilter{Result: "denied"}, 10, "[4]"},
			{store.AuditFilter{Since: start.Add(time.Minute), Until: start.Add(2 * time.Minute)}, 10, "[2]"},
			{store.AuditFilter{Who: "' OR 1=1 --"}, 10, "[]"},
		} {
			all, err := w.s.Audit(w.ctx(), c.filter, c.limit)
			w.ok(err)
			ids := []int64{}
			for _, e := range all {
				ids = append(ids, e.ID)
			}
			if fmt.Sprint(ids) != c.want {
				t.Errorf("%+v: %v, want %s", c.filter, ids, c.want)
			}
		}
		h, err := w.s.VerifyAudit(w.ctx(), chain{"k"})
		w.ok(err)
		if h.First != 1 || h.Last != 5 {
			t.Errorf("verified %+v", h)
		}
		_, err = w.s.VerifyAudit(w.ctx(), chain{"another key"})
		w.code(err, "audit_broken")
	})
}

func TestWhoWritesIntoTheAuditLogIsFoundOut(t *testing.T) {
	for name, c := range map[string]struct {
		do   []string
		says string
	}{
		"an entry changed":                  {[]string{`UPDATE audit SET who_name = 'bob' WHERE id = 2`}, "entry 2 was changed"},
		"a moment later":                    {[]string{`UPDATE audit SET at = at + 1 WHERE id = 2`}, "entry 2 was changed"},
		"what it was after changed":         {[]string{`UPDATE audit SET after = '{"a":2}' WHERE id = 4`}, "entry 4 was changed"},
		"one removed":                       {[]string{`DELETE FROM audit WHERE id = 2`}, "entries 2 to 2 are gone"},
		"the newest removed":                {[]string{`DELETE FROM audit WHERE id >= 3`}, "entries 3 to 4 are gone"},
		"the oldest removed":                {[]string{`DELETE FROM audit WHERE id <= 2`}, "entries 1 to 2 are gone"},
		"all removed":                       {[]string{`DELETE FROM audit`}, "entries 1 to 4 are gone"},
		"the newest removed, and the end":   {[]string{`DELETE FROM audit WHERE id >= 3`, `UPDATE audit_head SET last = 2, hash = (SELECT hash FROM audit WHERE id = 2)`}, "beginning and end were changed"},
		"the oldest removed, and the start": {[]string{`UPDATE audit_head SET first = 2, base = (SELECT hash FROM audit WHERE id = 1)`, `DELETE FROM audit WHERE id < 2`}, "beginning and end were changed"},
		"the end removed":                   {[]string{`DELETE FROM audit_head`}, "the seal of its beginning and end is gone"},
		"one added": {[]string{`INSERT INTO audit (id, at, who_kind, who_id, who_name, operation, object_kind, object_name, object_uid, address, result, times, before, after, request_id, hash)
			SELECT 5, at, who_kind, who_id, who_name, operation, object_kind, object_name, object_uid, address, result, times, before, after, request_id, hash FROM audit WHERE id = 4`}, "entry 5 was changed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			storetest.EachDatabase(t, func(t *testing.T, d *storetest.Database) {
				w, db := newWorld(t, d), raw(t, d)
				for range 4 {
					w.audit("source.pause", "alice", "s")
				}
				_, err := w.s.VerifyAudit(w.ctx(), chain{"k"})
				w.ok(err)
				for _, q := range c.do {
					if _, err := db.ExecContext(w.ctx(), q); err != nil {
						t.Fatal(err)
					}
				}
				_, err = w.s.VerifyAudit(w.ctx(), chain{"k"})
				w.code(err, "audit_broken")
				wantHint(t, err, c.says)
				w.audit("source.resume", "alice", "s") // the log goes on, and the new seal hides nothing
				_, err = w.s.VerifyAudit(w.ctx(), chain{"k"})
				told, listErr := w.s.Audit(w.ctx(), store.AuditFilter{Operation: "audit.broken"}, 1)
				w.ok(listErr)
				if err == nil && len(told) == 0 {
					t.Error("after the next entry nothing tells of it")
				}
			})
		})
	}
}

func TestOldAuditIsTrimmedFromItsEnd(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		n, err := w.s.TrimAudit(w.ctx(), chain{"k"}, w.clock.Now())
		w.ok(err)
		if n != 0 {
			t.Errorf("%d entries of an empty log", n)
		}
		var middle time.Time
		for i := range 10 {
			if i == 6 {
				middle = w.clock.Now()
			}
			w.audit("source.pause", "alice", "s")
		}
		n, err = w.s.TrimAudit(w.ctx(), chain{"k"}, middle)
		w.ok(err)
		h, err := w.s.VerifyAudit(w.ctx(), chain{"k"})
		w.ok(err)
		if n != 6 || h.First != 7 || h.Last != 10 {
			t.Errorf("%d trimmed, now %d to %d", n, h.First, h.Last)
		}
		_, err = w.s.TrimAudit(w.ctx(), chain{"k"}, w.clock.Now())
		w.ok(err)
		w.audit("source.pause", "alice", "s")
		h, err = w.s.VerifyAudit(w.ctx(), chain{"k"})
		w.ok(err)
		if h.First != 11 || h.Last != 11 {
			t.Errorf("after everything was trimmed it goes on as %+v", h)
		}
	})
}

func TestManyWritersOfOneAuditLog(t *testing.T) {
	t.Parallel()
	storetest.EachDatabase(t, func(t *testing.T, d *storetest.Database) {
		stores := []*store.Store{d.Open(t)}
		if d.Shared {
			stores = append(stores, d.Open(t))
		}
		var wg sync.WaitGroup
		for i := range 40 {
			wg.Go(func() {
				if err := stores[i%len(stores)].AppendAudit(t.Context(), chain{"k"}, []store.AuditEntry{{Operation: "x", Result: "ok", Times: 1}, {Operation: "y", Result: "ok", Times: 1}}); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if h, err := stores[0].VerifyAudit(t.Context(), chain{"k"}); err != nil || h.Last != 80 {
			t.Errorf("%+v, %v", h, err)
		}
	})
}

func TestASecretThatIsKeptOnce(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		sealed := func(text string) func() ([]byte, error) { return func() ([]byte, error) { return []byte(text), nil } }
		one, err := w.s.KeepSecret(w.ctx(), "audit", sealed("1"))
		w.ok(err)
		two, err := w.s.KeepSecret(w.ctx(), "audit", sealed("2"))
		w.ok(err)
		if string(one.Sealed) != "1" || string(two.Sealed) != "1" {
			t.Errorf("%s, %s", one.Sealed, two.Sealed)
		}
		if _, err := w.s.KeepSecret(w.ctx(), "b", func() ([]byte, error) { return nil, fault.New(fault.Denied, "x") }); fault.ClassOf(err) != fault.Denied {
			t.Error(err)
		}
	})
}
