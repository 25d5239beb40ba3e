package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/headrace/headrace/internal/api"
	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/telemetry"
)

// Exit codes; `headrace help exit-codes` tells them to people.
const (
	exitOK          = 0
	exitFailed      = 1
	exitUsage       = 2
	exitDifferent   = 3
	exitNotAllowed  = 4
	exitNotFound    = 5
	exitRefused     = 6
	exitTryAgain    = 7
	exitDeadLetters = 8
	exitTimeout     = 9
	exitInterrupted = 130
)

// codeError ends the program with a certain code; what had to be said was said.
type codeError int

func (c codeError) Error() string { return fmt.Sprintf("exit code %d", int(c)) }

// exit shows an error and gives the exit code.
func (s *session) exit(ctx context.Context, err error) int {
	var code codeError
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &code):
		return int(code)
	case s.stop.interrupted() && isCanceled(err):
		s.say("Interrupted.")
		return exitInterrupted
	}
	s.complain(err)
	return exitCode(ctx, err)
}

func isCanceled(err error) bool {
	return errors.Is(err, context.Canceled) || fault.ClassOf(err) == fault.Canceled
}

// notAllowed are the codes of what headrace itself does not let somebody do; other denials are a remote's.
var notAllowed = map[string]bool{"socket_denied": true, "not_signed_in": true, "session_over": true, "sign_in_wrong": true, "token_unknown": true, "token_expired": true, "role_missing": true, "scope_missing": true}

// exitCode is one of the three places that read an error's class.
func exitCode(ctx context.Context, err error) int {
	if errors.Is(err, errTimeout) || errors.Is(err, context.DeadlineExceeded) || errors.Is(context.Cause(ctx), errTimeout) {
		return exitTimeout
	}
	switch fault.ClassOf(err) {
	case fault.Invalid:
		return exitUsage
	case fault.NotFound:
		return exitNotFound
	case fault.Denied:
		if e, ok := fault.As(err); ok && notAllowed[e.Code] {
			return exitNotAllowed
		}
		return exitRefused
	case fault.Throttled, fault.Unavailable:
		return exitTryAgain
	case fault.Canceled:
		return exitInterrupted
	}
	return exitFailed
}

// explain gives errors of the surroundings a text that helps.
func (s *session) explain(err error) error {
	switch {
	case errors.Is(err, syscall.EPIPE):
		return (&fault.Error{Class: fault.Internal, Code: "stdout_closed", Title: "standard output was closed by its reader before everything was written"})
	case errors.Is(err, syscall.ENOSPC):
		if _, ok := fault.As(err); !ok {
			return (&fault.Error{Class: fault.Unavailable, Code: "disk_full", Title: "the disk is full", Err: err}).WithHint("Make room and repeat the command; nothing was lost.")
		}
	case errors.Is(err, errTimeout), errors.Is(err, context.DeadlineExceeded):
		return &fault.Error{Class: fault.Canceled, Code: "timeout", Title: fmt.Sprintf("gave up after %s", s.flags.timeout), Err: err}
	case errors.Is(err, fs.ErrPermission):
		if _, ok := fault.As(err); !ok {
			return (&fault.Error{Class: fault.Denied, Code: "no_access", Title: "the file or folder does not belong to you", Err: err}).WithHint("Run the command as the user that runs headrace serve, or choose another folder with --data.")
		}
	}
	return err
}

// complain shows an error: what happened, the likely cause and what to do, the details.
func (s *session) complain(err error) {
	if s.wantsJSON() {
		raw, _ := json.Marshal(api.ProblemOf(err, ""))
		fmt.Fprintln(s.err, telemetry.Redact(string(raw)))
		return
	}
	var b strings.Builder
	var problems fault.Problems
	if errors.As(err, &problems) {
		fmt.Fprintf(&b, "%s %d %s:\n", s.red("✗"), len(problems), plural(len(problems), "problem", "problems"))
		for _, p := range problems {
			fmt.Fprintf(&b, "  %s\n", strings.ReplaceAll(p.String(), "\n", "\n    "))
		}
	} else {
		fmt.Fprintf(&b, "%s %s\n", s.red("✗"), err.Error())
	}
	e, ok := fault.As(err)
	if ok && e.Hint != "" {
		fmt.Fprintf(&b, "  %s %s\n", s.bold("→"), strings.ReplaceAll(e.Hint, "\n", "\n    "))
	}
	if ok && e.Upstream != nil {
		fmt.Fprintf(&b, "  details: %s\n", upstream(*e.Upstream))
	}
	if ok && !e.RetryAt.IsZero() {
		fmt.Fprintf(&b, "  try again after %s\n", clock(e.RetryAt))
	}
	if ok && e.Docs != "" {
		fmt.Fprintf(&b, "  more: %s\n", e.Docs)
	}
	fmt.Fprint(s.err, telemetry.Redact(b.String()))
}

func upstream(u fault.Upstream) string {
	parts := []string{u.Service}
	if u.Status != 0 {
		parts = append(parts, fmt.Sprintf("HTTP %d", u.Status))
	}
	if u.Code != "" {
		parts = append(parts, u.Code)
	}
	if u.RequestID != "" {
		parts = append(parts, "request "+u.RequestID)
	}
	return strings.Join(parts, " · ")
}

func plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

func eachFlag(cmd *cobra.Command, f func(name string)) {
	cmd.Flags().VisitAll(func(flag *pflag.Flag) { f(flag.Name) })
	cmd.InheritedFlags().VisitAll(func(flag *pflag.Flag) { f(flag.Name) })
}
