-- Imports: what file, by whom, with what outcome. Written in the transaction of the import.
create table batch (
    id uuid not null primary key,
    register text collate "C" not null,
    region_path text collate "C" not null,
    file_name text not null,
    file_digest text not null,
    file_bytes bigint not null,
    created_at bigint not null,
    created_by text not null,
    rows_read bigint not null,
    accepted bigint not null,
    refused bigint not null,
    records_created bigint not null,
    records_changed bigint not null,
    records_unchanged bigint not null,
    report jsonb not null
);

create index batch_by_register on batch (register, id);
create index batch_by_digest on batch (file_digest);
