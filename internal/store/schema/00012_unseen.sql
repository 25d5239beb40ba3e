-- How many items of its destination a complete crawl did not meet in its source; -1: it is not known.
ALTER TABLE run ADD COLUMN unseen BIGINT NOT NULL DEFAULT -1;
