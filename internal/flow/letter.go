package flow

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/store"
)

// A LetterRequest picks dead letters: by ID, or all of a flow (or of all flows) that are open.
type LetterRequest struct {
	IDs  []string
	Flow string
	All  bool
}

// maxLetters bounds what one request touches.
const maxLetters = 10_000

// Letters gives the picked letters of a state ("" for any), without their bodies.
func (s *Service) Letters(ctx context.Context, r LetterRequest, state string, limit int) ([]store.DeadLetter, error) {
	filter, err := s.filter(ctx, r, state, limit)
	if err != nil {
		return nil, err
	}
	return s.Store.DeadLetters(ctx, filter)
}

// LettersWhole gives them with their bodies.
func (s *Service) LettersWhole(ctx context.Context, r LetterRequest, state string, after int64, limit int) ([]store.DeadLetter, error) {
	filter, err := s.filter(ctx, r, state, limit)
	if err != nil {
		return nil, err
	}
	filter.After = after
	return s.Store.DeadLettersWhole(ctx, filter)
}

func (s *Service) filter(ctx context.Context, r LetterRequest, state string, limit int) (store.LetterFilter, error) {
	filter := store.LetterFilter{UIDs: r.IDs, State: state, Limit: limit}
	if r.Flow != "" {
		o, err := s.Store.Object(ctx, store.Flow, r.Flow)
		if err != nil {
			return filter, err
		}
		filter.FlowID = o.ID
	}
	return filter, nil
}

// picked gives the open letters of a request by flow, and refuses a request that picks nothing.
func (s *Service) picked(ctx context.Context, r LetterRequest) (map[int64][]store.DeadLetter, error) {
	if len(r.IDs) == 0 && r.Flow == "" && !r.All {
		return nil, fault.New(fault.Invalid, "name dead letters, or a flow with --flow, or all with --all")
	}
	letters, err := s.Letters(ctx, r, store.LetterOpen, maxLetters)
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

// Replay sends letters through their flow again, as it is now: one run for each flow.
func (s *Service) Replay(ctx context.Context, r LetterRequest) ([]store.Run, error) {
	byFlow, err := s.picked(ctx, r)
	if err != nil {
		return nil, err
	}
	var runs []store.Run
	for flowID, letters := range byFlow {
		run, err := s.replay(ctx, flowID, letters)
		if err != nil {
			return runs, err
		}
		runs = append(runs, run)
	}
	return runs, nil
}

func (s *Service) replay(ctx context.Context, flowID int64, letters []store.DeadLetter) (store.Run, error) {
	raw, err := json.Marshal(runSpec{Letters: uids(letters)})
	if err != nil {
		return store.Run{}, fmt.Errorf("write the run's request: %w", err)
	}
	if _, err := s.Store.MarkLetters(ctx, uids(letters), store.LetterReplaying, store.LetterOpen); err != nil {
		return store.Run{}, err
	}
	return s.Store.CreateRun(ctx, store.Run{Kind: store.Replay, FlowID: flowID, Spec: raw}, nil)
}

// Discard gives letters up. They stay to be seen until they are pruned.
func (s *Service) Discard(ctx context.Context, r LetterRequest) (int64, error) {
	byFlow, err := s.picked(ctx, r)
	if err != nil {
		return 0, err
	}
	var n int64
	for _, letters := range byFlow {
		changed, err := s.Store.MarkLetters(ctx, uids(letters), store.LetterDiscarded, store.LetterOpen)
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
	if err := json.Unmarshal(body, &probe); err != nil {
		return fault.New(fault.Invalid, "the new body is no JSON object: %w", err)
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
