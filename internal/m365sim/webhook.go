package m365sim

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"
)

// A webhook is what a subscription calls. The tenant's lock guards it.
type webhook struct {
	address    string
	authID     string
	base       string    // the service's address, as the start's caller knows it
	expiration time.Time // zero: never
	from       int64     // content that became available before is not announced
	disabled   bool
	announced  int64 // content up to here has been queued
}

func (h *webhook) statusAt(now time.Time) string {
	switch {
	case h.disabled:
		return "disabled"
	case !h.expiration.IsZero() && !now.Before(h.expiration):
		return "expired"
	}
	return "enabled"
}

// same says whether a start would change nothing: a webhook that doesn't work any more is changed by starting it.
func (h *webhook) same(wanted *webhook, now time.Time) bool {
	if h == nil || wanted == nil {
		return h == wanted
	}
	return h.address == wanted.address && h.authID == wanted.authID && h.expiration.Equal(wanted.expiration) &&
		h.statusAt(now) == "enabled"
}

func errWebhook(address, why string) *feedError {
	return feedErrorf(400, "AF20021", "The webhook endpoint (%s) could not be validated. %s", address, why)
}

// A webhookCaller announces new content to webhooks.
type webhookCaller struct {
	sim    *Simulator
	client *http.Client

	mu      sync.Mutex // one round at a time
	waiting []*announcement

	historyMu sync.Mutex
	history   []notification
}

// An announcement is one POST that has to be made, perhaps again.
type announcement struct {
	tenant *tenant
	key    subscriptionKey
	hook   *webhook
	blobs  []*blob
	due    time.Time
	failed int
}

// A notification is one blob's announcement, as the history has it.
type notification struct {
	tenant *tenant
	key    subscriptionKey
	blob   *blob
	sent   time.Time
	ok     bool
}

const historyKept = 100_000

func newWebhookCaller(s *Simulator, client *http.Client) *webhookCaller {
	if client == nil {
		client = &http.Client{Transport: &http.Transport{ForceAttemptHTTP2: true}}
	}
	return &webhookCaller{sim: s, client: client}
}

// run makes rounds until ctx ends: each quarter of a second, and whenever the clock is moved.
func (w *webhookCaller) run(ctx context.Context) {
	ticker := time.NewTicker(250 * time.Millisecond)
	defer ticker.Stop()
	for {
		moved := w.sim.clock.Moved()
		w.round(ctx)
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		case <-moved:
		}
	}
}

// Notify makes the webhook calls that are due now and returns when they are made, for tests on a standing clock.
// Serve does the same by itself.
func (s *Simulator) Notify(ctx context.Context) { s.webhooks.round(ctx) }

func (w *webhookCaller) round(ctx context.Context) {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := w.sim.now()
	w.collect(now)
	slices.SortStableFunc(w.waiting, func(a, b *announcement) int { return a.due.Compare(b.due) })
	var later []*announcement
	for i, a := range w.waiting {
		if a.due.After(now) || ctx.Err() != nil {
			later = append(later, w.waiting[i:]...)
			break
		}
		if again := w.announce(ctx, a, now); again {
			later = append(later, a)
		}
	}
	w.waiting = later
}

// collect queues what became available since the last round.
func (w *webhookCaller) collect(now time.Time) {
	for _, t := range w.sim.tenants {
		if !t.hasWebhooks() {
			continue
		}
		w.sim.grow(t, now)
		t.mu.Lock()
		for key, x := range t.subscriptions {
			if h := x.webhook; h != nil && x.status == subscriptionEnabled && h.statusAt(now) == "enabled" {
				w.queue(t, key, x, now)
			}
		}
		t.mu.Unlock()
	}
}

func (t *tenant) hasWebhooks() bool {
	t.mu.RLock()
	defer t.mu.RUnlock()
	for _, x := range t.subscriptions {
		if x.webhook != nil {
			return true
		}
	}
	return false
}

func (w *webhookCaller) queue(t *tenant, key subscriptionKey, x *subscription, now time.Time) {
	h, ms := x.webhook, now.UnixMilli()
	after := max(h.announced, h.from-1)
	var fresh []*blob
	for _, b := range t.streams[key.ctype].blobs {
		if b.available > after && b.available <= ms && x.shows(b.available, ms) {
			fresh = append(fresh, b)
		}
	}
	h.announced = ms
	slices.SortFunc(fresh, func(a, b *blob) int { return cmp.Compare(a.available, b.available) })
	for batch := range slices.Chunk(fresh, w.sim.scenario.Webhooks.BatchSize) {
		w.waiting = append(w.waiting, &announcement{tenant: t, key: key, hook: h, blobs: batch, due: now})
	}
}

// announce makes one POST; it says whether it is to be made again.
func (w *webhookCaller) announce(ctx context.Context, a *announcement, now time.Time) bool {
	a.tenant.mu.RLock()
	status := a.hook.statusAt(now)
	current := a.tenant.subscriptions[a.key].webhook == a.hook
	a.tenant.mu.RUnlock()
	if status != "enabled" || !current {
		return false
	}
	err := w.post(ctx, a.hook, "", a.items())
	w.record(a, now, err == nil)
	if err == nil {
		return false
	}
	rules := w.sim.scenario.Webhooks
	w.sim.log.Debug("webhook failed", "tenant", a.tenant.Name, "err", err)
	a.failed++
	if a.failed >= rules.DisableAfter {
		a.tenant.mu.Lock()
		a.hook.disabled = true
		a.tenant.mu.Unlock()
		return false
	}
	a.due = now.Add(time.Duration(rules.FirstRetry) << (a.failed - 1))
	return true
}

func (w *webhookCaller) record(a *announcement, now time.Time, ok bool) {
	w.historyMu.Lock()
	defer w.historyMu.Unlock()
	for _, b := range a.blobs {
		w.history = append(w.history, notification{a.tenant, a.key, b, now, ok})
	}
	if extra := len(w.history) - historyKept; extra > 0 {
		w.history = slices.Delete(w.history, 0, extra)
	}
}

// wireNotification is one item of a webhook's body and, with the last two, of the notification history.
type wireNotification struct {
	TenantID string `json:"tenantId"`
	ClientID string `json:"clientId"`
	wireContent
	Sent   string `json:"notificationSent,omitempty"`
	Status string `json:"notificationStatus,omitempty"`
}

func (a *announcement) items() []wireNotification {
	var items []wireNotification
	for _, b := range a.blobs {
		items = append(items, wireNotification{TenantID: a.tenant.ID, ClientID: a.key.app, wireContent: wireContent{
			ContentType: ContentTypes[b.ctype], ContentID: b.id, ContentURI: a.hook.root(a.tenant) + "/audit/" + b.id,
			ContentCreated: stamp(b.created), ContentExpiration: stamp(b.expires()),
		}})
	}
	return items
}

// root is where content is read, as the webhook's owner knows the service.
func (h *webhook) root(t *tenant) string { return h.base + "/api/v1.0/" + t.ID + "/activity/feed" }

// validate sends the validation code and wants a 200.
func (w *webhookCaller) validate(ctx context.Context, h *webhook) error {
	if why := w.refused(h.address); why != "" {
		return errWebhook(h.address, why)
	}
	code := guid(mixText(uint64(w.sim.now().UnixNano()), h.address))
	if err := w.post(ctx, h, code, map[string]string{"validationCode": code}); err != nil {
		return errWebhook(h.address, "The webhook endpoint didn't return HTTP 200. ("+err.Error()+")")
	}
	return nil
}

// refused says why an address is not called: only loopback is, unless the scenario allows more.
func (w *webhookCaller) refused(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return "The address is not a URL."
	}
	ip := net.ParseIP(u.Hostname())
	if w.sim.scenario.Webhooks.AllowRemote || u.Hostname() == "localhost" || ip != nil && ip.IsLoopback() {
		return ""
	}
	return "The simulator calls loopback addresses only (webhooks.allowRemote changes that)."
}

func (w *webhookCaller) post(ctx context.Context, h *webhook, code string, body any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("encode notification: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, time.Duration(w.sim.scenario.Webhooks.Timeout))
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, h.address, bytes.NewReader(text))
	if err != nil {
		return fmt.Errorf("make webhook request: %w", err)
	}
	request.Header.Set("Content-Type", jsonType)
	if h.authID != "" {
		request.Header.Set("Webhook-AuthID", h.authID)
	}
	if code != "" {
		request.Header.Set("Webhook-ValidationCode", code)
	}
	response, err := w.client.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, 1<<16)) // so that the connection can be used again
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("HTTP %d", response.StatusCode)
	}
	return nil
}

// listNotifications answers GET subscriptions/notifications.
func (s *Simulator) listNotifications(c *call) error {
	token, err := s.page(c)
	if err != nil {
		return err
	}
	c.tenant.mu.RLock()
	_, err = c.subscribed()
	c.tenant.mu.RUnlock()
	if err != nil {
		return err
	}
	found := s.webhooks.between(c, token)
	offset := min(token.offset, len(found))
	end := min(offset+s.scenario.Paging.Size, len(found))
	if end < len(found) {
		token.offset = end
		s.addNextPage(c, token)
	}
	items := []wireNotification{}
	for _, n := range found[offset:end] {
		status := map[bool]string{true: "success", false: "failed"}[n.ok]
		items = append(items, wireNotification{
			TenantID: c.tenant.ID, ClientID: n.key.app, wireContent: s.wireContent(c, n.blob),
			Sent: stamp(n.sent.UnixMilli()), Status: status,
		})
	}
	body, err := json.Marshal(items)
	if err != nil {
		return fmt.Errorf("encode notifications: %w", err)
	}
	return s.send(c, body)
}

func (w *webhookCaller) between(c *call, token pageToken) []notification {
	w.historyMu.Lock()
	defer w.historyMu.Unlock()
	var found []notification
	for _, n := range w.history {
		if n.tenant == c.tenant && n.key == c.subscriptionKey() && n.sent.UnixMilli() <= token.until &&
			!n.sent.Before(token.window.start) && n.sent.Before(token.window.end) {
			found = append(found, n)
		}
	}
	return found
}
