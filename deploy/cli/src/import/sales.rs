//! Sales in bulk to intake: a few requests of up to a thousand lines at once. A refused request names its bad lines; they
//! are put aside and the rest is sent again.
//! Invariant: a line counts as taken only when intake said that its whole request is stored.
use std::path::Path;

use anyhow::{Context, bail};
use futures::{StreamExt, TryStreamExt};
use indicatif::ProgressBar;
use reqwest::{Client, Response, StatusCode};
use serde::Deserialize;
use tokio::sync::mpsc;

use super::{
    Line, Outcome, Rejection, TRIES, WAIT,
    input::{self, Form, Input, Lines},
    orders,
    rejected::Rejected,
    rejected_path,
};
use crate::{home, home::Home, output::Output, remote};

const LINES_MAX: usize = 1000;
const BYTES_MAX: usize = 1 << 20;
/// Requests under way at once.
const IN_FLIGHT: usize = 4;

/// A read order, or why it cannot be one.
pub type Read = anyhow::Result<Result<Line, Rejection>>;

/// `aftercare import sales FILE`.
pub async fn import(home: &Home, file: &Path, output: Output) -> anyhow::Result<Outcome> {
    let Input { form, reader, progress } = input::open(file, output, "sales")?;
    let lines: Box<dyn Iterator<Item = Read> + Send> = match form {
        Form::Csv => Box::new(orders::of(reader)?),
        Form::Ndjson => Box::new(Lines::of(reader)),
    };
    let sent = send(home, lines, progress).await?;
    let rejected_file = sent.rejected.write(&rejected_path(file, "sales"))?;
    let known = sent.updated + sent.unchanged;
    Ok(Outcome { what: "sales", taken: sent.taken, known: Some(known), rejected: sent.rejected.count(), rejected_file })
}

/// What became of orders that were sent.
#[derive(Default)]
pub struct Sent {
    pub taken: u64,
    /// Of those taken: new, known and now delivered, known exactly so.
    pub recorded: u64,
    pub updated: u64,
    pub unchanged: u64,
    pub rejected: Rejected,
}

/// Sends orders, each as one line of JSON. Errors: reading fails, or intake cannot be reached for longer than a while.
pub async fn send(
    home: &Home,
    lines: impl Iterator<Item = Read> + Send + 'static,
    progress: ProgressBar,
) -> anyhow::Result<Sent> {
    let address = format!("{}/v1/sales", home.url(home::service("intake")?)?);
    let door = Door { client: remote::http()?, address };
    let (sender, receiver) = mpsc::channel(IN_FLIGHT);
    let reading = tokio::task::spawn_blocking(move || {
        for portion in Portions(lines) {
            if sender.blocking_send(portion).is_err() {
                return;
            }
        }
    });
    let receiver = futures::stream::unfold(receiver, |mut receiver| async { Some((receiver.recv().await?, receiver)) });
    let mut sent = Sent::default();
    let deliveries = receiver.map(|portion| door.deliver(portion)).buffer_unordered(IN_FLIGHT);
    let mut answers = std::pin::pin!(deliveries);
    while let Some((taken, rejections)) = answers.try_next().await? {
        sent.recorded += taken.recorded;
        sent.updated += taken.updated;
        sent.unchanged += taken.unchanged;
        sent.taken += taken.lines;
        rejections.into_iter().for_each(|rejection| sent.rejected.add(rejection));
        progress.set_message(format!("{} taken, {} rejected", sent.taken, sent.rejected.count()));
    }
    reading.await?;
    progress.finish_and_clear();
    Ok(sent)
}

/// Lines that go in one request, and those that were refused before.
type Portion = anyhow::Result<(Vec<Line>, Vec<Rejection>)>;

struct Portions<I>(I);

impl<I: Iterator<Item = Read>> Iterator for Portions<I> {
    type Item = Portion;

    fn next(&mut self) -> Option<Portion> {
        let (mut lines, mut rejections, mut bytes) = (Vec::new(), Vec::new(), 0);
        while lines.len() + rejections.len() < LINES_MAX && bytes < BYTES_MAX {
            match self.0.next() {
                Some(Ok(Ok(line))) => {
                    bytes += line.text.len();
                    lines.push(line);
                }
                Some(Ok(Err(rejection))) => rejections.push(rejection),
                Some(Err(error)) => return Some(Err(error)),
                None if lines.is_empty() && rejections.is_empty() => return None,
                None => break,
            }
        }
        Some(Ok((lines, rejections)))
    }
}

/// Where sales are taken in.
struct Door {
    client: Client,
    address: String,
}

/// What intake says of a request it took.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Taken {
    #[serde(skip)]
    lines: u64,
    recorded: u64,
    updated: u64,
    unchanged: u64,
}

/// What intake says of a request it did not take.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Problem {
    detail: String,
    errors: Vec<Wrong>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Wrong {
    /// Of the request, from 1.
    line: Option<usize>,
    field: String,
    reason: String,
    hint: Option<String>,
}

impl Door {
    /// Sends until all that can be taken is taken. Answers how many were, and the rest.
    async fn deliver(&self, portion: Portion) -> anyhow::Result<(Taken, Vec<Rejection>)> {
        let (mut lines, mut rejections) = portion?;
        while !lines.is_empty() {
            let answer = self.post(&lines).await?;
            let status = answer.status();
            if status.is_success() {
                let taken: Taken = answer.json().await.context("intake took sales and did not say which")?;
                return Ok((Taken { lines: lines.len() as u64, ..taken }, rejections));
            }
            let problem: Problem = answer.json().await.unwrap_or_default();
            let refused = matches!(status, StatusCode::UNPROCESSABLE_ENTITY | StatusCode::CONFLICT);
            let bad = if refused { sort_out(&mut lines, &problem.errors) } else { vec![] };
            if bad.is_empty() {
                let errors: Vec<String> = problem.errors.iter().map(Wrong::text).collect();
                bail!("intake does not take sales: {status}: {} {}", problem.detail, errors.join("; "));
            }
            rejections.extend(bad);
        }
        Ok((Taken::default(), rejections))
    }

    /// One request; waits and tries again while intake is busy or starting.
    async fn post(&self, lines: &[Line]) -> anyhow::Result<Response> {
        let body: String = lines.iter().flat_map(|line| [line.text.as_str(), "\n"]).collect();
        for tried in 1.. {
            let request = self.client.post(&self.address).header("content-type", "application/x-ndjson");
            let answer = request.body(body.clone()).send().await;
            let busy = match &answer {
                Ok(answer) => matches!(answer.status().as_u16(), 429 | 500..=599),
                Err(_) => true,
            };
            if !busy || tried >= TRIES {
                return answer.context("intake does not answer; `aftercare up` starts it");
            }
            tokio::time::sleep(WAIT).await;
        }
        bail!("intake was asked {TRIES} times")
    }
}

/// Takes the lines out that are wrong, each with all that is wrong with it.
fn sort_out(lines: &mut Vec<Line>, errors: &[Wrong]) -> Vec<Rejection> {
    let all = std::mem::take(lines);
    let mut bad = Vec::new();
    for (position, line) in all.into_iter().enumerate() {
        let of_line: Vec<String> =
            errors.iter().filter(|wrong| wrong.line == Some(position + 1)).map(Wrong::text).collect();
        if of_line.is_empty() {
            lines.push(line);
        } else {
            bad.push(Rejection { line, reason: of_line.join("; ") });
        }
    }
    bad
}

impl Wrong {
    fn text(&self) -> String {
        let hint = self.hint.as_ref().map(|hint| format!(" ({hint})")).unwrap_or_default();
        let field = if self.field.is_empty() { String::new() } else { format!("{}: ", self.field) };
        format!("{field}{}{hint}", self.reason)
    }
}

#[cfg(test)]
#[path = "sales_tests.rs"]
mod tests;
