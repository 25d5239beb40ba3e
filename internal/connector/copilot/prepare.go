package copilot

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/transform"
)

// item is what one PUT sends, in this order; maps are written with sorted names, so that the same item has the same bytes.
type item struct {
	ACL        []aclEntry     `json:"acl"`
	Properties map[string]any `json:"properties"`
	Content    *itemContent   `json:"content,omitempty"`
}

type itemContent struct {
	Type  string `json:"type"`
	Value string `json:"value"`
}

// A mapper makes items of records. It is safe for concurrent use.
type mapper struct {
	cfg     *Config
	schema  []Property // nil: inferred later
	print   []byte     // recognises what of the schema makes it needful to send items again
	names   []string   // of properties, in the mapping's order
	mapping *transform.Mapping
}

// prepare gives the function that makes of a record the item that will be sent.
func prepare(cfg connector.Config) (func(connector.Record) ([]connector.Prepared, error), error) {
	c, ok := cfg.(*Config)
	if !ok {
		return nil, fault.New(fault.Internal, "prepare for %s: a config of type %T", Name, cfg)
	}
	m, err := newMapper(c)
	if err != nil {
		return nil, err
	}
	return m.prepare, nil
}

func newMapper(c *Config) (*mapper, error) {
	schema, err := c.schema()
	if err != nil {
		return nil, err
	}
	mapping, err := transform.CompileMapping(c.Item.rules(), transform.Limits{Bytes: int64(c.MaxItem)})
	if err != nil {
		return nil, err
	}
	return &mapper{cfg: c, schema: schema, print: fingerprint(schema), names: slices.Sorted(maps.Keys(c.Item.Properties)), mapping: mapping}, nil
}

// fingerprint recognises what of a schema counts for items: after another type, label or use of a property Microsoft
// wants all items again (reference graph-connectors, section 1.5.7). Descriptions and aliases don't.
func fingerprint(schema []Property) []byte {
	var b bytes.Buffer
	for _, p := range slices.SortedFunc(slices.Values(schema), func(a, b Property) int { return strings.Compare(a.Name, b.Name) }) {
		_, _ = fmt.Fprintf(&b, "%s %s %t %t %t %t %q\n", p.Name, p.Type, p.Searchable, p.Queryable, p.Retrievable, p.Refinable, slices.Sorted(slices.Values(p.Labels)))
	}
	return b.Bytes()
}

// prepare maps and checks one record. An Invalid error refuses it.
func (m *mapper) prepare(r connector.Record) ([]connector.Prepared, error) {
	if r.Op == connector.Delete {
		return m.prepareDelete(r)
	}
	values, err := m.mapping.Values(r.Body)
	if err != nil {
		return nil, err
	}
	id, err := idOf(values[0], m.cfg.Item.ID != "", r.Key)
	if err != nil {
		return nil, err
	}
	acl, notes, err := readACL(values[1])
	if err != nil {
		return nil, err
	}
	if m.cfg.Connection.people() && (len(acl) != 1 || acl[0].Type != aclEveryone || acl[0].AccessType != grant) {
		return nil, aclFault("the ACL of people's data must be everyone alone", "Microsoft shows profiles to the whole tenant or not at all: [{accessType: \"grant\", type: \"everyone\"}].")
	}
	it := item{ACL: acl}
	if it.Properties, err = m.properties(values[3:]); err != nil {
		return nil, err
	}
	content, note, err := m.content(values[2])
	if err != nil {
		return nil, err
	}
	if it.Content = content; note != "" {
		notes = append(notes, note)
	}
	body, content128, acl128, err := m.encode(it)
	if err != nil {
		return nil, fault.New(fault.Invalid, "the item can't be written as JSON: %w", err)
	}
	if int64(len(body)) > int64(m.cfg.MaxItem) {
		return nil, tooLarge(len(body), m.cfg.MaxItem)
	}
	out := connector.Prepared{Record: r, Content: content128, ACL: acl128, Notes: notes}
	out.Key, out.Body = id, body
	return []connector.Prepared{out}, nil
}

// prepareDelete finds the item of a delete record. Of such a record often nothing is left but its key.
func (m *mapper) prepareDelete(r connector.Record) ([]connector.Prepared, error) {
	key := any(nil)
	if m.cfg.Item.ID != "" {
		if len(r.Body) == 0 {
			return nil, fault.New(fault.Invalid, "the record says that %s is gone, but not what its item.id was", quoted(r.Key)).
				WithHint("Use mode mirror: its inventory knows. Or leave item.id out, so that the source's key is the item's.")
		}
		values, err := m.mapping.Values(r.Body)
		if err != nil {
			return nil, err
		}
		key = values[0]
	}
	id, err := idOf(key, m.cfg.Item.ID != "", r.Key)
	if err != nil {
		return nil, err
	}
	r.Key, r.Body = id, nil
	return []connector.Prepared{{Record: r}}, nil
}

// idOf makes the item's ID of what item.id gave, or of the source's key where there is no such program.
func idOf(value any, mapped bool, key string) (string, error) {
	if mapped {
		switch v := value.(type) {
		case nil, bool, []any, map[string]any:
			return "", fault.New(fault.Invalid, "item.id gave %s, not a text or a number", describedOrNull(v)).
				WithHint("Choose a field that every record has and that tells records apart.").WithCode("item_id_missing")
		case string:
			key = v
		default:
			key = numberText(value)
		}
	}
	if key == "" {
		return "", fault.New(fault.Invalid, "the record has no key, so its item would have no ID").
			WithHint("Set item.id to a program that tells records apart, like .path.").WithCode("item_id_missing")
	}
	return itemID(key), nil
}

// properties converts each value to its property's type and reports all that do not fit.
func (m *mapper) properties(values []any) (map[string]any, error) {
	out := map[string]any{}
	var problems fault.Problems
	for i, name := range m.names {
		p, err := m.property(name, values[i])
		if err == nil {
			err = put(out, p, values[i], int64(m.cfg.MaxItem))
		}
		if err != nil {
			problems = append(problems, fault.Problem{Field: "item.properties." + p.Name, Text: err.Error()})
		}
	}
	if err := problems.Err(); err != nil {
		return nil, (&fault.Error{Class: fault.Invalid, Code: "property_invalid", Err: problems}).
			WithHint("Convert the value in the mapping, or give the property another type. The other items are not affected.")
	}
	if len(out) == 0 {
		return nil, fault.New(fault.Invalid, "the item has no property with a value; Graph wants at least one").
			WithHint("Look at the record: the programs under item.properties found nothing in it.").WithCode("property_missing")
	}
	return out, nil
}

// property gives the property of a name: the schema's, or while there is none what the value and the name say.
func (m *mapper) property(name string, value any) (Property, error) {
	if p := find(m.schema, name); p != nil {
		return *p, nil
	}
	t, err := natural(value)
	p := guess(name)
	p.Type = t
	return p, err
}

// put adds a value with what Graph wants beside it. Nothing is added for null. most bounds what a list may sum up to.
func put(out map[string]any, p Property, value any, most int64) error {
	v, err := convert(value, p.Type)
	if p.Type == "" {
		v, err = nil, nil
	}
	if err != nil || v == nil {
		return err
	}
	if weight(v) > most {
		return errors.New("the value alone is larger than maxItem")
	}
	if label, ok := p.hasAddress(); ok {
		if text, _ := v.(string); !absolute(text) {
			return fmt.Errorf("%s is no absolute address, which the label %s needs; write it with https:// and the host", quoted(text), label)
		}
	}
	out[p.Name] = v
	if note, ok := annotations[p.Type]; ok {
		out[p.Name+annotation] = note
	}
	return nil
}

// weight is about how many bytes a value takes on paper. Lists are bounded by it, because their elements may be one
// long text many times.
func weight(value any) int64 {
	switch v := value.(type) {
	case string:
		return int64(len(v)) + 3
	case []any:
		sum := int64(2)
		for _, e := range v {
			sum += weight(e)
		}
		return sum
	}
	return 24
}

// content makes the item's text; a note says that there is none.
func (m *mapper) content(value any) (*itemContent, string, error) {
	if m.cfg.Item.Content == "" {
		return nil, "", nil
	}
	switch v := value.(type) {
	case string:
		if strings.TrimSpace(v) != "" {
			return &itemContent{Type: m.cfg.Item.ContentType, Value: strings.ToValidUTF8(v, "\ufffd")}, "", nil
		}
	case nil:
	default:
		return nil, "", fault.New(fault.Invalid, "item.content gave %s, not a text", described(v)).
			WithHint("Copilot reads text. Join lists with join(\"\\n\"), make text of an object with tojson.").WithCode("content_invalid")
	}
	return nil, "it has no content, so Copilot finds it by its title and properties only", nil
}

func tooLarge(size int, most connector.Size) error {
	hint := "Split the document into several items, or shorten its text, like item.content: .text[0:200000]."
	if most < 30_000_000 {
		hint += " By one page of Microsoft's the service takes 30MB by now: try a larger maxItem."
	}
	return &fault.Error{Class: fault.Invalid, Code: "item_too_large", Title: fmt.Sprintf("the item has %d bytes, more than maxItem (%s)", size, most), Hint: hint}
}

// encode writes the item as it is sent, with the hashes that recognise its ACL and everything else of it.
func (m *mapper) encode(it item) (body []byte, content, acl connector.Hash, err error) {
	who, err := encodeJSON(it.ACL)
	if err != nil {
		return nil, content, acl, err
	}
	if body, err = encodeJSON(it); err != nil {
		return nil, content, acl, err
	}
	rest := body[len(`{"acl":`)+len(who):] // the ACL is an item's first member
	return body, hashOf(rest, m.print), hashOf(who), nil
}

func encodeJSON(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimRight(b.Bytes(), "\n"), nil
}

func hashOf(parts ...[]byte) connector.Hash {
	h := sha256.New()
	for _, b := range parts {
		_, _ = h.Write(b)
	}
	return connector.Hash(h.Sum(nil)[:len(connector.Hash{})])
}
