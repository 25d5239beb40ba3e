package api

import (
	"context"
	"net/http"
	"time"

	"github.com/headrace/headrace/internal/account"
	"github.com/headrace/headrace/internal/api/guard"
	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/store"
)

// A Door says how one comes in.
type Door struct {
	Setup    bool   `json:"setup" doc:"there is no account yet: the first one is made with the set-up code that headrace serve printed"`
	SignedIn bool   `json:"signed_in" doc:"whoever asks is somebody already: GET /session tells who"`
	Provider string `json:"provider,omitempty" doc:"the name of the service that signs people in too, by a link to /api/v1/oidc/begin"`
}

// SetupShow tells how one comes in.
var SetupShow = Operation[None, Door]{Name: "setup.show", Route: "GET /setup", Public: true, Summary: "Tell whether the first account is missing, and how one signs in", Do: func(ctx context.Context, s *Services, _ None) (Door, error) {
	needed, err := s.Accounts.NeedsSetup(ctx)
	_, known := account.Of(ctx)
	return Door{Setup: needed, SignedIn: known, Provider: s.Provider}, err
}}

// A FirstAccount is what the set-up page asks for.
type FirstAccount struct {
	Code        string    `json:"code" doc:"the one-time set-up code that headrace serve printed"`
	Name        string    `json:"name"`
	DisplayName string    `json:"display_name,omitempty"`
	Email       string    `json:"email,omitempty"`
	Password    Sensitive `json:"password"`
}

// SetupCreate makes the first account and signs it in.
var SetupCreate = Operation[FirstAccount, SignedIn]{Name: "setup.create", Route: "POST /setup", Public: true, Changes: true, Summary: "Make the first account with the set-up code, and sign in", Do: func(ctx context.Context, s *Services, in FirstAccount) (SignedIn, error) {
	made, err := s.Accounts.SetUp(ctx, in.Code, account.Draft{Name: in.Name, Display: in.DisplayName, Email: in.Email, Password: in.Password.Text}, guard.Of(ctx).Visit())
	return signedIn(ctx, s, made, err)
}}

// A SessionView is who asks, and what a page of theirs needs.
type SessionView struct {
	Kind    string         `json:"kind" enum:"user,token,local" doc:"local: who opened the data folder"`
	Name    string         `json:"name"`
	Role    account.Role   `json:"role"`
	Scopes  []string       `json:"scopes" doc:"what a token is for; empty: all"`
	CSRF    string         `json:"csrf,omitempty" doc:"send it as X-Headrace-CSRF with each change"`
	Account *store.Account `json:"account,omitempty"`
	Session string         `json:"session,omitempty" doc:"the ID of this session"`
	Expires time.Time      `json:"expires,omitzero" doc:"when session or token end whatever is done with them"`
}

// SignedIn is the answer to signing in: with it comes the session's cookie.
type SignedIn struct {
	SessionView
	cookie *http.Cookie
}

// Header sets the cookie.
func (s SignedIn) Header(h http.Header) {
	if s.cookie != nil {
		h.Add("Set-Cookie", s.cookie.String())
	}
}

func signedIn(ctx context.Context, s *Services, in account.SignedIn, err error) (SignedIn, error) {
	if err != nil {
		return SignedIn{}, err
	}
	a := in.Account
	return SignedIn{
		SessionView: SessionView{Kind: account.User, Name: a.Name, Role: account.Role(a.Role), Scopes: []string{}, CSRF: in.CSRF, Account: &a, Session: in.Session.UID, Expires: in.Session.Expires},
		cookie:      guard.Cookie(guard.Of(ctx), in.Token, in.Session.Expires, s.Store.Now()),
	}, nil
}

// A SignIn is a name and its password.
type SignIn struct {
	Name     string    `json:"name"`
	Password Sensitive `json:"password"`
}

// SessionBegin signs in. A session that the browser had ends.
var SessionBegin = Operation[SignIn, SignedIn]{Name: "session.begin", Route: "POST /session", Public: true, Changes: true, Summary: "Sign in with name and password", Do: func(ctx context.Context, s *Services, in SignIn) (SignedIn, error) {
	made, err := s.Accounts.SignIn(ctx, in.Name, in.Password.Text, guard.Of(ctx).Visit())
	if err == nil {
		if who, ok := account.Of(ctx); ok && who.Session != "" {
			if err := s.Accounts.EndSession(ctx, ""); err != nil && fault.ClassOf(err) != fault.NotFound {
				return SignedIn{}, err
			}
		}
	}
	return signedIn(ctx, s, made, err)
}}

// SessionShow tells who asks.
var SessionShow = Operation[None, SessionView]{Name: "session.show", Route: "GET /session", Summary: "Tell who is signed in", Do: func(ctx context.Context, s *Services, _ None) (SessionView, error) {
	who, _ := account.Of(ctx)
	v := SessionView{Kind: who.Kind, Name: who.Name, Role: who.Role, Scopes: append([]string{}, who.Scopes...), Session: who.Session, Expires: who.Until}
	if token := guard.Of(ctx).Session; !token.Empty() {
		v.CSRF = account.CSRF(token)
	}
	if who.Person() == "" {
		return v, nil
	}
	a, err := s.Accounts.Me(ctx)
	if err != nil {
		return SessionView{}, err
	}
	v.Account = &a
	return v, nil
}}

// SignedOut is the answer to signing out: it takes the cookie back.
type SignedOut struct{ cookie *http.Cookie }

// Header takes the cookie back.
func (s SignedOut) Header(h http.Header) {
	h.Add("Set-Cookie", s.cookie.String())
	h.Set("Clear-Site-Data", `"cache"`)
}

// SessionEnd signs out.
var SessionEnd = Operation[None, SignedOut]{Name: "session.end", Route: "DELETE /session", Role: account.Viewer, Changes: true, Summary: "Sign out", Do: func(ctx context.Context, s *Services, _ None) (SignedOut, error) {
	return SignedOut{guard.EndCookie(guard.Of(ctx))}, s.Accounts.EndSession(ctx, "")
}}

// A SessionItem is one of one's own sessions.
type SessionItem struct {
	store.Session
	Current bool `json:"current" doc:"the one that asks"`
}

// SessionList lists one's own sessions, the last used one first.
var SessionList = Operation[None, Page[SessionItem]]{Name: "session.list", Route: "GET /sessions", Summary: "List one's own sessions", Do: func(ctx context.Context, s *Services, _ None) (Page[SessionItem], error) {
	who, _ := account.Of(ctx)
	all, err := s.Accounts.Sessions(ctx)
	items := make([]SessionItem, len(all))
	for i, se := range all {
		items[i] = SessionItem{Session: se, Current: se.UID == who.Session}
	}
	return paged(items, "", err)
}}

// A Marked picks a thing by its ID.
type Marked struct {
	ID string `json:"id"`
}

// SessionRevoke ends one of one's own sessions.
var SessionRevoke = Operation[Marked, None]{Name: "session.revoke", Route: "DELETE /sessions/{id}", Role: account.Viewer, Changes: true, Summary: "End one of one's own sessions", Do: func(ctx context.Context, s *Services, in Marked) (None, error) {
	return None{}, s.Accounts.EndSession(ctx, in.ID)
}}

// SessionRevokeOthers ends all of one's own sessions but the one that asks.
var SessionRevokeOthers = Operation[None, None]{Name: "session.revoke-others", Route: "POST /sessions/end-others", Role: account.Viewer, Changes: true, Summary: "End all of one's own sessions but this one", Do: func(ctx context.Context, s *Services, _ None) (None, error) {
	return None{}, s.Accounts.EndOthers(ctx)
}}

// A PasswordChange changes one's own password.
type PasswordChange struct {
	Old Sensitive `json:"old_password"`
	New Sensitive `json:"password"`
}

// SessionPassword changes one's own password. All sessions end; the one that asks gets a new cookie.
var SessionPassword = Operation[PasswordChange, SignedIn]{Name: "session.password", Route: "PUT /session/password", Role: account.Viewer, Changes: true, Summary: "Change one's own password", Do: func(ctx context.Context, s *Services, in PasswordChange) (SignedIn, error) {
	made, err := s.Accounts.ChangePassword(ctx, in.Old.Text, in.New.Text, guard.Of(ctx).Visit())
	return signedIn(ctx, s, made, err)
}}
