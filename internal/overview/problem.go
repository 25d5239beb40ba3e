package overview

import (
	"cmp"
	"slices"
	"time"
)

// How bad a problem is.
const (
	Trouble   = "trouble"   // data is late, at risk or lost
	Attention = "attention" // it will be, unless somebody acts
	Notice    = "notice"    // somebody stopped it
)

// A Problem is something that a person should do something about.
type Problem struct {
	Code     string    `json:"code"`     // secret_expiring, permission_missing, source_denied, …: for programs
	Severity string    `json:"severity"` // trouble, attention, notice
	Title    string    `json:"title"`
	Detail   string    `json:"detail,omitempty"`
	Hint     string    `json:"hint,omitempty"` // what to do about it
	Tenant   string    `json:"tenant,omitempty"`
	Kind     string    `json:"kind,omitempty"` // of what it is about: credential, source, destination, flow, run
	Name     string    `json:"name,omitempty"`
	Count    int64     `json:"count,omitempty"`
	Since    time.Time `json:"since,omitzero"`
	Until    time.Time `json:"until,omitzero"` // when it is too late: the secret ends, the source forgets
	Action   Action    `json:"action"`

	flow int64 // the flow that it is about; 0: none
}

// An Action is the one thing to do first.
type Action struct {
	Verb  string `json:"verb"`  // rotate, test, grant, review, retry, approve, resume, look, backfill
	Label string `json:"label"` // as a button says it
	Kind  string `json:"kind"`  // what to do it with
	Name  string `json:"name"`
}

// found are the problems, and the flows that have some.
type found struct {
	all   []Problem
	flows []int64 // in the order of the problems
	more  int64   // problems of which only the number is known
}

func (f *found) add(p Problem) { f.all = append(f.all, p) }

const mostProblems = 50

// severity is the order in which problems without an end are told.
var severity = map[string]int{Trouble: 0, Attention: 1, Notice: 2}

// sorted gives the problems by time left, those that have no end after those that have, and how many are left out.
func (f *found) sorted() ([]Problem, int64) {
	slices.SortStableFunc(f.all, func(a, b Problem) int {
		switch {
		case (a.Severity == Notice) != (b.Severity == Notice):
			return cmp.Compare(severity[a.Severity], severity[b.Severity])
		case a.Until.IsZero() != b.Until.IsZero():
			if a.Until.IsZero() {
				return 1
			}
			return -1
		case !a.Until.Equal(b.Until):
			return a.Until.Compare(b.Until)
		}
		return cmp.Or(cmp.Compare(severity[a.Severity], severity[b.Severity]), cmp.Compare(b.Count, a.Count), cmp.Compare(a.Name, b.Name))
	})
	seen := map[int64]bool{}
	for _, p := range f.all {
		if p.flow != 0 && !seen[p.flow] {
			seen[p.flow] = true
			f.flows = append(f.flows, p.flow)
		}
	}
	if len(f.all) <= mostProblems {
		return append([]Problem{}, f.all...), f.more
	}
	return f.all[:mostProblems], f.more + int64(len(f.all)-mostProblems)
}
