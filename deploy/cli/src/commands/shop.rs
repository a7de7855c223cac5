//! `aftercare shop`: the webhooks of shop systems, without writing code: what they did not take, and trying it again.
use std::process::ExitCode;

use clap::{Args, Subcommand};
use contracts::fulfilment::v1::{GetOverviewRequest, RedriveWebhookRequest, fulfilment_client::FulfilmentClient};
use serde::Serialize;

use super::department::Redriven;
use crate::{
    home::{self, Home},
    output::{Output, Report, table},
    remote,
};

/// What can be said.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  aftercare shop failed                            what webhooks of shop systems did not take, by channel
  aftercare shop redrive website --as staff:quinn  try it again")]
pub struct Shop {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// How many events the webhook of each channel did not take in its time.
    Failed,
    /// Try again what a channel's webhook did not take in its time.
    Redrive {
        /// As its section is called: website, app, ...
        channel: String,
        /// Who acts.
        #[arg(long = "as", value_name = "ACTOR")]
        actor: String,
    },
}

/// `aftercare shop ...`.
pub async fn run(home: &Home, options: Shop, output: Output) -> anyhow::Result<ExitCode> {
    let mut client = FulfilmentClient::new(remote::channel(home, home::service("fulfilment")?).await?);
    match options.what {
        What::Failed => {
            let answer = client.get_overview(remote::request(GetOverviewRequest {})).await;
            let failed = answer.map_err(|status| remote::refusal(&status))?.into_inner().failed_webhooks;
            let failed = failed.into_iter().map(|one| Row { channel: one.key, failed: one.count }).collect();
            output.show(&Failed { failed })?;
        }
        What::Redrive { channel, actor } => {
            let m = RedriveWebhookRequest { channel };
            let answer = client.redrive_webhook(remote::request_as(m, &actor)?).await;
            let redriven = answer.map_err(|status| remote::refusal(&status))?.into_inner().redriven;
            output.show(&Redriven { redriven })?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

#[derive(Serialize)]
struct Failed {
    failed: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    channel: String,
    failed: u64,
}

impl Report for Failed {
    fn text(&self) -> String {
        if self.failed.is_empty() {
            return "everything was taken".into();
        }
        table(&["channel", "events"], self.failed.iter().map(|row| vec![row.channel.clone(), row.failed.to_string()]))
    }
}
