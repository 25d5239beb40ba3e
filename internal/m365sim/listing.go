package m365sim

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	day       = 24 * time.Hour
	retention = 7 * day
	edgeGrace = time.Hour // the real edge of the seven days is about so much later
)

// A window is the stretch of contentCreated that a listing asks for: [start, end).
type window struct{ start, end time.Time }

// timeForms are the texts that the service was seen to take. A zone other than UTC is refused.
var timeForms = []string{
	"2006-01-02", "2006-01-02T15:04", "2006-01-02T15:04:05", // documented
	"2006-01-02T15:04Z", "2006-01-02T15:04:05Z", "2006-01-02T15:04:05.9999999Z",
	"2006-01-02T15:04+00:00", "2006-01-02T15:04:05+00:00", "2006-01-02T15:04:05.9999999+00:00",
}

func parseTime(text string) (time.Time, bool) {
	for _, form := range timeForms {
		if t, err := time.Parse(form, text); err == nil && (!strings.Contains(text, ".") || strings.Contains(form, ".")) {
			return t.UTC(), true
		}
	}
	return time.Time{}, false
}

// window reads and checks startTime and endTime.
func (c *call) window() (window, error) {
	startText, endText := c.query.Get("starttime"), c.query.Get("endtime")
	if startText == "" && endText == "" {
		return window{c.now.Add(-day), c.now}, nil
	}
	if startText == "" || endText == "" {
		return window{}, errOneTime()
	}
	start, ok := parseTime(startText)
	if !ok {
		return window{}, errType("startTime", "datetime")
	}
	end, ok := parseTime(endText)
	if !ok {
		return window{}, errType("endTime", "datetime")
	}
	if !start.Before(end) || end.Sub(start) > day || tooOld(start, c.now) {
		return window{}, errWindow(start, end)
	}
	return window{start, end}, nil
}

func tooOld(start, now time.Time) bool { return now.Sub(start) > retention+edgeGrace }

// wireContent is one item of a listing.
type wireContent struct {
	ContentType       string `json:"contentType"`
	ContentID         string `json:"contentId"`
	ContentURI        string `json:"contentUri"`
	ContentCreated    string `json:"contentCreated"`
	ContentExpiration string `json:"contentExpiration"`
}

func (s *Simulator) wireContent(c *call, b *blob) wireContent {
	return wireContent{
		ContentType:       ContentTypes[b.ctype],
		ContentID:         b.id,
		ContentURI:        feedRoot(c.r, c.tenant) + "/audit/" + b.id,
		ContentCreated:    stamp(b.created),
		ContentExpiration: stamp(b.expires()),
	}
}

func feedRoot(r *http.Request, t *tenant) string {
	return "https://" + r.Host + "/api/v1.0/" + t.ID + "/activity/feed"
}

func stamp(ms int64) string { return time.UnixMilli(ms).UTC().Format("2006-01-02T15:04:05.000Z") }

// A pageToken is what a nextPage text stands for: the rest of one listing, as it was when that began.
type pageToken struct {
	asked  string // app, type and times; must be the same again
	window window
	until  int64 // when it began, in ms: what became available later belongs to later listings
	offset int
	after  bool // an empty page was given here already
	issued time.Time
}

// pageTokens are a tenant's. Old ones make room for new ones and are then refused, as stale ones are.
type pageTokens struct {
	mu    sync.Mutex
	made  uint64
	known map[string]pageToken
	order []string
}

const pageTokensKept = 5000

func (p *pageTokens) add(seed uint64, token pageToken) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.made++
	text := token.issued.Format("2006010215") + "R" + string(appendDigits(nil, mix(seed, p.made), 12))
	if p.known == nil {
		p.known = map[string]pageToken{}
	}
	p.known[text] = token
	p.order = append(p.order, text)
	if len(p.order) > pageTokensKept {
		delete(p.known, p.order[0])
		p.order = p.order[1:]
	}
	return text
}

func (p *pageTokens) get(text string) (pageToken, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	token, ok := p.known[text]
	return token, ok
}

// page finds where in a listing the call is: at its beginning, or where its nextPage says.
func (s *Simulator) page(c *call) (pageToken, error) {
	w, err := c.window()
	if err != nil {
		return pageToken{}, err
	}
	asked := fmt.Sprintf("%s %s %d %s %s", c.op, c.claims.AppID, c.ctype, c.query.Get("starttime"), c.query.Get("endtime"))
	text := c.query.Get("nextpage")
	if !c.query.Has("nextpage") {
		return pageToken{asked: asked, window: w, until: c.now.UnixMilli()}, nil
	}
	token, known := c.tenant.pages.get(text)
	if !known || token.asked != asked || c.now.Sub(token.issued) > time.Duration(s.scenario.Paging.TokenLifetime) {
		return pageToken{}, errNextPage(text)
	}
	return token, nil
}

// listContent answers GET subscriptions/content.
func (s *Simulator) listContent(c *call) error {
	token, err := s.page(c)
	if err != nil {
		return err
	}
	found, err := s.findContent(c, token)
	if err != nil {
		return err
	}
	page, next := s.cutPage(c, found, token)
	items := make([]wireContent, 0, len(page))
	for _, b := range page {
		items = append(items, s.spoilItem(c, b, s.wireContent(c, b)))
	}
	if next != nil {
		s.addNextPage(c, *next)
	}
	body, err := json.Marshal(items)
	if err != nil {
		return fmt.Errorf("encode listing: %w", err)
	}
	return s.send(c, body)
}

// findContent lists the blobs that the call may see, in the order in which they became available.
func (s *Simulator) findContent(c *call, token pageToken) ([]*blob, error) {
	c.tenant.mu.RLock()
	defer c.tenant.mu.RUnlock()
	x, err := c.subscribed()
	if err != nil {
		return nil, err
	}
	from, to := token.window.start.UnixMilli(), token.window.end.UnixMilli()
	var found []*blob
	for _, b := range c.tenant.streams[c.ctype].between(from, to) {
		if b.available <= token.until && b.expires() > token.until && x.shows(b.available, token.until) {
			found = append(found, b)
			b.noteListed(from == b.created && c.query.Has("starttime"))
		}
	}
	shuffle := s.scenario.Paging.Shuffle
	slices.SortFunc(found, func(a, b *blob) int {
		if shuffle {
			return cmp.Compare(mix(a.seed, 3), mix(b.seed, 3))
		}
		return cmp.Or(cmp.Compare(a.available, b.available), cmp.Compare(a.seq, b.seq))
	})
	return found, nil
}

// cutPage gives the page at the token's offset, and the token of the next page or nil when this is the last.
func (s *Simulator) cutPage(c *call, found []*blob, token pageToken) ([]*blob, *pageToken) {
	offset := min(token.offset, len(found))
	next := token
	if x := mix(mix(c.tenant.seed, uint64(token.until)), uint64(offset)); !token.after && offset < len(found) && chance(x) < s.scenario.Paging.EmptyShare {
		next.after = true
		return nil, &next
	}
	next.after, next.offset = false, offset+s.scenario.Paging.Size
	if next.offset >= len(found) {
		return found[offset:], nil
	}
	return found[offset:next.offset], &next
}

// addNextPage sets the header that says where the listing goes on. The URL never carries PublisherIdentifier.
func (s *Simulator) addNextPage(c *call, token pageToken) {
	token.issued = c.now
	paging := s.scenario.Paging
	startName, endName := "startTime", "endTime"
	if paging.LowerCaseTimes {
		startName, endName = "starttime", "endtime"
	}
	start, end := c.query.Get("starttime"), c.query.Get("endtime")
	if start == "" { // the day that it defaulted to
		start, end = token.window.start.Format("2006-01-02T15:04:05.000Z"), token.window.end.Format("2006-01-02T15:04:05.000Z")
		token.asked = fmt.Sprintf("%s %s %d %s %s", c.op, c.claims.AppID, c.ctype, start, end)
	}
	text := c.tenant.pages.add(mixText(c.tenant.seed, "page"), token)
	host := c.r.Host
	if s.faults.strike(c.target(), s.since(), "foreign-next") != nil {
		host = "manage.attacker.example"
	}
	path := "/api/" + paging.Path + "/" + c.tenant.ID + "/activity/feed/subscriptions/content"
	if c.op == OpNotifications {
		path = strings.TrimSuffix(path, "content") + "notifications"
	}
	next := "https://" + host + path + "?contentType=" + url.QueryEscape(c.contentTypeName()) +
		"&" + startName + "=" + url.QueryEscape(start) + "&" + endName + "=" + url.QueryEscape(end) + "&nextPage=" + text
	c.w.Header()[s.nextPageHeader(text)] = []string{next}
}

// nextPageHeader is how the header is spelt this time.
func (s *Simulator) nextPageHeader(token string) string {
	if s.scenario.Paging.Header != "mixed" {
		return s.scenario.Paging.Header
	}
	spellings := []string{"NextPageUri", "nextpageuri", "NEXTPAGEURI", "NextPageUrl", "Nextpageuri"}
	last, _ := strconv.Atoi(token[len(token)-1:])
	return spellings[last%len(spellings)]
}
