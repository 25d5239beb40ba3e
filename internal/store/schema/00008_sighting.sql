-- What a crawl saw unchanged. A split's delivery says which crawl listed it last, and a sighting which keys a split was found to hold,
-- so that an unchanged split is one write and an unchanged key of one that had to be read some bytes of a block.

ALTER TABLE delivery ADD COLUMN pass BIGINT NOT NULL DEFAULT 0;  -- a mirror's: the last pass over the source that met the split: 4 * crawl + how often that had listed again
ALTER TABLE delivery ADD COLUMN since BIGINT NOT NULL DEFAULT 0; -- the crawl that had it read last: what older ones found in it no longer counts

CREATE TABLE sighting (
	id             {serial},
	destination_id BIGINT NOT NULL,
	split_id       BIGINT NOT NULL,
	part           BIGINT NOT NULL,          -- the upper bits of the hashes: the inventory is gone through part by part
	crawl          BIGINT NOT NULL,
	hashes         {bytes} NOT NULL          -- of keys that stand in the split as the inventory has them: sorted, 8 bytes each. Last: it is passed over where it is not needed
);
CREATE INDEX sighting_part ON sighting (destination_id, part);

-- Only items of which somebody must know are found by their split; the others' changes touch one index less.
DROP INDEX inventory_split;
CREATE INDEX inventory_doubt ON inventory (split_id) WHERE state <> 1;
