//! The gRPC door to the versions of the policy of returns. No rules.
use std::time::Duration;

use backbone::{Change, Checks, Clock, Fault, Road, Unit, config};
use contracts::{
    Message,
    common::v1::Receipt,
    fulfilment::v1::{
        ApprovePolicyRequest, ListPoliciesRequest, ListPoliciesResponse, ProposePolicyRequest, WithdrawPolicyRequest,
        policies_server::Policies,
    },
};
use jiff::{SignedDuration, Timestamp};
use kernel::returns::Policy;
use sqlx::PgPool;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::{Caller, caller, cost::answered};
use crate::{
    config::problems,
    domain::policies::{Command, Name, Past, PolicyBook, WhatIf},
    in_force::InForce,
    store, wire,
};

const TEXT_MAX: usize = 200_000;
/// A version is played on the orders of so long …
const PAST: SignedDuration = SignedDuration::from_hours(365 * 24);
/// … at the most on so many, the newest …
const ORDERS_MAX: usize = 20_000;
const PAGE: usize = 500;
/// … and for so long.
const PLAYED_WITHIN: Duration = Duration::from_secs(5);

/// The versions.
pub struct Api {
    pub pool: PgPool,
    pub road: Road,
    pub clock: Clock,
    pub in_force: InForce,
}

impl Api {
    async fn tell(&self, (actor, key): Caller, name: Name, command: Command) -> Result<Response<Receipt>, Status> {
        // What decides is known before anything takes its place.
        self.in_force.policy().await?;
        let receipt = move |id, version, book: &PolicyBook| {
            wire::policy::policy_receipt(id, version, book, &name).encode_to_vec()
        };
        let unit = Unit::of(Change::to::<PolicyBook>(PolicyBook::id(), command)).actor(actor).key(key);
        answered(&self.road, unit.answer::<PolicyBook>(receipt)).await
    }

    /// What was decided, decided again under this version: the newest first, as far as number and time allow.
    async fn play(&self, policy: &Policy) -> Result<WhatIf, Fault> {
        let now = self.clock.now();
        let since = now.checked_sub(PAST).unwrap_or(Timestamp::MIN);
        let (mut past, mut reached, mut orders, mut whole) = (Past::under(policy), (now, Uuid::max()), 0, false);
        let playing = async {
            while orders < ORDERS_MAX && !whole {
                let page = i64::try_from(PAGE).unwrap_or(i64::MAX);
                let decided = store::policies::decided(&self.pool, since, reached, page).await?;
                (orders, whole) = (orders + decided.len(), decided.len() < PAGE);
                for (id, opened_at, receipts) in decided {
                    receipts.iter().for_each(|(receipt, share)| past.play(receipt, *share));
                    reached = (opened_at, id);
                }
            }
            Ok::<(), Fault>(())
        };
        let in_time = tokio::time::timeout(PLAYED_WITHIN, playing).await;
        let too_slow = in_time.is_err();
        in_time.unwrap_or(Ok(()))?;
        if too_slow && orders == 0 {
            let nothing = "no order could be played in time, so nothing is known of the version; propose it again";
            return Err(Fault::unavailable(std::io::Error::other(nothing)));
        }
        Ok(past.told(if whole { since } else { reached.0 }, !whole))
    }
}

/// A policy that may be used.
fn policy(checks: &mut Checks, text: &str) -> Option<Policy> {
    let text = checks.text("policy", text, 1..=TEXT_MAX)?;
    let policy: Policy = match config::document(None, text) {
        Ok(policy) => policy,
        Err(error) => {
            checks.wrong("policy", format!("{:#}", error.root_cause()));
            return None;
        }
    };
    let problems = problems(&policy);
    if problems.is_empty() {
        return Some(policy);
    }
    checks.wrong("policy", problems.join("; "));
    None
}

fn name(checks: &mut Checks, id: &str, version: u32) -> Option<Name> {
    let id = checks.text("policy_id", id, 1..=200).map(str::to_owned);
    let version = checks.within("policy_version", version, 1..=u32::MAX);
    Some(Name { id: id?, version: version? })
}

#[tonic::async_trait]
impl Policies for Api {
    async fn propose_policy(&self, request: Request<ProposePolicyRequest>) -> Result<Response<Receipt>, Status> {
        let mut checks = Checks::default();
        let caller = caller(&mut checks, &request, "fulfilment.propose_policy");
        let policy = policy(&mut checks, &request.get_ref().policy);
        let (Some(caller), Some(policy)) = (caller, policy) else { return Err(checks.fault().into()) };
        let what_if = self.play(&policy).await?;
        let (name, by) = (Name::of(&policy), caller.0.as_str().to_owned());
        self.tell(caller, name, Command::Propose { policy: Box::new(policy), what_if, by }).await
    }

    async fn approve_policy(&self, request: Request<ApprovePolicyRequest>) -> Result<Response<Receipt>, Status> {
        let mut checks = Checks::default();
        let caller = caller(&mut checks, &request, "fulfilment.approve_policy");
        let name = name(&mut checks, &request.get_ref().policy_id, request.get_ref().policy_version);
        let (Some(caller), Some(name)) = (caller, name) else { return Err(checks.fault().into()) };
        let by = caller.0.as_str().to_owned();
        self.tell(caller, name.clone(), Command::Approve { name, by }).await
    }

    async fn withdraw_policy(&self, request: Request<WithdrawPolicyRequest>) -> Result<Response<Receipt>, Status> {
        let mut checks = Checks::default();
        let caller = caller(&mut checks, &request, "fulfilment.withdraw_policy");
        let name = name(&mut checks, &request.get_ref().policy_id, request.get_ref().policy_version);
        let (Some(caller), Some(name)) = (caller, name) else { return Err(checks.fault().into()) };
        let by = caller.0.as_str().to_owned();
        self.tell(caller, name.clone(), Command::Withdraw { name, by }).await
    }

    async fn list_policies(&self, _: Request<ListPoliciesRequest>) -> Result<Response<ListPoliciesResponse>, Status> {
        self.in_force.policy().await?;
        let book = store::policies::newer(&self.pool, None).await?;
        let book = book.ok_or_else(|| Fault::broken("the policy that was installed is not there"))?.state;
        let views = book.versions.iter().map(|version| wire::policy::policy_view(&book, version));
        Ok(Response::new(ListPoliciesResponse { versions: views.collect::<Result<_, _>>()? }))
    }
}
