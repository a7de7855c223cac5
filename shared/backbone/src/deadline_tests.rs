//! After any sequence of changes and firings exactly those deadlines are armed that the states want, and each fires
//! once, never before its time.
use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use proptest::{
    collection::{btree_map, btree_set, vec},
    prelude::*,
};
use uuid::Uuid;

use crate::{
    Change, Unit,
    fixture_tests::{KINDS, Store, Tally, Tell, at, id, schedules},
};

const AGGREGATES: usize = 3;

#[derive(Clone, Debug)]
enum Step {
    /// In one batch, each to an aggregate: these wishes (kind, seconds from now) and no others, or something else.
    Change(Vec<(usize, Option<BTreeMap<usize, i64>>)>),
    /// So many seconds pass.
    Pass(i64),
    /// A sweeper takes so many while these are locked by others.
    Fire(usize, BTreeSet<usize>),
}

/// The same in the plainest way: what is armed by aggregate and kind, and what rang.
#[derive(Default)]
struct Plain {
    armed: BTreeMap<(Uuid, usize), Timestamp>,
    rang: BTreeMap<Uuid, Vec<(usize, Timestamp)>>,
}

impl Plain {
    fn wish(&mut self, of: Uuid, wishes: &BTreeMap<usize, Timestamp>) {
        self.armed.retain(|(id, _), _| *id != of);
        self.armed.extend(wishes.iter().map(|(kind, due)| ((of, *kind), *due)));
    }

    fn ring(&mut self, now: Timestamp) {
        while let Some((due, (of, kind))) =
            self.armed.iter().map(|(key, due)| (*due, *key)).min().filter(|d| d.0 <= now)
        {
            self.armed.remove(&(of, kind));
            self.rang.entry(of).or_default().push((kind, due));
            if kind == 2 {
                self.armed.insert((of, kind), due + jiff::SignedDuration::from_secs(7));
            }
        }
    }
}

fn step() -> impl Strategy<Value = Step> {
    let wishes =
        prop_oneof![3 => btree_map(0..KINDS.len(), 0..20_i64, 0..=KINDS.len()).prop_map(Some), 1 => Just(None)];
    prop_oneof![
        3 => vec((0..AGGREGATES, wishes), 1..5).prop_map(Step::Change),
        2 => (0..15_i64).prop_map(Step::Pass),
        2 => (1..4_usize, btree_set(0..AGGREGATES, 0..2)).prop_map(|(limit, held)| Step::Fire(limit, held)),
    ]
}

fn check(store: &Store) {
    let wanted: BTreeMap<(Uuid, &str), Timestamp> = (0..AGGREGATES)
        .flat_map(|n| store.tally(id(n)).wishes.into_iter().map(move |(kind, due)| ((id(n), KINDS[kind]), due)))
        .collect();
    assert_eq!(store.deadlines, wanted, "armed is what the states want");
}

#[test]
fn what_is_armed_is_what_the_states_want_and_fires_once_at_its_time() {
    for config in schedules(2_000) {
        proptest!(config, |(steps in vec(step(), 1..25))| {
            let (mut store, mut plain, mut now) = (Store::default(), Plain::default(), 0);
            let nobody = BTreeSet::new();
            for step in steps {
                match step {
                    Step::Change(changes) => {
                        // The plain model knows no lateness: before a change, all that is due has rung.
                        while store.fire(at(now), 2, &nobody) > 0 {}
                        plain.ring(at(now));
                        let mut units = Vec::new();
                        for (n, wishes) in changes {
                            let due = |(kind, after): (usize, i64)| (kind, at(now + 1 + after));
                            let wishes = wishes.map(|wishes| wishes.into_iter().map(due).collect::<BTreeMap<_, _>>());
                            if let Some(wishes) = &wishes {
                                plain.wish(id(n), wishes);
                            }
                            units.push(Unit::of(Change::to::<Tally>(id(n), wishes.map_or(Tell::Hear(1), Tell::Wish))));
                        }
                        store.run(&units, at(now));
                    }
                    Step::Pass(seconds) => now += seconds,
                    Step::Fire(limit, held) => {
                        store.fire(at(now), limit, &held.into_iter().map(id).collect());
                    }
                }
                check(&store);
            }
            while store.fire(at(now), 2, &nobody) > 0 {
                check(&store);
            }
            plain.ring(at(now));
            for n in 0..AGGREGATES {
                let (mut rang, mut expected) = (store.tally(id(n)).rang, plain.rang.remove(&id(n)).unwrap_or_default());
                prop_assert!(rang.iter().all(|(_, due)| *due <= at(now)), "never early");
                rang.sort();
                expected.sort();
                prop_assert_eq!(rang, expected, "each once, none lost");
            }
        });
    }
}

#[test]
fn a_moved_deadline_fires_at_its_new_time_and_one_taken_away_never() {
    let mut store = Store::default();
    let wishes = BTreeMap::from([(0, at(5)), (1, at(5))]);
    store.run(&[Unit::of(Change::to::<Tally>(id(0), Tell::Wish(wishes)))], at(0));
    store.run(&[Unit::of(Change::to::<Tally>(id(0), Tell::Wish(BTreeMap::from([(1, at(9))]))))], at(4));
    assert_eq!(store.deadlines, BTreeMap::from([((id(0), "second"), at(9))]));
    assert_eq!(store.fire(at(8), 10, &BTreeSet::new()), 0);
    assert_eq!(store.fire(at(9), 10, &BTreeSet::new()), 1);
    assert_eq!(store.tally(id(0)).rang, [(1, at(9))]);
}
