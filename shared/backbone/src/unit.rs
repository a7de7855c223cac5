//! A unit of work for the road: changes that happen together or not at all, with who asked for them and why.
use std::{any::Any, fmt, sync::Arc};

use uuid::Uuid;

use crate::{
    aggregate::{Aggregate, Change},
    gate::Claim,
    row::Row,
};

/// Who acts: a kind and an id, for example `staff:ana` or `service:<name>`. Never a person's name or number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor(String);

impl Actor {
    /// Checks the form: a kind of 1 to 20 lower-case letters, a colon, an id of at most 120 letters, digits and `._@-`.
    pub fn parse(text: &str) -> Option<Self> {
        let (kind, id) = text.split_once(':')?;
        let kind_ok = (1..=20).contains(&kind.len()) && kind.chars().all(|c| c.is_ascii_lowercase());
        let id_ok = !id.is_empty()
            && id.len() <= 120
            && id.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '@' | '-'));
        (kind_ok && id_ok).then(|| Self(text.to_owned()))
    }

    /// The service itself, acting on an event or a deadline.
    pub fn service(name: &str) -> Self {
        Self(format!("service:{name}"))
    }

    /// The actor as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Makes a repeated request get its first answer. The same key with another content is refused.
#[derive(Clone, Debug)]
pub struct IdempotencyKey {
    pub(crate) key: String,
    pub(crate) fingerprint: Vec<u8>,
}

impl IdempotencyKey {
    /// `scope` keeps the keys of different operations apart; `content` is what must be the same on a repeat.
    pub fn new(scope: &str, key: &str, content: &[u8]) -> Self {
        use sha2::{Digest, Sha256};
        Self { key: format!("{scope}/{key}"), fingerprint: Sha256::digest(content).to_vec() }
    }

    /// The same for every repeat of the request, and for no other request.
    pub fn identity(&self) -> String {
        let content: String = self.fingerprint.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{}/{content}", self.key)
    }
}

type AnswerOf = dyn Fn(Uuid, u64, &dyn Any) -> Vec<u8> + Send + Sync;

/// Changes that happen together or not at all.
#[derive(Clone)]
pub struct Unit {
    pub(crate) changes: Vec<Change>,
    pub(crate) rows: Vec<Row>,
    pub(crate) actor: Option<Actor>,
    pub(crate) key: Option<IdempotencyKey>,
    pub(crate) answer: Option<Arc<AnswerOf>>,
    pub(crate) cause: Option<Uuid>,
    pub(crate) correlation: Option<Uuid>,
    pub(crate) trace: Option<String>,
    pub(crate) claim: Option<Claim>,
    pub(crate) deadline: Option<(Uuid, String)>,
}

impl Unit {
    /// One change.
    pub fn of(change: Change) -> Self {
        Self { changes: vec![change], ..Self::empty() }
    }

    /// Whether nothing need be read or locked for it, because everything it changes is new.
    pub(crate) fn makes_only_new(&self) -> bool {
        self.claim.is_none() && self.changes.iter().all(|change| change.fresh)
    }

    pub(crate) fn empty() -> Self {
        Self {
            changes: Vec::new(),
            rows: Vec::new(),
            actor: None,
            key: None,
            answer: None,
            cause: None,
            correlation: None,
            trace: crate::telemetry::current_trace(),
            claim: None,
            deadline: None,
        }
    }

    /// And another, in the same transaction.
    #[must_use]
    pub fn and(mut self, change: Change) -> Self {
        self.changes.push(change);
        self
    }

    /// And a side row; written only if one of the changes changes something, or if there are none.
    #[must_use]
    pub fn row(mut self, row: Row) -> Self {
        self.rows.push(row);
        self
    }

    /// Who asks.
    #[must_use]
    pub fn actor(mut self, actor: Actor) -> Self {
        self.actor = Some(actor);
        self
    }

    /// Answer a repeat with the first answer.
    #[must_use]
    pub fn key(mut self, key: impl Into<Option<IdempotencyKey>>) -> Self {
        self.key = key.into();
        self
    }

    /// What the caller gets: made from the first change's aggregate (id, version, state) after the unit.
    #[must_use]
    pub fn answer<A: Aggregate>(mut self, make: impl Fn(Uuid, u64, &A) -> Vec<u8> + Send + Sync + 'static) -> Self {
        self.answer = Some(Arc::new(move |id, version, state| {
            state.downcast_ref::<A>().map_or_else(Vec::new, |s| make(id, version, s))
        }));
        self
    }
}

impl fmt::Debug for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unit").field("changes", &self.changes).field("claim", &self.claim).finish_non_exhaustive()
    }
}

/// What came of a unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// What [`Unit::answer`] made; the stored bytes of the first answer when repeated.
    pub body: Vec<u8>,
    /// The request had been answered before; nothing happened now.
    pub repeated: bool,
}

#[cfg(test)]
#[path = "unit_tests.rs"]
mod tests;
