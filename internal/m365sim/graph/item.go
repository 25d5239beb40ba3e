package graph

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"net/http"
	"strings"
)

// An item is one external item as it was last sent.
type item struct {
	body []byte // as it came; of a partial update, put together; nil with Rules.HashesOnly
	sum  [sha256.Size]byte
	size int
	puts int
	has  parts
}

// Writes count what was done to the items of a connection.
type Writes struct {
	Created   int `json:"created"`   // items that were new
	Replaced  int `json:"replaced"`  // items that were there, and became another
	Unchanged int `json:"unchanged"` // items that were there, sent again byte for byte: needless
	Deleted   int `json:"deleted"`   // items that were there
	Absent    int `json:"absent"`    // deletes of items that were not
}

// openItem is open for an operation on an item: it also holds the item's ID against the rules.
func (t *Tenant) openItem(c *call) (x *connection, done func(), refused *refusal) {
	if !identifier(c.item) {
		return nil, nil, invalid("the item ID %q is not 1 to %d characters of A-Z a-z 0-9 - _", c.item, longestID)
	}
	return t.openContent(c)
}

// openContent is open for an operation on what a connection holds: it also holds the connection's state against the rules.
func (t *Tenant) openContent(c *call) (x *connection, done func(), refused *refusal) {
	if x, done, refused = t.open(c); refused != nil {
		return nil, nil, refused
	}
	refused = c.noQuery()
	switch state := x.state(t.options.Rules); {
	case refused != nil:
	case state == StateDraft:
		refused = invalid("the connection is a draft: its schema is not registered yet")
	case state == StateObsolete && c.route.write:
		refused = invalid("the connection is obsolete: what it holds can only be read")
	}
	if refused != nil {
		done()
		return nil, nil, refused
	}
	return x, done, nil
}

func (t *Tenant) putItem(c *call) (reply, *refusal) { return t.writeItem(c, true) }

func (t *Tenant) patchItem(c *call) (reply, *refusal) { return t.writeItem(c, false) }

// writeItem stores an item. Members of the top level that an update leaves out keep their value; a new item needs acl
// and properties. The item is checked while others are written.
func (t *Tenant) writeItem(c *call, create bool) (reply, *refusal) {
	x, done, refused := t.openItem(c)
	if refused != nil {
		return reply{}, refused
	}
	known := x.schema
	done()
	if refused := c.wantJSON(); refused != nil {
		return reply{}, refused
	}
	if limit := t.options.Rules.ItemBytes; len(c.body) > limit {
		return reply{}, tooLarge(limit)
	}
	if c.part {
		c.body = bytes.Clone(c.body) // what is kept must not keep the whole batch
	}
	given, refused := t.readItemBody(c, known)
	if refused != nil {
		return reply{}, refused
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.gone {
		return reply{}, absent("Connection", c.connection)
	}
	old := x.items[c.item]
	if refused := t.mayWrite(c, x, old, given, create); refused != nil {
		return reply{}, refused
	}
	whole, body := given, c.body
	if old != nil && old.has&^given.has() != 0 {
		if t.options.Rules.HashesOnly {
			return reply{}, notKept()
		}
		before, refused := splitItem(old.body)
		if refused != nil {
			return reply{}, refused
		}
		whole = given.over(before)
		body = whole.body()
	}
	t.store(x, c.item, old, &item{body: body, has: whole.has()})
	return reply{status: http.StatusOK, body: c.showItem(x.id, c.item, whole)}, nil
}

// mayWrite says whether the item may be created or updated.
func (t *Tenant) mayWrite(c *call, x *connection, old *item, given payload, create bool) *refusal {
	switch {
	case old != nil:
		return nil
	case !create:
		return absent("Item", c.item)
	case given.acl == nil:
		return invalid("the item has no acl")
	case given.properties == nil:
		return invalid("the item has no properties")
	case t.options.Rules.Items > 0 && int64(len(x.items)) >= t.options.Rules.Items:
		return full("the connection holds %d items", len(x.items))
	case t.options.Rules.ItemsPerTenant > 0 && t.total.Load() >= t.options.Rules.ItemsPerTenant:
		return full("the tenant holds %d items", t.total.Load())
	}
	return nil
}

// store puts an item in the place of the old one and counts. The connection is locked.
func (t *Tenant) store(x *connection, id string, old, now *item) {
	now.sum, now.size, now.puts = sha256.Sum256(now.body), len(now.body), 1
	switch {
	case t.options.Rules.HashesOnly:
		now.body = nil
	case cap(now.body) > len(now.body)+len(now.body)/8: // of a body whose length was not known, a buffer
		now.body = bytes.Clone(now.body)
	}
	switch {
	case old == nil:
		x.writes.Created++
		t.total.Add(1)
		id = strings.Clone(id) // not the whole path
	case old.sum == now.sum:
		x.writes.Unchanged++
	default:
		x.writes.Replaced++
	}
	if old != nil {
		now.puts += old.puts
		x.bytes -= int64(old.size)
	}
	x.bytes += int64(now.size)
	x.items[id] = now
}

func (t *Tenant) readItem(c *call) (reply, *refusal) {
	x, done, refused := t.openItem(c)
	if refused != nil {
		return reply{}, refused
	}
	defer done()
	found := x.items[c.item]
	if found == nil {
		return reply{}, absent("Item", c.item)
	}
	if found.body == nil {
		return reply{}, notKept()
	}
	shown, refused := splitItem(found.body)
	if refused != nil {
		return reply{}, refused
	}
	return reply{status: http.StatusOK, body: c.showItem(x.id, c.item, shown)}, nil
}

// notKept is what reading an item meets in a simulator that keeps hashes only.
func notKept() *refusal {
	return &refusal{
		status: http.StatusNotImplemented, code: "NotImplemented", message: "The operation is not implemented.",
		reason: "this simulator keeps hashes of items only, by its rule hashesOnly",
	}
}

func (t *Tenant) deleteItem(c *call) (reply, *refusal) {
	x, done, refused := t.openItem(c)
	if refused != nil {
		return reply{}, refused
	}
	defer done()
	old := x.items[c.item]
	if old == nil {
		x.writes.Absent++
		return reply{}, absent("Item", c.item)
	}
	delete(x.items, c.item)
	x.bytes -= int64(old.size)
	t.total.Add(-1)
	x.writes.Deleted++
	return reply{status: http.StatusNoContent}, nil
}

// A payload is an item's body in its members, as they came. A member that was not there is nil.
type payload struct {
	acl, properties, content, label []byte
}

// parts says which members a payload has.
type parts uint8

func (p payload) has() (has parts) {
	for i, member := range [][]byte{p.acl, p.properties, p.content, p.label} {
		if member != nil {
			has |= 1 << i
		}
	}
	return has
}

// over is an update of an older payload: whole members replace.
func (p payload) over(older payload) payload {
	for _, pair := range [][2]*[]byte{{&p.acl, &older.acl}, {&p.properties, &older.properties}, {&p.content, &older.content}, {&p.label, &older.label}} {
		if *pair[0] == nil {
			*pair[0] = *pair[1]
		}
	}
	return p
}

// body is the payload put together again.
func (p payload) body() []byte { return append(p.appendTo([]byte{'{'}), '}') }

func (p payload) appendTo(text []byte) []byte {
	for _, one := range []struct {
		name  string
		value []byte
	}{{"acl", p.acl}, {"properties", p.properties}, {"content", p.content}, {"informationProtectionLabel", p.label}} {
		if one.value == nil {
			continue
		}
		if text[len(text)-1] != '{' {
			text = append(text, ',')
		}
		text = append(append(append(text, '"'), one.name...), `":`...)
		text = append(text, one.value...)
	}
	return text
}

// splitItem gives the members of a body that was checked when it came.
func splitItem(body []byte) (p payload, refused *refusal) {
	refused = walk(body, "the item", func(name string, value []byte) *refusal {
		switch name {
		case "acl":
			p.acl = value
		case "properties":
			p.properties = value
		case "content":
			p.content = value
		case "informationProtectionLabel":
			p.label = value
		}
		return nil
	})
	return p, refused
}

// showItem is the item as the service shows it: collections annotated with a #.
func (c *call) showItem(connection, id string, p payload) []byte {
	text := make([]byte, 0, 256+len(p.acl)+len(p.properties)+len(p.content))
	text = append(text, '{')
	if !withoutContext(c.header.Get("Accept")) {
		text = fmt.Appendf(text, `"@odata.context":%s,`, mustJSON(c.context("external/connections('"+connection+"')/items/$entity")))
	}
	text = fmt.Appendf(text, `"id":"%s"`, id)
	p.properties = annotate(p.properties)
	text = p.appendTo(text)
	return append(text, `,"activities":[]}`...)
}

// annotate writes the annotations of collections as the service does, with a #.
func annotate(properties []byte) []byte {
	text := make([]byte, 0, len(properties)+16)
	text = append(text, '{')
	_ = walk(properties, "properties", func(name string, value []byte) *refusal { // it was checked when it came
		if text[len(text)-1] != '{' {
			text = append(text, ',')
		}
		text = append(append(append(text, '"'), name...), `":`...) // letters, digits and @odata.type need no escape
		if strings.HasSuffix(name, annotationSuffix) && value[1] != '#' {
			text = append(append(text, `"#`...), value[1:]...)
			return nil
		}
		text = append(text, value...)
		return nil
	})
	return append(text, '}')
}

const annotationSuffix = "@odata.type"

func sum(body []byte) string { return fmt.Sprintf("%x", sha256.Sum256(body)) }
