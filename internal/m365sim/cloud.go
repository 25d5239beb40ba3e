package m365sim

import (
	"net/http"
	"slices"
	"strings"
)

// clouds are the audiences that each national cloud knows.
var clouds = map[string]struct{ management, graph []string }{
	"worldwide": {[]string{"https://manage.office.com"}, []string{"https://graph.microsoft.com"}},
	"gcc":       {[]string{"https://manage-gcc.office.com", "https://manage.office.com"}, []string{"https://graph.microsoft.com"}},
	"gcc-high":  {[]string{"https://manage.office365.us"}, []string{"https://graph.microsoft.us"}},
	"dod":       {[]string{"https://manage.protection.apps.mil"}, []string{"https://dod-graph.microsoft.us"}},
}

// Application IDs of the resources, which can stand for their URLs.
const (
	managementAppID = "c5393580-f805-4401-95e8-94b7a6ef2fc2"
	graphAppID      = "00000003-0000-0000-c000-000000000000"
)

type resource int

const (
	resourceUnknown resource = iota
	resourceManagement
	resourceGraph
)

// resourceOf finds which API an audience names: a real one of the scenario's cloud, the application ID, or the
// simulator's own address, where the host name localhost means Graph.
func (s *Simulator) resourceOf(r *http.Request, audience string) resource {
	text := strings.TrimSuffix(audience, "/")
	cloud := clouds[s.scenario.Cloud]
	host, port := hostPort(r.Host)
	switch {
	case slices.Contains(cloud.management, text), strings.EqualFold(text, managementAppID):
		return resourceManagement
	case slices.Contains(cloud.graph, text), strings.EqualFold(text, graphAppID),
		text == "https://localhost"+port && host != "localhost":
		return resourceGraph
	case text == "https://"+r.Host, s.listener != nil && text == s.ManagementURL():
		return resourceManagement
	case s.listener != nil && text == s.GraphURL():
		return resourceGraph
	}
	return resourceUnknown
}

// isGraph reports whether a token for the audience is good for a request to Graph.
func (s *Simulator) isGraph(r *http.Request, audience string) bool {
	if s.resourceOf(r, audience) == resourceGraph {
		return true
	}
	// Who asks Graph under the name localhost has a token for that name, which is the management API's to nobody else.
	_, port := hostPort(r.Host)
	return strings.TrimSuffix(audience, "/") == "https://localhost"+port
}

// hostPort splits a Host header; port has its colon.
func hostPort(host string) (name, port string) {
	if i := strings.LastIndexByte(host, ':'); i > strings.LastIndexByte(host, ']') {
		return host[:i], host[i:]
	}
	return host, ""
}

// rolesFor are the app's roles at one resource.
func rolesFor(app App, at resource) []string {
	var roles []string
	for _, role := range app.Roles {
		ofManagement := strings.HasPrefix(role, "ActivityFeed.") || role == "ServiceHealth.Read"
		if ofManagement == (at == resourceManagement) {
			roles = append(roles, role)
		}
	}
	return roles
}
