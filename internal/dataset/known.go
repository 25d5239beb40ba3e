package dataset

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/headrace/headrace/internal/store"
)

// Known is what was learned of a stream's records so far, as it is stored.
type Known struct {
	Records int64             `json:"records"` // looked at, ever
	First   time.Time         `json:"first"`   // the times of the oldest and the newest of them
	Last    time.Time         `json:"last"`
	Cut     bool              `json:"cut,omitempty"` // there are more fields than are kept
	Fields  map[string]*field `json:"fields"`
}

// field is what is known of one path.
type field struct {
	Types   int64     `json:"t"`
	Present int64     `json:"n"` // in so many …
	Of      int64     `json:"of"`
	Rate    float64   `json:"p"`            // … of Of, when it was seen last
	At      int64     `json:"at"`           // Known.Records when it was seen last
	Example string    `json:"ex,omitempty"` // tells of nobody
	First   time.Time `json:"f"`
	Last    time.Time `json:"l"`
	Changed time.Time `json:"c,omitzero"` // since when it has a type more
	Fresh   bool      `json:"new,omitempty"`
	Gone    bool      `json:"gone,omitempty"`
}

// Kinds of changes.
const (
	FieldNew   = "new"   // records have a field that they did not have before
	FieldTypes = "types" // a field has a type that it did not have before
	FieldGone  = "gone"  // records no longer have a field
	FieldBack  = "back"  // they have it again
)

const (
	mostFields = 1000                // of one stream that are kept
	enough     = 100                 // records are looked at, …
	aWhile     = 24 * time.Hour      // … of so much time at least, before anything counts as new: many operations happen once a day
	certain    = 30                  // records should have had a field that is gone
	ofField    = 20                  // records had it before a new type counts
	memory     = 5000                // records that a share is of; then the older ones count half
	forgotten  = 90 * 24 * time.Hour // since it was gone
)

// open reads what is stored; nothing stored is nothing known.
func open(d store.Dataset) (*Known, error) {
	k := &Known{Fields: map[string]*field{}}
	if len(d.Shape) == 0 {
		return k, nil
	}
	if err := json.Unmarshal(d.Shape, k); err != nil {
		return nil, fmt.Errorf("read what is known of %s: %w", d.Stream, err)
	}
	return k, nil
}

// write puts it into a row.
func (k *Known) write(d store.Dataset) (store.Dataset, error) {
	var err error
	d.Records, d.Fields, d.First, d.Last = k.Records, int64(len(k.Fields)), k.First, k.Last
	d.Shape, err = json.Marshal(k)
	return d, err
}

// settled tells whether enough was seen to call something new.
func (k *Known) settled() bool { return k.Records >= enough && k.Last.Sub(k.First) >= aWhile }

// Add puts what some more records look like to what is known, and tells what is new about it.
func (k *Known) Add(s *Shape) []store.DatasetChange {
	settled, began := k.settled(), k.First
	k.Records += s.Records
	k.First, k.Last = earlier(k.First, s.First), later(k.Last, s.Last)
	k.Cut = k.Cut || s.Cut
	var changes []store.DatasetChange
	back := map[string]bool{}
	for _, seen := range s.Fields() { // parents come before what is in them
		f := k.Fields[seen.Path]
		if f == nil {
			if len(k.Fields) >= mostFields {
				k.Cut = true
				continue
			}
			f = &field{First: seen.First, Fresh: settled && seen.First.Sub(began) >= aWhile}
			k.Fields[seen.Path] = f
		}
		changes = append(changes, f.meet(seen, settled, back)...)
		f.Of += s.Records
		f.Present += seen.Present
		f.Rate, f.At = float64(f.Present)/float64(f.Of), k.Records
		if c, ok := k.fresh(f, seen.Path); ok {
			changes = append(changes, c)
		}
		f.halve()
	}
	for _, path := range slices.Sorted(maps.Keys(k.Fields)) {
		if s.places[path] == nil {
			changes = append(changes, k.miss(path, s.Records)...)
		}
	}
	return changes
}

// meet notes that a field was seen. back are those that were gone until now; what is in one is told with it.
func (f *field) meet(seen Field, settled bool, back map[string]bool) []store.DatasetChange {
	var changes []store.DatasetChange
	if more := f.more(seen.Types); more != 0 && settled && f.Present >= ofField {
		f.Changed = seen.First
		changes = append(changes, store.DatasetChange{Kind: FieldTypes, Path: seen.Path, Since: seen.First, OldTypes: f.Types, Types: f.Types | more})
	}
	if f.Gone {
		f.Gone, back[seen.Path] = false, true
		if !back[parent(seen.Path)] {
			changes = append(changes, store.DatasetChange{Kind: FieldBack, Path: seen.Path, Since: seen.First, Types: f.Types})
		}
	}
	f.Types |= seen.Types
	if seen.Example != "" {
		f.Example = seen.Example
	}
	f.First, f.Last = earlier(f.First, seen.First), later(f.Last, seen.Last)
	return changes
}

// more gives the types that are new to a field whose types are known. That it may also be null is nothing new, and a whole number is
// a number.
func (f *field) more(types int64) int64 {
	old := f.Types &^ Null
	if old == 0 {
		return 0
	}
	if old&Number != 0 {
		old |= Integer
	}
	return types &^ Null &^ old
}

// fresh tells of a new field when it was seen twice: once may be a slip. What is new as a whole is told as a whole.
func (k *Known) fresh(f *field, path string) (store.DatasetChange, bool) {
	if !f.Fresh || f.Present < 2 {
		return store.DatasetChange{}, false
	}
	f.Fresh = false
	if p := k.Fields[parent(path)]; p != nil && !p.First.Before(f.First) {
		return store.DatasetChange{}, false
	}
	return store.DatasetChange{Kind: FieldNew, Path: path, Since: f.First, Types: f.Types}, true
}

// miss notes that a field was not in some records.
func (k *Known) miss(path string, records int64) []store.DatasetChange {
	f := k.Fields[path]
	f.Of += records
	f.halve()
	if f.Gone {
		if k.Last.Sub(f.Last) >= forgotten {
			delete(k.Fields, path)
		}
		return nil
	}
	if float64(k.Records-f.At)*f.Rate < certain || k.Last.Sub(f.Last) < aWhile {
		return nil
	}
	f.Gone = true
	if p := k.Fields[parent(path)]; p != nil && p.Gone {
		return nil
	}
	return []store.DatasetChange{{Kind: FieldGone, Path: path, Since: f.Last, Types: f.Types}}
}

// halve lets the older half of what was seen count less, so that a share is of records that came lately.
func (f *field) halve() {
	if f.Of > memory {
		f.Of, f.Present = f.Of/2, (f.Present+1)/2
	}
}

// parent is the path of what a field is in; "": it is at the top.
func parent(path string) string {
	if cut, ok := strings.CutSuffix(path, "[]"); ok {
		return cut
	}
	if strings.HasSuffix(path, `"`) {
		if at := strings.LastIndex(path[:len(path)-1], `."`); at >= 0 {
			return path[:at]
		}
	}
	return path[:max(0, strings.LastIndexByte(path, '.'))]
}
