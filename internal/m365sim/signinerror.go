package m365sim

import (
	"fmt"
	"net/http"
	"time"
)

// A signInError is an answer of the token endpoint that is no token.
type signInError struct {
	code   int // AADSTS
	status int // HTTP
	word   string
	text   string // with {app}, {tenant}, {what} to be filled in
	args   []any
}

func (e *signInError) Error() string { return fmt.Sprintf("AADSTS%d: %s", e.code, e.text) }

// signInErrors is what Entra says for each code. Status and word of 7000215, 7000222, 90002 and 900023 are those of
// public traces; the others are the likeliest.
var signInErrors = map[int]signInError{
	7000215: {status: 401, word: "invalid_client", text: "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '%s'."},
	7000222: {status: 401, word: "invalid_client", text: "The provided client secret keys for app '%s' are expired. Create new keys for the app, or consider a certificate credential."},
	7000216: {status: 401, word: "invalid_client", text: "'client_assertion', 'client_secret' or 'request' is required for the 'client_credentials' grant type."},
	7000218: {status: 401, word: "invalid_client", text: "The request body must contain the following parameter: 'client_assertion' or 'client_secret'."},
	700016:  {status: 400, word: "unauthorized_client", text: "Application with identifier '%s' was not found in the directory '%s'. The administrator of the tenant may not have installed it, no user has consented to it, or the request went to the wrong tenant."},
	7000112: {status: 401, word: "unauthorized_client", text: "Application '%s' is disabled."},
	700024:  {status: 401, word: "invalid_client", text: "Client assertion is not within its valid time range. Current time: %s."},
	700027:  {status: 401, word: "invalid_client", text: "Client assertion failed signature validation: %s."},
	700021:  {status: 401, word: "invalid_client", text: "Client assertion application identifier doesn't match 'client_id' parameter."},
	700023:  {status: 401, word: "invalid_client", text: "Client assertion audience claim does not match: %s."},
	90002:   {status: 400, word: "invalid_request", text: "Tenant '%s' not found. Check that the tenant ID is right, that the request goes to the right cloud, and that the tenant has active subscriptions."},
	900023:  {status: 400, word: "invalid_request", text: "Specified tenant identifier '%s' is neither a valid DNS name, nor a valid external domain."},
	50059:   {status: 400, word: "invalid_request", text: "No tenant-identifying information found in either the request or implied by any provided credentials."},
	90014:   {status: 400, word: "invalid_request", text: "The required field '%s' is missing from the credential. Ensure that all the necessary parameters are there for the login request."},
	900144:  {status: 400, word: "invalid_request", text: "The request body must contain the following parameter: '%s'."},
	9002313: {status: 400, word: "invalid_request", text: "Invalid request. Request is malformed or invalid."},
	900561:  {status: 405, word: "invalid_request", text: "The endpoint only accepts POST requests. Received a %s request."},
	901002:  {status: 400, word: "invalid_request", text: "The 'resource' request parameter is not supported."},
	70003:   {status: 400, word: "unsupported_grant_type", text: "The app requested an unsupported grant type '%s'."},
	70011:   {status: 400, word: "invalid_scope", text: "The provided request must include a 'scope' input parameter. The provided value for the input parameter 'scope' is not valid. The scope %s is not valid."},
	1002012: {status: 400, word: "invalid_scope", text: "The provided value for scope %s is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier (application ID URI)."},
	28002:   {status: 400, word: "invalid_scope", text: "Provided value for the input parameter scope '%s' is not valid when requesting an access token."},
	500011:  {status: 400, word: "invalid_resource", text: "The resource principal named %s was not found in the tenant named %s. The application may not be installed by the administrator of the tenant, or the request went to the wrong tenant."},
	500014:  {status: 400, word: "invalid_resource", text: "The service principal for resource '%s' is disabled."},
	50001:   {status: 400, word: "invalid_resource", text: "The resource '%s' is disabled or does not exist."},
	65001:   {status: 400, word: "invalid_grant", text: "The user or administrator has not consented to use the application with ID '%s'."},
	53003:   {status: 400, word: "invalid_grant", text: "Access has been blocked by Conditional Access policies. The access policy does not allow token issuance."},
	530032:  {status: 400, word: "invalid_grant", text: "Blocked by security policy."},
	53011:   {status: 400, word: "invalid_grant", text: "User blocked due to risk on home tenant."},
	900382:  {status: 400, word: "invalid_request", text: "Confidential Client is not supported in Cross Cloud request."},
	900432:  {status: 400, word: "invalid_request", text: "Confidential Client is not supported in Cross Cloud request."},
	90038:   {status: 400, word: "invalid_request", text: "The tenant '%s' was discovered to be in another cloud instance."},
	90055:   {status: 429, word: "temporarily_unavailable", text: "The tenant is throttled due to too many requests."},
	90006:   {status: 503, word: "temporarily_unavailable", text: "The service is temporarily unavailable. Retry the request."},
	90012:   {status: 504, word: "temporarily_unavailable", text: "The request has timed out. Retry the request."},
	90024:   {status: 503, word: "temporarily_unavailable", text: "A transient error has occurred. Retry the request."},
	90033:   {status: 503, word: "temporarily_unavailable", text: "A transient error has occurred. Try again."},
	90090:   {status: 503, word: "server_error", text: "A transient error has occurred. Retry the request."},
	50000:   {status: 503, word: "server_error", text: "There was an error issuing a token."},
}

// refuse makes the error of a code.
func refuse(code int, args ...any) *signInError {
	e := signInErrors[code]
	e.code, e.args = code, args
	return &e
}

// description is the error in words, with blanks where a fault on request has nothing to fill in.
func (e *signInError) description() string {
	args := e.args
	for missing := count(e.text, '%') - len(args); missing > 0; missing-- {
		args = append(args, "unknown")
	}
	return fmt.Sprintf("AADSTS%d: "+e.text, append([]any{e.code}, args...)...)
}

func count(text string, c byte) int {
	n := 0
	for i := range len(text) {
		if text[i] == c {
			n++
		}
	}
	return n
}

// write answers with the error as Entra words it.
func (e *signInError) write(w http.ResponseWriter, r *http.Request, now time.Time) {
	trace := guid(mix(uint64(now.UnixNano()), uint64(e.code)))
	correlation := orElse(r.Header.Get("client-request-id"), guid(mix(uint64(now.UnixNano()), 7)))
	stamp := now.Format("2006-01-02 15:04:05Z")
	w.Header().Set("x-ms-request-id", trace)
	body := map[string]any{
		"error": e.word,
		"error_description": fmt.Sprintf("%s Trace ID: %s Correlation ID: %s Timestamp: %s",
			e.description(), trace, correlation, stamp),
		"error_codes":    []int{e.code},
		"timestamp":      stamp,
		"trace_id":       trace,
		"correlation_id": correlation,
		"error_uri":      fmt.Sprintf("https://%s/error?code=%d", r.Host, e.code),
	}
	if e.code == 53003 {
		body["suberror"] = "message_only"
		body["claims"] = `{"access_token":{"capolids":{"essential":true,"values":["` + trace + `"]}}}`
	}
	writeJSON(w, e.status, body)
}
