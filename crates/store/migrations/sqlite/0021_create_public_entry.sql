-- What of a register's records is public, frozen when a person approved it. Beside publications, the only table that
-- the portal reads. An entry that was taken away keeps its row without content, so that the version never steps back.
create table public_entry (
    id blob not null primary key,
    register text not null,
    region text not null,
    region_path text not null,
    data text not null,
    is_public integer not null,
    published_by text not null,
    first_published_at integer not null,
    changed_at integer not null,
    version integer not null
) strict, without rowid;

create index public_entry_by_register on public_entry (register, is_public, changed_at);
