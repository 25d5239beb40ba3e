package m365sim

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

// npm finds node and the folder of npm clients, or skips when a package is not installed there. `npm install` in it
// installs it.
func npm(t *testing.T, folder, name string) (node, at string) {
	t.Helper()
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("node is not installed: the npm client " + name + " is not tried")
	}
	if at, err = filepath.Abs(filepath.Join("../../tests", folder)); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(at, "node_modules", filepath.FromSlash(name))); err != nil {
		t.Skipf("tests/%s/node_modules is not there: the npm client %s is not tried (npm install in tests/%s installs it)", folder, name, folder)
	}
	return node, at
}

// run gives what a program printed.
func run(t *testing.T, folder string, environment []string, name string, arguments ...string) ([]byte, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	command := exec.CommandContext(ctx, name, arguments...)
	command.Dir = folder
	command.Env = append(os.Environ(), environment...)
	var stderr strings.Builder
	command.Stderr = &stderr
	output, err := command.Output()
	if err != nil {
		err = fmt.Errorf("%s %v: %w: %s", name, arguments, err, stderr.String())
	}
	return output, err
}

func caFile(t *testing.T, sim *Simulator) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ca.pem")
	if err := sim.WriteCA(path); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestAzureIdentityForJavaScriptSignsIn has Microsoft's npm library sign in, a client that shares no code with
// azidentity for Go.
func TestAzureIdentityForJavaScriptSignsIn(t *testing.T) {
	t.Parallel()
	node, folder := npm(t, "npm", "@azure/identity")
	sim := open(t, func(s *Scenario) { s.Start = time.Now() })
	c := newClient(t, sim, "")
	ca := caFile(t, sim)
	signIn := func(secret string) (result struct{ Token, Error string }) {
		output, err := run(t, folder, []string{
			"NODE_EXTRA_CA_CERTS=" + ca, "AUTHORITY=" + sim.LoginURL(), "TENANT=" + c.tenant.ID,
			"CLIENT_ID=" + c.tenant.ClientID, "CLIENT_SECRET=" + secret, "SCOPE=" + sim.ManagementURL() + "/.default",
		}, node, "signin.mjs")
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(output, &result); err != nil {
			t.Fatalf("%s: %v", output, err)
		}
		return result
	}
	result := signIn(c.tenant.ClientSecret)
	if result.Error != "" {
		t.Fatal(result.Error)
	}
	c.token = result.Token
	if got := c.feed("GET", "subscriptions/list", nil); got.status != 200 {
		t.Errorf("its token meets %d %s", got.status, got.body)
	}
	if result := signIn("wrong"); !strings.Contains(result.Error, "AADSTS7000215") {
		t.Errorf("a wrong secret gives %q", result.Error)
	}
}

// TestGraphClientForJavaScript has Microsoft's npm client of Graph fill a connection.
func TestGraphClientForJavaScript(t *testing.T) {
	t.Parallel()
	node, folder := npm(t, "npm", "@microsoft/microsoft-graph-client")
	sim := open(t, func(s *Scenario) { s.Start, s.Graph.SchemaTime = time.Now(), 0 })
	tenant := sim.Tenants()[0]
	output, err := run(t, folder, []string{
		"NODE_EXTRA_CA_CERTS=" + caFile(t, sim), "AUTHORITY=" + sim.LoginURL(), "GRAPH=" + sim.GraphURL(), "TENANT=" + tenant.ID,
		"CLIENT_ID=" + tenant.Apps[1].ClientID, "CLIENT_SECRET=" + tenant.Apps[1].Secrets[0].Value,
	}, node, "graph.mjs")
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"accepted":202,"batch":[200,200],"connections":["runbooks"],
		"gone":{"code":"ItemNotFound","message":"The requested resource does not exist.","status":404},
		"hyphen":{"code":"InvalidRequest","message":"The request is malformed or incorrect.","status":400},
		"operation":"completed","put":"one","read":{"services":["edge"],"services@odata.type":"#Collection(String)","title":"Renew"},"state":"draft"}`
	if !sameJSON(t, output, []byte(want)) {
		t.Errorf("got  %s\nwant %s", output, want)
	}
	held, err := sim.Graph("")
	if err != nil {
		t.Fatal(err)
	}
	if shown, err := held.Connection("runbooks"); err != nil || shown.Items != 2 || len(shown.Groups) != 1 || len(shown.Groups[0].Members) != 1 {
		t.Errorf("the tenant holds %+v (%v)", shown, err)
	}
}

func sameJSON(t *testing.T, a, b []byte) bool {
	t.Helper()
	var x, y any
	if err := json.Unmarshal(a, &x); err != nil {
		t.Fatalf("%s: %v", a, err)
	}
	if err := json.Unmarshal(b, &y); err != nil {
		t.Fatal(err)
	}
	return reflect.DeepEqual(x, y)
}

// TestCLIForMicrosoft365 has the community's command line sign in and fill a connection. Its hosts are fixed, so it comes
// through the simulator's proxy. It weighs 400 MB: `npm install` in tests/npm/cli installs it for who wants it.
func TestCLIForMicrosoft365(t *testing.T) {
	t.Parallel()
	node, folder := npm(t, "npm/cli", "@pnp/cli-microsoft365")
	sim := open(t, func(s *Scenario) { s.Start, s.Graph.SchemaTime = time.Now(), 0 })
	home := t.TempDir()
	if err := os.WriteFile(filepath.Join(home, "schema.json"), []byte(schemaBody), 0o600); err != nil {
		t.Fatal(err)
	}
	m365 := func(arguments ...string) string {
		t.Helper()
		script := filepath.Join(folder, "node_modules", "@pnp", "cli-microsoft365", "dist", "index.js")
		output, err := run(t, home, []string{
			"HOME=" + home, "HTTPS_PROXY=" + sim.ProxyURL(), "NODE_EXTRA_CA_CERTS=" + caFile(t, sim), "NO_PROXY=127.0.0.1",
		}, node, append([]string{script}, arguments...)...)
		if err != nil {
			t.Fatal(err)
		}
		return string(output)
	}
	m365("cli", "config", "set", "--key", "disableTelemetry", "--value", "true")
	m365("cli", "config", "set", "--key", "prompt", "--value", "false")
	tenant := sim.Tenants()[0]
	app := tenant.Apps[1]
	m365("login", "--authType", "secret", "--appId", app.ClientID, "--tenant", tenant.ID, "--secret", app.Secrets[0].Value)
	m365("external", "connection", "add", "-i", "runbooks", "-n", "Runbooks", "-d", "How to restart things")
	m365("external", "connection", "schema", "add", "-i", "runbooks", "-s", "@schema.json")
	m365("external", "item", "add", "--id", "one", "--externalConnectionId", "runbooks", "--content", "Check the date",
		"--acls", "grant,everyone,everyone", "--title", "Renew")
	if listed := m365("external", "connection", "list", "-o", "json"); !strings.Contains(listed, `"state": "ready"`) {
		t.Errorf("it lists %s", listed)
	}
	held, err := sim.Graph("")
	if err != nil {
		t.Fatal(err)
	}
	if item, err := held.Item("runbooks", "one"); err != nil || !strings.Contains(string(item.Body), "Check the date") {
		t.Errorf("the tenant holds %s (%v)", item.Body, err)
	}
}
