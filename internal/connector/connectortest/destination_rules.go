package connectortest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/fault"
)

func destinationSpec(t *testing.T, r destinationRun) {
	if r.place.Spec.Config == nil || r.place.Spec.Open == nil || r.place.Spec.Check == nil {
		t.Fatal("Config, Open and Check are needed")
	}
	if r.place.Spec.Keyed != (r.place.Spec.Prepare != nil) {
		t.Errorf("keyed is %v but Prepare is there: %v", r.place.Spec.Keyed, r.place.Spec.Prepare != nil)
	}
	if r.place.Spec.Lanes < 0 || r.place.Spec.BatchRecords < 0 || r.place.Spec.BatchBytes < 0 {
		t.Error("a bound is negative")
	}
	if !r.place.Spec.Keyed && r.place.Spec.Lanes > 1 {
		t.Error("a destination that recognises no key has one lane for each flow")
	}
	if r.place.Spec.Config() == r.place.Spec.Config() {
		t.Skip("configs without fields may share their address")
	}
}

func storesEverything(t *testing.T, r destinationRun) {
	dst := r.open(t)
	one := r.batch(t, nil, r.Records(0, 100)...)
	two := r.batch(t, r.write(t, dst, one), r.Records(100, 101)...)
	r.write(t, dst, two)
	r.holds(t, one, two)
}

func emptyOnlyRecovers(t *testing.T, r destinationRun) {
	dst := r.open(t)
	after := r.write(t, dst, r.batch(t, nil))
	r.holds(t)
	one := r.batch(t, after, r.Records(0, 3)...)
	after = r.write(t, dst, one)
	after = r.write(t, dst, r.batch(t, after))
	after = r.write(t, dst, r.batch(t, after))
	r.holds(t, one)
	two := r.batch(t, after, r.Records(3, 5)...)
	r.write(t, dst, two)
	r.holds(t, one, two)
}

func undoesUncommitted(t *testing.T, r destinationRun) {
	dst := r.open(t)
	one := r.batch(t, nil, r.Records(0, 10)...)
	after := r.write(t, dst, one)
	for i := range 3 { // each time with other records
		r.write(t, dst, r.batch(t, after, r.Records(10, 11+i*5)...))
	}
	two := r.batch(t, after, r.Records(10, 30)...)
	r.write(t, dst, two)
	r.holds(t, one, two)
}

func undoesFirst(t *testing.T, r destinationRun) {
	dst := r.open(t)
	begin := r.write(t, dst, r.batch(t, nil))
	r.write(t, dst, r.batch(t, nil, r.Records(0, 5)...)) // its receipt is never committed, nor was begin
	again := r.batch(t, nil, r.Records(0, 9)...)
	r.write(t, dst, again)
	r.holds(t, again)
	_ = begin
}

func undoesAfterReopening(t *testing.T, r destinationRun) {
	dst := r.open(t)
	one := r.batch(t, nil, r.Records(0, 10)...)
	after := r.write(t, dst, one)
	r.write(t, dst, r.batch(t, after, r.Records(10, 20)...))
	for range 2 { // recovering is repeated when it is interrupted
		if err := dst.Close(); err != nil {
			t.Fatalf("close: %v", err)
		}
		dst = r.open(t)
		r.write(t, dst, r.batch(t, after))
	}
	two := r.batch(t, after, r.Records(10, 20)...)
	r.write(t, dst, two)
	r.holds(t, one, two)
}

func refusesOne(t *testing.T, r destinationRun) {
	if r.Bad == nil {
		t.Skip("it takes everything")
	}
	dst := r.open(t)
	b := r.batch(t, nil, r.Records(0, 4)...)
	good := b
	b.Records = slices.Insert(slices.Clone(b.Records), 2, *r.Bad)
	res, err := dst.Write(context.Background(), b)
	if err != nil || len(res.Outcomes) != 5 {
		t.Fatalf("%d outcomes, %v; want 5", len(res.Outcomes), err)
	}
	for i, o := range res.Outcomes {
		switch {
		case i == 2 && (o.Kind != connector.Rejected || fault.ClassOf(o.Err) != fault.Invalid):
			t.Errorf("the bad record: outcome %v, %v; want rejected, invalid", o.Kind, o.Err)
		case i != 2 && o.Kind != connector.Stored:
			t.Errorf("record %d: outcome %v, want stored", i, o.Kind)
		}
	}
	r.holds(t, good)
}

func refusesAll(t *testing.T, r destinationRun) {
	if r.Bad == nil {
		t.Skip("it takes everything")
	}
	dst := r.open(t)
	b := r.batch(t, nil)
	b.Records = []connector.Record{*r.Bad}
	res, err := dst.Write(context.Background(), b)
	if err != nil || len(res.Outcomes) != 1 || res.Outcomes[0].Kind != connector.Rejected {
		t.Fatalf("outcomes %v, %v; want one rejected", res.Outcomes, err)
	}
	one := r.batch(t, res.Receipt, r.Records(0, 2)...)
	r.write(t, dst, one)
	r.holds(t, one)
}

func leavesMemory(t *testing.T, r destinationRun) {
	dst := r.open(t)
	one := r.batch(t, nil, r.Records(0, 20)...)
	sent := connector.Batch{After: one.After, Records: clone(one.Records)}
	after := r.write(t, dst, sent)
	for i, rec := range sent.Records {
		if !bytes.Equal(rec.Body, one.Records[i].Body) {
			t.Fatalf("Write changed the body of record %d", i)
		}
		for j := range rec.Body {
			rec.Body[j] = '#'
		}
	}
	two := r.batch(t, after, r.Records(20, 30)...)
	r.write(t, dst, two)
	r.holds(t, one, two)
}

func cancelledWrite(t *testing.T, r destinationRun) {
	dst := r.open(t)
	one := r.batch(t, nil, r.Records(0, 5)...)
	after := r.write(t, dst, one)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := dst.Write(ctx, r.batch(t, after, r.Records(5, 10)...)); fault.ClassOf(err) != fault.Canceled || err == nil {
		t.Errorf("a cancelled write says %v, want a cancellation", err)
	}
	two := r.batch(t, after, r.Records(5, 8)...)
	r.write(t, dst, two)
	r.holds(t, one, two)
}

func largeBatch(t *testing.T, r destinationRun) {
	dst := r.open(t)
	n := 20_000
	if r.place.Spec.BatchRecords > 0 {
		n = r.place.Spec.BatchRecords
	}
	one := r.batch(t, nil, r.Records(0, n)...)
	after := r.write(t, dst, one)
	if r.place.Spec.Keyed {
		return
	}
	big := r.Records(n, n+2)
	big[0].Body = json.RawMessage(`{"id":"big","text":"` + strings.Repeat("x", 5<<20) + `"}`)
	two := r.batch(t, after, big...)
	r.write(t, dst, two)
	r.holds(t, one, two)
}

func strangeReceipt(t *testing.T, r destinationRun) {
	dst := r.open(t)
	one := r.batch(t, nil, r.Records(0, 5)...)
	if len(r.write(t, dst, one)) == 0 {
		t.Skip("it gives no receipts")
	}
	for _, strange := range []string{"x", "{}", `{"v":1}`, "\x00\x01\x02"} {
		_, err := dst.Write(context.Background(), r.batch(t, connector.Receipt(strange), r.Records(5, 6)...))
		if err == nil {
			t.Errorf("receipt %q is taken", strange)
		}
	}
	r.holds(t, one)
}

func separateLanes(t *testing.T, r destinationRun) {
	if r.place.Spec.Lanes < 2 {
		t.Skip("it has one lane")
	}
	dst := r.open(t)
	zero := r.batch(t, nil, r.Records(0, 5)...)
	one := r.batch(t, nil, r.Records(5, 10)...)
	one.Lane = 1
	r.write(t, dst, zero)
	r.write(t, dst, one)
	one.Records = r.batch(t, nil, r.Records(5, 12)...).Records // lane 1 was never committed
	r.write(t, dst, one)
	r.holds(t, zero, one)
}

func keyedOverwrite(t *testing.T, r destinationRun) {
	if !r.place.Spec.Keyed {
		t.Skip("it recognises no keys")
	}
	dst := r.open(t)
	one := r.batch(t, nil, r.Records(0, 4)...)
	after := r.write(t, dst, one)
	gone := r.Records(1, 3)
	for i := range gone {
		gone[i].Op, gone[i].Body = connector.Delete, nil
	}
	after = r.write(t, dst, r.batch(t, after, gone...))
	one.Records = append(one.Records[:1:1], one.Records[3:]...)
	r.holds(t, one)
	after = r.write(t, dst, r.batch(t, after, gone...)) // what is not there any more can be deleted
	r.write(t, dst, r.batch(t, after, r.Records(0, 1)...))
	r.holds(t, one)
}

func purePrepare(t *testing.T, r destinationRun) {
	if r.place.Spec.Prepare == nil {
		t.Skip("it prepares nothing")
	}
	prepare, err := r.place.Spec.Prepare(r.place.Config)
	if err != nil {
		t.Fatal(err)
	}
	for _, rec := range r.Records(0, 5) {
		before := string(rec.Body)
		one, err1 := prepare(rec)
		two, err2 := prepare(rec)
		if err1 != nil || err2 != nil || fmt.Sprint(one) != fmt.Sprint(two) {
			t.Errorf("%s is prepared in two ways: %v and %v, %v, %v", rec.Key, one, two, err1, err2)
		}
		if string(rec.Body) != before {
			t.Errorf("preparing %s changed its body", rec.Key)
		}
	}
}

// survivesFaults plays a lane of the engine over a destination that fails in every way.
func survivesFaults(t *testing.T, r destinationRun) {
	rng := rand.New(rand.NewPCG(1, 2))
	boom := errors.New("boom")
	var committed []connector.Batch
	var after connector.Receipt
	dst, next := r.open(t), 0
	for step := 0; step < 60; step++ {
		b := r.batch(t, after, r.Records(next, next+1+rng.IntN(30))...)
		var err error
		var res connector.Result
		switch rng.IntN(6) {
		case 0:
			_, err = FailWrite(dst, 1, boom).Write(context.Background(), b)
		case 1:
			_, err = FailAfterWrite(dst, 1, boom).Write(context.Background(), b)
		case 2:
			_, err = Half(dst, 1, boom).Write(context.Background(), b)
		case 3:
			if err = dst.Close(); err != nil {
				t.Fatalf("close: %v", err)
			}
			dst = r.open(t)
			r.write(t, dst, r.batch(t, after))
			continue
		default:
			res, err = dst.Write(context.Background(), b)
		}
		switch {
		case err == nil:
			committed, after, next = append(committed, b), slices.Clone(res.Receipt), next+len(b.Records)
		case !errors.Is(err, boom):
			t.Fatalf("step %d: %v", step, err)
		}
	}
	last := r.batch(t, after, r.Records(next, next+30)...) // overwrites what a keyed destination kept of the rest
	r.write(t, dst, last)
	r.holds(t, append(committed, last)...)
}

func closesTwice(t *testing.T, r destinationRun) {
	dst := r.open(t)
	one := r.batch(t, nil, r.Records(0, 1)...)
	r.write(t, dst, one)
	for range 2 {
		if err := dst.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	}
	r.holds(t, one)
}
