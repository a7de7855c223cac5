//! The carrier, and how he is spoken to over HTTP: he makes labels for parcels that come back, and says where a parcel is.
//! Invariant: an order is one key for ever, so that a label is made once however often it is asked for; who is out several times
//! in a row is left in peace for a while.
use std::{sync::Arc, time::Duration};

use anyhow::Context as _;
use backbone::{Breaker, Clock, Context, Fault, outside};
use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::domain::order::label::{Told, Way};

/// Who brings parcels.
pub trait Carrier: Send + Sync + 'static {
    /// Makes the label of a parcel under `key`, or gives the one that was made under it.
    fn label(&self, key: Uuid, parcel: &ToLabel<'_>) -> impl Future<Output = Result<Made, Fault>> + Send;
    /// Asks where a parcel is; nothing where he has not seen it yet, or does not know it. Moves nothing.
    fn parcel(&self, tracking_number: &str) -> impl Future<Output = Result<Option<Told>, Fault>> + Send;
}

/// What a label is made for.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct ToLabel<'a> {
    /// Stands on the parcel (the number of the return).
    pub reference: &'a str,
    pub send_to: &'a str,
    /// Of goods, in all.
    pub pieces: u32,
}

/// What the carrier made.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Made {
    pub tracking_number: String,
    /// Where it is printed from.
    pub label_url: String,
}

/// The section `[service.carrier]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Section {
    /// A code, as parcels name it.
    pub name: String,
    pub url: String,
    /// For one request.
    #[serde(default = "ten_seconds")]
    pub timeout: SignedDuration,
    /// What what he tells of parcels is signed with; none: he tells nothing.
    #[serde(default)]
    pub callback_secrets: Vec<SecretString>,
    /// A parcel nothing was told of for so long is asked for, and again after so long; where that was in vain, after a 96th of it.
    #[serde(default = "two_days")]
    pub silent_for: SignedDuration,
    /// So many times in a row no answer came, or one that he is out (5xx, 429), and he is left in peace …
    #[serde(default = "five")]
    pub rest_after: u32,
    /// … for so long.
    #[serde(default = "half_a_minute")]
    pub rest: SignedDuration,
}

fn two_days() -> SignedDuration {
    SignedDuration::from_hours(48)
}

fn five() -> u32 {
    5
}

fn half_a_minute() -> SignedDuration {
    SignedDuration::from_secs(30)
}

fn ten_seconds() -> SignedDuration {
    SignedDuration::from_secs(10)
}

/// The longest answer that is read, in bytes.
const ANSWER_MAX: usize = 16 * 1024;
const WORD_MAX: usize = 200;

/// The carrier over HTTP: `POST /labels` with an `idempotency-key` header, `GET /parcels/{tracking_number}`. Cheap to clone; all
/// of them together leave him in peace.
#[derive(Clone)]
pub struct HttpCarrier {
    client: reqwest::Client,
    url: reqwest::Url,
    pub name: String,
    pub silent_for: SignedDuration,
    clock: Clock,
    breaker: Arc<Breaker>,
}

/// Why he makes none, or says nothing.
#[derive(Deserialize)]
struct Problem {
    #[serde(default)]
    code: String,
    #[serde(default)]
    detail: String,
}

/// Where a parcel is, and since when.
#[derive(Deserialize)]
struct Found {
    status: Way,
    at: Timestamp,
}

/// He has not seen the parcel yet.
const ANNOUNCED: &str = "announced";

impl HttpCarrier {
    /// Errors: an address that is none, a name that is no code, times that are none.
    pub fn new(section: &Section, context: &Context) -> anyhow::Result<Self> {
        let code = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '.');
        let is_code = (1..=64).contains(&section.name.len()) && section.name.chars().all(code);
        anyhow::ensure!(is_code, "carrier.name {:?} must be 1 to 64 of a-z, 0-9, \"_\" and \".\"", section.name);
        anyhow::ensure!(section.timeout.is_positive(), "carrier.timeout must be above 0");
        anyhow::ensure!(section.silent_for.is_positive(), "carrier.silent_for must be above 0");
        anyhow::ensure!(section.rest_after > 0, "carrier.rest_after must be above 0");
        anyhow::ensure!(section.rest.is_positive(), "carrier.rest must be above 0");
        let url = outside::address(section.url.trim_end_matches('/')).context("carrier.url")?;
        let client = context.outside.client(Duration::try_from(section.timeout)?)?;
        let says = "the carrier is out; labels are refused and parcels not asked for meanwhile";
        let breaker = Arc::new(Breaker::new(says, section.rest_after, section.rest));
        let clock = context.clock.clone();
        Ok(Self { client, url, name: section.name.clone(), silent_for: section.silent_for, clock, breaker })
    }

    /// How many parcels he may be asked about at once by now, of `all`.
    pub fn room(&self, all: u8) -> u8 {
        self.breaker.room(all, self.clock.now())
    }

    fn at(&self, path: &[&str]) -> reqwest::Url {
        let mut url = self.url.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        url
    }

    /// His answer. That he is out is counted: none came, or one that says so. What cannot be read says nothing of what else he is
    /// asked. Errors: he is left in peace, or no answer came.
    async fn asked(&self, request: reqwest::RequestBuilder) -> Result<(u16, Vec<u8>), Fault> {
        if self.room(1) == 0 {
            return Err(strange("he gave no answer several times and is asked again soon".into()));
        }
        let answer = answer(request).await;
        let there = answer.as_ref().is_ok_and(|(status, _)| *status < 500 && *status != 429);
        self.breaker.heard(there, self.clock.now());
        answer
    }
}

impl Carrier for HttpCarrier {
    async fn label(&self, key: Uuid, parcel: &ToLabel<'_>) -> Result<Made, Fault> {
        let request = self.client.post(self.at(&["labels"])).header("idempotency-key", key.to_string()).json(parcel);
        made(self.asked(request).await?)
    }

    async fn parcel(&self, tracking_number: &str) -> Result<Option<Told>, Fault> {
        let request = self.client.get(self.at(&["parcels", tracking_number]));
        found(self.asked(request).await?)
    }
}

async fn answer(request: reqwest::RequestBuilder) -> Result<(u16, Vec<u8>), Fault> {
    let away = |error: reqwest::Error| Fault::unavailable(error.without_url());
    let mut answer = request.send().await.map_err(away)?;
    let status = answer.status().as_u16();
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(away)? {
        body.extend_from_slice(&chunk);
        if body.len() > ANSWER_MAX {
            // It cannot be read, and says nothing.
            return Ok((status, Vec::new()));
        }
    }
    Ok((status, body))
}

fn made((status, body): (u16, Vec<u8>)) -> Result<Made, Fault> {
    if status == 422 {
        let why = serde_json::from_slice::<Problem>(&body).map(|problem| problem.detail).unwrap_or_default();
        let why: String = why.chars().filter(|c| !c.is_control()).take(WORD_MAX).collect();
        return Err(Fault::rejected("carrier.refused", format!("the carrier makes no label: {why}")));
    }
    if !(200..=299).contains(&status) {
        return Err(strange(format!("he answers {status}")));
    }
    let made: Made = serde_json::from_slice(&body).map_err(|_| strange("his answer is no label".into()))?;
    let fits = |word: &str| (1..=WORD_MAX).contains(&word.len()) && !word.chars().any(char::is_control);
    match fits(&made.tracking_number) && fits(&made.label_url) {
        true => Ok(made),
        false => Err(strange("his label has no tracking number and address of 1 to 200 characters".into())),
    }
}

/// A 404 alone may come from anywhere; that he never saw the parcel is only believed in his own words.
fn found((status, body): (u16, Vec<u8>)) -> Result<Option<Told>, Fault> {
    let unknown = || serde_json::from_slice::<Problem>(&body).is_ok_and(|problem| problem.code == "never_seen");
    if status == 404 && unknown() {
        return Ok(None);
    }
    if !(200..=299).contains(&status) {
        return Err(strange(format!("he answers {status}")));
    }
    let unclear = |_| strange("his answer does not say where the parcel is".into());
    let said: serde_json::Value = serde_json::from_slice(&body).map_err(unclear)?;
    if said["status"] == ANNOUNCED {
        return Ok(None);
    }
    let Found { status: way, at } = serde_json::from_value(said).map_err(unclear)?;
    Ok(Some(Told { way, at }))
}

fn strange(what: String) -> Fault {
    Fault::unavailable(std::io::Error::other(format!("the carrier gave no word: {what}; asking again is safe")))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use backbone::fault::Kind;

    use super::*;

    #[test]
    fn only_his_own_words_say_where_a_parcel_is() {
        let lost = br#"{"status":"lost","at":"2026-04-01T08:00:00Z"}"#.to_vec();
        let at = "2026-04-01T08:00:00Z".parse().unwrap();
        assert_eq!(found((200, lost.clone())).unwrap(), Some(Told { way: Way::Lost, at }));
        assert_eq!(found((200, br#"{"status":"announced"}"#.to_vec())).unwrap(), None);
        assert_eq!(found((404, br#"{"code":"never_seen"}"#.to_vec())).unwrap(), None);
        for (status, body) in [
            (404, b"not found".as_slice()),
            (404, br#"{"code":"no_such_page"}"#),
            (500, &lost),
            (302, &lost),
            (200, b"<html>"),
            (200, br#"{"status":"eaten","at":"2026-04-01T08:00:00Z"}"#),
            (200, br#"{"status":"lost"}"#),
        ] {
            assert_eq!(found((status, body.to_vec())).unwrap_err().kind(), Kind::Unavailable, "{status} {body:?}");
        }
    }
}
