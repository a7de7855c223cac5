//! Figures about service orders by their definitions: refunds, compensation, effort and cost.
use contracts::{
    analytics::v1::Figure,
    common::v1::TenderKind,
    fulfilment::v1::{
        CompensationGift, CompensationMoved, CostDimensions, CostPosted, CostPosting, OrderEffort, OrderFinished,
        RefundSucceeded,
    },
};
use testkit::Stack;
use uuid::Uuid;

use crate::{
    events::{ask, at, money, one, purchase, read, refunded},
    owners::{start, tell},
};

/// A compensation that the customer has.
pub fn given(what: &str, minor: i64) -> CompensationMoved {
    let gift = CompensationGift { what: what.into(), worth: money(minor, "CNY"), ..CompensationGift::default() };
    CompensationMoved { gift: Some(gift), status: "given".into(), ..CompensationMoved::default() }
}

/// An order of a kind that took so many interactions and documents; 3 and 1 are allowed by the second version of the ceilings.
pub fn finished(kind: &str, interactions: u32, documents: u32) -> OrderFinished {
    let effort = OrderEffort {
        interactions,
        documents,
        interactions_max: 3,
        documents_max: 1,
        policy_id: "effort".into(),
        policy_version: 2,
        exceeded: interactions > 3 || documents > 1,
    };
    OrderFinished { status: "completed".into(), effort: Some(effort), kind: kind.into(), ..OrderFinished::default() }
}

/// An entry of postings: account, minor units, cause.
pub fn posted(postings: &[(&str, i64, &str)]) -> CostPosted {
    let posting = |(place, (account, minor, cause)): (u32, &(&str, i64, &str))| CostPosting {
        place,
        account: (*account).into(),
        amount: money(*minor, "CNY"),
        dimensions: Some(CostDimensions { cause: (*cause).into(), ..CostDimensions::default() }),
    };
    CostPosted { postings: (0..).zip(postings).map(posting).collect(), ..CostPosted::default() }
}

/// All figures of the first quarter, in which the tests are played.
async fn shown(stack: &Stack) -> Vec<Figure> {
    ask(stack, at("01-01T00:00:00"), at("04-01T00:00:00"), &[]).await.unwrap().figures
}

async fn refund(stack: &Stack, claim_id: &str, minor: i64, tender: TenderKind) {
    let refund = RefundSucceeded {
        claim_id: claim_id.into(),
        order_id: Uuid::from_u128(9).to_string(),
        tender: tender.into(),
        ..refunded(at("02-10T00:00:00"), minor, "CNY")
    };
    tell(stack, Uuid::now_v7(), refund).await;
}

#[tokio::test]
async fn a_decision_is_one_refund_by_however_many_means_and_compensation_is_none() {
    let stack = start().await;
    tell(&stack, Uuid::now_v7(), purchase(at("02-01T00:00:00"), None, 10_000, "CNY")).await;
    let [first, second] = [(); 2].map(|()| Uuid::now_v7().to_string());
    for (claim, minor, tender) in [
        (first.as_str(), 600, TenderKind::Card),
        (first.as_str(), 300, TenderKind::GiftCard),
        (first.as_str(), 100, TenderKind::Points),
        (second.as_str(), 500, TenderKind::Unspecified),
        // Told before claims were: two means of one order, and two refunds of their own.
        ("", 10, TenderKind::Card),
        ("", 20, TenderKind::GiftCard),
        ("", 30, TenderKind::Unspecified),
        ("", 40, TenderKind::Unspecified),
    ] {
        refund(&stack, claim, minor, tender).await;
    }
    let cash = RefundSucceeded { compensation: true, ..refunded(at("02-10T00:00:00"), 5_000, "CNY") };
    tell(&stack, Uuid::now_v7(), cash).await;
    let paid = CompensationMoved { status: "paying".into(), ..given("cash", 5_000) };
    let order = Uuid::now_v7();
    tell(&stack, order, paid).await;
    tell(&stack, order, given("cash", 5_000)).await;
    tell(&stack, Uuid::now_v7(), given("coupon", 2_000)).await;
    stack.settle().await;
    let shown = shown(&stack).await;
    assert_eq!(read(&shown, "M18", "count"), (Some(5.0), 5, None));
    assert_eq!(read(&shown, "M18", "CNY"), (Some(1_600.0), 5, None));
    assert_eq!(read(&shown, "M18", "share.CNY"), (Some(0.16), 10_000, Some(1_600)));
    assert_eq!(read(&shown, "M18c", "count"), (Some(2.0), 2, None));
    assert_eq!(read(&shown, "M18c", "count.cash"), (Some(1.0), 1, None));
    assert_eq!(read(&shown, "M18c", "count.coupon"), (Some(1.0), 1, None));
    assert_eq!(read(&shown, "M18c", "CNY"), (Some(7_000.0), 2, None));
    assert_eq!(stack.parked("analytics").await, 0);
}

#[tokio::test]
async fn r_ful_09_what_was_asked_of_customers_is_counted_by_kind_and_ceiling() {
    let stack = start().await;
    for (kind, interactions, documents) in
        [("return_refund", 2, 0), ("return_refund", 3, 1), ("exchange", 4, 2), ("compensation", 90, 9)]
    {
        tell(&stack, Uuid::now_v7(), finished(kind, interactions, documents)).await;
    }
    // Told before effort was counted, and without a ceiling.
    tell(&stack, Uuid::now_v7(), OrderFinished { effort: None, ..finished("exchange", 1, 1) }).await;
    let free = OrderEffort { interactions: 7, documents: 1, ..OrderEffort::default() };
    tell(&stack, Uuid::now_v7(), OrderFinished { effort: Some(free), ..finished("repair", 1, 1) }).await;
    stack.settle().await;
    let shown = shown(&stack).await;
    for (part, value, n) in [
        ("mean", 5.0, 4),
        ("median", 5.0, 4),
        ("p90", 7.4, 4),
        ("mean.interactions", 4.0, 4),
        ("mean.documents", 1.0, 4),
        ("share.exceeded", 1.0 / 3.0, 3),
        ("mean.return_refund", 3.0, 2),
        ("share.exceeded.return_refund", 0.0, 2),
        ("mean.exchange", 6.0, 1),
        ("mean.repair", 8.0, 1),
        ("share.exceeded.effort-2", 1.0 / 3.0, 3),
    ] {
        let (seen, of, _) = read(&shown, "M37", part);
        assert!((seen.unwrap() - value).abs() < 1e-9 && of == n, "{part}: {seen:?} of {of}");
    }
    assert_eq!(read(&shown, "M37", "share.exceeded.repair"), (None, 0, Some(0)), "no ceiling says so");
    assert!(!shown.iter().any(|f| f.part.ends_with("compensation")), "nothing is asked for it");
}

#[tokio::test]
async fn cost_to_serve_is_what_was_posted_by_whom_it_lies_with() {
    let stack = start().await;
    let (order, other) = (Uuid::now_v7(), Uuid::now_v7());
    tell(&stack, order, posted(&[("refund", 10_000, "broken"), ("cash", -10_000, "")])).await;
    tell(&stack, order, posted(&[("fees", -500, "broken"), ("customer_credit", 500, "")])).await;
    tell(&stack, order, posted(&[("freight", 900, ""), ("payable", -900, "")])).await;
    tell(&stack, other, posted(&[("freight", 600, "late"), ("payable", -600, "")])).await;
    // Costs are moved to where they lie: the sum stays.
    tell(&stack, order, posted(&[("freight", -900, ""), ("freight", 900, "late")])).await;
    stack.settle().await;
    let shown = shown(&stack).await;
    for (part, value, n) in [
        ("CNY", 11_000.0, 6),
        ("mean.CNY", 5_500.0, 2),
        ("CNY.account.refund", 10_000.0, 1),
        ("CNY.account.fees", -500.0, 1),
        ("CNY.account.freight", 1_500.0, 4),
        ("CNY.cause.broken", 9_500.0, 2),
        ("CNY.cause.late", 1_500.0, 2),
        ("CNY.cause.-", 0.0, 2),
        ("CNY.supplier.-", 11_000.0, 6),
    ] {
        assert_eq!(read(&shown, "M34", part), (Some(value), n, None), "{part}");
        assert_eq!(one(&shown, "M34", part).unit, "minor_units");
    }
    assert!(!shown.iter().any(|f| f.part.contains("cash") && f.metric == "M34"), "what stands against it is no cost");
}

#[tokio::test]
async fn of_many_causes_the_greatest_stand_for_themselves_and_the_others_together() {
    let stack = start().await;
    for number in 1..=25_i64 {
        tell(&stack, Uuid::now_v7(), posted(&[("labour", number * 100, &format!("cause-{number}"))])).await;
    }
    stack.settle().await;
    let shown = shown(&stack).await;
    let causes: Vec<_> = shown.iter().filter(|f| f.part.starts_with("CNY.cause.")).collect();
    assert_eq!((causes.len(), causes[0].part.as_str()), (21, "CNY.cause.cause-25"));
    assert_eq!(read(&shown, "M34", "CNY.cause.*"), (Some(1_500.0), 5, None));
}
