//! The relay and its publisher over a broker in memory, under random schedules: messages and answers get lost, batches
//! are refused, relays die before, within and after their work or go on after they were taken for dead. The broker
//! always first sees the events of an aggregate in their order, and in the end it has all of them.
use std::{
    collections::{BTreeMap, BTreeSet, HashMap, VecDeque},
    sync::Mutex,
    task::{Context, Poll, Waker},
};

use proptest::{collection::vec, prelude::*};

use super::*;
use crate::fixture_tests::{at, id, schedules};

/// What happens to one message on its way.
#[derive(Clone, Copy, Debug)]
enum Fate {
    Fine,
    /// It never gets there.
    Lost,
    /// It gets there, the answer is lost.
    Unanswered,
    /// It gets there when the sender has long given up.
    Late,
    /// The broker does not want it now.
    Refused,
}

/// A stream, as the server keeps it.
#[derive(Default)]
struct Server {
    stream: Vec<Uuid>,
    /// Where each message id was stored; forgotten when the window for repeats is over.
    known: HashMap<Uuid, u64>,
    forgets: bool,
    open: HashMap<Uuid, Vec<Uuid>>,
    fates: VecDeque<Fate>,
    /// Still on their way.
    late: VecDeque<(Uuid, Option<Place>)>,
    /// Too large, for example.
    never: BTreeSet<Uuid>,
}

impl Server {
    fn fate(&mut self) -> Fate {
        self.fates.pop_front().unwrap_or(Fate::Fine)
    }

    fn store(&mut self, event: Uuid) -> u64 {
        self.stream.push(event);
        let seq = self.stream.len() as u64;
        if !self.forgets {
            self.known.insert(event, seq);
        }
        seq
    }

    /// Takes a message in; what it answers.
    fn take(&mut self, event: Uuid, place: Option<Place>) -> Result<Ack, Fault> {
        if self.never.contains(&event) {
            return Err(refused("too large"));
        }
        let Some(place) = place else {
            let seq = self.known.get(&event).copied();
            return Ok(Ack::at(seq.unwrap_or_else(|| self.store(event)), 0));
        };
        let waiting = self.open.entry(place.batch).or_default();
        if waiting.len() + 1 != place.number {
            self.open.remove(&place.batch);
            return Err(refused("a message of the batch is missing"));
        }
        waiting.push(event);
        if !place.last {
            return Ok(Ack::default());
        }
        let batch = self.open.remove(&place.batch).unwrap();
        if batch.iter().any(|event| self.known.contains_key(event)) {
            return Err(refused("the batch holds a repeat"));
        }
        let count = batch.len() as u64;
        let last = batch.into_iter().map(|event| self.store(event)).last().unwrap();
        Ok(Ack::at(last, count))
    }
}

struct Line<'a>(&'a Mutex<Server>);

impl Line<'_> {
    /// Every message takes a while: one poll.
    async fn carry(&self, entry: &Entry, place: Option<Place>) -> Result<Ack, Fault> {
        pause().await;
        let mut server = self.0.lock().unwrap();
        let away = || Err(Fault::unavailable(std::io::Error::other("lost")));
        match server.fate() {
            Fate::Fine => server.take(entry.event_id, place),
            Fate::Lost => away(),
            Fate::Late => {
                server.late.push_back((entry.event_id, place));
                away()
            }
            Fate::Refused => Err(refused("not now")),
            Fate::Unanswered => server.take(entry.event_id, place).and_then(|_| away()),
        }
    }
}

impl Wire for Line<'_> {
    async fn request(&self, _: &str, entry: &Entry, place: Option<Place>) -> Result<Ack, Fault> {
        self.carry(entry, place).await
    }

    async fn send(&self, _: &str, entry: &Entry, place: Place) -> Result<(), Fault> {
        // Nobody hears what became of it.
        drop(self.carry(entry, Some(place)).await);
        Ok(())
    }
}

async fn pause() {
    let mut waited = false;
    std::future::poll_fn(|context| {
        context.waker().wake_by_ref();
        if std::mem::replace(&mut waited, true) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

#[derive(Clone, Debug)]
enum Step {
    /// Events of these aggregates are committed.
    Commit(Vec<usize>),
    /// A relay takes the free shards in this mask and at most so many events.
    Take {
        shards: u8,
        limit: usize,
        batch_from: usize,
    },
    /// The n-th running relay goes on for so many messages. When it is through it takes the stored events off the list,
    /// unless it was taken for dead: then its transaction is gone.
    Go {
        relay: usize,
        polls: usize,
    },
    /// The n-th running relay is taken for dead and its locks are freed. It may not know.
    Unlock(usize),
    Kill(usize),
    /// A message that was late gets there.
    Arrive,
}

struct Running<'a> {
    work: futures::future::LocalBoxFuture<'a, (Vec<Stored>, Option<Fault>)>,
    locks: u8,
    dead: bool,
}

const AGGREGATES: usize = 4;

/// Two aggregates share a shard.
fn shard(aggregate: usize) -> u8 {
    u8::try_from(aggregate / 2).unwrap()
}

struct World<'a> {
    server: &'a Mutex<Server>,
    journal: Vec<Entry>,
    pending: BTreeSet<u64>,
    relays: Vec<Running<'a>>,
}

impl<'a> World<'a> {
    fn step(&mut self, step: Step) {
        match step {
            Step::Commit(aggregates) => aggregates.into_iter().for_each(|aggregate| self.commit(aggregate)),
            Step::Take { shards, limit, batch_from } => self.take(shards, limit, batch_from),
            Step::Go { relay, polls } => (0..polls).for_each(|_| self.go(relay)),
            Step::Unlock(relay) => {
                if let Some(running) = self.nth(relay).and_then(|n| self.relays.get_mut(n)) {
                    (running.locks, running.dead) = (0, true);
                }
            }
            Step::Kill(relay) => {
                if let Some(n) = self.nth(relay) {
                    drop(self.relays.remove(n));
                }
            }
            Step::Arrive => {
                let mut server = self.server.lock().unwrap();
                if let Some((event, place)) = server.late.pop_front() {
                    drop(server.take(event, place));
                }
            }
        }
    }

    fn nth(&self, relay: usize) -> Option<usize> {
        (!self.relays.is_empty()).then(|| relay % self.relays.len())
    }

    fn commit(&mut self, aggregate: usize) {
        let seq = self.journal.len() as u64 + 1;
        let version = self.journal.iter().filter(|e| e.aggregate_id == id(aggregate)).count() as u64 + 1;
        self.journal.push(Entry {
            seq,
            event_id: Uuid::from_u64_pair(9, seq),
            shard: shard(aggregate),
            aggregate: "tally".into(),
            aggregate_id: id(aggregate),
            version,
            event_type: String::new(),
            subject: String::new(),
            payload: Vec::new(),
            actor: String::new(),
            cause: None,
            correlation: Uuid::nil(),
            trace: None,
            occurred_at: at(0),
            recorded_at: at(0),
            previous: Vec::new(),
            hash: Vec::new(),
        });
        self.pending.insert(seq);
    }

    fn entry(&self, seq: u64) -> &Entry {
        &self.journal[usize::try_from(seq).unwrap() - 1]
    }

    fn take(&mut self, shards: u8, limit: usize, batch_from: usize) {
        let taken = self.relays.iter().fold(0, |taken, relay| taken | relay.locks);
        let locks = shards & !taken;
        let waiting = self.pending.iter().map(|seq| self.entry(*seq)).filter(|e| locks & (1 << e.shard) != 0);
        let entries: Vec<Entry> = waiting.take(limit).cloned().collect();
        if entries.is_empty() {
            return;
        }
        let fallbacks = crate::telemetry::Meters::new().fallbacks;
        let publisher = Publisher { wire: Line(self.server), batch_from, fallbacks };
        let work = Box::pin(async move { publisher.publish("TEST", &entries).await });
        self.relays.push(Running { work, locks, dead: false });
    }

    fn go(&mut self, relay: usize) {
        let Some(n) = self.nth(relay) else { return };
        let Poll::Ready((stored, _)) = self.relays[n].work.as_mut().poll(&mut Context::from_waker(Waker::noop()))
        else {
            return;
        };
        let relay = self.relays.remove(n);
        let server = self.server.lock().unwrap();
        for stored in stored {
            let there = server.stream[usize::try_from(stored.stream_seq).unwrap() - 1];
            assert_eq!(there, stored.event_id, "it is where it is said to be");
            if !relay.dead {
                self.pending.remove(&stored.seq);
            }
        }
    }

    fn check(&self) {
        let server = self.server.lock().unwrap();
        let mut first: BTreeSet<Uuid> = BTreeSet::new();
        let mut versions: BTreeMap<Uuid, u64> = BTreeMap::new();
        for event in server.stream.iter().filter(|event| first.insert(**event)) {
            let entry = self.entry(event.as_u64_pair().1);
            let version = versions.entry(entry.aggregate_id).or_default();
            assert_eq!(entry.version, *version + 1, "first seen in order");
            *version += 1;
        }
        let settled = self.journal.iter().filter(|e| !self.pending.contains(&e.seq));
        assert!(settled.map(|e| e.event_id).all(|event| first.contains(&event)), "what is off the list is stored");
    }
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => vec(0..AGGREGATES, 1..6).prop_map(Step::Commit),
        3 => (1..4_u8, 1..9_usize, 0..6_usize).prop_map(|(shards, limit, batch_from)| Step::Take { shards, limit, batch_from }),
        6 => (any::<usize>(), 1..12_usize).prop_map(|(relay, polls)| Step::Go { relay, polls }),
        1 => any::<usize>().prop_map(Step::Unlock),
        1 => any::<usize>().prop_map(Step::Kill),
        2 => Just(Step::Arrive),
    ]
}

fn fate() -> impl Strategy<Value = Fate> {
    let fault = prop_oneof![Just(Fate::Lost), Just(Fate::Unanswered), Just(Fate::Late), Just(Fate::Refused)];
    prop_oneof![2 => Just(Fate::Fine), 1 => fault]
}

#[test]
fn the_broker_first_sees_each_aggregate_in_order_and_gets_everything() {
    for config in schedules(5_000) {
        proptest!(config, |(
            steps in vec(step(), 1..24),
            fates in vec(fate(), 0..40),
            forgets in prop::bool::weighted(0.2),
            never in prop::option::weighted(0.2, 1..10_u64),
        )| {
            let never = never.map(|seq| Uuid::from_u64_pair(9, seq)).into_iter().collect();
            let server = Mutex::new(Server { fates: fates.into(), forgets, never, ..Server::default() });
            let mut world =
                World { server: &server, journal: Vec::new(), pending: BTreeSet::new(), relays: Vec::new() };
            for step in steps {
                world.step(step);
                world.check();
            }
            // No more faults; who was alive finishes, and another relay sends the rest.
            server.lock().unwrap().fates.clear();
            while !world.relays.is_empty() {
                world.go(0);
            }
            world.check();
            let held = |world: &World<'_>, seq: &u64| {
                let never = &world.server.lock().unwrap().never;
                let before = |e: &&Entry| e.aggregate_id == world.entry(*seq).aggregate_id && e.seq <= *seq;
                world.journal.iter().filter(before).any(|e| never.contains(&e.event_id))
            };
            for _ in 0..30 {
                world.take(3, 100, 2);
                while !world.relays.is_empty() {
                    world.go(0);
                }
            }
            world.check();
            let left: Vec<u64> = world.pending.iter().copied().filter(|seq| !held(&world, seq)).collect();
            prop_assert!(left.is_empty(), "{left:?} wait though nothing is in their way");
        });
    }
}
