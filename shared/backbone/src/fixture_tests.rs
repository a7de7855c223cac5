//! What the tests of the pure parts share: a small aggregate, and a store in memory that does with a decided batch what
//! the transaction does with it in Postgres.
use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::{SignedDuration, Timestamp};
use proptest::test_runner::{Config, RngSeed};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    Actor, Aggregate, Change, Fault, Published, Unit,
    aggregate::{Key, Kind},
    batch::{self, Decided, Known, Outcome, Stored, Wanted},
    gate::{Claim, Meta, Passage, Position},
    journal::Entry,
    row::Row,
};

/// Random schedules: the same ones every time, and others, whose seed is printed. `PROPTEST_RNG_SEED` gives it again.
pub fn schedules(cases: u32) -> [Config; 2] {
    let other = match Config::default().rng_seed {
        RngSeed::Fixed(given) => given,
        RngSeed::Random => Uuid::new_v4().as_u64_pair().0,
    };
    println!("the seed of the other schedules is {other}");
    [1, other].map(|seed| Config { cases, rng_seed: RngSeed::Fixed(seed), ..Config::default() })
}

/// The kinds of deadline there are.
pub const KINDS: [&str; 3] = ["first", "second", "third"];

/// Hears numbers and wishes to be rung.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Tally {
    pub heard: Vec<u64>,
    /// By index of the kind.
    pub wishes: BTreeMap<usize, Timestamp>,
    pub rang: Vec<(usize, Timestamp)>,
}

#[derive(Clone, Debug)]
pub enum Tell {
    Hear(u64),
    Nothing,
    Refuse,
    /// Hears it here and, as a consequence, tells another.
    Pass(u64, Uuid, Box<Tell>),
    /// Tells itself without end.
    Loop(Uuid),
    /// These deadlines and no others.
    Wish(BTreeMap<usize, Timestamp>),
    Ring(usize),
}

#[derive(Clone, Debug)]
pub enum Told {
    Heard(u64, Option<(Uuid, Tell)>),
    Wished(BTreeMap<usize, Timestamp>),
    Rang(usize),
}

impl Aggregate for Tally {
    const TABLE: &'static str = "tally";
    type Command = Tell;
    type Event = Told;
    type Rejection = Fault;

    fn decide(&self, command: Tell, now: Timestamp) -> Result<Vec<Told>, Fault> {
        Ok(match command {
            Tell::Hear(n) => vec![Told::Heard(n, None)],
            Tell::Nothing => vec![],
            Tell::Refuse => return Err(Fault::rejected("tally.refused", "no")),
            Tell::Pass(n, other, then) => vec![Told::Heard(n, Some((other, *then)))],
            Tell::Loop(id) => vec![Told::Heard(0, Some((id, Tell::Loop(id))))],
            Tell::Wish(wishes) => vec![Told::Wished(wishes)],
            Tell::Ring(kind) if self.wishes.get(&kind).is_some_and(|due| *due <= now) => vec![Told::Rang(kind)],
            Tell::Ring(_) => vec![],
        })
    }

    fn apply(&mut self, event: &Told) {
        match event {
            Told::Heard(n, _) => self.heard.push(*n),
            Told::Wished(wishes) => self.wishes.clone_from(wishes),
            Told::Rang(kind) => {
                let due = self.wishes.remove(kind).unwrap_or_default();
                self.rang.push((*kind, due));
                // The third comes again.
                if *kind == 2 {
                    self.wishes.insert(2, due + SignedDuration::from_secs(7));
                }
            }
        }
    }

    fn publish(&self, event: &Told, shard: u8) -> Published {
        Published {
            event_type: "test.v1.Told",
            subject: format!("test.v1.{shard}.tally.told"),
            payload: format!("{event:?}").into_bytes(),
            occurred_at: None,
        }
    }

    fn deadlines(&self) -> Vec<(&'static str, Timestamp)> {
        self.wishes.iter().map(|(kind, due)| (KINDS[*kind], *due)).collect()
    }

    fn on_deadline(kind: &str) -> Option<Tell> {
        KINDS.iter().position(|known| *known == kind).map(Tell::Ring)
    }

    fn reactions(&self, event: &Told) -> Vec<Change> {
        match event {
            Told::Heard(_, Some((other, tell))) => vec![Change::to::<Self>(*other, tell.clone())],
            _ => vec![],
        }
    }

    fn rows(&self, event: &Told) -> Vec<Row> {
        match event {
            Told::Heard(n, _) => vec![Row::new("-- test.heard", Uuid::from_u128((*n).into()))],
            _ => vec![],
        }
    }
}

/// The id of the n-th aggregate.
pub fn id(n: usize) -> Uuid {
    Uuid::from_u128(n as u128 + 1)
}

/// So many seconds after the start of time.
pub fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

/// An event of one aggregate that is heard of: it makes the tally hear its version.
pub fn event(id: Uuid, version: u64, tell: Tell, poison: Option<String>) -> Unit {
    let meta = Meta {
        event_id: Uuid::from_u64_pair(id.as_u64_pair().1, version),
        aggregate_id: id,
        version,
        event_type: "test.v1.Told".into(),
        actor: "system:test".into(),
        correlation: id,
        occurred_at: at(0),
        recorded_at: at(0),
        stream: "TEST".into(),
        stream_seq: version,
        trace: None,
    };
    let claim = Claim { meta, payload: Vec::new(), poison };
    Unit { claim: Some(claim), ..Unit::of(Change::to::<Tally>(id, tell)) }
}

/// The tables in memory.
#[derive(Default)]
pub struct Store {
    aggregates: HashMap<Key, Stored>,
    answers: HashMap<String, (Vec<u8>, Vec<u8>)>,
    positions: HashMap<(String, Uuid), Position>,
    pub journal: Vec<Entry>,
    pub deadlines: BTreeMap<(Uuid, &'static str), Timestamp>,
    pub parked: BTreeSet<(Uuid, u64)>,
    pub rows: Vec<Uuid>,
    /// Keys of the rows that went with events.
    pub event_rows: Vec<u128>,
}

impl Store {
    /// One batch, as the road runs it: again with everything loaded when something new was there already.
    pub fn run(&mut self, units: &[Unit], now: Timestamp) -> Vec<Outcome> {
        let changes = || units.iter().flat_map(|unit| &unit.changes);
        for repeat in [false, true] {
            let mut known = self.known();
            self.load(&mut known, &changes().filter(|c| repeat || !c.fresh).map(|c| (c.key(), c.kind)).collect());
            let decided = self.settle(units, &mut known, now);
            let is_new =
                |(key, touched): (&Key, &batch::Touched)| touched.loaded == 0 && self.aggregates.contains_key(key);
            if !decided.touched.iter().any(is_new) {
                return self.write(units, decided);
            }
        }
        unreachable!("everything was loaded")
    }

    /// Fires at most `limit` deadlines that are due; aggregates in `held` are locked by somebody else.
    pub fn fire(&mut self, now: Timestamp, limit: usize, held: &BTreeSet<Uuid>) -> usize {
        let mut due: Vec<_> =
            self.deadlines.iter().filter(|(_, due)| **due <= now).map(|(k, due)| (*due, *k)).collect();
        due.sort();
        due.truncate(limit);
        let known = |id: &Uuid| self.aggregates.contains_key(&(Tally::TABLE, *id)) && !held.contains(id);
        due.retain(|(_, (id, _))| known(id));
        let ring = |(_, (id, kind)): &(Timestamp, (Uuid, &str))| Unit {
            deadline: Some((*id, (*kind).to_owned())),
            ..Unit::of((Kind::of::<Tally>().on_deadline)(*id, kind).unwrap()).actor(Actor::service("test"))
        };
        let units: Vec<Unit> = due.iter().map(ring).collect();
        let mut known = self.known();
        self.load(&mut known, &units.iter().flat_map(|u| &u.changes).map(|c| (c.key(), c.kind)).collect());
        let decided = self.settle(&units, &mut known, now);
        for (_, key) in &due {
            self.deadlines.remove(key);
        }
        self.write(&units, decided);
        due.len()
    }

    fn known(&self) -> Known {
        Known { answers: self.answers.clone(), positions: self.positions.clone(), ..Known::default() }
    }

    fn load(&self, known: &mut Known, wanted: &Wanted) {
        for (key, kind) in wanted {
            let stored = match self.aggregates.get(key) {
                Some(s) => Stored { kind: s.kind, link: s.link.clone(), state: s.state.copy() },
                None => Stored { kind: *kind, link: Default::default(), state: (kind.empty)() },
            };
            known.aggregates.insert(*key, stored);
        }
    }

    fn settle(&self, units: &[Unit], known: &mut Known, now: Timestamp) -> Decided {
        loop {
            match batch::decide(units, known, now) {
                Ok(decided) => return decided,
                Err(wanted) => self.load(known, &wanted),
            }
        }
    }

    fn write(&mut self, units: &[Unit], decided: Decided) -> Vec<Outcome> {
        for arming in decided.deadlines() {
            let place = (arming.key.1, arming.kind);
            match arming.due {
                Some(due) => self.deadlines.insert(place, due),
                None => self.deadlines.remove(&place),
            };
        }
        for (key, touched) in decided.touched {
            self.aggregates.insert(key, Stored { kind: touched.kind, link: touched.link, state: touched.state });
        }
        self.journal.extend(decided.entries);
        self.event_rows.extend(decided.event_rows.iter().map(|row| row.key.as_u128()));
        self.rows.extend(decided.rows.iter().flat_map(|index| &units[*index].rows).map(|row| row.key));
        self.answers.extend(decided.answers.into_iter().map(|(key, fingerprint, answer)| (key, (fingerprint, answer))));
        self.positions.extend(decided.positions);
        for index in decided.parked {
            let claim = units[index].claim.as_ref().unwrap();
            self.parked.insert((claim.meta.aggregate_id, claim.meta.version));
        }
        decided.outcomes
    }

    /// The parked events of one aggregate again, in order, as `parked::redrive` does; `again` makes the unit anew.
    pub fn redrive(&mut self, id: Uuid, again: impl Fn(u64) -> Unit) {
        let gate = ("TEST".to_owned(), id);
        for version in self.parked_of(id) {
            self.positions.entry(gate.clone()).or_default().parked = false;
            let outcomes = self.run(&[again(version)], at(0));
            let passed = matches!(outcomes[0].passage, Some(Passage::Applied | Passage::Duplicate));
            if passed {
                self.parked.remove(&(id, version));
            }
            self.positions.entry(gate.clone()).or_default().parked = !self.parked_of(id).is_empty();
            if !passed {
                return;
            }
        }
    }

    /// Versions of one aggregate that are parked.
    pub fn parked_of(&self, id: Uuid) -> Vec<u64> {
        self.parked.iter().filter(|(of, _)| *of == id).map(|(_, version)| *version).collect()
    }

    /// Where the gate stands for an aggregate.
    pub fn position(&self, id: Uuid) -> Position {
        self.positions.get(&("TEST".to_owned(), id)).copied().unwrap_or_default()
    }

    /// An aggregate; the empty one when it does not exist.
    pub fn tally(&self, id: Uuid) -> Tally {
        let stored = self.aggregates.get(&(Tally::TABLE, id));
        stored.map(|s| s.state.as_any().downcast_ref::<Tally>().unwrap().clone()).unwrap_or_default()
    }

    /// Its version; 0 when it does not exist.
    pub fn version(&self, id: Uuid) -> u64 {
        self.aggregates.get(&(Tally::TABLE, id)).map_or(0, |s| s.link.version)
    }
}
