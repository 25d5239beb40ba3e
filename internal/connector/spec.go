package connector

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/headrace/headrace/internal/fault"
)

// A Config is the settings of one use of a connector: a pointer to a struct whose fields carry the tags
// `yaml:"name"` and `doc:"one sentence"`, and, where it helps, `example:"…"`. Strict decoding, help, forms and the
// reference page come from it. The value types Duration and Size of this package are understood, and everything that
// is an encoding.TextUnmarshaler.
type Config interface {
	// Validate reports all problems, by setting name.
	Validate() fault.Problems
}

// A Spec is what a connector is and can do, as data.
type Spec struct {
	Name        string           // "office-365-management-api"
	Title       string           // "Office 365 Management Activity API"
	Summary     string           // one or two sentences: what it is for
	Source      *SourceSpec      // nil: it cannot read
	Destination *DestinationSpec // nil: it cannot write
	Credential  *CredentialSpec  // nil: it takes none
	README      string           // the folder's README.md, for the reference page
}

// A SourceSpec is the reading half of a connector.
type SourceSpec struct {
	Config      func() Config                             // a new config with its defaults
	Open        func(cfg Config, env Env) (Source, error) // never talks to the remote
	StableOrder bool                                      // Read always yields a split's records in the same order, so skip may be used
	Mutable     bool                                      // splits have versions: a mirror's crawl lists them again when they change. One pass from the zero cursor on meets each thing in one version
	// Interval is how long to wait between two listings that found no more; the config decides.
	Interval func(cfg Config) time.Duration
	// Range gives the cursor of a listing of exactly [from, to), for a backfill; nil: it has none. Such a listing
	// ends with More false.
	Range func(cfg Config, from, to time.Time) (Cursor, error)
	// Listed tells, of each stream that a cursor knows, which stretches were listed to their end, in order. The first begins where the
	// stream's collecting began, and may be empty; what is after it and in none of them is still to be listed. nil: a cursor does not tell.
	Listed func(cursor Cursor) ([]Range, error)
	// Horizon is how far back the source can still be listed; zero: without bound.
	Horizon time.Duration
	// Streams are the streams that the config asks for; for coverage and for previews. nil: not known before listing.
	Streams func(cfg Config) []string
	// Hold is the bound in bytes of what may be kept of splits that expire before they are delivered; nil or 0: no hold.
	Hold func(cfg Config) int64
	// Samples says what is kept of some records for people to look at, SamplesRedacted and so on; nil or "": SamplesRedacted. See Kept.
	Samples func(cfg Config) string
	// Find looks one record up as the source has it now; nil: the source can't be asked for one. The record is the first
	// of its key in the source's order, with its stream, and its body is the caller's. A source finds what a listing with this config would
	// offer and nothing else, whatever the key says: a key is a text from outside. Memory is bounded as in Read, time by
	// ctx: when that ends the error is Canceled and says how far the search came. NotFound: all was looked at, and it is
	// not there. Invalid beside a record with the key: it is there, and refused. Unavailable: not found, but a part could
	// not be looked at.
	Find    func(ctx context.Context, cfg Config, env Env, sought Sought) (Record, error)
	Actions []Action
	Check   func(ctx context.Context, cfg Config, env Env) []Check
	// Webhook gives the handler for what the remote posts to us, or nil if the config wants none. wake makes the
	// next listing come earlier; that is all a webhook may do.
	Webhook func(cfg Config, env Env, wake func()) http.Handler
}

// A Sought is a record that is looked for: by its key, or where only the key's hash is known by what tells it.
type Sought struct {
	Key string                // as the source writes it; "": not known
	Is  func(key string) bool // tells the key that is meant, for a source that must go through what it has; nil: Key does
}

// Fits tells whether a record of this key is the one. A record without a key is never.
func (s Sought) Fits(key string) bool {
	switch {
	case key == "":
		return false
	case s.Is != nil:
		return s.Is(key)
	}
	return key == s.Key
}

// A DestinationSpec is the writing half of a connector.
type DestinationSpec struct {
	Config       func() Config
	Open         func(cfg Config, env Env) (Destination, error) // never talks to the remote
	Keyed        bool                                           // it recognises a record by its key and overwrites
	Lanes        int                                            // how many sequences of writes a flow may have; 0 is 1
	BatchRecords int                                            // upper bounds of a batch; 0 is the engine's own
	BatchBytes   int
	MaxRecord    func(cfg Config) int64 // larger records become dead letters; nil: the engine's own bound
	// Prepare makes of one record what will be sent, without talking to anybody. Keyed destinations only. An
	// Invalid error refuses the record.
	Prepare func(cfg Config) (func(Record) ([]Prepared, error), error)
	// Exclusive names what two flows may not share: the same non-empty text of two flows refuses the second.
	Exclusive func(cfg Config, flow string) string
	// Holds is set if what it writes is on this machine's own disk, or may be: it tells whether what a lane of the flow had
	// written when it gave after is where this process writes. It changes nothing. nil: all nodes reach the same thing.
	Holds   func(cfg Config, flow string, after Receipt) (bool, error)
	Check   func(ctx context.Context, cfg Config, env Env) []Check
	Actions []Action
}

// CredentialSpec is what a credential of this connector needs.
type CredentialSpec struct {
	Permissions []Permission
	// Guide are the steps to get a client ID, a secret and the permissions, with the exact names to click.
	Guide func(c Credential) []Step
	// ConsentURL is where an admin grants the permissions.
	ConsentURL func(c Credential) string
	// Check signs in, compares the permissions and reads harmlessly. It changes nothing.
	Check func(ctx context.Context, env Env) []Check
}

// A Permission is one right at the remote.
type Permission struct {
	Name     string // "ActivityFeed.Read"
	Resource string // "Office 365 Management APIs"
	For      string // what it is needed for, one sentence
	Optional bool   // only some uses need it
}

// A Step is one of a guide.
type Step struct {
	Title string
	Text  string
	Link  string // "": none
}

// A CheckResult is the word of one check's outcome.
type CheckResult string

// What a check can say.
const (
	Works     CheckResult = "works"      // also: granted, on
	Missing   CheckResult = "missing"    // also: off
	NotNeeded CheckResult = "not_needed" // not needed yet
	Broader   CheckResult = "broader"    // granted, broader than needed
	Refused   CheckResult = "refused"    // rejected by the remote
	Unknown   CheckResult = "unknown"    // cannot tell
)

// OK tells whether nothing needs to be done.
func (r CheckResult) OK() bool { return r == Works || r == NotNeeded || r == Broader }

// A Check is one named test with its result.
type Check struct {
	Name   string        `json:"name"` // "Token from Entra", "ActivityFeed.Read"
	Result CheckResult   `json:"result"`
	Text   string        `json:"text"`           // one sentence: what was found
	Fix    string        `json:"fix,omitempty"`  // what to do, if something is to be done
	Link   string        `json:"link,omitempty"` // where to do it
	Took   time.Duration `json:"took_ns,omitempty"`
	Err    error         `json:"-"` // what the remote said, if it refused
}

// An Action is a named operation of a source or destination beside reading and writing: start a subscription, list
// groups, any GET by hand.
type Action struct {
	Name    string        // "subscription-start"
	Summary string        // one sentence
	Changes bool          // it changes something at the remote
	Input   func() Config // a new input with its defaults
	Run     func(ctx context.Context, cfg Config, env Env, input Config) (json.RawMessage, error)
}
