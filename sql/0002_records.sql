-- What a call costs, how good it was, what it changed in the store, and what is kept of its callers.
--
-- As in 0001: whatever belongs to a call is partitioned by the month the call started in, keys are made by the engine,
-- no foreign keys. `customers`, `store_actions` and `callback_requests` outlive their calls, `daily_stats` outlives all.

ALTER TABLE calls
    ADD COLUMN engine         text,             -- which engine answered it: on its next start it closes what it left open
    ADD COLUMN scenario       text,             -- what the call was about, from the tools it used
    ADD COLUMN prompt_version text,
    ADD COLUMN quality_score  real,             -- 0 to 1, mean of the criteria; NULL: not evaluated
    ADD COLUMN quality        jsonb,            -- criterion -> 0..1, and a note; {"error": ...} if no verdict could be had
    ADD COLUMN evaluated_at   timestamptz,
    ADD COLUMN cost           jsonb,            -- part -> {quantity, unit, price}; what prices applied
    ADD COLUMN cost_total     numeric(12, 6);   -- in the currency of the price table
CREATE INDEX ON calls (engine, started_at) WHERE ended_at IS NULL;
CREATE INDEX ON calls (ended_at) WHERE evaluated_at IS NULL;

-- One line a request to a model, whoever asked: the dialogue, the judge of quality.
CREATE TABLE llm_usage (
    call_id            uuid        NOT NULL,
    started_at         timestamptz NOT NULL,    -- of the call
    purpose            text        NOT NULL CHECK (purpose IN ('dialogue', 'quality')),
    n                  integer     NOT NULL,
    at                 timestamptz NOT NULL,
    model              text        NOT NULL,
    input_tokens       integer     NOT NULL,
    output_tokens      integer     NOT NULL,
    cache_read_tokens  integer     NOT NULL,
    cache_write_tokens integer     NOT NULL,
    cost               numeric(12, 6) NOT NULL,
    PRIMARY KEY (call_id, purpose, n, started_at)
) PARTITION BY RANGE (started_at);

CREATE TABLE customers (
    phone         text        PRIMARY KEY,      -- +380XXXXXXXXX
    name          text,
    city          text,
    vehicle       text,
    address       text,
    calls         integer     NOT NULL DEFAULT 0,
    first_call_at timestamptz,
    last_call_at  timestamptz,
    updated_at    timestamptz NOT NULL DEFAULT now()
);

-- Exactly once: the intent is here before the request leaves, the answer after it has come.
CREATE TABLE store_actions (
    key         uuid        PRIMARY KEY,        -- f(call, tool, canonical arguments); the store's Idempotency-Key
    call_id     uuid        NOT NULL,
    phone       text,                           -- NULL: withheld, or anonymised
    tool        text        NOT NULL,
    arguments   jsonb       NOT NULL,
    engine      text,                           -- who had the intent, and finds out what became of it after a crash
    intended_at timestamptz NOT NULL,
    answered_at timestamptz,
    answer      jsonb,                          -- NULL: not known yet
    abandoned   text                            -- why nobody asks any more
);
CREATE INDEX ON store_actions (phone, tool, intended_at);
CREATE INDEX ON store_actions (intended_at) WHERE answered_at IS NULL AND abandoned IS NULL;
CREATE INDEX ON store_actions (call_id);

CREATE TABLE callback_requests (
    id             uuid        PRIMARY KEY,
    call_id        uuid        NOT NULL,
    phone          text        NOT NULL,
    name           text,
    note           text,
    preferred_time text,                        -- in the caller's own words
    created_at     timestamptz NOT NULL DEFAULT now(),
    done_at        timestamptz,
    done_by        text,
    result         text
);
CREATE INDEX ON callback_requests (created_at) WHERE done_at IS NULL;
CREATE INDEX ON callback_requests (phone);

CREATE TABLE daily_stats (
    day         date        PRIMARY KEY,        -- in the shop's time zone
    stats       jsonb       NOT NULL,
    computed_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE prompt_versions (
    id         text        PRIMARY KEY,         -- a hash of language and text
    language   text        NOT NULL,
    name       text        NOT NULL,
    text       text        NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    share      real        NOT NULL DEFAULT 0 CHECK (share BETWEEN 0 AND 1)  -- of new calls
);

CREATE TABLE job_runs (
    id            bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    job           text        NOT NULL,
    scheduled_for timestamptz,                  -- NULL: run by hand
    started_at    timestamptz NOT NULL DEFAULT now(),
    finished_at   timestamptz,
    ok            boolean,                      -- NULL: running, or its scheduler died
    output        text        NOT NULL DEFAULT '',
    host          text        NOT NULL,
    UNIQUE (job, scheduled_for)
);
CREATE INDEX ON job_runs (job, started_at DESC);
