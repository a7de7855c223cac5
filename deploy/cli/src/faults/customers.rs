//! Customers who come at a steady pace, whatever happens to the house: sales and contacts over REST, answers over gRPC. What
//! is not answered is said again with the same key until it is; now and then something is said twice anyway.
//! Invariant: nothing goes into the book that was not read from an answer.
use std::{
    collections::{BTreeMap, HashSet},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use backbone::Outside;
use contracts::scheduling::v1::{RecordAnswerRequest, scheduling_client::SchedulingClient};
use futures::{StreamExt, stream};
use reqwest::{Client, StatusCode};
use serde::{Deserialize, Serialize};
use tonic::{Code, transport::Channel};
use uuid::Uuid;

use super::script::{Contact, RATE, Script, Step};
use crate::{
    drive::{Driver, staff},
    forms::{Answer, Sale},
    home,
};

/// How many customers wait for an answer at the same time, at most.
const ABREAST: usize = 64;
const PACE: Duration = Duration::from_millis(1000 / RATE as u64);
/// A customer who got no answer tries again after this.
const AGAIN: Duration = Duration::from_millis(100);
/// Nobody waits longer for one answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);
/// A customer who gets no answer for so long gives up, and the run does not hold.
const GIVE_UP: Duration = Duration::from_secs(120);
/// One in so many says again what was already accepted.
const TWICE: usize = 8;

/// What was accepted.
#[derive(Clone, Debug, Default)]
pub struct Book {
    pub sales: Vec<Uuid>,
    pub contacts: Vec<Taken>,
    /// Follow-ups that were answered.
    pub answered: Vec<Uuid>,
    /// Those of them whose answer is a problem.
    pub problems: Vec<Uuid>,
    /// Requests nobody answered, or that were told to come back; each was made again.
    pub again: u64,
    /// Requests made again although they had been accepted.
    pub twice: u64,
    /// Answers nobody should get, and how often.
    pub odd: BTreeMap<String, u64>,
    attempts: Vec<Attempt>,
}

/// A request as it was made once.
#[derive(Clone, Copy, Debug)]
struct Attempt {
    sent: Instant,
    ended: Instant,
    accepted: bool,
}

/// A contact that is on record.
#[derive(Clone, Debug)]
pub struct Taken {
    pub marker: String,
    pub case_id: Uuid,
    pub complaint_id: Option<Uuid>,
}

/// The load in figures.
#[derive(Clone, Debug, Serialize)]
pub struct Load {
    pub sales: usize,
    pub contacts: usize,
    pub answers: usize,
    pub said_again_for_want_of_an_answer: u64,
    pub said_twice: u64,
}

impl Book {
    pub fn load(&self) -> Load {
        Load {
            sales: self.sales.len(),
            contacts: self.contacts.len(),
            answers: self.answered.len(),
            said_again_for_want_of_an_answer: self.again,
            said_twice: self.twice,
        }
    }

    /// Complaints that follow from accepted contacts.
    pub fn complaints(&self) -> HashSet<Uuid> {
        self.contacts.iter().filter_map(|taken| taken.complaint_id).collect()
    }

    fn odd(&mut self, what: String) {
        *self.odd.entry(what).or_default() += 1;
    }
}

/// The customers.
pub struct Customers<'a> {
    driver: &'a Driver,
    script: &'a Script,
    client: Client,
    intake: String,
    scheduling: Channel,
    book: Mutex<Book>,
}

/// A request and where it goes.
struct Ask<'a> {
    path: &'a str,
    form: &'static str,
    key: String,
    body: String,
}

/// What is read of the answer to a contact.
#[derive(Deserialize)]
struct CaseView {
    case_id: Uuid,
    complaint_id: Option<Uuid>,
}

impl<'a> Customers<'a> {
    pub fn new(driver: &'a Driver, script: &'a Script) -> anyhow::Result<Self> {
        Ok(Self {
            driver,
            script,
            client: Outside::new(None)?.client(ANSWER_WITHIN)?,
            intake: driver.home.url(home::service("intake")?)?,
            scheduling: driver.channel("scheduling")?,
            book: Mutex::default(),
        })
    }

    pub fn book(&self) -> Book {
        self.write(|book| book.clone())
    }

    /// They come until the house closes or the script ends; those inside are served to the end.
    pub async fn come(&self, closing: &AtomicBool) -> anyhow::Result<()> {
        let steps =
            stream::unfold((self.script.steps.iter().enumerate(), Instant::now()), |(mut steps, due)| async move {
                tokio::time::sleep_until(due.into()).await;
                let step = steps.next().filter(|_| !closing.load(Ordering::Relaxed))?;
                // Who was kept waiting does not hurry afterwards.
                Some((step, (steps, (due + PACE).max(Instant::now()))))
            });
        let brought = steps.map(|(number, step)| self.bring(number, step)).buffer_unordered(ABREAST);
        brought.collect::<Vec<()>>().await;
        Ok(())
    }

    /// How long after `since` requests were accepted again: from then to the first accepted one that was sent after the
    /// last that failed. `None`: none was in time.
    pub async fn accepted_since(&self, since: Instant, within: Duration) -> Option<Duration> {
        let first = |book: &mut Book| again(&book.attempts, since);
        loop {
            let found = self.write(first);
            if found.is_some() || since.elapsed() >= within {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn bring(&self, number: usize, step: &Step) {
        match step {
            Step::Sale(at) => {
                if let Some(sale) = self.script.sales.get(*at) {
                    self.sell(number, sale).await;
                }
            }
            Step::Contact(contact) => self.contact(number, contact).await,
            Step::Answer(answer) => self.answer(answer).await,
        }
    }

    async fn sell(&self, number: usize, sale: &Sale) {
        let Ok(body) = sale.line() else { return };
        let id = sale.purchase_id();
        let ask = Ask { path: "/v1/sales", form: "application/x-ndjson", key: format!("sale-{id}"), body };
        if self.insist(&ask).await.is_some() {
            self.write(|book| book.sales.push(id));
            if number.is_multiple_of(TWICE) && self.insist(&ask).await.is_some() {
                self.write(|book| book.twice += 1);
            }
        }
    }

    async fn contact(&self, number: usize, contact: &Contact) {
        let Some(body) = self.script.body(contact) else { return };
        let ask = Ask { path: "/v1/cases", form: "application/json", key: contact.marker.clone(), body };
        let Some(first) = self.insist(&ask).await else { return };
        let Ok(view) = serde_json::from_slice::<CaseView>(&first) else {
            return self.write(|book| book.odd("an answer to a contact that cannot be read".into()));
        };
        let marker = contact.marker.clone();
        self.write(|book| {
            if contact.case_id().is_some_and(|id| id != view.case_id) {
                book.odd("a contact was answered with another case's id".into());
            }
            if view.complaint_id.is_some() != contact.is_complaint() {
                book.odd("a contact was taken for something else".into());
            }
            book.contacts.push(Taken { marker, case_id: view.case_id, complaint_id: view.complaint_id });
        });
        if number.is_multiple_of(TWICE)
            && let Some(second) = self.insist(&ask).await
        {
            self.write(|book| {
                book.twice += 1;
                if first != second {
                    book.odd("the same request with the same key got another answer".into());
                }
            });
        }
    }

    /// Over gRPC; a follow-up that is not known yet will be.
    async fn answer(&self, answer: &Answer) {
        let Ok(purchase) = answer.purchase() else { return };
        let request = RecordAnswerRequest {
            purchase_id: purchase.to_string(),
            score: answer.score,
            discomfort: answer.discomfort,
            comment: answer.comment.clone(),
            ..RecordAnswerRequest::default()
        };
        let (key, until) = (answer.key(purchase), Instant::now() + GIVE_UP);
        loop {
            let told = self.driver.insist(|| {
                let mut client = SchedulingClient::new(self.scheduling.clone());
                let request = staff("staff:follow-up-gao", &key, request.clone());
                async move { client.record_answer(request).await }
            });
            let status = match told.await {
                Ok(Ok(receipt)) => return self.write(|book| answered(book, &receipt.id, answer)),
                Ok(Err(status)) => status,
                Err(error) => return self.write(|book| book.odd(format!("an answer to a follow-up: {error:#}"))),
            };
            if status.code() != Code::NotFound || Instant::now() > until {
                return self.write(|book| book.odd(format!("an answer to a follow-up: {status}")));
            }
            tokio::time::sleep(AGAIN * 3).await;
        }
    }

    /// Asks until it is accepted; `None` when it never is. Only "busy" and "away" are fair answers meanwhile.
    async fn insist(&self, ask: &Ask<'_>) -> Option<Vec<u8>> {
        let until = Instant::now() + GIVE_UP;
        while Instant::now() < until {
            let sent = Instant::now();
            let heard = self.once(ask).await;
            let accepted = heard.as_ref().is_ok_and(|(status, _)| status.is_success());
            self.write(|book| book.attempts.push(Attempt { sent, ended: Instant::now(), accepted }));
            match heard {
                Ok((_, body)) if accepted => return Some(body),
                Ok((status, body)) if !is_passing(status) => {
                    let said = String::from_utf8_lossy(&body).into_owned();
                    self.write(|book| book.odd(format!("{} {status}: {said}", ask.path)));
                    if status.is_client_error() {
                        return None;
                    }
                }
                Ok(_) | Err(_) => self.write(|book| book.again += 1),
            }
            tokio::time::sleep(AGAIN).await;
        }
        self.write(|book| book.odd(format!("{}: never accepted", ask.path)));
        None
    }

    async fn once(&self, ask: &Ask<'_>) -> reqwest::Result<(StatusCode, Vec<u8>)> {
        let request = self.client.post(format!("{}{}", self.intake, ask.path));
        let request = request.header("content-type", ask.form).header("idempotency-key", &ask.key);
        let answer = request.body(ask.body.clone()).send().await?;
        let status = answer.status();
        Ok((status, answer.bytes().await?.to_vec()))
    }

    fn write<T>(&self, change: impl FnOnce(&mut Book) -> T) -> T {
        change(&mut self.book.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn answered(book: &mut Book, follow_up: &str, answer: &Answer) {
    match follow_up.parse() {
        Ok(id) => {
            book.answered.push(id);
            if answer.score <= 2 || answer.discomfort {
                book.problems.push(id);
            }
        }
        Err(_) => book.odd("an answer to a follow-up names none".into()),
    }
}

fn again(attempts: &[Attempt], since: Instant) -> Option<Duration> {
    let felt = attempts.iter().filter(|attempt| attempt.ended >= since);
    let from = felt.clone().filter(|attempt| !attempt.accepted).map(|failed| failed.sent).fold(since, Instant::max);
    felt.filter(|attempt| attempt.accepted && attempt.sent >= from).map(|accepted| accepted.ended - since).min()
}

fn is_passing(status: StatusCode) -> bool {
    matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepted_again_means_after_the_last_that_failed() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let attempt = |sent, ended, accepted| Attempt { sent: at(sent), ended: at(ended), accepted };
        let since = at(100);
        let mut attempts = vec![attempt(50, 60, false), attempt(90, 95, true), attempt(98, 110, true)];
        assert_eq!(again(&attempts, since), None, "all were sent before");
        attempts.push(attempt(105, 115, true));
        assert_eq!(again(&attempts, since), Some(Duration::from_millis(15)));
        attempts.extend([attempt(120, 5000, false), attempt(110, 130, true), attempt(200, 260, true)]);
        assert_eq!(again(&attempts, since), Some(Duration::from_millis(160)), "one got through before it was felt");
    }
}
