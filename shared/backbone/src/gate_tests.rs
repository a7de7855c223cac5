//! Under any schedule of repeats, delays, reordering, poison and redrives, every aggregate hears its events once, in
//! order, without holes; what cannot be applied is parked with its followers, and nothing that was taken is lost.
use std::collections::{BTreeMap, BTreeSet};

use proptest::{collection::vec, prelude::*, sample::subsequence};

use super::*;
use crate::{
    Unit,
    fixture_tests::{Store, Tell, at, event, id, schedules},
};

const AGGREGATES: usize = 3;
const VERSIONS: u64 = 5;

#[derive(Clone, Debug)]
enum Step {
    /// The broker delivers these as one batch.
    Deliver(Vec<(usize, u64)>),
    Redrive(usize),
    /// Somebody mends what made an event unfit.
    Mend(usize, u64),
}

/// Why an event cannot be applied.
#[derive(Clone, Copy, Debug)]
enum Unfit {
    Unreadable,
    Refused,
}

struct World {
    store: Store,
    unfit: BTreeMap<(usize, u64), Unfit>,
    /// Given to us and acknowledged.
    taken: BTreeSet<(usize, u64)>,
}

impl World {
    fn unit(&self, aggregate: usize, version: u64) -> Unit {
        let (tell, poison) = match self.unfit.get(&(aggregate, version)) {
            None => (Tell::Hear(version), None),
            Some(Unfit::Refused) => (Tell::Refuse, None),
            Some(Unfit::Unreadable) => (Tell::Nothing, Some("it cannot be read".to_owned())),
        };
        event(id(aggregate), version, tell, poison)
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Deliver(events) => {
                let units: Vec<Unit> =
                    events.iter().map(|(aggregate, version)| self.unit(*aggregate, *version)).collect();
                for (event, outcome) in events.iter().zip(self.store.run(&units, at(0))) {
                    match outcome.passage.unwrap() {
                        Passage::Gap { have } => assert!(have + 1 < event.1),
                        Passage::Applied | Passage::Duplicate | Passage::Parked { .. } => {
                            self.taken.insert(*event);
                        }
                    }
                }
            }
            Step::Redrive(aggregate) => {
                let parked = self.store.parked_of(id(*aggregate));
                let again: BTreeMap<u64, Unit> = parked.into_iter().map(|v| (v, self.unit(*aggregate, v))).collect();
                self.store.redrive(id(*aggregate), |version| again[&version].clone());
            }
            Step::Mend(aggregate, version) => {
                self.unfit.remove(&(*aggregate, *version));
            }
        }
    }

    fn check(&self) {
        for aggregate in 0..AGGREGATES {
            let (of, position) = (id(aggregate), self.store.position(id(aggregate)));
            assert_eq!(self.store.tally(of).heard, (1..=position.version).collect::<Vec<_>>(), "once and in order");
            let parked = self.store.parked_of(of);
            assert_eq!(position.parked, !parked.is_empty());
            assert!(parked.iter().all(|version| *version > position.version), "{parked:?} behind {position:?}");
            let kept = |version: u64| version <= position.version || parked.contains(&version);
            assert!(self.taken.iter().all(|(a, version)| *a != aggregate || kept(*version)), "what was taken is kept");
        }
    }
}

fn event_of() -> impl Strategy<Value = (usize, u64)> {
    (0..AGGREGATES, 1..=VERSIONS)
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => vec(event_of(), 1..8).prop_map(Step::Deliver),
        1 => (0..AGGREGATES).prop_map(Step::Redrive),
        1 => event_of().prop_map(|(aggregate, version)| Step::Mend(aggregate, version)),
    ]
}

fn all() -> Vec<(usize, u64)> {
    (0..AGGREGATES).flat_map(|aggregate| (1..=VERSIONS).map(move |version| (aggregate, version))).collect()
}

#[test]
fn any_schedule_converges_to_every_event_once_and_in_order() {
    for config in schedules(3_000) {
        proptest!(config, |(
            unfit in vec((event_of(), prop_oneof![Just(Unfit::Unreadable), Just(Unfit::Refused)]), 0..3),
            steps in vec(step(), 0..12),
            order in subsequence(all(), 0..=all().len()).prop_shuffle(),
        )| {
            let unfit = unfit.into_iter().collect();
            let mut world = World { store: Store::default(), unfit, taken: BTreeSet::new() };
            for step in &steps {
                world.step(step);
                world.check();
            }
            // Everything is mended; the broker gives again what was not acknowledged, in whatever order, till all is
            // in.
            world.unfit.clear();
            for _ in 0..=VERSIONS {
                let missing: Vec<_> = order.iter().copied().chain(all()).filter(|e| !world.taken.contains(e)).collect();
                if missing.is_empty() && world.store.parked.is_empty() {
                    break;
                }
                world.step(&Step::Deliver(missing));
                for aggregate in 0..AGGREGATES {
                    world.step(&Step::Redrive(aggregate));
                }
                world.check();
            }
            for aggregate in 0..AGGREGATES {
                prop_assert_eq!(world.store.position(id(aggregate)), Position { version: VERSIONS, parked: false });
            }
        });
    }
}

#[test]
fn each_verdict_has_its_place() {
    for (position, arrives, verdict) in [
        (Position::default(), 1, Verdict::Apply),
        (Position::default(), 2, Verdict::Gap),
        (Position { version: 3, parked: false }, 3, Verdict::Duplicate),
        (Position { version: 3, parked: false }, 1, Verdict::Duplicate),
        (Position { version: 3, parked: false }, 4, Verdict::Apply),
        (Position { version: 3, parked: false }, 5, Verdict::Gap),
        (Position { version: 3, parked: true }, 3, Verdict::Duplicate),
        (Position { version: 3, parked: true }, 4, Verdict::Behind),
        (Position { version: 3, parked: true }, 9, Verdict::Behind),
    ] {
        assert_eq!(position.verdict(arrives), verdict, "{position:?} {arrives}");
    }
}

#[test]
fn a_poison_event_holds_up_its_followers_and_nobody_else() {
    let mut store = Store::default();
    let unfit = || event(id(0), 1, Tell::Refuse, None);
    let units = [
        unfit(),
        event(id(1), 1, Tell::Hear(1), None),
        event(id(0), 2, Tell::Hear(2), None),
        event(id(0), 4, Tell::Hear(4), None),
        event(id(1), 2, Tell::Hear(2), None),
    ];
    let passages: Vec<_> = store.run(&units, at(0)).into_iter().filter_map(|o| o.passage).collect();
    let behind = || Passage::Parked { reason: "an earlier event of the aggregate is parked".into() };
    let refused = Passage::Parked { reason: "tally.refused: no".into() };
    assert_eq!(passages, [refused, Passage::Applied, behind(), behind(), Passage::Applied]);
    assert_eq!(store.parked_of(id(0)), [1, 2, 4]);
    assert_eq!(store.tally(id(1)).heard, [1, 2]);

    // Version 3 never came: 1 and 2 are applied, 4 waits on.
    store.redrive(id(0), |version| event(id(0), version, Tell::Hear(version), None));
    assert_eq!((store.tally(id(0)).heard, store.parked_of(id(0))), (vec![1, 2], vec![4]));
}
