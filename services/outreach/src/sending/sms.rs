//! Short messages over an HTTP gateway. Invariant: success means that the gateway answered 2xx. The message id is the
//! idempotency key, the same for every attempt.
use anyhow::Context;
use backbone::outside;
use reqwest::{Client, StatusCode, Url};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use uuid::Uuid;

use super::Trouble;

/// One gateway.
pub(crate) struct Sms {
    client: Client,
    url: Url,
    token: SecretString,
}

#[derive(Serialize)]
struct Body<'a> {
    to: &'a str,
    text: &'a str,
}

impl Sms {
    pub fn new(url: &str, token: &SecretString, client: Client) -> anyhow::Result<Self> {
        Ok(Self { client, url: outside::address(url).context("sms_url")?, token: token.clone() })
    }

    /// Hands one text to the gateway.
    pub async fn send(&self, id: Uuid, to: &str, text: &str) -> Result<(), Trouble> {
        let mut request =
            self.client.post(self.url.clone()).header("idempotency-key", id.to_string()).json(&Body { to, text });
        if !self.token.expose_secret().is_empty() {
            request = request.bearer_auth(self.token.expose_secret());
        }
        match request.send().await {
            Ok(answer) => verdict("sms", answer.status()),
            Err(error) if error.is_timeout() => Err(Trouble::passing("sms_timeout")),
            Err(_) => Err(Trouble::passing("sms_unreachable")),
        }
    }
}

/// A gateway that rejects the message itself will do so again; anything about us, about load or about the first
/// request with this key still being worked on passes.
pub(super) fn verdict(way: &str, status: StatusCode) -> Result<(), Trouble> {
    let code = format!("{way}_{}", status.as_u16());
    match status.as_u16() {
        200..=299 => Ok(()),
        401 | 403 | 404 | 405 | 407 | 408 | 409 | 425 | 429 => Err(Trouble::passing(code)),
        400..=499 => Err(Trouble::lasting(code)),
        _ => Err(Trouble::passing(code)),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn only_a_refusal_of_the_message_itself_is_lasting() {
        let of = |status| verdict("sms", StatusCode::from_u16(status).unwrap());
        for taken in [200, 201, 202, 204] {
            assert_eq!(of(taken), Ok(()));
        }
        for passing in [302, 401, 403, 404, 409, 429, 500, 502, 503, 504] {
            assert_eq!(of(passing), Err(Trouble::passing(format!("sms_{passing}"))));
        }
        for lasting in [400, 410, 413, 422] {
            assert_eq!(of(lasting), Err(Trouble::lasting(format!("sms_{lasting}"))));
        }
    }
}
