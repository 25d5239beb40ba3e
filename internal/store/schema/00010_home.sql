-- A home is a node's own disk, told by the name in its data folder: it outlives the processes that work on it.
CREATE TABLE home (
	name TEXT PRIMARY KEY,
	seen BIGINT NOT NULL                     -- when a process of it reported last
){keyed};

ALTER TABLE lane ADD COLUMN home TEXT NOT NULL DEFAULT '';   -- where the files of its destination are; '': any node may have it
ALTER TABLE lane ADD COLUMN moved BIGINT NOT NULL DEFAULT 0; -- a person gave it this home; it has written nothing there yet
CREATE INDEX lane_home ON lane (home) WHERE home <> '';
ALTER TABLE hold ADD COLUMN home TEXT NOT NULL DEFAULT '';   -- on whose disk the content is
