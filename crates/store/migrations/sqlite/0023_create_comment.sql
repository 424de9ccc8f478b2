-- Comments of readers below articles. Nothing here says who sent one: addresses are counted in memory and not kept.
create table comment (
    id blob not null primary key,
    article blob not null,
    region text not null,
    region_path text not null,
    parent blob,
    name text not null,
    text text not null,
    official integer not null,
    status text not null,
    doubt text,
    reports integer not null,
    sent_at integer not null,
    decided_by text,
    decided_at integer,
    reason text,
    version integer not null
) strict, without rowid;

create index comment_by_article on comment (article, status, id);
create index comment_by_status on comment (status, id);
create index comment_by_report on comment (status, id) where reports > 0;
create index comment_by_time on comment (article, sent_at);

-- How many are shown, for lists of articles; counted in the transaction of each decision.
create table comment_count (
    article blob not null primary key,
    n integer not null,
    version integer not null
) strict, without rowid;
