//! What services give of a policy: which kinds, to which classes, and by which facts. A rule that nobody asks, or by what
//! nobody is asked with, would promise nothing and say nothing of it; it is refused with the way out.
//! Invariant: what must be promised ([`PRESCRIBED`]) is given, and a class lacks none of the times prescribed for it (A8).
use std::{collections::BTreeSet, fmt};

use super::{CHANNELS, CLASSES, COMPLAINTS, Kind, Policy, PolicyError, Rate, Rule, When};

/// Classes that have a result beside the answer: complaints, and suggestions.
const WITH_A_RESULT: &[&str] = CLASSES.split_at(9).0;

/// What is promised to every case of a channel or a class, whatever else is true of it: a rule must hold for all of them.
pub(super) const PRESCRIBED: [(Kind, &str, &[&str]); 7] = [
    (Kind::FirstResponse, "channel", &CHANNELS),
    (Kind::NextResponse, "channel", &CHANNELS),
    (Kind::UrgentFeedback, "channel", &CHANNELS),
    (Kind::FirstInvestigation, "class", COMPLAINTS),
    (Kind::ProgressSilence, "class", COMPLAINTS),
    (Kind::DepartmentAnswer, "class", COMPLAINTS),
    (Kind::ResultNotice, "class", WITH_A_RESULT),
];

impl Kind {
    /// The word policies write it by.
    pub fn word(self) -> &'static str {
        match self {
            Self::Pickup => "pickup",
            Self::FirstResponse => "first_response",
            Self::NextResponse => "next_response",
            Self::UrgentFeedback => "urgent_feedback",
            Self::FirstInvestigation => "first_investigation",
            Self::ProgressSilence => "progress_silence",
            Self::DepartmentAnswer => "department_answer",
            Self::SolutionOffer => "solution_offer",
            Self::ResultNotice => "result_notice",
            Self::Resolution => "resolution",
            Self::RefundTerm => "refund_term",
            Self::InspectionTerm => "inspection_term",
            Self::FollowupWindow => "followup_window",
            Self::RegulatorReport => "regulator_report",
        }
    }

    /// Where it is said instead, of a kind that no service gives from a policy's rules.
    fn elsewhere(self) -> Option<&'static str> {
        match self {
            Self::Pickup => Some("calls are measured as a share of all: write it as [[rates]]"),
            Self::Resolution => Some("write result_notice, which is when the customer has the result"),
            Self::RefundTerm => Some("fulfilment gives it: refund_within in its section [service.returns]"),
            Self::InspectionTerm => Some("fulfilment gives it: inspect_within in its section [service.returns]"),
            Self::FollowupWindow => Some("scheduling gives it by its rules of follow-ups"),
            Self::RegulatorReport => Some("intake gives it by its packs of terms: file in [service.regulators]"),
            _ => None,
        }
    }

    /// The classes it is given to.
    fn classes(self) -> &'static [&'static str] {
        // An offer may be promised; the result must be.
        if self == Self::SolutionOffer {
            return COMPLAINTS;
        }
        let prescribed = PRESCRIBED.iter().find(|(kind, list, _)| *kind == self && *list == "class");
        prescribed.map_or(&CLASSES, |(_, _, classes)| classes)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl Policy {
    /// What must be promised and is not.
    pub(super) fn holes(&self) -> Vec<PolicyError> {
        let mut found = Vec::new();
        for (promise, list, words) in PRESCRIBED {
            for &word in words {
                let one = BTreeSet::from([word.to_owned()]);
                let only = match list {
                    "channel" => When { channel: one, ..When::default() },
                    _ => When { class: one, ..When::default() },
                };
                if !self.rules.iter().any(|rule| rule.promise == promise && rule.when.covers(&only)) {
                    found.push(PolicyError::NoPrescribedTime { promise, list, word });
                }
            }
        }
        found.extend(self.rates.is_empty().then_some(PolicyError::NoRate));
        found
    }
}

impl Rule {
    /// What of it nobody gives, or is asked by.
    pub(super) fn never_given(&self, rule: usize) -> Vec<PolicyError> {
        let promise = self.promise;
        if let Some(instead) = promise.elsewhere() {
            return vec![PolicyError::NotGiven { rule, promise, instead }];
        }
        let classes = promise.classes();
        let known = self.when.class.iter().filter(|class| CLASSES.contains(&class.as_str()));
        let without = known.filter(|class| !classes.contains(&class.as_str()));
        let without = without.map(|class| PolicyError::NotOfClass { rule, promise, class: class.clone(), classes });
        let asked = [("channel", &self.when.channel), ("segment", &self.when.segment), ("store", &self.when.store)];
        let unasked = asked.into_iter().filter(|(_, words)| promise == Kind::DepartmentAnswer && !words.is_empty());
        without.chain(unasked.map(|(list, _)| PolicyError::NotAsked { rule, list })).collect()
    }
}

impl Rate {
    /// Calls to the hotline are all that is measured.
    pub(super) fn is_measured(&self) -> bool {
        let hotline = When { channel: BTreeSet::from(["hotline".to_owned()]), ..When::default() };
        self.promise == Kind::Pickup && self.when == hotline
    }
}
