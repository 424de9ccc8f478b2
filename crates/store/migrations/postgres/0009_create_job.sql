-- Work to be done later, by this or another process.
create table job (
    id uuid not null primary key,
    name text not null,
    dedup_key text not null,
    payload jsonb not null,
    status text not null,
    run_at bigint not null,
    attempts bigint not null,
    attempts_max bigint not null,
    lease_until bigint,
    last_error text,
    created_at bigint not null,
    finished_at bigint
);

-- Waiting jobs are deduplicated; a running one does not count, because it may have read before the change.
create unique index job_waiting_once on job (name, dedup_key) where status = 'waiting';
create index job_by_time on job (status, run_at);
