-- Who may look at the records and change the settings, and what they looked at and changed.
--
-- No secret is here that could be used if this table were read: passwords as argon2 hashes; tokens of sessions, links
-- and keys, which are random, as SHA-256.

CREATE TABLE users (
    id            uuid        PRIMARY KEY DEFAULT gen_random_uuid(),
    name          text        NOT NULL,         -- to log in with: a name or an e-mail address
    role          text        NOT NULL CHECK (role IN ('viewer', 'supervisor', 'admin')),
    password_hash text,                         -- NULL: not set yet, by a one-time link
    created_at    timestamptz NOT NULL DEFAULT now(),
    disabled_at   timestamptz
);
CREATE UNIQUE INDEX ON users (lower(name));

-- To set a password with, once.
CREATE TABLE access_links (
    token_hash bytea       PRIMARY KEY,
    user_id    uuid        NOT NULL REFERENCES users ON DELETE CASCADE,
    issued_at  timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL
);

CREATE TABLE user_sessions (
    token_hash bytea       PRIMARY KEY,
    user_id    uuid        NOT NULL REFERENCES users ON DELETE CASCADE,
    ip         text        NOT NULL,            -- it was opened from
    created_at timestamptz NOT NULL DEFAULT now(),
    seen_at    timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL             -- at the latest; sooner when idle
);
CREATE INDEX ON user_sessions (user_id);

CREATE TABLE api_keys (
    id         uuid        PRIMARY KEY DEFAULT gen_random_uuid(),
    name       text        NOT NULL,            -- what it is for
    prefix     text        NOT NULL UNIQUE,     -- its beginning, by which people know it
    token_hash bytea       NOT NULL UNIQUE,
    role       text        NOT NULL CHECK (role IN ('viewer', 'supervisor', 'admin')),
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz,                     -- NULL: never
    revoked_at timestamptz,
    used_at    timestamptz                      -- to the minute
);

-- Attempts to log in that have not succeeded, by a hash of the address or the account: counted before the password is
-- looked at, so that many at once gain nothing.
CREATE TABLE login_attempts (
    subject      bytea       PRIMARY KEY,
    attempts     integer     NOT NULL,
    forgotten_at timestamptz NOT NULL
);

CREATE TABLE audit_log (
    id     bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at     timestamptz NOT NULL DEFAULT now(),
    who    text        NOT NULL,                -- `user olena`, `key 3fa9c1d2`, `command root`
    what   text        NOT NULL,                -- `calls.read`, `prompts.activate`
    object text        NOT NULL DEFAULT '',     -- which one; phones masked
    ip     text        NOT NULL DEFAULT ''
);
CREATE INDEX ON audit_log (at);

-- A call that somebody wants ended: whichever engine has it looks here.
CREATE TABLE hangup_requests (
    call_id      uuid        PRIMARY KEY,
    requested_at timestamptz NOT NULL DEFAULT now()
);

-- The list of calls, page by page: the next begins after (started_at, id) of the last, within each filter.
CREATE INDEX calls_page ON calls (started_at DESC, id DESC);
CREATE INDEX calls_page_outcome ON calls (outcome, started_at DESC, id DESC);
CREATE INDEX calls_page_scenario ON calls (scenario, started_at DESC, id DESC);

-- Words said in calls. No stems: a search takes the beginning of a word.
CREATE INDEX call_turns_words ON call_turns USING gin (to_tsvector('simple', text));
