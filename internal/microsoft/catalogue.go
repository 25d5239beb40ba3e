package microsoft

import "github.com/headrace/headrace/internal/fault"

// A Case is one entry of the error catalogue: what a code means to the person who must do something about it.
type Case struct {
	Name  string // stable name for programs: "secret_expired"
	Title string // what happened
	Hint  string // likely cause and next step
	// Class is set where the code itself is the API's contract (AF codes). Entra's numbers only choose the text:
	// Microsoft changes them, and says so on its page of error codes.
	Class fault.Class
	Fixed bool // Class is set
}

func says(name, title, hint string) Case { return Case{Name: name, Title: title, Hint: hint} }

func means(class fault.Class, name, title, hint string) Case {
	return Case{Name: name, Title: title, Hint: hint, Class: class, Fixed: true}
}

// Explain gives the catalogue's entry for a code: "AADSTS7000215", "AF20023", "audit_log_off".
func Explain(code string) (Case, bool) {
	for _, table := range []map[string]Case{entraCases, feedCases, ownCases} {
		if c, ok := table[code]; ok {
			return c, true
		}
	}
	return Case{}, false
}

// IsSignIn tells whether an error's code says that a credential could not sign in, or was given no permission at all.
func IsSignIn(code string) bool {
	switch code {
	case "throttled", "entra_trouble", "":
		return false
	case "sign_in_refused", "no_roles":
		return true
	}
	for _, c := range entraCases {
		if c.Name == code {
			return true
		}
	}
	return false
}

const wrongCloudHint = "The tenant lives in another cloud than the credential says. For US government tenants set cloud to gcc-high or dod, for 21Vianet to china; GCC tenants sign in worldwide."

// Entra's numbers, by Microsoft's page "Microsoft Entra authentication and authorization error codes".
var entraCases = map[string]Case{
	"AADSTS7000215": says("secret_wrong", "Entra rejected the client secret", "You may have pasted the Secret ID, or the secret was deleted. Make a new secret under Certificates & secrets, copy its Value (shown once), and rotate the credential."),
	"AADSTS7000222": says("secret_expired", "The client secret has expired", "Make a new secret under Certificates & secrets, copy its Value, and rotate the credential. What waits catches up, as far back as the service still has it (7 days)."),
	"AADSTS7000216": says("secret_missing", "No client secret was sent", "The credential's secret is empty. Rotate the credential with the secret's Value."),
	"AADSTS7000218": says("secret_missing", "No client secret was sent", "The credential's secret is empty. Rotate the credential with the secret's Value."),
	"AADSTS700016":  says("app_unknown", "This tenant does not know the app", "Client ID and tenant ID are from different tenants, the cloud is wrong, or no admin has consented to the app in this tenant yet. Copy both IDs from the app's Overview page."),
	"AADSTS7000112": says("app_disabled", "The app is disabled in this tenant", "An admin switched off sign-in for it: Entra › Enterprise applications › the app › Properties › Enabled for users to sign in."),
	"AADSTS700024":  says("clock_skew", "The sign-in assertion is outside its time range", "This machine's clock is wrong. Set it (NTP), then try again."),
	"AADSTS700027":  says("certificate_unknown", "Entra does not know the certificate that signed the request", "Upload the certificate to the app under Certificates & secrets, or use the one that is there."),
	"AADSTS90002":   says("tenant_unknown", "Tenant not found", "Check the tenant ID (Directory ID on the app's Overview page). For US government tenants set cloud to gcc-high or dod."),
	"AADSTS900023":  says("tenant_unknown", "The tenant ID is neither a GUID nor a valid domain", "Copy the Directory (tenant) ID from the app's Overview page."),
	"AADSTS90013":   says("tenant_unknown", "Entra could not read the tenant or the client ID", "Copy both IDs from the app's Overview page."),
	"AADSTS90014":   says("request_refused", "Entra misses a field in the sign-in request", "A proxy may change requests on their way, or a setting is empty. Check client ID, secret and tenant ID."),
	"AADSTS900144":  says("request_refused", "Entra misses a field in the sign-in request", "A proxy may change requests on their way, or a setting is empty. Check client ID, secret and tenant ID."),
	"AADSTS9002313": says("request_refused", "Entra could not read the sign-in request", "Check client ID, secret and tenant ID; a proxy may change requests on their way."),
	"AADSTS900561":  says("request_refused", "The sign-in host accepts only POST", "A redirect or a proxy changed the request. Check the credential's endpoints and the proxy."),
	"AADSTS901002":  says("request_refused", "The sign-in host refused the request's form", "The credential's login endpoint does not speak OAuth 2.0 v2. Check endpoints.login."),
	"AADSTS70011":   says("audience_wrong", "Entra does not accept the API that the token is for", "The cloud or its endpoints are wrong: the API's host must belong to the same cloud as the tenant."),
	"AADSTS1002012": says("audience_wrong", "Entra does not accept the API that the token is for", "The cloud or its endpoints are wrong: the API's host must belong to the same cloud as the tenant."),
	"AADSTS28002":   says("audience_wrong", "Entra does not accept the API that the token is for", "The cloud or its endpoints are wrong: the API's host must belong to the same cloud as the tenant."),
	"AADSTS700022":  says("audience_wrong", "Entra does not accept the API that the token is for", "The cloud or its endpoints are wrong: the API's host must belong to the same cloud as the tenant."),
	"AADSTS700023":  says("audience_wrong", "Entra does not accept the API that the token is for", "The cloud or its endpoints are wrong: the API's host must belong to the same cloud as the tenant."),
	"AADSTS500011":  says("audience_unknown", "This tenant does not know the API", "The cloud may be wrong for this tenant. Else the API's service principal is missing: an admin who opens Purview once, or grants the app's permissions, creates it."),
	"AADSTS500014":  says("audience_disabled", "The API is disabled in this tenant", "An admin switched it off: Entra › Enterprise applications › Office 365 Management APIs (or Microsoft Graph) › Properties."),
	"AADSTS50001":   says("audience_unknown", "The API is not known or disabled in this tenant", "Check the credential's cloud; else the API is switched off under Entra › Enterprise applications."),
	"AADSTS65001":   says("consent_missing", "No admin has consented to the app", "Open the admin consent link of the credential with an admin's account, or grant consent on the app's API permissions page."),
	"AADSTS53003":   says("conditional_access", "Blocked by Conditional Access", "A policy for workload identities blocks this server's address. Ask for an exception for the app, or for the address."),
	"AADSTS530032":  says("conditional_access", "Blocked by a security policy of the tenant", "Ask the tenant's security team for an exception for the app."),
	"AADSTS53011":   says("conditional_access", "Blocked because Entra sees the app at risk", "See Entra › Protection › Risky workload identities; dismiss the risk or rotate the secret."),
	"AADSTS900382":  says("wrong_cloud", "The tenant is in another cloud", wrongCloudHint),
	"AADSTS900432":  says("wrong_cloud", "The tenant is in another cloud", wrongCloudHint),
	"AADSTS90038":   says("wrong_cloud", "The tenant is in another cloud", wrongCloudHint),
	"AADSTS90055":   says("throttled", "Entra asked us to slow down", "Nothing to do; it is tried again."),
	"AADSTS90006":   says("entra_trouble", "Entra has trouble of its own", "Nothing to do; it is tried again."),
	"AADSTS90012":   says("entra_trouble", "Entra timed out", "Nothing to do; it is tried again."),
	"AADSTS90024":   says("entra_trouble", "Entra has trouble of its own", "Nothing to do; it is tried again."),
	"AADSTS90033":   says("entra_trouble", "Entra has trouble of its own", "Nothing to do; it is tried again."),
	"AADSTS90090":   says("entra_trouble", "Entra has trouble of its own", "Nothing to do; it is tried again."),
	"AADSTS50000":   says("entra_trouble", "Entra has trouble of its own", "Nothing to do; it is tried again."),
}

// Conditions that no code names.
var ownCases = map[string]Case{
	"audit_log_off": means(fault.Denied, "audit_log_off", "Audit logging is off in this tenant", "Purview › Audit › Start recording (or Set-AdminAuditLogConfig -UnifiedAuditLogIngestionEnabled $true in Exchange Online PowerShell). It may take up to an hour, in new tenants longer. It is tried again."),
	"token_refused": means(fault.Denied, "token_refused", "The API does not accept the token", "The token is of another tenant or cloud, or the app's sign-in was revoked. Check the credential's cloud and tenant ID."),
	"no_roles":      says("no_roles", "No permission granted yet", "Application permissions are missing, only Delegated ones were added, or an admin's consent is outstanding. Open the app's API permissions page."),
}
