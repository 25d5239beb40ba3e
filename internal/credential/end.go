package credential

import "time"

// warned are how long before its end a secret is spoken of in the log. Its tile, the overview and `headrace status` speak of it
// all the time from Soon on.
var warned = []time.Duration{Soon, 14 * 24 * time.Hour, 7 * 24 * time.Hour, 24 * time.Hour, 0}

// Due tells whether the log is to speak of a secret that ends then: one of the days on which it is spoken of came after last,
// when it was looked at before (zero: never), and not after now.
func Due(ends, last, now time.Time) bool {
	for _, before := range warned {
		if at := ends.Add(-before); at.After(last) && !at.After(now) {
			return true
		}
	}
	return false
}
