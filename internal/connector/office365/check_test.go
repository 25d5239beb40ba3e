package office365

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/m365sim"
	"github.com/headrace/headrace/internal/secret"
)

func results(checks []connector.Check) map[string]connector.CheckResult {
	out := map[string]connector.CheckResult{}
	for _, c := range checks {
		out[c.Name] = c.Result
	}
	return out
}

func TestCheckNamesWhatIsWrong(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change   func(*world)
		scenario func(*m365sim.Scenario)
		source   bool
		want     map[string]connector.CheckResult
		says     string
	}{
		"all well": {want: map[string]connector.CheckResult{rowToken: connector.Works, readRight: connector.Works, dlpRight: connector.Works, rowAudit: connector.Works, rowLive: connector.Works, rowClock: connector.Works}},
		"a source": {source: true, want: map[string]connector.CheckResult{"Subscription DLP.All": connector.Works, "Subscription Audit.General": connector.Works}},
		"no permission at all": {
			change: func(w *world) { w.roles() },
			want:   map[string]connector.CheckResult{rowToken: connector.Works, readRight: connector.Missing, dlpRight: connector.NotNeeded, rowLive: connector.Refused, rowAudit: connector.Unknown},
			says:   "No permission granted yet",
		},
		"DLP without its permission": {source: true,
			change: func(w *world) { w.roles(readRight) },
			want:   map[string]connector.CheckResult{readRight: connector.Works, dlpRight: connector.Missing, rowLive: connector.Works},
			says:   "ActivityFeed.ReadDlp under API permissions",
		},
		"a wrong secret": {
			change: func(w *world) {
				w.env.Credential.Secret = func(context.Context) (secret.Text, error) { return secret.New("wrong"), nil }
			},
			want: map[string]connector.CheckResult{rowToken: connector.Refused, readRight: connector.Unknown, rowAudit: connector.Unknown},
			says: "Secret ID",
		},
		"the service is down": {
			scenario: func(s *m365sim.Scenario) { s.Faults = []m365sim.Fault{{On: m365sim.OpSubscriptions, Do: "503"}} },
			want:     map[string]connector.CheckResult{rowToken: connector.Works, rowLive: connector.Unknown},
		},
		"audit logging is off": {
			scenario: func(s *m365sim.Scenario) { s.Faults = []m365sim.Fault{{On: m365sim.OpSubscriptions, Do: "audit-off"}} },
			want:     map[string]connector.CheckResult{rowAudit: connector.Missing, rowLive: connector.Unknown},
			says:     "Purview",
		},
		"nothing subscribed yet": {source: true,
			scenario: func(s *m365sim.Scenario) { s.Tenants[0].Subscriptions = map[string]string{"any": "none"} },
			want:     map[string]connector.CheckResult{rowAudit: connector.NotNeeded, "Subscription Audit.General": connector.NotNeeded},
		},
		"a wrong clock": {
			scenario: func(s *m365sim.Scenario) { s.Skew = m365sim.Duration(20 * time.Minute) },
			want:     map[string]connector.CheckResult{rowClock: connector.Missing, rowLive: connector.Works},
			says:     "20m0s behind",
		},
		"a credential that can't be right": {
			change: func(w *world) { w.env.Credential.ClientID = "x" },
			want:   map[string]connector.CheckResult{rowToken: connector.Refused},
			says:   "clientId",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, c.scenario)
			if c.change != nil {
				c.change(w)
			}
			spec := Spec()
			checks := spec.Credential.Check(t.Context(), w.env)
			if c.source {
				checks = spec.Source.Check(t.Context(), w.cfg, w.env)
			}
			got, text := results(checks), ""
			for row, want := range c.want {
				if got[row] != want {
					t.Errorf("%s is %q, want %q; all: %+v", row, got[row], want, checks)
				}
			}
			for _, row := range checks {
				text += row.Text + " " + row.Fix + "\n"
				if row.Text == "" || row.Result == connector.Missing && row.Fix == "" {
					t.Errorf("a row says nothing, or not what to do: %+v", row)
				}
			}
			if !strings.Contains(text, c.says) {
				t.Errorf("no row speaks of %q:\n%s", c.says, text)
			}
		})
	}
}

func (w *world) roles(names ...string) {
	w.t.Helper()
	if err := w.sim.SetRoles("", w.tenant.ClientID, names...); err != nil {
		w.t.Fatal(err)
	}
}

func TestGuideHasTheSixStepsForEachCloud(t *testing.T) {
	t.Parallel()
	for _, cloud := range []string{"", "gcc", "gcc-high", "dod", "china", "mars"} {
		c := connector.Credential{Cloud: cloud, TenantID: "contoso.example", ClientID: "1b4f0000-0000-4000-8000-000000000000"}
		steps := Spec().Credential.Guide(c)
		if len(steps) != 6 {
			t.Fatalf("%s: %d steps, want 6", cloud, len(steps))
		}
		for i, s := range steps {
			if s.Title == "" || s.Text == "" || s.Link != "" && !strings.HasPrefix(s.Link, "https://") {
				t.Errorf("%s: step %d is %+v", cloud, i+1, s)
			}
		}
	}
	us := Spec().Credential.ConsentURL(connector.Credential{Cloud: "dod", TenantID: "t.example", ClientID: "c"})
	if !strings.HasPrefix(us, "https://login.microsoftonline.us/t.example/adminconsent") {
		t.Errorf("consent for DoD at %s", us)
	}
}

func TestConfigReportsAllProblemsAtOnce(t *testing.T) {
	t.Parallel()
	if p := NewConfig().Validate(); len(p) > 0 {
		t.Fatalf("the defaults are not valid: %v", p)
	}
	hour := connector.Duration(time.Hour)
	bad := &Config{
		ContentTypes: []string{"Audit.Exchange", "audit.exchange", "Audit.Teams"}, Start: hour, Interval: 0, Lag: 13 * hour, Overlap: 200 * hour,
		DeepScan: DeepScan{Every: 1, To: 200 * hour}, Window: 25 * hour, MaxWindow: hour, RequestsPerMinute: 0, ListConcurrency: 0,
		PublisherID: "me", Webhook: Webhook{Address: "http://x"}, MaxRecord: 1, Hold: Hold{Limit: -1},
	}
	want := []string{"contentTypes[1]", "contentTypes[2]", "start", "interval", "lag", "overlap", "window", "maxWindow", "deepScan.every", "deepScan.to", "requestsPerMinute", "listConcurrency", "publisherIdentifier", "maxRecord", "hold.limit", "webhook.address"}
	fields := map[string]bool{}
	for _, p := range bad.Validate() {
		fields[p.Field] = true
		if p.Text == "" {
			t.Errorf("%s: no text", p.Field)
		}
	}
	for _, f := range want {
		if !fields[f] {
			t.Errorf("%s is not reported", f)
		}
	}
	if p := (&Config{}).Validate(); len(p) == 0 || p[0].Field != "contentTypes" {
		t.Errorf("no content types: %v", p)
	}
}

func TestOpenRefusesWhatCantWork(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	if _, err := Spec().Source.Open(&Config{}, w.env); err == nil {
		t.Error("a config that is not valid was opened")
	}
	env := w.env
	env.Credential = nil
	if _, err := Spec().Source.Open(w.cfg, env); err == nil || !strings.Contains(err.Error(), "credential") {
		t.Errorf("without a credential: %v", err)
	}
	if _, err := Spec().Source.Open(&NoInput{}, w.env); err == nil {
		t.Error("another connector's config was opened")
	}
}

// TestATenantByItsDomain: the API wants a GUID in its paths, which only the token tells.
func TestATenantByItsDomain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.env.Credential.TenantID = w.tenant.Domain
	scopes := map[string]bool{}
	limit := w.env.Limit
	w.env.Limit = func(scope string, perMinute int) connector.Limiter {
		scopes[scope] = true
		return limit(scope, perMinute)
	}
	w.cfg.ListConcurrency = 1
	w.cfg.ContentTypes = []string{"Audit.General"}
	w.cfg.MaxWindow = connector.Duration(mostStep)
	w.cfg.Window = w.cfg.MaxWindow
	w.cfg.Start = connector.Duration(-time.Hour)
	if _, err := w.open().Enumerate(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if want := "o365/" + w.tenant.ID + "/" + w.tenant.ID; len(scopes) != 1 || !scopes[want] {
		t.Errorf("quota scopes %v, want %s alone", scopes, want)
	}
}
