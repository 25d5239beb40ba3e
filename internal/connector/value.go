package connector

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// A Duration is written 90s, 15m, 24h, 7d, also in sums (1d12h) and negative (-7d: seven days ago).
type Duration time.Duration

// UnmarshalText reads a duration.
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := ParseDuration(string(text))
	if err != nil {
		return err
	}
	*d = Duration(v)
	return nil
}

// MarshalText writes the duration as it would be typed.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// Std gives the standard library's value.
func (d Duration) Std() time.Duration { return time.Duration(d) }

// String writes whole days as d and drops empty units: 7d, 1h30m, 15m.
func (d Duration) String() string {
	v := time.Duration(d)
	if v == 0 {
		return "0s"
	}
	sign := ""
	if v < 0 {
		sign, v = "-", -v
	}
	const day = 24 * time.Hour
	var b strings.Builder
	b.WriteString(sign)
	if v >= day {
		fmt.Fprintf(&b, "%dd", v/day)
		v %= day
	}
	if v > 0 {
		text := v.String()
		if strings.HasSuffix(text, "m0s") {
			text = strings.TrimSuffix(text, "0s")
		}
		if strings.HasSuffix(text, "h0m") {
			text = strings.TrimSuffix(text, "0m")
		}
		b.WriteString(text)
	}
	return b.String()
}

// ParseDuration reads what UnmarshalText reads.
func ParseDuration(text string) (time.Duration, error) {
	rest, negative := strings.CutPrefix(text, "-")
	var total time.Duration
	if days, tail, found := strings.Cut(rest, "d"); found {
		n, err := strconv.ParseUint(days, 10, 32)
		if err != nil || n > 100*365 {
			return 0, fmt.Errorf("%q is not a duration; write it like 90s, 15m, 24h or 7d", text)
		}
		total, rest = time.Duration(n)*24*time.Hour, tail
	}
	if rest != "" {
		v, err := time.ParseDuration(rest)
		if err != nil || v < 0 || strings.ContainsAny(rest[:1], "+-") {
			return 0, fmt.Errorf("%q is not a duration; write it like 90s, 15m, 24h or 7d", text)
		}
		total += v
	} else if total == 0 && !strings.HasSuffix(text, "d") {
		return 0, fmt.Errorf("%q is not a duration; write it like 90s, 15m, 24h or 7d", text)
	}
	if negative {
		total = -total
	}
	return total, nil
}

// A Size is a number of bytes, written 500, 64KB, 100MB, 20GB, 1TB (powers of 1,000) or 64KiB, 100MiB, 20GiB (of 1,024).
type Size int64

var sizeUnits = []struct {
	name  string
	bytes int64
}{
	{"TiB", 1 << 40}, {"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10},
	{"TB", 1e12}, {"GB", 1e9}, {"MB", 1e6}, {"KB", 1e3}, {"B", 1},
}

// UnmarshalText reads a size.
func (s *Size) UnmarshalText(text []byte) error {
	number, unit := strings.TrimSpace(string(text)), int64(1)
	for _, u := range sizeUnits {
		if head, found := strings.CutSuffix(number, u.name); found {
			number, unit = strings.TrimSpace(head), u.bytes
			break
		}
	}
	v, err := strconv.ParseFloat(number, 64)
	if err != nil || !(v >= 0 && v*float64(unit) <= 1<<62) {
		return fmt.Errorf("%q is not a size; write it like 500KB, 32MB or 20GB", text)
	}
	*s = Size(v * float64(unit))
	return nil
}

// MarshalText writes the size as it would be typed.
func (s Size) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// String uses the unit that gives the smallest whole number.
func (s Size) String() string {
	best := sizeUnits[len(sizeUnits)-1]
	for _, u := range sizeUnits {
		if s != 0 && int64(s)%u.bytes == 0 && u.bytes > best.bytes {
			best = u
		}
	}
	if best.bytes == 1 {
		return strconv.FormatInt(int64(s), 10)
	}
	return strconv.FormatInt(int64(s)/best.bytes, 10) + best.name
}
