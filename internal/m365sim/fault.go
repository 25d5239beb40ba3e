package m365sim

import (
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/headrace/headrace/internal/m365sim/graph"
)

// Operations that faults, latency and request counts are told apart by.
const (
	OpToken         = "token"         // the token endpoints
	OpDiscovery     = "discovery"     // OpenID configuration, keys, instance discovery
	OpStart         = "start"         // POST subscriptions/start
	OpStop          = "stop"          // POST subscriptions/stop
	OpSubscriptions = "subscriptions" // GET subscriptions/list
	OpList          = "list"          // GET subscriptions/content, any page
	OpBlob          = "blob"          // GET audit/{contentId}
	OpNotifications = "notifications" // GET subscriptions/notifications
	OpSensitive     = "dlp"           // GET resources/dlpSensitiveTypes
	OpGraph         = "graph"         // all of Microsoft Graph; counts: what nothing there answers to
	OpOther         = "other"         // paths that nothing answers to
	opAny           = "any"
)

var operations = []string{
	OpToken, OpDiscovery, OpStart, OpStop, OpSubscriptions, OpList, OpBlob, OpNotifications, OpSensitive, OpOther,
}

// A Fault makes requests go wrong. On, Tenant, ContentType and ContentID choose requests; First, Nth, Every, Share
// and Probability choose among them (none: all); Do says what happens. The first fault that matches wins.
type Fault struct {
	On          string   `yaml:"on" json:"on"`                             // an operation, or any
	Tenant      string   `yaml:"tenant" json:"tenant,omitempty"`           // name, ID or domain
	ContentType string   `yaml:"contentType" json:"contentType,omitempty"` //
	ContentID   string   `yaml:"contentId" json:"contentId,omitempty"`     //
	Connection  string   `yaml:"connection" json:"connection,omitempty"`   // of Microsoft Graph
	Item        string   `yaml:"item" json:"item,omitempty"`               // its ID
	First       int      `yaml:"first" json:"first,omitempty"`             // the first so many tries of each target (blob, or operation and type)
	Nth         int      `yaml:"nth" json:"nth,omitempty"`                 // the so-manieth matching request
	Every       int      `yaml:"every" json:"every,omitempty"`             // each so-manieth matching request
	Times       int      `yaml:"times" json:"times,omitempty"`             // at most so often in all
	Share       float64  `yaml:"share" json:"share,omitempty"`             // this share of all targets, each time
	Probability float64  `yaml:"probability" json:"probability,omitempty"` // of each try
	From        Duration `yaml:"from" json:"from,omitempty"`               // after the start, by the clock
	Until       Duration `yaml:"until" json:"until,omitempty"`             // after the start; 0: for ever
	Do          string   `yaml:"do" json:"do"`                             // see faultKinds
	Status      int      `yaml:"status" json:"status,omitempty"`           // in place of the usual HTTP status
	Code        int      `yaml:"code" json:"code,omitempty"`               // of do: aadsts
	RetryAfter  Duration `yaml:"retryAfter" json:"retryAfter,omitempty"`   // adds the header
	NoHeader    bool     `yaml:"noHeader" json:"noHeader,omitempty"`       // throttle on Graph without Retry-After
	Delay       Duration `yaml:"delay" json:"delay,omitempty"`             // of do: delay and slow, in the machine's time
}

// faultKinds says what each Do means. A permanent one makes a blob's records unobtainable when it strikes always.
var faultKinds = map[string]struct {
	text      string
	on        []string // nil: all operations
	permanent bool
}{
	"af50000":         {text: "internal error AF50000"},
	"af50005":         {text: "internal error AF50005"},
	"af50006":         {text: "internal error AF50006"},
	"single-quotes":   {text: "AF50000 in JSON with single quotes"},
	"502":             {text: "HTTP 502 with an HTML page"},
	"503":             {text: "HTTP 503 with an HTML page"},
	"504":             {text: "HTTP 504 with an empty body"},
	"html":            {text: "HTTP 200 with an HTML page"},
	"throttle":        {text: "AF429; on the token endpoint HTTP 429"},
	"unauthorized":    {text: "HTTP 401 as if the token had expired"},
	"no-permission":   {text: "AF10001 with an empty set of roles"},
	"no-tenant":       {text: "AF20011, tenant unknown"},
	"audit-off":       {text: "HTTP 400 with a stack trace: unified audit logging is off"},
	"disabled":        {text: "AF20023, subscription disabled by an administrator"},
	"reset":           {text: "the connection is reset"},
	"truncate":        {text: "the connection ends in the middle of the body"},
	"cut":             {text: "the body ends in the middle, as if it were whole"},
	"slow":            {text: "the body drips: a piece, then a wait of delay"},
	"delay":           {text: "the answer comes after delay"},
	"not-found":       {text: "AF20050", on: []string{OpBlob}, permanent: true},
	"expired":         {text: "AF20051", on: []string{OpBlob}, permanent: true},
	"invalid-id":      {text: "AF20052", on: []string{OpBlob}, permanent: true},
	"bad-content-uri": {text: "a contentUri that is no usable URL", on: []string{OpList}},
	"foreign-next":    {text: "a NextPageUri on another host", on: []string{OpList}},
	"stale-page":      {text: "AF20031, nextPage not accepted", on: []string{OpList}},
	"aadsts":          {text: "the sign-in error of code", on: []string{OpToken}},
}

// A target is what one request is about.
type target struct {
	op         string
	tenant     *tenant
	ctype      int
	connection string
	id         string
}

func (t target) hash(seed uint64) uint64 {
	h := mixText(seed, t.op)
	if t.tenant != nil {
		h = mix(h, t.tenant.seed)
	}
	if t.connection != "" {
		h = mixText(h, strings.ToLower(t.connection))
	}
	return mixText(mix(h, uint64(t.ctype+1)), t.id)
}

// faults are the rules in force and how often each has matched.
type faults struct {
	mu    sync.Mutex
	seed  uint64
	rules []*faultRule
}

type faultRule struct {
	Fault
	index   uint64
	matched int
	struck  int
	tries   map[uint64]int
}

func (f *faults) set(rules []Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rules = nil
	for i, rule := range rules {
		f.rules = append(f.rules, &faultRule{Fault: rule, index: uint64(i + 1), tries: map[uint64]int{}})
	}
}

func (f *faults) list() []Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	var list []Fault
	for _, rule := range f.rules {
		list = append(list, rule.Fault)
	}
	return list
}

// strike finds the fault for a request; nil when all goes well. kinds, when given, limits which Do are looked at.
func (f *faults) strike(t target, since time.Duration, kinds ...string) *Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, rule := range f.rules {
		if len(kinds) > 0 && !slices.Contains(kinds, rule.Do) || len(kinds) == 0 && listItemFault(rule.Do) {
			continue
		}
		if rule.covers(t, since) && rule.strikes(t, f.seed) {
			found := rule.Fault
			return &found
		}
	}
	return nil
}

// listItemFault tells the faults that spoil one item of a listing from those that spoil the whole answer.
func listItemFault(do string) bool { return do == "bad-content-uri" || do == "foreign-next" }

// lasting finds the fault that a blob meets at every try for ever; nil when it can be read some day.
func (f *faults) lasting(t target) *Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, rule := range f.rules {
		if !faultKinds[rule.Do].permanent || rule.First+rule.Nth+rule.Every+rule.Times > 0 || rule.Probability > 0 ||
			rule.From > 0 || rule.Until > 0 {
			continue
		}
		if rule.covers(t, 0) && (rule.Share == 0 || rule.shares(t, f.seed)) {
			found := rule.Fault
			return &found
		}
	}
	return nil
}

func (r *faultRule) covers(t target, since time.Duration) bool {
	switch {
	case r.On != opAny && r.On != t.op && !(isGraphOp(t.op) && (r.On == OpGraph || r.On == graphKind(t.op))),
		r.Tenant != "" && (t.tenant == nil || !t.tenant.named(r.Tenant)),
		r.ContentType != "" && typeIndex(r.ContentType) != t.ctype,
		r.ContentID != "" && r.ContentID != t.id,
		r.Connection != "" && !strings.EqualFold(r.Connection, t.connection),
		r.Item != "" && (!isGraphOp(t.op) || r.Item != t.id),
		since < time.Duration(r.From),
		r.Until > 0 && since >= time.Duration(r.Until):
		return false
	}
	if isGraphOp(t.op) {
		return graph.FaultKinds[r.Do] != ""
	}
	kind, known := faultKinds[r.Do]
	return known && (kind.on == nil || slices.Contains(kind.on, t.op))
}

func (r *faultRule) shares(t target, seed uint64) bool {
	return chance(t.hash(mix(seed, r.index))) < r.Share
}

func (r *faultRule) strikes(t target, seed uint64) bool {
	if r.Times > 0 && r.struck >= r.Times || r.Share > 0 && !r.shares(t, seed) {
		return false
	}
	r.matched++
	try := 0
	if r.First > 0 || r.Probability > 0 {
		key := t.hash(seed)
		try = r.tries[key] + 1
		r.tries[key] = try
	}
	switch {
	case r.First > 0 && try > r.First,
		r.Nth > 0 && r.matched != r.Nth,
		r.Every > 0 && r.matched%r.Every != 0,
		r.Probability > 0 && chance(mix(t.hash(mix(seed, r.index)), uint64(try))) >= r.Probability:
		return false
	}
	r.struck++
	return true
}
