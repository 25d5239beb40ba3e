package store

import (
	"context"
	"slices"
	"time"
)

// An ObjectFilter picks objects of one kind. Zero fields pick all.
type ObjectFilter struct {
	Kind          string
	Query         string // part of the name or of the description, whatever its case
	Connector     string // a source's or destination's connector, a credential's type
	Owner         string
	Tenant        string
	CredentialID  int64
	SourceID      int64
	DestinationID int64
	Paused        *bool
	Mirror        *bool // flows that mirror, or those that append
}

func (f ObjectFilter) where() *where {
	w := &where{}
	w.and(`kind = ?`, f.Kind)
	if f.Query != "" {
		w.and(`(lower(name) LIKE ? ESCAPE '\' OR lower(description) LIKE ? ESCAPE '\')`, containing(f.Query), containing(f.Query))
	}
	if f.Connector != "" { // the first setting of every spec
		w.and(`(spec LIKE ? OR spec LIKE ?)`, `{"connector":"`+f.Connector+`"%`, `{"type":"`+f.Connector+`"%`)
	}
	if f.Owner != "" {
		w.and(`owner = ?`, f.Owner)
	}
	if f.Tenant != "" {
		w.and(`tenant = ?`, f.Tenant)
	}
	if f.CredentialID != 0 {
		w.and(`credential = ?`, f.CredentialID)
	}
	if f.SourceID != 0 {
		w.and(`source = ?`, f.SourceID)
	}
	if f.DestinationID != 0 {
		w.and(`destination = ?`, f.DestinationID)
	}
	if f.Paused != nil {
		w.and(`paused = ?`, flag(*f.Paused))
	}
	if f.Mirror != nil {
		w.and(`(CASE WHEN spec LIKE '%"mode":"mirror"%' THEN 1 ELSE 0 END) = ?`, flag(*f.Mirror))
	}
	return w
}

// ObjectsPage gives a page of a kind's objects by name, and where the next page begins; "": there is none. Invalid for
// a place that is none.
func (s *Store) ObjectsPage(ctx context.Context, f ObjectFilter, p Page) ([]Object, string, error) {
	w := f.where()
	var name string
	if on, err := p.place(&name); err != nil {
		return nil, "", err
	} else if on {
		w.and(`name > ?`, name)
	}
	var all []Object
	err := s.reading().each(ctx, `SELECT `+objectColumns+` FROM object`+w.String()+` ORDER BY name LIMIT ?`, append(w.args, p.limit()+1), func(scan func(...any) error) error {
		o, err := scanObject(scan)
		all = append(all, o)
		return err
	})
	all, next := cut(p, all, func(o Object) string { return place(o.Name) })
	return all, next, s.trouble(err)
}

// CountObjects counts what a filter picks.
func (s *Store) CountObjects(ctx context.Context, f ObjectFilter) (int64, error) {
	var n int64
	w := f.where()
	err := s.reading().row(ctx, `SELECT count(*) FROM object`+w.String(), w.args...).Scan(&n)
	return n, s.trouble(err)
}

// ObjectsWithIDs gives objects by their numbers, of whatever kind. What is not there is left out.
func (s *Store) ObjectsWithIDs(ctx context.Context, ids []int64) (map[int64]Object, error) {
	found := map[int64]Object{}
	err := s.reading().chunks(ctx, ids, func(marks string) string {
		return `SELECT ` + objectColumns + ` FROM object WHERE id IN (` + marks + `)`
	}, func(scan func(...any) error) error {
		o, err := scanObject(scan)
		found[o.ID] = o
		return err
	})
	return found, s.trouble(err)
}

// FlowsOf gives the flows that read sources, by source.
func (s *Store) FlowsOf(ctx context.Context, sourceIDs []int64) (map[int64][]Object, error) {
	found := map[int64][]Object{}
	err := s.reading().chunks(ctx, sourceIDs, func(marks string) string {
		return `SELECT ` + objectColumns + ` FROM object WHERE source IN (` + marks + `) AND (kind || '') = '` + Flow + `' ORDER BY name`
	}, func(scan func(...any) error) error {
		o, err := scanObject(scan)
		found[o.SourceID] = append(found[o.SourceID], o)
		return err
	})
	return found, s.trouble(err)
}

// chunks runs a query for so many of the IDs at a time as one statement takes; 0 and what stands twice are left out.
func (t tx) chunks(ctx context.Context, ids []int64, query func(marks string) string, f func(scan func(...any) error) error) error {
	ids = slices.Clone(ids)
	slices.Sort(ids)
	ids = slices.DeleteFunc(slices.Compact(ids), func(id int64) bool { return id == 0 })
	return inChunks(ids, func(part []any) error { return t.each(ctx, query(marks(len(part))), part, f) })
}

// Users are the objects that use another: how many there are, and the first of them.
type Users struct {
	Total int
	First []Object // ID, UID, kind and name alone
}

// UsersOf gives, for objects of a kind, who uses them: at most so many of each.
func (s *Store) UsersOf(ctx context.Context, kind string, ids []int64, most int) (map[int64]Users, error) {
	column, ok := map[string]string{Credential: "credential", Source: "source", Destination: "destination"}[kind]
	users := map[int64]Users{}
	if !ok {
		return users, nil
	}
	err := s.reading().chunks(ctx, ids, func(marks string) string {
		return `SELECT used, total, id, uid, kind, name FROM (SELECT ` + column + ` AS used, id, uid, kind, name,
			count(*) OVER (PARTITION BY ` + column + `) AS total, row_number() OVER (PARTITION BY ` + column + ` ORDER BY kind, name) AS place
			FROM object WHERE ` + column + ` IN (` + marks + `)) found WHERE place <= ` + number(most) + ` ORDER BY used, place`
	}, func(scan func(...any) error) error {
		var (
			used  int64
			total int
			o     Object
		)
		if err := scan(&used, &total, &o.ID, &o.UID, &o.Kind, &o.Name); err != nil {
			return err
		}
		users[used] = Users{Total: total, First: append(users[used].First, o)}
		return nil
	})
	return users, s.trouble(err)
}

// SecretsOf gives what may be shown of the secrets of objects, by UID.
func (s *Store) SecretsOf(ctx context.Context, uids []string) (map[string]Secret, error) {
	found := map[string]Secret{}
	const chunk = 500
	for part := range slices.Chunk(uids, chunk) {
		err := s.reading().each(ctx, `SELECT owner, fingerprint, set_at FROM secret WHERE owner IN (`+marks(len(part))+`)`, asArgs(part), func(scan func(...any) error) error {
			var (
				one Secret
				set int64
			)
			err := scan(&one.Owner, &one.Fingerprint, &set)
			one.Set = moment(set)
			found[one.Owner] = one
			return err
		})
		if err != nil {
			return nil, s.trouble(err)
		}
	}
	return found, nil
}

// LastTests gives how the last tests of objects ended.
func (s *Store) LastTests(ctx context.Context, ids []int64) (map[int64]Tested, error) {
	found := map[int64]Tested{}
	err := s.reading().chunks(ctx, ids, func(marks string) string {
		return `SELECT object_id, at, ok, result FROM tested WHERE object_id IN (` + marks + `)`
	}, func(scan func(...any) error) error {
		var (
			id, at, ok int64
			result     string
		)
		err := scan(&id, &at, &ok, &result)
		found[id] = Tested{At: moment(at), OK: ok != 0, Result: []byte(result)}
		return err
	})
	return found, s.trouble(err)
}

// CountsOf gives what flows have done since they were made.
func (s *Store) CountsOf(ctx context.Context, flowIDs []int64) (map[int64]Counts, error) {
	found := map[int64]Counts{}
	err := s.reading().chunks(ctx, flowIDs, func(marks string) string {
		return `SELECT flow_id, ` + countColumns + ` FROM flow_count WHERE run_id = 0 AND flow_id IN (` + marks + `)`
	}, func(scan func(...any) error) error {
		var id int64
		c, err := scanCounts(scan, &id)
		found[id] = c
		return err
	})
	return found, s.trouble(err)
}

// OpenLettersOf counts the open dead letters of flows.
func (s *Store) OpenLettersOf(ctx context.Context, flowIDs []int64) (map[int64]int64, error) {
	return s.numbers(ctx, flowIDs, func(marks string) string {
		return `SELECT flow_id, sum(letters) FROM letter_count WHERE state = '` + LetterOpen + `' AND flow_id IN (` + marks + `) GROUP BY flow_id`
	})
}

// numbers gives a number for each object of which a query, made with marks for their IDs, has a row: ID and number.
func (s *Store) numbers(ctx context.Context, ids []int64, query func(marks string) string) (map[int64]int64, error) {
	found := map[int64]int64{}
	err := s.reading().chunks(ctx, ids, query, func(scan func(...any) error) error {
		var id, n int64
		err := scan(&id, &n)
		found[id] = n
		return err
	})
	return found, s.trouble(err)
}

// A Troubled says that a flow's lane or a source's listing has not recovered from its trouble.
type Troubled struct {
	Failures int       // in a row, of the one that has most
	Trouble  *Trouble  // its last
	Due      time.Time // when it is tried again
}

// LaneTroubles gives, of these flows, those of which a lane has trouble now.
func (s *Store) LaneTroubles(ctx context.Context, flowIDs []int64) (map[int64]Troubled, error) {
	return s.troubled(ctx, `lane`, `flow_id`, ``, flowIDs)
}

// ListingTroubles gives, of these sources, those of which a listing has trouble now.
func (s *Store) ListingTroubles(ctx context.Context, sourceIDs []int64) (map[int64]Troubled, error) {
	return s.troubled(ctx, `listing`, `source_id`, ` AND ended = 0`, sourceIDs)
}

func (s *Store) troubled(ctx context.Context, table, column, more string, ids []int64) (map[int64]Troubled, error) {
	found := map[int64]Troubled{}
	err := s.reading().chunks(ctx, ids, func(marks string) string {
		return `SELECT ` + column + `, failures, error, due FROM ` + table + ` WHERE failures > 0` + more + ` AND ` + column + ` IN (` + marks + `)`
	}, func(scan func(...any) error) error { return scanTroubled(scan, found) })
	return found, s.trouble(err)
}

func scanTroubled(scan func(...any) error, found map[int64]Troubled) error {
	var (
		id, due int64
		one     Troubled
		text    string
	)
	if err := scan(&id, &one.Failures, &text, &due); err != nil {
		return err
	}
	if one.Failures > found[id].Failures {
		one.Trouble, one.Due = parseTrouble(text), sleeping(due)
		found[id] = one
	}
	return nil
}

// ListingsOf gives how the continuous listings of sources stand.
func (s *Store) ListingsOf(ctx context.Context, sourceIDs []int64) (map[int64]ListingStatus, error) {
	found := map[int64]ListingStatus{}
	err := s.reading().chunks(ctx, sourceIDs, func(marks string) string {
		return `SELECT source_id, CASE WHEN paused = 1 THEN ` + number(never) + ` ELSE due END, listed_at, pending, failures, error FROM listing WHERE run_id = 0 AND source_id IN (` + marks + `)`
	}, func(scan func(...any) error) error {
		var (
			l           ListingStatus
			due, listed int64
			trouble     string
		)
		err := scan(&l.SourceID, &due, &listed, &l.Pending, &l.Failures, &trouble)
		l.Due, l.Listed, l.Trouble = sleeping(due), moment(listed), parseTrouble(trouble)
		found[l.SourceID] = l
		return err
	})
	return found, s.trouble(err)
}

// OpenRuns gives the runs of flows that have not ended.
func (s *Store) OpenRuns(ctx context.Context, flowIDs []int64) (map[int64][]Run, error) {
	found := map[int64][]Run{}
	err := s.reading().chunks(ctx, flowIDs, func(marks string) string {
		return `SELECT ` + runColumns + ` FROM run WHERE state IN ('` + RunGoing + `', '` + RunHolding + `') AND flow_id IN (` + marks + `) ORDER BY id`
	}, func(scan func(...any) error) error {
		r, err := scanRun(scan)
		found[r.FlowID] = append(found[r.FlowID], r)
		return err
	})
	return found, s.trouble(err)
}
