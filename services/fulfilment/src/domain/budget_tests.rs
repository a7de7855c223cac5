//! A budget holds, spends and frees, and never more than it is.
#![expect(clippy::unwrap_used, reason = "tests")]
use proptest::prelude::*;

use super::{super::giving::Scope, *};

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

fn reserve(order: u128, minor: i64, limit: i64) -> Command {
    let purse = Purse { scope: Scope::Store, name: "s-1".into() };
    let budget = Key { purse, month: "2026-07".into(), currency: "CNY".parse().unwrap() };
    Command::Reserve { order_id: Uuid::from_u128(order), of: Reservation { budget, limit, minor } }
}

fn spend(order: u128) -> Command {
    Command::Spend { order_id: Uuid::from_u128(order) }
}

fn release(order: u128) -> Command {
    Command::Release { order_id: Uuid::from_u128(order) }
}

fn tell(budget: &mut Budget, command: Command) -> Result<usize, &'static str> {
    let events = budget.decide(command, NOW).map_err(|no| no.code())?;
    events.iter().for_each(|event| budget.apply(event));
    let stored = serde_json::to_value(&*budget).unwrap();
    assert_eq!(&serde_json::from_value::<Budget>(stored).unwrap(), budget);
    Ok(events.len())
}

const EMPTY: &str = "compensation.budget_exhausted";

#[test]
fn r_ful_15_what_is_held_is_spent_once_or_free_again() {
    let mut budget = Budget::default();
    assert_eq!(tell(&mut budget, spend(1)), Err("compensation.nothing_reserved"));
    assert_eq!(tell(&mut budget, release(1)), Ok(0));
    assert_eq!(tell(&mut budget, reserve(1, 60, 100)), Ok(1));
    assert_eq!(tell(&mut budget, reserve(1, 60, 100)), Ok(0), "told twice it is held once");
    assert_eq!(tell(&mut budget, reserve(2, 41, 100)), Err(EMPTY));
    assert_eq!(tell(&mut budget, reserve(2, 40, 100)), Ok(1));
    assert_eq!((budget.held(), budget.spent, budget.left()), (100, 0, 0));
    assert_eq!(tell(&mut budget, spend(1)), Ok(1));
    assert_eq!(tell(&mut budget, spend(1)), Err("compensation.nothing_reserved"));
    assert_eq!(tell(&mut budget, release(2)), Ok(1));
    assert_eq!((budget.held(), budget.spent, budget.left()), (0, 60, 40));
    assert_eq!(tell(&mut budget, reserve(3, 1, 50)), Err(EMPTY), "a smaller budget is overdrawn by nobody");
    assert_eq!(budget.limit, 100, "what was held stays covered");
    assert_eq!(tell(&mut budget, reserve(3, 60, 120)), Ok(1), "a larger one gives more");
}

#[test]
fn the_refusal_names_the_budget_the_month_and_what_is_left() {
    let mut budget = Budget::default();
    tell(&mut budget, reserve(1, 60, 100)).unwrap();
    let words = budget.decide(reserve(2, 41, 100), NOW).unwrap_err().to_string();
    for part in ["store s-1", "2026-07", "40 minor units of CNY", "41 are asked for"] {
        assert!(words.contains(part), "{words}");
    }
}

proptest! {
    #[test]
    fn r_ful_15_no_budget_is_ever_overdrawn(
        steps in prop::collection::vec((0..6u128, 0..4u8, prop_oneof![1..60i64, Just(i64::MAX)], 50..150i64), 1..60),
    ) {
        let mut budget = Budget::default();
        for (order, step, minor, limit) in steps {
            let command = match step {
                0 | 1 => reserve(order, minor, limit),
                2 => spend(order),
                _ => release(order),
            };
            let _refused = tell(&mut budget, command);
            prop_assert!(budget.held() + budget.spent <= budget.limit && budget.left() >= 0, "{:?}", budget);
        }
    }
}
