package api

import (
	"context"

	"github.com/headrace/headrace/internal/account"
	"github.com/headrace/headrace/internal/store"
)

// most is how many things a page has.
func (q Query) most() int {
	switch {
	case q.Limit <= 0:
		return 100
	case q.Limit > mostItems:
		return mostItems
	}
	return q.Limit
}

// UserList lists accounts.
var UserList = Operation[Query, Page[store.Account]]{Name: "user.list", Route: "GET /users", Role: account.Admin, Summary: "List accounts", Do: func(ctx context.Context, s *Services, in Query) (Page[store.Account], error) {
	all, err := s.Accounts.Users(ctx, in.Q, in.After, in.most()+1)
	next := ""
	if len(all) > in.most() {
		all = all[:in.most()]
		next = all[len(all)-1].Name
	}
	return paged(all, next, err)
}}

// UserShow shows one; who is no admin sees the own one only.
var UserShow = Operation[Named, store.Account]{Name: "user.show", Route: "GET /users/{name}", Summary: "Show an account", Do: func(ctx context.Context, s *Services, in Named) (store.Account, error) {
	return s.Accounts.User(ctx, in.Name)
}}

// A UserDraft is an account to be made.
type UserDraft struct {
	Name        string       `json:"name"`
	DisplayName string       `json:"display_name,omitempty"`
	Email       string       `json:"email,omitempty"`
	Role        account.Role `json:"role" enum:"viewer,operator,admin"`
	Password    Sensitive    `json:"password"`
}

// UserAdd makes an account.
var UserAdd = Operation[UserDraft, store.Account]{Name: "user.add", Route: "POST /users", Role: account.Admin, Of: account.User, Changes: true, Creates: true, Summary: "Make an account", Do: func(ctx context.Context, s *Services, in UserDraft) (store.Account, error) {
	return s.Accounts.Create(ctx, account.Draft{Name: in.Name, Display: in.DisplayName, Email: in.Email, Role: in.Role, Password: in.Password.Text})
}}

// A UserChange edits an account; what is not said stays.
type UserChange struct {
	Name        string        `json:"name"`
	Revision    int64         `json:"revision,omitempty"` // the one it was made from; 0: whatever is there
	Rename      *string       `json:"rename,omitempty"`
	DisplayName *string       `json:"display_name,omitempty"`
	Email       *string       `json:"email,omitempty"`
	Role        *account.Role `json:"role,omitempty" enum:"viewer,operator,admin"`
	Disabled    *bool         `json:"disabled,omitempty" doc:"may not sign in, and neither may its tokens"`
}

// UserEdit changes an account. Another role, and disabling, end its sessions.
var UserEdit = Operation[UserChange, store.Account]{Name: "user.edit", Route: "PATCH /users/{name}", Role: account.Admin, Of: account.User, Changes: true, Summary: "Change an account: name, role, whether it may sign in", Do: func(ctx context.Context, s *Services, in UserChange) (store.Account, error) {
	_, after, err := s.Accounts.Edit(ctx, in.Name, account.Edit{Revision: in.Revision, Name: in.Rename, Display: in.DisplayName, Email: in.Email, Role: in.Role, Disabled: in.Disabled})
	return after, err
}}

// A UserPasswordChange gives an account another password.
type UserPasswordChange struct {
	Name     string    `json:"name"`
	Revision int64     `json:"revision,omitempty"`
	Password Sensitive `json:"password"`
}

// UserPassword gives another's account a new password; its sessions end.
var UserPassword = Operation[UserPasswordChange, store.Account]{Name: "user.password", Route: "PUT /users/{name}/password", Role: account.Admin, Of: account.User, Changes: true, Summary: "Give an account a new password", Do: func(ctx context.Context, s *Services, in UserPasswordChange) (store.Account, error) {
	return s.Accounts.SetPassword(ctx, in.Name, in.Revision, in.Password.Text)
}}

// A UserRemoval removes an account.
type UserRemoval struct {
	Name     string `json:"name"`
	Revision int64  `json:"revision,omitempty"`
}

// UserRemove removes an account with its sessions and tokens.
var UserRemove = Operation[UserRemoval, None]{Name: "user.remove", Route: "DELETE /users/{name}", Role: account.Admin, Of: account.User, Changes: true, Summary: "Remove an account with its sessions and tokens", Do: func(ctx context.Context, s *Services, in UserRemoval) (None, error) {
	_, err := s.Accounts.Remove(ctx, in.Name, in.Revision)
	return None{}, err
}}
