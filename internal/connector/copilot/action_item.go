package copilot

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/fault"
)

// ItemInput names an item and, to compare it, the record it was made of.
type ItemInput struct {
	ID     string          `yaml:"id" doc:"The item's ID, or the key it was made of"`
	Record json.RawMessage `yaml:"record" doc:"The source's record, to compare what it makes with what is in the tenant"`
	Key    string          `yaml:"key" doc:"The record's key at its source"`
	Made   string          `yaml:"made" doc:"The item as it would be sent, written as JSON, in place of the record"`
}

// Validate wants an ID or a record.
func (in *ItemInput) Validate() fault.Problems {
	switch {
	case in.Made != "" && len(in.Record) > 0:
		return fault.Problems{{Field: "made", Text: "is what a record makes; send one of the two"}}
	case in.Made != "" && !json.Valid([]byte(in.Made)):
		return fault.Problems{{Field: "made", Text: "is no JSON"}}
	case len(in.Record) > 0:
		return nil
	}
	return needed("id", in.ID)
}

// RecordInput is one record.
type RecordInput struct {
	Record json.RawMessage `yaml:"record" doc:"The record, as the source gives it"`
	Key    string          `yaml:"key" doc:"Its key at the source; needed where item.id is not set"`
}

// Validate wants a record.
func (in *RecordInput) Validate() fault.Problems { return needed("record", string(in.Record)) }

func (d *destination) made(key string, record json.RawMessage) (connector.Prepared, error) {
	m, err := newMapper(d.cfg)
	if err != nil {
		return connector.Prepared{}, err
	}
	prepared, err := m.prepare(connector.Record{Key: key, Body: record})
	if err != nil {
		return connector.Prepared{}, err
	}
	return prepared[0], nil
}

func showItem(ctx context.Context, d *destination, in *ItemInput) (any, error) {
	v := connector.ShownItem{ID: namedItem(in.ID), Made: json.RawMessage(in.Made)}
	if len(in.Record) > 0 {
		p, err := d.made(in.Key, in.Record)
		if err != nil {
			return nil, err
		}
		v.ID, v.Made, v.Notes = p.Key, p.Body, p.Notes
	}
	schema, err := d.schema(ctx)
	if err != nil {
		return nil, err
	}
	if len(v.Made) > 0 {
		d.fitShown(&v)
	}
	_, err = d.graph.send(ctx, http.MethodGet, d.graph.path("items", v.ID), nil, &v.Stored)
	if isClass(err, fault.NotFound) && !gone(err) {
		v.Notes = append(v.Notes, "it is not in the tenant")
		return v, nil
	}
	if err != nil {
		return nil, err
	}
	v.Found = true
	if u := withLabel(schema, "url"); u != nil {
		if it, err := readItem(v.Stored); err == nil {
			v.URL, _ = it.Properties[u.Name].(string)
		}
	}
	if len(v.Made) > 0 {
		same, different := compareItems(v.Made, v.Stored)
		v.Same, v.Different = &same, different
	}
	return v, nil
}

// schema is the one that is written, or else what was inferred and registered: only the tenant knows it. Empty: there is none.
func (d *destination) schema(ctx context.Context) ([]Property, error) {
	if d.want != nil {
		return d.want, nil
	}
	registered, err := d.graph.readSchema(ctx)
	if err != nil && !isClass(err, fault.NotFound) {
		return nil, err
	}
	d.registered = registered
	return registered, nil
}

// fitShown makes of what a mapping gives what would be sent, by the types of the schema. What does not fit stays as it is,
// with a note.
func (d *destination) fitShown(v *connector.ShownItem) {
	if d.want == nil && d.registered == nil {
		return // nothing is registered, nor is there an item
	}
	w := &writing{destination: d}
	fitted, err := w.fit(connector.Record{Key: v.ID, Body: v.Made})
	if err != nil {
		v.Notes = append(v.Notes, "it would be refused: "+err.Error())
		return
	}
	v.Made = fitted
}

// compareItems tells which members of an item are not what was sent.
func compareItems(made, stored json.RawMessage) (same bool, different []string) {
	a, errA := readItem(made)
	b, errB := readItem(stored)
	if errA != nil || errB != nil {
		return false, []string{"unreadable"}
	}
	if !sameJSON(a.ACL, b.ACL) {
		different = append(different, "acl")
	}
	if !sameJSON(a.Content, b.Content) {
		different = append(different, "content")
	}
	va, vb := a.values(), b.values()
	for name := range va {
		if !sameJSON(va[name], vb[name]) {
			different = append(different, "properties."+name)
		}
	}
	for name := range vb {
		if _, sent := va[name]; !sent {
			different = append(different, "properties."+name)
		}
	}
	slices.Sort(different)
	return len(different) == 0, different
}

func sendItem(ctx context.Context, d *destination, in *RecordInput) (any, error) {
	p, err := d.made(in.Key, in.Record)
	if err != nil {
		return nil, err
	}
	if d.registered, err = d.graph.readSchema(ctx); err != nil {
		return nil, err
	}
	w := &writing{destination: d}
	body, err := w.fit(p.Record)
	if err == nil {
		err = w.send(ctx, p.Record, body)
	}
	if f, ok := fault.As(err); ok && f.Class == fault.Invalid && f.Upstream != nil {
		err = w.explain(f, p.Record)
	}
	if err != nil {
		return nil, err
	}
	return connector.ShownItem{ID: p.Key, Made: body, Found: true, Notes: p.Notes}, nil
}

func deleteItem(ctx context.Context, d *destination, in *IDInput) (any, error) {
	return d.remove(ctx, "items", namedItem(in.ID))
}
