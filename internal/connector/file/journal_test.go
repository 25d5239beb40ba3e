package file

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

var sample = entry{Version: 1, Life: "0123456789abcdef", Seq: 7, Files: []touched{{Name: "a/b.ndjson", Before: 10, After: 20}, {Name: "c", After: 5, New: true}}}

func TestEntriesAreReadBackOrRefused(t *testing.T) {
	t.Parallel()
	text := sample.encode()
	for _, rest := range []string{"", "left from a longer entry\n"} {
		got, err := decodeEntry(append(bytes.Clone(text), rest...))
		if err != nil || !reflect.DeepEqual(got, sample) {
			t.Errorf("read back %+v, %v", got, err)
		}
	}
	for i := range text {
		for _, broken := range [][]byte{text[:i], append(bytes.Clone(text[:i]), make([]byte, len(text)-i)...), flip(text, i)} {
			if got, err := decodeEntry(broken); err == nil {
				t.Fatalf("damage at %d is not seen: %+v", i, got)
			}
		}
	}
	for _, name := range []string{"../x", "/etc/passwd", "", "a/../../x"} {
		bad := sample
		bad.Files = []touched{{Name: name, After: 1}}
		if _, err := decodeEntry(bad.encode()); err == nil {
			t.Errorf("an entry that names %q is taken", name)
		}
	}
}

func flip(text []byte, i int) []byte {
	out := bytes.Clone(text)
	out[i] ^= 0x10
	return out
}

func FuzzJournal(f *testing.F) {
	f.Add(sample.encode())
	f.Add([]byte("headrace-journal 1 00000000 0000000000\n"))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, text []byte) {
		e, err := decodeEntry(text)
		if err != nil {
			return
		}
		for _, file := range e.Files {
			if !filepath.IsLocal(file.Name) || file.Before < 0 || file.After < file.Before {
				t.Errorf("took %+v", file)
			}
		}
		if again, err := decodeEntry(e.encode()); err != nil || !reflect.DeepEqual(again, e) {
			t.Errorf("%+v is not read back: %+v, %v", e, again, err)
		}
	})
}

func FuzzReceipt(f *testing.F) {
	f.Add([]byte(receipt{Version: 1, Life: "x", Seq: 3, Path: "/p"}.encode()))
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := decodeReceipt(text)
		if err == nil && r != nil && r.Life == "" {
			t.Errorf("took %q", text)
		}
	})
}

func TestNewestEntryIsFoundWhicheverSlotItIsIn(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	j, made, err := openJournal(dir, "f")
	if err != nil || !made || j.newest != nil {
		t.Fatalf("a new journal: %+v, %v, %v", j, made, err)
	}
	for seq := uint64(1); seq < 6; seq++ {
		e := sample
		e.Seq = seq
		if err := j.write(e, disk{}); err != nil {
			t.Fatal(err)
		}
		again, made, err := openJournal(dir, "f")
		if err != nil || made || again.newest.Seq != seq || again.broken != 0 {
			t.Fatalf("after entry %d: newest %+v, broken %d, %v", seq, again.newest, again.broken, err)
		}
		_ = again.close()
		name := slotNames(dir, "f")[seq%2]
		text, _ := os.ReadFile(name)
		_ = os.WriteFile(name, text[:len(text)-3], 0o600) // torn
		if again, _, err = openJournal(dir, "f"); err != nil || again.broken != 1 || again.seq() != seq-1 {
			t.Fatalf("with entry %d torn: newest %d, broken %d, %v", seq, again.seq(), again.broken, err)
		}
		_ = again.close()
		_ = os.WriteFile(name, text, 0o600)
	}
	_ = j.close()
}
