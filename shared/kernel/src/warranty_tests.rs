//! Who bears the cost of a repair, to the day, and what is wrong with warranties.
#![expect(clippy::unwrap_used, reason = "tests")]
use proptest::prelude::*;

use super::*;

fn shipped() -> Warranties {
    toml::from_str(DEFAULT).unwrap()
}

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

fn facts(category: &str, asked_on: &str) -> Facts {
    Facts {
        category: Some(category.to_owned()).filter(|category| !category.is_empty()),
        serial: "X1".into(),
        batch: "b-1".into(),
        bought_on: Some(day("2024-02-29")),
        delivered_on: Some(day("2024-03-03")),
        asked_on: day(asked_on),
        misuse: false,
    }
}

fn decided(facts: Facts) -> (Option<String>, Bearer) {
    let coverage = shipped().decide(facts);
    (coverage.rule, coverage.bearer)
}

fn rule(id: &str) -> Option<String> {
    Some(id.to_owned())
}

#[test]
fn r_ful_11_a_warranty_holds_to_its_last_day_by_category_serial_and_start() {
    assert_eq!(shipped().problems(), []);
    for (category, asked_on, expected) in [
        ("digital", "2025-02-28", (rule("devices"), Bearer::Maker)),
        ("digital", "2025-03-01", (rule("first_year"), Bearer::Company)),
        ("digital", "2025-03-03", (rule("first_year"), Bearer::Company)),
        ("digital", "2025-03-04", (None, Bearer::Customer)),
        ("own_brand", "2026-03-03", (rule("own_brand"), Bearer::Company)),
        ("own_brand", "2026-03-04", (None, Bearer::Customer)),
        ("", "2025-03-03", (rule("first_year"), Bearer::Company)),
        ("", "2025-03-04", (None, Bearer::Customer)),
    ] {
        assert_eq!(decided(facts(category, asked_on)), expected, "{category} {asked_on}");
    }
    let series = || Facts { serial: "BD7-0042".into(), ..facts("beauty_device", "2027-02-28") };
    assert_eq!(shipped().decide(series()).until, Some(day("2027-02-28")));
    assert_eq!(decided(series()), (rule("known_series"), Bearer::Supplier));
    assert_eq!(decided(Facts { serial: "AD7-0042".into(), ..series() }), (None, Bearer::Customer));
}

#[test]
fn r_ful_11_what_its_holder_broke_or_nobody_knows_the_day_of_is_the_customers() {
    let misuse = Facts { misuse: true, ..facts("digital", "2024-03-04") };
    assert_eq!(decided(misuse.clone()), (None, Bearer::Customer));
    let unknown = Facts { bought_on: None, delivered_on: None, ..facts("digital", "2024-03-04") };
    assert_eq!(decided(unknown), (None, Bearer::Customer));
    let undelivered = Facts { delivered_on: None, ..facts("own_brand", "2026-02-28") };
    assert_eq!(decided(undelivered), (rule("own_brand"), Bearer::Company), "it counts from the purchase");
    let mut generous = shipped();
    generous.rules.last_mut().unwrap().misuse = true;
    assert_eq!(generous.decide(misuse).rule, rule("first_year"));
}

#[test]
fn everything_that_is_wrong_is_said_at_once() {
    let mut wrong = shipped();
    wrong.version = 0;
    let first = wrong.rules.first_mut().unwrap();
    (first.months, first.bearer, first.serial) = (0, Bearer::Customer, vec![" ".into()]);
    let second = wrong.rules.get(1).unwrap().clone();
    wrong.rules.push(second);
    let said: Vec<String> = wrong.problems().iter().map(ToString::to_string).collect();
    let expected = [
        "version",
        "known_series: months",
        "known_series: the customer",
        "known_series: what",
        "two rules",
        "never reached: rule devices",
    ];
    assert_eq!(said.len(), expected.len(), "{said:?}");
    assert!(said.iter().zip(expected).all(|(said, part)| said.contains(part)), "{said:?}");
}

proptest! {
    /// The same facts give the same receipt, and somebody other than the customer bears the cost by a rule only.
    #[test]
    fn a_receipt_can_be_made_again(bought in 0..2_000_i32, waited in 0..2_000_i32, misuse: bool, category in 0..4_usize) {
        let start = day("2020-01-01");
        let later = |days: i32| start.saturating_add(Span::new().days(days));
        let category = ["digital", "own_brand", "beauty_device", "other"].get(category).copied().unwrap_or_default();
        let facts = Facts {
            bought_on: Some(later(bought)),
            delivered_on: None,
            asked_on: later(bought + waited),
            misuse,
            ..facts(category, "2020-01-01")
        };
        let coverage = shipped().decide(facts);
        prop_assert_eq!(&shipped().decide(coverage.facts.clone()), &coverage);
        prop_assert_eq!(coverage.rule.is_none(), coverage.bearer == Bearer::Customer);
        prop_assert!(coverage.until.is_none_or(|until| coverage.facts.asked_on <= until));
        let stored = serde_json::to_string(&coverage).unwrap();
        prop_assert_eq!(serde_json::from_str::<Coverage>(&stored).unwrap(), coverage);
    }
}
