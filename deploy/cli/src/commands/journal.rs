//! `aftercare journal`: the newest events of a service, or all of one aggregate, from the source of truth.
use std::process::ExitCode;

use contracts::operations::v1::{ReadJournalRequest, operations_client::OperationsClient};

use super::event::Event;
use crate::{args::Journal, home, home::Home, output::Output, remote};

/// `aftercare journal SERVICE`: newest last, so that the end of a long answer is what matters.
pub async fn run(home: &Home, options: &Journal, output: Output) -> anyhow::Result<ExitCode> {
    let service = home::service(&options.service)?;
    anyhow::ensure!(service.schema, "{} keeps no journal", service.name);
    let mut client = OperationsClient::new(remote::channel(home, service).await?);
    let request = ReadJournalRequest {
        aggregate_id: options.of.map(|id| id.to_string()).unwrap_or_default(),
        limit: options.limit,
        newest_first: options.of.is_none(),
        ..ReadJournalRequest::default()
    };
    let answer = client.read_journal(remote::request(request)).await.map_err(|status| remote::refusal(&status))?;
    let mut entries = answer.into_inner().entries;
    if options.of.is_none() {
        entries.reverse();
    }
    for entry in entries {
        output.show(&Event::of(entry))?;
    }
    Ok(ExitCode::SUCCESS)
}
