-- Plans that were run. A plan runs once for a trigger: the unique index makes doing it again do nothing.
create table plan_run (
    id blob not null primary key,
    plan text not null,
    plan_version integer not null,
    trigger_key text not null,
    region text not null,
    region_path text not null,
    at integer not null,
    by text not null,
    -- How many plans deep: a plan whose records set off plans that set it off again is stopped.
    depth integer not null,
    drill integer not null,
    done integer not null
) strict, without rowid;

create unique index plan_run_once on plan_run (plan, trigger_key);
create index plan_run_by_path on plan_run (region_path, id);
create index plan_run_by_trigger on plan_run (trigger_key);
