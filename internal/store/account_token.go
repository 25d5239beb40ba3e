package store

import (
	"context"
	"encoding/json"
	"time"

	"github.com/headrace/headrace/internal/fault"
)

// A Token is what a script signs in with.
type Token struct {
	ID        int64     `json:"-"`
	UID       string    `json:"id"`    // tok_…
	AccountID int64     `json:"-"`     // 0: made by who opened the data folder, for no person
	Owner     string    `json:"owner"` // the account's name; "": nobody's
	Name      string    `json:"name"`
	Role      string    `json:"role"`   // at most; never more than its owner's
	Scopes    []string  `json:"scopes"` // empty: all
	Created   time.Time `json:"created"`
	Expires   time.Time `json:"expires,omitzero"` // zero: never
	Used      time.Time `json:"used,omitzero"`    // the last time, to the minute
	UsedFrom  string    `json:"used_from,omitempty"`
}

// A Bearer is who shows a token.
type Bearer struct {
	Token
	OwnerUID  string
	OwnerRole string // "": the token is nobody's
}

const tokenColumns = `t.id, t.uid, t.account_id, coalesce(a.name, ''), t.name, t.role, t.scopes, t.created, t.expires, t.used, t.used_from`

func scanToken(scan func(...any) error, more ...any) (Token, error) {
	var (
		k                      Token
		scopes                 string
		created, expires, used int64
	)
	err := scan(append([]any{&k.ID, &k.UID, &k.AccountID, &k.Owner, &k.Name, &k.Role, &scopes, &created, &expires, &used, &k.UsedFrom}, more...)...)
	if err == nil {
		err = json.Unmarshal([]byte(scopes), &k.Scopes)
	}
	k.Created, k.Expires, k.Used = moment(created), moment(expires), moment(used)
	return k, err
}

// CreateToken stores a token under the hash of its text. Conflict if its owner has one of that name.
func (s *Store) CreateToken(ctx context.Context, hash []byte, k Token) (Token, error) {
	if k.Scopes == nil {
		k.Scopes = []string{}
	}
	scopes, err := json.Marshal(k.Scopes)
	if err != nil {
		return k, err
	}
	k.UID, k.Created, k.Expires = newUID("tok_"), moment(micros(s.now())), moment(micros(k.Expires))
	err = s.inTx(ctx, func(t tx) error {
		n, err := t.changed(ctx, `INSERT INTO account_token (uid, hash, account_id, name, role, scopes, created, expires) VALUES (?,?,?,?,?,?,?,?)
			ON CONFLICT (account_id, name) DO NOTHING`, k.UID, hash, k.AccountID, k.Name, k.Role, string(scopes), micros(k.Created), micros(k.Expires))
		if err == nil && n == 0 {
			err = taken("token", k.Name)
		}
		return err
	})
	return k, err
}

// BearerOf gives the token of a text's hash, expired or not; false if there is none or its owner may not sign in.
func (s *Store) BearerOf(ctx context.Context, hash []byte) (Bearer, bool, error) {
	var b Bearer
	k, err := scanToken(s.reading().row(ctx, `SELECT `+tokenColumns+`, coalesce(a.uid, ''), coalesce(a.role, '') FROM account_token t LEFT JOIN account a ON a.id = t.account_id
		WHERE t.hash = ? AND (t.account_id = 0 OR a.disabled = 0)`, hash).Scan, &b.OwnerUID, &b.OwnerRole)
	if isNoRows(err) {
		return Bearer{}, false, nil
	}
	b.Token = k
	return b, err == nil, s.trouble(err)
}

// Tokens gives up to limit tokens of an account (of all: account < 0) whose name has part in it, the newest first, older than the one with the ID before (0: from
// the newest).
func (s *Store) Tokens(ctx context.Context, account int64, part string, before int64, limit int) ([]Token, error) {
	all := []Token{}
	err := s.reading().each(ctx, `SELECT `+tokenColumns+` FROM account_token t LEFT JOIN account a ON a.id = t.account_id
		WHERE (? < 0 OR t.account_id = ?) AND (? = 0 OR t.id < ?) AND (? = '' OR `+s.has("lower(t.name)")+`) ORDER BY t.id DESC LIMIT ?`,
		[]any{account, account, before, before, part, part, limit}, func(scan func(...any) error) error {
			k, err := scanToken(scan)
			all = append(all, k)
			return err
		})
	return all, s.trouble(err)
}

// Token gives one by UID. NotFound if there is none.
func (s *Store) Token(ctx context.Context, uid string) (Token, error) {
	k, err := scanToken(s.reading().row(ctx, `SELECT `+tokenColumns+` FROM account_token t LEFT JOIN account a ON a.id = t.account_id WHERE t.uid = ?`, uid).Scan)
	if isNoRows(err) {
		return Token{}, NoToken(uid)
	}
	return k, s.trouble(err)
}

// NoToken says that there is no such token, or none that the asker may see.
func NoToken(uid string) error {
	return &fault.Error{Class: fault.NotFound, Code: "token_not_found", Title: "there is no token " + uid, Hint: "headrace token list shows the tokens with their IDs"}
}

// TouchToken says that a token was used just now, and from where. Nothing is written if that was said within step.
func (s *Store) TouchToken(ctx context.Context, uid, address string, step time.Duration) error {
	return s.inTx(ctx, func(t tx) error {
		return t.exec(ctx, `UPDATE account_token SET used = ?, used_from = ? WHERE uid = ? AND used <= ?`, micros(s.now()), address, uid, micros(s.now().Add(-step)))
	})
}

// DeleteToken revokes a token. NotFound if there is none.
func (s *Store) DeleteToken(ctx context.Context, uid string) error {
	return s.inTx(ctx, func(t tx) error {
		n, err := t.changed(ctx, `DELETE FROM account_token WHERE uid = ?`, uid)
		if err == nil && n == 0 {
			err = NoToken(uid)
		}
		return err
	})
}
