-- What people wait for is kept as sums, or has an index.

-- How many dead letters each group has, by state; kept by whoever writes dead_letter.
CREATE TABLE letter_count (
	state   TEXT NOT NULL,
	flow_id BIGINT NOT NULL,
	alike   BIGINT NOT NULL,
	letters BIGINT NOT NULL,
	PRIMARY KEY (state, flow_id, alike)
){keyed};
INSERT INTO letter_count (state, flow_id, alike, letters) SELECT state, flow_id, alike, count(*) FROM dead_letter GROUP BY state, flow_id, alike;
CREATE INDEX dead_letter_stream ON dead_letter (stream, id);
CREATE INDEX dead_letter_stage ON dead_letter (stage, id);

ALTER TABLE request ADD COLUMN tenant TEXT NOT NULL DEFAULT ''; -- of the quota
CREATE INDEX request_tenant ON request (tenant, width, minute);
-- The requests to all remotes together are rows whose scope is ''.
INSERT INTO request (scope, width, minute, allowed, asked, throttled, refused, failed)
	SELECT '', width, minute, sum(allowed), sum(asked), sum(throttled), sum(refused), sum(failed) FROM request WHERE scope NOT LIKE 'credential/%' GROUP BY width, minute;

CREATE INDEX delivery_discarded ON delivery (flow_id, split_id) WHERE state = 5;

CREATE INDEX audit_who_id ON audit (who_id, id);
CREATE INDEX audit_operation ON audit (operation, id);
CREATE INDEX audit_noun ON audit (rtrim(operation, 'abcdefghijklmnopqrstuvwxyz-'), id); -- "source." of "source.pause"
CREATE INDEX audit_kind ON audit (object_kind, id);
CREATE INDEX audit_result ON audit (result, id);
CREATE INDEX audit_failed ON audit (id) WHERE result <> 'ok';
