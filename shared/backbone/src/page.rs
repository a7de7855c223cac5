//! Lists in parts. A page token holds the sort key and id of the last row given, so a list never skips or repeats rows
//! because others were added meanwhile.
use uuid::Uuid;

use crate::fault::Fault;

/// A part of a list that is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    limit: u32,
    after: Option<(String, Uuid)>,
}

impl Page {
    /// Reads size (0 = 50, at most 200) and token (empty = from the start).
    pub fn from_request(size: u32, token: &str) -> Result<Self, Fault> {
        if size > 200 {
            return Err(Fault::invalid("page.size", "is at most 200"));
        }
        let limit = if size == 0 { 50 } else { size };
        if token.is_empty() {
            return Ok(Self { limit, after: None });
        }
        let wrong = || Fault::invalid("page.token", "is not a token of an earlier answer");
        let (id, key) = token.split_once('~').ok_or_else(wrong)?;
        let id = id.parse().map_err(|_| wrong())?;
        Ok(Self { limit, after: Some((key.to_owned(), id)) })
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

#[cfg(test)]
#[path = "page_tests.rs"]
mod tests;
