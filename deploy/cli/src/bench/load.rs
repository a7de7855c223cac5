//! Load on intake's door, in two forms: as many contacts as a number of connections can bring (closed), and so many a
//! second whatever the answers take (paced). It runs on one thread of its own, the cheapest way to keep many connections
//! busy. Invariant: a contact counts only when it was answered 201, and its time runs from when it was due to be sent.
use std::{
    fmt,
    future::Future,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, bail, ensure};
use backbone::Clock;
use futures::{StreamExt, future::try_join_all, stream::FuturesUnordered};
use serde::Deserialize;
use uuid::Uuid;

use super::{
    contact::{Contacts, Mix, Pushes, Requests},
    door::{Answer, Door},
};

/// On record.
const CREATED: u16 = 201;
/// A push is stored.
const ACKNOWLEDGED: u16 = 200;
/// How much longer than planned a load may take before it is given up.
const PATIENCE: Duration = Duration::from_secs(15);
/// Connections of a paced load: more than are ever busy while the system keeps up.
const PACED_CONNECTIONS: usize = 64;

/// What came of a closed load.
#[derive(Debug, Default)]
pub struct Taken {
    length: Duration,
    /// How long each contact took that was answered in time, shortest first.
    took: Vec<Duration>,
    /// Those that were answered after the time was up.
    late: u64,
    refused: Vec<String>,
}

impl Taken {
    /// Contacts a second.
    pub fn rate(&self) -> f64 {
        self.took.len() as f64 / self.length.as_secs_f64().max(f64::EPSILON)
    }

    pub fn answered(&self) -> u64 {
        self.took.len() as u64 + self.late
    }

    pub fn took(&self) -> &[Duration] {
        &self.took
    }

    /// Both together, as if one had followed the other.
    pub fn and(mut self, other: Self) -> Self {
        self.length += other.length;
        self.took.extend(other.took);
        self.took.sort_unstable();
        self.late += other.late;
        self.refused.extend(other.refused);
        self
    }
}

impl fmt::Display for Taken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (p50, p99) = (ms(percentile(&self.took, 50)), ms(percentile(&self.took, 99)));
        write!(f, "{:.0}/s, p50 {p50:.1} ms, p99 {p99:.1} ms", self.rate())?;
        match self.refused.first() {
            Some(first) => write!(f, "; {} were refused, the first with {first}", self.refused.len()),
            None => Ok(()),
        }
    }
}

/// The value that `percent` of the sorted values do not exceed; zero when there are none.
pub fn percentile(sorted: &[Duration], percent: usize) -> Duration {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied().unwrap_or_default()
}

pub fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

/// Keeps `connections` connections busy for `length`. Errors: the door is closed, or nothing at all was taken in.
pub async fn closed(
    address: SocketAddr,
    connections: usize,
    length: Duration,
    contacts: Arc<Contacts>,
    mix: Mix,
) -> anyhow::Result<Taken> {
    let taken = apart(length, move || async move {
        let doors = try_join_all((0..connections).map(|_| Door::open(address))).await?;
        let until = Instant::now() + length;
        let mut busy: FuturesUnordered<_> =
            doors.into_iter().map(|door| keep_busy(door, until, &contacts, Requests::new(mix))).collect();
        let mut all = Taken::default();
        while let Some(taken) = busy.next().await {
            all = all.and(taken?);
        }
        Ok(Taken { length, ..all })
    })
    .await?;
    match taken.refused.first() {
        Some(refusal) if taken.took.is_empty() => bail!("no contact was taken in; the first was answered {refusal}"),
        _ => Ok(taken),
    }
}

async fn keep_busy(
    mut door: Door,
    until: Instant,
    contacts: &Contacts,
    mut requests: Requests,
) -> anyhow::Result<Taken> {
    let mut taken = Taken::default();
    let mut sent = Instant::now();
    while sent < until {
        let answer = door.send(requests.request(contacts.next())).await?;
        let now = Instant::now();
        match answer.status {
            CREATED if now <= until => taken.took.push(now - sent),
            CREATED => taken.late += 1,
            _ => taken.refused.push(refusal(&answer)),
        }
        sent = now;
    }
    Ok(taken)
}

fn refusal(answer: &Answer<'_>) -> String {
    format!("{}: {}", answer.status, String::from_utf8_lossy(answer.body).trim())
}

/// How far a paced load is, for whoever watches it; and the way to end it early.
#[derive(Debug, Default)]
pub struct Progress {
    answered: AtomicU64,
    stopped: AtomicBool,
}

impl Progress {
    pub fn answered(&self) -> u64 {
        self.answered.load(Ordering::Relaxed)
    }

    pub fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }
}

/// A contact that was taken in.
#[derive(Clone, Copy, Debug)]
pub struct Posted {
    pub complaint: Uuid,
    /// When it was to be sent.
    pub due: Instant,
}

/// What came of a paced load.
#[derive(Debug)]
pub struct Offered {
    pub posted: Vec<Posted>,
    /// Every contact was sent and taken in.
    pub whole: bool,
    pub ended: Instant,
}

struct Schedule {
    start: Instant,
    rate: u32,
    total: u64,
    next: AtomicU64,
    /// Whoever has not sent all by then cannot keep the pace.
    end: Instant,
}

impl Schedule {
    fn new(rate: u32, length: Duration) -> Self {
        let (start, total) = (Instant::now(), (f64::from(rate) * length.as_secs_f64()) as u64);
        Self { start, rate, total, next: AtomicU64::new(0), end: start + length + length / 15 }
    }

    /// The next contact's due time; `None` when all have been sent.
    fn next(&self) -> Option<Instant> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        (number < self.total).then(|| self.start + Duration::from_secs_f64(number as f64 / f64::from(self.rate)))
    }
}

/// Sends `rate` complaints a second for `length`, and at most a fifteenth longer.
pub async fn paced(
    address: SocketAddr,
    rate: u32,
    length: Duration,
    contacts: Arc<Contacts>,
    progress: Arc<Progress>,
) -> anyhow::Result<Offered> {
    apart(length, move || async move {
        let doors = try_join_all((0..PACED_CONNECTIONS).map(|_| Door::open(address))).await?;
        let schedule = Schedule::new(rate, length);
        let mut busy: FuturesUnordered<_> =
            doors.into_iter().map(|door| on_time(door, &schedule, &contacts, &progress)).collect();
        let mut posted = Vec::new();
        while let Some(part) = busy.next().await {
            posted.extend(part?);
        }
        let whole = posted.len() as u64 == schedule.total;
        Ok(Offered { posted, whole, ended: Instant::now() })
    })
    .await
}

async fn on_time(
    mut door: Door,
    schedule: &Schedule,
    contacts: &Contacts,
    progress: &Progress,
) -> anyhow::Result<Vec<Posted>> {
    let mut requests = Requests::new(Mix::Complaints);
    let mut posted = Vec::new();
    while let Some(due) = schedule.next() {
        if due > Instant::now() {
            tokio::time::sleep_until(due.into()).await;
        }
        if Instant::now() > schedule.end || progress.stopped.load(Ordering::Relaxed) {
            break;
        }
        let answer = door.send(requests.request(contacts.next())).await?;
        if answer.status == CREATED {
            let recorded: Recorded = serde_json::from_slice(answer.body).context("the answer names no complaint")?;
            posted.push(Posted { complaint: recorded.complaint_id, due });
            progress.answered.fetch_add(1, Ordering::Relaxed);
        }
    }
    Ok(posted)
}

/// Sends `rate` pushes a second for `length`, and at most a fifteenth longer. How long each took runs from when it
/// was due until it was acknowledged, which is after it is on disk. Errors: the door is closed, or one was refused.
pub async fn pushed(address: SocketAddr, rate: u32, length: Duration, pushes: Arc<Pushes>) -> anyhow::Result<Taken> {
    apart(length, move || async move {
        let doors = try_join_all((0..PACED_CONNECTIONS).map(|_| Door::open(address))).await?;
        let schedule = Schedule::new(rate, length);
        let mut busy: FuturesUnordered<_> =
            doors.into_iter().map(|door| acknowledged(door, &schedule, &pushes)).collect();
        let mut took = Vec::new();
        while let Some(part) = busy.next().await {
            took.extend(part?);
        }
        took.sort_unstable();
        ensure!(took.len() as u64 == schedule.total, "{} of {} pushes were sent in time", took.len(), schedule.total);
        Ok(Taken { length, took, ..Taken::default() })
    })
    .await
}

async fn acknowledged(mut door: Door, schedule: &Schedule, pushes: &Pushes) -> anyhow::Result<Vec<Duration>> {
    let (clock, mut took) = (Clock::system(), Vec::new());
    while let Some(due) = schedule.next() {
        if due > Instant::now() {
            tokio::time::sleep_until(due.into()).await;
        }
        if Instant::now() > schedule.end {
            break;
        }
        let answer = door.send(&pushes.request(&clock)).await?;
        ensure!(answer.status == ACKNOWLEDGED, "a push was refused: {}", refusal(&answer));
        took.push(due.elapsed());
    }
    Ok(took)
}

/// What is read of an answer.
#[derive(Deserialize)]
struct Recorded {
    complaint_id: Uuid,
}

/// Runs `work` on a thread of its own. Errors: it takes much longer than `length`.
async fn apart<T, F>(length: Duration, work: impl FnOnce() -> F + Send + 'static) -> anyhow::Result<T>
where
    F: Future<Output = anyhow::Result<T>>,
    T: Send + 'static,
{
    let thread = tokio::task::spawn_blocking(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let limited = async { tokio::time::timeout(length + PATIENCE, work()).await };
        runtime.block_on(limited).context("intake does not answer any more")?
    });
    thread.await?
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use axum::{Router, http::StatusCode, routing::post};
    use tokio::net::TcpListener;

    use super::*;

    /// A door that answers every third contact with another status; gives what `visit` gives.
    async fn with_door<T>(visit: impl AsyncFnOnce(SocketAddr) -> T) -> T {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let count = Arc::new(AtomicU64::new(0));
        let answer = move || {
            let third = count.fetch_add(1, Ordering::Relaxed) % 3 == 2;
            let body = format!("{{\"case_id\":\"x\",\"complaint_id\":\"{}\"}}", Uuid::from_u128(7));
            async move { (if third { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::CREATED }, body) }
        };
        let app = Router::new().route("/v1/cases", post(answer));
        tokio::select! {
            served = axum::serve(listener, app) => panic!("{served:?}"),
            visited = visit(address) => visited,
        }
    }

    #[tokio::test]
    async fn only_what_was_answered_201_counts() {
        let contacts = Arc::new(Contacts::default());
        let length = Duration::from_millis(200);
        let taken = with_door(async |address| closed(address, 4, length, Arc::clone(&contacts), Mix::Complaints).await);
        let taken = taken.await.unwrap();
        let sent = contacts.next();
        assert_eq!(taken.answered() + taken.refused.len() as u64, sent);
        assert!(taken.refused.len() as u64 >= sent / 3 - 4 && taken.refused[0].starts_with("503: "), "{taken}");
        assert_eq!(taken.rate().round(), (taken.took().len() as f64 * 5.0).round());
    }

    #[tokio::test]
    async fn a_pace_is_kept_and_a_refused_contact_makes_it_not_whole() {
        let progress = Arc::new(Progress::default());
        let length = Duration::from_millis(300);
        let offered =
            with_door(async |address| paced(address, 300, length, Arc::default(), Arc::clone(&progress)).await);
        let offered = offered.await.unwrap();
        assert_eq!(offered.posted.len(), 60, "two thirds of 300 a second");
        assert_eq!(progress.answered(), 60);
        assert!(!offered.whole);
        assert_eq!(offered.posted[0].complaint, Uuid::from_u128(7));
    }

    #[tokio::test]
    async fn a_load_that_is_stopped_ends_early() {
        let progress = Arc::new(Progress::default());
        progress.stop();
        let started = Instant::now();
        let length = Duration::from_secs(60);
        let offered =
            with_door(async |address| paced(address, 1000, length, Arc::default(), progress).await).await.unwrap();
        assert!(!offered.whole && offered.posted.is_empty() && started.elapsed() < Duration::from_secs(10));
    }

    #[test]
    fn percentiles_are_values_that_occurred() {
        let sorted: Vec<Duration> = (1..=200).map(Duration::from_millis).collect();
        assert_eq!(percentile(&sorted, 50), Duration::from_millis(100));
        assert_eq!(percentile(&sorted, 99), Duration::from_millis(198));
        assert_eq!(percentile(&sorted[..1], 99), Duration::from_millis(1));
        assert_eq!(percentile(&[], 99), Duration::ZERO);
    }
}
