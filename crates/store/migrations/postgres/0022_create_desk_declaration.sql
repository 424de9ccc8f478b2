-- Which records were made at the resident's desk under which telephone number. The number stands here as a keyed digest
-- only.
create table desk_declaration (
    number bytea not null,
    record_id uuid not null,
    primary key (number, record_id)
);
