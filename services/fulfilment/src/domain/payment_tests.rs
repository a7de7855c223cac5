//! One payment stands for one order, and which payments are the same.
#![expect(clippy::unwrap_used, reason = "tests")]
use super::*;

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

fn told(key: &Key, order: u128) -> Command {
    let amount = Money::new(500, "CNY".parse().unwrap());
    Command::StandFor(Facts { key: key.clone(), order_id: Uuid::from_u128(order), amount })
}

#[test]
fn r_ful_05_a_payment_stands_for_the_order_it_was_told_of_first() {
    let key = Key::new(false, "s-1", "t-1");
    let mut payment = Payment::default();
    let events = payment.decide(told(&key, 1), NOW).unwrap();
    assert_eq!(events.len(), 1);
    events.iter().for_each(|event| payment.apply(event));
    let stored = serde_json::to_value(&payment).unwrap();
    assert_eq!(serde_json::from_value::<Payment>(stored).unwrap(), payment, "it comes back from storage");
    assert_eq!(payment.decide(told(&key, 1), NOW), Ok(vec![]), "told again it is the same");
    let refused = payment.decide(told(&key, 2), NOW).unwrap_err();
    assert_eq!(refused.code(), "payment.stands_for_another_order");
    assert!(refused.to_string().contains(&Uuid::from_u128(1).to_string()), "{refused}");
}

#[test]
fn r_ful_05_a_till_counts_its_own_payments_and_the_provider_those_of_the_chain() {
    let till = |place, reference| Key::new(false, place, reference).id();
    assert_eq!(till("s-1", "t-1"), till("s-1", "t-1"));
    assert_ne!(till("s-1", "t-1"), till("s-2", "t-1"), "another till");
    assert_ne!(till("s-1", "t-1"), till("s-1", "t-2"));
    assert_ne!(till("s-1", "t-1"), Key::new(true, "s-1", "t-1").id());
    assert_eq!(Key::new(true, "s-1", "p-1").id(), Key::new(true, "s-2", "p-1").id(), "wherever it is told");
}
