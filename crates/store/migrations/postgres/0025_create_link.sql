-- Links of what is public to pages of others, and whether those answer.
create table link (
    address text collate "C" not null primary key,
    status text not null,
    answer bigint,
    problem text,
    moved_to text,
    failures bigint not null,
    broken_since bigint,
    checked_at bigint,
    due_at bigint not null
);

create index link_by_due on link (due_at);
create index link_by_status on link (status, address);

-- What holds which link.
create table link_use (
    kind text collate "C" not null,
    subject text collate "C" not null,
    address text collate "C" not null,
    title text not null,
    region_path text collate "C" not null,
    primary key (kind, subject, address)
);

create index link_use_by_address on link_use (address);
