package dataset

import (
	"encoding/json"
	"math"
	"time"
)

// An Inferred is the shape of some records, for people.
type Inferred struct {
	Records int64       `json:"records"`       // that were looked at
	Cut     bool        `json:"cut,omitempty"` // there are more fields than are told
	Fields  []FieldView `json:"fields"`
}

// A FieldView is one field of a data set.
type FieldView struct {
	Path    string    `json:"path"` // as jq writes it
	Types   []string  `json:"types"`
	Present float64   `json:"present_percent"`   // of the records that were looked at
	Example string    `json:"example,omitempty"` // what tells of a person is taken out
	First   time.Time `json:"first_seen,omitzero"`
	Last    time.Time `json:"last_seen,omitzero"`
	Changed time.Time `json:"type_changed,omitzero"` // when it was first seen with another type
}

// Infer gives the shape of records; what is no JSON is left out.
func Infer(bodies []json.RawMessage) Inferred {
	s := NewShape()
	for _, b := range bodies {
		s.Add(b)
	}
	out := Inferred{Records: s.Records, Cut: s.Cut, Fields: []FieldView{}}
	for _, f := range s.Fields() {
		out.Fields = append(out.Fields, FieldView{Path: f.Path, Types: TypeNames(f.Types), Present: percent(f.Present, s.Records), Example: f.Example})
	}
	return out
}

// percent is a part of a whole with one digit after the point, never rounded up to all or down to nothing.
func percent(part, whole int64) float64 {
	switch {
	case whole <= 0 || part <= 0:
		return 0
	case part >= whole:
		return 100
	}
	return min(99.9, max(0.1, math.Round(float64(part)/float64(whole)*1000)/10))
}
