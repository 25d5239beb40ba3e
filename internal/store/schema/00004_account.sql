-- Who may come in by the doors, and what was done. Hashes are SHA-256 of 256 random bits, if nothing else is said.

CREATE TABLE account (
	id        {serial},
	uid       TEXT NOT NULL UNIQUE,
	name      TEXT NOT NULL UNIQUE,          -- lower case
	display   TEXT NOT NULL,
	email     TEXT NOT NULL,
	role      TEXT NOT NULL,
	password  TEXT NOT NULL,                 -- argon2id with its parameters; '': another service signs the person in
	issuer    TEXT NOT NULL,                 -- that service and who the person is there; '': none
	subject   TEXT NOT NULL,
	disabled  BIGINT NOT NULL,
	revision  BIGINT NOT NULL,
	created   BIGINT NOT NULL,
	updated   BIGINT NOT NULL,
	signed_in BIGINT NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX account_link ON account (issuer, subject) WHERE issuer <> '';

CREATE TABLE account_session (
	hash       {bytes} PRIMARY KEY,
	uid        TEXT NOT NULL UNIQUE,
	account_id BIGINT NOT NULL,
	method     TEXT NOT NULL,                -- password, oidc, setup
	address    TEXT NOT NULL,
	agent      TEXT NOT NULL,
	created    BIGINT NOT NULL,
	seen       BIGINT NOT NULL,
	expires    BIGINT NOT NULL
){keyed};
CREATE INDEX account_session_account ON account_session (account_id, seen);
CREATE INDEX account_session_expires ON account_session (expires);

CREATE TABLE account_token (
	id         {serial},
	uid        TEXT NOT NULL UNIQUE,
	hash       {bytes} NOT NULL UNIQUE,
	account_id BIGINT NOT NULL,              -- 0: made by who opened the data folder, for no person
	name       TEXT NOT NULL,
	role       TEXT NOT NULL,
	scopes     TEXT NOT NULL,                -- JSON list; []: all
	created    BIGINT NOT NULL,
	expires    BIGINT NOT NULL,              -- 0: never
	used       BIGINT NOT NULL DEFAULT 0,
	used_from  TEXT NOT NULL DEFAULT '',
	UNIQUE (account_id, name)
);

-- Codes for making the first account: one for each node that runs.
CREATE TABLE account_setup (
	node TEXT PRIMARY KEY,
	hash {bytes} NOT NULL,
	made BIGINT NOT NULL
);

-- How often signing in failed lately, by hashes of names and addresses.
CREATE TABLE account_attempt (
	key      TEXT PRIMARY KEY,
	failures BIGINT NOT NULL,
	until    BIGINT NOT NULL,                -- no try before this
	seen     BIGINT NOT NULL
);
CREATE INDEX account_attempt_seen ON account_attempt (seen);

-- Only appended to, and cut at its old end. Each row's hash is over the row and the hash before it.
CREATE TABLE audit (
	id          BIGINT PRIMARY KEY,          -- 1, 2, … without a gap
	at          BIGINT NOT NULL,
	who_kind    TEXT NOT NULL,
	who_id      TEXT NOT NULL,
	who_name    TEXT NOT NULL,
	operation   TEXT NOT NULL,
	object_kind TEXT NOT NULL,
	object_name TEXT NOT NULL,
	object_uid  TEXT NOT NULL,
	address     TEXT NOT NULL,
	result      TEXT NOT NULL,
	times       BIGINT NOT NULL,
	before      TEXT NOT NULL,               -- JSON or ''
	after       TEXT NOT NULL,
	request_id  TEXT NOT NULL,
	hash        {bytes} NOT NULL
);
CREATE INDEX audit_at ON audit (at);
CREATE INDEX audit_who ON audit (who_name, id);
CREATE INDEX audit_object ON audit (object_name, id);

-- Where the log begins and ends, sealed: rows that were cut off either end by others are missed.
CREATE TABLE audit_head (
	id    BIGINT PRIMARY KEY,
	first BIGINT NOT NULL,                   -- the oldest row that is kept
	base  {bytes} NOT NULL,                  -- the hash before it
	last  BIGINT NOT NULL,
	hash  {bytes} NOT NULL,
	seal  {bytes} NOT NULL
);
