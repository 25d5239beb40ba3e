package graph

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// A part of a batch's answer.
type part struct {
	ID      string            `json:"id"`
	Status  int               `json:"status"`
	Headers map[string]string `json:"headers"`
	Body    json.RawMessage   `json:"body"`
}

func (r *rig) batch(requests ...string) map[string]part {
	r.t.Helper()
	got := r.do("POST", "/$batch", `{"requests":[`+strings.Join(requests, ",")+`]}`).want(200)
	var answered struct{ Responses []part }
	if err := json.Unmarshal([]byte(got.body), &answered); err != nil || len(answered.Responses) != len(requests) {
		r.t.Fatalf("%v: %s", err, got.body)
	}
	byID := map[string]part{}
	for _, p := range answered.Responses {
		byID[p.ID] = p
	}
	return byID
}

func putPart(id, item string, more ...string) string {
	return fmt.Sprintf(`{"id":%q,"method":"PUT","url":"%s/items/%s","headers":{"Content-Type":"application/json"},"body":%s%s}`,
		id, runbooks, item, itemBody, strings.Join(more, ""))
}

func TestBatchCarriesOutItsParts(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil).ready()
	got := r.batch(putPart("1", "two"),
		`{"id":"2","method":"delete","url":"`+runbooks+`/items/none"}`,
		`{"id":"3","method":"GET","url":"`+runbooks+`/items/two","body":null}`,
		`{"id":"4","method":"DELETE","url":"`+runbooks+`/items/one"}`,
		putPart("5", "a.b"),
		`{"id":"6","method":"GET","url":"/v1.0`+runbooks+`"}`,
		`{"id":"7","method":"POST","url":"/$batch"}`)
	status := map[string]int{}
	for id, p := range got {
		status[id] = p.Status
	}
	if want := "map[1:200 2:404 3:200 4:204 5:400 6:404 7:400]"; fmt.Sprint(status) != want {
		t.Errorf("got %v, want %s", status, want)
	}
	if string(got["4"].Body) != "null" || !strings.Contains(string(got["3"].Body), `"id":"two"`) {
		t.Errorf("bodies are %s and %s", got["4"].Body, got["3"].Body)
	}
	if strings.Contains(string(got["2"].Body), "{request-id}") || !strings.Contains(string(got["2"].Body), "ResourceNotFound") {
		t.Errorf("the error is %s", got["2"].Body)
	}
	bare := r.do("POST", "/$batch", `{"requests":[`+putPart("1", "two")+`]}`, "Accept", "application/json;odata.metadata=none").want(200)
	if strings.Contains(bare.body, "@odata.context") || !strings.Contains(bare.body, `"id":"two"`) {
		t.Errorf("without metadata: %s", bare.body)
	}
	if r.counts["batch 200"] != 2 || r.counts["item-put 200"] != 3 || r.counts["item-delete 204"] != 1 {
		t.Errorf("counted %v", r.counts)
	}
}

func TestBatchPartsWaitForOthers(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil).ready()
	got := r.batch(putPart("a", "a.b"), putPart("b", "two", `,"dependsOn":["A"]`), putPart("c", "three", `,"dependsOn":["b"]`), putPart("d", "four"))
	if got["a"].Status != 400 || got["b"].Status != 424 || got["c"].Status != 424 || got["d"].Status != 200 {
		t.Errorf("got %v", got)
	}
}

func TestBatchesAreRefused(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil).ready()
	get := func(id string) string { return `{"id":"` + id + `","method":"GET","url":"/external/connections"}` }
	var many []string
	for i := range 21 {
		many = append(many, get(fmt.Sprint(i)))
	}
	whole := func(requests, reason string) rule {
		return invalidRule("POST", "/$batch", `{"requests":[`+requests+`]}`, reason)
	}
	refusedAs(t, r, map[string]rule{
		"21 requests":                 whole(strings.Join(many, ","), "21 requests"),
		"none":                        whole("", "0 requests"),
		"IDs that differ in case":     whole(get("a")+","+get("A"), "twice"),
		"no ID":                       whole(`{"method":"GET","url":"/a"}`, "no id"),
		"no method":                   whole(`{"id":"1","url":"/a"}`, "no method"),
		"a whole address":             whole(`{"id":"1","method":"GET","url":"https://graph.microsoft.com/v1.0/a"}`, "not relative"),
		"a body without its type":     whole(`{"id":"1","method":"PUT","url":"/a","body":{}}`, "no Content-Type"),
		"depending on a later one":    whole(`{"id":"1","method":"GET","url":"/a","dependsOn":["2"]},`+get("2"), "no earlier request"),
		"depending on itself":         whole(`{"id":"1","method":"GET","url":"/a","dependsOn":["1"]}`, "no earlier request"),
		"a number for an ID":          unreadableRule("POST", "/$batch", `{"requests":[{"id":1,"method":"GET","url":"/a"}]}`, "no text"),
		"an unknown member":           unreadableRule("POST", "/$batch", `{"requests":[],"more":1}`, "more"),
		"GET":                         {method: "GET", path: "/$batch", status: 404, code: "ResourceNotFound"},
		"more than it may be in size": {method: "POST", path: "/$batch", body: strings.Repeat(" ", batchBytes+1), status: 413, code: "RequestEntityTooLarge"},
	})
}

func TestWritesAreThrottled(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil).ready()
	r.tenant.options.Rules.WritesPerSecond, r.tenant.options.Rules.Cooldown = 30, 2*time.Second
	r.advance(time.Minute)
	put := func() answer { return r.do("PUT", runbooks+"/items/one", itemBody) }
	for range 30 {
		put().want(200)
	}
	refused := put().want(429)
	if refused.header.Get("Retry-After") != "10" || refused.wire().Error.Code != "TooManyRequests" {
		t.Errorf("refused with %v %s", refused.header, refused.body)
	}
	r.advance(time.Second)
	put().want(429) // did not wait
	r.do("GET", runbooks, "").want(200)
	r.do("GET", connections, "").want(200)
	r.as(Caller{AppID: theirs, Roles: []string{"ExternalItem.ReadWrite.All"}}, "PUT", runbooks+"/items/one", itemBody).want(200)
	r.advance(9 * time.Second)
	for range 30 {
		put().want(200)
	}
	put().want(429)
	got := r.batch(putPart("1", "two"))
	if got["1"].Status != 429 || got["1"].Headers["Retry-After"] != "10" {
		t.Errorf("a part got %+v", got["1"])
	}
}

// Over a long time a client gets no more than the allowance.
func TestThrottledRate(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(o *Options) { o.Rules = Realistic(1); o.Rules.Latency = 0 })
	r.do("POST", connections, connectionBody("runbooks")).want(201)
	r.do("PATCH", runbooks+"/schema", allKinds).want(202)
	r.advance(10 * time.Minute)
	began, taken := r.tenant.options.Now(), 0
	for r.tenant.options.Now().Sub(began) < 2*time.Minute { // forty a second, and a wait after each refusal
		if r.do("PUT", runbooks+"/items/one", itemBody).status == 200 {
			taken++
			r.advance(time.Second / 40)
		} else {
			r.advance(10 * time.Second)
		}
	}
	if taken > 120*30+30 || taken < 1000 {
		t.Errorf("%d writes in two minutes; the allowance is 30 a second", taken)
	}
	if throttled := r.counts["item-put 429 TooManyRequests"]; throttled == 0 {
		t.Error("nothing was throttled")
	}
}

func TestReadsOfItemsAreThrottledByThemselves(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(o *Options) { o.Rules.ReadsPerSecond = 2 }).ready()
	var got []int
	for range 3 {
		got = append(got, r.do("GET", runbooks+"/items/one", "").status)
	}
	if !slices.Equal(got, []int{200, 200, 429}) {
		t.Errorf("reads are answered %v", got)
	}
	r.do("PUT", runbooks+"/items/one", itemBody).want(200)
}

func TestBucketsFillByTheClockAlone(t *testing.T) {
	t.Parallel()
	at := func(seconds float64) time.Time {
		return time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC).Add(time.Duration(seconds * float64(time.Second)))
	}
	var b bucket
	var got []bool
	// A request that began before another and comes after it must not make the time between them count twice; a clock that
	// was moved back must not stop the bucket for good.
	for _, now := range []float64{0, 0, 0, 1, 0.5, 1, 2, 2, -3600, -3599, -3599} {
		got = append(got, b.take(at(now), 1, 2))
	}
	if want := []bool{true, true, false, true, false, false, true, false, false, true, false}; !slices.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}
