//! Articles of no purchase of ours, through the doors: nobody alone is given anything for what he says of them, and what people approve
//! is paid by people, once, and on record.
use contracts::fulfilment::v1::{
    LineRequest, OrderReviewed, RecordRefundPaidRequest, RefundOverdue, RefundSucceeded, ReviewedAmount,
};
use jiff::SignedDuration;
use testkit::{request, wrong_fields};
use tonic::{Code, Status};
use uuid::Uuid;

use crate::{
    goods::result,
    returns::{at_counter, code},
    world::{World, cny},
};

/// All that speaks for him, and no purchase that shows it.
fn stated(proof: &str, quantity: u32, paid: Option<i64>, world: &World) -> LineRequest {
    let yesterday = backbone::proto::timestamp(world.stack.now() - SignedDuration::from_hours(24));
    LineRequest {
        product_id: "p-9".into(),
        quantity,
        reason: "discomfort.skin".into(),
        discomfort: Some(true),
        proof: proof.into(),
        bought_at: Some(yesterday),
        delivered_at: Some(yesterday),
        paid: paid.and_then(cny),
        ..LineRequest::default()
    }
}

impl World {
    async fn paid_by_hand(&self, refund_id: &str, reference: &str) -> Result<String, Status> {
        let paid = RecordRefundPaidRequest { refund_id: refund_id.into(), reference: reference.into() };
        self.client().record_refund_paid(request("staff:kim", paid)).await.map(|answer| answer.into_inner().status)
    }
}

#[tokio::test]
async fn r_ful_02_a_receipt_that_is_only_stated_grants_nothing_however_often_it_is_told() {
    let world = World::new().await;
    for kind in ["return_refund", "exchange", "refund_only"] {
        for _ in 0..2 {
            let order = world.ask("staff:ana", at_counter(kind, vec![stated("receipt", 1, Some(9_900), &world)]));
            let order = order.await.unwrap();
            assert_eq!(order.status, "in_review", "{kind}");
            let receipt = world.decision(&order.id, "en").await;
            assert_eq!((receipt.rule.as_str(), receipt.facts.unwrap().proof.as_str()), ("no_proof", "none"));
            assert!(world.requested(&order.id).await.replacements.is_empty());
            assert_eq!(code(&world.review("staff:ana", &order.id, true).await.unwrap_err()), "order.own_request");
        }
    }
    let elsewhere = LineRequest { reason: "breakdown".into(), ..stated("elsewhere", 1, None, &world) };
    let repair = world.ask("staff:ana", at_counter("repair", vec![elsewhere.clone()])).await.unwrap();
    assert_eq!(repair.status, "authorised", "what was bought elsewhere is repaired");
    let taken_back = world.ask("staff:ana", at_counter("return_refund", vec![elsewhere])).await.unwrap();
    assert_eq!(taken_back.status, "ineligible", "and not taken back");
}

#[tokio::test]
async fn r_ful_05_r_ful_15_a_return_of_no_purchase_is_paid_by_people_once_as_another_person_approved_it() {
    let world = World::new().await;
    let asked = at_counter("return_refund", vec![stated("receipt", 2, Some(9_901), &world)]);
    let id = world.ask("staff:ana", asked).await.unwrap().id;
    for (amounts, expected) in
        [(&[(1, 9_902)][..], "order.amount_not_possible"), (&[(2, 5)], "order.amount_not_possible")]
    {
        assert_eq!(code(&world.review_at("staff:bo", &id, true, amounts).await.unwrap_err()), expected);
    }
    assert_eq!(world.review("staff:bo", &id, true).await.unwrap().status, "authorised");
    let told: Vec<OrderReviewed> = world.stack.events("fulfilment").await;
    let approved = vec![ReviewedAmount { line_no: 1, amount: cny(9_901) }];
    assert_eq!((&told[0].amounts, &world.requested(&id).await.review.unwrap().amounts), (&approved, &approved));

    let mut by_approver = request("staff:bo", contracts::fulfilment::v1::ReceiveGoodsRequest::default());
    by_approver.get_mut().order_id.clone_from(&id);
    assert_eq!(code(&world.client().receive_goods(by_approver).await.unwrap_err()), "order.own_approval");
    world.receive_goods(id.parse().unwrap()).await.unwrap();
    world.inspect(&id, 1, vec![result(1, true, "restock")]).await.unwrap();
    assert!(world.payouts(&id).await.is_empty(), "the other piece is not looked at yet");
    world.inspect(&id, 1, vec![result(1, false, "back_to_customer")]).await.unwrap();
    world.answer(&id, true).await.unwrap();
    world.stack.settle().await;
    let payouts = world.payouts(&id).await;
    let [payout] = payouts.as_slice() else { panic!("{payouts:?}") };
    assert_eq!((payout.status.as_str(), payout.amount.clone(), payout.by_hand), ("granted", cny(4_951), true));
    let refund = world.refund().await;
    assert_eq!(
        (refund.status.as_str(), refund.amount.clone(), &refund.refund_id),
        ("by_hand", cny(4_951), &payout.refund_id)
    );

    // It is promised and raised as every refund is, and no provider ever hears of it.
    world.seconds(40 * 24 * 3_600).await;
    assert_eq!(world.stack.events::<RefundOverdue>("fulfilment").await.len(), 1);
    let late = world.requested(&id).await.promises.into_iter().find(|one| one.promise == "refund_term").unwrap();
    assert_eq!(late.status, "breached");
    assert_eq!(world.paid_by_hand(&refund.refund_id, "till-7").await.unwrap(), "succeeded");
    assert_eq!(world.paid_by_hand(&refund.refund_id, "till-7").await.unwrap(), "succeeded", "told again");
    assert_eq!(code(&world.paid_by_hand(&refund.refund_id, "till-8").await.unwrap_err()), "refund.other_reference");
    world.stack.settle().await;
    assert_eq!(
        world.stands(&id).await,
        ("closed_partial".into(), 0),
        "a piece was rejected; the provider paid nothing"
    );
    assert_eq!((world.refunds().await.len(), world.refund().await.paid_by.as_str()), (1, "staff:kim"));
    let told: Vec<RefundSucceeded> = world.stack.events("fulfilment").await;
    assert_eq!((told.len(), told[0].by_hand, told[0].amount.clone()), (1, true, cny(4_951)));
    let mut balances = world.balances(&id).await;
    balances.sort();
    assert_eq!(balances, [("cash".to_owned(), -4_951), ("refund".to_owned(), 4_951)]);
    assert_eq!(world.stack.parked("fulfilment").await, 0);
}

#[tokio::test]
async fn r_ful_05_a_photo_without_a_purchase_takes_an_amount_that_somebody_names() {
    let world = World::new().await;
    let asked = at_counter("refund_only", vec![stated("none", 1, None, &world)]);
    let id = world.ask("staff:ana", asked).await.unwrap().id;
    let missing = world.review("staff:bo", &id, true).await.unwrap_err();
    assert_eq!(code(&missing), "order.amount_missing");
    assert!(missing.message().contains("amounts"), "{missing:?}");
    for (amounts, field) in [
        (&[(0, 5)][..], "amounts[0].line_no"),
        (&[(1, -5)], "amounts[0].amount.minor"),
        (&[(1, i64::MAX)], "amounts[0].amount.minor"),
        (&[(1, 5), (1, 6)], "amounts[1].line_no"),
    ] {
        let refused = world.review_at("staff:bo", &id, true, amounts).await.unwrap_err();
        assert_eq!((refused.code(), wrong_fields(&refused)), (Code::InvalidArgument, vec![field.to_owned()]));
    }
    assert_eq!(world.requested(&id).await.review, None, "nothing moved");
    let approved = world.review_at("staff:bo", &id, true, &[(1, 1_500)]).await.unwrap();
    // The goods of what nothing shows come first, whatever was asked for.
    assert_eq!(approved.status, "authorised");
    world.receive_goods(id.parse().unwrap()).await.unwrap();
    world.inspect(&id, 1, vec![result(1, true, "destroy")]).await.unwrap();
    world.stack.settle().await;
    let refund = world.refund().await;
    assert_eq!((refund.status.as_str(), refund.amount), ("by_hand", cny(1_500)));
    world.paid_by_hand(&refund.refund_id, "till-9").await.unwrap();
    world.stack.settle().await;
    assert_eq!(world.stands(&id).await, ("completed".into(), 0));
}

#[tokio::test]
async fn r_ful_05_the_database_takes_no_more_for_what_is_of_no_purchase_than_another_person_approved() {
    let world = World::new().await;
    let asked = at_counter("return_refund", vec![stated("receipt", 1, Some(900), &world)]);
    let id = world.ask("staff:ana", asked).await.unwrap().id;
    world.review_at("staff:bo", &id, true, &[(1, 800)]).await.unwrap();
    world.receive_goods(id.parse().unwrap()).await.unwrap();
    world.inspect(&id, 1, vec![result(1, true, "restock")]).await.unwrap();
    let (pool, order) = (world.stack.pool("fulfilment"), id.parse::<Uuid>().unwrap());
    let change = |path: &'static str, value: &'static str| {
        let change = "update service_order set state = jsonb_set(state, $2::text[], $3::jsonb) where id = $1";
        sqlx::query(change).bind(order).bind(path).bind(value).execute(&pool)
    };
    for (path, value) in [
        ("{request,payouts,0,lines,0,amount,minor}", "801"),
        ("{request,review,amounts,1,minor}", "799"),
        ("{request,review,amounts}", "{}"),
        ("{request,review,approved}", "false"),
        ("{request,review,by}", "\"staff:Ana\""),
        ("{request,review}", "null"),
        ("{request,payouts,0,lines,0,amount}", "{}"),
    ] {
        let refused = change(path, value).await.unwrap_err().to_string();
        assert!(refused.contains("never_more_than_reviewed"), "{path} {value}: {refused}");
    }
    let twice =
        "update service_order set state = jsonb_insert(state, '{request,payouts,0}', state#>'{request,payouts,0}')";
    sqlx::query(twice).execute(&pool).await.unwrap_err();
    change("{request,review,reason}", "\"seen\"").await.unwrap();
}
