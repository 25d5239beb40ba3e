package flow

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/destination"
	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/object"
	"github.com/headrace/headrace/internal/source"
	"github.com/headrace/headrace/internal/store"
	"github.com/headrace/headrace/internal/transform"
)

// A TryRequest asks what a transform makes of records. Nothing is remembered and nothing is sent.
type TryRequest struct {
	Transform   []transform.Step
	Flow        string          // its source and destination, where none is named, and with Own its transform
	Own         bool            // try the transform that the flow has
	Records     []source.Sample // what to try it on; none: the source is asked for some
	Source      string
	Count       int    // of records to ask for; 0: 20
	Destination string // a keyed one: also tell what it would be sent; "": don't
}

// What became of a record.
const (
	Passed   = "passed" // as it came
	Changed  = "changed"
	Dropped  = "dropped"
	Refused  = "refused" // it would be a dead letter
	NotTried = "not_tried"
)

// A Tried is what a transform makes of records.
type Tried struct {
	Mistakes []transform.Mistake `json:"mistakes"` // what does not compile; then nothing was tried
	Records  []TriedRecord       `json:"records"`
	Sums     TriedSums           `json:"sums"`
}

// A TriedRecord is one record, before and after.
type TriedRecord struct {
	Before   source.Sample     `json:"before"`
	Outcome  string            `json:"outcome"` // passed, changed, dropped, refused, not_tried
	After    []json.RawMessage `json:"after"`
	Step     *int              `json:"step,omitempty"`  // the index of the step that dropped or refused it
	Stage    string            `json:"stage,omitempty"` // where it was refused: transform, prepare
	Error    string            `json:"error,omitempty"`
	Hint     string            `json:"hint,omitempty"`
	Prepared []PreparedRecord  `json:"prepared,omitempty"`
}

// A PreparedRecord is what a keyed destination would be sent.
type PreparedRecord struct {
	Key   string          `json:"key"`
	Body  json.RawMessage `json:"body"`
	Of    int             `json:"of"`              // the index of what it was made of among the records after the transform
	Notes []string        `json:"notes,omitempty"` // what was left out on the way

	Content, ACL connector.Hash `json:"-"` // as an inventory keeps them
}

// TriedSums count what became of the records.
type TriedSums struct {
	Records  int `json:"records"`
	Passed   int `json:"passed"`
	Changed  int `json:"changed"`
	Dropped  int `json:"dropped"`
	Refused  int `json:"refused"`
	NotTried int `json:"not_tried"`
	Made     int `json:"made"` // records that would go on
}

const (
	tryCount = 20               // records to ask for, if nobody says
	tryMost  = 200              // at most
	tryTime  = 15 * time.Second // for all records
)

// tryLimits are a program's while somebody waits for the answer.
var tryLimits = transform.Limits{Timeout: 2 * time.Second, Outputs: 1000, Bytes: 16 << 20, Memory: 64 << 20}

// Try tells what a transform makes of records, one by one. Mistakes of the steps are told with their places; they are
// no error. Invalid where there is nothing to try it on; else the errors of the source that is asked.
func (s *Service) Try(ctx context.Context, r TryRequest) (Tried, error) {
	t := Tried{Mistakes: []transform.Mistake{}, Records: []TriedRecord{}}
	r, err := s.completed(ctx, r)
	if err != nil {
		return t, err
	}
	if t.Mistakes = append(t.Mistakes, transform.Mistakes(r.Transform)...); len(t.Mistakes) > 0 {
		return t, nil
	}
	chain, err := transform.Compile(r.Transform, tryLimits)
	if err != nil {
		return t, err
	}
	prepare, err := s.preparing(ctx, r.Destination)
	if err != nil {
		return t, err
	}
	if len(r.Records) == 0 {
		if r.Records, err = s.sources.Sample(ctx, r.Source, min(r.Count, tryMost)); err != nil {
			return t, err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, tryTime)
	defer cancel()
	for _, before := range r.Records {
		one := TriedRecord{Before: before, Outcome: NotTried, After: []json.RawMessage{}}
		if ctx.Err() == nil {
			one.try(ctx, chain, prepare)
		}
		t.Records = append(t.Records, one)
		t.Sums.add(one)
	}
	return t, nil
}

// completed fills what a request leaves to its flow.
func (s *Service) completed(ctx context.Context, r TryRequest) (TryRequest, error) {
	if r.Count <= 0 {
		r.Count = tryCount
	}
	if len(r.Records) > tryMost {
		return r, fault.Problems{{Field: "records", Text: fmt.Sprintf("are %d; at most %d are tried at once", len(r.Records), tryMost)}}.Err()
	}
	if r.Flow != "" {
		o, err := object.Picked(ctx, s.Store, store.Flow, r.Flow, "flow")
		if err != nil {
			return r, err
		}
		if r.Own {
			settings, err := Read(o)
			if err != nil {
				return r, err
			}
			r.Transform = settings.Transform
		}
		if r.Source == "" {
			src, err := s.Store.ObjectByID(ctx, store.Source, o.SourceID)
			if err != nil {
				return r, err
			}
			r.Source = src.Name
		}
	}
	if len(r.Records) == 0 && r.Source == "" {
		return r, fault.Problems{{Field: "records", Text: "are missing: send some, or name a source or a flow to take some from"}}.Err()
	}
	return r, nil
}

type preparer func(connector.Record) ([]connector.Prepared, error)

// preparing gives what a keyed destination makes of a record; nil for others and for none.
func (s *Service) preparing(ctx context.Context, name string) (preparer, error) {
	o, err := object.Picked(ctx, s.Store, store.Destination, name, "destination")
	if err != nil || name == "" {
		return nil, err
	}
	use, err := destination.Read(s.connectors, o)
	if err != nil || use.Connector.Destination.Prepare == nil {
		return nil, err
	}
	return use.Connector.Destination.Prepare(use.Config)
}

func (t *TriedRecord) try(ctx context.Context, chain *transform.Chain, prepare preparer) {
	record := connector.Record{Key: t.Before.Key, Op: connector.Upsert, Time: t.Before.Time, Stream: t.Before.Stream, Body: t.Before.Body}
	trial := chain.Try(ctx, record)
	if trial.Step >= 0 {
		t.Step = &trial.Step
	}
	switch {
	case trial.Err != nil && ctx.Err() != nil:
		t.Step = nil
		return
	case trial.Err != nil:
		t.refuse("transform", trial.Err)
		return
	case len(trial.Made) == 0:
		t.Outcome = Dropped
		return
	}
	t.Outcome = Passed
	if len(trial.Made) > 1 || !sameJSON(trial.Made[0].Body, t.Before.Body) {
		t.Outcome = Changed
	}
	for i, r := range trial.Made {
		t.After = append(t.After, r.Body)
		if prepare == nil {
			continue
		}
		made, err := prepare(r)
		if err != nil {
			t.refuse("prepare", err)
			return
		}
		for _, p := range made {
			t.Prepared = append(t.Prepared, PreparedRecord{Key: p.Key, Body: p.Body, Of: i, Notes: p.Notes, Content: p.Content, ACL: p.ACL})
		}
	}
}

func (t *TriedRecord) refuse(stage string, err error) {
	t.Outcome, t.Stage, t.Error, t.Hint = Refused, stage, err.Error(), fault.HintOf(err)
}

// sameJSON tells whether two texts are the same but for white space.
func sameJSON(a, b []byte) bool {
	var x, y bytes.Buffer
	return json.Compact(&x, a) == nil && json.Compact(&y, b) == nil && bytes.Equal(x.Bytes(), y.Bytes())
}

func (s *TriedSums) add(r TriedRecord) {
	s.Records++
	switch r.Outcome {
	case Passed:
		s.Passed++
	case Changed:
		s.Changed++
	case Dropped:
		s.Dropped++
	case Refused:
		s.Refused++
		return
	default:
		s.NotTried++
	}
	s.Made += len(r.After)
}
