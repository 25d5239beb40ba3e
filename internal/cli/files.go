package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/headrace/headrace/internal/api"
	"github.com/headrace/headrace/internal/config"
	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/fileset"
	"github.com/headrace/headrace/internal/object"
)

// fileFlags pick files and their set.
type fileFlags struct {
	paths []string
	set   string
	prune bool
	adopt bool
}

func (f *fileFlags) add(c *cobra.Command, owning bool) {
	c.Flags().StringArrayVarP(&f.paths, "file", "f", nil, "file, folder with *.yaml, or - for standard input; may be repeated")
	if owning {
		c.Flags().StringVar(&f.set, "file-set", "", "name of the set that owns what is made (default: the file's or folder's name)")
		c.Flags().BoolVar(&f.prune, "prune", false, "remove what the set made before and no longer names")
		c.Flags().BoolVar(&f.adopt, "adopt", false, "take over what another set owns")
	}
}

var notInName = regexp.MustCompile(`[^A-Za-z0-9._-]+`)

// request reads the files.
func (f fileFlags) request(s *session) (fileset.Request, error) {
	if len(f.paths) == 0 {
		return fileset.Request{}, usage("--file is missing").WithHint("for example: -f contoso.yaml, -f conf.d/, or -f - for standard input")
	}
	r := fileset.Request{Set: f.set, Prune: f.prune, Adopt: f.adopt}
	for _, path := range f.paths {
		files, err := readFiles(s, path)
		if err != nil {
			return r, err
		}
		r.Files = append(r.Files, files...)
	}
	if r.Set == "" {
		r.Set = setName(f.paths[0])
	}
	return r, nil
}

// setName makes a set's name of a file's.
func setName(path string) string {
	if path == "-" {
		return "stdin"
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		abs = path
	}
	base := filepath.Base(abs)
	base = strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(base, ".json"), ".yml"), ".yaml")
	if name := strings.Trim(notInName.ReplaceAllString(base, "-"), "-._"); name != "" {
		return name
	}
	return "files"
}

func readFiles(s *session, path string) ([]config.File, error) {
	if path == "-" {
		text, err := io.ReadAll(io.LimitReader(s.io.In, 16<<20))
		if err != nil {
			return nil, fmt.Errorf("read standard input: %w", err)
		}
		return []config.File{{Name: "standard input", Text: text}}, nil
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, fileTrouble(path, err)
	}
	paths := []string{path}
	if info.IsDir() {
		paths = nil
		for _, pattern := range []string{"*.yaml", "*.yml"} {
			some, err := filepath.Glob(filepath.Join(path, pattern))
			if err != nil {
				return nil, fileTrouble(path, err)
			}
			paths = append(paths, some...)
		}
		if slices.Sort(paths); len(paths) == 0 {
			return nil, usage("the folder %s has no *.yaml", path)
		}
	}
	var files []config.File
	for _, p := range paths {
		text, err := os.ReadFile(p)
		if err != nil {
			return nil, fileTrouble(p, err)
		}
		files = append(files, config.File{Name: p, Text: text})
	}
	return files, nil
}

func fileTrouble(path string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return usage("there is no file %s", path)
	}
	return &fault.Error{Class: fault.Invalid, Code: "file", Title: "the file can't be read", Err: err}
}

func (s *session) validateCommand() *cobra.Command {
	var (
		f       fileFlags
		resolve bool
	)
	c := &cobra.Command{Use: "validate -f FILE", Short: "Check files by themselves; no server and no database are needed", Args: noArgs,
		Long:    "Checks form, settings and the names that the files use of each other. All problems are told at once, with file and line. Exit code 2 if there is one.\nWith --resolve it also follows the references to secrets (values are never shown).",
		Example: examples("headrace validate -f contoso.yaml", "", "headrace validate -f conf.d/ --resolve", ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			r, err := f.request(s)
			if err != nil {
				return err
			}
			p, err := fileset.Validate(cmd.Context(), object.Connectors(s.connectors), time.Now, r.Files)
			if err != nil {
				return err
			}
			if resolve {
				if err := s.resolveAll(cmd.Context(), r.Files); err != nil {
					return err
				}
			}
			s.done("%d %s, no problem", len(p.Steps), plural(len(p.Steps), "object", "objects"))
			if s.wantsJSON() {
				return s.value(map[string]any{"objects": len(p.Steps), "problems": []string{}})
			}
			return nil
		}}
	f.add(c, false)
	c.Flags().BoolVar(&resolve, "resolve", false, "follow the references to secrets too")
	return c
}

func (s *session) planCommand() *cobra.Command {
	var (
		f        fileFlags
		exitCode bool
		out      string
	)
	c := &cobra.Command{Use: "plan -f FILE", Short: "Tell what applying files would change", Args: noArgs,
		Long:    "Tells what apply would do. Save it with --out and apply exactly that: headrace apply --plan FILE refuses it if anything changed meanwhile.",
		Example: examples("headrace plan -f contoso.yaml", "", "headrace plan -f conf.d/ --prune --exit-code", "exit code 3 if something differs"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			r, err := f.request(s)
			if err != nil {
				return err
			}
			p, err := call(s, cmd, filesPlan, r)
			if err != nil {
				return err
			}
			if out != "" {
				if err := savePlan(out, savedPlan{Request: r, Plan: p}); err != nil {
					return err
				}
				s.next("headrace apply --plan %s", out)
			}
			if err := s.showPlan(p, false); err != nil {
				return err
			}
			if exitCode && p.Changes() {
				return codeError(exitDifferent)
			}
			return nil
		}}
	f.add(c, true)
	c.Flags().BoolVar(&exitCode, "exit-code", false, "exit code 3 if something would change")
	c.Flags().StringVar(&out, "out", "", "save the plan to a file")
	return c
}

// filesPlan is api.FilesPlan, which may be asked before there is a data folder: everything would be made then.
var filesPlan = func() api.Operation[fileset.Request, fileset.Plan] { op := api.FilesPlan; op.Changes = true; return op }()

// savedPlan is a plan with the files that it was made of.
type savedPlan struct {
	Request fileset.Request `json:"request"`
	Plan    fileset.Plan    `json:"plan"`
}

func savePlan(path string, p savedPlan) error {
	raw, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		return fmt.Errorf("write the plan: %w", err)
	}
	if err := os.WriteFile(path, append(raw, '\n'), 0o600); err != nil {
		return fmt.Errorf("write the plan: %w", err)
	}
	return nil
}

func loadPlan(path string) (fileset.Request, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return fileset.Request{}, fileTrouble(path, err)
	}
	var p savedPlan
	if err := json.Unmarshal(raw, &p); err != nil || p.Plan.Digest == "" {
		return fileset.Request{}, usage("%s is no plan that headrace plan --out wrote", path)
	}
	p.Request.Plan = &p.Plan
	return p.Request, nil
}

var signs = map[string]string{fileset.Create: "+", fileset.Update: "~", fileset.Remove: "-", fileset.Unchanged: " "}

// showPlan writes a plan; applied: as what was done.
func (s *session) showPlan(p fileset.Plan, applied bool) error {
	switch f := s.format(); f {
	case "json", "yaml", "ndjson":
		return one(s, p, p.Digest, nil)
	case "csv", "id":
		return list(s, p.Steps, func(v fileset.Step) string { return v.Kind + "/" + v.Name }, "", []column[fileset.Step]{
			{head: "ACTION", text: func(v fileset.Step) string { return v.Action }}, {head: "KIND", text: func(v fileset.Step) string { return v.Kind }},
			{head: "NAME", text: func(v fileset.Step) string { return v.Name }}})
	}
	var b strings.Builder
	counts := map[string]int{}
	for _, step := range p.Steps {
		counts[step.Action]++
		if step.Action == fileset.Unchanged && s.flags.verbose == 0 {
			continue
		}
		fmt.Fprintf(&b, "%s %s %s\n", signs[step.Action], step.Kind, step.Name)
		for _, c := range step.Changes {
			if step.Action == fileset.Create {
				fmt.Fprintf(&b, "    %s: %s\n", c.Field, c.New)
				continue
			}
			fmt.Fprintf(&b, "    %s: %s → %s\n", c.Field, orNothing(c.Old), orNothing(c.New))
		}
		if step.Note != "" {
			fmt.Fprintf(&b, "    ! %s\n", step.Note)
		}
	}
	if err := s.print(b.String()); err != nil {
		return err
	}
	words := []any{counts[fileset.Create], counts[fileset.Update], counts[fileset.Remove], counts[fileset.Unchanged], p.Set}
	if applied {
		s.done("%d created, %d updated, %d removed, %d unchanged (file set %s)", words...)
		return nil
	}
	s.say("%d to create, %d to update, %d to remove, %d unchanged (file set %s)", words...)
	return nil
}

func orNothing(text string) string {
	if text == "" {
		return "(default)"
	}
	return text
}

func (s *session) applyCommand() *cobra.Command {
	var (
		f    fileFlags
		plan string
		dry  bool
	)
	c := &cobra.Command{Use: "apply -f FILE", Short: "Make what is there like the files", Args: noArgs,
		Long:    "Makes what is there like the files. If any of them has a problem, nothing is changed. What is not named stays, unless --prune.",
		Example: examples("headrace apply -f contoso.yaml", "", "headrace plan -f contoso.yaml --out plan.json && headrace apply --plan plan.json", "apply exactly what was looked at"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			r, err := s.applyRequest(f, plan)
			if err != nil {
				return err
			}
			if dry || r.Prune && r.Plan == nil {
				p, err := call(s, cmd, filesPlan, r)
				if err != nil || dry {
					return errors.Join(err, yesErr(err == nil, func() error { return s.showPlan(p, false) }))
				}
				if n := removals(p); n > 0 {
					if err := s.sure("%d %s would be removed, with all that is remembered of them. Go on?", n, plural(n, "object", "objects")); err != nil {
						return err
					}
				}
			}
			p, err := call(s, cmd, api.FilesApply, r)
			if err != nil {
				return err
			}
			return s.showPlan(p, true)
		}}
	f.add(c, true)
	c.Flags().StringVar(&plan, "plan", "", "apply exactly this plan (from headrace plan --out)")
	c.Flags().BoolVar(&dry, "dry-run", false, "only tell, like plan")
	return c
}

func yesErr(do bool, f func() error) error {
	if !do {
		return nil
	}
	return f()
}

func removals(p fileset.Plan) int {
	n := 0
	for _, step := range p.Steps {
		if step.Action == fileset.Remove {
			n++
		}
	}
	return n
}

func (s *session) applyRequest(f fileFlags, plan string) (fileset.Request, error) {
	if plan == "" {
		return f.request(s)
	}
	if len(f.paths) > 0 {
		return fileset.Request{}, usage("--plan and --file do not go together: a plan has its files in it")
	}
	return loadPlan(plan)
}

func (s *session) exportCommand() *cobra.Command {
	var pick fileset.Selection
	c := &cobra.Command{Use: "export [NAME…]", Short: "Write objects as a file that apply takes; never a secret",
		Example: examples("headrace export > all.yaml", "", "headrace export --kind flow contoso", ""),
		RunE: func(cmd *cobra.Command, args []string) error {
			pick.Names = args
			kinds := []string{}
			for _, k := range config.Kinds() {
				kinds = append(kinds, strings.ToLower(k))
			}
			if pick.Kind != "" && !slices.Contains(kinds, strings.ToLower(pick.Kind)) {
				return usage("--kind %q is not one of %s%s", pick.Kind, strings.Join(kinds, ", "), config.DidYouMean(pick.Kind, kinds))
			}
			out, err := call(s, cmd, api.FilesExport, pick)
			if err != nil {
				return err
			}
			if s.wantsJSON() {
				return s.exportJSON(out.YAML)
			}
			return s.print(out.YAML)
		}}
	c.Flags().StringVar(&pick.Kind, "kind", "", "only credential, source, destination or flow")
	c.Flags().StringVar(&pick.Set, "file-set", "", "only what this file set owns")
	return c
}

func (s *session) exportJSON(text string) error {
	docs, err := config.Parse([]byte(text))
	if err != nil {
		return err
	}
	all := []json.RawMessage{}
	for _, d := range docs {
		raw, err := config.JSON(d)
		if err != nil {
			return err
		}
		all = append(all, raw)
	}
	return s.value(all)
}
