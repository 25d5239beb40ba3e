package credential

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/headrace/headrace/internal/object"
	"github.com/headrace/headrace/internal/store"
)

// How many users a view names: of one credential, and of each credential in a list.
const (
	allUsers  = 1000
	someUsers = 10
)

// ViewOf shows a credential.
func (s *Service) ViewOf(ctx context.Context, o store.Object) (View, error) {
	look, err := s.near(ctx, []store.Object{o}, allUsers)
	if err != nil {
		return View{}, err
	}
	return s.view(ctx, look, o)
}

// Show gives one credential by name or ID.
func (s *Service) Show(ctx context.Context, name string) (View, error) {
	return object.Show(ctx, s.Keeper, name, s.ViewOf)
}

// ListViews shows all credentials. A bad one doesn't hide the others.
func (s *Service) ListViews(ctx context.Context) ([]View, error) {
	all, err := s.Store.Objects(ctx, store.Credential)
	if err != nil {
		return nil, err
	}
	return s.Views(ctx, all)
}

// Page shows a page of credentials by name, and where the next page begins; "": there is none. It asks as many questions
// of the store for a thousand credentials as for one.
func (s *Service) Page(ctx context.Context, f store.ObjectFilter, p store.Page) ([]View, string, error) {
	f.Kind = store.Credential
	all, next, err := s.Store.ObjectsPage(ctx, f, p)
	if err != nil {
		return nil, "", err
	}
	views, err := s.Views(ctx, all)
	return views, next, err
}

// Views shows credentials that were read already. A bad one doesn't hide the others.
func (s *Service) Views(ctx context.Context, all []store.Object) ([]View, error) {
	look, err := s.near(ctx, all, someUsers)
	if err != nil {
		return nil, err
	}
	views := make([]View, 0, len(all))
	for _, o := range all {
		v, err := s.view(ctx, look, o)
		if err != nil {
			v.View = object.Broken(o, err)
		}
		views = append(views, v)
	}
	return views, nil
}

// beside is what stands beside credentials, read for all of them at once.
type beside struct {
	users   map[int64]store.Users
	tests   map[int64]store.Tested
	secrets map[string]store.Secret
	keeper  object.Keeper // draws with the secrets' fingerprints at hand
}

func (s *Service) near(ctx context.Context, all []store.Object, most int) (beside, error) {
	var (
		b    beside
		err  error
		ids  = make([]int64, len(all))
		uids = make([]string, len(all))
	)
	for i, o := range all {
		ids[i], uids[i] = o.ID, o.UID
	}
	if b.users, err = s.Store.UsersOf(ctx, store.Credential, ids, most); err != nil {
		return b, err
	}
	if b.tests, err = s.Store.LastTests(ctx, ids); err != nil {
		return b, err
	}
	b.secrets, err = s.Store.SecretsOf(ctx, uids)
	print := func(_ context.Context, uid string) (string, error) { return b.secrets[uid].Fingerprint, nil }
	b.keeper = object.Keeper{Store: s.Store, Kind: kind{connectors: s.connectors, now: s.now, print: print}}
	return b, err
}

func (s *Service) view(ctx context.Context, look beside, o store.Object) (View, error) {
	v := View{UsedBy: Uses(look.users[o.ID].First), Uses: look.users[o.ID].Total}
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
