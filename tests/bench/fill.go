package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// fillConnection is the connection that the cases fill.
const fillConnection = "benchdocs"

// graphScenario is a tenant with an app that fills Copilot.
func graphScenario(graph string) string {
	return fmt.Sprintf(`
seed: 11
content: { events: 0 }
tenants:
  - name: contoso
    apps: [ { name: connector, roles: [ExternalConnection.ReadWrite.OwnedBy, ExternalItem.ReadWrite.OwnedBy], secrets: [ { value: %q } ] } ]
graph: %s
`, secret, graph)
}

// fillItem is how a row becomes an item; the seed of an inventory uses it too.
const fillItem = `
  item:
    properties: { title: .title, url: '"https://docs.contoso.com/" + .id' }
    content: .text
    acl: '[{accessType: "grant", type: "everyone"}]'
`

// fillFlow writes the YAML of a flow from a file of rows into Copilot.
func (f *feed) fillFlow(dir, path string) (string, error) {
	t := f.info.Tenants[0]
	text := fmt.Sprintf(`apiVersion: headrace/v1
kind: Credential
metadata: { name: copilot }
spec: { type: microsoft-365-copilot, cloud: custom, endpoints: { login: %q, graph: %q, ca: %q }, tenantId: %s, clientId: %s, clientSecret: { ref: "env:BENCH_SECRET" } }
---
apiVersion: headrace/v1
kind: Source
metadata: { name: docs }
spec: { connector: file, path: %q, key: id }
---
apiVersion: headrace/v1
kind: Destination
metadata: { name: copilot }
spec:
  connector: microsoft-365-copilot
  credential: copilot
  writesPerMinute: 100000
  connection: { id: %s, name: Documents, description: "Documents of Contoso for measuring. Ask what stands in which of them." }`+fillItem+`---
apiVersion: headrace/v1
kind: Flow
metadata: { name: fill }
spec: { source: docs, destination: copilot, mode: mirror }
`, f.info.Login, f.info.Graph, f.info.CA, t.ID, t.ClientID, path, fillConnection)
	file := filepath.Join(dir, "fill.yaml")
	return file, os.WriteFile(file, []byte(text), 0o600)
}

// document is row number i of the tables: some 300 bytes.
func document(i int) (id, title, text string) {
	return fmt.Sprintf("doc-%08d", i), fmt.Sprintf("Document number %d of the archive", i),
		fmt.Sprintf("Paragraph one of document %d says what is allowed on a journey, who signs, and what it may cost. Paragraph two names the form, the office that takes it, and the days within which it must be there. Number %d.", i, i*7919)
}

// writeRows writes documents as NDJSON, or as CSV if the name says so.
func writeRows(path string, n int) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	w, layout := bufio.NewWriterSize(f, 1<<20), `{"id":%q,"title":%q,"text":%q}`+"\n"
	if filepath.Ext(path) == ".csv" {
		layout = `%s,%s,"%s"` + "\n"
		_, _ = w.WriteString("id,title,text\n")
	}
	for i := range n {
		id, title, text := document(i)
		_, _ = fmt.Fprintf(w, layout, id, title, text)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return f.Close()
}

// connection is what the simulator counts of the filled one.
type connection struct {
	Items  int `json:"items"`
	Writes struct {
		Created, Replaced, Unchanged, Deleted, Absent int
	} `json:"writes"`
}

func (c connection) writes() int {
	w := c.Writes
	return w.Created + w.Replaced + w.Unchanged + w.Deleted + w.Absent
}

// graph is what the simulator tells of Graph: the connection, and how many requests it answered and refused with 429.
func (f *feed) graph(ctx context.Context) (c connection, requests, refused int64, err error) {
	var said struct {
		Connections []connection `json:"connections"`
		Requests    struct {
			Operation map[string]int64 `json:"operation"`
			Outcome   map[string]int64 `json:"outcome"`
		} `json:"requests"`
	}
	if err := f.get(ctx, f.info.URL+"/_sim/graph", "", &said); err != nil {
		return c, 0, 0, err
	}
	if len(said.Connections) > 0 {
		c = said.Connections[0]
	}
	for operation, n := range said.Requests.Operation {
		if operation != "token" && operation != "discovery" {
			requests += n
		}
	}
	for outcome, n := range said.Requests.Outcome {
		if strings.Contains(outcome, " 429") {
			refused += n
		}
	}
	return c, requests, refused, nil
}

// fillThrottled sends 10,000 items to a service that allows 30 writes a second; times are scaled.
func fillThrottled(ctx context.Context, b bench) ([]row, error) {
	const items, scale, allowed = 10_000, 4.0, 30.0
	dir, err := b.folder("fill")
	if err != nil {
		return nil, err
	}
	f, err := b.simulate(ctx, dir, graphScenario(fmt.Sprintf("{ profile: realistic, scale: %g, schemaTime: 0s }", scale)))
	if err != nil {
		return nil, err
	}
	defer f.stop()
	table := filepath.Join(dir, "docs.ndjson")
	if err := writeRows(table, items); err != nil {
		return nil, err
	}
	file, err := f.fillFlow(dir, table)
	if err != nil {
		return nil, err
	}
	cmd := b.command(ctx, "run", "-f", file, "--once", "--data", filepath.Join(dir, "data"), "--progress", "none")
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	rate, err := f.watchWrites(ctx, cmd, time.Duration(float64(time.Minute)/scale), items)
	if err != nil {
		return nil, err
	}
	c, requests, refused, err := f.graph(ctx)
	if err != nil {
		return nil, err
	}
	if c.Items != items {
		return nil, fmt.Errorf("%d of %d items are in the tenant", c.Items, items)
	}
	return []row{
		{fmt.Sprintf("10,000 items at 30 writes/s (time × %g): allowance used after the first minute", scale), fmt.Sprintf("%.1f %% (%.1f of 30 writes/s)", rate/scale/allowed*100, rate/scale), "≥ 95 %"},
		{"… requests answered 429", fmt.Sprintf("%d of %d (%.2f %%)", refused, requests, float64(refused)/float64(requests)*100), "< 1 %"},
		{"… peak memory", mib(used(cmd, 0).peak), "shown"},
	}, nil
}

// watchWrites waits for a run's end, and gives the writes a second from some time after the first until the last.
func (f *feed) watchWrites(ctx context.Context, cmd *exec.Cmd, skip time.Duration, items int) (float64, error) {
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	var began, from, last time.Time
	var atFrom, atLast int
	for {
		select {
		case err := <-ended:
			if err == nil && atLast <= atFrom {
				err = fmt.Errorf("all was sent within the first minute")
			}
			return float64(atLast-atFrom) / last.Sub(from).Seconds(), err
		case <-time.After(100 * time.Millisecond):
		}
		c, _, _, err := f.graph(ctx)
		if err != nil {
			return 0, err
		}
		n, now := c.writes(), time.Now()
		switch {
		case n == 0 || n == atLast || n > items*99/100: // the last batches are not full
			continue
		case began.IsZero():
			began = now
		case from.IsZero() && now.Sub(began) >= skip:
			from, atFrom = now, n
		}
		last, atLast = now, n
	}
}
