//! From a contact to the department's task: contacts are sent at a pace, and the tasks are taken from the department's
//! stream as its team would. A rate is sustained when every contact was taken in, every task came, and the last came at
//! most a fifteenth of the time (2 s of 30) after the last contact: so little behind, the lag cannot have been growing.
use std::{
    collections::{HashMap, HashSet},
    fmt,
    net::SocketAddr,
    pin::pin,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use async_nats::jetstream::consumer::{
    DeliverPolicy,
    pull::{Ordered, OrderedConfig},
};
use contracts::{Message as _, complaint::v1::TaskIssued};
use futures::StreamExt;
use uuid::Uuid;

use super::{
    contact::Contacts,
    cost::{self, Cost},
    load::{self, Offered, Progress, ms, percentile},
    private::Private,
};
use crate::{commands::tail, output::Output};

/// How long a task is waited for after the last contact.
const PATIENCE: Duration = Duration::from_secs(20);
/// Above this the generator itself would be what is measured.
const RATE_MAX: u32 = 20_000;

/// The departments' tasks as they come, and the contacts they come from.
pub struct Tasks<'a> {
    private: &'a Private,
    address: SocketAddr,
    contacts: Arc<Contacts>,
    tasks: Ordered,
    answered: u64,
}

impl<'a> Tasks<'a> {
    /// Follows the departments' stream from now on.
    pub async fn follow(private: &'a Private, contacts: Arc<Contacts>) -> anyhow::Result<Self> {
        let jetstream = tail::jetstream(&private.home, &private.secrets()?).await?;
        let stream = jetstream.get_stream(tail::stream_name("DEPT")).await?;
        let config = OrderedConfig {
            filter_subject: "aftercare.dept.v1.*.task.issued".to_owned(),
            deliver_policy: DeliverPolicy::New,
            ..OrderedConfig::default()
        };
        let tasks = stream.create_consumer(config).await?.messages().await?;
        Ok(Self { private, address: private.intake()?, contacts, tasks, answered: 0 })
    }

    /// How many contacts were taken in so far.
    pub fn answered(&self) -> u64 {
        self.answered
    }

    /// Sends contacts at `rate` for `length`, less when it is too much, and waits until everything is done.
    pub async fn step(&mut self, rate: u32, length: Duration) -> anyhow::Result<Step> {
        let progress = Arc::new(Progress::default());
        let load = load::paced(self.address, rate, length, Arc::clone(&self.contacts), Arc::clone(&progress));
        let mut load = pin!(load);
        let hopeless = u64::from(rate) * Duration::from_secs(1).max(2 * allowed(length)).as_millis() as u64 / 1000;
        let mut came = HashMap::new();
        let offered = loop {
            tokio::select! {
                offered = &mut load => break offered?,
                task = self.next() => {
                    let (complaint, at) = task?;
                    came.insert(complaint, at);
                    if progress.answered() > came.len() as u64 + hopeless {
                        progress.stop();
                    }
                }
            }
        };
        self.answered += progress.answered();
        self.rest_of(&offered, &mut came).await?;
        let waiting = self.private.rest().await?;
        Ok(Step::of(rate, length, &offered, &came, waiting))
    }

    /// Waits for the tasks that are still to come.
    async fn rest_of(&mut self, offered: &Offered, came: &mut HashMap<Uuid, Instant>) -> anyhow::Result<()> {
        let complaints = offered.posted.iter().map(|posted| posted.complaint);
        let mut missing: HashSet<Uuid> = complaints.filter(|complaint| !came.contains_key(complaint)).collect();
        let until = tokio::time::Instant::now() + PATIENCE;
        while !missing.is_empty() {
            let Ok(task) = tokio::time::timeout_at(until, self.next()).await else { break };
            let (complaint, at) = task?;
            missing.remove(&complaint);
            came.insert(complaint, at);
        }
        Ok(())
    }

    async fn next(&mut self) -> anyhow::Result<(Uuid, Instant)> {
        let Some(message) = self.tasks.next().await else { bail!("the departments' stream has ended") };
        let at = Instant::now();
        let task = TaskIssued::decode(message?.payload.clone()).context("a task cannot be read")?;
        Ok((task.complaint_id.parse().context("a task without complaint")?, at))
    }

    /// The highest rate that lasts for `length`: doubled until it is too much, then closed in on.
    pub async fn search(
        &mut self,
        calm: &Step,
        length: Duration,
        time: Duration,
        output: Output,
    ) -> anyhow::Result<u32> {
        let until = Instant::now() + time;
        let (mut good, mut bad) = if calm.is_sustained() { (calm.rate, None) } else { (0, Some(calm.rate)) };
        while Instant::now() < until {
            let Some(rate) = next_rate(good, bad) else { break };
            let step = self.step(rate, length).await?;
            output.note(&format!("{step}"));
            if step.is_sustained() { good = rate } else { bad = Some(rate) }
        }
        Ok(good.max(10))
    }

    /// Holds `rate` for `length`, or less if that is too much, and says what it cost. Gives up when `time` is over.
    pub async fn sustain(
        &mut self,
        mut rate: u32,
        length: Duration,
        time: Duration,
        output: Output,
    ) -> anyhow::Result<(Step, Cost)> {
        let until = Instant::now() + time;
        loop {
            let before = cost::cpu(&self.private.home)?;
            let step = self.step(rate, length).await?;
            let cost = Cost::since(&self.private.home, &before, step.took.len())?;
            output.note(&format!("{step}"));
            if step.is_sustained() || Instant::now() + length > until || rate <= 10 {
                return Ok((step, cost));
            }
            rate = (rate * 85 / 100).max(10);
        }
    }
}

/// How far behind the last task may be.
fn allowed(length: Duration) -> Duration {
    length / 15
}

/// The rate to try next, when `good` lasted and `bad` was too much; `None` when they are close enough.
fn next_rate(good: u32, bad: Option<u32>) -> Option<u32> {
    match bad {
        None => (good < RATE_MAX).then(|| (2 * good).min(RATE_MAX)),
        Some(bad) => {
            let middle = (good + bad) / 20 * 10;
            (bad - good > (good / 10).max(10) && middle > good).then_some(middle)
        }
    }
}

/// What came of a rate.
#[derive(Debug)]
pub struct Step {
    pub rate: u32,
    pub length: Duration,
    /// From when a contact was due to be sent to when its task was there, shortest first.
    pub took: Vec<Duration>,
    /// Contacts whose task did not come.
    missing: usize,
    /// Every contact of the rate was sent and taken in.
    whole: bool,
    /// From the end of the last contact to the last task.
    behind: Duration,
    /// Events that nobody had dealt with long after.
    waiting: u64,
}

impl Step {
    fn of(rate: u32, length: Duration, offered: &Offered, came: &HashMap<Uuid, Instant>, waiting: u64) -> Self {
        let arrivals = offered.posted.iter().filter_map(|posted| Some((posted.due, *came.get(&posted.complaint)?)));
        let mut took: Vec<Duration> = arrivals.clone().map(|(due, at)| at.saturating_duration_since(due)).collect();
        took.sort_unstable();
        let last = arrivals.map(|(_, at)| at).max().unwrap_or(offered.ended);
        let behind = last.saturating_duration_since(offered.ended);
        let missing = offered.posted.len() - took.len();
        Self { rate, length, took, missing, whole: offered.whole, behind, waiting }
    }

    /// Whether the system kept up.
    pub fn is_sustained(&self) -> bool {
        self.whole && self.missing == 0 && self.waiting == 0 && self.behind <= allowed(self.length)
    }

    pub fn p50_ms(&self) -> f64 {
        ms(percentile(&self.took, 50))
    }

    pub fn p99_ms(&self) -> f64 {
        ms(percentile(&self.took, 99))
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (rate, length, p50, p99) = (self.rate, self.length.as_secs(), self.p50_ms(), self.p99_ms());
        write!(f, "{rate}/s to the department for {length} s: p50 {p50:.0} ms, p99 {p99:.0} ms")?;
        write!(f, ", last task {:.2} s after the last contact", self.behind.as_secs_f64())?;
        if !self.whole {
            write!(f, ", not every contact was taken in in time")?;
        }
        if self.missing > 0 {
            write!(f, ", {} tasks missing", self.missing)?;
        }
        if self.waiting > 0 {
            write!(f, ", {} events not dealt with", self.waiting)?;
        }
        f.write_str(if self.is_sustained() { "" } else { "; too much" })
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::{super::load::Posted, *};

    /// A step of 30 s with two contacts whose tasks came so many milliseconds after they were due (`None`: never).
    fn step(came_after: [Option<u64>; 2], whole: bool) -> Step {
        let start = Instant::now();
        let posted = [1, 2].map(|number| Posted { complaint: Uuid::from_u128(number), due: start });
        let arrivals = posted.iter().zip(came_after);
        let came =
            arrivals.filter_map(|(p, after)| Some((p.complaint, start + Duration::from_millis(after?)))).collect();
        let offered = Offered { posted: posted.to_vec(), whole, ended: start + Duration::from_secs(1) };
        Step::of(100, Duration::from_secs(30), &offered, &came, 0)
    }

    #[test]
    fn a_rate_is_sustained_when_nothing_is_missing_or_far_behind() {
        assert!(step([Some(10), Some(3000)], true).is_sustained());
        assert!(!step([Some(10), Some(3001)], true).is_sustained());
        assert!(!step([Some(10), None], true).is_sustained());
        assert!(!step([Some(10), Some(20)], false).is_sustained());
        assert_eq!(step([Some(10), Some(1500)], true).behind, Duration::from_millis(500));
        assert_eq!(step([Some(30), Some(20)], true).p99_ms(), 30.0);
    }

    /// Every rate the search would try for a system that can do `can` a second.
    fn tries(can: u32) -> (u32, usize) {
        let (mut good, mut bad, mut count) = (0, Some(200), 1);
        if can >= 200 {
            (good, bad) = (200, None);
        }
        while let Some(rate) = next_rate(good, bad) {
            if rate <= can {
                good = rate
            } else {
                bad = Some(rate)
            }
            count += 1;
            assert!(count < 20, "the search does not end");
        }
        (good, count)
    }

    #[test]
    fn the_search_ends_close_below_what_the_system_can_do() {
        for can in [15, 90, 200, 950, 1050, 4321, 19_000, 100_000] {
            let (found, _) = tries(can);
            let best = can.min(RATE_MAX);
            assert!(found <= best && best - found <= (best / 9).max(20), "{found} of {can}");
        }
    }

    #[test]
    fn a_department_task_is_matched_by_its_complaint() {
        let task = TaskIssued { complaint_id: Uuid::from_u128(5).to_string(), ..TaskIssued::default() };
        let bytes = task.encode_to_vec();
        let read: Uuid = TaskIssued::decode(bytes.as_slice()).unwrap().complaint_id.parse().unwrap();
        assert_eq!(read, Uuid::from_u128(5));
    }
}
