-- Persons, apart from what is recorded about them. Who somebody is is sealed under a key of that person alone; the key
-- is wrapped under the key of the installation, which is not in this database. Without its key a row says nothing.
create table person (
    id uuid not null primary key,
    -- Null once the person is erased.
    wrapped_key bytea,
    sealed bytea,
    created_at bigint not null,
    changed_at bigint not null,
    erased_at bigint,
    -- The person that this one turned out to be. Never points at a row that points on.
    merged_into uuid references person (id),
    version bigint not null
);

create index person_by_merge on person (merged_into) where merged_into is not null;

-- What a person is found by: keyed digests of document numbers and telephone numbers. Not unique: a person may be
-- entered twice, which is then found and merged.
create table person_lookup (
    kind text collate "C" not null,
    digest bytea not null,
    person_id uuid not null references person (id),
    primary key (kind, digest, person_id)
);

create index person_lookup_by_person on person_lookup (person_id);

-- Which records are about a person, and as what. No reference to the record: records are spread by region.
create table person_record (
    person_id uuid not null references person (id),
    record_id uuid not null,
    role text collate "C" not null,
    primary key (person_id, record_id, role)
);

create index person_record_by_record on person_record (record_id);

-- Merges, appended; taken back by filling the last columns. Both histories stay where they are.
create table person_merge (
    id uuid not null primary key,
    kept_id uuid not null references person (id),
    merged_id uuid not null references person (id),
    at bigint not null,
    by text not null,
    reason text not null,
    undone_at bigint,
    undone_by text
);

create index person_merge_by_kept on person_merge (kept_id);
create index person_merge_by_merged on person_merge (merged_id);
