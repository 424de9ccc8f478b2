-- What of a register's records is public, frozen when a person approved it. Beside publications, the only table that
-- the portal reads. An entry that was taken away keeps its row without content, so that the version never steps back.
create table public_entry (
    id uuid not null primary key,
    register text collate "C" not null,
    region text collate "C" not null,
    region_path text collate "C" not null,
    data jsonb not null,
    is_public boolean not null,
    published_by text not null,
    first_published_at bigint not null,
    changed_at bigint not null,
    version bigint not null
);

create index public_entry_by_register on public_entry (register, is_public, changed_at);
