-- What was asked of the store, so that an intent left open by a crash can be asked again with the same key.

ALTER TABLE store_actions ADD COLUMN request jsonb NOT NULL DEFAULT '{}';
