//! The gRPC door to the versions of the policy of returns. No rules.
use backbone::{Change, Checks, Fault, Road, Unit, config};
use contracts::{
    Message,
    common::v1::Receipt,
    fulfilment::v1::{
        ApprovePolicyRequest, ListPoliciesRequest, ListPoliciesResponse, PolicyMoved, PolicyWhatIf,
        ProposePolicyRequest, WithdrawPolicyRequest, policies_server::Policies,
    },
};
use kernel::returns::Policy;
use sqlx::PgPool;
use tonic::{Request, Response, Status};

use super::{Caller, caller, cost::answered};
use crate::{
    domain::policies::{Command, Moved, Name, PolicyBook, WhatIf},
    in_force::InForce,
    store, wire,
};

const TEXT_MAX: usize = 200_000;
const MOVED_MAX: usize = 100;

/// The versions.
pub struct Api {
    pub pool: PgPool,
    pub road: Road,
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
    let problems: Vec<String> = policy.problems().iter().map(ToString::to_string).collect();
    if problems.is_empty() {
        return Some(policy);
    }
    checks.wrong("policy", problems.join("; "));
    None
}

fn what_if(checks: &mut Checks, told: Option<&PolicyWhatIf>) -> Option<WhatIf> {
    let Some(told) = told else {
        checks.wrong("what_if", "is missing: say what the past would have been under it (aftercare policy propose)");
        return None;
    };
    if told.changed > told.decisions {
        checks.wrong("what_if.changed", "must not be more than there are decisions");
        return None;
    }
    if told.moved.len() > MOVED_MAX {
        checks.wrong("what_if.moved", format!("must be at most {MOVED_MAX}"));
        return None;
    }
    let moved = |(n, one): (usize, &PolicyMoved)| {
        let before = checks.text(&format!("what_if.moved[{n}].before"), &one.before, 1..=200).map(str::to_owned);
        let after = checks.text(&format!("what_if.moved[{n}].after"), &one.after, 0..=200).map(str::to_owned);
        Some(Moved { before: before?, after: after?, count: one.count })
    };
    let moved: Vec<Option<Moved>> = told.moved.iter().enumerate().map(moved).collect();
    let moved = moved.into_iter().collect::<Option<_>>()?;
    Some(WhatIf { decisions: told.decisions, changed: told.changed, moved })
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
        let what_if = what_if(&mut checks, request.get_ref().what_if.as_ref());
        let (Some(caller), Some(policy), Some(what_if)) = (caller, policy, what_if) else {
            return Err(checks.fault().into());
        };
        if what_if.decisions == 0 && store::policies::has_decided(&self.pool).await? {
            let empty = "must count what was decided: play the past under the version (aftercare policy propose)";
            checks.wrong("what_if.decisions", empty);
            return Err(checks.fault().into());
        }
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
