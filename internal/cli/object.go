package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v4"

	"github.com/headrace/headrace/internal/api"
	"github.com/headrace/headrace/internal/config"
	"github.com/headrace/headrace/internal/connector"
)

// editFlags are what every edit takes.
type editFlags struct {
	revision int64
	detach   bool
	dry      bool
}

func (f *editFlags) add(c *cobra.Command, rename *string) {
	c.Flags().Int64Var(&f.revision, "revision", 0, "refuse if it has another revision by now")
	c.Flags().BoolVar(&f.detach, "detach", false, "take it from the file set that owns it")
	c.Flags().StringVar(rename, "rename", "", "new name; identity and history stay")
	addDryRun(c, &f.dry)
}

func addIfExists(c *cobra.Command, v *string) {
	c.Flags().StringVar(v, "if-exists", "fail", "fail, ok (leave it as it is) or update")
}

func checkIfExists(v string) error {
	if all := []string{api.IfExistsFail, api.IfExistsOK, api.IfExistsUpdate}; !slices.Contains(all, v) {
		return usage("--if-exists %q is not one of %s%s", v, strings.Join(all, ", "), config.DidYouMean(v, all))
	}
	return nil
}

// settings are a connector's settings as flags: made of the config structs of all connectors that pass, so that help
// and completion know them; which connector takes which is in the help.
type settings struct {
	flags map[string]config.Field // by flag name
	set   []string
	unset []string
}

// addSettings adds a flag for each setting of each connector.
func addSettings(c *cobra.Command, specs []connector.Spec, half func(connector.Spec) func() connector.Config) *settings {
	st := &settings{flags: map[string]config.Field{}}
	takers := map[string][]string{}
	docs := map[string]config.Field{}
	var order []string
	for _, spec := range specs {
		fresh := half(spec)
		if fresh == nil {
			continue
		}
		for _, field := range config.Fields(fresh()) {
			name := flagName(field.Path)
			if _, known := docs[name]; !known {
				order = append(order, name)
				docs[name] = field
			}
			takers[name] = append(takers[name], spec.Name)
		}
	}
	for _, name := range order {
		field := docs[name]
		if c.Flags().Lookup(name) != nil || c.InheritedFlags().Lookup(name) != nil {
			continue // a flag of ours has the name: --set reaches the setting
		}
		text := lowerFirst(field.Doc)
		if len(field.Enum) > 0 {
			text += " (" + strings.Join(field.Enum, ", ") + ")"
		}
		if field.Default != "" {
			text += " (default " + field.Default + ")"
		}
		c.Flags().String(name, "", fmt.Sprintf("%s [%s]", text, strings.Join(takers[name], ", ")))
		st.flags[name] = field
	}
	c.Flags().StringArrayVar(&st.set, "set", nil, "any setting, by its name in YAML: --set hold.limit=5GB")
	c.Flags().StringArrayVar(&st.unset, "unset", nil, "take a setting back to its default")
	return st
}

func lowerFirst(text string) string {
	if len(text) > 1 && text[1] >= 'a' && text[1] <= 'z' {
		return strings.ToLower(text[:1]) + text[1:]
	}
	return text
}

// flagName writes a setting's path as a flag: hold.limit → hold-limit, contentTypes → content-types.
func flagName(path string) string {
	var b strings.Builder
	for i, r := range path {
		switch {
		case r == '.':
			b.WriteByte('-')
		case r >= 'A' && r <= 'Z':
			if prev := path[max(i-1, 0)]; i > 0 && !(prev >= 'A' && prev <= 'Z') {
				b.WriteByte('-')
			}
			b.WriteRune(r - 'A' + 'a')
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// spec adds the settings that were given to a spec.
func (st *settings) spec(cmd *cobra.Command, into fields) error {
	for name, field := range st.flags {
		flag := cmd.Flags().Lookup(name)
		if flag == nil || !flag.Changed {
			continue
		}
		v, err := typed(flag.Value.String(), field)
		if err != nil {
			return usage("--%s: %v", name, err)
		}
		into.set(field.Path, v)
	}
	for _, pair := range st.set {
		path, text, found := strings.Cut(pair, "=")
		if !found || path == "" {
			return usage("--set is written NAME=VALUE, not %q", pair)
		}
		v, err := typed(text, config.Field{})
		if err != nil {
			return usage("--set %s: %v", path, err)
		}
		into.set(path, v)
	}
	for _, path := range st.unset {
		into.set(path, nil)
	}
	return nil
}

// typed reads a value as YAML; where a list is wanted a,b,c is one; where a text is wanted it is taken as it is.
func typed(text string, field config.Field) (any, error) {
	if field.List && !strings.HasPrefix(strings.TrimSpace(text), "[") {
		parts := []string{}
		for _, p := range strings.Split(text, ",") {
			if p = strings.TrimSpace(p); p != "" {
				parts = append(parts, p)
			}
		}
		return parts, nil
	}
	if field.Type == "text" || field.Type == "duration" || field.Type == "size" || field.Type == "time" {
		return text, nil
	}
	node, err := config.ParseOne([]byte(text))
	if err != nil {
		return nil, fmt.Errorf("%q can't be read as a value", text)
	}
	if node.Kind == yaml.MappingNode && strings.TrimSpace(text) == "" {
		return nil, nil
	}
	raw, err := config.JSON(node)
	return json.RawMessage(raw), err
}

// pause waits, or ends with ctx.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
