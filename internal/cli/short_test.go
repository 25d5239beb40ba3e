package cli

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestShort(t *testing.T) {
	t.Parallel()
	long, wide := strings.Repeat("é", 1000), make([]int, 500)
	raw, err := json.Marshal(map[string]any{"text": long, "n": json.Number("12345678901234567890"), "html": "<b>", "list": []any{long}})
	if err != nil {
		t.Fatal(err)
	}
	got := short(raw)
	for _, want := range []string{strings.Repeat("é", shortText) + "… (800 more characters; -o json shows all)", "12345678901234567890", `"<b>"`} {
		if !strings.Contains(got, want) {
			t.Errorf("%s lacks %s", got, want)
		}
	}
	if strings.Contains(got, strings.Repeat("é", shortText+1)) || !utf8.ValidString(got) {
		t.Errorf("a text was not cut: %s", got)
	}
	if raw, _ = json.Marshal(wide); !strings.HasSuffix(short(raw), "… 442 more lines; -o json shows all") || strings.Count(short(raw), "\n") != shortLines {
		t.Errorf("500 numbers: %s", short(raw))
	}
	if barely := strings.Repeat("x", shortText+1); cutText(barely) != barely {
		t.Error("a text was cut that its note is longer than")
	}
	for _, none := range []string{"", "{", "nonsense"} {
		if got := short(json.RawMessage(none)); got != "" {
			t.Errorf("%q gives %q", none, got)
		}
	}
}

func TestDifferences(t *testing.T) {
	t.Parallel()
	text := strings.Repeat("Ask first, then go. ", 20)
	item := func(title, content string) json.RawMessage {
		return json.RawMessage(fmt.Sprintf(`{"acl":[{"type":"everyone"}],"properties":{"title":%q},"content":{"type":"text","value":%q}}`, title, content))
	}
	got := differences([]string{"acl", "content", "properties.title", "properties.none"}, item("A", text+"Ü then"), item("B", text+"Ö now"))
	want := []string{
		`  would be sent  [{"type":"everyone"}]`, `would be sent  …`, `then go. Ü then"`, `then go. Ö now"`, `  would be sent  "A"`, `  in the tenant  "B"`, "properties.none\n  would be sent  nothing\n  in the tenant  nothing",
	}
	for _, w := range want {
		if !strings.Contains(got, w) {
			t.Errorf("%q is missing in\n%s", w, got)
		}
	}
	if strings.Count(got, "Ask first") > 4 || !utf8.ValidString(got) {
		t.Errorf("what is the same is told at length:\n%s", got)
	}
	if got := differences([]string{"content"}, nil, item("A", "x")); got != "" {
		t.Errorf("of one side alone: %s", got)
	}
}
