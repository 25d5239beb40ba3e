package cli

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"syscall"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/headrace/headrace/internal/api"
	"github.com/headrace/headrace/internal/app"
	"github.com/headrace/headrace/internal/fault"
)

func (s *session) serveCommand() *cobra.Command {
	var address, cert, key string
	web, access := webFlags{}, accessFlags{}
	c := &cobra.Command{Use: "serve", Short: "Collect for ever what was applied or made", Args: noArgs,
		Long: "Collects for ever and answers other commands on a socket in the data folder. The first SIGTERM or Ctrl-C finishes what was begun (at most 20 s) and exits 0; the second cuts.\n" +
			"Microsoft posts its announcements to https://HOST/webhooks/SOURCE; they only make the next listing earlier.",
		Example: examples("headrace serve", "", "headrace serve --listen :8420 --tls-cert tls.crt --tls-key tls.key", "the web UI for others too", "headrace serve --data /var/lib/headrace --webhook-addr :8443 --webhook-cert tls.crt --webhook-key tls.key", ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if s.flags.verbose == 0 && !s.flags.quiet {
				s.flags.verbose = 1 // a server tells start, stop and runs
				s.ready()
			}
			hooks, err := webhookListener(cmd.Context(), address, cert, key)
			if err != nil {
				return err
			}
			door, err := web.open(cmd.Context(), s.log)
			if err != nil {
				return err
			}
			a, err := s.open(cmd.Context(), openOptions{serving: true, access: &access})
			if err != nil {
				return err
			}
			defer func() { _ = a.Close() }()
			err = a.Serve(cmd.Context(), app.ServeOptions{Web: door, Webhooks: hooks, Ready: func() {
				s.say("Serving the data folder %s. Stop with Ctrl-C.", s.flags.data)
				s.sayDoor(cmd.Context(), a, door)
			}})
			return s.afterServing(cmd.Context(), err)
		}}
	web.add(c, s.io.Getenv)
	access.add(c, s.io.Getenv)
	c.Flags().StringVar(&address, "webhook-addr", "", "HOST:PORT where Microsoft's announcements come in; none: polling only")
	c.Flags().StringVar(&cert, "webhook-cert", "", "PEM certificate; without one put a TLS proxy before it")
	c.Flags().StringVar(&key, "webhook-key", "", "PEM key of the certificate")
	return c
}

// webhookListener takes the address for webhooks; nil for none.
func webhookListener(ctx context.Context, address, cert, key string) (net.Listener, error) {
	if address == "" {
		if cert != "" || key != "" {
			return nil, usage("--webhook-cert and --webhook-key need --webhook-addr")
		}
		return nil, nil
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, addressTrouble("--webhook-addr", address, err)
	}
	if cert == "" && key == "" {
		return l, nil
	}
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		_ = l.Close()
		return nil, usage("the webhook's certificate can't be used: %v", err).WithHint("--webhook-cert and --webhook-key are PEM files that belong together.")
	}
	return tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}), nil
}

// addressTrouble explains why an address can't be listened on.
func addressTrouble(flag, address string, err error) error {
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return (&fault.Error{Class: fault.Conflict, Code: "port_taken", Title: fmt.Sprintf("%s %s is taken by another program", flag, address), Err: err}).
			WithHint("Choose another port, or 127.0.0.1:0 for any free one. See who has it: ss -ltnp")
	case errors.Is(err, syscall.EACCES):
		return (&fault.Error{Class: fault.Denied, Code: "port_denied", Title: fmt.Sprintf("%s %s needs rights that this user doesn't have", flag, address), Err: err}).
			WithHint("Choose a port above 1023.")
	}
	return usage("%s %s: %v", flag, address, err).WithHint("It is written HOST:PORT, like 127.0.0.1:8443 or :8443.")
}

func (s *session) initCommand() *cobra.Command {
	return &cobra.Command{Use: "init", Short: "Make the data folder and the master key, or the keyset of a PostgreSQL database", Args: noArgs,
		Long:    "Makes what is needed before the first secret is saved, and tells what to back up. On SQLite every command does it by itself; on PostgreSQL it is done once, here, so that two nodes never make two keysets.",
		Example: examples("headrace init", "", "HEADRACE_DATABASE=postgres://headrace@db/headrace headrace init --master-key hashivault://headrace", ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			a, err := s.open(cmd.Context(), openOptions{init: true})
			if err != nil {
				return err
			}
			defer func() { _ = a.Close() }()
			info, err := a.Services.Keys.Describe(cmd.Context())
			if err != nil {
				return err
			}
			s.done("%s; master key %s at %s", yes(a.Vault.Made(), "ready", "was ready already"), info.MasterID, info.Master)
			s.next("headrace credential guide, then: headrace credential add")
			if s.wantsJSON() || s.format() == "yaml" {
				return s.value(map[string]any{"made": a.Vault.Made(), "key": info, "data": s.flags.data})
			}
			return nil
		}}
}

func (s *session) doctorCommand() *cobra.Command {
	return &cobra.Command{Use: "doctor", Short: "Look for trouble: folder, key, database, clock, credentials, flows", Args: noArgs,
		Long:    "Looks at everything that collecting needs and says what to do. It changes nothing; how the credentials' tests ended is remembered. Exit code 0: all is well; 6: something must be done; 7: something can't be reached.",
		Example: examples("headrace doctor", "", "headrace doctor --json", ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			d := &doctor{s: s, cmd: cmd}
			checks := d.examine(cmd.Context())
			if err := s.showChecks(checks); err != nil {
				return err
			}
			return failedChecks(checks)
		}}
}

// doctor collects findings.
type doctor struct {
	s   *session
	cmd *cobra.Command
	out api.Checks
}

func (d *doctor) add(c api.Check) {
	c.OK = c.Result == "works" || c.Result == "not_needed" || c.Result == "broader"
	d.out.OK = d.out.OK && (c.OK || c.Result == "unknown" && c.Class == "")
	d.out.Checks = append(d.out.Checks, c)
}

func (d *doctor) fail(name string, err error) {
	c := api.Check{Name: name, Result: "refused", Text: err.Error(), Class: fault.ClassOf(err).String()}
	if e, ok := fault.As(err); ok {
		c.Fix, c.Code, c.Service = e.Hint, e.Code, e.Upstream
	}
	d.add(c)
}

func (d *doctor) examine(ctx context.Context) api.Checks {
	d.out = api.Checks{Name: "doctor", OK: true, Checks: []api.Check{}}
	d.folder()
	if err := d.s.mustExist(); err != nil {
		return d.out
	}
	conn, err := d.s.connect(ctx)
	if err != nil {
		d.fail("Database and key", err)
		return d.out
	}
	defer func() { _ = conn.Close() }()
	about, err := api.Call(ctx, conn, api.AboutServer, api.None{})
	if err != nil {
		d.fail("Server", err)
		return d.out
	}
	d.add(api.Check{Name: "Database and key", Result: "works", Text: about.Database + ", opened with its key"})
	if about.Serving {
		d.add(api.Check{Name: "Server", Result: "works", Text: "running: " + about.Node + ", " + about.Version})
	} else {
		d.add(api.Check{Name: "Server", Result: "not_needed", Text: "none is running with this data folder", Fix: "headrace serve collects for ever"})
	}
	d.credentials(ctx, conn)
	d.flows(ctx, conn)
	return d.out
}

func (d *doctor) folder() {
	data := d.s.flags.data
	info, err := os.Stat(data)
	switch {
	case errors.Is(err, os.ErrNotExist):
		d.add(api.Check{Name: "Data folder", Result: "not_needed", Text: data + " is not there yet", Fix: "headrace init or the first credential makes it"})
		return
	case err != nil:
		d.fail("Data folder", err)
		return
	case info.Mode().Perm()&0o077 != 0:
		d.add(api.Check{Name: "Data folder", Result: "refused", Text: fmt.Sprintf("%s can be entered by others (mode %o)", data, info.Mode().Perm()), Fix: "chmod 700 " + data})
	default:
		d.add(api.Check{Name: "Data folder", Result: "works", Text: data})
	}
	key := app.KeyFile(data)
	if k, err := os.Stat(key); err == nil && k.Mode().Perm()&0o077 != 0 {
		d.add(api.Check{Name: "Key file", Result: "refused", Text: fmt.Sprintf("%s can be read by others (mode %o)", key, k.Mode().Perm()), Fix: "chmod 600 " + key})
	} else if err == nil {
		abs, _ := filepath.Abs(key)
		d.add(api.Check{Name: "Key file", Result: "works", Text: abs + "; is there a copy apart from the data?"})
	}
}

// testsAtOnce bounds the credentials that are tested side by side: one whose host is silent takes a while.
const testsAtOnce = 8

func (d *doctor) credentials(ctx context.Context, conn api.Conn) {
	all, err := api.Every(ctx, conn, api.CredentialList, api.CredentialQuery{})
	if err != nil {
		d.fail("Credentials", err)
		return
	}
	type result struct {
		checks api.Checks
		err    error
	}
	results := make([]result, len(all))
	var tests errgroup.Group
	tests.SetLimit(testsAtOnce)
	for i, c := range all {
		tests.Go(func() error {
			results[i].checks, results[i].err = api.Call(ctx, conn, api.CredentialTest, api.Named{Name: c.Name})
			return nil
		})
	}
	_ = tests.Wait() // every result has its own error
	for i, c := range all {
		if err := results[i].err; err != nil {
			d.fail("Credential "+c.Name, err)
			continue
		}
		for _, one := range results[i].checks.Checks {
			if one.Result == "unknown" && one.Class == "" {
				continue // it can't be told because of another row
			}
			one.Name = c.Name + ": " + one.Name
			d.add(one)
		}
	}
}

func (d *doctor) flows(ctx context.Context, conn api.Conn) {
	all, err := api.Every(ctx, conn, api.FlowList, api.FlowQuery{})
	if err != nil {
		d.fail("Flows", err)
		return
	}
	for _, f := range all {
		v, err := api.Call(ctx, conn, api.FlowShow, api.Named{Name: f.Name})
		name := "Flow " + f.Name
		switch {
		case err != nil:
			d.fail(name, err)
		case v.Backlog.Lost > 0 || len(v.Gaps) > 0:
			d.add(api.Check{Name: name, Result: "missing", Text: fmt.Sprintf("%d blobs and %d pieces of time are lost", v.Backlog.Lost, len(v.Gaps)), Fix: "headrace flow show " + f.Name + " lists them; look in Purview's audit search"})
		case v.Backlog.Failed > 0:
			d.add(api.Check{Name: name, Result: "missing", Text: fmt.Sprintf("%d deliveries failed", v.Backlog.Failed), Fix: "headrace flow show " + f.Name + " tells why; then headrace flow retry " + f.Name})
		case v.OpenLetters > 0:
			d.add(api.Check{Name: name, Result: "missing", Text: fmt.Sprintf("%d dead letters", v.OpenLetters), Fix: "headrace deadletter list --flow " + f.Name})
		case troubleText(v) != "":
			d.add(api.Check{Name: name, Result: "missing", Text: troubleText(v)})
		default:
			d.add(api.Check{Name: name, Result: "works", Text: fmt.Sprintf("%s; %s records delivered", v.State, count(v.Counts.Delivered))})
		}
	}
}
