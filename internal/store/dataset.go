package store

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// A Dataset is what was learned of the records of one stream of a source.
type Dataset struct {
	SourceID int64
	Stream   string
	Records  int64     // looked at, ever
	Fields   int64     // how many are known
	First    time.Time // the times of the oldest and the newest record that was looked at
	Last     time.Time
	Looked   time.Time // when the last one was
	Shape    []byte    // only its service understands it
}

// A DatasetSample is a record that is kept for looking at.
type DatasetSample struct {
	ID     int64
	Stream string
	Looked time.Time
	Time   time.Time // the record's own
	Key    string
	Body   json.RawMessage
	Whole  bool // it may tell of people
	Cut    bool // texts in it were shortened
}

// A DatasetChange is something new about what a stream's records look like.
type DatasetChange struct {
	ID       int64
	SourceID int64
	Stream   string
	Looked   time.Time // when it was noticed
	Since    time.Time // the time of the first record that shows it
	Kind     string
	Path     string
	OldTypes int64
	Types    int64
}

// What is kept of a data set; see Retention for how long.
const (
	mostSamples = 20  // of one stream, the newest
	mostOfAll   = 100 // of all streams of a source
	mostStreams = 100 // of a source: a folder can have many thousands
	mostChanges = 500 // of a source
)

// A Lesson is what some more records of a stream have shown.
type Lesson struct {
	SourceID int64
	Stream   string
	// Learn puts what they have shown to what was known (a zero Dataset: nothing was) and tells what is new about it. It may be
	// called again.
	Learn   func(known Dataset) (Dataset, []DatasetChange, error)
	Samples []DatasetSample // the newest last
}

// Learn remembers what records have shown. Lessons of sources that are gone, and of more streams than a data set has, are
// forgotten.
func (s *Store) Learn(ctx context.Context, l Lesson) error {
	return s.inTx(ctx, func(t tx) error {
		known, ok, err := t.lockDataset(ctx, l)
		if err != nil || !ok {
			return err
		}
		now, changes, err := l.Learn(known)
		if err != nil {
			return err
		}
		looked := micros(s.now())
		if err := t.exec(ctx, `UPDATE dataset SET records = ?, fields = ?, first = ?, last = ?, looked = ?, shape = ? WHERE source_id = ? AND stream = ?`,
			now.Records, now.Fields, micros(now.First), micros(now.Last), looked, squeeze(now.Shape), l.SourceID, l.Stream); err != nil {
			return err
		}
		if err := t.putSamples(ctx, l, looked); err != nil {
			return err
		}
		return t.putChanges(ctx, l, changes, looked)
	})
}

// lockDataset gives what is known of a stream, and keeps other nodes from adding to it; false: nothing is to be learned of it.
func (t tx) lockDataset(ctx context.Context, l Lesson) (Dataset, bool, error) {
	// The source's row is not locked: one that is removed at this moment leaves a row, which the next sweep takes.
	if err := t.exec(ctx, `INSERT INTO dataset (source_id, stream, records, fields, first, last, looked, shape)
		SELECT id, CAST(? AS TEXT), 0, 0, 0, 0, 0, ? FROM object WHERE id = ? AND kind = 'source' AND (SELECT count(*) FROM dataset WHERE source_id = ?) < ?
		ON CONFLICT (source_id, stream) DO NOTHING`, l.Stream, []byte{}, l.SourceID, l.SourceID, mostStreams); err != nil {
		return Dataset{}, false, err
	}
	q := `SELECT ` + datasetColumns + `, shape FROM dataset WHERE source_id = ? AND stream = ?`
	if t.s.kind == onPostgres {
		q += ` FOR UPDATE`
	}
	var packed []byte
	d, err := scanDataset(func(dest ...any) error {
		return t.row(ctx, q, l.SourceID, l.Stream).Scan(append(dest, &packed)...)
	})
	if isNoRows(err) {
		return d, false, nil
	}
	if err == nil {
		d.Shape, err = unsqueeze(packed)
	}
	return d, err == nil, err
}

func (t tx) putSamples(ctx context.Context, l Lesson, looked int64) error {
	if len(l.Samples) == 0 {
		return nil
	}
	for _, one := range l.Samples[max(0, len(l.Samples)-mostSamples):] {
		if err := t.exec(ctx, `INSERT INTO dataset_sample (source_id, stream, looked, at, key, body, whole, cut) VALUES (?,?,?,?,?,?,?,?)`,
			l.SourceID, l.Stream, looked, micros(one.Time), one.Key, squeeze(one.Body), flag(one.Whole), flag(one.Cut)); err != nil {
			return err
		}
	}
	if err := t.exec(ctx, `DELETE FROM dataset_sample WHERE source_id = ? AND stream = ? AND id <=
		(SELECT id FROM dataset_sample WHERE source_id = ? AND stream = ? ORDER BY id DESC LIMIT 1 OFFSET ?)`, l.SourceID, l.Stream, l.SourceID, l.Stream, mostSamples); err != nil {
		return err
	}
	return t.exec(ctx, `DELETE FROM dataset_sample WHERE source_id = ? AND id <=
		(SELECT id FROM dataset_sample WHERE source_id = ? ORDER BY id DESC LIMIT 1 OFFSET ?)`, l.SourceID, l.SourceID, mostOfAll)
}

func (t tx) putChanges(ctx context.Context, l Lesson, changes []DatasetChange, looked int64) error {
	if len(changes) == 0 {
		return nil
	}
	for _, c := range changes {
		if err := t.exec(ctx, `INSERT INTO dataset_change (source_id, stream, looked, since, kind, path, old_types, types) VALUES (?,?,?,?,?,?,?,?)`,
			l.SourceID, l.Stream, looked, micros(c.Since), c.Kind, c.Path, c.OldTypes, c.Types); err != nil {
			return err
		}
	}
	t.tell(Source, l.SourceID)
	return t.exec(ctx, `DELETE FROM dataset_change WHERE source_id = ? AND id <=
		(SELECT id FROM dataset_change WHERE source_id = ? ORDER BY id DESC LIMIT 1 OFFSET ?)`, l.SourceID, l.SourceID, mostChanges)
}

const datasetColumns = `source_id, stream, records, fields, first, last, looked`

func scanDataset(scan func(...any) error) (Dataset, error) {
	var (
		d                   Dataset
		first, last, looked int64
	)
	err := scan(&d.SourceID, &d.Stream, &d.Records, &d.Fields, &first, &last, &looked)
	d.First, d.Last, d.Looked = moment(first), moment(last), moment(looked)
	return d, err
}

// DatasetsOf gives what was learned of sources, by stream, without shapes.
func (s *Store) DatasetsOf(ctx context.Context, sources []int64) (map[int64][]Dataset, error) {
	found := map[int64][]Dataset{}
	err := s.reading().chunks(ctx, sources, func(marks string) string {
		return `SELECT ` + datasetColumns + ` FROM dataset WHERE source_id IN (` + marks + `)`
	}, func(scan func(...any) error) error {
		d, err := scanDataset(scan)
		found[d.SourceID] = append(found[d.SourceID], d)
		return err
	})
	for _, all := range found {
		slices.SortFunc(all, func(a, b Dataset) int { return strings.Compare(a.Stream, b.Stream) })
	}
	return found, s.trouble(err)
}

// DatasetShapes gives what was learned of a source, by stream.
func (s *Store) DatasetShapes(ctx context.Context, source int64) ([]Dataset, error) {
	var all []Dataset
	err := s.reading().each(ctx, `SELECT `+datasetColumns+`, shape FROM dataset WHERE source_id = ? ORDER BY stream`, []any{source}, func(scan func(...any) error) error {
		var packed []byte
		d, err := scanDataset(func(dest ...any) error { return scan(append(dest, &packed)...) })
		if err == nil {
			d.Shape, err = unsqueeze(packed)
		}
		all = append(all, d)
		return err
	})
	return all, s.trouble(err)
}

// DatasetSamples gives the records that are kept of a source, or of one of its streams, the newest first; those that may tell of
// people only with whole.
func (s *Store) DatasetSamples(ctx context.Context, source int64, stream string, whole bool, limit int) ([]DatasetSample, error) {
	w := &where{}
	w.and(`source_id = ?`, source)
	if stream != "" {
		w.and(`stream = ?`, stream)
	}
	if !whole {
		w.and(`whole = 0`)
	}
	var all []DatasetSample
	err := s.reading().each(ctx, `SELECT id, stream, looked, at, key, body, whole, cut FROM dataset_sample`+w.String()+` ORDER BY id DESC LIMIT ?`, append(w.args, limit), func(scan func(...any) error) error {
		var (
			one                      DatasetSample
			looked, at, isWhole, cut int64
			packed                   []byte
		)
		err := scan(&one.ID, &one.Stream, &looked, &at, &one.Key, &packed, &isWhole, &cut)
		if err == nil {
			one.Body, err = unsqueeze(packed)
		}
		one.Looked, one.Time, one.Whole, one.Cut = moment(looked), moment(at), isWhole != 0, cut != 0
		all = append(all, one)
		return err
	})
	return all, s.trouble(err)
}

// A ChangeFilter picks what changed in a source's records.
type ChangeFilter struct {
	SourceID int64
	Stream   string    // "": of any
	Since    time.Time // noticed since then; zero: at any time
	Query    string    // part of a path, whatever its case
}

// DatasetChanges gives a page of what changed in a source's records, the newest first.
func (s *Store) DatasetChanges(ctx context.Context, f ChangeFilter, p Page) ([]DatasetChange, string, error) {
	w := &where{}
	w.and(`source_id = ? AND looked >= ?`, f.SourceID, micros(f.Since))
	if f.Stream != "" {
		w.and(`stream = ?`, f.Stream)
	}
	if f.Query != "" {
		w.and(`lower(path) LIKE ? ESCAPE '\'`, containing(f.Query))
	}
	var id int64
	if on, err := p.place(&id); err != nil {
		return nil, "", err
	} else if on {
		w.and(`id < ?`, id)
	}
	var all []DatasetChange
	err := s.reading().each(ctx, `SELECT id, source_id, stream, looked, since, kind, path, old_types, types FROM dataset_change`+w.String()+` ORDER BY id DESC LIMIT ?`, append(w.args, p.limit()+1),
		func(scan func(...any) error) error {
			var (
				c             DatasetChange
				looked, since int64
			)
			err := scan(&c.ID, &c.SourceID, &c.Stream, &looked, &since, &c.Kind, &c.Path, &c.OldTypes, &c.Types)
			c.Looked, c.Since = moment(looked), moment(since)
			all = append(all, c)
			return err
		})
	all, next := cut(p, all, func(c DatasetChange) string { return place(c.ID) })
	return all, next, s.trouble(err)
}

// ChangesOf counts what changed in sources' records since a time.
func (s *Store) ChangesOf(ctx context.Context, sources []int64, since time.Time) (map[int64]int64, error) {
	return s.numbers(ctx, sources, func(marks string) string {
		return `SELECT source_id, count(*) FROM dataset_change WHERE looked >= ` + number(int(micros(since))) + ` AND source_id IN (` + marks + `) GROUP BY source_id`
	})
}

// ForgetDataset forgets what is kept of a source's records: the records alone, or with all that was learned of them.
func (s *Store) ForgetDataset(ctx context.Context, source int64, all bool) error {
	return s.inTx(ctx, func(t tx) error {
		tables := []string{`dataset_sample`}
		if all {
			tables = append(tables, `dataset_change`, `dataset`)
		}
		var gone int64
		for _, table := range tables {
			n, err := t.changed(ctx, `DELETE FROM `+table+` WHERE source_id = ?`, source)
			if err != nil {
				return err
			}
			gone += n
		}
		if gone > 0 {
			t.tell(Source, source)
		}
		return nil
	})
}

// ForgetWhole forgets the records of a source that may tell of people.
func (s *Store) ForgetWhole(ctx context.Context, source int64) error {
	return s.inTx(ctx, func(t tx) error {
		return t.exec(ctx, `DELETE FROM dataset_sample WHERE source_id = ? AND whole = 1`, source)
	})
}

// LearnedSources gives the sources of whose records something was learned.
func (s *Store) LearnedSources(ctx context.Context) ([]int64, error) {
	var all []int64
	err := s.reading().each(ctx, `SELECT DISTINCT source_id FROM dataset`, nil, func(scan func(...any) error) error {
		var id int64
		err := scan(&id)
		all = append(all, id)
		return err
	})
	return all, s.trouble(err)
}

// sweepDatasets forgets records and changes that are old, and what was learned of sources that are gone.
func (t tx) sweepDatasets(ctx context.Context, samples, changes time.Time) (int64, error) {
	n, err := t.changed(ctx, `DELETE FROM dataset_sample WHERE id IN (SELECT id FROM dataset_sample WHERE looked < ? LIMIT ?)`, micros(samples), sweepStep)
	if err != nil {
		return n, err
	}
	if err := t.exec(ctx, `DELETE FROM dataset_change WHERE looked < ?`, micros(changes)); err != nil {
		return n, err
	}
	for _, table := range []string{`dataset_sample`, `dataset_change`, `dataset`} {
		if err := t.exec(ctx, `DELETE FROM `+table+` WHERE source_id IN (SELECT source_id FROM dataset WHERE source_id NOT IN (SELECT id FROM object WHERE kind = 'source'))`); err != nil {
			return n, err
		}
	}
	return n, nil
}
