package office365

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/fault"
)

// mostAnnounced bounds an announcement's body; real ones are a few kilobytes.
const mostAnnounced = 1 << 20

// wanted is the webhook that subscriptions should have; the zero value if none is configured.
func (w Webhook) wanted(ctx context.Context, env connector.Env) (startHook, error) {
	if w.Address == "" {
		return startHook{}, nil
	}
	id, err := w.authID(ctx, env)
	return startHook{Address: w.Address, AuthID: id}, err
}

// authID is what Microsoft sends along with announcements. Unless one is configured it is derived from the client
// secret, so that nobody has to invent, store or show another one; it changes when the secret is rotated, and the
// subscriptions are renewed then.
func (w Webhook) authID(ctx context.Context, env connector.Env) (string, error) {
	if w.AuthID != "" {
		return w.AuthID, nil
	}
	key, err := env.Credential.Secret(ctx)
	if err != nil {
		return "", err
	}
	if key.Empty() {
		return "", fault.New(fault.Denied, "the credential's client secret is empty")
	}
	mac := hmac.New(sha256.New, []byte(key.Reveal()))
	_, _ = io.WriteString(mac, "headrace webhook "+w.Address) // a hash never fails
	return hex.EncodeToString(mac.Sum(nil)[:20]), nil
}

// webhook answers Microsoft's validation and announcements. An announcement only wakes the listing: what it says is
// not believed, beyond its sender's proof.
func webhook(cfg *Config, env connector.Env, wake func()) http.Handler {
	if cfg.Webhook.Address == "" || env.Credential == nil {
		return nil
	}
	return &receiver{cfg: cfg.Webhook, env: env, wake: wake}
}

type receiver struct {
	cfg    Webhook
	env    connector.Env
	wake   func()
	forged atomic.Int64

	mu    sync.Mutex
	id    string
	until time.Time // when id is derived anew
}

// ServeHTTP says 200 to what carries the right Webhook-AuthID and 403 to everything else.
func (h *receiver) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, "post announcements here", http.StatusMethodNotAllowed)
		return
	}
	want, err := h.expected(r.Context())
	if err != nil {
		h.env.Log.Error("a webhook can't be checked", "err", err.Error())
		http.Error(w, "try again later", http.StatusServiceUnavailable)
		return
	}
	if subtle.ConstantTimeCompare([]byte(r.Header.Get("Webhook-AuthID")), []byte(want)) != 1 {
		h.env.Log.Warn("a webhook without the right Webhook-AuthID was refused", "count", h.forged.Add(1), "remote", r.RemoteAddr)
		http.Error(w, "the Webhook-AuthID is not ours", http.StatusForbidden)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, mostAnnounced))
	if err != nil {
		http.Error(w, "the body is too large or was cut off", http.StatusBadRequest)
		return
	}
	if r.Header.Get("Webhook-ValidationCode") == "" {
		if !announces(body) {
			http.Error(w, "this is no announcement", http.StatusBadRequest)
			return
		}
		h.wake()
	}
	w.WriteHeader(http.StatusOK)
}

// announces tells whether a body is a list of contents, or a validation.
func announces(body []byte) bool {
	var list []struct {
		ContentType string `json:"contentType"`
	}
	var validation struct {
		Code string `json:"validationCode"`
	}
	return json.Unmarshal(body, &list) == nil || json.Unmarshal(body, &validation) == nil && validation.Code != ""
}

// expected is the authID, derived at most once a minute so that forged requests cost nothing.
func (h *receiver) expected(ctx context.Context) (string, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := h.env.Now()
	if h.id != "" && now.Before(h.until) {
		return h.id, nil
	}
	id, err := h.cfg.authID(ctx, h.env)
	if err != nil {
		return "", err
	}
	h.id, h.until = id, now.Add(time.Minute)
	return id, nil
}
