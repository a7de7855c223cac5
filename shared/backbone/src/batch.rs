//! Decides a batch in memory: units in order, each all or nothing, each seeing what the ones before it did. No I/O:
//! where an aggregate is missing it says so, is given it, and decides again.
use std::collections::{BTreeMap, HashMap, VecDeque};

use jiff::Timestamp;
use uuid::Uuid;

use crate::{
    aggregate::{AnyState, Change, Key, Kind},
    fault::Fault,
    gate::{Passage, Position, Verdict},
    journal::{Entry, Link},
    row::Row,
    unit::Unit,
};

/// Reactions of reactions end somewhere; a longer chain is a bug.
const STEPS_MAX: usize = 256;

/// An aggregate as stored.
pub(crate) struct Stored {
    pub kind: Kind,
    pub link: Link,
    pub state: Box<dyn AnyState>,
}

/// What the transaction has read so far.
#[derive(Default)]
pub(crate) struct Known {
    pub aggregates: HashMap<Key, Stored>,
    /// First answers of keys that were used before: fingerprint and answer.
    pub answers: HashMap<String, (Vec<u8>, Vec<u8>)>,
    pub positions: HashMap<(String, Uuid), Position>,
}

/// An aggregate as the batch leaves it.
pub(crate) struct Touched {
    pub kind: Kind,
    pub link: Link,
    /// Version before the batch; 0 = new.
    pub loaded: u64,
    pub state: Box<dyn AnyState>,
    armed: Vec<(&'static str, Timestamp)>,
}

impl Touched {
    fn of(stored: &Stored) -> Self {
        Self {
            kind: stored.kind,
            link: stored.link.clone(),
            loaded: stored.link.version,
            armed: stored.state.deadlines(),
            state: stored.state.copy(),
        }
    }

    fn copy(&self) -> Self {
        Self {
            kind: self.kind,
            link: self.link.clone(),
            loaded: self.loaded,
            state: self.state.copy(),
            armed: self.armed.clone(),
        }
    }
}

/// What came of one unit.
pub(crate) struct Outcome {
    pub result: Result<Vec<u8>, Fault>,
    pub repeated: bool,
    pub passage: Option<Passage>,
}

/// Everything a batch changes, ready to be written.
#[derive(Default)]
pub(crate) struct Decided {
    pub outcomes: Vec<Outcome>,
    pub touched: BTreeMap<Key, Touched>,
    pub entries: Vec<Entry>,
    /// Indices of units whose side rows are written.
    pub rows: Vec<usize>,
    /// Side rows that go with events.
    pub event_rows: Vec<Row>,
    pub answers: Vec<(String, Vec<u8>, Vec<u8>)>,
    pub positions: BTreeMap<(String, Uuid), Position>,
    /// Indices of units whose event is parked.
    pub parked: Vec<usize>,
}

/// A deadline to arm or to take away.
pub(crate) struct Arming {
    pub key: Key,
    pub kind: &'static str,
    /// `None`: it is taken away.
    pub due: Option<Timestamp>,
    /// The aggregate is new: none of its deadlines can be there yet.
    pub new: bool,
}

impl Decided {
    /// What came of each unit, and whether events are to be sent.
    pub fn outcomes(self) -> (Vec<Outcome>, bool) {
        (self.outcomes, !self.entries.is_empty())
    }

    /// The deadlines that changed.
    pub fn deadlines(&self) -> Vec<Arming> {
        let mut changed = Vec::new();
        for (key, touched) in &self.touched {
            let arming = |kind, due| Arming { key: *key, kind, due, new: touched.loaded == 0 };
            let now = touched.state.deadlines();
            let moved = now.iter().filter(|armed| !touched.armed.contains(armed));
            changed.extend(moved.map(|(kind, due)| arming(kind, Some(*due))));
            let gone = touched.armed.iter().filter(|(kind, _)| !now.iter().any(|(still, _)| still == kind));
            changed.extend(gone.map(|(kind, _)| arming(kind, None)));
        }
        changed
    }
}

/// Aggregates that must be read, in the order they are locked.
pub(crate) type Wanted = BTreeMap<Key, Kind>;

/// Decides all units, or names the aggregates that must be read first.
pub(crate) fn decide(units: &[Unit], known: &Known, now: Timestamp) -> Result<Decided, Wanted> {
    let mut decided = Decided::default();
    let mut missing = Wanted::new();
    for (index, unit) in units.iter().enumerate() {
        let outcome = one(index, unit, known, now, &mut decided, &mut missing);
        decided.outcomes.push(outcome);
    }
    if missing.is_empty() { Ok(decided) } else { Err(missing) }
}

fn one(
    index: usize,
    unit: &Unit,
    known: &Known,
    now: Timestamp,
    decided: &mut Decided,
    missing: &mut Wanted,
) -> Outcome {
    if let Some(outcome) = repeated(unit, known, decided) {
        return outcome;
    }
    let Some(claim) = &unit.claim else {
        return Outcome { result: effects(index, unit, known, now, decided, missing), repeated: false, passage: None };
    };
    let gate = (claim.meta.stream.clone(), claim.meta.aggregate_id);
    let position = decided.positions.get(&gate).or_else(|| known.positions.get(&gate)).copied().unwrap_or_default();
    let passage = match (position.verdict(claim.meta.version), &claim.poison) {
        (Verdict::Duplicate, _) => Passage::Duplicate,
        (Verdict::Gap, _) => Passage::Gap { have: position.version },
        (Verdict::Behind, _) => Passage::Parked { reason: "an earlier event of the aggregate is parked".into() },
        (Verdict::Apply, Some(reason)) => Passage::Parked { reason: reason.clone() },
        (Verdict::Apply, None) => match effects(index, unit, known, now, decided, missing) {
            Ok(_) => Passage::Applied,
            Err(fault) => Passage::Parked { reason: fault.chain() },
        },
    };
    match passage {
        Passage::Applied => {
            decided.positions.insert(gate, Position { version: claim.meta.version, parked: false });
        }
        Passage::Parked { .. } => {
            decided.positions.insert(gate, Position { version: position.version, parked: true });
            decided.parked.push(index);
        }
        Passage::Duplicate | Passage::Gap { .. } => {}
    }
    Outcome { result: Ok(Vec::new()), repeated: false, passage: Some(passage) }
}

/// The first answer again, when the unit's key was used before (in the table or earlier in this batch).
fn repeated(unit: &Unit, known: &Known, decided: &Decided) -> Option<Outcome> {
    let key = unit.key.as_ref()?;
    let earlier = decided.answers.iter().find(|(used, _, _)| *used == key.key).map(|(_, f, a)| (f.clone(), a.clone()));
    let (fingerprint, answer) = earlier.or_else(|| known.answers.get(&key.key).cloned())?;
    let result = if fingerprint == key.fingerprint {
        Ok(answer)
    } else {
        Err(Fault::rejected(
            "idempotency.key_reused",
            "this idempotency key was used for another request; use a new key for a new request",
        ))
    };
    Some(Outcome { result, repeated: true, passage: None })
}

/// Decides and applies the changes of one unit and their reactions; nothing is kept when one is refused.
fn effects(
    index: usize,
    unit: &Unit,
    known: &Known,
    now: Timestamp,
    decided: &mut Decided,
    missing: &mut Wanted,
) -> Result<Vec<u8>, Fault> {
    let mut overlay: BTreeMap<Key, Touched> = BTreeMap::new();
    let (mut entries, mut rows) = (Vec::new(), Vec::new());
    let mut queue: VecDeque<Change> = unit.changes.iter().cloned().collect();
    let mut steps = 0;
    while let Some(change) = queue.pop_front() {
        steps += 1;
        if steps > STEPS_MAX {
            return Err(Fault::broken("reactions do not come to an end"));
        }
        let Some(mut target) = find(&change, known, decided, &mut overlay) else {
            missing.insert(change.key(), change.kind);
            continue;
        };
        for event in target.state.decide(change.command.as_ref(), now)? {
            target.state.apply(&event)?;
            let published = target.state.publish(&event, contracts::shard_of(change.id))?;
            let cause = unit.claim.as_ref().map(|c| c.meta.event_id).or(unit.cause);
            let (entry, link) = Entry::next(&target.link, change.key(), published, unit, cause, now);
            entries.push(entry);
            target.link = link;
            queue.extend(target.state.reactions(&event)?);
            rows.extend(target.state.rows(&event)?);
        }
        overlay.insert(change.key(), target);
    }
    let answer = answer(unit, &overlay);
    if let Some(key) = &unit.key {
        decided.answers.push((key.key.clone(), key.fingerprint.clone(), answer.clone()));
    }
    overlay.retain(|_, touched| touched.link.version > touched.loaded);
    decided.touched.extend(overlay);
    if unit.changes.is_empty() || !entries.is_empty() {
        decided.rows.push(index);
    }
    decided.entries.append(&mut entries);
    decided.event_rows.append(&mut rows);
    Ok(answer)
}

fn answer(unit: &Unit, overlay: &BTreeMap<Key, Touched>) -> Vec<u8> {
    let Some((make, first)) = unit.answer.as_ref().zip(unit.changes.first()) else { return Vec::new() };
    overlay.get(&first.key()).map_or_else(Vec::new, |t| make(first.id, t.link.version, t.state.as_any()))
}

fn find(change: &Change, known: &Known, decided: &Decided, overlay: &mut BTreeMap<Key, Touched>) -> Option<Touched> {
    let key = change.key();
    if let Some(touched) = overlay.remove(&key) {
        return Some(touched);
    }
    if let Some(touched) = decided.touched.get(&key) {
        return Some(touched.copy());
    }
    if let Some(stored) = known.aggregates.get(&key) {
        return Some(Touched::of(stored));
    }
    change.fresh.then(|| Touched {
        kind: change.kind,
        link: Link::default(),
        loaded: 0,
        state: (change.kind.empty)(),
        armed: Vec::new(),
    })
}

#[cfg(test)]
#[path = "batch_tests.rs"]
mod tests;
