-- Who wrote which instructions. `share` is what part of new calls is held under them; what is left of 1 goes to those
-- that come with the program. Every change of the shares is kept.
ALTER TABLE prompt_versions ADD COLUMN created_by text;     -- NULL: came with the program

CREATE TABLE prompt_activations (
    id         bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at         timestamptz NOT NULL DEFAULT now(),
    who        text        NOT NULL,
    shares     jsonb       NOT NULL                         -- id of the version -> share
);
