package cli

import (
	"context"
	"fmt"
	"path/filepath"

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
spec: { connector: file, path: %q, include: [%q] }
---
apiVersion: headrace/v1
kind: Destination
metadata: { name: demo-copilot }
spec:
  connector: microsoft-365-copilot
  credential: demo-copilot
  connection: { id: ` + demoConnection + `, name: %q, description: %q }
  item:
    properties: { title: .title, url: '"` + demoAddress + `" + .path', fileName: .name, lastModifiedDateTime: .modified }
    content: .text
    acl: '[{accessType: "grant", type: "everyoneExceptGuests", value: "%s"}]'
---
apiVersion: headrace/v1
kind: Flow
metadata: { name: ` + demoFlow + `, description: "A folder of documents, kept in step in Copilot" }
spec: { source: demo-documents, destination: demo-copilot, mode: mirror }
`

// fill shows the second job: a folder of documents goes into Copilot, and then only its changes.
func (d *demo) fill(ctx context.Context, a *app.App) error {
	dir := d.path("documents")
	if err := d.documents(ctx, dir); err != nil {
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
	if err := d.sayRefused(ctx, a); err != nil {
		return err
	}
	second, err := d.crawl(ctx, a, true)
	if err != nil {
		return err
	}
	if second != (graph.Writes{}) {
		return d.differs("a second crawl of the same documents sent %+v", second)
	}
	d.s.done("a second crawl of the same documents: nothing sent")
	edited, removed, ok, err := d.pick(dir)
	if err != nil || !ok {
		return err
	}
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
	name, about := "headrace reference", "Reference of headrace: its commands, connectors and settings. Ask here how something is set up, run or mended."
	if d.own != "" {
		name, about = "Documents", "Documents of the folder "+filepath.Base(d.own)+". Ask here what stands in them."
	}
	_, err = a.Services.Files.Apply(ctx, fileset.Request{Set: "demo-copilot", Files: []config.File{{Name: "demo-copilot", Text: fmt.Appendf(nil, demoFillFile, path, demoDocuments, name, about, d.tenant.ID)}}})
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
	_, unread, err := refused(ctx, a)
	if err != nil {
		return after, err
	}
	return graph.Writes{Created: after.Created - before.Created, Replaced: after.Replaced - before.Replaced, Unchanged: after.Unchanged - before.Unchanged,
		Deleted: after.Deleted - before.Deleted, Absent: after.Absent - before.Absent}, d.inStep(unread)
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

func (d *demo) differs(format string, args ...any) error {
	return fault.New(fault.Internal, format, args...).WithCode("demo_differs").WithHint("This is a fault of headrace. Please report it with the folder %s.", d.dir)
}
