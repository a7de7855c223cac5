//! The `[service]` section of the configuration; `default.toml` explains every value.
//! Invariant: what was read can be followed; impossible values are refused at the start.
use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use anyhow::Context as _;
use backbone::{Document, signature::Secrets, webhook};
use jiff::{SignedDuration, Timestamp};
use kernel::{
    approval::Limits,
    returns::{AGREED, AGREED_ID, DEFAULT, Policy, Words},
    sla::Warning,
};
use secrecy::SecretString;
use serde::Deserialize;

pub use compensation::Compensation;

use crate::{
    carrier,
    domain::{
        account::tender,
        order::{
            effort::{self, Ceilings},
            request::Form,
            returning::{PeopleTerms, Terms},
            work::RepairTerms,
        },
        warranty::{self, Warranties},
    },
    wire,
};

mod compensation;
mod people;

/// What can be set without a new release.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub purchase_within: SignedDuration,
    pub complete_within: SignedDuration,
    pub found_within: SignedDuration,
    pub chargeback_within: SignedDuration,
    pub payments: Provider,
    pub pace: Pace,
    pub returns: Returns,
    pub repairs: Repairs,
    pub compensation: Compensation,
    #[serde(default)]
    pub tenders: Tenders,
    #[serde(default)]
    pub effort: Ceiling,
    /// How long a shop system's webhook is tried with an event.
    pub webhook_retry_for: SignedDuration,
    /// Who makes labels and tells of parcels, where there is somebody.
    #[serde(default)]
    pub carrier: Option<carrier::Section>,
    /// By channel.
    #[serde(default)]
    pub webhooks: BTreeMap<String, webhook::Section>,
}

/// What may come back, and what customers are told who send goods back.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Returns {
    /// The chain's own policy; the shipped one where none is named.
    #[serde(default)]
    policy: Option<PathBuf>,
    send_to: String,
    instructions: Words,
    pub goods_within: SignedDuration,
    pub inspect_within: SignedDuration,
    pub refund_within: SignedDuration,
    pub refund_warnings: Vec<Warning>,
    pub replace_within: SignedDuration,
    pub replace_warnings: Vec<Warning>,
    pub replace_attempts: u8,
    pub answer_within: SignedDuration,
    /// What waits for our own people.
    pub people: PeopleTerms,
    /// Of one piece that goes out, in minor units by currency.
    pub price_max: Limits,
}

/// Who bears the cost of repairs, and by when what of them is done.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Repairs {
    /// The chain's own warranties; the shipped ones where none are named.
    #[serde(default)]
    warranties: Option<PathBuf>,
    pub repair_within: SignedDuration,
    pub repair_warnings: Vec<Warning>,
    pub quote_valid_for: SignedDuration,
    pub satisfaction_within: SignedDuration,
}

/// By which means is paid back what was paid by several.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tenders {
    /// The chain's own policy; the shipped one where none is named.
    #[serde(default)]
    policy: Option<PathBuf>,
}

impl Tenders {
    /// The policy in force. Errors: the file cannot be read, or everything that is wrong with the policy.
    pub fn policy(&self) -> anyhow::Result<tender::Policy> {
        let policy: tender::Policy = backbone::config::document(self.policy.as_deref(), tender::DEFAULT)?;
        let problems: Vec<String> = policy.problems().iter().map(ToString::to_string).collect();
        anyhow::ensure!(problems.is_empty(), "section [service.tenders], policy:\n{}", problems.join("\n"));
        Ok(policy)
    }

    /// The policy as it stands in its version. Errors: as [`Self::policy`].
    pub fn documents(&self) -> anyhow::Result<Vec<Document>> {
        Document::read("policy of tenders", ("", "id"), self.policy.as_deref(), tender::DEFAULT)
    }
}

/// How much may be asked of customers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ceiling {
    /// The chain's own ceilings; the shipped ones where none are named.
    #[serde(default)]
    policy: Option<PathBuf>,
}

impl Ceiling {
    /// The ceilings in force. Errors: the file cannot be read, or everything that is wrong with them.
    pub fn ceilings(&self) -> anyhow::Result<Ceilings> {
        let ceilings: Ceilings = backbone::config::document(self.policy.as_deref(), effort::DEFAULT)?;
        let problems: Vec<String> = ceilings.problems().iter().map(ToString::to_string).collect();
        anyhow::ensure!(problems.is_empty(), "section [service.effort], policy:\n{}", problems.join("\n"));
        Ok(ceilings)
    }

    /// The ceilings as they stand in their version. Errors: as [`Self::ceilings`].
    pub fn documents(&self) -> anyhow::Result<Vec<Document>> {
        Document::read("ceilings of effort", ("", "id"), self.policy.as_deref(), effort::DEFAULT)
    }
}

/// The payment provider.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provider {
    pub url: String,
    /// For one request, from the connection to the last byte of the answer.
    pub timeout: SignedDuration,
    /// What its callbacks are signed with; none: it sends none.
    #[serde(default)]
    pub callback_secrets: Vec<SecretString>,
}

/// What somebody signs his callbacks with; nothing where he sends none. Errors: a secret that is none.
pub fn callback_secrets(secrets: &[SecretString], section: &str) -> anyhow::Result<Option<Secrets>> {
    if secrets.is_empty() {
        return Ok(None);
    }
    Secrets::read(secrets).with_context(|| format!("section [service.{section}], callback_secrets")).map(Some)
}

/// How fast refunds are sent and asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pace {
    /// Requests to the provider at the same time, a process.
    pub at_once: u8,
    pub result_within: SignedDuration,
    pub ask_after: SignedDuration,
    pub ask_at_most_after: SignedDuration,
    pub tell_after: SignedDuration,
    /// After so many answers in a row that were no clear word, the provider rests.
    pub rest_after: u32,
    pub rest: SignedDuration,
}

impl Config {
    /// Refuses what cannot work.
    pub fn check(&self) -> anyhow::Result<()> {
        let Self {
            purchase_within,
            complete_within,
            payments,
            pace,
            returns,
            repairs,
            webhook_retry_for,
            webhooks,
            ..
        } = self;
        let month = SignedDuration::from_hours(30 * 24);
        let strange = webhooks.keys().find(|name| !wire::is_channel(name));
        let wrong = [
            (
                Duration::try_from(payments.timeout).is_err() || payments.timeout.is_zero(),
                "payments.timeout must be above 0",
            ),
            (*purchase_within <= SignedDuration::ZERO, "purchase_within must be above 0"),
            (*complete_within <= SignedDuration::ZERO, "complete_within must be above 0"),
            (pace.at_once == 0, "pace.at_once must be 1 to 255"),
            (pace.result_within <= payments.timeout, "pace.result_within must be longer than payments.timeout"),
            (pace.ask_after <= SignedDuration::ZERO, "pace.ask_after must be above 0"),
            (returns.goods_within <= SignedDuration::ZERO, "returns.goods_within must be above 0"),
            (returns.inspect_within <= SignedDuration::ZERO, "returns.inspect_within must be above 0"),
            (returns.send_to.trim().is_empty(), "returns.send_to must say where goods are sent"),
            (returns.instructions.is_empty(), "returns.instructions must be said in one language at least"),
            (returns.refund_within <= SignedDuration::ZERO, "returns.refund_within must be above 0"),
            (
                returns.refund_warnings.iter().any(|warning| warning.after(returns.refund_within).is_none()),
                "returns.refund_warnings must come after the start and before the end of returns.refund_within",
            ),
            (pace.rest_after == 0, "pace.rest_after must be above 0"),
            (pace.rest <= SignedDuration::ZERO, "pace.rest must be above 0"),
            (returns.replace_within <= SignedDuration::ZERO, "returns.replace_within must be above 0"),
            (
                returns.replace_warnings.iter().any(|warning| warning.after(returns.replace_within).is_none()),
                "returns.replace_warnings must come after the start and before the end of returns.replace_within",
            ),
            (returns.answer_within <= SignedDuration::ZERO, "returns.answer_within must be above 0"),
            (returns.replace_attempts == 0, "returns.replace_attempts must be 1 to 255"),
            (returns.price_max.values().any(|most| *most <= 0), "returns.price_max must be above 0 for each currency"),
            (repairs.repair_within <= SignedDuration::ZERO, "repairs.repair_within must be above 0"),
            (
                repairs.repair_warnings.iter().any(|warning| warning.after(repairs.repair_within).is_none()),
                "repairs.repair_warnings must come after the start and before the end of repairs.repair_within",
            ),
            (repairs.quote_valid_for <= SignedDuration::ZERO, "repairs.quote_valid_for must be above 0"),
            (repairs.satisfaction_within <= SignedDuration::ZERO, "repairs.satisfaction_within must be above 0"),
            (
                *webhook_retry_for < SignedDuration::from_hours(1) || *webhook_retry_for > month,
                "webhook_retry_for must be 1h to 720h",
            ),
            (strange.is_some(), "webhooks must be named after channels, as [service.webhooks.website]"),
            (pace.tell_after <= pace.result_within, "pace.tell_after must be longer than pace.result_within"),
            (pace.ask_at_most_after < pace.ask_after, "pace.ask_at_most_after must not be below pace.ask_after"),
        ];
        let wrong = wrong.into_iter().chain(people::wrong(self));
        let reasons: Vec<&str> = wrong.filter(|(is_wrong, _)| *is_wrong).map(|(_, reason)| reason).collect();
        anyhow::ensure!(reasons.is_empty(), "configuration, section [service]: {}", reasons.join("; "));
        webhook::check(webhooks)
    }

    /// How long goods are awaited, by when they are inspected or repaired, by when money is paid, and by when and how often
    /// goods go out again.
    pub fn terms(&self) -> Terms {
        let (returns, repairs) = (&self.returns, &self.repairs);
        Terms {
            goods_within: returns.goods_within,
            inspect_within: returns.inspect_within,
            refund_within: returns.refund_within,
            refund_warnings: returns.refund_warnings.clone(),
            replace_within: returns.replace_within,
            replace_warnings: returns.replace_warnings.clone(),
            replace_attempts: returns.replace_attempts.into(),
            repair: RepairTerms {
                within: repairs.repair_within,
                warnings: repairs.repair_warnings.clone(),
                quote_valid_for: repairs.quote_valid_for,
                satisfaction_within: repairs.satisfaction_within,
            },
            answer_within: returns.answer_within,
            people: returns.people.clone(),
        }
    }
}

impl Repairs {
    /// The warranties in force. Errors: the file cannot be read, or everything that is wrong with them.
    pub fn warranties(&self) -> anyhow::Result<Warranties> {
        let warranties: Warranties = backbone::config::document(self.warranties.as_deref(), warranty::DEFAULT)?;
        let problems: Vec<String> = warranties.problems().iter().map(ToString::to_string).collect();
        anyhow::ensure!(problems.is_empty(), "section [service.repairs], warranties:\n{}", problems.join("\n"));
        Ok(warranties)
    }

    /// The warranties as they stand in their version. Errors: as [`Self::warranties`].
    pub fn documents(&self) -> anyhow::Result<Vec<Document>> {
        Document::read("warranties", ("", "id"), self.warranties.as_deref(), warranty::DEFAULT)
    }
}

/// Everything that is wrong with a policy of returns: in itself, and where it has the name of what was agreed.
pub fn problems(policy: &Policy) -> Vec<String> {
    let taken = (policy.id == AGREED_ID).then(|| format!("the id {AGREED_ID} is that of what solutions agree on"));
    policy.problems().iter().map(ToString::to_string).chain(taken).collect()
}

/// What is decided of a return that was agreed by its pieces; it is shipped, and nobody's to change. Errors: it cannot be read.
pub fn agreed() -> anyhow::Result<Policy> {
    backbone::config::document(None, AGREED)
}

impl Returns {
    /// The policy in force. Errors: the file cannot be read, or everything that is wrong with the policy.
    pub fn policy(&self) -> anyhow::Result<Policy> {
        let policy: Policy = backbone::config::document(self.policy.as_deref(), DEFAULT)?;
        let problems = problems(&policy);
        anyhow::ensure!(problems.is_empty(), "section [service.returns], policy:\n{}", problems.join("\n"));
        Ok(policy)
    }

    /// The policy as it stands in its version. Errors: as [`Self::policy`].
    pub fn documents(&self) -> anyhow::Result<Vec<Document>> {
        Document::read("policy of returns", ("", "id"), self.policy.as_deref(), DEFAULT)
    }

    /// What the customer is told.
    pub fn form(&self) -> Form {
        Form { send_to: self.send_to.clone(), instructions: self.instructions.clone() }
    }
}

impl Pace {
    /// When a refund sent now must have a result.
    pub fn result_by(&self, now: Timestamp) -> Timestamp {
        later(now, self.result_within)
    }

    /// When the provider is asked (again), after `unanswered` times without an answer: the wait doubles up to its limit.
    pub fn ask_at(&self, now: Timestamp, unanswered: u32) -> Timestamp {
        let wait = self.ask_after.checked_mul(1_i32.checked_shl(unanswered.min(30)).unwrap_or(i32::MAX));
        later(now, wait.unwrap_or(self.ask_at_most_after).min(self.ask_at_most_after))
    }
}

fn later(now: Timestamp, wait: SignedDuration) -> Timestamp {
    now.checked_add(wait).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn defaults() -> Config {
        let settings = backbone::Settings::load(include_str!("../default.toml"), None).unwrap();
        settings.service().unwrap()
    }

    #[test]
    fn the_defaults_can_be_followed() {
        defaults().check().unwrap();
    }

    #[test]
    fn wrong_warranties_are_refused_with_everything_that_is_wrong() {
        defaults().repairs.warranties().unwrap();
        let file = std::env::temp_dir().join(format!("warranties-{}.toml", uuid::Uuid::now_v7()));
        let rule = "[[rules]]\nid = \"a\"\nmonths = 0\nfrom = \"purchase\"\nbearer = \"customer\"\n";
        std::fs::write(&file, format!("id = \"own\"\nversion = 0\n{rule}")).unwrap();
        let repairs = Repairs { warranties: Some(file.clone()), ..defaults().repairs };
        let words = repairs.warranties().unwrap_err().to_string();
        std::fs::remove_file(file).unwrap();
        assert!(["version", "months", "customer"].iter().all(|part| words.contains(part)), "{words}");
    }

    #[test]
    fn what_cannot_work_is_refused_all_at_once() {
        let mut config = defaults();
        config.purchase_within = SignedDuration::ZERO;
        config.pace.at_once = 0;
        config.pace.result_within = config.payments.timeout;
        config.repairs.quote_valid_for = SignedDuration::ZERO;
        let words = config.check().unwrap_err().to_string();
        assert!(
            ["purchase_within", "at_once", "result_within", "quote_valid"].iter().all(|name| words.contains(name)),
            "{words}"
        );
    }

    #[test]
    fn the_wait_before_asking_again_doubles_up_to_its_limit() {
        let pace = defaults().pace;
        let waits: Vec<i64> = [0, 1, 2, 6, 7, 31, u32::MAX]
            .iter()
            .map(|unanswered| pace.ask_at(Timestamp::UNIX_EPOCH, *unanswered).as_second())
            .collect();
        assert_eq!(waits, [5, 10, 20, 320, 600, 600, 600]);
    }
}
