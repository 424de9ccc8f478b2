-- What detectors proposed. Inserted once for a method, series, step and date.
create table signal (
    id blob not null primary key,
    measure text not null,
    disease text not null,
    region text not null,
    region_path text not null,
    step text not null,
    day integer not null,
    method text not null,
    method_version integer not null,
    params text not null,
    input_digest text not null,
    observed integer not null,
    expected real,
    upper real,
    score real,
    p_value real,
    known_day integer not null,
    raised_at integer not null,
    status text not null,
    version integer not null
) strict, without rowid;

create unique index signal_once on signal (measure, disease, region, method, step, day);
create index signal_by_status on signal (status, id, region_path, disease);
create index signal_by_path on signal (region_path, status, day);

-- What happened to a signal, in order.
create table signal_history (
    signal_id blob not null references signal (id),
    version integer not null,
    at integer not null,
    by text not null,
    act text not null,
    reason text,
    primary key (signal_id, version)
) strict, without rowid;

-- A signal that a person raised.
create table alarm (
    id blob not null primary key,
    signal_id blob not null references signal (id),
    measure text not null,
    disease text not null,
    region text not null,
    region_path text not null,
    raised_by text not null,
    raised_at integer not null,
    reason text not null
) strict, without rowid;

create unique index alarm_by_signal on alarm (signal_id);
create index alarm_by_path on alarm (region_path, id);
