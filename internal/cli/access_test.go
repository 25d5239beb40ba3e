package cli

import (
	"strings"
	"testing"
	"time"

	"github.com/headrace/headrace/internal/app"
)

func TestAccessIsReadFromFlagsAndEnvironment(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	none := func(string) string { return "" }
	if got, err := accessFrom(none).options(); err != nil || got != app.DefaultAccess() {
		t.Errorf("without anything: %+v, %v; want the defaults", got, err)
	}
	env := map[string]string{"HEADRACE_SESSION_IDLE": "30m", "HEADRACE_SESSION_LIFETIME": "1d", "HEADRACE_TOKEN_LIFETIME": "90d", "HEADRACE_AUDIT_RETENTION": "never"}
	want := app.Access{Idle: 30 * time.Minute, Absolute: day, MaxToken: 90 * day}
	if got, err := accessFrom(func(name string) string { return env[name] }).options(); err != nil || got != want {
		t.Errorf("from the environment: %+v, %v", got, err)
	}
	for name, c := range map[string]struct {
		flags accessFlags
		want  []string
	}{
		"no durations":           {accessFlags{"soon", "7", "x", "y"}, []string{"--session-idle", "--session-lifetime", "--token-lifetime", "--audit-retention"}},
		"too short":              {accessFlags{"1s", "0s", "1m", "1h"}, []string{"--session-idle: is less than 1m", "--token-lifetime: is less than 1h", "--audit-retention: is less than 1d"}},
		"never idle long enough": {accessFlags{"2d", "1d", "", "never"}, []string{"--session-lifetime: is less than --session-idle"}},
	} {
		_, err := c.flags.options()
		for _, part := range c.want {
			if err == nil || !strings.Contains(err.Error(), part) {
				t.Errorf("%s: %v, want it to speak of %q", name, err, part)
			}
		}
	}
}
