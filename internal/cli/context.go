package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/headrace/headrace/internal/api"
	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/secret"
)

// A place is a server that commands can be sent to, with the token for it. JSON of it is the file's; nobody else sees the token.
type place struct {
	Name   string        `json:"name"`
	Server string        `json:"server"`
	User   string        `json:"user"`
	Token  api.Sensitive `json:"token"`
	Ours   string        `json:"token_id,omitempty"` // of a token that login made, and logout revokes
	CA     string        `json:"ca,omitempty"`       // PEM
}

// places are what the file of contexts holds.
type places struct {
	Current  string  `json:"current"`
	Contexts []place `json:"contexts"`

	file string
}

// localPlace is the name for the data folder of this machine.
const localPlace = "local"

// contextsFile is where contexts are kept: in $XDG_CONFIG_HOME/headrace, else ~/.config/headrace.
func (s *session) contextsFile() (string, error) {
	dir := s.io.Getenv("XDG_CONFIG_HOME")
	if dir == "" {
		home := s.io.Getenv("HOME")
		if home == "" {
			return "", fault.New(fault.Invalid, "there is no place for contexts: neither XDG_CONFIG_HOME nor HOME is set").WithCode("no_home")
		}
		dir = filepath.Join(home, ".config")
	}
	return filepath.Join(dir, "headrace", "contexts.json"), nil
}

// places reads the file; none is an empty one.
func (s *session) places() (*places, error) {
	file, err := s.contextsFile()
	if err != nil {
		return nil, err
	}
	p := &places{file: file}
	raw, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return p, nil
	}
	if err != nil {
		return nil, (&fault.Error{Class: fault.Invalid, Code: "contexts_file", Title: "the file of contexts can't be read", Err: err}).WithHint("Mend or remove %s; then headrace login.", file)
	}
	if info, err := os.Stat(file); err == nil && info.Mode().Perm()&0o077 != 0 {
		return nil, (&fault.Error{Class: fault.Denied, Code: "contexts_file_mode", Title: fmt.Sprintf("the tokens in %s can be read by others (mode %o)", file, info.Mode().Perm())}).WithHint("chmod 600 %s; if others use this machine, revoke the tokens: headrace logout", file)
	}
	if err := json.Unmarshal(raw, p); err != nil {
		return nil, fault.New(fault.Invalid, "the file of contexts is damaged: %s", file).WithCode("contexts_file").WithHint("Remove it and sign in again: headrace login")
	}
	return p, nil
}

// save writes the file for its owner only, whole or not at all.
func (p *places) save() error {
	raw, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		return err
	}
	dir := filepath.Dir(p.file)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make the folder of contexts: %w", err)
	}
	f, err := os.CreateTemp(dir, "contexts-*") // made for its owner only
	if err != nil {
		return fmt.Errorf("write the contexts: %w", err)
	}
	_, err = f.Write(append(raw, '\n'))
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), p.file)
	}
	if err != nil {
		_ = os.Remove(f.Name())
		return fmt.Errorf("write the contexts: %w", err)
	}
	return nil
}

func (p *places) find(name string) (int, error) {
	i := slices.IndexFunc(p.Contexts, func(c place) bool { return c.Name == name })
	if i < 0 {
		return i, (&fault.Error{Class: fault.NotFound, Code: "context_not_found", Title: fmt.Sprintf("there is no context %q", name)}).WithHint("headrace context list shows what there is; headrace login makes one.")
	}
	return i, nil
}

// put adds a context or replaces the one of its name.
func (p *places) put(c place) {
	p.Contexts = slices.DeleteFunc(p.Contexts, func(old place) bool { return old.Name == c.Name })
	p.Contexts = append(p.Contexts, c)
	slices.SortFunc(p.Contexts, func(a, b place) int { return strings.Compare(a.Name, b.Name) })
}

// remove takes a context away; commands go to the data folder of this machine if it was the one in use.
func (p *places) remove(i int) {
	if p.Current == p.Contexts[i].Name {
		p.Current = ""
	}
	p.Contexts = slices.Delete(p.Contexts, i, i+1)
}

// place says where commands go: --context, HEADRACE_CONTEXT, then this machine if a data folder or a database was named, then the context in use. Nil: this machine.
func (s *session) place() (*place, error) {
	name := s.flags.context
	if name == "" {
		name = s.io.Getenv("HEADRACE_CONTEXT")
	}
	if name == localPlace {
		return nil, nil
	}
	if name == "" && (s.flags.here || s.io.Getenv("HEADRACE_DATA_DIR") != "" || !s.databaseURL().Empty()) {
		return nil, nil
	}
	if _, err := s.contextsFile(); name == "" && err != nil {
		return nil, nil //nolint:nilerr // no home, no contexts
	}
	p, err := s.places()
	if err != nil {
		return nil, err
	}
	if name == "" {
		name = p.Current
	}
	if name == "" {
		return nil, nil
	}
	i, err := p.find(name)
	if err != nil {
		return nil, err
	}
	return &p.Contexts[i], nil
}

// reach gives the way to a context's server.
func (c place) reach() (*api.Remote, error) {
	return api.Reach(api.Reaching{Server: c.Server, Token: c.Token.Text, CA: []byte(c.CA)})
}

func (s *session) contextCommand() *cobra.Command {
	c := &cobra.Command{Use: "context", Aliases: []string{"contexts"}, Short: "The servers that commands go to",
		Long: "Commands go to the data folder of this machine, or to a server that was signed in to (headrace login). --context NAME or HEADRACE_CONTEXT picks one for a command; local is this machine. " +
			"Contexts are kept in $XDG_CONFIG_HOME/headrace/contexts.json, for their owner only.",
		Example: examples("headrace context list", "", "headrace context use production", "", "headrace context use local", "back to this machine")}
	c.AddCommand(s.contextList(), s.contextShow(), s.contextAdd(), s.contextUse(), s.contextRemove())
	return c
}

// shownPlace is a context without its token.
type shownPlace struct {
	Name    string `json:"name"`
	Server  string `json:"server"`
	User    string `json:"user"`
	Current bool   `json:"current"`
}

func (p *places) shown() []shownPlace {
	all := []shownPlace{}
	for _, c := range p.Contexts {
		all = append(all, shownPlace{c.Name, c.Server, c.User, c.Name == p.Current})
	}
	return all
}

func (s *session) contextList() *cobra.Command {
	return &cobra.Command{Use: "list", Short: "List contexts", Args: noArgs, Example: examples("headrace context list", "", "headrace context list -o id", "only the names"),
		RunE: func(*cobra.Command, []string) error {
			p, err := s.places()
			if err != nil {
				return err
			}
			return list(s, p.shown(), func(c shownPlace) string { return c.Name }, "There are none. Commands go to this machine; headrace login adds a server.", []column[shownPlace]{
				{head: "IN USE", text: func(c shownPlace) string { return yes(c.Current, "*", "") }},
				{head: "NAME", text: func(c shownPlace) string { return c.Name }},
				{head: "SERVER", text: func(c shownPlace) string { return c.Server }},
				{head: "USER", text: func(c shownPlace) string { return c.User }},
			})
		}}
}

func (s *session) contextShow() *cobra.Command {
	return &cobra.Command{Use: "show", Short: "Tell where commands go, and as whom", Args: noArgs, Example: examples("headrace context show", "", "headrace context show --context production", ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := s.place()
			if err != nil {
				return err
			}
			name, server := localPlace, s.flags.data
			if c != nil {
				name, server = c.Name, c.Server
			}
			v, err := call(s, cmd, api.SessionShow, api.None{})
			if err != nil {
				return err
			}
			who := v.Name
			if v.Kind == "token" && v.Account != nil {
				who = v.Account.Name + ", by the token " + v.Name
			}
			return one(s, map[string]any{"context": name, "server": server, "session": v}, name, []pair{{"context", name}, {"server", server}, {"signed in as", who}, {"role", string(v.Role)},
				{"for", strings.Join(v.Scopes, ", ")}, {"until", until(v.Expires)}})
		}}
}

func (s *session) contextAdd() *cobra.Command {
	var f loginFlags
	c := &cobra.Command{Use: "add NAME", Short: "Add a server, with a token that was made elsewhere", Args: exactly(1),
		Example: examples("headrace context add production --server https://headrace.contoso.com --token-stdin < token.txt", "", "headrace context add lab --server https://lab:8420 --ca ca.pem --token-stdin < token.txt", ""),
		RunE: func(cmd *cobra.Command, args []string) error {
			f.name = args[0]
			return s.addPlace(cmd.Context(), f)
		}}
	f.add(c)
	return c
}

func (s *session) contextUse() *cobra.Command {
	return &cobra.Command{Use: "use NAME", Short: "Send commands to this server from now on; local: to this machine", Args: exactly(1), Example: examples("headrace context use production", "", "headrace context use local", ""),
		RunE: func(_ *cobra.Command, args []string) error {
			p, err := s.places()
			if err != nil {
				return err
			}
			p.Current = ""
			if args[0] != localPlace {
				i, err := p.find(args[0])
				if err != nil {
					return err
				}
				p.Current = p.Contexts[i].Name
			}
			if err := p.save(); err != nil {
				return err
			}
			s.done("commands go to %s", args[0])
			return nil
		}}
}

func (s *session) contextRemove() *cobra.Command {
	return &cobra.Command{Use: "remove NAME", Short: "Forget a server; its token stays valid there (headrace logout revokes it)", Args: exactly(1), Example: examples("headrace context remove lab", "", "headrace context remove lab -q", ""),
		RunE: func(_ *cobra.Command, args []string) error {
			p, err := s.places()
			if err != nil {
				return err
			}
			i, err := p.find(args[0])
			if err != nil {
				return err
			}
			p.remove(i)
			if err := p.save(); err != nil {
				return err
			}
			s.done("removed context %s", args[0])
			return nil
		}}
}

// addPlace keeps a context once its token was seen to work.
func (s *session) addPlace(ctx context.Context, f loginFlags) error {
	c, err := f.place(s)
	if err != nil {
		return err
	}
	if !f.tokenStdin {
		return usage("--token-stdin is missing: the token is read from standard input").WithHint("headrace token create makes one; headrace login signs in with name and password.")
	}
	text, err := s.secretInput("standard input")
	if err != nil {
		return err
	}
	c.Token = api.Secret(secret.New(strings.TrimSpace(text.Reveal())))
	return s.keepPlace(ctx, c, f)
}
