package cli

import (
	"time"

	"github.com/spf13/cobra"

	"github.com/headrace/headrace/internal/app"
	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/fault"
)

// accessFlags say how long those who signed in stay signed in, and how long it is remembered what they did.
type accessFlags struct {
	idle, absolute, token, audit string
}

// accessFrom gives what the environment says, for commands that have no such flags.
func accessFrom(getenv func(string) string) accessFlags {
	return accessFlags{
		idle: envOr(getenv, "HEADRACE_SESSION_IDLE", "12h"), absolute: envOr(getenv, "HEADRACE_SESSION_LIFETIME", "7d"),
		token: getenv("HEADRACE_TOKEN_LIFETIME"), audit: envOr(getenv, "HEADRACE_AUDIT_RETENTION", "366d"),
	}
}

func (f *accessFlags) add(c *cobra.Command, getenv func(string) string) {
	from := accessFrom(getenv)
	c.Flags().StringVar(&f.idle, "session-idle", from.idle, "a session ends after this time without use (env HEADRACE_SESSION_IDLE)")
	c.Flags().StringVar(&f.absolute, "session-lifetime", from.absolute, "and after this time in any case (env HEADRACE_SESSION_LIFETIME)")
	c.Flags().StringVar(&f.token, "token-lifetime", from.token, "the longest life that an API token made from now on may have: 90d; none: tokens without an end are allowed (env HEADRACE_TOKEN_LIFETIME)")
	c.Flags().StringVar(&f.audit, "audit-retention", from.audit, "how long entries of the audit log are kept; never: no entry is forgotten (env HEADRACE_AUDIT_RETENTION)")
}

// Bounds of the flags: less is a slip of the pen that locks everybody out, or leaves nothing of what was done.
const (
	leastSession = time.Minute
	leastToken   = time.Hour
	leastAudit   = 24 * time.Hour
)

// options reads the flags. All that is wrong is told at once.
func (f accessFlags) options() (app.Access, error) {
	var (
		a     app.Access
		wrong fault.Problems
	)
	read := func(flag, text string, least time.Duration, to *time.Duration) {
		d, err := connector.ParseDuration(text)
		switch {
		case err != nil:
			wrong = append(wrong, fault.Problem{Field: "--" + flag, Text: err.Error()})
		case d < least:
			wrong = append(wrong, fault.Problem{Field: "--" + flag, Text: "is less than " + connector.Duration(least).String()})
		}
		*to = d
	}
	read("session-idle", f.idle, leastSession, &a.Idle)
	read("session-lifetime", f.absolute, leastSession, &a.Absolute)
	if f.token != "" {
		read("token-lifetime", f.token, leastToken, &a.MaxToken)
	}
	if f.audit != "never" {
		read("audit-retention", f.audit, leastAudit, &a.AuditKeep)
	}
	if len(wrong) == 0 && a.Absolute < a.Idle {
		wrong = append(wrong, fault.Problem{Field: "--session-lifetime", Text: "is less than --session-idle, which could never end a session then"})
	}
	return a, wrong.Err()
}
