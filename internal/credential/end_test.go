package credential_test

import (
	"slices"
	"testing"
	"time"

	"github.com/headrace/headrace/internal/credential"
)

func TestTheLogSpeaksOfAnEndOnItsDays(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	ends := time.Date(2027, 6, 14, 0, 0, 0, 0, time.UTC)
	var left []int // days, each time that it is spoken of
	last := ends.Add(-40 * day)
	for now := last; now.Before(ends.Add(3 * day)); now = now.Add(time.Hour) {
		if credential.Due(ends, last, now) {
			left = append(left, int(ends.Sub(now)/day))
		}
		last = now
	}
	if want := []int{30, 14, 7, 1, 0}; !slices.Equal(left, want) {
		t.Errorf("spoken of with so many days left: %v, want %v", left, want)
	}
	for days, want := range map[int]bool{40: false, 29: true, 1: true, -100: true} {
		if got := credential.Due(ends, time.Time{}, ends.Add(-time.Duration(days)*day)); got != want {
			t.Errorf("at the first look, %d days before: %t, want %t", days, got, want)
		}
	}
}
