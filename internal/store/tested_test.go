package store_test

import (
	"testing"

	"github.com/headrace/headrace/internal/store"
)

func TestTheLastTestIsOfWhatTheObjectIs(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		c := w.make(store.Object{Kind: store.Credential, Name: "c"})
		last := func() string {
			t.Helper()
			got, err := w.s.LastTest(w.ctx(), c.ID)
			w.ok(err)
			if !got.At.IsZero() && !got.At.Equal(w.clock.Now()) {
				t.Errorf("tested at %s", got.At)
			}
			return string(got.Result)
		}
		update := func(change func(), sealed func(string) (*store.Secret, error)) {
			t.Helper()
			change()
			var err error
			c, err = w.s.UpdateObject(w.ctx(), c, sealed)
			w.ok(err)
		}
		if got := last(); got != "" {
			t.Errorf("before any test: %s", got)
		}
		w.ok(w.s.SaveTest(w.ctx(), c, false, []byte(`{"ok":false}`)))
		w.ok(w.s.SaveTest(w.ctx(), c, true, []byte(`{"ok":true}`)))
		if got := last(); got != `{"ok":true}` {
			t.Errorf("got %s", got)
		}
		old := c
		update(func() { c.Description = "another" }, nil)
		if got := last(); got != `{"ok":true}` {
			t.Errorf("a new description: %s", got)
		}
		w.ok(w.s.SaveTest(w.ctx(), old, true, []byte(`"of the old one"`)))
		if got := last(); got != `{"ok":true}` {
			t.Errorf("a test of what it was before is remembered: %s", got)
		}
		update(func() { c.Spec = []byte(`{"a":1}`) }, nil)
		if got := last(); got != "" {
			t.Errorf("a new spec: %s", got)
		}
		w.ok(w.s.SaveTest(w.ctx(), c, true, []byte(`1`)))
		update(func() {}, func(uid string) (*store.Secret, error) { return &store.Secret{Owner: uid, Sealed: []byte("x")}, nil })
		if got := last(); got != "" {
			t.Errorf("a new secret: %s", got)
		}
		w.ok(w.s.SaveTest(w.ctx(), c, true, []byte(`1`)))
		w.ok(w.s.DeleteObject(w.ctx(), c))
		if got := last(); got != "" {
			t.Errorf("it was removed: %s", got)
		}
	})
}

func TestATenantThatWasResolvedIsThatOfAllThatUseIt(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		c := w.make(store.Object{Kind: store.Credential, Name: "c", Tenant: "contoso.com"})
		other := w.make(store.Object{Kind: store.Source, Name: "other", Tenant: "contoso.com"})
		src := w.make(store.Object{Kind: store.Source, Name: "s", Tenant: "contoso.com", CredentialID: c.ID})
		dst := w.make(store.Object{Kind: store.Destination, Name: "d"})
		f := w.make(store.Object{Kind: store.Flow, Name: "f", Tenant: "contoso.com", SourceID: src.ID, DestinationID: dst.ID, Lanes: 1})
		for range 2 { // again: nothing more changes
			w.ok(w.s.SetTenant(w.ctx(), c.ID, "8f3a"))
		}
		for o, want := range map[*store.Object]string{&c: "8f3a", &src: "8f3a", &f: "8f3a", &other: "contoso.com"} {
			got, err := w.s.ObjectByID(w.ctx(), o.Kind, o.ID)
			w.ok(err)
			if got.Tenant != want {
				t.Errorf("%s %s is of %s", o.Kind, o.Name, got.Tenant)
			}
			revision := int64(1)
			if o.Kind == store.Credential {
				revision = 2
			}
			if got.Revision != revision {
				t.Errorf("%s %s has revision %d", o.Kind, o.Name, got.Revision)
			}
		}
		tenants := map[int64]string{}
		for {
			l, ok, err := w.s.TakeListing(w.ctx(), "n", 0, lease)
			w.ok(err)
			if !ok {
				break
			}
			tenants[l.SourceID] = l.Tenant
		}
		if tenants[src.ID] != "8f3a" || tenants[other.ID] != "contoso.com" {
			t.Errorf("the listings' turns are of %v", tenants)
		}
	})
}
