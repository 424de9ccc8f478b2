-- Approved public content, frozen when drafted. The portal reads this table and no other.
create table publication (
    id blob not null primary key,
    region text not null,
    region_path text not null,
    title text not null,
    body text not null,
    figures text not null,
    status text not null,
    drafted_by text not null,
    drafted_at integer not null,
    published_by text,
    published_at integer,
    version integer not null
) strict, without rowid;

create index publication_by_region on publication (region, status, published_at);
create index publication_by_status on publication (status, published_at);
