package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/m365sim"
)

func (s *session) simulateCommand() *cobra.Command {
	var (
		scenario, address, ca, proxy string
		events                       []string
	)
	c := &cobra.Command{Use: "simulate", Short: "Play a Microsoft 365 tenant on loopback, for testing any client", Args: noArgs,
		Long: "Plays Entra ID, the Office 365 Management Activity API and Microsoft Graph's external connections with real wire shapes and limits, and prints what a client needs: hosts, CA file, tenant ID, client ID, secret.\n" +
			"A scenario (YAML) sets tenants, load, clock, limits and faults. What a perfect client would have: GET /_sim/ledger; what Graph was sent: GET /_sim/graph.",
		Example: examples("headrace simulate", "", "headrace simulate --scenario faults.yaml --addr 127.0.0.1:8443 --ca ./sim-ca.pem", "", "headrace simulate --events mine.ndjson", "your own records"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			var given *m365sim.Scenario
			if scenario != "" {
				parsed, err := readScenario(scenario)
				if err != nil {
					return err
				}
				given = &parsed
			}
			sim, err := s.simulator(cmd.Context(), given, events, address)
			if err != nil {
				return err
			}
			if proxy != "" {
				if err := checkLoopback("--proxy", proxy); err != nil {
					return err
				}
				if err := sim.ListenProxy(cmd.Context(), proxy); err != nil {
					return addressTrouble("--proxy", proxy, err)
				}
			}
			if ca == "" { // several simulators may run at once
				ca = filepath.Join(os.TempDir(), "headrace-simulate-ca-"+portOf(sim.URL())+".pem")
			}
			if err := sim.WriteCA(ca); err != nil {
				return fmt.Errorf("write the CA file: %w", err)
			}
			if err := s.showSimulator(sim, ca); err != nil {
				return err
			}
			return s.afterServing(cmd.Context(), sim.Serve(cmd.Context()))
		}}
	c.Flags().StringVar(&scenario, "scenario", "", "file that says what is played")
	c.Flags().StringArrayVar(&events, "events", nil, "file with your own audit records, one JSON object a line; may be repeated")
	c.Flags().StringVar(&address, "addr", "127.0.0.1:0", "HOST:PORT on loopback; port 0 is any free one")
	c.Flags().StringVar(&proxy, "proxy", "", "HOST:PORT on loopback of an HTTP proxy too, for clients whose hosts are fixed (CLI for Microsoft 365): HTTPS_PROXY")
	c.Flags().StringVar(&ca, "ca", "", "where the certificate to trust is written (default headrace-simulate-ca-PORT.pem in the folder for temporary files)")
	return c
}

func portOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Port()
}

func readScenario(path string) (m365sim.Scenario, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return m365sim.Scenario{}, fileTrouble(path, err)
	}
	parsed, err := m365sim.ParseScenario(text)
	return parsed, scenarioTrouble(path, err)
}

func scenarioTrouble(path string, err error) error {
	bad, ok := errors.AsType[*m365sim.ScenarioError](err)
	if !ok {
		return err
	}
	var problems fault.Problems
	for _, p := range bad.Problems {
		field, text, found := strings.Cut(p, ": ")
		if !found {
			field, text = "", p
		}
		problems = append(problems, fault.Problem{Field: strings.TrimSuffix(path+": "+field, ": "), Text: text})
	}
	return problems.Err()
}

// simulator opens a simulator, gives it a person's records, and listens.
func (s *session) simulator(ctx context.Context, scenario *m365sim.Scenario, events []string, address string) (*m365sim.Simulator, error) {
	if err := checkLoopback("--addr", address); err != nil {
		return nil, err
	}
	sim, err := m365sim.Open(m365sim.Options{Scenario: scenario, Log: s.log})
	if err != nil {
		return nil, scenarioTrouble("scenario", err)
	}
	if len(events) > 0 {
		if err := loadEvents(sim, events); err != nil {
			return nil, err
		}
	}
	if err := sim.Listen(ctx, address); err != nil {
		return nil, addressTrouble("--addr", address, err)
	}
	return sim, nil
}

func checkLoopback(flag, address string) error {
	if host, _, err := net.SplitHostPort(address); err != nil || host != "localhost" && !net.ParseIP(host).IsLoopback() {
		return usage("%s %s is not a loopback address", flag, address).WithHint("The simulator's secrets protect nothing, so it stays on this machine: 127.0.0.1:8443")
	}
	return nil
}

func loadEvents(sim *m365sim.Simulator, paths []string) error {
	var readers []io.Reader
	for _, path := range paths {
		f, err := os.Open(path)
		if err != nil {
			return fileTrouble(path, err)
		}
		if info, err := f.Stat(); err == nil && info.IsDir() {
			return usage("%s is a folder; give files", path)
		}
		readers = append(readers, f, strings.NewReader("\n"))
	}
	source := io.MultiReader(readers...)
	if len(paths) == 1 {
		source = readers[0] // a file is read again blob by blob, so it may be large
	}
	n, err := sim.LoadEvents("", source)
	if err != nil {
		return fault.New(fault.Invalid, "read events: %w", err).WithHint("Each line is one audit record, a JSON object.")
	}
	if n == 0 {
		return usage("there is no record in %s", strings.Join(paths, ", "))
	}
	return nil
}

// simulated is what a client needs.
type simulated struct {
	URL        string `json:"url"`
	Login      string `json:"login"`
	Management string `json:"management"`
	Graph      string `json:"graph"`
	Proxy      string `json:"proxy,omitempty"`
	CA         string `json:"ca"`
	Tenants    []any  `json:"tenants"`
}

func (s *session) showSimulator(sim *m365sim.Simulator, ca string) error {
	v := simulated{URL: sim.URL(), Login: sim.LoginURL(), Management: sim.ManagementURL(), Graph: sim.GraphURL(), Proxy: sim.ProxyURL(), CA: ca}
	tenants := sim.Tenants()
	for _, t := range tenants {
		v.Tenants = append(v.Tenants, t)
	}
	if s.wantsJSON() {
		raw, err := json.Marshal(v)
		if err != nil {
			return fmt.Errorf("write JSON: %w", err)
		}
		return s.print(string(raw) + "\n")
	}
	pairs := []pair{{"login", v.Login}, {"management", v.Management}, {"graph", v.Graph}, {"CA file", ca}}
	if v.Proxy != "" {
		pairs = append(pairs, pair{"proxy", v.Proxy})
	}
	for i, t := range tenants {
		if i == 5 {
			pairs = append(pairs, pair{"…", fmt.Sprintf("%d more tenants; --json lists all", len(tenants)-i)})
			break
		}
		pairs = append(pairs, pair{"tenant", t.Name + " (" + t.Domain + ")"}, pair{"  tenant ID", t.ID}, pair{"  client ID", t.ClientID}, pair{"  client secret", t.ClientSecret})
		for _, app := range t.Apps[1:] {
			pairs = append(pairs, pair{"  " + app.Name + " ID", app.ClientID})
			if len(app.Secrets) > 0 {
				pairs = append(pairs, pair{"  " + app.Name + " secret", app.Secrets[0].Value})
			}
		}
	}
	if err := one(s, v, v.URL, pairs); err != nil {
		return err
	}
	s.say("\nTry it:\n  curl --cacert %s -d grant_type=client_credentials -d client_id=%s -d client_secret=%s -d scope=%s/.default %s/%s/oauth2/v2.0/token",
		ca, tenants[0].ClientID, tenants[0].ClientSecret, v.Management, v.Login, tenants[0].ID)
	s.say("The secrets are the simulator's own and protect nothing. Stop with Ctrl-C.")
	return nil
}
