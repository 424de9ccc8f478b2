-- Persons who may sign in. Never deleted: versions and audit entries name them.
create table account (
    id uuid not null primary key,
    username text collate "C" not null,
    display_name text not null,
    lang text not null,
    password_hash text not null,
    disabled boolean not null,
    created_at bigint not null,
    version bigint not null
);

-- Compared without case: an account "Li" beside "li" invites mistakes.
create unique index account_by_username on account (lower(username));

-- Roles held for a region and everything below it.
create table role_grant (
    account_id uuid not null references account (id),
    role text not null,
    region text collate "C" not null,
    granted_by text not null,
    granted_at bigint not null,
    primary key (account_id, role, region)
);

-- Signed-in browsers. Only a digest of the cookie is kept.
create table session (
    token_hash bytea not null primary key,
    account_id uuid not null references account (id),
    created_at bigint not null,
    expires_at bigint not null,
    last_used_at bigint not null
);

create index session_by_account on session (account_id);
create index session_by_expiry on session (expires_at);

-- Tokens of scripts. Only a digest is kept; the prefix lets its owner recognise it.
create table api_token (
    id uuid not null primary key,
    token_hash bytea not null,
    prefix text not null,
    name text not null,
    account_id uuid not null references account (id),
    created_at bigint not null,
    expires_at bigint,
    last_used_at bigint,
    revoked_at bigint
);

create unique index api_token_by_hash on api_token (token_hash);
create index api_token_by_account on api_token (account_id, id);
