-- Partitions as the catalogue has them, made without making anybody wait; customers, counted from their calls.

-- As in 0001, and what the months are told from. A table partitioned by something else than a time is none of ours.
CREATE OR REPLACE VIEW partitioned_tables AS
    SELECT relname::text AS name, attname::text AS key
    FROM pg_partitioned_table
    JOIN pg_class ON oid = partrelid
    JOIN pg_attribute ON attrelid = partrelid AND attnum = partattrs[0]
    WHERE relnamespace = current_schema()::regnamespace
      AND partstrat = 'r' AND partnatts = 1 AND atttypid = 'timestamptz'::regtype;

-- Every partition of those, from `starts_at` up to, not including, `ends_at`.
CREATE VIEW partitions AS
    SELECT parent.relname::text AS table_name,
           child.relname::text AS name,
           (regexp_match(bound, 'FROM \(''(\d+-\d\d-\d\d \d[^'']*)''\)'))[1]::timestamptz AS starts_at,
           (regexp_match(bound, 'TO \(''(\d+-\d\d-\d\d \d[^'']*)''\)'))[1]::timestamptz AS ends_at,
           inhdetachpending AS detaching,      -- DETACH ... CONCURRENTLY was begun and not ended
           pg_total_relation_size(child.oid) AS bytes
    FROM partitioned_tables
    JOIN pg_class parent ON parent.relname = partitioned_tables.name AND parent.relkind = 'p'
                        AND parent.relnamespace = current_schema()::regnamespace
    JOIN pg_inherits ON inhparent = parent.oid
    JOIN pg_class child ON child.oid = inhrelid
    CROSS JOIN LATERAL pg_get_expr(child.relpartbound, child.oid) AS bound
    WHERE bound LIKE 'FOR VALUES FROM (''%';

-- Months that were detached and are still there: whoever was about to drop them died.
CREATE VIEW detached_partitions AS
    SELECT partitioned_tables.name AS table_name,
           orphan.relname::text AS name,
           starts_at,
           (starts_at AT TIME ZONE 'UTC' + interval '1 month') AT TIME ZONE 'UTC' AS ends_at
    FROM partitioned_tables
    JOIN pg_class orphan ON regexp_replace(orphan.relname, '_\d{4}_(0[1-9]|1[0-2])$', '') = partitioned_tables.name
                        AND orphan.relname <> partitioned_tables.name
                        AND orphan.relkind = 'r' AND NOT orphan.relispartition
                        AND orphan.relnamespace = current_schema()::regnamespace
    CROSS JOIN LATERAL (
        SELECT to_date(right(orphan.relname, 7), 'YYYY_MM')::timestamp AT TIME ZONE 'UTC') AS month (starts_at);

-- Makes the partitions of the month that holds `moment`, of every table, where they are missing; their names.
--
-- ATTACH lets everybody go on, where CREATE ... PARTITION OF would wait for a back-up to end and make all others wait
-- behind it. A month that was detached and not dropped is taken back with what it holds.
DROP FUNCTION ensure_partitions(timestamptz);
CREATE FUNCTION ensure_partitions(moment timestamptz) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    first  date := date_trunc('month', moment AT TIME ZONE 'UTC');
    starts timestamptz := first::timestamp AT TIME ZONE 'UTC';
    ends   timestamptz := (first + interval '1 month') AT TIME ZONE 'UTC';
    parent text;
    child  text;
BEGIN
    IF NOT EXISTS (SELECT FROM partitioned_tables t WHERE NOT EXISTS (
            SELECT FROM partitions p WHERE p.table_name = t.name AND p.starts_at <= starts AND p.ends_at >= ends)) THEN
        RETURN;
    END IF;
    -- two engines at midnight on the first: the second finds the work done
    PERFORM pg_advisory_xact_lock(hashtext('ensure_partitions'));
    FOR parent IN SELECT t.name FROM partitioned_tables t WHERE NOT EXISTS (
            SELECT FROM partitions p WHERE p.table_name = t.name AND p.starts_at <= starts AND p.ends_at >= ends) LOOP
        child := parent || to_char(first, '_YYYY_MM');
        IF to_regclass(quote_ident(child)) IS NULL THEN
            EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING ALL EXCLUDING IDENTITY)', child, parent);
        END IF;
        EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', parent, child, starts, ends);
        RETURN NEXT child;
    END LOOP;
END $$;

-- What is known of a caller, and his calls. Counted and not stored: however often a record is replayed, and whatever
-- retention takes away, it is right. The calls of a number alone are found by their index.
ALTER TABLE customers DROP COLUMN calls, DROP COLUMN first_call_at, DROP COLUMN last_call_at;
CREATE VIEW customer_calls AS
    SELECT phone, name, city, vehicle, address, coalesce(calls, 0) AS calls, first_call_at, last_call_at
    FROM customers FULL JOIN (
        SELECT caller AS phone, count(*) AS calls, min(started_at) AS first_call_at, max(started_at) AS last_call_at
        FROM calls WHERE caller IS NOT NULL GROUP BY caller
    ) AS called USING (phone);

ALTER TABLE callback_requests ALTER COLUMN phone DROP NOT NULL;  -- NULL: anonymised, as in store_actions
