-- What people who hold a role for a region are told: warnings, lateness, what plans say.
create table notice (
    id uuid not null primary key,
    region_path text collate "C" not null,
    role text not null,
    at bigint not null,
    text_en text not null,
    text_zh text not null,
    subject text not null,
    drill boolean not null
);

create index notice_by_path on notice (region_path, id);
