//! `aftercare parked`: events a service could not apply, and trying them again.
//! Invariant: nothing is dropped; what fails again stays parked, and the exit code is 1.
use std::process::ExitCode;

use clap::{Args, Subcommand};
use contracts::operations::v1::{
    ListParkedRequest, ParkedEvent, RedriveParkedRequest, operations_client::OperationsClient,
};
use serde::Serialize;
use uuid::Uuid;

use crate::{
    home::{self, Home, SERVICES, Service},
    output::{Output, Report, table},
    remote,
};

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  aftercare parked                 all that are parked, and why
  aftercare parked redrive complaint INTAKE 0197a1c2-…
  aftercare parked redrive --all")]
pub struct Parked {
    #[command(subcommand)]
    pub what: Option<ParkedWhat>,
}

#[derive(Debug, Subcommand)]
pub enum ParkedWhat {
    /// All that are parked, and why.
    List,
    /// Apply them again, in order.
    Redrive {
        /// The service that could not apply them.
        #[arg(required_unless_present = "all", requires = "stream")]
        service: Option<String>,
        /// The stream they came in.
        #[arg(requires = "aggregate_id")]
        stream: Option<String>,
        /// The aggregate they are about.
        aggregate_id: Option<Uuid>,
        /// Everything that is parked.
        #[arg(long, conflicts_with = "service")]
        all: bool,
    },
}

/// The most a service is asked for at once.
const MOST: u32 = 200;

/// `aftercare parked [list | redrive …]`.
pub async fn run(home: &Home, options: &Parked, output: Output) -> anyhow::Result<ExitCode> {
    let all = match &options.what {
        None | Some(ParkedWhat::List) => {
            output.show(&Listed { parked: list(home).await? })?;
            return Ok(ExitCode::SUCCESS);
        }
        Some(ParkedWhat::Redrive { service: Some(name), stream: Some(stream), aggregate_id: Some(id), .. }) => {
            vec![(home::service(name)?, stream.to_uppercase(), id.to_string())]
        }
        Some(ParkedWhat::Redrive { .. }) => queues(&list(home).await?)?,
    };
    let mut redriven = Vec::new();
    for (service, stream, aggregate_id) in all {
        redriven.push(redrive(home, service, stream, aggregate_id).await?);
    }
    let report = Redriven { redriven };
    output.show(&report)?;
    Ok(if report.redriven.iter().all(|one| one.remaining == 0) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Everything that is parked, oldest first within a service (at most 200 of each).
pub async fn list(home: &Home) -> anyhow::Result<Vec<ParkedRow>> {
    let mut rows = Vec::new();
    for service in SERVICES.into_iter().filter(|service| service.schema) {
        let mut client = OperationsClient::new(remote::channel(home, service).await?);
        let answer = client.list_parked(remote::request(ListParkedRequest { limit: MOST })).await;
        let events = answer.map_err(|status| remote::refusal(&status))?.into_inner().events;
        rows.extend(events.into_iter().map(|event| ParkedRow::of(service.name, event)));
    }
    Ok(rows)
}

/// The queues that parked events stand in, each once.
fn queues(rows: &[ParkedRow]) -> anyhow::Result<Vec<(Service, String, String)>> {
    let mut queues: Vec<(Service, String, String)> = Vec::new();
    for row in rows {
        let queue = (home::service(row.service)?, row.stream.clone(), row.aggregate_id.clone());
        if !queues.contains(&queue) {
            queues.push(queue);
        }
    }
    Ok(queues)
}

async fn redrive(home: &Home, service: Service, stream: String, aggregate_id: String) -> anyhow::Result<RedrivenRow> {
    let mut client = OperationsClient::new(remote::channel(home, service).await?);
    let request = RedriveParkedRequest { stream: stream.clone(), aggregate_id: aggregate_id.clone() };
    let answer = client.redrive_parked(remote::request(request)).await;
    let answer = answer.map_err(|status| remote::refusal(&status))?.into_inner();
    let (applied, remaining) = (answer.applied, answer.remaining);
    Ok(RedrivenRow { service: service.name, stream, aggregate_id, applied, remaining })
}

#[derive(Serialize)]
struct Listed {
    parked: Vec<ParkedRow>,
}

/// A parked event.
#[derive(Serialize)]
pub struct ParkedRow {
    pub service: &'static str,
    pub stream: String,
    pub aggregate_id: String,
    pub version: u64,
    pub r#type: String,
    pub reason: String,
}

impl ParkedRow {
    fn of(service: &'static str, event: ParkedEvent) -> Self {
        let ParkedEvent { stream, aggregate_id, version, r#type, reason, event_id: _, parked_at: _ } = event;
        Self { service, stream, aggregate_id, version, r#type, reason }
    }
}

impl Report for Listed {
    fn text(&self) -> String {
        if self.parked.is_empty() {
            return "nothing is parked".to_owned();
        }
        let rows = self.parked.iter().map(|row| {
            let kind = row.r#type.rsplit('.').next().unwrap_or_default();
            let event = format!("{kind} v{}", row.version);
            [row.service, &row.stream, &row.aggregate_id, &event, &row.reason].map(str::to_owned).to_vec()
        });
        let table = table(&["service", "stream", "aggregate", "event", "why"], rows);
        format!("{table}\n\ntry them again: `aftercare parked redrive SERVICE STREAM AGGREGATE` or `… redrive --all`")
    }
}

#[derive(Serialize)]
struct Redriven {
    redriven: Vec<RedrivenRow>,
}

#[derive(Serialize)]
struct RedrivenRow {
    service: &'static str,
    stream: String,
    aggregate_id: String,
    applied: u64,
    remaining: u64,
}

impl Report for Redriven {
    fn text(&self) -> String {
        if self.redriven.is_empty() {
            return "nothing is parked".to_owned();
        }
        let rows = self.redriven.iter().map(|row| {
            let (applied, remaining) = (row.applied.to_string(), row.remaining.to_string());
            [row.service, &row.stream, &row.aggregate_id, &applied, &remaining].map(str::to_owned).to_vec()
        });
        table(&["service", "stream", "aggregate", "applied", "still parked"], rows)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn each_queue_is_redriven_once() {
        let row = |service, aggregate: &str, version| {
            let event = ParkedEvent {
                stream: "INTAKE".into(),
                aggregate_id: aggregate.into(),
                version,
                ..ParkedEvent::default()
            };
            ParkedRow::of(service, event)
        };
        let rows =
            [row("complaint", "a", 1), row("complaint", "a", 2), row("complaint", "b", 1), row("scheduling", "a", 1)];
        let queues = queues(&rows).unwrap();
        let names: Vec<(&str, &str)> = queues.iter().map(|(service, _, id)| (service.name, id.as_str())).collect();
        assert_eq!(names, [("complaint", "a"), ("complaint", "b"), ("scheduling", "a")]);
    }
}
