// Package hashicorptest is a HashiCorp Vault for tests: transit and KV version 2 over real HTTP, with its usual refusals.
package hashicorptest

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// Token is the one token that is let in.
const Token = "hvs.planted-token" //nolint:gosec // a test's

// A Server is a Vault. Its fields may be changed between calls under Lock.
type Server struct {
	*httptest.Server
	sync.Mutex
	Sealed bool                      // answers 503
	Denied bool                      // answers 403 though the token is right
	Hangs  bool                      // does not answer until the caller goes away
	Answer string                    // answers this, whatever was asked
	KV     map[string]map[string]any // secrets of the engine "secret", by path
	Calls  int

	keys map[string]cipher.AEAD
}

// Start starts one; it ends with the test.
func Start(t testing.TB) *Server {
	t.Helper()
	s := &Server{KV: map[string]map[string]any{}, keys: map[string]cipher.AEAD{}}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

// Getenv is an environment that leads here.
func (s *Server) Getenv(name string) string {
	return map[string]string{"VAULT_ADDR": s.URL, "VAULT_TOKEN": Token}[name]
}

// Forget deletes a transit key; the next encryption makes another of the same name.
func (s *Server) Forget(key string) {
	s.Lock()
	defer s.Unlock()
	delete(s.keys, key)
}

// ServeHTTP answers as Vault does.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(io.LimitReader(r.Body, 1<<20)) // read to its end, so that a caller who goes away is noticed
	s.Lock()
	defer s.Unlock()
	s.Calls++
	switch {
	case s.Hangs:
		s.Unlock()
		<-r.Context().Done()
		s.Lock()
	case s.Answer != "":
		_, _ = io.WriteString(w, s.Answer)
	case s.Sealed:
		refuse(w, http.StatusServiceUnavailable, "Vault is sealed")
	case s.Denied || r.Header.Get("X-Vault-Token") != Token:
		refuse(w, http.StatusForbidden, "permission denied")
	default:
		s.route(w, strings.TrimPrefix(r.URL.Path, "/v1/"), body)
	}
}

func (s *Server) route(w http.ResponseWriter, path string, body []byte) {
	var in struct{ Plaintext, Ciphertext string }
	_ = json.Unmarshal(body, &in)
	if key, ok := strings.CutPrefix(path, "transit/encrypt/"); ok {
		plain, err := base64.StdEncoding.DecodeString(in.Plaintext)
		if err != nil {
			refuse(w, http.StatusBadRequest, "failed to base64-decode plaintext")
			return
		}
		reply(w, map[string]any{"ciphertext": s.encrypt(key, plain)})
		return
	}
	if key, ok := strings.CutPrefix(path, "transit/decrypt/"); ok {
		plain, problem := s.decrypt(key, in.Ciphertext)
		if problem != "" {
			refuse(w, http.StatusBadRequest, problem)
			return
		}
		reply(w, map[string]any{"plaintext": base64.StdEncoding.EncodeToString(plain)})
		return
	}
	if name, ok := strings.CutPrefix(path, "secret/data/"); ok {
		if data, ok := s.KV[name]; ok {
			reply(w, map[string]any{"data": data, "metadata": map[string]any{"version": 1}})
			return
		}
		refuse(w, http.StatusNotFound)
		return
	}
	refuse(w, http.StatusNotFound, "no handler for route \""+path+"\". route entry not found.")
}

func (s *Server) encrypt(key string, plain []byte) string {
	if s.keys[key] == nil {
		raw := make([]byte, 32)
		_, _ = rand.Read(raw)
		block, _ := aes.NewCipher(raw)
		s.keys[key], _ = cipher.NewGCMWithRandomNonce(block)
	}
	return "vault:v1:" + base64.StdEncoding.EncodeToString(s.keys[key].Seal(nil, nil, plain, nil))
}

func (s *Server) decrypt(key, text string) (plain []byte, problem string) {
	if s.keys[key] == nil {
		return nil, "encryption key not found"
	}
	raw, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(text, "vault:v1:"))
	if err != nil {
		return nil, "invalid ciphertext: could not decode base64"
	}
	plain, err = s.keys[key].Open(nil, nil, raw, nil)
	if err != nil {
		return nil, "cipher: message authentication failed"
	}
	return plain, ""
}

func reply(w http.ResponseWriter, data map[string]any) {
	_ = json.NewEncoder(w).Encode(map[string]any{"request_id": "r", "data": data})
}

func refuse(w http.ResponseWriter, status int, errors ...string) {
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"errors": append([]string{}, errors...)})
}
