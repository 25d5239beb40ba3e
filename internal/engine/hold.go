package engine

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/store"
	"github.com/klauspost/compress/zstd"
	"golang.org/x/sync/errgroup"
)

// The hold keeps what would otherwise be lost: a split that a flow has not delivered though half its life in the
// source is over is read and kept raw, compressed, on our own disk. Reading serves it first. It is bounded for each
// source; a full hold is an alarm days before anything is lost.

// heldHeader begins each record in a held file; its body of Size bytes follows, and a line feed. The last header says
// how many records there were: a file without it is not whole.
type heldHeader struct {
	Key   string       `json:"k,omitempty"`
	Op    connector.Op `json:"o,omitempty"`
	Time  time.Time    `json:"t,omitzero"`
	Size  int          `json:"n"`
	Error string       `json:"e,omitempty"` // why the source refused the record
	Hint  string       `json:"h,omitempty"`
	End   bool         `json:"end,omitempty"`
	Count int          `json:"count,omitempty"`
}

const (
	// holdStep is how many splits of a source are looked for at once, holdReaders how many are read side by side.
	holdStep    = 200
	holdReaders = 8
)

// Hold reads and keeps what flows still want and sources soon forget, and lets go what no flow wants any more.
func (e *Engine) Hold(ctx context.Context) error {
	if e.holdDir == "" {
		return nil
	}
	if err := errors.Join(e.letGo(ctx), e.sweepHold(ctx)); err != nil {
		return err
	}
	sources, err := e.store.Objects(ctx, store.Source)
	if err != nil {
		return err
	}
	var all []error
	for _, object := range sources {
		if ctx.Err() == nil && !object.Paused {
			all = append(all, e.holdSource(ctx, object))
		}
	}
	return errors.Join(all...)
}

// holdSource holds what of one source is about to be forgotten, as far as its bound allows.
func (e *Engine) holdSource(ctx context.Context, object store.Object) error {
	wanted, err := e.store.Perishable(ctx, object.ID, holdStep)
	if err != nil || len(wanted) == 0 {
		return err
	}
	source, done, err := e.open.source(ctx, object.ID)
	if err != nil {
		return err
	}
	defer done()
	bound := int64(0)
	if source.Spec.Hold != nil {
		bound = source.Spec.Hold(source.Config)
	}
	if bound <= 0 {
		return nil
	}
	used, err := e.store.HeldBytes(ctx, object.ID)
	if err != nil {
		return err
	}
	log := e.log.With("source", object.Name, "limit", bound, "first_expires", wanted[0].Split.Expires)
	for more := true; more && len(wanted) > 0; {
		before := used
		if used, more = e.holdSome(ctx, source, wanted, used, bound); !more || len(wanted) < holdStep || used == before {
			break
		}
		if wanted, err = e.store.Perishable(ctx, object.ID, holdStep); err != nil {
			return err
		}
	}
	const hint = "mend the destination, or raise hold.limit of the source: what is neither held nor delivered when it expires is lost"
	switch {
	case used >= bound:
		log.Error("the hold is full", "bytes", used, "hint", hint)
	case used*5 >= bound*4:
		log.Warn("the hold is four fifths full", "bytes", used, "hint", hint)
	}
	return nil
}

// holdSome holds splits side by side until the bound is reached. It gives how many bytes are held then, and whether to go
// on: trouble that is not one split's ends it.
func (e *Engine) holdSome(ctx context.Context, source *Source, wanted []store.Perishable, used, bound int64) (int64, bool) {
	var (
		readers errgroup.Group
		held    atomic.Int64
		stop    atomic.Bool
	)
	readers.SetLimit(holdReaders)
	held.Store(used)
	for _, split := range wanted {
		if held.Load() >= bound || stop.Load() || ctx.Err() != nil {
			break
		}
		readers.Go(func() error {
			size, err := e.holdSplit(ctx, source, split)
			held.Add(size)
			if err == nil || ctx.Err() != nil {
				return nil
			}
			// The delivery itself meets the same trouble and tells it; the next look tries again.
			e.log.Warn("content could not be held", "source", source.Object.Name, "split", split.Split.ID, "expires", split.Split.Expires,
				"class", fault.ClassOf(err), "err", err, "hint", fault.HintOf(err))
			if e, ok := fault.As(err); ok && e.Code == holdDisk || stopsLane(err) {
				stop.Store(true)
			}
			return nil
		})
	}
	_ = readers.Wait() // they say what they have to say themselves
	return held.Load(), !stop.Load() && ctx.Err() == nil
}

// holdSplit reads a split into a file of its own and then says so.
func (e *Engine) holdSplit(ctx context.Context, source *Source, split store.Perishable) (int64, error) {
	name := filepath.Join(strconv.FormatInt(split.SourceID, 10), strconv.FormatInt(split.SplitID, 10)+".zst")
	path := filepath.Join(e.holdDir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return 0, holdTrouble(err)
	}
	size, err := writeHeld(path, source.Read(ctx, split.Split, 0))
	if err != nil {
		return 0, err
	}
	return size, e.store.HoldSplit(ctx, split, name, size)
}

// writeHeld writes records to a file that is there whole and synced, or not at all.
func writeHeld(path string, records iter.Seq2[connector.Record, error]) (int64, error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".writing-*")
	if err != nil {
		return 0, holdTrouble(err)
	}
	defer func() { _ = os.Remove(f.Name()) }() // gone already if all went well
	err = encodeHeld(f, records)
	if err == nil {
		err = holdTrouble(f.Sync())
	}
	info, statErr := f.Stat()
	if err = errors.Join(err, statErr, f.Close()); err != nil {
		return 0, err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return 0, holdTrouble(err)
	}
	return info.Size(), holdTrouble(syncFolder(filepath.Dir(path)))
}

func encodeHeld(w io.Writer, records iter.Seq2[connector.Record, error]) error {
	packed, err := zstd.NewWriter(w, zstd.WithEncoderConcurrency(1), zstd.WithEncoderCRC(true))
	if err != nil {
		return err
	}
	out := bufio.NewWriterSize(packed, 64<<10)
	encoder := json.NewEncoder(out) // ends each header with a line feed
	count := 0
	for r, err := range records {
		if err != nil && !refusesRecord(err) {
			return errors.Join(err, packed.Close())
		}
		h := heldHeader{Key: r.Key, Op: r.Op, Time: r.Time, Size: len(r.Body)}
		if err != nil {
			h.Error, h.Hint = err.Error(), fault.HintOf(err)
		}
		count++
		if err := encoder.Encode(h); err != nil {
			return holdTrouble(err)
		}
		if _, err := out.Write(append(r.Body[:len(r.Body):len(r.Body)], '\n')); err != nil {
			return holdTrouble(err)
		}
	}
	if err := encoder.Encode(heldHeader{End: true, Count: count}); err != nil {
		return holdTrouble(err)
	}
	return holdTrouble(errors.Join(out.Flush(), packed.Close()))
}

// readHeld yields what writeHeld wrote. A file that is not whole ends with an error.
func readHeld(path string) iter.Seq2[connector.Record, error] {
	return func(yield func(connector.Record, error) bool) {
		f, err := os.Open(path)
		if err != nil {
			yield(connector.Record{}, err)
			return
		}
		defer func() { _ = f.Close() }()
		unpacked, err := zstd.NewReader(f, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(64<<20))
		if err != nil {
			yield(connector.Record{}, err)
			return
		}
		defer unpacked.Close()
		if err := decodeHeld(bufio.NewReaderSize(unpacked, 64<<10), yield); err != nil {
			yield(connector.Record{}, fmt.Errorf("read held content %s: %w", filepath.Base(path), err))
		}
	}
}

var errNotWhole = errors.New("the file is not whole")

// decodeHeld gives an error that was not yielded yet.
func decodeHeld(in *bufio.Reader, yield func(connector.Record, error) bool) error {
	var body []byte
	for count := 0; ; count++ {
		line, err := in.ReadBytes('\n')
		if err != nil {
			return errors.Join(errNotWhole, err)
		}
		var h heldHeader
		if err := json.Unmarshal(line, &h); err != nil {
			return errors.Join(errNotWhole, err)
		}
		if h.End {
			if h.Count != count {
				return errNotWhole
			}
			return nil
		}
		if h.Size < 0 || h.Size > 1<<31 {
			return errNotWhole
		}
		if cap(body) < h.Size+1 {
			body = make([]byte, h.Size+1)
		}
		body = body[:h.Size+1]
		if _, err := io.ReadFull(in, body); err != nil {
			return errors.Join(errNotWhole, err)
		}
		var refused error
		if h.Error != "" {
			refused = &fault.Error{Class: fault.Invalid, Title: h.Error, Hint: h.Hint}
		}
		if !yield(connector.Record{Key: h.Key, Op: h.Op, Time: h.Time, Body: body[:h.Size]}, refused) {
			return nil
		}
	}
}

// heldContent reads a split from the hold, after the first skip records; nil: it is not there, or not sound, and must
// come from the source.
func (e *Engine) heldContent(ctx context.Context, d store.Delivery, skip int64) (iter.Seq2[connector.Record, error], error) {
	if e.holdDir == "" || d.State != store.Held && !perishable(d.Split, e.store.Now()) {
		return nil, nil
	}
	name, home, err := e.store.HeldAs(ctx, d.SplitID)
	if err != nil || name == "" {
		return nil, err
	}
	path := filepath.Join(e.holdDir, name)
	err = soundHeld(path)
	if err == nil {
		return after(readHeld(path), skip), nil
	}
	if e.store.Shared() && errors.Is(err, fs.ErrNotExist) {
		if !expired(d.Split, e.store.Now()) {
			return nil, nil
		}
		return nil, e.heldElsewhere(ctx, d, name, home)
	}
	e.log.Error("held content cannot be used", "split", d.Split.ID, "err", err, "hint", "it is read from the source again, if that still has it. Look at the disk of the hold folder")
	return nil, e.store.LetGo(ctx, d.SplitID)
}

// heldElsewhere sends the lane to the node that holds what it needs, if it may go there.
func (e *Engine) heldElsewhere(ctx context.Context, d store.Delivery, name, home string) error {
	if home != "" {
		if err := e.store.SendLane(ctx, d, home); err != nil {
			return err
		}
	}
	title := "the content of " + d.Split.ID + " is held by another node"
	if home != "" {
		title = "the content of " + d.Split.ID + " is held by node " + home
	}
	return (&fault.Error{Class: fault.Unavailable, Code: "held_elsewhere", Title: title}).WithHint("It is delivered when that node works. "+
		"If the flow writes files of this node: copy the folder hold/%s of that node's data folder to %s, or move the flow there: headrace flow move", filepath.Dir(name), filepath.Join(e.holdDir, filepath.Dir(name)))
}

// perishable tells whether more than half of a split's life in its source is over: before that nothing is held.
func perishable(s connector.Split, now time.Time) bool {
	return !s.Expires.IsZero() && (s.Time.IsZero() || now.Sub(s.Time) > s.Expires.Sub(now))
}

// after leaves the first records out.
func after(records iter.Seq2[connector.Record, error], skip int64) iter.Seq2[connector.Record, error] {
	return func(yield func(connector.Record, error) bool) {
		n := skip
		for r, err := range records {
			if n > 0 && (err == nil || refusesRecord(err)) {
				n--
				continue
			}
			if !yield(r, err) {
				return
			}
		}
	}
}

// soundHeld reads a held file to its end: a damaged one is found before its first record is used.
func soundHeld(path string) error {
	for _, err := range readHeld(path) {
		if err != nil && !refusesRecord(err) {
			return err
		}
	}
	return nil
}

// letGo removes what no flow wants any more.
func (e *Engine) letGo(ctx context.Context) error {
	unwanted, err := e.store.Unwanted(ctx, 10*holdStep)
	for _, h := range unwanted {
		if err == nil {
			err = e.store.LetGo(ctx, h.SplitID)
		}
		if err == nil {
			err = removeHeld(filepath.Join(e.holdDir, h.Name))
		}
	}
	return err
}

func removeHeld(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return holdTrouble(err)
	}
	return nil
}

// holdGrace is how old a file must be before it is taken for one that a crash left behind.
const holdGrace = time.Hour

// sweepHold removes files that a crash left behind: half written, or not named by any row.
func (e *Engine) sweepHold(ctx context.Context) error {
	return filepath.WalkDir(e.holdDir, func(path string, file fs.DirEntry, err error) error {
		if err != nil || file.IsDir() {
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			return holdTrouble(err)
		}
		info, err := file.Info()
		if err != nil || time.Since(info.ModTime()) < holdGrace {
			return nil // it has gone meanwhile, or is being written
		}
		id, err := strconv.ParseInt(strings.TrimSuffix(file.Name(), ".zst"), 10, 64)
		if err == nil {
			name, _, err := e.store.HeldAs(ctx, id)
			if err != nil || name != "" {
				return err
			}
		}
		return removeHeld(path)
	})
}

func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// holdDisk is the code of trouble with our own disk.
const holdDisk = "hold_disk"

// holdTrouble classifies what the disk says; nil stays nil.
func holdTrouble(err error) error {
	if err == nil {
		return nil
	}
	return &fault.Error{Class: fault.Unavailable, Code: holdDisk, Title: "content cannot be held", Err: err,
		Hint: "look at the disk of the hold folder: space, quota, permissions. What is not delivered before it expires is lost"}
}
