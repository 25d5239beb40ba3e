package microsoft

import (
	"net/url"

	"github.com/headrace/headrace/internal/connector"
)

// ConsentURL is where an admin of the tenant grants the application the permissions that are listed in its
// registration. "" if the credential's cloud is not valid.
func ConsentURL(c connector.Credential) string {
	cloud, err := CloudOf(c)
	if err != nil {
		return ""
	}
	tenant := c.TenantID
	if tenant == "" {
		tenant = "organizations"
	}
	return cloud.Login + "/" + url.PathEscape(tenant) + "/adminconsent?client_id=" + url.QueryEscape(c.ClientID)
}

// RegistrationsURL is the list of app registrations in the cloud's portal.
func (c Cloud) RegistrationsURL() string {
	return c.Entra + "/#view/Microsoft_AAD_RegisteredApps/ApplicationsListBlade"
}

// AppURL is a page of one app's registration. Pages are Overview, Credentials and CallAnAPI (its permissions).
// Without a client ID it is the list of registrations.
func (c Cloud) AppURL(clientID, page string) string {
	if clientID == "" {
		return c.RegistrationsURL()
	}
	return c.Entra + "/#view/Microsoft_AAD_RegisteredApps/ApplicationMenuBlade/~/" + page + "/appId/" + url.PathEscape(clientID)
}

// AuditURL is the page that switches audit logging on; "" where none is known.
func (c Cloud) AuditURL() string {
	if c.Purview == "" {
		return ""
	}
	return c.Purview + "/audit/auditsearch"
}

// codeURL is Microsoft's own page about an AADSTS number.
func (c Cloud) codeURL(number string) string {
	return c.Login + "/error?code=" + url.QueryEscape(number)
}
