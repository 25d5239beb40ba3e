package vault_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/secret"
	"github.com/headrace/headrace/internal/vault"
	"github.com/headrace/headrace/internal/vault/hashicorp/hashicorptest"
	"github.com/headrace/headrace/internal/vault/vaulttest"
)

// rotate makes a new data key that seals from now on.
func rotate(t *testing.T, v *vault.Vault) (uint32, error) {
	t.Helper()
	id, err := v.AddDataKey(t.Context())
	if err != nil {
		return 0, err
	}
	return id, v.PromoteDataKey(t.Context(), id)
}

func TestRotateData(t *testing.T) {
	t.Parallel()
	store := &vaulttest.Memory{}
	v := open(t, store, vaulttest.Key("a"))
	old := seal(t, v, planted)
	first := v.DataKeys()[0].ID
	id, err := rotate(t, v)
	if err != nil {
		t.Fatal(err)
	}
	if all := v.DataKeys(); len(all) != 2 || all[1] != (vault.DataKey{ID: id, Primary: true}) || all[0] != (vault.DataKey{ID: first}) {
		t.Errorf("data keys %+v, want the old one and %08x as primary", all, id)
	}
	opens(t, v, old, planted)
	if !v.Stale(old) || v.Stale(seal(t, v, planted)) {
		t.Error("what the old key sealed is stale, what the new one sealed is not")
	}

	renewed, changed, err := v.Reseal(t.Context(), old, row)
	if err != nil || !changed || v.Stale(renewed) {
		t.Fatalf("Reseal = %v, %v", changed, err)
	}
	opens(t, v, renewed, planted)
	if _, changed, err := v.Reseal(t.Context(), renewed, row); changed || err != nil {
		t.Errorf("a second Reseal = %v, %v; want nothing to do", changed, err)
	}
	if _, _, err := v.Reseal(t.Context(), old, "another row"); fault.ClassOf(err) != fault.Denied {
		t.Errorf("Reseal of a moved secret = %v", err)
	}

	if err := v.RetireDataKey(t.Context(), id); fault.ClassOf(err) != fault.Invalid || err == nil {
		t.Errorf("retiring the primary = %v, want Invalid", err)
	}
	if err := v.RetireDataKey(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	opens(t, v, renewed, planted)
	_, err = v.Open(t.Context(), old, row)
	refused(t, err, fault.Denied, "secret_sealed", "and the keyset has")
}

// TestRotateDataOnNodes: add, wait for all, promote; and a node that missed it reads the keyset by itself.
func TestRotateDataOnNodes(t *testing.T) {
	t.Parallel()
	store := &vaulttest.Memory{}
	a, b := open(t, store, vaulttest.Key("a")), open(t, store, vaulttest.Key("a"))
	id, err := a.AddDataKey(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	before := seal(t, a, planted)
	if a.Revision() == b.Revision() || a.Stale(before) {
		t.Errorf("revisions %d and %d; an added key must show as a revision and not seal yet", a.Revision(), b.Revision())
	}
	if err := b.Reload(t.Context()); err != nil || a.Revision() != b.Revision() {
		t.Errorf("after Reload revisions %d and %d, %v", a.Revision(), b.Revision(), err)
	}
	if err := a.PromoteDataKey(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	opens(t, b, seal(t, a, planted), planted)

	if _, err := rotate(t, b); err != nil {
		t.Fatal(err)
	}
	opens(t, a, seal(t, b, planted), planted) // a was told nothing
	if a.Revision() != b.Revision() {
		t.Errorf("a has revision %d, want %d", a.Revision(), b.Revision())
	}
	if err := a.PromoteDataKey(t.Context(), 12345); fault.ClassOf(err) != fault.Invalid || err == nil {
		t.Errorf("promoting a key that is not there = %v", err)
	}
}

func TestASharedVaultSealsByTheKeyThatCounts(t *testing.T) {
	t.Parallel()
	store := &vaulttest.Memory{}
	a := open(t, store, vaulttest.Key("a"))
	b, err := vault.Open(t.Context(), vault.Options{Keysets: store, MasterKey: vaulttest.Key("a"), Shared: true})
	if err != nil {
		t.Fatal(err)
	}
	old := a.DataKeys()[0].ID
	if _, err := rotate(t, a); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second process was quicker: no error
		if err := a.RetireDataKey(t.Context(), old); err != nil {
			t.Fatal(err)
		}
	}
	opens(t, a, seal(t, b, planted), planted)
	if a.Revision() != b.Revision() {
		t.Errorf("revisions %d and %d", a.Revision(), b.Revision())
	}
}

// meddled is a store in which somebody else is quicker, once.
type meddled struct {
	*vaulttest.Memory
	quicker func()
}

func (m *meddled) SaveKeyset(ctx context.Context, wrapped []byte, meta string, revision int64) error {
	if quicker := m.quicker; quicker != nil {
		m.quicker = nil
		quicker()
	}
	return m.Memory.SaveKeyset(ctx, wrapped, meta, revision)
}

func TestRotationsAtOnceAllCount(t *testing.T) {
	t.Parallel()
	store := &meddled{Memory: &vaulttest.Memory{}}
	slow, quick := open(t, store, vaulttest.Key("a")), open(t, store.Memory, vaulttest.Key("a"))
	store.quicker = func() {
		if _, err := rotate(t, quick); err != nil {
			t.Error(err)
		}
	}
	if _, err := rotate(t, slow); err != nil {
		t.Fatal(err)
	}
	if n := len(open(t, store, vaulttest.Key("a")).DataKeys()); n != 3 {
		t.Errorf("%d data keys after two rotations, want 3", n)
	}
	opens(t, quick, seal(t, slow, planted), planted)
	opens(t, slow, seal(t, quick, planted), planted)
}

func TestRotateMaster(t *testing.T) {
	t.Parallel()
	store, dir := &vaulttest.Memory{}, t.TempDir()
	oldKey, newKey := filepath.Join(dir, "old.key"), filepath.Join(dir, "new.key")
	v := open(t, store, file(oldKey))
	other := open(t, store, file(oldKey))
	sealed, was := seal(t, v, planted), v.Master().ID

	refused(t, v.RotateMaster(t.Context(), file(oldKey)), fault.Invalid, "same_master_key", was, oldKey)
	if err := v.RotateMaster(t.Context(), file(newKey)); err != nil {
		t.Fatal(err)
	}
	if v.KeyFile() != newKey || v.Master().ID == was {
		t.Errorf("the master key is %+v in %s, want the new one", v.Master(), v.KeyFile())
	}
	opens(t, v, sealed, planted)
	opens(t, open(t, store, file(newKey)), sealed, planted)
	_, err := vault.Open(t.Context(), vault.Options{Keysets: store, MasterKey: file(oldKey), AllowCreate: true})
	refused(t, err, fault.Invalid, "wrong_master_key", was, v.Master().ID, newKey)
	if _, err := os.Stat(oldKey); err != nil {
		t.Errorf("the old key file must stay, older backups need it: %v", err)
	}

	// A node with the old key goes on, and says what it needs when it must read the keyset.
	opens(t, other, sealed, planted)
	if _, err := rotate(t, v); err != nil {
		t.Fatal(err)
	}
	_, err = other.Open(t.Context(), seal(t, v, planted), row)
	refused(t, err, fault.Denied, "secret_sealed", v.Master().ID, was, newKey)
}

func TestRotateMasterToHashiCorpVaultAndWithinIt(t *testing.T) {
	t.Parallel()
	server, store := hashicorptest.Start(t), &vaulttest.Memory{}
	v, err := vault.Open(t.Context(), vault.Options{Keysets: store, MasterKey: vaulttest.Key("a"), AllowCreate: true, Getenv: server.Getenv})
	if err != nil {
		t.Fatal(err)
	}
	sealed := seal(t, v, planted)
	transit := secret.New("hashivault://headrace")
	server.Denied = true
	refused(t, v.RotateMaster(t.Context(), transit), fault.Denied, "vault_refused", "transit key headrace")
	if v.Master().ID == "transit/headrace" || store.Revision != 1 {
		t.Error("a rotation that failed changed something")
	}
	server.Lock()
	server.Denied = false
	server.Unlock()
	for range 2 { // the second time wraps under the key's newest version
		if err := v.RotateMaster(t.Context(), transit); err != nil {
			t.Fatal(err)
		}
	}
	opens(t, v, sealed, planted)
	if v.Master().ID != "transit/headrace" || v.KeyFile() != "" {
		t.Errorf("master %+v", v.Master())
	}
}
