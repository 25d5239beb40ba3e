-- {serial} is the database's own counting primary key, {keyed} makes a table its own primary index where the database can. Times are microseconds since 1970, 0 for none.

CREATE TABLE object (
	id          {serial},
	uid         TEXT NOT NULL UNIQUE,
	kind        TEXT NOT NULL,
	name        TEXT NOT NULL,
	description TEXT NOT NULL,
	spec        TEXT NOT NULL,
	revision    BIGINT NOT NULL,
	owner       TEXT NOT NULL,
	paused      BIGINT NOT NULL,
	reason      TEXT NOT NULL,
	created     BIGINT NOT NULL,
	updated     BIGINT NOT NULL,
	credential  BIGINT NOT NULL DEFAULT 0,   -- ids of what the object uses; 0: nothing
	source      BIGINT NOT NULL DEFAULT 0,
	destination BIGINT NOT NULL DEFAULT 0,
	tenant      TEXT NOT NULL DEFAULT '',    -- whose turn it is when this one works
	lanes       BIGINT NOT NULL DEFAULT 0,   -- a flow's
	expires     BIGINT NOT NULL DEFAULT 0,   -- when a credential's secret ends; 0: not known
	UNIQUE (kind, name)
);
CREATE INDEX object_credential ON object (credential);
CREATE INDEX object_source ON object (source);
CREATE INDEX object_destination ON object (destination);
CREATE INDEX object_tenant ON object (kind, tenant);
CREATE INDEX object_expires ON object (expires) WHERE expires <> 0;
CREATE INDEX object_paused ON object (kind, name) WHERE paused = 1;

CREATE TABLE secret (
	owner       TEXT PRIMARY KEY,
	sealed      {bytes} NOT NULL,
	fingerprint TEXT NOT NULL,
	set_at      BIGINT NOT NULL
);

-- How the last test of an object ended; gone when its spec or secret changes.
CREATE TABLE tested (
	object_id BIGINT PRIMARY KEY,
	at        BIGINT NOT NULL,
	ok        BIGINT NOT NULL,               -- nothing needs to be done
	result    TEXT NOT NULL                  -- JSON
);
CREATE INDEX tested_bad ON tested (object_id) WHERE ok = 0;

CREATE TABLE keyset (
	id       BIGINT PRIMARY KEY,
	wrapped  {bytes} NOT NULL,
	meta     TEXT NOT NULL,
	revision BIGINT NOT NULL
);

-- The processes that share the database, as they last reported.
CREATE TABLE node (
	name    TEXT PRIMARY KEY,
	keyset  BIGINT NOT NULL,                 -- the revision of the keyset that it has
	started BIGINT NOT NULL,
	seen    BIGINT NOT NULL
);

-- One row for each listing: a source's continuous one (run_id 0), a backfill's or a crawl's.
CREATE TABLE listing (
	id          {serial},
	source_id   BIGINT NOT NULL,
	run_id      BIGINT NOT NULL DEFAULT 0,
	flow_id     BIGINT NOT NULL DEFAULT 0,   -- a backfill's or crawl's: only this flow gets deliveries; 0: all flows of the source
	generation  BIGINT NOT NULL DEFAULT 0,
	cursor      {bytes} NOT NULL,
	complete    BIGINT NOT NULL DEFAULT 0,
	ended       BIGINT NOT NULL DEFAULT 0,   -- a run's listing that has come to its end
	pending     BIGINT NOT NULL DEFAULT 0,
	tenant      TEXT NOT NULL DEFAULT '',
	paused      BIGINT NOT NULL DEFAULT 0,   -- the source is; beside due, so that one row says whether there is work
	due         BIGINT NOT NULL,
	served      BIGINT NOT NULL DEFAULT 0,
	lease       BIGINT NOT NULL DEFAULT 0,   -- rises with each taking; a commit names the one it was begun under
	holder      TEXT NOT NULL DEFAULT '',
	lease_until BIGINT NOT NULL DEFAULT 0,
	failures    BIGINT NOT NULL DEFAULT 0,
	error       TEXT NOT NULL DEFAULT '',    -- JSON of the last trouble
	listed_at   BIGINT NOT NULL DEFAULT 0,   -- the last listing that ended well
	UNIQUE (source_id, run_id)
);
CREATE INDEX listing_due ON listing (due);
CREATE INDEX listing_run ON listing (run_id);
CREATE INDEX listing_trouble ON listing (source_id) WHERE failures > 0;

CREATE TABLE split (
	id        {serial},
	source_id BIGINT NOT NULL,
	hash      {bytes} NOT NULL,              -- 128 bits of the split's ID
	stream    TEXT NOT NULL,
	time      BIGINT NOT NULL,
	ready     BIGINT NOT NULL,
	expires   BIGINT NOT NULL,
	listed_at BIGINT NOT NULL,
	run_only  BIGINT NOT NULL DEFAULT 0,     -- a run listed it for its own flow; the others get it when their listing meets it
	UNIQUE (hash, source_id)                 -- the hash first: no plan, however old its statistics, can look through a whole source
);
CREATE INDEX split_expires ON split (expires, id);

-- What only reading a split needs: ID, locator, inline. It goes when no flow wants the split any more; in a table of
-- its own, so that its pages are used again.
CREATE TABLE split_body (
	split_id BIGINT PRIMARY KEY,
	body     {bytes} NOT NULL
){keyed};

CREATE TABLE delivery (
	flow_id    BIGINT NOT NULL,
	split_id   BIGINT NOT NULL,
	run_id     BIGINT NOT NULL DEFAULT 0,
	generation BIGINT NOT NULL DEFAULT 0,
	lane       BIGINT NOT NULL,
	state      BIGINT NOT NULL,
	prior      BIGINT NOT NULL DEFAULT 5,    -- the state to go back to when the run that wants it is canceled
	revision   BIGINT NOT NULL DEFAULT 0,    -- the flow's at the first attempt
	attempts   BIGINT NOT NULL DEFAULT 0,    -- that count: Invalid and Internal
	waits      BIGINT NOT NULL DEFAULT 0,    -- that do not: for the growth of the pause
	due        BIGINT NOT NULL,
	time       BIGINT NOT NULL,
	progress   BIGINT NOT NULL DEFAULT 0,    -- records of the split that are committed, where the order is stable
	finished   BIGINT NOT NULL DEFAULT 0,
	error      TEXT,
	PRIMARY KEY (split_id, flow_id)
){keyed};
CREATE INDEX delivery_pending ON delivery (flow_id, lane, time, split_id) WHERE state IN (0, 3);
CREATE INDEX delivery_trouble ON delivery (flow_id, state) WHERE state IN (2, 4);
-- For people who look at a run's or a flow's deliveries.
CREATE INDEX delivery_run ON delivery (run_id, state, split_id) WHERE run_id <> 0;
-- An expression, so that no other statement on a flow's deliveries takes this index for its own: without statistics SQLite prefers it to
-- delivery_pending.
CREATE INDEX delivery_flow ON delivery ((flow_id + 0), split_id);

CREATE TABLE lane (
	id          {serial},
	flow_id     BIGINT NOT NULL,
	lane        BIGINT NOT NULL,
	tenant      TEXT NOT NULL,
	receipt     {bytes},
	paused      BIGINT NOT NULL DEFAULT 0,
	due         BIGINT NOT NULL,
	served      BIGINT NOT NULL DEFAULT 0,
	lease       BIGINT NOT NULL DEFAULT 0,
	holder      TEXT NOT NULL DEFAULT '',
	lease_until BIGINT NOT NULL DEFAULT 0,
	blocked     BIGINT NOT NULL DEFAULT 0,   -- not before this: the destination or the remote asked for it
	failures    BIGINT NOT NULL DEFAULT 0,
	error       TEXT NOT NULL DEFAULT '',
	UNIQUE (flow_id, lane)
);
CREATE INDEX lane_due ON lane (due);
CREATE INDEX lane_trouble ON lane (flow_id) WHERE failures > 0;

-- When each tenant was served last: turns go round by it.
CREATE TABLE turn (
	tenant  TEXT PRIMARY KEY,
	listing BIGINT NOT NULL DEFAULT 0,
	lane    BIGINT NOT NULL DEFAULT 0
){keyed};

-- Hashes of the keys that a flow has delivered, packed and sorted, in blocks of one hour of the records' time.
CREATE TABLE seen (
	flow_id    BIGINT NOT NULL,
	generation BIGINT NOT NULL,
	hour       BIGINT NOT NULL,              -- hours since 1970
	block      BIGINT NOT NULL,              -- tier, run in it and part of the run in one number
	low        {bytes} NOT NULL,
	high       {bytes} NOT NULL,
	added      BIGINT NOT NULL,
	hashes     {bytes} NOT NULL,             -- last: what stands before is read without it
	PRIMARY KEY (flow_id, generation, hour, block)
);
CREATE INDEX seen_added ON seen (flow_id, generation, hour, added);

CREATE TABLE dead_letter (
	id       {serial},
	uid      TEXT NOT NULL UNIQUE,
	flow_id  BIGINT NOT NULL,
	split_id BIGINT NOT NULL,
	run_id   BIGINT NOT NULL,
	hash     {bytes} NOT NULL,               -- of key or body: the same refusal is one letter however often it is met
	key      TEXT NOT NULL,
	op       BIGINT NOT NULL,
	time     BIGINT NOT NULL,
	stream   TEXT NOT NULL,
	tenant   TEXT NOT NULL,
	stage    TEXT NOT NULL,                  -- source, transform, prepare, destination
	class    TEXT NOT NULL,
	reason   TEXT NOT NULL,
	hint     TEXT NOT NULL,
	alike    BIGINT NOT NULL DEFAULT 0,      -- 63 bits of stage, class and reason without what differs from record to record
	state    TEXT NOT NULL,                  -- open, replaying, replayed, discarded
	created  BIGINT NOT NULL,
	updated  BIGINT NOT NULL,
	bytes    BIGINT NOT NULL DEFAULT 0,      -- of the record
	body     {bytes} NOT NULL,               -- zstd of the record as the source gave it; empty if it was never held. Last: lists read without it
	UNIQUE (flow_id, split_id, hash)
);
CREATE INDEX dead_letter_flow ON dead_letter (flow_id, state, id);
CREATE INDEX dead_letter_state ON dead_letter (state, id);
CREATE INDEX dead_letter_alike ON dead_letter (state, flow_id, alike, id);

CREATE TABLE gap (
	id        {serial},
	source_id BIGINT NOT NULL,
	stream    TEXT NOT NULL,
	from_time BIGINT NOT NULL,
	to_time   BIGINT NOT NULL,
	reason    TEXT NOT NULL,
	reported  BIGINT NOT NULL,
	UNIQUE (source_id, stream, from_time, to_time)
);
CREATE INDEX gap_reported ON gap (reported);

-- flow_id 0: what the listing knows; a flow's own rows count what it delivered.
CREATE TABLE coverage (
	source_id BIGINT NOT NULL,
	flow_id   BIGINT NOT NULL,
	stream    TEXT NOT NULL,
	hour      BIGINT NOT NULL,
	minutes   BIGINT NOT NULL DEFAULT 0,     -- one bit for each minute of the hour that was listed to its end
	splits    BIGINT NOT NULL DEFAULT 0,
	records   BIGINT NOT NULL DEFAULT 0,
	repeats   BIGINT NOT NULL DEFAULT 0,
	dead      BIGINT NOT NULL DEFAULT 0,
	lost      BIGINT NOT NULL DEFAULT 0,
	updated   BIGINT NOT NULL DEFAULT 0,
	PRIMARY KEY (source_id, flow_id, stream, hour)
){keyed};
CREATE INDEX coverage_partial ON coverage (hour) WHERE flow_id = 0 AND minutes <> 1152921504606846975; -- 60 bits

-- Counts of each flow since it was made; delivery and lane rows go, these stay.
CREATE TABLE flow_count (
	flow_id   BIGINT NOT NULL,
	run_id    BIGINT NOT NULL,               -- 0: all
	listed    BIGINT NOT NULL DEFAULT 0,     -- splits
	splits    BIGINT NOT NULL DEFAULT 0,     -- splits delivered
	fetched   BIGINT NOT NULL DEFAULT 0,     -- records read
	delivered BIGINT NOT NULL DEFAULT 0,
	repeats   BIGINT NOT NULL DEFAULT 0,
	dropped   BIGINT NOT NULL DEFAULT 0,     -- by the transform, on purpose
	dead      BIGINT NOT NULL DEFAULT 0,
	deleted   BIGINT NOT NULL DEFAULT 0,
	lost      BIGINT NOT NULL DEFAULT 0,     -- splits
	bytes     BIGINT NOT NULL DEFAULT 0,
	newest    BIGINT NOT NULL DEFAULT 0,     -- time of the newest record delivered
	last      BIGINT NOT NULL DEFAULT 0,     -- when something was delivered last
	PRIMARY KEY (flow_id, run_id)
){keyed};

-- What flows did, minute by minute and hour by hour of our own clock. flow_id below 0: a part of the sum of all flows;
-- there are several parts, so that two commits do not wait for each other.
CREATE TABLE activity (
	flow_id   BIGINT NOT NULL,
	width     BIGINT NOT NULL,               -- minutes: 1 or 60
	minute    BIGINT NOT NULL,               -- at which it begins, since 1970
	stream    TEXT NOT NULL,
	splits    BIGINT NOT NULL,
	fetched   BIGINT NOT NULL,
	delivered BIGINT NOT NULL,
	repeats   BIGINT NOT NULL,
	dropped   BIGINT NOT NULL,
	dead      BIGINT NOT NULL,
	deleted   BIGINT NOT NULL,
	lost      BIGINT NOT NULL,
	bytes     BIGINT NOT NULL,
	newest    BIGINT NOT NULL,               -- time of the newest record delivered, runs left out
	lag_low   BIGINT NOT NULL,               -- seconds from a batch's newest record to its delivery, runs left out; -1: none
	lag_high  BIGINT NOT NULL,
	in_1m     BIGINT NOT NULL,               -- records delivered so soon after their split's time, runs left out
	in_5m     BIGINT NOT NULL,
	in_15m    BIGINT NOT NULL,
	in_1h     BIGINT NOT NULL,
	in_6h     BIGINT NOT NULL,
	in_1d     BIGINT NOT NULL,
	later     BIGINT NOT NULL,
	PRIMARY KEY (flow_id, width, minute, stream)
){keyed};
CREATE INDEX activity_minute ON activity (width, minute);

-- Requests to remotes, by quota.
CREATE TABLE request (
	scope     TEXT NOT NULL,
	width     BIGINT NOT NULL,               -- minutes: 1 or 60
	minute    BIGINT NOT NULL,
	allowed   BIGINT NOT NULL,               -- requests a minute
	asked     BIGINT NOT NULL,
	throttled BIGINT NOT NULL,               -- answered with 429
	refused   BIGINT NOT NULL,               -- with another 4xx
	failed    BIGINT NOT NULL,               -- with 5xx, or not at all
	PRIMARY KEY (scope, width, minute)
){keyed};
CREATE INDEX request_minute ON request (width, minute);
CREATE INDEX request_throttled ON request (width, minute) WHERE throttled > 0;

-- What was seen of the records of a stream: how many were looked at, and which fields they have.
CREATE TABLE sampled (
	source_id BIGINT NOT NULL,
	stream    TEXT NOT NULL,
	records   BIGINT NOT NULL,
	first     BIGINT NOT NULL,
	last      BIGINT NOT NULL,
	PRIMARY KEY (source_id, stream)
){keyed};
CREATE TABLE field (
	source_id BIGINT NOT NULL,
	stream    TEXT NOT NULL,
	path      TEXT NOT NULL,
	types     BIGINT NOT NULL,               -- one bit for each JSON type
	present   BIGINT NOT NULL,               -- in so many of the records looked at
	example   TEXT NOT NULL,                 -- without what tells of a person
	first     BIGINT NOT NULL,
	last      BIGINT NOT NULL,
	PRIMARY KEY (source_id, stream, path)
){keyed};

CREATE TABLE run (
	id       {serial},
	uid      TEXT NOT NULL UNIQUE,
	kind     TEXT NOT NULL,                  -- backfill, replay, crawl
	flow_id  BIGINT NOT NULL,
	number   BIGINT NOT NULL DEFAULT 0,      -- a crawl's, rising for each flow
	state    TEXT NOT NULL,
	deleting BIGINT NOT NULL DEFAULT 0,      -- a crawl's: its deletes are decided and on their way
	relisted BIGINT NOT NULL DEFAULT 0,      -- a crawl's: how often it listed again because something changed while it was read
	reads_all BIGINT NOT NULL DEFAULT 0,     -- a crawl's: it reads every split, those too that have not changed
	doubtful BIGINT NOT NULL DEFAULT 0,      -- a crawl's: it met a record without a key, so that nothing may be deleted as unseen
	spec     TEXT NOT NULL,
	error    TEXT NOT NULL DEFAULT '',
	created  BIGINT NOT NULL,
	finished BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX run_flow ON run (flow_id, state);
CREATE INDEX run_state ON run (state, id);

CREATE TABLE hold (
	split_id  BIGINT PRIMARY KEY,
	source_id BIGINT NOT NULL,
	name      TEXT NOT NULL,
	bytes     BIGINT NOT NULL,
	made      BIGINT NOT NULL
);

CREATE TABLE inventory (
	destination_id BIGINT NOT NULL,
	hash           BIGINT NOT NULL,          -- 64 bits of the key; a collision is told by key
	key            TEXT NOT NULL,
	source_key     BIGINT NOT NULL,          -- 64 bits of the source's key
	split_id       BIGINT NOT NULL,
	state          BIGINT NOT NULL,          -- 0 sending, 1 sent, 2 failed
	content        {bytes} NOT NULL,
	acl            {bytes} NOT NULL,
	crawl          BIGINT NOT NULL,
	error          TEXT,
	PRIMARY KEY (destination_id, hash, key)
){keyed};
-- Statements that use one of these write +destination_id: without statistics SQLite takes the primary key's first column
-- for as good, and looks through the whole destination.
CREATE INDEX inventory_source ON inventory (source_key);
CREATE INDEX inventory_split ON inventory (split_id);

-- What all nodes know of one quota of a remote; see package limit.
CREATE TABLE quota (
	scope   TEXT PRIMARY KEY,
	free    BIGINT NOT NULL,
	blocked BIGINT NOT NULL,
	pace    {real} NOT NULL,
	paced   BIGINT NOT NULL
);
