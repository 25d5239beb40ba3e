package graph

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	tenantID = "8f6c0f1e-0000-4000-8000-000000000001"
	ours     = "5d7c1a52-6f2e-4c19-9a53-6f0c9a3f7b11"
	theirs   = "0e0e0e0e-6f2e-4c19-9a53-6f0c9a3f7b22"
	somebody = "c2b6e3a0-0b7c-4f2a-8f5e-3a9d7e1b4c66"
)

// A rig is a tenant, its clock, and applications that ask it.
type rig struct {
	t      testing.TB
	tenant *Tenant

	mu     sync.Mutex
	now    time.Time
	counts map[string]int
	fault  func(Target) *Fault
}

func newRig(t testing.TB, change func(*Options)) *rig {
	r := &rig{t: t, now: time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC), counts: map[string]int{}}
	options := Options{
		ID: tenantID, Seed: 1, Rules: Quick(),
		Now: func() time.Time {
			r.mu.Lock()
			defer r.mu.Unlock()
			return r.now
		},
		Count: func(op string, status int, code string) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.counts[strings.TrimSpace(fmt.Sprint(op, " ", status, " ", code))]++
		},
		Fault: func(at Target) *Fault {
			if r.fault == nil {
				return nil
			}
			return r.fault(at)
		},
	}
	if change != nil {
		change(&options)
	}
	r.tenant = New(options)
	return r
}

func (r *rig) advance(d time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.now = r.now.Add(d)
}

// An answer is what came back.
type answer struct {
	t      testing.TB
	status int
	header http.Header
	body   string
}

func (a answer) wire() (e struct {
	Error struct {
		Code, Message string
		InnerError    struct {
			Code, Source, Message, Date string
			Request                     string `json:"request-id"`
			Client                      string `json:"client-request-id"`
		}
	}
}) {
	_ = json.Unmarshal([]byte(a.body), &e) // what is no error stays empty
	return e
}

func (a answer) object() map[string]any {
	a.t.Helper()
	var object map[string]any
	if err := json.Unmarshal([]byte(a.body), &object); err != nil {
		a.t.Fatalf("%d %s: %v", a.status, a.body, err)
	}
	return object
}

func (a answer) want(status int) answer {
	a.t.Helper()
	if a.status != status {
		a.t.Fatalf("got %d %s (%s), want %d", a.status, a.body, a.header.Get(reasonHeader), status)
	}
	return a
}

// do asks as our application, with both OwnedBy roles.
func (r *rig) do(method, path, body string, header ...string) answer {
	r.t.Helper()
	return r.as(Caller{AppID: ours, Roles: []string{"ExternalConnection.ReadWrite.OwnedBy", "ExternalItem.ReadWrite.OwnedBy"}}, method, path, body, header...)
}

func (r *rig) as(caller Caller, method, path, body string, header ...string) answer {
	r.t.Helper()
	if !strings.HasPrefix(path, "/beta/") {
		path = "/v1.0" + path
	}
	request := httptest.NewRequestWithContext(r.t.Context(), method, path, strings.NewReader(body))
	request.Host = "graph.microsoft.com"
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	recorder := httptest.NewRecorder()
	r.tenant.Serve(recorder, request, caller)
	return answer{r.t, recorder.Code, recorder.Header(), recorder.Body.String()}
}

const (
	connections = "/external/connections"
	runbooks    = connections + "/runbooks"
)

const allKinds = `{"baseType":"microsoft.graph.externalItem","properties":[
	{"name":"title","type":"String","isSearchable":"true","isQueryable":true,"isRetrievable":true,"labels":["title"],"aliases":["name"]},
	{"name":"url","type":"string","isRetrievable":true,"labels":["url"]},
	{"name":"iconUrl","type":"string","isRetrievable":true,"labels":["iconUrl"]},
	{"name":"modified","type":"dateTime","isQueryable":true,"isRetrievable":true,"isRefinable":true,"labels":["lastModifiedDateTime"]},
	{"name":"services","type":"stringCollection","isQueryable":true,"isRetrievable":true,"isRefinable":true},
	{"name":"steps","type":"int64","isQueryable":true},
	{"name":"price","type":"double"},
	{"name":"open","type":"boolean","isQueryable":true},
	{"name":"counts","type":"int64Collection"},
	{"name":"shares","type":"doubleCollection"},
	{"name":"dates","type":"dateTimeCollection"},
	{"name":"closedBy","type":"principal","isRetrievable":true,"labels":["closedBy"]},
	{"name":"assigned","type":"principalCollection","isRetrievable":true,"labels":["assignedToPeople"]}]}`

// ready makes the connection runbooks with a schema of all kinds, an item and a group.
func (r *rig) ready() *rig {
	r.t.Helper()
	r.do("POST", connections, connectionBody("runbooks")).want(201)
	r.do("PATCH", runbooks+"/schema", allKinds).want(202)
	r.advance(r.tenant.options.Rules.SchemaTime)
	r.do("PUT", runbooks+"/items/one", itemBody).want(200)
	r.do("POST", runbooks+"/groups", `{"id":"lead","displayName":"On-call leads"}`).want(201)
	return r
}

func connectionBody(id string) string {
	return `{"id":"` + id + `","name":"Operations runbooks","description":"How to restart things"}`
}

const itemBody = `{"acl":[{"type":"user","value":"` + somebody + `","accessType":"grant"}],` +
	`"properties":{"title":"Renew","services@odata.type":"Collection(String)","services":["edge","billing"],"steps":7},` +
	`"content":{"type":"text","value":"1. Check the date"}}`
