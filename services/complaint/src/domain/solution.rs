//! A solution: what the customer is promised, who wrote it, who approved it, how he agreed (R-CMP-06 to R-CMP-09).
//! Money is promised in one currency and within bounds; what else is given (guidance, exchange, repair, service again) has no
//! amount but for a compensation's worth.
use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use kernel::{
    approval::Approval,
    money::{Currency, Money},
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::fairness::Fairness;

/// What a customer can be given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum RemedyKind {
    Refund {
        amount: Money,
    },
    /// Paid after the goods have come back.
    ReturnRefund {
        amount: Money,
    },
    /// Advice on use, or the way to medical care; done by people.
    Guidance,
    /// Other goods for those that came back; people say which, and a service order carries it out.
    Exchange,
    /// The goods are repaired, by a service order.
    Repair,
    /// A voucher, points or a gift of this worth; people say which, and a service order gives it out.
    Compensation {
        amount: Money,
    },
    /// The service is done once more, by a service order.
    ServiceAgain,
}

impl RemedyKind {
    /// Every word of [`RemedyKind::name`].
    pub const NAMES: [&str; 7] =
        ["refund", "return_refund", "guidance", "exchange", "repair", "compensation", "service_again"];

    /// The word the house's rules call it by.
    pub fn name(self) -> &'static str {
        match self {
            Self::Refund { .. } => "refund",
            Self::ReturnRefund { .. } => "return_refund",
            Self::Guidance => "guidance",
            Self::Exchange => "exchange",
            Self::Repair => "repair",
            Self::Compensation { .. } => "compensation",
            Self::ServiceAgain => "service_again",
        }
    }

    /// What it is worth.
    pub fn amount(self) -> Option<Money> {
        match self {
            Self::Refund { amount } | Self::ReturnRefund { amount } | Self::Compensation { amount } => Some(amount),
            Self::Guidance | Self::Exchange | Self::Repair | Self::ServiceAgain => None,
        }
    }

    /// It gives money back for a purchase: a service order carries it out, and nobody else.
    pub fn refunds(self) -> bool {
        matches!(self, Self::Refund { .. } | Self::ReturnRefund { .. })
    }
}

/// How far a promised thing is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Progress {
    Pending,
    Done,
    /// It could not be done; people must find something else.
    Failed,
}

/// Whether a draft gives what the customer said he expects (R-CMP-06), as its author judges it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MeetsExpectation {
    Yes,
    Partly,
    No,
    /// The author did not say.
    #[default]
    NotStated,
}

/// One thing promised.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remedy {
    pub remedy_id: Uuid,
    pub kind: RemedyKind,
    pub progress: Progress,
    /// Policy does not offer it here; somebody gave a reason (R-CMP-06).
    #[serde(default)]
    pub exception: bool,
    /// It does not go as planned; somebody gave a reason (R-CMP-09).
    #[serde(default)]
    pub deviates: bool,
    /// A service order carries it out, and no person by hand.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ordered: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settled_at: Option<Timestamp>,
    /// Of one that failed: what was paid of it all the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paid: Option<Money>,
    /// Of a return: which pieces come back. None: the goods come back all at once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<ReturnedLine>,
}

/// Pieces of one line of the purchase that are to come back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReturnedLine {
    pub line_id: String,
    pub quantity: u32,
}

impl Remedy {
    /// It ended, and what was paid of it where it failed.
    pub(super) fn settle(&mut self, done: bool, paid: Option<Money>, at: Timestamp) {
        self.progress = if done { Progress::Done } else { Progress::Failed };
        (self.settled_at, self.paid) = (Some(at), paid);
    }

    /// What it gave: all of it, or so much as was paid; nothing where it was not done at all.
    pub fn given(&self) -> Option<RemedyKind> {
        match (self.progress, self.paid) {
            (Progress::Done, _) => Some(self.kind),
            (_, Some(amount)) => Some(RemedyKind::ReturnRefund { amount }),
            _ => None,
        }
    }
}

/// Which pieces come back, by the place of their remedy.
pub type Returned = BTreeMap<usize, Vec<ReturnedLine>>;

/// The customer's consent: who recorded it, when, and how it was given. His words are kept apart (R-CMP-08).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consent {
    pub by: String,
    pub at: Timestamp,
    pub channel: String,
}

/// The newest draft of a solution and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Solution {
    /// 1 for the first draft; every new draft counts up.
    pub version: u32,
    pub author: String,
    pub remedies: Vec<Remedy>,
    /// The approver returned it or the customer declined it: it cannot go forward again.
    pub turned_down: bool,
    /// Who approved last.
    pub approved_by: Option<String>,
    /// The newest approval that was requested; none of a solution submitted before approvals had steps.
    #[serde(default)]
    pub approval: Option<Approval>,
    pub consent: Option<Consent>,
    /// How its worth compares with what others were given; none when it has no price.
    #[serde(default)]
    pub fairness: Option<Fairness>,
    /// It lacks what policy owes for the class and severity; somebody gave a reason (R-CMP-14).
    #[serde(default)]
    pub below_policy: bool,
    #[serde(default)]
    pub meets_expectation: MeetsExpectation,
}

impl Solution {
    /// A new draft. The ids of the remedies follow from complaint, version and place, so that they are the same
    /// wherever the draft is decided.
    pub fn draft(
        complaint: Uuid,
        version: u32,
        author: String,
        (wishes, returned): (&[RemedyKind], &Returned),
    ) -> Self {
        let remedy = |(place, kind): (usize, &RemedyKind)| Remedy {
            remedy_id: kernel::id::derived(
                "remedy",
                &[&complaint.to_string(), &version.to_string(), &place.to_string()],
            ),
            kind: *kind,
            progress: Progress::Pending,
            exception: false,
            deviates: false,
            ordered: false,
            settled_at: None,
            paid: None,
            lines: returned.get(&place).cloned().unwrap_or_default(),
        };
        let remedies = wishes.iter().enumerate().map(remedy).collect();
        Self {
            version,
            author,
            remedies,
            turned_down: false,
            approved_by: None,
            approval: None,
            consent: None,
            fairness: None,
            below_policy: false,
            meets_expectation: MeetsExpectation::NotStated,
        }
    }

    /// The remedy of this id.
    pub fn remedy(&self, remedy_id: Uuid) -> Option<&Remedy> {
        self.remedies.iter().find(|remedy| remedy.remedy_id == remedy_id)
    }

    /// Some of its money, or what else a service order carries out, is promised and not yet known to be given or refused.
    pub fn money_pending(&self) -> bool {
        let ordered = |remedy: &&Remedy| remedy.kind.refunds() || remedy.ordered;
        self.remedies.iter().filter(ordered).any(|remedy| remedy.progress == Progress::Pending)
    }

    /// Everything but `except` is done.
    pub fn done_but(&self, except: Uuid) -> bool {
        self.remedies.iter().all(|remedy| remedy.remedy_id == except || remedy.progress == Progress::Done)
    }

    /// Something of it leaves the policy of the house.
    pub fn exception(&self) -> bool {
        self.below_policy || self.remedies.iter().any(|remedy| remedy.exception)
    }

    /// Nothing is under way any more and something failed: only another solution helps.
    pub fn stuck(&self) -> bool {
        let any = |progress| self.remedies.iter().any(|remedy| remedy.progress == progress);
        any(Progress::Failed) && !any(Progress::Pending)
    }
}

/// How many lines of a purchase a return can name.
pub const LINES_MAX: usize = 60;
/// The most pieces it can name of one.
pub const PIECES_MAX: u32 = 1_000_000;

/// What is wrong with the pieces a remedy names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineFlaw {
    /// The line, counted from 0, and which field of it; `None` when the list as a whole is wrong.
    pub place: Option<(usize, &'static str)>,
    pub reason: &'static str,
}

/// Everything that is wrong with the pieces a remedy of this kind names; empty when nothing is.
pub fn line_flaws(kind: RemedyKind, lines: &[ReturnedLine]) -> Vec<LineFlaw> {
    let mut found = Vec::new();
    if !lines.is_empty() && !matches!(kind, RemedyKind::ReturnRefund { .. }) {
        found.push(LineFlaw { place: None, reason: "must be absent but for a return that is refunded" });
    }
    if lines.len() > LINES_MAX {
        found.push(LineFlaw { place: None, reason: "must be at most 60 lines" });
    }
    let mut named = BTreeSet::new();
    for (n, line) in lines.iter().enumerate().take(LINES_MAX) {
        if !(1..=200).contains(&line.line_id.chars().count()) {
            found.push(LineFlaw { place: Some((n, "line_id")), reason: "must be 1 to 200 characters" });
        } else if !named.insert(&line.line_id) {
            let reason = "names a line that was named before; name all pieces of a line at once";
            found.push(LineFlaw { place: Some((n, "line_id")), reason });
        }
        if !(1..=PIECES_MAX).contains(&line.quantity) {
            found.push(LineFlaw { place: Some((n, "quantity")), reason: "must be 1 to 1,000,000 pieces" });
        }
    }
    found
}

/// How many things a solution can promise.
pub const REMEDIES_MAX: usize = 10;
/// The most one remedy can pay, in minor units; ten of them are far from overflowing.
pub const AMOUNT_MINOR_MAX: i64 = 100_000_000_000;

/// What is wrong with a list of remedies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flaw {
    /// The remedy, counted from 0; `None` when the list as a whole is wrong.
    pub place: Option<usize>,
    pub reason: &'static str,
}

/// Everything that is wrong with what somebody wants to promise where money was given in `currency` before; empty when
/// nothing is.
pub fn flaws(wishes: &[RemedyKind], currency: Option<Currency>) -> Vec<Flaw> {
    let mut found = Vec::new();
    if wishes.is_empty() || wishes.len() > REMEDIES_MAX {
        found.push(Flaw { place: None, reason: "must be 1 to 10 remedies" });
    }
    let first = || wishes.iter().find_map(|wish| wish.amount()).map(|amount| amount.currency);
    let currency = currency.or_else(first);
    for (place, amount) in wishes.iter().enumerate().filter_map(|(place, wish)| Some((place, wish.amount()?))) {
        if !(1..=AMOUNT_MINOR_MAX).contains(&amount.minor) {
            found.push(Flaw { place: Some(place), reason: "the amount must be 1 to 100,000,000,000 minor units" });
        }
        if Some(amount.currency) != currency {
            found.push(Flaw { place: Some(place), reason: "all amounts of a complaint must have the same currency" });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn refund(minor: i64, currency: &str) -> RemedyKind {
        RemedyKind::Refund { amount: Money::new(minor, currency.parse().unwrap()) }
    }

    #[test]
    fn amounts_have_bounds_and_one_currency() {
        let good: [&[RemedyKind]; 3] = [
            &[RemedyKind::Guidance],
            &[refund(1, "CNY"), RemedyKind::Guidance],
            &[refund(AMOUNT_MINOR_MAX, "CNY"), refund(5, "CNY")],
        ];
        for wishes in good {
            assert_eq!(flaws(wishes, None), [], "{wishes:?}");
        }
        let places = |wishes: &[RemedyKind]| flaws(wishes, None).iter().map(|flaw| flaw.place).collect::<Vec<_>>();
        assert_eq!(places(&[]), [None]);
        assert_eq!(places(&[RemedyKind::Guidance; 11]), [None]);
        assert_eq!(places(&[refund(0, "CNY"), refund(-1, "EUR")]), [Some(0), Some(1), Some(1)]);
        assert_eq!(places(&[refund(i64::MAX, "CNY"), RemedyKind::Guidance, refund(1, "USD")]), [Some(0), Some(2)]);
        let before = |code: &str| flaws(&[RemedyKind::Guidance, refund(1, "CNY")], code.parse().ok());
        assert_eq!((before("CNY").len(), before("EUR")[0].place), (0, Some(1)), "one currency a complaint");
    }

    #[test]
    fn r_ful_17_a_return_names_each_line_once_and_a_piece_of_it_at_least() {
        let amount = Money::new(1, "CNY".parse().unwrap());
        let back = RemedyKind::ReturnRefund { amount };
        let line = |line_id: &str, quantity| ReturnedLine { line_id: line_id.into(), quantity };
        let wrong =
            |kind, lines: &[ReturnedLine]| line_flaws(kind, lines).iter().map(|flaw| flaw.place).collect::<Vec<_>>();
        assert_eq!(wrong(back, &[]), []);
        assert_eq!(wrong(back, &[line("1", 1), line("2", PIECES_MAX)]), []);
        assert_eq!(wrong(RemedyKind::Guidance, &[]), []);
        for kind in [RemedyKind::Refund { amount }, RemedyKind::Exchange, RemedyKind::Compensation { amount }] {
            assert_eq!(wrong(kind, &[line("1", 1)]), [None], "{kind:?}");
        }
        assert_eq!(
            wrong(back, &[line("1", 0), line("1", 1), line("", PIECES_MAX + 1)]),
            [Some((0, "quantity")), Some((1, "line_id")), Some((2, "line_id")), Some((2, "quantity"))]
        );
        let many: Vec<_> = (0..61).map(|n| line(&n.to_string(), 1)).collect();
        assert_eq!((wrong(back, &many), wrong(back, &many[..60])), (vec![None], vec![]));
    }

    #[test]
    fn remedies_of_two_drafts_never_share_an_id() {
        let complaint = Uuid::from_u128(1);
        let wishes = [RemedyKind::Guidance; 3];
        let draft = |version| Solution::draft(complaint, version, "staff:ana".into(), (&wishes, &Returned::default()));
        let mut ids: Vec<_> =
            [draft(1), draft(2)].iter().flat_map(|s| s.remedies.clone()).map(|r| r.remedy_id).collect();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), 6);
        assert_eq!(draft(1), draft(1));
    }
}
