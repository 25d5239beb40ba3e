package credential

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/headrace/headrace/internal/config"
	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/microsoft"
	"github.com/headrace/headrace/internal/object"
	"github.com/headrace/headrace/internal/secret"
	"github.com/headrace/headrace/internal/store"
	"github.com/headrace/headrace/internal/vault/reference"
)

// A Vault seals and opens secrets; the UID that a secret belongs to is bound into what is sealed.
type Vault interface {
	Seal(ctx context.Context, text secret.Text, belongsTo string) ([]byte, error)
	Open(ctx context.Context, sealed []byte, belongsTo string) (secret.Text, error)
	Fingerprint(text secret.Text) (string, error)
}

// A Resolver follows references to secrets.
type Resolver interface {
	Resolve(ctx context.Context, ref reference.Reference) (secret.Text, error)
}

// Place names what a secret is sealed to: it opens for nothing else.
func Place(uid string) string { return "credential/" + uid + "/client_secret" }

// Service does what doors offer with credentials.
type Service struct {
	object.Keeper
	connectors object.Connectors
	vault      Vault
	resolver   Resolver
	env        object.Env
	now        func() time.Time
	told       func(ctx context.Context, o store.Object, use connector.CredentialUse)
}

// Options are what a Service needs. All fields but Used are required.
type Options struct {
	Store      *store.Store
	Vault      Vault
	Connectors object.Connectors
	Resolver   Resolver
	Env        object.Env
	Now        func() time.Time
	Used       func(ctx context.Context, o store.Object, use connector.CredentialUse) // told of each use of a credential; may be nil
}

// New makes the service.
func New(o Options) *Service {
	s := &Service{connectors: o.Connectors, vault: o.Vault, resolver: o.Resolver, env: o.Env, now: o.Now, told: o.Used}
	s.Keeper = object.Keeper{Store: o.Store, Kind: kind{connectors: o.Connectors, now: o.Now, print: s.print}}
	return s
}

// resolve follows a reference as it stands in a spec.
func (s *Service) resolve(ctx context.Context, text string) (secret.Text, error) {
	ref, err := reference.Parse(text)
	if err != nil {
		return secret.Text{}, err
	}
	found, err := s.resolver.Resolve(ctx, ref)
	if err != nil {
		return found, err
	}
	return secret.New(Tidy(found.Reveal())), nil
}

// print gives the fingerprint of the stored secret, "" if none is stored.
func (s *Service) print(ctx context.Context, uid string) (string, error) {
	sealed, err := s.Store.SealedSecret(ctx, uid)
	if fault.ClassOf(err) == fault.NotFound {
		return "", nil
	}
	return sealed.Fingerprint, err
}

// longestSecret is more bytes than any client secret has; Entra's have 40 characters.
const longestSecret = 4 << 10

// CheckSecret tells what is wrong with a secret's form; "" if nothing is.
func CheckSecret(text secret.Text) string {
	switch plain := text.Reveal(); {
	case plain == "":
		return "the client secret is empty"
	case microsoft.IsGUID(plain):
		return "this looks like the Secret ID; paste the Value column instead, Entra shows it only once"
	case len(plain) > longestSecret:
		return "this is too long for a client secret"
	}
	return ""
}

// seal makes what stores a secret; nil for no secret.
func (s *Service) seal(ctx context.Context, text secret.Text) (object.Seal, error) {
	if text.Empty() {
		return nil, nil
	}
	text = secret.New(Tidy(text.Reveal()))
	if problem := CheckSecret(text); problem != "" {
		return nil, fault.Problems{{Field: "clientSecret", Text: problem}}.Err()
	}
	return func(uid string) (*store.Secret, error) {
		sealed, err := s.vault.Seal(ctx, text, Place(uid))
		if err != nil {
			return nil, fmt.Errorf("seal the secret: %w", err)
		}
		print, err := s.vault.Fingerprint(text)
		return &store.Secret{Owner: uid, Sealed: sealed, Fingerprint: print}, err
	}, nil
}

// Add makes a credential, with a secret to seal or a reference in its spec. All problems are reported together.
func (s *Service) Add(ctx context.Context, d object.Draft, text secret.Text) (store.Object, error) {
	seal, sealErr := s.seal(ctx, text)
	if sealErr != nil {
		o := store.Object{Kind: store.Credential, Name: d.Name}
		err := s.Kind.Judge(ctx, s.Store, &o, d.Spec)
		mine, _ := object.ProblemsOf(sealErr)
		others, _ := object.ProblemsOf(err)
		return o, append(others, mine...).Err()
	}
	return s.Create(ctx, d, seal)
}

// Rotate replaces the secret: by a new text, or by a reference. Unless test is off the new one signs in first, and a
// secret that is refused replaces nothing. Nothing that uses the credential is touched.
func (s *Service) Rotate(ctx context.Context, name string, r Rotation) (store.Object, []connector.Check, error) {
	o, err := s.Store.Object(ctx, store.Credential, name)
	if err != nil {
		return o, nil, err
	}
	if r.Secret.Empty() && r.Reference == "" {
		return o, nil, fault.Problems{{Field: "secret", Text: "is missing: send the new secret's Value, or a reference to where it is"}}.Err()
	}
	seal, err := s.seal(ctx, r.Secret)
	if err != nil {
		return o, nil, err
	}
	patch := config.Mapping()
	reference := config.Mapping()
	if r.Reference != "" {
		if text := CheckReference(r.Reference); text != "" {
			return o, nil, fault.Problems{{Field: "clientSecret.ref", Text: text}}.Err()
		}
		config.Put(reference, "ref", config.Text(r.Reference))
		seal = func(string) (*store.Secret, error) { return nil, nil }
	}
	config.Put(patch, "clientSecret", config.Null())
	config.Put(patch, "expires", config.Null())
	if r.Expires != "" {
		config.Put(patch, "expires", config.Text(r.Expires))
	}
	var checks []connector.Check
	if !r.NoTest {
		if checks, err = s.try(ctx, o, r); err != nil {
			return o, checks, err
		}
	}
	spec, err := s.Kind.Draw(ctx, s.Store, o)
	if err != nil {
		return o, checks, err
	}
	spec = config.Merge(spec, patch)
	if r.Reference != "" {
		config.Put(spec, "clientSecret", reference)
	}
	changed, err := s.Edit(ctx, name, object.Change{Replace: spec, Owner: o.Owner, Revision: r.Revision}, seal)
	if err != nil {
		return changed, checks, err
	}
	if err := s.Store.WakeUsers(ctx, changed.ID); err != nil || r.NoTest {
		return changed, checks, err
	}
	settings, err := Read(changed)
	if err != nil {
		return changed, checks, err
	}
	return changed, checks, s.keep(ctx, changed, append(slices.Clone(checks), s.expiry(name, settings)))
}

// Change edits a credential. One that names a reference now gives up the secret that was stored for it.
func (s *Service) Change(ctx context.Context, name string, c object.Change) (store.Object, error) {
	o, err := s.Edit(ctx, name, c, nil)
	if err != nil {
		return o, err
	}
	if err := s.Store.WakeUsers(ctx, o.ID); err != nil {
		return o, err
	}
	settings, err := Read(o)
	if err != nil || settings.ClientSecret.Ref == "" || store.Rehearsing(ctx) {
		return o, err
	}
	if _, err := s.Store.SealedSecret(ctx, o.UID); fault.ClassOf(err) == fault.NotFound && err != nil {
		return o, nil
	}
	return s.Store.UpdateObject(ctx, o, func(string) (*store.Secret, error) { return nil, nil })
}

// A Rotation is a new secret for a credential.
type Rotation struct {
	Secret    secret.Text
	Reference string // instead of Secret
	Expires   string // the day on which it ends; "": not known
	NoTest    bool
	Revision  int64
}

// try signs in with the new secret; an error if it is refused.
func (s *Service) try(ctx context.Context, o store.Object, r Rotation) ([]connector.Check, error) {
	c, err := s.signIn(o)
	if err != nil {
		return nil, err
	}
	c.Secret = func(ctx context.Context) (secret.Text, error) {
		if r.Reference != "" {
			return s.resolve(ctx, r.Reference)
		}
		return secret.New(Tidy(r.Secret.Reveal())), nil
	}
	checks, err := s.check(ctx, o, c)
	if err != nil {
		return nil, err
	}
	for _, one := range checks {
		if one.Result == connector.Refused && one.Err != nil && fault.ClassOf(one.Err) == fault.Denied {
			return checks, &fault.Error{Class: fault.Denied, Code: "rotation_refused", Title: "the new secret was not accepted, so the old one stays", Err: one.Err,
				Hint: one.Fix}
		}
	}
	return checks, nil
}

// Test makes the connector's checks of a credential: token, permissions, a harmless read. It changes nothing but what is
// remembered of the last test, and of the tenant's ID if the credential has a domain.
func (s *Service) Test(ctx context.Context, name string) ([]connector.Check, error) {
	o, err := s.Store.Object(ctx, store.Credential, name)
	if err != nil {
		return nil, err
	}
	settings, err := Read(o)
	if err != nil {
		return nil, err
	}
	o, checks, err := s.test(ctx, o, settings)
	if err != nil {
		return checks, err
	}
	return checks, s.keep(ctx, o, checks)
}

func (s *Service) test(ctx context.Context, o store.Object, settings Settings) (store.Object, []connector.Check, error) {
	c, err := s.signIn(o)
	if err != nil {
		return o, nil, err
	}
	var checks []connector.Check
	if settings.ClientSecret.Ref != "" {
		one := s.checkReference(ctx, settings.ClientSecret.Ref)
		checks = append(checks, one)
		if !one.Result.OK() {
			return o, checks, nil
		}
	}
	o, row, done := s.checkTenant(ctx, o, settings, &c)
	checks = append(checks, row...)
	if done {
		return o, checks, nil
	}
	more, err := s.check(ctx, o, c)
	return o, append(append(checks, more...), s.expiry(o.Name, settings)), err
}

func (s *Service) checkReference(ctx context.Context, ref string) connector.Check {
	one := connector.Check{Name: "Secret reference", Result: connector.Works, Text: ref + " leads to a secret"}
	text, err := s.resolve(ctx, ref)
	if err == nil {
		if problem := CheckSecret(text); problem != "" {
			err = fault.New(fault.Invalid, "%s", problem)
		}
	}
	if err != nil {
		one.Result, one.Text, one.Fix, one.Err = connector.Missing, err.Error(), fault.HintOf(err), err
	}
	return one
}

// expiry tells how long the secret is still good, as far as somebody said.
func (s *Service) expiry(name string, settings Settings) connector.Check {
	one := connector.Check{Name: "Secret end date", Result: connector.Works}
	left := settings.Expires.Sub(s.now())
	switch {
	case settings.Expires.IsZero():
		one.Result, one.Text = connector.NotNeeded, "not known"
		one.Fix = "Look it up in Certificates & secrets, then: headrace credential edit " + name + " --expires 2027-06-14"
	case left <= 0:
		one.Result, one.Text = connector.Missing, "ended on "+settings.Expires.Format(time.DateOnly)
		one.Fix = "Make a new secret in Certificates & secrets, then: headrace credential rotate " + name
	case left <= Soon:
		one.Text = fmt.Sprintf("ends in %s, on %s", Left(left), settings.Expires.Format(time.DateOnly))
		one.Fix = "Make a new secret in Certificates & secrets, then: headrace credential rotate " + name
	default:
		one.Text = "valid " + Left(left)
	}
	return one
}

func (s *Service) check(ctx context.Context, o store.Object, c connector.Credential) ([]connector.Check, error) {
	spec, err := s.connectors.Find(c.Type)
	if err != nil {
		return nil, err
	}
	if spec.Credential == nil || spec.Credential.Check == nil {
		return nil, fault.New(fault.Invalid, "%s has nothing to test", c.Type)
	}
	return spec.Credential.Check(ctx, s.env(o.Name, "", &c)), nil
}

// Open gives the credential that a connector signs in with. Its secret is looked up at each sign-in. If it names its tenant by a
// domain that was not resolved yet, that is done now.
func (s *Service) Open(ctx context.Context, id int64) (*connector.Credential, error) {
	o, err := s.Store.ObjectByID(ctx, store.Credential, id)
	if err != nil {
		return nil, err
	}
	c, err := s.signIn(o)
	if err != nil {
		return nil, err
	}
	_, err = s.resolveTenant(ctx, o, &c)
	return &c, err
}

func (s *Service) signIn(o store.Object) (connector.Credential, error) {
	settings, err := Read(o)
	tenant := settings.TenantID
	if microsoft.IsGUID(o.Tenant) {
		tenant = o.Tenant // what a domain was resolved to
	}
	return connector.Credential{Name: o.Name, Type: settings.Type, Cloud: settings.Cloud, Endpoints: settings.Endpoints, TenantID: tenant,
		ClientID: settings.ClientID, Secret: func(ctx context.Context) (secret.Text, error) { return s.secret(ctx, o.ID) }, Used: s.used(o)}, err
}

func (s *Service) used(o store.Object) func(context.Context, connector.CredentialUse) {
	if s.told == nil {
		return nil
	}
	return func(ctx context.Context, use connector.CredentialUse) { s.told(ctx, o, use) }
}

// secret gives the secret as it stands now.
func (s *Service) secret(ctx context.Context, id int64) (secret.Text, error) {
	o, err := s.Store.ObjectByID(ctx, store.Credential, id)
	if err != nil {
		return secret.Text{}, err
	}
	settings, err := Read(o)
	if err != nil {
		return secret.Text{}, err
	}
	if settings.ClientSecret.Ref != "" {
		text, err := s.resolve(ctx, settings.ClientSecret.Ref)
		if err != nil {
			return text, fmt.Errorf("credential %s: %w", o.Name, err)
		}
		return text, nil
	}
	sealed, err := s.Store.SealedSecret(ctx, o.UID)
	if fault.ClassOf(err) == fault.NotFound {
		return secret.Text{}, (&fault.Error{Class: fault.Denied, Code: "no_secret", Title: fmt.Sprintf("credential %q has no secret yet", o.Name)}).
			WithHint("Give it one: headrace credential rotate %s --client-secret-stdin", o.Name)
	}
	if err != nil {
		return secret.Text{}, err
	}
	return s.vault.Open(ctx, sealed.Sealed, Place(o.UID))
}
