//! For a system that reads no NATS: events as signed JSON requests to its own URL (Standard Webhooks). They wait in the
//! table `webhook_delivery` of the service's schema until the receiver has taken them (an answer 2xx): at least once, a
//! receiver's events one after the other in the order they came. What is not taken within its time is kept as failed until
//! somebody redrives it; the events behind it go on.
use std::{collections::BTreeMap, sync::Arc, time::Duration};

use anyhow::Context as _;
use jiff::{SignedDuration, Timestamp};
use jiff_sqlx::ToSqlx;
use reqwest::{Client, Url};
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::Value;
use sqlx::{FromRow, PgPool};
use uuid::Uuid;

use crate::{Context, clock::Clock, fault::Fault, gate::Meta, outside, parts::Parts, retry::pause, signature::Secrets};

/// One answer of a receiver may take this long.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Whoever takes a delivery up has it for this long, more than the answer may take.
const LEASE: SignedDuration = SignedDuration::from_secs(60);

/// Where a receiver wants its events, and the secret they are signed with: `whsec_` and base64, as Standard Webhooks has it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Section {
    url: String,
    secret: SecretString,
}

impl Section {
    fn hook(&self) -> anyhow::Result<Hook> {
        let url = outside::address(&self.url).context("url")?;
        let secrets = Secrets::read(std::slice::from_ref(&self.secret)).context("secret")?;
        Ok(Hook { url, secrets })
    }
}

/// One receiver's end.
struct Hook {
    url: Url,
    secrets: Secrets,
}

/// All receivers' ends.
pub struct Webhooks {
    pool: PgPool,
    clock: Clock,
    client: Client,
    hooks: BTreeMap<String, Hook>,
    /// How long a delivery is tried.
    retry_for: SignedDuration,
}

/// A delivery that was taken up.
#[derive(Debug, FromRow)]
struct Delivery {
    event_id: Uuid,
    body: String,
    attempts: i32,
    queued_at: jiff_sqlx::Timestamp,
}

impl Webhooks {
    /// Prepares the ends of `[service.webhooks.NAME]`; nothing is connected yet. Errors: a URL or a secret that is none; the
    /// section is named.
    pub fn new<'a, N: ToString + 'a>(
        sections: impl IntoIterator<Item = (&'a N, &'a Section)>,
        retry_for: SignedDuration,
        context: &Context,
    ) -> anyhow::Result<Self> {
        let (pool, clock, client) = (context.pool.clone(), context.clock.clone(), context.outside.client(TIMEOUT)?);
        Ok(Self { pool, clock, client, hooks: hooks(sections)?, retry_for })
    }

    /// A background part for each receiver, so that one that is slow to answer holds up no other.
    pub fn parts(self, parts: Parts) -> Parts {
        let (receivers, webhooks): (Vec<_>, _) = (self.hooks.keys().cloned().collect(), Arc::new(self));
        receivers.into_iter().fold(parts, |parts, receiver| {
            let webhooks = Arc::clone(&webhooks);
            parts.background("webhook", move || {
                let (webhooks, receiver) = (Arc::clone(&webhooks), receiver.clone());
                async move { webhooks.deliver_once(&receiver).await }
            })
        })
    }

    /// Tries the oldest delivery of a receiver, if it is time; says how many were tried.
    async fn deliver_once(&self, receiver: &str) -> Result<usize, Fault> {
        let (Some(hook), now) = (self.hooks.get(receiver), self.clock.now()) else { return Ok(0) };
        let Some(delivery) = self.claim(receiver, now).await? else { return Ok(0) };
        match self.post(hook, &delivery, now).await {
            Ok(()) => self.delivered(receiver, &delivery).await?,
            Err(code) => self.put_off(receiver, &delivery, &code).await?,
        }
        Ok(1)
    }

    /// The oldest that waits, if it is due: none behind it is tried before it was taken or given up.
    async fn claim(&self, receiver: &str, now: Timestamp) -> Result<Option<Delivery>, Fault> {
        let claimed = sqlx::query_as(
            "-- webhook.claim
             update webhook_delivery set attempts = attempts + 1, next_at = $3
             where next_at <= $2 and failed_at is null and receiver = $1 and seq = (
               select seq from webhook_delivery where receiver = $1 and failed_at is null order by seq limit 1)
             returning event_id, body, attempts, queued_at",
        )
        .bind(receiver)
        .bind(now.to_sqlx())
        .bind(after(now, LEASE).to_sqlx())
        .fetch_optional(&self.pool)
        .await?;
        Ok(claimed)
    }

    /// Errors: why it was not taken, in a word; never what the other end said.
    async fn post(&self, hook: &Hook, delivery: &Delivery, now: Timestamp) -> Result<(), String> {
        let (id, at) = (delivery.event_id.to_string(), now.as_second());
        let request = self
            .client
            .post(hook.url.clone())
            .header("content-type", "application/json")
            .header("webhook-signature", hook.secrets.sign(&id, at, delivery.body.as_bytes()))
            .header("webhook-id", id)
            .header("webhook-timestamp", at)
            .body(delivery.body.clone());
        match request.send().await {
            Ok(answer) if answer.status().is_success() => Ok(()),
            Ok(answer) => Err(format!("http_{}", answer.status().as_u16())),
            Err(error) if error.is_timeout() => Err("timeout".into()),
            Err(_) => Err("unreachable".into()),
        }
    }

    async fn delivered(&self, receiver: &str, delivery: &Delivery) -> Result<(), Fault> {
        sqlx::query(
            "-- webhook.delivered
             delete from webhook_delivery where event_id = $1 and receiver = $2",
        )
        .bind(delivery.event_id)
        .bind(receiver)
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    async fn put_off(&self, receiver: &str, delivery: &Delivery, code: &str) -> Result<(), Fault> {
        let (event, attempts, now) = (delivery.event_id, delivery.attempts, self.clock.now());
        let next_at = after(now, pause(attempts));
        let failed = next_at > after(delivery.queued_at.to_jiff(), self.retry_for);
        tracing::warn!(receiver, %event, attempts, code, failed, "a webhook was not taken");
        sqlx::query(
            "-- webhook.put_off
             update webhook_delivery set next_at = $3, failed_at = $4, last_code = $5
             where event_id = $1 and receiver = $2",
        )
        .bind(event)
        .bind(receiver)
        .bind(next_at.to_sqlx())
        .bind(failed.then(|| now.to_sqlx()))
        .bind(code)
        .execute(&self.pool)
        .await?;
        Ok(())
    }
}

fn hooks<'a, N: ToString + 'a>(
    sections: impl IntoIterator<Item = (&'a N, &'a Section)>,
) -> anyhow::Result<BTreeMap<String, Hook>> {
    let hook = |(name, section): (&N, &Section)| {
        let name = name.to_string();
        let hook = section.hook().with_context(|| format!("configuration, section [service.webhooks.{name}]"))?;
        Ok((name, hook))
    };
    sections.into_iter().map(hook).collect()
}

/// Whether the sections can be followed. Errors: as [`Webhooks::new`].
pub fn check<'a, N: ToString + 'a>(sections: impl IntoIterator<Item = (&'a N, &'a Section)>) -> anyhow::Result<()> {
    hooks(sections).map(drop)
}

/// The event as its receiver reads it: its type, its `data` by the names of the contract, and what it came with.
pub fn body(meta: &Meta, payload: &[u8]) -> Result<Value, Fault> {
    let data = contracts::to_json(&meta.event_type, payload);
    let data = data.ok_or_else(|| Fault::broken(format!("{} cannot be written as json", meta.event_type)))?;
    Ok(serde_json::json!({
        "type": meta.event_type,
        "timestamp": meta.occurred_at,
        "id": meta.event_id,
        "aggregate_id": meta.aggregate_id,
        "version": meta.version,
        "actor": meta.actor,
        "data": serde_json::from_str::<Value>(&data).map_err(Fault::internal)?,
    }))
}

/// Tries the failed deliveries of a receiver again, from the beginning; says how many.
pub async fn redrive(pool: &PgPool, receiver: &str, now: Timestamp) -> Result<u64, Fault> {
    let redriven = sqlx::query(
        "-- webhook.redrive
         update webhook_delivery set failed_at = null, attempts = 0, queued_at = $2, next_at = $2
         where receiver = $1 and failed_at is not null",
    )
    .bind(receiver)
    .bind(now.to_sqlx())
    .execute(pool)
    .await?;
    Ok(redriven.rows_affected())
}

fn after(at: Timestamp, span: SignedDuration) -> Timestamp {
    at.checked_add(span).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_needs_a_url_and_a_secret_that_is_one() {
        let hook = |url: &str, secret: &str| {
            let section = Section { url: url.into(), secret: secret.to_owned().into() };
            check([(&"quality", &section)]).map_err(|error| format!("{error:#}"))
        };
        let good = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        assert_eq!(hook("http://quality.local:9000/tasks", good), Ok(()));
        assert_eq!(hook("https://quality.example/tasks", good), Ok(()));
        for (url, secret, named) in [
            ("quality.local", good, "url"),
            ("ftp://quality.local", good, "http://"),
            ("http://quality.local", "whsec_short", "secret"),
            ("http://quality.local", "", "secret"),
        ] {
            let wrong = hook(url, secret).unwrap_err();
            assert!(wrong.contains(named) && wrong.contains("webhooks.quality"), "{wrong}");
        }
    }
}
