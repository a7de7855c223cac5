//! `aftercare policy verify` and `replay`: decisions of the past, made again; those about warranties too.
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::ExitCode,
};

use kernel::{
    returns::{AGREED, AGREED_ID, EARLIER, Policy, Receipt},
    warranty::{self, Coverage, Warranties},
};
use serde::Serialize;

use super::{
    past::{self, Covered, Decision},
    versions,
};
use crate::{
    home::{self, Home},
    output::{Output, Report, table},
    remote,
};

async fn decisions(home: &Home) -> anyhow::Result<Vec<Decision>> {
    past::read(remote::channel(home, home::service("fulfilment")?).await?).await
}

/// Every receipt under its own version: fulfilment keeps those of the policy of returns it decided by. Errors: a file is no
/// policy, fulfilment does not answer.
pub async fn verify(
    home: &Home,
    (policies, warranties): (&[PathBuf], &[PathBuf]),
    show: usize,
    output: Output,
) -> anyhow::Result<ExitCode> {
    let channel = remote::channel(home, home::service("fulfilment")?).await?;
    let mut known = versions::kept(channel.clone()).await?;
    for file in policies {
        known.push(super::usable(Some(file))?);
    }
    known.push(super::usable(None)?);
    for shipped in EARLIER.into_iter().chain([AGREED]) {
        known.push(backbone::config::document(None, shipped)?);
    }
    let mut borne = Vec::new();
    for file in warranties.iter().map(|file| Some(file.as_path())).chain([None]) {
        borne.push(backbone::config::document(file, warranty::DEFAULT)?);
    }
    let (decisions, covered) = past::read_all(channel).await?;
    let mut verified = check(&known, &decisions, show);
    verified.warranties = Some(Box::new(check_warranties(&borne, &covered, show)));
    let right = verified.right();
    output.show(&verified)?;
    Ok(if right { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The past under another policy. Errors: as [`verify`].
pub async fn replay(home: &Home, policy: Option<&Path>, show: usize, output: Output) -> anyhow::Result<ExitCode> {
    let policy = super::usable(policy)?;
    let mut decisions = decisions(home).await?;
    decisions.retain(|decision| decision.receipt.policy.id != AGREED_ID);
    output.show(&what_if(&policy, &decisions, show))?;
    Ok(ExitCode::SUCCESS)
}

/// What came of making decisions again.
#[derive(Debug, Serialize)]
pub struct Verified {
    pub decisions: usize,
    /// They come out as they did.
    pub same: usize,
    pub otherwise: usize,
    pub first_otherwise: Vec<Other>,
    /// Decisions by versions that are not at hand, by `id version`.
    pub unknown: BTreeMap<String, usize>,
    /// The same of decisions about who bears the cost of repairs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warranties: Option<Box<Self>>,
}

impl Verified {
    /// Whether every decision stands.
    pub fn right(&self) -> bool {
        self.same == self.decisions && self.warranties.as_ref().is_none_or(|warranties| warranties.right())
    }

    fn of(decisions: usize) -> Self {
        let (same, otherwise, first_otherwise, unknown) = Default::default();
        Self { decisions, same, otherwise, first_otherwise, unknown, warranties: None }
    }
}

/// A decision that comes out otherwise: by rule and answer.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Other {
    pub order_id: String,
    pub line_no: u32,
    pub before: String,
    /// None where the policy knows the reason no more.
    pub after: Option<String>,
}

impl Other {
    fn of(decision: &Decision, after: Option<&Receipt>) -> Self {
        let Decision { order_id, line_no, receipt } = decision;
        let (before, after) = (name(receipt), after.map(name));
        Self { order_id: order_id.clone(), line_no: *line_no, before, after }
    }

    fn of_warranty(covered: &Covered, after: &Coverage) -> Self {
        let Covered { order_id, line_no, coverage } = covered;
        let name = |one: &Coverage| format!("{} by {}", one.bearer.word(), one.rule.as_deref().unwrap_or("no rule"));
        Self { order_id: order_id.clone(), line_no: *line_no, before: name(coverage), after: Some(name(after)) }
    }

    fn line(&self) -> String {
        let Self { order_id, line_no, before, after } = self;
        format!("  {order_id} line {line_no}: {before} -> {}", after.as_deref().unwrap_or("no such reason"))
    }
}

fn name(receipt: &Receipt) -> String {
    format!("{} by {}", receipt.outcome.answer.word(), receipt.rule)
}

/// Makes every decision again under the first of the policies that has its version.
pub fn check(policies: &[Policy], decisions: &[Decision], show: usize) -> Verified {
    let mut found = Verified::of(decisions.len());
    for decision in decisions {
        let receipt = &decision.receipt;
        let Some(policy) = policies.iter().find(|policy| policy.gave(receipt)) else {
            *found.unknown.entry(format!("{} {}", receipt.policy.id, receipt.policy.version)).or_default() += 1;
            continue;
        };
        let again = policy.decide(receipt.facts.clone());
        if again.as_ref() == Some(receipt) {
            found.same += 1;
            continue;
        }
        found.otherwise += 1;
        if found.first_otherwise.len() < show {
            found.first_otherwise.push(Other::of(decision, again.as_ref()));
        }
    }
    found
}

/// Decides about every repair again under the first of the warranties that has its version.
pub fn check_warranties(known: &[Warranties], all: &[Covered], show: usize) -> Verified {
    let mut found = Verified::of(all.len());
    for covered in all {
        let of = &covered.coverage.policy;
        let Some(warranties) = known.iter().find(|one| one.id == of.id && one.version == of.version) else {
            *found.unknown.entry(format!("{} {}", of.id, of.version)).or_default() += 1;
            continue;
        };
        let again = warranties.decide(covered.coverage.facts.clone());
        if again == covered.coverage {
            found.same += 1;
            continue;
        }
        found.otherwise += 1;
        if found.first_otherwise.len() < show {
            found.first_otherwise.push(Other::of_warranty(covered, &again));
        }
    }
    found
}

impl Report for Verified {
    fn text(&self) -> String {
        let Self { decisions, same, otherwise, .. } = self;
        let head = format!("{decisions} decisions: {same} come out as they did, {otherwise} otherwise");
        let missing = self.unknown.iter().map(|(version, count)| {
            format!("  {count} by {version}, which is not at hand; name its file with --policy")
        });
        let others = self.first_otherwise.iter().map(Other::line);
        let warranties = self.warranties.as_ref().map(|warranties| format!("Warranties: {}", warranties.text()));
        [head].into_iter().chain(others).chain(missing).chain(warranties).collect::<Vec<_>>().join("\n")
    }
}

/// What another policy would have answered.
#[derive(Debug, Serialize)]
pub struct WhatIf {
    pub policy: String,
    pub version: u32,
    pub decisions: usize,
    pub changed: usize,
    /// Answer and rule before and after, where the answer, what is allowed, freight, goods or fees differ.
    pub rules: Vec<Moved>,
    pub first_changed: Vec<Other>,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Moved {
    pub before: String,
    pub after: Option<String>,
    pub count: usize,
}

/// Decides everything anew. Another rule with the same outcome is no change.
pub fn what_if(policy: &Policy, decisions: &[Decision], show: usize) -> WhatIf {
    let mut moved: BTreeMap<(String, Option<String>), usize> = BTreeMap::new();
    let (mut changed, mut first_changed) = (0, Vec::new());
    for decision in decisions {
        let after = policy.decide(decision.receipt.facts.clone());
        if after.as_ref().is_some_and(|after| after.outcome == decision.receipt.outcome) {
            continue;
        }
        changed += 1;
        *moved.entry((name(&decision.receipt), after.as_ref().map(name))).or_default() += 1;
        if first_changed.len() < show {
            first_changed.push(Other::of(decision, after.as_ref()));
        }
    }
    let rules = moved.into_iter().map(|((before, after), count)| Moved { before, after, count }).collect();
    WhatIf {
        policy: policy.id.clone(),
        version: policy.version,
        decisions: decisions.len(),
        changed,
        rules,
        first_changed,
    }
}

impl Report for WhatIf {
    fn text(&self) -> String {
        let Self { policy, version, decisions, changed, .. } = self;
        let head = format!("Under {policy} version {version}: {changed} of {decisions} decisions would change");
        if self.rules.is_empty() {
            return head;
        }
        let row = |moved: &Moved| {
            let after = moved.after.clone().unwrap_or_else(|| "no such reason".to_owned());
            vec![moved.before.clone(), after, moved.count.to_string()]
        };
        let rules = table(&["was", "would be", "decisions"], self.rules.iter().map(row));
        let others = self.first_changed.iter().map(Other::line);
        [head, String::new(), rules, String::new()].into_iter().chain(others).collect::<Vec<_>>().join("\n")
    }
}

#[cfg(test)]
#[path = "replay_tests.rs"]
mod tests;
