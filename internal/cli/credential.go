package cli

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/headrace/headrace/internal/api"
	"github.com/headrace/headrace/internal/credential"
	"github.com/headrace/headrace/internal/object"
)

func (s *session) credentialCommand() *cobra.Command {
	c := &cobra.Command{Use: "credential", Aliases: []string{"credentials"}, Short: "What signs us in: save, test, rotate",
		Example: examples("headrace credential guide --type office-365-management-api", "how to get one",
			"headrace credential add contoso-audit --type office-365-management-api --client-id ID --tenant-id contoso.onmicrosoft.com --client-secret-stdin < secret.txt", "save one")}
	c.AddCommand(s.credentialTypes(), s.credentialGuide(), s.credentialAdd(), s.credentialList(), s.credentialShow(), s.credentialTest(), s.credentialPermissions(),
		s.credentialConsent(), s.credentialRotate(), s.credentialEdit(), s.credentialUsedBy(), removeCommand(s, credentialRemoval))
	return c
}

// help gives what the connectors say of credentials, without any data folder.
func (s *session) help() *credential.Service {
	return credential.New(credential.Options{Connectors: object.Connectors(s.connectors), Now: time.Now})
}

func (s *session) credentialTypes() *cobra.Command {
	return &cobra.Command{Use: "types", Short: "List the types of credentials", Args: noArgs,
		Example: examples("headrace credential types", "", "headrace credential types -o id", "only the names"),
		RunE: func(*cobra.Command, []string) error {
			return list(s, s.help().Types(), func(h credential.Help) string { return h.Type }, "There are none.", []column[credential.Help]{
				{head: "TYPE", text: func(h credential.Help) string { return h.Type }},
				{head: "TITLE", text: func(h credential.Help) string { return h.Title }},
				{head: "NEEDS", text: func(h credential.Help) string { return needs(h.Permissions) }},
				{head: "SUMMARY", text: func(h credential.Help) string { return h.Summary }, wide: true},
			})
		}}
}

func needs(all []credential.Permission) string {
	var names []string
	for _, p := range all {
		if !p.Optional {
			names = append(names, p.Name)
		}
	}
	return strings.Join(names, ", ")
}

// helpFlags picks a credential by name or a type.
type helpFlags struct{ kind, cloud string }

func (f *helpFlags) add(c *cobra.Command) {
	c.Flags().StringVar(&f.kind, "type", "", "the type, instead of a credential's name: headrace credential types")
	c.Flags().StringVar(&f.cloud, "cloud", "worldwide", "with --type: "+strings.Join(clouds(), ", "))
}

func (s *session) helpOf(cmd *cobra.Command, args []string, f helpFlags) (credential.Help, error) {
	if len(args) > 0 {
		return call(s, cmd, api.CredentialHelp, api.HelpRequest{Name: args[0]})
	}
	if f.kind == "" {
		types := s.help().Types()
		if len(types) != 1 {
			names := make([]string, len(types))
			for i, t := range types {
				names[i] = t.Type
			}
			return credential.Help{}, usage("which type? Name a credential, or say --type %s", strings.Join(names, " or --type "))
		}
		f.kind = types[0].Type
	}
	return s.help().HelpForType(f.kind, f.cloud)
}

func (s *session) credentialGuide() *cobra.Command {
	var f helpFlags
	c := &cobra.Command{Use: "guide [NAME]", Short: "Tell how to get a client ID, a secret and the permissions", Args: cobra.MaximumNArgs(1),
		Example: examples("headrace credential guide --type office-365-management-api", "", "headrace credential guide contoso-audit", "with this credential's links"),
		RunE: func(cmd *cobra.Command, args []string) error {
			h, err := s.helpOf(cmd, args, f)
			if err != nil {
				return err
			}
			if s.format() != "table" && s.format() != "wide" {
				return one(s, h, h.Type, nil)
			}
			var b strings.Builder
			fmt.Fprintf(&b, "%s\n\n", s.bold(h.Title))
			for i, step := range h.Guide {
				fmt.Fprintf(&b, "%d. %s\n   %s\n", i+1, s.bold(step.Title), strings.ReplaceAll(step.Text, "\n", "\n   "))
				if step.Link != "" {
					fmt.Fprintf(&b, "   %s\n", step.Link)
				}
			}
			if err := s.print(b.String()); err != nil {
				return err
			}
			s.next("headrace credential add NAME --type %s --client-id … --tenant-id … --client-secret-stdin", h.Type)
			return nil
		}}
	f.add(c)
	return c
}

func (s *session) credentialPermissions() *cobra.Command {
	var f helpFlags
	c := &cobra.Command{Use: "permissions [NAME]", Short: "List the permissions that are needed, and what for", Args: cobra.MaximumNArgs(1),
		Example: examples("headrace credential permissions --type office-365-management-api", "", "headrace credential permissions contoso-audit -o wide", ""),
		RunE: func(cmd *cobra.Command, args []string) error {
			h, err := s.helpOf(cmd, args, f)
			if err != nil {
				return err
			}
			return list(s, h.Permissions, func(p credential.Permission) string { return p.Name }, "None are needed.", []column[credential.Permission]{
				{head: "PERMISSION", text: func(p credential.Permission) string { return p.Name }},
				{head: "RESOURCE", text: func(p credential.Permission) string { return p.Resource }},
				{head: "NEEDED", text: func(p credential.Permission) string { return yes(p.Optional, "for some uses", "always") }},
				{head: "FOR", text: func(p credential.Permission) string { return p.For }},
			})
		}}
	f.add(c)
	return c
}

func (s *session) credentialConsent() *cobra.Command {
	return &cobra.Command{Use: "consent-url NAME", Short: "Give the link where an admin grants the permissions", Args: exactly(1),
		Example: examples("headrace credential consent-url contoso-audit", "", "xdg-open \"$(headrace credential consent-url contoso-audit)\"", ""),
		RunE: func(cmd *cobra.Command, args []string) error {
			h, err := call(s, cmd, api.CredentialHelp, api.HelpRequest{Name: args[0]})
			if err != nil {
				return err
			}
			if s.wantsJSON() || s.format() == "yaml" {
				return s.value(map[string]string{"consent_url": h.ConsentURL})
			}
			if err := s.print(h.ConsentURL + "\n"); err != nil {
				return err
			}
			s.say("Send it to an administrator of the tenant. If the page ends on \"No reply address is registered\", the consent may be stored all the same.")
			s.next("headrace credential test %s", args[0])
			return nil
		}}
}

func (s *session) credentialList() *cobra.Command {
	return &cobra.Command{Use: "list", Short: "List credentials", Args: noArgs,
		Example: examples("headrace credential list", "", "headrace credential list --json=name,expires", ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			all, err := every(s, cmd, api.CredentialList)
			if err != nil {
				return err
			}
			return list(s, all, func(v credential.View) string { return v.ID }, "No credentials yet. headrace credential guide tells how to get one.", []column[credential.View]{
				{head: "NAME", text: func(v credential.View) string { return v.Name }},
				{head: "TYPE", text: func(v credential.View) string { return v.Type }},
				{head: "CLOUD", text: func(v credential.View) string { return v.Cloud }},
				{head: "TENANT", text: func(v credential.View) string { return v.TenantID }},
				{head: "STATE", text: func(v credential.View) string { return s.credentialState(v) }},
				{head: "TESTED", text: func(v credential.View) string { return ago(tested(v)) }},
				{head: "SECRET", text: func(v credential.View) string { return secretText(v.Secret) }},
				{head: "ENDS", text: func(v credential.View) string { return ends(v.Expires) }},
				{head: "USED BY", text: func(v credential.View) string { return count(len(v.UsedBy)) }},
				{head: "WHY", text: func(v credential.View) string { return v.Fact }, wide: true},
				{head: "CLIENT ID", text: func(v credential.View) string { return v.ClientID }, wide: true},
				{head: "OWNER", text: func(v credential.View) string { return v.Owner }, wide: true},
				{head: "ID", text: func(v credential.View) string { return v.ID }, wide: true},
				{head: "DESCRIPTION", text: func(v credential.View) string { return v.Description }, wide: true},
			})
		}}
}

func secretText(v credential.SecretView) string {
	switch v.State {
	case "stored":
		return "stored …" + v.Fingerprint
	case "reference":
		return v.Reference
	}
	return "none"
}

func ends(t time.Time) string {
	if t.IsZero() {
		return "not known"
	}
	days := int(time.Until(t).Hours() / 24)
	switch {
	case days < 0:
		return t.Format(time.DateOnly) + " (ended)"
	case days <= 30:
		return fmt.Sprintf("%s (in %d days)", t.Format(time.DateOnly), days)
	}
	return t.Format(time.DateOnly)
}

func (s *session) credentialShow() *cobra.Command {
	return &cobra.Command{Use: "show NAME", Short: "Show a credential; never its secret", Args: exactly(1),
		Example: examples("headrace credential show contoso-audit", "", "headrace credential show contoso-audit -o yaml", ""),
		RunE: func(cmd *cobra.Command, args []string) error {
			v, err := call(s, cmd, api.CredentialShow, api.Named{Name: args[0]})
			if err != nil {
				return err
			}
			return s.showCredential(v)
		}}
}

func (s *session) showCredential(v credential.View) error {
	var users []string
	for _, u := range v.UsedBy {
		users = append(users, u.Kind+" "+u.Name)
	}
	set := secretText(v.Secret)
	if !v.Secret.Set.IsZero() {
		set += ", set " + clock(v.Secret.Set)
	}
	return one(s, v, v.ID, []pair{{"name", v.Name}, {"id", v.ID}, {"description", v.Description}, {"type", v.Type}, {"cloud", v.Cloud}, {"tenant ID", tenantText(v)},
		{"client ID", v.ClientID}, {"state", s.credentialState(v)}, {"tested", s.testText(v.Test)}, {"secret", set}, {"ends", ends(v.Expires)}, {"used by", strings.Join(users, "\n")}, {"owner", v.Owner},
		{"revision", fmt.Sprint(v.Revision)}, {"created", clock(v.Created)}, {"updated", clock(v.Updated)}})
}

// credentialStates are the words of a credential's tile.
var credentialStates = map[string]string{credential.Working: "Working", credential.ExpiresSoon: "Secret expires soon", credential.Expired: "Secret expired", credential.NoSecret: "No secret",
	credential.PermissionMissing: "Permission missing", credential.Attention: "Needs attention", credential.Refused: "Refused", credential.Unreachable: "Cannot reach Microsoft", credential.NotTested: "Not tested"}

func (s *session) credentialState(v credential.View) string {
	if word, ok := credentialStates[v.State]; ok {
		return word
	}
	return v.State
}

func tested(v credential.View) time.Time {
	if v.Test == nil {
		return time.Time{}
	}
	return v.Test.At
}

// tenantText shows what a domain was resolved to.
func tenantText(v credential.View) string {
	if v.Tenant != "" && !strings.EqualFold(v.Tenant, v.TenantID) {
		return v.TenantID + " (" + v.Tenant + ")"
	}
	return v.TenantID
}

// testText tells how the last test ended: what did not pass, and what to do about it.
func (s *session) testText(v *credential.TestView) string {
	if v == nil {
		return "never, as it is now"
	}
	lines := []string{ago(v.At) + " (" + clock(v.At) + ")"}
	for _, row := range v.Checks {
		if row.OK {
			continue
		}
		lines = append(lines, "✗ "+row.Name+": "+row.Text)
		if row.Fix != "" {
			lines = append(lines, "  → "+row.Fix)
		}
	}
	if v.OK {
		lines[0] += ": passed"
	}
	return strings.Join(lines, "\n")
}

func (s *session) credentialTest() *cobra.Command {
	var wait time.Duration
	c := &cobra.Command{Use: "test NAME", Short: "Check token, permissions, audit logging and a harmless read", Args: exactly(1),
		Long:    "Checks what a credential may do, row by row. It changes nothing at Microsoft. Exit code 6 if something is missing.",
		Example: examples("headrace credential test contoso-audit", "", "headrace credential test contoso-audit --wait 5m", "until an admin has granted what is missing"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return s.testUntil(cmd, wait, func() (api.Checks, error) { return call(s, cmd, api.CredentialTest, api.Named{Name: args[0]}) })
		}}
	c.Flags().DurationVar(&wait, "wait", 0, "look again every 15 s, for so long (5m)")
	c.Flags().Lookup("wait").NoOptDefVal = "5m"
	return c
}

// testUntil shows checks; a bad result is exit code 6. With a wait it looks again until all is well.
func (s *session) testUntil(cmd *cobra.Command, wait time.Duration, test func() (api.Checks, error)) error {
	until := time.Now().Add(wait)
	for {
		checks, err := test()
		if err != nil {
			return err
		}
		if checks.OK || !time.Now().Add(retestEvery).Before(until) {
			if err := s.showChecks(checks); err != nil {
				return err
			}
			return failedChecks(checks)
		}
		s.say("Not yet. Looking again in %s …", span(retestEvery))
		if err := pause(cmd.Context(), retestEvery); err != nil {
			return err
		}
	}
}

const retestEvery = 15 * time.Second

// failedChecks gives the exit code of checks: 6 if something is refused or missing, 7 if only a remote could not be
// reached.
func failedChecks(checks api.Checks) error {
	if checks.OK {
		return nil
	}
	for _, c := range checks.Checks {
		if !c.OK && c.Result != "unknown" && c.Class != "unavailable" && c.Class != "throttled" {
			return codeError(exitRefused)
		}
	}
	return codeError(exitTryAgain)
}

func (s *session) showChecks(checks api.Checks) error {
	if f := s.format(); f != "table" && f != "wide" {
		if f == "csv" || f == "id" {
			return list(s, checks.Checks, func(c api.Check) string { return c.Name }, "", []column[api.Check]{
				{head: "CHECK", text: func(c api.Check) string { return c.Name }}, {head: "RESULT", text: func(c api.Check) string { return c.Result }},
				{head: "TEXT", text: func(c api.Check) string { return c.Text }}, {head: "FIX", text: func(c api.Check) string { return c.Fix }}, {head: "LINK", text: func(c api.Check) string { return c.Link }}})
		}
		return one(s, checks, checks.Name, nil)
	}
	width := 0
	for _, c := range checks.Checks {
		width = max(width, len(c.Name))
	}
	var b strings.Builder
	for _, c := range checks.Checks {
		took := ""
		if c.TookMS > 0 {
			took = fmt.Sprintf("  (%d ms)", c.TookMS)
		}
		fmt.Fprintf(&b, "  %s %-*s  %s%s\n", s.mark(c), width, c.Name, c.Text, took)
		if !c.OK || c.Fix != "" {
			if c.Fix != "" {
				fmt.Fprintf(&b, "    %*s  → %s\n", width, "", strings.ReplaceAll(c.Fix, "\n", "\n"+strings.Repeat(" ", width+8)))
			}
			if c.Link != "" {
				fmt.Fprintf(&b, "    %*s    %s\n", width, "", c.Link)
			}
			if c.Service != nil && !c.OK {
				fmt.Fprintf(&b, "    %*s    %s\n", width, "", upstream(*c.Service))
			}
		}
	}
	return s.print(b.String())
}

func (s *session) mark(c api.Check) string {
	switch c.Result {
	case "works", "broader":
		return s.green("✓")
	case "not_needed":
		return "–"
	case "unknown":
		return s.yellow("?")
	}
	return s.red("✗")
}

func (s *session) credentialUsedBy() *cobra.Command {
	return &cobra.Command{Use: "used-by NAME", Short: "List what uses a credential", Args: exactly(1),
		Example: examples("headrace credential used-by contoso-audit", "", "headrace credential used-by contoso-audit -o id", ""),
		RunE: func(cmd *cobra.Command, args []string) error {
			page, err := call(s, cmd, api.CredentialUsedBy, api.Named{Name: args[0]})
			if err != nil {
				return err
			}
			return list(s, page.Items, func(u credential.Use) string { return u.ID }, "Nothing uses it.", []column[credential.Use]{
				{head: "KIND", text: func(u credential.Use) string { return u.Kind }},
				{head: "NAME", text: func(u credential.Use) string { return u.Name }},
				{head: "ID", text: func(u credential.Use) string { return u.ID }, wide: true},
			})
		}}
}

var credentialRemoval = removal[credential.View]{
	noun: "credential", name: "contoso-audit", short: "Remove a credential that nothing uses, and its secret", show: api.CredentialShow, remove: api.CredentialRemove, lightly: true,
	of: func(v credential.View) object.View { return v.View }, used: func(v credential.View) bool { return len(v.UsedBy) > 0 },
	effect: func(v credential.View) string {
		return fmt.Sprintf("Credential %q will be gone%s.", v.Name, yes(v.Secret.State == "stored", " with its secret, which can't be shown again; in Entra it stays", ""))
	},
}

// fields collects settings that were given by flags, as a JSON object with nested ones.
type fields map[string]any

func (f fields) set(path string, v any) {
	head, rest, nested := strings.Cut(path, ".")
	if !nested {
		f[head] = v
		return
	}
	inner, ok := f[head].(fields)
	if !ok {
		inner = fields{}
		f[head] = inner
	}
	inner.set(rest, v)
}

func (f fields) raw() json.RawMessage {
	raw, err := json.Marshal(f)
	if err != nil {
		return json.RawMessage(`{}`)
	}
	return raw
}
