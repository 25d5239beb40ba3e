package credential

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/headrace/headrace/internal/object"
	"github.com/headrace/headrace/internal/store"
)

// showing is how credentials are shown.
func (s *Service) showing() object.Showing[View, beside] {
	return object.Showing[View, beside]{Keeper: s.Keeper, Near: s.near, View: s.view, Broken: func(v *View, o store.Object, err error) {
		v.View = object.Broken(o, err)
	}}
}

// ViewOf shows a credential.
func (s *Service) ViewOf(ctx context.Context, o store.Object) (View, error) {
	return s.showing().Of(ctx, o)
}

// Show gives one credential by name or ID.
func (s *Service) Show(ctx context.Context, name string) (View, error) {
	return s.showing().Show(ctx, name)
}

// Page shows a page of credentials by name, and where the next page begins; "": there is none.
func (s *Service) Page(ctx context.Context, f store.ObjectFilter, p store.Page) ([]View, string, error) {
	return s.showing().Page(ctx, f, p)
}

// Views shows credentials that were read already. A bad one doesn't hide the others.
func (s *Service) Views(ctx context.Context, all []store.Object) ([]View, error) {
	return s.showing().All(ctx, all)
}

// beside is what stands beside credentials, read for all of them at once.
type beside struct {
	users   map[int64]store.Users
	tests   map[int64]store.Tested
	secrets map[string]store.Secret
	calls   map[string][]int64
	refused map[int64]store.Trouble // of what uses them: why it could not sign in at its last try
	keeper  object.Keeper           // draws with the secrets' fingerprints at hand
}

func (s *Service) near(ctx context.Context, all []store.Object, most int) (beside, error) {
	var (
		b    beside
		err  error
		ids  = object.IDs(all)
		uids = make([]string, len(all))
	)
	for i, o := range all {
		uids[i] = o.UID
	}
	if b.users, err = s.Store.UsersOf(ctx, store.Credential, ids, most); err != nil {
		return b, err
	}
	if b.tests, err = s.Store.LastTests(ctx, ids); err != nil {
		return b, err
	}
	if b.calls, err = s.Store.CredentialCalls(ctx, uids, 24); err != nil {
		return b, err
	}
	if b.refused, err = s.refused(ctx, b.users); err != nil {
		return b, err
	}
	b.secrets, err = s.Store.SecretsOf(ctx, uids)
	print := func(_ context.Context, uid string) (string, error) { return b.secrets[uid].Fingerprint, nil }
	b.keeper = object.Keeper{Store: s.Store, Kind: kind{connectors: s.connectors, now: s.now, print: print}}
	return b, err
}

func (s *Service) view(ctx context.Context, look beside, o store.Object) (View, error) {
	v := View{UsedBy: Uses(look.users[o.ID].First), Uses: look.users[o.ID].Total, Calls: look.calls[o.UID]}
	var err error
	if v.View, err = look.keeper.View(ctx, o); err != nil {
		return v, err
	}
	settings, err := Read(o)
	if err != nil {
		return v, err
	}
	v.Type, v.Cloud, v.TenantID, v.ClientID, v.Expires = settings.Type, settings.Cloud, settings.TenantID, settings.ClientID, settings.Expires
	v.Secret = secretView(settings, look.secrets, o.UID)
	if v.Test, err = testView(look.tests[o.ID]); err != nil {
		return v, err
	}
	v.State, v.Fact = s.state(v)
	if trouble, ok := look.refused[o.ID]; ok && (v.Test == nil || trouble.Since.After(v.Test.At)) && v.State != NoSecret {
		v.State, v.Fact = refusedState(trouble)
	}
	return v, nil
}

func secretView(settings Settings, stored map[string]store.Secret, uid string) SecretView {
	if settings.ClientSecret.Ref != "" {
		return SecretView{State: "reference", Reference: settings.ClientSecret.Ref}
	}
	one, ok := stored[uid]
	if !ok {
		return SecretView{State: "none"}
	}
	return SecretView{State: "stored", Fingerprint: one.Fingerprint, Set: one.Set}
}

// testView reads how a test ended; nil if there was none of what the credential is now.
func testView(stored store.Tested) (*TestView, error) {
	if stored.At.IsZero() {
		return nil, nil
	}
	v := &TestView{}
	if err := json.Unmarshal(stored.Result, v); err != nil {
		return nil, fmt.Errorf("read the last test's result: %w", err)
	}
	v.At = stored.At
	return v, nil
}
