package microsoft

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/headrace/headrace/internal/fault"
)

// A refusal is what an answer says of why it is none, read as leniently as gateways and services require: JSON of
// three shapes, JSON with single quotes, HTML, or nothing.
type refusal struct {
	status      int
	code        string // AF20023, AADSTS7000222, itemNotFound
	inner       string // Graph's innerError: ResourceNotFound
	about       string // and its source: Connection
	oauth       string // the OAuth error word, from a token endpoint
	message     string // at most 500 bytes, redacted
	auditOff    bool
	requestID   string
	contentType string
}

const (
	mostRead = 64 << 10 // of a refusal's body
	mostSaid = 500      // of it in an error's text
)

// readRefusal reads and closes the body.
func readRefusal(resp *http.Response, secrets ...string) refusal {
	body, _ := io.ReadAll(io.LimitReader(resp.Body, mostRead)) // what came is enough
	_ = resp.Body.Close()
	return parseRefusal(resp.StatusCode, resp.Header, body, secrets...)
}

func parseRefusal(status int, header http.Header, body []byte, secrets ...string) refusal {
	r := refusal{status: status, contentType: header.Get("Content-Type")}
	for _, name := range []string{"request-id", "x-ms-request-id", "client-request-id", "x-azure-ref"} {
		if id := header.Get(name); id != "" {
			r.requestID = short(redact(id, secrets), 120)
			break
		}
	}
	body = bytes.TrimSpace(bytes.TrimPrefix(body, []byte("\xef\xbb\xbf")))
	if !r.readJSON(body) && !r.readJSON(doubleQuoted(body)) {
		r.message = plainText(body)
	}
	// The service cuts this text at a colon and puts the first half into the code, so both are searched.
	whole := r.code + ":" + r.message
	if strings.Contains(whole, "DataServiceException") && strings.Contains(whole, "does not exist") && strings.Contains(whole, "Tenant ") {
		r.auditOff = true
	}
	if !plainCode.MatchString(r.code) {
		r.message = strings.TrimSpace(r.code + ": " + r.message)
		r.message, r.code = strings.Trim(r.message, ": "), ""
	}
	r.message = short(redact(r.message, secrets), mostSaid)
	return r
}

var plainCode = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,64}$`)

// readJSON understands {"error":{"code","message"}}, {"error":"word","error_description"}, {"Message"} and {"code","message"}.
func (r *refusal) readJSON(body []byte) bool {
	var outer struct {
		Error       json.RawMessage `json:"error"`
		Description string          `json:"error_description"`
		Codes       []json.Number   `json:"error_codes"`
		TraceID     string          `json:"trace_id"`
		Message     string          `json:"message"` // encoding/json matches Message as well
		Code        string          `json:"code"`
	}
	if len(body) == 0 || body[0] != '{' || json.Unmarshal(body, &outer) != nil {
		return false
	}
	r.code, r.message = outer.Code, outer.Message
	var word string
	if json.Unmarshal(outer.Error, &word) == nil && word != "" {
		r.oauth, r.message, r.requestID = word, outer.Description, firstOf(outer.TraceID, r.requestID)
		r.code = aadsts(outer.Codes, outer.Description)
		r.message = strings.TrimPrefix(r.message, r.code+": ")
		return true
	}
	var inner struct {
		Code    json.RawMessage `json:"code"`
		Message string          `json:"message"`
		Inner   struct {
			Code      json.RawMessage `json:"code"`
			Source    json.RawMessage `json:"source"`
			Message   json.RawMessage `json:"message"`
			RequestID string          `json:"request-id"`
		} `json:"innerError"`
	}
	if len(outer.Error) > 0 && json.Unmarshal(outer.Error, &inner) == nil {
		r.code, r.message = strings.Trim(string(inner.Code), `"`), inner.Message
		var text string
		if json.Unmarshal(inner.Code, &text) == nil {
			r.code = text
		}
		r.requestID = firstOf(inner.Inner.RequestID, r.requestID)
		r.inner, r.about = plainWord(inner.Inner.Code), plainWord(inner.Inner.Source)
		if json.Unmarshal(inner.Inner.Message, &text) == nil && text != "" && text != r.message {
			r.message = strings.TrimSpace(r.message + " " + text) // the outer one of Graph is the same for every mistake
		}
	}
	return true
}

// plainWord reads a JSON text that is one word; "" for everything else.
func plainWord(raw json.RawMessage) string {
	var text string
	if json.Unmarshal(raw, &text) != nil || !plainCode.MatchString(text) {
		return ""
	}
	return text
}

// aadsts takes the number from the list, else from the text's beginning.
func aadsts(codes []json.Number, description string) string {
	if len(codes) > 0 {
		return "AADSTS" + codes[0].String()
	}
	if word, _, found := strings.Cut(description, ":"); found && strings.HasPrefix(word, "AADSTS") {
		return word
	}
	return ""
}

// doubleQuoted makes JSON of what the service has been seen to print with single quotes. Texts with quotes of their
// own stay unreadable and are shown as they are.
func doubleQuoted(body []byte) []byte {
	if bytes.IndexByte(body, '"') >= 0 {
		return nil
	}
	return bytes.ReplaceAll(body, []byte("'"), []byte(`"`))
}

var (
	tags       = regexp.MustCompile(`(?is)<(script|style)\b.*?</(script|style)>|<[^>]*>`)
	blanks     = regexp.MustCompile(`\s+`)
	tokenLike  = regexp.MustCompile(`eyJ[A-Za-z0-9_-]{8,}(\.[A-Za-z0-9_-]*){0,2}`)
	secretLike = regexp.MustCompile(`(?i)(client_secret|client_assertion|access_token|refresh_token|authorization|bearer)(["']?\s*[:=]?\s*["']?)(Bearer\s+)?[^\s"'&,}]{6,}`)
)

// plainText is the readable part of HTML or of anything else.
func plainText(body []byte) string {
	if bytes.HasPrefix(body, []byte("<")) {
		body = tags.ReplaceAll(body, []byte(" "))
	}
	text := strings.ToValidUTF8(string(body), "?")
	text = strings.Map(func(c rune) rune {
		if c < ' ' && c != '\n' && c != '\t' && c != '\r' {
			return -1
		}
		return c
	}, text)
	return strings.TrimSpace(blanks.ReplaceAllString(text, " "))
}

// redact takes out what looks like a token or a secret, and the given ones.
func redact(text string, secrets []string) string {
	for _, s := range secrets {
		if s != "" {
			text = strings.ReplaceAll(text, s, "[secret]")
		}
	}
	text = tokenLike.ReplaceAllString(text, "[token]")
	return secretLike.ReplaceAllString(text, "$1$2[secret]")
}

func short(text string, most int) string {
	text = strings.TrimSpace(blanks.ReplaceAllString(text, " "))
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}

func firstOf(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

// retryAfter is how long the answer asks to wait, by its own clock where it names a date; 0 if it doesn't say.
func retryAfter(header http.Header, now time.Time) time.Duration {
	for _, name := range []string{"retry-after-ms", "x-ms-retry-after-ms"} {
		if ms, err := strconv.ParseFloat(header.Get(name), 64); err == nil && ms > 0 && ms < 1e12 {
			return time.Duration(ms * float64(time.Millisecond))
		}
	}
	text := header.Get("Retry-After")
	if s, err := strconv.ParseFloat(text, 64); err == nil && s == s { // NaN is a number to ParseFloat
		return time.Duration(max(0, min(s, 366*24*3600)) * float64(time.Second))
	}
	at, err := http.ParseTime(text)
	if err != nil {
		return 0
	}
	if date, err := http.ParseTime(header.Get("Date")); err == nil {
		now = date
	}
	return max(0, at.Sub(now))
}

// Unreadable is the error for a 2xx answer whose body is not what the API sends: HTML of a proxy, an error in place of
// a list, half an answer. Trying again can help, so it is Unavailable. body is what came, or its beginning.
func Unreadable(service string, resp *http.Response, body []byte, cause error) error {
	r := parseRefusal(resp.StatusCode, resp.Header, body[:min(len(body), mostRead)])
	said := r.message
	if said == "" {
		said = r.code
	}
	e := &fault.Error{
		Class: fault.Unavailable, Code: "answer_unreadable", Title: "The answer is not what the API sends",
		Hint:     "A proxy or a sign-in portal may have answered in its place. It is tried again.",
		Upstream: &fault.Upstream{Service: service, Status: resp.StatusCode, Code: r.code, RequestID: r.requestID},
	}
	if said == "" {
		e.Err = fmt.Errorf("content type %q: %w", short(resp.Header.Get("Content-Type"), 60), cause)
		return e
	}
	e.Err = fmt.Errorf("content type %q, it begins: %s: %w", short(resp.Header.Get("Content-Type"), 60), said, cause)
	return e
}

// Decode reads a whole JSON answer of a service into v; most bounds its bytes. What is no such JSON is Unavailable: a gateway
// answered.
func Decode(service string, resp *http.Response, most int64, v any) error {
	body, err := io.ReadAll(io.LimitReader(resp.Body, most+1))
	if err != nil {
		return Diagnose(resp.Request.URL.Hostname(), err)
	}
	if int64(len(body)) > most {
		return fault.New(fault.Unavailable, "the answer is larger than %d bytes", most)
	}
	if err := json.Unmarshal(body, v); err != nil {
		return Unreadable(service, resp, body, err)
	}
	return nil
}
