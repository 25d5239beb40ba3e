package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/headrace/headrace/internal/account"
	"github.com/headrace/headrace/internal/api"
	"github.com/headrace/headrace/internal/secret"
	"github.com/headrace/headrace/internal/store"
)

func (s *session) userCommand() *cobra.Command {
	c := &cobra.Command{Use: "user", Aliases: []string{"users"}, Short: "Who may sign in to the web UI and the API",
		Long:    "Roles: viewer sees everything but secrets; operator also pauses, runs, backfills, replays, and makes and changes sources, destinations and flows; admin also credentials, users, tokens of others, keys and the audit log.\nWho can open the data folder needs no account, and can always make one or set a new password here.",
		Example: examples("headrace user add ada --role operator", "", "headrace user list", "")}
	c.AddCommand(s.userAdd(), s.userList(), s.userShow(), s.userEdit(), s.userPassword(), s.userAble("disable", true), s.userAble("enable", false), s.userRemove())
	return c
}

func userState(a store.Account) string { return yes(a.Disabled, "disabled", "active") }

func userSignIn(a store.Account) string {
	switch {
	case a.Issuer != "" && a.HasPassword:
		return "password, " + a.Issuer
	case a.Issuer != "":
		return a.Issuer
	}
	return "password"
}

func (s *session) showUser(a store.Account) error {
	return one(s, a, a.Name, []pair{{"name", a.Name}, {"id", a.UID}, {"display name", a.Display}, {"e-mail", a.Email}, {"role", a.Role}, {"state", userState(a)},
		{"signs in by", userSignIn(a)}, {"last sign-in", ago(a.SignedIn)}, {"revision", fmt.Sprint(a.Revision)}})
}

func (s *session) userAdd() *cobra.Command {
	var (
		in    api.UserDraft
		role  string
		stdin bool
	)
	c := &cobra.Command{Use: "add NAME", Short: "Make an account", Args: exactly(1),
		Example: examples("headrace user add ada --role operator", "asks for a password", "headrace user add ada --role viewer --display-name \"Ada L.\" --password-stdin < password.txt", ""),
		RunE: func(cmd *cobra.Command, args []string) error {
			in.Name, in.Role = args[0], account.Role(role)
			password, err := s.newPassword(stdin)
			if err != nil {
				return err
			}
			in.Password = api.Secret(password)
			a, err := call(s, cmd, api.UserAdd, in)
			if err != nil {
				return err
			}
			s.done("made  user %s (%s)", a.Name, a.Role)
			return s.showUser(a)
		}}
	c.Flags().StringVar(&role, "role", "", "viewer, operator or admin")
	c.Flags().StringVar(&in.DisplayName, "display-name", "", "name as others see it")
	c.Flags().StringVar(&in.Email, "email", "", "e-mail address")
	c.Flags().BoolVar(&stdin, "password-stdin", false, "read the password from standard input")
	_ = c.MarkFlagRequired("role")
	return c
}

func (s *session) userList() *cobra.Command {
	return &cobra.Command{Use: "list", Short: "List accounts", Args: noArgs, Example: examples("headrace user list", "", "headrace user list -o wide", ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			all, err := every(s, cmd, api.UserList)
			if err != nil {
				return err
			}
			return list(s, all, func(a store.Account) string { return a.Name }, "There are none. headrace user add NAME --role admin makes the first one; in the browser the set-up code does.", []column[store.Account]{
				{head: "NAME", text: func(a store.Account) string { return a.Name }},
				{head: "DISPLAY NAME", text: func(a store.Account) string { return a.Display }},
				{head: "ROLE", text: func(a store.Account) string { return a.Role }},
				{head: "STATE", text: userState},
				{head: "LAST SIGN-IN", text: func(a store.Account) string { return ago(a.SignedIn) }},
				{head: "E-MAIL", text: func(a store.Account) string { return a.Email }, wide: true},
				{head: "SIGNS IN BY", text: userSignIn, wide: true},
			})
		}}
}

func (s *session) userShow() *cobra.Command {
	return &cobra.Command{Use: "show NAME", Short: "Show an account", Args: exactly(1), Example: examples("headrace user show ada", "", "headrace user show ada --json", ""),
		RunE: func(cmd *cobra.Command, args []string) error {
			a, err := call(s, cmd, api.UserShow, api.Named{Name: args[0]})
			if err != nil {
				return err
			}
			return s.showUser(a)
		}}
}

func (s *session) userEdit() *cobra.Command {
	var (
		in                           api.UserChange
		rename, display, email, role string
	)
	c := &cobra.Command{Use: "edit NAME", Short: "Change an account; another role ends its sessions", Args: exactly(1),
		Example: examples("headrace user edit ada --role admin", "", "headrace user edit ada --rename ada.lovelace --email ada@contoso.com", ""),
		RunE: func(cmd *cobra.Command, args []string) error {
			in.Name = args[0]
			set := func(flag string, to **string, v *string) {
				if cmd.Flags().Changed(flag) {
					*to = v
				}
			}
			set("rename", &in.Rename, &rename)
			set("display-name", &in.DisplayName, &display)
			set("email", &in.Email, &email)
			if cmd.Flags().Changed("role") {
				in.Role = new(account.Role(role))
			}
			if in.Rename == nil && in.DisplayName == nil && in.Email == nil && in.Role == nil {
				return usage("nothing to change was given").WithHint("headrace user edit -h shows what can be changed.")
			}
			a, err := call(s, cmd, api.UserEdit, in)
			if err != nil {
				return err
			}
			s.done("changed  user %s", a.Name)
			return s.showUser(a)
		}}
	c.Flags().Int64Var(&in.Revision, "revision", 0, "refuse if it has another revision by now")
	c.Flags().StringVar(&rename, "rename", "", "new name for signing in")
	c.Flags().StringVar(&display, "display-name", "", "name as others see it")
	c.Flags().StringVar(&email, "email", "", "e-mail address")
	c.Flags().StringVar(&role, "role", "", "viewer, operator or admin")
	return c
}

func (s *session) userPassword() *cobra.Command {
	var stdin bool
	c := &cobra.Command{Use: "password [NAME]", Short: "Give an account a new password, or change one's own; its sessions end", Args: cobra.MaximumNArgs(1),
		Long:    "Without a name it is one's own on the server of the context in use: the present password is asked for first. With --password-stdin it stands on the first line, the new one on the second.\nAnother's password is an admin's to set, or of who can open the data folder.",
		Example: examples("headrace user password", "one's own; asks for it", "headrace user password ada", "", "headrace user password ada --password-stdin < password.txt", ""),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return s.ownPassword(cmd.Context(), stdin)
			}
			password, err := s.newPassword(stdin)
			if err != nil {
				return err
			}
			a, err := call(s, cmd, api.UserPassword, api.UserPasswordChange{Name: args[0], Password: api.Secret(password)})
			if err != nil {
				return err
			}
			s.done("changed  the password of %s; its sessions have ended", a.Name)
			return nil
		}}
	c.Flags().BoolVar(&stdin, "password-stdin", false, "read the password from standard input")
	return c
}

// ownPassword changes the password of who is signed in to the context's server. That takes a session of theirs: a token may not.
func (s *session) ownPassword(ctx context.Context, stdin bool) error {
	c, err := s.place()
	if err != nil {
		return err
	}
	if c == nil {
		return usage("one's own password is changed on a server that one is signed in to").WithHint("headrace login first, or name the account: headrace user password NAME.")
	}
	old, password, err := s.passwords(stdin)
	if err != nil {
		return err
	}
	anew := *c
	anew.Token = api.Sensitive{}
	remote, err := anew.reach()
	if err != nil {
		return err
	}
	defer func() { _ = remote.Close() }()
	in, err := api.Call(ctx, remote, api.SessionBegin, api.SignIn{Name: c.User, Password: api.Secret(old)})
	if err != nil {
		return err
	}
	remote.Signed(in)
	if in, err = api.Call(ctx, remote, api.SessionPassword, api.PasswordChange{Old: api.Secret(old), New: api.Secret(password)}); err != nil {
		return err
	}
	remote.Signed(in)
	if _, err := api.Call(ctx, remote, api.SessionEnd, api.None{}); err != nil {
		s.log.Debug("the session that changed the password could not be ended; it ends by itself", "err", err)
	}
	s.done("changed  the password of %s; its sessions have ended, its tokens stay", c.User)
	return nil
}

// passwords reads the present password and a new one.
func (s *session) passwords(stdin bool) (old, password secret.Text, err error) {
	if !stdin {
		if old, err = s.password("Present password (it is not shown): ", false); err != nil {
			return old, password, err
		}
		password, err = s.newPassword(false)
		return old, password, err
	}
	text, err := s.secretInput("standard input")
	if err != nil {
		return old, password, err
	}
	first, second, _ := strings.Cut(text.Reveal(), "\n")
	if second = strings.TrimRight(second, "\r\n"); second == "" {
		return old, password, usage("standard input has no second line").WithHint("The present password stands on the first line, the new one on the second.")
	}
	return secret.New(strings.TrimRight(first, "\r")), secret.New(second), nil
}

func (s *session) userAble(verb string, disabled bool) *cobra.Command {
	short := yes(disabled, "Let an account and its tokens no longer in; its sessions end", "Let a disabled account in again")
	return &cobra.Command{Use: verb + " NAME", Short: short, Args: exactly(1), Example: examples("headrace user "+verb+" ada", "", "headrace user "+verb+" ada -q", ""),
		RunE: func(cmd *cobra.Command, args []string) error {
			a, err := call(s, cmd, api.UserEdit, api.UserChange{Name: args[0], Disabled: &disabled})
			if err != nil {
				return err
			}
			s.done("%sd  user %s", verb, a.Name)
			return nil
		}}
}

func (s *session) userRemove() *cobra.Command {
	return &cobra.Command{Use: "remove NAME", Short: "Remove an account with its sessions and tokens", Args: exactly(1),
		Example: examples("headrace user remove ada", "", "headrace user remove ada --confirm=ada", "without asking"),
		RunE: func(cmd *cobra.Command, args []string) error {
			a, err := call(s, cmd, api.UserShow, api.Named{Name: args[0]})
			if err != nil {
				return err
			}
			if err := s.certain(a.Name, fmt.Sprintf("User %s will be gone, with its sessions and tokens. What it did stays in the audit log. (headrace user disable keeps it.)", a.Name)); err != nil {
				return err
			}
			if _, err := call(s, cmd, api.UserRemove, api.UserRemoval{Name: a.UID, Revision: a.Revision}); err != nil {
				return err
			}
			s.done("removed user %s", a.Name)
			return nil
		}}
}
