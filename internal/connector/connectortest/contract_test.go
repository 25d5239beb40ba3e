package connectortest_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/connector/connectortest"
	"github.com/headrace/headrace/internal/fault"
)

func TestMemorySource(t *testing.T) {
	t.Parallel()
	for name, opt := range map[string]connectortest.SourceOptions{
		"feed":   {Page: 3, Overlap: 2},
		"stable": {StableOrder: true},
		"tree":   {Mutable: true, StableOrder: true, Page: 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			spec := connectortest.NewMemorySource(opt).Spec()
			connectortest.Source(t, connectortest.SourceCase{Spec: *spec.Source, Remote: func(*testing.T) connectortest.Remote { return remote(opt) }})
		})
	}
}

func remote(opt connectortest.SourceOptions) connectortest.Remote {
	m := connectortest.NewMemorySource(opt)
	for i := range 10 {
		m.Put(split(i), connectortest.Records(i*5, i*5+5)...)
	}
	m.Put(connector.Split{ID: "inline", Stream: "Audit.B", Time: connectortest.Start, Inline: json.RawMessage(`[{"id":"a"},{"id":"b"}]`)})
	r := connectortest.Remote{
		Open:   func(*testing.T) connector.Source { return m.Open() },
		Find:   m.Find,
		Splits: 11, Records: 52,
		From: connectortest.Start, To: connectortest.Start.Add(time.Hour),
	}
	if opt.Mutable {
		r.Change = func(_ *testing.T, s connector.Split) {
			changed := s
			changed.ID, changed.Locator = s.ID+"@2", nil
			m.Replace(s.ID, changed, connectortest.Records(0, 1)...)
		}
	} else {
		r.Expire = func(_ *testing.T, s connector.Split) { m.Expire(s.ID) }
	}
	return r
}

func split(i int) connector.Split {
	return connector.Split{ID: fmt.Sprintf("s%d", i), Stream: []string{"Audit.A", "Audit.B"}[i%2], Time: connectortest.Start.Add(time.Duration(i) * time.Minute)}
}

func TestMemoryDestination(t *testing.T) {
	t.Parallel()
	connectortest.Destination(t, connectortest.DestinationCase{
		Place: func(*testing.T) connectortest.Place {
			m := connectortest.NewMemoryDestination(connectortest.DestinationOptions{})
			m.Refuse("bad", fault.New(fault.Invalid, "bad"))
			return connectortest.Place{Spec: *m.Spec().Destination, Config: &connectortest.MemoryConfig{}, Held: func(*testing.T) []string { return m.Bodies() }}
		},
		Bad: &connector.Record{Key: "bad", Body: []byte("{}")},
	})
}

func TestKeyedDestination(t *testing.T) {
	t.Parallel()
	connectortest.Destination(t, connectortest.DestinationCase{
		Place: func(*testing.T) connectortest.Place {
			k := connectortest.NewKeyedDestination(connectortest.DestinationOptions{Lanes: 2})
			k.Refuse("bad", fault.New(fault.Invalid, "bad"))
			held := func(*testing.T) []string {
				var out []string
				for _, item := range k.Items() {
					out = append(out, item.Body)
				}
				return out
			}
			return connectortest.Place{Spec: *k.Spec().Destination, Config: &connectortest.MemoryConfig{}, Held: held}
		},
		Records: items,
		Bad:     &connector.Record{Key: "bad", Body: []byte(`{"acl":[]}`)},
	})
}

// items are records that a KeyedDestination takes.
func items(from, to int) []connector.Record {
	records := connectortest.Records(from, to)
	for i := range records {
		records[i].Body = json.RawMessage(fmt.Sprintf(`{"id":%q,"acl":["everyone"]}`, records[i].Key))
	}
	return records
}

func TestMemorySourceReportsWhatCannotBeListed(t *testing.T) {
	t.Parallel()
	m := connectortest.NewMemorySource(connectortest.SourceOptions{Mutable: true})
	for i := range 4 {
		m.Put(split(i), connectortest.Records(i, i+1)...)
	}
	gap := connector.Gap{Range: connector.Range{Stream: "Audit.A"}, Reason: "too old"}
	m.Lose(gap)
	m.FailStream("Audit.A", errors.New("no permission"))
	src := m.Open()
	first, err := src.Enumerate(context.Background(), nil)
	if err != nil || len(first.Splits) != 2 || len(first.Failed) != 1 || first.Complete || !slices.Equal(first.Lost, []connector.Gap{gap}) {
		t.Fatalf("with a failed stream: %+v, %v; want two splits, one failure, one gap, not complete", first, err)
	}
	m.FailStream("Audit.A", nil)
	second, err := src.Enumerate(context.Background(), first.Cursor)
	if err != nil || len(second.Splits) != 2 || len(second.Failed) != 0 || len(second.Lost) != 0 || second.Complete {
		t.Fatalf("after it works again: %+v, %v; want the two splits that were left out", second, err)
	}
	boom := errors.New("boom")
	m.FailList(boom)
	if _, err := src.Enumerate(context.Background(), nil); !errors.Is(err, boom) {
		t.Errorf("a failing listing says %v", err)
	}
	m.FailRead("s0", 1, boom)
	m.Refuse("s1", 0, fault.New(fault.Invalid, "unreadable"))
	if n, err := count(src, "s0"); n != 1 || !errors.Is(err, boom) {
		t.Errorf("a failing read gives %d records, %v", n, err)
	}
	if n, err := count(src, "s0"); n != 1 || err != nil {
		t.Errorf("the read after it gives %d records, %v", n, err)
	}
	if n, err := count(src, "s1"); n != 1 || fault.ClassOf(err) != fault.Invalid {
		t.Errorf("a refused record: %d records, %v", n, err)
	}
}

// count reads a split of a MemorySource: how many records, and the last error.
func count(src connector.Source, id string) (n int, last error) {
	for rec, err := range src.Read(context.Background(), connector.Split{ID: id, Locator: json.RawMessage(fmt.Sprintf(`{"id":%q}`, id))}, 0) {
		if rec.Key != "" {
			n++
		}
		if err != nil {
			last = err
		}
	}
	return n, last
}

func TestKeyedDestinationStopsAndRefuses(t *testing.T) {
	t.Parallel()
	k := connectortest.NewKeyedDestination(connectortest.DestinationOptions{})
	slow := &fault.Error{Class: fault.Throttled, Title: "slow down", RetryAt: connectortest.Start}
	k.Stop(1, slow)
	res, err := k.Open().Write(context.Background(), connector.Batch{Records: items(0, 3)})
	if err != nil || !errors.Is(res.Stopped, slow) || res.Outcomes[0].Kind != connector.Stored || res.Outcomes[2].Kind != connector.NotTried {
		t.Errorf("throttled: %+v, %v", res, err)
	}
	if got := k.Keys(); !slices.Equal(got, []string{"k0"}) {
		t.Errorf("it holds %v, want k0", got)
	}
	if _, err := connectortest.PrepareItem(connectortest.Records(0, 1)[0]); fault.ClassOf(err) != fault.Invalid {
		t.Errorf("an item without acl is prepared with %v, want invalid", err)
	}
	parts := items(0, 1)[0]
	parts.Body = json.RawMessage(`{"id":"k0","acl":["a"],"parts":2}`)
	prepared, err := connectortest.PrepareItem(parts)
	if err != nil || len(prepared) != 2 || prepared[1].Key != "k0#1" {
		t.Errorf("two parts: %v, %v", prepared, err)
	}
	other := parts
	other.Body = json.RawMessage(`{"id":"k0","acl":["b"],"parts":2}`)
	changed, err := connectortest.PrepareItem(other)
	if err != nil || changed[0].Content != prepared[0].Content || changed[0].ACL == prepared[0].ACL {
		t.Error("another acl must change the ACL's hash and not the content's")
	}
}

func TestWriteFaults(t *testing.T) {
	t.Parallel()
	boom := errors.New("boom")
	for name, c := range map[string]struct {
		wrap func(connector.Destination) connector.Destination
		held int
		err  error
	}{
		"fails before":        {func(d connector.Destination) connector.Destination { return connectortest.FailWrite(d, 2, boom) }, 4, boom},
		"fails after writing": {func(d connector.Destination) connector.Destination { return connectortest.FailAfterWrite(d, 2, boom) }, 8, boom},
		"writes half":         {func(d connector.Destination) connector.Destination { return connectortest.Half(d, 2, boom) }, 6, boom},
		"stops at half":       {func(d connector.Destination) connector.Destination { return connectortest.Stop(d, 2, boom) }, 6, nil},
		"other calls work":    {func(d connector.Destination) connector.Destination { return connectortest.FailWrite(d, 3, boom) }, 8, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := connectortest.NewMemoryDestination(connectortest.DestinationOptions{Wrap: c.wrap})
			dst := m.Open()
			res, err := dst.Write(context.Background(), connector.Batch{Records: connectortest.Records(0, 4)})
			if err != nil {
				t.Fatal(err)
			}
			res, err = dst.Write(context.Background(), connector.Batch{After: res.Receipt, Records: connectortest.Records(4, 8)})
			if !errors.Is(err, c.err) || len(m.Bodies()) != c.held {
				t.Errorf("holds %d, %v; want %d, %v", len(m.Bodies()), err, c.held, c.err)
			}
			if name == "stops at half" && (len(res.Outcomes) != 4 || !errors.Is(res.Stopped, boom) || res.Outcomes[2].Kind != connector.NotTried) {
				t.Errorf("result is %+v", res)
			}
		})
	}
}

func TestSlowIsCancelled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := connectortest.NewMemoryDestination(connectortest.DestinationOptions{})
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		_, err := connectortest.SlowWrite(m.Open(), time.Hour).Write(ctx, connector.Batch{Records: connectortest.Records(0, 1)})
		if !errors.Is(err, context.DeadlineExceeded) || len(m.Bodies()) != 0 {
			t.Errorf("a slow write that was cancelled: %v, %d records", err, len(m.Bodies()))
		}
		_, err = connectortest.SlowWrite(m.Open(), time.Second).Write(ctx, connector.Batch{Records: connectortest.Records(0, 1)})
		if err == nil {
			t.Error("the context has ended")
		}
	})
}

func TestReadFaults(t *testing.T) {
	t.Parallel()
	m := connectortest.NewMemorySource(connectortest.SourceOptions{})
	m.Put(split(0), connectortest.Records(0, 4)...)
	boom := errors.New("boom")
	if n, err := count(connectortest.FailRead(m.Open(), 1, 2, boom), "s0"); n != 2 || !errors.Is(err, boom) {
		t.Errorf("a read that fails after two gives %d, %v", n, err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	n := 0
	var last error
	for _, err := range connectortest.CancelRead(m.Open(), 1, 2, cancel).Read(ctx, connector.Split{ID: "s0", Locator: json.RawMessage(`{"id":"s0"}`)}, 0) {
		if last = err; err == nil {
			n++
		}
	}
	if n != 3 || !errors.Is(last, context.Canceled) {
		t.Errorf("a read that is cancelled at the third gives %d, %v", n, last)
	}
}
