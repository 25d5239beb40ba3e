package dataset

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestRecordsAreKeptWithoutWhatTellsOfAPerson(t *testing.T) {
	t.Parallel()
	in := `{"Id":"7c9e6679-7425-40de-944b-e07fc1f90ae7","Size":1.50,"big":12345678901234567890,"UserId":"ada","Actor":[{"ID":"ada@contoso.com","Type":0}],"ClientIP":"203.0.113.7:443",` +
		`"Recipients":["a","b"],"ada@contoso.com":{"x":null},"Tags@odata.type":"Collection(String)","Operation":"Send"}`
	want := `{"Id":"7c9e6679-7425-40de-944b-e07fc1f90ae7","Size":1.50,"big":12345678901234567890,"UserId":"‹3 characters›","Actor":[{"ID":"‹address›","Type":0}],"ClientIP":"‹15 characters›",` +
		`"Recipients":["‹1 characters›","‹1 characters›"],"‹address›":{"x":null},"Tags@odata.type":"Collection(String)","Operation":"Send"}`
	got, cut, ok := kept([]byte(in), false)
	if string(got) != want || cut || !ok {
		t.Errorf("%s\nwant %s", got, want)
	}
	if got, _, _ := kept([]byte(in), true); string(got) != in {
		t.Errorf("whole: %s", got)
	}
}

func TestLongRecordsAreShortened(t *testing.T) {
	t.Parallel()
	long := `{"content":"` + strings.Repeat("ü", 20_000) + `","title":"t"}`
	got, cut, ok := kept([]byte(long), true)
	if !ok || !cut || len(got) > mostKept || !utf8.Valid(got) || !strings.HasSuffix(string(got), `…","title":"t"}`) {
		t.Errorf("%v %v %d bytes", ok, cut, len(got))
	}
	many := `{"list":["` + strings.Repeat(strings.Repeat("x", 900)+`","`, 100) + `"]}`
	if got, cut, ok := kept([]byte(many), true); !ok || !cut || len(got) > mostKept {
		t.Errorf("many: %v %v %d bytes", ok, cut, len(got))
	}
	numbers := `[` + strings.Repeat("1234567,", 10_000) + `1]`
	if _, _, ok := kept([]byte(numbers), true); ok {
		t.Error("what can't be shortened is kept")
	}
	for _, bad := range []string{``, `{"a":`, `{"a":1} x`, `nonsense`} {
		if _, _, ok := kept([]byte(bad), true); ok && bad != `` {
			t.Errorf("%q is kept", bad)
		}
	}
}

func FuzzKept(f *testing.F) {
	f.Add([]byte(`{"UserId":"a@b.c","x":[1,"10.0.0.1",{"y":null}]}`), true)
	f.Add([]byte("{\"\\ud800\":\"\xff\"}"), false)
	f.Fuzz(func(t *testing.T, body []byte, whole bool) {
		if out, _, ok := kept(body, whole); ok && len(out) > 0 && (!json.Valid(out) || len(out) > mostKept) {
			t.Errorf("%q became %q", body, out)
		}
	})
}
