package copilot

import (
	"encoding/json"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/connector/connectortest"
	"github.com/headrace/headrace/internal/fault"
)

// A mappingCase is what testdata/cases/<what happens>/settings.json holds: how one record is mapped.
type mappingCase struct {
	Schema   json.RawMessage `json:"schema"`
	Key      string          `json:"key"`
	Op       string          `json:"op"`
	MaxItem  int64           `json:"maxItem"`
	Category string          `json:"category"`
	Item     struct {
		ID, Content, ContentType, ACL string
		Properties                    map[string]string
	} `json:"item"`
}

// TestCases maps each case's record.json: want.json has the item, or why it is refused.
func TestCases(t *testing.T) {
	t.Parallel()
	connectortest.Cases(t, func(t *testing.T, c connectortest.Case) {
		var m mappingCase
		c.Settings(t, &m)
		cfg := validConfig()
		cfg.Schema = m.Schema
		cfg.Item.ID, cfg.Item.Content, cfg.Item.ACL, cfg.Item.Properties = m.Item.ID, m.Item.Content, m.Item.ACL, m.Item.Properties
		if m.Item.ContentType != "" {
			cfg.Item.ContentType = m.Item.ContentType
		}
		if m.MaxItem > 0 {
			cfg.MaxItem = connector.Size(m.MaxItem)
		}
		cfg.Connection.ContentCategory = m.Category
		r := connector.Record{Key: m.Key, Body: c.Read(t, "record.json")}
		if m.Op == "delete" {
			r.Op = connector.Delete
		}
		do, err := prepare(cfg)
		if err != nil {
			t.Fatal(err)
		}
		prepared, err := do(r)
		c.Want(t, "want.json", told(t, prepared, err))
	})
}

// told writes what became of a record for people to read.
func told(t *testing.T, prepared []connector.Prepared, err error) []byte {
	t.Helper()
	out := map[string]any{}
	if err != nil {
		out["class"], out["error"], out["hint"] = fault.ClassOf(err).String(), err.Error(), fault.HintOf(err)
	}
	for _, p := range prepared {
		out["id"], out["notes"] = p.Key, p.Notes
		if p.Body != nil {
			out["item"] = p.Body
		}
	}
	b, err := json.MarshalIndent(out, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return append(b, '\n')
}

func prepareOne(t testing.TB, cfg *Config, body string) connector.Prepared {
	t.Helper()
	do, err := prepare(cfg)
	if err != nil {
		t.Fatal(err)
	}
	p, err := do(connector.Record{Key: "k", Body: json.RawMessage(body)})
	if err != nil || len(p) != 1 {
		t.Fatalf("%s: %v, %v (%s)", body, p, err, fault.HintOf(err))
	}
	return p[0]
}

func TestHashesTellContentAndACLApart(t *testing.T) {
	t.Parallel()
	cfg := validConfig()
	cfg.Item.ACL = ".acl"
	one := `{"path":"a","title":"T","text":"x","acl":[{"type":"everyone"}]}`
	base := prepareOne(t, cfg, one)
	acl := prepareOne(t, cfg, strings.Replace(one, "everyone", "externalGroup\",\"value\":\"g", 1))
	text := prepareOne(t, cfg, strings.Replace(one, `"x"`, `"y"`, 1))
	order := prepareOne(t, cfg, `{"acl":[{"accessType":"grant","type":"everyone"}],"text":"x","title":"T","path":"a","more":1}`)
	switch {
	case acl.Content != base.Content || acl.ACL == base.ACL:
		t.Error("another ACL must change its own hash alone")
	case text.Content == base.Content || text.ACL != base.ACL:
		t.Error("another text must change the content's hash alone")
	case order.Content != base.Content || order.ACL != base.ACL || string(order.Body) != string(base.Body):
		t.Error("the order of names must change nothing")
	}
	cfg.Schema = json.RawMessage(`[{"name":"title","type":"string","isRetrievable":true,"labels":["title"]},{"name":"url","type":"string"}]`)
	before := prepareOne(t, cfg, one)
	cfg.Schema = json.RawMessage(`[{"name":"title","type":"string","isRetrievable":true,"isSearchable":true,"labels":["title"]},{"name":"url","type":"string"}]`)
	if prepareOne(t, cfg, one).Content == before.Content {
		t.Error("a schema that wants all items again must change the content's hash")
	}
	cfg.Schema = json.RawMessage(`[{"name":"title","type":"string","isRetrievable":true,"labels":["title"],"description":"Name"},{"name":"url","type":"string","aliases":["u"]}]`)
	if prepareOne(t, cfg, one).Content != before.Content {
		t.Error("a description or an alias wants no item again")
	}
}

func TestItemIDsAreDifferentForDifferentKeys(t *testing.T) {
	t.Parallel()
	rng, seen := rand.New(rand.NewPCG(3, 4)), map[string]string{}
	alphabet := []rune("aA0-_/. ä%")
	for range 20_000 {
		var b strings.Builder
		for range 1 + rng.IntN(6) {
			b.WriteRune(alphabet[rng.IntN(len(alphabet))])
		}
		key := b.String()
		id := itemID(key)
		if before, taken := seen[id]; taken && before != key {
			t.Fatalf("%q and %q have the ID %q", before, key, id)
		}
		seen[id] = key
	}
}

func FuzzItemID(f *testing.F) {
	for _, seed := range []string{"", "a", "policies/leave.md", "x--0123456789abcdef0123456789abcdef", strings.Repeat("long/", 200), "\xff\x00", "é", "..", "a=b", strings.Repeat("a", 128), strings.Repeat("a", 129)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, key string) {
		id := itemID(key)
		switch {
		case key == "" && id != "":
			t.Fatalf("no key has the ID %q", id)
		case key == "":
		case !legalItemID.MatchString(id):
			t.Fatalf("%q has the illegal ID %q", key, id)
		case id != itemID(key):
			t.Fatalf("%q has two IDs", key)
		case id != key && itemID(id) == id:
			t.Fatalf("the ID %q of %q is that of another key too", id, key)
		}
	})
}

func FuzzPrepare(f *testing.F) {
	for _, seed := range []string{`{"title":"T","path":"a","text":"x"}`, `{"title":1e400}`, `{"title":["a",null,{}]}`, `{"title":"\ud800"}`, "{\"title\":\"\xff\"}", `[]`, ``, `{"path":"a b"}`, `{"path":null}`} {
		f.Add([]byte(seed), true)
	}
	f.Fuzz(func(t *testing.T, body []byte, inferred bool) {
		cfg := validConfig()
		cfg.Item.Properties["more"] = ".more"
		cfg.MaxItem = 100_000
		if !inferred {
			cfg.Schema = json.RawMessage(`[{"name":"title","type":"string"},{"name":"url","type":"string"},{"name":"more","type":"doubleCollection"}]`)
		}
		do, err := prepare(cfg)
		if err != nil {
			t.Fatal(err)
		}
		prepared, err := do(connector.Record{Key: "k", Body: body})
		if err != nil {
			if fault.ClassOf(err) != fault.Invalid {
				t.Fatalf("class %s: %v", fault.ClassOf(err), err)
			}
			return
		}
		var it item
		if err := json.Unmarshal(prepared[0].Body, &it); err != nil || len(it.ACL) == 0 || len(it.Properties) == 0 {
			t.Fatalf("made %s, %v", prepared[0].Body, err)
		}
		again, err := do(connector.Record{Key: "k", Body: body})
		if err != nil || string(again[0].Body) != string(prepared[0].Body) || again[0].Content != prepared[0].Content {
			t.Fatalf("made %s, then %s", prepared[0].Body, again[0].Body)
		}
	})
}

func TestInferredSchemasKeepEveryRule(t *testing.T) {
	t.Parallel()
	samples := []map[string]any{
		{"title": "A", "modified": "2026-03-01T00:00:00Z", "price": json.Number("1"), "tags": []any{"x"}, "final": true, "mixed": json.Number("1"), "subject": "s", "url": "https://a.example", "when": "2026-01-01", "author": "Ada"},
		{"title": "B", "modified": "2026-03-02T00:00:00Z", "price": json.Number("1.5"), "tags": nil, "final": false, "mixed": "text", "when": "soon", "object": map[string]any{}},
	}
	names := []string{"title", "subject", "modified", "price", "tags", "final", "mixed", "url", "when", "author", "createdAt", "object", "iconUrl"}
	schema := infer(names, samples)
	if p := checkSchema(schema, false); len(p) > 0 || len(schema) != len(names) {
		t.Fatalf("%d properties: %v", len(schema), p)
	}
	for name, want := range map[string]string{"title": "string title", "subject": "string ", "modified": "dateTime lastModifiedDateTime", "price": "double ", "tags": "stringCollection tags", "final": "boolean ",
		"mixed": "string ", "url": "string url", "when": "string ", "author": "string createdBy", "createdAt": "dateTime createdDateTime", "object": "string ", "iconUrl": "string iconUrl"} {
		p := find(schema, name)
		if got := p.Type + " " + strings.Join(p.Labels, ","); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	for name := range map[string]bool{"x-y": true, "": true, "33": true} {
		if got := cleanName(name); badName(got) != "" {
			t.Errorf("%q is cleaned to %q: %s", name, got, badName(got))
		}
	}
}

func TestPrepareRefusesNothingThatValidateAllows(t *testing.T) {
	t.Parallel()
	if _, err := prepare(NewConfig()); err == nil {
		return // an empty config compiles; Validate has said what is missing
	} else if f := (fault.Problems)(nil); !errors.As(err, &f) {
		t.Errorf("%v", err)
	}
}
