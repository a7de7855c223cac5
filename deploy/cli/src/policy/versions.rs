//! `aftercare policy propose`, `approve`, `withdraw` and `versions`: which version of the policy of returns decides.
use std::{fs, path::Path, process::ExitCode};

use anyhow::Context;
use contracts::fulfilment::v1::{
    ApprovePolicyRequest, ListPoliciesRequest, PolicyMoved, PolicyVersionView, PolicyWhatIf, ProposePolicyRequest,
    WithdrawPolicyRequest, policies_client::PoliciesClient,
};
use kernel::returns::Policy;
use serde::Serialize;
use tonic::transport::Channel;

use super::replay::{self, WhatIf};
use crate::{
    home::{self, Home},
    output::{Output, Report, table},
    remote::{self, Done},
};

/// So many changes by rule are kept with a proposal.
const MOVED_MAX: usize = 100;

async fn client(home: &Home) -> anyhow::Result<PoliciesClient<Channel>> {
    Ok(PoliciesClient::new(remote::channel(home, home::service("fulfilment")?).await?))
}

/// Errors: the file is no policy that may be used, fulfilment does not answer or says no.
pub async fn propose(home: &Home, file: &Path, actor: &str, output: Output) -> anyhow::Result<ExitCode> {
    let policy = super::usable(Some(file))?;
    let what_if = replay::what_if(&policy, &replay::decisions(home).await?, 0);
    let policy = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let proposal = ProposePolicyRequest { policy, what_if: Some(told(&what_if)) };
    let answer = client(home).await?.propose_policy(remote::request_as(proposal, actor)?).await;
    output
        .show(&Proposed { status: answer.map_err(|status| remote::refusal(&status))?.into_inner().status, what_if })?;
    Ok(ExitCode::SUCCESS)
}

/// What the past would have been, as it is kept with a proposal: the most frequent changes.
pub fn told(what_if: &WhatIf) -> PolicyWhatIf {
    let mut moved: Vec<&replay::Moved> = what_if.rules.iter().collect();
    moved.sort_by_key(|one| std::cmp::Reverse(one.count));
    let moved = moved.into_iter().take(MOVED_MAX).map(|one| PolicyMoved {
        before: one.before.clone(),
        after: one.after.clone().unwrap_or_default(),
        count: count(one.count),
    });
    PolicyWhatIf { decisions: count(what_if.decisions), changed: count(what_if.changed), moved: moved.collect() }
}

fn count(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}

/// Errors: fulfilment does not answer or says no.
pub async fn approve(home: &Home, (id, version): (&str, u32), actor: &str, output: Output) -> anyhow::Result<ExitCode> {
    let m = ApprovePolicyRequest { policy_id: id.to_owned(), policy_version: version };
    output.show(&Done::of(client(home).await?.approve_policy(remote::request_as(m, actor)?).await)?)?;
    Ok(ExitCode::SUCCESS)
}

/// Errors: as [`approve`].
pub async fn withdraw(
    home: &Home,
    (id, version): (&str, u32),
    actor: &str,
    output: Output,
) -> anyhow::Result<ExitCode> {
    let m = WithdrawPolicyRequest { policy_id: id.to_owned(), policy_version: version };
    output.show(&Done::of(client(home).await?.withdraw_policy(remote::request_as(m, actor)?).await)?)?;
    Ok(ExitCode::SUCCESS)
}

/// Errors: fulfilment does not answer.
pub async fn list(home: &Home, output: Output) -> anyhow::Result<ExitCode> {
    let channel = remote::channel(home, home::service("fulfilment")?).await?;
    output.show(&Versions { versions: views(channel).await?.into_iter().map(Row::of).collect() })?;
    Ok(ExitCode::SUCCESS)
}

async fn views(channel: Channel) -> anyhow::Result<Vec<PolicyVersionView>> {
    let answer = PoliciesClient::new(channel).list_policies(remote::request(ListPoliciesRequest {})).await;
    Ok(answer.map_err(|status| remote::refusal(&status))?.into_inner().versions)
}

/// What each version says that fulfilment keeps. Errors: fulfilment does not answer.
pub async fn kept(channel: Channel) -> anyhow::Result<Vec<Policy>> {
    views(channel).await?.iter().map(|view| Ok(serde_json::from_str(&view.policy)?)).collect()
}

#[derive(Serialize)]
struct Proposed {
    status: String,
    what_if: WhatIf,
}

impl Report for Proposed {
    fn text(&self) -> String {
        let WhatIf { policy, version, .. } = &self.what_if;
        format!(
            "{}\n{policy} version {version} is {}; somebody else approves it: aftercare policy approve {policy} {version}",
            self.what_if.text(),
            self.status
        )
    }
}

#[derive(Serialize)]
struct Versions {
    versions: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    policy: String,
    version: u32,
    status: String,
    proposed_by: String,
    approved_by: String,
    decisions: Option<u64>,
    changed: Option<u64>,
}

impl Row {
    fn of(view: PolicyVersionView) -> Self {
        let what_if = view.what_if.as_ref();
        Self {
            decisions: what_if.map(|what_if| what_if.decisions),
            changed: what_if.map(|what_if| what_if.changed),
            policy: view.policy_id,
            version: view.policy_version,
            status: view.status,
            proposed_by: view.proposed_by,
            approved_by: view.approved_by,
        }
    }
}

impl Report for Versions {
    fn text(&self) -> String {
        let row = |row: &Row| {
            let changed = row.changed.zip(row.decisions).map(|(changed, of)| format!("{changed} of {of}"));
            vec![
                row.policy.clone(),
                row.version.to_string(),
                row.status.clone(),
                row.proposed_by.clone(),
                row.approved_by.clone(),
                changed.unwrap_or_default(),
            ]
        };
        let head = ["policy", "version", "status", "proposed by", "approved by", "would have changed"];
        table(&head, self.versions.iter().map(row))
    }
}
