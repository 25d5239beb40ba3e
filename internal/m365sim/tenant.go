package m365sim

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/headrace/headrace/internal/m365sim/graph"
)

// A tenant is a Tenant in play.
type tenant struct {
	Tenant
	seed     uint64
	apps     map[string]*App // by lower-case client ID
	cloud    string
	content  Content
	requests counter
	graph    *graph.Tenant

	mu            sync.RWMutex
	streams       [typeCount]*stream
	loaded        *events
	live          liveState
	auditOff      bool
	subscriptions map[subscriptionKey]*subscription
	pages         pageTokens
	bucket        bucket
}

// named says whether text is the tenant's name, ID or domain.
func (t *tenant) named(text string) bool {
	return text == t.Name || strings.EqualFold(text, t.ID) || strings.EqualFold(text, t.Domain)
}

// TenantInfo is what somebody needs to use a simulated tenant. Its secrets protect nothing.
type TenantInfo struct {
	Name   string    `json:"name"`
	ID     string    `json:"id"`
	Domain string    `json:"domain"`
	Apps   []AppInfo `json:"apps"`

	ClientID     string `json:"clientId"`     // of the first app
	ClientSecret string `json:"clientSecret"` // its first secret that has not expired
}

// AppInfo is one app registration of a tenant.
type AppInfo struct {
	Name     string   `json:"name"`
	ClientID string   `json:"clientId"`
	Roles    []string `json:"roles"`
	Disabled bool     `json:"disabled,omitempty"`
	Secrets  []Secret `json:"secrets"`
}

// Tenants lists the simulated tenants in the scenario's order.
func (s *Simulator) Tenants() []TenantInfo {
	now := s.now()
	s.appsMu.RLock()
	defer s.appsMu.RUnlock()
	list := make([]TenantInfo, 0, len(s.tenants))
	for _, t := range s.tenants {
		info := TenantInfo{Name: t.Name, ID: t.ID, Domain: t.Domain}
		for _, app := range t.Apps {
			info.Apps = append(info.Apps, AppInfo{app.Name, app.ID, app.Roles, app.Disabled, app.Secrets})
		}
		info.ClientID = t.Apps[0].ID
		for _, secret := range t.Apps[0].Secrets {
			if secret.Expires.IsZero() || secret.Expires.After(now) {
				info.ClientSecret = secret.Value
				break
			}
		}
		list = append(list, info)
	}
	return list
}

// Tenant finds a tenant by name, ID or domain.
func (s *Simulator) Tenant(name string) (TenantInfo, error) {
	for _, info := range s.Tenants() {
		if name == info.Name || strings.EqualFold(name, info.ID) || strings.EqualFold(name, info.Domain) {
			return info, nil
		}
	}
	return TenantInfo{}, fmt.Errorf("no simulated tenant is called %q", name)
}

// SetAuditLog turns a tenant's unified audit log on or off.
func (s *Simulator) SetAuditLog(tenant string, on bool) error {
	t, err := s.tenantNamed(tenant)
	if err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.auditOff = !on
	return nil
}

// SetRoles replaces the roles of an app, as consent or its withdrawal does; tokens already issued keep theirs.
func (s *Simulator) SetRoles(tenant, clientID string, roles ...string) error {
	return s.changeApp(tenant, clientID, func(app *App) { app.Roles = slices.Clone(roles) })
}

// SetSecrets replaces the secrets of an app, as their rotation does; tokens already issued stay good.
func (s *Simulator) SetSecrets(tenant, clientID string, secrets ...Secret) error {
	return s.changeApp(tenant, clientID, func(app *App) { app.Secrets = slices.Clone(secrets) })
}

func (s *Simulator) changeApp(tenant, clientID string, change func(*App)) error {
	t, err := s.tenantNamed(tenant)
	if err != nil {
		return err
	}
	app := t.apps[strings.ToLower(clientID)]
	if app == nil {
		return fmt.Errorf("tenant %s has no app %s", t.Name, clientID)
	}
	s.appsMu.Lock()
	defer s.appsMu.Unlock()
	change(app)
	return nil
}

// app gives a copy of an app of the tenant.
func (s *Simulator) app(t *tenant, clientID string) (App, bool) {
	app := t.apps[strings.ToLower(clientID)]
	if app == nil {
		return App{}, false
	}
	s.appsMu.RLock()
	defer s.appsMu.RUnlock()
	return *app, true
}

func (s *Simulator) tenantNamed(name string) (*tenant, error) {
	if name == "" {
		return s.tenants[0], nil
	}
	if t := s.byName[strings.ToLower(name)]; t != nil {
		return t, nil
	}
	return nil, fmt.Errorf("no simulated tenant is called %q", name)
}

// newTenant puts one tenant of the scenario into play.
func (s *Simulator) newTenant(spec Tenant) *tenant {
	t := &tenant{
		Tenant:        spec,
		seed:          mixText(s.scenario.Seed, spec.Name),
		apps:          map[string]*App{},
		cloud:         orElse(spec.Cloud, s.scenario.Cloud),
		content:       s.scenario.Content,
		auditOff:      spec.AuditLog == "off",
		subscriptions: map[subscriptionKey]*subscription{},
	}
	if spec.Content != nil {
		t.content = *spec.Content
	}
	t.ID = strings.ToLower(orElse(spec.ID, guid(mixText(t.seed, "id"))))
	t.Domain = orElse(spec.Domain, strings.ToLower(spec.Name)+".onmicrosoft.com")
	t.Apps = slices.Clone(spec.Apps)
	if len(t.Apps) == 0 {
		t.Apps = defaultApps()
	}
	for i := range t.Apps {
		t.completeApp(&t.Apps[i], i)
		t.apps[strings.ToLower(t.Apps[i].ID)] = &t.Apps[i]
	}
	for i := range t.streams {
		t.streams[i] = &stream{ctype: i, byID: map[string]*blob{}}
	}
	s.seedSubscriptions(t)
	t.graph = s.newGraph(t)
	return t
}

// defaultApps are those of a tenant whose scenario has none: one for each of the two jobs, with the least roles.
func defaultApps() []App {
	return []App{
		{Name: "collector", Roles: []string{"ActivityFeed.Read", "ActivityFeed.ReadDlp"}},
		{Name: "connector", Roles: []string{"ExternalConnection.ReadWrite.OwnedBy", "ExternalItem.ReadWrite.OwnedBy"}},
	}
}

func (t *tenant) completeApp(app *App, at int) {
	name := "collector"
	if at > 0 {
		name = fmt.Sprintf("app-%d", at+1)
	}
	app.Name = orElse(app.Name, name)
	seed := mixText(t.seed, "app "+app.Name)
	app.ID = strings.ToLower(orElse(app.ID, guid(seed)))
	if app.Secrets == nil && len(app.Certificates) == 0 {
		app.Secrets = []Secret{{}}
	}
	app.Secrets = slices.Clone(app.Secrets)
	for i := range app.Secrets {
		seed := mix(seed, uint64(i+10))
		app.Secrets[i].ID = orElse(app.Secrets[i].ID, guid(seed))
		app.Secrets[i].Value = orElse(app.Secrets[i].Value, secretValue(seed))
	}
}

// secretValue makes a client secret that looks like Entra's: 40 characters with 8Q~ after the first three.
func secretValue(seed uint64) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~"
	value := make([]byte, 40)
	for i := range value {
		value[i] = alphabet[below(mix(seed, uint64(i)), len(alphabet))]
	}
	copy(value[3:], "8Q~")
	return string(value)
}

// spread makes the tenants of a Count.
func spread(specs []Tenant) []Tenant {
	var all []Tenant
	for _, spec := range specs {
		if spec.Count <= 1 {
			all = append(all, spec)
			continue
		}
		name := spec.Name
		for i := range spec.Count {
			spec.Name = fmt.Sprintf("%s-%04d", name, i+1)
			all = append(all, spec)
		}
	}
	return all
}

func orElse(text, other string) string {
	if text == "" {
		return other
	}
	return text
}

// expired says whether a secret can't be used any more.
func (x Secret) expired(now time.Time) bool { return !x.Expires.IsZero() && !now.Before(x.Expires) }
