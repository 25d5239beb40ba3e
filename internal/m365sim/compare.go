package m365sim

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// A Comparison says what a harvest is held to.
type Comparison struct {
	Since        time.Time // the client began then: what had expired before isn't asked of it; zero: it was there always
	Until        time.Time // content that appeared later isn't asked of it; zero: now
	ContentTypes []string  // only these; empty: all
}

// A Difference is how a harvest differs from what a perfect client would have: each record once, by its Id.
type Difference struct {
	Due        int      `json:"due"`        // different records that a perfect client has
	Delivered  int      `json:"delivered"`  // records that were given, repeats counted
	Missing    int      `json:"missing"`    // due, but not given
	Duplicates int      `json:"duplicates"` // given more than once
	Extra      int      `json:"extra"`      // never offered by the feed
	Changed    int      `json:"changed"`    // given with other bytes than the feed's (CompareRecords only)
	NoID       int      `json:"noId"`       // given without an Id
	Examples   []string `json:"examples"`   // some Ids, each with what is wrong
}

// Perfect says whether nothing is missing, extra, changed or there twice.
func (d Difference) Perfect() bool { return d.Missing+d.Duplicates+d.Extra+d.Changed == 0 }

// String is the difference in one line, and some examples.
func (d Difference) String() string {
	text := fmt.Sprintf("due %d, delivered %d, missing %d, duplicates %d, extra %d, changed %d, without Id %d",
		d.Due, d.Delivered, d.Missing, d.Duplicates, d.Extra, d.Changed, d.NoID)
	for _, example := range d.Examples {
		text += "\n  " + example
	}
	return text
}

const examplesKept = 20

func (d *Difference) example(what, id string) {
	if len(d.Examples) < examplesKept {
		d.Examples = append(d.Examples, what+" "+id)
	}
}

type digest [16]byte

func digestOf(text []byte) digest {
	sum := sha256.Sum256(text)
	return digest(sum[:16])
}

type offer struct{ due, seen bool }

// Compare measures delivered Ids.
func (l *Ledger) Compare(ids iter.Seq[string], how Comparison) (Difference, error) {
	offers, err := l.offers(how, nil)
	if err != nil {
		return Difference{}, err
	}
	var d Difference
	for id := range ids {
		d.take(offers, id)
	}
	return d, l.finish(&d, offers, how)
}

// CompareRecords measures delivered records, their bytes too. Where the tenant's key order is shuffled, the order of
// a record's top-level members doesn't count.
func (l *Ledger) CompareRecords(records iter.Seq[[]byte], how Comparison) (Difference, error) {
	bodies := map[digest]struct{}{}
	offers, err := l.offers(how, bodies)
	if err != nil {
		return Difference{}, err
	}
	var d Difference
	for raw := range records {
		id := idOf(raw)
		if known := d.take(offers, id); !known {
			continue
		}
		if _, same := bodies[digestOf(l.canonical(raw))]; !same {
			d.Changed++
			d.example("changed", id)
		}
	}
	return d, l.finish(&d, offers, how)
}

// take counts one delivered record; it says whether the feed has offered it.
func (d *Difference) take(offers map[digest]offer, id string) bool {
	d.Delivered++
	if id == "" {
		d.NoID++
		return false
	}
	key := digestOf([]byte(id))
	o, known := offers[key]
	switch {
	case !known:
		d.Extra++
		d.example("extra", id)
	case o.seen:
		d.Duplicates++
		d.example("duplicate", id)
	default:
		o.seen = true
		offers[key] = o
	}
	return known
}

// offers are all records that the feed has offered so far, by a digest of their Id.
func (l *Ledger) offers(how Comparison, bodies map[digest]struct{}) (map[digest]offer, error) {
	offers := map[digest]offer{}
	err := l.walk(how, bodies != nil, func(id string, raw []byte, due bool) {
		if id == "" {
			return
		}
		key := digestOf([]byte(id))
		o := offers[key]
		o.due = o.due || due
		offers[key] = o
		if bodies != nil {
			bodies[digestOf(l.canonical(raw))] = struct{}{}
		}
	})
	return offers, err
}

// walk visits each appearance of each record that is there by now.
func (l *Ledger) walk(how Comparison, withRaw bool, visit func(id string, raw []byte, due bool)) error {
	now := l.sim.now().UnixMilli()
	until, since := now, int64(longAgo)
	if !how.Until.IsZero() {
		until = min(how.Until.UnixMilli(), now)
	}
	if !how.Since.IsZero() {
		since = how.Since.UnixMilli()
	}
	var raw []byte
	for _, b := range l.blobs() {
		if b.available > now || !l.subscribed(b) {
			continue
		}
		wanted := len(how.ContentTypes) == 0 || slices.Contains(how.ContentTypes, ContentTypes[b.ctype])
		unsettled := b.settled > until && (b.partial || l.tenant.content.Partial.OnExactStart)
		due := wanted && b.available <= until && b.expires() > since && !unsettled && l.never(b) == ""
		for i := range b.size() {
			var err error
			var id string
			if withRaw {
				raw, err = l.sim.appendRecord(raw[:0], l.tenant, b.record(i))
				id = idOf(raw)
			} else {
				id, err = l.sim.recordID(l.tenant, b.record(i))
			}
			if err != nil {
				return err
			}
			visit(id, raw, due)
		}
	}
	return nil
}

// finish counts what is missing and names some.
func (l *Ledger) finish(d *Difference, offers map[digest]offer, how Comparison) error {
	for _, o := range offers {
		d.Due += one(o.due)
		d.Missing += one(o.due && !o.seen)
	}
	if d.Missing == 0 {
		return nil
	}
	return l.walk(how, false, func(id string, _ []byte, _ bool) {
		key := digestOf([]byte(id))
		if o := offers[key]; o.due && !o.seen {
			d.example("missing", id)
			delete(offers, key)
		}
	})
}

// canonical is a record with its members in the order of their names where order doesn't count.
func (l *Ledger) canonical(raw []byte) []byte {
	if !l.tenant.content.ShuffleKeys {
		return raw
	}
	var members [][]byte
	err := eachMember(raw, func(name string, value jsontext.Value) {
		members = append(members, append([]byte(name+":"), value...))
	})
	if err != nil {
		return raw
	}
	slices.SortFunc(members, bytes.Compare)
	return bytes.Join(members, []byte{','})
}
