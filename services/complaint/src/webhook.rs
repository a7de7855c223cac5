//! For a department's team that reads no NATS: every event of the department's tasks as a signed JSON request to the
//! team's own URL (Standard Webhooks). Events come from the stream DEPT as to any other team and wait in a table until
//! the team has taken them: at least once, a department's events one after the other in the order they came. What is not
//! taken within its time is kept as failed until somebody redrives it; the events behind it go on.
use std::{collections::BTreeMap, sync::Arc, time::Duration};

use anyhow::Context as _;
use backbone::{Clock, Effects, Fault, Inbound, Meta, Parts, Row, retry::pause};
use base64::{Engine, prelude::BASE64_STANDARD};
use contracts::{Event, complaint::v1::*};
use hmac::{Hmac, KeyInit, Mac};
use jiff::{SignedDuration, Timestamp};
use jiff_sqlx::ToSqlx;
use reqwest::{Client, Url, redirect};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use sha2::Sha256;
use sqlx::{FromRow, PgPool};
use uuid::Uuid;

use crate::domain::values::Department;

/// One answer of a team may take this long.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Whoever takes a delivery up has it for this long, more than the answer may take.
const LEASE: SignedDuration = SignedDuration::from_secs(60);

/// Where a team wants its events, and the secret they are signed with: `whsec_` and base64, as Standard Webhooks has it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Section {
    url: String,
    secret: SecretString,
}

/// One team's end.
struct Hook {
    url: Url,
    secret: Vec<u8>,
}

/// All teams' ends.
pub struct Webhooks {
    pool: PgPool,
    clock: Clock,
    client: Client,
    hooks: BTreeMap<Department, Hook>,
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

impl Section {
    fn hook(&self) -> anyhow::Result<Hook> {
        let url: Url = self.url.parse().context("url is not a URL")?;
        anyhow::ensure!(url.scheme() == "http", "url must begin with http://");
        let secret = self.secret.expose_secret();
        let secret = BASE64_STANDARD.decode(secret.strip_prefix("whsec_").unwrap_or(secret)).unwrap_or_default();
        anyhow::ensure!((24..=64).contains(&secret.len()), "secret must be whsec_ and 24 to 64 bytes in base64");
        Ok(Hook { url, secret })
    }
}

/// Whether the section can be followed. Errors: a URL or a secret that is none; the department is named.
pub fn check(hooks: &BTreeMap<Department, Section>) -> anyhow::Result<()> {
    for (department, section) in hooks {
        section.hook().with_context(|| format!("configuration, section [service.webhooks.{department}]"))?;
    }
    Ok(())
}

/// A row for each event of a department that has a webhook, written when the event passes the gate.
const QUEUE: &str = "-- webhook.queue
    webhook_queued as (
      insert into webhook_delivery (event_id, department, body, queued_at, next_at)
      select event_id, department, body, queued_at, queued_at
      from unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[]) as r(event_id, department, body, queued_at)
      on conflict do nothing)";

/// Listens to the tasks of the departments that have a webhook; to nothing when none has.
pub fn inbound(hooks: &BTreeMap<Department, Section>, clock: &Clock, inbound: &mut Inbound) {
    if hooks.is_empty() {
        return;
    }
    let departments: Vec<String> = hooks.keys().map(Department::to_string).collect();
    let mut queue = Queue { departments, clock, inbound };
    queue.every::<TaskIssued>(|event| &event.department);
    queue.every::<TaskAcknowledged>(|event| &event.department);
    queue.every::<TaskAnswered>(|event| &event.department);
    queue.every::<TaskReturned>(|event| &event.department);
    queue.every::<TaskAccepted>(|event| &event.department);
    queue.every::<TaskForwarded>(|event| &event.department);
    queue.every::<TaskWarned>(|event| &event.department);
    queue.every::<TaskUnjudged>(|event| &event.department);
    queue.every::<TaskExpired>(|event| &event.department);
    queue.every::<TaskCorrected>(|event| &event.department);
    queue.every::<TaskCancelled>(|event| &event.department);
    queue.every::<TaskClosed>(|event| &event.department);
}

struct Queue<'a> {
    departments: Vec<String>,
    clock: &'a Clock,
    inbound: &'a mut Inbound,
}

impl Queue<'_> {
    /// Every event of a type that is of one of the departments waits for its team.
    fn every<E: Event>(&mut self, department: fn(&E) -> &String) {
        let (departments, clock) = (self.departments.clone(), self.clock.clone());
        self.inbound.on::<E>(move |event, meta| {
            let department = department(&event);
            if !departments.contains(department) {
                return Ok(Effects::none());
            }
            let row = Row::new(QUEUE, meta.event_id).with(department.clone()).with(body(&event, meta)?);
            Ok(Effects::none().row(row.with(clock.now())))
        });
    }
}

/// The event as its team reads it: its type, its data by the names of the contract, and what it came with.
fn body<E: Event>(event: &E, meta: &Meta) -> Result<String, Fault> {
    let data = contracts::to_json(E::TYPE, &event.encode_to_vec());
    let data = data.ok_or_else(|| Fault::broken(format!("{} cannot be written as json", E::TYPE)))?;
    let body = serde_json::json!({
        "type": E::TYPE,
        "timestamp": meta.occurred_at,
        "id": meta.event_id,
        "aggregate_id": meta.aggregate_id,
        "version": meta.version,
        "actor": meta.actor,
        "data": serde_json::from_str::<serde_json::Value>(&data).map_err(Fault::internal)?,
    });
    Ok(body.to_string())
}

impl Webhooks {
    /// Prepares the ends; nothing is connected yet.
    pub fn new(
        hooks: &BTreeMap<Department, Section>,
        retry_for: SignedDuration,
        pool: PgPool,
        clock: Clock,
    ) -> anyhow::Result<Self> {
        let client = Client::builder().timeout(TIMEOUT).redirect(redirect::Policy::none()).no_proxy().build()?;
        let hook = |(department, section): (&Department, &Section)| Ok((department.clone(), section.hook()?));
        let hooks = hooks.iter().map(hook).collect::<anyhow::Result<_>>()?;
        Ok(Self { pool, clock, client, hooks, retry_for })
    }

    /// A background part for each department, so that a team that is slow to answer holds up no other.
    pub fn parts(self, parts: Parts) -> Parts {
        let (departments, webhooks): (Vec<_>, _) = (self.hooks.keys().cloned().collect(), Arc::new(self));
        departments.into_iter().fold(parts, |parts, department| {
            let webhooks = Arc::clone(&webhooks);
            parts.background("webhook", move || {
                let (webhooks, department) = (Arc::clone(&webhooks), department.clone());
                async move { webhooks.deliver_once(&department).await }
            })
        })
    }

    /// Tries the oldest delivery of a department, if it is time; says how many were tried.
    async fn deliver_once(&self, department: &Department) -> Result<usize, Fault> {
        let (Some(hook), now) = (self.hooks.get(department), self.clock.now()) else { return Ok(0) };
        let Some(delivery) = self.claim(department, now).await? else { return Ok(0) };
        match self.post(hook, &delivery, now).await {
            Ok(()) => {
                sqlx::query(
                    "-- webhook.delivered
                     delete from webhook_delivery where event_id = $1",
                )
                .bind(delivery.event_id)
                .execute(&self.pool)
                .await?;
            }
            Err(code) => self.put_off(department, &delivery, &code).await?,
        }
        Ok(1)
    }

    /// The oldest that waits, if it is due: none behind it is tried before it was taken or given up.
    async fn claim(&self, department: &Department, now: Timestamp) -> Result<Option<Delivery>, Fault> {
        let claimed = sqlx::query_as(
            "-- webhook.claim
             update webhook_delivery set attempts = attempts + 1, next_at = $3
             where next_at <= $2 and event_id = (
               select event_id from webhook_delivery where department = $1 and failed_at is null order by seq limit 1)
             returning event_id, body, attempts, queued_at",
        )
        .bind(department.as_str())
        .bind(now.to_sqlx())
        .bind(kernel::calendar::add(now, LEASE).to_sqlx())
        .fetch_optional(&self.pool)
        .await?;
        Ok(claimed)
    }

    /// Errors: why it was not taken, in a word; never what the other end said.
    async fn post(&self, hook: &Hook, delivery: &Delivery, now: Timestamp) -> Result<(), String> {
        let (id, at) = (delivery.event_id.to_string(), now.as_second().to_string());
        let request = self
            .client
            .post(hook.url.clone())
            .header("content-type", "application/json")
            .header("webhook-signature", signature(&hook.secret, &id, &at, &delivery.body)?)
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

    async fn put_off(&self, department: &Department, delivery: &Delivery, code: &str) -> Result<(), Fault> {
        let (event, attempts, now) = (delivery.event_id, delivery.attempts, self.clock.now());
        let next_at = kernel::calendar::add(now, pause(attempts));
        let failed = next_at > kernel::calendar::add(delivery.queued_at.to_jiff(), self.retry_for);
        tracing::warn!(%department, %event, attempts, code, failed, "a team did not take an event");
        sqlx::query(
            "-- webhook.put_off
             update webhook_delivery set next_at = $2, failed_at = $3, last_code = $4 where event_id = $1",
        )
        .bind(event)
        .bind(next_at.to_sqlx())
        .bind(failed.then(|| now.to_sqlx()))
        .bind(code)
        .execute(&self.pool)
        .await?;
        Ok(())
    }
}

/// Tries the failed deliveries of a department again, from the beginning; says how many.
pub async fn redrive(pool: &PgPool, department: &Department, now: Timestamp) -> Result<u64, Fault> {
    let redriven = sqlx::query(
        "-- webhook.redrive
         update webhook_delivery set failed_at = null, attempts = 0, queued_at = $2, next_at = $2
         where department = $1 and failed_at is not null",
    )
    .bind(department.as_str())
    .bind(now.to_sqlx())
    .execute(pool)
    .await?;
    Ok(redriven.rows_affected())
}

/// The header `webhook-signature` of Standard Webhooks: HMAC-SHA256 over id, time and body.
fn signature(secret: &[u8], id: &str, at: &str, body: &str) -> Result<String, String> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).map_err(|error| error.to_string())?;
    mac.update(format!("{id}.{at}.{body}").as_bytes());
    Ok(format!("v1,{}", BASE64_STANDARD.encode(mac.finalize().into_bytes())))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    /// The example of the specification of Standard Webhooks.
    #[test]
    fn a_request_is_signed_as_standard_webhooks_has_it() {
        let secret = BASE64_STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let signed = signature(&secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", r#"{"test": 2432232314}"#);
        assert_eq!(signed.unwrap(), "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn an_end_needs_a_url_and_a_secret_that_is_one() {
        let hook = |url: &str, secret: &str| {
            let section = Section { url: url.into(), secret: secret.to_owned().into() };
            check(&BTreeMap::from([("quality".parse().unwrap(), section)])).map_err(|error| format!("{error:#}"))
        };
        let good = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        assert_eq!(hook("http://quality.local:9000/tasks", good), Ok(()));
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
