package dataset

import (
	"slices"
	"strings"
	"testing"
)

func shapeOf(t *testing.T, bodies ...string) map[string]Field {
	t.Helper()
	s := NewShape()
	for _, b := range bodies {
		if !s.Add([]byte(b)) {
			t.Fatalf("%s is no JSON", b)
		}
	}
	fields := map[string]Field{}
	for _, f := range s.Fields() {
		fields[f.Path] = f
	}
	return fields
}

func TestShapeOfRecords(t *testing.T) {
	t.Parallel()
	got := shapeOf(t, `{"Id":"1","n":1,"deep":{"a":null},"list":[{"x":1},{"x":2.5},"s"],"odd name":true}`, `{"Id":"2","n":"two","list":[]}`, `{"Id":"3","deep":{"a":{}}}`)
	for path, want := range map[string]Field{
		".Id":           {Types: String, Present: 3, Example: "3"},
		".n":            {Types: Integer | String, Present: 2, Example: "two"},
		".deep":         {Types: Object, Present: 2},
		".deep.a":       {Types: Null | Object, Present: 2},
		".list":         {Types: Array, Present: 2},
		".list[]":       {Types: Object | String, Present: 1, Example: "s"},
		".list[].x":     {Types: Integer | Number, Present: 1, Example: "1"},
		`."odd name"`:   {Types: Boolean, Present: 1, Example: "true"},
		".nothing like": {},
	} {
		want.Path = path
		if want.Types == 0 {
			if _, ok := got[path]; ok {
				t.Errorf("%s is there", path)
			}
			continue
		}
		if path == ".list[]" {
			want.Example = got[path].Example // an object came first
		}
		if got[path] != want {
			t.Errorf("%s: %+v, want %+v", path, got[path], want)
		}
	}
	if names := TypeNames(Integer | Null); !slices.Equal(names, []string{"null", "integer"}) {
		t.Errorf("names %v", names)
	}
}

func TestShapeHasBounds(t *testing.T) {
	t.Parallel()
	s := NewShape()
	for n := range 3000 {
		s.Add([]byte(`{"` + strings.Repeat("x", n%7) + string(rune('a'+n%26)) + strings.Repeat("y", n/26) + `":1}`))
	}
	deep := strings.Repeat(`{"a":`, 5000) + "1" + strings.Repeat("}", 5000)
	s.Add([]byte(deep))
	if n := len(s.Fields()); n > mostPaths || !s.Cut {
		t.Errorf("%d paths, cut %v", n, s.Cut)
	}
	if s.Add([]byte(`{"a":`)) || s.Add(nil) {
		t.Error("what is no JSON was taken")
	}
}

func TestExamplesTellOfNobody(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"jane.doe@contoso.com":                       "‹address›",
		"i:0h.f|membership|1003200@live.com":         "i:0h.f|membership|‹address›",
		"SMTP:zoë@bücher.example, to all":            "SMTP:‹address›, to all",
		"203.0.113.7":                                "‹IP address›",
		"[2001:db8::1]:443":                          "‹IP address›",
		"from 203.0.113.7:51234 on":                  "from ‹IP address› on",
		"2001:db8:0:0:0:0:0:1":                       "‹IP address›",
		"2026-11-22T10:00:00":                        "2026-11-22T10:00:00",
		"16.0.1234":                                  "16.0.1234",
		"Set-Mailbox":                                "Set-Mailbox",
		"7c9e6679-7425-40de-944b-e07fc1f90ae7":       "7c9e6679-7425-40de-944b-e07fc1f90ae7",
		"https://contoso.sharepoint.com/sites/a.doc": "https://contoso.sharepoint.com/sites/a.doc",
	} {
		if got := Redact(text); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
	got := shapeOf(t, `{"UserId":"jane","ClientIP":"10.1","Actor":[{"ID":"a@b.example"}],"Operation":"Send","ActorIpAddress":"x","AccessToken":"abc","Workload":"Exchange"}`)
	for path, want := range map[string]string{".UserId": "‹4 characters›", ".ClientIP": "‹4 characters›", ".Actor[].ID": "‹address›", ".Operation": "Send",
		".ActorIpAddress": "‹1 characters›", ".AccessToken": "‹3 characters›", ".Workload": "Exchange"} {
		if got[path].Example != want {
			t.Errorf("%s: %q, want %q", path, got[path].Example, want)
		}
	}
}

func FuzzShape(f *testing.F) {
	f.Add([]byte(`{"a":[1,{"b":"x@y.z"}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		s := NewShape()
		s.Add(body)
		for _, field := range s.Fields() {
			if field.Types == 0 || field.Present == 0 || len([]rune(field.Example)) > longestExample {
				t.Errorf("%+v", field)
			}
		}
	})
}
