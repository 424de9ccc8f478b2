-- Imports: what file, by whom, with what outcome. Written in the transaction of the import.
create table batch (
    id blob not null primary key,
    register text not null,
    region_path text not null,
    file_name text not null,
    file_digest text not null,
    file_bytes integer not null,
    created_at integer not null,
    created_by text not null,
    rows_read integer not null,
    accepted integer not null,
    refused integer not null,
    records_created integer not null,
    records_changed integer not null,
    records_unchanged integer not null,
    report text not null
) strict, without rowid;

create index batch_by_register on batch (register, id);
create index batch_by_digest on batch (file_digest);
