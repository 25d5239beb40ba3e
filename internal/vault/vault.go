// Package vault seals secrets for the database and opens them again.
//
// Secrets are sealed by data keys, which stand in a keyset in the database, wrapped by a master key that lies elsewhere: in
// a key file beside the data folder or in HashiCorp Vault. A sealed secret is bound to what it belongs to and does not open anywhere
// else. Package reference follows secrets that stay where they are (env:, file:, vault:). Start at Open and at Vault.
package vault

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/secret"
)

// Options are what a vault is opened with.
type Options struct {
	Keysets KeysetStore
	// MasterKey is the master key's URL: file://PATH (a relative path is the working directory's), hashivault://KEY[?engine=PATH]
	// with VAULT_ADDR and VAULT_TOKEN, or base64key://KEY. It is a secret because the last one holds the key itself.
	MasterKey secret.Text
	// AllowCreate lets Open make what is not there yet: the keyset, and the key file of file://. Over an existing
	// keyset nothing is ever made.
	AllowCreate bool
	// Shared: other processes may change the keyset. It is looked at before anything is sealed, so that nothing is sealed by a
	// key that was retired.
	Shared bool
	// Timeout bounds each call of a remote master key; 0: 15 s.
	Timeout time.Duration
	// Getenv reads the environment of hashivault; nil: the process's.
	Getenv func(string) string
}

// A Vault seals and opens. It is safe for concurrent use. It needs the master key only when the keyset is read or
// written, so a HashiCorp Vault that is down stops nothing that runs.
type Vault struct {
	keysets KeysetStore
	options Options
	made    bool

	current atomic.Pointer[keys]

	mu     sync.Mutex // held while the keyset is read or written
	master *master
}

// Open opens the keyset with the master key, or makes both where that is allowed (see Made).
//
// What a person must set right is Invalid, with a code: master_key_url, key_file, key_file_mode, master_key_missing (a keyset is there but its
// key file is not), wrong_master_key, no_keyset (and none may be made), keyset_damaged, keyset_newer. A remote master key that does not answer is
// Unavailable, one that refuses is Denied.
func Open(ctx context.Context, o Options) (*Vault, error) {
	blob, meta, revision, err := o.Keysets.LoadKeyset(ctx)
	if err != nil {
		return nil, fmt.Errorf("load the vault's keyset: %w", err)
	}
	m, err := openMaster(o.MasterKey, revision == 0 && o.AllowCreate, o)
	if err != nil {
		return nil, missingKey(err, meta, revision)
	}
	v := &Vault{keysets: o.Keysets, options: o, master: m}
	if err := v.start(ctx, blob, meta, revision); err != nil {
		m.close()
		return nil, err
	}
	return v, nil
}

// missingKey explains a key file that is not there by what the stored keyset says of it.
func missingKey(err error, meta string, revision int64) error {
	none, ok := errors.AsType[*noKeyFileError](err)
	if !ok {
		return err
	}
	if revision == 0 {
		return noKeyset()
	}
	was, err := parseMeta(meta)
	if err != nil {
		return err
	}
	return fault.New(fault.Invalid, "the stored secrets need master key %s, and %w", was.ID, none).WithCode("master_key_missing").
		WithHint("When the secrets were stored the key was at %s. Restore that file from its backup, or say where it is with --master-key. No new one is made, because it would open nothing.", was.At)
}

func noKeyset() error {
	return fault.New(fault.Invalid, "the vault has no keyset yet").WithCode("no_keyset").
		WithHint("Make it once, with: headrace init. If this database should have secrets, look whether it is the right one.")
}

// start opens the stored keyset or makes the first one.
func (v *Vault) start(ctx context.Context, blob []byte, meta string, revision int64) error {
	if revision == 0 {
		if !v.options.AllowCreate {
			return noKeyset()
		}
		fresh, err := newKeys()
		if err != nil {
			return err
		}
		err = v.save(ctx, fresh, v.master, 0)
		if err == nil {
			v.made = true
			return nil
		}
		if fault.ClassOf(err) != fault.Conflict {
			return err
		}
		// Another process made the first keyset meanwhile; that one counts.
		if blob, meta, revision, err = v.keysets.LoadKeyset(ctx); err != nil {
			return fmt.Errorf("load the vault's keyset: %w", err)
		}
	}
	return v.use(ctx, blob, meta, revision)
}

// use opens a stored keyset and takes it.
func (v *Vault) use(ctx context.Context, blob []byte, meta string, revision int64) error {
	by, err := parseMeta(meta)
	if err != nil {
		return err
	}
	if by.ID != v.master.ID {
		return fault.New(fault.Invalid, "the stored secrets need master key %s, but %s is key %s", by.ID, v.master.At, v.master.ID).WithCode("wrong_master_key").
			WithHint("When the secrets were stored the key was at %s. Give that one with --master-key, or open the database that belongs to this key.", by.At)
	}
	k, err := unwrap(ctx, blob, v.master)
	if err != nil {
		return err
	}
	k.master, k.revision = by, revision
	v.current.Store(k)
	return nil
}

// save wraps and stores a keyset, and takes it.
func (v *Vault) save(ctx context.Context, k *keys, m *master, revision int64) error {
	blob, meta, err := k.wrap(ctx, m)
	if err != nil {
		return err
	}
	if err := v.keysets.SaveKeyset(ctx, blob, meta, revision); err != nil {
		return fmt.Errorf("save the vault's keyset: %w", err)
	}
	k.master, k.revision = m.Master, revision+1
	v.current.Store(k)
	return nil
}

// Made tells whether Open made the keyset: the moment to tell people to back up KeyFile.
func (v *Vault) Made() bool { return v.made }

// KeyFile is the absolute path of the master key's file; "" if it is none.
func (v *Vault) KeyFile() string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.master.file
}

// Master names the master key in use.
func (v *Vault) Master() Master { return v.current.Load().master }

// Revision counts the changes of the keyset that this process has. Nodes report it, so that a new data key is promoted only
// when all of them have it.
func (v *Vault) Revision() int64 { return v.current.Load().revision }

// Close releases the master key.
func (v *Vault) Close() error {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.master.close()
	return nil
}

// A sealed secret is one byte of version and Tink's ciphertext: a byte 1, four bytes that name the data key, and AES-256-GCM.
const (
	sealedVersion = 1
	sealedHead    = 1 + 1 + 4
)

// bind makes the associated data that ties a sealed secret to what it belongs to.
func bind(belongsTo string) []byte { return []byte("headrace sealed secret\x00" + belongsTo) }

// Seal seals a secret for what it belongs to: a row's identity, such as "credential/cr_01J…/client_secret". It opens
// only with the same. An empty secret or identity is a mistake of the caller (Internal).
func (v *Vault) Seal(ctx context.Context, text secret.Text, belongsTo string) ([]byte, error) {
	if text.Empty() || belongsTo == "" {
		return nil, fault.New(fault.Internal, "seal for %q: there is no secret or nothing that it belongs to", belongsTo)
	}
	if v.options.Shared {
		if err := v.Reload(ctx); err != nil {
			return nil, fmt.Errorf("seal the secret of %s: %w", belongsTo, err)
		}
	}
	ciphertext, err := v.current.Load().sealer.Encrypt([]byte(text.Reveal()), bind(belongsTo))
	if err != nil {
		return nil, fault.New(fault.Internal, "seal the secret of %s: %w", belongsTo, err)
	}
	return append([]byte{sealedVersion}, ciphertext...), nil
}

// Open opens what Seal gave. If its data key came after this process read the keyset, the keyset is read again. What does not open is
// Denied (a person must enter it again, and work waits for that): it is damaged, of another row, or its data key is gone.
func (v *Vault) Open(ctx context.Context, sealed []byte, belongsTo string) (secret.Text, error) {
	key, err := keyOf(sealed)
	if err != nil {
		return secret.Text{}, doesNotOpen(belongsTo, err)
	}
	k := v.current.Load()
	if !slices.Contains(k.keyIDs(), key) {
		switch err := v.Reload(ctx); {
		case fault.ClassOf(err) == fault.Invalid: // also for a person to set right, and work should wait for it
			return secret.Text{}, doesNotOpen(belongsTo, err).WithHint("%s", fault.HintOf(err))
		case err != nil:
			return secret.Text{}, fmt.Errorf("open the secret of %s: %w", belongsTo, err)
		}
		if k = v.current.Load(); !slices.Contains(k.keyIDs(), key) {
			return secret.Text{}, doesNotOpen(belongsTo, fmt.Errorf("it was sealed by data key %08x, and the keyset has %s", key, names(k.keyIDs())))
		}
	}
	plain, err := k.sealer.Decrypt(sealed[1:], bind(belongsTo))
	if err != nil {
		return secret.Text{}, doesNotOpen(belongsTo, errors.New("it is damaged or was sealed for something else"))
	}
	return secret.New(string(plain)), nil
}

func doesNotOpen(belongsTo string, why error) *fault.Error {
	return fault.New(fault.Denied, "the stored secret of %s does not open: %w", belongsTo, why).WithCode("secret_sealed").
		WithHint("Enter the secret again (rotate). If many do not open, the database and the keyset in it come from different backups.")
}

// keyOf tells which data key sealed something.
func keyOf(sealed []byte) (uint32, error) {
	switch {
	case len(sealed) <= sealedHead:
		return 0, fmt.Errorf("%d bytes are no sealed secret", len(sealed))
	case sealed[0] != sealedVersion:
		return 0, fmt.Errorf("its format %d is not known to this headrace", sealed[0])
	case sealed[1] != 1:
		return 0, errors.New("it is damaged")
	}
	return binary.BigEndian.Uint32(sealed[2:]), nil
}

func names(ids []uint32) string {
	all := make([]string, len(ids))
	for i, id := range ids {
		all[i] = fmt.Sprintf("%08x", id)
	}
	return strings.Join(all, ", ")
}

// Fingerprint is a secret's last four hex digits to show: the same secret has the same, whatever keys were rotated. It is the end of a keyed
// hash, so that nobody can try guesses without the vault. Different secrets share one with a chance of 1 in 65,536: compare secrets, not
// fingerprints. An empty secret has none.
func (v *Vault) Fingerprint(text secret.Text) (string, error) {
	if text.Empty() {
		return "", nil
	}
	sum, err := v.Hash([]byte(text.Reveal()))
	if err != nil {
		return "", err
	}
	return hex.EncodeToString(sum[14:]), nil
}

// Hash is a keyed hash of 16 bytes: equal data has the same, whatever keys were rotated, and without the vault nobody can try guesses.
func (v *Vault) Hash(data []byte) ([]byte, error) {
	sum, err := v.current.Load().hasher.ComputePrimaryPRF(data, 16)
	if err != nil {
		return nil, fault.New(fault.Internal, "compute a keyed hash: %w", err)
	}
	return sum, nil
}
