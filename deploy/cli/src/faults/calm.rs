//! When it is over: watches, from outside the services, whether what was written down has reached everybody it is for. The
//! journals say what was written, the gates how far each listener is, the broker who listens to what.
//! Invariant: nothing is asked of the services here, so a service that misjudges itself is found out.
use std::time::{Duration, Instant};

use anyhow::Context as _;
use async_nats::jetstream;
use backbone::topology::HEARS;
use futures::TryStreamExt;
use sqlx::{AssertSqlSafe, PgPool, postgres::PgPoolOptions};

use crate::{
    commands::tail,
    home::{Home, SERVICES},
    stack::{postgres, roles, secrets::Secrets},
};

const LOOK: Duration = Duration::from_millis(100);

/// A service that listens to (a part of) a stream.
#[derive(Clone, Debug)]
pub struct Listener {
    pub service: String,
    pub stream: String,
    /// The service whose journal the stream is sent from.
    pub owner: String,
    /// Subjects it reads, as regular expressions over a journal's subjects.
    pub subjects: Vec<String>,
}

/// The watch.
pub struct Calm {
    pub pool: PgPool,
    pub jetstream: jetstream::Context,
    pub listeners: Vec<Listener>,
    /// Up to here everything has reached everybody, by service.
    floor: Vec<(&'static str, i64)>,
}

/// Services with a journal.
pub fn owners() -> impl Iterator<Item = &'static str> {
    SERVICES.iter().filter(|service| service.schema).map(|service| service.name)
}

/// Every stream, with the service it is sent from.
pub fn streams() -> Vec<(String, String)> {
    let mut all: Vec<_> = contracts::EVENTS
        .iter()
        .map(|(event, subject)| (contracts::stream_of(subject), event.split('.').nth(1).unwrap_or_default().to_owned()))
        .collect();
    all.sort();
    all.dedup();
    all
}

impl Calm {
    /// Learns from the broker who listens to what.
    pub async fn watch(home: &Home) -> anyhow::Result<Self> {
        let secrets = Secrets::open(home)?;
        let options = postgres::options(home, &secrets, roles::DATABASE)?;
        let pool = PgPoolOptions::new().max_connections(3).acquire_timeout(Duration::from_secs(5));
        let pool = pool.connect_lazy_with(options);
        let jetstream = tail::jetstream(home, &secrets).await?;
        let mut listeners = Vec::new();
        for (stream, owner) in streams() {
            let handle = jetstream.get_stream(tail::stream_name(&stream)).await?;
            let mut consumers = handle.consumers();
            while let Some(consumer) = consumers.try_next().await? {
                let config = consumer.config;
                let Some(service) = config.durable_name else { continue };
                let hears = config.metadata.get(HEARS).map(String::as_str).unwrap_or_default();
                anyhow::ensure!(!hears.is_empty(), "nobody knows what {service} hears of {stream}");
                let subjects = hears.split(' ').map(expression).collect();
                listeners.push(Listener { service, stream: stream.clone(), owner: owner.clone(), subjects });
            }
        }
        anyhow::ensure!(!listeners.is_empty(), "nobody listens to anything");
        let floor = owners().map(|owner| (owner, 0)).collect();
        Ok(Self { pool, jetstream, listeners, floor })
    }

    /// How long after `since` everything written down until now has reached everybody. `None`: not in time.
    pub async fn after(&mut self, since: Instant, within: Duration) -> Option<Duration> {
        let mut marks = None;
        while since.elapsed() < within {
            if marks.is_none() {
                marks = self.marks().await.ok();
            }
            if let Some(marks) = &marks
                && self.reached(marks).await.is_ok_and(|reached| reached)
            {
                self.floor.clone_from(marks);
                return Some(since.elapsed());
            }
            tokio::time::sleep(LOOK).await;
        }
        None
    }

    /// Whether nothing at all is on its way, inside or outside the house.
    pub async fn nothing_moves(&mut self) -> bool {
        let Ok(marks) = self.marks().await else { return false };
        let reached = self.reached(&marks).await.is_ok_and(|reached| reached);
        let still = self.unsettled().await.is_ok_and(|unsettled| unsettled.is_empty());
        reached && still && self.marks().await.is_ok_and(|again| again == marks)
    }

    /// Waits until nothing moves any more. Answers what still does when the time is over.
    pub async fn rest(&mut self, within: Duration) -> Option<String> {
        let until = Instant::now() + within;
        while Instant::now() < until {
            if self.nothing_moves().await {
                return None;
            }
            tokio::time::sleep(LOOK).await;
        }
        let unsettled = self.unsettled().await;
        Some(unsettled.map_or_else(|error| format!("{error:#}"), |unsettled| format!("not at rest: {unsettled:?}")))
    }

    /// The newest event of every journal.
    async fn marks(&self) -> anyhow::Result<Vec<(&'static str, i64)>> {
        let mut marks = Vec::new();
        for owner in owners() {
            let newest = format!("-- faults.mark\nselect coalesce(max(seq), 0) from {owner}.journal");
            marks.push((owner, self.count(newest).await?));
        }
        Ok(marks)
    }

    /// Whether everything up to the marks is sent, is in its stream, and has passed every gate.
    async fn reached(&self, marks: &[(&'static str, i64)]) -> anyhow::Result<bool> {
        for (owner, mark) in marks {
            let unsent = format!("-- faults.unsent\nselect count(*) from {owner}.outbox_pending where seq <= {mark}");
            if self.count(unsent).await? > 0 {
                return Ok(false);
            }
        }
        for listener in &self.listeners {
            let at = |list: &[(&'static str, i64)]| {
                list.iter().find(|(name, _)| *name == listener.owner).map(|(_, seq)| *seq)
            };
            let (floor, mark) = (at(&self.floor).unwrap_or_default(), at(marks).unwrap_or_default());
            if self.behind(listener, floor, mark).await? > 0 {
                return Ok(false);
            }
        }
        for (stream, owner) in streams() {
            let mark = marks.iter().find(|(name, _)| *name == owner).map_or(0, |(_, mark)| *mark);
            if self.held(&stream).await? < self.written(&stream, &owner, mark).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Events between two marks that a listener has not applied.
    async fn behind(&self, listener: &Listener, floor: i64, mark: i64) -> anyhow::Result<i64> {
        let Listener { service, stream, owner, subjects } = listener;
        let statement = format!(
            "-- faults.behind
             select count(*) from {owner}.journal j
             left join {service}.gate g on g.stream = $1 and g.aggregate_id = j.aggregate_id
             where j.seq > $2 and j.seq <= $3 and j.subject ~ any($4) and coalesce(g.version, 0) < j.version"
        );
        let query = sqlx::query_scalar(AssertSqlSafe(statement)).bind(stream).bind(floor).bind(mark).bind(subjects);
        Ok(query.fetch_one(&self.pool).await?)
    }

    /// How many messages a stream holds.
    async fn held(&self, stream: &str) -> anyhow::Result<i64> {
        let handle = self.jetstream.get_stream(tail::stream_name(stream)).await.context("a stream is missing")?;
        Ok(i64::try_from(handle.cached_info().state.messages)?)
    }

    async fn written(&self, stream: &str, owner: &str, mark: i64) -> anyhow::Result<i64> {
        let first = stream.to_lowercase();
        self.count(format!(
            "-- faults.written\nselect count(*) from {owner}.journal where seq <= {mark} and subject like '{first}.%'"
        ))
        .await
    }

    /// What is still to come of what has happened: refunds under way, messages to hand over, deadlines to fire.
    async fn unsettled(&self) -> anyhow::Result<Vec<(&'static str, i64)>> {
        let mut all = Vec::new();
        for (what, statement) in [
            ("refunds", "select count(*) from fulfilment.refund where status in ('queued', 'sent', 'unknown')"),
            ("orders", "select count(*) from fulfilment.service_order where status in ('requested', 'refunding')"),
            ("messages", "select count(*) from outreach.message where status = 'queued'"),
        ] {
            all.push((what, self.count(format!("-- faults.unsettled\n{statement}")).await?));
        }
        for owner in owners() {
            let due = format!("-- faults.due\nselect count(*) from {owner}.deadline where due_at <= now()");
            all.push(("deadlines", self.count(due).await?));
        }
        Ok(all.into_iter().filter(|(_, count)| *count > 0).collect())
    }

    /// The one number a statement of ours asks for.
    pub async fn count(&self, statement: String) -> anyhow::Result<i64> {
        Ok(sqlx::query_scalar(AssertSqlSafe(statement)).fetch_one(&self.pool).await?)
    }
}

/// A broker's filter as a regular expression over subjects without the space.
fn expression(filter: &str) -> String {
    let words = filter.split('.').skip(1).map(|word| match word {
        "*" => "[^.]+".to_owned(),
        ">" => ".+".to_owned(),
        word => word.to_owned(),
    });
    format!("^{}$", words.collect::<Vec<_>>().join("\\."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_is_read_as_the_broker_reads_it() {
        assert_eq!(expression("aftercare.dept.v1.*.task.>"), r"^dept\.v1\.[^.]+\.task\..+$");
    }

    #[test]
    fn every_stream_has_one_owner() {
        let all = streams();
        let owner = |stream: &str| {
            all.iter().filter(|(name, _)| name == stream).map(|(_, owner)| owner.as_str()).collect::<Vec<_>>()
        };
        assert_eq!(owner("INTAKE"), ["intake"]);
        assert_eq!(owner("DEPT"), ["complaint"]);
        assert_eq!(owner("ESCALATION"), ["complaint"]);
    }
}
