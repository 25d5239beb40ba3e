package graph

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestOperationsInFlightAreCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil).ready()
		r.tenant.options.Latency = func(string) time.Duration { return time.Second }
		var all sync.WaitGroup
		status := make([]int, 30)
		for i := range status {
			all.Go(func() { status[i] = r.do("PUT", fmt.Sprintf("%s/items/i%d", runbooks, i), itemBody).status })
		}
		synctest.Wait()
		if other := r.as(Caller{AppID: theirs, Roles: []string{"ExternalItem.ReadWrite.All"}}, "GET", runbooks+"/items/one", ""); other.status != 200 {
			t.Errorf("another application is answered %d", other.status)
		}
		all.Wait()
		taken := 0
		for _, one := range status {
			if one == 200 {
				taken++
			} else if one != 429 {
				t.Errorf("answered %d", one)
			}
		}
		if shown, err := r.tenant.Connection("runbooks"); err != nil || shown.MostInFlight != 25 {
			t.Errorf("%d were in flight at one time (%v)", shown.MostInFlight, err)
		}
		if taken != 25 {
			t.Errorf("%d of 30 at once were let in, want 25", taken)
		}
		r.do("PUT", runbooks+"/items/one", itemBody).want(200)
	})
}

// Connections that come and go while their schemas change and their items are written stop nobody.
func TestConnectionsComeAndGo(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(o *Options) { o.Rules.InFlight, o.Rules.SchemaTime, o.Rules.DeleteTime = 0, 0, 0 })
	var all sync.WaitGroup
	for worker := range 6 {
		all.Go(func() {
			for range 60 {
				switch worker {
				case 0:
					r.do("POST", connections, connectionBody("runbooks"))
				case 1, 2:
					r.do("PATCH", runbooks+"/schema", allKinds)
				case 3:
					r.do("DELETE", runbooks, "")
				case 4:
					r.do("PUT", runbooks+"/items/one", itemBody)
				default:
					r.do("GET", connections, "")
					r.tenant.Connections()
				}
			}
		})
	}
	all.Wait()
	r.tenant.RemoveConnection("runbooks")
	if r.tenant.RemoveConnection("runbooks") {
		t.Error("a connection is removed twice")
	}
	if n := r.tenant.total.Load(); n != 0 {
		t.Errorf("%d items are counted in no connection", n)
	}
}

// Parts of a batch are carried out one after the other, each with its own wait.
func TestBatchTakesAsLongAsItsParts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil).ready()
		r.tenant.options.Latency = func(string) time.Duration { return time.Second / 2 }
		began := time.Now()
		r.batch(putPart("1", "a"), putPart("2", "b"), putPart("3", "c"), putPart("4", "d"))
		if took := time.Since(began); took != 2*time.Second {
			t.Errorf("four parts took %v", took)
		}
	})
}

// Whatever many clients do side by side, the counts agree with what is there.
func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(o *Options) { o.Rules.InFlight = 0 }).ready()
	r.do("DELETE", runbooks+"/items/one", "").want(204)
	var all sync.WaitGroup
	for worker := range 8 {
		all.Go(func() {
			random := rand.New(rand.NewPCG(uint64(worker), 1))
			for range 80 {
				path := fmt.Sprintf("%s/items/i%d", runbooks, random.IntN(20))
				switch random.IntN(8) {
				case 0, 1, 2, 3:
					r.do("PUT", path, itemBody)
				case 4:
					r.do("PATCH", path, `{"content":{"type":"text","value":""}}`)
				case 5:
					r.do("DELETE", path, "")
				case 6:
					r.do("GET", path, "")
				default:
					r.do("POST", runbooks+"/groups", fmt.Sprintf(`{"id":"g%d"}`, random.IntN(5)))
					r.tenant.Connections()
				}
			}
		})
	}
	all.Wait()
	shown, err := r.tenant.Connection("runbooks")
	if err != nil {
		t.Fatal(err)
	}
	items, err := r.tenant.Items("runbooks")
	if err != nil {
		t.Fatal(err)
	}
	bytes := int64(0)
	for item := range items {
		bytes += int64(item.Size)
	}
	if bytes != shown.Bytes {
		t.Errorf("the items are %d bytes; the connection counts %d", bytes, shown.Bytes)
	}
	if w := shown.Writes; w.Created-w.Deleted != shown.Items || int64(shown.Items) != r.tenant.total.Load() {
		t.Errorf("%+v leaves %d items; the tenant counts %d", w, shown.Items, r.tenant.total.Load())
	}
	if int64(len(shown.Groups)) != r.tenant.groups.Load() {
		t.Errorf("%d groups; the tenant counts %d", len(shown.Groups), r.tenant.groups.Load())
	}
	if !r.tenant.RemoveConnection("runbooks") || r.tenant.total.Load() != 0 || r.tenant.groups.Load() != 0 {
		t.Errorf("after the connection %d items and %d groups are counted", r.tenant.total.Load(), r.tenant.groups.Load())
	}
}
