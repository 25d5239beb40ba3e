package office365

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/microsoft"
)

const (
	// startPause is what the service wants between two starts of one subscription.
	startPause = 15 * time.Minute
	// checkEvery is how often the subscriptions are looked at while nothing says that they are not in order.
	checkEvery = 10 * time.Minute
)

// subscriptions lists what is subscribed, by the API's spelling of the content type.
func (a *api) subscriptions(ctx context.Context) (map[string]subscription, error) {
	var list []subscription
	if err := a.listSubscriptions(ctx, &list); err != nil {
		return nil, err
	}
	found := make(map[string]subscription, len(list))
	for _, s := range list {
		if name := canonicalType(s.ContentType); name != "" {
			found[name] = s
		}
	}
	return found, nil
}

func (a *api) listSubscriptions(ctx context.Context, list any) error {
	address, err := a.address(ctx, "/subscriptions/list", nil)
	if err != nil {
		return err
	}
	_, err = a.ask(ctx, microsoft.Request{URL: address}, list)
	return err
}

// on tells whether the subscription delivers. The service has been seen to leave the status out.
func (s subscription) on() bool { return s.Status == "" || strings.EqualFold(s.Status, "enabled") }

// announces tells whether the subscription's webhook is the wanted one and works. No address wanted: any will do.
func (s subscription) announces(want startHook) bool {
	if want.Address == "" {
		return true
	}
	h := s.Webhook
	return h != nil && h.Address == want.Address && h.AuthID == want.AuthID && (h.Status == "" || strings.EqualFold(h.Status, "enabled"))
}

// start starts or revives a subscription. One that runs already is fine.
func (a *api) start(ctx context.Context, contentType string, hook startHook) (json.RawMessage, error) {
	var body []byte
	if hook.Address != "" {
		var err error
		if body, err = json.Marshal(startBody{hook}); err != nil {
			return nil, fault.New(fault.Internal, "start subscription %s: %w", contentType, err)
		}
	}
	address, err := a.address(ctx, "/subscriptions/start", url.Values{"contentType": {contentType}})
	if err != nil {
		return nil, err
	}
	var answer json.RawMessage
	_, err = a.ask(ctx, microsoft.Request{Method: http.MethodPost, URL: address, Body: body}, &answer)
	if codeOf(err) == "AF20024" {
		return json.RawMessage(`{"contentType":` + quoted(contentType) + `,"status":"enabled","changed":false}`), nil
	}
	if err != nil {
		return nil, err
	}
	return answer, nil
}

// stop stops a subscription. Only a person asks for it: what is produced until the next start can never be read.
func (a *api) stop(ctx context.Context, contentType string) error {
	address, err := a.address(ctx, "/subscriptions/stop", url.Values{"contentType": {contentType}})
	if err != nil {
		return err
	}
	resp, err := a.do(ctx, microsoft.Request{Method: http.MethodPost, URL: address})
	if err != nil {
		return err
	}
	return resp.Body.Close()
}

func quoted(text string) string {
	b, err := json.Marshal(text)
	if err != nil { // a string always encodes
		return `""`
	}
	return string(b)
}

// subscribe sees that every content type is subscribed and gives those that can't be listed, with the reason. It does
// nothing while a recent look found everything in order.
func (s *source) subscribe(ctx context.Context, c *cursor) (map[string]error, error) {
	now := s.env.Now()
	if _, known := s.api.client.Skew(); known && now.Sub(c.Checked).Abs() < checkEvery {
		return nil, nil
	}
	have, err := s.api.subscriptions(ctx)
	if err != nil {
		return nil, err
	}
	hook, err := s.cfg.Webhook.wanted(ctx, s.env)
	if err != nil {
		return nil, err
	}
	failed := map[string]error{}
	for _, name := range s.cfg.streams() {
		if sub, ok := have[name]; ok && sub.on() && sub.announces(hook) {
			continue
		}
		if err := s.revive(ctx, c, name, have[name], hook); err != nil {
			if f, ok := fault.As(err); ok && (f.Code == "audit_log_off" || f.Class == fault.Canceled) {
				return nil, err
			}
			failed[name] = err
		}
	}
	if len(failed) == 0 {
		c.Checked = now
	}
	return failed, nil
}

// revive starts a subscription that is missing, disabled or announces to the wrong place. A webhook that the service
// refuses doesn't keep us from collecting.
func (s *source) revive(ctx context.Context, c *cursor, name string, have subscription, hook startHook) error {
	on := have.ContentType != "" && have.on()
	if !s.cfg.StartSubscriptions {
		if on {
			return nil
		}
		return (&fault.Error{Class: fault.Denied, Code: "subscription_missing", Title: "There is no subscription for " + name}).
			WithHint("startSubscriptions is off. Start it with: headrace subscription start")
	}
	place := c.Streams[name]
	if place == nil {
		place = &stream{}
		c.Streams[name] = place
	}
	now := s.api.client.Now()
	if now.Sub(place.Started).Abs() < startPause {
		if on {
			return nil
		}
		return (&fault.Error{Class: fault.Unavailable, Code: "subscription_starting", Title: "The subscription for " + name + " was started but does not run yet", RetryAt: s.env.Now().Add(startPause)}).
			WithHint("The service wants 15 minutes between two starts. It is looked at again by itself.")
	}
	_, err := s.api.start(ctx, name, hook)
	if codeOf(err) == "AF20021" {
		s.env.Log.Warn("the service refused the webhook; collecting goes on without announcements", "stream", name, "err", err.Error())
		if on {
			return nil
		}
		_, err = s.api.start(ctx, name, startHook{})
	}
	if err == nil || fault.ClassOf(err) == fault.Throttled { // the service counts the pause from what it accepted
		place.Started = now
	}
	if err != nil {
		return startFault(err)
	}
	s.env.Log.Info("subscription started", "stream", name)
	return nil
}

// startFault: a refused start is the subscription's own trouble, even where the service says "too many requests": it
// wants 15 minutes between two starts of one. The tenant's other content types go on.
func startFault(err error) error {
	f, ok := fault.As(err)
	if !ok || f.Class != fault.Throttled {
		return err
	}
	e := *f
	e.Class = fault.Unavailable
	return &e
}
