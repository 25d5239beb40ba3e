package telemetry

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"
)

func TestLoggerHidesSecrets(t *testing.T) {
	t.Parallel()
	const planted = "pl4nted-S3cret~value"
	jwt := "eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9.eyJyb2xlcyI6WyJ4Il19.c2lnbmF0dXJl"
	for _, asJSON := range []bool{true, false} {
		var out bytes.Buffer
		log := Logger(Options{Out: &out, JSON: asJSON, Level: slog.LevelDebug})
		log.Info("m", "client_secret", planted, "err", errors.New("post https://u:"+planted+"@host/x?client_secret="+planted+"&b=c"))
		log.With("clientSecret", planted).WithGroup("g").Info("m", "header", "Authorization: Bearer "+jwt, "any", map[string]string{"password": planted}, "v", []string{jwt}) //nolint:sloglint // the key as a careless caller writes it
		log.Info("body "+"plain", "text", `{"access_token":"`+planted+`"}`)
		if strings.Contains(out.String(), planted) || strings.Contains(out.String(), jwt[:30]) {
			t.Errorf("a secret is in the log (JSON %v):\n%s", asJSON, out.String())
		}
		log.Info("m", "said", "hrt_abcdefghijklmnopqrstuvwxyz234567 and __Host-headrace=abcdefghijklmnopqrstuvwxyz234567; Path=/")
		if strings.Contains(out.String(), "ijklmnop") {
			t.Errorf("a token of ours is in the log (JSON %v):\n%s", asJSON, out.String())
		}
		if !strings.Contains(out.String(), "host/x") {
			t.Errorf("the rest is gone too:\n%s", out.String())
		}
	}
}
