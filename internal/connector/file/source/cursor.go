package source

import (
	"bytes"
	"encoding/json"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/fault"
)

// cursorVersion rises when the meaning of a cursor changes.
const cursorVersion = 1

// cursor is how far a pass over the files has come. When a pass has ended the next listing begins another one.
type cursor struct {
	Version int    `json:"v"`
	After   []byte `json:"after,omitempty"`  // the place in the walk; empty: the beginning. A name may be no UTF-8
	Full    bool   `json:"full,omitempty"`   // the pass began at the zero cursor
	Failed  bool   `json:"failed,omitempty"` // a folder of this pass could not be listed
}

func readCursor(raw connector.Cursor) (cursor, error) {
	if len(raw) == 0 {
		return cursor{Version: cursorVersion, Full: true}, nil
	}
	var c cursor
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&c); err != nil || c.Version != cursorVersion {
		return c, fault.New(fault.Internal, "the cursor %.80q is not one of the file source of this version", raw).
			WithHint("A newer headrace wrote it, or the database is damaged. Go back to the newer version, or make the source anew.")
	}
	return c, nil
}

func (c cursor) raw() (connector.Cursor, error) { return json.Marshal(c) }
