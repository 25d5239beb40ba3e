package credential

import (
	"context"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/microsoft"
	"github.com/headrace/headrace/internal/object"
	"github.com/headrace/headrace/internal/secret"
	"github.com/headrace/headrace/internal/store"
)

// A DraftTest is the test of a credential that is not saved.
type DraftTest struct {
	TenantID string // what the tenant's domain was resolved to; the GUID itself where one was given
	Checks   []connector.Check
	Help     Help // guide and consent link for these settings
}

// TestDraft makes the checks of a credential that is not saved. Nothing is stored. of names a saved credential that the
// draft would change: its secret is used where none is given, but only to sign in where it signs in already, so that
// nobody learns a secret by sending it to a host of their own. Invalid with all problems where the draft could not be
// saved.
func (s *Service) TestDraft(ctx context.Context, d object.Draft, text secret.Text, of string) (DraftTest, error) {
	o, err := s.Judged(ctx, d, of)
	if err != nil {
		return DraftTest{}, err
	}
	settings, err := Read(o)
	if err != nil {
		return DraftTest{}, err
	}
	c := connector.Credential{Name: orDraft(o.Name), Type: settings.Type, Cloud: settings.Cloud, Endpoints: settings.Endpoints, TenantID: settings.TenantID, ClientID: settings.ClientID}
	if c.Secret, err = s.draftSecret(ctx, settings, text, of); err != nil {
		return DraftTest{}, err
	}
	t := DraftTest{TenantID: settings.TenantID, Checks: []connector.Check{}}
	if spec, err := s.connectors.Find(c.Type); err == nil {
		t.Help = helpOf(spec, c)
	}
	if settings.ClientSecret.Ref != "" && text.Empty() {
		one := s.checkReference(ctx, settings.ClientSecret.Ref)
		if t.Checks = append(t.Checks, one); !one.Result.OK() {
			return t, nil
		}
	}
	row, done := s.draftTenant(ctx, settings, &c)
	t.TenantID, t.Checks = c.TenantID, append(t.Checks, row...)
	if done {
		return t, nil
	}
	more, err := s.check(ctx, o, c)
	t.Checks = append(append(t.Checks, more...), s.expiry(orDraft(o.Name), settings))
	return t, err
}

func orDraft(name string) string {
	if name == "" {
		return "NAME"
	}
	return name
}

// draftSecret gives what opens the secret of a draft: the one given, the one referred to, or the saved one.
func (s *Service) draftSecret(ctx context.Context, settings Settings, text secret.Text, of string) (func(context.Context) (secret.Text, error), error) {
	wrong := func(why string) error { return fault.Problems{{Field: "secret", Text: why}}.Err() }
	if !text.Empty() {
		text = secret.New(Tidy(text.Reveal()))
		if why := CheckSecret(text); why != "" {
			return nil, wrong(why)
		}
		return func(context.Context) (secret.Text, error) { return text, nil }, nil
	}
	if ref := settings.ClientSecret.Ref; ref != "" {
		return func(ctx context.Context) (secret.Text, error) { return s.resolve(ctx, ref) }, nil
	}
	if of == "" {
		return nil, wrong("is missing: paste the secret's Value, or say where it stands")
	}
	saved, err := s.Store.Object(ctx, store.Credential, of)
	if err != nil {
		return nil, err
	}
	before, err := Read(saved)
	if err != nil {
		return nil, err
	}
	if before.Cloud != settings.Cloud || before.Endpoints != settings.Endpoints {
		return nil, wrong("is missing: the credential would sign in at other hosts, so the saved secret is not sent there; paste it again")
	}
	return func(ctx context.Context) (secret.Text, error) { return s.secret(ctx, saved.ID) }, nil
}

// draftTenant resolves a domain and gives its row; done: there is no use in going on.
func (s *Service) draftTenant(ctx context.Context, settings Settings, c *connector.Credential) (row []connector.Check, done bool) {
	if microsoft.IsGUID(settings.TenantID) {
		return nil, false
	}
	id, err := microsoft.TenantID(ctx, s.env(c.Name, "", c))
	if err == nil {
		c.TenantID = id
	}
	one, done := tenantCheck(settings.TenantID, c.TenantID, err)
	if one == nil {
		return nil, false
	}
	return []connector.Check{*one}, done
}

// A CloudView is one of Microsoft's clouds as forms show it.
type CloudView struct {
	Name       string `json:"name"`
	Title      string `json:"title"`
	Login      string `json:"login"`
	Graph      string `json:"graph"`
	Management string `json:"management,omitempty"` // missing: the Management Activity API is not known to exist there
	Entra      string `json:"entra"`
	Purview    string `json:"purview,omitempty"`
}

// Clouds gives the clouds that a tenant can live in, the usual one first. For custom the hosts are the credential's own.
func (s *Service) Clouds() []CloudView {
	var all []CloudView
	for _, name := range microsoft.CloudNames() {
		v := CloudView{Name: name, Title: "Custom hosts"}
		if c, err := microsoft.CloudOf(connector.Credential{Cloud: name}); err == nil && name != microsoft.Custom {
			v = CloudView{Name: name, Title: c.Title, Login: c.Login, Graph: c.Graph, Management: c.Management, Entra: c.Entra, Purview: c.Purview}
		}
		all = append(all, v)
	}
	return all
}
