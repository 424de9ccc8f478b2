-- Decisions on the response level of a region; the last one whose start has come holds.
create table level_decision (
    id uuid not null primary key,
    region text collate "C" not null,
    region_path text collate "C" not null,
    level text not null,
    evidence text not null,
    decided_by text not null,
    decided_at bigint not null,
    start_day bigint not null,
    review_day bigint not null,
    drill boolean not null
);

create index level_decision_by_region on level_decision (region, start_day, id);
create index level_decision_by_path on level_decision (region_path, start_day);

-- Levels that plans proposed; a person decides.
create table level_proposal (
    id uuid not null primary key,
    region text collate "C" not null,
    region_path text collate "C" not null,
    level text not null,
    evidence text not null,
    proposed_at bigint not null,
    answered_by text,
    answered_at bigint,
    accepted boolean,
    drill boolean not null
);

create index level_proposal_waiting on level_proposal (region_path, id) where answered_at is null;
