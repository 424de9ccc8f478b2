-- Who did what to what, appended only. Each entry carries a digest of itself and of the entry before.
create table audit (
    seq integer not null primary key,
    at integer not null,
    actor text not null,
    act text not null,
    subject text not null,
    detail text not null,
    prev_hash blob not null,
    hash blob not null
) strict;

create index audit_by_actor on audit (actor, seq);
create index audit_by_subject on audit (subject, seq);

-- The end of the chain, one row. Entries cut off at the end are missed by it, and writers queue for it.
create table audit_head (
    id integer not null primary key check (id = 1),
    seq integer not null,
    hash blob not null
) strict;

insert into audit_head (id, seq, hash) values (1, 0, x'0000000000000000000000000000000000000000000000000000000000000000');

-- Against mistakes of this program and of whoever opens the file by hand; who means to can drop these, and the chain
-- of digests remains.
create trigger audit_is_not_updated before update on audit begin
    select raise(abort, 'the audit log is append-only');
end;
create trigger audit_is_not_deleted before delete on audit begin
    select raise(abort, 'the audit log is append-only');
end;
