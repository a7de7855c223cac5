//! `aftercare policy`: whether a policy of returns is right, what it decides, whether what was decided still stands, and
//! what the past would have been under another one.
//! New versions are proposed with that, and approved by somebody else (`versions`).
//! Invariant: but for proposals and approvals the running system is read and nothing else; no decision moves because somebody
//! asked what if.
use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use kernel::returns::{DEFAULT, Facts, Policy, Receipt};
use serde::Serialize;

use crate::{
    home::Home,
    output::{Output, Report},
};

pub mod past;
pub mod replay;
pub mod versions;

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  aftercare policy check new.toml
  aftercare policy verify
  aftercare policy replay --policy new.toml
  aftercare policy propose new.toml --as staff:quinn
  aftercare policy approve default 3 --as staff:eva
  aftercare policy decide --facts '{\"kind\":\"exchange\",\"reason\":\"quality.defect\",\"proof\":\"receipt\"}'")]
pub struct PolicyArgs {
    #[command(subcommand)]
    pub what: What,
}

#[derive(Debug, Subcommand)]
pub enum What {
    /// Say what is wrong with a policy of returns and where, and warn of what is odd. Exit code 1 when something is wrong.
    #[command(after_help = "The shipped policy shows the form: shared/kernel/policies/returns.toml.")]
    Check {
        /// TOML; the shipped policy when not told.
        file: Option<PathBuf>,
    },
    /// Decide about a return, and say by which rule.
    #[command(after_help = "Examples:
  aftercare policy decide --facts '{\"kind\":\"return_refund\",\"reason\":\"no_reason\",\"proof\":\"receipt\",
                                    \"days_since_delivery\":3,\"resaleable\":true}'
  aftercare policy decide --policy new.toml --facts @facts.json

Facts: kind, reason and proof must be told; category, channel, segment, days_since_delivery, days_since_purchase,
opened, resaleable, discomfort, buyer and amount ({\"minor\":9900,\"currency\":\"CNY\"}) where they are known.")]
    Decide {
        /// JSON, or @ and a file of it.
        #[arg(long, value_name = "JSON")]
        facts: String,
        /// TOML; the shipped policy when not told.
        #[arg(long, value_name = "FILE")]
        policy: Option<PathBuf>,
    },
    /// Make every decision of the running system again under the version it was made by. Exit code 1 when one comes out
    /// otherwise, or its version is not at hand.
    #[command(after_help = "Examples:
  aftercare policy verify                                  shipped policies decided everything
  aftercare policy verify --policy 2025.toml --warranties warranties-2025.toml

The receipts are read from the journal of fulfilment, the versions of the policy of returns from its book of them.")]
    Verify {
        /// TOML; a version of the policy of returns that was in force before fulfilment kept them. Those that were shipped
        /// are always at hand.
        #[arg(long = "policy", value_name = "FILE")]
        policies: Vec<PathBuf>,
        /// TOML; each version of the warranties that was in force. Those that are shipped are always at hand.
        #[arg(long, value_name = "FILE")]
        warranties: Vec<PathBuf>,
        /// How many that come out otherwise are named.
        #[arg(long, value_name = "N", default_value_t = 20)]
        show: usize,
    },
    /// Decide the past anew: what another policy would have answered.
    #[command(after_help = "Examples:
  aftercare policy replay --policy new.toml
  aftercare --json policy replay --policy new.toml | jq '.rules[] | {before, after, count}'")]
    Replay {
        /// TOML; the shipped policy when not told.
        #[arg(long, value_name = "FILE")]
        policy: Option<PathBuf>,
        /// How many with another answer are named.
        #[arg(long, value_name = "N", default_value_t = 20)]
        show: usize,
    },
    /// Propose a version of the policy of returns, with what the past would have been under it. It decides nothing before
    /// somebody else approves it.
    Propose {
        /// TOML.
        file: PathBuf,
        /// Who acts.
        #[arg(long = "as", value_name = "ACTOR")]
        actor: String,
    },
    /// Approve a version that somebody else proposed: from now on it decides.
    Approve {
        /// As the versions are listed.
        id: String,
        version: u32,
        /// Who acts.
        #[arg(long = "as", value_name = "ACTOR")]
        actor: String,
    },
    /// Say that a proposed version is not to be approved any more.
    Withdraw {
        id: String,
        version: u32,
        /// Who acts.
        #[arg(long = "as", value_name = "ACTOR")]
        actor: String,
    },
    /// The versions there are: which one decides, which wait, who proposed and who approved them.
    Versions,
}

/// `aftercare policy check | decide | verify | replay | propose | approve | withdraw | versions`.
pub async fn run(home: &Home, options: &PolicyArgs, output: Output) -> anyhow::Result<ExitCode> {
    match &options.what {
        What::Check { file } => check(file.as_deref(), output),
        What::Decide { facts, policy } => decide(facts, policy.as_deref(), output),
        What::Verify { policies, warranties, show } => {
            replay::verify(home, (policies, warranties), *show, output).await
        }
        What::Replay { policy, show } => replay::replay(home, policy.as_deref(), *show, output).await,
        What::Propose { file, actor } => versions::propose(home, file, actor, output).await,
        What::Approve { id, version, actor } => versions::approve(home, (id, *version), actor, output).await,
        What::Withdraw { id, version, actor } => versions::withdraw(home, (id, *version), actor, output).await,
        What::Versions => versions::list(home, output).await,
    }
}

/// A policy as it is written. Errors: the file cannot be read, or is not in the form.
fn read(policy: Option<&Path>) -> anyhow::Result<Policy> {
    backbone::config::document(policy, DEFAULT)
}

/// A policy fit to be used. Errors: the first thing that is wrong.
fn usable(policy: Option<&Path>) -> anyhow::Result<Policy> {
    let policy = read(policy)?;
    if let Some(problem) = policy.problems().into_iter().next() {
        bail!("{problem}; `aftercare policy check` names everything that is wrong");
    }
    Ok(policy)
}

fn check(file: Option<&Path>, output: Output) -> anyhow::Result<ExitCode> {
    let policy = read(file)?;
    let problems: Vec<String> = policy.problems().iter().map(ToString::to_string).collect();
    let warnings = policy.warnings().iter().map(ToString::to_string).collect();
    let wrong = !problems.is_empty();
    output.show(&Checked {
        policy: policy.id,
        version: policy.version,
        rules: policy.rules.len(),
        problems,
        warnings,
    })?;
    Ok(if wrong { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

#[derive(Serialize)]
struct Checked {
    policy: String,
    version: u32,
    rules: usize,
    problems: Vec<String>,
    warnings: Vec<String>,
}

impl Report for Checked {
    fn text(&self) -> String {
        let Self { policy, version, rules, problems, warnings } = self;
        let head = problems.is_empty().then(|| format!("{policy} version {version}: {rules} rules, nothing wrong"));
        let warnings = warnings.iter().map(|warning| format!("warning: {warning}"));
        head.into_iter().chain(problems.iter().cloned()).chain(warnings).collect::<Vec<_>>().join("\n")
    }
}

fn decide(facts: &str, policy: Option<&Path>, output: Output) -> anyhow::Result<ExitCode> {
    let policy = usable(policy)?;
    let text = match facts.strip_prefix('@') {
        Some(file) => fs::read_to_string(file).with_context(|| format!("cannot read {file}"))?,
        None => facts.to_owned(),
    };
    let facts: Facts = serde_json::from_str(&text).context("--facts")?;
    let reason = facts.reason.clone();
    let Some(receipt) = policy.decide(facts) else {
        let known: Vec<&str> = policy.reasons.keys().map(String::as_str).collect();
        bail!("the policy knows no reason called {reason}; there are: {}", known.join(", "));
    };
    output.show(&Decided(receipt))?;
    Ok(ExitCode::SUCCESS)
}

#[derive(Serialize)]
#[serde(transparent)]
struct Decided(Receipt);

impl Report for Decided {
    fn text(&self) -> String {
        let Receipt { policy, rule, outcome, reasons, words, appeal, .. } = &self.0;
        let allowed: Vec<&str> = outcome.allowed.iter().map(|kind| kind.word()).collect();
        let (answer, freight, goods) = (outcome.answer.word(), outcome.freight.word(), outcome.goods.word());
        let mut lines = vec![
            format!("{answer}, by rule {rule} of {} version {} ({})", policy.id, policy.version, reasons.join(", ")),
            format!("allowed: {}; freight: {freight}; goods: {goods}", allowed.join(", ")),
        ];
        lines.extend(outcome.fees.keys().map(|fee| format!("fee: {fee}")));
        lines.extend(words.iter().chain(appeal).map(|(language, text)| format!("[{language}] {text}")));
        lines.join("\n")
    }
}
