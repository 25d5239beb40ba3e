package engine_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/connector/connectortest"
	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/store"
)

// item is a record that a mirror takes.
func item(key string, version int) connector.Record {
	return record(key, fmt.Sprintf(`{"id":%q,"v":%d,"acl":["all"]}`, key, version))
}

// file puts a split of one version with items; what it was before is replaced.
func (r *rig) file(name string, version int, items ...connector.Record) {
	id := fmt.Sprintf("%s@%d", name, version)
	split := connector.Split{ID: id, Stream: "s", Time: r.store.Now()}
	if old, ok := r.versions[name]; ok && old != id {
		r.source.Replace(old, split, items...)
	} else {
		r.source.Put(split, items...)
	}
	r.versions[name] = id
}

func (r *rig) unfile(name string) {
	r.source.Remove(r.versions[name])
	delete(r.versions, name)
}

// crawl waits for the next crawl to be due and works until it has ended.
func (r *rig) crawl() store.Run {
	r.t.Helper()
	r.d.Clock.Add(2 * time.Hour)
	r.once()
	last, ok, err := r.store.LastCrawl(r.ctx(), r.flow.ID)
	if err != nil || !ok {
		r.t.Fatalf("no crawl: %v", err)
	}
	return last
}

// mirrors checks that the destination holds exactly these.
func (r *rig) mirrors(want ...connector.Record) {
	r.t.Helper()
	got, should := map[string]string{}, map[string]string{}
	for key, i := range r.keyed.Items() {
		got[key] = i.Body
	}
	for _, rec := range want {
		should[rec.Key] = string(rec.Body)
	}
	if !maps.Equal(got, should) {
		r.t.Errorf("the destination holds %v\nwant %v\n%s", got, should, r.log)
	}
}

// many makes items number from to to, in one split each.
func (r *rig) many(from, to, version int) []connector.Record {
	var all []connector.Record
	for i := from; i < to; i++ {
		one := item(fmt.Sprint("i", i), version)
		r.file(fmt.Sprint("f", i), version, one)
		all = append(all, one)
	}
	return all
}

func TestAMirrorFollowsItsSource(t *testing.T) {
	each(t, true, func(t *testing.T, r *rig) {
		all := r.many(0, 12, 1)
		first := r.crawl()
		r.mirrors(all...)
		if first.Number != 1 || first.State != store.RunSucceeded {
			t.Errorf("crawl %+v", first)
		}
		puts := r.keyed.Puts("i0")

		second := r.crawl() // nothing changed: nothing is read, nothing is sent
		if second.Number != 2 || r.keyed.Puts("i0") != puts || r.source.Reads("f0@1") != 1 {
			t.Errorf("crawl %d; i0 was put %d times, f0 read %d times", second.Number, r.keyed.Puts("i0"), r.source.Reads("f0@1"))
		}

		all[3] = item("i3", 2)
		r.file("f3", 2, all[3])
		r.unfile("f5")
		r.file("new", 1, item("n", 1))
		third := r.crawl()
		r.mirrors(append(slices.Delete(slices.Clone(all), 5, 6), item("n", 1))...)
		if third.State != store.RunSucceeded || r.keyed.Deletes("i5") != 1 || r.keyed.Puts("i3") != 2 || r.keyed.Puts("i4") != 1 {
			t.Errorf("crawl %+v; deletes %d, puts %d and %d", third, r.keyed.Deletes("i5"), r.keyed.Puts("i3"), r.keyed.Puts("i4"))
		}
		if c := r.countsOf(r.flow, third.ID); c.Deleted != 1 || c.Delivered != 3 {
			t.Errorf("counts %+v", c)
		}
		r.file("f0", 2, item("i0", 1)) // touched, with the same content
		r.crawl()
		if r.keyed.Puts("i0") != 1 || r.source.Reads("f0@2") != 1 {
			t.Errorf("i0 was put %d times", r.keyed.Puts("i0"))
		}
		r.crawl()
		if r.source.Reads("f0@2") != 1 {
			t.Errorf("f0 was read %d times", r.source.Reads("f0@2"))
		}
	})
}

// Wherever a worker dies, the next ones leave neither an orphan nor anything stale.
func TestACrashOfAMirrorLeavesNothingBehind(t *testing.T) {
	each(t, true, func(t *testing.T, r *rig) {
		r.small(3)
		version := 0
		kill := map[string]func(n int) bool{
			"before the first write": func(n int) bool { return n == 1 },
			"after the second write": func(n int) bool { return n == -2 },
			"before every third":     func(n int) bool { return n > 0 && n%3 == 0 },
			"after every second":     func(n int) bool { return n < 0 && n%2 == 0 },
		}
		for _, name := range slices.Sorted(maps.Keys(kill)) {
			killed := 0
			hit := func(n int) {
				if kill[name](n) {
					killed++
					r.usurp()
				}
			}
			r.hooks(func(n int) { hit(n) }, func(n int) { hit(-n) })
			version++
			all := r.many(0, 20, version)
			r.file("gone", version, item("gone", version))
			r.crawl()
			r.mirrors(append(all, item("gone", version))...)
			// Deletes die too. And what was created and then vanished while nobody knew of it must go as well.
			r.unfile("gone")
			r.crawl()
			r.mirrors(all...)
			if killed == 0 {
				t.Errorf("%s: nobody was killed", name)
			}
		}
	})
}

// An item that was sent and never committed is deleted when its source is gone by the next crawl.
func TestAnOrphanOfACrashIsDeleted(t *testing.T) {
	each(t, true, func(t *testing.T, r *rig) {
		all := r.many(0, 5, 1)
		r.crawl()
		r.file("brief", 1, item("brief", 1))
		r.d.Clock.Add(2 * time.Hour)
		r.hooks(nil, func(n int) {
			if n == 1 {
				r.unfile("brief")
				r.usurp()
			}
		})
		r.once()
		r.crawl()
		r.mirrors(all...)
	})
}

func TestWhatFailedIsTriedAgainThoughUnchanged(t *testing.T) {
	each(t, true, func(t *testing.T, r *rig) {
		all := r.many(0, 4, 1)
		r.keyed.Refuse("i2", fault.New(fault.Invalid, "no such person"))
		run := r.crawl()
		r.mirrors(all[0], all[1], all[3])
		if run.State != store.RunDead || len(r.letters()) != 1 || r.letters()[0].Stage != "destination" {
			t.Errorf("run %+v, letters %+v", run, r.letters())
		}
		r.keyed.Refuse("i2", nil)
		r.crawl()
		r.mirrors(all...)
		if r.source.Reads("f0@1") != 1 || r.source.Reads("f2@1") != 2 {
			t.Errorf("f0 was read %d times, f2 %d", r.source.Reads("f0@1"), r.source.Reads("f2@1"))
		}
	})
}

// A record that became a dead letter counts as seen, in this crawl and in those that need not read it again; one that a
// filter drops on purpose does not.
func TestWhatADeadLetterHadIsNotDeleted(t *testing.T) {
	each(t, true, func(t *testing.T, r *rig) {
		all := r.many(0, 6, 1)
		r.crawl()
		r.file("f1", 2, record("i1", `{"id":"i1","v":2}`)) // no acl: Prepare refuses it
		r.file("f2", 2, item("i2", 2))
		r.source.Refuse("f2@2", 0, fault.New(fault.Invalid, "unreadable"))
		r.change = func(_ context.Context, rec connector.Record, emit func(connector.Record) error) error {
			if rec.Key == "i3" && strings.Contains(string(rec.Body), `"v":2`) {
				return fault.New(fault.Invalid, "no")
			}
			if rec.Key == "i4" && strings.Contains(string(rec.Body), `"v":2`) {
				return nil
			}
			return emit(rec)
		}
		r.file("f3", 2, item("i3", 2))
		r.file("f4", 2, item("i4", 2))
		r.crawl()
		if got := stages(r.letters()); got["prepare"] != 1 || got["source"] != 1 || got["transform"] != 1 {
			t.Errorf("letters %v", got)
		}
		kept := []connector.Record{all[0], all[1], all[2], all[3], all[5]}
		r.mirrors(kept...)
		r.crawl()
		r.crawl()
		r.mirrors(kept...)
		if r.source.Reads("f1@2") != 1 {
			t.Errorf("a dead letter's split was read %d times", r.source.Reads("f1@2"))
		}
	})
}

// A refused record without a key may be any item: its crawl deletes nothing.
func TestARefusalWithoutAKeyDeletesNothing(t *testing.T) {
	each(t, true, func(t *testing.T, r *rig) {
		all := r.many(0, 5, 1)
		r.crawl()
		r.unfile("f1")
		r.file("f2", 2, item("other", 1), record("", ""))
		r.source.Refuse("f2@2", 1, fault.New(fault.Invalid, "unreadable"))
		r.crawl()
		r.mirrors(append(all, item("other", 1))...)
		r.file("f2", 3, item("i2", 3))
		r.crawl()
		r.mirrors(all[0], item("i2", 3), all[3], all[4])
	})
}

// One key of the source may become several items; a change of their number and a delete reach all of them.
func TestOneKeyOfTheSourceMakesSeveralItems(t *testing.T) {
	each(t, true, func(t *testing.T, r *rig) {
		parts := func(v, n int) connector.Record {
			return record("doc", fmt.Sprintf(`{"id":"doc","v":%d,"parts":%d,"acl":["all"]}`, v, n))
		}
		r.many(0, 3, 1)
		keys := func(want ...string) {
			t.Helper()
			var got []string
			for _, k := range r.keyed.Keys() {
				if strings.HasPrefix(k, "doc") {
					got = append(got, k)
				}
			}
			if !slices.Equal(got, want) {
				t.Errorf("parts %v, want %v", got, want)
			}
		}
		r.file("d", 1, parts(1, 3))
		r.crawl()
		keys("doc#0", "doc#1", "doc#2")
		r.file("d", 2, parts(2, 2))
		r.crawl()
		keys("doc#0", "doc#1")
		gone := connector.Record{Key: "doc", Op: connector.Delete, Time: connectortest.Start}
		r.file("d", 3, gone)
		r.crawl()
		keys()
		r.file("d", 4, parts(4, 2))
		r.crawl()
		keys("doc#0", "doc#1")
	})
}

// deletes: tombstone deletes what the source says, and nothing by absence; never deletes nothing at all. What a crawl leaves there
// although its source no longer has it is counted, unless the crawl was not whole and can't tell.
func TestTheRulesOfDeleting(t *testing.T) {
	each(t, true, func(t *testing.T, r *rig) {
		all := r.many(0, 4, 1)
		unseen := func(want int64) {
			t.Helper()
			if run := r.crawl(); run.Unseen == nil || *run.Unseen != want {
				t.Errorf("crawl %d: unseen %v, want %d", run.Number, run.Unseen, want)
			}
		}
		r.rules.Deletes = "tombstone"
		unseen(0)
		r.unfile("f0")
		r.file("f1", 2, connector.Record{Key: "i1", Op: connector.Delete})
		unseen(1)
		r.mirrors(all[0], all[2], all[3])
		r.rules.Deletes = "never"
		r.file("f2", 2, connector.Record{Key: "i2", Op: connector.Delete})
		r.unfile("f3")
		unseen(3)
		r.mirrors(all[0], all[2], all[3])
		r.rules.Deletes = "absence"
		r.file("f9", 1, item("i9", 1))
		unseen(3)
		r.mirrors(item("i9", 1))
		unseen(0)
	})
}

// Throttled in the middle of a batch, what was stored is known and the rest comes after the wait.
func TestADestinationThatThrottlesInTheMiddle(t *testing.T) {
	each(t, true, func(t *testing.T, r *rig) {
		all := r.many(0, 10, 1)
		until := r.store.Now().Add(2*time.Hour + 10*time.Minute)
		for i := range 3 {
			r.keyed.Stop(i+1, &fault.Error{Class: fault.Throttled, Title: "slow down", RetryAt: until.Add(time.Duration(i) * time.Minute)})
		}
		r.crawl()
		r.mirrors(all...)
		for _, rec := range all {
			if n := r.keyed.Puts(rec.Key); n != 1 {
				t.Errorf("%s was put %d times", rec.Key, n)
			}
		}
		if r.store.Now().Before(until.Add(2 * time.Minute)) {
			t.Errorf("it is %s, asked for %s", r.store.Now(), until)
		}
	})
}

// A new spec of flow or destination compares everything again; pausing does not.
func TestANewSpecComparesEverythingAgain(t *testing.T) {
	each(t, true, func(t *testing.T, r *rig) {
		all := r.many(0, 3, 1)
		r.crawl()
		update := func(o *store.Object, change func(*store.Object)) {
			t.Helper()
			change(o)
			var err error
			*o, err = r.store.UpdateObject(r.ctx(), *o, nil)
			r.ok(err)
		}
		update(&r.flow, func(o *store.Object) { o.Paused = true })
		update(&r.flow, func(o *store.Object) { o.Paused = false })
		r.crawl()
		if n := r.source.Reads("f0@1"); n != 1 {
			t.Errorf("read %d times after a pause", n)
		}
		update(&r.to, func(o *store.Object) { o.Spec = []byte(`{"people":"all"}`) })
		r.crawl()
		if n := r.source.Reads("f0@1"); n != 2 || r.keyed.Puts("i0") != 1 {
			t.Errorf("read %d times, put %d times", n, r.keyed.Puts("i0"))
		}
		update(&r.flow, func(o *store.Object) { o.Spec = []byte(`{"mode":"mirror","x":1}`) })
		r.change = func(_ context.Context, rec connector.Record, emit func(connector.Record) error) error {
			rec.Body = []byte(strings.ReplaceAll(string(rec.Body), `"v":`, `"w":`))
			return emit(rec)
		}
		r.crawl()
		for i := range all {
			all[i].Body = []byte(strings.ReplaceAll(string(all[i].Body), `"v":`, `"w":`))
		}
		r.mirrors(all...)
	})
}

// A replayed letter's item stays: later crawls know whose it is.
func TestAReplayedItemStays(t *testing.T) {
	each(t, true, func(t *testing.T, r *rig) {
		all := r.many(0, 4, 1)
		r.file("bad", 1, record("bad", `{"id":"bad"}`))
		r.crawl()
		letters := r.letters()
		if len(letters) != 1 {
			t.Fatalf("letters %+v", letters)
		}
		mended := record("bad", `{"id":"bad","acl":["all"]}`)
		r.ok(r.store.EditLetter(r.ctx(), letters[0].UID, mended.Body))
		r.replay(r.letters()...)
		r.once()
		r.mirrors(append(all, mended)...)
		r.crawl()
		r.crawl()
		r.mirrors(append(all, mended)...)
		r.unfile("bad")
		r.crawl()
		r.mirrors(all...)
	})
}

// A delete that failed and is tried again after a later crawl saw its item deletes nothing.
func TestALateDeleteLeavesWhatIsBack(t *testing.T) {
	each(t, true, func(t *testing.T, r *rig) {
		all := r.many(0, 4, 1)
		r.crawl()
		r.unfile("f1")
		r.faulty(connectortest.OnWrite(r.keyed.Open(), func(_ context.Context, b connector.Batch) error {
			for _, rec := range b.Records {
				if rec.Op == connector.Delete {
					return fmt.Errorf("a bug")
				}
			}
			return nil
		}))
		if run := r.crawl(); run.State != store.RunFailed {
			t.Errorf("run %+v", run)
		}
		r.wrap = nil
		r.file("f1", 2, item("i1", 2))
		all[1] = item("i1", 2)
		r.crawl()
		r.mirrors(all...)
		if n, err := r.store.RetryDeliveries(r.ctx(), r.flow.ID); err != nil || n != 1 {
			t.Fatalf("%d, %v", n, err)
		}
		r.once()
		r.mirrors(all...)
	})
}

// The same key in two splits of one crawl: what comes later in time wins, and stays.
func TestOneKeyInTwoSplits(t *testing.T) {
	each(t, true, func(t *testing.T, r *rig) {
		all := r.many(0, 3, 1)
		put := func(id string, at time.Duration, v int) {
			r.source.Put(connector.Split{ID: id, Stream: "s", Time: r.store.Now().Add(at)}, item("twice", v))
		}
		put("x1", 0, 1)
		r.crawl()
		r.source.Remove("x1")
		put("x2", time.Minute, 1)
		put("x3", 2*time.Minute, 2)
		r.crawl() // unchanged and then changed, in one batch
		r.source.Remove("x2")
		r.source.Remove("x3")
		put("x4", 3*time.Minute, 1)
		r.crawl()
		r.mirrors(append(all, item("twice", 1))...)

		r.small(1)
		r.source.Remove("x4")
		put("x5", 4*time.Minute, 2)
		put("x6", 5*time.Minute, 1)
		r.crawl() // changed and then back, in two batches
		r.mirrors(append(all, item("twice", 1))...)
	})
}

// A delete and the same content again, met together: the item is there afterwards.
func TestADeletedThingThatComesBackAtOnce(t *testing.T) {
	each(t, true, func(t *testing.T, r *rig) {
		all := r.many(0, 3, 1)
		r.crawl()
		gone := connector.Record{Key: "i1", Op: connector.Delete, Time: connectortest.Start}
		r.file("f1", 2, gone, item("i1", 1))
		r.crawl()
		r.mirrors(all...)
		r.file("f1", 3, item("i1", 1), gone)
		r.crawl()
		r.mirrors(all[0], all[2])
	})
}

// A destination that takes nothing and says why is given up after some tries, though what was read is remembered each time.
func TestADestinationThatTakesNothing(t *testing.T) {
	each(t, true, func(t *testing.T, r *rig) {
		all := r.many(0, 3, 1)
		r.file("bad", 1, record("bad", `{"id":"bad"}`)) // a dead letter at the first turn
		for range 10 {
			r.keyed.Stop(0, fault.New(fault.Denied, "not you"))
		}
		standing := r.once()
		if len(r.keyed.Items()) != 0 || len(standing.Troubles) != 1 || !strings.Contains(standing.Troubles[0].Text, "not you") {
			t.Errorf("items %v, troubles %+v", r.keyed.Keys(), standing.Troubles)
		}
		for range 5 { // who calls again gives it two tries each time
			r.once()
		}
		r.mirrors(all...)
	})
}
