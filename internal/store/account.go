package store

import (
	"context"
	"time"

	"github.com/headrace/headrace/internal/fault"
)

// An Account is a person who may sign in.
type Account struct {
	ID          int64     `json:"-"`
	UID         string    `json:"id"` // usr_…; never changes
	Name        string    `json:"name"`
	Display     string    `json:"display_name"`
	Email       string    `json:"email"`
	Role        string    `json:"role"`
	Password    string    `json:"-"` // the hash; "": another service signs the person in
	HasPassword bool      `json:"has_password"`
	Issuer      string    `json:"issuer,omitempty"` // that service; "": none
	Subject     string    `json:"-"`                // who the person is there
	Disabled    bool      `json:"disabled"`
	Revision    int64     `json:"revision"`
	Created     time.Time `json:"created"`
	Updated     time.Time `json:"updated"`
	SignedIn    time.Time `json:"signed_in,omitzero"` // the last time
}

const (
	accountColumns = `id, uid, name, display, email, role, password, issuer, subject, disabled, revision, created, updated, signed_in`
	adminRole      = "admin"
)

func scanAccount(scan func(...any) error) (Account, error) {
	var (
		a                                  Account
		disabled, created, updated, signed int64
	)
	err := scan(&a.ID, &a.UID, &a.Name, &a.Display, &a.Email, &a.Role, &a.Password, &a.Issuer, &a.Subject, &disabled, &a.Revision, &created, &updated, &signed)
	a.HasPassword, a.Disabled, a.Created, a.Updated, a.SignedIn = a.Password != "", disabled != 0, moment(created), moment(updated), moment(signed)
	return a, err
}

// Accounts gives up to limit accounts whose name, display name or address has part in it (lower case; "": all), by name, after the
// given name.
func (s *Store) Accounts(ctx context.Context, part, after string, limit int) ([]Account, error) {
	all := []Account{}
	err := s.reading().each(ctx, `SELECT `+accountColumns+` FROM account WHERE name > ? AND (? = '' OR `+s.has("name")+` OR `+s.has("lower(display)")+` OR `+s.has("lower(email)")+`) ORDER BY name LIMIT ?`,
		[]any{after, part, part, part, part, limit}, func(scan func(...any) error) error {
			a, err := scanAccount(scan)
			all = append(all, a)
			return err
		})
	return all, s.trouble(err)
}

// has writes that a column has an argument in it.
func (s *Store) has(column string) string {
	if s.kind == onPostgres {
		return `strpos(` + column + `, ?) > 0`
	}
	return `instr(` + column + `, ?) > 0`
}

// Account gives one by name or UID. NotFound if there is none.
func (s *Store) Account(ctx context.Context, name string) (Account, error) {
	a, err := scanAccount(s.reading().row(ctx, `SELECT `+accountColumns+` FROM account WHERE name = ? OR uid = ?`, name, name).Scan)
	if isNoRows(err) {
		return Account{}, notFound("user", name)
	}
	return a, s.trouble(err)
}

// LinkedAccount gives the account of a person whom a service signs in; false if there is none.
func (s *Store) LinkedAccount(ctx context.Context, issuer, subject string) (Account, bool, error) {
	a, err := scanAccount(s.reading().row(ctx, `SELECT `+accountColumns+` FROM account WHERE issuer = ? AND subject = ? AND issuer <> ''`, issuer, subject).Scan)
	if isNoRows(err) {
		return Account{}, false, nil
	}
	return a, err == nil, s.trouble(err)
}

// HasAccounts tells whether anybody could sign in.
func (s *Store) HasAccounts(ctx context.Context) (bool, error) {
	var n int
	err := s.reading().row(ctx, `SELECT count(*) FROM (SELECT 1 FROM account LIMIT 1) x`).Scan(&n)
	return n > 0, s.trouble(err)
}

// lockAccounts makes what a transaction learns of all accounts stay true until it ends.
func (t tx) lockAccounts(ctx context.Context) error {
	if t.s.kind != onPostgres {
		return nil // only one transaction writes at a time
	}
	return t.exec(ctx, `LOCK TABLE account IN SHARE ROW EXCLUSIVE MODE`)
}

// CreateAccount stores a new account. Conflict if the name (code name_taken) or the identity at a service (link_taken) is another
// account's. The codes for the first account are void from then on.
func (s *Store) CreateAccount(ctx context.Context, a Account) (Account, error) {
	err := s.inTx(ctx, func(t tx) error {
		if err := t.lockAccounts(ctx); err != nil {
			return err
		}
		if err := t.exec(ctx, `DELETE FROM account_setup`); err != nil {
			return err
		}
		return t.insertAccount(ctx, &a)
	})
	return a, err
}

func (t tx) insertAccount(ctx context.Context, a *Account) error {
	if err := t.freeAccount(ctx, *a); err != nil {
		return err
	}
	a.UID, a.Revision, a.HasPassword = newUID("usr_"), 1, a.Password != ""
	a.Created = moment(micros(t.s.now()))
	a.Updated = a.Created
	return t.row(ctx, `INSERT INTO account (uid, name, display, email, role, password, issuer, subject, disabled, revision, created, updated)
		VALUES (?,?,?,?,?,?,?,?,?,?,?,?) RETURNING id`, a.UID, a.Name, a.Display, a.Email, a.Role, a.Password, a.Issuer, a.Subject, flag(a.Disabled),
		a.Revision, micros(a.Created), micros(a.Updated)).Scan(&a.ID)
}

// freeAccount tells whether name and identity are no other account's.
func (t tx) freeAccount(ctx context.Context, a Account) error {
	var names, links int
	if err := t.row(ctx, `SELECT count(*) FROM account WHERE name = ? AND id <> ?`, a.Name, a.ID).Scan(&names); err != nil {
		return err
	}
	if err := t.row(ctx, `SELECT count(*) FROM account WHERE issuer = ? AND subject = ? AND issuer <> '' AND id <> ?`, a.Issuer, a.Subject, a.ID).Scan(&links); err != nil {
		return err
	}
	switch {
	case names > 0:
		return taken("user", a.Name)
	case links > 0:
		return &fault.Error{Class: fault.Conflict, Code: "link_taken", Title: "this identity at " + a.Issuer + " belongs to another account",
			Hint: "headrace user list shows whose it is; one identity is one account"}
	}
	return nil
}

// UpdateAccount changes everything but the UID of the account with a's ID, if its revision still is a.Revision, and with end also ends
// all its sessions. Conflict if it is not (code stale_revision), if the name is taken, or if no admin who may sign in would be left (last_admin).
func (s *Store) UpdateAccount(ctx context.Context, a Account, end bool) (Account, error) {
	err := s.inTx(ctx, func(t tx) error {
		if err := t.lockAccounts(ctx); err != nil {
			return err
		}
		if err := t.freeAccount(ctx, a); err != nil {
			return err
		}
		a.Updated = moment(micros(s.now()))
		if err := t.keepAdmin(ctx, func() error {
			n, err := t.changed(ctx, `UPDATE account SET name = ?, display = ?, email = ?, role = ?, password = ?, issuer = ?, subject = ?, disabled = ?, updated = ?,
				revision = revision + 1 WHERE id = ? AND revision = ?`, a.Name, a.Display, a.Email, a.Role, a.Password, a.Issuer, a.Subject, flag(a.Disabled), micros(a.Updated), a.ID, a.Revision)
			if err == nil && n == 0 {
				return stale("user", a.Name)
			}
			return err
		}); err != nil {
			return err
		}
		if end {
			return t.exec(ctx, `DELETE FROM account_session WHERE account_id = ?`, a.ID)
		}
		return nil
	})
	if err == nil {
		a.Revision++
	}
	return a, err
}

// DeleteAccount removes an account with its sessions and tokens. Conflict as UpdateAccount.
func (s *Store) DeleteAccount(ctx context.Context, a Account) error {
	return s.inTx(ctx, func(t tx) error {
		if err := t.lockAccounts(ctx); err != nil {
			return err
		}
		if err := t.keepAdmin(ctx, func() error {
			n, err := t.changed(ctx, `DELETE FROM account WHERE id = ? AND revision = ?`, a.ID, a.Revision)
			if err == nil && n == 0 {
				return stale("user", a.Name)
			}
			return err
		}); err != nil {
			return err
		}
		if err := t.exec(ctx, `DELETE FROM account_session WHERE account_id = ?`, a.ID); err != nil {
			return err
		}
		return t.exec(ctx, `DELETE FROM account_token WHERE account_id = ?`, a.ID)
	})
}

// keepAdmin refuses a change that takes the last admin who may sign in.
func (t tx) keepAdmin(ctx context.Context, change func() error) error {
	admins := func() (n int, err error) {
		err = t.row(ctx, `SELECT count(*) FROM account WHERE role = ? AND disabled = 0`, adminRole).Scan(&n)
		return n, err
	}
	before, err := admins()
	if err != nil {
		return err
	}
	if err := change(); err != nil {
		return err
	}
	after, err := admins()
	if err == nil && before > 0 && after == 0 {
		err = &fault.Error{Class: fault.Conflict, Code: "last_admin", Title: "this is the last admin who may sign in",
			Hint: "make another account an admin first: headrace user edit NAME --role admin"}
	}
	return err
}

// Rehash replaces an account's password hash by another of the same password, if nobody changed it meanwhile.
func (s *Store) Rehash(ctx context.Context, a Account, hash string) error {
	return s.inTx(ctx, func(t tx) error {
		return t.exec(ctx, `UPDATE account SET password = ? WHERE id = ? AND password = ?`, hash, a.ID, a.Password)
	})
}

func stale(kind, name string) error {
	return &fault.Error{Class: fault.Conflict, Code: "stale_revision", Title: kind + " " + name + " was changed or removed by somebody else in the meantime",
		Hint: "look at it again and repeat the change"}
}
