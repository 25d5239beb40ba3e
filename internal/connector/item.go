package connector

import "encoding/json"

// ItemShow is the name of the action by which a keyed destination shows one item as the remote has it now. Its input has
// the text fields `id`, the item's ID or a key that it may have been made of, and `made`: the bytes that Prepare made of
// its record, to be compared with what is there; "": nothing is compared. Its answer is a ShownItem.
const ItemShow = "item-show"

// A ShownItem is an item as it should be and as it is.
type ShownItem struct {
	ID        string          `json:"id"`
	Made      json.RawMessage `json:"made,omitempty"`   // what its record makes of it
	Stored    json.RawMessage `json:"stored,omitempty"` // what the remote has
	Found     bool            `json:"found"`            // the remote has it
	Same      *bool           `json:"same,omitempty"`   // only where both are known
	Different []string        `json:"different,omitempty"`
	Notes     []string        `json:"notes,omitempty"`
	URL       string          `json:"url,omitempty"` // where people find what it is about
}
