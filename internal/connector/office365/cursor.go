package office365

import (
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/fault"
)

// cursorVersion rises when an older program could misread a newer cursor.
const cursorVersion = 1

// A cursor says, for each content type, which stretches of time were listed completely. The first stretch begins where
// collecting began; everything before its end is done. Later stretches are islands: fresh data that was listed while
// older data is still being caught up with. A stretch never ends later than now minus the lag.
type cursor struct {
	Version int                `json:"v"`
	Range   *stretch           `json:"range,omitempty"`   // a backfill's: list exactly this
	Checked time.Time          `json:"checked,omitzero"`  // when the subscriptions were last seen to be in order
	Streams map[string]*stream `json:"streams,omitempty"` // by content type
}

// A stream is one content type's place.
type stream struct {
	Begun  time.Time `json:"begun,omitzero"` // when collecting began
	Listed []stretch `json:"listed"`         // sorted, disjoint, not touching
	Step   duration  `json:"step,omitempty"` // how much time one listing asks for, as learned
	// Overlap and Deep are where the two looks back go on; zero: at their beginning.
	Overlap  time.Time `json:"overlap,omitzero"`
	Deep     time.Time `json:"deep,omitzero"`
	DeepDone time.Time `json:"deep_done,omitzero"` // when the last deep scan ended
	Looked   time.Time `json:"looked,omitzero"`    // when the look backs last had all of their share
	Missed   time.Time `json:"missed,omitzero"`    // when it was last reported that time could not be listed again
	Started  time.Time `json:"started,omitzero"`   // when we last asked for the subscription's start
}

// A stretch is [From, To), in whole seconds, UTC.
type stretch struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

type duration = connector.Duration

func (s stretch) empty() bool { return !s.From.Before(s.To) }

func readCursor(raw connector.Cursor) (*cursor, error) {
	c := &cursor{Version: cursorVersion, Streams: map[string]*stream{}}
	if len(raw) == 0 {
		return c, nil
	}
	c.Version = 0 // one without a version is something else's
	if err := json.Unmarshal(raw, c); err != nil {
		return nil, fault.New(fault.Internal, "the cursor can't be read: %w", err).WithHint("Restore the database from a backup, or start the source anew: content of the last 7 days is listed again.")
	}
	if c.Version != cursorVersion {
		return nil, fault.New(fault.Internal, "the cursor has version %d, this program reads %d", c.Version, cursorVersion).WithHint("A newer headrace wrote it. Use that version again.")
	}
	if c.Streams == nil {
		c.Streams = map[string]*stream{}
	}
	for name, s := range c.Streams {
		if s == nil {
			delete(c.Streams, name)
			continue
		}
		s.tidy()
	}
	return c, nil
}

func (c *cursor) raw() (connector.Cursor, error) {
	b, err := json.Marshal(c)
	if err != nil {
		return nil, fault.New(fault.Internal, "write the cursor: %w", err)
	}
	return b, nil
}

// begin gives the stream's place, new ones beginning at start.
func (c *cursor) begin(name string, start time.Time) *stream {
	s := c.Streams[name]
	if s == nil || len(s.Listed) == 0 {
		s = &stream{Listed: []stretch{{From: start, To: start}}}
		c.Streams[name] = s
	}
	return s
}

// done is the time before which everything was listed.
func (s *stream) done() time.Time { return s.Listed[0].To }

// last is the end of the newest stretch.
func (s *stream) last() time.Time { return s.Listed[len(s.Listed)-1].To }

// add remembers that a stretch was listed completely.
func (s *stream) add(listed stretch) {
	if listed.empty() {
		return
	}
	s.Listed = append(s.Listed, listed)
	s.tidy()
}

// tidy sorts the stretches and joins those that touch. What ends before the first one's beginning is dropped: it was
// never promised.
func (s *stream) tidy() {
	slices.SortFunc(s.Listed, func(a, b stretch) int { return a.From.Compare(b.From) })
	joined := s.Listed[:0]
	for i, next := range s.Listed {
		if i > 0 && next.empty() || next.To.Before(next.From) {
			continue
		}
		if n := len(joined); n > 0 && !next.From.After(joined[n-1].To) {
			if next.To.After(joined[n-1].To) {
				joined[n-1].To = next.To
			}
			continue
		}
		joined = append(joined, next)
	}
	s.Listed = joined
}

// gaps are the stretches between from and to that were not listed.
func (s *stream) gaps(from, to time.Time) []stretch {
	var found []stretch
	for _, l := range s.Listed {
		if l.From.After(from) {
			if g := (stretch{from, earlier(l.From, to)}); !g.empty() {
				found = append(found, g)
			}
		}
		from = later(from, l.To)
	}
	if g := (stretch{from, to}); !g.empty() {
		found = append(found, g)
	}
	return found
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// listedBy tells what a cursor says was listed; see connector.SourceSpec.
func listedBy(raw connector.Cursor) ([]connector.Range, error) {
	c, err := readCursor(raw)
	if err != nil {
		return nil, err
	}
	var all []connector.Range
	for _, name := range slices.Sorted(maps.Keys(c.Streams)) {
		for _, s := range c.Streams[name].Listed {
			all = append(all, connector.Range{Stream: name, From: s.From, To: s.To})
		}
	}
	return all, nil
}

// rangeCursor is the cursor of a backfill.
func rangeCursor(_ connector.Config, from, to time.Time) (connector.Cursor, error) {
	// Outwards to whole seconds, which is what the API's times have.
	s := stretch{From: from.UTC().Truncate(time.Second), To: to.UTC().Add(time.Second - 1).Truncate(time.Second)}
	if s.empty() {
		return nil, fault.New(fault.Invalid, "the range ends (%s) before it begins (%s)", to.UTC().Format(time.RFC3339), from.UTC().Format(time.RFC3339))
	}
	c := &cursor{Version: cursorVersion, Range: &s}
	return c.raw()
}
