package store

import (
	"context"
	"math"
)

// never is a due time that does not come.
const never = math.MaxInt64

// objectMade gives a new or changed source its listing and a flow its lanes, and wakes or stops them.
func (t tx) objectMade(ctx context.Context, o Object) error {
	due, paused := micros(t.s.now()), flag(o.Paused)
	switch o.Kind {
	case Credential:
		return t.tryAgain(ctx, due, `source_id IN (SELECT id FROM object WHERE kind = 'source' AND credential = ?)`,
			`flow_id IN (SELECT f.id FROM object f JOIN object u ON u.id IN (f.source, f.destination) WHERE f.kind = 'flow' AND u.credential = ?)`, o.ID)
	case Destination:
		if err := t.exec(ctx, `UPDATE lane SET paused = ?, due = CASE WHEN paused = 1 THEN ? ELSE due END
			WHERE flow_id IN (SELECT id FROM object WHERE kind = 'flow' AND destination = ? AND paused = 0)`, paused, due, o.ID); err != nil {
			return err
		}
		return t.tryAgain(ctx, due, ``, `flow_id IN (SELECT id FROM object WHERE kind = 'flow' AND destination = ?)`, o.ID)
	case Source:
		if err := t.exec(ctx, `INSERT INTO listing (source_id, cursor, due) VALUES (?,?,?) ON CONFLICT (source_id, run_id) DO NOTHING`, o.ID, []byte{}, due); err != nil {
			return err
		}
		if err := t.exec(ctx, `UPDATE listing SET tenant = ?, paused = ?, due = ?, failures = 0 WHERE source_id = ? AND ended = 0`, o.Tenant, paused, due, o.ID); err != nil {
			return err
		}
		return t.tryAgain(ctx, due, ``, `flow_id IN (SELECT id FROM object WHERE kind = 'flow' AND source = ?)`, o.ID)
	case Flow:
		for lane := range max(o.Lanes, 1) {
			if err := t.exec(ctx, `INSERT INTO lane (flow_id, lane, tenant, due) VALUES (?,?,?,?) ON CONFLICT (flow_id, lane) DO NOTHING`, o.ID, lane, o.Tenant, due); err != nil {
				return err
			}
		}
		// Lanes that the flow had before may still have deliveries: a delivery keeps its lane. A paused destination
		// rests its flows' lanes as a paused flow does.
		if err := t.exec(ctx, `UPDATE lane SET tenant = ?, due = ?, blocked = 0, failures = 0,
			paused = CASE WHEN ? = 1 OR EXISTS (SELECT 1 FROM object d WHERE d.id = ? AND d.paused = 1) THEN 1 ELSE 0 END WHERE flow_id = ?`,
			o.Tenant, due, paused, o.DestinationID, o.ID); err != nil {
			return err
		}
		if !o.Paused { // a source rests while no flow wants it
			if err := t.exec(ctx, `UPDATE listing SET due = ? WHERE source_id = ? AND run_id = 0 AND due > ?`, due, o.SourceID, due); err != nil {
				return err
			}
		}
		return t.exec(ctx, `INSERT INTO flow_count (flow_id, run_id) VALUES (?, 0) ON CONFLICT (flow_id, run_id) DO NOTHING`, o.ID)
	}
	return nil
}

// tryAgain ends the rest that listings and lanes take after a trouble: a person has changed what they use.
func (t tx) tryAgain(ctx context.Context, due int64, listings, lanes string, id int64) error {
	if listings != "" {
		if err := t.exec(ctx, `UPDATE listing SET due = ?, failures = 0 WHERE failures > 0 AND ended = 0 AND `+listings, due, id); err != nil {
			return err
		}
	}
	if err := t.exec(ctx, `UPDATE delivery SET due = ?, waits = 0 WHERE state IN (0, 3) AND waits > 0 AND `+lanes, due, id); err != nil {
		return err
	}
	return t.exec(ctx, `UPDATE lane SET due = ?, failures = 0, blocked = 0 WHERE failures > 0 AND `+lanes, due, id)
}

// objectGone forgets what belongs to a removed object.
func (t tx) objectGone(ctx context.Context, o Object) error {
	belongings := map[string][][2]string{
		Source:      {{"listing", "source_id"}, {"gap", "source_id"}, {"coverage", "source_id"}, {"split", "source_id"}, {"dataset", "source_id"}, {"dataset_sample", "source_id"}, {"dataset_change", "source_id"}},
		Destination: {{"inventory", "destination_id"}, {"sighting", "destination_id"}},
		Flow: {{"lane", "flow_id"}, {"delivery", "flow_id"}, {"seen", "flow_id"}, {"seen_recent", "flow_id"}, {"dead_letter", "flow_id"}, {"letter_count", "flow_id"}, {"flow_count", "flow_id"},
			{"run", "flow_id"}, {"listing", "flow_id"}, {"coverage", "flow_id"}, {"activity", "flow_id"}},
	}
	for _, b := range belongings[o.Kind] {
		if err := t.exec(ctx, `DELETE FROM `+b[0]+` WHERE `+b[1]+` = ?`, o.ID); err != nil {
			return err
		}
	}
	if o.Kind != Flow {
		return nil
	}
	// Whether a split was listed is known by the flow's deliveries: without them no sighting counts.
	if err := t.exec(ctx, `DELETE FROM sighting WHERE destination_id = ?`, o.DestinationID); err != nil {
		return err
	}
	return t.exec(ctx, `DELETE FROM split_body WHERE NOT EXISTS (SELECT 1 FROM delivery d WHERE d.split_id = split_body.split_id AND d.state IN (0, 2, 3))`)
}
