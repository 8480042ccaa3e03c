-- What the statistics of a day need of a call, on the call itself: its turns go after their term, and a day computed
-- once more after that must come out the same.
ALTER TABLE calls
    ADD COLUMN language  text,                  -- the one most of the caller's turns were in
    ADD COLUMN answer_ms real[];                -- of each answer, the end of the caller's speech to its first audio
