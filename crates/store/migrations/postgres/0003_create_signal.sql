-- What detectors proposed. Inserted once for a method, series, step and date.
create table signal (
    id uuid not null primary key,
    measure text collate "C" not null,
    disease text collate "C" not null,
    region text collate "C" not null,
    region_path text collate "C" not null,
    step text not null,
    day bigint not null,
    method text not null,
    method_version bigint not null,
    params jsonb not null,
    input_digest text not null,
    observed bigint not null,
    expected double precision,
    upper double precision,
    score double precision,
    p_value double precision,
    known_day bigint not null,
    raised_at bigint not null,
    status text not null,
    version bigint not null
);

create unique index signal_once on signal (measure, disease, region, method, step, day);
create index signal_by_status on signal (status, id, region_path, disease);
create index signal_by_path on signal (region_path, status, day);

-- What happened to a signal, in order.
create table signal_history (
    signal_id uuid not null references signal (id),
    version bigint not null,
    at bigint not null,
    by text not null,
    act text not null,
    reason text,
    primary key (signal_id, version)
);

-- A signal that a person raised.
create table alarm (
    id uuid not null primary key,
    signal_id uuid not null references signal (id),
    measure text collate "C" not null,
    disease text collate "C" not null,
    region text collate "C" not null,
    region_path text collate "C" not null,
    raised_by text not null,
    raised_at bigint not null,
    reason text not null
);

create unique index alarm_by_signal on alarm (signal_id);
create index alarm_by_path on alarm (region_path, id);
