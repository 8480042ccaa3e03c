-- A run that was cut short did not do what its time of the schedule was for: it is made up for, once.

ALTER TABLE job_runs
    ADD COLUMN cut_short boolean NOT NULL DEFAULT false,    -- its process died, or was stopped before the end
    ADD COLUMN attempt   integer NOT NULL DEFAULT 1,        -- at this time of the schedule: 1 or 2
    DROP CONSTRAINT job_runs_job_scheduled_for_key,
    ADD UNIQUE (job, scheduled_for, attempt);
