//! What people tell a ledger, and random lives of ledgers: entries add up, costs that move stay as much, and nothing stands
//! on two charge-backs.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
use std::collections::BTreeSet;

use proptest::prelude::*;

use super::{super::chargeback::ChargedLine, *};

const ORDER: Uuid = Uuid::from_u128(1);

fn cny(minor: i64) -> Money {
    Money::new(minor, "CNY".parse().unwrap())
}

fn lies(cause: &str, supplier: &str) -> Dimensions {
    Dimensions { cause: cause.into(), supplier: supplier.into(), ..Dimensions::default() }
}

fn record(id: u128, kind: CostKind, minor: i64, dimensions: Dimensions) -> Act {
    let (reason, by) = ("invoice".into(), "staff:ana".into());
    let cost = Cost { id: Uuid::from_u128(id), kind, amount: cny(minor), dimensions, reason, by };
    Act::Record { cost, currencies: vec!["CNY".parse().unwrap()] }
}

fn reverse(id: u128) -> Act {
    Act::Reverse { entry_id: Uuid::from_u128(id), reason: "mistaken".into(), by: "staff:ana".into() }
}

fn attribute(to: Dimensions) -> Act {
    Act::Attribute { to, reason: "investigated".into(), by: "staff:qa".into() }
}

fn charge(id: u128, supplier: &str) -> Act {
    let (supplier, currency) = (supplier.into(), "CNY".parse().unwrap());
    let (reason, by) = ("leaks".into(), "staff:ana".into());
    let (chargeback_id, batch, move_within) = (Uuid::from_u128(id), String::new(), jiff::SignedDuration::ZERO);
    Act::ChargeBack(Wish { chargeback_id, supplier, batch, currency, reason, by, move_within })
}

fn free(id: u128) -> Act {
    Act::Free { chargeback_id: Uuid::from_u128(id) }
}

/// A refund as an event posts it.
fn refunded(id: u128, minor: i64) -> Act {
    let postings = sides(Account::Refund, Account::Cash, cny(minor), &lies("no_reason", ""));
    Act::Post(Draft { id: Uuid::from_u128(id), reason: "refund_paid", postings })
}

fn tell(ledger: &mut CostLedger, act: Act) -> Result<Vec<Event>, &'static str> {
    let events = ledger.decide(Command { order_id: ORDER, act }, Timestamp::UNIX_EPOCH).map_err(|no| no.code())?;
    events.iter().for_each(|event| ledger.apply(event));
    Ok(events)
}

fn after(acts: Vec<Act>) -> CostLedger {
    let mut ledger = CostLedger::default();
    acts.into_iter().for_each(|act| drop(tell(&mut ledger, act).unwrap()));
    ledger
}

/// What lies with a supplier.
fn with_supplier(ledger: &CostLedger, supplier: &str) -> i64 {
    let all = ledger.postings().filter(|one| one.account.is_borne() && one.dimensions.supplier == supplier);
    all.map(|one| one.amount.minor).sum()
}

fn amount(events: &[Event]) -> i64 {
    let Event::ChargedBack(document) = &events[0] else { return 0 };
    assert_eq!(document.lines.iter().map(|line| line.amount.minor).sum::<i64>(), document.amount.minor);
    document.amount.minor
}

#[test]
fn a_cost_is_recorded_once_in_a_currency_of_the_order_within_bounds() {
    let mut ledger = CostLedger::default();
    assert_eq!(tell(&mut ledger, record(9, CostKind::Freight, 12, Dimensions::default())).unwrap().len(), 1);
    assert_eq!(tell(&mut ledger, record(9, CostKind::Freight, 12, Dimensions::default())), Ok(vec![]));
    assert_eq!(ledger.balances(), [(Account::Freight, cny(12)), (Account::Payable, cny(-12))]);
    for minor in [0, -1, COST_MAX + 1, i64::MIN, i64::MAX] {
        let refused = tell(&mut ledger, record(10, CostKind::Parts, minor, Dimensions::default()));
        assert_eq!(refused, Err("ledger.amount_out_of_bounds"), "{minor}");
    }
    let Act::Record { mut cost, currencies } = record(11, CostKind::Parts, 1, Dimensions::default()) else { return };
    cost.amount = Money::new(1, "EUR".parse().unwrap());
    let foreign = Act::Record { cost: cost.clone(), currencies };
    assert_eq!(tell(&mut ledger, foreign), Err("ledger.other_currency"));
    assert!(tell(&mut ledger, Act::Record { cost, currencies: vec![] }).is_ok(), "the order names no amount");
    for id in 0..1_000 {
        let _full = tell(&mut ledger, record(100 + id, CostKind::Goods, COST_MAX, Dimensions::default()));
    }
    let full = tell(&mut ledger, record(5_000, CostKind::Goods, 1, Dimensions::default()));
    assert_eq!((full, ledger.entries.len()), (Err("ledger.full"), 1_000), "no sum overflows");
}

#[test]
fn what_was_recorded_wrongly_is_reversed_once_and_what_followed_by_itself_never() {
    let mut ledger = after(vec![refunded(1, 100), record(2, CostKind::Labour, 40, lies("", "sup-1"))]);
    assert_eq!(tell(&mut ledger, reverse(3)), Err("ledger.no_such_entry"));
    assert_eq!(tell(&mut ledger, reverse(1)), Err("ledger.not_recorded"));
    let reversal = tell(&mut ledger, reverse(2)).unwrap();
    assert_eq!((reversal.len(), tell(&mut ledger, reverse(2))), (1, Ok(vec![])), "told twice is reversed once");
    assert_eq!(ledger.balances(), [(Account::Refund, cny(100)), (Account::Cash, cny(-100))]);
    let Event::Posted { entry, .. } = &reversal[0] else { return };
    let again = reverse(entry.id.as_u128());
    assert_eq!(tell(&mut ledger, again), Err("ledger.not_recorded"), "a reversal is not reversed");
}

#[test]
fn costs_lie_where_somebody_said_they_do_those_so_far_and_those_that_follow() {
    let mut ledger = after(vec![
        refunded(1, 100),
        record(2, CostKind::Freight, 12, Dimensions::default()),
        attribute(lies("seal.leaks", "sup-1")),
        refunded(3, 50),
        record(4, CostKind::Parts, 7, lies("", "sup-2")),
    ]);
    assert_eq!((with_supplier(&ledger, "sup-1"), with_supplier(&ledger, "sup-2")), (162, 7));
    assert_eq!(ledger.attributed(), lies("seal.leaks", "sup-1"));
    assert_eq!(tell(&mut ledger, reverse(2)).unwrap().len(), 1);
    assert_eq!((with_supplier(&ledger, "sup-1"), with_supplier(&ledger, "")), (150, 0), "where it lies by now");
    assert_eq!(tell(&mut ledger, attribute(Dimensions::default())), Err("ledger.nothing_named"));
    let department = Dimensions { department: "quality".into(), ..Dimensions::default() };
    assert_eq!(tell(&mut ledger, attribute(department.clone())).unwrap().len(), 2, "said, and moved");
    assert_eq!(tell(&mut ledger, attribute(department)), Ok(vec![]), "said twice is said once");
    assert_eq!((with_supplier(&ledger, "sup-1"), with_supplier(&ledger, "sup-2")), (150, 7), "each where it was");
}

#[test]
fn a_supplier_is_charged_all_that_lies_with_him_once_and_again_when_it_was_withdrawn() {
    let mut ledger = after(vec![refunded(1, 100), record(2, CostKind::Freight, 12, lies("", "sup-1"))]);
    assert_eq!(tell(&mut ledger, charge(50, "sup-2")), Err("ledger.nothing_to_charge"));
    drop(tell(&mut ledger, attribute(lies("leaks", "sup-1"))).unwrap());
    assert_eq!(amount(&tell(&mut ledger, charge(50, "sup-1")).unwrap()), 112);
    assert_eq!(tell(&mut ledger, charge(50, "sup-1")), Ok(vec![]), "told twice is charged once");
    assert_eq!(tell(&mut ledger, charge(51, "sup-1")), Err("ledger.nothing_to_charge"));
    assert_eq!(tell(&mut ledger, reverse(2)), Err("ledger.charged_back"));
    assert_eq!(tell(&mut ledger, attribute(lies("", "sup-2"))), Err("ledger.charged_back"));
    drop(tell(&mut ledger, record(3, CostKind::Labour, 8, Dimensions::default())).unwrap());
    assert_eq!(amount(&tell(&mut ledger, charge(52, "sup-1")).unwrap()), 8, "what came later");
    assert_eq!(tell(&mut ledger, free(50)).unwrap().len(), 1);
    assert_eq!(tell(&mut ledger, free(50)), Ok(vec![]));
    assert_eq!(amount(&tell(&mut ledger, charge(53, "sup-1")).unwrap()), 112);
}

#[test]
fn what_came_back_makes_a_charge_less_and_one_of_nothing_is_none() {
    let goods = |id, minor| {
        let postings = sides(Account::Stock, Account::Goods, cny(minor), &Dimensions::default());
        Act::Post(Draft { id: Uuid::from_u128(id), reason: "goods_accepted", postings })
    };
    let mut ledger = after(vec![refunded(1, 100), goods(2, 70), attribute(lies("leaks", "sup-1"))]);
    assert_eq!(amount(&tell(&mut ledger, charge(50, "sup-1")).unwrap()), 30);
    let mut even = after(vec![refunded(1, 100), goods(2, 100), attribute(lies("leaks", "sup-1"))]);
    assert_eq!(tell(&mut even, charge(50, "sup-1")), Err("ledger.nothing_to_charge"));
}

#[test]
fn what_does_not_add_up_is_never_posted() {
    let one_sided = sides(Account::Refund, Account::Cash, cny(5), &Dimensions::default()).into_iter().take(1);
    for postings in [vec![], one_sided.collect()] {
        let draft = Draft { id: Uuid::from_u128(1), reason: "refund_paid", postings };
        assert_eq!(tell(&mut CostLedger::default(), Act::Post(draft)), Err("ledger.unbalanced"));
    }
}

fn act() -> impl Strategy<Value = Act> {
    let supplier = || prop::sample::select(vec!["", "sup-1", "sup-2"]);
    let kind = prop::sample::select(vec![CostKind::Freight, CostKind::Labour, CostKind::WriteOff]);
    prop_oneof![
        3 => (0..6u128, 1..100i64).prop_map(|(id, minor)| refunded(10 + id, minor)),
        4 => (0..6u128, kind, 1..100i64, supplier())
            .prop_map(|(id, kind, minor, supplier)| record(20 + id, kind, minor, lies("", supplier))),
        2 => (18..26u128).prop_map(reverse),
        2 => supplier().prop_map(|supplier| attribute(lies("leaks", supplier))),
        2 => (0..4u128, supplier()).prop_map(|(id, supplier)| charge(50 + id, supplier)),
        2 => (0..4u128).prop_map(|id| free(50 + id)),
    ]
}

proptest! {
    #[test]
    fn any_history_adds_up_is_posted_once_and_charged_once(acts in prop::collection::vec(act(), 1..40)) {
        let mut ledger = CostLedger::default();
        let mut living: BTreeMap<Uuid, Vec<ChargedLine>> = BTreeMap::new();
        for act in acts {
            let cost = |ledger: &CostLedger| -> i64 {
                ledger.postings().filter(|one| one.account.is_cost()).map(|one| one.amount.minor).sum()
            };
            let (before, moves) = (cost(&ledger), matches!(act, Act::Attribute { .. }));
            let again = act.clone();
            for event in tell(&mut ledger, act).unwrap_or_default() {
                match event {
                    Event::ChargedBack(document) => {
                        let with_him = document.lines.iter().map(|line| line.amount.minor).sum::<i64>();
                        prop_assert!(with_him == document.amount.minor && with_him > 0);
                        living.insert(document.chargeback_id, document.lines);
                    }
                    Event::Freed { chargeback_id, .. } => drop(living.remove(&chargeback_id)),
                    Event::Posted { .. } | Event::Attributed { .. } => {}
                }
            }
            prop_assert!(!moves || cost(&ledger) == before, "what moves stays as much");
            prop_assert_eq!(tell(&mut ledger, again).unwrap_or_default(), vec![], "told twice is done once");
            let ids: BTreeSet<Uuid> = ledger.entries.iter().map(|entry| entry.id).collect();
            prop_assert!(ids.len() == ledger.entries.len() && ledger.entries.iter().all(Entry::is_balanced));
            prop_assert_eq!(ledger.balances().iter().map(|(_, amount)| amount.minor).sum::<i64>(), 0);
            let standing = living.values().flatten().map(|line| line.posting_id).collect::<Vec<_>>();
            let once: BTreeSet<Uuid> = standing.iter().copied().collect();
            prop_assert_eq!((once.len(), ledger.charged.len()), (standing.len(), standing.len()));
            let stored = serde_json::to_string(&ledger).unwrap();
            prop_assert_eq!(&serde_json::from_str::<CostLedger>(&stored).unwrap(), &ledger);
        }
    }
}
