package credential

import (
	"context"
	"time"

	"github.com/headrace/headrace/internal/config"
	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/object"
	"github.com/headrace/headrace/internal/store"
)

// A View is a credential as doors show it. There is no secret in it.
type View struct {
	object.View
	Type     string     `json:"type"`
	Cloud    string     `json:"cloud"`
	TenantID string     `json:"tenant_id"`
	ClientID string     `json:"client_id"`
	Secret   SecretView `json:"secret"`
	Expires  time.Time  `json:"expires,omitzero"`
	UsedBy   []Use      `json:"used_by"`         // in a list the first few of them
	Uses     int        `json:"uses"`            // how many there are
	State    string     `json:"state"`           // Working …, as far as is known without asking anybody
	Fact     string     `json:"fact,omitempty"`  // the one thing that says why
	Test     *TestView  `json:"test,omitempty"`  // absent: not tested since it was made or changed
	Calls    []int64    `json:"calls,omitempty"` // requests that it signed in each of the last 24 hours, the present one last; absent: none
}

// A SecretView tells that a secret is there, and which.
type SecretView struct {
	State       string    `json:"state"`                 // stored, reference, none
	Reference   string    `json:"reference,omitempty"`   // env:NAME …
	Fingerprint string    `json:"fingerprint,omitempty"` // last 4 hex digits of a keyed hash
	Set         time.Time `json:"set,omitzero"`
}

// A Use is an object that uses another.
type Use struct {
	Kind string `json:"kind"`
	Name string `json:"name"`
	ID   string `json:"id"`
}

// Uses turns objects into uses.
func Uses(all []store.Object) []Use {
	uses := make([]Use, 0, len(all))
	for _, o := range all {
		uses = append(uses, Use{Kind: o.Kind, Name: o.Name, ID: o.UID})
	}
	return uses
}

// Help is what a connector says of its credentials.
type Help struct {
	Type        string       `json:"type"`
	Title       string       `json:"title"`
	Summary     string       `json:"summary"`
	Permissions []Permission `json:"permissions"`
	Guide       []Step       `json:"guide"`
	ConsentURL  string       `json:"consent_url,omitempty"`

	Fields []config.Field `json:"fields,omitempty"` // a credential's settings, in the list of types
}

// A Permission is one right at the remote; see connector.Permission.
type Permission struct {
	Name     string `json:"name"`
	Resource string `json:"resource"`
	For      string `json:"for"`
	Optional bool   `json:"optional"`
}

// A Step is one of a guide; see connector.Step.
type Step struct {
	Title string `json:"title"`
	Text  string `json:"text"`
	Link  string `json:"link,omitempty"`
}

// Types tells which connectors take credentials, and what those need.
func (s *Service) Types() []Help {
	var all []Help
	for _, c := range s.connectors {
		if c.Credential != nil {
			h := helpOf(c, connector.Credential{Type: c.Name, Cloud: "worldwide"})
			h.Fields = config.Fields(defaults())
			all = append(all, h)
		}
	}
	return all
}

// Help tells it for a credential that exists: with its own hosts and IDs in the texts and links.
func (s *Service) Help(ctx context.Context, name string) (Help, error) {
	o, err := s.Store.Object(ctx, store.Credential, name)
	if err != nil {
		return Help{}, err
	}
	c, err := s.signIn(o)
	if err != nil {
		return Help{}, err
	}
	spec, err := s.connectors.Find(c.Type)
	if err != nil {
		return Help{}, err
	}
	return helpOf(spec, c), nil
}

// HelpForType tells it for a type, in a cloud.
func (s *Service) HelpForType(name, cloud string) (Help, error) {
	spec, err := s.connectors.Find(name)
	if err != nil {
		return Help{}, fault.Problems{{Field: "type", Text: err.Error()}}.Err()
	}
	if spec.Credential == nil {
		return Help{}, fault.New(fault.Invalid, "%s takes no credential", name)
	}
	return helpOf(spec, connector.Credential{Type: name, Cloud: cloud}), nil
}

func helpOf(spec connector.Spec, c connector.Credential) Help {
	h := Help{Type: spec.Name, Title: spec.Title, Summary: spec.Summary}
	if spec.Credential == nil {
		return h
	}
	for _, p := range spec.Credential.Permissions {
		h.Permissions = append(h.Permissions, Permission(p))
	}
	if spec.Credential.Guide != nil {
		for _, one := range spec.Credential.Guide(c) {
			h.Guide = append(h.Guide, Step(one))
		}
	}
	if spec.Credential.ConsentURL != nil && c.TenantID != "" && c.ClientID != "" {
		h.ConsentURL = spec.Credential.ConsentURL(c)
	}
	return h
}
