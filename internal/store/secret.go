package store

import (
	"context"
	"time"

	"github.com/headrace/headrace/internal/fault"
)

// A Secret is a sealed secret of one object. Only the vault can open it.
type Secret struct {
	Owner       string // the object's UID; the vault binds the sealed bytes to it
	Sealed      []byte
	Fingerprint string // the last 4 hex digits of a keyed hash, for showing
	Set         time.Time
}

// SealedSecret gives an object's secret; NotFound if it has none.
func (s *Store) SealedSecret(ctx context.Context, uid string) (Secret, error) {
	sec := Secret{Owner: uid}
	var set int64
	err := s.reading().row(ctx, `SELECT sealed, fingerprint, set_at FROM secret WHERE owner = ?`, uid).Scan(&sec.Sealed, &sec.Fingerprint, &set)
	if isNoRows(err) {
		return Secret{}, &fault.Error{Class: fault.NotFound, Code: "no_secret", Title: "no secret is stored for " + uid}
	}
	sec.Set = moment(set)
	return sec, s.trouble(err)
}

// SealedSecrets gives all of them, for a rotation of keys.
func (s *Store) SealedSecrets(ctx context.Context) ([]Secret, error) {
	var all []Secret
	err := s.reading().each(ctx, `SELECT owner, sealed, fingerprint, set_at FROM secret ORDER BY owner`, nil, func(scan func(...any) error) error {
		var (
			sec Secret
			set int64
		)
		err := scan(&sec.Owner, &sec.Sealed, &sec.Fingerprint, &set)
		sec.Set = moment(set)
		all = append(all, sec)
		return err
	})
	return all, s.trouble(err)
}

// Reseal replaces the sealed bytes of a secret whose text did not change. Nothing happens if it was changed meanwhile.
func (s *Store) Reseal(ctx context.Context, old Secret, sealed []byte) error {
	return s.inTx(ctx, func(t tx) error {
		return t.exec(ctx, `UPDATE secret SET sealed = ? WHERE owner = ? AND set_at = ?`, sealed, old.Owner, micros(old.Set))
	})
}

// putSecret stores what seal gives; a nil seal keeps what is there, a nil Secret removes it.
func (t tx) putSecret(ctx context.Context, uid string, seal func(uid string) (*Secret, error)) error {
	if seal == nil {
		return nil
	}
	sec, err := seal(uid)
	if err != nil {
		return err
	}
	if sec == nil {
		return t.exec(ctx, `DELETE FROM secret WHERE owner = ?`, uid)
	}
	return t.exec(ctx, `INSERT INTO secret (owner, sealed, fingerprint, set_at) VALUES (?,?,?,?)
		ON CONFLICT (owner) DO UPDATE SET sealed = excluded.sealed, fingerprint = excluded.fingerprint, set_at = excluded.set_at`,
		uid, sec.Sealed, sec.Fingerprint, micros(t.s.now()))
}

// KeepSecret stores what seal gives for an owner that is no object, unless it has a secret already, and gives the one that is there.
func (s *Store) KeepSecret(ctx context.Context, owner string, seal func() ([]byte, error)) (Secret, error) {
	found, err := s.SealedSecret(ctx, owner)
	if fault.ClassOf(err) != fault.NotFound {
		return found, err
	}
	sealed, err := seal()
	if err != nil {
		return Secret{}, err
	}
	if err := s.inTx(ctx, func(t tx) error {
		return t.exec(ctx, `INSERT INTO secret (owner, sealed, fingerprint, set_at) VALUES (?,?,'',?) ON CONFLICT (owner) DO NOTHING`, owner, sealed, micros(s.now()))
	}); err != nil {
		return Secret{}, err
	}
	return s.SealedSecret(ctx, owner)
}

// LoadKeyset gives the wrapped keyset of the vault, with what names its master key; revision 0: there is none yet.
func (s *Store) LoadKeyset(ctx context.Context) (wrapped []byte, meta string, revision int64, err error) {
	err = s.reading().row(ctx, `SELECT wrapped, meta, revision FROM keyset WHERE id = 1`).Scan(&wrapped, &meta, &revision)
	if isNoRows(err) {
		return nil, "", 0, nil
	}
	return wrapped, meta, revision, s.trouble(err)
}

// SaveKeyset replaces the wrapped keyset if its revision still is the given one (0: none yet). Conflict if not.
func (s *Store) SaveKeyset(ctx context.Context, wrapped []byte, meta string, revision int64) error {
	return s.inTx(ctx, func(t tx) error {
		q := `UPDATE keyset SET wrapped = ?, meta = ?, revision = revision + 1 WHERE id = 1 AND revision = ?`
		if revision == 0 {
			q, revision = `INSERT INTO keyset (id, wrapped, meta, revision) VALUES (1, ?, ?, ?) ON CONFLICT (id) DO NOTHING`, 1
		}
		n, err := t.changed(ctx, q, wrapped, meta, revision)
		if err == nil && n == 0 {
			err = &fault.Error{Class: fault.Conflict, Code: "keyset_changed", Title: "the vault's keyset was changed by another process"}
		}
		return err
	})
}
