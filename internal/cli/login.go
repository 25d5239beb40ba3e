package cli

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/headrace/headrace/internal/api"
	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/secret"
)

// loginFlags say which server, and how one signs in there.
type loginFlags struct {
	name, server, user, ca    string
	tokenStdin, passwordStdin bool
}

func (f *loginFlags) add(c *cobra.Command) {
	c.Flags().StringVar(&f.server, "server", "", "address of the server: https://headrace.contoso.com")
	c.Flags().BoolVar(&f.tokenStdin, "token-stdin", false, "read an API token from standard input")
	c.Flags().StringVar(&f.ca, "ca", "", "PEM file of who signed the server's certificate, if the system does not know them")
}

// place begins a context.
func (f loginFlags) place(s *session) (place, error) {
	if f.server == "" {
		return place{}, usage("--server is missing").WithHint("For example --server https://headrace.contoso.com")
	}
	server, err := api.ServerAddress(f.server)
	if err != nil {
		return place{}, err
	}
	c := place{Name: f.name, Server: server}
	if c.Name == "" {
		if u, err := url.Parse(server); err == nil {
			c.Name = u.Host
		}
	}
	if c.Name == localPlace || strings.ContainsAny(c.Name, " \t\n") {
		return place{}, usage("%q can't be a context's name", c.Name).WithHint("local is this machine; choose another name without blanks.")
	}
	if f.ca != "" {
		raw, err := os.ReadFile(f.ca)
		if err != nil {
			return place{}, usage("--ca: %v", err)
		}
		c.CA = string(raw)
	}
	return c, nil
}

func (s *session) loginCommand() *cobra.Command {
	var f loginFlags
	c := &cobra.Command{Use: "login [NAME]", Short: "Sign in to a server; commands go there from then on", Args: cobra.MaximumNArgs(1),
		Long: "Signs in with name and password and makes an API token of 90 days for this machine, or takes a token that was made elsewhere (--token-stdin). The password is not kept. " +
			"The token is kept in $XDG_CONFIG_HOME/headrace/contexts.json, for its owner only; headrace logout revokes it. A server on this machine needs no login: commands reach it by its data folder.",
		Example: examples("headrace login --server https://headrace.contoso.com", "asks for name and password", "headrace login production --server https://headrace.contoso.com --token-stdin < token.txt", ""),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				f.name = args[0]
			}
			if f.tokenStdin {
				return s.addPlace(cmd.Context(), f)
			}
			return s.login(cmd.Context(), f)
		}}
	f.add(c)
	c.Flags().StringVar(&f.user, "user", "", "name of the account")
	c.Flags().BoolVar(&f.passwordStdin, "password-stdin", false, "read the password from standard input")
	return c
}

// login signs in with a password, has a token made, and keeps that.
func (s *session) login(ctx context.Context, f loginFlags) error {
	c, err := f.place(s)
	if err != nil {
		return err
	}
	if f.user == "" {
		if !s.maySpeak() {
			return usage("--user is missing, and nobody can be asked here").WithHint("Give --user NAME --password-stdin, or a token: --token-stdin.")
		}
		fmt.Fprint(s.err, "Name: ")
		if f.user, err = s.answer(); err != nil {
			return err
		}
	}
	password, err := s.password("Password (it is not shown): ", f.passwordStdin)
	if err != nil {
		return err
	}
	remote, err := c.reach()
	if err != nil {
		return err
	}
	defer func() { _ = remote.Close() }()
	in, err := api.Call(ctx, remote, api.SessionBegin, api.SignIn{Name: f.user, Password: api.Secret(password)})
	if err != nil {
		return err
	}
	remote.Signed(in)
	made, err := api.Call(ctx, remote, api.TokenCreate, api.TokenDraft{Name: machineToken(time.Now())})
	if err != nil {
		return err
	}
	c.Token, c.Ours = api.Secret(secret.New(made.Text)), made.UID
	if err := s.keepPlace(ctx, c, f); err != nil {
		return err
	}
	if _, err := api.Call(ctx, remote, api.SessionEnd, api.None{}); err != nil {
		s.log.Debug("the session that made the token could not be ended; it ends by itself", "err", err)
	}
	return nil
}

// machineToken names a token after the machine that it is for.
func machineToken(now time.Time) string {
	host, err := os.Hostname()
	if err != nil {
		host = "this machine"
	}
	return fmt.Sprintf("cli %.30s %s", host, now.UTC().Format("2006-01-02 15:04:05"))
}

// keepPlace keeps a context whose token works, and uses it from now on.
func (s *session) keepPlace(ctx context.Context, c place, f loginFlags) error {
	remote, err := c.reach()
	if err != nil {
		return err
	}
	defer func() { _ = remote.Close() }()
	v, err := api.Call(ctx, remote, api.SessionShow, api.None{})
	if err != nil {
		return err
	}
	c.User = v.Name
	if v.Account != nil {
		c.User = v.Account.Name
	}
	p, err := s.places()
	if err != nil {
		return err
	}
	p.put(c)
	p.Current = c.Name
	if err := p.save(); err != nil {
		return err
	}
	s.done("signed in to %s as %s (%s); commands go there as context %s", c.Server, c.User, v.Role, c.Name)
	if !v.Expires.IsZero() {
		s.say("The token ends %s.", v.Expires.Local().Format(time.DateOnly))
	}
	if s.io.Getenv("HEADRACE_DATA_DIR") != "" || s.io.Getenv("HEADRACE_DATABASE") != "" {
		s.say("%s HEADRACE_DATA_DIR or HEADRACE_DATABASE is set, and wins: add --context %s to commands, or unset it.", s.yellow("!"), c.Name)
	}
	return nil
}

func (s *session) logoutCommand() *cobra.Command {
	return &cobra.Command{Use: "logout [NAME]", Short: "Revoke the token for a server and forget the server", Args: cobra.MaximumNArgs(1), Example: examples("headrace logout", "", "headrace logout production", ""),
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := s.places()
			if err != nil {
				return err
			}
			name := p.Current
			if len(args) > 0 {
				name = args[0]
			}
			if name == "" {
				return (&fault.Error{Class: fault.NotFound, Code: "context_not_found", Title: "no server is in use"}).WithHint("headrace context list shows the servers; headrace logout NAME")
			}
			i, err := p.find(name)
			if err != nil {
				return err
			}
			why := s.revokeOurs(cmd.Context(), p.Contexts[i])
			p.remove(i)
			if err := p.save(); err != nil {
				return err
			}
			if why != nil {
				s.say("%s The token could not be revoked at the server: %v. Revoke it there if others could have it.", s.yellow("!"), why)
			}
			s.done("signed out of %s", name)
			return nil
		}}
}

// revokeOurs revokes the token that login made. One that was made elsewhere may be in use elsewhere, and stays.
func (s *session) revokeOurs(ctx context.Context, c place) error {
	if c.Ours == "" {
		return nil
	}
	remote, err := c.reach()
	if err != nil {
		return err
	}
	defer func() { _ = remote.Close() }()
	_, err = api.Call(ctx, remote, api.TokenRevoke, api.Marked{ID: c.Ours})
	return err
}

// password reads a password: from standard input, or from a person who does not see it.
func (s *session) password(prompt string, stdin bool) (secret.Text, error) {
	if stdin {
		text, err := s.secretInput("standard input")
		return secret.New(strings.TrimRight(text.Reveal(), "\r\n")), err
	}
	if !s.maySpeak() {
		return secret.Text{}, usage("nobody can be asked for the password here").WithHint("Give it with --password-stdin < FILE.")
	}
	fmt.Fprint(s.err, prompt)
	raw, err := term.ReadPassword(int(s.io.In.Fd()))
	fmt.Fprintln(s.err)
	if err != nil {
		return secret.Text{}, fmt.Errorf("read the password: %w", err)
	}
	return secret.New(string(raw)), nil
}

// newPassword reads a new password, twice from a person.
func (s *session) newPassword(stdin bool) (secret.Text, error) {
	first, err := s.password("New password, at least 12 characters (it is not shown): ", stdin)
	if err != nil || stdin {
		return first, err
	}
	second, err := s.password("The same again: ", false)
	if err == nil && first.Reveal() != second.Reveal() {
		err = fault.Problems{{Field: "password", Text: "the two are not the same; nothing was changed"}}.Err()
	}
	return first, err
}

func (s *session) secretInput(what string) (secret.Text, error) {
	text, _, err := fromReader(s.io.In, what)
	return text, err
}

// until writes when something ends.
func until(t time.Time) string {
	if t.IsZero() {
		return "no end"
	}
	return t.Local().Format("2006-01-02 15:04")
}
