package office365

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/microsoft"
)

// An api makes the activity feed's requests: every one with the tenant in its path and the publisher in its query.
type api struct {
	client    *microsoft.Client
	perMinute int
	limit     func(scope string, perMinute int) connector.Limiter
	publisher string // "": the tenant's GUID
}

func newAPI(cfg *Config, env connector.Env, timing microsoft.Timing) (*api, error) {
	if env.Credential == nil {
		return nil, fault.New(fault.Invalid, "source %q needs a credential of type %s", env.Name, Name).WithHint("Make one with: headrace credential add NAME --type %s", Name)
	}
	a := &api{publisher: strings.ToLower(cfg.PublisherID), perMinute: cfg.RequestsPerMinute, limit: env.Limit}
	client, err := microsoft.Open(microsoft.Options{
		Credential: env.Credential, Resource: microsoft.Management, Transport: env.Transport, Now: env.Now, Log: env.Log,
		Limiter: a.limiter, Timing: timing,
	})
	if err != nil {
		return nil, err
	}
	a.client = client
	return a, nil
}

// root is https://host/api/v1.0/{tenant}/activity/feed.
func (a *api) root(ctx context.Context) (string, error) {
	tenant, err := a.client.TenantID(ctx)
	if err != nil {
		return "", err
	}
	return a.client.Host() + "/api/v1.0/" + tenant + "/activity/feed", nil
}

// publisherID is what the quota is counted under.
func (a *api) publisherID(ctx context.Context) (string, error) {
	if a.publisher != "" {
		return a.publisher, nil
	}
	return a.client.TenantID(ctx)
}

// limiter is the quota of the tenant and publisher. A credential with a domain learns the tenant's GUID at its first
// sign-in.
func (a *api) limiter(ctx context.Context) (connector.Limiter, error) {
	tenant, err := a.client.TenantID(ctx)
	if err != nil {
		return nil, err
	}
	publisher, err := a.publisherID(ctx)
	if err != nil {
		return nil, err
	}
	return a.limit("o365/"+tenant+"/"+publisher, a.perMinute), nil
}

// address is where path stands below the root.
func (a *api) address(ctx context.Context, path string, query url.Values) (string, error) {
	root, err := a.root(ctx)
	if err != nil {
		return "", err
	}
	if len(query) == 0 {
		return root + path, nil
	}
	return root + path + "?" + query.Encode(), nil
}

// do makes a request with the publisher added to its query. Addresses on other hosts are refused.
func (a *api) do(ctx context.Context, r microsoft.Request) (*http.Response, error) {
	publisher, err := a.publisherID(ctx)
	if err != nil {
		return nil, err
	}
	if r.Body == nil && r.Method == http.MethodPost {
		r.Body = []byte{} // some proxies want Content-Length: 0
	}
	r.URL = withPublisher(r.URL, publisher)
	return a.client.Do(ctx, r)
}

// ask makes a request and reads its whole JSON answer into v. It gives the answer's headers.
func (a *api) ask(ctx context.Context, r microsoft.Request, v any) (http.Header, error) {
	resp, err := a.do(ctx, r)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	return resp.Header, decode(resp, v)
}

// withPublisher adds the parameter that the service's own links lack.
func withPublisher(address, publisher string) string {
	base, query, _ := strings.Cut(address, "?")
	for part := range strings.SplitSeq(query, "&") {
		if name, _, _ := strings.Cut(part, "="); strings.EqualFold(name, "PublisherIdentifier") {
			return address
		}
	}
	if query != "" {
		query += "&"
	}
	return base + "?" + query + "PublisherIdentifier=" + url.QueryEscape(publisher)
}

// own tells whether an address that the service gave leads to the API's own host.
func (a *api) own(address string) bool {
	u, err := url.Parse(address)
	return err == nil && a.client.Owns(u)
}

// mostPage bounds one answer that is decoded whole: a page of a listing has about 200 short items.
const mostPage = 32 << 20

// decode reads a whole JSON answer into v.
func decode(resp *http.Response, v any) error {
	return microsoft.Decode("management", resp, mostPage, v)
}

// A page is one answer of a listing.
type page struct {
	items []json.RawMessage
	next  string // "": the last
}

func (a *api) page(ctx context.Context, address string) (page, error) {
	var p page
	header, err := a.ask(ctx, microsoft.Request{URL: address}, &p.items)
	if err != nil {
		return page{}, err
	}
	for _, name := range []string{"NextPageUri", "NextPageUrl"} {
		if p.next == "" {
			p.next = header.Get(name)
		}
	}
	if p.next != "" && !a.own(p.next) {
		return page{}, fault.New(fault.Unavailable, "the next page's address leads to another host than %s; it was not followed", a.client.Host()).
			WithHint("The service or a proxy sent a wrong address. The token is only ever sent to the credential's own host.")
	}
	return p, nil
}

var errLoop = errors.New("the service's pages lead in a circle")

// pages walks a listing of operation ("content", "notifications") to its end and gives the number of pages. A stale
// page makes it begin again once.
func (a *api) pages(ctx context.Context, operation, contentType string, w stretch, each func([]json.RawMessage) error, restart func()) (int, error) {
	first, err := a.address(ctx, "/subscriptions/"+operation, url.Values{"contentType": {contentType}, "startTime": {stamp(w.From)}, "endTime": {stamp(w.To)}})
	if err != nil {
		return 0, err
	}
	address, seen, count, restarted := first, map[string]bool{}, 0, false
	for address != "" {
		if seen[address] {
			return count, fault.New(fault.Unavailable, "%w", errLoop)
		}
		seen[address] = true
		p, err := a.page(ctx, address)
		if err != nil {
			if address == first || restarted || !stalePage(err) {
				return count, err
			}
			restart()
			address, seen, count, restarted = first, map[string]bool{}, 0, true
			continue
		}
		count++
		if err := each(p.items); err != nil {
			return count, err
		}
		address = p.next
	}
	return count, nil
}

// stalePage: AF20031 is a token that is not known any more, AF20055 and AF20030 one whose window aged out.
func stalePage(err error) bool {
	switch codeOf(err) {
	case "AF20031", "AF20055", "AF20030":
		return true
	}
	return false
}

// codeOf is the service's code of an error; "" if it gave none.
func codeOf(err error) string {
	if f, ok := fault.As(err); ok && f.Upstream != nil {
		return f.Upstream.Code
	}
	return ""
}

// stamp is the documented form of times: UTC without a zone.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05") }

// contents lists the blobs of a window.
//
// It asks one second earlier than the window: a blob asked for with a start equal to its own time can come back
// partial (seen by Filebeat's authors).
func (a *api) contents(ctx context.Context, contentType string, w stretch, oldest time.Time) ([]content, int, error) {
	var found []content
	ask := stretch{later(w.From.Add(-time.Second), oldest), w.To}
	pages, err := a.pages(ctx, "content", contentType, ask, func(items []json.RawMessage) error {
		for _, raw := range items {
			c, err := readContent(raw)
			if err != nil {
				return err
			}
			found = append(found, c)
		}
		return nil
	}, func() { found = nil })
	if err != nil {
		return nil, pages, fmt.Errorf("list content %s from %s to %s: %w", contentType, stamp(w.From), stamp(w.To), err)
	}
	return found, pages, nil
}

// readContent reads one item of a listing. One without an ID would be lost silently, so it is an error.
func readContent(raw json.RawMessage) (content, error) {
	var c content
	if err := json.Unmarshal(raw, &c); err != nil {
		return c, fault.New(fault.Unavailable, "an item of the listing can't be read: %w", err)
	}
	if c.ContentID == "" {
		if u, err := url.Parse(c.ContentURI); err == nil {
			c.ContentID = u.Path[strings.LastIndexByte(u.Path, '/')+1:]
		}
	}
	if c.ContentID == "" {
		return c, fault.New(fault.Unavailable, "an item of the listing has no content ID")
	}
	return c, nil
}
