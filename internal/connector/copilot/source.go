package copilot

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"slices"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/microsoft"
)

// source reads back. Everything there is is small but items, and what it says can only be known by reading it: so a
// listing reads each thing, and the split's ID has a hash of it. What did not change is not delivered again.
type source struct {
	cfg   *SourceConfig
	graph *graph
	env   connector.Env
}

func openSource(cfg connector.Config, env connector.Env) (connector.Source, error) {
	c, ok := cfg.(*SourceConfig)
	if !ok {
		return nil, fault.New(fault.Internal, "open %s: a config of type %T", Name, cfg)
	}
	if err := c.Validate().Err(); err != nil {
		return nil, err
	}
	connection := ""
	if len(c.Connections) == 1 {
		connection = c.Connections[0]
	}
	g, err := openGraph(env, connection, c.RequestsPerMinute, microsoft.Timing{})
	if err != nil {
		return nil, err
	}
	return &source{cfg: c, graph: g, env: env}, nil
}

// Close gives idle connections back.
func (s *source) Close() error { return s.graph.client.Close() }

// A unit is one thing to read, and a split's locator.
type unit struct {
	Read       string `json:"read"`
	Connection string `json:"connection,omitempty"`
	ID         string `json:"id,omitempty"` // of an item or group; of a request by hand its name
}

// listCursor says how far a listing has come.
type listCursor struct {
	Version     int      `json:"v"`
	Full        bool     `json:"full,omitempty"`        // it began at the beginning
	Failed      bool     `json:"failed,omitempty"`      // something could not be read
	Done        bool     `json:"done,omitempty"`        // it has ended; the next begins anew
	Connections []string `json:"connections,omitempty"` // those that it reads of
	Next        int      `json:"next,omitempty"`        // the unit to go on at
	After       string   `json:"after,omitempty"`       // of an inventory, which comes behind the units: the item to go on after
}

const (
	cursorVersion = 1
	unitsAtOnce   = 20 // read in one Enumerate, since items are throttled early
)

// Enumerate reads the next things and lists those that are there.
func (s *source) Enumerate(ctx context.Context, raw connector.Cursor) (connector.Enumeration, error) {
	if err := ctx.Err(); err != nil {
		return connector.Enumeration{}, err
	}
	c, err := s.cursor(ctx, raw)
	if err != nil {
		return connector.Enumeration{}, err
	}
	named := s.units(c.Connections)
	units, more, err := s.next(ctx, &c, named)
	if err != nil {
		return connector.Enumeration{}, err
	}
	out := connector.Enumeration{More: more, Pending: max(len(named)-c.Next, 0)}
	for _, u := range units {
		found, err := s.list(ctx, u)
		switch class := fault.ClassOf(err); {
		case err == nil:
			out.Splits = append(out.Splits, found)
		case u.mayBeAbsent() && class == fault.NotFound && !gone(err):
			s.env.Log.Info("nothing is there to read back", "read", u.Read, "connection", u.Connection, "id", u.ID)
		case class == fault.Denied || class == fault.Invalid || class == fault.NotFound:
			c.Failed = true
			if !slices.ContainsFunc(out.Failed, func(f connector.StreamError) bool { return f.Stream == u.stream() }) {
				out.Failed = append(out.Failed, connector.StreamError{Stream: u.stream(), Err: explained(u, err)})
			}
		default:
			return connector.Enumeration{}, err
		}
	}
	if !more {
		out.Complete = c.Full && !c.Failed
		c = listCursor{Version: cursorVersion, Done: true}
	}
	if out.Cursor, err = json.Marshal(c); err != nil {
		return connector.Enumeration{}, fault.New(fault.Internal, "write the cursor: %w", err)
	}
	return out, nil
}

// next gives the things to read now and moves the cursor behind them: first what is named, then the inventory.
func (s *source) next(ctx context.Context, c *listCursor, named []unit) (units []unit, more bool, err error) {
	if from := min(c.Next, len(named)); from < len(named) {
		c.Next = min(from+unitsAtOnce, len(named))
		return named[from:c.Next], c.Next < len(named) || s.cfg.Inventory != "", nil
	}
	if s.cfg.Inventory == "" {
		return nil, false, nil
	}
	connection, inventory, err := s.inventory(ctx)
	if err != nil {
		return nil, false, err
	}
	keys, err := inventory.Keys(ctx, c.After, unitsAtOnce)
	if err != nil || len(keys) == 0 {
		return nil, false, err
	}
	for _, key := range keys {
		units = append(units, unit{Read: readItems, Connection: connection, ID: key})
	}
	c.After = keys[len(keys)-1]
	return units, true, nil
}

// inventory opens the inventory that is named, and tells its connection.
func (s *source) inventory(ctx context.Context) (connection string, _ connector.Inventory, err error) {
	if s.env.Inventory == nil {
		return "", connector.Inventory{}, fault.New(fault.Invalid, "the inventory of %q can't be looked at here", s.cfg.Inventory)
	}
	held, err := s.env.Inventory(ctx, s.cfg.Inventory)
	if isClass(err, fault.NotFound) {
		return "", held, fault.New(fault.Invalid, "open the inventory: %w", err).WithHint("inventory names a destination of the connector %s; headrace destination list shows which there are.", Name)
	}
	if err != nil {
		return "", held, fmt.Errorf("open the inventory: %w", err)
	}
	cfg, ok := held.Config.(*Config)
	if !ok {
		return "", held, fault.New(fault.Invalid, "open the inventory: the destination %q is of the connector %s", s.cfg.Inventory, held.Connector).WithHint("inventory names a destination of the connector %s.", Name)
	}
	return cfg.Connection.ID, held, nil
}

// cursor reads a cursor, or begins a listing by finding out which connections there are.
func (s *source) cursor(ctx context.Context, raw connector.Cursor) (listCursor, error) {
	fresh := listCursor{Version: cursorVersion, Full: len(raw) == 0}
	if len(raw) > 0 {
		var c listCursor
		d := json.NewDecoder(bytes.NewReader(raw))
		d.DisallowUnknownFields()
		if err := d.Decode(&c); err != nil || c.Version != cursorVersion || c.Next < 0 {
			return c, fault.New(fault.Internal, "the cursor is not one of this connector").WithHint("It was written by another version of headrace, or is damaged.")
		}
		if !c.Done {
			return c, nil
		}
	}
	fresh.Connections = s.cfg.Connections
	if len(fresh.Connections) > 0 || !s.needsConnections() {
		return fresh, nil
	}
	all, err := s.connections(ctx)
	for _, raw := range all {
		if id := fieldOf(raw, "id"); id != "" {
			fresh.Connections = append(fresh.Connections, id)
		}
	}
	return fresh, err
}

// needsConnections tells whether something is read of each connection.
func (s *source) needsConnections() bool {
	for _, what := range s.cfg.Read {
		if what == readSchemas || what == readQuota {
			return true
		}
	}
	return false
}

// units are all things to read, in order.
func (s *source) units(ids []string) []unit {
	var all []unit
	for _, what := range s.cfg.Read {
		switch what {
		case readConnections:
			all = append(all, unit{Read: what})
		case readSchemas, readQuota:
			for _, id := range ids {
				all = append(all, unit{Read: what, Connection: id})
			}
		case readItems, readOperations, readGroups:
			for _, id := range s.cfg.named(what) {
				if what == readItems {
					id = namedItem(id)
				}
				all = append(all, unit{Read: what, Connection: ids[0], ID: id})
			}
		case readGet:
			for _, g := range s.cfg.Get {
				all = append(all, unit{Read: what, ID: g.Name})
			}
		}
	}
	return all
}

func (u unit) stream() string {
	if u.Read == readGet {
		return u.ID
	}
	return u.Read
}

// mayBeAbsent tells whether it is no mistake if the thing is not there: an item can be deleted, a new connection has no schema.
func (u unit) mayBeAbsent() bool { return u.Read != readGet && u.Read != readConnections }

// explained says what to do about a thing that was named and is not there.
func explained(u unit, err error) error {
	f, ok := fault.As(err)
	if !ok || f.Class != fault.NotFound || f.Hint != "" {
		return err
	}
	hint := fmt.Sprintf("There is no connection %s that this app may see: its ID is wrong, it was deleted, or it is another app's.", u.Connection)
	if u.Read == readGet {
		hint = fmt.Sprintf("Look at the path of the request %q: an ID in it is wrong, or what it names was deleted.", u.ID)
	}
	return &fault.Error{Class: f.Class, Code: f.Code, Hint: hint, Upstream: f.Upstream, Err: err}
}

// key names a record of the unit for whoever keeps it.
func (u unit) key(id string) string {
	switch {
	case u.Read == readGet && id == "":
		return ""
	case u.Read == readGet:
		return u.ID + "/" + id
	case u.Connection == "":
		return u.Read + "/" + id
	case u.ID == "":
		return u.Read + "/" + u.Connection
	}
	return u.Read + "/" + u.Connection + "/" + u.ID
}

// list reads a unit and makes its split.
func (s *source) list(ctx context.Context, u unit) (connector.Split, error) {
	sum := sha256.New()
	for raw, err := range s.records(ctx, u) {
		if err != nil {
			return connector.Split{}, err
		}
		_, _ = fmt.Fprintf(sum, "%d:", len(raw))
		_, _ = sum.Write(raw)
	}
	locator, err := json.Marshal(u)
	if err != nil {
		return connector.Split{}, fault.New(fault.Internal, "write a locator: %w", err)
	}
	name := u.Read + "/" + u.Connection + "/" + u.ID
	return connector.Split{
		ID: name + "@" + hex.EncodeToString(sum.Sum(nil)[:16]), Locator: locator, Stream: u.stream(), Time: s.env.Now(),
	}, nil
}

// Read reads the unit again and yields what it holds, as Graph gave it. If that is not what was listed, it ends with Conflict.
func (s *source) Read(ctx context.Context, split connector.Split, _ int64) iter.Seq2[connector.Record, error] {
	return func(yield func(connector.Record, error) bool) {
		var u unit
		if err := json.Unmarshal(split.Locator, &u); err != nil {
			yield(connector.Record{}, fault.New(fault.Internal, "read a locator: %w", err))
			return
		}
		var all []json.RawMessage
		sum := sha256.New()
		for raw, err := range s.records(ctx, u) {
			if err != nil {
				if isClass(err, fault.NotFound) {
					err = fault.New(fault.Conflict, "it is not there any more: %w", err)
				}
				yield(connector.Record{}, err)
				return
			}
			_, _ = fmt.Fprintf(sum, "%d:", len(raw))
			_, _ = sum.Write(raw)
			all = append(all, raw)
		}
		if name := u.Read + "/" + u.Connection + "/" + u.ID; split.ID != name+"@"+hex.EncodeToString(sum.Sum(nil)[:16]) {
			yield(connector.Record{}, fault.New(fault.Conflict, "%s has changed since it was listed", name))
			return
		}
		for _, raw := range all {
			if !yield(connector.Record{Key: u.key(fieldOf(raw, "id")), Body: raw}, nil) {
				return
			}
		}
	}
}

// records reads what a unit holds.
func (s *source) records(ctx context.Context, u unit) iter.Seq2[json.RawMessage, error] {
	if u.Read == readGet {
		return s.byHand(ctx, u.ID)
	}
	return func(yield func(json.RawMessage, error) bool) {
		if u.Read == readConnections {
			all, err := s.connections(ctx)
			for _, raw := range all {
				if !yield(raw, nil) {
					return
				}
			}
			if err != nil {
				yield(nil, err)
			}
			return
		}
		g := *s.graphOf(u.Connection)
		path := g.path("schema")
		switch u.Read {
		case readQuota:
			path = beta + g.path("quota")
		case readItems, readOperations, readGroups:
			path = g.path(u.Read, u.ID) // they are called as in Graph's paths
		}
		var raw json.RawMessage
		if _, err := g.send(ctx, http.MethodGet, path, nil, &raw); err != nil {
			yield(nil, fmt.Errorf("read %s of %s: %w", u.Read, u.Connection, err))
			return
		}
		yield(bytes.TrimSpace(raw), nil)
	}
}

// connections lists those that the app may see.
func (s *source) connections(ctx context.Context) ([]json.RawMessage, error) {
	var wanted map[string]bool
	if len(s.cfg.Connections) > 0 {
		wanted = map[string]bool{}
		for _, id := range s.cfg.Connections {
			wanted[id] = true
		}
	}
	var all []json.RawMessage
	for raw, err := range s.graph.pages(ctx, connections, nil, nil) {
		if err != nil {
			return nil, fmt.Errorf("list connections: %w", err)
		}
		found, err := recordsOf(raw, nil)
		if err != nil {
			return nil, err
		}
		for _, one := range found {
			if wanted == nil || wanted[fieldOf(one, "id")] {
				all = append(all, one)
			}
		}
	}
	for id := range wanted {
		if !slices.ContainsFunc(all, func(one json.RawMessage) bool { return fieldOf(one, "id") == id }) {
			s.env.Log.Warn("a connection that is named is not there, or is another app's", "connection", id)
		}
	}
	return all, nil
}
