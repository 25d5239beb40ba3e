package cli

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/headrace/headrace/internal/account"
	"github.com/headrace/headrace/internal/api"
	"github.com/headrace/headrace/internal/store"
)

func (s *session) tokenCommand() *cobra.Command {
	c := &cobra.Command{Use: "token", Aliases: []string{"tokens"}, Short: "What scripts sign in with",
		Long:    "A script sends an API token with each request: Authorization: Bearer hrt_… A token can do no more than who made it; it is shown once, and only its hash is kept.",
		Example: examples("headrace token create backup-script --role viewer --scope flow:read", "", "headrace token list", "")}
	c.AddCommand(s.tokenCreate(), s.tokenList(), s.tokenRevoke())
	return c
}

func (s *session) tokenCreate() *cobra.Command {
	var (
		in   api.TokenDraft
		role string
	)
	c := &cobra.Command{Use: "create NAME", Short: "Make a token; it is written once, to standard output", Args: exactly(1),
		Example: examples("headrace token create ci --role operator --scope flow --scope run:read", "", "headrace token create prometheus --role viewer --expires never > token.txt", ""),
		RunE: func(cmd *cobra.Command, args []string) error {
			in.Name, in.Role = args[0], account.Role(role)
			k, err := call(s, cmd, api.TokenCreate, in)
			if err != nil {
				return err
			}
			s.done("made  token %s (%s), %s, until %s; it can't be shown again", k.Name, k.UID, k.Role, until(k.Expires))
			if s.format() == "table" || s.format() == "wide" || s.format() == "id" {
				return s.print(k.Text + "\n")
			}
			return one(s, k, k.UID, nil)
		}}
	c.Flags().StringVar(&role, "role", "", "viewer, operator or admin; at most your own, which is the default")
	c.Flags().StringSliceVar(&in.Scopes, "scope", nil, "what it is for: flow, or flow:read for looking only; may be repeated; none: all")
	c.Flags().StringVar(&in.Expires, "expires", "90d", "how long it lives: 90d, 12h, or never")
	return c
}

func tokenScopes(k store.Token) string {
	if len(k.Scopes) == 0 {
		return "all"
	}
	return strings.Join(k.Scopes, ", ")
}

func (s *session) tokenList() *cobra.Command {
	var all bool
	c := &cobra.Command{Use: "list", Short: "List your tokens, the newest first", Args: noArgs, Example: examples("headrace token list", "", "headrace token list --all", "everybody's, for an admin"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			tokens, err := everyOf(s, cmd, api.TokenList, api.TokenQuery{All: all})
			if err != nil {
				return err
			}
			return list(s, tokens, func(k store.Token) string { return k.UID }, "There are none.", []column[store.Token]{
				{head: "NAME", text: func(k store.Token) string { return k.Name }},
				{head: "ID", text: func(k store.Token) string { return k.UID }},
				{head: "OF", text: func(k store.Token) string { return yes(k.Owner == "", "(nobody)", k.Owner) }},
				{head: "ROLE", text: func(k store.Token) string { return k.Role }},
				{head: "FOR", text: tokenScopes},
				{head: "UNTIL", text: func(k store.Token) string { return until(k.Expires) }},
				{head: "USED", text: func(k store.Token) string { return ago(k.Used) }},
				{head: "USED FROM", text: func(k store.Token) string { return k.UsedFrom }, wide: true},
			})
		}}
	c.Flags().BoolVar(&all, "all", false, "everybody's, for an admin")
	return c
}

func (s *session) tokenRevoke() *cobra.Command {
	return &cobra.Command{Use: "revoke ID", Short: "End a token for good, by its ID or, if it is yours, its name", Args: exactly(1), Example: examples("headrace token revoke tok_abc", "", "headrace token revoke ci", ""),
		RunE: func(cmd *cobra.Command, args []string) error {
			if _, err := call(s, cmd, api.TokenRevoke, api.Marked{ID: args[0]}); err != nil {
				return err
			}
			s.done("revoked token %s", args[0])
			return nil
		}}
}
