//! Figures of a random business against a recount straight from what was published, written without SQL.
use std::collections::{BTreeMap, BTreeSet};

use contracts::{analytics::v1::Figure, fulfilment::v1::RefundSucceeded};
use jiff::{SignedDuration, Timestamp};
use testkit::Stack;
use uuid::Uuid;

use crate::{
    events::{
        at, closed, completed, concluded, delivered, figures, late, moved, planned, purchase, read, recorded, refunded,
    },
    owners::{start, tell},
};

/// Numbers that look random and are the same every time (splitmix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % n
    }

    /// From two weeks before the period to two weeks after it.
    fn instant(&mut self) -> Timestamp {
        at("01-01T00:00:00") - days(14) + self.up_to(87)
    }

    fn up_to(&mut self, days: u64) -> SignedDuration {
        SignedDuration::from_secs(i64::try_from(self.below(days * 86_400)).unwrap())
    }

    fn currency(&mut self) -> &'static str {
        ["BRL", "CNY", "EUR"][usize::try_from(self.below(3)).unwrap()]
    }
}

fn days(n: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * n)
}

fn in_period(t: Timestamp) -> bool {
    (at("01-01T00:00:00")..at("03-01T00:00:00")).contains(&t)
}

#[derive(Default)]
struct Recount {
    customers: BTreeSet<Uuid>,
    covered: BTreeSet<Uuid>,
    obligations: u64,
    on_time: u64,
    marks: Vec<u32>,
    durations: Vec<f64>,
    delivered: u64,
    complaints: u64,
    met: u64,
    breached: u64,
    refunds: u64,
    refunded: BTreeMap<&'static str, u64>,
    sales: BTreeMap<&'static str, u64>,
}

async fn follow_up(stack: &Stack, dice: &mut Dice, customers: &[Uuid], count: &mut Recount) {
    let (id, mut end) = (Uuid::now_v7(), dice.instant());
    let customer = customers[usize::try_from(dice.below(customers.len() as u64)).unwrap()];
    tell(stack, id, planned(customer, end)).await;
    if dice.below(3) == 0 {
        end += dice.up_to(20);
        tell(stack, id, moved(customer, end)).await;
    }
    if in_period(end) {
        count.customers.insert(customer);
        count.obligations += 1;
    }
    if dice.below(3) == 0 {
        return;
    }
    let answered = match dice.below(3) {
        0 => end,
        1 => end - dice.up_to(5),
        _ => end + dice.up_to(5),
    };
    let score = 1 + u32::try_from(dice.below(5)).unwrap();
    tell(stack, id, completed(customer, score, answered, end)).await;
    if in_period(end) {
        count.covered.insert(customer);
        count.on_time += u64::from(answered <= end);
    }
    if in_period(answered) {
        count.marks.push(score);
    }
}

async fn sale(stack: &Stack, dice: &mut Dice, count: &mut Recount) {
    let (id, bought, currency, paid) = (Uuid::now_v7(), dice.instant(), dice.currency(), dice.below(1_000_000));
    let arrives = bought + dice.up_to(10);
    let (at_once, later) = (dice.below(2) == 0, dice.below(2) == 0);
    tell(stack, id, purchase(bought, at_once.then_some(arrives), paid.cast_signed(), currency)).await;
    if later {
        tell(stack, id, delivered(arrives)).await;
    }
    count.delivered += u64::from((at_once || later) && in_period(arrives));
    if in_period(bought) {
        *count.sales.entry(currency).or_default() += paid;
    }
    if dice.below(4) == 0 {
        // One decision, by as many means as there are.
        let (claim, back) = (Uuid::now_v7(), paid / 2);
        let mut reached = false;
        for means in 0..=dice.below(3) {
            let (when, part) = (bought + dice.up_to(20), back / 4 + means);
            let claim_id = claim.to_string();
            let refund = RefundSucceeded { claim_id, ..refunded(when, part.cast_signed(), currency) };
            tell(stack, Uuid::now_v7(), refund).await;
            if in_period(when) {
                reached = true;
                *count.refunded.entry(currency).or_default() += part;
            }
        }
        count.refunds += u64::from(reached);
    }
}

async fn complaint(stack: &Stack, dice: &mut Dice, count: &mut Recount) {
    let (id, begin) = (Uuid::now_v7(), dice.instant());
    let by = begin + days(1);
    tell(stack, id, recorded(begin, by)).await;
    count.complaints += u64::from(in_period(begin));
    let done = begin + dice.up_to(2);
    if done > by {
        tell(stack, id, late(by)).await;
        count.breached += u64::from(in_period(by));
    } else {
        count.met += u64::from(in_period(by));
    }
    tell(stack, id, concluded(done, by)).await;
    if dice.below(3) == 0 {
        tell(stack, id, concluded(done + days(9), by)).await;
    }
}

async fn case(stack: &Stack, dice: &mut Dice, count: &mut Recount) {
    let (begin, took) = (dice.instant(), dice.up_to(12));
    tell(stack, Uuid::now_v7(), closed(begin, begin + took)).await;
    if in_period(begin + took) {
        count.durations.push(took.as_secs_f64());
    }
}

fn quantile(sorted: &[f64], q: f64) -> f64 {
    let place = q * (sorted.len() - 1) as f64;
    let (below, above) = (sorted[place.floor() as usize], sorted[place.ceil() as usize]);
    below + (above - below) * place.fract()
}

fn assert_near(shown: &[Figure], metric: &str, part: &str, expected: f64, n: usize) {
    let (value, shown_n, _) = read(shown, metric, part);
    assert_eq!(shown_n, n as u64, "{metric} {part}");
    assert!((value.unwrap() - expected).abs() < 1e-6, "{metric} {part}: {value:?} instead of {expected}");
}

#[tokio::test]
async fn figures_agree_with_a_recount_of_what_was_published() {
    let stack = start().await;
    let mut dice = Dice(2026);
    let mut count = Recount::default();
    let customers: Vec<Uuid> = (0..25).map(|_| Uuid::now_v7()).collect();
    for _ in 0..60 {
        follow_up(&stack, &mut dice, &customers, &mut count).await;
        sale(&stack, &mut dice, &mut count).await;
        complaint(&stack, &mut dice, &mut count).await;
        case(&stack, &mut dice, &mut count).await;
    }
    stack.settle().await;
    let shown = figures(&stack).await;
    let ratio = |hits: u64, n: u64| (Some(hits as f64 / n as f64), n, Some(hits));
    let covered = ratio(count.covered.len() as u64, count.customers.len() as u64);
    assert_eq!(read(&shown, "M01", "share"), covered);
    assert_eq!(read(&shown, "M01n", "share"), covered);
    assert_eq!(read(&shown, "M02", "share"), ratio(count.on_time, count.obligations));
    let good = count.marks.iter().filter(|mark| **mark >= 4).count() as u64;
    assert_eq!(read(&shown, "M06", "share"), ratio(good, count.marks.len() as u64));
    let mean = f64::from(count.marks.iter().sum::<u32>()) / count.marks.len() as f64;
    assert_near(&shown, "M06", "mean", mean, count.marks.len());
    count.durations.sort_by(f64::total_cmp);
    let n = count.durations.len();
    assert_near(&shown, "M11", "median", quantile(&count.durations, 0.5), n);
    assert_near(&shown, "M11", "p90", quantile(&count.durations, 0.9), n);
    assert_near(&shown, "M11", "mean", count.durations.iter().sum::<f64>() / n as f64, n);
    let rate = 1000.0 * (count.complaints as f64 / count.delivered as f64);
    assert_eq!(read(&shown, "M13", "rate"), (Some(rate), count.delivered, Some(count.complaints)));
    assert_eq!(read(&shown, "M15", "share"), ratio(count.met, count.met + count.breached));
    assert_eq!(read(&shown, "M18", "count").1, count.refunds);
    for (currency, sales) in &count.sales {
        let back = count.refunded.get(currency).copied().unwrap_or_default();
        assert_eq!(read(&shown, "M18", currency).0, Some(back as f64));
        assert_eq!(read(&shown, "M18", &format!("share.{currency}")), ratio(back, *sales));
    }
    for figure in &shown {
        let proportion = matches!(figure.metric.as_str(), "M01" | "M01n" | "M02" | "M15");
        assert!(!proportion || figure.numerator <= Some(figure.n), "d6: {figure:?}");
    }
    assert_eq!(stack.parked("analytics").await, 0);
}
