//! Many new records in one transaction with other things: what a plan creates for every unit. A whole file goes
//! through the bulk load instead.

use super::{Change, NewRecord, RecordRow, seal_row};
use crate::dialect::{Tx, run_on_db};
use crate::error::Error;
use crate::tally::{self, Deltas};
use crate::time;
use sqlx::AssertSqlSafe;
use wanquan_domain::signal::SeriesKey;

/// Columns of a record.
const COLUMNS: usize = 23;
/// Rows of one statement.
const ROWS_PER_STATEMENT: usize = 500;

/// Stores new records whose keys are new; returns the series whose counts changed.
///
/// # Errors
/// `Duplicate` if a key is taken; nothing may be committed then.
pub async fn insert_many(
    tx: &mut Tx<'_>,
    records: Vec<NewRecord>,
    change: &Change,
) -> Result<Vec<SeriesKey>, Error> {
    let mut deltas = Deltas::default();
    let mut rows = Vec::with_capacity(records.len());
    for new in records {
        let known_day = new.known_day.unwrap_or_else(|| time::to_day(change.known_on));
        if !change.drill {
            deltas.count(&new.region_path, &new.disease, known_day, &new.counted, 1);
        }
        let mut row = RecordRow::first(new.clone(), change, known_day)?;
        seal_row(tx, &mut row, &new, None, change.at).await?;
        rows.push(row);
    }
    for part in rows.chunks(ROWS_PER_STATEMENT) {
        let sql = format!(
            "insert into record ({}) values {}",
            written_columns!(),
            tx.value_lists(COLUMNS, part.len())
        );
        run_on_db!(tx, |conn| {
            let mut query = sqlx::query(AssertSqlSafe(sql));
            for row in part {
                query = bind_row!(query, row);
            }
            query.execute(conn)
        })
        .map_err(|e: Error| e.duplicate_of("record"))?;
    }
    tally::apply(tx, deltas).await
}
