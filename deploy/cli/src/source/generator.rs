//! Made-up sales and answers that look like a retailer's: five shops and two platforms, customers who come back, goods on
//! their way for some days, answers some days later, one in eight bad and one in a hundred reporting discomfort.
//! Invariant: the same seed gives the same sales, on any machine.
use jiff::{SignedDuration, Timestamp};
use kernel::money::{Currency, Money};

use super::{LeftOut, Origin, Source};
use crate::forms::{Answer, Customer, Sale, SaleLine};

/// Category, price of a piece in minor units, batches in circulation.
const ARTICLES: [(&str, i64, u64); 8] = [
    ("skin_care", 12_900, 6),
    ("make_up", 8_900, 6),
    ("hair_care", 4_900, 4),
    ("feminine_care", 2_900, 8),
    ("apparel", 25_900, 2),
    ("shoes", 39_900, 2),
    ("small_appliances", 59_900, 3),
    ("accessories", 1_900, 1),
];
const CHANNELS: [&str; 4] = ["shop", "shop", "platform", "website"];
const GOOD: [&str; 4] = ["", "很好用，会回购", "works as promised", ""];
const BAD: [&str; 4] =
    ["包装破损，东西漏了", "has been on its way for weeks", "颜色和图片不一样", "stopped working after two days"];
const DISCOMFORT: [&str; 2] = ["用了之后皮肤发红发痒", "my skin burns since I use it"];

/// `per_day` sales a day for `days` days from `start` on, and the answers to them.
pub fn generate(seed: u64, start: Timestamp, days: u32, per_day: u32) -> Source {
    let mut dice = Dice(seed);
    let mut source = Source { origin: Origin::Generated, left_out: LeftOut::default(), ..Source::default() };
    let currency: Result<Currency, _> = "CNY".parse();
    let Ok(currency) = currency else { return source };
    let customers = u64::from(days) * u64::from(per_day) * 4 / 5 + 1;
    for day in 0..days {
        for number in 0..per_day {
            let second = i64::from(day) * 86_400 + i64::try_from(dice.below(86_400)).unwrap_or_default();
            let bought_at = start + SignedDuration::from_secs(second);
            let sale = sale(&mut dice, format!("G{seed}-{day}-{number}"), bought_at, customers, currency);
            source.answers.extend(answer(&mut dice, &sale));
            source.sales.push(sale);
        }
    }
    source.in_order()
}

fn sale(dice: &mut Dice, order_ref: String, bought_at: Timestamp, customers: u64, currency: Currency) -> Sale {
    let channel = dice.one_of(&CHANNELS);
    let in_shop = channel == "shop";
    let customer = dice.below(customers);
    let lines: Vec<SaleLine> = (1..=1 + dice.below(3)).map(|number| line(dice, number, currency)).collect();
    let paid = Money::new(lines.iter().map(|line| line.paid.minor).sum(), currency);
    let delivered_at = match (in_shop, dice.below(50)) {
        (true, _) => Some(bought_at),
        (false, 0) => None,
        (false, _) => Some(bought_at + SignedDuration::from_hours(48 + hours(dice, 300))),
    };
    Sale {
        channel: channel.to_owned(),
        order_ref,
        store: in_shop.then(|| format!("store-{}", 1 + dice.below(5))),
        bought_at,
        delivered_at,
        customer: Customer {
            // Each channel counts its customers for itself.
            r#ref: Some(format!("{channel}-{customer}")),
            name: Some(format!("顾客{customer}")),
            phone: Some(format!("+86139{customer:08}")),
            email: customer.is_multiple_of(2).then(|| format!("c{customer}@example.com")),
            address: None,
        },
        lines,
        paid,
    }
}

fn line(dice: &mut Dice, number: u64, currency: Currency) -> SaleLine {
    let (category, price, batches) = dice.one_of(&ARTICLES);
    let (article, quantity) = (dice.below(20), 1 + dice.below(2));
    let quantity = u32::try_from(quantity).unwrap_or(1);
    let discount = if dice.below(4) == 0 { price / 10 } else { 0 };
    SaleLine {
        line_id: number.to_string(),
        product_id: format!("{category}-{article}"),
        category: category.to_owned(),
        batch: Some(format!("L{:02}", dice.below(batches))),
        quantity,
        price: Some(Money::new(price, currency)),
        paid: Money::new(i64::from(quantity) * (price - discount), currency),
    }
}

fn answer(dice: &mut Dice, sale: &Sale) -> Option<Answer> {
    let asked = sale.delivered_at.unwrap_or(sale.bought_at + SignedDuration::from_hours(24 * 14));
    if dice.below(4) == 0 {
        return None;
    }
    let answered_at = asked + SignedDuration::from_hours(24 * 7 + hours(dice, 24 * 14));
    let discomfort = dice.below(100) == 0;
    let score = match dice.below(100) {
        0..8 => 1,
        8..13 => 2,
        13..22 => 3,
        22..45 => 4,
        _ => 5,
    };
    let comment = match (discomfort, score) {
        (true, _) => dice.one_of(&DISCOMFORT),
        (false, 1 | 2) => dice.one_of(&BAD),
        (false, _) => dice.one_of(&GOOD),
    };
    Some(Answer {
        purchase_id: None,
        channel: Some(sale.channel.clone()),
        order_ref: Some(sale.order_ref.clone()),
        score,
        discomfort,
        comment: comment.to_owned(),
        answered_at: Some(answered_at),
    })
}

fn hours(dice: &mut Dice, most: u64) -> i64 {
    i64::try_from(dice.below(most)).unwrap_or_default()
}

/// Numbers that look random and are the same for the same seed (SplitMix64).
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 to `bound` - 1.
    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound.max(1)
    }

    fn one_of<T: Copy + Default>(&mut self, all: &[T]) -> T {
        let position = self.below(all.len() as u64);
        usize::try_from(position).ok().and_then(|position| all.get(position)).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use std::collections::HashSet;

    use super::*;

    fn start() -> Timestamp {
        "2024-01-01T00:00:00Z".parse().unwrap()
    }

    #[test]
    fn the_same_seed_gives_the_same_sales() {
        assert_eq!(generate(1, start(), 5, 10), generate(1, start(), 5, 10));
        assert_ne!(generate(1, start(), 5, 10).sales, generate(2, start(), 5, 10).sales);
    }

    #[test]
    fn sales_look_like_a_retailers() {
        let source = generate(42, start(), 30, 100);
        assert_eq!(source.sales.len(), 3000);
        let refs: HashSet<&str> = source.sales.iter().map(|sale| sale.order_ref.as_str()).collect();
        assert_eq!(refs.len(), 3000, "every order has its own number");
        let people: HashSet<&Option<String>> = source.sales.iter().map(|sale| &sale.customer.r#ref).collect();
        assert!(people.len() < 2900, "some come back: {}", people.len());
        let share = |count: usize, of: usize| count as f64 / of as f64;
        let answers = &source.answers;
        assert!((0.7..0.8).contains(&share(answers.len(), 3000)));
        let bad = answers.iter().filter(|answer| answer.score <= 2).count();
        assert!((0.1..0.17).contains(&share(bad, answers.len())), "{bad}");
        let discomfort = answers.iter().filter(|answer| answer.discomfort).count();
        assert!((0.004..0.02).contains(&share(discomfort, answers.len())), "{discomfort}");
        assert!(answers.iter().all(|answer| (1..=5).contains(&answer.score)));
    }

    #[test]
    fn nothing_happens_before_its_cause() {
        let source = generate(3, start(), 10, 50);
        for sale in &source.sales {
            assert!(sale.delivered_at.is_none_or(|at| at >= sale.bought_at));
            assert!(sale.lines.iter().all(|line| line.paid.minor > 0));
        }
        assert!(source.sales.is_sorted_by_key(|sale| sale.bought_at));
        assert!(source.answers.is_sorted_by_key(|answer| answer.answered_at));
    }
}
