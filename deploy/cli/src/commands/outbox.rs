//! `aftercare outbox`: the messages customers would have got, as the sink took them.
use std::process::ExitCode;

use anyhow::Context;
use serde::{Deserialize, Serialize};

use crate::{
    args::Outbox,
    home::Home,
    output::{Output, Report},
    remote,
    sink::{Medium, Received},
};

/// `aftercare outbox`.
pub async fn run(home: &Home, options: &Outbox, output: Output) -> anyhow::Result<ExitCode> {
    output.show(&messages(home, options.about.as_deref().unwrap_or_default(), options.limit).await?)?;
    Ok(ExitCode::SUCCESS)
}

/// The newest messages that speak of `about`, oldest first. Errors: the sink does not answer.
pub async fn messages(home: &Home, about: &str, limit: u32) -> anyhow::Result<Messages> {
    let limit = limit.to_string();
    let query = [("about", about), ("limit", limit.as_str())];
    let address =
        reqwest::Url::parse_with_params(&format!("http://127.0.0.1:{}/messages", home.ports()?.sink()), query)?;
    let answer =
        remote::http()?.get(address).send().await.context("the sink does not answer; `aftercare up` starts it")?;
    Ok(answer.error_for_status()?.json().await?)
}

/// What the sink took.
#[derive(Serialize, Deserialize)]
pub struct Messages {
    pub messages: Vec<Received>,
}

impl Report for Messages {
    fn text(&self) -> String {
        if self.messages.is_empty() {
            return "no message yet".to_owned();
        }
        self.messages.iter().map(text).collect::<Vec<_>>().join("\n\n")
    }
}

fn text(message: &Received) -> String {
    let medium = match message.medium {
        Medium::Email => "e-mail",
        Medium::Sms => "short message",
    };
    let repeated = if message.repeated { " (repeated: the customer would have got it once)" } else { "" };
    let head = format!("{}  {medium} to {}{repeated}", message.received_at, message.to.join(", "));
    let subject = if message.subject.is_empty() { String::new() } else { format!("\n  {}", message.subject) };
    let body: String = message.text.trim_end().lines().map(|line| format!("\n  {line}")).collect();
    format!("{head}{subject}{body}")
}
