package store_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/store"
)

func TestObjectIsFoundByNameUIDAndID(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		made := w.make(store.Object{Kind: store.Credential, Name: "contoso", Description: "Zoë's “audit”", Spec: []byte(`{"a":"ü"}`), Owner: "ui", Reason: ""})
		if !strings.HasPrefix(made.UID, "cr_") || made.Revision != 1 || made.ID == 0 {
			t.Errorf("made %+v", made)
		}
		for _, name := range []string{made.Name, made.UID} {
			got, err := w.s.Object(w.ctx(), store.Credential, name)
			w.ok(err)
			if got.ID != made.ID || string(got.Spec) != `{"a":"ü"}` || got.Description != made.Description || !got.Created.Equal(w.clock.Now()) {
				t.Errorf("%s: got %+v", name, got)
			}
		}
		got, err := w.s.ObjectByID(w.ctx(), store.Credential, made.ID)
		w.ok(err)
		if got.UID != made.UID {
			t.Errorf("by ID: %+v", got)
		}
		_, err = w.s.Object(w.ctx(), store.Source, "contoso")
		wantFault(t, err, fault.NotFound, "source_not_found")
		_, err = w.s.ObjectByID(w.ctx(), store.Flow, made.ID)
		wantFault(t, err, fault.NotFound, "flow_not_found")
	})
}

func TestNamesAreUniqueWithinAKind(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		a := w.make(store.Object{Kind: store.Credential, Name: "a"})
		w.make(store.Object{Kind: store.Destination, Name: "a"})
		b := w.make(store.Object{Kind: store.Credential, Name: "b"})
		_, err := w.s.CreateObject(w.ctx(), store.Object{Kind: store.Credential, Name: "a", Spec: []byte(`{}`)}, nil)
		wantFault(t, err, fault.Conflict, "name_taken")
		b.Name = "a"
		_, err = w.s.UpdateObject(w.ctx(), b, nil)
		wantFault(t, err, fault.Conflict, "name_taken")
		a.Name = "c" // a rename keeps the identity
		a, err = w.s.UpdateObject(w.ctx(), a, nil)
		w.ok(err)
		got, err := w.s.Object(w.ctx(), store.Credential, "c")
		w.ok(err)
		if got.UID != a.UID || got.Revision != 2 || a.Revision != 2 {
			t.Errorf("renamed: %+v", got)
		}
	})
}

func TestAStaleRevisionChangesNothing(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		old := w.make(store.Object{Kind: store.Destination, Name: "a"})
		first := old
		first.Description = "first"
		first, err := w.s.UpdateObject(w.ctx(), first, nil)
		w.ok(err)
		second := old
		second.Description = "second"
		_, err = w.s.UpdateObject(w.ctx(), second, func(string) (*store.Secret, error) { return &store.Secret{Sealed: []byte("x")}, nil })
		wantFault(t, err, fault.Conflict, "stale_revision")
		wantFault(t, w.s.DeleteObject(w.ctx(), old), fault.Conflict, "stale_revision")
		if got, err := w.s.ObjectByID(w.ctx(), store.Destination, old.ID); err != nil || got.Description != "first" {
			t.Errorf("got %+v, %v", got, err)
		}
		_, err = w.s.SealedSecret(w.ctx(), old.UID)
		wantFault(t, err, fault.NotFound, "no_secret")
		w.ok(w.s.DeleteObject(w.ctx(), first))
		_, err = w.s.ObjectByID(w.ctx(), store.Destination, old.ID)
		wantFault(t, err, fault.NotFound, "destination_not_found")
	})
}

func TestSecretsFollowTheirObject(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		seal := func(text string) func(string) (*store.Secret, error) {
			return func(uid string) (*store.Secret, error) {
				return &store.Secret{Sealed: []byte(uid + text), Fingerprint: "beef"}, nil
			}
		}
		o, err := w.s.CreateObject(w.ctx(), store.Object{Kind: store.Credential, Name: "c", Spec: []byte(`{}`)}, seal("1"))
		w.ok(err)
		first, err := w.s.SealedSecret(w.ctx(), o.UID)
		w.ok(err)
		if string(first.Sealed) != o.UID+"1" || first.Fingerprint != "beef" || !first.Set.Equal(w.clock.Now()) {
			t.Errorf("sealed %+v", first)
		}
		o, err = w.s.UpdateObject(w.ctx(), o, nil) // nil keeps it
		w.ok(err)
		w.ok(w.s.Reseal(w.ctx(), first, []byte("resealed")))
		if got, _ := w.s.SealedSecret(w.ctx(), o.UID); string(got.Sealed) != "resealed" || !got.Set.Equal(first.Set) {
			t.Errorf("resealed %+v", got)
		}
		w.clock.Add(time.Second)
		o, err = w.s.UpdateObject(w.ctx(), o, seal("2"))
		w.ok(err)
		w.ok(w.s.Reseal(w.ctx(), first, []byte("of the old text"))) // too late: nothing happens
		all, err := w.s.SealedSecrets(w.ctx())
		w.ok(err)
		if len(all) != 1 || string(all[0].Sealed) != o.UID+"2" {
			t.Errorf("all %+v", all)
		}
		boom := errors.New("boom")
		_, err = w.s.UpdateObject(w.ctx(), o, func(string) (*store.Secret, error) { return nil, boom })
		if !errors.Is(err, boom) {
			t.Errorf("a seal that does not work: %v", err)
		}
		o, err = w.s.UpdateObject(w.ctx(), o, func(string) (*store.Secret, error) { return nil, nil })
		w.ok(err)
		_, err = w.s.SealedSecret(w.ctx(), o.UID)
		wantFault(t, err, fault.NotFound, "no_secret")
	})
}

func TestUses(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		c := w.make(store.Object{Kind: store.Credential, Name: "c"})
		w.make(store.Object{Kind: store.Source, Name: "s2", CredentialID: c.ID})
		w.make(store.Object{Kind: store.Destination, Name: "d", CredentialID: c.ID})
		f := w.flow("f", 1)
		names := func(o store.Object) []string {
			all, err := w.s.Uses(w.ctx(), o)
			w.ok(err)
			var names []string
			for _, u := range all {
				names = append(names, u.Kind+"/"+u.Name)
			}
			return names
		}
		if got := names(c); !slices.Equal(got, []string{"destination/d", "source/s2"}) {
			t.Errorf("uses of the credential: %v", got)
		}
		if got := names(w.source); !slices.Equal(got, []string{"flow/f"}) {
			t.Errorf("uses of the source: %v", got)
		}
		if got := names(f); got != nil {
			t.Errorf("uses of the flow: %v", got)
		}
		all, err := w.s.Objects(w.ctx(), store.Source)
		w.ok(err)
		if len(all) != 2 || all[0].Name != "audit" || all[1].Name != "s2" {
			t.Errorf("sources by name: %+v", all)
		}
	})
}

func TestKeysetIsReplacedOnlyFromItsRevision(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		if _, _, revision, err := w.s.LoadKeyset(w.ctx()); err != nil || revision != 0 {
			t.Fatalf("before there is one: revision %d, %v", revision, err)
		}
		w.ok(w.s.SaveKeyset(w.ctx(), []byte("one"), "m1", 0))
		wantFault(t, w.s.SaveKeyset(w.ctx(), []byte("other"), "m1", 0), fault.Conflict, "keyset_changed")
		w.ok(w.s.SaveKeyset(w.ctx(), []byte("two"), "m2", 1))
		wantFault(t, w.s.SaveKeyset(w.ctx(), []byte("stale"), "m2", 1), fault.Conflict, "keyset_changed")
		wrapped, meta, revision, err := w.s.LoadKeyset(w.ctx())
		if err != nil || string(wrapped) != "two" || meta != "m2" || revision != 2 {
			t.Errorf("got %q %q %d %v", wrapped, meta, revision, err)
		}
	})
}

func TestACanceledContextIsSaidSo(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		ctx, cancel := context.WithCancel(w.ctx())
		cancel()
		_, err := w.s.Objects(ctx, store.Flow)
		if fault.ClassOf(err) != fault.Canceled {
			t.Errorf("%v is %s", err, fault.ClassOf(err))
		}
		if err := w.s.WakeSource(ctx, 1); fault.ClassOf(err) != fault.Canceled {
			t.Errorf("%v is %s", err, fault.ClassOf(err))
		}
	})
}

func TestSizeAndPing(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		n, err := w.s.Size(w.ctx())
		if err != nil || n < 10_000 {
			t.Errorf("Size %d, %v", n, err)
		}
		w.ok(w.s.Ping(w.ctx()))
		if w.s.Shared() != (w.s.URL() != "") {
			t.Error("a shared database has a URL")
		}
	})
}
