package cli

import (
	"context"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/headrace/headrace/internal/api"
	"github.com/headrace/headrace/internal/app"
	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/secret"
)

// patience is how long a command waits for another one to give the data folder back.
const patience = 10 * time.Second

// connect reaches the server of the context in use; without one the server of the data folder, or it opens the folder itself if
// none is running.
func (s *session) connect(ctx context.Context) (api.Conn, error) {
	c, err := s.place()
	if err != nil {
		return nil, err
	}
	if c != nil {
		s.log.Debug("the command goes to a server", "server", c.Server)
		return c.reach()
	}
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	for {
		remote, running, err := api.Dial(ctx, s.flags.data)
		if err != nil {
			return nil, err
		}
		if running {
			s.log.Debug("a server answers", "data", s.flags.data)
			return remote, nil
		}
		a, err := s.open(ctx, openOptions{})
		if err == nil {
			s.alone = true
			return a.Conn(), nil
		}
		if !isBusy(err) {
			return nil, err
		}
		select { // another command has the folder; it will not be long
		case <-time.After(200 * time.Millisecond):
		case <-deadline.C:
			return nil, err
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// mustExist refuses to make a data folder just to look into it.
func (s *session) mustExist() error {
	if c, err := s.place(); err != nil || c != nil {
		return err
	}
	if !s.databaseURL().Empty() {
		return nil
	}
	if _, err := os.Stat(s.flags.data); !errors.Is(err, fs.ErrNotExist) {
		return nil //nolint:nilerr // other trouble is told when the folder is opened
	}
	return (&fault.Error{Class: fault.NotFound, Code: "no_data_folder", Title: "there is no data folder " + s.flags.data}).
		WithHint("Choose the right one with --data DIR or HEADRACE_DATA_DIR, or begin: headrace credential add, headrace apply -f, headrace demo.")
}

func isBusy(err error) bool {
	e, ok := fault.As(err)
	return ok && e.Code == "data_folder_in_use"
}

type openOptions struct {
	init    bool
	serving bool
	access  *accessFlags // nil: what the environment says
}

// open opens everything in this process.
func (s *session) open(ctx context.Context, o openOptions) (*app.App, error) {
	flags := accessFrom(s.io.Getenv)
	if o.access != nil {
		flags = *o.access
	}
	access, err := flags.options()
	if err != nil {
		return nil, err
	}
	a, err := app.Open(ctx, app.Options{
		Data: s.flags.data, Database: s.databaseURL(), MasterKey: s.masterKey(), Access: &access,
		Init: o.init, Serving: o.serving, Connectors: s.connectors, Version: version(), Log: s.log,
	})
	if err != nil {
		return nil, err
	}
	if a.Vault.Made() && a.Vault.KeyFile() != "" {
		s.say("Made the master key %s. Back it up apart from the data: without it no saved secret can be opened again.", a.Vault.KeyFile())
	}
	return a, nil
}

func (s *session) masterKey() secret.Text {
	if s.flags.masterKey != "" {
		return secret.New(s.flags.masterKey)
	}
	return secret.New(s.io.Getenv("HEADRACE_MASTER_KEY"))
}

func (s *session) databaseURL() secret.Text {
	if s.flags.database != "" {
		return secret.New(s.flags.database)
	}
	return secret.New(s.io.Getenv("HEADRACE_DATABASE"))
}

// hasPassword tells whether a URL carries a password, in its user part or as a parameter.
func hasPassword(text string) bool {
	u, err := url.Parse(text)
	if err != nil {
		return true // better refused than shown
	}
	_, has := u.User.Password()
	return has || u.Query().Get("password") != "" || u.Query().Get("sslpassword") != ""
}

// call runs an operation and closes what was opened for it.
func call[In, Out any](s *session, cmd *cobra.Command, op api.Operation[In, Out], in In) (Out, error) {
	var none Out
	if !op.Changes {
		if err := s.mustExist(); err != nil {
			return none, err
		}
	}
	conn, err := s.connect(cmd.Context())
	if err != nil {
		return none, err
	}
	defer func() { _ = conn.Close() }()
	return api.Call(cmd.Context(), conn, op, in)
}

// every gives a whole list.
func every[In, T any, P api.Listed[In]](s *session, cmd *cobra.Command, op api.Operation[In, api.Page[T]]) ([]T, error) {
	var all In
	return everyOf[In, T, P](s, cmd, op, all)
}

// everyOf gives all that a query picks.
func everyOf[In, T any, P api.Listed[In]](s *session, cmd *cobra.Command, op api.Operation[In, api.Page[T]], in In) ([]T, error) {
	if err := s.mustExist(); err != nil {
		return nil, err
	}
	conn, err := s.connect(cmd.Context())
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close() }()
	return api.Every[In, T, P](cmd.Context(), conn, op, in)
}
