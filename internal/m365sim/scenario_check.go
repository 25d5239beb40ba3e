package m365sim

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/headrace/headrace/internal/m365sim/graph"
)

// A problem is something wrong at one place of a scenario.
type problem struct{ path, text string }

type problems []problem

func (p *problems) add(path, format string, args ...any) {
	*p = append(*p, problem{path, fmt.Sprintf(format, args...)})
}

func (p *problems) oneOf(path, value string, allowed ...string) {
	if !slices.Contains(allowed, value) {
		p.add(path, "%q is not one of %s", value, strings.Join(allowed, ", "))
	}
}

func (p *problems) share(path string, value float64) {
	if value < 0 || value > 1 {
		p.add(path, "%v is not a share; write a number from 0 to 1", value)
	}
}

func (p *problems) notNegative(path string, value float64) {
	if value < 0 {
		p.add(path, "%v is negative", value)
	}
}

// Validate reports all problems of a scenario as a *ScenarioError, each with the path of its key.
func (s Scenario) Validate() error {
	found := s.problems()
	if len(found) == 0 {
		return nil
	}
	report := &ScenarioError{}
	for _, p := range found {
		report.Problems = append(report.Problems, p.path+": "+p.text)
	}
	return report
}

func (s Scenario) problems() problems {
	var p problems
	p.oneOf("clock", s.Clock, "running", "standing")
	p.oneOf("cloud", s.Cloud, slices.Sorted(maps.Keys(clouds))...)
	if s.TokenLifetime < Duration(2*time.Second) {
		p.add("tokenLifetime", "%v is too short; at least 2s", s.TokenLifetime)
	}
	for op, text := range s.Latency {
		p.oneOf("latency", op, faultable()...)
		if d, err := parseDuration(text); err != nil || d < 0 {
			p.add("latency."+op, "%q is not a duration; write 250ms or 2s", text)
		}
	}
	for code, status := range s.ErrorStatus {
		if status < 400 || status > 599 {
			p.add("errorStatus."+code, "%d is not an HTTP error status (400 to 599)", status)
		}
	}
	p.limits(s)
	p.graph(s.Graph)
	p.content("content", s.Content)
	names := map[string]bool{}
	for i, tenant := range s.Tenants {
		p.tenant(fmt.Sprintf("tenants[%d]", i), tenant, names)
	}
	for i, blob := range s.Blobs {
		p.special(fmt.Sprintf("blobs[%d]", i), blob)
	}
	for i, fault := range s.Faults {
		p.fault(fmt.Sprintf("faults[%d]", i), fault)
	}
	return p
}

func (p *problems) limits(s Scenario) {
	p.notNegative("limits.requestsPerMinute", float64(s.Limits.RequestsPerMinute))
	p.notNegative("limits.zeroPublisherPerMinute", float64(s.Limits.ZeroPublisherPerMinute))
	p.notNegative("limits.burst", float64(s.Limits.Burst))
	if s.Limits.Status != 403 && s.Limits.Status != 429 {
		p.add("limits.status", "%d is neither 403 (as documented) nor 429 (as seen)", s.Limits.Status)
	}
	if s.Paging.Size < 1 {
		p.add("paging.size", "%d is too small; at least 1", s.Paging.Size)
	}
	p.oneOf("paging.path", s.Paging.Path, "v1.0", "v1")
	if name := s.Paging.Header; name != "mixed" && !strings.EqualFold(name, "NextPageUri") && !strings.EqualFold(name, "NextPageUrl") {
		p.add("paging.header", "%q is neither NextPageUri nor NextPageUrl in any casing, nor mixed", name)
	}
	p.share("paging.emptyShare", s.Paging.EmptyShare)
	if s.Paging.EmptyShare == 1 {
		p.add("paging.emptyShare", "1 would never end a listing; write less")
	}
	if s.Webhooks.BatchSize < 1 {
		p.add("webhooks.batchSize", "%d is too small; at least 1", s.Webhooks.BatchSize)
	}
	if s.Webhooks.DisableAfter < 1 {
		p.add("webhooks.disableAfter", "%d is too small; at least 1", s.Webhooks.DisableAfter)
	}
	if s.Webhooks.FirstRetry <= 0 || s.Webhooks.Timeout <= 0 {
		p.add("webhooks", "firstRetry and timeout must be longer than nothing")
	}
}

func (p *problems) content(path string, c Content) {
	p.notNegative(path+".events", float64(c.Events))
	p.notNegative(path+".eventsPerMinute", c.EventsPerMinute)
	if c.Events > 0 && c.History <= 0 {
		p.add(path+".history", "%v is too short for %d events", c.History, c.Events)
	}
	if c.BlobEvery < Duration(time.Second) {
		p.add(path+".blobEvery", "%v is too short; at least 1s", c.BlobEvery)
	}
	if c.RecordsPerBlob.Min < 1 || c.RecordsPerBlob.Max < c.RecordsPerBlob.Min {
		p.add(path+".recordsPerBlob", "%d-%d is not a range of at least 1", c.RecordsPerBlob.Min, c.RecordsPerBlob.Max)
	}
	total := 0.0
	for name, weight := range c.Types {
		if typeIndex(name) < 0 {
			p.oneOf(path+".types", name, ContentTypes...)
		}
		p.notNegative(path+".types."+name, weight)
		total += weight
	}
	if len(c.Types) > 0 && total <= 0 {
		p.add(path+".types", "no type has a weight")
	}
	p.share(path+".sameTimeShare", c.SameTimeShare)
	p.share(path+".late.share", c.Late.Share)
	p.share(path+".partial.share", c.Partial.Share)
	p.share(path+".repeat.share", c.Repeat.Share)
	for key, d := range map[string]Duration{
		".history": c.History, ".late.by": c.Late.By, ".partial.settle": c.Partial.Settle, ".repeat.after": c.Repeat.After,
	} {
		if d < 0 {
			p.add(path+key, "%v is negative", d)
		}
	}
}

func (p *problems) tenant(path string, t Tenant, names map[string]bool) {
	if t.Name == "" {
		p.add(path+".name", "a tenant needs a name")
	} else if names[t.Name] {
		p.add(path+".name", "%q is there twice", t.Name)
	}
	names[t.Name] = true
	p.notNegative(path+".count", float64(t.Count))
	if t.Count > 1 && (t.ID != "" || t.Domain != "" || len(t.Apps) > 0 && t.Apps[0].ID != "") {
		p.add(path+".count", "%d tenants can't share one ID, domain or app ID; leave those out", t.Count)
	}
	if t.ID != "" && !isGUID(t.ID) {
		p.add(path+".id", "%q is not a GUID", t.ID)
	}
	if t.Domain != "" && !strings.Contains(t.Domain, ".") {
		p.add(path+".domain", "%q is not a domain", t.Domain)
	}
	if t.Cloud != "" {
		p.oneOf(path+".cloud", t.Cloud, slices.Sorted(maps.Keys(clouds))...)
	}
	if t.AuditLog != "" {
		p.oneOf(path+".auditLog", t.AuditLog, "on", "off")
	}
	for name, status := range t.Subscriptions {
		if typeIndex(name) < 0 && name != opAny {
			p.oneOf(path+".subscriptions", name, append([]string{opAny}, ContentTypes...)...)
		}
		p.oneOf(path+".subscriptions."+name, status, "enabled", "disabled", "none")
	}
	for i, app := range t.Apps {
		p.app(fmt.Sprintf("%s.apps[%d]", path, i), app)
	}
	if t.Content != nil {
		p.content(path+".content", *t.Content)
	}
}

func (p *problems) app(path string, a App) {
	if a.ID != "" && !isGUID(a.ID) {
		p.add(path+".id", "%q is not a GUID", a.ID)
	}
	for i, secret := range a.Secrets {
		if secret.ID != "" && !isGUID(secret.ID) {
			p.add(fmt.Sprintf("%s.secrets[%d].id", path, i), "%q is not a GUID", secret.ID)
		}
	}
	for i, certificate := range a.Certificates {
		if _, err := certificateKey(certificate.PEM); err != nil {
			p.add(fmt.Sprintf("%s.certificates[%d].pem", path, i), "%v", err)
		}
	}
}

func (p *problems) special(path string, b SpecialBlob) {
	if typeIndex(b.ContentType) < 0 {
		p.oneOf(path+".contentType", b.ContentType, ContentTypes...)
	}
	p.oneOf(path+".kind", b.Kind, append([]string{""}, blobKinds...)...)
	p.notNegative(path+".records", float64(b.Records))
	p.notNegative(path+".count", float64(b.Count))
}

// faultable are the names that a fault's on may have.
func faultable() []string {
	return slices.Concat([]string{opAny}, operations, graphKinds, graph.Operations)
}

// faultKind says what is wrong with a fault's do, by itself and for its on.
func (p *problems) faultKind(path string, f Fault) {
	kind, known := faultKinds[f.Do]
	_, ofGraph := graph.FaultKinds[f.Do]
	onGraph := isGraphOp(f.On) || slices.Contains(graphKinds, f.On)
	switch {
	case !known && !ofGraph:
		all := slices.Concat(slices.Collect(maps.Keys(faultKinds)), slices.Collect(maps.Keys(graph.FaultKinds)))
		slices.Sort(all)
		p.oneOf(path+".do", f.Do, slices.Compact(all)...)
	case onGraph && !ofGraph:
		p.add(path+".on", "%s does not happen on Microsoft Graph", f.Do)
	case !onGraph && f.On != opAny && !known:
		p.add(path+".on", "%s happens on Microsoft Graph only", f.Do)
	case !onGraph && f.On != opAny && kind.on != nil && !slices.Contains(kind.on, f.On):
		p.add(path+".on", "%s happens on %s only", f.Do, strings.Join(kind.on, ", "))
	}
}

func (p *problems) fault(path string, f Fault) {
	p.oneOf(path+".on", f.On, faultable()...)
	p.faultKind(path, f)
	if f.ContentType != "" && typeIndex(f.ContentType) < 0 {
		p.oneOf(path+".contentType", f.ContentType, ContentTypes...)
	}
	p.share(path+".share", f.Share)
	p.share(path+".probability", f.Probability)
	if _, known := signInErrors[f.Code]; f.Do == "aadsts" && !known {
		p.add(path+".code", "AADSTS%d is not one of the simulated codes: %v", f.Code, slices.Sorted(maps.Keys(signInErrors)))
	}
	if (f.Do == "slow" || f.Do == "delay") && f.Delay <= 0 {
		p.add(path+".delay", "%s needs a delay, such as 200ms", f.Do)
	}
	if f.Status != 0 && (f.Status < 200 || f.Status > 599) {
		p.add(path+".status", "%d is not an HTTP status", f.Status)
	}
}
