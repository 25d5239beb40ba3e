package account

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/netip"
	"strings"
	"time"

	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/secret"
	"github.com/headrace/headrace/internal/store"
	"github.com/headrace/headrace/internal/telemetry"
)

// A Visit is where somebody signs in from.
type Visit struct {
	Address string // IP address; "" if there is none
	Agent   string // what the browser says that it is
}

// A SignedIn session was begun just now.
type SignedIn struct {
	Account Account
	Session store.Session
	Token   secret.Text // what the cookie holds; shown to the browser once
	CSRF    string      // what the page sends with each change
}

// How fast failures may follow each other. A guesser from one address is slowed down at once; one with many addresses when an account as a whole
// saw many failures, but then never more than 30 s, and not where the person has signed in before: nobody can lock another one out.
const (
	freePair, mostPair       = 5, 15 * time.Minute // of one name from one address
	freeName, mostName       = 50, 30 * time.Second
	freeAddress, mostAddress = 30, 15 * time.Minute // of an address, whatever the name: an office has one
	freeSetup, mostSetup     = 10, time.Minute
)

// wrongPassword is the answer to a wrong name, a wrong password, and a right one of a disabled account: nobody learns which.
var wrongPassword = &fault.Error{Class: fault.Denied, Code: "sign_in_wrong", Title: "name or password is wrong",
	Hint: "look for capital letters and the keyboard's language. An admin can set a new one by headrace user password NAME"}

// tries are the limits for signing in as a name from a place. Names are kept as hashes: some people type their password there.
func tries(name, address string) (trusted string, limits []store.AttemptLimit) {
	place := network(address)
	pair := attemptKey("pair", name, place)
	limits = []store.AttemptLimit{{Key: pair, Free: freePair, Most: mostPair}, {Key: attemptKey("name", name), Free: freeName, Most: mostName, Soft: true}}
	if place != "" {
		limits = append(limits, store.AttemptLimit{Key: attemptKey("address", place), Free: freeAddress, Most: mostAddress})
	}
	return pair, limits
}

func attemptKey(kind string, parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return kind + ":" + hex.EncodeToString(sum[:16])
}

// network is what one visitor can't easily change: an IPv4 address, the /64 of an IPv6 one.
func network(address string) string {
	a, err := netip.ParseAddr(address)
	if err != nil {
		return ""
	}
	if a = a.Unmap().WithZone(""); a.Is6() {
		p, _ := a.Prefix(64)
		return p.String()
	}
	return a.String()
}

// attempt counts a try that is going to be made. Throttled (code too_many_attempts) if it is too early for one. The counts are in the database: they
// hold for all nodes and outlive a restart.
func (s *Service) attempt(ctx context.Context, trusted string, limits []store.AttemptLimit) error {
	until, err := s.store.BeginAttempt(ctx, trusted, limits...)
	if err != nil || until.IsZero() {
		return err
	}
	return &fault.Error{Class: fault.Throttled, Code: "too_many_attempts", RetryAt: until, Title: "there were too many failed attempts",
		Hint: "try again after the time that is given. The wait grows with each failure and ends by itself; no account is ever locked"}
}

// untried takes a counted try back that was none: the server had no time for it.
func (s *Service) untried(ctx context.Context, limits []store.AttemptLimit) {
	if err := s.store.ForgiveAttempt(context.WithoutCancel(ctx), "", nil, keysOf(limits)); err != nil {
		s.o.Log.Warn("a try that was not made is counted", telemetry.Err, err)
	}
}

// SignIn begins a session for who knows a name and its password. Denied (sign_in_wrong), Throttled (too_many_attempts, sign_in_busy).
func (s *Service) SignIn(ctx context.Context, name string, password secret.Text, v Visit) (SignedIn, error) {
	name = fold(name)
	trusted, limits := tries(name, v.Address)
	if err := s.attempt(ctx, trusted, limits); err != nil {
		return SignedIn{}, err
	}
	a, err := s.store.Account(ctx, name)
	if err != nil && fault.ClassOf(err) != fault.NotFound {
		s.untried(ctx, limits)
		return SignedIn{}, err
	}
	known := err == nil && a.Name == name
	if !known {
		a = Account{Name: "(unknown)"}
	}
	right, again, err := s.hasher.check(ctx, password, a.Password)
	if err != nil {
		s.untried(ctx, limits)
		return SignedIn{}, err
	}
	if !right || a.Disabled {
		if err := s.record(ctx, visited(entry("session.begin", a, wrongPassword.Code, nil), v)); err != nil {
			return SignedIn{}, err
		}
		return SignedIn{}, wrongPassword
	}
	if again {
		s.rehash(ctx, a, password)
	}
	in, err := s.begin(ctx, a, "password", v)
	if err != nil {
		return in, err
	}
	if err := s.store.ForgiveAttempt(ctx, trusted, []string{limits[0].Key, limits[1].Key}, keysOf(limits[2:])); err != nil {
		s.o.Log.Warn("failed sign-ins could not be forgotten after one that did not fail", telemetry.Err, err)
	}
	return in, nil
}

func keysOf(limits []store.AttemptLimit) (keys []string) {
	for _, l := range limits {
		keys = append(keys, l.Key)
	}
	return keys
}

// rehash makes an account's hash anew by today's cost. If that fails the old one stays good.
func (s *Service) rehash(ctx context.Context, a Account, password secret.Text) {
	hash, err := s.hasher.hash(ctx, password)
	if err == nil {
		err = s.store.Rehash(ctx, a, hash)
	}
	if err != nil {
		s.o.Log.Warn("a password's hash could not be made anew", telemetry.Err, err)
	}
}

// begin begins a session of an account and remembers it. The cookie is always a new one: nobody can plant one beforehand.
func (s *Service) begin(ctx context.Context, a Account, method string, v Visit) (SignedIn, error) {
	in := newSignIn(a)
	se, err := s.store.CreateSession(ctx, digest(in.Token.Reveal()), s.session(a, method, v))
	if err != nil {
		return SignedIn{}, err
	}
	in.Session = se
	return in, s.began(ctx, in, v)
}

// began writes the audit entry of a session; without it there is no session.
func (s *Service) began(ctx context.Context, in SignedIn, v Visit) error {
	e := visited(entry("session.begin", in.Account, "ok", map[string]string{"method": in.Session.Method, "session": in.Session.UID}), v)
	e.Who = store.AuditWho{Kind: User, ID: in.Account.UID, Name: in.Account.Name}
	if err := s.record(ctx, e); err != nil {
		_ = s.store.EndSession(context.WithoutCancel(ctx), in.Account.ID, in.Session.UID)
		return err
	}
	return nil
}

func visited(e store.AuditEntry, v Visit) store.AuditEntry {
	e.From = v.Address
	return e
}

func newSignIn(a Account) SignedIn {
	var raw [32]byte
	_, _ = rand.Read(raw[:])
	token := secret.New(base64.RawURLEncoding.EncodeToString(raw[:]))
	return SignedIn{Account: a, Token: token, CSRF: CSRF(token)}
}

// session is one that begins now.
func (s *Service) session(a Account, method string, v Visit) store.Session {
	return store.Session{Account: a, Method: method, Address: clip(v.Address, 64), Agent: clip(v.Agent, 256), Expires: s.now().Add(s.o.Absolute)}
}

// clip makes what a browser sent fit to be kept and shown.
func clip(text string, most int) string {
	text = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, ""))
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "")
	}
	return text
}

// CSRF is what a page of a session sends with each change. It follows from the cookie, which a script can't read: another site knows neither, and who learns it
// has no session by it.
func CSRF(token secret.Text) string {
	mac := hmac.New(sha256.New, []byte(token.Reveal()))
	mac.Write([]byte("headrace csrf"))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}
