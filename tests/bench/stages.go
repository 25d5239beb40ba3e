package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/pprof/profile"
)

// stagesOf says which stage a function belongs to, by what its name begins with; the innermost function of a stack that
// stands here decides.
var stagesOf = []struct{ prefix, stage string }{
	{"github.com/headrace/headrace/internal/connector/file", "read"},
	{"github.com/headrace/headrace/internal/connector/copilot", "map and check"},
	{"github.com/headrace/headrace/internal/transform", "map and check"},
	{"github.com/headrace/headrace/internal/store", "compare and commit"},
	{"github.com/headrace/headrace/internal/engine", "engine"},
	{"modernc.org/sqlite", "compare and commit"},
	{"github.com/jackc/pgx", "compare and commit"},
}

// stages tells from the one CPU profile in a folder which share of the time each stage took.
func stages(dir string) (string, error) {
	files, err := filepath.Glob(filepath.Join(dir, "cpu-*.pprof"))
	if err != nil || len(files) != 1 {
		return "", fmt.Errorf("%d CPU profiles in %s, not one: %w", len(files), dir, err)
	}
	f, err := os.Open(files[0])
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }()
	took, all := map[string]int64{}, int64(0)
	p, err := profile.Parse(f)
	if err != nil {
		return "", err
	}
	for _, s := range p.Sample {
		n := s.Value[len(s.Value)-1]
		took[stageOf(s)] += n
		all += n
	}
	var said []string
	for _, stage := range []string{"read", "map and check", "compare and commit", "engine", "runtime"} {
		said = append(said, fmt.Sprintf("%s %.0f %%", stage, float64(took[stage])/float64(max(all, 1))*100))
	}
	return strings.Join(said, ", "), nil
}

func stageOf(s *profile.Sample) string {
	for _, at := range s.Location {
		for _, line := range at.Line {
			for _, one := range stagesOf {
				if strings.HasPrefix(line.Function.Name, one.prefix) {
					return one.stage
				}
			}
		}
	}
	return "runtime"
}
