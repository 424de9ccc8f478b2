-- Small facts of the installation, by name.
create table setting (
    name text not null primary key,
    value jsonb not null,
    changed_at bigint not null,
    changed_by text not null
);
