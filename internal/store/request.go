package store

import (
	"context"
	"slices"
	"strings"
	"time"
)

// Requests are what was asked of one quota of a remote in a slot of time.
type Requests struct {
	Scope     string    `json:"scope"`
	Start     time.Time `json:"start"`
	Allowed   int64     `json:"allowed_per_minute"`
	Asked     int64     `json:"asked"`
	Throttled int64     `json:"throttled"` // asked to slow down: 429, or what the service says instead
	Refused   int64     `json:"refused"`   // with another 4xx
	Failed    int64     `json:"failed"`    // with 5xx, or not at all
}

// AddRequests counts requests of just now: one row for each scope, none of them empty.
func (s *Store) AddRequests(ctx context.Context, all []Requests) error {
	all = slices.SortedFunc(slices.Values(all), func(a, b Requests) int { return strings.Compare(a.Scope, b.Scope) })
	return s.inTx(ctx, func(t tx) error {
		minute := floorDiv(s.now().Unix(), 60)
		for _, width := range []int64{minutely, hourly} {
			if err := t.sumRequests(ctx, width, minute-minute%width, all); err != nil {
				return err
			}
			for _, r := range all {
				if err := t.putRequests(ctx, width, minute-minute%width, r, `excluded.allowed`); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// together is the scope of the rows that sum up all quotas.
const together = ""

// sumRequests adds requests that are not yet counted themselves to the sum of all quotas. That row goes first: it is locked until the
// transaction ends, so that no other changes meanwhile what is allowed.
func (t tx) sumRequests(ctx context.Context, width, minute int64, all []Requests) error {
	sum := Requests{Scope: together}
	var scopes []any
	for _, r := range all {
		if strings.HasPrefix(r.Scope, ofCredential) {
			continue
		}
		sum.Allowed, sum.Asked, sum.Throttled = sum.Allowed+r.Allowed, sum.Asked+r.Asked, sum.Throttled+r.Throttled
		sum.Refused, sum.Failed = sum.Refused+r.Refused, sum.Failed+r.Failed
		scopes = append(scopes, r.Scope)
	}
	if len(scopes) == 0 {
		return nil
	}
	if err := t.putRequests(ctx, width, minute, sum, `request.allowed + excluded.allowed`); err != nil {
		return err
	}
	const chunk = 500
	var twice int64 // what these quotas allow is in the sum already
	for part := range slices.Chunk(scopes, chunk) {
		var n int64
		if err := t.row(ctx, `SELECT coalesce(sum(allowed), 0) FROM request WHERE width = ? AND minute = ? AND scope IN (`+marks(len(part))+`)`, append([]any{width, minute}, part...)...).Scan(&n); err != nil {
			return err
		}
		twice += n
	}
	if twice == 0 {
		return nil
	}
	return t.exec(ctx, `UPDATE request SET allowed = allowed - ? WHERE scope = ? AND width = ? AND minute = ?`, twice, together, width, minute)
}

func (t tx) putRequests(ctx context.Context, width, minute int64, r Requests, allowed string) error {
	return t.exec(ctx, `INSERT INTO request (scope, tenant, width, minute, allowed, asked, throttled, refused, failed) VALUES (?,?,?,?,?,?,?,?,?)
		ON CONFLICT (scope, width, minute) DO UPDATE SET allowed = `+allowed+`, asked = request.asked + excluded.asked,
		throttled = request.throttled + excluded.throttled, refused = request.refused + excluded.refused, failed = request.failed + excluded.failed`,
		r.Scope, tenantOf(r.Scope), width, minute, r.Allowed, r.Asked, r.Throttled, r.Refused, r.Failed)
}

// tenantOf gives the tenant of a quota's name, which is service/tenant/what; "": it has none.
func tenantOf(scope string) string {
	_, rest, _ := strings.Cut(scope, "/")
	tenant, _, more := strings.Cut(rest, "/")
	if !more || strings.HasPrefix(scope, ofCredential) {
		return ""
	}
	return tenant
}

// A credential's requests are counted beside those of quotas, which several credentials may share.
const ofCredential = "credential/"

// CredentialScope is the scope under which the requests of a credential are counted.
func CredentialScope(uid string) string { return ofCredential + uid }

// quotasAlone leaves out the sum and the requests that are counted by credential: they are the same ones.
const quotasAlone = `scope <> '' AND scope NOT LIKE '` + ofCredential + `%'`

// CredentialCalls gives the requests of credentials, by their UID, in each of the last hours, the present one last. One that made
// none is not there.
func (s *Store) CredentialCalls(ctx context.Context, uids []string, hours int) (map[string][]int64, error) {
	calls := map[string][]int64{}
	if len(uids) == 0 {
		return calls, nil
	}
	scopes := make([]any, len(uids))
	for i, uid := range uids {
		scopes[i] = CredentialScope(uid)
	}
	first := hourOf(s.now()) - int64(hours) + 1
	w := &where{}
	w.in(`scope`, scopes...)
	w.and(`width = ? AND minute >= ?`, hourly, first*hourly)
	err := s.reading().each(ctx, `SELECT scope, minute, asked FROM request`+w.String(), w.args, func(scan func(...any) error) error {
		var (
			scope         string
			minute, asked int64
		)
		err := scan(&scope, &minute, &asked)
		uid := strings.TrimPrefix(scope, ofCredential)
		if calls[uid] == nil {
			calls[uid] = make([]int64, hours)
		}
		if at := minute/hourly - first; at >= 0 && at < int64(hours) {
			calls[uid][at] += asked
		}
		return err
	})
	return calls, s.trouble(err)
}

// A RequestFilter picks requests: of a quota, or of all quotas of tenants, or of all.
type RequestFilter struct {
	Scope    string
	Tenants  []string // their IDs, as they stand in the quotas' names
	From, To time.Time
	Minutes  bool // slots of a minute, of which the last six hours are kept; else of an hour
}

// Requests gives slots from a time on and before another; those of several quotas are added up.
func (s *Store) Requests(ctx context.Context, f RequestFilter) ([]Requests, error) {
	width := int64(hourly)
	if f.Minutes {
		width = minutely
	}
	w := &where{}
	if len(f.Tenants) > 0 {
		w.in(`tenant`, asArgs(f.Tenants)...)
	}
	if f.Scope != "" || len(f.Tenants) == 0 {
		w.and(`scope = ?`, f.Scope)
	}
	w.and(`width = ? AND minute >= ? AND minute < ?`, width, floorDiv(f.From.Unix(), 60), floorDiv(f.To.Add(time.Minute-1).Unix(), 60))
	var all []Requests
	err := s.reading().each(ctx, `SELECT minute, sum(allowed), sum(asked), sum(throttled), sum(refused), sum(failed) FROM request`+w.String()+` GROUP BY minute ORDER BY minute`, w.args,
		func(scan func(...any) error) error {
			var minute int64
			r := Requests{Scope: f.Scope}
			err := scan(&minute, &r.Allowed, &r.Asked, &r.Throttled, &r.Refused, &r.Failed)
			r.Start = time.Unix(minute*60, 0).UTC()
			all = append(all, r)
			return err
		})
	return all, s.trouble(err)
}

// A QuotaUse is what was asked of a quota since a time.
type QuotaUse struct {
	Requests
	Blocked time.Time `json:"blocked_until,omitzero"` // until when the remote asked for silence
}

// QuotaUses gives what was asked of each quota since a time, the most throttled first, at most limit.
func (s *Store) QuotaUses(ctx context.Context, since time.Time, limit int) ([]QuotaUse, error) {
	return s.quotaUses(ctx, ``, since, limit)
}

func (s *Store) quotaUses(ctx context.Context, more string, since time.Time, limit int) ([]QuotaUse, error) {
	var all []QuotaUse
	err := s.reading().each(ctx, `SELECT r.scope, r.allowed, r.asked, r.throttled, r.refused, r.failed, coalesce(q.blocked, 0) FROM
		(SELECT scope, max(allowed) AS allowed, sum(asked) AS asked, sum(throttled) AS throttled, sum(refused) AS refused, sum(failed) AS failed
		FROM request WHERE width = ? AND minute >= ? AND `+quotasAlone+more+` GROUP BY scope) r LEFT JOIN quota q ON q.scope = r.scope ORDER BY r.throttled DESC, r.asked DESC, r.scope LIMIT ?`,
		[]any{hourly, floorDiv(since.Unix(), 3600) * 60, limit}, func(scan func(...any) error) error {
			var (
				u       QuotaUse
				blocked int64
			)
			err := scan(&u.Scope, &u.Allowed, &u.Asked, &u.Throttled, &u.Refused, &u.Failed, &blocked)
			u.Start, u.Blocked = since.UTC(), moment(blocked)
			all = append(all, u)
			return err
		})
	return all, s.trouble(err)
}
