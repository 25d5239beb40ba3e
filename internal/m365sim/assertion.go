package m365sim

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// certificateKey reads an app's certificate: RSA of at least 2048 bits.
func certificateKey(text string) (*x509.Certificate, error) {
	block, _ := pem.Decode([]byte(text))
	if block == nil || block.Type != "CERTIFICATE" {
		return nil, errors.New("this is no certificate in PEM (-----BEGIN CERTIFICATE-----)")
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, err
	}
	if key, ok := cert.PublicKey.(*rsa.PublicKey); !ok || key.N.BitLen() < 2048 {
		return nil, errors.New("the certificate's key must be RSA of at least 2048 bits")
	}
	return cert, nil
}

// checkAssertion checks a signed client assertion against the app's certificates.
func (s *Simulator) checkAssertion(r *http.Request, app App, form url.Values) error {
	if form.Get("client_assertion_type") != assertionType {
		return refuse(900144, "client_assertion_type")
	}
	text, signature, _ := cutLast(form.Get("client_assertion"), '.')
	head, body, found := strings.Cut(text, ".")
	var header struct{ Alg, X5t string }
	var claims struct {
		Aud, Iss, Sub, Jti string
		Nbf, Exp           int64
	}
	sig, err := base64.RawURLEncoding.DecodeString(signature)
	if !found || err != nil || !decodePart(head, &header) || !decodePart(body, &claims) {
		return refuse(700027, "the assertion is not a signed JWT")
	}
	var named struct {
		Sum string `json:"x5t#S256"`
	}
	decodePart(head, &named)
	key := app.keyByThumbprint(header.X5t, named.Sum)
	if key == nil {
		return refuse(700027, "the key was not found among those registered for the application")
	}
	sum := sha256.Sum256([]byte(text))
	switch header.Alg {
	case "RS256":
		err = rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], sig)
	case "PS256":
		err = rsa.VerifyPSS(key, crypto.SHA256, sum[:], sig, nil)
	default:
		err = errors.New("algorithm")
	}
	if err != nil {
		return refuse(700027, "the signature doesn't match the registered key")
	}
	now := s.now()
	switch {
	case !strings.EqualFold(claims.Iss, app.ID), !strings.EqualFold(claims.Sub, app.ID):
		return refuse(700021)
	case !s.ownEndpoint(r, claims.Aud):
		return refuse(700023, claims.Aud)
	case now.Unix() >= claims.Exp, now.Add(5*time.Minute).Unix() < claims.Nbf:
		return refuse(700024, now.Format(time.RFC3339))
	}
	return nil
}

// ownEndpoint says whether an assertion's audience is the token endpoint that was asked, under any of the tenant's
// names.
func (s *Simulator) ownEndpoint(r *http.Request, audience string) bool {
	u, err := url.Parse(audience)
	if err != nil || u.Host != r.Host {
		return false
	}
	asked, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	meant, rest, _ := strings.Cut(strings.TrimPrefix(u.Path, "/"), "/")
	return s.directory(asked) == s.directory(meant) &&
		(rest == "oauth2/token" || rest == "oauth2/v2.0/token")
}

func (a App) keyByThumbprint(sum1, sum256 string) *rsa.PublicKey {
	for _, registered := range a.Certificates {
		cert, err := certificateKey(registered.PEM)
		if err != nil {
			continue // the scenario's check has refused those
		}
		print1, print256 := sha1.Sum(cert.Raw), sha256.Sum256(cert.Raw)
		if sum1 == base64.RawURLEncoding.EncodeToString(print1[:]) || sum256 == base64.RawURLEncoding.EncodeToString(print256[:]) {
			return cert.PublicKey.(*rsa.PublicKey)
		}
	}
	return nil
}

func decodePart(part string, into any) bool {
	plain, err := base64.RawURLEncoding.DecodeString(part)
	return err == nil && json.Unmarshal(plain, into) == nil
}
