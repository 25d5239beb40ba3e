package cli

import (
	"cmp"
	"maps"
	"runtime"
	"runtime/debug"
	"slices"

	"github.com/spf13/cobra"

	"github.com/headrace/headrace/internal/telemetry"
)

// version names this build: the release, or the commit it was built from.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return cmp.Or(telemetry.Version, "unknown")
	}
	return cmp.Or(telemetry.Version, describe(info))
}

func describe(info *debug.BuildInfo) string {
	commit, dirty := "", ""
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			commit = s.Value[:min(12, len(s.Value))]
		case "vcs.modified":
			if s.Value == "true" {
				dirty = "+changes"
			}
		}
	}
	if commit == "" {
		return "devel"
	}
	return "devel-" + commit + dirty
}

func (s *session) versionCommand() *cobra.Command {
	return &cobra.Command{Use: "version", Short: "Tell which version this is", Args: noArgs, Example: examples("headrace version", "", "headrace version --json", ""),
		RunE: func(*cobra.Command, []string) error {
			v := map[string]string{"version": version(), "go": runtime.Version(), "platform": runtime.GOOS + "/" + runtime.GOARCH}
			return one(s, v, v["version"], []pair{{"headrace", v["version"]}, {"go", v["go"]}, {"platform", v["platform"]}})
		}}
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
