package overview

import (
	"context"
	"fmt"

	"github.com/headrace/headrace/internal/store"
)

// health is the answer in one line.
func health(o Overview, f *found) Health {
	trouble, attention := 0, 0
	for _, p := range f.all {
		switch p.Severity {
		case Trouble:
			trouble++
		case Attention:
			attention++
		}
	}
	whole := fmt.Sprintf("%d of %d flows deliver", o.Numbers.Flows-o.Numbers.PausedFlows-stopped(f), o.Numbers.Flows)
	switch {
	case o.Numbers.Flows == 0:
		return Health{"empty", firstStep(o.Numbers)}
	case trouble > 0:
		return Health{"trouble", fmt.Sprintf("%s. %s", whole, f.all[0].Title)}
	case attention > 0:
		return Health{"attention", fmt.Sprintf("%s. %s", whole, f.all[0].Title)}
	}
	return Health{"ok", whole}
}

// stopped counts the flows that do not deliver though nobody paused them.
func stopped(f *found) int64 {
	flows := map[int64]bool{}
	for _, p := range f.all {
		if p.flow != 0 && p.Severity == Trouble && p.Code != "deliveries_failed" {
			flows[p.flow] = true
		}
	}
	return int64(len(flows))
}

// firstStep says what to do where there is no flow yet.
func firstStep(n store.Numbers) string {
	switch {
	case n.Sources == 0 && n.Credentials == 0:
		return "Nothing is collected yet. Add a credential for your tenant first"
	case n.Sources == 0:
		return "Nothing is collected yet. Make a source next: it reads with a credential"
	case n.Destinations == 0:
		return "Nothing is collected yet. Make a destination next: where the records go"
	}
	return "Nothing is collected yet. Make a flow: it joins a source with a destination"
}

// tenants tells how tenants stand, those with trouble first.
func (s *Service) tenants(ctx context.Context, problems []Problem) ([]TenantHealth, error) {
	all, known := []TenantHealth{}, map[string]bool{}
	for _, p := range problems {
		if p.Tenant == "" || p.Severity == Notice || known[p.Tenant] || len(all) == mostTenants {
			continue
		}
		known[p.Tenant] = true
		all = append(all, TenantHealth{Tenant: p.Tenant, Name: p.Name, State: p.Severity, Text: p.Title})
	}
	sources, _, err := s.Store.ObjectsPage(ctx, store.ObjectFilter{Kind: store.Source}, store.Page{Limit: mostTenants})
	for _, src := range sources {
		if src.Tenant != "" && !known[src.Tenant] && len(all) < mostTenants {
			known[src.Tenant] = true
			all = append(all, TenantHealth{Tenant: src.Tenant, Name: src.Name, State: "ok", Text: "complete"})
		}
	}
	return all, err
}
