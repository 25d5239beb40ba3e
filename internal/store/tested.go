package store

import (
	"context"
	"encoding/json"
	"time"
)

// A Tested is how the last test of an object ended.
type Tested struct {
	At     time.Time       // zero: it was not tested since its spec or secret changed
	OK     bool            // nothing needs to be done
	Result json.RawMessage // its kind's service understands it
}

// SaveTest remembers how the last test of an object ended. Nothing happens if the object was changed or removed since o was
// read: the test was of what it was then.
func (s *Store) SaveTest(ctx context.Context, o Object, ok bool, result json.RawMessage) error {
	return s.inTx(ctx, func(t tx) error {
		t.tell(o.Kind, o.ID)
		return t.exec(ctx, `INSERT INTO tested (object_id, at, ok, result) SELECT id, CAST(? AS BIGINT), CAST(? AS BIGINT), ? FROM object WHERE id = ? AND revision = ?
			ON CONFLICT (object_id) DO UPDATE SET at = excluded.at, ok = excluded.ok, result = excluded.result`, micros(s.now()), flag(ok), string(result), o.ID, o.Revision)
	})
}

// LastTest gives how the last test of an object ended.
func (s *Store) LastTest(ctx context.Context, id int64) (Tested, error) {
	var (
		at, ok int64
		result string
	)
	err := s.reading().row(ctx, `SELECT at, ok, result FROM tested WHERE object_id = ?`, id).Scan(&at, &ok, &result)
	if isNoRows(err) {
		return Tested{}, nil
	}
	return Tested{At: moment(at), OK: ok != 0, Result: json.RawMessage(result)}, s.trouble(err)
}

// forgetTest drops the result of a test of what an object no longer is.
func (t tx) forgetTest(ctx context.Context, o Object, secretToo bool) error {
	return t.exec(ctx, `DELETE FROM tested WHERE object_id = ? AND (? = 1 OR EXISTS (SELECT 1 FROM object WHERE id = ? AND spec <> ?))`,
		o.ID, flag(secretToo), o.ID, string(o.Spec))
}

// SetTenant says which tenant a credential is of, after its domain was resolved: for itself and for all that uses it. Turns go round by
// it from then on. The credential's revision rises, so that what was opened with it is opened anew.
func (s *Store) SetTenant(ctx context.Context, credential int64, tenant string) error {
	return s.inTx(ctx, func(t tx) error {
		n, err := t.changed(ctx, `UPDATE object SET tenant = ?, revision = revision + 1 WHERE id = ? AND kind = 'credential' AND tenant <> ?`, tenant, credential, tenant)
		if err != nil || n == 0 {
			return err
		}
		for _, q := range []string{
			`UPDATE object SET tenant = ? WHERE credential = ? AND kind IN ('source', 'destination')`,
			`UPDATE object SET tenant = ? WHERE kind = 'flow' AND source IN (SELECT id FROM object WHERE kind = 'source' AND credential = ?)`,
			`UPDATE listing SET tenant = ? WHERE source_id IN (SELECT id FROM object WHERE kind = 'source' AND credential = ?)`,
			`UPDATE lane SET tenant = ? WHERE flow_id IN (SELECT f.id FROM object f JOIN object s ON s.id = f.source WHERE f.kind = 'flow' AND s.credential = ?)`,
		} {
			if err := t.exec(ctx, q, tenant, credential); err != nil {
				return err
			}
		}
		return nil
	})
}
