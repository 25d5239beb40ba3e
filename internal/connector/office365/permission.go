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
	cloud := microsoft.GuideCloud(c)
	return append(microsoft.AppSteps(c, ""), []connector.Step{
		{Title: "Add the permission", Link: cloud.AppURL(c.ClientID, "CallAnAPI"),
			Text: "API permissions › Add a permission › " + resourceName + " › Application permissions (not Delegated) › " + readRight + ". Add " + dlpRight + " only to collect DLP.All."},
		{Title: "Grant admin consent", Link: cloud.AppURL(c.ClientID, "CallAnAPI"),
			Text: "On the same page: Grant admin consent for your organization. It takes a Global Administrator, Privileged Role Administrator or Cloud Application Administrator. It can take some minutes to reach the token."},
		{Title: "Turn on audit logging", Link: cloud.AuditURL(),
			Text: "Purview › Audit › Start recording user and admin activity, if it is offered there. It may take an hour, and the first content of a new subscription up to 12 hours."},
	}...)
}
