-- Work to be done later, by this or another process.
create table job (
    id blob not null primary key,
    name text not null,
    dedup_key text not null,
    payload text not null,
    status text not null,
    run_at integer not null,
    attempts integer not null,
    attempts_max integer not null,
    lease_until integer,
    last_error text,
    created_at integer not null,
    finished_at integer
) strict, without rowid;

-- Waiting jobs are deduplicated; a running one does not count, because it may have read before the change.
create unique index job_waiting_once on job (name, dedup_key) where status = 'waiting';
create index job_by_time on job (status, run_at);
