// Package credential keeps what signs us in to a tenant: who we are there, and a secret that is sealed in the vault
// or stands behind a reference. A secret goes in and never comes out again, but to a connector that signs in with it.
// Start at Settings, then Service.
package credential

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode"

	"go.yaml.in/yaml/v4"

	"github.com/headrace/headrace/internal/config"
	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/microsoft"
	"github.com/headrace/headrace/internal/object"
	"github.com/headrace/headrace/internal/store"
	"github.com/headrace/headrace/internal/vault/reference"
)

// Settings are a credential's own.
type Settings struct {
	Type         string              `yaml:"type" doc:"The connector that it signs in to" example:"office-365-management-api"`
	Cloud        string              `yaml:"cloud" doc:"Where the tenant lives" enum:"worldwide,gcc,gcc-high,dod,china,custom"`
	Endpoints    connector.Endpoints `yaml:"endpoints" doc:"Hosts and certificates, for cloud custom"`
	TenantID     string              `yaml:"tenantId" doc:"Directory (tenant) ID: a GUID or a verified domain" example:"contoso.onmicrosoft.com"`
	ClientID     string              `yaml:"clientId" doc:"Application (client) ID, a GUID"`
	ClientSecret SecretRef           `yaml:"clientSecret" doc:"Where the client secret stands; never the secret itself"`
	Expires      time.Time           `yaml:"expires" doc:"The day on which the client secret ends" example:"2027-06-14"`
}

// SecretRef says where a secret stands. Both empty: in the vault.
type SecretRef struct {
	Ref         string `yaml:"ref" doc:"env:NAME, file:PATH or vault:PATH#FIELD" example:"env:CONTOSO_AUDIT_SECRET"`
	Fingerprint string `yaml:"fingerprint" doc:"What an export writes for a secret in the vault; it says which one, and can't be turned back into it"`
}

// UnmarshalYAML refuses a secret written out, without quoting it.
func (r *SecretRef) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind != yaml.MappingNode {
		return fault.Problems{{Line: node.Line, Text: `a secret isn't written into a file; write { ref: "env:NAME" } or { ref: "file:PATH" }, or leave it out and give it to headrace credential rotate`}}.Err()
	}
	type plain SecretRef
	problems := config.Decode(node, (*plain)(r), "")
	for i := range problems {
		if f := problems[i].Field; f == "value" || f == "secret" || f == "text" {
			problems[i].Text = `a secret isn't written into a file; write { ref: "env:NAME" } or { ref: "file:PATH" }`
		}
	}
	return problems.Err()
}

func defaults() *Settings { return &Settings{Cloud: "worldwide"} }

// longest is how long Entra lets a client secret live.
const longest = 24 * 31 * 24 * time.Hour

// kind is what a credential is, to package object.
type kind struct {
	connectors object.Connectors
	now        func() time.Time
	// print gives the fingerprint of the secret that is stored for a UID, "" if there is none.
	print func(ctx context.Context, uid string) (string, error)
}

func (kind) Name() string { return store.Credential }

// Judge reads and checks a credential's settings.
func (k kind) Judge(ctx context.Context, look object.Look, o *store.Object, spec *yaml.Node) error {
	s := defaults()
	problems := config.Decode(spec, s, "spec")
	s.tidy()
	problems = object.More(problems, object.At("spec", k.validate(*s, previous(*o))))
	locate(problems, spec)
	if len(problems) > 0 {
		return problems.Err()
	}
	if err := k.sameSecret(ctx, *o, s.ClientSecret); err != nil {
		return err
	}
	tenant := tenantOf(*o, *s)
	if err := sameTenant(ctx, look, *o, tenant); err != nil {
		return err
	}
	s.ClientSecret.Fingerprint = ""
	raw, err := config.JSON(config.Encode(s, defaults()))
	o.Spec, o.Tenant, o.Expires = raw, tenant, s.Expires
	return err
}

// locate gives problems without a line that of their field.
func locate(problems fault.Problems, spec *yaml.Node) {
	for i := range problems {
		if problems[i].Line == 0 {
			problems[i].Line = config.LineOf(spec, strings.TrimPrefix(problems[i].Field, "spec."))
		}
	}
}

// previous gives the settings as they stand; the zero value for a new credential.
func previous(o store.Object) Settings {
	if len(o.Spec) == 0 {
		return Settings{}
	}
	s, _ := Read(o)
	return s
}

// Read gives the settings of a stored credential.
func Read(o store.Object) (Settings, error) {
	s := defaults()
	node, err := config.ParseOne(o.Spec)
	if err != nil {
		return *s, fmt.Errorf("credential %s: %w", o.Name, err)
	}
	if err := config.Decode(node, s, "").Err(); err != nil {
		return *s, fmt.Errorf("credential %s: %w", o.Name, err)
	}
	return *s, nil
}

func (k kind) validate(s, before Settings) fault.Problems {
	var problems fault.Problems
	add := func(field, format string, args ...any) {
		problems = append(problems, fault.Problem{Field: field, Text: fmt.Sprintf(format, args...)})
	}
	c, err := k.connectors.Find(s.Type)
	types := k.connectors.Names(func(c connector.Spec) bool { return c.Credential != nil })
	switch {
	case s.Type == "":
		add("type", "is missing: choose one of %s", strings.Join(types, ", "))
	case err != nil:
		add("type", "%s", err)
	case c.Credential == nil:
		add("type", "%s takes no credential; choose one of %s", s.Type, strings.Join(types, ", "))
	}
	problems = append(problems, microsoft.ValidCredential(connector.Credential{Type: s.Type, Cloud: s.Cloud, Endpoints: s.Endpoints, TenantID: s.TenantID, ClientID: s.ClientID})...)
	if text := CheckReference(s.ClientSecret.Ref); s.ClientSecret.Ref != "" && text != "" {
		add("clientSecret.ref", "%s", text)
	}
	if !s.Expires.IsZero() && !s.Expires.Equal(before.Expires) {
		switch now := k.now(); {
		case s.Expires.Before(now):
			add("expires", "%s has passed; make a new secret in Certificates & secrets and give the day on which that one ends", s.Expires.Format(time.DateOnly))
		case s.Expires.After(now.Add(longest)):
			add("expires", "%s is more than 24 months away, longer than Entra lets a secret live; look at the day again", s.Expires.Format(time.DateOnly))
		}
	}
	return problems
}

// sameSecret accepts a fingerprint in a file if it is that of the secret we have; it can't be turned into a secret.
func (k kind) sameSecret(ctx context.Context, o store.Object, ref SecretRef) error {
	if ref.Fingerprint == "" {
		return nil
	}
	have := ""
	if o.UID != "" && k.print != nil {
		var err error
		if have, err = k.print(ctx, o.UID); err != nil {
			return err
		}
	}
	if have == ref.Fingerprint && ref.Ref == "" {
		return nil
	}
	return fault.Problems{{Field: "spec.clientSecret.fingerprint", Text: `this is not the secret that is stored here, and a fingerprint can't be turned back into a secret; write { ref: "env:NAME" }, or leave clientSecret out and give it to headrace credential rotate`}}.Err()
}

// tenantOf is the tenant of a credential with these settings: the ID that its domain was resolved to, if that still is the same.
func tenantOf(o store.Object, s Settings) string {
	before := previous(o)
	if o.Tenant != "" && strings.EqualFold(before.TenantID, s.TenantID) && before.Cloud == s.Cloud && before.Endpoints == s.Endpoints {
		return o.Tenant
	}
	return strings.ToLower(s.TenantID)
}

// sameTenant refuses to move a credential to another tenant under the sources that use it: their content would be
// another tenant's.
func sameTenant(ctx context.Context, look object.Look, o store.Object, tenant string) error {
	if o.ID == 0 || strings.EqualFold(o.Tenant, tenant) || strings.EqualFold(previous(o).TenantID, tenant) {
		return nil
	}
	users, err := users(ctx, look, o)
	if err != nil || len(users) == 0 {
		return err
	}
	return &fault.Error{Class: fault.Conflict, Code: "in_use", Title: fmt.Sprintf("credential %q can't move to another tenant: it is in use by %s", o.Name, object.Titles(users)),
		Hint: "make a new credential for the other tenant, and sources that use it; if it is the same tenant under another name, keep the tenant ID " + o.Tenant}
}

func users(ctx context.Context, look object.Look, o store.Object) ([]store.Object, error) {
	var all []store.Object
	for _, kind := range []string{store.Source, store.Destination} {
		some, err := look.Objects(ctx, kind)
		if err != nil {
			return nil, err
		}
		for _, u := range some {
			if u.CredentialID == o.ID {
				all = append(all, u)
			}
		}
	}
	return all, nil
}

// Draw writes the settings as a person would; a secret in the vault as its fingerprint.
func (k kind) Draw(ctx context.Context, _ object.Look, o store.Object) (*yaml.Node, error) {
	s, err := Read(o)
	if err != nil {
		return nil, err
	}
	if s.ClientSecret.Ref == "" && k.print != nil {
		if s.ClientSecret.Fingerprint, err = k.print(ctx, o.UID); err != nil {
			return nil, err
		}
	}
	return config.Encode(&s, &Settings{}), nil
}

// tidy takes away what a paste brings along.
func (s *Settings) tidy() {
	for _, text := range []*string{&s.TenantID, &s.ClientID, &s.Endpoints.Login, &s.Endpoints.Graph, &s.Endpoints.Management} {
		*text = Tidy(*text)
	}
}

// CheckReference tells what is wrong with the form of a reference; "" if nothing is. It does not follow it.
func CheckReference(text string) string {
	if _, err := reference.Parse(text); err != nil {
		return strings.TrimSpace(err.Error() + ". " + fault.HintOf(err))
	}
	return ""
}

// Tidy takes spaces, quotes and invisible characters from both ends of what was pasted, and the invisible ones from
// inside as well.
func Tidy(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Cf, r) {
			return -1
		}
		return r
	}, text)
	return strings.TrimFunc(text, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune(`"'“”‘’`+"`", r) })
}

// Pasted are the values of a pasted block such as the output of `az ad sp create-for-rbac`.
type Pasted struct {
	ClientID string `json:"appId"`
	Secret   string `json:"password"`
	TenantID string `json:"tenant"`
}

// Paste reads such a block; false if text is something else.
func Paste(text string) (Pasted, bool) {
	var p Pasted
	if !strings.HasPrefix(strings.TrimSpace(text), "{") || json.Unmarshal([]byte(text), &p) != nil || p.Secret == "" {
		return Pasted{}, false
	}
	return p, true
}
