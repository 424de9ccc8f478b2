-- Channels of the portal, as arranged by its editors.
create table channel (
    id text collate "C" not null primary key,
    parent text collate "C" references channel (id),
    slug text collate "C" not null,
    title_en text not null,
    title_zh text not null,
    position bigint not null,
    closed boolean not null,
    version bigint not null
);

-- Articles with their working copies. Content is kept as one value: it is written, reviewed and frozen whole.
create table article (
    id uuid not null primary key,
    number bigint not null,
    channel text collate "C" not null references channel (id),
    region text collate "C" not null,
    region_path text collate "C" not null,
    status text collate "C" not null,
    content jsonb not null,
    correction text,
    remark text,
    writers jsonb not null,
    publish_at bigint,
    approved_by text,
    live bigint,
    frozen bigint not null,
    published_at bigint,
    address text,
    withdrawn text,
    changed_by text not null,
    changed_at bigint not null,
    version bigint not null
);

create unique index article_by_number on article (number);
create index article_by_status on article (status, id);
create index article_by_channel on article (channel, id);
create index article_by_schedule on article (publish_at) where publish_at is not null;

-- What was public, version by version; rows are added and never changed.
create table article_version (
    article_id uuid not null references article (id),
    n bigint not null,
    title text not null,
    subtitle text not null,
    summary text not null,
    lang text not null,
    cover text,
    content jsonb not null,
    html text not null,
    correction text,
    approved_by text not null,
    published_at bigint not null,
    primary key (article_id, n)
);

-- Which public articles stand on which list of the portal: everything, a channel, a tag, a month. A page of a list is
-- one walk along the key.
create table article_listing (
    list text collate "C" not null,
    published_at bigint not null,
    article_id uuid not null references article (id),
    primary key (list, published_at, article_id)
);

create index article_listing_by_article on article_listing (article_id);

-- Every address that an article or a channel ever had. The one in use says so; the others lead to it.
create table portal_address (
    path text collate "C" not null primary key,
    kind text collate "C" not null,
    subject text collate "C" not null,
    is_current boolean not null
);

create index portal_address_by_subject on portal_address (kind, subject);

-- Numbers that all processes of an installation share: the version of what is public, the last number of an article.
create table portal_counter (
    name text collate "C" not null primary key,
    n bigint not null
);

insert into portal_counter (name, n) values ('generation', 1), ('article', 0);

-- What a search index has to look at again, with the generation in which it changed last.
create table search_change (
    kind text collate "C" not null,
    subject text collate "C" not null,
    generation bigint not null,
    primary key (kind, subject)
);

create index search_change_by_generation on search_change (generation);

create table article_view (
    article_id uuid not null primary key references article (id),
    n bigint not null
);

-- Pictures and attachments by the digest of their bytes: in the database, so that a backup holds them and every process
-- of an installation has them.
create table portal_file (
    digest text collate "C" not null primary key,
    name text collate "C" not null,
    media_type text not null,
    bytes bytea not null,
    size bigint not null,
    width bigint,
    height bigint,
    uploaded_by text not null,
    uploaded_at bigint not null
);
