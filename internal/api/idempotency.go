package api

import (
	"context"
	"encoding/json"
	"reflect"

	jsonv2 "github.com/go-json-experiment/json"

	"github.com/headrace/headrace/internal/account"
	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/store"
	"github.com/headrace/headrace/internal/telemetry"
)

// IdempotencyKey is the header that names a request which makes something, so that it can be sent again.
const IdempotencyKey = "Idempotency-Key"

// once does an operation unless a request of the same key has done it: then it gives that one's answer.
func (d *door) once(ctx context.Context, e Endpoint, key string, in json.RawMessage) (any, error) {
	const longest = 255
	if len(key) > longest {
		return nil, fault.Problems{{Field: IdempotencyKey, Text: "is longer than 255 characters"}}.Err()
	}
	who, _ := account.Of(ctx)
	sum, err := d.services.Hash(append([]byte(e.Info().Name+"\n"), in...))
	if err != nil {
		return nil, err
	}
	a := store.Answer{Who: who.Kind + " " + who.ID, Key: key, Request: sum}
	kept, taken, err := d.services.Store.BeginAnswer(ctx, a)
	if err != nil {
		return nil, err
	}
	if taken {
		return again(e, kept)
	}
	later := context.WithoutCancel(ctx) // what was made is made, also if who asked has gone
	out, err := e.serve(ctx, d.services, in)
	if err != nil {
		if dropped := d.services.Store.DropAnswer(later, a); dropped != nil {
			d.log.WarnContext(ctx, "an idempotency key could not be freed", telemetry.Err, dropped)
		}
		return nil, err
	}
	if !e.Info().Reveals {
		if a.Body, err = jsonv2.Marshal(out, answerJSON); err != nil {
			return nil, fault.New(fault.Internal, "write the answer: %w", err)
		}
	}
	if err := d.services.Store.EndAnswer(later, a); err != nil {
		d.log.WarnContext(ctx, "the answer to an idempotency key could not be kept", telemetry.Err, err)
	}
	return out, nil
}

// again gives the answer that a request got before.
func again(e Endpoint, kept store.Answer) (any, error) {
	switch {
	case !kept.Done:
		return nil, &fault.Error{Class: fault.Conflict, Code: "idempotency_key_in_use", Title: "a request with this Idempotency-Key is under way, or broke off before its answer", Hint: "look whether the thing is there; if not, send the request with a new key"}
	case kept.Body == nil:
		return nil, &fault.Error{Class: fault.Conflict, Code: "idempotency_answer_secret", Title: "this request was done before, and its answer held a secret that is shown only once", Hint: "if the secret was lost, make a new one with a new key"}
	}
	out := reflect.New(e.out())
	if err := json.Unmarshal(kept.Body, out.Interface()); err != nil {
		return nil, fault.New(fault.Internal, "read the kept answer: %w", err)
	}
	return out.Elem().Interface(), nil
}
