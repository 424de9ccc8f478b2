-- Approved public content, frozen when drafted. The portal reads this table and no other.
create table publication (
    id uuid not null primary key,
    region text collate "C" not null,
    region_path text collate "C" not null,
    title text collate "C" not null,
    body text not null,
    figures jsonb not null,
    status text not null,
    drafted_by text not null,
    drafted_at bigint not null,
    published_by text,
    published_at bigint,
    version bigint not null
);

create index publication_by_region on publication (region, status, published_at);
create index publication_by_status on publication (status, published_at);
