package store_test

import (
	"testing"
	"time"

	"github.com/headrace/headrace/internal/store"
)

// TestAMendedCredentialWakesWhatItsRefusalStopped wakes a listing and a lane that were refused, and none that was throttled or is another's.
func TestAMendedCredentialWakesWhatItsRefusalStopped(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		credential := w.make(store.Object{Kind: store.Credential, Name: "contoso"})
		source := func(name string, credential int64) store.Object {
			return w.make(store.Object{Kind: store.Source, Name: name, CredentialID: credential})
		}
		refused, throttled, other := source("refused", credential.ID), source("throttled", credential.ID), source("other", 0)
		flow := w.make(store.Object{Kind: store.Flow, Name: "flow", SourceID: refused.ID, Lanes: 1})
		until := w.clock.Now().Add(10 * time.Minute)
		troubles := map[int64]string{refused.ID: "denied", throttled.ID: "throttled", other.ID: "denied", w.source.ID: "denied"}
		for range troubles {
			l, ok, err := w.s.TakeListing(w.ctx(), "node", 0, lease)
			w.ok(err)
			if !ok {
				t.Fatal("no listing is due")
			}
			w.ok(w.s.FailListing(w.ctx(), l, store.Trouble{Class: troubles[l.SourceID], Text: "no", Since: w.clock.Now()}, until))
		}
		w.ok(w.s.WakeSource(w.ctx(), refused.ID))
		l, _, err := w.s.TakeListing(w.ctx(), "node", 0, lease)
		w.ok(err)
		_, err = w.s.CommitListing(w.ctx(), l, store.Listed{Enumeration: enumeration(split(1)), Lanes: map[int64]int{flow.ID: 1}, Due: until, Failures: 1, Trouble: &store.Trouble{Class: "denied", Text: "no", Since: w.clock.Now()}})
		w.ok(err)
		lane := w.takeLane(flow)
		claimed, err := w.s.Due(w.ctx(), lane, 10, nil)
		w.ok(err)
		w.ok(w.s.SetBack(w.ctx(), lane, refused.ID, []store.Setback{{Delivery: claimed[0], State: store.Pending, Due: until, Error: store.Trouble{Class: "denied", Text: "no"}}}))
		w.ok(w.s.ReleaseLane(w.ctx(), lane, until, &store.Trouble{Class: "denied", Text: "no", Since: w.clock.Now()}))
		if _, ok := w.tryLane(flow); ok {
			t.Fatal("the lane does not wait")
		}

		w.ok(w.s.WakeUsers(w.ctx(), credential.ID))
		turns, err := w.s.DueListings(w.ctx(), 10)
		w.ok(err)
		if len(turns) != 1 {
			t.Errorf("%d listings are due, want the refused one: %+v", len(turns), turns)
		}
		lane = w.takeLane(flow)
		if claimed, err = w.s.Due(w.ctx(), lane, 10, nil); err != nil || len(claimed) != 1 {
			t.Errorf("claimed %+v, %v", claimed, err)
		}
	})
}

// TestTryingNowEndsTheRestOfAFlow: who mended a folder and asks does not wait for minutes; what the remote asked for is waited for.
func TestTryingNowEndsTheRestOfAFlow(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		until := w.clock.Now().Add(10 * time.Minute)
		rests := func(class string) store.Object {
			flow := w.flow(class, 1)
			w.list(split(len(class)))
			lane := w.takeLane(flow)
			claimed, err := w.s.Due(w.ctx(), lane, 10, nil)
			w.ok(err)
			trouble := store.Trouble{Class: class, Text: "no", Since: w.clock.Now()}
			w.ok(w.s.SetBack(w.ctx(), lane, w.source.ID, []store.Setback{{Delivery: claimed[0], State: store.Pending, Due: until, Error: trouble}}))
			w.ok(w.s.ReleaseLane(w.ctx(), lane, until, &trouble))
			return flow
		}
		denied, throttled := rests("denied"), rests("throttled")
		for _, flow := range []store.Object{denied, throttled} {
			w.ok(w.s.TryNow(w.ctx(), flow))
		}
		lane := w.takeLane(denied)
		if claimed, err := w.s.Due(w.ctx(), lane, 10, nil); err != nil || len(claimed) == 0 {
			t.Errorf("claimed %+v, %v", claimed, err)
		}
		if _, ok := w.tryLane(throttled); ok {
			t.Error("what the remote asked to wait for does not wait")
		}
	})
}
