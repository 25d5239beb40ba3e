// Package graph is the part of a simulated tenant that Microsoft Graph shows under /external: connections, schemas,
// items, groups and members, one at a time or in a $batch, with the rules that refuse, the error bodies and the
// throttling of the real service. It keeps what it was sent, so that a test can compare a tenant with what should be
// in it. Where a fact about the real service is uncertain, it refuses. It is no search engine: nothing is indexed.
//
// Begin with New, and hand each request that carries a good token to Tenant.Serve. What signs in, which token is good
// and how requests are counted is its caller's.
package graph

import (
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Options are what a Tenant needs to begin. ID and Now are required.
type Options struct {
	ID         string                                   // the tenant's, a GUID
	Seed       uint64                                   // same seed, same operation IDs
	Government bool                                     // the smaller schema of the US government's clouds
	Now        func() time.Time                         // the service's clock
	Rules      Rules                                    //
	Log        *slog.Logger                             // nil: silent
	Fault      func(Target) *Fault                      // what goes wrong with a request; nil: nothing
	Count      func(op string, status int, code string) // hears of each answer, those inside a $batch too
	Latency    func(op string) time.Duration            // in the machine's time; nil: Rules.Latency for each operation
}

// A Caller is the application that a request's token was issued to.
type Caller struct {
	AppID string
	Roles []string // as the token's roles claim has them
}

// A Tenant is one tenant's external connections. It is safe for concurrent use.
type Tenant struct {
	options Options
	flights flights

	mu          sync.RWMutex           // taken before a connection's, never while that is held
	connections map[string]*connection // by lower-case ID
	leaving     map[string]time.Time   // IDs of deleted connections, and when they are free again

	total  atomic.Int64  // items of all connections
	groups atomic.Int64  // of all connections
	made   atomic.Uint64 // operations so far
}

// New makes a tenant without connections.
func New(options Options) *Tenant {
	if options.Log == nil {
		options.Log = slog.New(slog.DiscardHandler)
	}
	if options.Fault == nil {
		options.Fault = func(Target) *Fault { return nil }
	}
	if options.Count == nil {
		options.Count = func(string, int, string) {}
	}
	if options.Latency == nil {
		latency := options.Rules.Latency
		options.Latency = func(string) time.Duration { return latency }
	}
	options.ID = strings.ToLower(options.ID)
	return &Tenant{options: options, connections: map[string]*connection{}, leaving: map[string]time.Time{}}
}

// A Target is what one request is about, for whoever decides what goes wrong.
type Target struct {
	Op         string // one of Operations
	Connection string // its ID, as the request has it; empty: none
	Item       string
}

// A Fault is something that goes wrong with one request. Do is one of FaultKinds.
type Fault struct {
	Do         string
	Status     int           // in place of the usual HTTP status
	RetryAfter time.Duration // 0: the usual one of throttle, none of the others
	NoHeader   bool          // throttle without Retry-After
	Delay      time.Duration // of delay and slow
}

// FaultKinds says what each Do means.
var FaultKinds = map[string]string{
	"500":                 "HTTP 500, InternalServerError",
	"502":                 "HTTP 502, BadGateway",
	"503":                 "HTTP 503, ServiceUnavailable",
	"504":                 "HTTP 504, GatewayTimeout",
	"507":                 "HTTP 507, InsufficientStorage",
	"html":                "HTTP 200 with an HTML page",
	"throttle":            "HTTP 429",
	"unauthorized":        "HTTP 401 as if the token had expired",
	"insufficient-claims": "HTTP 401 with a claims challenge",
	"no-permission":       "HTTP 403 as if the role were missing",
	"not-found":           "HTTP 404, ItemNotFound",
	"invalid":             "HTTP 400, InvalidRequest, with nothing more",
	"too-large":           "HTTP 413",
	"conflict":            "HTTP 409",
	"reset":               "the connection is reset before anything is done",
	"lost-answer":         "the request is carried out, then the connection is reset",
	"truncate":            "the connection ends in the middle of the body",
	"cut":                 "the body ends in the middle, as if it were whole",
	"slow":                "the body drips: a piece, then a wait of delay",
	"delay":               "the answer comes after delay",
	"connection-gone":     "an administrator deletes the connection just before the request",
	"schema-fails":        "the operation that a schema change begins ends as failed",
	"schema-stuck":        "the operation that a schema change begins never ends",
}

// Operations by which requests are told apart in faults, latency and counts.
const (
	OpConnectionCreate = "connection-create"
	OpConnectionList   = "connection-list"
	OpConnectionRead   = "connection-read"
	OpConnectionChange = "connection-change"
	OpConnectionDelete = "connection-delete"
	OpSchemaChange     = "schema-change"
	OpSchemaRead       = "schema-read"
	OpOperationRead    = "operation-read"
	OpItemPut          = "item-put"
	OpItemPatch        = "item-patch"
	OpItemRead         = "item-read"
	OpItemDelete       = "item-delete"
	OpItemActivities   = "item-activities"
	OpGroupCreate      = "group-create"
	OpGroupRead        = "group-read"
	OpGroupChange      = "group-change"
	OpGroupDelete      = "group-delete"
	OpMemberAdd        = "member-add"
	OpMemberDelete     = "member-delete"
	OpQuotaRead        = "quota-read"
	OpSearch           = "search"
	OpBatch            = "batch"
	OpOther            = "graph" // paths and methods that nothing answers to
)

// Operations lists all of them.
var Operations = []string{
	OpConnectionCreate, OpConnectionList, OpConnectionRead, OpConnectionChange, OpConnectionDelete, OpSchemaChange,
	OpSchemaRead, OpOperationRead, OpItemPut, OpItemPatch, OpItemRead, OpItemDelete, OpItemActivities, OpGroupCreate,
	OpGroupRead, OpGroupChange, OpGroupDelete, OpMemberAdd, OpMemberDelete, OpQuotaRead, OpSearch, OpBatch, OpOther,
}
