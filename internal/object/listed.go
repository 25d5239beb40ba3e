package object

import (
	"slices"

	"github.com/headrace/headrace/internal/connector"
)

// Listed gives, of each stream that a source's settings ask for, the stretch from where its collecting began to where the first thing
// is that was not listed yet. A stream that the cursor does not know is not there; a source that has no such places has none.
func (u Use) Listed(cursor connector.Cursor) map[string]connector.Range {
	spec := u.Connector.Source
	if spec == nil || spec.Listed == nil || spec.Streams == nil || len(cursor) == 0 {
		return nil
	}
	all, err := spec.Listed(cursor)
	if err != nil {
		return nil // the listing itself tells of it
	}
	asked, found := spec.Streams(u.Config), map[string]connector.Range{}
	for _, r := range all {
		if _, known := found[r.Stream]; !known && slices.Contains(asked, r.Stream) {
			found[r.Stream] = r
		}
	}
	return found
}
