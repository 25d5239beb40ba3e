package api

import (
	"context"
	"encoding/json"

	"github.com/headrace/headrace/internal/account"
	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/store"
)

// A TokenQuery picks tokens.
type TokenQuery struct {
	Query
	All bool `json:"all,omitempty" doc:"everybody's, for an admin; else one's own"`
}

// TokenList lists tokens, the newest first. Nobody can see their texts again.
var TokenList = Operation[TokenQuery, Page[store.Token]]{Name: "token.list", Route: "GET /tokens", Summary: "List API tokens", Do: func(ctx context.Context, s *Services, in TokenQuery) (Page[store.Token], error) {
	return paged(s.Accounts.Tokens(ctx, in.All, in.Q, in.After, in.most()))
}}

// A TokenDraft is a token to be made.
type TokenDraft struct {
	Name    string       `json:"name" doc:"what it is for"`
	Role    account.Role `json:"role,omitempty" enum:"viewer,operator,admin" doc:"at most the maker's; the maker's if not said"`
	Scopes  []string     `json:"scopes,omitempty" doc:"what it is for: nouns of operations as flow, or flow:read for looking only; none: all"`
	Expires string       `json:"expires,omitempty" doc:"how long it lives, as 90d or 12h, or never; 90d if not said"`
}

// NeverExpires is the life of a token without an end.
const NeverExpires = "never"

// A NewToken is a token with its text, which is shown this once.
type NewToken struct {
	store.Token
	Text string `json:"token" doc:"the token itself; it can't be shown again"`
}

// told is the token as the audit log keeps it.
func (t NewToken) told() (json.RawMessage, string) {
	raw, _ := json.Marshal(map[string]any{"role": t.Role, "scopes": t.Scopes, "expires": t.Expires})
	return raw, t.UID
}

// TokenCreate makes a token of who asks.
var TokenCreate = Operation[TokenDraft, NewToken]{Name: "token.create", Route: "POST /tokens", Role: account.Viewer, Changes: true, Creates: true, Reveals: true, Summary: "Make an API token; its text is shown this once", Do: func(ctx context.Context, s *Services, in TokenDraft) (NewToken, error) {
	d := account.TokenDraft{Name: in.Name, Role: in.Role, Scopes: in.Scopes, Never: in.Expires == NeverExpires}
	if in.Expires != "" && !d.Never {
		life, err := connector.ParseDuration(in.Expires)
		if err != nil || life <= 0 {
			return NewToken{}, fault.Problems{{Field: "expires", Text: "is no time to live; write it like 90d or 12h, or never"}}.Err()
		}
		d.Life = life
	}
	made, err := s.Accounts.CreateToken(ctx, d)
	return NewToken{Token: made.Token, Text: made.Text.Reveal()}, err
}}

// TokenRevoke ends a token for good.
var TokenRevoke = Operation[Marked, None]{Name: "token.revoke", Route: "DELETE /tokens/{id}", Role: account.Viewer, Changes: true, Summary: "Revoke an API token, by its ID or, if it is one's own, its name", Do: func(ctx context.Context, s *Services, in Marked) (None, error) {
	_, err := s.Accounts.Revoke(ctx, in.ID)
	return None{}, err
}}
