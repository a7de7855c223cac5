//! Customers' answers to scheduling, one call each, many purchases at once, the answers of one purchase in their order.
//! Invariant: an answer is recorded once, however often it is imported (its key follows from its content).
use std::{
    collections::BTreeMap,
    io::BufRead,
    path::Path,
    time::{Duration, Instant},
};

use anyhow::bail;
use contracts::scheduling::v1::scheduling_client::SchedulingClient;
use contracts::{Timestamp as At, scheduling::v1::RecordAnswerRequest};
use futures::{StreamExt, TryStreamExt};
use tonic::{Code, transport::Channel};
use uuid::Uuid;

use super::{
    Line, Outcome, Rejection, TRIES, WAIT,
    input::{self, Form, Input, Lines},
    rejected::Rejected,
    rejected_path,
    rows::{Row, Rows},
};
use crate::{forms::Answer, home, home::Home, output::Output, remote};

const NEEDED: [&str; 1] = ["score"];
const OPTIONAL: [&str; 6] = ["purchase_id", "channel", "order_ref", "discomfort", "comment", "answered_at"];
/// Answers held in memory at once.
const BLOCK: usize = 4000;
/// Purchases whose answers are under way at once.
const IN_FLIGHT: usize = 32;
/// How long scheduling may take to learn of the sales.
const CAUGHT_UP_WITHIN: Duration = Duration::from_secs(120);

/// An answer, and the line it stands in.
pub type Told = (Line, Answer);
type Read = anyhow::Result<Result<Told, Rejection>>;

/// `aftercare import feedback FILE`.
pub async fn import(home: &Home, file: &Path, output: Output) -> anyhow::Result<Outcome> {
    let Input { form, reader, progress } = input::open(file, output, "answers")?;
    let mut answers = match form {
        Form::Csv => of_csv(reader)?,
        Form::Ndjson => of_ndjson(reader),
    };
    wait_until_caught_up(home).await?;
    let channel = remote::channel(home, home::service("scheduling")?).await?;
    let (mut taken, mut rejected) = (0, Rejected::default());
    loop {
        let block: Vec<Read> = answers.by_ref().take(BLOCK).collect();
        if block.is_empty() {
            break;
        }
        let mut told = Vec::new();
        for read in block {
            match read? {
                Ok(answer) => told.push(answer),
                Err(rejection) => rejected.add(rejection),
            }
        }
        let (recorded, refused) = record(&channel, told).await?;
        taken += recorded;
        refused.into_iter().for_each(|rejection| rejected.add(rejection));
        progress.set_message(format!("{taken} taken, {} rejected", rejected.count()));
    }
    progress.finish_and_clear();
    let rejected_file = rejected.write(&rejected_path(file, "feedback"))?;
    Ok(Outcome { what: "answers", taken, known: None, rejected: rejected.count(), rejected_file })
}

/// Records answers. Answers how many were, and the others with the reason.
/// Errors: scheduling cannot be reached for longer than a while.
pub async fn record(channel: &Channel, answers: Vec<Told>) -> anyhow::Result<(u64, Vec<Rejection>)> {
    let mut rejections = Vec::new();
    let mut by_purchase: BTreeMap<Uuid, Vec<Told>> = BTreeMap::new();
    for (line, answer) in answers {
        match answer.purchase() {
            Ok(purchase) => by_purchase.entry(purchase).or_default().push((line, answer)),
            Err(reason) => rejections.push(Rejection { line, reason }),
        }
    }
    let lanes = by_purchase.into_iter().map(|(purchase, answers)| record_in_order(channel, purchase, answers));
    let mut done = futures::stream::iter(lanes).buffer_unordered(IN_FLIGHT);
    let mut taken = 0;
    while let Some((recorded, refused)) = done.try_next().await? {
        taken += recorded;
        rejections.extend(refused);
    }
    Ok((taken, rejections))
}

async fn record_in_order(channel: &Channel, purchase: Uuid, told: Vec<Told>) -> anyhow::Result<(u64, Vec<Rejection>)> {
    let (mut taken, mut rejections) = (0, Vec::new());
    for (line, answer) in told {
        match record_one(channel, purchase, answer).await? {
            Ok(()) => taken += 1,
            Err(reason) => rejections.push(Rejection { line, reason }),
        }
    }
    Ok((taken, rejections))
}

async fn record_one(channel: &Channel, purchase: Uuid, answer: Answer) -> anyhow::Result<Result<(), String>> {
    let key = answer.key(purchase);
    let request = RecordAnswerRequest {
        follow_up_id: String::new(),
        purchase_id: purchase.to_string(),
        score: answer.score,
        discomfort: answer.discomfort,
        comment: answer.comment,
        answered_at: answer.answered_at.map(|at| At { seconds: at.as_second(), nanos: at.subsec_nanosecond() }),
    };
    for _ in 0..TRIES {
        let mut client = SchedulingClient::new(channel.clone());
        let Err(status) = client.record_answer(remote::keyed(request.clone(), &key)?).await else { return Ok(Ok(())) };
        match status.code() {
            Code::InvalidArgument
            | Code::NotFound
            | Code::FailedPrecondition
            | Code::AlreadyExists
            | Code::OutOfRange => {
                return Ok(Err(status.message().to_owned()));
            }
            // The key has it done once, so a connection that breaks on the way is no end either.
            Code::Unavailable
            | Code::ResourceExhausted
            | Code::DeadlineExceeded
            | Code::Aborted
            | Code::Cancelled
            | Code::Unknown => tokio::time::sleep(WAIT).await,
            _ => return Err(remote::refusal(&status)),
        }
    }
    bail!("scheduling does not answer; `aftercare status` says how it is")
}

/// Waits until every sale that intake has taken is known to scheduling.
async fn wait_until_caught_up(home: &Home) -> anyhow::Result<()> {
    let until = Instant::now() + CAUGHT_UP_WITHIN;
    loop {
        let status = crate::commands::status::ask_all(home).await;
        let of = |name: &str| status.iter().flatten().find(|answer| answer.service == name);
        let (Some(intake), Some(scheduling)) = (of("intake"), of("scheduling")) else {
            bail!("intake and scheduling must run; `aftercare up` starts them");
        };
        let unread: u64 = scheduling
            .consumers
            .iter()
            .filter(|consumer| consumer.stream == "INTAKE")
            .map(crate::commands::status::lag)
            .sum();
        if intake.relay_backlog == 0 && unread == 0 {
            return Ok(());
        }
        if Instant::now() > until {
            bail!("scheduling does not get to know the sales; `aftercare status` says how it is");
        }
        tokio::time::sleep(WAIT).await;
    }
}

fn of_ndjson(reader: Box<dyn BufRead + Send>) -> Box<dyn Iterator<Item = Read> + Send> {
    Box::new(Lines::of(reader).map(|read| {
        read.map(|line| {
            let line = line?;
            match serde_json::from_str(&line.text) {
                Ok(answer) => Ok((line, answer)),
                Err(error) => Err(Rejection { line, reason: error.to_string() }),
            }
        })
    }))
}

fn of_csv(reader: Box<dyn BufRead + Send>) -> anyhow::Result<Box<dyn Iterator<Item = Read> + Send>> {
    let rows = Rows::of(reader, &NEEDED, &OPTIONAL)?;
    let named = rows.has("purchase_id") || (rows.has("channel") && rows.has("order_ref"));
    if !named {
        bail!("a column purchase_id, or the columns channel and order_ref, must say which purchase an answer is about");
    }
    Ok(Box::new(rows.map(|read| {
        read.map(|row| {
            let row = row?;
            match answer(&row) {
                Ok(answer) => Ok((row.line, answer)),
                Err(reason) => Err(row.reject(reason)),
            }
        })
    })))
}

fn answer(row: &Row) -> Result<Answer, String> {
    let text = |column| row.get(column).map(str::to_owned);
    row.required("score")?;
    Ok(Answer {
        purchase_id: row.parsed("purchase_id", "a UUID")?,
        channel: text("channel"),
        order_ref: text("order_ref"),
        score: row.parsed("score", "a number from 1 to 5")?.unwrap_or_default(),
        discomfort: row.parsed("discomfort", "true or false")?.unwrap_or_default(),
        comment: text("comment").unwrap_or_default(),
        answered_at: row.parsed("answered_at", "an instant such as 2024-05-01T10:00:00Z")?,
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use std::io::Cursor;

    use super::*;
    use crate::forms::purchase_id;

    fn csv(text: &str) -> Vec<Result<Told, Rejection>> {
        of_csv(Box::new(Cursor::new(text.as_bytes().to_vec()))).unwrap().map(Result::unwrap).collect()
    }

    #[test]
    fn csv_answers_are_read_with_what_is_there() {
        let told = csv("channel,order_ref,score,discomfort,comment,answered_at\n\
                        shop,A-1,2,true,\"it leaks, badly\",2024-05-01T10:00:00Z\n\
                        shop,A-2,5,,,\n\
                        shop,A-3,good,,,\n");
        let (line, answer) = told.first().unwrap().clone().unwrap();
        assert_eq!((line.number, answer.score, answer.discomfort), (2, 2, true));
        assert_eq!(answer.comment, "it leaks, badly");
        assert_eq!(answer.purchase(), Ok(purchase_id("shop", "A-1")));
        let second = told.get(1).unwrap().clone().unwrap().1;
        assert_eq!((second.discomfort, second.answered_at), (false, None));
        assert_eq!(told.get(2).unwrap().clone().unwrap_err().reason, "score: \"good\" is not a number from 1 to 5");
    }

    #[test]
    fn ndjson_answers_with_unknown_names_are_refused() {
        let text = "{\"channel\":\"shop\",\"order_ref\":\"1\",\"score\":4}\n{\"scoer\":4}\n";
        let told: Vec<Result<Told, Rejection>> =
            of_ndjson(Box::new(Cursor::new(text.as_bytes().to_vec()))).map(Result::unwrap).collect();
        assert_eq!(told.first().unwrap().clone().unwrap().1.score, 4);
        assert!(told.get(1).unwrap().clone().unwrap_err().reason.contains("scoer"));
    }

    #[test]
    fn answers_to_nothing_are_refused_at_once() {
        let text = Box::new(Cursor::new(b"score\n5\n".to_vec()));
        assert!(of_csv(text).err().unwrap().to_string().contains("which purchase"));
    }
}
