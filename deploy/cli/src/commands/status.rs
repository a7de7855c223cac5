//! `aftercare status`: how every part is. Work that waits is no fault while it shrinks; work that stands still is.
//! Invariant: the exit code is 0 only when every part runs, nothing is parked and nothing stands still.
use std::{process::ExitCode, time::Duration};

use contracts::operations::v1::{
    ConsumerStatus, GetStatusRequest, GetStatusResponse, operations_client::OperationsClient,
};
use futures::future::join_all;
use serde::Serialize;

use crate::{
    home::{Home, SERVICES, Service},
    output::{Output, Report, table},
    remote,
    stack::{nats, parts, postgres, process},
};

/// How long we look whether waiting work moves.
const SECOND_LOOK: Duration = Duration::from_secs(2);
/// The oldest unsent event grew older by this much between the looks: it is the same one, and nobody sends it.
const OLDER_BY_MS: u64 = 1_800;

/// `aftercare status`.
pub async fn run(home: &Home, output: Output) -> anyhow::Result<ExitCode> {
    let status = look(home).await;
    output.show(&status)?;
    Ok(if status.well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// How everything is now; looks twice when work is waiting, to tell busy from stuck.
pub async fn look(home: &Home) -> Status {
    let first = ask_all(home).await;
    let busy = first.iter().flatten().any(|answer| waiting(answer) > 0);
    let second = if busy {
        tokio::time::sleep(SECOND_LOOK).await;
        ask_all(home).await
    } else {
        first.clone()
    };
    let services = SERVICES.into_iter().zip(first).zip(second);
    let services: Vec<ServiceStatus> =
        services.map(|((service, before), after)| ServiceStatus::of(service, before.ok().as_ref(), after)).collect();
    let others = [postgres::PART, nats::PART, parts::PAYMENTS, parts::SINK];
    let others: Vec<PartStatus> =
        others.map(|part| PartStatus { part, runs: process::running(home, part).is_some() }).into();
    let well = services.iter().all(|service| service.health <= Health::Busy) && others.iter().all(|part| part.runs);
    Status { well, services, parts: others }
}

pub type Answers = Vec<Result<GetStatusResponse, String>>;

/// What every service says of itself, in the order of [`SERVICES`]; an error in words.
pub async fn ask_all(home: &Home) -> Answers {
    join_all(SERVICES.map(|service| async move { ask(home, service).await.map_err(|error| format!("{error:#}")) }))
        .await
}

async fn ask(home: &Home, service: Service) -> anyhow::Result<GetStatusResponse> {
    if !service.schema {
        let answer = remote::http()?.get(format!("{}/ready", home.url(service)?)).send().await;
        answer.and_then(reqwest::Response::error_for_status).map_err(|error| {
            let error = anyhow::Error::from(error);
            anyhow::anyhow!("{} does not answer ({}); `aftercare up` starts it", service.name, error.root_cause())
        })?;
        return Ok(GetStatusResponse { service: service.name.to_owned(), ..GetStatusResponse::default() });
    }
    let mut client = OperationsClient::new(remote::channel(home, service).await?);
    let answer = client.get_status(remote::request(GetStatusRequest {})).await;
    answer.map(tonic::Response::into_inner).map_err(|status| remote::refusal(&status))
}

/// Everything that waits to be done.
pub fn waiting(answer: &GetStatusResponse) -> u64 {
    let lag: u64 = answer.consumers.iter().map(lag).sum();
    answer.relay_backlog + lag + answer.deadlines_overdue
}

/// What a consumer has still to read; where nobody could say, something.
pub fn lag(consumer: &ConsumerStatus) -> u64 {
    consumer.lag.max(consumer.unknown.into())
}

/// From good to bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    Well,
    /// Work waits and is being done.
    Busy,
    /// Events could not be applied and wait for people.
    Parked,
    /// Work waits and nobody does it, or nobody can say whether any waits.
    Stuck,
    Down,
}

impl Health {
    fn of(before: &GetStatusResponse, after: &GetStatusResponse) -> Self {
        let stands = |old: &ConsumerStatus, now: &ConsumerStatus| {
            old.lag > 0 && now.lag > 0 && old.delivered_stream_seq == now.delivered_stream_seq
        };
        let consumer_stuck = |now: &ConsumerStatus| {
            let mut old = before.consumers.iter().filter(|old| old.stream == now.stream);
            old.any(|old| (old.unknown && now.unknown) || stands(old, now))
        };
        let deadlines_stuck = before.deadlines_overdue > 0
            && after.deadlines_overdue > 0
            && before.journal_last_seq == after.journal_last_seq;
        let stands_still =
            before.journal_last_seq == after.journal_last_seq && before.relay_backlog <= after.relay_backlog;
        let relay_stuck = before.relay_backlog > 0
            && after.relay_backlog > 0
            && (stands_still || after.relay_oldest_ms >= before.relay_oldest_ms + OLDER_BY_MS);
        if relay_stuck || deadlines_stuck || after.consumers.iter().any(consumer_stuck) {
            Health::Stuck
        } else if after.parked > 0 {
            Health::Parked
        } else if waiting(after) > 0 {
            Health::Busy
        } else {
            Health::Well
        }
    }
}

/// How everything is.
#[derive(Serialize)]
pub struct Status {
    pub well: bool,
    pub services: Vec<ServiceStatus>,
    pub parts: Vec<PartStatus>,
}

/// How a service is.
#[derive(Serialize)]
pub struct ServiceStatus {
    pub service: &'static str,
    pub health: Health,
    pub relay_backlog: u64,
    pub relay_oldest_ms: u64,
    /// Events waiting, by stream; `None` where nobody can say how many.
    pub lag: Vec<(String, Option<u64>)>,
    pub parked: u64,
    pub deadlines_overdue: u64,
    pub journal_last_seq: u64,
    /// Why it is down.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    #[serde(skip)]
    schema: bool,
}

impl ServiceStatus {
    fn of(service: Service, before: Option<&GetStatusResponse>, after: Result<GetStatusResponse, String>) -> Self {
        let (answer, problem) = match after {
            Ok(answer) => (answer, None),
            Err(problem) => (GetStatusResponse::default(), Some(problem)),
        };
        let health = match (&problem, before) {
            (Some(_), _) => Health::Down,
            (None, before) => Health::of(before.unwrap_or(&GetStatusResponse::default()), &answer),
        };
        Self {
            service: service.name,
            health,
            relay_backlog: answer.relay_backlog,
            relay_oldest_ms: answer.relay_oldest_ms,
            lag: answer.consumers.into_iter().map(|c| (c.stream, (!c.unknown).then_some(c.lag))).collect(),
            parked: answer.parked,
            deadlines_overdue: answer.deadlines_overdue,
            journal_last_seq: answer.journal_last_seq,
            problem,
            schema: service.schema,
        }
    }

    fn row(&self) -> Vec<String> {
        let health = format!("{:?}", self.health).to_lowercase();
        if self.problem.is_some() || !self.schema {
            return vec![self.service.to_owned(), health];
        }
        let behind = self.lag.iter().filter_map(|(stream, lag)| match lag {
            Some(0) => None,
            Some(lag) => Some(format!("{stream} {lag}")),
            None => Some(format!("{stream} ?")),
        });
        let behind: Vec<String> = behind.collect();
        vec![
            self.service.to_owned(),
            health,
            self.journal_last_seq.to_string(),
            self.relay_backlog.to_string(),
            if behind.is_empty() { "0".to_owned() } else { behind.join(", ") },
            self.parked.to_string(),
            self.deadlines_overdue.to_string(),
        ]
    }
}

/// Whether a part that is not a service runs.
#[derive(Serialize)]
pub struct PartStatus {
    pub part: &'static str,
    pub runs: bool,
}

impl Report for Status {
    fn text(&self) -> String {
        let header = ["service", "health", "events", "unsent", "unread", "parked", "overdue"];
        let mut lines = vec![table(&header, self.services.iter().map(ServiceStatus::row)), String::new()];
        let (up, down): (Vec<&PartStatus>, Vec<&PartStatus>) = self.parts.iter().partition(|part| part.runs);
        let names = |parts: &[&PartStatus]| parts.iter().map(|part| part.part).collect::<Vec<_>>().join(", ");
        if !up.is_empty() {
            lines.push(format!("running: {}", names(&up)));
        }
        if !down.is_empty() {
            lines.push(format!("not running: {}", names(&down)));
        }
        let problems = self.services.iter().filter_map(|service| Some((service.service, service.problem.as_ref()?)));
        lines.extend(problems.map(|(service, problem)| format!("{service}: {problem}")));
        if self.services.iter().any(|service| service.parked > 0) {
            lines.push("parked events: `aftercare parked` shows them and why".to_owned());
        }
        lines.push(if self.well { "all is well" } else { "something is not well" }.to_owned());
        lines.join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(lag: u64, delivered: u64) -> GetStatusResponse {
        let (stream, delivered_stream_seq) = ("INTAKE".to_owned(), delivered);
        let consumers = vec![ConsumerStatus { stream, lag, delivered_stream_seq, unknown: false }];
        GetStatusResponse { consumers, ..GetStatusResponse::default() }
    }

    #[test]
    fn waiting_work_that_moves_is_no_fault() {
        assert_eq!(Health::of(&answer(0, 5), &answer(0, 5)), Health::Well);
        assert_eq!(Health::of(&answer(9, 5), &answer(0, 14)), Health::Well);
        assert_eq!(Health::of(&answer(9, 5), &answer(20, 14)), Health::Busy);
        assert_eq!(Health::of(&answer(9, 5), &answer(9, 5)), Health::Stuck);
    }

    #[test]
    fn consumers_that_nobody_can_ask_about_are_a_fault_when_it_lasts() {
        let unasked = |unknown| {
            let mut answer = answer(0, 0);
            answer.consumers.iter_mut().for_each(|consumer| consumer.unknown = unknown);
            answer
        };
        assert_eq!(Health::of(&unasked(true), &unasked(true)), Health::Stuck);
        assert_eq!(Health::of(&unasked(false), &unasked(true)), Health::Busy, "the broker may be starting");
        assert_eq!(Health::of(&unasked(true), &unasked(false)), Health::Well);
        let Some(service) = SERVICES.first() else { return };
        let row = |answer| ServiceStatus::of(*service, None, Ok(answer)).row().get(4).cloned();
        assert_eq!(row(unasked(true)).as_deref(), Some("INTAKE ?"));
        assert_eq!(row(unasked(false)).as_deref(), Some("0"));
        assert_eq!(row(answer(3, 1)).as_deref(), Some("INTAKE 3"));
    }

    #[test]
    fn a_deadline_that_nobody_fires_is_a_fault() {
        let late =
            |overdue, seq| GetStatusResponse { deadlines_overdue: overdue, journal_last_seq: seq, ..answer(0, 1) };
        assert_eq!(Health::of(&late(3, 10), &late(2, 10)), Health::Stuck);
        assert_eq!(Health::of(&late(3, 10), &late(5, 30)), Health::Busy);
    }

    #[test]
    fn parked_events_and_a_backlog_that_stands_are_faults() {
        assert_eq!(Health::of(&answer(0, 1), &GetStatusResponse { parked: 1, ..answer(0, 1) }), Health::Parked);
        let unsent = |relay_backlog, relay_oldest_ms, journal_last_seq| GetStatusResponse {
            relay_backlog,
            relay_oldest_ms,
            journal_last_seq,
            ..answer(0, 1)
        };
        assert_eq!(Health::of(&unsent(5, 100, 9), &unsent(5, 2_100, 9)), Health::Stuck);
        assert_eq!(Health::of(&unsent(5, 60_000, 9), &unsent(9, 62_000, 30)), Health::Stuck, "one shard stands still");
        assert_eq!(Health::of(&unsent(900, 60_000, 9), &unsent(500, 60_500, 9)), Health::Busy, "much, and being sent");
        assert_eq!(Health::of(&unsent(5, 100, 9), &unsent(0, 0, 9)), Health::Well);
    }

    #[test]
    fn a_service_that_does_not_answer_is_down() {
        let Some(service) = SERVICES.first() else { return };
        let status = ServiceStatus::of(*service, None, Err("connection refused".into()));
        assert_eq!((status.health, status.problem.as_deref()), (Health::Down, Some("connection refused")));
    }
}
