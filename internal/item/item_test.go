package item_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/connector/connectortest"
	"github.com/headrace/headrace/internal/destination"
	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/flow"
	"github.com/headrace/headrace/internal/item"
	"github.com/headrace/headrace/internal/object"
	"github.com/headrace/headrace/internal/source"
	"github.com/headrace/headrace/internal/store"
	"github.com/headrace/headrace/internal/store/storetest"
)

// A world is a mirror of a remote in memory into a set of items in memory, and the inventory of it.
type world struct {
	*testing.T
	s           *store.Store
	items       *item.Service
	remote      *connectortest.MemorySource
	held        map[string]string // what the destination has
	fails       error             // what it says in place of an answer
	asked       []string          // what it was asked for
	destination store.Object
	lane        store.Lane
}

// showInput is the input of the destination's item-show.
type showInput struct {
	ID   string `yaml:"id"`
	Made string `yaml:"made"`
}

func (in *showInput) Validate() fault.Problems {
	if in.ID == "" {
		return fault.Problems{{Field: "id", Text: "is missing"}}
	}
	return nil
}

// show answers as a connector that writes its items' IDs in small letters.
func (w *world) show(_ context.Context, _ connector.Config, _ connector.Env, input connector.Config) (json.RawMessage, error) {
	in := input.(*showInput)
	w.asked = append(w.asked, in.ID)
	if w.fails != nil {
		return nil, w.fails
	}
	v := connector.ShownItem{ID: strings.ToLower(in.ID), Made: json.RawMessage(in.Made)}
	body, ok := w.held[v.ID]
	if v.Found = ok; ok {
		v.Stored, v.URL = json.RawMessage(body), "https://contoso.example/"+v.ID
		if in.Made != "" {
			same := in.Made == body
			if v.Same = &same; !same {
				v.Different = []string{"content"}
			}
		}
	}
	return json.Marshal(v)
}

func newWorld(t *testing.T, remote connectortest.SourceOptions, flowSpec string) *world {
	t.Helper()
	w := &world{T: t, s: storetest.SQLite(t).Open(t), held: map[string]string{}}
	w.remote = connectortest.NewMemorySource(remote)
	keyed := connectortest.NewKeyedDestination(connectortest.DestinationOptions{}).Spec()
	keyed.Destination.Actions = []connector.Action{{Name: connector.ItemShow, Input: func() connector.Config { return &showInput{} }, Run: w.show}}
	plain := connectortest.NewMemoryDestination(connectortest.DestinationOptions{}).Spec()
	mute := connectortest.NewKeyedDestination(connectortest.DestinationOptions{Name: "mute"}).Spec()
	all := object.Connectors{w.remote.Spec(), keyed, plain, mute}
	env := func(string, string, *connector.Credential) connector.Env { return connectortest.Env(t) }
	sources, destinations := source.New(w.s, all, nil, env), destination.New(w.s, all, nil, env, nil)
	w.items = &item.Service{Store: w.s, Connectors: all, Sources: sources, Destinations: destinations, Flows: flow.New(w.s, all, sources)}
	src := w.make(store.Object{Kind: store.Source, Name: "src", Spec: []byte(`{"connector":"memory"}`)})
	w.destination = w.make(store.Object{Kind: store.Destination, Name: "dst", Spec: []byte(`{"connector":"memory-keyed"}`)})
	for _, c := range []connector.Spec{plain, mute} {
		w.make(store.Object{Kind: store.Destination, Name: c.Name, Spec: []byte(`{"connector":"` + c.Name + `"}`)})
	}
	if flowSpec == "" {
		return w
	}
	w.make(store.Object{Kind: store.Flow, Name: "mirror", SourceID: src.ID, DestinationID: w.destination.ID, Lanes: 1, Spec: []byte(flowSpec)})
	turns, err := w.s.DueLanes(t.Context(), 10)
	w.ok(err)
	var taken bool
	w.lane, taken, err = w.s.TakeLane(t.Context(), "node", turns[0].ID, time.Minute)
	if w.ok(err); !taken {
		t.Fatal("no lane")
	}
	return w
}

func (w *world) ok(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) make(o store.Object) store.Object {
	w.Helper()
	o, err := w.s.CreateObject(w.Context(), o, nil)
	w.ok(err)
	return o
}

// put has a record at the source.
func (w *world) put(key, body string) {
	w.remote.Put(connector.Split{ID: "split-" + key, Stream: "hr", Time: connectortest.Start}, connector.Record{Key: key, Body: json.RawMessage(body)})
}

// sent makes what a crawl leaves: the inventory's entry of what a record makes, and the item.
func (w *world) sent(key, body string, set ...func(*store.InventoryItem)) {
	w.Helper()
	prepared, err := connectortest.PrepareItem(connector.Record{Key: key, Body: json.RawMessage(body)})
	w.ok(err)
	var all []store.InventoryItem
	for _, p := range prepared {
		i := store.InventoryItem{DestinationID: w.destination.ID, Key: p.Key, SourceKey: key, SplitID: 1, Crawl: 7, State: store.Sent, Content: p.Content, ACL: p.ACL}
		for _, f := range set {
			f(&i)
		}
		all = append(all, i)
		w.held[i.Key] = string(p.Body)
	}
	w.ok(w.s.CommitBatch(w.Context(), w.lane, store.Committed{Keep: time.Minute, Inventory: all}))
}

func (w *world) look(q item.Query) item.Whole {
	w.Helper()
	q.Destination = "dst"
	v, err := w.items.Show(w.Context(), q)
	if err != nil {
		w.Fatalf("%+v: %v", q, err)
	}
	return v
}

// lacks gives the parts that are missing and the codes of the reasons.
func lacks(v item.Whole) string {
	var all []string
	for _, m := range v.Missing {
		if m.Reason == "" {
			m.Code += " (no reason)"
		}
		all = append(all, m.Part+" "+m.Code)
	}
	slices.Sort(all)
	return strings.Join(all, ", ")
}

func is(b *bool) string {
	switch {
	case b == nil:
		return "unknown"
	case *b:
		return "yes"
	}
	return "no"
}

const (
	mirror = `{"mode":"mirror"}`
	leave  = `{"acl":["all"],"text":"Ask first."}`
)

func tree() connectortest.SourceOptions { return connectortest.SourceOptions{Mutable: true} }

func TestAllSides(t *testing.T) {
	t.Parallel()
	w := newWorld(t, tree(), `{"mode":"mirror","transform":[{"jq":".by = \"us\""}]}`)
	w.put("leave", leave)
	w.put("travel", leave)
	w.sent("leave", `{"acl":["all"],"by":"us","text":"Ask first."}`)
	for _, q := range []item.Query{{ID: "leave"}, {SourceKey: "leave"}, {ID: "leave", SourceKey: "leave"}, {ID: "LEAVE"}} {
		v := w.look(q)
		if v.ID != "leave" || v.Flow != "mirror" || v.Source != "src" || v.Destination != "dst" || lacks(v) != "" {
			t.Errorf("%+v: %+v", q, v)
		}
		if v.Inventory == nil || v.Inventory.State != "sent" || v.Inventory.Crawl != 7 || v.Record == nil || v.Record.Key != "leave" || string(v.Record.Body) != leave {
			t.Errorf("%+v: inventory %+v, record %+v", q, v.Inventory, v.Record)
		}
		if want := `{"acl":["all"],"by":"us","text":"Ask first."}`; string(v.After) != want || string(v.Made) != want || string(v.Stored) != want {
			t.Errorf("%+v: after %s, made %s, stored %s", q, v.After, v.Made, v.Stored)
		}
		if is(v.Current)+is(v.Found)+is(v.Same) != "yesyesyes" || v.URL == "" || len(v.Different) > 0 {
			t.Errorf("%+v: current %s, found %s, same %s", q, is(v.Current), is(v.Found), is(v.Same))
		}
	}
}

func TestWhatDiffers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, tree(), mirror)
	w.put("leave", leave)
	w.sent("leave", `{"acl":["all"],"text":"Ask later."}`)
	if v := w.look(item.Query{ID: "leave"}); is(v.Current)+is(v.Same) != "nono" || !slices.Equal(v.Different, []string{"content"}) || v.After != nil {
		t.Errorf("a record that changed since: %+v", v)
	}
	w.put("leave", `{"acl":["some"],"text":"Ask later."}`)
	if v := w.look(item.Query{ID: "leave"}); is(v.Current) != "no" {
		t.Errorf("another access list: current %s", is(v.Current))
	}
	w.sent("leave", leave, func(i *store.InventoryItem) { i.State, i.Error = store.SendFailed, "no such group" })
	if v := w.look(item.Query{ID: "leave"}); v.Inventory.State != "failed" || v.Inventory.Error != "no such group" || is(v.Current) != "unknown" {
		t.Errorf("a refused one: %+v, current %s", v.Inventory, is(v.Current))
	}
}

func TestWhatIsMissingSaysWhy(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spec  string
		set   func(w *world)
		query item.Query
		want  string
	}{
		"the record vanished":           {mirror, func(w *world) { w.sent("leave", leave) }, item.Query{ID: "leave"}, "made no_record, record not_found"},
		"the source says it is deleted": {mirror, func(w *world) { w.sent("leave", leave); w.tombstone("leave") }, item.Query{ID: "leave"}, "made no_record, record record_deleted"},
		"the transform drops it":        {`{"mode":"mirror","transform":[{"keep":"text == \"x\""}]}`, func(w *world) { w.put("leave", leave); w.sent("leave", leave) }, item.Query{ID: "leave"}, "made dropped"},
		"the mapping refuses it":        {mirror, func(w *world) { w.put("leave", `{"text":"x"}`); w.sent("leave", leave) }, item.Query{ID: "leave"}, "made refused"},
		"the source refuses it":         {mirror, func(w *world) { w.sent("leave", leave); w.refused("leave") }, item.Query{ID: "leave"}, "made no_record, record encrypted"},
		"it makes another item now":     {mirror, func(w *world) { w.put("leave", `{"acl":[],"parts":2}`); w.sent("leave", leave) }, item.Query{ID: "leave"}, "made other_item"},
		"somebody deleted it there":     {mirror, func(w *world) { w.put("leave", leave); w.sent("leave", leave); delete(w.held, "leave") }, item.Query{ID: "leave"}, "stored not_stored"},
		"the destination does not say": {mirror, func(w *world) {
			w.put("leave", leave)
			w.sent("leave", leave)
			w.fails = fault.New(fault.Throttled, "slow down").WithCode("throttled")
		}, item.Query{ID: "leave"}, "stored throttled"},
		"it was not sent yet":            {mirror, func(w *world) { w.put("leave", leave) }, item.Query{SourceKey: "leave"}, "inventory not_in_inventory, stored not_stored"},
		"it was not sent yet, by ID":     {mirror, func(w *world) { w.put("leave", leave) }, item.Query{ID: "leave"}, "inventory not_in_inventory, stored not_stored"},
		"only the destination has it":    {mirror, func(w *world) { w.held["orphan"] = "{}" }, item.Query{ID: "orphan"}, "inventory not_in_inventory, made no_record, record not_found"},
		"the record of another item":     {mirror, func(w *world) { w.put("travel", leave); w.sent("leave", leave) }, item.Query{ID: "leave", SourceKey: "travel"}, "made other_item"},
		"a key that leads out of it all": {mirror, func(w *world) { w.sent("leave", leave) }, item.Query{ID: "leave", SourceKey: "../../etc/passwd"}, "made no_record, record not_found"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, tree(), c.spec)
			c.set(w)
			if v := w.look(c.query); lacks(v) != c.want {
				t.Errorf("%s, want %s", lacks(v), c.want)
			}
		})
	}
}

func (w *world) tombstone(key string) {
	w.remote.Put(connector.Split{ID: "gone", Stream: "hr", Time: connectortest.Start}, connector.Record{Key: key, Op: connector.Delete})
}

func (w *world) refused(key string) {
	w.put(key, leave)
	w.remote.Refuse("split-"+key, 0, fault.New(fault.Invalid, "it is encrypted").WithCode("encrypted"))
}

// An item whose key nobody says is found by the key's hash; a record that makes several items shows the one that is asked for.
func TestOneOfSeveral(t *testing.T) {
	t.Parallel()
	const body = `{"acl":["all"],"parts":3}`
	w := newWorld(t, tree(), mirror)
	w.put("other", leave)
	w.put("book", body)
	w.sent("book", body)
	if v := w.look(item.Query{ID: "book#1"}); v.ID != "book#1" || v.Record == nil || v.Record.Key != "book" || is(v.Same) != "yes" || lacks(v) != "" || len(v.Notes) > 0 {
		t.Errorf("%+v", v)
	}
	if v := w.look(item.Query{SourceKey: "book"}); v.ID != "book#0" || len(v.Notes) != 1 || !strings.Contains(v.Notes[0], "book#2") {
		t.Errorf("%+v", v)
	}
}

func TestWithoutASourceToAsk(t *testing.T) {
	t.Parallel()
	w := newWorld(t, connectortest.SourceOptions{}, mirror)
	w.sent("leave", leave)
	if v := w.look(item.Query{ID: "leave"}); lacks(v) != "made no_record, record find_unsupported" || v.Missing[0].Hint == "" || is(v.Found) != "yes" {
		t.Errorf("%s: %+v", lacks(v), v)
	}
	w = newWorld(t, tree(), "")
	w.held["leave"] = leave
	if v := w.look(item.Query{ID: "leave"}); lacks(v) != "inventory not_in_inventory, made no_record, record no_flow" || v.Flow != "" {
		t.Errorf("no flow: %s", lacks(v))
	}
}

func TestNothingToShow(t *testing.T) {
	t.Parallel()
	w := newWorld(t, tree(), mirror)
	for name, c := range map[string]struct {
		query item.Query
		class fault.Class
		code  string
	}{
		"no such destination":          {item.Query{Destination: "none", ID: "x"}, fault.NotFound, "not_found"},
		"nothing asked for":            {item.Query{Destination: "dst"}, fault.Invalid, "invalid"},
		"no such item":                 {item.Query{Destination: "dst", ID: "nothing"}, fault.NotFound, "item_unknown"},
		"no such record":               {item.Query{Destination: "dst", SourceKey: "../nothing"}, fault.NotFound, "item_unknown"},
		"a destination without items":  {item.Query{Destination: "memory-append", ID: "x"}, fault.Invalid, "no_items"},
		"a destination without answer": {item.Query{Destination: "mute", ID: "x"}, fault.Internal, ""},
	} {
		v, err := w.items.Show(t.Context(), c.query)
		if c.code == "" {
			if err != nil || !strings.Contains(lacks(v), "stored show_unsupported") {
				t.Errorf("%s: %v, %s", name, err, lacks(v))
			}
			continue
		}
		if e, ok := fault.As(err); !ok || e.Class != c.class {
			t.Errorf("%s: %v", name, err)
		} else if c.code == "item_unknown" && (e.Code != c.code || e.Hint == "") {
			t.Errorf("%s: %+v", name, e)
		}
	}
}

func TestWhoeverLeavesIsNotKeptWaiting(t *testing.T) {
	t.Parallel()
	w := newWorld(t, tree(), mirror)
	w.sent("leave", leave)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := w.items.Show(ctx, item.Query{Destination: "dst", ID: "leave"}); fault.ClassOf(err) != fault.Canceled {
		t.Errorf("%v", err)
	}
}
