package account

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"log/slog"
	"time"

	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/store"
	"github.com/headrace/headrace/internal/telemetry"
)

// An Account is a person who may sign in. Its hash of the password never leaves this package's callers' memory: it has no JSON.
type Account = store.Account

// Audit takes what is to be remembered of signing in; the operations' own entries are written where they are called.
type Audit interface {
	Record(ctx context.Context, e store.AuditEntry) error
}

// Options are what a Service is made of.
type Options struct {
	Store *store.Store
	Audit Audit
	Node  string // this process, among the nodes of one database
	Log   *slog.Logger

	Idle     time.Duration // a session ends after this time without a request; 0: 12 h
	Absolute time.Duration // and after this one in any case; 0: 7 days
	MaxToken time.Duration // the longest life of a token; 0: tokens without an end are allowed
	Nouns    []string      // what scopes of tokens can be about; nil: anything
	Cost     Cost          // of password hashes; zero: DefaultCost
}

// Defaults of Options.
const (
	DefaultIdle     = 12 * time.Hour
	DefaultAbsolute = 7 * 24 * time.Hour
	DefaultToken    = 90 * 24 * time.Hour // the life of a token of which nothing else is said
)

// seenStep is how exactly it is remembered when a session or a token was used: each use would be a write else.
const seenStep = time.Minute

// Service does what doors offer with accounts, sessions and tokens. It judges by the identity in the context (Of) whether who asks may.
// It is safe for concurrent use.
type Service struct {
	o      Options
	store  *store.Store
	hasher *hasher
}

// New makes the service.
func New(o Options) *Service {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Idle == 0 {
		o.Idle = DefaultIdle
	}
	if o.Absolute == 0 {
		o.Absolute = DefaultAbsolute
	}
	if o.Cost == (Cost{}) {
		o.Cost = DefaultCost
	}
	return &Service{o: o, store: o.Store, hasher: newHasher(o.Cost)}
}

func (s *Service) now() time.Time { return s.store.Now() }

// record remembers what has to do with signing in. An entry that can't be written stops nobody from signing out; what must not
// happen unseen asks for the error.
func (s *Service) record(ctx context.Context, e store.AuditEntry) error {
	if s.o.Audit == nil {
		return nil
	}
	err := s.o.Audit.Record(ctx, e)
	if err != nil {
		s.o.Log.Error("the audit log can't be written", telemetry.Op, e.Operation, telemetry.Err, err)
	}
	return err
}

// entry is one about an account.
func entry(operation string, a Account, result string, after any) store.AuditEntry {
	e := store.AuditEntry{Operation: operation, Object: store.AuditObject{Kind: User, Name: a.Name, ID: a.UID}, Result: result}
	if after != nil {
		e.After, _ = json.Marshal(after)
	}
	return e
}

// need gives who asks, if the role covers what is needed and nothing keeps a token from it.
func need(ctx context.Context, role Role, noun string, changes bool) (Identity, error) {
	who, ok := Of(ctx)
	switch {
	case !ok:
		return who, ErrSignIn
	case !who.Role.Covers(role):
		return who, &fault.Error{Class: fault.Denied, Code: "role_missing", Title: "this needs the role " + string(role) + ", and " + who.Name + " is " + string(who.Role),
			Hint: "an admin can change the role: headrace user edit NAME --role " + string(role)}
	case !who.May(noun+".", changes):
		return who, &fault.Error{Class: fault.Denied, Code: "scope_missing", Title: "this token is not for " + noun, Hint: "make a token with the scope " + noun}
	}
	return who, nil
}

// ErrSignIn says that nobody is signed in.
var ErrSignIn = &fault.Error{Class: fault.Denied, Code: "not_signed_in", Title: "nobody is signed in", Hint: "sign in, in the browser or with headrace login; a script sends an API token: Authorization: Bearer hrt_…"}

// digest is how a random text of 256 bits is kept. A slow hash is for what people choose: nobody guesses 256 bits however fast the hash is.
func digest(text string) []byte {
	sum := sha256.Sum256([]byte(text))
	return sum[:]
}
