//! The payment provider, and how it is spoken to over HTTP.
//! Invariant: only the provider's own words about the key are an outcome. Whatever else comes of a request (a refused
//! connection, a time-out, a status of some gateway, words we do not understand) is unknown, and costs one question
//! more; taking it for "not paid" could cost the money twice.
use std::time::Duration;

use anyhow::Context as _;
use backbone::{Outside, outside};
use kernel::money::Money;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    config::Provider,
    domain::{account::TenderKind, refund::Part},
};

/// Who moves the money. A key stands for one refund for ever: asked for again it must not be paid again.
pub trait Payments: Send + Sync + 'static {
    /// Pays `amount` back of what is known by `reference` (a purchase, or a payment), under `key`; by one of the means it was
    /// paid by where that is known.
    fn refund(
        &self,
        key: Uuid,
        amount: Money,
        reference: String,
        by: Option<Part>,
    ) -> impl Future<Output = Outcome> + Send;
    /// Asks what became of `key`; moves nothing.
    fn status(&self, key: Uuid) -> impl Future<Output = Status> + Send;
}

/// What came of a refund.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is paid; the provider's own reference, and how much it was where it says so.
    Succeeded { provider_ref: String, amount: Option<Money> },
    /// It will never be paid under this key.
    Failed { code: String },
    /// Nobody said what happened; why, for the log.
    Unknown { why: String },
}

impl Outcome {
    /// The provider paid; its reference is kept as long as it is short.
    pub fn succeeded(provider_ref: &str, amount: Option<Money>) -> Self {
        Self::Succeeded { provider_ref: provider_ref.chars().take(REFERENCE_MAX).collect(), amount }
    }

    /// The provider will never pay; its code is kept where it is one.
    pub fn failed(code: &str) -> Self {
        Self::Failed { code: stable(code) }
    }

    /// Whether the provider said what happened.
    pub fn is_clear(&self) -> bool {
        !matches!(self, Self::Unknown { .. })
    }
}

/// What the provider knows of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    Known(Outcome),
    /// It never heard of the key; the same key may be sent again.
    NeverSeen,
}

/// The longest answer that is read, in bytes.
const ANSWER_MAX: usize = 16 * 1024;
const CODE_MAX: usize = 64;
const REFERENCE_MAX: usize = 200;

/// The provider over HTTP: `POST /refunds` with an `idempotency-key` header, `GET /refunds/{key}`.
#[derive(Clone, Debug)]
pub struct HttpPayments {
    client: reqwest::Client,
    url: String,
}

#[derive(Serialize)]
struct Order {
    purchase_ref: String,
    amount: Money,
    #[serde(skip_serializing_if = "Option::is_none")]
    tender: Option<Tender>,
}

/// The means the purchase was paid by.
#[derive(Serialize)]
struct Tender {
    no: u32,
    kind: TenderKind,
    /// How many points the amount is.
    #[serde(skip_serializing_if = "Option::is_none")]
    points: Option<u64>,
}

/// The provider's final word on a key.
#[derive(Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
enum Answer {
    Succeeded {
        provider_ref: String,
        #[serde(default)]
        amount: Option<Money>,
    },
    Failed {
        code: String,
    },
}

/// Why there is no final word.
#[derive(Deserialize)]
struct Problem {
    code: String,
}

impl HttpPayments {
    /// Nothing is connected yet. Errors: an address that is none.
    pub fn new(provider: &Provider, outside: &Outside) -> anyhow::Result<Self> {
        let client = outside.client(Duration::try_from(provider.timeout)?)?;
        let url = provider.url.trim_end_matches('/').to_owned();
        outside::address(&url).context("payments.url")?;
        Ok(Self { client, url })
    }
}

impl Payments for HttpPayments {
    async fn refund(&self, key: Uuid, amount: Money, reference: String, by: Option<Part>) -> Outcome {
        let tender = by.map(|Part { no, tender, points, .. }| Tender { no, kind: tender, points });
        let request = self
            .client
            .post(format!("{}/refunds", self.url))
            .header("idempotency-key", key.to_string())
            .json(&Order { purchase_ref: reference, amount, tender });
        match answer(request).await {
            Ok((status, body)) => understood(status, &body),
            Err(error) => Outcome::Unknown { why: words(&error) },
        }
    }

    async fn status(&self, key: Uuid) -> Status {
        match answer(self.client.get(format!("{}/refunds/{key}", self.url))).await {
            Ok((404, body)) if says_never_seen(&body) => Status::NeverSeen,
            Ok((status, body)) => Status::Known(understood(status, &body)),
            Err(error) => Status::Known(Outcome::Unknown { why: words(&error) }),
        }
    }
}

async fn answer(request: reqwest::RequestBuilder) -> Result<(u16, Vec<u8>), reqwest::Error> {
    let mut response = request.send().await?;
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        body.extend_from_slice(&chunk);
        if body.len() > ANSWER_MAX {
            break;
        }
    }
    Ok((response.status().as_u16(), body))
}

/// A final word counts with a status that fits it: a success with 2xx, a refusal with 2xx or 402.
fn understood(status: u16, body: &[u8]) -> Outcome {
    match (status, serde_json::from_slice(body)) {
        (200..=299, Ok(Answer::Succeeded { provider_ref, amount })) => Outcome::succeeded(&provider_ref, amount),
        (200..=299 | 402, Ok(Answer::Failed { code })) => Outcome::failed(&code),
        (status, _) => Outcome::Unknown { why: format!("status {status} without a final word") },
    }
}

/// A 404 alone may come from anywhere; that the key was never seen is only believed in the provider's own words.
fn says_never_seen(body: &[u8]) -> bool {
    serde_json::from_slice::<Problem>(body).is_ok_and(|problem| problem.code == "never_seen")
}

/// The provider's code as one of ours: short, lower case, no free text.
fn stable(code: &str) -> String {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '.' | '-');
    let is_code = !code.is_empty() && code.len() <= CODE_MAX && code.chars().all(plain);
    if is_code { code.to_owned() } else { "refused_by_provider".to_owned() }
}

/// The error with its causes; the address is left out, it may carry secrets.
fn words(error: &reqwest::Error) -> String {
    let kind = match error {
        error if error.is_connect() => "no connection",
        error if error.is_timeout() => "no answer in time",
        _ => "the exchange broke off",
    };
    let cause = std::iter::successors(std::error::Error::source(error), |cause| cause.source()).last();
    cause.map_or_else(|| kind.to_owned(), |cause| format!("{kind}: {cause}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAID: &[u8] = br#"{"status":"succeeded","provider_ref":"pay-1"}"#;
    const REFUSED: &[u8] = br#"{"status":"failed","code":"account_closed"}"#;

    #[test]
    fn only_a_final_word_with_a_fitting_status_is_an_outcome() {
        for status in [200, 201, 202] {
            assert_eq!(understood(status, PAID), Outcome::Succeeded { provider_ref: "pay-1".into(), amount: None });
        }
        let told = br#"{"status":"succeeded","provider_ref":"pay-1","amount":{"minor":7,"currency":"CNY"}}"#;
        let amount = "CNY".parse().map(|currency| Money::new(7, currency)).ok();
        assert_eq!(understood(200, told), Outcome::Succeeded { provider_ref: "pay-1".into(), amount });
        for status in [200, 402] {
            assert_eq!(understood(status, REFUSED), Outcome::Failed { code: "account_closed".into() });
        }
        let gateway = br#"{"code":"bad_gateway"}"#.as_slice();
        for (status, body) in [
            (402, PAID),
            (500, PAID),
            (302, PAID),
            (400, REFUSED),
            (404, REFUSED),
            (503, REFUSED),
            (200, b"<html>"),
            (200, b""),
            (200, br#"{"status":"succeeded","provider_ref":"pay-1","amount":"7 yuan"}"#),
            (422, gateway),
            (500, gateway),
        ] {
            assert!(matches!(understood(status, body), Outcome::Unknown { .. }), "{status} {body:?}");
        }
    }

    #[test]
    fn a_404_is_believed_in_the_providers_own_words_only() {
        assert!(says_never_seen(br#"{"code":"never_seen","detail":"..."}"#));
        for other in [b"".as_slice(), b"not found", br#"{"code":"not_found"}"#, br#"{"status":"succeeded"}"#] {
            assert!(!says_never_seen(other));
        }
    }

    #[test]
    fn a_code_carries_no_free_text() {
        assert_eq!(stable("account_closed"), "account_closed");
        for text in ["", "Account of Ana Silva is closed", "ÄÖ", &"x".repeat(65)] {
            assert_eq!(stable(text), "refused_by_provider");
        }
    }
}
