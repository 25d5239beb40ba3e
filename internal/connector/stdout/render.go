package stdout

import (
	"bytes"
	"encoding/json"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/fault"
)

// render makes the lines of a batch and tells where each ends. A body leaves as it came; only one with line ends
// between its tokens is compacted.
func render(records []connector.Record) (text []byte, ends []int, outcomes []connector.Outcome) {
	ends, outcomes = make([]int, len(records)), make([]connector.Outcome, len(records))
	for i, r := range records {
		body, err := line(r)
		if err != nil {
			outcomes[i] = connector.Outcome{Kind: connector.Rejected, Err: err}
			continue
		}
		text = append(append(text, body...), '\n')
		ends[i], outcomes[i].Kind = len(text), connector.Stored
	}
	return text, ends, outcomes
}

func line(r connector.Record) ([]byte, error) {
	if len(r.Body) > 0 && !bytes.ContainsAny(r.Body, "\r\n") {
		return r.Body, nil
	}
	var out bytes.Buffer
	if err := json.Compact(&out, r.Body); err != nil {
		return nil, fault.New(fault.Invalid, "the record is not JSON: %w", err).WithCode("not_json").
			WithHint("A line must be one JSON value. Look at the record in the dead letters and at the transform that made it.")
	}
	return out.Bytes(), nil
}
