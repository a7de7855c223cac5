//! From counts to figures. A proportion is made of what counts and what does not, so it can never exceed 1; a figure
//! that rests on nothing has no value and says so with its n of 0.
use serde::{Deserialize, Serialize};

use super::{
    comparison::{Change, Seen},
    metric::Metric,
    statistics::{Bounds, t_interval, wilson},
};

/// What a value is measured in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// 0 to 1 for a proportion; money in proportion to money may exceed it.
    Ratio,
    /// Events per thousand.
    PerThousand,
    /// Wall-clock seconds.
    Seconds,
    /// A mark, 1 to 5.
    Score,
    /// The smallest unit of the currency the part names.
    MinorUnits,
    /// How many.
    Count,
    /// How many each, on average or in the middle.
    Times,
}

/// One number with all that is needed to judge it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// What it is about.
    pub metric: Metric,
    /// Which number of the metric: "share", "mean", "median", "p90", "rate", "count", a currency, "share.<currency>",
    /// "share.<promise>"; of calls "offered", "answered", "abandoned" and "target"; of cases "share.<ending>"; of contacts
    /// "p99" and each part by channel, "mean.<channel>"; of models "share.<model>"; of orders by kind, "mean.<kind>", and by
    /// ceiling; of costs "<currency>.<dimension>.<word>".
    pub part: String,
    /// Absent where the denominator is 0.
    pub value: Option<f64>,
    /// What the value is measured in.
    pub unit: Unit,
    /// How many it rests on; the denominator of a ratio.
    pub n: u64,
    /// The numerator of a ratio.
    pub numerator: Option<u64>,
    /// 95 % bounds: Wilson's for a proportion, the t interval for a mean of marks, the exact ones of a ratio of counts.
    pub bounds: Option<Bounds>,
}

/// How many of a whole count, and how many do not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Share {
    /// Those that count.
    pub hits: u64,
    /// The others.
    pub misses: u64,
}

/// Obligations whose window ends in the period.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FollowUps {
    /// Customers with at least one, by whether at least one of theirs was fulfilled.
    pub customers: Share,
    /// Obligations, by whether they were fulfilled by the end of their window.
    pub obligations: Share,
}

/// What of calls to the hotline is promised as a share of all (R-INT-14).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pickup {
    /// A call is answered in time within so many seconds.
    pub within_s: u32,
    /// So many of a hundred are to be.
    pub percent: u8,
    /// Who gives up sooner than after so many seconds is not counted among the calls.
    pub given_up_s: u32,
}

/// Calls to the hotline that ended in the period.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Calls {
    /// Answered in time.
    pub in_time: u64,
    /// Answered later.
    pub late: u64,
    /// Given up by the caller.
    pub abandoned: u64,
    /// Those of them that were given up too soon to be counted in the share.
    pub at_once: u64,
}

/// Cases that ended in the period.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Endings {
    /// The customer was asked for what was missing, and did not say it.
    pub no_info: u64,
    /// Spam, a test, or not ours.
    pub rejected: u64,
    /// All others.
    pub others: u64,
}

/// Customers' marks of the period.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    /// Marks of 4 and 5, and the others.
    pub content: Share,
    /// Sum of all marks.
    pub sum: i64,
    /// Sum of their squares.
    pub squares: i64,
}

/// Durations of what ended in the period, in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Durations {
    /// How many.
    pub n: u64,
    /// Half took no longer.
    pub median: Option<f64>,
    /// Nine of ten took no longer.
    pub p90: Option<f64>,
    /// The average.
    pub mean: Option<f64>,
}

/// Money of one currency in the period, in minor units.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Money {
    /// ISO 4217.
    pub currency: String,
    /// Decisions of which money reached the customer.
    pub refunds: u64,
    /// What they paid back.
    pub refunded: u64,
    /// What customers paid for purchases made in the period.
    pub sales: u64,
}

pub(super) fn figure(metric: Metric, part: impl Into<String>, unit: Unit, n: u64) -> Figure {
    Figure { metric, part: part.into(), value: None, unit, n, numerator: None, bounds: None }
}

fn quotient(numerator: u64, denominator: u64) -> Option<f64> {
    (denominator > 0).then(|| numerator as f64 / denominator as f64)
}

pub(super) fn proportion(metric: Metric, share: Share) -> Figure {
    let n = share.hits + share.misses;
    Figure {
        value: quotient(share.hits, n),
        numerator: Some(share.hits),
        bounds: wilson(share.hits, share.misses),
        ..figure(metric, "share", Unit::Ratio, n)
    }
}

/// M01: customers with a fulfilled obligation / customers with an obligation. M01n leaves obligations out of the
/// denominator that were waived for want of consent; as nothing waives an obligation yet, both are the same.
pub fn coverage(metric: Metric, follow_ups: FollowUps) -> Vec<Figure> {
    vec![proportion(metric, follow_ups.customers)]
}

/// M02: obligations fulfilled by the end of their window / obligations.
pub fn on_time(follow_ups: FollowUps) -> Vec<Figure> {
    vec![proportion(Metric::OnTime, follow_ups.obligations)]
}

/// M06: marks of 4 and more / marks; and their mean.
pub fn satisfaction(marks: Marks) -> Vec<Figure> {
    let share = proportion(Metric::Satisfaction, marks.content);
    let mean = Figure {
        value: (share.n > 0).then(|| marks.sum as f64 / share.n as f64),
        bounds: t_interval(share.n, marks.sum, marks.squares),
        ..figure(Metric::Satisfaction, "mean", Unit::Score, share.n)
    };
    vec![share, mean]
}

/// M08: calls answered in time / (calls offered - those given up at once); how many calls there were, and the share that
/// is promised. Without calls nothing is held against what is promised.
pub fn pickup(promised: Pickup, calls: Calls) -> Vec<Figure> {
    let answered = calls.in_time + calls.late;
    let offered = answered + calls.abandoned;
    let count = |part: &str, count: u64| Figure {
        value: Some(count as f64),
        ..figure(Metric::Pickup, part, Unit::Count, count)
    };
    let target = (offered > 0).then(|| f64::from(promised.percent) / 100.0);
    let misses = calls.late + calls.abandoned.saturating_sub(calls.at_once);
    vec![
        proportion(Metric::Pickup, Share { hits: calls.in_time, misses }),
        Figure { value: target, ..figure(Metric::Pickup, "target", Unit::Ratio, offered) },
        count("offered", offered),
        count("answered", answered),
        count("abandoned", calls.abandoned),
    ]
}

/// M11e: cases that ended because what was missing was not said, and those that were rejected / cases that ended.
pub fn endings(Endings { no_info, rejected, others }: Endings) -> Vec<Figure> {
    [("no_info", no_info, rejected + others), ("rejected", rejected, no_info + others)]
        .map(|(ending, hits, misses)| Figure {
            part: format!("share.{ending}"),
            ..proportion(Metric::Endings, Share { hits, misses })
        })
        .into()
}

/// M09: after how long half and nine of ten of the cases had their first answer; those without one are in it.
pub fn first_response(waits: Durations) -> Vec<Figure> {
    [("median", waits.median), ("p90", waits.p90)]
        .map(|(part, value)| Figure { value, ..figure(Metric::FirstResponse, part, Unit::Seconds, waits.n) })
        .into()
}

/// M10: promises kept / promises whose time has come, a kind each.
pub fn kept<const N: usize>(kinds: [(&str, Share); N]) -> Vec<Figure> {
    kinds.map(|(kind, share)| Figure { part: format!("share.{kind}"), ..proportion(Metric::Kept, share) }).into()
}

/// M11: how long the cases took that were closed in the period.
pub fn handling_time(durations: Durations) -> Vec<Figure> {
    [("median", durations.median), ("p90", durations.p90), ("mean", durations.mean)]
        .map(|(part, value)| Figure { value, ..figure(Metric::HandlingTime, part, Unit::Seconds, durations.n) })
        .into()
}

/// M13: complaints recorded per 1,000 orders delivered. Not a proportion: a complaint may be about an older order.
pub fn complaint_rate(recorded: u64, delivered: u64) -> Vec<Figure> {
    vec![Figure {
        value: quotient(recorded, delivered).map(|rate| rate * 1000.0),
        numerator: Some(recorded),
        ..figure(Metric::ComplaintRate, "rate", Unit::PerThousand, delivered)
    }]
}

/// M15: first investigations concluded in time / those concluded in time or late.
pub fn first_investigation(in_time: Share) -> Vec<Figure> {
    vec![proportion(Metric::FirstInvestigation, in_time)]
}

/// M14: complaints raised to a department's head or to management for the first time / complaints that were open.
pub fn escalation_rate(raised: Share) -> Vec<Figure> {
    vec![proportion(Metric::EscalationRate, raised)]
}

/// M16: first offers consented to / first offers made.
pub fn first_offer(consented: Share) -> Vec<Figure> {
    vec![proportion(Metric::FirstOffer, consented)]
}

/// M24: accepted answers of departments whose reporter was told / accepted answers; and how long that took.
pub fn loop_closure(told: Share, time: Durations) -> Vec<Figure> {
    let times = [("median", time.median), ("p90", time.p90), ("mean", time.mean)]
        .map(|(part, value)| Figure { value, ..figure(Metric::LoopClosure, part, Unit::Seconds, time.n) });
    std::iter::once(proportion(Metric::LoopClosure, told)).chain(times).collect()
}

/// M25: complaints after measures were released against those in windows of the same length before.
pub fn recurrence(after: u64, before: u64) -> Vec<Figure> {
    let seen = |count| Seen { count, exposure: 1.0 };
    let change = Change::between(seen(after), seen(before));
    vec![Figure {
        value: change.and_then(|change| change.ratio),
        numerator: Some(after),
        bounds: change.and_then(|change| Some((change.lower, change.upper?))),
        ..figure(Metric::Recurrence, "ratio", Unit::Ratio, before)
    }]
}

/// M23: suggestions adopted / those adopted or declined.
pub fn suggestion_adoption(adopted: Share) -> Vec<Figure> {
    vec![proportion(Metric::SuggestionAdoption, adopted)]
}

/// M18: decisions to refund of which money reached the customer, by however many means; and, a currency each, the money they paid back, alone and in proportion to net sales.
/// Where no money moved there is no currency, and so no share of one.
pub fn refunds(money: &[Money]) -> Vec<Figure> {
    let count: u64 = money.iter().map(|m| m.refunds).sum();
    let mut figures =
        vec![Figure { value: Some(count as f64), ..figure(Metric::Refunds, "count", Unit::Count, count) }];
    for Money { currency, refunds, refunded, sales } in money {
        figures.push(Figure {
            value: Some(*refunded as f64),
            ..figure(Metric::Refunds, currency, Unit::MinorUnits, *refunds)
        });
        figures.push(Figure {
            value: quotient(*refunded, *sales),
            numerator: Some(*refunded),
            ..figure(Metric::Refunds, format!("share.{currency}"), Unit::Ratio, *sales)
        });
    }
    figures
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HOTLINE: Pickup = Pickup { within_s: 15, percent: 80, given_up_s: 0 };

    fn all(
        follow_ups: FollowUps,
        marks: Marks,
        time: Durations,
        rate: (u64, u64),
        met: Share,
        money: &[Money],
    ) -> Vec<Figure> {
        [
            coverage(Metric::CoverageGross, follow_ups),
            coverage(Metric::CoverageNet, follow_ups),
            on_time(follow_ups),
            satisfaction(marks),
            first_response(time),
            kept([("first_response", met)]),
            pickup(HOTLINE, Calls { in_time: met.hits, late: met.misses, ..Calls::default() }),
            endings(Endings { no_info: met.hits, others: met.misses, ..Endings::default() }),
            handling_time(time),
            complaint_rate(rate.0, rate.1),
            first_investigation(met),
            escalation_rate(met),
            first_offer(met),
            loop_closure(met, time),
            recurrence(rate.0, 0),
            refunds(money),
        ]
        .concat()
    }

    #[test]
    fn d11_no_data_is_absent_and_never_zero() {
        let empty = FollowUps::default();
        for figure in all(empty, Marks::default(), Durations::default(), (0, 0), Share::default(), &[]) {
            assert_eq!(figure.n, 0, "{figure:?}");
            assert_eq!(figure.bounds, None, "{figure:?}");
            match figure.unit {
                Unit::Count => assert_eq!(figure.value, Some(0.0)),
                _ => assert_eq!(figure.value, None, "{figure:?}"),
            }
        }
        let rates: Vec<_> = complaint_rate(3, 0).iter().map(|f| (f.value, f.n, f.numerator)).collect();
        assert_eq!(rates, [(None, 0, Some(3))]);
    }

    #[test]
    fn d11_a_counted_zero_is_zero_with_its_n() {
        let figures = first_investigation(Share { hits: 0, misses: 7 });
        let shares: Vec<_> = figures.iter().map(|f| (f.value, f.n, f.numerator)).collect();
        assert_eq!(shares, [(Some(0.0), 7, Some(0))]);
    }

    #[test]
    fn d5_durations_pass_unrounded() {
        let ten_minutes = Durations { n: 1, median: Some(600.0), p90: Some(600.0), mean: Some(600.0) };
        for figure in handling_time(ten_minutes) {
            assert_eq!((figure.value, figure.unit, figure.n), (Some(600.0), Unit::Seconds, 1));
        }
    }

    #[test]
    fn recurrence_is_a_ratio_with_exact_bounds_and_none_where_nothing_was_before() {
        let seen: Vec<_> = recurrence(2, 8).into_iter().map(|f| (f.value, f.n, f.numerator)).collect();
        assert_eq!(seen, [(Some(0.25), 8, Some(2))]);
        assert!(recurrence(2, 8).iter().all(|f| f.bounds.is_some_and(|(lower, upper)| lower < 0.25 && upper > 1.0)));
        assert_eq!(recurrence(3, 0).into_iter().map(|f| (f.value, f.bounds)).collect::<Vec<_>>(), [(None, None)]);
    }

    #[test]
    fn marks_give_a_share_and_a_mean() {
        let figures = satisfaction(Marks { content: Share { hits: 3, misses: 1 }, sum: 15, squares: 65 });
        let seen: Vec<_> = figures.iter().map(|f| (f.part.as_str(), f.value, f.n)).collect();
        assert_eq!(seen, [("share", Some(0.75), 4), ("mean", Some(3.75), 4)]);
    }

    #[test]
    fn r_int_14_who_gives_up_counts_against_the_hotline_unless_it_was_at_once() {
        let calls = Calls { in_time: 6, late: 2, abandoned: 4, at_once: 2 };
        let seen: Vec<_> = pickup(HOTLINE, calls).into_iter().map(|f| (f.part, f.value, f.n, f.numerator)).collect();
        let expected = [
            ("share", Some(0.6), 10, Some(6)),
            ("target", Some(0.8), 12, None),
            ("offered", Some(12.0), 12, None),
            ("answered", Some(8.0), 8, None),
            ("abandoned", Some(4.0), 4, None),
        ];
        assert_eq!(seen, expected.map(|(part, value, n, numerator)| (part.to_owned(), value, n, numerator)));
    }

    #[test]
    fn refunds_are_counted_over_and_shown_by_currency() {
        let money = [
            Money { currency: "BRL".into(), refunds: 2, refunded: 500, sales: 10_000 },
            Money { currency: "EUR".into(), refunds: 1, refunded: 70, sales: 0 },
        ];
        let seen: Vec<_> = refunds(&money).into_iter().map(|f| (f.part, f.value, f.n, f.numerator)).collect();
        let expected = [
            ("count", Some(3.0), 3, None),
            ("BRL", Some(500.0), 2, None),
            ("share.BRL", Some(0.05), 10_000, Some(500)),
            ("EUR", Some(70.0), 1, None),
            ("share.EUR", None, 0, Some(70)),
        ];
        assert_eq!(seen, expected.map(|(part, value, n, numerator)| (part.to_owned(), value, n, numerator)));
    }

    prop_compose! {
        fn share()(hits in 0..u64::MAX / 2, misses in 0..u64::MAX / 2) -> Share { Share { hits, misses } }
    }

    proptest! {
        #[test]
        fn d6_no_proportion_exceeds_one(customers in share(), obligations in share(), content in share(), met in share()) {
            let marks = Marks { content, ..Marks::default() };
            let figures =
                all(FollowUps { customers, obligations }, marks, Durations::default(), (0, 0), met, &[]);
            let shares: Vec<_> = figures.into_iter().filter(|f| f.part.starts_with("share") && f.metric != Metric::Refunds).collect();
            prop_assert_eq!(shares.len(), 12);
            for share in shares {
                prop_assert!(share.numerator <= Some(share.n));
                prop_assert_eq!(share.value.is_some(), share.n > 0);
                prop_assert_eq!(share.bounds.is_some(), share.n > 0);
                if let (Some(value), Some((lower, upper))) = (share.value, share.bounds) {
                    prop_assert!((0.0..=1.0).contains(&value));
                    prop_assert!(0.0 <= lower && lower <= value && value <= upper && upper <= 1.0);
                }
            }
        }
    }
}
