//! One long story per entity, on an SQLite file always and on PostgreSQL when `WANQUAN_TEST_POSTGRES_URL` is set.

#[path = "story/account.rs"]
mod account;
#[path = "story/article.rs"]
mod article;
#[path = "story/audit.rs"]
mod audit;
#[path = "story/backup.rs"]
mod backup;
#[path = "story/batch.rs"]
mod batch;
#[path = "story/bulk.rs"]
mod bulk;
#[path = "story/comment.rs"]
mod comment;
#[path = "story/crash.rs"]
mod crash;
#[path = "story/desk.rs"]
mod desk;
#[path = "story/equivalence.rs"]
mod equivalence;
#[path = "story/form.rs"]
mod form;
#[path = "story/job.rs"]
mod job;
#[path = "story/level.rs"]
mod level;
#[path = "story/link.rs"]
mod link;
#[path = "story/list.rs"]
mod list;
#[path = "story/person.rs"]
mod person;
#[path = "story/public_entry.rs"]
mod public_entry;
#[path = "story/publication.rs"]
mod publication;
#[path = "story/record.rs"]
mod record;
#[path = "story/schema.rs"]
mod schema;
#[path = "story/sealed.rs"]
mod sealed;
#[path = "story/setting.rs"]
mod setting;
#[path = "story/signal.rs"]
mod signal;
#[path = "story/support.rs"]
mod support;
#[path = "story/work.rs"]
mod work;
