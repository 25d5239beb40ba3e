package microsoft

import "github.com/headrace/headrace/internal/connector"

// GuideCloud is where a guide's links lead: the credential's cloud, or the worldwide one while that is not valid.
func GuideCloud(c connector.Credential) Cloud {
	cloud, err := CloudOf(c)
	if err != nil {
		cloud, _ = CloudOf(connector.Credential{}) // the worldwide one always is
	}
	return cloud
}

// AppSteps are the first steps of every guide: an app registration, its IDs and its secret, with the names as they stand in
// Entra. advice follows the text of the first one.
func AppSteps(c connector.Credential, advice string) []connector.Step {
	cloud := GuideCloud(c)
	return []connector.Step{
		{Title: "Register an application", Link: cloud.RegistrationsURL(),
			Text: "Entra admin center (Azure Active Directory) › App registrations › New registration. Any name, \"Accounts in this organizational directory only\", leave Redirect URI empty, Register." + advice},
		{Title: "Copy the two IDs", Link: cloud.AppURL(c.ClientID, "Overview"),
			Text: "On the app's Overview page: Application (client) ID is the client ID, Directory (tenant) ID is the tenant ID."},
		{Title: "Create a client secret", Link: cloud.AppURL(c.ClientID, "Credentials"),
			Text: "Certificates & secrets › Client secrets › New client secret. Copy the Value now, not the Secret ID; it is shown once. Note the end date."},
	}
}
