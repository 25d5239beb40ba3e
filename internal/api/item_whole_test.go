package api_test

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/headrace/headrace/internal/account"
	"github.com/headrace/headrace/internal/item"
)

// A viewer sees an item that nobody has sent yet as far as it goes: its record, what would be sent, and why the remote was not heard.
func TestAnItemThatWasNotSentYet(t *testing.T) {
	t.Parallel()
	w := open(t)
	remote, ca := refusing(t)
	docs := t.TempDir()
	if err := os.WriteFile(filepath.Join(docs, "leave.md"), []byte("# Leave\n\nAsk first.\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	w.must(http.StatusCreated, "POST", "/credentials", `{"name":"cred","spec":{"type":"microsoft-365-copilot","cloud":"custom","tenantId":"8f3a0000-0000-4000-8000-000000000001","clientId":"1b4f0000-0000-4000-8000-000000000001",
		"endpoints":{"login":"`+remote+`","graph":"`+remote+`","ca":"`+ca+`"}},"secret":"`+planted+`"}`)
	w.must(http.StatusCreated, "POST", "/sources", `{"name":"docs","spec":{"connector":"file","path":"`+docs+`"}}`)
	w.must(http.StatusCreated, "POST", "/destinations", `{"name":"copilot","spec":{"connector":"microsoft-365-copilot","credential":"cred","connection":{"id":"policies","name":"Policies","description":"Policies of Contoso on leave and travel. Ask what is allowed."},
		"item":{"properties":{"title":".title"},"content":".text","acl":"[{accessType:\"grant\",type:\"everyone\",value:\"8f3a0000-0000-4000-8000-000000000001\"}]"}}}`)
	w.must(http.StatusCreated, "POST", "/destinations", w.archive("archive"))
	w.must(http.StatusCreated, "POST", "/flows", `{"name":"fill","spec":{"source":"docs","destination":"copilot","mode":"mirror"}}`)
	w.who.Role = account.Viewer
	var v item.Whole
	if err := json.Unmarshal([]byte(w.must(http.StatusOK, "GET", "/destinations/copilot/item?id=leave.md", "").raw), &v); err != nil {
		t.Fatal(err)
	}
	missing := map[string]string{}
	for _, m := range v.Missing {
		missing[m.Part] = m.Code
	}
	if v.Record == nil || v.Record.Key != "leave.md" || len(v.Made) == 0 || v.Flow != "fill" || missing[item.PartInventory] != "not_in_inventory" || missing[item.PartStored] == "" || len(missing) != 2 {
		t.Errorf("%+v", v)
	}
	sound(t, "the item", w.ask("GET", "/destinations/copilot/item?id=leave.md", ""))
	for query, want := range map[string]int{
		"copilot/item":                    http.StatusUnprocessableEntity,
		"copilot/item?id=":                http.StatusUnprocessableEntity,
		"copilot/item?nonsense=1":         http.StatusUnprocessableEntity,
		"archive/item?id=leave.md":        http.StatusUnprocessableEntity,
		"none/item?id=leave.md":           http.StatusNotFound,
		"copilot/item?source_key=..%2F..": http.StatusOK, // the remote was not heard, so nobody can say that there is none
	} {
		if out := w.ask("GET", "/destinations/"+query, ""); out.status != want {
			t.Errorf("%s: %d, want %d: %s", query, out.status, want, out.raw)
		}
	}
	if err := os.Remove(docs + "/leave.md"); err != nil {
		t.Fatal(err)
	}
	v = item.Whole{}
	_ = json.Unmarshal([]byte(w.must(http.StatusOK, "GET", "/destinations/copilot/item?source_key=leave.md", "").raw), &v)
	if len(v.Missing) != 4 {
		t.Errorf("a record that vanished: %+v", v.Missing)
	}
}
