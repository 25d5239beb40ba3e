package api

import (
	"context"

	"github.com/headrace/headrace/internal/account"
	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/credential"
	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/store"
)

// NewCredential is a credential to be made, with its secret or without.
type NewCredential struct {
	Draft
	Secret Sensitive `json:"secret,omitzero"`
}

// Checks are the results of a test.
type Checks struct {
	Name   string  `json:"name"`
	OK     bool    `json:"ok"`
	Checks []Check `json:"checks"`
}

func checks(name string, all []connector.Check) Checks {
	out := Checks{Name: name, OK: true, Checks: []Check{}}
	for _, c := range all {
		one := Check{Name: c.Name, Result: string(c.Result), Text: c.Text, Fix: c.Fix, Link: c.Link, TookMS: c.Took.Milliseconds(), OK: c.Result.OK()}
		if c.Err != nil {
			one.Class = fault.ClassOf(c.Err).String()
			if e, ok := fault.As(c.Err); ok {
				one.Code, one.Service = e.Code, e.Upstream
			}
		}
		out.OK = out.OK && credential.Passed(c)
		out.Checks = append(out.Checks, one)
	}
	return out
}

// CredentialTypes tells what credentials there can be.
var CredentialTypes = Operation[None, Page[credential.Help]]{Name: "credential.types", Route: "GET /credential-types", Summary: "List the types of credentials", Do: func(_ context.Context, s *Services, _ None) (Page[credential.Help], error) {
	return Page[credential.Help]{Items: s.Credentials.Types()}, nil
}}

// HelpRequest picks a credential by name, or a type and a cloud.
type HelpRequest struct {
	Name  string `json:"name,omitempty"`
	Type  string `json:"type,omitempty"`
	Cloud string `json:"cloud,omitempty"`
}

// CredentialHelp gives guide, permissions and consent link.
var CredentialHelp = Operation[HelpRequest, credential.Help]{Name: "credential.help", Route: "GET /credential-help", Summary: "Guide, permissions and consent link of a credential or a type", Do: func(ctx context.Context, s *Services, in HelpRequest) (credential.Help, error) {
	if in.Name != "" {
		return s.Credentials.Help(ctx, in.Name)
	}
	if in.Cloud == "" {
		in.Cloud = "worldwide"
	}
	return s.Credentials.HelpForType(in.Type, in.Cloud)
}}

// CredentialAdd saves a credential.
var CredentialAdd = Operation[NewCredential, credential.View]{Name: "credential.add", Route: "POST /credentials", Role: account.Admin, Creates: true, Of: store.Credential, Summary: "Save a credential", Changes: true, Do: addCredential}

func addCredential(ctx context.Context, s *Services, in NewCredential) (credential.View, error) {
	d, err := in.draft()
	if err != nil {
		return credential.View{}, err
	}
	o, err := s.Credentials.Add(ctx, d, in.Secret.Text)
	switch {
	case exists(err) && in.IfExists == IfExistsOK:
		return s.Credentials.Show(ctx, in.Name)
	case exists(err) && in.IfExists == IfExistsUpdate:
		change, err := in.replacement()
		if err != nil {
			return credential.View{}, err
		}
		if o, err = s.Credentials.Change(ctx, in.Name, change); err != nil {
			return credential.View{}, err
		}
		if !in.Secret.Empty() && !in.DryRun { // a second write does not see the first one's rehearsal
			settings, err := credential.Read(o)
			if err != nil {
				return credential.View{}, err
			}
			expires := ""
			if !settings.Expires.IsZero() {
				expires = settings.Expires.Format("2006-01-02")
			}
			if o, _, err = s.Credentials.Rotate(ctx, in.Name, credential.Rotation{Secret: in.Secret.Text, Expires: expires, NoTest: true}); err != nil {
				return credential.View{}, err
			}
		}
		return s.Credentials.ViewOf(ctx, o)
	case err != nil:
		return credential.View{}, err
	}
	return s.Credentials.ViewOf(ctx, o)
}

// CredentialList lists credentials.
var CredentialList = Operation[CredentialQuery, Page[credential.View]]{Name: "credential.list", Route: "GET /credentials", Summary: "List credentials", Do: func(ctx context.Context, s *Services, in CredentialQuery) (Page[credential.View], error) {
	f := in.filter()
	return paged(s.Credentials.Page(ctx, f, in.page()))
}}

// CredentialShow shows one.
var CredentialShow = Operation[Named, credential.View]{Name: "credential.show", Route: "GET /credentials/{name}", Summary: "Show a credential", Do: func(ctx context.Context, s *Services, in Named) (credential.View, error) {
	return s.Credentials.Show(ctx, in.Name)
}}

// CredentialTest checks token, permissions and a harmless read.
var CredentialTest = Operation[Named, Checks]{Name: "credential.test", Route: "POST /credentials/{name}/test", Role: account.Operator, Summary: "Check what a credential may do", Do: func(ctx context.Context, s *Services, in Named) (Checks, error) {
	all, err := s.Credentials.Test(ctx, in.Name)
	out := checks(in.Name, all)
	s.noteTest(ctx, in.Name, out, err)
	return out, err
}}

// A Rotation is a new secret.
type Rotation struct {
	Name      string    `json:"name"`
	Secret    Sensitive `json:"secret,omitzero"`
	Reference string    `json:"reference,omitempty"`
	Expires   string    `json:"expires,omitempty"`
	NoTest    bool      `json:"no_test,omitempty"`
	Revision  int64     `json:"revision,omitempty"`
}

// Rotated tells how a rotation went.
type Rotated struct {
	Credential credential.View `json:"credential"`
	Test       Checks          `json:"test"`
}

// CredentialRotate replaces the secret.
var CredentialRotate = Operation[Rotation, Rotated]{Name: "credential.rotate", Route: "POST /credentials/{name}/rotate", Role: account.Admin, Of: store.Credential, Summary: "Replace a credential's secret", Changes: true, Do: func(ctx context.Context, s *Services, in Rotation) (Rotated, error) {
	o, all, err := s.Credentials.Rotate(ctx, in.Name, credential.Rotation{Secret: in.Secret.Text, Reference: in.Reference, Expires: in.Expires, NoTest: in.NoTest, Revision: in.Revision})
	if err != nil {
		return Rotated{}, err
	}
	v, err := s.Credentials.ViewOf(ctx, o)
	return Rotated{Credential: v, Test: checks(in.Name, all)}, err
}}

// CredentialEdit changes everything but the secret.
var CredentialEdit = Operation[Change, credential.View]{Name: "credential.edit", Route: "PATCH /credentials/{name}", Role: account.Admin, Of: store.Credential, Summary: "Change a credential", Changes: true, Do: func(ctx context.Context, s *Services, in Change) (credential.View, error) {
	c, err := in.change()
	if err != nil {
		return credential.View{}, err
	}
	o, err := s.Credentials.Change(ctx, in.Name, c)
	if err != nil {
		return credential.View{}, err
	}
	return s.Credentials.ViewOf(ctx, o)
}}

// CredentialUsedBy lists what uses a credential.
var CredentialUsedBy = Operation[Named, Page[credential.Use]]{Name: "credential.used-by", Route: "GET /credentials/{name}/used-by", Summary: "List what uses a credential", Do: func(ctx context.Context, s *Services, in Named) (Page[credential.Use], error) {
	o, err := s.Store.Object(ctx, store.Credential, in.Name)
	if err != nil {
		return Page[credential.Use]{}, err
	}
	users, err := s.Store.Uses(ctx, o)
	return Page[credential.Use]{Items: credential.Uses(users)}, err
}}

// CredentialRemove removes a credential that nothing uses, and its secret.
var CredentialRemove = Operation[Removal, None]{Name: "credential.remove", Route: "DELETE /credentials/{name}", Role: account.Admin, Of: store.Credential, Summary: "Remove a credential", Changes: true, Do: func(ctx context.Context, s *Services, in Removal) (None, error) {
	return remove(ctx, s.Credentials.Keeper, in)
}}
