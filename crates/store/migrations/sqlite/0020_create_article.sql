-- Channels of the portal, as arranged by its editors.
create table channel (
    id text not null primary key,
    parent text references channel (id),
    slug text not null,
    title_en text not null,
    title_zh text not null,
    position integer not null,
    closed integer not null,
    version integer not null
) strict, without rowid;

-- Articles with their working copies. Content is kept as one value: it is written, reviewed and frozen whole.
create table article (
    id blob not null primary key,
    number integer not null,
    channel text not null references channel (id),
    region text not null,
    region_path text not null,
    status text not null,
    content text not null,
    correction text,
    remark text,
    writers text not null,
    publish_at integer,
    approved_by text,
    live integer,
    frozen integer not null,
    published_at integer,
    address text,
    withdrawn text,
    changed_by text not null,
    changed_at integer not null,
    version integer not null
) strict;

create unique index article_by_number on article (number);
create index article_by_status on article (status, id);
create index article_by_channel on article (channel, id);
create index article_by_schedule on article (publish_at) where publish_at is not null;

-- What was public, version by version; rows are added and never changed.
create table article_version (
    article_id blob not null references article (id),
    n integer not null,
    title text not null,
    subtitle text not null,
    summary text not null,
    lang text not null,
    cover text,
    content text not null,
    html text not null,
    correction text,
    approved_by text not null,
    published_at integer not null,
    primary key (article_id, n)
) strict;

-- Which public articles stand on which list of the portal: everything, a channel, a tag, a month. A page of a list is
-- one walk along the key.
create table article_listing (
    list text not null,
    published_at integer not null,
    article_id blob not null references article (id),
    primary key (list, published_at, article_id)
) strict, without rowid;

create index article_listing_by_article on article_listing (article_id);

-- Every address that an article or a channel ever had. The one in use says so; the others lead to it.
create table portal_address (
    path text not null primary key,
    kind text not null,
    subject text not null,
    is_current integer not null
) strict, without rowid;

create index portal_address_by_subject on portal_address (kind, subject);

-- Numbers that all processes of an installation share: the version of what is public, the last number of an article.
create table portal_counter (
    name text not null primary key,
    n integer not null
) strict, without rowid;

insert into portal_counter (name, n) values ('generation', 1), ('article', 0);

-- What a search index has to look at again, with the generation in which it changed last.
create table search_change (
    kind text not null,
    subject text not null,
    generation integer not null,
    primary key (kind, subject)
) strict, without rowid;

create index search_change_by_generation on search_change (generation);

create table article_view (
    article_id blob not null primary key references article (id),
    n integer not null
) strict, without rowid;

-- Pictures and attachments by the digest of their bytes: in the database, so that a backup holds them and every process
-- of an installation has them.
create table portal_file (
    digest text not null primary key,
    name text not null,
    media_type text not null,
    bytes blob not null,
    size integer not null,
    width integer,
    height integer,
    uploaded_by text not null,
    uploaded_at integer not null
) strict;
