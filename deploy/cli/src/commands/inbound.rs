//! `aftercare inbound`: what platforms pushed and intake could not understand: the list, reading, trying again, giving up.
use std::process::ExitCode;

use clap::{Args, Subcommand};
use contracts::{
    common::v1::Page,
    intake::v1::{
        DiscardInboundRequest, ListQuarantinedRequest, QuarantinedMessage, RetryInboundRequest, RevealInboundRequest,
        RevealInboundResponse, inbound_messages_client::InboundMessagesClient,
    },
};
use jiff::Timestamp;
use serde::Serialize;
use tonic::transport::Channel;
use uuid::Uuid;

use super::department::{instant, shown};
use crate::{
    home::{self, Home},
    output::{Output, Report, table},
    remote,
};

/// What can be said.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  aftercare inbound list                           what is in quarantine, and why
  aftercare inbound show 0197a1c2-… --as staff:ana --purpose 'what broke it'
  aftercare inbound retry 0197a1c2-… --as staff:ana
  aftercare inbound retry --why 'given up after' --as staff:ana      all whose reason says so
  aftercare inbound discard 0197a1c2-… --as staff:ana --text 'a test of the platform'")]
pub struct Inbound {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// What is in quarantine, the oldest first.
    List,
    /// Show what a message says; who looks and why is written down first.
    Show {
        message: Uuid,
        /// Who looks.
        #[arg(long = "as", value_name = "ACTOR")]
        actor: String,
        /// Why.
        #[arg(long)]
        purpose: String,
    },
    /// Try a message again, from the beginning, or all that lie there for one reason.
    Retry {
        #[arg(required_unless_present = "why", conflicts_with = "why")]
        message: Option<Uuid>,
        /// All whose reason holds these words: what was given up while a platform was away, for example.
        #[arg(long, value_parser = clap::builder::NonEmptyStringValueParser::new())]
        why: Option<String>,
        /// Who acts.
        #[arg(long = "as", value_name = "ACTOR")]
        actor: String,
    },
    /// Give a message up for good; what it said is wiped.
    Discard {
        message: Uuid,
        /// Who acts.
        #[arg(long = "as", value_name = "ACTOR")]
        actor: String,
        /// Why nobody needs it.
        #[arg(long)]
        text: String,
    },
}

/// `aftercare inbound …`.
pub async fn run(home: &Home, options: Inbound, output: Output) -> anyhow::Result<ExitCode> {
    let mut client = InboundMessagesClient::new(remote::channel(home, home::service("intake")?).await?);
    let done = match options.what {
        What::List => {
            output.show(&Listed { quarantined: list(&mut client).await? })?;
            return Ok(ExitCode::SUCCESS);
        }
        What::Show { message, actor, purpose } => {
            let m = RevealInboundRequest { inbound_id: message.to_string(), purpose };
            let shown = client.reveal_inbound(remote::request_as(m, &actor)?).await;
            let RevealInboundResponse { kind, body, size } =
                shown.map_err(|status| remote::refusal(&status))?.into_inner();
            output.show(&Said { kind, body: String::from_utf8_lossy(&body).into_owned(), size })?;
            return Ok(ExitCode::SUCCESS);
        }
        What::Retry { message, why, actor } => {
            let ids: Vec<String> = match (message, why) {
                (Some(message), _) => vec![message.to_string()],
                (None, why) => {
                    let why = why.unwrap_or_default();
                    let rows = list(&mut client).await?.into_iter().filter(|row| row.reason.contains(&why));
                    rows.map(|row| row.inbound_id).collect()
                }
            };
            if ids.is_empty() {
                output.note("nothing in quarantine says so");
            }
            for inbound_id in ids {
                let tried = client.retry_inbound(remote::request_as(RetryInboundRequest { inbound_id }, &actor)?).await;
                output.show(&remote::Done::of(tried)?)?;
            }
            return Ok(ExitCode::SUCCESS);
        }
        What::Discard { message, actor, text } => {
            let m = DiscardInboundRequest { inbound_id: message.to_string(), reason: text };
            client.discard_inbound(remote::request_as(m, &actor)?).await
        }
    };
    output.show(&remote::Done::of(done)?)?;
    Ok(ExitCode::SUCCESS)
}

async fn list(client: &mut InboundMessagesClient<Channel>) -> anyhow::Result<Vec<Row>> {
    let (mut rows, mut token) = (Vec::new(), String::new());
    loop {
        let m = ListQuarantinedRequest { page: Some(Page { size: 200, token }) };
        let answer = client.list_quarantined(remote::request(m)).await;
        let answer = answer.map_err(|status| remote::refusal(&status))?.into_inner();
        rows.extend(answer.messages.into_iter().map(Row::of));
        token = answer.next_page_token;
        if token.is_empty() {
            return Ok(rows);
        }
    }
}

/// What a message says; of a long one the beginning.
#[derive(Serialize)]
struct Said {
    kind: String,
    body: String,
    size: u64,
}

impl Report for Said {
    fn text(&self) -> String {
        format!("{}, {} bytes\n\n{}", self.kind, self.size, self.body)
    }
}

#[derive(Serialize)]
struct Listed {
    quarantined: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    inbound_id: String,
    source: String,
    message_id: String,
    received_at: Option<Timestamp>,
    tries: u32,
    reason: String,
}

impl Row {
    fn of(message: QuarantinedMessage) -> Self {
        let received_at = instant(message.received_at.as_ref());
        let QuarantinedMessage { inbound_id, source, message_id, tries, reason, .. } = message;
        Self { inbound_id, source, message_id, received_at, tries, reason }
    }
}

impl Report for Listed {
    fn text(&self) -> String {
        if self.quarantined.is_empty() {
            return "nothing is in quarantine".into();
        }
        let row = |row: &Row| {
            let (at, tries) = (shown(row.received_at), row.tries.to_string());
            vec![at, row.source.clone(), row.message_id.clone(), tries, row.reason.clone(), row.inbound_id.clone()]
        };
        table(&["received", "source", "message", "tries", "why", "id"], self.quarantined.iter().map(row))
    }
}
