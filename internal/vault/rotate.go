package vault

import (
	"context"
	"fmt"
	"slices"

	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/secret"
	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/keyset"
)

// A DataKey is one key of the keyset.
type DataKey struct {
	ID      uint32
	Primary bool // it seals; all others only open
}

// DataKeys lists the keyset's keys, oldest first.
func (v *Vault) DataKeys() []DataKey {
	k := v.current.Load()
	primary := k.primary()
	var all []DataKey
	for _, id := range k.keyIDs() {
		all = append(all, DataKey{ID: id, Primary: id == primary})
	}
	return all
}

func (k *keys) keyIDs() []uint32 {
	var ids []uint32
	for _, info := range k.data.KeysetInfo().GetKeyInfo() {
		ids = append(ids, info.GetKeyId())
	}
	return ids
}

func (k *keys) primary() uint32 { return k.data.KeysetInfo().GetPrimaryKeyId() }

// Reload reads the keyset again if another process changed it. If that one changed the master key, the error is Invalid
// (wrong_master_key), and this process goes on with the keys it has.
func (v *Vault) Reload(ctx context.Context) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.reload(ctx)
}

func (v *Vault) reload(ctx context.Context) error {
	blob, meta, revision, err := v.keysets.LoadKeyset(ctx)
	if err != nil {
		return fmt.Errorf("load the vault's keyset: %w", err)
	}
	switch has := v.current.Load().revision; {
	case revision == has:
		return nil
	case revision < has:
		return fault.New(fault.Invalid, "the stored keyset has revision %d, this process has %d already", revision, has).WithCode("keyset_older").
			WithHint("The database was replaced by an older one while headrace ran. Restart it.")
	}
	return v.use(ctx, blob, meta, revision)
}

// AddDataKey adds a data key that opens but does not seal yet, the first step of a rotation on several nodes: add,
// wait until all report the new Revision, promote.
func (v *Vault) AddDataKey(ctx context.Context) (id uint32, err error) {
	err = v.change(ctx, func(m *keyset.Manager) error {
		id, err = m.Add(aead.AES256GCMKeyTemplate())
		return err
	})
	return id, err
}

// PromoteDataKey makes a data key the one that seals.
func (v *Vault) PromoteDataKey(ctx context.Context, id uint32) error {
	return v.change(ctx, func(m *keyset.Manager) error { return m.SetPrimary(id) })
}

// RetireDataKey removes a data key for good. What it sealed and was not resealed before can never be opened again. The primary can't
// be retired. One that is gone already is no error: another process was quicker.
func (v *Vault) RetireDataKey(ctx context.Context, id uint32) error {
	err := v.change(ctx, func(m *keyset.Manager) error { return m.Delete(id) })
	if err != nil && !slices.Contains(v.current.Load().keyIDs(), id) {
		return nil
	}
	return err
}

// change stores the keyset with a change. If another process changed it meanwhile, the change is made on that one.
func (v *Vault) change(ctx context.Context, fn func(*keyset.Manager) error) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	const tries = 5
	for try := 1; ; try++ {
		if err := v.reload(ctx); err != nil {
			return err
		}
		k := v.current.Load()
		manager := keyset.NewManagerFromHandle(k.data)
		if err := fn(manager); err != nil {
			return fault.New(fault.Invalid, "change the keyset: %w", err)
		}
		data, err := manager.Handle()
		if err != nil {
			return fault.New(fault.Internal, "change the keyset: %w", err)
		}
		next, err := assemble(data, k.hash)
		if err != nil {
			return err
		}
		err = v.save(ctx, next, v.master, k.revision)
		if fault.ClassOf(err) != fault.Conflict || try == tries {
			return err
		}
	}
}

// Stale tells whether something was sealed by another data key than the one that seals now, so that Reseal is due.
func (v *Vault) Stale(sealed []byte) bool {
	id, err := keyOf(sealed)
	return err == nil && id != v.current.Load().primary()
}

// Reseal seals by the present data key what an older one sealed. changed is false, and the bytes are the same, if it
// is not due.
func (v *Vault) Reseal(ctx context.Context, sealed []byte, belongsTo string) (out []byte, changed bool, err error) {
	if !v.Stale(sealed) {
		return sealed, false, nil
	}
	text, err := v.Open(ctx, sealed, belongsTo)
	if err != nil {
		return nil, false, err
	}
	out, err = v.Seal(ctx, text, belongsTo)
	return out, err == nil, err
}

// RotateMaster wraps the keyset under another master key (see Options.MasterKey); a key file that is not there yet is
// made. No sealed secret changes. Other processes go on with the keys they have, and need the new URL when they start again. The old key is left
// where it is: backups of the database made before still need it. With the URL of a hashivault key that is in use, the keyset is wrapped by that key's newest version.
func (v *Vault) RotateMaster(ctx context.Context, masterKey secret.Text) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if err := v.reload(ctx); err != nil {
		return err
	}
	next, err := openMaster(masterKey, true, v.options)
	if err != nil {
		return err
	}
	if next.local && next.ID == v.master.ID {
		next.close()
		return fault.New(fault.Invalid, "%s is master key %s, which is in use already", next.At, next.ID).WithCode("same_master_key").
			WithHint("Name a file that does not exist yet: file:///PATH/NEW.key. A new key is made in it.")
	}
	k := *v.current.Load()
	if err := v.save(ctx, &k, next, k.revision); err != nil {
		next.close()
		return err
	}
	v.master.close()
	v.master = next
	return nil
}
