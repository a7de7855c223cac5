//! Every state of a purchase with everything that can be told of it, and what its base data lack.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::{collections::BTreeSet, sync::Arc};

use jiff::{SignedDuration, Timestamp};
use kernel::money::Money;
use proptest::prelude::*;
use uuid::Uuid;

use super::{
    base_data::{Flaw, Known},
    purchase::{Command, Event, Facts, Line, Purchase, Rejection, State, Tender},
    vocabulary::{Channel, TenderKind},
};

fn facts() -> Facts {
    let paid = Money::new(1990, "CNY".parse().unwrap());
    Facts {
        purchase_id: Uuid::from_u128(1),
        order_ref: "A-1".into(),
        customer_id: Uuid::from_u128(2),
        channel: Channel::Website,
        store_id: None,
        bought_at: day(0),
        lines: vec![Line {
            line_id: "1".into(),
            product_id: "p".into(),
            category: "shampoo".into(),
            batch: None,
            quantity: 1,
            price: None,
            tax: None,
            freight: None,
            discount: None,
            paid,
        }],
        paid,
        tenders: vec![],
    }
}

fn day(n: i64) -> Timestamp {
    Timestamp::constant(1_770_000_000, 0) + SignedDuration::from_hours(24 * n)
}

/// All that can be known beside the order.
fn known() -> Known {
    Known { name: true, contact: true, ..Known::default() }
}

fn no_contact() -> Known {
    Known { contact: false, ..known() }
}

fn told(delivered: Option<i64>) -> Command {
    Command::Record { facts: Box::new(facts()), delivered_at: delivered.map(day), known: known() }
}

fn told_otherwise(change: impl Fn(&mut Facts)) -> Command {
    let mut other = facts();
    change(&mut other);
    Command::Record { facts: Box::new(other), delivered_at: None, known: known() }
}

fn card(paid: Money) -> Tender {
    Tender { kind: TenderKind::Card, paid, points: None }
}

fn judge(known: Known) -> Command {
    Command::Judge { known }
}

fn correct(known: Known, confirmed: &[Flaw]) -> Command {
    Command::Correct { known, confirmed: confirmed.iter().copied().collect() }
}

fn after(history: &[Option<i64>]) -> Purchase {
    let mut purchase = Purchase::default();
    for delivered in history {
        for event in purchase.decide(told(*delivered), day(9)).unwrap() {
            purchase.apply(&event);
        }
    }
    purchase
}

fn kind(purchase: &Purchase) -> String {
    serde_json::to_value(purchase).unwrap()["state"]["kind"].as_str().unwrap().to_owned()
}

/// Every state with everything that can be told, and what is flagged then.
#[test]
fn r_int_07_every_pair_of_state_and_command_and_what_is_flagged_then() {
    let flagged = |mut purchase: Purchase| {
        let event = Event::BaseDataChanged { flaws: [Flaw::ContactMissing].into(), confirmed: BTreeSet::new() };
        purchase.apply(&event);
        purchase
    };
    let states = [
        ("absent", after(&[])),
        ("recorded", after(&[None])),
        ("recorded, flagged", flagged(after(&[None]))),
        ("delivered", after(&[Some(3)])),
        ("delivered, flagged", flagged(after(&[Some(3)]))),
    ];
    let commands = [
        ("record", told(None)),
        ("record, delivered", told(Some(3))),
        ("record, delivered otherwise", told(Some(4))),
        ("record other paid", told_otherwise(|f| f.paid.minor = 1)),
        ("record other lines", told_otherwise(|f| f.lines.clear())),
        ("record other customer", told_otherwise(|f| f.customer_id = Uuid::from_u128(9))),
        ("record other tenders", told_otherwise(|f| f.tenders.push(card(f.paid)))),
        ("judge", judge(known())),
        ("judge without contact", judge(no_contact())),
        ("correct", correct(known(), &[])),
        ("confirm", correct(no_contact(), &[Flaw::ContactMissing])),
    ];
    let expected = |from: &str, command: &str| match (from, command) {
        ("absent", "record, delivered" | "record, delivered otherwise") => Ok("delivered"),
        ("absent", "judge" | "judge without contact") => Ok("absent"),
        ("absent", "correct" | "confirm") => Err("purchase.not_found"),
        ("absent", "record other lines") => Ok("recorded, flagged"),
        ("absent", _) => Ok("recorded"),
        (from, "judge without contact") if from.starts_with("recorded") => Ok("recorded, flagged"),
        (_, "judge without contact") => Ok("delivered, flagged"),
        ("recorded" | "delivered", "correct") => Err("purchase.nothing_corrected"),
        // A contact that is missing is missing, whoever says that this is right.
        ("recorded, flagged" | "delivered, flagged", "confirm") => Err("purchase.nothing_corrected"),
        ("recorded", "confirm") => Ok("recorded, flagged"),
        ("delivered", "confirm") => Ok("delivered, flagged"),
        (from, "record, delivered" | "record, delivered otherwise") if from.starts_with("recorded") => Ok("delivered"),
        (_, "record, delivered otherwise") => Err("delivered_at"),
        (_, "record other paid") => Err("paid"),
        (_, "record other lines") => Err("lines"),
        (_, "record other customer") => Err("customer"),
        (_, "record other tenders") => Err("tenders"),
        (from, "record" | "judge" | "correct") if from.starts_with("recorded") => Ok("recorded"),
        (from, "record" | "record, delivered" | "judge" | "correct") if from.starts_with("delivered") => {
            Ok("delivered")
        }
        pair => panic!("nothing is said about {pair:?}"),
    };
    for (from, purchase) in &states {
        for (name, command) in &commands {
            let outcome = purchase.decide(command.clone(), day(9)).map(|events| {
                let mut next = purchase.clone();
                events.iter().for_each(|event| next.apply(event));
                format!("{}{}", kind(&next), if next.flaws.is_empty() { "" } else { ", flagged" })
            });
            let code = |rejection: &Rejection| match rejection.field() {
                "" => rejection.code(),
                field => field,
            };
            let outcome = outcome.as_deref().map_err(code);
            assert_eq!(outcome, expected(from, name), "{from} + {name}");
        }
    }
}

/// What a purchase told like this lacks.
fn flaws(change: impl Fn(&mut Facts), delivered: Option<i64>, known: Known) -> Vec<Flaw> {
    let mut facts = facts();
    change(&mut facts);
    let told = Command::Record { facts: Box::new(facts), delivered_at: delivered.map(day), known };
    let mut purchase = Purchase::default();
    purchase.decide(told, day(9)).unwrap().iter().for_each(|event| purchase.apply(event));
    let stored = serde_json::to_value(&purchase).unwrap();
    assert_eq!(serde_json::from_value::<Purchase>(stored).unwrap(), purchase);
    purchase.flaws.into_iter().collect()
}

#[test]
fn r_int_07_base_data_that_are_missing_or_do_not_fit_together_are_flagged() {
    let none = |_: &mut Facts| {};
    assert_eq!(flaws(none, Some(3), known()), []);
    assert_eq!(flaws(none, None, Known::default()), [Flaw::NameMissing, Flaw::ContactMissing]);
    assert_eq!(flaws(|f| f.lines.clear(), None, known()), [Flaw::ProductMissing]);
    assert_eq!(flaws(|f| f.lines[0].product_id = " ".into(), None, known()), [Flaw::ProductMissing]);
    assert_eq!(flaws(|f| f.lines[0].quantity = 0, None, known()), [Flaw::QuantityMissing]);
    let twice = |f: &mut Facts| f.lines.push(Line { category: "soap".into(), ..f.lines[0].clone() });
    assert_eq!(flaws(twice, None, known()), [Flaw::ProductContradictory]);
    let date = [Flaw::PurchaseDateImplausible];
    assert_eq!(flaws(|f| f.bought_at = Timestamp::UNIX_EPOCH, None, known()), date);
    assert_eq!(flaws(|f| f.bought_at = day(11), None, known()), date);
    assert_eq!(flaws(|f| f.bought_at = day(10), None, known()), [], "clocks differ by a day at most");
    assert_eq!(flaws(none, Some(-1), known()), [Flaw::DeliveryImplausible]);
    assert_eq!(flaws(none, Some(367), known()), [Flaw::DeliveryImplausible]);
    let listed = |name: &str| Known { products: Arc::new([name.to_owned()].into()), ..known() };
    assert_eq!((flaws(none, None, listed("p")), flaws(none, None, listed("q"))), (vec![], vec![Flaw::ProductUnknown]));
    let words = Flaw::ALL.map(|flaw| serde_json::to_value(flaw).unwrap());
    assert_eq!(words, Flaw::ALL.map(|flaw| serde_json::Value::from(flaw.word())));
}

#[test]
fn what_a_person_confirmed_stays_confirmed_whatever_is_told_again() {
    let nameless = || Known { name: false, ..known() };
    let run = |purchase: &mut Purchase, command| {
        let events = purchase.decide(command, day(9)).map_err(|rejection| rejection.code())?;
        events.iter().for_each(|event| purchase.apply(event));
        Ok::<_, &str>(events.len())
    };
    let record = || Command::Record { facts: Box::new(facts()), delivered_at: None, known: nameless() };
    let mut purchase = Purchase::default();
    run(&mut purchase, record()).unwrap();
    assert_eq!(purchase.flaws, [Flaw::NameMissing].into());
    let unflagged = correct(nameless(), &[Flaw::QuantityMissing]);
    assert_eq!(run(&mut purchase, unflagged), Err("purchase.nothing_corrected"));
    assert_eq!(run(&mut purchase, correct(nameless(), &[Flaw::NameMissing])), Ok(1));
    assert_eq!((run(&mut purchase, record()), run(&mut purchase, judge(nameless()))), (Ok(0), Ok(0)));
    assert_eq!(run(&mut purchase, judge(no_contact())), Ok(1), "what is missing anew is flagged");
    assert_eq!(purchase.flaws, [Flaw::ContactMissing].into());
}

/// A purchase stored before there were flags.
#[test]
fn an_older_purchase_is_still_read() {
    let mut stored = serde_json::to_value(after(&[None])).unwrap();
    stored.as_object_mut().unwrap().remove("flaws");
    stored.as_object_mut().unwrap().remove("confirmed");
    assert_eq!(serde_json::from_value::<Purchase>(stored).unwrap(), after(&[None]));
}

proptest! {
    /// However often and in whatever order it is told, what was sold is recorded once and delivered at most once.
    #[test]
    fn told_again_changes_nothing(tellings in prop::collection::vec(prop::option::of(Just(3i64)), 1..8)) {
        let mut purchase = Purchase::default();
        let mut seen = Vec::new();
        for delivered in &tellings {
            for event in purchase.decide(told(*delivered), day(9)).unwrap() {
                purchase.apply(&event);
                seen.push(event);
            }
        }
        prop_assert_eq!(seen.iter().filter(|e| matches!(e, Event::Recorded { .. })).count(), 1);
        prop_assert!(seen.len() <= 2);
        let arrived = tellings.iter().any(Option::is_some);
        prop_assert_eq!(purchase.state, if arrived { State::Delivered { at: day(3) } } else { State::Recorded });
    }
}
