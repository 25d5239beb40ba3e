package store

import (
	"context"

	"github.com/headrace/headrace/internal/fault"
)

// PutSetupCode stores the hash of a node's code for making the first account; the node's old one is void, and so are those of nodes that
// are gone. On SQLite there is one node, and so one code. False if there are accounts already: no code is needed.
func (s *Store) PutSetupCode(ctx context.Context, node string, hash []byte) (bool, error) {
	needed := false
	err := s.inTx(ctx, func(t tx) error {
		if err := t.lockAccounts(ctx); err != nil {
			return err
		}
		var n int
		if err := t.row(ctx, `SELECT count(*) FROM account`).Scan(&n); err != nil {
			return err
		}
		if needed = n == 0; !needed {
			return t.exec(ctx, `DELETE FROM account_setup`)
		}
		gone, args := `DELETE FROM account_setup`, []any{}
		if s.Shared() {
			gone, args = `DELETE FROM account_setup WHERE node = ? OR node NOT IN (SELECT name FROM node WHERE seen >= ?)`, []any{node, micros(s.now().Add(-forgetAfter))}
		}
		if err := t.exec(ctx, gone, args...); err != nil {
			return err
		}
		return t.exec(ctx, `INSERT INTO account_setup (node, hash, made) VALUES (?,?,?)`, node, hash, micros(s.now()))
	})
	return needed, err
}

// CreateFirstAccount makes the first account if a node's code has this hash, and with it the account's first session. Every code is
// void from then on. Denied (code setup_code_wrong) if no code has it; Conflict (set_up_already) if there are accounts.
func (s *Store) CreateFirstAccount(ctx context.Context, code []byte, a Account, token []byte, se Session) (Session, error) {
	err := s.inTx(ctx, func(t tx) error {
		if err := t.lockAccounts(ctx); err != nil {
			return err
		}
		var accounts, codes int
		if err := t.row(ctx, `SELECT count(*) FROM account`).Scan(&accounts); err != nil {
			return err
		}
		if accounts > 0 {
			return &fault.Error{Class: fault.Conflict, Code: "set_up_already", Title: "the first account was made already", Hint: "sign in with it. On the server, `headrace user list` names the accounts and `headrace user password NAME` sets a new password"}
		}
		if err := t.row(ctx, `SELECT count(*) FROM account_setup WHERE hash = ?`, code).Scan(&codes); err != nil {
			return err
		}
		if codes == 0 {
			return &fault.Error{Class: fault.Denied, Code: "setup_code_wrong", Title: "this is not the set-up code", Hint: "headrace serve prints it when it starts; each start prints a new one, and only the newest is valid"}
		}
		if err := t.exec(ctx, `DELETE FROM account_setup`); err != nil {
			return err
		}
		if err := t.insertAccount(ctx, &a); err != nil {
			return err
		}
		se.Account = a
		return t.insertSession(ctx, token, &se)
	})
	return se, err
}
