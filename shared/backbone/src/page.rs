//! Lists in parts. A page token holds the sort key and id of the last row given, so a list never skips or repeats rows
//! because others were added meanwhile.
use jiff::Timestamp;
use uuid::Uuid;

use crate::fault::{Fault, Violation};

/// The most rows of a part.
const SIZE_MAX: u32 = 200;
/// The longest token.
const TOKEN_BYTES_MAX: usize = 200;

/// A part of a list that is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    limit: u32,
    after: Option<(String, Uuid)>,
}

impl Page {
    /// Reads size (0 = 50, at most 200) and token (empty = from the start); names both when both are wrong.
    pub(crate) fn from_request(size: u32, token: &str) -> Result<Self, Fault> {
        let mut wrong = Vec::new();
        if size > SIZE_MAX {
            wrong.push(Violation { field: "page.size".into(), reason: format!("is at most {SIZE_MAX}") });
        }
        let place = token.split_once('~').filter(|_| token.len() <= TOKEN_BYTES_MAX);
        let after = place.and_then(|(id, key)| Some((key.to_owned(), id.parse().ok()?)));
        if after.is_none() && !token.is_empty() {
            wrong.extend_from_slice(no_token().violations());
        }
        let limit = if size == 0 { 50 } else { size };
        if wrong.is_empty() { Ok(Self { limit, after }) } else { Err(Fault::fields(wrong)) }
    }

    /// Rows to give.
    pub fn limit(&self) -> i64 {
        i64::from(self.limit)
    }

    /// Sort key and id of the last row given before; nothing at the start.
    pub fn after(&self) -> Option<(&str, Uuid)> {
        self.after.as_ref().map(|(key, id)| (key.as_str(), *id))
    }

    /// The token that continues after the last of `rows`; empty when the list has ended.
    pub fn next<T>(&self, rows: &[T], place: impl Fn(&T) -> (String, Uuid)) -> String {
        match rows.last() {
            Some(last) if rows.len() as u64 >= u64::from(self.limit) => {
                let (key, id) = place(last);
                format!("{id}~{key}")
            }
            _ => String::new(),
        }
    }
}

pub(crate) fn no_token() -> Fault {
    Fault::invalid("page.token", "is not a token of an earlier answer")
}

/// The place in a list by time: an instant of the years 1970 to 9999, as [`Timestamp`] writes it.
pub fn by_time(key: &str, id: Uuid) -> Option<(Timestamp, Uuid)> {
    key.parse().ok().filter(|at| *at >= Timestamp::UNIX_EPOCH).map(|at| (at, id))
}

#[cfg(test)]
#[path = "page_tests.rs"]
mod tests;
