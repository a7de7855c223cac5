//! How money leaves. Sent is committed before the provider is called; the provider's word is recorded after. Whoever dies
//! in between leaves a refund that becomes unknown in time, and unknown is settled by asking.
//! Invariant: every call for a refund carries the refund's id as key, and every call belongs to one committed sending.
use std::sync::Arc;

use backbone::{Actor, Change, Clock, Context, Fault, Road, Unit, fault};
use futures::future::join_all;
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
    pace: Pace,
}

impl<P> Clone for Execution<P> {
    fn clone(&self) -> Self {
        Self {
            pool: self.pool.clone(),
            road: self.road.clone(),
            clock: self.clock.clone(),
            payments: Arc::clone(&self.payments),
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
            pace,
        }
    }

    /// Sends refunds that are due, a bounded number at once; says how many it sent. Errors: the database or the road is
    /// away; what was sent without its result being recorded becomes unknown by its deadline.
    pub async fn payments_once(&self) -> Result<usize, Fault> {
        let due = store::due(&self.pool, "queued", self.clock.now(), i64::from(self.pace.at_once)).await?;
        counted(join_all(due.iter().map(|refund| self.pay(refund.id))).await)
    }

    /// Asks about refunds whose outcome is unknown and whose time to ask has come; says how many it asked about.
    pub async fn reconcile_once(&self) -> Result<usize, Fault> {
        let due = store::due(&self.pool, "unknown", self.clock.now(), i64::from(self.pace.at_once)).await?;
        counted(join_all(due.iter().map(|refund| self.ask(refund))).await)
    }

    /// Only whoever gets the sending committed calls the provider.
    async fn pay(&self, id: Uuid) -> Result<bool, Fault> {
        let send = Command::Send { result_by: self.pace.result_by(self.clock.now()) };
        let Some(refund) = self.tell(id, send).await? else { return Ok(false) };
        let facts = refund.facts.ok_or_else(|| Fault::broken(format!("refund {id} was sent without facts")))?;
        let outcome = self.payments.refund(id, facts.amount, facts.purchase_id).await;
        self.record(id, &refund, outcome).await
    }

    async fn ask(&self, refund: &Stored<Refund>) -> Result<bool, Fault> {
        let Stored { id, state: refund, .. } = refund;
        match self.payments.status(*id).await {
            Status::Known(outcome) => self.record(*id, refund, outcome).await,
            Status::NeverSeen => {
                tracing::info!(refund = %id, attempt = refund.attempts, "the provider never saw the refund; it goes again");
                self.tell(*id, Command::NeverSeen { attempt: refund.attempts }).await.map(|_| true)
            }
        }
    }

    async fn record(&self, id: Uuid, refund: &Refund, outcome: Outcome) -> Result<bool, Fault> {
        let attempt = refund.attempts;
        let command = match outcome {
            Outcome::Succeeded { provider_ref } => Command::Succeed { provider_ref },
            Outcome::Failed { code } => Command::Fail { attempt, code },
            Outcome::Unknown { why } => {
                tracing::warn!(refund = %id, attempt, why, "the outcome of a refund is unknown");
                let ask_at = self.pace.ask_at(self.clock.now(), refund.unanswered);
                Command::LoseTrack { attempt, ask_at, patience: self.pace.tell_after }
            }
        };
        self.tell(id, command).await.map(|_| true)
    }

    /// The refund as it is after the command; nothing when the command was refused.
    async fn tell(&self, id: Uuid, command: Command) -> Result<Option<Refund>, Fault> {
        let unit = Unit::of(Change::to::<Refund>(id, command))
            .actor(Actor::service("fulfilment"))
            .answer::<Refund>(|_, _, refund| serde_json::to_vec(refund).unwrap_or_default());
        match self.road.submit_patiently(unit).await {
            Ok(answer) => {
                let refund: Refund = serde_json::from_slice(&answer.body).map_err(Fault::internal)?;
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
