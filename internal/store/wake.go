package store

import "context"

// TryNow makes the next listing of a flow's source due now, and ends the rest that its lanes and deliveries take after a trouble of
// their own: a person asked, who may have mended it. What a remote asked to wait for goes on waiting.
func (s *Store) TryNow(ctx context.Context, flow Object) error {
	if err := s.WakeSource(ctx, flow.SourceID); err != nil {
		return err
	}
	return s.inTx(ctx, func(t tx) error {
		now := micros(s.now())
		if err := t.exec(ctx, `UPDATE lane SET due = ?, failures = 0, blocked = 0 WHERE flow_id = ? AND paused = 0 AND failures > 0
			AND NOT (error LIKE '{"class":"throttled"%' AND blocked > ?)`, now, flow.ID, now); err != nil {
			return err
		}
		return t.exec(ctx, `UPDATE delivery SET due = ?, waits = 0 WHERE flow_id = ? AND state IN (0, 3) AND waits > 0
			AND NOT (error LIKE '{"class":"throttled"%' AND due > ?)`, now, flow.ID, now)
	})
}

// WakeUsers makes due now what waits because a sign-in or a permission was refused, and signs in with a credential that was mended: the listings
// of its sources, the lanes out of them and into its destinations. What a remote asked to wait for goes on waiting.
func (s *Store) WakeUsers(ctx context.Context, credentialID int64) error {
	const (
		refused = `error LIKE '{"class":"denied"%'` // Trouble.text begins so
		uses    = `(SELECT id FROM object WHERE credential = ?)`
		flows   = `flow_id IN (SELECT id FROM object WHERE source IN ` + uses + ` OR destination IN ` + uses + `)`
	)
	return s.inTx(ctx, func(t tx) error {
		now := micros(s.now())
		if err := t.exec(ctx, `UPDATE listing SET due = ? WHERE ended = 0 AND due > ? AND `+refused+` AND source_id IN `+uses, now, now, credentialID); err != nil {
			return err
		}
		// The lanes first: who releases one locks its row before it looks at deliveries.
		if err := t.exec(ctx, `UPDATE lane SET due = ?, blocked = 0 WHERE due > ? AND `+refused+` AND `+flows, now, now, credentialID, credentialID); err != nil {
			return err
		}
		return t.exec(ctx, `UPDATE delivery SET due = ? WHERE state IN (0, 3) AND due > ? AND `+refused+` AND `+flows, now, now, credentialID, credentialID)
	})
}
