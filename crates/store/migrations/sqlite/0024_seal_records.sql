-- What a record says of its person is sealed under the key of that person. The column `personal` held it in plain text
-- before; a job seals what stands there and leaves it empty for good.
alter table record add column person_id blob;
alter table record add column sealed blob;
alter table record_version add column person_id blob;
alter table record_version add column sealed blob;

create index record_by_person on record (person_id, register) where person_id is not null;
create index record_version_by_person on record_version (person_id, register) where person_id is not null;
-- What is still to be sealed; empty afterwards.
create index record_plain on record (id) where personal is not null;
create index record_version_plain on record_version (record_id, version) where personal is not null;

-- The digests by which a person is found, once more beside the person: erasing finds them there, which saves an index
-- as large as the table of look-ups.
alter table person add column lookups blob;
drop index person_lookup_by_person;
