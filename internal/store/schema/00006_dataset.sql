-- What was learned of records by looking at a few of them. The tables of the first step were never written.
DROP TABLE sampled;
DROP TABLE field;

CREATE TABLE dataset (
	id        {serial},
	source_id BIGINT NOT NULL,
	stream    TEXT NOT NULL,
	records   BIGINT NOT NULL,               -- looked at, ever
	fields    BIGINT NOT NULL,               -- how many are known
	first     BIGINT NOT NULL,               -- times of the records themselves
	last      BIGINT NOT NULL,
	looked    BIGINT NOT NULL,               -- when the last one was looked at
	shape     {bytes} NOT NULL,              -- JSON of package dataset, packed
	UNIQUE (source_id, stream)
);

CREATE TABLE dataset_sample (
	id        {serial},
	source_id BIGINT NOT NULL,
	stream    TEXT NOT NULL,
	looked    BIGINT NOT NULL,
	at        BIGINT NOT NULL,               -- the record's own time
	key       TEXT NOT NULL,
	body      {bytes} NOT NULL,              -- packed
	whole     BIGINT NOT NULL,               -- as it was; else without what tells of a person
	cut       BIGINT NOT NULL                -- texts in it were shortened
);
CREATE INDEX dataset_sample_stream ON dataset_sample (source_id, stream, id);
CREATE INDEX dataset_sample_source ON dataset_sample (source_id, id);
CREATE INDEX dataset_sample_looked ON dataset_sample (looked);

CREATE TABLE dataset_change (
	id        {serial},
	source_id BIGINT NOT NULL,
	stream    TEXT NOT NULL,
	looked    BIGINT NOT NULL,               -- when it was noticed
	since     BIGINT NOT NULL,               -- the time of the first record that shows it
	kind      TEXT NOT NULL,                 -- new, types, gone, back
	path      TEXT NOT NULL,
	old_types BIGINT NOT NULL,
	types     BIGINT NOT NULL
);
CREATE INDEX dataset_change_source ON dataset_change (source_id, id);
CREATE INDEX dataset_change_looked ON dataset_change (looked);
