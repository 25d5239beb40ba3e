// Package buckettest serves S3 on loopback for tests: a real server that speaks the protocol (gofakes3), with a place to
// put trouble in between.
package buckettest

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
)

// Bucket is the name of the bucket that is there.
const Bucket = "contoso-docs"

// Environment sets what Amazon's client takes from the environment, for a whole test binary (TestMain): keys, and neither
// files of the person who runs the tests nor a machine's role.
func Environment() error {
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_EC2_METADATA_DISABLED": "true",
		"AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
	} {
		if err := os.Setenv(name, value); err != nil {
			return err
		}
	}
	return nil
}

// S3 is a server with one bucket.
type S3 struct {
	t       testing.TB
	server  *httptest.Server
	backend *s3mem.Backend

	mu      sync.Mutex
	trouble func(w http.ResponseWriter, r *http.Request) bool
}

// NewS3 starts a server with objects in its bucket.
func NewS3(t testing.TB, objects map[string]string) *S3 {
	t.Helper()
	s := &S3{t: t, backend: s3mem.New()}
	plain := gofakes3.New(s.backend, gofakes3.WithTimeSkewLimit(0)).Server()
	s.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		trouble := s.trouble
		s.mu.Unlock()
		if trouble == nil || !trouble(w, r) {
			plain.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(s.server.Close)
	if err := s.backend.CreateBucket(Bucket); err != nil {
		t.Fatal(err)
	}
	for key, text := range objects {
		s.Put(key, text)
	}
	return s
}

// Put stores an object.
func (s *S3) Put(key, text string) {
	s.t.Helper()
	if _, err := s.backend.PutObject(Bucket, key, map[string]string{}, strings.NewReader(text), int64(len(text)), nil); err != nil {
		s.t.Fatal(err)
	}
}

// Delete removes an object.
func (s *S3) Delete(key string) {
	s.t.Helper()
	if _, err := s.backend.DeleteObject(Bucket, key); err != nil {
		s.t.Fatal(err)
	}
}

// Trouble is asked before each request: true if it answered. nil: none.
func (s *S3) Trouble(t func(w http.ResponseWriter, r *http.Request) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.trouble = t
}

// Address is the bucket's, or that of something in it.
func (s *S3) Address(path string) string {
	return "s3://" + Bucket + "/" + path + "?region=us-east-1&use_path_style=true&endpoint=" + url.QueryEscape(s.server.URL)
}

// Refuse answers in S3's words.
func Refuse(w http.ResponseWriter, status int, code, text string) {
	w.Header().Set("Content-Type", "application/xml")
	w.Header().Set("X-Amz-Request-Id", "REQ1")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(`<?xml version="1.0" encoding="UTF-8"?><Error><Code>` + code + `</Code><Message>` + text + `</Message></Error>`))
}
