package cli

import (
	"fmt"
	"strings"

	"github.com/headrace/headrace/internal/config"
)

// settingsTable writes a config's settings as a Markdown table.
func settingsTable(b *strings.Builder, title string, cfg any) {
	all := config.Spread(config.Fields(cfg))
	if len(all) == 0 {
		return
	}
	fmt.Fprintf(b, "## %s\n\n| setting | type | default | what |\n|---|---|---|---|\n", title)
	cell := func(text string) string { return strings.ReplaceAll(text, "|", "\\|") }
	for _, f := range all {
		what := f.Doc
		if len(f.Enum) > 0 {
			what += " (" + strings.Join(f.Enum, ", ") + ")"
		}
		if f.Example != "" {
			what += ". Example: `" + f.Example + "`"
		}
		def := ""
		if f.Default != "" {
			def = "`" + f.Default + "`"
		}
		fmt.Fprintf(b, "| `%s` | %s | %s | %s |\n", f.Path, f.Type, cell(def), cell(what))
	}
	b.WriteString("\n")
}
