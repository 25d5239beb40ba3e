package graph

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// ask sends one PUT of the item two over a real connection and says what came of it: the status, or 0 when no whole answer
// came.
func (r *rig) ask(path, body string) (status int, whole bool, text string) {
	r.t.Helper()
	caller := Caller{AppID: ours, Roles: []string{"ExternalConnection.ReadWrite.OwnedBy", "ExternalItem.ReadWrite.OwnedBy"}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) { r.tenant.Serve(w, q, caller) }))
	defer server.Close()
	method := http.MethodPut
	if strings.HasSuffix(path, "$batch") {
		method = http.MethodPost
	}
	request, err := http.NewRequestWithContext(r.t.Context(), method, server.URL+"/v1.0"+path, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := server.Client().Do(request)
	if err != nil {
		return 0, false, ""
	}
	defer response.Body.Close()
	var all bytes.Buffer
	_, err = all.ReadFrom(response.Body)
	return response.StatusCode, err == nil, all.String()
}

func TestEveryFaultIsPlayed(t *testing.T) {
	t.Parallel()
	type outcome struct {
		status int
		whole  bool // all of the body came
		done   bool // the item was written
	}
	want := map[string]outcome{
		"500": {500, true, false}, "502": {502, true, false}, "503": {503, true, false}, "504": {504, true, false},
		"507": {507, true, false}, "html": {200, true, false}, "throttle": {429, true, false}, "unauthorized": {401, true, false},
		"insufficient-claims": {401, true, false}, "no-permission": {403, true, false}, "not-found": {404, true, false},
		"invalid": {400, true, false}, "too-large": {413, true, false}, "conflict": {409, true, false},
		"reset": {0, false, false}, "lost-answer": {0, false, true}, "truncate": {200, false, true}, "cut": {200, true, true},
		"slow": {200, true, true}, "delay": {200, true, true}, "connection-gone": {404, true, false},
		"schema-fails": {200, true, true}, "schema-stuck": {200, true, true}, // these spoil changes of schemas
	}
	for kind := range FaultKinds {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			for _, path := range []string{runbooks + "/items/two", "/$batch"} {
				r := newRig(t, nil).ready()
				r.fault = func(at Target) *Fault {
					if at.Op != OpItemPut || at.Connection != "runbooks" || at.Item != "two" {
						return nil
					}
					return &Fault{Do: kind, Delay: time.Microsecond}
				}
				body := itemBody
				if path == "/$batch" {
					body = `{"requests":[` + putPart("1", "two") + `]}`
				}
				var got outcome
				var text string
				got.status, got.whole, text = r.ask(path, body)
				_, err := r.tenant.Item("runbooks", "two")
				got.done = err == nil
				expected := want[kind]
				if path == "/$batch" && expected.status != 0 {
					expected.status = 200 // of the batch
				}
				if got != expected {
					t.Errorf("%s: got %+v, want %+v", path, got, expected)
				}
				if strings.Contains(text, "id}") {
					t.Errorf("%s: the body has no ID: %s", path, text)
				}
				if whole := strings.HasSuffix(text, "}"); whole == (kind == "cut" || kind == "html" || kind == "truncate" || got.status == 0) {
					t.Errorf("%s: the body is %s", path, text)
				}
			}
		})
	}
}

func TestBatchesFailAsAWhole(t *testing.T) {
	t.Parallel()
	for kind, want := range map[string]int{"503": 503, "throttle": 429, "reset": 0, "lost-answer": 0, "delay": 200, "html": 200} {
		r := newRig(t, nil).ready()
		r.fault = func(at Target) *Fault {
			if at.Op != OpBatch {
				return nil
			}
			return &Fault{Do: kind, Delay: 1}
		}
		status, _, _ := r.ask("/$batch", `{"requests":[`+putPart("1", "two")+`]}`)
		_, err := r.tenant.Item("runbooks", "two")
		if done := kind == "lost-answer" || kind == "delay"; status != want || done != (err == nil) {
			t.Errorf("%s: got %d, written: %v", kind, status, err == nil)
		}
	}
}

func TestFaultsShapeTheirAnswer(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil).ready()
	for want, fault := range map[string]Fault{
		"429 10": {Do: "throttle"}, "429 90": {Do: "throttle", RetryAfter: 89*time.Second + 1}, "429 ": {Do: "throttle", NoHeader: true},
		"503 ": {Do: "503"}, "503 3": {Do: "503", RetryAfter: 3 * time.Second}, "418 ": {Do: "500", Status: 418},
	} {
		r.fault = func(Target) *Fault { return &fault }
		got := r.do("GET", runbooks, "")
		if seen := fmt.Sprint(got.status, " ", got.header.Get("Retry-After")); seen != want || got.wire().Error.Code == "" {
			t.Errorf("%+v: got %q %s, want %q", fault, seen, got.body, want)
		}
	}
}

func TestBodiesMayBePacked(t *testing.T) {
	t.Parallel()
	pack := func(text string) string {
		var packed bytes.Buffer
		writer := gzip.NewWriter(&packed)
		writer.Write([]byte(text))
		writer.Close()
		return packed.String()
	}
	r := newRig(t, func(o *Options) { o.Rules.ItemBytes = 100_000 }).ready()
	r.do("PUT", runbooks+"/items/two", pack(itemBody), "Content-Encoding", "gzip").want(200)
	if item, err := r.tenant.Item("runbooks", "two"); err != nil || string(item.Body) != itemBody {
		t.Errorf("kept %s (%v)", item.Body, err)
	}
	r.do("PUT", runbooks+"/items/two", pack(strings.Repeat(" ", 100_001)), "Content-Encoding", "gzip").want(413)
	r.do("PUT", runbooks+"/items/two", pack(itemBody)[:30], "Content-Encoding", "gzip").want(400)
	r.do("PUT", runbooks+"/items/two", itemBody, "Content-Encoding", "gzip").want(400)
	r.tenant.options.Rules.PlainGzip = true
	r.do("PUT", runbooks+"/items/two", itemBody, "Content-Encoding", "gzip").want(200)
}

func TestHashesAlone(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(o *Options) { o.Rules.HashesOnly = true }).ready()
	r.do("PUT", runbooks+"/items/one", itemBody).want(200)
	r.do("GET", runbooks+"/items/one", "").want(501)
	r.do("PUT", runbooks+"/items/one", `{"content":{"type":"text","value":""}}`).want(501)
	item, err := r.tenant.Item("runbooks", "one")
	if err != nil || item.Body != nil || item.SHA256 != sum([]byte(itemBody)) || item.Puts != 2 || item.Size != len(itemBody) {
		t.Errorf("kept %+v (%v)", item, err)
	}
	for body, same := range map[string]bool{itemBody: true, itemBody + " ": false} {
		got, err := r.tenant.Compare("runbooks", func(yield func(string, []byte) bool) { yield("one", []byte(body)) })
		if err != nil || got.Perfect() != same {
			t.Errorf("compared: %v (%v)", got, err)
		}
	}
}

func TestTheTenantIsFull(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(o *Options) { o.Rules.Connections, o.Rules.ItemsPerTenant = 1, 1 }).ready()
	r.do("POST", connections, connectionBody("other")).want(507)
	r.do("PUT", runbooks+"/items/two", itemBody).want(507)
	r.do("PUT", runbooks+"/items/one", itemBody).want(200)
	r.tenant.groups.Store(mostGroups)
	r.do("POST", runbooks+"/groups", `{"id":"another"}`).want(507)
	group := r.tenant.connections["runbooks"].groups["lead"]
	for i := range mostMembers {
		group.members[fmt.Sprint(i)] = groupMember{}
	}
	r.do("POST", runbooks+"/groups/lead/members", `{"id":"`+somebody+`","type":"user"}`).want(507)
}
