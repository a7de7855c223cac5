//! Decisions of the past, made again: under their own policy nothing changes, under another one what should.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
use kernel::returns::{DEFAULT, Facts, Kind, Proof};

use super::*;

fn shipped() -> Policy {
    toml::from_str(DEFAULT).unwrap()
}

/// Returns without a reason on the first to the tenth day.
fn past() -> Vec<Decision> {
    let decision = |day: u32| {
        let facts = Facts {
            kind: Kind::ReturnRefund,
            reason: "no_reason".into(),
            proof: Proof::Receipt,
            category: None,
            channel: None,
            segment: None,
            days_since_delivery: Some(day),
            days_since_purchase: None,
            opened: None,
            resaleable: Some(true),
            discomfort: None,
            amount: None,
            buyer: None,
        };
        Decision { order_id: format!("o-{day}"), line_no: 1, receipt: shipped().decide(facts).unwrap() }
    };
    (1..=10).map(decision).collect()
}

#[test]
fn every_decision_stands_under_its_own_version() {
    let found = check(&[shipped()], &past(), 20);
    assert!(found.right() && found.same == 10, "{found:?}");
    assert_eq!(found.text(), "10 decisions: 10 come out as they did, 0 otherwise");
}

#[test]
fn a_policy_that_was_changed_without_another_version_is_found_out() {
    let quietly = DEFAULT.replace("delivered.within = 7, resaleable", "delivered.within = 5, resaleable");
    let found = check(&[toml::from_str(&quietly).unwrap()], &past(), 1);
    assert!(!found.right());
    assert_eq!((found.same, found.otherwise, found.first_otherwise.len()), (8, 2, 1));
    assert!(
        found.text().contains("o-6 line 1: eligible by no_reason_seven_days -> review by review"),
        "{}",
        found.text()
    );
    let reworded = DEFAULT.replace("The 7 days for", "Those 7 days for");
    assert_eq!(check(&[toml::from_str(&reworded).unwrap()], &past(), 20).otherwise, 3, "its words are part of it");
}

#[test]
fn a_version_that_is_not_at_hand_is_named() {
    let found = check(&[Policy { version: 9, ..shipped() }], &past(), 20);
    assert_eq!((found.right(), found.unknown["default 2"]), (false, 10));
    assert!(found.text().contains("10 by default 2, which is not at hand"), "{}", found.text());
}

#[test]
fn r_ful_02_another_policy_is_tried_on_the_past_before_it_holds() {
    assert_eq!(what_if(&Policy { version: 9, ..shipped() }, &past(), 20).changed, 0);
    let longer = DEFAULT
        .replace("delivered.within = 7, resaleable", "delivered.within = 9, resaleable")
        .replace("delivered.after = 7 ", "delivered.after = 9 ");
    let found = what_if(&toml::from_str(&longer).unwrap(), &past(), 1);
    let (before, after) = ("ineligible by no_reason_too_late", "eligible by no_reason_seven_days");
    let moved = Moved { before: before.into(), after: Some(after.into()), count: 2 };
    assert_eq!((found.decisions, found.changed, found.first_changed.len()), (10, 2, 1));
    assert_eq!(found.rules, [moved]);
    assert!(found.text().contains("2 of 10 decisions would change"), "{}", found.text());
}

/// Repairs asked for in the first ten years after the purchase.
fn covered() -> Vec<Covered> {
    let shipped: Warranties = toml::from_str(warranty::DEFAULT).unwrap();
    let repair = |years: i16| {
        let facts = warranty::Facts {
            category: None,
            serial: "X1".into(),
            batch: "b-1".into(),
            bought_on: Some(jiff::civil::date(2020, 1, 1)),
            delivered_on: None,
            asked_on: jiff::civil::date(2020 + years, 1, 1),
            misuse: false,
        };
        Covered { order_id: format!("o-{years}"), line_no: 1, coverage: shipped.decide(facts) }
    };
    (0..10).map(repair).collect()
}

#[test]
fn r_ful_11_every_decision_about_a_warranty_stands_under_its_own_version() {
    let shipped: Warranties = toml::from_str(warranty::DEFAULT).unwrap();
    let found = check_warranties(std::slice::from_ref(&shipped), &covered(), 20);
    assert!(found.right() && found.same == 10, "{found:?}");
    let none = Warranties { rules: vec![], ..shipped.clone() };
    let bearers = covered().iter().filter(|one| one.coverage.rule.is_some()).count();
    let quietly = check_warranties(&[none], &covered(), 1);
    assert_eq!((quietly.right(), quietly.otherwise, quietly.first_otherwise.len()), (false, bearers, bearers.min(1)));
    let other = Warranties { version: shipped.version + 1, ..shipped };
    let missing = check_warranties(&[other], &covered(), 20);
    assert_eq!((missing.right(), missing.unknown.values().sum::<usize>()), (false, 10));
    let mut all = check(&[self::shipped()], &past(), 20);
    all.warranties = Some(Box::new(missing));
    assert!(!all.right() && all.text().contains("\nWarranties: 10 decisions: 0 come out"), "{}", all.text());
}
