package store

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"maps"
	"slices"

	"github.com/headrace/headrace/internal/connector"
)

// SplitHash recognises a split of a source by its ID.
func SplitHash(id string) [16]byte {
	sum := sha256.Sum256([]byte(id))
	return [16]byte(sum[:16])
}

// splitBody is what is kept of a split only as long as a flow wants it.
type splitBody struct {
	ID      string          `json:"i"`
	Locator json.RawMessage `json:"l,omitempty"`
	Inline  json.RawMessage `json:"c,omitempty"`
}

// splitID reads a split's ID from its body; "" when the body has gone.
func splitID(body []byte) string {
	var kept splitBody
	if len(body) == 0 || json.Unmarshal(body, &kept) != nil {
		return ""
	}
	return kept.ID
}

// splitChunk is how many splits one statement looks up or inserts.
const splitChunk = 100

// A listedSplit is one split of a listing on its way into the tables.
type listedSplit struct {
	*connector.Split
	hash    [16]byte
	id      int64
	fresh   bool // not known before
	runOnly bool // known, but only to a run of another flow
	sound   bool // of a crawl: it needs no reading
}

func (l *listedSplit) body() splitBody { return splitBody{l.ID, l.Locator, l.Inline} }

// putBody keeps what reading a split needs.
func (t tx) putBody(ctx context.Context, splitID int64, body splitBody) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	return t.exec(ctx, `INSERT INTO split_body (split_id, body) VALUES (?,?) ON CONFLICT (split_id) DO UPDATE SET body = excluded.body`, splitID, text)
}

// lane is where a flow with so many lanes delivers the split.
func (l *listedSplit) lane(lanes int) int {
	if lanes < 2 {
		return 0
	}
	return int(l.hash[0]) % lanes
}

// A wish is what a listing makes a flow want.
type wish struct {
	splits int64
	due    int64 // of the first
}

// putSplits inserts the splits that are not known and their deliveries, and wakes the lanes that have work now. It gives
// how many were not known.
func (t tx) putSplits(ctx context.Context, l Listing, found Listed) (int, error) {
	flows := found.Lanes
	if l.FlowID != 0 {
		flows = map[int64]int{l.FlowID: max(1, found.Lanes[l.FlowID])}
	}
	fresh := 0
	wishes, hours := map[int64]wish{}, map[splitHour]int64{}
	met := map[[16]byte]bool{}
	for part := range slices.Chunk(found.Enumeration.Splits, splitChunk) {
		splits := make([]*listedSplit, 0, len(part))
		for i := range part {
			if hash := SplitHash(part[i].ID); !met[hash] {
				met[hash] = true
				splits = append(splits, &listedSplit{Split: &part[i], hash: hash})
			}
		}
		if err := t.knowSplits(ctx, l, splits); err != nil {
			return 0, err
		}
		for _, split := range splits {
			if split.fresh {
				fresh++
				hours[splitHour{split.Stream, hourOf(split.Time)}]++
			}
		}
		if len(flows) > 0 {
			if err := t.putBodies(ctx, splits); err != nil {
				return 0, err
			}
		}
		if found.Crawl != nil {
			if err := t.markSound(ctx, l.FlowID, *found.Crawl, splits); err != nil {
				return 0, err
			}
		}
		for flow, lanes := range flows {
			if err := t.wantAll(ctx, l, found.Crawl, splits, flow, lanes, wishes); err != nil {
				return 0, err
			}
		}
	}
	return fresh, t.wakeFlows(ctx, l, wishes, hours)
}

// knowSplits finds the IDs of the splits and inserts those that have none.
func (t tx) knowSplits(ctx context.Context, l Listing, splits []*listedSplit) error {
	if len(splits) == 0 {
		return nil
	}
	byHash := make(map[[16]byte]*listedSplit, len(splits))
	hashes := make([]any, 0, len(splits))
	for _, split := range splits {
		byHash[split.hash] = split
		hashes = append(hashes, split.hash[:])
	}
	hashes = few(hashes)
	err := t.each(ctx, `SELECT id, hash, run_only FROM split WHERE source_id = ? AND hash IN ( `+marks(len(hashes))+`)`, append([]any{l.SourceID}, hashes...), func(scan func(...any) error) error {
		var (
			id, runOnly int64
			hash        []byte
		)
		if err := scan(&id, &hash, &runOnly); err != nil {
			return err
		}
		split := byHash[[16]byte(hash)]
		split.id, split.runOnly = id, runOnly != 0
		return nil
	})
	if err != nil {
		return err
	}
	return t.insertSplits(ctx, l, byHash, slices.DeleteFunc(slices.Clone(splits), func(s *listedSplit) bool { return s.id != 0 }))
}

func (t tx) insertSplits(ctx context.Context, l Listing, byHash map[[16]byte]*listedSplit, splits []*listedSplit) error {
	if len(splits) == 0 {
		return nil
	}
	now := micros(t.s.now())
	var args []any
	for _, split := range splits {
		args = append(args, l.SourceID, split.hash[:], split.Stream, micros(split.Time), micros(split.Ready), micros(split.Expires), now, flag(l.RunID != 0))
	}
	return inRows(args, 8, func(values string, part []any) error {
		return t.each(ctx, `INSERT INTO split (source_id, hash, stream, time, ready, expires, listed_at, run_only) `+values+` RETURNING id, hash`, part,
			func(scan func(...any) error) error {
				var (
					id   int64
					hash []byte
				)
				if err := scan(&id, &hash); err != nil {
					return err
				}
				split := byHash[[16]byte(hash)]
				split.id, split.fresh = id, true
				return nil
			})
	})
}

// putBodies keeps what reading the fresh splits needs.
func (t tx) putBodies(ctx context.Context, splits []*listedSplit) error {
	var args []any
	for _, split := range splits {
		if split.fresh {
			text, err := json.Marshal(split.body())
			if err != nil {
				return err
			}
			args = append(args, split.id, text)
		}
	}
	return inRows(args, 2, func(values string, part []any) error {
		return t.exec(ctx, `INSERT INTO split_body (split_id, body) `+values, part...)
	})
}

const (
	insertDelivery = `INSERT INTO delivery (flow_id, split_id, run_id, generation, lane, state, due, time, pass, since) `
	deliveryRow    = `VALUES (?,?,?,?,?,?,?,?,?,?)`
	deliveryArgs   = 10
)

// wantAll makes deliveries of splits pending for a flow and adds them to its wish: the continuous listing asks for what
// is new to it, a run for what its flow has not delivered (or, with a new generation, for everything).
func (t tx) wantAll(ctx context.Context, l Listing, crawl *CrawlListing, splits []*listedSplit, flow int64, lanes int, wishes map[int64]wish) error {
	var args []any
	now, number, pass := micros(t.s.now()), int64(0), int64(0)
	if crawl != nil {
		number, pass = crawl.Number, crawl.pass
	}
	for _, split := range splits {
		due := max(micros(split.Ready), now)
		row := []any{flow, split.id, l.RunID, l.Generation, split.lane(lanes), Pending, due, micros(split.Time), pass, number}
		if split.fresh {
			args = append(args, row...)
		} else if wanted, err := t.wantAgain(ctx, l, crawl, split, row); err != nil {
			return err
		} else if !wanted {
			continue
		}
		w, ok := wishes[flow]
		if !ok || due < w.due {
			w.due = due
		}
		wishes[flow] = wish{w.splits + 1, w.due}
	}
	return inRows(args, deliveryArgs, func(values string, part []any) error {
		return t.exec(ctx, insertDelivery+values, part...)
	})
}

// wantAgain makes the delivery of a known split pending, unless it is on its way or the listing does not ask for it.
func (t tx) wantAgain(ctx context.Context, l Listing, crawl *CrawlListing, split *listedSplit, row []any) (bool, error) {
	again := "2, 4, 5" // the states that begin anew
	switch {
	case l.RunID == 0 && !split.runOnly:
		return false, nil
	case l.RunID == 0:
		again = "5"
	case l.Generation != 0:
		again = "1, 2, 4, 5"
	case crawl != nil:
		if split.sound {
			return false, nil
		}
		again = "1, 2, 4, 5"
	}
	n, err := t.changed(ctx, insertDelivery+deliveryRow+` ON CONFLICT (split_id, flow_id) DO UPDATE SET prior = delivery.state, state = 0, run_id = excluded.run_id,
		generation = excluded.generation, revision = 0, attempts = 0, waits = 0, progress = 0, due = excluded.due, error = NULL, pass = excluded.pass, since = excluded.since
		WHERE delivery.state IN (`+again+`)`, row...)
	if err == nil && n == 0 && crawl != nil {
		n, err = t.takeOver(ctx, l, *crawl, split.id)
	}
	if err == nil && l.RunID == 0 {
		err = t.exec(ctx, `UPDATE split SET run_only = 0 WHERE id = ?`, split.id)
	}
	if err != nil || n == 0 {
		return false, err
	}
	return true, t.putBody(ctx, split.id, split.body())
}

// takeOver makes a delivery that still waits the crawl's: somebody retried it after the crawl that first wanted it had ended.
// Its keys would be missed if the crawl ended before it.
func (t tx) takeOver(ctx context.Context, l Listing, crawl CrawlListing, split int64) (int64, error) {
	return t.changed(ctx, `UPDATE delivery SET run_id = ?, pass = ? WHERE flow_id = ? AND split_id = ? AND state IN (0, 3) AND run_id <> ?`,
		l.RunID, crawl.pass, l.FlowID, split, l.RunID)
}

// soundDelivery is the condition that a mirror's delivery needs no repeating: done by a revision, read by a certain crawl
// or a later one, and all its items surely there. That the pass before met it, too, tells that no other version of the
// same thing was delivered since. Its arguments are flow, revision, that pass, the crawl that read it, the two states of a letter that was
// replayed, and destination. The item of such a letter belongs to the replay; reading the split again makes it this one's.
const soundDelivery = `flow_id = ? AND state = 1 AND revision = ? AND pass >= ? AND since >= ? AND NOT EXISTS
	(SELECT 1 FROM dead_letter d WHERE d.flow_id = delivery.flow_id AND d.split_id = delivery.split_id AND d.state IN (?, ?)) AND NOT EXISTS
	(SELECT 1 FROM inventory i WHERE +i.destination_id = ? AND i.split_id = delivery.split_id AND i.state <> 1)`

// markSound finds the known splits that need no reading: delivered by the same revision, and everything that they became
// is surely at the destination. That a pass met them says that it saw their keys.
func (t tx) markSound(ctx context.Context, flowID int64, crawl CrawlListing, splits []*listedSplit) error {
	since := int64(0)
	if crawl.All { // only what this crawl itself has read
		since = crawl.Number
	}
	byID, ids := map[int64]*listedSplit{}, []any{}
	for _, split := range splits {
		if !split.fresh {
			byID[split.id] = split
			ids = append(ids, split.id)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	ids = few(ids)
	err := t.each(ctx, `SELECT split_id FROM delivery WHERE `+soundDelivery+` AND split_id IN ( `+marks(len(ids))+`)`,
		append([]any{flowID, crawl.Revision, crawl.before, since, LetterReplaying, LetterReplayed, crawl.DestinationID}, ids...),
		func(scan func(...any) error) error {
			var id int64
			err := scan(&id)
			if err == nil {
				byID[id].sound = true
			}
			return err
		})
	if err != nil {
		return err
	}
	return t.exec(ctx, `UPDATE delivery SET pass = ? WHERE flow_id = ? AND split_id IN ( `+marks(len(ids))+`)`, append([]any{crawl.pass, flowID}, ids...)...)
}

// wakeFlows counts what was listed and makes lanes due that have new work.
func (t tx) wakeFlows(ctx context.Context, l Listing, wishes map[int64]wish, hours map[splitHour]int64) error {
	for _, at := range slices.SortedFunc(maps.Keys(hours), compareHours) {
		if err := t.addCoverage(ctx, Coverage{SourceID: l.SourceID, Stream: at.stream, Hour: at.hour, Splits: hours[at]}); err != nil {
			return err
		}
	}
	for _, flow := range slices.Sorted(maps.Keys(wishes)) {
		if err := t.wakeLanes(ctx, flow, wishes[flow].due); err != nil {
			return err
		}
		if err := t.addCounts(ctx, flow, 0, Counts{Listed: wishes[flow].splits}); err != nil {
			return err
		}
		if l.RunID != 0 {
			if err := t.addCounts(ctx, flow, l.RunID, Counts{Listed: wishes[flow].splits}); err != nil {
				return err
			}
		}
	}
	return nil
}

// wakeLanes makes a flow's lanes due, but none before the time to which it is blocked. It writes to every lane, even if that
// is due earlier already: a lane that is being given back on PostgreSQL is locked, and its new due time, which cannot
// know of our deliveries, must be seen here before it is compared.
func (t tx) wakeLanes(ctx context.Context, flowID, due int64) error {
	return t.exec(ctx, `UPDATE lane SET due = CASE WHEN due < ? THEN due WHEN blocked > ? THEN blocked ELSE ? END WHERE flow_id = ?`, due, due, due, flowID)
}

type splitHour struct {
	stream string
	hour   int64
}

func compareHours(a, b splitHour) int {
	return cmp.Or(cmp.Compare(a.stream, b.stream), cmp.Compare(a.hour, b.hour))
}
