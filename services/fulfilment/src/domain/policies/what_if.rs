//! What the past would have been under a version: every decision made again with the facts it rested on (R-FUL-02).
//! Invariant: another rule with the same outcome is no change; what is counted is what was decided, and nothing is decided by it.
use std::collections::BTreeMap;

use jiff::Timestamp;
use kernel::{
    money::Money,
    returns::{Answer, Fee, Outcome, Policy, Receipt},
};
use serde::{Deserialize, Serialize};

/// So many changes by rule are kept, the most frequent.
const MOVED_MAX: usize = 100;

/// The decisions of the past made again under a version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WhatIf {
    pub decisions: u64,
    /// Those with another outcome.
    pub changed: u64,
    /// By answer and rule before and after, the most frequent first.
    pub moved: Vec<Moved>,
    /// What this service found; nothing where it is the word of who proposed it, of versions from before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub played: Option<Played>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Moved {
    pub before: String,
    /// Empty where the version knows the reason no more.
    pub after: String,
    pub count: u64,
}

/// What of the past was played, and what it is worth.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Played {
    /// Orders opened since.
    pub since: Timestamp,
    /// There were more than are played at once: of older ones nothing is known.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cut_short: bool,
    /// What was paid for the pieces that were granted by their last decision, less fees, whatever became of their orders; one amount
    /// a currency.
    pub granted_before: Vec<Money>,
    /// What would have been, in the same currencies.
    pub granted_after: Vec<Money>,
}

/// Plays decisions one by one.
#[derive(Debug)]
pub struct Past<'a> {
    policy: &'a Policy,
    decisions: u64,
    changed: u64,
    moved: BTreeMap<(String, String), u64>,
    granted: BTreeMap<String, (Money, Money)>,
}

impl<'a> Past<'a> {
    /// Under this version.
    pub fn under(policy: &'a Policy) -> Self {
        Self { policy, decisions: 0, changed: 0, moved: BTreeMap::new(), granted: BTreeMap::new() }
    }

    /// Makes a decision again, that is the last one of so many pieces of so many of its line.
    pub fn play(&mut self, receipt: &Receipt, share: (u32, u32)) {
        let after = self.policy.decide(receipt.facts.clone());
        self.decisions += 1;
        if after.as_ref().is_none_or(|after| after.outcome != receipt.outcome) {
            self.changed += 1;
            let moved = (name(receipt), after.as_ref().map(name).unwrap_or_default());
            *self.moved.entry(moved).or_default() += 1;
        }
        if let Some(amount) = receipt.facts.amount {
            let nothing = Money { minor: 0, ..amount };
            let (before, now) = self.granted.entry(amount.currency.to_string()).or_insert((nothing, nothing));
            before.minor = before.minor.saturating_add(granted(&receipt.outcome, amount, share));
            now.minor = now.minor.saturating_add(after.map_or(0, |after| granted(&after.outcome, amount, share)));
        }
    }

    /// What came of it; of orders opened since then.
    pub fn told(self, since: Timestamp, cut_short: bool) -> WhatIf {
        let mut moved: Vec<Moved> =
            self.moved.into_iter().map(|((before, after), count)| Moved { before, after, count }).collect();
        moved.sort_by_key(|one| std::cmp::Reverse(one.count));
        moved.truncate(MOVED_MAX);
        let (granted_before, granted_after) = self.granted.into_values().unzip();
        let played = Some(Played { since, cut_short, granted_before, granted_after });
        WhatIf { decisions: self.decisions, changed: self.changed, moved, played }
    }
}

fn name(receipt: &Receipt) -> String {
    format!("{} by {}", receipt.outcome.answer.word(), receipt.rule)
}

/// In minor units, fees and shares rounded down; nothing of what is left to people.
fn granted(outcome: &Outcome, amount: Money, (pieces, of): (u32, u32)) -> i64 {
    if outcome.answer != Answer::Eligible {
        return 0;
    }
    let fee = |fee: &Fee| match fee {
        Fee::Percent(percent) => {
            amount.minor / 100 * i64::from(*percent) + amount.minor % 100 * i64::from(*percent) / 100
        }
        Fee::Amount(fixed) if fixed.currency == amount.currency => fixed.minor,
        Fee::Amount(_) => 0,
    };
    let whole = outcome.fees.values().map(fee).fold(amount.minor, i64::saturating_sub).max(0);
    i64::try_from(i128::from(whole) * i128::from(pieces) / i128::from(of.max(1))).unwrap_or(i64::MAX)
}
