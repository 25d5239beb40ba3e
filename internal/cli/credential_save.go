package cli

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/headrace/headrace/internal/api"
	"github.com/headrace/headrace/internal/credential"
	"github.com/headrace/headrace/internal/microsoft"
	"github.com/headrace/headrace/internal/object"
	"github.com/headrace/headrace/internal/secret"
)

func clouds() []string { return microsoft.CloudNames() }

// credentialFlags are a credential's settings as flags.
type credentialFlags struct {
	kind, description, clientID, tenantID, cloud, expires string
	login, graph, management, ca                          string
	secret                                                secretFlags
}

func (f *credentialFlags) add(c *cobra.Command, withSecret bool) {
	c.Flags().StringVar(&f.description, "description", "", "purpose and owner, shown with the name")
	c.Flags().StringVar(&f.clientID, "client-id", "", "Application (client) ID, a GUID")
	c.Flags().StringVar(&f.tenantID, "tenant-id", "", "Directory (tenant) ID: a GUID or a verified domain")
	c.Flags().StringVar(&f.cloud, "cloud", "", strings.Join(clouds(), ", ")+" (default worldwide)")
	c.Flags().StringVar(&f.expires, "expires", "", "day on which the secret ends: 2027-06-14")
	c.Flags().StringVar(&f.login, "endpoint-login", "", "cloud custom: sign-in host, https://…")
	c.Flags().StringVar(&f.management, "endpoint-management", "", "cloud custom: Office 365 Management API host")
	c.Flags().StringVar(&f.graph, "endpoint-graph", "", "cloud custom: Microsoft Graph host")
	c.Flags().StringVar(&f.ca, "endpoint-ca", "", "cloud custom: file with PEM certificates to trust besides the system's")
	if withSecret {
		addSecretFlags(c, &f.secret)
	}
}

func addSecretFlags(c *cobra.Command, f *secretFlags) {
	c.Flags().BoolVar(&f.stdin, "client-secret-stdin", false, "read the secret from standard input")
	c.Flags().StringVar(&f.file, "client-secret-file", "", "read the secret from a file, now")
	c.Flags().StringVar(&f.ref, "client-secret-ref", "", "follow a reference at each sign-in: env:NAME, file:PATH, vault:PATH#FIELD")
}

// spec gives the settings that were given.
func (f credentialFlags) spec(cmd *cobra.Command) fields {
	spec := fields{}
	for flag, path := range map[string]string{"type": "type", "client-id": "clientId", "tenant-id": "tenantId", "cloud": "cloud", "expires": "expires",
		"endpoint-login": "endpoints.login", "endpoint-graph": "endpoints.graph", "endpoint-management": "endpoints.management", "endpoint-ca": "endpoints.ca"} {
		if g := cmd.Flags().Lookup(flag); g != nil && g.Changed {
			if g.Value.String() == "" {
				spec.set(path, nil)
				continue
			}
			spec.set(path, g.Value.String())
		}
	}
	return spec
}

func (s *session) credentialAdd() *cobra.Command {
	var (
		f        credentialFlags
		noTest   bool
		ifExists string
		dry      bool
	)
	c := &cobra.Command{Use: "add NAME", Aliases: []string{"create"}, Short: "Save a credential and test it", Args: exactly(1),
		Long: "Saves a credential and tests it at once. The secret is sealed and never shown again.\n" +
			"Standard input may also be the JSON that `az ad sp create-for-rbac` prints; it fills the IDs too.\n" +
			"Exit code 6: it was saved, but something is missing; the rows say what to do.",
		Example: examples(
			"headrace credential add contoso-audit --type office-365-management-api --client-id 1b4f… --tenant-id contoso.onmicrosoft.com --client-secret-stdin < secret.txt", "",
			"headrace credential add contoso-audit --type office-365-management-api --client-id 1b4f… --tenant-id 8f3a… --client-secret-ref env:CONTOSO_SECRET", "the secret stays where it is",
			"az ad sp create-for-rbac --name headrace | headrace credential add contoso-audit --type office-365-management-api --client-secret-stdin", ""),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := checkIfExists(ifExists); err != nil {
				return err
			}
			return s.addCredential(cmd, args[0], f, noTest, dry, ifExists)
		}}
	c.Flags().StringVar(&f.kind, "type", "", "headrace credential types shows what there is")
	f.add(c, true)
	c.Flags().BoolVar(&noTest, "no-test", false, "save only")
	addIfExists(c, &ifExists)
	addDryRun(c, &dry)
	return c
}

func (s *session) addCredential(cmd *cobra.Command, name string, f credentialFlags, noTest, dry bool, ifExists string) error {
	spec := f.spec(cmd)
	if types := s.help().Types(); f.kind == "" && len(types) == 1 {
		spec["type"] = types[0].Type
	}
	text, ref, err := f.secret.read(s, true)
	if err != nil {
		return err
	}
	if p, ok := credential.Paste(text.Reveal()); ok {
		text = secret.New(p.Secret)
		for field, v := range map[string]string{"clientId": p.ClientID, "tenantId": p.TenantID} {
			if _, given := spec[field]; !given && v != "" {
				spec[field] = v
			}
		}
	}
	if ref != "" {
		spec["clientSecret"] = fields{"ref": ref}
	}
	if text.Empty() && ref == "" {
		return usage("the client secret is missing").WithHint("Give it with --client-secret-stdin < FILE, --client-secret-file FILE or --client-secret-ref env:NAME. On a terminal you are asked for it.")
	}
	v, was, err := rehearsing(s, cmd, dry, api.CredentialShow, credentialObject, name, func() (credential.View, error) {
		return call(s, cmd, api.CredentialAdd, api.NewCredential{Draft: api.Draft{Name: name, Description: f.description, Spec: spec.raw(), IfExists: ifExists, Rehearsal: api.Rehearsal{DryRun: dry}}, Secret: api.Secret(text)})
	})
	if err != nil {
		return err
	}
	if dry {
		return s.rehearse(was, v.View, yes(was != nil && ifExists == api.IfExistsUpdate && !text.Empty(), "Its secret would be replaced.", ""))
	}
	s.done("saved  %s (%s)   secret: %s, ends %s", v.Name, v.ID, secretText(v.Secret), ends(v.Expires))
	if v.Expires.IsZero() {
		s.say("  set the day on which the secret ends: headrace credential edit %s --expires 2027-06-14%s", v.Name, s.where())
	}
	if noTest {
		s.next("headrace credential test %s", v.Name)
		return s.showSaved(v)
	}
	return s.testSaved(cmd, v)
}

func credentialObject(v credential.View) object.View { return v.View }

// showSaved writes what was saved for programs; people were told already.
func (s *session) showSaved(v credential.View) error {
	if f := s.format(); f == "table" || f == "wide" {
		return nil
	}
	return s.showCredential(v)
}

func (s *session) testSaved(cmd *cobra.Command, v credential.View) error {
	s.say("Testing…")
	checks, err := call(s, cmd, api.CredentialTest, api.Named{Name: v.Name})
	if err != nil {
		s.say("%s it is saved, but could not be tested", s.yellow("!"))
		return err
	}
	if f := s.format(); f == "table" || f == "wide" {
		err = s.showChecks(checks)
	} else {
		err = s.showSaved(v)
	}
	if err != nil {
		return err
	}
	if checks.OK {
		use := "source"
		if spec, err := object.Connectors(s.connectors).Find(v.Type); err == nil && spec.Destination != nil {
			use = "destination"
		}
		s.next("headrace %s create %s --connector %s --credential %s", use, v.Name, v.Type, v.Name)
		return nil
	}
	if err := s.adviseSaved(cmd, v.Name); err != nil {
		return err
	}
	return failedChecks(checks)
}

// adviseSaved tells what to do with a credential that was saved and did not pass its test.
func (s *session) adviseSaved(cmd *cobra.Command, name string) error {
	v, err := call(s, cmd, api.CredentialShow, api.Named{Name: name})
	if err != nil {
		return err
	}
	switch v.State {
	case credential.PermissionMissing:
		s.say("It is saved; what is missing can be granted later.")
		if h, err := call(s, cmd, api.CredentialHelp, api.HelpRequest{Name: name}); err == nil && h.ConsentURL != "" {
			s.say("An admin must grant consent:\n  %s", h.ConsentURL)
		}
		s.next("headrace credential test %s --wait", name)
	case credential.Unreachable:
		s.say("It is saved, but could not be tested.")
		s.next("headrace credential test %s --wait", name)
	case credential.Expired:
		s.say("It is saved, but does not sign in.")
		s.next("headrace credential rotate %s --client-secret-stdin", name)
	case credential.Refused:
		s.say("It is saved, but does not sign in. A setting is put right with headrace credential edit %s, the secret with headrace credential rotate %s.", name, name)
		s.next("headrace credential test %s", name)
	default:
		s.say("It is saved; see to what the rows say.")
		s.next("headrace credential test %s", name)
	}
	return nil
}

func (s *session) credentialRotate() *cobra.Command {
	var (
		f       secretFlags
		expires string
		noTest  bool
	)
	c := &cobra.Command{Use: "rotate NAME", Short: "Replace the secret; the new one is tested first", Args: exactly(1),
		Long:    "Replaces the secret. The new one signs in first; if it is refused, the old one stays. Flows go on without a restart.",
		Example: examples("headrace credential rotate contoso-audit --client-secret-stdin --expires 2028-06-14 < secret.txt", "", "headrace credential rotate contoso-audit --client-secret-ref file:/run/secrets/contoso", ""),
		RunE: func(cmd *cobra.Command, args []string) error {
			text, ref, err := f.read(s, true)
			if err != nil {
				return err
			}
			if p, ok := credential.Paste(text.Reveal()); ok {
				text = secret.New(p.Secret)
			}
			if text.Empty() && ref == "" {
				return usage("the new client secret is missing").WithHint("Give it with --client-secret-stdin < FILE, --client-secret-file FILE or --client-secret-ref env:NAME.")
			}
			out, err := call(s, cmd, api.CredentialRotate, api.Rotation{Name: args[0], Secret: api.Secret(text), Reference: ref, Expires: expires, NoTest: noTest})
			if err != nil {
				return err
			}
			v := out.Credential
			s.done("rotated  %s   secret: %s, ends %s", v.Name, secretText(v.Secret), ends(v.Expires))
			if !noTest && !out.Test.OK {
				s.say("The new secret signs in, but something is missing:")
				if err := s.showChecks(out.Test); err != nil {
					return err
				}
				return failedChecks(out.Test)
			}
			s.say("  the old secret can be deleted in Entra now")
			return s.showSaved(v)
		}}
	addSecretFlags(c, &f)
	c.Flags().StringVar(&expires, "expires", "", "day on which the new secret ends: 2028-06-14")
	c.Flags().BoolVar(&noTest, "no-test", false, "do not sign in with it first")
	return c
}

func (s *session) credentialEdit() *cobra.Command {
	var (
		f      credentialFlags
		edit   editFlags
		rename string
	)
	c := &cobra.Command{Use: "edit NAME", Short: "Change a credential; the secret stays", Args: exactly(1),
		Long:    "Changes what is given. An empty value takes a setting back to its default. For the secret there is rotate.",
		Example: examples("headrace credential edit contoso-audit --expires 2027-06-14", "", "headrace credential edit contoso-audit --rename contoso-soc", ""),
		RunE: func(cmd *cobra.Command, args []string) error {
			change := api.Change{Name: args[0], Revision: edit.revision, Rename: rename, Detach: edit.detach, Patch: f.spec(cmd).raw(), Rehearsal: api.Rehearsal{DryRun: edit.dry}}
			if cmd.Flags().Changed("description") {
				change.Description = &f.description
			}
			v, was, err := rehearsing(s, cmd, edit.dry, api.CredentialShow, credentialObject, args[0], func() (credential.View, error) {
				return call(s, cmd, api.CredentialEdit, change)
			})
			if err != nil {
				return err
			}
			if edit.dry {
				return s.rehearse(was, v.View, "")
			}
			s.done("changed  %s (revision %d)", v.Name, v.Revision)
			return s.showSaved(v)
		}}
	f.add(c, false)
	edit.add(c, &rename)
	return c
}
