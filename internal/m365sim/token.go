package m365sim

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"sync"
	"time"
)

// A signer signs access tokens with RS256 and knows its own signature.
type signer struct {
	key *rsa.PrivateKey
	id  string
}

// sharedSigner makes the key once for the process: it is slow to make and protects nothing.
var sharedSigner = sync.OnceValues(func() (*signer, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, fmt.Errorf("make token key: %w", err)
	}
	print := sha1.Sum(key.N.Bytes())
	return &signer{key: key, id: base64.RawURLEncoding.EncodeToString(print[:])}, nil
})

// claims are what an app-only access token says.
type claims struct {
	Audience  string   `json:"aud"`
	Issuer    string   `json:"iss"`
	IssuedAt  int64    `json:"iat"`
	NotBefore int64    `json:"nbf"`
	Expires   int64    `json:"exp"`
	AppID     string   `json:"appid"`
	AppName   string   `json:"app_displayname"`
	Kind      string   `json:"idtyp"`    // app: no user
	AppAuth   string   `json:"appidacr"` // 1 secret, 2 certificate
	Provider  string   `json:"idp"`
	Object    string   `json:"oid"`
	Roles     []string `json:"roles,omitempty"`
	Subject   string   `json:"sub"`
	Tenant    string   `json:"tid"`
	ID        string   `json:"uti"`
	Version   string   `json:"ver"`
}

func (k *signer) sign(c claims) (string, error) {
	header, err := json.Marshal(map[string]string{"typ": "JWT", "alg": "RS256", "x5t": k.id, "kid": k.id})
	if err != nil {
		return "", fmt.Errorf("encode token header: %w", err)
	}
	body, err := json.Marshal(c)
	if err != nil {
		return "", fmt.Errorf("encode token: %w", err)
	}
	encode := base64.RawURLEncoding.EncodeToString
	text := encode(header) + "." + encode(body)
	sum := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(rand.Reader, k.key, crypto.SHA256, sum[:])
	if err != nil {
		return "", fmt.Errorf("sign token: %w", err)
	}
	return text + "." + encode(signature), nil
}

var errToken = errors.New("not a token of this simulator")

// open checks a token's signature and gives its claims. Whether they are good enough is the caller's to say.
func (k *signer) open(token string) (*claims, error) {
	text, signature, found := cutLast(token, '.')
	_, body, twice := strings.Cut(text, ".")
	if !found || !twice {
		return nil, errToken
	}
	sig, err := base64.RawURLEncoding.DecodeString(signature)
	if err != nil {
		return nil, errToken
	}
	sum := sha256.Sum256([]byte(text))
	if rsa.VerifyPKCS1v15(&k.key.PublicKey, crypto.SHA256, sum[:], sig) != nil {
		return nil, errToken
	}
	plain, err := base64.RawURLEncoding.DecodeString(body)
	if err != nil {
		return nil, errToken
	}
	var c claims
	if err := json.Unmarshal(plain, &c); err != nil {
		return nil, errToken
	}
	return &c, nil
}

func cutLast(text string, sep byte) (before, after string, found bool) {
	i := strings.LastIndexByte(text, sep)
	if i < 0 {
		return text, "", false
	}
	return text[:i], text[i+1:], true
}

// jwks is the key set that is served at discovery/v2.0/keys.
func (k *signer) jwks() map[string]any {
	return map[string]any{"keys": []map[string]any{{
		"kty": "RSA", "use": "sig", "kid": k.id, "x5t": k.id,
		"n": base64.RawURLEncoding.EncodeToString(k.key.N.Bytes()),
		"e": base64.RawURLEncoding.EncodeToString(big.NewInt(int64(k.key.E)).Bytes()),
	}}}
}

// A tokenCache remembers tokens whose signature was right, since clients send the same one thousands of times.
type tokenCache struct {
	mu     sync.RWMutex
	opened map[string]*claims
}

const tokenCacheSize = 20_000

func (c *tokenCache) open(k *signer, token string) (*claims, error) {
	c.mu.RLock()
	known := c.opened[token]
	c.mu.RUnlock()
	if known != nil {
		return known, nil
	}
	opened, err := k.open(token)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.opened == nil || len(c.opened) >= tokenCacheSize {
		c.opened = map[string]*claims{}
	}
	c.opened[token] = opened
	return opened, nil
}

// issue makes a token for an app as Entra does: not valid before five minutes ago, valid a little longer than
// expires_in says, its version 1.0 whatever endpoint was asked.
func (s *Simulator) issue(t *tenant, app App, audience string, roles []string, auth string) (string, time.Time, error) {
	now := s.now()
	expires := now.Add(time.Duration(s.scenario.TokenLifetime))
	seed := mix(mixText(t.seed, "principal "+app.ID), 0)
	issuer := "https://sts.windows.net/" + t.ID + "/"
	token, err := s.signer.sign(claims{
		Audience: audience, Issuer: issuer, Provider: issuer, Tenant: t.ID, Version: "1.0",
		IssuedAt: now.Add(-5 * time.Minute).Unix(), NotBefore: now.Add(-5 * time.Minute).Unix(), Expires: expires.Unix(),
		AppID: app.ID, AppName: app.Name, Kind: "app", AppAuth: auth, Object: guid(seed), Subject: guid(seed), Roles: roles,
		ID: guid(mix(seed, uint64(now.UnixNano()))),
	})
	return token, expires, err
}
