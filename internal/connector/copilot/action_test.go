package copilot

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/fault"
)

// act runs a destination's action with input as JSON.
func (w *world) act(name, input string) (string, error) {
	w.t.Helper()
	i := slices.IndexFunc(destinationActions(), func(a connector.Action) bool { return a.Name == name })
	if i < 0 {
		w.t.Fatalf("there is no action %s", name)
	}
	a := destinationActions()[i]
	in := a.Input()
	if err := json.Unmarshal([]byte(input), in); err != nil { // fields differ from their settings' names in case only
		w.t.Fatal(err)
	}
	out, err := a.Run(w.t.Context(), w.cfg, w.env, in)
	return string(out), err
}

func TestActions(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	const user = "c2b6e3a0-0b7c-4f2a-8f5e-3a9d7e1b4c66"
	for i, c := range []struct{ action, input, want string }{
		{"connection-list", `{}`, `[]`},
		{"connection-show", `{}`, "connection_missing"},
		{"schema-infer", `{"samples":[{"title":"A","path":"a"},{"title":"B","path":"b"}]}`, `"labels":["title"]`},
		{"connection-create", `{}`, `"state":"draft"`},
		{"connection-create", `{}`, `"state":"draft"`},
		{"schema-show", `{}`, "schema_missing"},
		{"schema-diff", `{"samples":[{"title":"A","path":"a"}]}`, `"registered":false,"allowed":true`},
		{"schema-register", `{"samples":[{"title":"A","path":"a"}]}`, `"operation":"1.`},
		{"schema-register", `{"samples":[{"title":"A","path":"a"}]}`, "right as it is"},
		{"schema-show", `{}`, `"name":"title"`},
		{"item-send", `{"record":{"title":"A","path":"a","text":"x"},"key":"docs/a.md"}`, `"id":"docs-a-md--`},
		{"item-show", `{"id":"docs/a.md"}`, `"found":true`},
		{"item-show", `{"record":{"title":"A","path":"a","text":"x"},"key":"docs/a.md"}`, `"same":true`},
		{"item-show", `{"record":{"title":"B","path":"a","text":"y"},"key":"docs/a.md"}`, `"different":["content","properties.title"]`},
		{"item-show", `{"id":"docs/a.md","made":"{\"acl\":[],\"content\":{\"type\":\"text\",\"value\":\"x\"}}"}`, `"different":["acl","properties.`},
		{"item-show", `{"id":"docs/a.md","made":"{"}`, "made: is no JSON"},
		{"item-show", `{"id":"docs/a.md","made":"{}","record":{}}`, "one of the two"},
		{"item-show", `{"id":"none"}`, `"found":false`},
		{"item-send", `{"record":{"path":"a b"},"key":"k"}`, "no absolute address"},
		{"item-delete", `{"id":"docs/a.md"}`, `"removed":"docs-a-md--`},
		{"item-delete", `{"id":"docs/a.md"}`, `"removed"`},
		{"group-create", `{"id":"oncall","displayName":"On call"}`, `"displayName":"On call"`},
		{"group-create", `{"id":"on call"}`, "id: is"},
		{"group-create", `{"id":"oncall"}`, "group_exists"},
		{"group-show", `{"id":"nobody"}`, "there is no external group nobody in the connection companypolicies"},
		{"member-add", `{"group":"nobody","id":"` + user + `","type":"user"}`, "there is no external group nobody"},
		{"member-add", `{"group":"oncall","id":"nobody","type":"externalGroup"}`, "the external group nobody was not taken"},
		{"member-add", `{"group":"oncall","id":"` + user + `","type":"user"}`, user},
		{"member-add", `{"group":"oncall","id":"` + user + `","type":"user"}`, user},
		{"member-add", `{"group":"oncall","id":"ada@northgate.example","type":"user"}`, "e-mail address"},
		{"member-remove", `{"group":"oncall","id":"` + user + `","type":"user"}`, user},
		{"group-show", `{"id":"oncall"}`, "On call"},
		{"group-delete", `{"id":"oncall"}`, "oncall"},
		{"quota", `{}`, "itemsRemaining"},
		{"access-test", `{"id":"none","user":"` + user + `"}`, "there is no item none in the connection"},
		{"access-test", `{"id":"none","user":"ada@northgate.example"}`, "e-mail address"},
		{"connection-remove", `{}`, "confirm: is missing"},
		{"connection-remove", `{"confirm":"other"}`, "the connection is companypolicies"},
		{"connection-remove", `{"confirm":"companypolicies"}`, `"removed":"companypolicies"`},
		{"connection-show", `{}`, "connection_missing"},
	} {
		got, err := w.act(c.action, c.input)
		if err != nil {
			got = codeOf(err) + " " + err.Error()
		}
		if !strings.Contains(got, c.want) {
			t.Fatalf("%d %s %s: %s, want %q (%s)", i, c.action, c.input, got, c.want, fault.HintOf(err))
		}
	}
}

// rows gives "name result" of a check's rows.
func rows(all []connector.Check) string {
	var b strings.Builder
	for _, c := range all {
		_, _ = fmt.Fprintf(&b, "%s: %s\n", c.Name, c.Result)
	}
	return b.String()
}

func TestDoctor(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.cfg.Connection.Description = "Policies"
	w.cfg.Item.Properties = map[string]string{"title": ".title", "size": "1"}
	w.write(w.open(), nil, w.prepared(documents(0, 3)...)...)
	out, err := w.act("doctor", `{}`)
	if err != nil {
		t.Fatal(err)
	}
	var all []connector.Check
	if err := json.Unmarshal([]byte(out), &all); err != nil {
		t.Fatal(err)
	}
	got := rows(all)
	for _, want := range []string{"Token from Entra: works", connectionRight + ": works", "Connection: works", "Description: missing", "Links that people share: not_needed", "Label title: works", "Label url: missing", "Label iconUrl: missing",
		"A searchable property: works", "Content: works", "Results are shown to people: unknown"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing in\n%s", want, got)
		}
	}
	for _, c := range all {
		if c.Result != connector.Works && c.Fix == "" && c.Result != connector.Unknown {
			t.Errorf("%s: nothing says what to do", c.Name)
		}
	}
}

func TestCheckOfACredential(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	for name, c := range map[string]struct {
		roles []string
		want  string
	}{
		"the least":   {[]string{connectionRight, itemRight}, "Token from Entra: works\n" + connectionRight + ": works\n" + itemRight + ": works\nLive read: works\n"},
		"broader":     {[]string{"ExternalConnection.ReadWrite.All", itemRight}, "Token from Entra: works\n" + connectionRight + ": broader\n" + itemRight + ": works\nLive read: works\n"},
		"one missing": {[]string{connectionRight}, "Token from Entra: works\n" + connectionRight + ": works\n" + itemRight + ": missing\nLive read: works\n"},
		"none at all": {nil, "Token from Entra: works\n" + connectionRight + ": missing\n" + itemRight + ": missing\nLive read: refused\n"},
		"for another": {[]string{"ExternalItem.Read.All"}, "Token from Entra: works\n" + connectionRight + ": missing\n" + itemRight + ": missing\nLive read: refused\n"},
	} {
		if err := w.sim.SetRoles("", w.app.ClientID, c.roles...); err != nil {
			t.Fatal(err)
		}
		if got := rows(checkCredential(t.Context(), w.env)); got != c.want {
			t.Errorf("%s:\n%s\nwant\n%s", name, got, c.want)
		}
	}
	if steps := guide(*w.env.Credential); len(steps) < 5 || !strings.Contains(steps[3].Text, "Application permissions (not Delegated)") {
		t.Errorf("%v", steps)
	}
}

func TestCheckOfADestination(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	last := func() connector.Check {
		all := checkDestination(t.Context(), w.cfg, w.env)
		return all[len(all)-1]
	}
	if got := last(); got.Name != rowConnection || got.Result != connector.NotNeeded {
		t.Errorf("before the first run: %+v", got)
	}
	w.write(w.open(), nil, w.prepared(documents(0, 1)...)...)
	if got := last(); got.Name != rowSchema || got.Result != connector.Works {
		t.Errorf("ready: %+v", got)
	}
	w.cfg.Schema = json.RawMessage(`[{"name":"title","type":"int64"},{"name":"url","type":"string"}]`)
	if got := last(); got.Result != connector.Refused || got.Fix == "" {
		t.Errorf("a schema that can't be: %+v", got)
	}
	w.cfg.Connection.ID = "a-b"
	if got := last(); got.Name != "Settings" || got.Result != connector.Refused {
		t.Errorf("wrong settings: %+v", got)
	}
}

// Graph keeps seven digits of a second, files' times have nine: an item is compared as it was sent.
func TestAnItemIsShownAsItWasSent(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.cfg.Item.Properties = map[string]string{"title": ".title", "changed": ".changed", "url": `"https://a.example/" + .title`}
	const record = `{"title":"A","text":"x","changed":"2026-11-23T09:38:26.579684092Z"}`
	for _, c := range []struct{ action, input, want string }{
		{"connection-create", `{}`, `"state"`},
		{"schema-register", `{"samples":[` + record + `]}`, `"operation"`},
		{"schema-show", `{}`, `"type":"dateTime"`},
		{"item-send", `{"record":` + record + `,"key":"a"}`, `"found":true`},
		{"item-show", `{"record":` + record + `,"key":"a"}`, `"same":true`},
		{"item-show", `{"record":` + strings.Replace(record, "09:38", "09:39", 1) + `,"key":"a"}`, `"different":["properties.changed"]`},
		{"item-show", `{"record":{"title":"A","text":"x","changed":"soon"},"key":"a"}`, "it would be refused"},
		{"item-show", `{"id":"a"}`, `"url":"https://a.example/A"`},
	} {
		got, err := w.act(c.action, c.input)
		if err != nil {
			got = codeOf(err) + " " + err.Error()
		}
		if !strings.Contains(got, c.want) {
			t.Fatalf("%s %s: %s, want %q", c.action, c.input, got, c.want)
		}
	}
}
