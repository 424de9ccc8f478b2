-- Persons, apart from what is recorded about them. Who somebody is is sealed under a key of that person alone; the key
-- is wrapped under the key of the installation, which is not in this database. Without its key a row says nothing.
create table person (
    id blob not null primary key,
    -- Null once the person is erased.
    wrapped_key blob,
    sealed blob,
    created_at integer not null,
    changed_at integer not null,
    erased_at integer,
    -- The person that this one turned out to be. Never points at a row that points on.
    merged_into blob references person (id),
    version integer not null
) strict, without rowid;

create index person_by_merge on person (merged_into) where merged_into is not null;

-- What a person is found by: keyed digests of document numbers and telephone numbers. Not unique: a person may be
-- entered twice, which is then found and merged.
create table person_lookup (
    kind text not null,
    digest blob not null,
    person_id blob not null references person (id),
    primary key (kind, digest, person_id)
) strict, without rowid;

create index person_lookup_by_person on person_lookup (person_id);

-- Which records are about a person, and as what. No reference to the record: records are spread by region.
create table person_record (
    person_id blob not null references person (id),
    record_id blob not null,
    role text not null,
    primary key (person_id, record_id, role)
) strict, without rowid;

create index person_record_by_record on person_record (record_id);

-- Merges, appended; taken back by filling the last columns. Both histories stay where they are.
create table person_merge (
    id blob not null primary key,
    kept_id blob not null references person (id),
    merged_id blob not null references person (id),
    at integer not null,
    by text not null,
    reason text not null,
    undone_at integer,
    undone_by text
) strict, without rowid;

create index person_merge_by_kept on person_merge (kept_id);
create index person_merge_by_merged on person_merge (merged_id);
