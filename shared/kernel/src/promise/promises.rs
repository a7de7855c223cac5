//! The promises of one aggregate: of each kind as many as were given, one after the other or beside each other. None is
//! ever dropped, so a fact that arrives late still finds the one it belongs to: every promise of the kind that had
//! started by then takes it in, and those that had ended by then pass it over.
use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Command, Event, Fact, Lookup, Promise, Rejection};

/// Promises by kind, and of each kind by their start. `K` is written as text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Promises<K: Ord>(BTreeMap<K, BTreeMap<Timestamp, Promise>>);

/// What happened to one of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change<K> {
    pub kind: K,
    pub started_at: Timestamp,
    pub event: Event,
}

impl<K: Ord> Default for Promises<K> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<K: Ord + Copy> Promises<K> {
    /// Gives a promise; nothing when one of the kind has started at that instant already.
    pub fn start(&self, kind: K, promise: Promise) -> Option<Change<K>> {
        let started_at = promise.started_at;
        let known = self.0.get(&kind).is_some_and(|all| all.contains_key(&started_at));
        (!known).then(|| Change { kind, started_at, event: Event::Started(Box::new(promise)) })
    }

    /// What follows for all promises of the kinds that are `meant`; other terms are for the last of each kind only.
    /// Errors: as [`Promise::decide`]; then nothing moves.
    pub fn decide(
        &self,
        meant: impl Fn(K) -> bool,
        command: &Command,
        now: Timestamp,
        calendars: Lookup<'_, '_>,
    ) -> Result<Vec<Change<K>>, Rejection> {
        let each = if matches!(command, Command::Note(Fact::Retargeted { .. })) { 1 } else { usize::MAX };
        let mut changes = Vec::new();
        for (&kind, all) in self.0.iter().filter(|(kind, _)| meant(**kind)) {
            for (&started_at, promise) in all.iter().rev().take(each) {
                let events = promise.decide(command, now, calendars)?;
                changes.extend(events.into_iter().map(|event| Change { kind, started_at, event }));
            }
        }
        Ok(changes)
    }

    /// Takes in what happened.
    pub fn apply(&mut self, change: &Change<K>) {
        let all = self.0.entry(change.kind).or_default();
        match (&change.event, all.get_mut(&change.started_at)) {
            (Event::Started(promise), None) => {
                all.insert(change.started_at, Promise::clone(promise));
            }
            (event, Some(promise)) => promise.apply(event),
            (_, None) => {}
        }
    }

    /// When to look next, for the deadline table.
    pub fn next_due(&self) -> Option<Timestamp> {
        self.iter().filter_map(|(_, promise)| promise.next_due()).min()
    }

    /// The last of a kind that was given.
    pub fn last(&self, kind: K) -> Option<&Promise> {
        self.0.get(&kind)?.values().next_back()
    }

    /// The one of a kind that started then.
    pub fn get(&self, kind: K, started_at: Timestamp) -> Option<&Promise> {
        self.0.get(&kind)?.get(&started_at)
    }

    /// All, by kind and start.
    pub fn iter(&self) -> impl Iterator<Item = (K, &Promise)> {
        self.0.iter().flat_map(|(kind, all)| all.values().map(|promise| (*kind, promise)))
    }
}
