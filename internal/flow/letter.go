package flow

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/object"
	"github.com/headrace/headrace/internal/store"
)

// A LetterRequest picks dead letters: by ID, or all of a flow or a group (or of all flows) that are open.
type LetterRequest struct {
	IDs    []string
	Flow   string
	Group  string // store.DeadLetter.Alike
	Stage  string
	Stream string
	State  string // of a list: "" for any
	Newest bool   // of a list: the newest first
	All    bool
	Why    string // of a discard: the reason, for those who look later
}

// maxLetters bounds what one request touches.
const maxLetters = 10_000

// LetterPage gives a page of the picked letters, with their bodies if whole, and where the next page begins.
func (s *Service) LetterPage(ctx context.Context, r LetterRequest, p store.Page, whole bool) ([]store.DeadLetter, string, error) {
	filter, err := s.filter(ctx, r)
	if err != nil {
		return nil, "", err
	}
	return s.Store.DeadLettersPage(ctx, filter, p, whole)
}

func (s *Service) filter(ctx context.Context, r LetterRequest) (store.LetterFilter, error) {
	o, err := object.Picked(ctx, s.Store, store.Flow, r.Flow, "flow")
	return store.LetterFilter{UIDs: r.IDs, FlowID: o.ID, State: r.State, Stage: r.Stage, Stream: r.Stream, Alike: r.Group, Newest: r.Newest}, err
}

// picked gives the open letters of a request by flow, and refuses a request that picks nothing.
func (s *Service) picked(ctx context.Context, r LetterRequest) (map[int64][]store.DeadLetter, error) {
	if len(r.IDs) == 0 && r.Flow == "" && r.Group == "" && !r.All {
		return nil, fault.New(fault.Invalid, "nothing says which dead letters are meant").WithHint("name some of them, a flow, a group, or all")
	}
	filter, err := s.filter(ctx, r)
	if err != nil {
		return nil, err
	}
	filter.State, filter.Limit = store.LetterOpen, maxLetters
	letters, err := s.Store.DeadLetters(ctx, filter)
	if err != nil {
		return nil, err
	}
	if len(letters) == 0 {
		return nil, &fault.Error{Class: fault.NotFound, Code: "dead_letter_not_found", Title: "no open dead letter is meant by this", Hint: "headrace deadletter list shows what there is"}
	}
	byFlow := map[int64][]store.DeadLetter{}
	for _, d := range letters {
		byFlow[d.FlowID] = append(byFlow[d.FlowID], d)
	}
	return byFlow, nil
}

// A LetterPlan tells what replaying or discarding letters would touch.
type LetterPlan struct {
	Letters int64            `json:"dead_letters"`
	Flows   map[string]int64 `json:"flows"`   // letters by flow
	Lacking int64            `json:"lacking"` // of the letters: their record was not kept, so they can't be replayed
	Runs    int              `json:"runs"`    // that a replay would begin
	Bytes   int64            `json:"bytes"`   // of the records
}

// PlanLetters tells what Replay or Discard would do.
func (s *Service) PlanLetters(ctx context.Context, r LetterRequest) (LetterPlan, error) {
	byFlow, err := s.picked(ctx, r)
	if err != nil {
		return LetterPlan{}, err
	}
	p := LetterPlan{Flows: map[string]int64{}}
	for id, letters := range byFlow {
		o, err := s.Store.ObjectByID(ctx, store.Flow, id)
		if err != nil {
			return LetterPlan{}, err
		}
		p.Flows[o.Name] += int64(len(letters))
		p.Letters += int64(len(letters))
		p.Runs += len(portions(letters))
		for _, d := range letters {
			p.Bytes += d.Size
			if d.Size == 0 {
				p.Lacking++
			}
		}
	}
	return p, nil
}

// Replay sends letters through their flow again, as it is now: a run for each flow, or several where there are many
// letters. Those whose record was too large to be kept can't be sent again; if there is nothing else, that is an error.
func (s *Service) Replay(ctx context.Context, r LetterRequest) ([]store.Run, error) {
	byFlow, err := s.picked(ctx, r)
	if err != nil {
		return nil, err
	}
	var runs []store.Run
	for flowID, letters := range byFlow {
		o, err := s.Store.ObjectByID(ctx, store.Flow, flowID)
		if err != nil {
			return runs, err
		}
		for _, part := range portions(letters) {
			whole, err := s.Store.DeadLettersWhole(ctx, store.LetterFilter{UIDs: part, State: store.LetterOpen, Limit: len(part)})
			if err != nil {
				return runs, err
			}
			run, err := s.Store.ReplayLetters(ctx, o, whole)
			if err != nil {
				return runs, err
			}
			runs = append(runs, run)
		}
	}
	if len(runs) == 0 {
		return nil, &fault.Error{Class: fault.Conflict, Code: "dead_letter_not_replayable", Title: "the records of these dead letters were too large, or no JSON, and were not kept",
			Hint: "raise maxRecord of the source or destination, then fetch their time again: headrace flow backfill FLOW --from … --again"}
	}
	return runs, nil
}

// What one replay sends: it is held in memory.
const (
	replayBytes = 64 << 20
	replayCount = 500
)

// portions cuts letters that have a record into parts that one run can send.
func portions(letters []store.DeadLetter) [][]string {
	var (
		all   [][]string
		bytes int64
	)
	for _, d := range letters {
		if d.Size == 0 {
			continue
		}
		if len(all) == 0 || len(all[len(all)-1]) == replayCount || bytes+d.Size > replayBytes {
			all, bytes = append(all, nil), 0
		}
		all[len(all)-1], bytes = append(all[len(all)-1], d.UID), bytes+d.Size
	}
	return all
}

// maxWhy bounds the reason of a discard, in characters.
const maxWhy = 500

// Discard gives letters up. They stay to be seen until they are pruned.
func (s *Service) Discard(ctx context.Context, r LetterRequest) (int64, error) {
	why := strings.TrimSpace(r.Why)
	if utf8.RuneCountInString(why) > maxWhy {
		return 0, fault.Problems{{Field: "reason", Text: fmt.Sprintf("is longer than %d characters", maxWhy)}}.Err()
	}
	byFlow, err := s.picked(ctx, r)
	if err != nil {
		return 0, err
	}
	var n int64
	for _, letters := range byFlow {
		changed, err := s.Store.DiscardLetters(ctx, uids(letters), why)
		if err != nil {
			return n, err
		}
		n += changed
	}
	return n, nil
}

// EditLetter replaces the body of an open letter, to be replayed then.
func (s *Service) EditLetter(ctx context.Context, uid string, body []byte) error {
	var probe map[string]json.RawMessage
	if err := json.Unmarshal(body, &probe); err != nil || probe == nil { // null is none either
		return fault.Problems{{Field: "body", Text: "must be a JSON object: it takes the record's place"}}.Err()
	}
	return s.Store.EditLetter(ctx, uid, body)
}

func uids(letters []store.DeadLetter) []string {
	out := make([]string, len(letters))
	for i, d := range letters {
		out[i] = d.UID
	}
	return out
}
