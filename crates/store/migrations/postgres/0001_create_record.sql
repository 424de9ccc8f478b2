-- Paths, codes and titles are compared byte by byte, whatever the locale of the database: scopes are ranges of them.
-- The current version of every record of every register. Superseded versions stand in record_version.
-- Identifiers ascend with time (UUIDv7), so that the primary key grows at its end.
create table record (
    id uuid not null primary key,
    register text collate "C" not null,
    region text collate "C" not null,
    region_path text collate "C" not null,
    disease text collate "C" not null,
    -- Day number since 1970-01-01. Records without a dating field carry the smallest day, so that the column is
    -- never null and one row comparison pages through the list.
    event_day bigint not null,
    key bytea not null,
    title text collate "C" not null,
    version bigint not null,
    -- Content without the day on which it became known: an import compares it to tell changed from unchanged.
    digest bytea not null,
    data jsonb not null,
    personal jsonb,
    -- What this version added to the tallies, so that it can be taken back exactly although measures were
    -- declared differently since.
    counted text not null,
    known_at bigint not null,
    known_day bigint not null,
    created_at bigint not null,
    changed_by text not null,
    reason text,
    batch_id uuid,
    drill boolean not null,
    deleted boolean not null
);

create unique index record_by_key on record (register, key);
-- Lists come in the order of day, region, identifier, latest first; a scope is a range of paths within each day. The
-- day as known stands at the end, so that what was not known yet is passed over without reading it. Withdrawn records
-- are in no list; SQLite answers from the index alone only if it holds that column, too.
create index record_by_day on record (register, event_day, region_path, id, known_day, deleted) where not deleted;
create index record_by_disease on record (register, disease, event_day, region_path, id, known_day, deleted)
    where not deleted;
-- Narrow scopes are read whole.
create index record_by_path on record (register, region_path, event_day, id, disease, known_day, deleted)
    where not deleted;
create index record_by_title on record (register, title, deleted) where not deleted;

-- Superseded versions, written once. A version is what was known from known_day until the day before known_until.
create table record_version (
    record_id uuid not null,
    version bigint not null,
    register text collate "C" not null,
    region text collate "C" not null,
    region_path text collate "C" not null,
    disease text collate "C" not null,
    event_day bigint not null,
    key bytea not null,
    title text collate "C" not null,
    digest bytea not null,
    data jsonb not null,
    personal jsonb,
    counted text not null,
    known_at bigint not null,
    known_day bigint not null,
    known_until bigint not null,
    created_at bigint not null,
    changed_by text not null,
    reason text,
    batch_id uuid,
    drill boolean not null,
    deleted boolean not null,
    primary key (record_id, version)
);

create index record_version_by_day
    on record_version (register, event_day, region_path, record_id, known_day, known_until, disease, deleted)
    where not deleted;
