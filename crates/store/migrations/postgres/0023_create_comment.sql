-- Comments of readers below articles. Nothing here says who sent one: addresses are counted in memory and not kept.
create table comment (
    id uuid not null primary key,
    article uuid not null,
    region text collate "C" not null,
    region_path text collate "C" not null,
    parent uuid,
    name text not null,
    text text not null,
    official boolean not null,
    status text not null,
    doubt text,
    reports bigint not null,
    sent_at bigint not null,
    decided_by text,
    decided_at bigint,
    reason text,
    version bigint not null
);

create index comment_by_article on comment (article, status, id);
create index comment_by_status on comment (status, id);
create index comment_by_report on comment (status, id) where reports > 0;
create index comment_by_time on comment (article, sent_at);

-- How many are shown, for lists of articles; counted in the transaction of each decision.
create table comment_count (
    article uuid not null primary key,
    n bigint not null,
    version bigint not null
);
