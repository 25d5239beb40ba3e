package connector_test

import (
	"testing"
	"time"

	"github.com/headrace/headrace/internal/connector"
)

func TestDurations(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	good := map[string]struct {
		want time.Duration
		text string
	}{
		"90m": {90 * time.Minute, "1h30m"}, "7d": {7 * day, "7d"}, "-7d": {-7 * day, "-7d"}, "1d12h": {36 * time.Hour, "1d12h"},
		"0s": {0, "0s"}, "15m": {15 * time.Minute, "15m"}, "45s": {45 * time.Second, "45s"}, "24h": {day, "1d"}, "0d": {0, "0s"}, "250ms": {250 * time.Millisecond, "250ms"},
	}
	for text, c := range good {
		got, err := connector.ParseDuration(text)
		if err != nil || got != c.want {
			t.Errorf("ParseDuration(%q) = %v, %v; want %v", text, got, err, c.want)
		}
		if back := connector.Duration(got).String(); back != c.text {
			t.Errorf("%q is written back as %q, want %q", text, back, c.text)
		}
	}
	for _, text := range []string{"", "7", "d", "-", "7 d", "x", "1.5d", "--7d", "7d-1h", "+7d", "99999999d"} {
		if got, err := connector.ParseDuration(text); err == nil {
			t.Errorf("ParseDuration(%q) = %v, want an error", text, got)
		}
	}
}

func TestSizes(t *testing.T) {
	t.Parallel()
	good := map[string]connector.Size{"500": 500, "64KB": 64_000, "32MB": 32_000_000, "20GB": 20_000_000_000, "1MiB": 1 << 20, "1.5 GiB": 3 << 29, "0": 0, "7B": 7}
	for text, want := range good {
		var got connector.Size
		if err := got.UnmarshalText([]byte(text)); err != nil || got != want {
			t.Errorf("size %q = %d, %v; want %d", text, got, err, want)
		}
		var again connector.Size
		if err := again.UnmarshalText([]byte(got.String())); err != nil || again != got {
			t.Errorf("%q is written as %q, which reads as %d", text, got.String(), again)
		}
	}
	for _, text := range []string{"", "GB", "-1", "1XB", "NaN", "1e300GB"} {
		var got connector.Size
		if err := got.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("size %q = %d, want an error", text, got)
		}
	}
}
