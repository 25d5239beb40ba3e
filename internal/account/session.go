package account

import (
	"context"

	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/secret"
	"github.com/headrace/headrace/internal/store"
	"github.com/headrace/headrace/internal/telemetry"
)

// sessionOver is the answer to a cookie without a session.
var sessionOver = &fault.Error{Class: fault.Denied, Code: "session_over", Title: "the session is over", Hint: "sign in again; a session ends after some hours without use, and when the password or the role changes"}

// Session gives who a session's cookie stands for, coming from an address. Denied (session_over).
func (s *Service) Session(ctx context.Context, token secret.Text, address string) (Identity, error) {
	if token.Empty() {
		return Identity{}, ErrSignIn
	}
	se, ok, err := s.store.SessionOf(ctx, digest(token.Reveal()), s.o.Idle)
	if err != nil {
		return Identity{}, err
	}
	if !ok {
		return Identity{}, sessionOver
	}
	if s.now().Sub(se.Seen) >= seenStep {
		if err := s.store.TouchSession(ctx, se.UID, clip(address, 64), seenStep); err != nil {
			s.o.Log.Warn("a session's use could not be noted; it ends too early", telemetry.Err, err)
		}
	}
	return Identity{Kind: User, ID: se.Account.UID, Name: se.Account.Name, Role: Role(se.Account.Role), From: address, Session: se.UID, Until: se.Expires}, nil
}

// me gives the account of who has signed in to a session.
func (s *Service) me(ctx context.Context, changes bool) (Identity, Account, error) {
	who, err := need(ctx, Viewer, "session", changes)
	if err != nil {
		return who, Account{}, err
	}
	if who.Person() == "" {
		return who, Account{}, &fault.Error{Class: fault.Invalid, Code: "no_person", Title: "this needs somebody who has signed in; " + who.Kind + " has no account", Hint: "name an account, or sign in in a browser"}
	}
	a, err := s.store.Account(ctx, who.Person())
	if fault.ClassOf(err) == fault.NotFound {
		err = sessionOver // it was removed just now
	}
	return who, a, err
}

// Me gives the account of who asks. Invalid (code no_person) if there is none, as for who opened the data folder.
func (s *Service) Me(ctx context.Context) (Account, error) {
	_, a, err := s.me(ctx, false)
	return a, err
}

// Sessions gives one's own sessions, the last used one first.
func (s *Service) Sessions(ctx context.Context) ([]store.Session, error) {
	_, a, err := s.me(ctx, false)
	if err != nil {
		return nil, err
	}
	return s.store.Sessions(ctx, a.ID, s.o.Idle)
}

// EndSession ends one of one's own sessions; "": the one that asks.
func (s *Service) EndSession(ctx context.Context, id string) error {
	who, a, err := s.me(ctx, true)
	if err != nil {
		return err
	}
	if id == "" {
		id = who.Session
	}
	return s.store.EndSession(ctx, a.ID, id)
}

// EndOthers ends all of one's own sessions but the one that asks.
func (s *Service) EndOthers(ctx context.Context) error {
	who, a, err := s.me(ctx, true)
	if err != nil {
		return err
	}
	return s.store.EndSessions(ctx, a.ID, who.Session)
}

// ChangePassword changes one's own password. All sessions end; the one that is given back is new. Wrong old ones are slowed down as when signing in.
func (s *Service) ChangePassword(ctx context.Context, old, password secret.Text, v Visit) (SignedIn, error) {
	who, a, err := s.me(ctx, true)
	if err != nil {
		return SignedIn{}, err
	}
	if who.Kind != User {
		return SignedIn{}, &fault.Error{Class: fault.Denied, Code: "session_needed", Title: "a password is changed in a session of its account, not by a token", Hint: "sign in in a browser"}
	}
	if a.Password == "" {
		return SignedIn{}, fault.New(fault.Invalid, "this account has no password: %s signs it in", a.Issuer).WithCode("no_password").WithHint("Change the password there.")
	}
	if text := judgePassword(password, a.Name, a.Display, a.Email); text != "" {
		return SignedIn{}, fault.Problems{{Field: "password", Text: text}}.Err()
	}
	trusted, limits := tries(a.Name, v.Address)
	if err := s.attempt(ctx, "", limits[:1]); err != nil {
		return SignedIn{}, err
	}
	right, _, err := s.hasher.check(ctx, old, a.Password)
	if err != nil {
		s.untried(ctx, limits[:1])
		return SignedIn{}, err
	}
	if !right {
		if err := s.record(ctx, visited(entry("session.password", a, "old_password_wrong", nil), v)); err != nil {
			return SignedIn{}, err
		}
		return SignedIn{}, fault.Problems{{Field: "old_password", Text: "this is not the present password"}}.Err()
	}
	if a, err = s.newPassword(ctx, a, password); err != nil {
		return SignedIn{}, err
	}
	if err := s.store.ForgiveAttempt(ctx, trusted, []string{limits[0].Key}, nil); err != nil {
		return SignedIn{}, err
	}
	return s.begin(ctx, a, "password", v)
}
