//! Service levels: what is promised to whom and by when. A policy is an ordered list of rules over channel, class,
//! priority, segment and store; of the rules about a kind of promise the first that matches holds. Policies are data
//! with a version; a promise keeps the version it was made under.
//! Invariant of a checked policy: what must be promised is, whatever else is true of the case (R-INT-12, R-INT-14,
//! R-CMP-03 to R-CMP-06, R-CMP-10, R-CMP-20), every rule can be reached and is given by a service, and every word is one
//! that cases have.
use std::{collections::BTreeSet, fmt, str::FromStr};

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use crate::calendar::{Definitions, OF_PLACE, ROUND_THE_CLOCK};

pub use levels::{Files, Levels, Unusable};

mod given;
mod levels;

/// The policy that is shipped, as TOML for [`Policy`].
pub const DEFAULT: &str = include_str!("../policies/default.toml");

/// The channels contacts come by (R-INT-01), as contracts and settings write them; so are the other words here.
pub const CHANNELS: [&str; 10] = [
    "hotline",
    "email",
    "website",
    "app",
    "mini_programme",
    "official_account",
    "social_media",
    "platform",
    "shop",
    "follow_up",
];

/// The classes every chain has (R-INT-22).
pub const CLASSES: [&str; 10] = [
    "service_attitude",
    "product_effect",
    "product_quality",
    "discomfort",
    "shop_environment",
    "delivery",
    "return_exchange",
    "repair",
    "suggestion",
    "enquiry",
];

/// Those that are complaints (R-INT-23): all but the last two.
pub const COMPLAINTS: &[&str] = CLASSES.split_at(8).0;

/// The queues: everything about health comes first (R-INT-09).
pub const PRIORITIES: [&str; 2] = ["standard", "health"];

/// The customers a policy can tell apart.
pub const SEGMENTS: [&str; 1] = ["vip"];

/// The words a rule may use, by list; stores are the chain's own.
const WORDS: [(&str, &[&str]); 4] =
    [("channel", &CHANNELS), ("class", &CLASSES), ("priority", &PRIORITIES), ("segment", &SEGMENTS)];

/// What is promised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Pickup,
    FirstResponse,
    NextResponse,
    UrgentFeedback,
    FirstInvestigation,
    ProgressSilence,
    DepartmentAnswer,
    SolutionOffer,
    ResultNotice,
    Resolution,
    RefundTerm,
    InspectionTerm,
    FollowupWindow,
    RegulatorReport,
}

impl Kind {
    /// Whether the promise may stand still while the customer or his goods are waited for. Replies never do: nothing but
    /// our answer is missing.
    pub fn pauses(self) -> bool {
        !matches!(self, Self::Pickup | Self::FirstResponse | Self::NextResponse | Self::UrgentFeedback)
    }
}

/// What is promised to whom, in one version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    pub id: String,
    pub version: u32,
    /// In order: the first that matches holds.
    pub rules: Vec<Rule>,
    /// What is not promised to each but measured over all, in order as well.
    #[serde(default)]
    pub rates: Vec<Rate>,
}

/// A promise to every case that matches.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    pub promise: Kind,
    #[serde(default)]
    pub when: When,
    #[serde(serialize_with = "jiff::fmt::serde::duration::friendly::compact::required")]
    pub target: SignedDuration,
    /// The time that counts.
    pub hours: Hours,
    #[serde(default)]
    pub warnings: Vec<Warning>,
}

/// A share of the cases that match is to be in time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    pub promise: Kind,
    #[serde(default)]
    pub when: When,
    #[serde(serialize_with = "jiff::fmt::serde::duration::friendly::compact::required")]
    pub within: SignedDuration,
    /// Of all that count, 1 to 100.
    pub percent: u8,
}

/// What a rule asks of a case. Of each list one entry must hold; an empty list asks nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct When {
    pub channel: BTreeSet<String>,
    pub class: BTreeSet<String>,
    pub priority: BTreeSet<String>,
    pub segment: BTreeSet<String>,
    pub store: BTreeSet<String>,
}

/// What is known of a case. What is not known matches only rules that do not ask for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Facts<'a> {
    pub channel: Option<&'a str>,
    pub class: Option<&'a str>,
    pub priority: Option<&'a str>,
    pub segment: Option<&'a str>,
    pub store: Option<&'a str>,
}

/// Which time counts: all of it, the working time of the place, or that of a named calendar. Written `round_the_clock`,
/// `of_place` or the calendar's name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum Hours {
    RoundTheClock,
    OfPlace,
    Of(String),
}

/// When somebody is told that a promise comes near its end. Written `80%` (of the target has passed) or `30m` (are left).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Warning {
    Percent(u8),
    Before(SignedDuration),
}

/// Why a policy cannot be used, and where. Rules and rates are counted from 1.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    #[error("{list} {word} has no prescribed time: a rule for {promise} must hold for all of its cases")]
    NoPrescribedTime { promise: Kind, list: &'static str, word: &'static str },
    #[error(
        "the hotline has no rate: [[rates]] must say what share of its calls is picked up (pickup) within what time"
    )]
    NoRate,
    #[error("rule {rule}: no service gives {promise} from the policy, so it would promise nothing; {instead}")]
    NotGiven { rule: usize, promise: Kind, instead: &'static str },
    #[error("rule {rule}: {promise} is not given to {class}; take it out of when.class (given to: {})", .classes.join(", "))]
    NotOfClass { rule: usize, promise: Kind, class: String, classes: &'static [&'static str] },
    #[error(
        "rule {rule}: a department's task knows its class and priority alone; take when.{list} out, or give the \
         department a time of its own (answer_within in complaint's settings)"
    )]
    NotAsked { rule: usize, list: &'static str },
    #[error("rule {rule}: there is no {list} called {word}; there are: {}", .known.join(", "))]
    Word { rule: usize, list: &'static str, word: String, known: &'static [&'static str] },
    #[error("rule {rule}: there is no calendar called {calendar}")]
    Calendar { rule: usize, calendar: String },
    #[error("rule {rule}: the target must be longer than nothing")]
    Target { rule: usize },
    #[error("rule {rule}: warning {warning} does not come after the start and before the end")]
    Warning { rule: usize, warning: Warning },
    #[error("rule {rule} is never reached: rule {earlier} takes all of its cases")]
    Unreached { rule: usize, earlier: usize },
    #[error("rate {rate}: within must be longer than nothing and percent from 1 to 100")]
    Rate { rate: usize },
    #[error(
        "rate {rate}: only the pickup of the hotline's calls is measured; when must be channel = [\"hotline\"] alone"
    )]
    NotMeasured { rate: usize },
    #[error("rate {rate} is never reached: the one before takes all of its calls")]
    RateUnreached { rate: usize },
    #[error("{0:?} is neither a share such as 80% nor a time such as 30m")]
    NoWarning(String),
}

impl When {
    /// The lists in a fixed order.
    fn lists(&self) -> [&BTreeSet<String>; 5] {
        [&self.channel, &self.class, &self.priority, &self.segment, &self.store]
    }

    fn matches(&self, facts: Facts<'_>) -> bool {
        let known = [facts.channel, facts.class, facts.priority, facts.segment, facts.store];
        self.lists()
            .iter()
            .zip(known)
            .all(|(list, fact)| list.is_empty() || fact.is_some_and(|fact| list.contains(fact)))
    }

    /// Whether every case that `other` matches is matched here too.
    fn covers(&self, other: &Self) -> bool {
        let pairs = self.lists().into_iter().zip(other.lists());
        pairs.into_iter().all(|(mine, theirs)| mine.is_empty() || (!theirs.is_empty() && theirs.is_subset(mine)))
    }

    /// Words that no case has.
    fn strangers(&self, rule: usize) -> impl Iterator<Item = PolicyError> {
        let lists = self.lists().into_iter().zip(WORDS);
        let words = lists.flat_map(|(words, (list, known))| words.iter().map(move |word| (list, word, known)));
        words
            .filter(|(_, word, known)| !known.contains(&word.as_str()))
            .map(move |(list, word, known)| PolicyError::Word { rule, list, word: word.clone(), known })
    }
}

impl Rule {
    fn holds(&self, promise: Kind, facts: Facts<'_>) -> bool {
        self.promise == promise && self.when.matches(facts)
    }
}

impl Policy {
    /// The rule that holds for a case; none when nothing of the kind is promised to it.
    pub fn rule(&self, promise: Kind, facts: Facts<'_>) -> Option<&Rule> {
        self.rules.iter().find(|rule| rule.holds(promise, facts))
    }

    /// The rate a case counts for; none when nothing of the kind is measured.
    pub fn rate(&self, promise: Kind, facts: Facts<'_>) -> Option<&Rate> {
        self.rates.iter().find(|rate| rate.promise == promise && rate.when.matches(facts))
    }

    /// Everything that is wrong, each with its place.
    pub fn problems(&self, calendars: &Definitions) -> Vec<PolicyError> {
        let mut found = self.holes();
        for (index, rule) in self.rules.iter().enumerate() {
            found.extend(self.problems_of(index, rule, calendars));
        }
        for (one, rate) in self.rates.iter().zip(1..) {
            let sound = one.within.is_positive() && (1..=100).contains(&one.percent);
            found.extend((!sound).then_some(PolicyError::Rate { rate }));
            found.extend((!one.is_measured()).then_some(PolicyError::NotMeasured { rate }));
            let taken = self.rates.iter().take(rate - 1).any(|earlier| earlier.is_measured() && one.is_measured());
            found.extend(taken.then_some(PolicyError::RateUnreached { rate }));
        }
        found
    }

    fn problems_of(&self, index: usize, one: &Rule, calendars: &Definitions) -> Vec<PolicyError> {
        let rule = index + 1;
        let mut found: Vec<_> = one.when.strangers(rule).collect();
        found.extend(one.never_given(rule));
        if let Hours::Of(name) = &one.hours
            && !calendars.calendars.iter().any(|calendar| calendar.name == *name)
        {
            found.push(PolicyError::Calendar { rule, calendar: name.clone() });
        }
        if !one.target.is_positive() {
            found.push(PolicyError::Target { rule });
        }
        let outside = one.warnings.iter().filter(|warning| warning.after(one.target).is_none());
        found.extend(outside.map(|warning| PolicyError::Warning { rule, warning: *warning }));
        let before = self.rules.iter().take(index).zip(1..);
        let takes_all = |other: &Rule| other.promise == one.promise && other.when.covers(&one.when);
        let earlier = before.into_iter().find(|(other, _)| takes_all(other));
        found.extend(earlier.map(|(_, earlier)| PolicyError::Unreached { rule, earlier }));
        found
    }
}

impl Warning {
    /// How long after the start, in the time that counts for the target; none when that is not before its end.
    pub fn after(self, target: SignedDuration) -> Option<SignedDuration> {
        let after = match self {
            Self::Percent(percent) => {
                SignedDuration::try_from_nanos_i128(target.as_nanos() * i128::from(percent) / 100)?
            }
            Self::Before(left) => target.checked_sub(left)?,
        };
        (after.is_positive() && after < target).then_some(after)
    }
}

impl From<String> for Hours {
    fn from(text: String) -> Self {
        match text.as_str() {
            ROUND_THE_CLOCK => Self::RoundTheClock,
            OF_PLACE => Self::OfPlace,
            _ => Self::Of(text),
        }
    }
}

impl From<Hours> for String {
    fn from(hours: Hours) -> Self {
        match hours {
            Hours::RoundTheClock => ROUND_THE_CLOCK.to_owned(),
            Hours::OfPlace => OF_PLACE.to_owned(),
            Hours::Of(name) => name,
        }
    }
}

impl FromStr for Warning {
    type Err = PolicyError;

    fn from_str(text: &str) -> Result<Self, PolicyError> {
        let warning = match text.strip_suffix('%') {
            Some(percent) => percent.trim().parse().map(Self::Percent).ok(),
            None => text.parse().map(Self::Before).ok(),
        };
        warning.ok_or_else(|| PolicyError::NoWarning(text.to_owned()))
    }
}

impl TryFrom<String> for Warning {
    type Error = PolicyError;

    fn try_from(text: String) -> Result<Self, PolicyError> {
        text.parse()
    }
}

impl From<Warning> for String {
    fn from(warning: Warning) -> Self {
        warning.to_string()
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Percent(percent) => write!(f, "{percent}%"),
            Self::Before(left) => write!(f, "{left:#}"),
        }
    }
}

#[cfg(test)]
#[path = "sla_tests.rs"]
mod tests;
