package cli

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/headrace/headrace/internal/app"
	"github.com/headrace/headrace/internal/config"
	"github.com/headrace/headrace/internal/credential"
	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/fileset"
	"github.com/headrace/headrace/internal/m365sim"
	"github.com/headrace/headrace/internal/object"
	"github.com/headrace/headrace/internal/secret"
)

// demo is one show.
type demo struct {
	web    webFlags
	s      *session
	dir    string
	events string
	own    string // a person's own folder of documents; "": the program's reference
	count  int
	exit   bool
	sim    *m365sim.Simulator
	tenant m365sim.TenantInfo
	root   *cobra.Command // whose help is the documents that fill Copilot
}

// demoMark is the file that says that a folder is a demo's, so that the next one may clear it.
const demoMark = ".headrace-demo"

func (s *session) demoCommand() *cobra.Command {
	d := &demo{s: s}
	c := &cobra.Command{Use: "demo", Short: "See it work: collect from a simulated tenant into files, and fill its Copilot", Args: noArgs,
		Long: "Starts a simulated Microsoft 365 tenant on loopback, saves a credential for it, collects several days of audit activity into files,\n" +
			"and holds them against what a perfect client would have. Then a folder of documents goes into the tenant's Copilot, and only its\n" +
			"changes after that. No account and no internet are needed. Each demo begins anew.",
		Example: examples("headrace demo", "", "headrace demo --exit", "end when it is done", "headrace demo --events mine.ndjson", "with your own records",
			"headrace demo --documents ./policies", "with your own documents; they are copied, and only the copy is changed"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			d.root = cmd.Root()
			return d.run(cmd.Context())
		}}
	c.Flags().BoolVar(&d.exit, "exit", false, "end when everything is collected and checked")
	c.Flags().StringVar(&d.events, "events", "", "file with your own audit records, one JSON object a line")
	c.Flags().StringVar(&d.own, "documents", "", "folder with your own documents for Copilot")
	c.Flags().IntVar(&d.count, "count", 30_000, "how many events the tenant has had")
	d.web.add(c, d.s.io.Getenv)
	c.Flags().StringVar(&d.dir, "dir", "./headrace-demo", "folder for the files and the demo's data")
	return c
}

func (d *demo) run(ctx context.Context) error {
	if d.count < 100 || d.count > 10_000_000 {
		return usage("--count %d is not between 100 and 10,000,000", d.count)
	}
	if d.own != "" {
		if info, err := os.Stat(d.own); err != nil || !info.IsDir() {
			return usage("--documents %s is no folder that can be read", d.own)
		}
	}
	if err := d.prepare(ctx); err != nil {
		return err
	}
	if err := d.start(ctx); err != nil {
		return err
	}
	work, stop := context.WithCancel(ctx)
	defer stop()
	var all errgroup.Group
	all.Go(func() error { return d.sim.Serve(work) })
	err := d.show(work)
	stop()
	if e := all.Wait(); err == nil && !isCanceled(e) {
		err = e
	}
	return d.s.afterServing(ctx, err)
}

// prepare clears what the demo before left, and nothing else.
func (d *demo) prepare(ctx context.Context) error {
	entries, err := os.ReadDir(d.dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return &fault.Error{Class: fault.Invalid, Code: "demo_folder", Title: "the demo's folder " + d.dir + " can't be used", Err: err, Hint: "choose another with --dir"}
	}
	if len(entries) > 0 {
		if _, err := os.Stat(filepath.Join(d.dir, demoMark)); err != nil {
			return usage("the folder %s is there, and no demo made it", d.dir).WithHint("Choose another with --dir; the demo deletes only its own.")
		}
		if d.busy(ctx) {
			return (&fault.Error{Class: fault.Conflict, Code: "demo_running", Title: "another demo is running in " + d.dir}).WithHint("Stop it with Ctrl-C, or choose another folder with --dir.")
		}
		if err := os.RemoveAll(d.dir); err != nil {
			return fmt.Errorf("clear the demo before: %w", err)
		}
	}
	if err := os.MkdirAll(d.dir, 0o700); err != nil {
		return fmt.Errorf("make the demo's folder: %w", err)
	}
	if err := os.WriteFile(filepath.Join(d.dir, demoMark), []byte("headrace demo made this folder and clears it when it runs again\n"), 0o600); err != nil {
		return fmt.Errorf("mark the demo's folder: %w", err)
	}
	d.s.flags.data, d.s.flags.database = d.path("data"), ""
	return nil
}

func (d *demo) path(name string) string {
	if filepath.IsAbs(d.dir) {
		return filepath.Join(d.dir, name)
	}
	return "./" + filepath.Join(d.dir, name)
}

// busy tells whether another process has the demo's data folder.
func (d *demo) busy(ctx context.Context) bool {
	before := d.s.flags.data
	defer func() { d.s.flags.data = before }()
	d.s.flags.data = d.path("data")
	if _, err := os.Stat(d.s.flags.data); err != nil {
		return false
	}
	a, err := app.Open(ctx, app.Options{Data: d.s.flags.data, Connectors: d.s.connectors, Log: d.s.log})
	if err != nil {
		return isBusy(err)
	}
	_ = a.Close()
	return false
}

// start opens the tenant.
func (d *demo) start(ctx context.Context) error {
	scenario := m365sim.DefaultScenario()
	scenario.Seed = uint64(time.Now().UnixNano())
	scenario.Limits.RequestsPerMinute = 0
	scenario.Content.Events = d.count
	scenario.Content.RecordsPerBlob = m365sim.Span{Min: 20, Max: 300}
	scenario.Content.EventsPerMinute = 120
	scenario.Content.SameTimeShare = 0.05
	scenario.Content.Repeat.Share = 0.01
	var events []string
	if d.events != "" {
		events = []string{d.events}
	}
	var err error
	if d.sim, err = d.s.simulator(ctx, &scenario, events, "127.0.0.1:0"); err != nil {
		return err
	}
	d.tenant = d.sim.Tenants()[0]
	if err := d.sim.WriteCA(d.path("ca.pem")); err != nil {
		return fmt.Errorf("write the CA file: %w", err)
	}
	d.s.say("A simulated tenant %s runs at %s.", d.tenant.Domain, d.sim.URL())
	return nil
}

// The demo's settings, as a person would write them. The credential's secret is saved apart from it.
const demoFile = `apiVersion: headrace/v1
kind: Source
metadata: { name: demo }
spec: { connector: office-365-management-api, credential: demo, contentTypes: [Audit.AzureActiveDirectory, Audit.Exchange, Audit.SharePoint, Audit.General, DLP.All], start: -7d, interval: 10s, lag: 1m, requestsPerMinute: 30000 }
---
apiVersion: headrace/v1
kind: Destination
metadata: { name: demo }
spec: { connector: file, path: %q, name: "{stream}.ndjson" }
---
apiVersion: headrace/v1
kind: Flow
metadata: { name: demo, description: "Audit activity of the simulated tenant, into files" }
spec: { source: demo, destination: demo, mode: append }
`

func (d *demo) show(ctx context.Context) error {
	a, err := d.s.open(ctx, openOptions{serving: true})
	if err != nil {
		return err
	}
	defer func() { _ = a.Close() }()
	if err := d.save(ctx, a); err != nil {
		return err
	}
	// What appears from now on may come in the next look. Listings end at whole seconds: that includes what is of this one.
	begun, due := time.Now(), d.sim.Clock().Now().Truncate(time.Second).Add(-time.Millisecond)
	did, err := d.s.collectOnce(ctx, a)
	if err != nil {
		return err
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err := d.s.print("\n" + did.summary(time.Since(begun))); err != nil {
		return err
	}
	if err := d.check(due); err != nil {
		return err
	}
	if err := did.exit(); err != nil {
		return err
	}
	d.s.say("")
	if err := d.fill(ctx, a); err != nil {
		return err
	}
	d.advise()
	if d.exit {
		return nil
	}
	door, err := d.web.openAny(ctx, d.s.log)
	if err != nil {
		return err
	}
	return a.Serve(ctx, app.ServeOptions{Web: door, Ready: func() {
		d.s.say("\nThe tenant goes on. Collecting; stop with Ctrl-C.")
		d.s.sayDoor(ctx, a, door)
	}})
}

// save makes credential, source, destination and flow.
func (d *demo) save(ctx context.Context, a *app.App) error {
	endpoints, err := d.endpoints()
	if err != nil {
		return err
	}
	out, err := filepath.Abs(d.dir)
	if err != nil {
		return fmt.Errorf("find the demo's folder: %w", err)
	}
	spec, err := config.ParseOne(fields{"type": "office-365-management-api", "cloud": "custom", "tenantId": d.tenant.ID, "clientId": d.tenant.ClientID, "endpoints": endpoints}.raw())
	if err != nil {
		return err
	}
	draft := object.Draft{Name: "demo", Description: "The simulated tenant of headrace demo", Spec: spec}
	if _, err := a.Services.Credentials.Add(ctx, draft, secret.New(d.tenant.ClientSecret)); err != nil {
		return err
	}
	checks, err := a.Services.Credentials.Test(ctx, "demo")
	if err != nil {
		return err
	}
	granted := 0
	for _, c := range checks {
		if c.Result.OK() {
			granted++
		}
	}
	d.s.done("saved the credential demo: %d of %d checks are well (%s)", granted, len(checks), checkNames(a.Services.Credentials))
	_, err = a.Services.Files.Apply(ctx, fileset.Request{Set: "demo", Files: []config.File{{Name: "demo", Text: fmt.Appendf(nil, demoFile, out)}}})
	if err == nil {
		d.s.done("saved source, destination and flow; collecting into %s/*.ndjson", d.dir)
	}
	return err
}

// endpoints are the tenant's hosts.
func (d *demo) endpoints() (fields, error) {
	ca, err := filepath.Abs(d.path("ca.pem"))
	if err != nil {
		return nil, fmt.Errorf("find the CA file: %w", err)
	}
	return fields{"login": d.sim.LoginURL(), "management": d.sim.ManagementURL(), "graph": d.sim.GraphURL(), "ca": ca}, nil
}

func checkNames(s *credential.Service) string {
	for _, h := range s.Types() {
		if h.Type == "office-365-management-api" {
			return needs(h.Permissions)
		}
	}
	return ""
}

// check holds the files against the simulator's ledger: all that had appeared until then must be there, once.
func (d *demo) check(until time.Time) error {
	ledger, err := d.sim.Ledger("")
	if err != nil {
		return fmt.Errorf("read the simulator's ledger: %w", err)
	}
	var readErr error
	difference, err := ledger.CompareRecords(recordsOf(d.dir, &readErr), m365sim.Comparison{Until: until})
	if err = errors.Join(err, readErr); err != nil {
		return fmt.Errorf("compare with the simulator's ledger: %w", err)
	}
	if difference.Missing > 0 || difference.Duplicates > 0 || difference.Changed > 0 {
		return fault.New(fault.Internal, "the files are not what a perfect client would have: %s", difference).WithCode("demo_differs").
			WithHint("This is a fault of headrace. Please report it with the folder %s.", d.dir)
	}
	d.s.done("checked against the tenant's own ledger: %s different records were due; none is missing, none is there twice, every byte is as it was sent", count(difference.Due))
	return nil
}

// recordsOf yields the lines of a folder's NDJSON files.
func recordsOf(dir string, failed *error) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		paths, err := filepath.Glob(filepath.Join(dir, "*.ndjson"))
		if err != nil {
			*failed = err
			return
		}
		for _, path := range paths {
			if !linesOf(path, yield, failed) {
				return
			}
		}
	}
}

func linesOf(path string, yield func([]byte) bool, failed *error) bool {
	f, err := os.Open(path)
	if err != nil {
		*failed = err
		return false
	}
	defer func() { _ = f.Close() }()
	lines := bufio.NewScanner(f)
	lines.Buffer(make([]byte, 1<<20), 64<<20)
	for lines.Scan() {
		if !json.Valid(lines.Bytes()) {
			*failed = fmt.Errorf("%s has a line that is no JSON", path)
			return false
		}
		if !yield(lines.Bytes()) {
			return false
		}
	}
	*failed = lines.Err()
	return *failed == nil
}

// advise tells what to try next.
func (d *demo) advise() {
	name := cmp.Or(d.s.io.Name, "headrace") // as it was called: a newcomer's is not in the PATH
	with := name + " --data " + d.s.flags.data
	lines := []string{
		"head -1 " + d.path("Audit.Exchange.ndjson"),
		with + " coverage show",
		with + " flow show demo",
		with + " run list --flow " + demoFlow,
	}
	if !d.exit {
		lines = append(lines, with+" credential test demo", with+" source sample demo --count 2")
	}
	lines = append(lines, with+" export", name+" credential guide --type office-365-management-api   # connect your own tenant")
	d.s.say("\nTry next%s:", yes(d.exit, "", ", in another terminal"))
	for _, l := range lines {
		d.s.say("  %s", l)
	}
}
