// Package cli is the command line: it reads what a person typed, calls operations of package api, and shows what came
// back. It decides nothing else. Data goes to standard output, messages and progress to standard error. Start at Main.
package cli

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/headrace/headrace/internal/config"
	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/connector/registry"
	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/telemetry"
)

// IO is what the program has of its surroundings.
type IO struct {
	Name   string   // by which the program was called
	Args   []string // without it
	In     *os.File
	Out    *os.File
	Err    *os.File
	Getenv func(string) string
}

// Process gives this process's.
func Process() IO {
	return IO{Name: os.Args[0], Args: os.Args[1:], In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Getenv: os.Getenv}
}

// session is one call of the program.
type session struct {
	io         IO
	connectors []connector.Spec
	flags      globals
	inTTY      bool
	outTTY     bool
	errTTY     bool
	out        io.Writer // data
	err        io.Writer // messages
	log        *slog.Logger
	stop       *stopper
	colored    bool
	alone      bool // no server runs: the command has opened the data folder itself
}

// globals are the flags that every command has.
type globals struct {
	data      string
	database  string
	masterKey string
	output    string
	json      string
	jq        string
	plain     bool
	quiet     bool
	verbose   int
	noColor   bool
	noInput   bool
	progress  string
	timeout   time.Duration
	yes       bool
	confirm   string
	logFormat string
	context   string
	here      bool // --data or --database was given: this machine is meant
}

// Main runs a command and gives the exit code.
func Main(process IO) int {
	harden()
	s := &session{io: process, connectors: registry.Specs(), out: process.Out, err: process.Err,
		inTTY: isTTY(process.In), outTTY: isTTY(process.Out), errTTY: isTTY(process.Err)}
	ctx, stop := newStopper(context.Background()) //nolint:forbidigo // the first context of the process
	defer stop.close()
	s.stop = stop
	root := s.root()
	root.SetArgs(process.Args)
	root.SetIn(process.In)
	root.SetOut(process.Out)
	root.SetErr(process.Err)
	err := root.ExecuteContext(ctx)
	if err != nil {
		s.ready()
		err = s.explain(err)
	}
	return s.exit(ctx, err)
}

func isTTY(f *os.File) bool { return f != nil && term.IsTerminal(int(f.Fd())) }

// root builds the tree of commands.
func (s *session) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "headrace",
		Short: "Leads data into and out of Microsoft 365",
		Long:  "headrace collects the audit activity of Microsoft 365 tenants: nothing lost, nothing twice, and proof of both.",
		Example: examples(
			"headrace demo", "see it work, without an account",
			"headrace credential guide --type office-365-management-api", "how to connect a real tenant",
			"headrace run -f contoso.yaml --once", "collect what there is and end",
			"headrace serve", "collect for ever"),
		SilenceUsage: true, SilenceErrors: true,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error { return s.prepare(cmd) },
		RunE:              func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		Args:              noArgs,
	}
	root.CompletionOptions.DisableDescriptions = false
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error { return flagProblem(cmd, err) })
	s.addGlobals(root)
	root.AddGroup(&cobra.Group{ID: "start", Title: "Getting started:"}, &cobra.Group{ID: "build", Title: "What is collected, and where it goes:"},
		&cobra.Group{ID: "operate", Title: "Watching and mending:"}, &cobra.Group{ID: "code", Title: "Config as code:"}, &cobra.Group{ID: "admin", Title: "The program itself:"})
	add := func(group string, all ...*cobra.Command) {
		for _, c := range all {
			c.GroupID = group
			root.AddCommand(c)
		}
	}
	add("start", s.demoCommand(), s.simulateCommand(), s.initCommand(), s.serveCommand(), s.doctorCommand())
	add("build", s.credentialCommand(), s.connectorCommand(), s.sourceCommand(), s.destinationCommand(), s.datasetCommand(), s.flowCommand(), s.subscriptionCommand(), s.copilotCommand())
	add("operate", s.statusCommand(), s.topCommand(), s.checkCommand(), s.runCommand(), s.coverageCommand(), s.letterCommand())
	add("code", s.validateCommand(), s.planCommand(), s.applyCommand(), s.exportCommand(), s.schemaCommand())
	add("admin", s.userCommand(), s.tokenCommand(), s.auditCommand(), s.loginCommand(), s.logoutCommand(), s.contextCommand(), s.keyCommand(), s.versionCommand(), s.docsCommand())
	addTopics(root)
	nounsNeedVerbs(root)
	return root
}

func (s *session) addGlobals(root *cobra.Command) {
	f := root.PersistentFlags()
	f.StringVar(&s.flags.data, "data", envOr(s.io.Getenv, "HEADRACE_DATA_DIR", "./headrace-data"), "data folder; its key file lies beside it (env HEADRACE_DATA_DIR)")
	f.StringVar(&s.flags.context, "context", "", "server that the command goes to, of headrace context list; local: this machine (env HEADRACE_CONTEXT)")
	f.StringVar(&s.flags.database, "database", "", "PostgreSQL URL without a password, instead of SQLite in the data folder (env HEADRACE_DATABASE)")
	f.StringVar(&s.flags.masterKey, "master-key", "", "URL of the master key: file://PATH or hashivault://KEY (env HEADRACE_MASTER_KEY)")
	f.StringVarP(&s.flags.output, "output", "o", "", "table, wide, json, ndjson, yaml, csv or id")
	f.StringVar(&s.flags.json, "json", "", "JSON, all fields or some: --json=name,id")
	f.Lookup("json").NoOptDefVal = "*"
	f.StringVar(&s.flags.jq, "jq", "", "run a jq expression over the JSON")
	f.BoolVar(&s.flags.plain, "plain", false, "tabs between columns, nothing cut")
	f.BoolVarP(&s.flags.quiet, "quiet", "q", false, "only data and errors")
	f.CountVarP(&s.flags.verbose, "verbose", "v", "more messages; twice: debug")
	f.BoolVar(&s.flags.noColor, "no-color", false, "no colours (env NO_COLOR)")
	f.BoolVar(&s.flags.noInput, "no-input", false, "never ask")
	f.StringVar(&s.flags.progress, "progress", "auto", "auto, bar, plain, json or none")
	f.DurationVar(&s.flags.timeout, "timeout", 0, "give up after this time (30s, 5m)")
	f.BoolVar(&s.flags.yes, "yes", false, "do not ask before moderate changes")
	f.StringVar(&s.flags.confirm, "confirm", "", "name of what may be removed for good")
	f.StringVar(&s.flags.logFormat, "log-format", "auto", "auto (text on a terminal, else JSON), text or json")
}

func envOr(getenv func(string) string, name, fallback string) string {
	if v := getenv(name); v != "" {
		return v
	}
	return fallback
}

// prepare checks the flags that every command has.
func (s *session) prepare(cmd *cobra.Command) error {
	s.ready()
	if err := s.checkFormats(); err != nil {
		return err
	}
	if cmd.Flags().Changed("database") && hasPassword(s.flags.database) {
		return usage("a password in --database would show in the process list").WithHint("Put the URL into the environment variable HEADRACE_DATABASE, or the password into PGPASSWORD or PGPASSFILE.")
	}
	s.flags.here = cmd.Flags().Changed("data") || cmd.Flags().Changed("database")
	if s.flags.timeout > 0 {
		ctx, cancel := context.WithTimeoutCause(cmd.Context(), s.flags.timeout, errTimeout)
		s.stop.also(cancel)
		cmd.SetContext(ctx)
	}
	return nil
}

var errTimeout = errors.New("--timeout is over")

// ready makes what hangs on flags; it may be called again.
func (s *session) ready() {
	s.colored = s.errTTY && !s.flags.noColor && s.io.Getenv("NO_COLOR") == "" && s.io.Getenv("TERM") != "dumb"
	level := slog.LevelWarn
	switch {
	case s.flags.quiet:
		level = slog.LevelError
	case s.flags.verbose >= 2:
		level = slog.LevelDebug
	case s.flags.verbose == 1:
		level = slog.LevelInfo
	}
	asJSON := s.flags.logFormat == "json" || s.flags.logFormat == "auto" && !s.errTTY
	s.log = telemetry.Logger(telemetry.Options{Out: s.err, JSON: asJSON, Level: level})
}

// usage is an error about how a command was written.
func usage(format string, args ...any) *fault.Error {
	return fault.New(fault.Invalid, format, args...).WithCode("usage")
}

func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	if cmd.HasSubCommands() {
		return unknownCommand(cmd, args[0])
	}
	return usage("%s takes no argument, but got %q", cmd.CommandPath(), args[0]).WithHint("%s -h shows how it is used", cmd.CommandPath())
}

func unknownCommand(cmd *cobra.Command, word string) error {
	var names []string
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() {
			names = append(names, c.Name())
		}
	}
	return usage("%s has no command %q%s", cmd.CommandPath(), word, config.DidYouMean(word, names)).WithHint("%s -h shows what there is", cmd.CommandPath())
}

// exactly wants so many arguments, named in the command's Use.
func exactly(n int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) < n:
			return usage("%s: %s is missing", cmd.CommandPath(), argName(cmd, len(args))).WithHint("%s", firstExample(cmd))
		case len(args) > n:
			return usage("%s takes %d argument(s), but got also %q", cmd.CommandPath(), n, args[n]).WithHint("%s -h shows how it is used", cmd.CommandPath())
		}
		return nil
	}
}

// argName gives the n-th argument's name in the command's Use.
func argName(cmd *cobra.Command, n int) string {
	words := strings.Fields(cmd.Use)
	if n+1 < len(words) {
		return words[n+1]
	}
	return "an argument"
}

func firstExample(cmd *cobra.Command) string {
	line, _, _ := strings.Cut(strings.TrimSpace(cmd.Example), "\n")
	line, _, _ = strings.Cut(line, "#")
	return "for example: " + strings.TrimSpace(line)
}

func flagProblem(cmd *cobra.Command, err error) error {
	text := err.Error()
	if word, found := strings.CutPrefix(text, "unknown flag: --"); found {
		var names []string
		eachFlag(cmd, func(name string) { names = append(names, name) })
		suggestion := config.DidYouMean(word, names)
		if strings.Contains(word, "secret") || strings.Contains(word, "password") {
			suggestion = "; a secret is never a flag's value: use --client-secret-stdin, --client-secret-file or --client-secret-ref; for a password --password-stdin"
		}
		return usage("there is no flag --%s%s", word, suggestion).WithHint("%s -h shows what there is", cmd.CommandPath())
	}
	return usage("%s", text).WithHint("%s -h shows how it is used", cmd.CommandPath())
}

// nounsNeedVerbs makes a noun without a verb show its help, and one with an unknown verb say so.
func nounsNeedVerbs(root *cobra.Command) {
	for _, c := range root.Commands() {
		if c.HasSubCommands() && c.RunE == nil && c.Run == nil {
			c.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
			c.Args = noArgs
		}
		nounsNeedVerbs(c)
	}
}

// examples lays out pairs of command and remark.
func examples(pairs ...string) string {
	width := 0
	for i := 0; i < len(pairs); i += 2 {
		width = max(width, len(pairs[i]))
	}
	var b strings.Builder
	for i := 0; i < len(pairs); i += 2 {
		b.WriteString("  " + pairs[i])
		if pairs[i+1] != "" {
			b.WriteString(strings.Repeat(" ", width-len(pairs[i])) + "  # " + pairs[i+1])
		}
		b.WriteString("\n")
	}
	return strings.TrimRight(b.String(), "\n")
}
