package copilot

import (
	"strings"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/microsoft"
)

// resourceName is what Entra calls the API where permissions are added.
const resourceName = "Microsoft Graph"

// The permissions that are enough: for what this app made or what lists it as an authorized app.
const (
	connectionRight = "ExternalConnection.ReadWrite.OwnedBy"
	itemRight       = "ExternalItem.ReadWrite.OwnedBy"
)

func permissions() []connector.Permission {
	return []connector.Permission{
		{Name: connectionRight, Resource: resourceName, For: "Needed to make and read connections and their schemas"},
		{Name: itemRight, Resource: resourceName, For: "Needed to write and read items and external groups"},
	}
}

// rights are the permissions for the check; the wider ones work too.
func rights() []microsoft.Right {
	var all []microsoft.Right
	for _, p := range permissions() {
		all = append(all, microsoft.Right{Permission: p, Broader: []string{strings.Replace(p.Name, ".OwnedBy", ".All", 1)}})
	}
	return all
}

// guide are the steps in Entra and the admin centre, with the names as they stand there.
func guide(c connector.Credential) []connector.Step {
	cloud := microsoft.GuideCloud(c)
	return append(microsoft.AppSteps(c, " One app for each team that fills connections keeps them apart: with OwnedBy an app sees only its own."), []connector.Step{
		{Title: "Add the two permissions", Link: cloud.AppURL(c.ClientID, "CallAnAPI"),
			Text: "API permissions › Add a permission › " + resourceName + " › Application permissions (not Delegated) › " + connectionRight + " and " + itemRight + ". The ones that end in .All work too, and reach every connection of the tenant: more than is needed."},
		{Title: "Grant admin consent", Link: cloud.AppURL(c.ClientID, "CallAnAPI"),
			Text: "On the same page: Grant admin consent for your organization. For permissions of Microsoft Graph it takes a Privileged Role Administrator or Global Administrator. It can take some minutes to reach the token."},
		{Title: "After the first items: show them to people", Link: "https://admin.microsoft.com/#/MicrosoftSearch/connectors",
			Text: "Microsoft 365 admin center › Search & intelligence › Data sources › the connection › Include connector results. Until an admin switches this on nobody finds anything, whatever was sent."},
	}...)
}
