package signin_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// An op is an OpenID provider on loopback that is as strict as the specifications allow: exact redirect addresses, PKCE by S256 only,
// a code is good once, for its client, with its secret. The person is signed in there already.
type op struct {
	t      *testing.T
	server *httptest.Server
	signer jose.Signer
	keys   jose.JSONWebKeySet

	mu       sync.Mutex
	redirect string // the only one that is registered
	claims   map[string]any
	codes    map[string]url.Values // the authorization request that each code is for
	refuse   string                // an error instead of a code
	broken   func(claims map[string]any)
	asked    int // at the token endpoint
}

const (
	clientID     = "headrace"
	clientSecret = "cl1ent-s3cret~of-the-registration"
)

func newOP(t *testing.T) *op {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: key, KeyID: "k1"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	o := &op{t: t, signer: signer, codes: map[string]url.Values{}, keys: jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: &key.PublicKey, KeyID: "k1", Algorithm: "ES256", Use: "sig"}}}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", o.discovery)
	mux.HandleFunc("GET /keys", func(w http.ResponseWriter, _ *http.Request) { o.json(w, 200, o.keys) })
	mux.HandleFunc("GET /authorize", o.authorize)
	mux.HandleFunc("POST /token", o.token)
	o.server = httptest.NewTLSServer(mux)
	t.Cleanup(o.server.Close)
	return o
}

func (o *op) json(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

func (o *op) discovery(w http.ResponseWriter, _ *http.Request) {
	u := o.server.URL
	o.json(w, 200, map[string]any{"issuer": u, "authorization_endpoint": u + "/authorize", "token_endpoint": u + "/token", "jwks_uri": u + "/keys",
		"response_types_supported": []string{"code"}, "subject_types_supported": []string{"public"}, "id_token_signing_alg_values_supported": []string{"ES256"},
		"code_challenge_methods_supported": []string{"S256"}, "token_endpoint_auth_methods_supported": []string{"client_secret_basic"}})
}

// authorize sends the browser back with a code.
func (o *op) authorize(w http.ResponseWriter, r *http.Request) {
	o.mu.Lock()
	defer o.mu.Unlock()
	q := r.URL.Query()
	switch {
	case q.Get("client_id") != clientID, q.Get("redirect_uri") != o.redirect:
		http.Error(w, "unknown client or redirect_uri "+q.Get("redirect_uri"), http.StatusBadRequest)
		return
	case q.Get("response_type") != "code", !strings.Contains(" "+q.Get("scope")+" ", " openid "), q.Get("state") == "", q.Get("nonce") == "", q.Get("code_challenge") == "", q.Get("code_challenge_method") != "S256":
		http.Error(w, "the request lacks what it must have", http.StatusBadRequest)
		return
	}
	back := url.Values{"state": {q.Get("state")}}
	if o.refuse != "" {
		back.Set("error", o.refuse)
		back.Set("error_description", "not you <script>alert(1)</script>")
	} else {
		code := rand.Text()
		o.codes[code] = q
		back.Set("code", code)
	}
	http.Redirect(w, r, o.redirect+"?"+back.Encode(), http.StatusFound)
}

// token gives an ID token for a code.
func (o *op) token(w http.ResponseWriter, r *http.Request) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.asked++
	id, password, ok := r.BasicAuth()
	if !ok || id != clientID || password != url.QueryEscape(clientSecret) && password != clientSecret {
		o.json(w, 401, map[string]string{"error": "invalid_client"})
		return
	}
	asked, known := o.codes[r.FormValue("code")]
	delete(o.codes, r.FormValue("code"))
	sum := sha256.Sum256([]byte(r.FormValue("code_verifier")))
	if !known || r.FormValue("grant_type") != "authorization_code" || r.FormValue("redirect_uri") != asked.Get("redirect_uri") || base64.RawURLEncoding.EncodeToString(sum[:]) != asked.Get("code_challenge") {
		o.json(w, 400, map[string]string{"error": "invalid_grant"})
		return
	}
	claims := map[string]any{"iss": o.server.URL, "aud": clientID, "iat": time.Now().Unix(), "exp": time.Now().Add(5 * time.Minute).Unix(), "nonce": asked.Get("nonce")}
	maps.Copy(claims, o.claims)
	if o.broken != nil {
		o.broken(claims)
	}
	raw, err := json.Marshal(claims)
	if err != nil {
		o.t.Error(err)
	}
	signed, err := o.signer.Sign(raw)
	if err != nil {
		o.t.Error(err)
		return
	}
	text, err := signed.CompactSerialize()
	if err != nil {
		o.t.Error(err)
	}
	o.json(w, 200, map[string]any{"access_token": rand.Text(), "token_type": "Bearer", "expires_in": 300, "id_token": text})
}

// person says who is signed in at the provider.
func (o *op) person(claims map[string]any) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.claims, o.refuse, o.broken = claims, "", nil
}
