-- Who keeps an article: the directory that `callctl knowledge load` is given, or people over console and API. A load
-- leaves what is theirs alone.
ALTER TABLE articles ADD COLUMN origin text NOT NULL DEFAULT 'file' CHECK (origin IN ('file', 'console'));

-- Most articles are valid for ever: those that are not are found without reading the others.
CREATE INDEX articles_valid_until ON articles (valid_until) WHERE valid_until IS NOT NULL;
