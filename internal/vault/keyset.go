package vault

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/headrace/headrace/internal/fault"
	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/prf"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// A KeysetStore keeps the one wrapped keyset. Both values are opaque to it; meta holds no secret and can be shown.
type KeysetStore interface {
	// LoadKeyset gives the keyset with its revision, from 1 on; revision 0 and no error: there is none yet.
	LoadKeyset(ctx context.Context) (wrapped []byte, meta string, revision int64, err error)
	// SaveKeyset replaces the keyset if its revision still is the given one (0: there is none yet) and counts the revision up by
	// one. If it is not, nothing changes and the error is a Conflict. A nil error means durable.
	SaveKeyset(ctx context.Context, wrapped []byte, meta string, revision int64) error
}

// A keys is an opened keyset. It is never changed, only replaced.
type keys struct {
	data     *keyset.Handle // AEAD keys; the primary seals, all open
	hash     *keyset.Handle // the key of fingerprints; it never rotates, so that fingerprints stay
	sealer   tink.AEAD
	hasher   *prf.Set
	master   Master
	revision int64
}

// A wrapped is how a keyset is stored: the data keys wrapped by the master key, the hash key by the data keys.
type wrapped struct {
	Version int    `json:"version"`
	Data    []byte `json:"data"`
	Hash    []byte `json:"hash"`
}

const (
	wrappedVersion = 1
	hashPurpose    = "headrace fingerprint key"
)

// newKeys makes a fresh keyset.
func newKeys() (*keys, error) {
	data, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		return nil, fault.New(fault.Internal, "make a data key: %w", err)
	}
	hash, err := keyset.NewHandle(prf.HMACSHA256PRFKeyTemplate())
	if err != nil {
		return nil, fault.New(fault.Internal, "make a fingerprint key: %w", err)
	}
	return assemble(data, hash)
}

func assemble(data, hash *keyset.Handle) (*keys, error) {
	sealer, err := aead.New(data)
	if err != nil {
		return nil, fault.New(fault.Internal, "use the data keys: %w", err)
	}
	hasher, err := prf.NewPRFSet(hash)
	if err != nil {
		return nil, fault.New(fault.Internal, "use the fingerprint key: %w", err)
	}
	return &keys{data: data, hash: hash, sealer: sealer, hasher: hasher}, nil
}

// wrap gives what a store keeps.
func (k *keys) wrap(ctx context.Context, m *master) (blob []byte, meta string, err error) {
	var data, hash bytes.Buffer
	kek := &wrapper{master: m}
	if err := k.data.WriteWithContext(ctx, keyset.NewBinaryWriter(&data), kek, nil); err != nil {
		if kek.err != nil {
			err = kek.err
		}
		return nil, "", fmt.Errorf("wrap the keyset with master key %s: %w", m.ID, err)
	}
	if err := k.hash.WriteWithAssociatedData(keyset.NewBinaryWriter(&hash), k.sealer, []byte(hashPurpose)); err != nil {
		return nil, "", fault.New(fault.Internal, "wrap the fingerprint key: %w", err)
	}
	blob, err = json.Marshal(wrapped{wrappedVersion, data.Bytes(), hash.Bytes()})
	if err != nil {
		return nil, "", fault.New(fault.Internal, "write the keyset: %w", err)
	}
	about, err := json.Marshal(m.Master)
	if err != nil {
		return nil, "", fault.New(fault.Internal, "write the master key's name: %w", err)
	}
	return blob, string(about), nil
}

// unwrap opens a stored keyset.
func unwrap(ctx context.Context, blob []byte, m *master) (*keys, error) {
	stored, err := parseWrapped(blob)
	if err != nil {
		return nil, err
	}
	kek := &wrapper{master: m}
	data, err := keyset.ReadWithContext(ctx, keyset.NewBinaryReader(bytes.NewReader(stored.Data)), kek, nil)
	if err != nil {
		if fault.ClassOf(kek.err) != fault.Internal { // a remote one's trouble, or we are stopped
			return nil, fmt.Errorf("open the keyset with master key %s: %w", m.ID, kek.err)
		}
		return nil, damaged(fmt.Sprintf("master key %s does not open it", m.ID))
	}
	sealer, err := aead.New(data)
	if err != nil {
		return nil, damaged("its data keys can't be used")
	}
	hash, err := keyset.ReadWithAssociatedData(keyset.NewBinaryReader(bytes.NewReader(stored.Hash)), sealer, []byte(hashPurpose))
	if err != nil {
		return nil, damaged("its fingerprint key does not open")
	}
	return assemble(data, hash)
}

func damaged(why string) *fault.Error {
	return fault.New(fault.Invalid, "the stored keyset is damaged: %s", why).WithCode("keyset_damaged").
		WithHint("Restore the database from its backup. Secrets that were stored after it have to be entered again.")
}

// parseWrapped reads the stored form, strictly.
func parseWrapped(blob []byte) (w wrapped, err error) {
	if err := jsonv2.Unmarshal(blob, &w, jsonv2.RejectUnknownMembers(true)); err != nil {
		var version struct{ Version int }
		if json.Unmarshal(blob, &version) != nil || version.Version <= wrappedVersion {
			return w, damaged("it can't be read")
		}
		w.Version = version.Version
	}
	if w.Version > wrappedVersion {
		return w, fault.New(fault.Invalid, "the stored keyset is of version %d, this headrace knows %d", w.Version, wrappedVersion).WithCode("keyset_newer").
			WithHint("A newer headrace wrote it. Start that one.")
	}
	if w.Version != wrappedVersion || len(w.Data) == 0 || len(w.Hash) == 0 {
		return w, damaged("a part is missing")
	}
	return w, nil
}

// parseMeta reads what names the master key of a stored keyset.
func parseMeta(meta string) (m Master, err error) {
	if json.Unmarshal([]byte(meta), &m) != nil || m.ID == "" {
		return m, damaged("the name of its master key can't be read")
	}
	return m, nil
}
