package m365sim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"strings"
	"time"
)

// A subscription belongs to a tenant, an app and a content type.
type subscriptionKey struct {
	app   string // lower-case client ID
	ctype int
}

type subscriptionStatus string

const (
	subscriptionEnabled  subscriptionStatus = "enabled"
	subscriptionDisabled subscriptionStatus = "disabled" // by an administrator
	subscriptionStopped  subscriptionStatus = "stopped"  // by the app
)

type subscription struct {
	status  subscriptionStatus
	webhook *webhook
	changed time.Time // the last start that did something; zero: it was there from the beginning
	spans   []span    // when it was enabled: what became available then can be listed
}

// A span is a half-open stretch of time, in milliseconds. Its content is withheld until notBefore.
type span struct{ from, to, notBefore int64 }

const (
	longAgo = math.MinInt64
	forever = math.MaxInt64
)

// shows says whether content that became available at ms can be seen now.
func (x *subscription) shows(available, now int64) bool {
	for _, s := range x.spans {
		if available >= s.from && available < s.to && now >= s.notBefore {
			return true
		}
	}
	return false
}

func (x *subscription) enable(now time.Time, rules SubscriptionRules, lenient Lenient) {
	s := span{from: now.UnixMilli(), to: forever, notBefore: longAgo}
	if len(x.spans) == 0 {
		s.notBefore = now.Add(time.Duration(rules.FirstContent)).UnixMilli()
		if lenient.HistoryBeforeStart {
			s.from = longAgo
		}
	}
	x.spans = append(x.spans, s)
	x.status = subscriptionEnabled
}

func (x *subscription) end(now time.Time, status subscriptionStatus) {
	if x.status == subscriptionEnabled {
		x.spans[len(x.spans)-1].to = now.UnixMilli()
	}
	x.status = status
	x.webhook = nil
}

// seedSubscriptions gives each app the subscriptions that the scenario begins with; without a word they are enabled.
func (s *Simulator) seedSubscriptions(t *tenant) {
	for _, app := range t.Apps {
		for ctype, name := range ContentTypes {
			status := orElse(t.Subscriptions[opAny], string(subscriptionEnabled))
			for given, word := range t.Subscriptions {
				if strings.EqualFold(given, name) {
					status = word
				}
			}
			key := subscriptionKey{strings.ToLower(app.ID), ctype}
			switch status {
			case "enabled":
				t.subscriptions[key] = &subscription{status: subscriptionEnabled, spans: []span{{longAgo, forever, longAgo}}}
			case "disabled":
				t.subscriptions[key] = &subscription{status: subscriptionDisabled}
			}
		}
	}
}

// DisableSubscription does what a tenant administrator can: the app's next listing meets AF20023. An empty clientID
// means all apps.
func (s *Simulator) DisableSubscription(tenant, clientID, contentType string) error {
	t, err := s.tenantNamed(tenant)
	if err != nil {
		return err
	}
	ctype := typeIndex(contentType)
	if ctype < 0 {
		return fmt.Errorf("%q is not a content type", contentType)
	}
	now := s.now()
	t.mu.Lock()
	defer t.mu.Unlock()
	for key, x := range t.subscriptions {
		if key.ctype == ctype && (clientID == "" || strings.EqualFold(clientID, key.app)) {
			x.end(now, subscriptionDisabled)
		}
	}
	return nil
}

func (c *call) subscriptionKey() subscriptionKey {
	return subscriptionKey{strings.ToLower(c.claims.AppID), c.ctype}
}

// subscribed gives the enabled subscription that the call is about; the tenant's lock is held.
func (c *call) subscribed() (*subscription, error) {
	x := c.tenant.subscriptions[c.subscriptionKey()]
	switch {
	case x == nil || x.status == subscriptionStopped:
		return nil, errNotSubscribed()
	case x.status == subscriptionDisabled:
		return nil, errSubscriptionDisabled()
	}
	return x, nil
}

// wireSubscription is a subscription as the service shows it.
type wireSubscription struct {
	ContentType string       `json:"contentType"`
	Status      string       `json:"status"`
	Webhook     *wireWebhook `json:"webhook"`
}

type wireWebhook struct {
	Status     string  `json:"status"`
	Address    string  `json:"address"`
	AuthID     *string `json:"authId"`
	Expiration *string `json:"expiration"`
}

func (x *subscription) wire(ctype int, now time.Time) wireSubscription {
	shown := wireSubscription{ContentType: ContentTypes[ctype], Status: string(x.status)}
	if h := x.webhook; h != nil {
		shown.Webhook = &wireWebhook{Status: h.statusAt(now), Address: h.address}
		if h.authID != "" {
			shown.Webhook.AuthID = &h.authID
		}
		if !h.expiration.IsZero() {
			text := h.expiration.Format("2006-01-02T15:04:05Z")
			shown.Webhook.Expiration = &text
		}
	}
	return shown
}

// startSubscription answers POST subscriptions/start.
func (s *Simulator) startSubscription(c *call) error {
	wanted, err := readWebhook(c)
	if err != nil {
		return err
	}
	if err := s.mayStart(c, wanted); err != nil {
		return err
	}
	if wanted != nil {
		if err := s.webhooks.validate(c.r.Context(), wanted); err != nil {
			return err
		}
	}
	t := c.tenant
	t.mu.Lock()
	defer t.mu.Unlock()
	x := t.subscriptions[c.subscriptionKey()]
	if x == nil {
		x = &subscription{}
		t.subscriptions[c.subscriptionKey()] = x
	}
	if x.status != subscriptionEnabled {
		x.enable(c.now, s.scenario.Subscriptions, s.scenario.Lenient)
	}
	x.changed = c.now
	x.webhook = wanted
	if wanted != nil {
		wanted.from = c.now.UnixMilli()
	}
	writeJSON(c.w, http.StatusOK, x.wire(c.ctype, c.now))
	return nil
}

// mayStart applies the rules that don't need the webhook's answer.
func (s *Simulator) mayStart(c *call, wanted *webhook) error {
	t := c.tenant
	t.mu.RLock()
	defer t.mu.RUnlock()
	if t.auditOff {
		return errAuditOff(c)
	}
	x := t.subscriptions[c.subscriptionKey()]
	if x == nil {
		return nil
	}
	if x.status == subscriptionEnabled && x.webhook.same(wanted, c.now) {
		return feedErrorf(400, "AF20024", "The subscription is already enabled. No property change.")
	}
	gap := time.Duration(s.scenario.Subscriptions.StartGap)
	if !x.changed.IsZero() && c.now.Sub(x.changed) < gap {
		return s.tooMany(c)
	}
	return nil
}

// readWebhook reads the body of a start: nil when it asks for no webhook.
func readWebhook(c *call) (*webhook, error) {
	body, err := io.ReadAll(http.MaxBytesReader(c.w, c.r.Body, 1<<16))
	if err != nil {
		return nil, errType("webhook", "object")
	}
	if len(bytes.TrimSpace(body)) == 0 {
		return nil, nil
	}
	var asked struct {
		Webhook *struct {
			Address    string  `json:"address"`
			AuthID     *string `json:"authId"`
			Expiration *string `json:"expiration"`
		} `json:"webhook"`
	}
	if err := json.Unmarshal(body, &asked); err != nil {
		return nil, errType("webhook", "object")
	}
	if asked.Webhook == nil {
		return nil, nil
	}
	h := &webhook{address: asked.Webhook.Address, base: "https://" + c.r.Host}
	if asked.Webhook.AuthID != nil {
		h.authID = *asked.Webhook.AuthID
	}
	if h.address == "" {
		return nil, errMissing("webhook.address")
	}
	if !strings.HasPrefix(strings.ToLower(h.address), "https://") {
		return nil, errWebhook(h.address, "The address must begin with HTTPS.")
	}
	if text := asked.Webhook.Expiration; text != nil && *text != "" {
		at, ok := parseTime(*text)
		if !ok {
			return nil, errType("webhook.expiration", "datetime")
		}
		if !at.After(c.now) {
			return nil, feedErrorf(400, "AF20003", "Expiration %s provided is set to past date and time.", *text)
		}
		h.expiration = at
	}
	return h, nil
}

// stopSubscription answers POST subscriptions/stop.
func (s *Simulator) stopSubscription(c *call) error {
	c.tenant.mu.Lock()
	defer c.tenant.mu.Unlock()
	x, err := c.subscribed()
	if err != nil {
		return err
	}
	x.end(c.now, subscriptionStopped)
	c.w.WriteHeader(http.StatusOK)
	return nil
}

// listSubscriptions answers GET subscriptions/list: those of the app that were ever started and not stopped.
func (s *Simulator) listSubscriptions(c *call) error {
	c.tenant.mu.RLock()
	list := []wireSubscription{}
	for ctype := range ContentTypes {
		x := c.tenant.subscriptions[subscriptionKey{strings.ToLower(c.claims.AppID), ctype}]
		if x != nil && x.status != subscriptionStopped {
			list = append(list, x.wire(ctype, c.now))
		}
	}
	c.tenant.mu.RUnlock()
	writeJSON(c.w, http.StatusOK, list)
	return nil
}
