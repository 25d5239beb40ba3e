package file

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/fault"
)

// A destination writes the files of one flow.
type destination struct {
	cfg  Config
	path string // absolute
	flow string
	name template
	now  func() time.Time
	log  *slog.Logger

	mu      sync.Mutex
	packer  *packer
	arena   []byte // what a batch becomes when it is packed; kept from one to the next
	scratch []byte
	pieces  sync.Pool // of *[]byte
	claim   *os.File  // locked while the journal is ours; nil before the first Write
	journal *journal
	targets targets
}

func open(cfg connector.Config, env connector.Env) (connector.Destination, error) {
	c := *cfg.(*Config)
	if err := c.Validate().Err(); err != nil {
		return nil, err
	}
	name, _ := parseTemplate(c.Name, c.Compression)
	path, err := filepath.Abs(c.Path)
	if err != nil {
		return nil, explain(err, "find", c.Path)
	}
	pack, err := newPacker(c.Compression)
	if err != nil {
		return nil, fault.New(fault.Internal, "prepare %s: %w", c.Compression, err)
	}
	return &destination{
		cfg: c, path: path, flow: env.Flow, name: name, now: env.Now, log: env.Log, packer: pack, pieces: sync.Pool{New: newPiece},
		targets: targets{root: path, cfg: c, open: map[string]*target{}, last: map[series]position{}, dirs: map[string]bool{}},
	}, nil
}

// Write appends the batch to the files that its records belong to, in this order:
//
//  1. The files that are there are opened and locked. The journal says what is about to happen: the next sequence
//     number, each file and its size before and after.
//  2. The journal is synced. From now on the write can be undone, whatever of it reaches the disk.
//  3. New files are made, the bytes appended, the files synced, then the folders of new files.
//  4. The receipt is the sequence number; the caller commits it.
//
// The next Write compares its receipt with the journal. The same number: the write was committed. One less: it never
// was, and the files are cut back to what they were. Anything else means that files and receipts are not from the same
// history (a backup was put back): then nothing is touched and a person decides.
func (d *destination) Write(ctx context.Context, batch connector.Batch) (connector.Result, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return connector.Result{}, err
	}
	if batch.Lane != 0 {
		return connector.Result{}, fault.New(fault.Internal, "write files of flow %s: there is no lane %d", d.flow, batch.Lane)
	}
	after, err := decodeReceipt(batch.After)
	if err != nil {
		return connector.Result{}, err
	}
	if err := d.begin(after); err != nil {
		return connector.Result{}, fmt.Errorf("open folder %s: %w", d.path, err)
	}
	if err := d.recover(after); err != nil {
		return connector.Result{}, fmt.Errorf("recover files of flow %s: %w", d.flow, err)
	}
	parts, outcomes, err := d.render(batch.Records)
	if err != nil {
		return connector.Result{}, err
	}
	if len(parts) > 0 {
		if err := d.store(ctx, parts, after == nil); err != nil {
			return connector.Result{}, fmt.Errorf("write files of flow %s: %w", d.flow, err)
		}
	}
	return connector.Result{Receipt: d.receipt(), Outcomes: outcomes}, nil
}

// store is steps 1 to 3 of Write. What an error leaves behind is taken back at once, or by the next Write.
func (d *destination) store(ctx context.Context, parts []*part, first bool) error {
	if err := d.targets.find(parts); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	e := entry{Version: 1, Life: d.journal.newest.Life, Seq: d.journal.seq() + 1, First: first, Files: touches(parts)}
	if err := d.journal.write(e, d.targets.disk); err != nil {
		return err
	}
	err := d.targets.make(parts)
	if err == nil {
		err = d.append(ctx, parts)
	}
	if err == nil {
		d.targets.keep(parts, d.now())
		return nil
	}
	if undo := d.takeBack(e, parts); undo != nil {
		return errors.Join(err, fmt.Errorf("take back: %w", undo))
	}
	return err
}

// touches tells what a batch does to its files. A foreign one is none of them.
func touches(parts []*part) []touched {
	var out []touched
	for _, p := range parts {
		if t := p.target; !t.foreign {
			out = append(out, touched{Name: t.name, Before: t.size, After: t.size + p.size, New: t.fresh})
		}
	}
	return out
}

// takeBack undoes a write that failed. If a file turned out to be foreign, the journal must not speak of it any more.
func (d *destination) takeBack(e entry, parts []*part) error {
	for _, p := range parts {
		p.target.close()
	}
	files := touches(parts)
	if foreign := len(files) < len(e.Files); foreign {
		e.Files = files
		if err := d.journal.write(e, d.targets.disk); err != nil {
			return err
		}
	}
	return d.undo(e)
}

func (d *destination) receipt() connector.Receipt {
	return receipt{Version: 1, Life: d.journal.newest.Life, Seq: d.journal.newest.Seq, Path: d.path}.encode()
}

// begin takes the folder for this flow and reads its journal, unless that was done and both are still there.
func (d *destination) begin(after *receipt) error {
	if d.journal != nil && d.journal.there() {
		return nil
	}
	if err := d.release(); err != nil {
		return explain(err, "close files of", d.path)
	}
	state := filepath.Join(d.path, stateDir)
	_, err := os.Stat(state)
	if errors.Is(err, fs.ErrNotExist) && after != nil && after.Path == d.path {
		return d.forgotten(state)
	}
	if err := d.targets.mkdir(d.path, d.cfg.DirMode.perm()); err != nil {
		return err
	}
	if err := d.targets.mkdir(state, 0o700); err != nil {
		return err
	}
	if err := d.take(filepath.Join(state, clean(d.flow)+".lock")); err != nil {
		return err
	}
	j, made, err := openJournal(state, d.flow)
	if err != nil {
		return errors.Join(err, d.release())
	}
	d.journal = j
	if made {
		for _, dir := range []string{state, d.path, filepath.Dir(d.path)} {
			d.targets.dirs[dir] = true
		}
	}
	if err := d.targets.syncDirs(); err != nil {
		return errors.Join(err, d.release())
	}
	return nil
}

// take locks the flow's lock file, which names the process that has it.
func (d *destination) take(name string) error {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return explain(err, "open lock", name)
	}
	held, err := lock(f)
	if err != nil {
		return errors.Join(explain(err, "lock", name), f.Close())
	}
	if held {
		who, _ := io.ReadAll(io.LimitReader(f, 100))
		return errors.Join(&fault.Error{Class: fault.Unavailable, Code: "file_locked",
			Title: fmt.Sprintf("flow %q is already being written in %s by %s", d.flow, d.path, strings.TrimSpace("process "+string(who))),
			Hint:  "Two writers would spoil each other's files. Stop the other headrace, or give this flow a path of its own. If it is an old process that is ending, it goes on by itself.",
		}, f.Close())
	}
	d.claim = f
	if err := f.Truncate(0); err == nil {
		_, _ = f.WriteAt([]byte(fmt.Sprintln(os.Getpid())), 0) // only for the message above
	}
	return nil
}

// recover brings the files to what they were after the receipt.
func (d *destination) recover(after *receipt) error {
	newest := d.journal.newest
	if after == nil {
		return d.recoverFirst(newest)
	}
	ours := newest != nil && newest.Life == after.Life
	switch {
	case ours && newest.Seq == after.Seq:
		return nil
	case ours && newest.Seq == after.Seq+1:
		return d.undo(*newest)
	case after.Path != d.path:
		d.log.Info("files go on in another folder", "flow", d.flow, "path", d.path, "before", after.Path)
		return d.newLife()
	case newest == nil && d.journal.broken == 0:
		d.log.Warn("the journal of the files is gone; beginning a new one", "flow", d.flow, "path", d.path)
		return d.newLife()
	default:
		return d.mismatch(after)
	}
}

// recoverFirst is for a flow that has no receipt: it is new, or its memory was deleted, or its first write was never
// committed. Only the last is undone, and it is known by its entry.
func (d *destination) recoverFirst(newest *entry) error {
	switch {
	case newest == nil:
		return d.newLife()
	case newest.First:
		return d.undo(*newest)
	case len(newest.Files) == 0:
		return nil
	default:
		d.log.Info("the flow begins anew over files that it wrote before; they are kept", "flow", d.flow, "path", d.path)
		return d.newLife()
	}
}

func (d *destination) newLife() error {
	var id [8]byte
	if _, err := rand.Read(id[:]); err != nil {
		return fault.New(fault.Internal, "begin journal: %w", err)
	}
	return d.journal.write(entry{Version: 1, Life: hex.EncodeToString(id[:]), Seq: d.journal.seq() + 1}, d.targets.disk)
}

// Close gives the folder back.
func (d *destination) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return explain(d.release(), "close files of", d.path)
}

func (d *destination) release() error {
	err := d.targets.close()
	if d.journal != nil {
		err = errors.Join(err, d.journal.close())
		d.journal = nil
	}
	if d.claim != nil {
		err = errors.Join(err, release(d.claim))
		d.claim = nil
	}
	return err
}
