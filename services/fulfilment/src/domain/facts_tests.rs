//! Whether who asks is the buyer: known only where both are, and of one person whatever pseudonym he asks under.
#![expect(clippy::unwrap_used, reason = "tests")]
use kernel::returns;

use super::{
    super::{
        Part,
        account::{Article, Command, Sale},
    },
    *,
};

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

fn bought_by(customer_id: Option<Uuid>) -> PurchaseAccount {
    let paid = Money::new(100, "CNY".parse().unwrap());
    let articles = [("0".to_owned(), Article { quantity: 1, ..Article::default() })].into();
    let lines = vec![Part { line_id: "0".into(), amount: paid }];
    let sale = Sale { articles, customer_id, ..Sale::default() };
    let open = Command::Open { purchase_id: Uuid::from_u128(9), paid, lines, sale };
    let mut account = PurchaseAccount::default();
    account.decide(open, NOW).unwrap().iter().for_each(|event| account.apply(event));
    account
}

fn said() -> Stated {
    Stated {
        kind: Kind::ReturnRefund,
        reason: "no_reason".into(),
        segment: None,
        opened: None,
        resaleable: None,
        discomfort: None,
        proof: Proof::Receipt,
        category: None,
        channel: None,
        bought_at: None,
        delivered_at: None,
        paid: None,
    }
}

#[test]
fn r_ful_02_who_asks_is_the_buyer_as_the_purchase_tells_and_not_known_where_either_is_not() {
    let [buyer, other] = [7, 8].map(Uuid::from_u128);
    let units = Units { line_id: "0".into(), quantity: 1 };
    for (bought, asks, expected) in [
        (Some(buyer), vec![buyer], Some(true)),
        (Some(buyer), vec![other], Some(false)),
        (Some(buyer), vec![other, buyer], Some(true)),
        (Some(buyer), vec![], None),
        (None, vec![buyer], None),
    ] {
        let asks = Asks { customers: &asks, units: &units };
        let facts = of_purchase(said(), &bought_by(bought), asks, NOW).unwrap();
        assert_eq!(facts.buyer, expected, "{bought:?} {asks:?}");
    }
    assert_eq!(stated(said(), NOW).buyer, None, "of no purchase nobody knows");
    let stored = serde_json::to_string(&bought_by(None)).unwrap();
    assert!(!stored.contains("customer_id"), "as it was stored before: {stored}");
}

#[test]
fn r_ful_02_a_receipt_of_no_purchase_that_is_known_here_is_no_proof() {
    for (proof, expected) in
        [(Proof::Receipt, Proof::None), (Proof::None, Proof::None), (Proof::Elsewhere, Proof::Elsewhere)]
    {
        assert_eq!(stated(Stated { proof, ..said() }, NOW).proof, expected);
    }
    let asks = Asks { customers: &[], units: &Units { line_id: "0".into(), quantity: 1 } };
    let bought = of_purchase(Stated { proof: Proof::None, ..said() }, &bought_by(None), asks, NOW).unwrap();
    assert_eq!(bought.proof, Proof::Receipt, "the purchase is the receipt, whatever is stated");
}

#[test]
fn r_ful_02_the_shipped_policy_grants_nothing_for_a_receipt_that_is_only_stated() {
    let policy: returns::Policy = backbone::config::document(None, returns::DEFAULT).unwrap();
    let delivered_at = Some(NOW);
    let best = Stated { opened: Some(false), discomfort: Some(true), delivered_at, bought_at: delivered_at, ..said() };
    for kind in [Kind::ReturnRefund, Kind::RefundOnly, Kind::Exchange, Kind::Reship, Kind::Repair] {
        for reason in policy.reasons.keys() {
            for proof in [Proof::Receipt, Proof::None, Proof::Elsewhere] {
                let said = Stated { kind, proof, reason: reason.clone(), segment: Some("vip".into()), ..best.clone() };
                let outcome = policy.decide(stated(said, NOW)).unwrap().outcome;
                let repaired = kind == Kind::Repair && proof == Proof::Elsewhere;
                assert!(outcome.answer != returns::Answer::Eligible || repaired, "{kind:?} {reason} {proof:?}");
            }
        }
    }
}
