-- A job that somebody wants run now: the scheduler that leads takes it, on the machine that keeps what jobs make.
CREATE TABLE job_requests (
    job          text        PRIMARY KEY,
    requested_at timestamptz NOT NULL DEFAULT now()
);
