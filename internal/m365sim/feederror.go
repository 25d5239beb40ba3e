package m365sim

import (
	"fmt"
	"net/http"
	"strings"
	"time"
)

// A feedError is an answer of the feed that is no result.
type feedError struct {
	status     int
	code       string // AF…, or empty for the layers in front of the API
	message    string
	raw        string // the whole body, when it isn't the usual shape
	retryAfter time.Duration
}

func (e *feedError) Error() string { return e.code + ": " + e.message }

func feedErrorf(status int, code, format string, args ...any) *feedError {
	return &feedError{status: status, code: code, message: fmt.Sprintf(format, args...)}
}

func errNoAuthorization() *feedError {
	return &feedError{status: http.StatusUnauthorized, raw: `{"Message":"Authorization has been denied for this request."}`}
}

func errNoRoute(r *http.Request) *feedError {
	return &feedError{status: http.StatusNotFound, raw: fmt.Sprintf(
		`{"Message":"No HTTP resource was found that matches the request URI 'https://%s%s'."}`, r.Host, r.URL.EscapedPath())}
}

func errMethod(r *http.Request) *feedError {
	return &feedError{status: http.StatusMethodNotAllowed, raw: fmt.Sprintf(
		`{"Message":"The requested resource does not support http method '%s'."}`, r.Method)}
}

func errPermission(roles []string, needed string) *feedError {
	return feedErrorf(401, "AF10001",
		"The permission set (%s) sent in the request does not include the expected permission %s.", strings.Join(roles, " "), needed)
}

func errMissing(name string) *feedError {
	return feedErrorf(400, "AF20001", "Missing parameter: %s.", name)
}

func errType(name, expected string) *feedError {
	return feedErrorf(400, "AF20002", "Invalid parameter type: %s. Expected type: %s", name, expected)
}

func errNotSubscribed() *feedError {
	return feedErrorf(400, "AF20022", "No subscription found for the specified content type")
}

func errSubscriptionDisabled() *feedError {
	return feedErrorf(400, "AF20023", "The subscription was disabled by a tenant admin.")
}

// errWindow is what a window meets that the service won't list; its end is as the real one's.
func errWindow(start, end time.Time) *feedError {
	const form = "2006-01-02T15:04:05.000000-07:00"
	return feedErrorf(400, "AF20055", "Start time and end time must both be specified (or both omitted) and must be less "+
		"than or equal to 24 hours apart, with the start time prior to end time and start time no more than 7 days in the "+
		"past. StartTime:%s, EndTime:%s", start.Format(form), end.Format(form))
}

func errOneTime() *feedError {
	return feedErrorf(400, "AF20030", "Start time and end time must both be specified (or both omitted) and must be less "+
		"than or equal to 24 hours apart, with the start time no more than 7 days in the past.")
}

func errNextPage(token string) *feedError {
	return feedErrorf(400, "AF20031", "Invalid nextPage Input: %s.", token)
}

// errAuditOff is the service's answer where the audit log is off: it cuts its own text at a colon and takes one
// character, so the code is of no use.
func errAuditOff(c *call) *feedError {
	app := c.claims.AppID
	return &feedError{status: 400, code: "audit-off", raw: fmt.Sprintf(
		`{"error":{"code":"StartSubscription [CorrId=%s][TenantId=%s,ContentType=%s,ApplicationId=%s,PublisherId=%s][AppId",`+
			`"message":"%s] failed. Exception: Microsoft.Office.Compliance.Audit.DataServiceException: Tenant %s does not exist.\r\n`+
			`   at Microsoft.Office.Compliance.Audit.API.AzureManager.<GetSubscriptionTableClientForTenantAsync>d__52.MoveNext()\r\n`+
			`--- End of stack trace from previous location where exception was thrown ---\r\n`+
			`   at System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw()\r\n`+
			`   at Microsoft.Office.Compliance.Audit.API.StartController.<StartSubscription>d__0.MoveNext()"}}`,
		guid(mix(c.tenant.seed, uint64(c.now.UnixNano()))), c.tenant.ID, c.contentTypeName(), app,
		orElse(c.publisher, zeroPublisher), app, c.tenant.ID)}
}

// write answers with the error. status overrides what the scenario says of the code.
func (e *feedError) write(w http.ResponseWriter, statusOf map[string]int) int {
	status := e.status
	if other := statusOf[e.code]; other != 0 {
		status = other
	}
	if e.retryAfter > 0 {
		w.Header().Set("Retry-After", wholeSeconds(e.retryAfter))
	}
	if e.raw != "" {
		writeRaw(w, status, "application/json; charset=utf-8", []byte(e.raw))
		return status
	}
	writeJSON(w, status, map[string]any{"error": map[string]string{"code": e.code, "message": e.message}})
	return status
}
