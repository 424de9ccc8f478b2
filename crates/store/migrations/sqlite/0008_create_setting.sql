-- Small facts of the installation, by name.
create table setting (
    name text not null primary key,
    value text not null,
    changed_at integer not null,
    changed_by text not null
) strict, without rowid;
