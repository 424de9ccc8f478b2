-- Answers given to requests that make a record, so that a retry after a lost answer makes no second one. Only where
-- the answer is to be found is kept, not the answer. No reference to account: the system has no account.
create table idempotency (
    account_id uuid not null,
    key text not null,
    request_digest bytea not null,
    record_id uuid not null,
    record_version bigint not null,
    created_at bigint not null,
    primary key (account_id, key)
);
