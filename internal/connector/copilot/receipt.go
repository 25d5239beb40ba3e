package copilot

import (
	"bytes"
	"encoding/json"
	"strings"
	"time"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/fault"
)

// A receipt is what the destination remembers from one batch to the next: that the connection was there, so that one
// that somebody deletes is not silently made anew and left half empty; which schema change is under way; the rate found.
// What was written needs no receipt, since a PUT can be repeated.
type receipt struct {
	Version    int       `json:"v"`
	Connection string    `json:"connection"`
	Ready      bool      `json:"ready,omitempty"`     // items could be written
	Operation  string    `json:"operation,omitempty"` // of a schema change; "?": its ID is not known
	Since      time.Time `json:"since,omitzero"`      // when that began
	Rate       float64   `json:"rate,omitempty"`
}

const receiptVersion = 1

// unknownOperation is a schema change that is under way without an ID.
const unknownOperation = "?"

func (r receipt) encode() connector.Receipt {
	b, err := json.Marshal(r)
	if err != nil {
		return nil // plain fields can be written
	}
	return b
}

// readReceipt gives what was remembered; none yet: a fresh one. A receipt of another connection is an error, because the
// inventory is that connection's.
func readReceipt(raw connector.Receipt, connection string) (receipt, error) {
	fresh := receipt{Version: receiptVersion, Connection: connection}
	if len(raw) == 0 {
		return fresh, nil
	}
	var r receipt
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(&r); err != nil || r.Version != receiptVersion || r.Connection == "" {
		return fresh, fault.New(fault.Internal, "the receipt is not one of this connector").
			WithHint("The data folder was written by another version of headrace, or is damaged.").WithCode("receipt_strange")
	}
	if !strings.EqualFold(r.Connection, connection) {
		return fresh, (&fault.Error{Class: fault.Denied, Code: "connection_changed", Title: "This destination filled the connection " + r.Connection + " and now names " + connection}).
			WithHint("What is remembered of its items belongs to %s. Put connection.id back, or make a new destination and flow for %s.", r.Connection, connection)
	}
	return r, nil
}
