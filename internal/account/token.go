package account

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/secret"
	"github.com/headrace/headrace/internal/store"
	"github.com/headrace/headrace/internal/telemetry"
)

// TokenPrefix begins each token, so that scanners for secrets know one.
const TokenPrefix = "hrt_"

const tokenBytes = 32

var tokenEncoding = base32.StdEncoding.WithPadding(base32.NoPadding)

// A TokenDraft is a token to be.
type TokenDraft struct {
	Name   string
	Role   Role          // at most the maker's; "": the maker's
	Scopes []string      // nouns of operations, "flow", or "flow:read" for what changes nothing; none: all that the maker may
	Life   time.Duration // 0: 90 days, or what the settings allow if that is less
	Never  bool          // it has no end; only if it is said, and if the settings allow it
}

// MadeToken is a new token with its text, which is nowhere else.
type MadeToken struct {
	store.Token
	Text secret.Text
}

// CreateToken makes a token of who asks. It can do no more than who makes it: neither role nor scopes nor life. All problems are told at once.
func (s *Service) CreateToken(ctx context.Context, d TokenDraft) (MadeToken, error) {
	who, err := need(ctx, Viewer, Token, true)
	if err != nil {
		return MadeToken{}, err
	}
	k := store.Token{Name: strings.TrimSpace(d.Name), Role: string(d.Role), Scopes: slices.Clone(d.Scopes)}
	if k.Role == "" {
		k.Role = string(who.Role)
	}
	if len(k.Scopes) == 0 {
		k.Scopes = slices.Clone(who.Scopes)
	}
	problems := s.judgeToken(who, k)
	var text string
	if k.Expires, text = s.end(who, d); text != "" {
		problems = append(problems, fault.Problem{Field: "expires", Text: text})
	}
	if err := problems.Err(); err != nil {
		return MadeToken{}, err
	}
	if person := who.Person(); person != "" {
		a, err := s.store.Account(ctx, person)
		if err != nil {
			return MadeToken{}, err
		}
		k.AccountID, k.Owner = a.ID, a.Name
	}
	raw := make([]byte, tokenBytes)
	_, _ = rand.Read(raw)
	made := secret.New(TokenPrefix + strings.ToLower(tokenEncoding.EncodeToString(raw)))
	if k, err = s.store.CreateToken(ctx, digest(made.Reveal()), k); err != nil {
		return MadeToken{}, err
	}
	return MadeToken{Token: k, Text: made}, nil
}

// judgeToken tells what is wrong with a token for who makes it.
func (s *Service) judgeToken(who Identity, k store.Token) (problems fault.Problems) {
	add := func(field, text string, args ...any) {
		problems = append(problems, fault.Problem{Field: field, Text: fmt.Sprintf(text, args...)})
	}
	if k.Name == "" {
		add("name", "a name is missing; say what the token is for, like backup-script")
	} else if text := judgeLine(k.Name, maxName); text != "" {
		add("name", "%s", text)
	}
	switch role := Role(k.Role); {
	case !role.Valid():
		add("role", "%q is no role; there are %s, %s and %s", k.Role, Viewer, Operator, Admin)
	case !who.Role.Covers(role):
		add("role", "a token can do no more than who makes it: %s is %s", who.Name, who.Role)
	}
	if len(k.Scopes) > 100 {
		add("scopes", "there are more than 100 scopes")
		return problems
	}
	for i, scope := range k.Scopes {
		noun := strings.TrimSuffix(scope, readOnly)
		field := fmt.Sprintf("scopes[%d]", i)
		switch {
		case noun == "" || strings.ContainsAny(noun, " :.\t\n") || len(noun) > maxName || judgeLine(noun, maxName) != "" || s.o.Nouns != nil && !slices.Contains(s.o.Nouns, noun):
			add(field, "this is no scope; a scope is what the token is for, as %s, or with :read behind it for looking only", s.nouns())
		case !who.May(noun+".", scope == noun):
			add(field, "a token can do no more than who makes it, and that is not for %s", scope)
		}
	}
	return problems
}

func (s *Service) nouns() string {
	if s.o.Nouns == nil {
		return "flow or source"
	}
	return strings.Join(s.o.Nouns, ", ")
}

// end is when a token ends, or what is wrong with that.
func (s *Service) end(who Identity, d TokenDraft) (time.Time, string) {
	now, most := s.now(), s.o.MaxToken
	if d.Never {
		switch {
		case d.Life != 0:
			return time.Time{}, "either a life or never, not both"
		case most != 0:
			return time.Time{}, "tokens without an end are not allowed here; the longest life is " + days(most)
		case !who.Until.IsZero() && who.Kind == Token:
			return time.Time{}, "a token can't make one that outlives it"
		}
		return time.Time{}, ""
	}
	life := d.Life
	if life == 0 {
		life = DefaultToken
		if most != 0 {
			life = min(life, most)
		}
		if who.Kind == Token && !who.Until.IsZero() {
			life = min(life, who.Until.Sub(now))
		}
	}
	switch {
	case life < time.Minute:
		return time.Time{}, "the token would end at once"
	case most != 0 && life > most:
		return time.Time{}, "the longest life of a token here is " + days(most)
	case life > 100*366*24*time.Hour:
		return time.Time{}, "this is more than 100 years; say never if that is meant"
	case who.Kind == Token && !who.Until.IsZero() && now.Add(life).After(who.Until):
		return time.Time{}, "a token can't make one that outlives it"
	}
	return now.Add(life), ""
}

func days(d time.Duration) string {
	if d%(24*time.Hour) == 0 {
		return fmt.Sprintf("%d days", d/(24*time.Hour))
	}
	return d.String()
}

// Bearer gives who a token stands for, coming from an address. Denied: token_unknown, token_expired.
func (s *Service) Bearer(ctx context.Context, text secret.Text, address string) (Identity, error) {
	unknown := &fault.Error{Class: fault.Denied, Code: "token_unknown", Title: "this token is not valid", Hint: "it was revoked, its owner was disabled, or it was not copied whole: it begins with " + TokenPrefix + ". Make another one: headrace token create"}
	if len(text.Reveal()) != len(TokenPrefix)+tokenEncoding.EncodedLen(tokenBytes) || !strings.HasPrefix(text.Reveal(), TokenPrefix) {
		return Identity{}, unknown
	}
	b, ok, err := s.store.BearerOf(ctx, digest(text.Reveal()))
	switch {
	case err != nil:
		return Identity{}, err
	case !ok:
		return Identity{}, unknown
	case !b.Expires.IsZero() && !b.Expires.After(s.now()):
		return Identity{}, &fault.Error{Class: fault.Denied, Code: "token_expired", Title: "the token " + b.Name + " ended on " + b.Expires.UTC().Format(time.DateTime) + " UTC", Hint: "make another one: headrace token create"}
	}
	if s.now().Sub(b.Used) >= seenStep {
		if err := s.store.TouchToken(ctx, b.UID, clip(address, 64), seenStep); err != nil {
			s.o.Log.Warn("a token's use could not be noted", telemetry.Err, err)
		}
	}
	role := Role(b.Role)
	if b.AccountID != 0 && !Role(b.OwnerRole).Covers(role) {
		role = Role(b.OwnerRole) // the owner can do less than when the token was made
	}
	return Identity{Kind: Token, ID: b.UID, Name: b.Name, Role: role, Scopes: b.Scopes, From: address, Owner: b.OwnerUID, Until: b.Expires}, nil
}

// Tokens gives up to limit of one's own tokens, the newest first, after the given place ("": from the newest), whose name has part in it; all: everybody's,
// for an admin. next is the place after the last one; "" if there are no more.
func (s *Service) Tokens(ctx context.Context, all bool, part, after string, limit int) (tokens []store.Token, next string, err error) {
	role := Viewer
	if all {
		role = Admin
	}
	who, err := need(ctx, role, Token, false)
	if err != nil {
		return nil, "", err
	}
	account := int64(0) // who opened the data folder has those of nobody
	if person := who.Person(); person != "" {
		a, err := s.store.Account(ctx, person)
		if err != nil {
			return nil, "", err
		}
		account = a.ID
	}
	if all {
		account = -1
	}
	before := int64(0)
	if after != "" {
		if before, err = strconv.ParseInt(after, 10, 64); err != nil || before < 1 {
			return nil, "", fault.Problems{{Field: "after", Text: "this is no place in the list; give what the answer before has as next"}}.Err()
		}
	}
	tokens, err = s.store.Tokens(ctx, account, strings.ToLower(part), before, limit+1)
	if len(tokens) > limit {
		tokens = tokens[:limit]
		next = strconv.FormatInt(tokens[limit-1].ID, 10)
	}
	return tokens, next, err
}

// Revoke ends a token for good: one of one's own by ID or name, for an admin everybody's by ID.
func (s *Service) Revoke(ctx context.Context, id string) (store.Token, error) {
	who, err := need(ctx, Viewer, Token, true)
	if err != nil {
		return store.Token{}, err
	}
	k, err := s.store.Token(ctx, id)
	if fault.ClassOf(err) == fault.NotFound {
		k, err = s.ownToken(ctx, id)
	}
	if err != nil {
		return k, err
	}
	if !who.Role.Covers(Admin) {
		a, err := s.store.Account(ctx, who.Person())
		if err != nil || a.ID != k.AccountID {
			return store.Token{}, store.NoToken(id)
		}
	}
	return k, s.store.DeleteToken(ctx, k.UID)
}

// ownToken finds one of one's own tokens by its name.
func (s *Service) ownToken(ctx context.Context, name string) (store.Token, error) {
	for after := ""; ; {
		page, next, err := s.Tokens(ctx, false, name, after, 1000)
		if err != nil {
			return store.Token{}, err
		}
		for _, k := range page {
			if k.Name == name {
				return k, nil
			}
		}
		if after = next; next == "" {
			return store.Token{}, store.NoToken(name)
		}
	}
}
