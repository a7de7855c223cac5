//! Answers over a platform's own service: signed JSON to whoever stands between the platform and us, or WeChat's customer-service
//! messages. Invariant: success means that the other end said it took the message. Signed JSON carries the message's id, so
//! that a second one can be dropped; WeChat cannot tell, so what may have arrived there is never sent again.
use std::collections::BTreeMap;

use anyhow::Context;
use backbone::{outside, signature::Secrets};
use contracts::intake::v1::PushTarget;
use jiff::Timestamp;
use reqwest::{Client, Url};
use serde::Serialize;
use uuid::Uuid;

use super::{Trouble, sms::verdict, wechat::Wechat};
use crate::config;

/// All ways there are, by the source or channel of intake.
pub(crate) struct Pushes(BTreeMap<String, Way>);

enum Way {
    SignedJson(SignedJson),
    Wechat(Wechat),
}

impl Pushes {
    /// Errors: a section that cannot be followed, by name.
    pub fn new(sections: &BTreeMap<String, config::Push>, client: &Client) -> anyhow::Result<Self> {
        let way = |(name, section): (&String, &config::Push)| {
            let way = match section {
                config::Push::SignedJson { url, secrets } => {
                    SignedJson::new(client.clone(), url, secrets).map(Way::SignedJson)
                }
                config::Push::Wechat { url, app_id, secret } => {
                    Wechat::new(client.clone(), url, app_id, secret).map(Way::Wechat)
                }
            };
            let way = way.with_context(|| format!("configuration, section [service.push.{name}]"))?;
            Ok((name.clone(), way))
        };
        Ok(Self(sections.iter().map(way).collect::<anyhow::Result<_>>()?))
    }

    /// Hands one answer over.
    pub async fn send(
        &self,
        id: Uuid,
        to: PushTarget,
        text: &str,
        automatic: bool,
        now: Timestamp,
    ) -> Result<(), Trouble> {
        match self.0.get(&to.over) {
            // The way was there when the answer was written; it may be named again.
            None => Err(Trouble::passing("push_not_configured")),
            Some(Way::SignedJson(way)) => way.send(id, &to, text, automatic, now).await,
            Some(Way::Wechat(way)) => way.send(&to.customer_ref, text, now).await,
        }
    }
}

/// Whoever stands between a platform and us.
struct SignedJson {
    client: Client,
    url: Url,
    secrets: Secrets,
}

#[derive(Serialize)]
struct Body<'a> {
    r#type: &'static str,
    message_id: String,
    case_id: &'a str,
    over: &'a str,
    customer_ref: &'a str,
    conversation: &'a str,
    external_ref: &'a str,
    automatic: bool,
    text: &'a str,
}

impl SignedJson {
    fn new(client: Client, url: &str, secrets: &[secrecy::SecretString]) -> anyhow::Result<Self> {
        Ok(Self { client, url: outside::address(url).context("url")?, secrets: Secrets::read(secrets)? })
    }

    async fn send(
        &self,
        id: Uuid,
        to: &PushTarget,
        text: &str,
        automatic: bool,
        now: Timestamp,
    ) -> Result<(), Trouble> {
        let (message_id, at) = (id.to_string(), now.as_second());
        let body = Body {
            r#type: "case.answer",
            message_id: message_id.clone(),
            case_id: &to.case_id,
            over: &to.over,
            customer_ref: &to.customer_ref,
            conversation: &to.conversation,
            external_ref: &to.external_ref,
            automatic,
            text,
        };
        let body = serde_json::to_vec(&body).map_err(|_| Trouble::lasting("not_writable"))?;
        let signature = self.secrets.sign(&message_id, at, &body);
        let request = self.client.post(self.url.clone()).header("content-type", "application/json");
        let request = request.header("webhook-id", &message_id).header("webhook-timestamp", at.to_string());
        match request.header("webhook-signature", signature).body(body).send().await {
            Ok(answer) => verdict("push", answer.status()),
            Err(error) if error.is_timeout() => Err(Trouble::passing("push_timeout")),
            Err(_) => Err(Trouble::passing("push_unreachable")),
        }
    }
}
