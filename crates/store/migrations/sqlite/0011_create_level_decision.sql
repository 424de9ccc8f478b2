-- Decisions on the response level of a region; the last one whose start has come holds.
create table level_decision (
    id blob not null primary key,
    region text not null,
    region_path text not null,
    level text not null,
    evidence text not null,
    decided_by text not null,
    decided_at integer not null,
    start_day integer not null,
    review_day integer not null,
    drill integer not null
) strict, without rowid;

create index level_decision_by_region on level_decision (region, start_day, id);
create index level_decision_by_path on level_decision (region_path, start_day);

-- Levels that plans proposed; a person decides.
create table level_proposal (
    id blob not null primary key,
    region text not null,
    region_path text not null,
    level text not null,
    evidence text not null,
    proposed_at integer not null,
    answered_by text,
    answered_at integer,
    accepted integer,
    drill integer not null
) strict, without rowid;

create index level_proposal_waiting on level_proposal (region_path, id) where answered_at is null;
