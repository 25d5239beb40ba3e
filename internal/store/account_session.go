package store

import (
	"context"
	"time"

	"github.com/headrace/headrace/internal/fault"
)

// A Session is a browser in which a person has signed in.
type Session struct {
	UID     string    `json:"id"` // ses_…
	Account Account   `json:"-"`
	Method  string    `json:"method"` // how the person signed in: password, oidc, setup
	Address string    `json:"address"`
	Agent   string    `json:"agent"` // what the browser says that it is
	Created time.Time `json:"created"`
	Seen    time.Time `json:"seen"`    // of the last request, to the minute
	Expires time.Time `json:"expires"` // whatever is done in it
}

// sessionsEach bounds the sessions of one account; the one that was used longest ago goes first.
const sessionsEach = 50

// CreateSession stores a session of se.Account under the hash of its token. NotFound if the account is gone or disabled.
func (s *Store) CreateSession(ctx context.Context, hash []byte, se Session) (Session, error) {
	err := s.inTx(ctx, func(t tx) error { return t.insertSession(ctx, hash, &se) })
	return se, err
}

func (t tx) insertSession(ctx context.Context, hash []byte, se *Session) error {
	se.UID, se.Created, se.Expires = newUID("ses_"), moment(micros(t.s.now())), moment(micros(se.Expires))
	se.Seen = se.Created
	n, err := t.changed(ctx, `UPDATE account SET signed_in = ? WHERE id = ? AND disabled = 0`, micros(se.Created), se.Account.ID)
	if err != nil {
		return err
	}
	if n == 0 {
		return notFound("user", se.Account.Name)
	}
	if err := t.exec(ctx, `DELETE FROM account_session WHERE hash IN (SELECT hash FROM account_session WHERE account_id = ? ORDER BY seen DESC LIMIT 1000 OFFSET ?)`,
		se.Account.ID, sessionsEach-1); err != nil {
		return err
	}
	return t.exec(ctx, `INSERT INTO account_session (hash, uid, account_id, method, address, agent, created, seen, expires) VALUES (?,?,?,?,?,?,?,?,?)`,
		hash, se.UID, se.Account.ID, se.Method, se.Address, se.Agent, micros(se.Created), micros(se.Seen), micros(se.Expires))
}

const sessionColumns = `s.uid, s.method, s.address, s.agent, s.created, s.seen, s.expires`

func scanSession(scan func(...any) error, more ...any) (Session, error) {
	var (
		se                     Session
		created, seen, expires int64
	)
	err := scan(append([]any{&se.UID, &se.Method, &se.Address, &se.Agent, &created, &seen, &expires}, more...)...)
	se.Created, se.Seen, se.Expires = moment(created), moment(seen), moment(expires)
	return se, err
}

// SessionOf gives the session of a token's hash with its account; false if there is none that is valid: used within idle,
// not expired, of an account that may sign in.
func (s *Store) SessionOf(ctx context.Context, hash []byte, idle time.Duration) (Session, bool, error) {
	var (
		a   Account
		now = s.now()
	)
	se, err := scanSession(s.reading().row(ctx, `SELECT `+sessionColumns+`, a.id, a.uid, a.name, a.display, a.role, a.password, a.issuer, a.revision
		FROM account_session s JOIN account a ON a.id = s.account_id WHERE s.hash = ? AND s.expires > ? AND s.seen > ? AND a.disabled = 0`,
		hash, micros(now), micros(now.Add(-idle))).Scan, &a.ID, &a.UID, &a.Name, &a.Display, &a.Role, &a.Password, &a.Issuer, &a.Revision)
	if isNoRows(err) {
		return Session{}, false, nil
	}
	se.Account = a
	return se, err == nil, s.trouble(err)
}

// TouchSession says that a session was used just now, and from where. Nothing is written if that was said within step.
func (s *Store) TouchSession(ctx context.Context, uid, address string, step time.Duration) error {
	return s.inTx(ctx, func(t tx) error {
		return t.exec(ctx, `UPDATE account_session SET seen = ?, address = ? WHERE uid = ? AND seen <= ?`, micros(s.now()), address, uid, micros(s.now().Add(-step)))
	})
}

// Sessions gives an account's sessions that are valid, the last used one first.
func (s *Store) Sessions(ctx context.Context, account int64, idle time.Duration) ([]Session, error) {
	all, now := []Session{}, s.now()
	err := s.reading().each(ctx, `SELECT `+sessionColumns+` FROM account_session s WHERE s.account_id = ? AND s.expires > ? AND s.seen > ? ORDER BY s.seen DESC, s.uid`,
		[]any{account, micros(now), micros(now.Add(-idle))}, func(scan func(...any) error) error {
			se, err := scanSession(scan)
			all = append(all, se)
			return err
		})
	return all, s.trouble(err)
}

// EndSession ends one session of an account. NotFound if it has none of that UID.
func (s *Store) EndSession(ctx context.Context, account int64, uid string) error {
	return s.inTx(ctx, func(t tx) error {
		n, err := t.changed(ctx, `DELETE FROM account_session WHERE account_id = ? AND uid = ?`, account, uid)
		if err == nil && n == 0 {
			err = &fault.Error{Class: fault.NotFound, Code: "session_not_found", Title: "there is no session " + uid, Hint: "it may have ended by itself"}
		}
		return err
	})
}

// EndSessions ends all sessions of an account but the one named ("": all).
func (s *Store) EndSessions(ctx context.Context, account int64, but string) error {
	return s.inTx(ctx, func(t tx) error {
		return t.exec(ctx, `DELETE FROM account_session WHERE account_id = ? AND uid <> ?`, account, but)
	})
}
