-- What the last commits of a flow delivered, one commit's keys of all hours together: the rows of the many hours that a commit
-- touches would cost more than all else in it. After some commits they move to seen, which is by the hour.
CREATE TABLE seen_recent (
	flow_id    BIGINT NOT NULL,
	generation BIGINT NOT NULL,
	batch      BIGINT NOT NULL,              -- which commit
	part       BIGINT NOT NULL,
	first_hour BIGINT NOT NULL,              -- of the part's keys, hours since 1970
	last_hour  BIGINT NOT NULL,
	added      BIGINT NOT NULL,
	hashes     {bytes} NOT NULL,             -- for each hour: the hour, how many, sorted hashes
	PRIMARY KEY (flow_id, generation, batch, part)
);
