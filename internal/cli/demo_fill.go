package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/headrace/headrace/internal/app"
	"github.com/headrace/headrace/internal/config"
	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/fileset"
	"github.com/headrace/headrace/internal/m365sim"
	"github.com/headrace/headrace/internal/m365sim/graph"
	"github.com/headrace/headrace/internal/object"
	"github.com/headrace/headrace/internal/secret"
	"github.com/headrace/headrace/internal/store"
)

const (
	demoFlow       = "demo-to-copilot"
	demoConnection = "headracedemo"
	demoAddress    = "https://docs.contoso.example/"
)

// What fills Copilot in the demo, as a person would write it.
const demoFillFile = `apiVersion: headrace/v1
kind: Source
metadata: { name: demo-documents }
spec: { connector: file, path: %q, include: ["**/*.md"] }
---
apiVersion: headrace/v1
kind: Destination
metadata: { name: demo-copilot }
spec:
  connector: microsoft-365-copilot
  credential: demo-copilot
  connection: { id: ` + demoConnection + `, name: headrace reference, description: "Reference of headrace: its commands, connectors and settings. Ask here how something is set up, run or mended." }
  item:
    properties: { title: .title, url: '"` + demoAddress + `" + .path', fileName: .name, lastModifiedDateTime: .modified }
    content: .text
    acl: '[{accessType: "grant", type: "everyoneExceptGuests", value: "%s"}]'
---
apiVersion: headrace/v1
kind: Flow
metadata: { name: ` + demoFlow + `, description: "The program's own reference, kept in step in Copilot" }
spec: { source: demo-documents, destination: demo-copilot, mode: mirror }
`

// fill shows the second job: a folder of documents goes into Copilot, and then only its changes.
func (d *demo) fill(ctx context.Context, a *app.App) error {
	dir := d.path("documents")
	if err := d.documents(dir); err != nil {
		return err
	}
	if err := d.saveFill(ctx, a, dir); err != nil {
		return err
	}
	first, err := d.crawl(ctx, a, false)
	if err != nil {
		return err
	}
	d.s.done("connection %s is made, its schema registered, %s documents of %s sent", demoConnection, count(int64(first.Created)), dir)
	second, err := d.crawl(ctx, a, true)
	if err != nil {
		return err
	}
	if second != (graph.Writes{}) {
		return d.differs("a second crawl of the same documents sent %+v", second)
	}
	d.s.done("a second crawl of the same documents: nothing sent")
	edited, removed := filepath.Join(dir, "commands", "headrace_demo.md"), filepath.Join(dir, "commands", "headrace_version.md")
	if err := change(edited, removed); err != nil {
		return err
	}
	third, err := d.crawl(ctx, a, true)
	if err != nil {
		return err
	}
	if third != (graph.Writes{Replaced: 1, Deleted: 1}) {
		return d.differs("one document edited and one removed made %+v", third)
	}
	d.s.done("one document edited, one removed: one item sent, one deleted; every item is as its document is")
	return nil
}

// documents writes the program's own reference.
func (d *demo) documents(dir string) error {
	if err := d.s.connectorPages(filepath.Join(dir, "connectors")); err != nil {
		return err
	}
	return commandPages(d.root, filepath.Join(dir, "commands"))
}

// change edits one document and removes another.
func change(edited, removed string) error {
	f, err := os.OpenFile(edited, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return fmt.Errorf("edit a document: %w", err)
	}
	if _, err := f.WriteString("\nThis line was added by the demo.\n"); err != nil {
		return fmt.Errorf("edit a document: %w", err)
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("edit a document: %w", err)
	}
	return os.Remove(removed)
}

// saveFill makes the second credential and what uses it.
func (d *demo) saveFill(ctx context.Context, a *app.App, dir string) error {
	connectorApp, err := appNamed(d.tenant, "connector")
	if err != nil {
		return err
	}
	endpoints, err := d.endpoints()
	if err != nil {
		return err
	}
	spec, err := config.ParseOne(fields{"type": "microsoft-365-copilot", "cloud": "custom", "tenantId": d.tenant.ID, "clientId": connectorApp.ClientID, "endpoints": endpoints}.raw())
	if err != nil {
		return err
	}
	draft := object.Draft{Name: "demo-copilot", Description: "The simulated tenant's app that fills Copilot", Spec: spec}
	if _, err := a.Services.Credentials.Add(ctx, draft, secret.New(connectorApp.Secrets[0].Value)); err != nil {
		return err
	}
	path, err := filepath.Abs(dir)
	if err != nil {
		return fmt.Errorf("find the documents: %w", err)
	}
	_, err = a.Services.Files.Apply(ctx, fileset.Request{Set: "demo-copilot", Files: []config.File{{Name: "demo-copilot", Text: fmt.Appendf(nil, demoFillFile, path, d.tenant.ID)}}})
	return err
}

func appNamed(t m365sim.TenantInfo, name string) (m365sim.AppInfo, error) {
	for _, one := range t.Apps {
		if one.Name == name {
			return one, nil
		}
	}
	return m365sim.AppInfo{}, fault.New(fault.Internal, "the simulated tenant has no app %q", name)
}

// crawl works until Copilot is in step, and gives what the tenant was sent; again: a crawl is begun though none is due.
func (d *demo) crawl(ctx context.Context, a *app.App, again bool) (graph.Writes, error) {
	before, err := d.writes()
	if err != nil {
		return graph.Writes{}, err
	}
	if again {
		if _, err := a.Services.Flows.Now(ctx, demoFlow, false); err != nil {
			return graph.Writes{}, err
		}
	}
	if err := a.Once(ctx, func(store.Standing) {}); err != nil {
		return graph.Writes{}, err
	}
	if ctx.Err() != nil {
		return graph.Writes{}, ctx.Err()
	}
	after, err := d.writes()
	if err != nil {
		return after, err
	}
	return graph.Writes{Created: after.Created - before.Created, Replaced: after.Replaced - before.Replaced, Unchanged: after.Unchanged - before.Unchanged,
		Deleted: after.Deleted - before.Deleted, Absent: after.Absent - before.Absent}, d.inStep()
}

// writes are what the tenant was sent since it is there.
func (d *demo) writes() (graph.Writes, error) {
	t, err := d.sim.Graph(d.tenant.Name)
	if err != nil {
		return graph.Writes{}, err
	}
	for _, c := range t.Connections() {
		if c.ID == demoConnection {
			return c.Writes, nil
		}
	}
	return graph.Writes{}, nil
}

// inStep holds what the tenant has against the folder.
func (d *demo) inStep() error {
	want := map[string]string{}
	root := d.path("documents")
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		below, err := filepath.Rel(root, path)
		want[demoAddress+filepath.ToSlash(below)] = strings.TrimSpace(string(text))
		return err
	})
	if err != nil {
		return fmt.Errorf("read the documents: %w", err)
	}
	t, err := d.sim.Graph(d.tenant.Name)
	if err != nil {
		return err
	}
	items, err := t.Items(demoConnection)
	if err != nil {
		return err
	}
	for item := range items {
		var body struct {
			Properties struct {
				URL string `json:"url"`
			} `json:"properties"`
			Content struct {
				Value string `json:"value"`
			} `json:"content"`
		}
		if err := json.Unmarshal(item.Body, &body); err != nil {
			return fmt.Errorf("read item %s: %w", item.ID, err)
		}
		if text, ok := want[body.Properties.URL]; !ok || text != strings.TrimSpace(body.Content.Value) {
			return d.differs("item %s is not what its document %s is", item.ID, body.Properties.URL)
		}
		delete(want, body.Properties.URL)
	}
	if len(want) > 0 {
		return d.differs("%d documents are not in Copilot", len(want))
	}
	return nil
}

func (d *demo) differs(format string, args ...any) error {
	return fault.New(fault.Internal, format, args...).WithCode("demo_differs").WithHint("This is a fault of headrace. Please report it with the folder %s.", d.dir)
}
