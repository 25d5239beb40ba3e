package m365sim

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestAzureIdentityForJavaScriptSignsIn has Microsoft's npm library sign in, a client that shares no code with
// azidentity for Go. `npm ci` in tests/npm installs it.
func TestAzureIdentityForJavaScriptSignsIn(t *testing.T) {
	t.Parallel()
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("node is not installed: the npm client @azure/identity is not tried")
	}
	folder, err := filepath.Abs("../../tests/npm")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(folder, "node_modules", "@azure", "identity")); err != nil {
		t.Skip("tests/npm/node_modules is not there: the npm client @azure/identity is not tried (npm ci in tests/npm installs it)")
	}
	sim := open(t, func(s *Scenario) { s.Start = time.Now() })
	c := newClient(t, sim, "")
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := sim.WriteCA(ca); err != nil {
		t.Fatal(err)
	}
	signIn := func(secret string) (result struct{ Token, Error string }) {
		command := exec.CommandContext(t.Context(), node, "signin.mjs")
		command.Dir = folder
		command.Env = append(os.Environ(), "NODE_EXTRA_CA_CERTS="+ca, "AUTHORITY="+sim.LoginURL(), "TENANT="+c.tenant.ID,
			"CLIENT_ID="+c.tenant.ClientID, "CLIENT_SECRET="+secret, "SCOPE="+sim.ManagementURL()+"/.default")
		output, err := command.CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, output)
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
