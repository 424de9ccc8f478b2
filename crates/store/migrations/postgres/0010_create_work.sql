-- What is to be done about records of registers with states, one row a record. Apart from the record, so that a line
-- list of facts pays nothing for it.
create table work (
    record_id uuid not null primary key,
    register text collate "C" not null,
    region_path text collate "C" not null,
    state text collate "C" not null,
    is_open boolean not null,
    unit text collate "C" not null,
    unit_path text collate "C" not null,
    parent_id uuid,
    entered_at bigint not null,
    -- The largest integer stands for no deadline, so that one row comparison pages through the list.
    due_at bigint not null,
    next_at bigint,
    raised bigint not null,
    offered_to text,
    pending jsonb,
    drill boolean not null
);

-- Deadlines that something is still to happen to; finished work is not in it, so a million of them wait at no cost.
create index work_by_time on work (next_at, record_id) where next_at is not null;
create index work_by_unit on work (unit, is_open, due_at, record_id);
-- Narrow scopes are read whole, wide ones in the order of deadlines; what lists ask for besides stands in both, so that
-- other work is passed over without reading it.
create index work_by_path on work (unit_path, is_open, due_at, record_id, state, raised, register);
create index work_by_due on work (is_open, due_at, record_id, unit_path, state, register);
create index work_by_parent on work (parent_id, is_open, due_at, record_id, state, raised) where parent_id is not null;
create index work_by_offer on work (offered_to) where offered_to is not null;

-- What happened, in order, appended only.
create table work_history (
    record_id uuid not null,
    seq bigint not null,
    at bigint not null,
    by text not null,
    act text not null,
    step text,
    from_state text,
    to_state text,
    unit text,
    reason text,
    primary key (record_id, seq)
);
