package office365

import (
	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/microsoft"
)

// resourceName is what Entra calls the API where permissions are added.
const resourceName = "Office 365 Management APIs"

const (
	readRight = "ActivityFeed.Read"
	dlpRight  = "ActivityFeed.ReadDlp"
)

func permissions() []connector.Permission {
	return []connector.Permission{
		{Name: readRight, Resource: resourceName, For: "Needed for Audit.AzureActiveDirectory, Audit.Exchange, Audit.SharePoint and Audit.General"},
		{Name: dlpRight, Resource: resourceName, For: "Needed for DLP.All, which contains the sensitive details of DLP matches", Optional: true},
	}
}

// rights are the permissions for the check.
func rights() []microsoft.Right {
	var all []microsoft.Right
	for _, p := range permissions() {
		all = append(all, microsoft.Right{Permission: p})
	}
	return all
}

func consentURL(c connector.Credential) string { return microsoft.ConsentURL(c) }

// guide are the steps in Entra and Purview, with the names as they stand there.
func guide(c connector.Credential) []connector.Step {
	cloud, err := microsoft.CloudOf(c)
	if err != nil {
		cloud, _ = microsoft.CloudOf(connector.Credential{}) // the worldwide one always is
	}
	steps := []connector.Step{
		{Title: "Register an application", Link: cloud.RegistrationsURL(),
			Text: "Entra admin center (Azure Active Directory) › App registrations › New registration. Any name, \"Accounts in this organizational directory only\", leave Redirect URI empty, Register."},
		{Title: "Copy the two IDs", Link: cloud.AppURL(c.ClientID, "Overview"),
			Text: "On the app's Overview page: Application (client) ID is the client ID, Directory (tenant) ID is the tenant ID."},
		{Title: "Create a client secret", Link: cloud.AppURL(c.ClientID, "Credentials"),
			Text: "Certificates & secrets › Client secrets › New client secret. Copy the Value now, not the Secret ID; it is shown once. Note the end date."},
		{Title: "Add the permission", Link: cloud.AppURL(c.ClientID, "CallAnAPI"),
			Text: "API permissions › Add a permission › " + resourceName + " › Application permissions (not Delegated) › " + readRight + ". Add " + dlpRight + " only to collect DLP.All."},
		{Title: "Grant admin consent", Link: cloud.AppURL(c.ClientID, "CallAnAPI"),
			Text: "On the same page: Grant admin consent for your organization. It takes a Global Administrator, Privileged Role Administrator or Cloud Application Administrator. It can take some minutes to reach the token."},
		{Title: "Turn on audit logging", Link: cloud.AuditURL(),
			Text: "Purview › Audit › Start recording user and admin activity, if it is offered there. It may take an hour, and the first content of a new subscription up to 12 hours."},
	}
	return steps
}
