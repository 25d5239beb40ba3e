package dataset

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/headrace/headrace/internal/store"
)

var monday = time.Date(2026, 11, 16, 8, 0, 0, 0, time.UTC)

// school is a stream that is learned bit by bit, each time through its stored form.
type school struct {
	t    *testing.T
	row  store.Dataset
	time time.Time     // of the next record
	step time.Duration // between two
}

func newSchool(t *testing.T) *school { return &school{t: t, time: monday, step: time.Minute} }

// learn shows n records, a step apart, and gives what is new about them as "kind path".
func (s *school) learn(n int, body string) []string {
	s.t.Helper()
	shape := NewShape()
	for range n {
		if !shape.AddAt([]byte(body), s.time) {
			s.t.Fatalf("%s is no JSON", body)
		}
		s.time = s.time.Add(s.step)
	}
	return s.add(shape)
}

func (s *school) add(shape *Shape) []string {
	s.t.Helper()
	known, err := open(s.row)
	if err != nil {
		s.t.Fatal(err)
	}
	changes := known.Add(shape)
	if s.row, err = known.write(s.row); err != nil {
		s.t.Fatal(err)
	}
	said := []string{}
	for _, c := range changes {
		said = append(said, strings.TrimSpace(fmt.Sprint(c.Kind, " ", c.Path)))
		if c.Since.IsZero() || c.Since.After(s.time) {
			s.t.Errorf("%s since %s", c.Path, c.Since)
		}
	}
	return said
}

func (s *school) known() *Known {
	s.t.Helper()
	k, err := open(s.row)
	if err != nil {
		s.t.Fatal(err)
	}
	return k
}

// settle shows two days of a usual record.
func (s *school) settle(body string) {
	s.t.Helper()
	for range 48 {
		if got := s.learn(60, body); len(got) > 0 {
			s.t.Fatalf("while it learns: %v", got)
		}
	}
}

func expect(t *testing.T, got []string, want ...string) {
	t.Helper()
	if strings.Join(got, ", ") != strings.Join(want, ", ") {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestNothingIsNewInTheFirstDay(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	for n := range 23 {
		expect(t, s.learn(60, fmt.Sprintf(`{"Id":"x","f%d":1}`, n)))
	}
	if k := s.known(); k.Records != 23*60 || len(k.Fields) != 24 || !k.First.Equal(monday) {
		t.Errorf("%d records, %d fields, since %s", k.Records, len(k.Fields), k.First)
	}
}

func TestANewField(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	s.settle(`{"Id":"x","ctx":{"a":1}}`)
	since := s.time
	expect(t, s.learn(1, `{"Id":"x","ctx":{"a":1,"b":{"c":["d"]}}}`)) // once may be a slip
	expect(t, s.learn(1, `{"Id":"x","ctx":{"a":1,"b":{"c":["d"]}}}`), "new .ctx.b")
	expect(t, s.learn(9, `{"Id":"x","ctx":{"a":1,"b":{"c":["d"]}}}`))
	k := s.known()
	b := k.Fields[".ctx.b"]
	if b == nil || !b.First.Equal(since) || b.Present != 11 || b.Of != 11 || k.Fields[".ctx.b.c[]"] == nil {
		t.Errorf("%+v", b)
	}
	if id := k.Fields[".Id"]; id.Present != id.Of || id.Of != 48*60+11 {
		t.Errorf("Id: %+v", id)
	}
}

// A backfill brings records that are older than what was seen: what they have is not new.
func TestOldRecordsHaveNothingNew(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	s.settle(`{"Id":"x"}`)
	now := s.time
	s.time = monday.Add(-7 * 24 * time.Hour)
	expect(t, s.learn(60, `{"Id":"x","old":1}`))
	s.time = now
	expect(t, s.learn(60, `{"Id":"x","old":1}`))
}

func TestANewType(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	s.settle(`{"n":1,"f":1.5,"maybe":"x"}`)
	expect(t, s.learn(1, `{"n":1,"f":2,"maybe":null}`)) // neither is new
	since := s.time
	expect(t, s.learn(1, `{"n":"one","f":2,"maybe":"x"}`), "types .n")
	expect(t, s.learn(5, `{"n":"one","f":2,"maybe":"x"}`))
	if f := s.known().Fields[".n"]; f.Types != Integer|String || !f.Changed.Equal(since) {
		t.Errorf("%+v", f)
	}
	expect(t, s.learn(1, `{"n":1,"rare":1}`))
	expect(t, s.learn(1, `{"n":1,"rare":"1"}`), "new .rare") // it is only being met
}

func TestAFieldThatGoes(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	s.settle(`{"Id":"x","always":{"in":1},"it":[1]}`)
	expect(t, s.learn(60, `{"Id":"x"}`)) // an hour without says nothing
	for range 22 {
		expect(t, s.learn(60, `{"Id":"x"}`))
	}
	expect(t, s.learn(120, `{"Id":"x"}`), "gone .always", "gone .it")
	expect(t, s.learn(120, `{"Id":"x"}`))
	expect(t, s.learn(1, `{"Id":"x","always":{"in":1}}`), "back .always")
	s.step = time.Hour
	for range 91 {
		expect(t, s.learn(24, `{"Id":"x","always":{"in":1}}`))
	}
	if k := s.known(); k.Fields[".it"] != nil || k.Fields[".it[]"] != nil || k.Fields[".always"] == nil {
		t.Errorf("after three months: %v", slices.Sorted(maps.Keys(k.Fields)))
	}
}

// A rare field is not gone because it was not there for a day.
func TestARareFieldIsNotGone(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	for range 50 {
		s.learn(99, `{"Id":"x"}`)
		s.learn(1, `{"Id":"x","rare":1}`)
	}
	expect(t, s.learn(2*24*60, `{"Id":"x"}`))
	if f := s.known().Fields[".rare"]; f.Gone || f.Rate < 0.005 || f.Rate > 0.02 {
		t.Errorf("%+v", f)
	}
}

func TestSharesAreOfLately(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	for range 40 {
		s.learn(60, `{"Id":"x","was":1}`)
	}
	for range 100 {
		s.learn(60, `{"Id":"x"}`)
	}
	if f := s.known().Fields[".was"]; f.Present*4 > f.Of {
		t.Errorf("%d of %d", f.Present, f.Of)
	}
}

func TestWhatIsKnownHasBounds(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	for n := range 12 {
		shape := NewShape()
		for i := range 100 {
			shape.AddAt(fmt.Appendf(nil, `{"k%d":1}`, 100*n+i), monday)
		}
		s.add(shape)
	}
	k := s.known()
	if len(k.Fields) != mostFields || !k.Cut {
		t.Errorf("%d fields, cut %v", len(k.Fields), k.Cut)
	}
	if _, err := open(store.Dataset{Stream: "a", Shape: []byte("{")}); err == nil || !strings.Contains(err.Error(), "known of a") {
		t.Errorf("a broken row: %v", err)
	}
}

func TestParentsOfPaths(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{".a": "", ".a.b": ".a", ".a[]": ".a", ".a[].b": ".a[]", `."x.y"`: "", `.a."x.y"`: ".a", "": ""} {
		if got := parent(path); got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
}
