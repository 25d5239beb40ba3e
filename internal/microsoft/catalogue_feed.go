package microsoft

import "github.com/headrace/headrace/internal/fault"

// The Management Activity API's own codes, by the API's reference page ("Errors") and, for AF20024, AF50005 and
// AF50006, by what working collectors met.
var feedCases = map[string]Case{
	"AF10001": means(fault.Denied, "permission_missing", "The token lacks a permission that this content type needs", "Audit.* types need ActivityFeed.Read, DLP.All needs ActivityFeed.ReadDlp, both as Application permissions of Office 365 Management APIs with an admin's consent. Grant it, or leave the content type out; other types go on. Consent can take some minutes to reach the token."),
	"AF20001": means(fault.Internal, "request_refused", "The API misses a parameter", "This is a mistake in headrace; report it with the request ID."),
	"AF20002": means(fault.Invalid, "request_refused", "The API does not accept a parameter's type", "Check publisherIdentifier (a GUID) and, for a request by hand, its query."),
	"AF20003": means(fault.Invalid, "webhook_expired", "The webhook's expiration is in the past", "Leave the expiration out."),
	"AF20010": means(fault.Denied, "tenant_mismatch", "The tenant ID differs from the token's tenant", "Check the credential's tenant ID."),
	"AF20011": means(fault.Denied, "tenant_unknown", "The service does not know this tenant", "Check tenant ID and cloud; a new tenant can take a day until the service knows it."),
	"AF20012": means(fault.Denied, "tenant_misconfigured", "The tenant is wrongly configured in the service", "Only Microsoft support can put this right; give them the request ID."),
	"AF20013": means(fault.Invalid, "tenant_unknown", "The API wants the tenant ID as a GUID", "Copy the Directory (tenant) ID from the app's Overview page."),
	"AF20020": means(fault.Invalid, "content_type_unknown", "The API does not know this content type", "Use Audit.AzureActiveDirectory, Audit.Exchange, Audit.SharePoint, Audit.General or DLP.All."),
	"AF20021": means(fault.Invalid, "webhook_refused", "The service could not validate the webhook", "The webhook's address must begin with https://, be reachable from Microsoft, and answer 200. Collecting goes on without it."),
	"AF20022": means(fault.Unavailable, "subscription_missing", "There is no subscription for this content type", "It is started by itself unless startSubscriptions is off; else use the action subscription-start."),
	"AF20023": means(fault.Unavailable, "subscription_disabled", "The subscription was disabled", "An admin of the tenant or Microsoft disabled it. It is started again by itself unless startSubscriptions is off; what was produced in between can't be read."),
	"AF20024": means(fault.Conflict, "subscription_enabled", "The subscription is already enabled", "Nothing to do."),
	"AF20030": means(fault.Invalid, "window_refused", "The API refused the time window", "The window must lie within the last 7 days and be at most 24 hours long. Check this machine's clock."),
	"AF20031": means(fault.Conflict, "page_stale", "The next page's token is stale", "The window is listed again."),
	"AF20050": means(fault.Lost, "content_missing", "The service no longer has this content", "It can't be had from this API any more. Purview's audit search may still have the records."),
	"AF20051": means(fault.Lost, "content_expired", "This content has expired", "The API keeps content for 7 days. Purview's audit search may still have the records."),
	"AF20052": means(fault.Invalid, "content_id_refused", "The API does not accept the content ID", "The service listed an address that it does not accept itself."),
	"AF20053": means(fault.Invalid, "language_refused", "The API accepts one language only", "Give one language tag, like en-US."),
	"AF20054": means(fault.Invalid, "language_refused", "The API does not accept the language", "Give one language tag, like en-US."),
	"AF20055": means(fault.Invalid, "window_refused", "Asked for a time that the API no longer has", "Older than 7 days, or this machine's clock is wrong. Purview's audit search may still have the records."),
	"AF429":   means(fault.Throttled, "throttled", "Microsoft asked us to slow down", "Nothing to do; it goes on by itself. If it stays so, other collectors may share the quota: set publisherIdentifier, or a lower requestsPerMinute."),
	"AF50000": means(fault.Unavailable, "service_trouble", "The service has trouble of its own", "Nothing to do; it is tried again."),
	"AF50005": means(fault.Unavailable, "service_trouble", "The service has trouble of its own", "Nothing to do; it is tried again."),
	"AF50006": means(fault.Unavailable, "service_trouble", "The service has trouble of its own", "Nothing to do; it is tried again."),
}
