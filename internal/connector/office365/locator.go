package office365

import (
	"encoding/json"
	"time"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/fault"
)

// settled marks the second split of a blob that may have been partial when it was read first: the same content, read
// again a lag after it was listed.
const settled = "#settled"

// A locator is what Read needs of a blob.
type locator struct {
	ID  string `json:"id"`
	URI string `json:"uri"`
}

func (l locator) json() json.RawMessage {
	b, err := json.Marshal(l)
	if err != nil { // two strings always encode
		return nil
	}
	return b
}

func readLocator(s connector.Split) (locator, error) {
	var l locator
	if err := json.Unmarshal(s.Locator, &l); err != nil {
		return l, fault.New(fault.Internal, "split %s: its locator can't be read: %w", s.ID, err)
	}
	if l.ID == "" {
		return l, fault.New(fault.Internal, "split %s: its locator has no content ID", s.ID)
	}
	return l, nil
}

// lastCall is how much life a blob must have left after the lag to be read a second time. After an outage of days a look
// back meets blobs that were read a moment ago and are about to go; a second read of those would come too late, and
// would be reported as a loss of what was delivered.
const lastCall = time.Hour

// splits are what one listed blob becomes: one split, and with twice a second one to be read a lag later. Both always
// have the same IDs, so whoever knows them already does nothing; the Ready of the first listing counts, since a blob is
// whole some time after it became available, whatever its own time says. skew is the service's clock minus ours; Ready is by ours.
func (c content) splits(stream string, now time.Time, lag, skew time.Duration, twice func(created time.Time) bool) []connector.Split {
	created, expires := c.times(now)
	s := connector.Split{
		ID: c.ContentID, Locator: locator{ID: c.ContentID, URI: c.ContentURI}.json(),
		Stream: stream, Time: created, Expires: expires,
	}
	if !twice(created) || expires.Before(now.Add(lag+lastCall)) {
		return []connector.Split{s}
	}
	again := s
	again.ID += settled
	again.Ready = now.Add(lag - skew)
	return []connector.Split{s, again}
}

// times are when the blob was made and when it ends. A blob without a readable time counts as made now: it is listed,
// so it must be read.
func (c content) times(now time.Time) (created, expires time.Time) {
	created, err := parseTime(c.Created)
	if err != nil {
		created = now
	}
	expires, err = parseTime(c.Expiration)
	if err != nil {
		expires = created.Add(horizon)
	}
	return created, expires
}

// parseTime accepts what the API writes: UTC without a zone, with fractions, with Z, and RFC 3339. Package time has a
// short way for the last alone, and every record has a time.
func parseTime(text string) (time.Time, error) {
	t, err := time.Parse(time.RFC3339, text+"Z")
	if err != nil {
		t, err = time.Parse(time.RFC3339, text)
	}
	return t.UTC(), err
}
