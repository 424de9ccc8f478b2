-- Answers given to requests that make a record, so that a retry after a lost answer makes no second one. Only where
-- the answer is to be found is kept, not the answer. No reference to account: the system has no account.
create table idempotency (
    account_id blob not null,
    key text not null,
    request_digest blob not null,
    record_id blob not null,
    record_version integer not null,
    created_at integer not null,
    primary key (account_id, key)
) strict, without rowid;
