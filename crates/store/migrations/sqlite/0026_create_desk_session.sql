-- How often a network has sent a form lately, and what was used once. Networks stand here as keyed digests.
create table form_rate (
    what text not null,
    who blob not null,
    free_at integer not null,
    primary key (what, who)
) strict, without rowid;

create table form_used (
    name blob not null primary key,
    until integer not null
) strict, without rowid;

-- One-time codes of the resident's desk, by the keyed digest of the number.
create table desk_code (
    number blob not null primary key,
    code blob,
    ends_at integer not null,
    tries integer not null,
    sent text not null
) strict, without rowid;

-- Browsers that wait for a code, and those that are signed in; their number is sealed.
create table desk_browser (
    secret blob not null primary key,
    number blob not null,
    ends_at integer not null
) strict, without rowid;
