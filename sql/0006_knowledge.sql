-- The shop's articles, cut into chunks, and sets of embeddings of the chunks.
--
-- A set is one provider's, one model's, of one dimension; its vectors lie in a table of their own, `embeddings_<id>`
-- (chunk_hash text PRIMARY KEY, embedding vector(<dimensions>) NOT NULL), with an HNSW index, made with the set and
-- dropped with it. A vector belongs to what was embedded, not to a chunk's number: whatever is loaded again unchanged
-- keeps it. One set is active: search reads its table, joined with chunks by hash, and no other.

CREATE EXTENSION IF NOT EXISTS vector;
CREATE EXTENSION IF NOT EXISTS pg_trgm;

CREATE TABLE articles (
    id           bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    path         text        NOT NULL UNIQUE,   -- of the file, below the directory that was loaded
    title        text        NOT NULL,
    category     text        NOT NULL,
    language     text        NOT NULL,
    valid_until  date,                          -- the last day; NULL: for ever
    text         text        NOT NULL,
    content_hash text        NOT NULL,
    loaded_at    timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE chunks (
    id         bigint   GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    article_id bigint   NOT NULL REFERENCES articles ON DELETE CASCADE,
    n          integer  NOT NULL,
    heading    text     NOT NULL,               -- the article's title and the headings above the chunk
    text       text     NOT NULL,
    hash       text     NOT NULL,               -- of what is embedded: heading and text
    words      tsvector NOT NULL,               -- stems, made by the engine: PostgreSQL has no Ukrainian
    UNIQUE (article_id, n)
);
CREATE INDEX ON chunks (hash);
CREATE INDEX ON chunks USING gin (words);

-- The stems there are, for weighing how rare a word of a question is, and for finding the one that was misheard.
-- `sound` is its sound in Latin letters: trigrams of it work in any locale. Renewed with each load of articles.
CREATE TABLE chunk_words (
    word   text    COLLATE "C" PRIMARY KEY,
    sound  text    NOT NULL,
    chunks integer NOT NULL                     -- how many have it
);
CREATE INDEX ON chunk_words USING gin (sound gin_trgm_ops);

CREATE TABLE embedding_sets (
    id           integer     GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    provider     text        NOT NULL,
    model        text        NOT NULL,
    dimensions   integer     NOT NULL,
    state        text        NOT NULL CHECK (state IN ('building', 'ready', 'active')),
    created_at   timestamptz NOT NULL DEFAULT now(),
    activated_at timestamptz,
    retired_at   timestamptz                    -- when another became active in its place
);
CREATE UNIQUE INDEX ON embedding_sets (state) WHERE state = 'active';
