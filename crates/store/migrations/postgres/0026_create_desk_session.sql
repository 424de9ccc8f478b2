-- How often a network has sent a form lately, and what was used once. Networks stand here as keyed digests.
create table form_rate (
    what text collate "C" not null,
    who bytea not null,
    free_at bigint not null,
    primary key (what, who)
);

create table form_used (
    name bytea not null primary key,
    until bigint not null
);

-- One-time codes of the resident's desk, by the keyed digest of the number.
create table desk_code (
    number bytea not null primary key,
    code bytea,
    ends_at bigint not null,
    tries bigint not null,
    sent jsonb not null
);

-- Browsers that wait for a code, and those that are signed in; their number is sealed.
create table desk_browser (
    secret uuid not null primary key,
    number bytea not null,
    ends_at bigint not null
);
