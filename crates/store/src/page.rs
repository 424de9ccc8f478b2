//! Pages of a list: what is asked for as conditions with their values, and where the next page begins.

use crate::dialect::Bind;
use crate::error::Error;
use uuid::Uuid;
use wanquan_domain::region::subtree_bounds;

/// Conditions that must all hold, with the values that they bind.
#[derive(Debug, Default)]
pub(crate) struct Conditions {
    all: Vec<String>,
    binds: Vec<Bind>,
}

impl Conditions {
    /// The placeholder of a value.
    pub(crate) fn bind(&mut self, value: Bind) -> String {
        self.binds.push(value);
        format!("${}", self.binds.len())
    }

    /// `column = value`, where a value is asked for.
    pub(crate) fn equal(&mut self, column: &str, value: Option<&str>) {
        if let Some(value) = value {
            let value = self.bind(Bind::Text(value.to_owned()));
            self.all.push(format!("{column} = {value}"));
        }
    }

    /// One of several values; any where none is asked for.
    pub(crate) fn one_of(&mut self, column: &str, values: &[String]) {
        if !values.is_empty() {
            let values: Vec<String> =
                values.iter().map(|value| self.bind(Bind::Text(value.clone()))).collect();
            self.all.push(format!("{column} in ({})", values.join(", ")));
        }
    }

    /// A region in the subtree of one of these paths; everywhere if there is none.
    pub(crate) fn below(&mut self, paths: &[String]) {
        let ranges: Vec<String> = paths
            .iter()
            .map(|path| {
                let (low, high) = subtree_bounds(path);
                let (low, high) = (self.bind(Bind::Text(low)), self.bind(Bind::Text(high)));
                format!("(region_path >= {low} and region_path < {high})")
            })
            .collect();
        if !ranges.is_empty() {
            self.all.push(format!("({})", ranges.join(" or ")));
        }
    }

    /// Behind the last one of the page before, in a list by identifier downwards.
    pub(crate) fn after(&mut self, last: Option<Uuid>) {
        if let Some(last) = last {
            let last = self.bind(Bind::Id(last));
            self.all.push(format!("id < {last}"));
        }
    }

    /// The conditions as SQL.
    pub(crate) fn sql(&self) -> String {
        if self.all.is_empty() { "1 = 1".to_owned() } else { self.all.join(" and ") }
    }

    /// The values, in the order of their placeholders.
    pub(crate) fn binds(&self) -> &[Bind] {
        &self.binds
    }
}

/// How many rows to ask for: one more than fit on the page tells whether there is another.
pub(crate) fn rows_for(limit: u32) -> i64 {
    i64::from(limit) + 1
}

/// The page that these rows make, and its last one as the cursor of the next page if there is one.
///
/// # Errors
/// If a row is damaged.
pub(crate) fn page<R, T, C>(
    rows: Vec<R>,
    limit: u32,
    cursor: impl Fn(&T) -> C,
) -> Result<(Vec<T>, Option<C>), Error>
where
    T: TryFrom<R, Error = Error>,
{
    let mut items = rows.into_iter().map(T::try_from).collect::<Result<Vec<_>, _>>()?;
    let more = items.len() > limit as usize;
    items.truncate(limit as usize);
    let next = items.last().filter(|_| more).map(cursor);
    Ok((items, next))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq)]
    struct Row(u32);

    impl TryFrom<u32> for Row {
        type Error = Error;
        fn try_from(n: u32) -> Result<Self, Error> {
            Ok(Self(n))
        }
    }

    #[test]
    fn the_row_too_many_is_not_shown_but_tells_that_there_are_more() {
        let of = |rows: Vec<u32>| page(rows, 2, |row: &Row| row.0).unwrap();
        assert_eq!(of(vec![9, 8, 7]), (vec![Row(9), Row(8)], Some(8)));
        assert_eq!(of(vec![9, 8]), (vec![Row(9), Row(8)], None));
        assert_eq!(of(vec![]), (vec![], None));
        assert_eq!(rows_for(2), 3);
    }

    #[test]
    fn placeholders_stand_in_the_order_of_their_values() {
        let mut asked = Conditions::default();
        assert_eq!(asked.sql(), "1 = 1");
        asked.below(&[]);
        asked.one_of("channel", &[]);
        asked.equal("status", None);
        asked.after(None);
        assert_eq!((asked.sql().as_str(), asked.binds().len()), ("1 = 1", 0));
        asked.below(&["/a/".to_owned(), "/b/".to_owned()]);
        asked.equal("status", Some("open"));
        asked.one_of("channel", &["x".to_owned(), "y".to_owned()]);
        assert_eq!(
            asked.sql(),
            "((region_path >= $1 and region_path < $2) or (region_path >= $3 and region_path < $4)) \
             and status = $5 and channel in ($6, $7)"
        );
        assert!(matches!(&asked.binds()[4], Bind::Text(value) if value == "open"));
    }
}
