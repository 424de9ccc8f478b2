-- Which records were made at the resident's desk under which telephone number. The number stands here as a keyed digest
-- only.
create table desk_declaration (
    number blob not null,
    record_id blob not null,
    primary key (number, record_id)
) strict, without rowid;
