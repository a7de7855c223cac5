//! `aftercare policy propose`, `approve`, `withdraw` and `versions`: which version of the policy of returns decides.
use std::{fs, path::Path, process::ExitCode};

use anyhow::Context;
use contracts::{
    common::v1::Money,
    fulfilment::v1::{
        ApprovePolicyRequest, ListPoliciesRequest, PolicyPlayed, PolicyVersionView, ProposePolicyRequest,
        WithdrawPolicyRequest, policies_client::PoliciesClient,
    },
};
use kernel::returns::Policy;
use serde::Serialize;
use tonic::transport::Channel;

use crate::{
    home::{self, Home},
    output::{Output, Report, table},
    remote::{self, Done},
};

async fn client(home: &Home) -> anyhow::Result<PoliciesClient<Channel>> {
    Ok(PoliciesClient::new(remote::channel(home, home::service("fulfilment")?).await?))
}

/// Fulfilment plays the past under it. Errors: the file is no policy that may be used, fulfilment does not answer or says no.
pub async fn propose(home: &Home, file: &Path, actor: &str, output: Output) -> anyhow::Result<ExitCode> {
    let policy = super::usable(Some(file))?;
    let text = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let proposal = ProposePolicyRequest { policy: text, what_if: None };
    let channel = remote::channel(home, home::service("fulfilment")?).await?;
    let answer = PoliciesClient::new(channel.clone()).propose_policy(remote::request_as(proposal, actor)?).await;
    answer.map_err(|status| remote::refusal(&status))?;
    let same = |view: &PolicyVersionView| view.policy_id == policy.id && view.policy_version == policy.version;
    let view = views(channel).await?.into_iter().rfind(same).context("the version is not there any more")?;
    output.show(&Proposed(Row::of(view)))?;
    Ok(ExitCode::SUCCESS)
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
#[serde(transparent)]
struct Proposed(Row);

impl Report for Proposed {
    fn text(&self) -> String {
        let Row { policy, version, status, decisions, changed, moved, granted, since, .. } = &self.0;
        let of = format!("{} of {} decisions", changed.unwrap_or_default(), decisions.unwrap_or_default());
        let head = format!("Under {policy} version {version}: {of} since {since} would change; granted {granted}");
        let rows = table(
            &["was", "would be", "decisions"],
            moved.iter().map(|one| {
                let after = if one.after.is_empty() { "no such reason" } else { &one.after };
                vec![one.before.clone(), after.to_owned(), one.count.to_string()]
            }),
        );
        let last = format!(
            "{policy} version {version} is {status}; somebody else approves it: aftercare policy approve {policy} {version}"
        );
        [head].into_iter().chain((!moved.is_empty()).then_some(rows)).chain([last]).collect::<Vec<_>>().join("\n")
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
    /// By answer and rule, the most frequent first.
    moved: Vec<Moved>,
    /// What was granted and what would have been, in each currency; empty where it was not counted.
    granted: String,
    /// Orders opened since were counted; empty where it is the word of who proposed it.
    since: String,
}

#[derive(Serialize)]
struct Moved {
    before: String,
    after: String,
    count: u64,
}

impl Row {
    fn of(view: PolicyVersionView) -> Self {
        let what_if = view.what_if.as_ref();
        let played = what_if.and_then(|what_if| what_if.played.as_ref());
        let moved = what_if.into_iter().flat_map(|what_if| &what_if.moved).map(|one| Moved {
            before: one.before.clone(),
            after: one.after.clone(),
            count: one.count,
        });
        Self {
            decisions: what_if.map(|what_if| what_if.decisions),
            changed: what_if.map(|what_if| what_if.changed),
            moved: moved.collect(),
            granted: played.map(granted).unwrap_or_default(),
            since: played.and_then(|played| day(played.since.as_ref()?)).unwrap_or_default(),
            policy: view.policy_id,
            version: view.policy_version,
            status: view.status,
            proposed_by: view.proposed_by,
            approved_by: view.approved_by,
        }
    }
}

fn day(at: &contracts::Timestamp) -> Option<String> {
    backbone::proto::instant("since", Some(at)).ok().flatten().map(|at| at.strftime("%Y-%m-%d").to_string())
}

/// As `60.00 -> 68.00 CNY`.
fn granted(played: &PolicyPlayed) -> String {
    let pair = |(before, after): (&Money, &Money)| format!("{} -> {}", written(before), written(after));
    played.granted_before.iter().zip(&played.granted_after).map(pair).collect::<Vec<_>>().join(", ")
}

fn written(money: &Money) -> String {
    let known = money.currency.parse().map(|currency| kernel::money::Money::new(money.minor, currency).to_string());
    known.unwrap_or_else(|_| format!("{} {}", money.minor, money.currency))
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
                row.granted.clone(),
                row.since.clone(),
            ]
        };
        let head = ["policy", "version", "status", "proposed by", "approved by", "would change", "granted", "since"];
        table(&head, self.versions.iter().map(row))
    }
}
