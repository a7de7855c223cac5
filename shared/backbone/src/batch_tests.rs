//! A batch does what its units one by one would do: each all or nothing, repeats answered with the first answer.
use std::collections::BTreeMap;

use proptest::{collection::vec, option, prelude::*};

use super::*;
use crate::row::Row;
use crate::{
    IdempotencyKey,
    fixture_tests::{Store, Tally, Tell, at, id, schedules},
    journal::first_break,
};

const AGGREGATES: usize = 3;

/// A unit in words.
#[derive(Clone, Debug)]
struct Told {
    changes: Vec<(usize, bool, Tell)>,
    /// Key and content.
    key: Option<(u8, u8)>,
}

impl Told {
    fn unit(&self, number: usize) -> Unit {
        let change = |(to, fresh, tell): &(usize, bool, Tell)| match fresh {
            true => Change::create::<Tally>(id(*to), tell.clone()),
            false => Change::to::<Tally>(id(*to), tell.clone()),
        };
        let unit = Unit { changes: self.changes.iter().map(change).collect(), ..Unit::empty() };
        unit.key(self.key.map(|(key, content)| IdempotencyKey::new("test", &key.to_string(), &[content])))
            .row(Row::new("-- test.row", Uuid::from_u128(number as u128)))
            .answer::<Tally>(|_, version, tally| format!("{version} {:?}", tally.heard).into_bytes())
    }
}

/// The same in the plainest way: states by aggregate, one unit after the other.
#[derive(Default)]
struct Plain {
    heard: [Vec<u64>; AGGREGATES],
    answers: BTreeMap<u8, (u8, Vec<u8>)>,
    rows: Vec<usize>,
}

impl Plain {
    /// The answer or the code of the refusal, and whether it is a repeat.
    fn run(&mut self, number: usize, told: &Told) -> (Result<Vec<u8>, String>, bool) {
        if let Some((key, content)) = told.key
            && let Some((first, answer)) = self.answers.get(&key)
        {
            return match *first == content {
                true => (Ok(answer.clone()), true),
                false => (Err("idempotency.key_reused".into()), true),
            };
        }
        let mut heard = self.heard.clone();
        let mut waiting: VecDeque<(usize, Tell)> =
            told.changes.iter().map(|(to, _, tell)| (*to, tell.clone())).collect();
        while let Some((to, tell)) = waiting.pop_front() {
            match tell {
                Tell::Hear(n) => heard[to].push(n),
                Tell::Pass(n, other, then) => {
                    heard[to].push(n);
                    waiting.push_back((other.as_u128() as usize - 1, *then));
                }
                Tell::Refuse => return (Err("tally.refused".into()), false),
                _ => {}
            }
        }
        if heard != self.heard {
            self.rows.push(number);
        }
        self.heard = heard;
        let first = &self.heard[told.changes[0].0];
        let answer = format!("{} {first:?}", first.len()).into_bytes();
        if let Some((key, content)) = told.key {
            self.answers.insert(key, (content, answer.clone()));
        }
        (Ok(answer), false)
    }
}

fn tell() -> impl Strategy<Value = Tell> {
    let leaf = prop_oneof![8 => (1..100_u64).prop_map(Tell::Hear), 1 => Just(Tell::Nothing), 1 => Just(Tell::Refuse)];
    leaf.prop_recursive(3, 4, 1, |then| {
        (1..100_u64, 0..AGGREGATES, then).prop_map(|(n, other, then)| Tell::Pass(n, id(other), Box::new(then)))
    })
}

fn told() -> impl Strategy<Value = Told> {
    let change = (0..AGGREGATES, any::<bool>(), tell());
    // What creates a thing changes an empty one.
    let change = change.prop_map(|(to, fresh, tell)| (to, fresh && !matches!(tell, Tell::Nothing), tell));
    (vec(change, 1..4), option::weighted(0.3, (0..3_u8, 0..2_u8))).prop_map(|(changes, key)| Told { changes, key })
}

#[test]
fn a_batch_does_what_its_units_one_by_one_would_do() {
    for config in schedules(2_000) {
        proptest!(config, |(units in vec(told(), 1..16), sizes in vec(1..6_usize, 16))| {
            let (mut store, mut plain) = (Store::default(), Plain::default());
            let mut waiting: VecDeque<(usize, &Told)> = units.iter().enumerate().collect();
            for size in sizes {
                let batch: Vec<(usize, &Told)> = waiting.drain(..size.min(waiting.len())).collect();
                let made: Vec<Unit> = batch.iter().map(|(number, told)| told.unit(*number)).collect();
                for ((number, told), outcome) in batch.into_iter().zip(store.run(&made, at(0))) {
                    let answer = outcome.result.map_err(|fault| fault.code().to_owned());
                    prop_assert_eq!((answer, outcome.repeated), plain.run(number, told));
                }
            }
            let rows: Vec<_> = plain.rows.iter().map(|number| Uuid::from_u128(*number as u128)).collect();
            prop_assert_eq!(&store.rows, &rows);
            let mut heard: Vec<u128> = plain.heard.iter().flatten().map(|n| u128::from(*n)).collect();
            heard.sort();
            store.event_rows.sort();
            prop_assert_eq!(&store.event_rows, &heard, "written with their events, of what is refused never");
            for n in 0..AGGREGATES {
                prop_assert_eq!(&store.tally(id(n)).heard, &plain.heard[n]);
                prop_assert_eq!(store.version(id(n)), plain.heard[n].len() as u64);
                let entries = store.journal.iter().filter(|entry| entry.aggregate_id == id(n));
                let entries: Vec<_> = entries.cloned().collect();
                prop_assert_eq!(entries.len(), plain.heard[n].len());
                prop_assert_eq!(first_break(&entries), None);
            }
        });
    }
}

#[test]
fn reactions_without_end_are_a_bug_that_changes_nothing() {
    let mut store = Store::default();
    let outcomes = store.run(&[Unit::of(Change::to::<Tally>(id(0), Tell::Loop(id(0))))], at(0));
    assert_eq!(outcomes[0].result.as_ref().unwrap_err().code(), "internal");
    assert!(store.journal.is_empty() && store.tally(id(0)).heard.is_empty());
}

#[test]
fn what_follows_from_an_event_names_it_as_cause_and_keeps_its_correlation() {
    let mut store = Store::default();
    let tell = Tell::Pass(1, id(1), Box::new(Tell::Hear(2)));
    let unit = crate::fixture_tests::event(id(0), 1, tell, None);
    let meta = unit.claim.as_ref().unwrap().meta.clone();
    store.run(&[unit], at(0));
    assert_eq!(store.journal.len(), 2);
    assert!(store.journal.iter().all(|e| e.cause == Some(meta.event_id) && e.correlation == meta.correlation));
}
