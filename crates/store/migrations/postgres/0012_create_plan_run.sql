-- Plans that were run. A plan runs once for a trigger: the unique index makes doing it again do nothing.
create table plan_run (
    id uuid not null primary key,
    plan text collate "C" not null,
    plan_version bigint not null,
    trigger_key text collate "C" not null,
    region text collate "C" not null,
    region_path text collate "C" not null,
    at bigint not null,
    by text not null,
    -- How many plans deep: a plan whose records set off plans that set it off again is stopped.
    depth bigint not null,
    drill boolean not null,
    done bigint not null
);

create unique index plan_run_once on plan_run (plan, trigger_key);
create index plan_run_by_path on plan_run (region_path, id);
create index plan_run_by_trigger on plan_run (trigger_key);
