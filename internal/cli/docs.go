package cli

import (
	"embed"
	"encoding/json"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"

	"github.com/headrace/headrace/internal/api"
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
	var dir string
	c := &cobra.Command{Use: "docs", Short: "Write the program's own reference", Hidden: true, Args: noArgs,
		Example: examples("headrace docs --dir docs", "connectors and commands, as Markdown", "headrace docs man ./man", "man pages"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if dir == "" {
				return usage("--dir is missing").WithHint("for example: headrace docs --dir docs")
			}
			if err := s.connectorPages(filepath.Join(dir, "connectors")); err != nil {
				return err
			}
			return commandPages(cmd.Root(), filepath.Join(dir, "commands"))
		}}
	c.Flags().StringVar(&dir, "dir", "", "folder for connectors/ and commands/")
	c.AddCommand(&cobra.Command{Use: "man DIR", Short: "Write man pages", Args: exactly(1), Example: examples("headrace docs man ./man", "", "headrace docs man /usr/share/man/man1", ""),
		RunE: func(cmd *cobra.Command, args []string) error {
			cmd.Root().DisableAutoGenTag = true
			return into(args[0], func(dir string) error {
				return doc.GenManTree(cmd.Root(), &doc.GenManHeader{Title: "HEADRACE", Section: "1", Source: "headrace " + version()}, dir)
			})
		}})
	c.AddCommand(&cobra.Command{Use: "openapi", Short: "Write the OpenAPI document", Args: noArgs, Example: examples("headrace docs openapi > openapi.json", "", "headrace docs openapi | jq '.paths | keys'", ""),
		RunE: func(*cobra.Command, []string) error {
			raw, err := json.MarshalIndent(api.Document(version()), "", "  ")
			if err != nil {
				return fmt.Errorf("write the document: %w", err)
			}
			return s.print(string(raw) + "\n")
		}})
	return c
}

func commandPages(root *cobra.Command, dir string) error {
	root.DisableAutoGenTag = true
	root.InitDefaultCompletionCmd()
	return into(dir, func(dir string) error { return doc.GenMarkdownTree(root, dir) })
}

func (s *session) connectorPages(dir string) error {
	return into(dir, func(dir string) error {
		for _, spec := range s.connectors {
			if err := os.WriteFile(filepath.Join(dir, spec.Name+".md"), []byte(connectorPage(spec)), 0o644); err != nil { //nolint:gosec // pages are for everybody
				return err
			}
		}
		return nil
	})
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
