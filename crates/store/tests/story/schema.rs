//! Both engines have the same tables, columns, keys and indexes.

use crate::support::*;
use anyhow::Result;
use std::collections::BTreeSet;
use wanquan_store::{Error, Store};

/// `table.column kind [not null] [key n]`, and `index on table (columns) [unique] [partial]`.
type Shape = BTreeSet<String>;

async fn of_sqlite(path: &std::path::Path) -> Result<Shape> {
    use sqlx::Connection as _;
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path);
    let mut connection = sqlx::SqliteConnection::connect_with(&options).await?;
    let columns: Vec<(String, String, String, i64, i64)> = sqlx::query_as(
        "select t.name, c.name, c.type, c.\"notnull\", c.pk from sqlite_schema t, pragma_table_info(t.name) c
         where t.type = 'table' and t.name not like 'sqlite_%' and t.name not like '_sqlx%'",
    )
    .fetch_all(&mut connection)
    .await?;
    let mut shape: Shape = columns
        .into_iter()
        .map(|(table, column, kind, not_null, key)| {
            format!("{table}.{column} {} {} {}", kind.to_lowercase(), not_null != 0, key != 0)
        })
        .collect();
    let indexes: Vec<(String, String, i64, i64, Option<String>)> = sqlx::query_as(
        "select t.name, i.name, i.\"unique\", i.partial,
            (select group_concat(coalesce(x.name, '(expression)'), ',') from pragma_index_info(i.name) x)
         from sqlite_schema t, pragma_index_list(t.name) i where t.type = 'table' and i.origin = 'c'",
    )
    .fetch_all(&mut connection)
    .await?;
    for (table, index, unique, partial, columns) in indexes {
        let columns = columns.unwrap_or_default();
        shape.insert(format!("{index} on {table} ({columns}) {} {}", unique != 0, partial != 0));
    }
    connection.close().await?;
    Ok(shape)
}

async fn of_postgres(url: &str) -> Result<Shape> {
    use sqlx::Connection as _;
    let mut connection = sqlx::PgConnection::connect(url).await?;
    let columns: Vec<(String, String, String, bool, bool)> = sqlx::query_as(
        "select c.relname::text, a.attname::text, format_type(a.atttypid, null), a.attnotnull,
            coalesce(a.attnum = any(k.indkey), false)
         from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
         left join pg_index k on k.indrelid = c.oid and k.indisprimary
         where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace and c.relname not like '\\_sqlx%'",
    )
    .fetch_all(&mut connection)
    .await?;
    let mut shape: Shape = columns
        .into_iter()
        .map(|(table, column, kind, not_null, key)| format!("{table}.{column} {kind} {not_null} {key}"))
        .collect();
    let indexes: Vec<(String, String, bool, bool, String)> = sqlx::query_as(
        "select t.relname::text, i.relname::text, k.indisunique, k.indpred is not null,
            (select string_agg(coalesce(a.attname::text, '(expression)'), ',' order by n)
             from unnest(k.indkey::int[]) with ordinality x (attnum, n)
             left join pg_attribute a on a.attrelid = t.oid and a.attnum = x.attnum and x.attnum > 0)
         from pg_index k join pg_class i on i.oid = k.indexrelid join pg_class t on t.oid = k.indrelid
         where t.relnamespace = 'public'::regnamespace and not k.indisprimary and t.relname not like '\\_sqlx%'",
    )
    .fetch_all(&mut connection)
    .await?;
    for (table, index, unique, partial, columns) in indexes {
        shape.insert(format!("{index} on {table} ({columns}) {unique} {partial}"));
    }
    connection.close().await?;
    Ok(shape)
}

/// The type of a column of PostgreSQL as SQLite would say it. What SQLite keeps in one type PostgreSQL may keep in
/// several, so that the comparison is made on this side.
fn as_sqlite_says(line: &str) -> String {
    let pairs = [
        (" bigint ", " integer "),
        (" boolean ", " integer "),
        (" uuid ", " blob "),
        (" bytea ", " blob "),
        (" jsonb ", " text "),
        (" double precision ", " real "),
    ];
    pairs.iter().fold(line.to_owned(), |line, (postgres, sqlite)| line.replace(postgres, sqlite))
}

#[test]
fn both_engines_from_zero_have_the_same_tables_columns_and_indexes() {
    on_postgres(|postgres: Db| async move {
        let sqlite = sqlite().await?;
        let (Raw::Sqlite(path), Raw::Postgres(url)) = (&sqlite.engine, &postgres.engine) else {
            anyhow::bail!("one of each");
        };
        let one = of_sqlite(path).await?;
        let two: Shape = of_postgres(url).await?.iter().map(|line| as_sqlite_says(line)).collect();
        assert!(one.len() > 100, "{one:#?}");
        let (only_one, only_two): (Vec<_>, Vec<_>) =
            (one.difference(&two).collect(), two.difference(&one).collect());
        assert!(only_one.is_empty() && only_two.is_empty(), "SQLite {only_one:#?}, PostgreSQL {only_two:#?}");
        Ok(())
    });
}

on_both_engines!(opening_again_changes_nothing_and_a_later_schema_is_refused);

async fn opening_again_changes_nothing_and_a_later_schema_is_refused(db: Db) -> Result<()> {
    let again = Store::open(&db.location(), &options()).await?;
    let mut tx = again.read().await?;
    assert_eq!(total(&mut tx, NATION, 9).await?, 0);
    drop(tx);
    again.close().await;
    db.tamper(match db.engine {
        Raw::Sqlite(_) => {
            "insert into _sqlx_migrations values (999, 'of the future', '2030-01-01', 1, x'00', 1)"
        }
        Raw::Postgres(_) => {
            "insert into _sqlx_migrations values (999, 'of the future', now(), true, '\\x00', 1)"
        }
    })
    .await?;
    let later = Store::open(&db.location(), &options()).await;
    assert!(matches!(later, Err(Error::Migrate(_))), "{later:?}");
    Ok(())
}

#[tokio::test]
async fn a_location_that_is_none_is_refused_without_repeating_a_password() {
    for location in ["", "sqlite:", ":memory:", "mysql://root:secret@host/db"] {
        let error = Store::open(location, &options()).await.unwrap_err();
        assert!(matches!(error, Error::Location(_)), "{location}");
        assert!(!error.to_string().contains("secret"));
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("not-a-database");
    std::fs::write(&file, "a,b,c\n1,2,3\n".repeat(500)).unwrap();
    assert!(Store::open(file.to_str().unwrap(), &options()).await.is_err());
    let kept = std::fs::read_to_string(&file).unwrap();
    assert!(kept.starts_with("a,b,c"), "what is no database is not overwritten");
}
