-- What people want to know of work that is done, and of what was given up.

ALTER TABLE run ADD COLUMN begun_by TEXT NOT NULL DEFAULT ''; -- who asked for it; '': headrace itself

-- Why dead letters were given up. In a table of its own: a letter's row ends with its record, and lists read without that.
CREATE TABLE discarded (
	letter_id BIGINT PRIMARY KEY,
	reason    TEXT NOT NULL,
	begun_by  TEXT NOT NULL
){keyed};

-- For people who look at one hour of a stream. An expression, so that no other statement on a source's splits takes this index for its own.
CREATE INDEX split_hour ON split ((source_id + 0), stream, time);

-- What was done to one thing, whatever it was called then.
CREATE INDEX audit_object_uid ON audit (object_uid, id);
