//! Every record of a filter, page by page in bounded memory.

use super::list::{Cursor, Filter, list};
use crate::dialect::Tx;
use crate::error::Error;
use wanquan_domain::record::Record;

/// Records per step: large enough that paging costs little, a few megabytes at most.
const STEP: u32 = 1_000;

/// Walks through every record of a filter in the order of lists. The transaction keeps one snapshot, so that what
/// others write meanwhile is not mixed in.
#[derive(Debug)]
pub struct Export {
    filter: Filter,
    after: Option<Cursor>,
    done: bool,
}

impl Export {
    /// Begins at the first record.
    pub fn new(filter: Filter) -> Self {
        Self { filter, after: None, done: false }
    }

    /// The next records, up to 1,000; `None` at the end. A step may be empty before the end.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn next(&mut self, tx: &mut Tx<'_>) -> Result<Option<Vec<Record>>, Error> {
        if self.done {
            return Ok(None);
        }
        let page = list(tx, &self.filter, self.after.take(), STEP).await?;
        self.done = page.next.is_none();
        self.after = page.next;
        Ok(Some(page.items))
    }
}
