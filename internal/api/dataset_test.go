package api_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/headrace/headrace/internal/account"
	"github.com/headrace/headrace/internal/api"
	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/dataset"
	"github.com/headrace/headrace/internal/store"
)

// passed lets records of a source go by; each is of the hour of its number.
func (w *whole) passed(source, stream, keep string, bodies ...string) {
	w.t.Helper()
	o, err := w.services.Store.Object(w.t.Context(), store.Source, source)
	if err != nil {
		w.t.Fatal(err)
	}
	r := dataset.NewRecorder(w.services.Store, nil)
	begin := time.Now().Add(-time.Duration(len(bodies)) * time.Hour)
	for i, body := range bodies {
		r.Offer(o.ID, keep, []connector.Record{{Key: fmt.Sprint("k", i), Stream: stream, Time: begin.Add(time.Duration(i) * time.Hour), Body: []byte(body)}})
	}
	ctx, stop := context.WithCancel(w.t.Context())
	stop()
	if err := r.Run(ctx); err != nil {
		w.t.Fatal(err)
	}
}

// get reads an answer.
func get[T any](w *whole, path string) T {
	w.t.Helper()
	var out T
	if err := json.Unmarshal([]byte(w.must(http.StatusOK, "GET", path, "").raw), &out); err != nil {
		w.t.Fatal(err)
	}
	return out
}

func repeat(n int, body string) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = body
	}
	return all
}

// filled has two sources of files, one of which was read and is used by a flow.
func filled(t *testing.T) *whole {
	t.Helper()
	w := open(t)
	for _, name := range []string{"a", "b"} {
		w.must(http.StatusCreated, "POST", "/sources", fmt.Sprintf(`{"name":%q,"description":"of the %s","spec":{"connector":"file","path":%q}}`, name, name, t.TempDir()))
	}
	w.must(http.StatusCreated, "POST", "/destinations", w.archive("to"))
	w.must(http.StatusCreated, "POST", "/flows", `{"name":"move","spec":{"source":"a","destination":"to","transform":[{"keep":"n != 3"},{"jq":"."}]}}`)
	w.passed("a", "mail", connector.SamplesRedacted, repeat(100, `{"Id":"x","UserId":"ada@contoso.com","n":1}`)...)
	w.passed("a", "mail", connector.SamplesRedacted, repeat(3, `{"Id":"x","UserId":"ada@contoso.com","n":1,"extra":{"deep":true}}`)...)
	w.passed("a", "files", connector.SamplesRedacted, `{"Id":"y","path":"/x"}`)
	return w
}

func TestDatasets(t *testing.T) {
	t.Parallel()
	w := filled(t)
	list := get[api.Page[dataset.View]](w, "/datasets")
	if len(list.Items) != 2 || list.Items[0].Records != 104 || len(list.Items[0].Streams) != 2 || list.Items[0].Changes != 1 || list.Items[0].Uses != 1 || list.Items[1].Records != 0 || list.Items[1].Kept != "redacted" {
		t.Errorf("list: %+v", list)
	}
	if one := get[api.Page[dataset.View]](w, "/datasets?q=of+the+b"); len(one.Items) != 1 || one.Items[0].Name != "b" {
		t.Errorf("filtered: %+v", one)
	}
	v := get[dataset.View](w, "/datasets/a")
	if v.Fields != 6 || v.Connector != "file" || len(v.UsedBy) != 1 || v.UsedBy[0] != (dataset.FlowView{Name: "move", Destination: "to", Mode: "append", Steps: 2}) {
		t.Errorf("show: %+v", v)
	}
	if s := v.Streams[1]; s.Stream != "mail" || s.Records != 103 || s.Learning || s.Fields != 5 || !v.Streams[0].Learning {
		t.Errorf("streams: %+v", v.Streams)
	}
}

func TestSamplesOfADataset(t *testing.T) {
	t.Parallel()
	w := filled(t)
	all := get[api.Page[dataset.SampleView]](w, "/datasets/a/samples").Items
	if len(all) != 21 || all[0].Stream != "files" || all[1].Stream != "mail" || string(all[1].Body) != `{"Id":"x","UserId":"‹15 characters›","n":1,"extra":{"deep":true}}` || all[1].Whole || all[1].Time.IsZero() {
		t.Errorf("%d: %+v", len(all), all[:2])
	}
	if some := get[api.Page[dataset.SampleView]](w, "/datasets/a/samples?stream=mail&limit=2").Items; len(some) != 2 || some[0].Stream != "mail" {
		t.Errorf("two of mail: %+v", some)
	}
	if none := get[api.Page[dataset.SampleView]](w, "/datasets/b/samples").Items; none == nil || len(none) != 0 {
		t.Errorf("of b: %v", none)
	}
}

// What settings no longer let us keep is not shown from that moment on, and is forgotten soon.
func TestSettingsSayWhatIsKept(t *testing.T) {
	t.Parallel()
	w := filled(t)
	kept := func() int {
		t.Helper()
		return len(get[api.Page[dataset.SampleView]](w, "/datasets/a/samples").Items)
	}
	set := func(samples string) {
		t.Helper()
		w.must(http.StatusOK, "PATCH", "/sources/a", `{"patch":{"samples":"`+samples+`"}}`)
	}
	tidy := func() {
		t.Helper()
		if err := w.services.Datasets.Tidy(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	set("whole")
	w.passed("a", "mail", connector.SamplesWhole, `{"UserId":"ada@contoso.com"}`)
	if first := get[api.Page[dataset.SampleView]](w, "/datasets/a/samples").Items[0]; !first.Whole || string(first.Body) != `{"UserId":"ada@contoso.com"}` {
		t.Errorf("whole: %+v", first)
	}
	set("redacted")
	if raw := w.must(http.StatusOK, "GET", "/datasets/a/samples", "").raw; strings.Contains(raw, "ada@") {
		t.Errorf("shown though settings forbid it: %s", raw)
	}
	tidy()
	set("whole")
	if raw := w.must(http.StatusOK, "GET", "/datasets/a/samples", "").raw; strings.Contains(raw, "ada@") || kept() == 0 {
		t.Errorf("kept though settings forbade it: %s", raw)
	}
	set("schema")
	if n := kept(); n != 0 {
		t.Errorf("schema: %d records are shown", n)
	}
	tidy()
	set("redacted")
	if n, f := kept(), get[dataset.View](w, "/datasets/a").Fields; n != 0 || f == 0 {
		t.Errorf("after schema: %d records, %d fields", n, f)
	}
	set("off")
	tidy()
	if v := get[dataset.View](w, "/datasets/a"); v.Fields != 0 || v.Records != 0 || v.Kept != "off" {
		t.Errorf("off: %+v", v)
	}
	if out := w.ask("PATCH", "/sources/a", `{"patch":{"samples":"some"}}`); out.status != http.StatusUnprocessableEntity || !strings.Contains(out.raw, "samples") {
		t.Errorf("a wrong word: %d %s", out.status, out.raw)
	}
}

func TestSchemaOfADataset(t *testing.T) {
	t.Parallel()
	w := filled(t)
	fields := map[string]dataset.FieldView{}
	for _, f := range get[dataset.Schema](w, "/datasets/a/schema").Fields {
		fields[f.Path] = f
	}
	if f := fields[".Id"]; f.Present != 100 || len(f.Streams) != 2 || f.Example != "y" && f.Example != "x" {
		t.Errorf("Id: %+v", f)
	}
	if f := fields[".UserId"]; f.Present < 98 || f.Present > 99.9 || f.Example != "‹15 characters›" || len(f.Streams) != 1 {
		t.Errorf("UserId: %+v", f)
	}
	mail := get[dataset.Schema](w, "/datasets/a/schema?stream=mail")
	if mail.Records != 103 || mail.Stream != "mail" || len(mail.Fields) != 5 || mail.Fields[2].Path != ".extra" || mail.Fields[2].Present != 100 || mail.Fields[2].Types[0] != "object" || mail.Fields[2].Streams != nil {
		t.Errorf("mail: %+v", mail)
	}
	if out := w.ask("GET", "/datasets/a/schema?stream=none", ""); out.status != http.StatusNotFound || out.Code != "stream_not_found" || out.Hint == "" {
		t.Errorf("no such stream: %s", out.raw)
	}
	for _, path := range []string{"/datasets/x", "/datasets/x/schema", "/datasets/x/samples", "/datasets/x/changes"} {
		if out := w.ask("GET", path, ""); out.status != http.StatusNotFound {
			t.Errorf("%s: %d %s", path, out.status, out.raw)
		}
	}
}

func TestChangesOfADatasetAndForgettingThem(t *testing.T) {
	t.Parallel()
	w := filled(t)
	changes := get[api.Page[dataset.ChangeView]](w, "/datasets/a/changes").Items
	if len(changes) != 1 || changes[0].Kind != dataset.FieldNew || changes[0].Path != ".extra" || changes[0].Present != 100 || changes[0].Since.IsZero() || changes[0].Noticed.Before(changes[0].Since) || changes[0].Types[0] != "object" {
		t.Errorf("%+v", changes)
	}
	if out := get[api.Page[dataset.ChangeView]](w, "/datasets/a/changes?since="+time.Now().Add(time.Hour).UTC().Format(time.RFC3339)); len(out.Items) != 0 {
		t.Errorf("of tomorrow: %+v", out)
	}
	w.who.Role = account.Viewer
	if out := w.ask("DELETE", "/datasets/a", ""); out.status != http.StatusForbidden {
		t.Errorf("a viewer: %d", out.status)
	}
	w.who.Role = account.Operator
	w.must(http.StatusOK, "DELETE", "/datasets/a?records=true", "")
	if n, f := len(get[api.Page[dataset.SampleView]](w, "/datasets/a/samples").Items), get[dataset.View](w, "/datasets/a").Fields; n != 0 || f != 6 {
		t.Errorf("the records alone: %d left, %d fields", n, f)
	}
	w.must(http.StatusOK, "DELETE", "/datasets/a", "")
	if v := get[dataset.View](w, "/datasets/a"); v.Fields+len(v.Streams) != 0 || v.Changes != 0 {
		t.Errorf("all: %+v", v)
	}
	if entries, err := w.services.Store.Audit(t.Context(), store.AuditFilter{Operation: "dataset.forget"}, 10); err != nil || len(entries) != 3 {
		t.Errorf("audited %d times (%v)", len(entries), err)
	}
}
