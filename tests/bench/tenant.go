package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// secret is the client secret of every simulated app; it protects nothing.
const secret = "bench~not-a-secret-0000000000000000000000"

// feed is a simulated tenant (or many) in a process of its own.
type feed struct {
	cmd  *exec.Cmd
	http *http.Client
	info struct {
		URL        string
		Login      string
		Management string
		Graph      string
		CA         string
		Tenants    []struct {
			Name     string `json:"name"`
			ID       string `json:"id"`
			ClientID string `json:"clientId"`
		}
	}
}

// simulate starts a tenant that plays a scenario.
func (b bench) simulate(ctx context.Context, dir, scenario string) (*feed, error) {
	file := filepath.Join(dir, "scenario.yaml")
	if err := os.WriteFile(file, []byte(scenario), 0o600); err != nil {
		return nil, err
	}
	f := &feed{cmd: exec.CommandContext(ctx, b.binary, "simulate", "--scenario", file, "--addr", "127.0.0.1:0", "--ca", filepath.Join(dir, "ca.pem"), "--json")}
	f.cmd.Stderr = os.Stderr
	out, err := f.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := f.cmd.Start(); err != nil {
		return nil, err
	}
	line, err := bufio.NewReaderSize(out, 1<<20).ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &f.info)
	}
	if err != nil {
		f.stop()
		return nil, fmt.Errorf("the simulator's first line: %w", err)
	}
	pem, err := os.ReadFile(f.info.CA)
	if err != nil {
		f.stop()
		return nil, err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	f.http = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, MaxIdleConnsPerHost: 64, ForceAttemptHTTP2: true}}
	return f, nil
}

func (f *feed) stop() {
	_ = f.cmd.Process.Kill()
	_ = f.cmd.Wait()
}

// flows writes the YAML of a credential, source, file destination and flow for each tenant.
func (f *feed) flows(dir, source string) (string, error) {
	var b strings.Builder
	for i, t := range f.info.Tenants {
		name := fmt.Sprintf("t%04d", i)
		fmt.Fprintf(&b, `---
apiVersion: headrace/v1
kind: Credential
metadata: { name: %[1]s }
spec: { type: office-365-management-api, cloud: custom, endpoints: { login: %[2]q, management: %[3]q, graph: %[4]q, ca: %[5]q }, tenantId: %[6]s, clientId: %[7]s, clientSecret: { ref: "env:BENCH_SECRET" } }
---
apiVersion: headrace/v1
kind: Source
metadata: { name: %[1]s }
spec: { connector: office-365-management-api, credential: %[1]s, contentTypes: [Audit.AzureActiveDirectory, Audit.Exchange, Audit.SharePoint, Audit.General, DLP.All]%[8]s }
---
apiVersion: headrace/v1
kind: Destination
metadata: { name: %[1]s }
spec: { connector: file, path: %[9]q, name: "{stream}/{date}.ndjson" }
---
apiVersion: headrace/v1
kind: Flow
metadata: { name: %[1]s }
spec: { source: %[1]s, destination: %[1]s }
`, name, f.info.Login, f.info.Management, f.info.Graph, f.info.CA, t.ID, t.ClientID, source, filepath.Join(dir, "out", name))
	}
	file := filepath.Join(dir, "flows.yaml")
	return file, os.WriteFile(file, []byte(b.String()), 0o600)
}

// requests is how many requests the feed answered, and how many it refused for being over the allowance.
func (f *feed) requests(ctx context.Context) (answered, refused int64, err error) {
	var summaries []struct {
		Requests struct {
			Operation map[string]int64 `json:"operation"`
			Refused   int64            `json:"refused"`
		} `json:"requests"`
	}
	if err := f.get(ctx, f.info.URL+"/_sim/ledger", "", &summaries); err != nil {
		return 0, 0, err
	}
	for _, s := range summaries {
		for operation, n := range s.Requests.Operation {
			if operation != "token" && operation != "discovery" {
				answered += n
			}
		}
		refused += s.Requests.Refused
	}
	return answered, refused, nil
}

func (f *feed) get(ctx context.Context, address, token string, into any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := f.http.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(res.Body, 500))
		return fmt.Errorf("%s: %s %s", address, res.Status, text)
	}
	return json.NewDecoder(res.Body).Decode(into)
}

// blobs lists every blob of the first tenant, as plainly as can be.
func (f *feed) blobs(ctx context.Context) (addresses []string, token string, err error) {
	t := f.info.Tenants[0]
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {t.ClientID}, "client_secret": {secret}, "scope": {f.info.Management + "/.default"}}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, f.info.Login+"/"+t.ID+"/oauth2/v2.0/token", strings.NewReader(form.Encode()))
	if err != nil {
		return nil, "", err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := f.http.Do(req)
	if err != nil {
		return nil, "", err
	}
	defer func() { _ = res.Body.Close() }()
	var answer struct {
		Token string `json:"access_token"`
	}
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil {
		return nil, "", err
	}
	now := time.Now().UTC()
	for _, kind := range []string{"Audit.AzureActiveDirectory", "Audit.Exchange", "Audit.SharePoint", "Audit.General", "DLP.All"} {
		for day := range 4 {
			end := now.Add(-time.Duration(day) * 24 * time.Hour)
			next := fmt.Sprintf("%s/api/v1.0/%s/activity/feed/subscriptions/content?contentType=%s&startTime=%s&endTime=%s&PublisherIdentifier=%s", f.info.Management, t.ID, kind,
				end.Add(-24*time.Hour).Format("2006-01-02T15:04:05"), end.Format("2006-01-02T15:04:05"), t.ID)
			var page []struct {
				URI string `json:"contentUri"`
			}
			if err := f.get(ctx, next, answer.Token, &page); err != nil {
				return nil, "", err
			}
			for _, p := range page {
				addresses = append(addresses, p.URI+"?PublisherIdentifier="+t.ID)
			}
		}
	}
	return addresses, answer.Token, nil
}

// download fetches blobs into files with some workers side by side: the least that any collector must do.
func (f *feed) download(ctx context.Context, addresses []string, token, dir string, workers int) (int64, error) {
	var (
		all   errgroup.Group
		mu    sync.Mutex
		total int64
	)
	all.SetLimit(workers)
	for i, address := range addresses {
		all.Go(func() error {
			req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
			if err != nil {
				return err
			}
			req.Header.Set("Authorization", "Bearer "+token)
			res, err := f.http.Do(req)
			if err != nil {
				return err
			}
			defer func() { _ = res.Body.Close() }()
			if res.StatusCode != http.StatusOK {
				return fmt.Errorf("download %s: %s", address, res.Status)
			}
			out, err := os.Create(filepath.Join(dir, fmt.Sprintf("%d.json", i)))
			if err != nil {
				return err
			}
			n, err := io.Copy(out, res.Body)
			mu.Lock()
			total += n
			mu.Unlock()
			if cerr := out.Close(); err == nil {
				err = cerr
			}
			return err
		})
	}
	return total, all.Wait()
}
