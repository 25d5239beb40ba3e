-- What was answered to a request that makes something and may come again: the same key gets the same answer for a day.
CREATE TABLE answer (
	who     TEXT NOT NULL,                   -- kind and ID of who asked: keys of different people never meet
	key     TEXT NOT NULL,
	request {bytes} NOT NULL,                -- keyed hash of operation and input
	at      BIGINT NOT NULL,
	done    BIGINT NOT NULL DEFAULT 0,       -- 0: under way, or its process ended before it had an answer
	body    {bytes},                         -- NULL: the answer may not be kept
	PRIMARY KEY (who, key)
){keyed};
CREATE INDEX answer_at ON answer (at);
