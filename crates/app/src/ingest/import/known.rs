//! Records with a life that the file speaks of again: a file reports, it takes no steps.
//!
//! A record that is known keeps its state, and the values of fields that the file has no column for: they were filled
//! on the way. So a file imported again after people worked on its records undoes nothing.

use super::columns::Plan;
use crate::app::App;
use crate::error::Error;
use crate::validation::validate;
use jiff::civil::Date;
use rustc_hash::FxHashMap;
use tokio::runtime::Handle;
use wanquan_domain::issue::{Issue, IssueCode};
use wanquan_domain::record::{Data, KeyDigest, Record};
use wanquan_domain::register::{Register, STATE};
use wanquan_store::bulk::Bulk;
use wanquan_store::record::{self, NewRecord};

/// What an import knows while it looks up records.
pub(super) struct Known<'a> {
    pub app: &'a App,
    pub register: &'a Register,
    pub plan: &'a Plan,
    pub today: Date,
}

impl Known<'_> {
    /// Adds to `records` what is stored of them; returns what a person should know. Costs nothing for registers
    /// without states. For a thread outside the asynchronous runtime.
    ///
    /// # Errors
    /// If the store fails.
    pub fn keep(&self, records: &mut [NewRecord], bulk: &mut Bulk) -> Result<Vec<Issue>, Error> {
        if self.register.lifecycle.is_none() {
            return Ok(Vec::new());
        }
        let keys: Vec<KeyDigest> = records.iter().map(|record| *record.key()).collect();
        // A step that somebody takes between this reading and the writing would be undone by it.
        bulk.lock_blocking(&self.register.id, keys.clone())?;
        let stored = Handle::current().block_on(async {
            let mut tx = self.app.read().await?;
            Ok::<_, Error>(record::get_by_keys(&mut tx, &self.register.id, &keys).await?)
        })?;
        let stored: FxHashMap<KeyDigest, Data> =
            stored.into_iter().map(|Record { key, data, .. }| (key, data)).collect();
        let mut issues = Vec::new();
        for new in records {
            if let Some(stored) = stored.get(new.key()) {
                issues.extend(self.merge(new, stored)?);
            }
        }
        Ok(issues)
    }

    fn merge(&self, new: &mut NewRecord, stored: &Data) -> Result<Option<Issue>, Error> {
        let said = new.values()?;
        let mut values = said.clone();
        let column = self.plan.column_of(self.register, STATE);
        for field in &self.register.fields {
            let in_file = self.plan.column_of(self.register, &field.id).is_some();
            let kept = stored.get(&field.id);
            match kept {
                Some(kept) if field.id == STATE || !in_file && !said.contains_key(&field.id) => {
                    values.insert(field.id.clone(), kept.clone());
                }
                _ => {}
            }
        }
        if values == said {
            return Ok(None);
        }
        let other_state = column.filter(|_| said.get(STATE) != values.get(STATE));
        let issue = other_state.map(|column| {
            let value = said.get(STATE).and_then(|state| state.as_str()).unwrap_or_default();
            Issue::warning(IssueCode::StateKept).field(STATE).column(column).value(value).row(new.row())
        });
        // Values that no longer fit together are left as the file says them, in the state that was reached: what the
        // rules ask of a state was asked by the step.
        let draft = validate(self.app, self.register, values, self.today).draft.or_else(|| {
            let mut values = said;
            values.extend(stored.get(STATE).map(|state| (STATE.to_owned(), state.clone())));
            validate(self.app, self.register, values, self.today).draft
        });
        if let Some(mut draft) = draft {
            draft.key = *new.key();
            *new = NewRecord::new(self.register, draft, new.id())?.at_row(new.row());
        }
        Ok(issue)
    }
}
