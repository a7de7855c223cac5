//! The road: the one way to change anything. Changes wait in bounded queues; a worker takes all that are there while
//! the batch before it commits, so fsync, round trips and locks are paid per batch. Changes of one aggregate go to the
//! same worker and keep their order: only batches that make nothing but new things are ever written side by side.
use std::{sync::Arc, time::Duration};

use futures::{StreamExt, stream::FuturesUnordered};
use sqlx::PgPool;
use tokio::sync::{Notify, mpsc, oneshot, watch};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::Instrument;

use crate::{
    batch::Outcome,
    clock::Clock,
    fault::Fault,
    telemetry::Meters,
    transaction::{self, Abort},
    unit::{Answer, Unit},
};

/// The most units in one transaction.
pub(crate) const BATCH_MAX: usize = 256;
/// How often a transaction is tried again when somebody else was faster.
const ATTEMPTS_MAX: u32 = 10;

type Job = (Unit, oneshot::Sender<Result<Answer, Fault>>);

/// Takes units and makes them happen. Cheap to clone.
#[derive(Clone)]
pub struct Road {
    pool: PgPool,
    clock: Clock,
    queues: Arc<[mpsc::Sender<Job>]>,
    committed: Arc<Notify>,
    changed: watch::Sender<()>,
    meters: Arc<Meters>,
    /// Cancelled when a worker died: its queue answers nobody any more.
    died: CancellationToken,
}

impl Road {
    /// Opens the road with `workers` workers, each with a queue of `waiting_max` units. The workers end when the last
    /// clone of the road is gone and their queues are empty.
    pub(crate) fn open(
        pool: PgPool,
        clock: Clock,
        workers: usize,
        waiting_max: usize,
        tasks: &TaskTracker,
        meters: Arc<Meters>,
    ) -> Self {
        let mut queues = Vec::new();
        let mut receivers = Vec::new();
        for _ in 0..workers.max(1) {
            let (sender, receiver) = mpsc::channel::<Job>(waiting_max);
            queues.push(sender);
            receivers.push(receiver);
        }
        let (committed, changed) = (Arc::new(Notify::new()), watch::Sender::new(()));
        let died = CancellationToken::new();
        let road = Self { pool, clock, queues: queues.into(), committed, changed, meters, died };
        for receiver in receivers {
            // A worker holds no queue of its own road, or the road would never close.
            let work = Self { queues: Arc::new([]), ..road.clone() };
            let died = road.died.clone().drop_guard();
            tasks.spawn(async move {
                work.work(receiver).await;
                died.disarm();
            });
        }
        road
    }

    /// Makes the unit happen, durably, before it returns. A full queue answers busy at once.
    pub async fn submit(&self, unit: Unit) -> Result<Answer, Fault> {
        let lane = unit.changes.first().map_or(0, |change| (change.id.as_u128() % 9973) as usize);
        let Some(queue) = self.queues.get(lane % self.queues.len().max(1)) else { return Err(Fault::busy()) };
        let (reply, answer) = oneshot::channel();
        queue.try_send((unit, reply)).map_err(|_| Fault::busy())?;
        answer.await.map_err(|_| Fault::busy())?
    }

    /// As [`Road::submit`], but waits for a place in the queue: for bulk work that must not be turned away.
    pub async fn submit_patiently(&self, unit: Unit) -> Result<Answer, Fault> {
        let lane = unit.changes.first().map_or(0, |change| (change.id.as_u128() % 9973) as usize);
        let Some(queue) = self.queues.get(lane % self.queues.len().max(1)) else { return Err(Fault::busy()) };
        let (reply, answer) = oneshot::channel();
        queue.send((unit, reply)).await.map_err(|_| Fault::busy())?;
        answer.await.map_err(|_| Fault::busy())?
    }

    /// Runs a batch of all that waits, and the next when it is done. A batch that only makes new things need not wait
    /// for another such one: it begins as soon as it is as large, so that batches overlap and none gets smaller by it.
    async fn work(self, mut queue: mpsc::Receiver<Job>) {
        let (mut waiting, mut running, mut under_way) = (Vec::new(), FuturesUnordered::new(), UnderWay::default());
        let mut open = true;
        loop {
            if under_way.may_begin(&waiting) {
                under_way.begin(&waiting);
                running.push(self.run(std::mem::take(&mut waiting)));
            }
            let room = BATCH_MAX - waiting.len();
            tokio::select! {
                biased;
                taken = queue.recv_many(&mut waiting, room), if open && room > 0 => open = taken > 0,
                Some(units) = running.next() => under_way.end(units),
                else => break,
            }
        }
    }

    /// Runs a batch and answers its callers; says how many there were.
    async fn run(&self, jobs: Vec<Job>) -> usize {
        let (units, replies): (Vec<_>, Vec<_>) = jobs.into_iter().unzip();
        let outcomes = self.execute(units).await;
        let answered = replies.len();
        for (reply, outcome) in replies.into_iter().zip(outcomes) {
            let answer = outcome.result.map(|body| Answer { body, repeated: outcome.repeated });
            // A caller that has gone away does not need its answer.
            drop(reply.send(answer));
        }
        answered
    }

    /// Runs a batch until it is committed or refused; one outcome a unit, in order.
    pub(crate) async fn execute(&self, units: Vec<Unit>) -> Vec<Outcome> {
        let span = tracing::debug_span!("road.batch", units = units.len());
        self.meters.batch.record(units.len() as u64, &[]);
        let outcomes = self.attempt(units).instrument(span).await;
        self.changed.send_replace(());
        outcomes
    }

    async fn attempt(&self, units: Vec<Unit>) -> Vec<Outcome> {
        match self.transact(&units).await {
            Ok(outcomes) => outcomes,
            Err(Abort::Culprit(_)) if units.len() > 1 => {
                tracing::warn!(units = units.len(), "a batch failed for one of its units and runs again one by one");
                let mut outcomes = Vec::with_capacity(units.len());
                for unit in units {
                    outcomes.extend(Box::pin(self.attempt(vec![unit])).await);
                }
                outcomes
            }
            Err(Abort::Culprit(fault)) => self.alone(units, fault).await,
            Err(Abort::Again(error) | Abort::Away(error)) => {
                let fault = Fault::unavailable(error);
                units.iter().map(|_| failed(fault.clone())).collect()
            }
        }
    }

    /// The unit that cannot be written: a request learns it, an event is parked.
    async fn alone(&self, mut units: Vec<Unit>, fault: Fault) -> Vec<Outcome> {
        let Some(claim) = units.first_mut().and_then(|unit| unit.claim.as_mut()) else { return vec![failed(fault)] };
        if claim.poison.is_some() {
            return vec![failed(fault)];
        }
        claim.poison = Some(fault.chain());
        Box::pin(self.attempt(units)).await
    }

    async fn transact(&self, units: &[Unit]) -> Result<Vec<Outcome>, Abort> {
        let mut attempt = 0;
        loop {
            match transaction::run(&self.pool, &self.clock, units, attempt > 0).await {
                Err(Abort::Again(error)) if attempt < ATTEMPTS_MAX => {
                    attempt += 1;
                    self.meters.retries.add(1, &[]);
                    tracing::debug!(attempt, %error, "a batch runs again");
                    tokio::time::sleep(Duration::from_millis(u64::from(attempt * attempt))).await;
                }
                Err(abort) => return Err(abort),
                Ok((outcomes, to_send)) => {
                    if to_send {
                        self.committed.notify_one();
                    }
                    return Ok(outcomes);
                }
            }
        }
    }

    /// Ends when a worker has died, by a panic of what it carries.
    pub(crate) async fn died(&self) {
        self.died.cancelled().await;
    }

    /// Wakes one who waits when something that is to be sent was committed by this process.
    pub(crate) async fn committed(&self) {
        self.committed.notified().await;
    }

    /// Tells everybody who holds one that something was committed by this process.
    pub(crate) fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    /// Says that something was committed, and is to be sent.
    pub(crate) fn nudge(&self) {
        self.committed.notify_one();
        self.changed.send_replace(());
    }

    pub(crate) fn pool(&self) -> &PgPool {
        &self.pool
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.clock
    }

    pub(crate) fn meters(&self) -> &Meters {
        &self.meters
    }
}

/// The batches of a worker that are being written: one, or two that only make new things.
#[derive(Default)]
struct UnderWay {
    batches: usize,
    units: usize,
    only_new: bool,
}

impl UnderWay {
    fn may_begin(&self, waiting: &[Job]) -> bool {
        let beside = || self.only_new && waiting.len() >= self.units && only_new(waiting);
        match self.batches {
            0 => !waiting.is_empty(),
            1 => beside(),
            _ => false,
        }
    }

    fn begin(&mut self, jobs: &[Job]) {
        self.only_new = only_new(jobs);
        self.batches += 1;
        self.units += jobs.len();
    }

    fn end(&mut self, units: usize) {
        self.batches -= 1;
        self.units -= units;
    }
}

fn only_new(jobs: &[Job]) -> bool {
    jobs.iter().all(|(unit, _)| unit.makes_only_new())
}

fn failed(fault: Fault) -> Outcome {
    Outcome { result: Err(fault), repeated: false, passage: None }
}

#[cfg(test)]
#[path = "road_tests.rs"]
mod tests;
