-- What comes late: rows of somebody who was erased meanwhile, verdicts on a call whose model requests are gone.

ALTER TABLE calls
    ADD COLUMN erased_at    timestamptz,        -- its caller was erased: what is replayed of it later, comes without him
    ADD COLUMN quality_cost numeric(12, 6);     -- of the requests about its quality, as far as there were any

UPDATE calls SET quality_cost = judged.cost
FROM (SELECT call_id, started_at, sum(cost) AS cost FROM llm_usage WHERE purpose = 'quality' GROUP BY 1, 2) AS judged
WHERE calls.id = judged.call_id AND calls.started_at = judged.started_at;

-- Numbers that were erased, as salted hashes that take a while to make: a phone has too few digits to hide in a quick
-- one. A row that is replayed, older than the erasure, is put on record without him.
CREATE TABLE erased_numbers (
    id        bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    salt      bytea       NOT NULL,
    hash      bytea       NOT NULL,
    erased_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX ON erased_numbers (erased_at);
