package storetest_test

import (
	"testing"
	"time"

	"github.com/headrace/headrace/internal/store"
	"github.com/headrace/headrace/internal/store/storetest"
)

func TestEachGivesAFreshDatabaseThatOutlivesAClose(t *testing.T) {
	t.Parallel()
	storetest.EachDatabase(t, func(t *testing.T, d *storetest.Database) {
		s := d.Open(t)
		all, err := s.Objects(t.Context(), store.Flow)
		if err != nil || len(all) != 0 {
			t.Fatalf("a fresh database has %d flows, %v", len(all), err)
		}
		if _, err := s.CreateObject(t.Context(), store.Object{Kind: store.Flow, Name: "f", Spec: []byte(`{}`)}, nil); err != nil {
			t.Fatal(err)
		}
		again := d.Open(t)
		if all, err = again.Objects(t.Context(), store.Flow); err != nil || len(all) != 1 {
			t.Fatalf("opened again it has %d flows, %v", len(all), err)
		}
		if again.Shared() != d.Shared {
			t.Errorf("Shared() = %v", again.Shared())
		}
		if before := again.Now(); d.Clock.Add(time.Hour).Sub(before) != time.Hour || again.Now().Sub(before) != time.Hour {
			t.Error("the store's clock is not the test's")
		}
	})
}
