//! The carrier, and how he is spoken to over HTTP: he makes labels for parcels that come back.
//! Invariant: an order is one key for ever, so that a label is made once however often it is asked for.
use std::time::Duration;

use backbone::Fault;
use jiff::SignedDuration;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Who brings parcels.
pub trait Carrier: Send + Sync + 'static {
    /// Makes the label of a parcel under `key`, or gives the one that was made under it.
    fn label(&self, key: Uuid, parcel: &ToLabel<'_>) -> impl Future<Output = Result<Made, Fault>> + Send;
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
}

fn ten_seconds() -> SignedDuration {
    SignedDuration::from_secs(10)
}

/// The longest answer that is read, in bytes.
const ANSWER_MAX: usize = 16 * 1024;
const WORD_MAX: usize = 200;

/// The carrier over HTTP: `POST /labels` with an `idempotency-key` header.
#[derive(Clone, Debug)]
pub struct HttpCarrier {
    client: reqwest::Client,
    url: String,
    pub name: String,
}

/// Why he makes none.
#[derive(Deserialize)]
struct Problem {
    #[serde(default)]
    detail: String,
}

impl HttpCarrier {
    /// Errors: an address that is none, a name that is no code.
    pub fn new(section: &Section) -> anyhow::Result<Self> {
        let code = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '.');
        let is_code = (1..=64).contains(&section.name.len()) && section.name.chars().all(code);
        anyhow::ensure!(is_code, "carrier.name {:?} must be 1 to 64 of a-z, 0-9, \"_\" and \".\"", section.name);
        anyhow::ensure!(section.timeout.is_positive(), "carrier.timeout must be above 0");
        let url = section.url.trim_end_matches('/').to_owned();
        let read: reqwest::Url = url.parse()?;
        anyhow::ensure!(read.has_host(), "carrier.url {url} names no host");
        let client = reqwest::Client::builder()
            .timeout(Duration::try_from(section.timeout)?)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()?;
        Ok(Self { client, url, name: section.name.clone() })
    }
}

impl Carrier for HttpCarrier {
    async fn label(&self, key: Uuid, parcel: &ToLabel<'_>) -> Result<Made, Fault> {
        let request = self.client.post(format!("{}/labels", self.url));
        let request = request.header("idempotency-key", key.to_string()).json(parcel);
        let away = |error: reqwest::Error| Fault::unavailable(error.without_url());
        let mut answer = request.send().await.map_err(away)?;
        let status = answer.status();
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(away)? {
            body.extend_from_slice(&chunk);
            if body.len() > ANSWER_MAX {
                return Err(strange("his answer is larger than 16 KiB".into()));
            }
        }
        if status.as_u16() == 422 {
            let why = serde_json::from_slice::<Problem>(&body).map(|problem| problem.detail).unwrap_or_default();
            let why: String = why.chars().filter(|c| !c.is_control()).take(WORD_MAX).collect();
            return Err(Fault::rejected("carrier.refused", format!("the carrier makes no label: {why}")));
        }
        if !status.is_success() {
            return Err(strange(format!("he answers {status}")));
        }
        let made: Made = serde_json::from_slice(&body).map_err(|_| strange("his answer is no label".into()))?;
        let fits = |word: &str| (1..=WORD_MAX).contains(&word.len()) && !word.chars().any(char::is_control);
        match fits(&made.tracking_number) && fits(&made.label_url) {
            true => Ok(made),
            false => Err(strange("his label has no tracking number and address of 1 to 200 characters".into())),
        }
    }
}

fn strange(what: String) -> Fault {
    Fault::unavailable(std::io::Error::other(format!("the carrier gave no label: {what}; asking again is safe")))
}
