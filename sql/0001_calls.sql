-- Calls and what was said and done in them.
--
-- Every table is partitioned by the month its call started in (UTC), so that retention is a DROP of partitions and a
-- call lies in one month whole, even one that lasts over midnight. Keys are made by the engine: writing a row twice
-- changes nothing. There are no foreign keys: rows may arrive in any order, and each table has its own retention.

CREATE TABLE calls (
    id               uuid        NOT NULL,
    started_at       timestamptz NOT NULL,
    ended_at         timestamptz,
    caller           text,                      -- +380XXXXXXXXX; NULL: withheld
    called           text,
    channel          text,                      -- the PBX's name of the leg
    intent           text,                      -- what the dialplan knew of the caller's wish
    outcome          text,                      -- NULL: in progress, or the engine died
    transfer_reason  text,
    transfer_summary text,
    PRIMARY KEY (id, started_at)
) PARTITION BY RANGE (started_at);
CREATE INDEX ON calls (caller, started_at DESC);
CREATE INDEX ON calls (started_at DESC);

CREATE TABLE call_turns (
    call_id     uuid        NOT NULL,
    started_at  timestamptz NOT NULL,           -- of the call
    n           integer     NOT NULL,
    at          timestamptz NOT NULL,
    speaker     text        NOT NULL CHECK (speaker IN ('caller', 'bot')),
    text        text        NOT NULL,           -- what was heard, not what was meant to be said
    language    text,
    confidence  real,
    interrupted boolean     NOT NULL DEFAULT false,
    latencies   jsonb       NOT NULL DEFAULT '{}',  -- stage -> milliseconds
    PRIMARY KEY (call_id, n, started_at)
) PARTITION BY RANGE (started_at);

CREATE TABLE call_tool_calls (
    call_id     uuid        NOT NULL,
    started_at  timestamptz NOT NULL,           -- of the call
    n           integer     NOT NULL,
    at          timestamptz NOT NULL,
    name        text        NOT NULL,
    arguments   jsonb       NOT NULL,
    result      jsonb       NOT NULL,
    ok          boolean     NOT NULL,
    duration_ms real        NOT NULL,
    PRIMARY KEY (call_id, n, started_at)
) PARTITION BY RANGE (started_at);

CREATE TABLE call_events (
    call_id     uuid        NOT NULL,
    started_at  timestamptz NOT NULL,           -- of the call
    n           integer     NOT NULL,
    at          timestamptz NOT NULL,
    kind        text        NOT NULL,
    data        jsonb       NOT NULL DEFAULT '{}',
    PRIMARY KEY (call_id, n, started_at)
) PARTITION BY RANGE (started_at);

-- The tables that roll by month, in the one place that says so: making partitions and dropping them both read it.
CREATE VIEW partitioned_tables AS
    SELECT relname::text AS name
    FROM pg_class JOIN pg_partitioned_table ON partrelid = oid
    WHERE relnamespace = current_schema()::regnamespace AND partstrat = 'r';

-- Makes the partitions of the month that holds `moment`, of every table, where they are missing.
CREATE FUNCTION ensure_partitions(moment timestamptz) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    first date := date_trunc('month', moment AT TIME ZONE 'UTC');
    next  date := first + interval '1 month';
    parent text;
    child  text;
BEGIN
    -- two engines at midnight on the first: the second finds the work done
    PERFORM pg_advisory_xact_lock(hashtext('ensure_partitions'));
    FOR parent IN SELECT name FROM partitioned_tables LOOP
        child := parent || to_char(first, '_YYYY_MM');
        IF to_regclass(quote_ident(child)) IS NULL THEN
            EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)',
                           child, parent, first || ' 00:00:00+00', next || ' 00:00:00+00');
        END IF;
    END LOOP;
END $$;
