package cli

import (
	"embed"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"

	"github.com/headrace/headrace/internal/connector"
)

//go:embed topic/*.txt
var topics embed.FS

// addTopics makes the help topics: `headrace help exit-codes`.
func addTopics(root *cobra.Command) {
	entries, err := topics.ReadDir("topic")
	if err != nil {
		return
	}
	for _, e := range entries {
		raw, err := topics.ReadFile(path.Join("topic", e.Name()))
		if err != nil {
			continue
		}
		short, long, _ := strings.Cut(string(raw), "\n")
		root.AddCommand(&cobra.Command{Use: strings.TrimSuffix(e.Name(), ".txt"), Short: short, Long: short + "\n" + strings.TrimRight(long, "\n")})
	}
}

func (s *session) docsCommand() *cobra.Command {
	c := &cobra.Command{Use: "docs", Short: "Write the program's own reference", Hidden: true,
		Example: examples("headrace docs man ./man", "", "headrace docs connectors ./docs/connectors", "")}
	c.AddCommand(
		&cobra.Command{Use: "man DIR", Short: "Write man pages", Args: exactly(1), Example: examples("headrace docs man ./man", "", "headrace docs man /usr/share/man/man1", ""),
			RunE: func(cmd *cobra.Command, args []string) error {
				return into(args[0], func(dir string) error {
					return doc.GenManTree(cmd.Root(), &doc.GenManHeader{Title: "HEADRACE", Section: "1", Source: "headrace " + version()}, dir)
				})
			}},
		&cobra.Command{Use: "markdown DIR", Short: "Write a page for each command", Args: exactly(1), Example: examples("headrace docs markdown ./docs/cli", "", "headrace docs markdown /tmp/cli", ""),
			RunE: func(cmd *cobra.Command, args []string) error {
				cmd.Root().DisableAutoGenTag = true
				return into(args[0], func(dir string) error { return doc.GenMarkdownTree(cmd.Root(), dir) })
			}},
		&cobra.Command{Use: "connectors DIR", Short: "Write a page for each connector", Args: exactly(1), Example: examples("headrace docs connectors ./docs/connectors", "", "headrace docs connectors /tmp/c", ""),
			RunE: func(_ *cobra.Command, args []string) error {
				return into(args[0], func(dir string) error {
					for _, spec := range s.connectors {
						if err := os.WriteFile(filepath.Join(dir, spec.Name+".md"), []byte(connectorPage(spec)), 0o644); err != nil { //nolint:gosec // pages are for everybody
							return err
						}
					}
					return nil
				})
			}})
	return c
}

func into(dir string, write func(dir string) error) error {
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // pages are for everybody
		return fmt.Errorf("make the folder: %w", err)
	}
	if err := write(dir); err != nil {
		return fmt.Errorf("write pages: %w", err)
	}
	return nil
}

// connectorPage is a connector's README followed by its settings.
func connectorPage(spec connector.Spec) string {
	var b strings.Builder
	b.WriteString(strings.TrimRight(spec.README, "\n") + "\n\n")
	if spec.Source != nil {
		settingsTable(&b, "Settings as a source", spec.Source.Config())
	}
	if spec.Destination != nil {
		settingsTable(&b, "Settings as a destination", spec.Destination.Config())
	}
	return b.String()
}
