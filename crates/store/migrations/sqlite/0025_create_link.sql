-- Links of what is public to pages of others, and whether those answer.
create table link (
    address text not null primary key,
    status text not null,
    answer integer,
    problem text,
    moved_to text,
    failures integer not null,
    broken_since integer,
    checked_at integer,
    due_at integer not null
) strict, without rowid;

create index link_by_due on link (due_at);
create index link_by_status on link (status, address);

-- What holds which link.
create table link_use (
    kind text not null,
    subject text not null,
    address text not null,
    title text not null,
    region_path text not null,
    primary key (kind, subject, address)
) strict, without rowid;

create index link_use_by_address on link_use (address);
