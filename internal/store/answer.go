package store

import (
	"bytes"
	"context"
	"time"

	"github.com/headrace/headrace/internal/fault"
)

// AnswerAge is how long an answer is kept for a request that comes again.
const AnswerAge = 24 * time.Hour

// An Answer is what a request with an idempotency key got.
type Answer struct {
	Who, Key string
	Request  []byte // keyed hash of operation and input
	Done     bool   // false: the request is under way, or its process ended in the middle
	Body     []byte // nil: it may not be kept
}

// BeginAnswer keeps a key for a request. If the key is taken it gives what stands there, and true; Conflict if that is of
// another request.
func (s *Store) BeginAnswer(ctx context.Context, a Answer) (kept Answer, taken bool, err error) {
	err = s.inTx(ctx, func(t tx) error {
		old := s.now().Add(-AnswerAge)
		if err := t.exec(ctx, `DELETE FROM answer WHERE who = ? AND key = ? AND at < ?`, a.Who, a.Key, micros(old)); err != nil {
			return err
		}
		n, err := t.changed(ctx, `INSERT INTO answer (who, key, request, at) VALUES (?,?,?,?) ON CONFLICT (who, key) DO NOTHING`, a.Who, a.Key, a.Request, micros(s.now()))
		if err != nil || n == 1 {
			return err
		}
		taken = true
		var done int64
		kept = Answer{Who: a.Who, Key: a.Key}
		err = t.row(ctx, `SELECT request, done, body FROM answer WHERE who = ? AND key = ?`, a.Who, a.Key).Scan(&kept.Request, &done, &kept.Body)
		kept.Done = done != 0
		return err
	})
	if err == nil && taken && !bytes.Equal(kept.Request, a.Request) {
		err = &fault.Error{Class: fault.Invalid, Code: "idempotency_key_reused", Title: "this Idempotency-Key was used for another request", Hint: "use a new key for each new request; the old one is free again after 24 hours"}
	}
	return kept, taken, err
}

// EndAnswer keeps the answer of a request that went well.
func (s *Store) EndAnswer(ctx context.Context, a Answer) error {
	return s.inTx(ctx, func(t tx) error {
		return t.exec(ctx, `UPDATE answer SET done = 1, body = ? WHERE who = ? AND key = ?`, a.Body, a.Who, a.Key)
	})
}

// DropAnswer frees the key of a request that made nothing.
func (s *Store) DropAnswer(ctx context.Context, a Answer) error {
	return s.inTx(ctx, func(t tx) error {
		return t.exec(ctx, `DELETE FROM answer WHERE who = ? AND key = ?`, a.Who, a.Key)
	})
}

// sweepAnswers forgets old ones.
func (t tx) sweepAnswers(ctx context.Context, before time.Time) (int64, error) {
	return t.changed(ctx, `DELETE FROM answer WHERE at < ?`, micros(before))
}
