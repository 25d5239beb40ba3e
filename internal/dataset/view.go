package dataset

import (
	"encoding/json"
	"math"
	"time"
)

// A View is a data set as doors show it: what a source yields. It has the source's name.
type View struct {
	ID          string       `json:"id"` // the source's
	Name        string       `json:"name"`
	Description string       `json:"description,omitempty"`
	Connector   string       `json:"connector"`
	Credential  string       `json:"credential,omitempty"`
	Tenant      string       `json:"tenant,omitempty"`
	Kept        string       `json:"kept"`    // what is kept of records: redacted, whole, schema (no records), off
	Records     int64        `json:"records"` // that were looked at
	First       time.Time    `json:"first,omitzero"`
	Last        time.Time    `json:"last,omitzero"`      // the times of the oldest and the newest of them
	Looked      time.Time    `json:"looked_at,omitzero"` // when the last one was
	Streams     []StreamView `json:"streams"`
	Changes     int64        `json:"changes"`          // of the schema, in the last seven days
	Fields      int          `json:"fields,omitempty"` // of all streams; not told in lists
	UsedBy      []FlowView   `json:"used_by"`          // in lists only the names of the first few
	Uses        int          `json:"uses"`
}

// A StreamView is one stream of it.
type StreamView struct {
	Stream   string    `json:"stream"`
	Records  int64     `json:"records"` // that were looked at
	Fields   int64     `json:"fields"`
	First    time.Time `json:"first,omitzero"`
	Last     time.Time `json:"last,omitzero"`
	Looked   time.Time `json:"looked_at,omitzero"`
	Learning bool      `json:"learning"` // too little was seen to call anything new
}

// A FlowView is who uses a data set, and what it makes of it.
type FlowView struct {
	Name        string `json:"name"`
	Destination string `json:"destination,omitempty"`
	Mode        string `json:"mode,omitempty"`
	Steps       int    `json:"transform_steps,omitempty"`
	Paused      bool   `json:"paused,omitempty"`
}

// A SampleView is a record that is kept for looking at.
type SampleView struct {
	Key    string          `json:"key,omitempty"`
	Time   time.Time       `json:"time,omitzero"` // the record's own
	Stream string          `json:"stream"`
	Looked time.Time       `json:"looked_at"`     // when it went by
	Cut    bool            `json:"cut,omitempty"` // long texts in it were shortened
	Whole  bool            `json:"whole"`         // it may tell of people
	Body   json.RawMessage `json:"body"`
}

// A Schema is the fields of a data set, or of one of its streams.
type Schema struct {
	Stream  string      `json:"stream,omitempty"` // "": all
	Records int64       `json:"records"`          // that were looked at
	Cut     bool        `json:"cut,omitempty"`    // there are more fields than are told
	Fields  []FieldView `json:"fields"`
}

// A ChangeView is something new about what records look like.
type ChangeView struct {
	Kind     string    `json:"kind"` // new, types, gone, back
	Path     string    `json:"path"`
	Stream   string    `json:"stream"`
	Since    time.Time `json:"since"`      // of the first record that shows it; gone: of the last that had it
	Noticed  time.Time `json:"noticed_at"` // when we saw it
	Types    []string  `json:"types"`
	OldTypes []string  `json:"old_types,omitempty"`
	Present  float64   `json:"present_percent"` // of the records that were looked at since
}

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
	Present float64   `json:"present_percent"`   // of the records that were looked at, since it is there
	Example string    `json:"example,omitempty"` // what tells of a person is taken out
	First   time.Time `json:"first_seen,omitzero"`
	Last    time.Time `json:"last_seen,omitzero"`
	Changed time.Time `json:"type_changed,omitzero"` // when it was first seen with another type
	Gone    bool      `json:"gone,omitempty"`        // records no longer have it
	Streams []string  `json:"streams,omitempty"`
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
