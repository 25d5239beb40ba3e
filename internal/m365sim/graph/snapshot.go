package graph

import (
	"bytes"
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// A Connection is what a connection is at one moment.
type Connection struct {
	ID               string          `json:"id"`
	Name             string          `json:"name"`
	Description      string          `json:"description"`
	ContentCategory  string          `json:"contentCategory"`
	State            string          `json:"state"`
	Owner            string          `json:"owner"` // the app that created it
	AuthorizedAppIDs []string        `json:"authorizedAppIds"`
	ActivitySettings json.RawMessage `json:"activitySettings,omitempty"`
	SearchSettings   json.RawMessage `json:"searchSettings,omitempty"`
	Schema           json.RawMessage `json:"schema,omitempty"` // as GET shows it with all members of enums; none: draft
	Items            int             `json:"items"`
	Bytes            int64           `json:"bytes"` // of the items' bodies
	Groups           []Group         `json:"groups"`
	Writes           Writes          `json:"writes"`
	Activities       int             `json:"activities"`   // taken in by addActivities
	MostInFlight     int             `json:"mostInFlight"` // operations of one app at one time
}

// A Group is an external group at one moment.
type Group struct {
	ID          string   `json:"id"`
	DisplayName string   `json:"displayName"`
	Description string   `json:"description"`
	Members     []Member `json:"members"` // in the order they were added
}

// A Member is somebody in an external group.
type Member struct {
	ID   string `json:"id"`
	Type string `json:"type"` // user, group or externalGroup
}

// An Item is an item at one moment.
type Item struct {
	ID     string `json:"id"`
	SHA256 string `json:"sha256"` // of the body
	Size   int    `json:"size"`
	Puts   int    `json:"puts"` // how often it was written, since it is there
	// Body is the last request's, byte for byte; after a request that left members out, those put together with the older
	// ones. None with Rules.HashesOnly. It must not be changed.
	Body json.RawMessage `json:"body,omitempty"`
}

// Connections lists all connections by ID.
func (t *Tenant) Connections() []Connection {
	now := t.options.Now()
	t.mu.RLock()
	all := slices.Collect(maps.Values(t.connections))
	t.mu.RUnlock()
	shown := []Connection{}
	for _, x := range all {
		x.mu.Lock()
		x.settle(now)
		if !x.gone {
			shown = append(shown, t.snapshot(x))
		}
		x.mu.Unlock()
	}
	slices.SortFunc(shown, func(a, b Connection) int { return strings.Compare(a.ID, b.ID) })
	return shown
}

// Connection finds one connection.
func (t *Tenant) Connection(id string) (Connection, error) {
	x, err := t.named(id)
	if err != nil {
		return Connection{}, err
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.settle(t.options.Now())
	return t.snapshot(x), nil
}

func (t *Tenant) named(id string) (*connection, error) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if x := t.connections[lower(id)]; x != nil {
		return x, nil
	}
	return nil, fmt.Errorf("the simulated tenant has no connection %q", id)
}

// snapshot copies a locked connection.
func (t *Tenant) snapshot(x *connection) Connection {
	shown := Connection{
		ID: x.id, Name: x.name, Description: x.description, ContentCategory: x.category, State: x.state(t.options.Rules),
		Owner: x.owner, AuthorizedAppIDs: slices.Clone(x.apps), ActivitySettings: x.activity, SearchSettings: x.search,
		Items: len(x.items), Bytes: x.bytes, Groups: []Group{}, Writes: x.writes, Activities: x.activities, MostInFlight: t.flights.mostInFlight(x.id),
	}
	if x.schema != nil {
		properties := []members{}
		for _, p := range x.schema.properties {
			properties = append(properties, p.shape(&call{}, t.options.Government, true))
		}
		shown.Schema = mustJSON(members{{"baseType", baseType}, {"properties", properties}})
	}
	for _, id := range slices.Sorted(maps.Keys(x.groups)) {
		g := x.groups[id]
		group := Group{ID: g.id, DisplayName: g.name, Description: g.description, Members: []Member{}}
		for _, key := range g.order {
			group.Members = append(group.Members, Member{ID: g.members[key].id, Type: g.members[key].kind})
		}
		shown.Groups = append(shown.Groups, group)
	}
	return shown
}

// Items walks over the items of a connection by ID. Items that are written meanwhile may or may not be among them.
func (t *Tenant) Items(connection string) (iter.Seq[Item], error) {
	x, err := t.named(connection)
	if err != nil {
		return nil, err
	}
	return func(yield func(Item) bool) {
		x.mu.RLock()
		ids := slices.Sorted(maps.Keys(x.items))
		x.mu.RUnlock()
		for _, id := range ids {
			if shown, there := x.look(id); there && !yield(shown) {
				return
			}
		}
	}, nil
}

// Item finds one item.
func (t *Tenant) Item(connection, id string) (Item, error) {
	x, err := t.named(connection)
	if err != nil {
		return Item{}, err
	}
	shown, there := x.look(id)
	if !there {
		return Item{}, fmt.Errorf("the connection %s has no item %q", connection, id)
	}
	return shown, nil
}

func (x *connection) look(id string) (Item, bool) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	found := x.items[id]
	if found == nil {
		return Item{}, false
	}
	return Item{ID: id, SHA256: fmt.Sprintf("%x", found.sum), Size: found.size, Puts: found.puts, Body: found.body}, true
}

// SetObsolete makes a connection obsolete, as when a feature it depends on is withdrawn, or brings it back.
func (t *Tenant) SetObsolete(connection string, obsolete bool) error {
	x, err := t.named(connection)
	if err != nil {
		return err
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.obsolete = obsolete
	return nil
}

// A Difference is how the items of a connection differ from what should be there, by ID.
type Difference struct {
	Want    int      `json:"want"`
	Have    int      `json:"have"`
	Missing []string `json:"missing,omitempty"`
	Extra   []string `json:"extra,omitempty"`
	Changed []string `json:"changed,omitempty"`
}

// Perfect reports whether there is none.
func (d Difference) Perfect() bool { return len(d.Missing)+len(d.Extra)+len(d.Changed) == 0 }

// String counts, and names the first few.
func (d Difference) String() string {
	first := func(ids []string) string {
		if len(ids) == 0 {
			return "0"
		}
		return fmt.Sprintf("%d (%s…)", len(ids), strings.Join(ids[:min(len(ids), 5)], ", "))
	}
	return fmt.Sprintf("of %d items %d are there; missing %s, extra %s, changed %s",
		d.Want, d.Have, first(d.Missing), first(d.Extra), first(d.Changed))
}

// Compare holds the items of a connection against what should be there, ID and body. Bodies are the same when their
// JSON is, whatever the order of members and the blanks; a nil body is not compared. With Rules.HashesOnly they must be
// the same byte for byte.
func (t *Tenant) Compare(connection string, want iter.Seq2[string, []byte]) (Difference, error) {
	items, err := t.Items(connection)
	if err != nil {
		return Difference{}, err
	}
	x, err := t.named(connection)
	if err != nil {
		return Difference{}, err
	}
	var d Difference
	wanted := map[string]bool{}
	for id, body := range want {
		if wanted[id] {
			return d, fmt.Errorf("compare: the item %q is wanted twice", id)
		}
		wanted[id] = true
		have, there := x.look(id)
		switch {
		case !there:
			d.Missing = append(d.Missing, id)
		case body != nil && !sameBody(have, body):
			d.Changed = append(d.Changed, id)
		}
	}
	d.Want = len(wanted)
	for have := range items {
		d.Have++
		if !wanted[have.ID] {
			d.Extra = append(d.Extra, have.ID)
		}
	}
	return d, nil
}

func sameBody(have Item, want []byte) bool {
	if have.Body == nil {
		return have.SHA256 == sum(want)
	}
	if bytes.Equal(have.Body, want) {
		return true
	}
	a, b := jsontext.Value(slices.Clone(have.Body)), jsontext.Value(slices.Clone(want))
	return a.Canonicalize(keepInts) == nil && b.Canonicalize(keepInts) == nil && bytes.Equal(a, b)
}

// keepInts leaves whole numbers as they are: as floats, large ones would be rounded.
var keepInts = jsontext.CanonicalizeRawInts(false)
