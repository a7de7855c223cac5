//! `aftercare tail`: what a department's team or management sees, event by event, straight from their own subjects.
//! Invariant: nothing is acknowledged or changed; anybody may look at any time.
use std::process::ExitCode;

use anyhow::Context as _;
use async_nats::{
    HeaderMap,
    jetstream::{
        self, Context,
        consumer::{DeliverPolicy, pull::OrderedConfig},
    },
};
use futures::StreamExt;

use super::event::{Event, data};
use crate::{
    args::{Tail, TailHow, TailWhat},
    home::Home,
    output::Output,
    stack::{nats, secrets::Secrets},
};

/// The first word of all subjects of a local system.
const SPACE: &str = "aftercare";
/// Where the departments stand.
const ROUTING: &str = include_str!("../../../../services/complaint/default.toml");

/// The departments of the routing table, as complaint comes with it.
pub fn departments() -> impl Iterator<Item = &'static str> {
    let lines = ROUTING.lines().skip_while(|line| *line != "[service.departments]").skip(1);
    lines.map_while(|line| Some(line.split_once(" = ")?.0))
}

/// A department's name. A house may have other departments than those complaint comes with. Errors: no such word.
pub fn department(word: &str) -> Result<String, String> {
    let letters = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if word.starts_with(|c: char| c.is_ascii_lowercase()) && word.chars().all(letters) && word.len() <= 40 {
        return Ok(word.to_owned());
    }
    Err(format!("must be a lower-case word, such as one of those aftercare comes with: {}", shipped()))
}

/// The departments complaint comes with, for people.
pub fn shipped() -> String {
    departments().collect::<Vec<_>>().join(", ")
}

/// `aftercare tail department NAME` and `aftercare tail escalations`.
pub async fn run(home: &Home, options: &Tail, output: Output) -> anyhow::Result<ExitCode> {
    let (stream, subject, how) = match &options.what {
        TailWhat::Department { name, how } => ("DEPT", format!("dept.v1.{name}.>"), how),
        TailWhat::Escalations { how } => ("ESCALATION", "escalation.v1.>".to_owned(), how),
    };
    if let TailWhat::Department { name, .. } = &options.what
        && !departments().any(|shipped| shipped == name)
    {
        output.note(&format!(
            "{name} is none of the departments aftercare comes with ({}); followed all the same",
            shipped()
        ));
    }
    let jetstream = jetstream(home, &Secrets::open(home)?).await?;
    follow(&jetstream, stream, &subject, *how, output).await?;
    Ok(ExitCode::SUCCESS)
}

/// A stream's name on the server.
pub fn stream_name(stream: &str) -> String {
    format!("{}_{stream}", SPACE.to_uppercase())
}

/// A connection to the running NATS. Errors: it does not answer.
pub async fn jetstream(home: &Home, secrets: &Secrets) -> anyhow::Result<Context> {
    Ok(jetstream::new(nats::connect(home, secrets).await?))
}

async fn follow(jetstream: &Context, stream: &str, subject: &str, how: TailHow, output: Output) -> anyhow::Result<()> {
    let stream =
        jetstream.get_stream(stream_name(stream)).await.context("the stream is not there; `aftercare topology`")?;
    let config = OrderedConfig {
        filter_subject: format!("{SPACE}.{subject}"),
        deliver_policy: if how.from_start { DeliverPolicy::All } else { DeliverPolicy::New },
        ..OrderedConfig::default()
    };
    let consumer = stream.create_consumer(config).await?;
    if how.no_wait && consumer.cached_info().num_pending == 0 {
        return Ok(());
    }
    let mut messages = consumer.messages().await?;
    let mut shown = 0;
    while how.limit.is_none_or(|limit| shown < limit) {
        let Some(message) = messages.next().await.transpose()? else { break };
        let pending = message.info().map_or(0, |info| info.pending);
        output.show(&event(&message))?;
        shown += 1;
        if how.no_wait && pending == 0 {
            break;
        }
    }
    Ok(())
}

fn event(message: &jetstream::Message) -> Event {
    let empty = HeaderMap::new();
    let headers = message.headers.as_ref().unwrap_or(&empty);
    let header = |name: &str| headers.get(name).map(|value| value.as_str().to_owned()).unwrap_or_default();
    let r#type = header("ce-type");
    Event {
        time: header("ce-time").parse().unwrap_or_default(),
        subject: message.subject.to_string(),
        aggregate_id: header("ce-subject"),
        version: header("aftercare-version").parse().unwrap_or_default(),
        actor: header("aftercare-actor"),
        data: data(&r#type, &message.payload),
        r#type,
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;

    #[test]
    fn the_departments_are_those_of_the_routing_table() {
        let table: toml::Table = ROUTING.parse().unwrap();
        let section = table["service"]["departments"].as_table().unwrap();
        assert!(departments().eq(section.keys()));
        assert!(section.len() > 1);
    }
}
