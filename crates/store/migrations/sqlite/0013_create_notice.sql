-- What people who hold a role for a region are told: warnings, lateness, what plans say.
create table notice (
    id blob not null primary key,
    region_path text not null,
    role text not null,
    at integer not null,
    text_en text not null,
    text_zh text not null,
    subject text not null,
    drill integer not null
) strict, without rowid;

create index notice_by_path on notice (region_path, id);
