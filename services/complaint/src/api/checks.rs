//! Shape and bounds of request fields. Every wrong field is noted, so that a caller learns of all of them at once.
use std::ops::RangeInclusive;

use backbone::{Fault, Violation, page::Page, proto};
use contracts::common::v1 as common;
use uuid::Uuid;

/// The most characters of anything people write.
pub const TEXT_MAX: usize = 4000;

/// What was found wrong so far. A check gives `None` exactly when it noted something.
#[derive(Debug, Default)]
pub struct Checks(Vec<Violation>);

impl Checks {
    /// Notes a wrong field.
    pub fn wrong(&mut self, field: impl Into<String>, reason: impl Into<String>) {
        self.0.push(Violation { field: field.into(), reason: reason.into() });
    }

    /// The refusal that names everything noted.
    pub fn fault(self) -> Fault {
        Fault::fields(self.0)
    }

    fn keep<T>(&mut self, read: Result<T, Fault>) -> Option<T> {
        read.map_err(|fault| self.0.extend_from_slice(fault.violations())).ok()
    }

    /// An id.
    pub fn id(&mut self, field: &str, text: &str) -> Option<Uuid> {
        self.keep(proto::id(field, text))
    }

    /// A part of a list.
    pub fn page(&mut self, page: Option<&common::Page>) -> Option<Page> {
        let (size, token) = page.map_or((0, ""), |page| (page.size, page.token.as_str()));
        self.keep(Page::from_request(size, token))
    }

    /// A value whose type knows what is well formed.
    pub fn value<T>(&mut self, field: &str, read: Result<T, &'static str>) -> Option<T> {
        read.map_err(|reason| self.wrong(field, reason)).ok()
    }

    /// A value that may be left empty.
    pub fn optional<T: std::str::FromStr<Err = &'static str>>(&mut self, field: &str, text: &str) -> Option<Option<T>> {
        if text.is_empty() { Some(None) } else { self.value(field, text.parse()).map(Some) }
    }

    /// The version of a solution that somebody read.
    pub fn version(&mut self, field: &str, version: u32) -> Option<u32> {
        self.value(field, if version == 0 { Err("must be the version that was read, 1 or more") } else { Ok(version) })
    }

    /// Words for people to read: no control characters but line breaks and tabs.
    pub fn text(&mut self, field: &str, text: &str, length: RangeInclusive<usize>) -> Option<String> {
        let (least, most) = (*length.start(), *length.end());
        if !length.contains(&text.chars().count()) || (least > 0 && text.trim().is_empty()) {
            self.wrong(field, format!("must be {least} to {most} characters"));
            return None;
        }
        if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
            self.wrong(field, "must not contain control characters");
            return None;
        }
        Some(text.to_owned())
    }

    /// A word of a closed list, or nothing.
    pub fn one_of(&mut self, field: &str, word: &str, known: &[&'static str]) -> Option<Option<&'static str>> {
        let found = known.iter().find(|known| **known == word).copied();
        if found.is_none() && !word.is_empty() {
            self.wrong(field, format!("must be empty or one of {}", known.join(", ")));
            return None;
        }
        Some(found)
    }

    /// A short lower-case word, such as the channel consent was given by.
    pub fn word(&mut self, field: &str, word: &str) -> Option<String> {
        let letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_');
        if (1..=40).contains(&word.len()) && word.chars().all(letter) {
            return Some(word.to_owned());
        }
        self.wrong(field, "must be a lower-case word such as hotline or mini_programme, of at most 40 characters");
        None
    }
}
