//! How money leaves. Sent is committed before the provider is called; the provider's word is recorded after. Whoever dies
//! in between leaves a refund that becomes unknown in time, and unknown is settled by asking, or by the provider's own news.
//! Invariant: every call for a refund carries the refund's id as key, and every call belongs to one committed sending.
use std::sync::Arc;

use backbone::{Actor, Breaker, Change, Clock, Context, Fault, Road, Unit, fault};
use futures::future::join_all;
use jiff::Timestamp;
use kernel::money::Money;
use sqlx::PgPool;
use uuid::Uuid;

use crate::{
    config::Pace,
    domain::refund::{Command, Refund},
    payments::{Outcome, Payments, Status},
    store::{self, Stored},
};

/// Sends refunds and asks about them. Cheap to clone; any number of them, in any number of processes, work side by side.
pub struct Execution<P> {
    pool: PgPool,
    road: Road,
    clock: Clock,
    payments: Arc<P>,
    breaker: Arc<Breaker>,
    pace: Pace,
}

/// What came of news that nobody asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// It is on record; also when it was before.
    Recorded,
    /// No refund has this key.
    NotKnown,
    /// The refund has another amount, or another currency.
    AnotherAmount,
    /// The refund is of another purchase.
    AnotherPurchase,
    /// The refund was never sent, so it can have no outcome.
    NeverSent,
}

impl<P> Clone for Execution<P> {
    fn clone(&self) -> Self {
        Self {
            pool: self.pool.clone(),
            road: self.road.clone(),
            clock: self.clock.clone(),
            payments: Arc::clone(&self.payments),
            breaker: Arc::clone(&self.breaker),
            pace: self.pace,
        }
    }
}

impl<P: Payments> Execution<P> {
    /// Over the service's database and road.
    pub fn new(context: &Context, payments: P, pace: Pace) -> Self {
        Self {
            pool: context.pool.clone(),
            road: context.road.clone(),
            clock: context.clock.clone(),
            payments: Arc::new(payments),
            breaker: Arc::new(Breaker::new(
                "the payment provider gives no clear word; refunds wait",
                pace.rest_after,
                pace.rest,
            )),
            pace,
        }
    }

    /// Sends refunds that are due, a bounded number at once; says how many it sent. Errors: the database or the road is
    /// away; what was sent without its result being recorded becomes unknown by its deadline.
    pub async fn payments_once(&self) -> Result<usize, Fault> {
        let due = self.due("queued").await?;
        counted(join_all(due.iter().map(|refund| self.pay(refund.id))).await)
    }

    /// Tells people of refunds that wait too long, and asks about those whose outcome is unknown and whose time to ask has
    /// come; says how many it told of and asked about.
    pub async fn reconcile_once(&self) -> Result<usize, Fault> {
        let told = self.tell_late().await?;
        let due = self.due("unknown").await?;
        Ok(told + counted(join_all(due.iter().map(|refund| self.ask(refund))).await)?)
    }

    /// People are told once of each refund without an outcome for too long, also of those nobody sends while the provider
    /// rests; says of how many.
    async fn tell_late(&self) -> Result<usize, Fault> {
        let now = self.clock.now();
        let before = now.checked_sub(self.pace.tell_after).unwrap_or(Timestamp::MIN);
        let late = store::late(&self.pool, before, i64::from(self.pace.at_once)).await?;
        for id in &late {
            self.tell(*id, Command::Look { patience: self.pace.tell_after }).await?;
        }
        Ok(late.len())
    }

    /// Records what the provider tells of itself of the refund with this key. Errors: the database or the road is away.
    pub async fn hear(
        &self,
        key: Uuid,
        amount: Money,
        reference: Option<String>,
        outcome: Outcome,
    ) -> Result<Heard, Fault> {
        let Some(Stored { state: refund, .. }) = store::refund(&self.pool, key).await? else {
            return Ok(Heard::NotKnown);
        };
        if reference.is_some_and(|reference| reference != refund.pays_back()) {
            return Ok(Heard::AnotherPurchase);
        }
        if refund.facts.is_none_or(|facts| facts.amount != amount) {
            self.tell(key, Command::Differ).await?;
            return Ok(Heard::AnotherAmount);
        }
        let recorded = self.record(key, &refund, outcome).await?;
        Ok(if recorded { Heard::Recorded } else { Heard::NeverSent })
    }

    /// Refunds in a status that are due, as many as the provider is asked about at once by now.
    async fn due(&self, status: &str) -> Result<Vec<Stored<Refund>>, Fault> {
        let now = self.clock.now();
        match self.breaker.room(self.pace.at_once, now) {
            0 => Ok(vec![]),
            room => store::due(&self.pool, status, now, i64::from(room)).await,
        }
    }

    /// Only whoever gets the sending committed calls the provider.
    async fn pay(&self, id: Uuid) -> Result<bool, Fault> {
        let send = Command::Send { result_by: self.pace.result_by(self.clock.now()) };
        let Some(refund) = self.tell(id, send).await? else { return Ok(false) };
        let facts = refund.facts.ok_or_else(|| Fault::broken(format!("refund {id} was sent without facts")))?;
        let outcome = self.payments.refund(id, facts.amount, refund.pays_back(), facts.part).await;
        self.breaker.heard(outcome.is_clear(), self.clock.now());
        self.record(id, &refund, outcome).await?;
        Ok(true)
    }

    async fn ask(&self, refund: &Stored<Refund>) -> Result<bool, Fault> {
        let Stored { id, state: refund, .. } = refund;
        let status = self.payments.status(*id).await;
        let clear = matches!(&status, Status::NeverSeen) || matches!(&status, Status::Known(known) if known.is_clear());
        self.breaker.heard(clear, self.clock.now());
        match status {
            Status::Known(outcome) => self.record(*id, refund, outcome).await.map(|_| true),
            Status::NeverSeen => {
                tracing::info!(refund = %id, attempt = refund.attempts, "the provider never saw the refund; it goes again");
                self.tell(*id, Command::NeverSeen { attempt: refund.attempts }).await.map(|_| true)
            }
        }
    }

    /// Whether it could be so.
    async fn record(&self, id: Uuid, refund: &Refund, outcome: Outcome) -> Result<bool, Fault> {
        let attempt = refund.attempts;
        let ours = refund.facts.map(|facts| facts.amount);
        let outcome = match outcome {
            Outcome::Succeeded { amount, .. } if amount.is_some() && amount != ours => {
                self.tell(id, Command::Differ).await?;
                Outcome::Unknown { why: "the provider says that it paid another amount".into() }
            }
            outcome => outcome,
        };
        let command = match outcome {
            Outcome::Succeeded { provider_ref, .. } => Command::Succeed { provider_ref },
            Outcome::Failed { code } => Command::Fail { attempt, code },
            Outcome::Unknown { why } => {
                tracing::warn!(refund = %id, attempt, why, "the outcome of a refund is unknown");
                let ask_at = self.pace.ask_at(self.clock.now(), refund.unanswered);
                Command::LoseTrack { attempt, ask_at, patience: self.pace.tell_after }
            }
        };
        Ok(self.tell(id, command).await?.is_some())
    }

    /// The refund as it is after the command; nothing when the command was refused.
    async fn tell(&self, id: Uuid, command: Command) -> Result<Option<Refund>, Fault> {
        let unit = Unit::of(Change::to::<Refund>(id, command))
            .actor(Actor::service("fulfilment"))
            .answer::<Refund>(|_, _, refund| serde_json::to_vec(refund).unwrap_or_default());
        match self.road.submit_patiently(unit).await {
            Ok(answer) => {
                let refund: Refund = serde_json::from_slice(&answer.body).map_err(Fault::internal)?;
                if refund.amount_differs {
                    tracing::error!(refund = %id, "the provider tells another amount than ours of a refund; people must look");
                }
                if refund.paid_twice {
                    tracing::error!(refund = %id, "the provider names two payments of a refund; people must look");
                }
                if refund.contradicted {
                    tracing::error!(refund = %id, "the provider contradicts its final word on a refund; people must look");
                }
                Ok(Some(refund))
            }
            Err(fault) if fault.kind() == fault::Kind::Rejected => {
                refused(id, &fault);
                Ok(None)
            }
            Err(fault) => Err(fault),
        }
    }
}

/// How many were done; or, after all of them had their turn, what went wrong first.
fn counted(done: Vec<Result<bool, Fault>>) -> Result<usize, Fault> {
    done.into_iter().try_fold(0, |count, did| Ok(count + usize::from(did?)))
}

/// To come second is everyday life; any other refusal is not.
fn refused(id: Uuid, fault: &Fault) {
    match fault.code() {
        "refund.not_queued" | "refund.not_due" => tracing::debug!(refund = %id, "somebody else sends this refund"),
        code => tracing::error!(refund = %id, code, "news about a refund cannot be true; people must look"),
    }
}
