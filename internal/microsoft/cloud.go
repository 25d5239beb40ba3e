package microsoft

import (
	"errors"
	"net/url"
	"strings"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/fault"
)

// A Cloud is one of Microsoft's separate clouds: its hosts, what tokens are asked for, and its portals. Hosts are
// https URLs without a path.
type Cloud struct {
	Name               string // as in a credential: "gcc-high"
	Title              string // as people call it: "GCC High"
	Login              string
	Graph              string
	GraphAudience      string
	Management         string // "": the Management Activity API is not known to exist there
	ManagementAudience string
	Entra              string // the portal where applications are registered
	Purview            string // the portal where audit logging is switched on; "": none known
	CA                 string // file with private certificates to trust; "": none
}

// Custom is the name of the cloud whose hosts stand in the credential itself.
const Custom = "custom"

// The hosts are those of Microsoft's pages on the Management Activity API (activity feed root URLs by plan), on
// national clouds (Graph and Entra endpoints) and on Purview portals. No management host is documented for China.
var clouds = []Cloud{
	{
		Name: "worldwide", Title: "Worldwide", Login: "https://login.microsoftonline.com",
		Graph: "https://graph.microsoft.com", GraphAudience: "https://graph.microsoft.com",
		Management: "https://manage.office.com", ManagementAudience: "https://manage.office.com",
		Entra: "https://entra.microsoft.com", Purview: "https://purview.microsoft.com",
	},
	{
		Name: "gcc", Title: "GCC", Login: "https://login.microsoftonline.com",
		Graph: "https://graph.microsoft.com", GraphAudience: "https://graph.microsoft.com",
		Management: "https://manage-gcc.office.com", ManagementAudience: "https://manage-gcc.office.com",
		Entra: "https://entra.microsoft.com", Purview: "https://purview.microsoft.com",
	},
	{
		Name: "gcc-high", Title: "GCC High", Login: "https://login.microsoftonline.us",
		Graph: "https://graph.microsoft.us", GraphAudience: "https://graph.microsoft.us",
		Management: "https://manage.office365.us", ManagementAudience: "https://manage.office365.us",
		Entra: "https://entra.microsoft.us", Purview: "https://purview.microsoft.us",
	},
	{
		Name: "dod", Title: "DoD", Login: "https://login.microsoftonline.us",
		Graph: "https://dod-graph.microsoft.us", GraphAudience: "https://dod-graph.microsoft.us",
		Management: "https://manage.protection.apps.mil", ManagementAudience: "https://manage.protection.apps.mil",
		Entra: "https://entra.microsoft.us", Purview: "https://purview.apps.mil",
	},
	{
		Name: "china", Title: "China (21Vianet)", Login: "https://login.partner.microsoftonline.cn",
		Graph: "https://microsoftgraph.chinacloudapi.cn", GraphAudience: "https://microsoftgraph.chinacloudapi.cn",
		Entra: "https://portal.azure.cn",
	},
}

// CloudNames are the names that a credential may give, the usual one first.
func CloudNames() []string {
	names := make([]string, 0, len(clouds)+1)
	for _, c := range clouds {
		names = append(names, c.Name)
	}
	return append(names, Custom)
}

// CloudOf gives the credential's cloud; no name is worldwide. For "custom" the credential's endpoints replace the
// worldwide hosts, and a replaced API host is its own audience, as in every one of Microsoft's clouds. The error is
// Invalid and lists all problems.
func CloudOf(c connector.Credential) (Cloud, error) {
	name := c.Cloud
	if name == "" {
		name = clouds[0].Name
	}
	if name == Custom {
		return customCloud(c.Endpoints)
	}
	for _, known := range clouds {
		if known.Name != name {
			continue
		}
		if c.Endpoints != (connector.Endpoints{}) {
			return Cloud{}, fault.Problems{{Field: "endpoints", Text: "are only for cloud: custom; leave them out, or set cloud: custom"}}.Err()
		}
		return known, nil
	}
	return Cloud{}, fault.Problems{{Field: "cloud", Text: "\"" + name + "\" is not known; choose one of " + strings.Join(CloudNames(), ", ")}}.Err()
}

func customCloud(e connector.Endpoints) (Cloud, error) {
	cloud, problems := clouds[0], fault.Problems{}
	cloud.Name, cloud.Title, cloud.CA = Custom, "Custom", e.CA
	replace := func(field, given string, hosts ...*string) {
		if given == "" {
			return
		}
		host, err := hostURL(given)
		if err != nil {
			problems = append(problems, fault.Problem{Field: "endpoints." + field, Text: err.Error()})
			return
		}
		for _, h := range hosts {
			*h = host
		}
	}
	replace("login", e.Login, &cloud.Login)
	replace("graph", e.Graph, &cloud.Graph, &cloud.GraphAudience)
	replace("management", e.Management, &cloud.Management, &cloud.ManagementAudience)
	if err := problems.Err(); err != nil {
		return Cloud{}, err
	}
	return cloud, nil
}

// hostURL accepts https://host[:port], with or without a final slash. The sign-in library drops a path silently.
func hostURL(text string) (string, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.User != nil:
		return "", errors.New("is not a host; write it like https://login.example.com")
	case u.Scheme != "https":
		return "", errors.New("must begin with https://, because tokens and secrets are sent there")
	case strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "":
		return "", errors.New("must be a host alone, without a path; write it like https://" + u.Host)
	}
	return "https://" + strings.ToLower(u.Host), nil
}

// known tells whether the sign-in library trusts the login host without asking Microsoft's public directory of clouds.
func (c Cloud) knownLogin() bool {
	for _, k := range clouds {
		if k.Login == c.Login {
			return true
		}
	}
	return false
}

func asProblems(err error) (fault.Problems, bool) {
	var p fault.Problems
	ok := errors.As(err, &p)
	return p, ok
}
