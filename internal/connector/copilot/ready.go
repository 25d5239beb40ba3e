package copilot

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"time"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/fault"
)

const (
	// lookAgain is how often connection and schema are looked at while items are written.
	lookAgain = 15 * time.Minute
	// leastPoll and mostPoll bound how long to wait before a schema change is looked at again. Microsoft's own
	// tools ask once a minute.
	leastPoll, mostPoll = 2 * time.Second, time.Minute
	// longOperation is when a schema change is no longer believed in.
	longOperation = time.Hour
)

// makeReady brings the connection and its schema to where items can be written: each step first looks at what is there.
// It never waits. What must be waited for is a Throttled error with the time to look again, and r remembers where it stands.
func (d *destination) makeReady(ctx context.Context, r *receipt, records []connector.Record) error {
	if d.registered != nil && time.Since(d.looked) < lookAgain {
		return nil
	}
	d.registered = nil
	if err := d.makeConnection(ctx, r); err != nil {
		return err
	}
	schema, err := d.makeSchema(ctx, r, records)
	if err != nil {
		return err
	}
	d.registered, d.looked, r.Ready = schema, time.Now(), true
	return nil
}

// makeConnection makes the connection if it was never there, and changes what of it is set otherwise.
func (d *destination) makeConnection(ctx context.Context, r *receipt) error {
	have, err := d.graph.readConnection(ctx)
	switch {
	case isClass(err, fault.NotFound) && r.Ready:
		return d.deleted(err)
	case isClass(err, fault.NotFound):
		return d.create(ctx)
	case err != nil:
		return err
	}
	switch have.State {
	case stateObsolete:
		return (&fault.Error{Class: fault.Denied, Code: "connection_obsolete", Title: "Connection " + have.ID + " is obsolete: Microsoft withdrew a feature it depends on"}).
			WithHint("It can only be read and deleted. Fill a new connection with a new destination and flow, then remove this one.")
	case stateLimitExceeded:
		d.env.Log.Warn("the connection has no room for new items; changes and deletes still go", "connection", have.ID)
		return nil // everything else but reading is refused in this state
	}
	return d.adjust(ctx, have)
}

// keepConnection looks at a connection that was filled before there is something to write: a change of its description alone gives no
// item to send, and that it was deleted should not wait for one to be told. Other trouble is left to the writing.
func (d *destination) keepConnection(ctx context.Context, r *receipt) error {
	if !r.Ready || time.Since(d.adjusted) < lookAgain {
		return nil
	}
	err := d.makeConnection(ctx, r)
	if f, ok := fault.As(err); ok && f.Code == "connection_deleted" {
		return err
	}
	if err != nil {
		d.env.Log.Debug("the connection could not be looked at", "connection", d.cfg.Connection.ID, "err", err)
		return nil
	}
	d.adjusted = time.Now()
	return nil
}

// deleted is the end of the road for a destination whose connection is gone.
func (d *destination) deleted(cause error) error {
	return (&fault.Error{Class: fault.Denied, Code: "connection_deleted", Err: cause, Title: "Connection " + d.cfg.Connection.ID + " is gone from the tenant, with all its items"}).
		WithHint("Somebody deleted it, or took this app out of its authorized apps. It is not made anew by itself, because the inventory still says that its items were sent. " +
			"To fill it again make a new destination and a new flow, and remove these.")
}

func (d *destination) create(ctx context.Context) error {
	c := d.cfg.Connection
	if !c.Create {
		return noConnection(c.ID, fault.Denied, "Set connection.create: true to let headrace make it.")
	}
	_, err := d.graph.sendJSON(ctx, http.MethodPost, connections, wireOf(c))
	if err == nil {
		d.env.Log.Info("made the connection", "connection", c.ID)
		return nil
	}
	return createFault(c.ID, err)
}

// createFault explains a refused creation. An ID that is taken answers 409 or 400; nobody has written down which (section 1.3.4).
func createFault(id string, err error) error {
	f, ok := fault.As(err)
	if !ok || f.Upstream == nil || f.Upstream.Status != http.StatusConflict && f.Upstream.Status != http.StatusBadRequest {
		return fmt.Errorf("make connection %s: %w", id, err)
	}
	e := *f
	e.Class, e.Code, e.Title = fault.Denied, "connection_refused", "Microsoft refused to make the connection "+id
	e.Hint = "Its settings were checked before, so most likely the ID is taken: by another app's connection, which this app can't see (an admin does, in the admin centre under Search & intelligence › Data sources), " +
		"or by an older one that is still being deleted, which takes minutes to hours. Choose another connection.id, or wait."
	return &e
}

// wireOf is the connection as it is sent.
func wireOf(c Connection) connectionWire {
	w := connectionWire{ID: c.ID, Name: c.Name, Description: c.Description}
	if c.ContentCategory != "uncategorized" {
		w.ContentCategory = c.ContentCategory
	}
	if len(c.Resolvers) > 0 {
		w.Activity = &activityWire{}
		for _, r := range c.Resolvers {
			w.Activity.Resolvers = append(w.Activity.Resolvers, resolverWire{
				ODataType: "#microsoft.graph.externalConnectors.itemIdResolver", Priority: r.Priority, ItemID: r.ItemID, Match: matchWire{BaseURLs: r.BaseURLs, URLPattern: r.URLPattern},
			})
		}
	}
	if len(c.Templates) > 0 && string(c.Templates) != "null" {
		w.Search = &searchWire{Templates: c.Templates}
	}
	return w
}

// adjust changes what of the connection is set otherwise in the tenant. What is not set here stays as it is there.
func (d *destination) adjust(ctx context.Context, have connectionWire) error {
	change := differences(wireOf(d.cfg.Connection), have)
	if len(change) == 0 {
		return nil
	}
	if _, err := d.graph.sendJSON(ctx, http.MethodPatch, d.graph.path(), change); err != nil {
		return fmt.Errorf("change connection %s: %w", have.ID, err)
	}
	d.env.Log.Info("changed the connection", "connection", have.ID, "fields", len(change))
	return nil
}

// differences gives the members of want that have has otherwise.
func differences(want, have connectionWire) map[string]any {
	change := map[string]any{}
	if want.Name != have.Name {
		change["name"] = want.Name
	}
	if want.Description != have.Description {
		change["description"] = want.Description
	}
	if want.ContentCategory != "" && want.ContentCategory != have.ContentCategory {
		change["contentCategory"] = want.ContentCategory
	}
	if want.Activity != nil && !sameJSON(want.Activity, have.Activity) {
		change["activitySettings"] = want.Activity
	}
	if want.Search != nil && !sameJSON(want.Search, have.Search) {
		change["searchSettings"] = want.Search
	}
	return change
}

// sameJSON compares what two values say, whatever the order of names.
func sameJSON(a, b any) bool {
	plain := func(v any) any {
		var out any
		raw, err := json.Marshal(v)
		if err != nil || json.Unmarshal(raw, &out) != nil {
			return nil
		}
		return out
	}
	return reflect.DeepEqual(plain(a), plain(b))
}

// makeSchema registers the schema or its changes, and gives the one that is registered.
func (d *destination) makeSchema(ctx context.Context, r *receipt, records []connector.Record) ([]Property, error) {
	if err := d.operation(ctx, r); err != nil {
		return nil, err
	}
	have, err := d.graph.readSchema(ctx)
	fresh := isClass(err, fault.NotFound)
	switch {
	case fresh && r.Ready: // somebody deleted the connection and made one with its ID
		return nil, d.deleted(err)
	case err != nil && !fresh:
		return nil, err
	}
	want, err := d.wanted(have, records)
	if err != nil {
		return nil, err
	}
	if problems := checkCloud(d.graph.client.Cloud(), want, d.cfg.Connection.ContentCategory); len(problems) > 0 {
		return nil, problems.Err()
	}
	if fresh {
		return nil, d.register(ctx, r, want)
	}
	changes, merged := compareSchemas(have, want)
	if refused := refusals(changes); len(refused) > 0 {
		return nil, refusedChanges(d.cfg.Connection.ID, refused)
	}
	if !applies(changes) {
		return have, nil
	}
	if problems := checkSchema(merged, d.cfg.Connection.people()); len(problems) > 0 {
		return nil, (&fault.Error{Class: fault.Invalid, Code: "schema_refused", Title: "The registered schema of " + d.cfg.Connection.ID + " and the new one don't go together", Err: problems}).
			WithHint("Nothing can be taken out of a registered schema. Change the new properties, or make a new connection.")
	}
	return nil, d.register(ctx, r, merged)
}

// wanted is the schema of the settings. An inferred one keeps what is registered and adds what is missing there.
func (d *destination) wanted(have []Property, records []connector.Record) ([]Property, error) {
	if d.want != nil {
		return d.want, nil
	}
	var missing []string
	for name := range d.cfg.Item.Properties {
		if find(have, name) == nil {
			missing = append(missing, name)
		}
	}
	if len(missing) == 0 {
		return have, nil
	}
	var samples []map[string]any
	for _, rec := range records {
		if rec.Op == connector.Delete {
			continue
		}
		it, err := readItem(rec.Body)
		if err != nil {
			return nil, err
		}
		samples = append(samples, it.values())
	}
	added := infer(missing, samples)
	for i := range added { // a label that is registered stays where it is
		added[i].Labels = slices.DeleteFunc(added[i].Labels, func(l string) bool { return withLabel(have, l) != nil })
	}
	return slices.Concat(have, added), nil
}

func refusedChanges(id string, refused []schemaChange) error {
	var text []error
	for _, c := range refused {
		text = append(text, fmt.Errorf("%s %s", c.Property, c.Text))
	}
	return (&fault.Error{Class: fault.Invalid, Code: "schema_change_refused", Title: "Microsoft does not allow these changes of the schema of " + id, Err: errors.Join(text...)}).
		WithHint("%s headrace copilot schema diff shows all of it.", newConnection)
}

// register sends a schema and waits, by its error, for the operation.
func (d *destination) register(ctx context.Context, r *receipt, schema []Property) error {
	id, err := d.graph.changeSchema(ctx, schema)
	switch {
	case isClass(err, fault.Conflict): // one is under way that we know nothing of: its ID was lost in a crash, or it is another's
		id = unknownOperation
	case isClass(err, fault.Invalid):
		f, _ := fault.As(err)
		e := *f
		e.Code, e.Title = "schema_refused", "Microsoft refused the schema of "+d.cfg.Connection.ID
		e.Hint = "Its rules were checked before, so this is one we don't know. Microsoft's words and request ID are in the error; headrace copilot schema infer prints a schema that is usually taken."
		return &e
	case err != nil:
		return err
	}
	if id == "" {
		id = unknownOperation
	}
	r.Operation, r.Since = id, d.env.Now()
	d.env.Log.Info("registering the schema; Microsoft usually takes 5-15 minutes", "connection", d.cfg.Connection.ID, "properties", len(schema))
	return d.pending(r)
}

// pending is the error that makes the lane wait for a schema change.
func (d *destination) pending(r *receipt) error {
	elapsed := d.env.Now().Sub(r.Since)
	return (&fault.Error{Class: fault.Throttled, Code: "schema_pending", RetryAt: d.env.Now().Add(clamp(elapsed/3, leastPoll, mostPoll)),
		Title: fmt.Sprintf("The schema of %s is being registered, for %s so far; Microsoft usually takes 5–15 minutes", d.cfg.Connection.ID, elapsed.Round(time.Second))}).
		WithHint("Nothing to do; it goes on by itself.")
}

// operation looks how far a schema change is that was begun before. nil: there is none any more.
func (d *destination) operation(ctx context.Context, r *receipt) error {
	if r.Operation == "" {
		return nil
	}
	done := func() { r.Operation, r.Since = "", time.Time{} }
	if r.Operation == unknownOperation {
		done() // looking at the schema, and registering it if it is not there, tells all there is to know
		return nil
	}
	op, err := d.graph.readOperation(ctx, r.Operation)
	switch {
	case isClass(err, fault.NotFound):
		done()
		return nil
	case err != nil:
		return err
	case op.Status == "failed":
		done()
		return (&fault.Error{Class: fault.Unavailable, Code: "schema_failed", Title: "Microsoft could not register the schema of " + d.cfg.Connection.ID, Err: op.failure()}).
			WithHint("It is sent again. If it keeps failing, compare it with headrace copilot schema diff, and ask Microsoft with the operation %s.", op.ID)
	case op.Status == "completed":
		done()
		d.env.Log.Info("the schema is registered", "connection", d.cfg.Connection.ID)
		return nil
	case d.env.Now().Sub(r.Since) > longOperation:
		return (&fault.Error{Class: fault.Unavailable, Code: "schema_stuck", Title: fmt.Sprintf("The schema of %s is still not registered after %s", d.cfg.Connection.ID, longOperation), RetryAt: d.env.Now().Add(mostPoll)}).
			WithHint("It usually takes 5–15 minutes. If it stays so, ask Microsoft with the operation %s, or make a new connection.", r.Operation)
	}
	return d.pending(r)
}

// readItem reads a prepared body back, with numbers as they were written.
func readItem(body []byte) (storedItem, error) {
	var it storedItem
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	if err := d.Decode(&it); err != nil {
		return it, fault.New(fault.Internal, "read a prepared item: %w", err)
	}
	return it, nil
}
