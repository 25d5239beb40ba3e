package cli

import (
	"testing"
	"time"

	"github.com/spf13/cobra"

	"github.com/headrace/headrace/internal/config"
	"github.com/headrace/headrace/internal/connector/registry"
)

func TestEveryCommandHasHelpWithTwoExamples(t *testing.T) {
	t.Parallel()
	s := &session{io: IO{Getenv: func(string) string { return "" }}, connectors: registry.Specs()}
	var check func(c *cobra.Command)
	check = func(c *cobra.Command) {
		name := c.CommandPath()
		topic := c.Parent() != nil && !c.Parent().HasParent() && !c.Runnable()
		if c.Short == "" {
			t.Errorf("%s has no short text", name)
		}
		if lines := len(splitLines(c.Example)); !topic && lines < 2 {
			t.Errorf("%s has %d examples", name, lines)
		}
		for _, sub := range c.Commands() {
			if sub.Name() != "help" && sub.Name() != "completion" {
				check(sub)
			}
		}
	}
	check(s.root())
}

func splitLines(text string) []string {
	var all []string
	for _, b := range []byte(text + "\n") {
		if b == '\n' {
			all = append(all, "")
		}
	}
	if text == "" {
		return nil
	}
	return all
}

func TestFlagNames(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{"contentTypes": "content-types", "hold.limit": "hold-limit", "publisherIdentifier": "publisher-identifier",
		"webhook.authId": "webhook-auth-id", "path": "path", "baseURL": "base-url"} {
		if got := flagName(path); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
}

func TestTypedValues(t *testing.T) {
	t.Parallel()
	spec := fields{}
	for path, given := range map[string]struct {
		text  string
		field config.Field
	}{
		"list":     {"a, b,", config.Field{List: true}},
		"flow":     {"[x]", config.Field{List: true, Type: "list of text"}},
		"number":   {"12", config.Field{Type: "number"}},
		"name":     {"12", config.Field{Type: "text"}},
		"on":       {"true", config.Field{Type: "true or false"}},
		"in.ner":   {"7d", config.Field{Type: "duration"}},
		"in.other": {"{a: 1}", config.Field{}},
	} {
		v, err := typed(given.text, given.field)
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		spec.set(path, v)
	}
	want := `{"flow":["x"],"in":{"ner":"7d","other":{"a":1}},"list":["a","b"],"name":"12","number":12,"on":true}`
	if got := string(spec.raw()); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestWords(t *testing.T) {
	t.Parallel()
	if got := count(-1234567); got != "-1,234,567" {
		t.Errorf("got %s", got)
	}
	if got := size(44_900_000); got != "44.9 MB" {
		t.Errorf("got %s", got)
	}
	for d, want := range map[time.Duration]string{41 * time.Second: "41 s", 90 * time.Minute: "1 h 30 min", 53 * time.Hour: "2 d 5 h"} {
		if got := span(d); got != want {
			t.Errorf("%s: %s, want %s", d, got, want)
		}
	}
}

func TestAPasswordInAURLIsSeen(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]bool{"postgres://u@h/db": false, "postgres://u:p@h/db": true, "postgres://h/db?password=p": true, "postgres://u:%zz@h": true} {
		if hasPassword(url) != want {
			t.Errorf("%s: %v", url, !want)
		}
	}
}
