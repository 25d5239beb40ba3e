package cli

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/secret"
)

// maySpeak tells whether a person can be asked.
func (s *session) maySpeak() bool { return s.inTTY && s.errTTY && !s.flags.noInput }

// sure asks before a moderate change; --yes answers.
func (s *session) sure(format string, args ...any) error {
	if s.flags.yes {
		return nil
	}
	question := fmt.Sprintf(format, args...)
	if !s.maySpeak() {
		return usage("%s", question).WithHint("Nobody can be asked here; repeat the command with --yes.")
	}
	fmt.Fprintf(s.err, "%s [y/N] ", question)
	answer, err := s.answer()
	if err != nil {
		return err
	}
	if a := strings.ToLower(answer); a != "y" && a != "yes" {
		return fault.New(fault.Canceled, "nothing was changed").WithCode("declined")
	}
	return nil
}

// certain makes a person type the name of what is removed for good; --confirm=NAME answers.
func (s *session) certain(name, effect string) error {
	if s.flags.confirm == name {
		return nil
	}
	if s.flags.confirm != "" {
		return usage("--confirm=%s is not the name of what would be removed: %s", s.flags.confirm, name)
	}
	if !s.maySpeak() {
		return usage("%s", effect).WithHint("Nobody can be asked here; repeat the command with --confirm=%s.", name)
	}
	fmt.Fprintf(s.err, "%s\nType its name to go on: ", effect)
	answer, err := s.answer()
	if err != nil {
		return err
	}
	if answer != name {
		return fault.New(fault.Canceled, "nothing was changed").WithCode("declined")
	}
	return nil
}

func (s *session) answer() (string, error) {
	line, err := bufio.NewReader(s.io.In).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("read the answer: %w", err)
	}
	return strings.TrimSpace(line), nil
}

// secretFlags are the ways in which a secret comes in; never as a flag's value.
type secretFlags struct {
	stdin bool
	file  string
	ref   string
}

const maxSecretInput = 64 << 10

// read gives the secret, or the reference to it; none of them if nothing was said and nobody can be asked.
func (f secretFlags) read(s *session, ask bool) (text secret.Text, ref string, err error) {
	given := 0
	for _, set := range []bool{f.stdin, f.file != "", f.ref != ""} {
		if set {
			given++
		}
	}
	switch {
	case given > 1:
		return text, "", usage("give the secret one way: --client-secret-stdin, --client-secret-file or --client-secret-ref")
	case f.ref != "":
		return text, f.ref, nil
	case f.stdin:
		if s.inTTY && s.maySpeak() {
			return s.hiddenPrompt()
		}
		return fromReader(s.io.In, "standard input")
	case f.file != "":
		return fromFile(f.file)
	}
	if v := s.io.Getenv("HEADRACE_CLIENT_SECRET"); v != "" {
		s.say("%s The secret was taken from HEADRACE_CLIENT_SECRET, which other processes of this user can see. Better: --client-secret-stdin < FILE.", s.yellow("!"))
		return secret.New(v), "", nil
	}
	if ask && s.maySpeak() {
		return s.hiddenPrompt()
	}
	return text, "", nil
}

func (s *session) hiddenPrompt() (secret.Text, string, error) {
	fmt.Fprint(s.err, "Client secret (the Value, not the Secret ID; it is not shown): ")
	raw, err := term.ReadPassword(int(s.io.In.Fd()))
	fmt.Fprintln(s.err)
	if err != nil {
		return secret.Text{}, "", fmt.Errorf("read the secret: %w", err)
	}
	return secret.New(string(raw)), "", nil
}

func fromFile(path string) (secret.Text, string, error) {
	f, err := os.Open(path)
	if err != nil {
		return secret.Text{}, "", (&fault.Error{Class: fault.Invalid, Code: "secret_file", Title: "the file of --client-secret-file can't be read", Err: err})
	}
	defer func() { _ = f.Close() }()
	return fromReader(f, path)
}

func fromReader(r io.Reader, what string) (secret.Text, string, error) {
	raw, err := io.ReadAll(io.LimitReader(r, maxSecretInput+1))
	if err != nil {
		return secret.Text{}, "", fmt.Errorf("read the secret from %s: %w", what, err)
	}
	if len(raw) > maxSecretInput {
		return secret.Text{}, "", usage("%s is larger than a secret can be", what)
	}
	if len(strings.TrimSpace(string(raw))) == 0 {
		return secret.Text{}, "", usage("%s has no secret in it", what)
	}
	return secret.New(string(raw)), "", nil
}
