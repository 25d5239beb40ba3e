package m365sim

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/headrace/headrace/internal/m365sim/wire"
)

// A call is one request to the feed, as far as it has been understood.
type call struct {
	w         http.ResponseWriter
	r         *http.Request
	now       time.Time
	op        string
	tenant    *tenant
	claims    *claims
	query     url.Values // names in lower case
	publisher string
	ctype     int // -1: none was asked for
	contentID string
	blob      *blob  // that contentID names, if there is one
	fault     *Fault // one that spoils the body, or nil
	status    int
	code      string
}

func (c *call) contentTypeName() string {
	if c.ctype < 0 {
		return ""
	}
	return ContentTypes[c.ctype]
}

// An operation of the feed: the method it wants, whether it wants a contentType, and who answers.
type operation struct {
	op     string
	method string
	typed  bool
	answer func(*Simulator, *call) error
}

var feedOperations = map[string]operation{
	"subscriptions/start":         {OpStart, http.MethodPost, true, (*Simulator).startSubscription},
	"subscriptions/stop":          {OpStop, http.MethodPost, true, (*Simulator).stopSubscription},
	"subscriptions/list":          {OpSubscriptions, http.MethodGet, false, (*Simulator).listSubscriptions},
	"subscriptions/content":       {OpList, http.MethodGet, true, (*Simulator).listContent},
	"subscriptions/notifications": {OpNotifications, http.MethodGet, true, (*Simulator).listNotifications},
	"resources/dlpsensitivetypes": {OpSensitive, http.MethodGet, false, (*Simulator).listSensitiveTypes},
	"audit":                       {OpBlob, http.MethodGet, false, (*Simulator).readBlob},
}

// feed answers the Management Activity API: it understands the request, lets faults and quotas have their say, and
// hands it to the operation. Errors are written and counted here and nowhere else.
func (s *Simulator) feed(w http.ResponseWriter, r *http.Request) {
	setFeedHeaders(w.Header())
	c := &call{w: w, r: r, now: s.now(), op: OpOther, ctype: -1, status: http.StatusOK}
	err := s.understandAndAnswer(c)
	var refused *feedError
	switch {
	case errors.As(err, &refused):
		c.code = refused.code
		c.status = refused.write(w, s.scenario.ErrorStatus)
	case err != nil: // a fault on request has answered, or the client has gone
	}
	counts := &s.nowhere
	if c.tenant != nil {
		counts = &c.tenant.requests
	}
	counts.count(c.op, c.status, c.code)
	s.log.Debug("request", "op", c.op, "status", c.status, "code", c.code, "path", r.URL.Path)
	if errors.Is(err, errAbort) {
		panic(http.ErrAbortHandler)
	}
}

// errDone ends a request that a fault has answered; errAbort ends it by breaking the connection.
var (
	errDone  = errors.New("answered by a fault")
	errAbort = errors.New("connection broken by a fault")
)

func (s *Simulator) understandAndAnswer(c *call) error {
	operation, directory, err := s.parseFeedPath(c)
	if err != nil {
		return err
	}
	c.op = operation.op
	if !wire.Pause(c.r.Context(), s.latencyOf(c.op)) {
		return errDone
	}
	if c.r.Method != operation.method {
		return errMethod(c.r)
	}
	if err := s.authorize(c, directory); err != nil {
		return err
	}
	if err := c.parseQuery(operation); err != nil {
		return err
	}
	s.grow(c.tenant, c.now)
	if c.op == OpBlob {
		c.findBlob()
	}
	if err := s.spoil(c); err != nil {
		return err
	}
	if err := s.admit(c); err != nil {
		return err
	}
	if err := c.checkRoles(); err != nil {
		return err
	}
	return operation.answer(s, c)
}

// parseFeedPath finds the operation in /api/v1.0/{tenant}/activity/feed/…
func (s *Simulator) parseFeedPath(c *call) (operation, string, error) {
	path := c.r.URL.Path
	rest, ok := strings.CutPrefix(path, "/api/v1.0/")
	if !ok {
		rest, ok = strings.CutPrefix(path, "/api/v1/")
	}
	directory, rest, _ := strings.Cut(rest, "/")
	name, feed := strings.CutPrefix(rest, "activity/feed/")
	if !ok || !feed {
		return operation{}, "", errNoRoute(c.r)
	}
	c.tenant = s.directory(directory)
	if id, blob := strings.CutPrefix(name, "audit/"); blob && id != "" {
		c.contentID = id
		return feedOperations["audit"], directory, nil
	}
	found, ok := feedOperations[strings.ToLower(strings.TrimSuffix(name, "/"))]
	if !ok || found.op == OpBlob {
		return operation{}, "", errNoRoute(c.r)
	}
	return found, directory, nil
}

// authorize checks the token as the layer in front of the API does, then the tenant.
func (s *Simulator) authorize(c *call, directory string) error {
	scheme, token, _ := strings.Cut(c.r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return errNoAuthorization()
	}
	opened, err := s.tokens.open(s.signer, token)
	if err != nil || c.now.Unix() >= opened.Expires || c.now.Unix() < opened.NotBefore ||
		s.resourceOf(c.r, opened.Audience) != resourceManagement {
		return errNoAuthorization()
	}
	c.claims = opened
	if !isGUID(directory) {
		return feedErrorf(400, "AF20013", "The tenant ID passed in the URL (%s) is not a valid GUID.", directory)
	}
	if s.scenario.Lenient.TenantFromToken {
		directory = opened.Tenant
	}
	if !strings.EqualFold(directory, opened.Tenant) {
		c.tenant = nil
		return feedErrorf(400, "AF20010", "The tenant ID passed in the URL (%s) does not match the tenant ID passed in the access token (%s).",
			directory, opened.Tenant)
	}
	if c.tenant = s.directory(directory); c.tenant == nil {
		return feedErrorf(400, "AF20011", "Specified tenant ID (%s) does not exist in the system or has been deleted.", directory)
	}
	return nil
}

// parseQuery reads what most operations share. Names of parameters are taken without regard to case.
func (c *call) parseQuery(o operation) error {
	query, err := url.ParseQuery(c.r.URL.RawQuery)
	if err != nil {
		return errType("query", "string")
	}
	c.query = url.Values{}
	for name, values := range query {
		c.query[strings.ToLower(name)] = append(c.query[strings.ToLower(name)], values...)
	}
	c.publisher = strings.ToLower(c.query.Get("publisheridentifier"))
	if c.publisher != "" && !isGUID(c.publisher) {
		return errType("PublisherIdentifier", "guid")
	}
	if !o.typed {
		return nil
	}
	name := c.query.Get("contenttype")
	if name == "" {
		return errMissing("contentType")
	}
	if c.ctype = typeIndex(name); c.ctype < 0 {
		return feedErrorf(400, "AF20020", "The specified content type is not valid.")
	}
	return nil
}

// checkRoles wants ActivityFeed.Read for Audit.* and ActivityFeed.ReadDlp for DLP.All. What belongs to no content
// type is open to either.
func (c *call) checkRoles() error {
	roles := c.claims.Roles
	read, readDLP := slices.Contains(roles, "ActivityFeed.Read"), slices.Contains(roles, "ActivityFeed.ReadDlp")
	switch {
	case c.ctype == typeDLP && !readDLP:
		return errPermission(roles, "ActivityFeed.ReadDlp")
	case c.ctype >= 0 && c.ctype != typeDLP && !read, c.ctype < 0 && !read && !readDLP:
		return errPermission(roles, "ActivityFeed.Read")
	}
	return nil
}

// setFeedHeaders are the headers that the service was seen to send.
func setFeedHeaders(header http.Header) {
	header.Set("Cache-Control", "no-cache")
	header.Set("Pragma", "no-cache")
	header.Set("Expires", "-1")
	header.Set("Server", "Microsoft-IIS/10.0")
	header["X-AspNet-Version"] = []string{"4.0.30319"}
	header.Set("X-Powered-By", "ASP.NET")
}

func writeRaw(w http.ResponseWriter, status int, kind string, body []byte) {
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // a client that has gone needs no answer
}

// listSensitiveTypes answers GET resources/dlpSensitiveTypes.
func (s *Simulator) listSensitiveTypes(c *call) error {
	if language := c.r.Header.Get("Accept-Language"); language != "" {
		if strings.Contains(language, ",") {
			return feedErrorf(400, "AF20053", "Only one language may be present in the Accept-Language header.")
		}
		if !languageTag(language) {
			return feedErrorf(400, "AF20054", "Invalid syntax in Accept-Language header.")
		}
	}
	writeJSON(c.w, http.StatusOK, sensitiveTypes)
	return nil
}

func languageTag(text string) bool {
	for i, part := range strings.Split(text, "-") {
		if len(part) < 2 && i == 0 || len(part) == 0 || len(part) > 8 {
			return false
		}
		for _, c := range part {
			if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (i == 0 || c < '0' || c > '9') {
				return false
			}
		}
	}
	return true
}

type sensitiveType struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

var sensitiveTypes = []sensitiveType{
	{"50842eb7-edc8-4019-85dd-5a5c1f2bb085", "CreditCardNumber"},
	{"0e9b3178-9678-47dd-a509-37222ca96b42", "EUDebitCardNumber"},
	{"a44669fe-0d48-453d-a9b1-2cc83f2cba77", "USSocialSecurityNumber"},
	{"e7dc4711-11b7-4cb0-b88b-2c394a771f0e", "InternationalBankingAccountNumber"},
}
