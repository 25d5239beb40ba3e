package main

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/headrace/headrace/internal/account"
	"github.com/headrace/headrace/internal/api"
	"github.com/headrace/headrace/internal/app"
	"github.com/headrace/headrace/internal/connector/registry"
	text "github.com/headrace/headrace/internal/secret"
)

// What the database of the load case holds.
const (
	loadSources = 10_000
	loadSplits  = 1_000_000
	loadLetters = 100_000
	loadLarge   = 200_000 // of the splits are the first source's
	loadRun     = 50_000  // of its deliveries are a backfill's
	loadAudit   = 200_000
	loadItems   = 100_000
)

// load asks for lists and the overview of a database with much in it: what people wait for.
func load(ctx context.Context, b bench) ([]row, error) {
	dir, err := b.folder("load")
	if err != nil {
		return nil, err
	}
	rows, err := b.loadOn(ctx, "SQLite", app.Options{Data: filepath.Join(dir, "data")})
	if err != nil {
		return nil, err
	}
	server := os.Getenv(databaseVariable)
	if server == "" {
		return append(rows, row{"… PostgreSQL", "not measured: no " + databaseVariable, ""}), nil
	}
	url, drop, err := freshDatabase(ctx, server)
	if err != nil {
		return nil, err
	}
	defer drop()
	more, err := b.loadOn(ctx, "PostgreSQL", app.Options{Data: filepath.Join(dir, "other"), Database: text.New(url), Init: true})
	return append(rows, more...), err
}

func (b bench) loadOn(ctx context.Context, name string, o app.Options) ([]row, error) {
	var ahead atomic.Int64 // the overview is given again for two seconds: its clock goes faster
	o.Connectors, o.Version, o.Log = registry.Specs(), "bench", slog.New(slog.DiscardHandler)
	o.Now = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	a, err := app.Open(ctx, o) // makes the tables
	if err != nil {
		return nil, err
	}
	if err := a.Close(); err != nil {
		return nil, err
	}
	if err := fill(ctx, o); err != nil {
		return nil, fmt.Errorf("fill %s: %w", name, err)
	}
	if a, err = app.Open(ctx, o); err != nil {
		return nil, err
	}
	defer func() { _ = a.Close() }()
	h := api.Handler(a.Services, o.Log)
	var rows []row
	for _, path := range []string{"/overview", "/sources", "/sources?q=s99", "/flows", "/credentials", "/destinations", "/runs", "/dead-letters?state=open", "/dead-letters/groups", "/deliveries?flow=f5000", "/activity", "/flows/f5000",
		"/coverage", "/audit?who=name3", "/audit?operation=key.rotate", "/dead-letters?stage=source", "/runs/run_1/progress", "/runs/run_1/windows", "/sources?limit=1000"} {
		took, err := ask(ctx, h, path, func() { ahead.Add(int64(3 * time.Second)) })
		if err != nil {
			return rows, err
		}
		rows = append(rows, row{fmt.Sprintf("%s, %d sources, %d splits, %d dead letters: GET %s", name, loadSources, loadSplits, loadLetters, path),
			fmt.Sprintf("p50 %s, p99 %s", took[len(took)/2].Round(100*time.Microsecond), took[len(took)*99/100].Round(100*time.Microsecond)), "≤ 100 ms"})
	}
	return rows, nil
}

// ask asks for something again and again and gives how long each answer took, sorted.
func ask(ctx context.Context, h http.Handler, path string, later func()) ([]time.Duration, error) {
	const times = 100
	ctx = account.With(ctx, account.LocalAdmin("bench"))
	took := make([]time.Duration, 0, times)
	for range times {
		r := httptest.NewRequestWithContext(ctx, http.MethodGet, api.Prefix+path, nil)
		w := httptest.NewRecorder()
		began := time.Now()
		h.ServeHTTP(w, r)
		took = append(took, time.Since(began))
		if w.Code != http.StatusOK {
			return nil, fmt.Errorf("GET %s: %d %s", path, w.Code, w.Body)
		}
		later()
	}
	slices.Sort(took)
	return took, nil
}

// fill puts much into empty tables.
func fill(ctx context.Context, o app.Options) error {
	driver, url := "sqlite", "file:"+filepath.Join(o.Data, "headrace.db")+"?_pragma=journal_mode(WAL)&_pragma=synchronous(OFF)"
	if !o.Database.Empty() {
		driver, url = "pgx", o.Database.Reveal()
	}
	db, err := sql.Open(driver, url)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	for _, q := range filling(time.Now()) {
		if driver == "pgx" {
			q = strings.ReplaceAll(q, " AS BLOB)", " AS BYTEA)")
		}
		if _, err := db.ExecContext(ctx, q); err != nil {
			return fmt.Errorf("%.60s…: %w", strings.TrimSpace(q), err)
		}
	}
	if driver == "pgx" { // as the server itself does within minutes, beside whoever asks meanwhile
		_, err = db.ExecContext(ctx, `VACUUM (ANALYZE)`)
	}
	return err
}

// filling are statements for both databases.
func filling(now time.Time) []string {
	us, minute := now.UnixMicro(), now.Unix()/60
	numbers := func(n int) string {
		return fmt.Sprintf(`WITH RECURSIVE n(i) AS (SELECT CAST(1 AS BIGINT) UNION ALL SELECT i + 1 FROM n WHERE i < %d) `, n)
	}
	object := func(kind, letter string, base int, spec, more string) string {
		return fmt.Sprintf(`INSERT INTO object (id, uid, kind, name, description, spec, revision, owner, paused, reason, created, updated, credential, source, destination, tenant, lanes, expires) `+
			numbers(loadSources)+`SELECT i + %d, '%s_' || i, '%s', '%s' || i, 'made to be many', '%s', 1, 'ui', CASE WHEN i %% 500 = 0 THEN 1 ELSE 0 END, '', %d, %d, %s FROM n`, base, kind[:3], kind, letter, spec, us, us, more)
	}
	const id = `8f3a0000-0000-4000-8000-000000000001`
	all := []string{
		object("credential", "c", 0, `{"type":"office-365-management-api","tenantId":"`+id+`","clientId":"`+id+`"}`, fmt.Sprintf(`0, 0, 0, 'tenant' || i, 0, CASE WHEN i %% 100 = 0 THEN %d + i * 1000000 ELSE 0 END`, us)),
		object("source", "s", 10_000, `{"connector":"office-365-management-api"}`, `i, 0, 0, 'tenant' || i, 0, 0`),
		object("destination", "d", 20_000, `{"connector":"file","path":"/tmp/x"}`, `0, 0, 0, '', 0, 0`),
		object("flow", "f", 30_000, `{}`, `0, i + 10000, i + 20000, 'tenant' || i, 1, 0`),
		fmt.Sprintf(`INSERT INTO listing (source_id, cursor, due, listed_at, tenant, failures, error) `+numbers(loadSources)+`SELECT i + 10000, '', %d, %d, 'tenant' || i, CASE WHEN i %% 1000 = 0 THEN 3 ELSE 0 END,
			CASE WHEN i %% 1000 = 0 THEN '{"class":"denied","text":"refused"}' ELSE '' END FROM n`, us, us),
		fmt.Sprintf(`INSERT INTO lane (flow_id, lane, tenant, due, failures, error) `+numbers(loadSources)+`SELECT i + 30000, 0, 'tenant' || i, %d, CASE WHEN i %% 700 = 0 THEN 4 ELSE 0 END,
			CASE WHEN i %% 700 = 0 THEN '{"class":"unavailable","text":"full"}' ELSE '' END FROM n`, us),
		fmt.Sprintf(`INSERT INTO flow_count (flow_id, run_id, delivered, newest, last) `+numbers(loadSources)+`SELECT i + 30000, 0, i, %d, %d FROM n`, us, us),
		fmt.Sprintf(`INSERT INTO run (uid, kind, flow_id, state, spec, created, finished) `+numbers(loadSources)+`SELECT 'run_' || i, 'backfill', i + 30000, 'succeeded', '{}', %d, %d FROM n`, us, us),
	}
	hash, blob := `CAST(i AS TEXT)`, `CAST('`+strings.Repeat("{}", 250)+`' AS BLOB)`
	owner := fmt.Sprintf(`CASE WHEN i <= %d THEN 1 ELSE 1 + i %%%% 10000 END`, loadLarge)
	hour := us / 3_600_000_000
	all = append(all,
		fmt.Sprintf(`INSERT INTO split (id, source_id, hash, stream, time, ready, expires, listed_at) `+numbers(loadSplits)+`SELECT i, 10000 + `+owner+`, %s, CASE WHEN i %% 5000 = 0 THEN 'DLP.All' ELSE 'Audit.Exchange' END, %d - i * 600000, 0, %d, %d FROM n`, bytesOf(hash), us, us+7*24*3600*1_000_000, us),
		fmt.Sprintf(`INSERT INTO delivery (flow_id, split_id, run_id, lane, state, due, time, finished) `+numbers(loadSplits)+`SELECT 30000 + `+owner+`, i, CASE WHEN i <= %d THEN 1 ELSE 0 END, 0, CASE WHEN i %% 997 = 0 THEN 0 WHEN i %% 9973 = 0 THEN 2 ELSE 1 END, %d, %d - i * 600000, %d FROM n`, loadRun, us, us, us),
		`UPDATE run SET state = 'running' WHERE id = 1`,
		fmt.Sprintf(`INSERT INTO dead_letter (uid, flow_id, split_id, run_id, hash, key, op, time, stream, tenant, stage, class, reason, hint, alike, state, created, updated, bytes, body) `+numbers(loadLetters)+
			`SELECT 'dl_' || i, 30001 + i %% 20, i, 0, %s, 'k' || i, 1, %d, CASE WHEN i %% 5000 = 0 THEN 'DLP.All' ELSE 'Audit.Exchange' END, '', CASE WHEN i %% 4000 = 0 THEN 'source' ELSE 'destination' END, 'invalid', 'property eventTime of item ' || i || ' is no date', 'map it', i %% 5, CASE WHEN i %% 50 = 0 THEN 'discarded' ELSE 'open' END, %d, %d, 1000, %s FROM n`,
			bytesOf(hash), us, us, us, blob),
		fmt.Sprintf(`INSERT INTO activity (flow_id, width, minute, stream, splits, fetched, delivered, repeats, dropped, dead, deleted, lost, bytes, newest, lag_low, lag_high, in_1m, in_5m, in_15m, in_1h, in_6h, in_1d, later) `+
			numbers(24*loadSources)+`SELECT 30001 + i %% 10000, 60, %d - (i / 10000) * 60, 'Audit.Exchange', 1, 100, 90, 10, 0, 0, 0, 0, 1000, %d, 60, 600, 10, 10, 10, 10, 10, 10, 30 FROM n`, minute-minute%60, us),
		fmt.Sprintf(`INSERT INTO request (scope, width, minute, allowed, asked, throttled, refused, failed) `+numbers(24*loadSources)+`SELECT 'o365/tenant' || (i %% 10000), 60, %d - (i / 10000) * 60, 2000, 60, CASE WHEN i %% 5000 = 0 THEN 1 ELSE 0 END, 0, 0 FROM n`, minute-minute%60),
		fmt.Sprintf(`INSERT INTO coverage (source_id, flow_id, stream, hour, minutes, splits, records, updated) `+numbers(24*loadSources)+`SELECT 10001 + i %% 10000, 0, 'Audit.Exchange', %d - i / 10000, CASE WHEN i %% 9000 = 0 THEN 7 ELSE 1152921504606846975 END, 2, 0, %d FROM n`, hour, us),
		fmt.Sprintf(`INSERT INTO coverage (source_id, flow_id, stream, hour, minutes, splits, records, updated) `+numbers(24*loadSources)+`SELECT 10001 + i %% 10000, 30001 + i %% 10000, 'Audit.Exchange', %d - i / 10000, 0, 2, 200, %d FROM n`, hour, us),
		fmt.Sprintf(`INSERT INTO gap (source_id, stream, from_time, to_time, reason, reported) `+numbers(loadSources)+`SELECT 10001 + i %% 10000, 'Audit.Exchange', %d - i, %d, 'older than the source keeps', %d FROM n`, us, us, us),
		fmt.Sprintf(`INSERT INTO audit (id, at, who_kind, who_id, who_name, operation, object_kind, object_name, object_uid, address, result, times, before, after, request_id, hash) `+numbers(loadAudit)+
			`SELECT i, %d + i, 'user', 'usr_' || (i %% 7), 'name' || (i %% 7), CASE WHEN i %% 3000 = 0 THEN 'key.rotate' ELSE 'source.edit' END, CASE WHEN i %% 3000 = 0 THEN 'key' ELSE 'source' END, 's' || (i %% 9000), 'src_' || (i %% 9000), '127.0.0.1', CASE WHEN i %% 4000 = 0 THEN 'denied' ELSE 'ok' END, 1, '{"name":"before this was done"}', '{"name":"after this was done"}', 'req', %s FROM n`, us, bytesOf(hash)),
		fmt.Sprintf(`INSERT INTO inventory (destination_id, hash, key, source_key, split_id, state, content, acl, crawl) `+numbers(loadItems)+`SELECT 20001, i * 1000003, 'item' || i, i, i, CASE WHEN i %% 2000 = 0 THEN 2 ELSE 1 END, %s, %s, 1 FROM n`, bytesOf(hash), bytesOf(hash)),
		`INSERT INTO letter_count (state, flow_id, alike, letters) SELECT state, flow_id, alike, count(*) FROM dead_letter GROUP BY state, flow_id, alike`,
		`INSERT INTO request (scope, width, minute, allowed, asked, throttled, refused, failed) SELECT '', width, minute, sum(allowed), sum(asked), sum(throttled), sum(refused), sum(failed) FROM request GROUP BY width, minute`,
		`INSERT INTO activity (flow_id, width, minute, stream, splits, fetched, delivered, repeats, dropped, dead, deleted, lost, bytes, newest, lag_low, lag_high, in_1m, in_5m, in_15m, in_1h, in_6h, in_1d, later)
			SELECT -1, width, minute, '', sum(splits), sum(fetched), sum(delivered), 0, 0, 0, 0, 0, sum(bytes), max(newest), 60, 600, 10, 10, 10, 10, 10, 10, 30 FROM activity GROUP BY width, minute`,
	)
	return all
}

func bytesOf(text string) string { return `CAST(` + text + ` AS BLOB)` }
