package graph

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
)

// An answer to a write is either a 200 whose item can be read back the same, or a refusal in Graph's shape that changes
// nothing.
func FuzzItemBody(f *testing.F) {
	f.Add([]byte(itemBody))
	f.Add([]byte(`{"acl":[],"properties":{}}`))
	f.Add([]byte(`{"properties":{"title":"a\u0000\ud800","services@odata.type":"#Collection(String)","services":[]}}`))
	f.Add([]byte(`{"acl":[{"type":"everyone","value":"everyone","accessType":"grant"}],"properties":{"steps":1e9,"price":-0.0,"modified":"0001-01-01T00:00:00Z"}}`))
	f.Add([]byte(`{"content":{"type":"text","value":""}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		r := newRig(t, nil).ready()
		before := r.do("GET", runbooks+"/items/one", "").want(200).body
		got := r.do("PUT", runbooks+"/items/one", string(body), "Content-Type", "application/json")
		after := r.do("GET", runbooks+"/items/one", "").want(200).body
		switch {
		case !json.Valid([]byte(after)):
			t.Errorf("%q makes GET answer %s, which is no JSON", body, after)
		case got.status == 200 && got.body != after:
			t.Errorf("%q is answered %s, then read as %s", body, got.body, after)
		case got.status != 200 && (got.wire().Error.Code == "" || after != before):
			t.Errorf("%q is refused with %d %s and leaves %s", body, got.status, got.body, after)
		case got.status == 200:
			r.do("PUT", runbooks+"/items/one", string(body)).want(200) // it is as good the second time
		}
	})
}

// An item's ID is taken as it is or refused; none makes the service answer for another path.
func FuzzItemID(f *testing.F) {
	for _, id := range []string{"one", "a-b_C9", "a.b", "a/b", "", "..", "%2e%2e", "ä", strings.Repeat("x", 129), "a\x00", "addActivities"} {
		f.Add(id)
	}
	f.Fuzz(func(t *testing.T, id string) {
		r := newRig(t, nil).ready()
		got := r.do("PUT", runbooks+"/items/"+url.PathEscape(id), itemBody)
		_, err := r.tenant.Item("runbooks", id)
		if legal := identifier(id); legal != (got.status == 200) || legal != (err == nil) {
			t.Errorf("%q: %d %s, kept: %v", id, got.status, got.body, err)
		}
	})
}

func FuzzSchema(f *testing.F) {
	f.Add([]byte(allKinds))
	f.Add([]byte(`{"baseType":"microsoft.graph.externalItem","properties":[{"name":"a","type":"string"}]}`))
	f.Add([]byte(`{"properties":[{"labels":null,"aliases":["a","a"],"isQueryable":null}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		r := newRig(t, nil)
		r.do("POST", connections, connectionBody("runbooks")).want(201)
		got := r.do("PATCH", runbooks+"/schema", string(body), "Content-Type", "application/json")
		r.advance(r.tenant.options.Rules.SchemaTime)
		read := r.do("GET", runbooks+"/schema", "", "Prefer", "include-unknown-enum-members", "Accept", "application/json;odata.metadata=none")
		switch {
		case got.status != 202:
			read.want(404)
		case read.status != 200:
			t.Errorf("%q is accepted, and then read as %d %s", body, read.status, read.body)
		default: // what the service shows with all members of its enums can be sent back
			r.do("PATCH", runbooks+"/schema", read.body).want(202)
		}
	})
}

func FuzzBatch(f *testing.F) {
	f.Add([]byte(`{"requests":[` + putPart("1", "a") + `,` + putPart("2", "b", `,"dependsOn":["1"]`) + `]}`))
	f.Add([]byte(`{"requests":[{"id":"1","method":"GET","url":"/"},{"id":"2","method":"GET","url":"/external/connections?$filter=x"}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		r := newRig(t, nil).ready()
		got := r.do("POST", "/$batch", string(body), "Content-Type", "application/json")
		if !json.Valid([]byte(got.body)) || got.status == 200 && !strings.Contains(got.body, `"responses":[`) {
			t.Errorf("%q is answered %d %s", body, got.status, got.body)
		}
	})
}
