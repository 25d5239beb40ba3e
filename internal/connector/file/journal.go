package file

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/fault"
)

// An entry is what the journal says of one write before it happens: how to undo it.
type entry struct {
	Version int       `json:"v"`
	Life    string    `json:"life"`            // made anew when a flow begins without a receipt; a receipt of another life is refused
	Seq     uint64    `json:"seq"`             // rises by one with every entry of this journal, over all lives
	First   bool      `json:"first,omitempty"` // the write came without a receipt
	Files   []touched `json:"files,omitempty"` // empty: the begin of a life
}

// A touched file is one that a write appends to.
type touched struct {
	Name   string `json:"name"` // below the destination's path, with slashes
	Before int64  `json:"before"`
	After  int64  `json:"after"`
	New    bool   `json:"new,omitempty"`
}

// A receipt names the last entry whose write a batch may stand on.
type receipt struct {
	Version int    `json:"v"`
	Life    string `json:"life"`
	Seq     uint64 `json:"seq"`
	Path    string `json:"path"` // where the files were then
}

func (r receipt) encode() connector.Receipt {
	text, _ := json.Marshal(r) // strings and numbers only
	return text
}

// decodeReceipt reads a receipt; an empty one is nil.
func decodeReceipt(text connector.Receipt) (*receipt, error) {
	if len(text) == 0 {
		return nil, nil
	}
	var r receipt
	if err := json.Unmarshal(text, &r); err != nil || r.Version != 1 || r.Life == "" {
		return nil, fault.New(fault.Internal, "receipt %.100q was not given by a file destination", text)
	}
	return &r, nil
}

// A slot's first line is "headrace-journal 1 <crc32c> <length>"; the entry follows as JSON. What stands after it is left
// from a longer entry.
const (
	headFormat = "headrace-journal 1 %08x %010d\n"
	headLength = len("headrace-journal 1 ") + 8 + 1 + 10 + 1
	maxEntry   = 64 << 20
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func (e entry) encode() []byte {
	text, _ := json.Marshal(e) // strings, numbers and booleans only
	text = append(text, '\n')
	return append(fmt.Appendf(nil, headFormat, crc32.Checksum(text, castagnoli), len(text)), text...)
}

// decodeEntry reads a slot. An error means that it was never written to its end, or was damaged.
func decodeEntry(slot []byte) (entry, error) {
	var e entry
	if len(slot) < headLength {
		return e, errors.New("journal: too short")
	}
	var sum uint32
	var length int
	head := slot[:headLength]
	if _, err := fmt.Sscanf(string(head), headFormat, &sum, &length); err != nil || !bytes.Equal(head, fmt.Appendf(nil, headFormat, sum, length)) {
		return e, errors.New("journal: no head")
	}
	if length < 0 || length > len(slot)-headLength {
		return e, errors.New("journal: cut off")
	}
	text := slot[headLength : headLength+length]
	if crc32.Checksum(text, castagnoli) != sum {
		return e, errors.New("journal: checksum differs")
	}
	if err := json.Unmarshal(text, &e); err != nil {
		return e, fmt.Errorf("journal: %w", err)
	}
	return e, e.valid()
}

// valid keeps a damaged or forged journal from touching anything outside the folder.
func (e entry) valid() error {
	if e.Version != 1 || e.Life == "" || e.Seq == 0 {
		return errors.New("journal: not an entry of this version")
	}
	for _, f := range e.Files {
		if !filepath.IsLocal(filepath.FromSlash(f.Name)) || f.Before < 0 || f.After < f.Before || f.New && f.Before != 0 {
			return fmt.Errorf("journal: impossible file %.100q", f.Name)
		}
	}
	return nil
}

// A journal is the memory of one flow in the destination's folder: two slots that are written by turns, so that a torn
// write never destroys the entry before it.
type journal struct {
	slots  [2]*os.File
	newest *entry // nil: there is none
	broken int    // slots that hold something unreadable
}

// slotNames are the files of a flow's journal.
func slotNames(dir, flow string) [2]string {
	base := filepath.Join(dir, clean(flow)+".journal")
	return [2]string{base + ".0", base + ".1"}
}

// openJournal reads the journal of a flow and makes its files if they are missing; made tells whether dir has to be
// made durable.
func openJournal(dir, flow string) (j *journal, made bool, err error) {
	j = &journal{}
	for i, name := range slotNames(dir, flow) {
		if _, err := os.Lstat(name); errors.Is(err, fs.ErrNotExist) {
			made = true
		}
		f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			return nil, false, errors.Join(explain(err, "open journal", name), j.close())
		}
		j.slots[i] = f
		slot, err := io.ReadAll(io.LimitReader(f, maxEntry))
		if err != nil {
			return nil, false, errors.Join(explain(err, "read journal", name), j.close())
		}
		if len(slot) == 0 {
			continue
		}
		e, err := decodeEntry(slot)
		switch {
		case err != nil:
			j.broken++
		case j.newest == nil || e.Seq > j.newest.Seq:
			j.newest = &e
		}
	}
	return j, made, nil
}

// holds tells whether the folder has the journal that gave a receipt: its files are here, be it on a disk that several
// machines share. A journal that can't be read is not taken for it.
func holds(path, flow string, after connector.Receipt) (bool, error) {
	r, err := decodeReceipt(after)
	if err != nil || r == nil {
		return false, err
	}
	path, err = filepath.Abs(path)
	if err != nil {
		return false, explain(err, "find", path)
	}
	for _, name := range slotNames(filepath.Join(path, stateDir), flow) {
		slot, err := os.ReadFile(name)
		if err != nil {
			continue
		}
		if e, err := decodeEntry(slot); err == nil && e.Life == r.Life {
			return true, nil
		}
	}
	return false, nil
}

// seq is the number of the newest entry, 0 without one.
func (j *journal) seq() uint64 {
	if j.newest == nil {
		return 0
	}
	return j.newest.Seq
}

// write makes an entry durable in the slot that does not hold the newest one. After an error the newest entry is the
// one before.
func (j *journal) write(e entry, d disk) error {
	slot := j.slots[e.Seq%2]
	if err := d.overwrite(slot, e.encode()); err != nil {
		return explain(err, "write journal", slot.Name())
	}
	if err := d.sync(slot); err != nil {
		return explain(err, "sync journal", slot.Name())
	}
	j.newest = &e
	return nil
}

// there tells whether the journal's files are still the ones in the folder.
func (j *journal) there() bool {
	for _, f := range j.slots {
		if !samePath(f) {
			return false
		}
	}
	return true
}

// samePath tells whether an open file is still the one that its name leads to.
func samePath(f *os.File) bool {
	mine, err := f.Stat()
	if err != nil {
		return false
	}
	now, err := os.Stat(f.Name())
	return err == nil && os.SameFile(mine, now)
}

func (j *journal) close() error {
	var errs []error
	for _, f := range j.slots {
		if f != nil {
			errs = append(errs, f.Close())
		}
	}
	return errors.Join(errs...)
}
