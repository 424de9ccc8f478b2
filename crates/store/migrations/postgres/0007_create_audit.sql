-- Who did what to what, appended only. Each entry carries a digest of itself and of the entry before.
create table audit (
    seq bigint not null primary key,
    at bigint not null,
    actor text not null,
    act text not null,
    subject text not null,
    detail text not null,
    prev_hash bytea not null,
    hash bytea not null
);

create index audit_by_actor on audit (actor, seq);
create index audit_by_subject on audit (subject, seq);

-- The end of the chain, one row. Entries cut off at the end are missed by it, and writers queue for it.
create table audit_head (
    id bigint not null primary key check (id = 1),
    seq bigint not null,
    hash bytea not null
);

insert into audit_head (id, seq, hash) values (1, 0, '\x0000000000000000000000000000000000000000000000000000000000000000');

-- Against mistakes of this program and of whoever opens the database by hand; who means to can drop these, and the
-- chain of digests remains.
create function audit_refuse() returns trigger language plpgsql as $$
begin
    raise exception 'the audit log is append-only';
end
$$;
create trigger audit_is_not_changed before update or delete or truncate on audit
    for each statement execute function audit_refuse();
