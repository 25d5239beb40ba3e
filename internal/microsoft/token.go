package microsoft

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"
)

// Claims are what a token says of itself. They are read here, unverified, for people to see; the API decides by its
// own reading.
type Claims struct {
	Audience string
	TenantID string
	ClientID string
	Roles    []string // the application permissions that an admin has granted
	Expires  time.Time
}

// Has tells whether the token carries a permission.
func (c Claims) Has(permission string) bool {
	return slices.ContainsFunc(c.Roles, func(r string) bool { return strings.EqualFold(r, permission) })
}

var errNoClaims = errors.New("the token is not a JSON web token, so its permissions can't be read")

func readClaims(token string) (Claims, error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return Claims{}, errNoClaims
	}
	payload, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[1], "="))
	if err != nil {
		return Claims{}, errNoClaims
	}
	var raw struct {
		Audience string   `json:"aud"`
		Tenant   string   `json:"tid"`
		App      string   `json:"appid"`
		Azp      string   `json:"azp"` // version 2 tokens
		Roles    []string `json:"roles"`
		Expires  float64  `json:"exp"`
	}
	if json.Unmarshal(payload, &raw) != nil {
		return Claims{}, errNoClaims
	}
	if raw.App == "" {
		raw.App = raw.Azp
	}
	return Claims{Audience: raw.Audience, TenantID: raw.Tenant, ClientID: raw.App, Roles: raw.Roles, Expires: time.Unix(int64(raw.Expires), 0).UTC()}, nil
}
