//! Reads the fields of a request one by one and remembers every one that is wrong, so that a caller learns of all of
//! them at once. A check gives `None` exactly when it noted something.
use std::{fmt::Display, ops::RangeInclusive, str::FromStr};

use contracts::{Message, common::v1 as common};
use jiff::Timestamp;
use tonic::Request;
use uuid::Uuid;

use crate::{
    fault::{Fault, Violation},
    page::{self, Page},
    proto,
    unit::{Actor, IdempotencyKey},
};

/// What was found wrong so far.
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

    /// Who makes the call: the `aftercare-actor` metadata, for example `staff:ana`.
    pub fn actor<T>(&mut self, request: &Request<T>) -> Option<Actor> {
        let text = request.metadata().get("aftercare-actor").and_then(|value| value.to_str().ok());
        let actor = text.and_then(Actor::parse).ok_or("says who acts as kind:id, for example staff:ana");
        self.value("metadata.aftercare-actor", actor)
    }

    /// The idempotency key, if the call carries one: the `idempotency-key` metadata, 1 to 200 characters.
    pub fn key<T: Message>(&mut self, request: &Request<T>, scope: &str) -> Option<Option<IdempotencyKey>> {
        let Some(value) = request.metadata().get("idempotency-key") else { return Some(None) };
        let text = value.to_str().ok().filter(|text| (1..=200).contains(&text.len()));
        let key = text.map(|text| IdempotencyKey::new(scope, text, &request.get_ref().encode_to_vec()));
        self.value("metadata.idempotency-key", key.ok_or("is 1 to 200 visible ASCII characters")).map(Some)
    }

    /// An id.
    pub fn id(&mut self, field: &str, text: &str) -> Option<Uuid> {
        self.keep(proto::id(field, text))
    }

    /// An id that may be left empty.
    pub fn optional_id(&mut self, field: &str, text: &str) -> Option<Option<Uuid>> {
        self.keep(proto::optional_id(field, text))
    }

    /// A value whose type knows what is well formed.
    pub fn value<T, E: Display>(&mut self, field: &str, read: Result<T, E>) -> Option<T> {
        read.map_err(|reason| self.wrong(field, reason.to_string())).ok()
    }

    /// Such a value, or nothing when it is left empty.
    pub fn optional<T: FromStr<Err: Display>>(&mut self, field: &str, text: &str) -> Option<Option<T>> {
        if text.is_empty() { Some(None) } else { self.value(field, text.parse()).map(Some) }
    }

    /// Words for people to read: no control characters but line ends and tabs, and not blank where they must be there.
    pub fn text<'a>(&mut self, field: &str, text: &'a str, length: RangeInclusive<usize>) -> Option<&'a str> {
        let (least, most) = (*length.start(), *length.end());
        if !length.contains(&text.chars().count()) || (least > 0 && text.trim().is_empty()) {
            self.wrong(field, format!("must be {least} to {most} characters"));
            return None;
        }
        if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
            self.wrong(field, "must not contain control characters");
            return None;
        }
        Some(text)
    }

    /// One of the known words.
    pub fn one_of<'a>(&mut self, field: &str, word: &'a str, known: &[&str]) -> Option<&'a str> {
        self.value(field, known.contains(&word).then_some(word).ok_or(format!("must be one of {}", known.join(", "))))
    }

    /// One of the known words, or nothing when it is left empty.
    pub fn optional_of<'a>(&mut self, field: &str, word: &'a str, known: &[&str]) -> Option<Option<&'a str>> {
        if word.is_empty() { Some(None) } else { self.one_of(field, word, known).map(Some) }
    }

    /// A number within bounds.
    pub fn within<T: PartialOrd + Display>(&mut self, field: &str, n: T, bounds: RangeInclusive<T>) -> Option<T> {
        let reason = format!("must be {} to {}", bounds.start(), bounds.end());
        self.value(field, if bounds.contains(&n) { Ok(n) } else { Err(reason) })
    }

    /// A list of at most so many.
    pub fn list<'a, T>(&mut self, field: &str, items: &'a [T], most: usize) -> Option<&'a [T]> {
        self.value(field, if items.len() <= most { Ok(items) } else { Err(format!("must be at most {most}")) })
    }

    /// An instant of the years 1970 to 9999, if there is one.
    pub fn instant(&mut self, field: &str, at: Option<&contracts::Timestamp>) -> Option<Option<Timestamp>> {
        let read = proto::instant(field, at).ok().filter(|at| at.is_none_or(|at| at >= Timestamp::UNIX_EPOCH));
        self.value(field, read.ok_or("must be an instant of the years 1970 to 9999"))
    }

    /// An instant of the years 1970 to 9999.
    pub fn required(&mut self, field: &str, at: Option<&contracts::Timestamp>) -> Option<Timestamp> {
        let at = self.instant(field, at)?;
        self.value(field, at.ok_or("is missing"))
    }

    /// A part of a list, and the place it goes on from as `place` reads it from a token: sort key and id of the last
    /// row given.
    pub fn page<T>(
        &mut self,
        page: Option<&common::Page>,
        place: impl FnOnce(&str, Uuid) -> Option<T>,
    ) -> Option<(Page, Option<T>)> {
        let (size, token) = page.map_or((0, ""), |page| (page.size, page.token.as_str()));
        let page = self.keep(Page::from_request(size, token))?;
        let after = page.after().map(|(key, id)| place(key, id).ok_or_else(page::no_token));
        let after = self.keep(after.transpose())?;
        Some((page, after))
    }
}

#[cfg(test)]
#[path = "checks_tests.rs"]
mod tests;
