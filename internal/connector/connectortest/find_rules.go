package connectortest

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/fault"
)

// find looks a record up; sources that can't are skipped.
func (r sourceRun) find(ctx context.Context, t *testing.T, sought connector.Sought) (connector.Record, error) {
	t.Helper()
	if r.spec.Find == nil {
		t.Skip("it can't be asked for one record")
	}
	if r.remote.Find != nil {
		return r.remote.Find(ctx, sought)
	}
	return r.spec.Find(ctx, r.remote.config(r.spec), Env(t), sought)
}

// only is a search by what tells a key.
func only(key string) connector.Sought {
	return connector.Sought{Is: func(k string) bool { return k == key }}
}

func findsEach(t *testing.T, r sourceRun) {
	all := map[string][]connector.Record{}
	for _, s := range ids(list(t, r.src, nil).splits) {
		for _, rec := range read(t, r.src, s, 0) {
			all[rec.Key] = append(all[rec.Key], rec)
		}
	}
	looked := 0
	for key, records := range all {
		if key == "" || len(records) > 1 {
			continue
		}
		for how, sought := range map[string]connector.Sought{"its key": {Key: key}, "what tells it": only(key)} {
			found, err := r.find(t.Context(), t, sought)
			if err != nil && (fault.ClassOf(err) != fault.Invalid || found.Key != key) {
				t.Errorf("record %s by %s: %v (%s)", key, how, err, fault.HintOf(err))
				continue
			}
			if found.Key != key || string(found.Body) != string(records[0].Body) || found.Op != records[0].Op {
				t.Errorf("record %s by %s is %s %s, want %s", key, how, found.Key, found.Body, records[0].Body)
			}
		}
		looked++
	}
	if looked < 2 {
		t.Errorf("%d records could be looked for; this case shows nothing", looked)
	}
}

// Whoever asks for an item names a key: it is a text from outside.
func findsNothing(t *testing.T, r sourceRun) {
	for _, key := range []string{"", "no such thing", ".", "..", "/", "../x", "a/../../x", "/etc/passwd", `..\x`, "a\x00b", "\xff", "a//b", strings.Repeat("x", 5000), strings.Repeat("x/", 3000) + "x"} {
		for how, sought := range map[string]connector.Sought{"by its key": {Key: key}, "by what tells it": only(key)} {
			if found, err := r.find(t.Context(), t, sought); err == nil || fault.ClassOf(err) != fault.NotFound {
				t.Errorf("%.40q %s: %q, %v; want not found", key, how, found.Key, err)
			}
		}
	}
}

func findsChanged(t *testing.T, r sourceRun) {
	if r.remote.Change == nil {
		t.Skip("nothing changes there")
	}
	split := list(t, r.src, nil).splits[0]
	before := read(t, r.src, split, 0)[0]
	r.remote.Change(t, split)
	var now []string
	for _, s := range ids(list(t, r.src, nil).splits) {
		for _, rec := range read(t, r.src, s, 0) {
			if rec.Key == before.Key {
				now = append(now, string(rec.Body))
			}
		}
	}
	found, err := r.find(t.Context(), t, connector.Sought{Key: before.Key})
	switch {
	case len(now) == 0 && fault.ClassOf(err) != fault.NotFound:
		t.Errorf("record %s, which is there no more: %v, want not found", before.Key, err)
	case len(now) > 0 && (err != nil || !slices.Contains(now, string(found.Body))):
		t.Errorf("record %s after a change is %s, %v; want one of %q", before.Key, found.Body, err, now)
	}
}

func findStopped(t *testing.T, r sourceRun) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.find(ctx, t, only("no such thing")); err == nil || fault.ClassOf(err) != fault.Canceled {
		t.Errorf("a cancelled search says %v, want a cancellation", err)
	}
	if r.remote.Stall == nil {
		return
	}
	r.remote.Stall(t)
	ctx, cancel = context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := r.find(ctx, t, only("no such thing")); err == nil || fault.ClassOf(err) != fault.Canceled {
		t.Errorf("a search that got no answer says %v, want a cancellation", err)
	}
}
