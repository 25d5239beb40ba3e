package limit_test

import (
	"testing"

	"github.com/headrace/headrace/internal/limit"
)

func TestRequestsAreCountedByAnswer(t *testing.T) {
	t.Parallel()
	l := limit.New(limit.NewMemory())
	a, b := l.Scope("a", 60), l.Scope("b", 10)
	for _, status := range []int{200, 202, 429, 429, 404, 403, 503, 0} {
		a.Answered(status)
	}
	l.Scope("a", 100).Answered(200) // another allowance of the same quota
	b.Answered(200)
	all := l.Tallies()
	if len(all) != 2 || all[0] != (limit.Tally{Scope: "a", Allowed: 100, Asked: 9, Throttled: 2, Refused: 2, Failed: 2}) || all[1].Asked != 1 {
		t.Errorf("%+v", all)
	}
	before := all[0]
	a.Answered(429)
	if d := l.Tallies()[0].Since(before); d.Asked != 1 || d.Throttled != 1 || d.Refused != 0 || d.Allowed != 100 {
		t.Errorf("since: %+v", d)
	}
	before = l.Tallies()[0]
	for _, status := range []int{429, 403, 503} { // each said by the service to be too many requests
		a.Answered(status)
		a.Throttled(status)
	}
	if d := l.Tallies()[0].Since(before); d.Asked != 3 || d.Throttled != 3 || d.Refused != 0 || d.Failed != 0 {
		t.Errorf("throttled by other statuses: %+v", d)
	}
}
