//! Returns that were agreed by their pieces, through the doors: they come, are inspected and paid piece by piece, of what was agreed.
use contracts::{
    common::v1::{Money, Remedy, RemedyKind, RemedyLine},
    complaint::v1::{RemedySettled, SolutionAgreed},
    fulfilment::v1::{
        AmountReleased, CompleteAgreedOrderRequest, LinePiecesReceived, OrderCompleted, OrderFailed, OrderOpened,
        ReceiveGoodsRequest, UnitsGivenBack,
    },
    intake::v1::{PurchaseLine, PurchaseRecorded},
};
use fulfilment::domain::order_id;
use serde_json::Value;
use testkit::request;
use uuid::Uuid;

use crate::{
    goods::{places, result},
    payouts::stood,
    returns::{code, line},
    world::{World, cny},
};

const HOUR: i64 = 3600;

impl World {
    /// A complaint agreed that pieces of lines of a purchase come back for an amount; says its order and the remedy.
    pub async fn agreed_back(&self, purchase: Uuid, pieces: &[(&str, u32)], amount: Option<Money>) -> (String, Uuid) {
        let (complaint, remedy) = (Uuid::new_v4(), Uuid::new_v4());
        let line = |(line_id, quantity): &(&str, u32)| RemedyLine { line_id: (*line_id).into(), quantity: *quantity };
        let lines = pieces.iter().map(line).collect();
        let kind = RemedyKind::ReturnRefund.into();
        let event = SolutionAgreed {
            complaint_id: complaint.to_string(),
            customer_id: Uuid::from_u128(7).to_string(),
            purchase_id: purchase.to_string(),
            solution_version: 1,
            remedies: vec![Remedy { remedy_id: remedy.to_string(), kind, amount, lines }],
            offer_no: 1,
        };
        self.stack.publish("complaint", &event, complaint, 1).await;
        self.stack.settle().await;
        (order_id(remedy).to_string(), remedy)
    }

    /// So many pieces of the first line come.
    async fn comes(&self, id: &str, quantity: u32) {
        let came = vec![LinePiecesReceived { line_no: 1, product_id: String::new(), quantity }];
        let parcel = ReceiveGoodsRequest { order_id: id.into(), place: "s-1".into(), came, ..Default::default() };
        self.client().receive_goods(request("staff:ana", parcel)).await.unwrap();
    }

    /// How remedies ended.
    async fn told_ends(&self) -> Vec<(Uuid, String)> {
        let done = self.stack.events::<OrderCompleted>("fulfilment").await;
        let failed = self.stack.events::<OrderFailed>("fulfilment").await;
        let done = done.into_iter().map(|one| (one.remedy_id, "done".to_owned()));
        let all = done.chain(failed.into_iter().map(|one| (one.remedy_id, one.code)));
        all.map(|(remedy, how)| (remedy.parse().unwrap(), how)).collect()
    }

    /// What a purchase holds for an order, on all lines.
    async fn held_for(&self, purchase: Uuid, order: &str) -> i64 {
        let state: Value = sqlx::query_scalar("select state from purchase_account where id = $1")
            .bind(purchase)
            .fetch_one(&self.stack.pool("fulfilment"))
            .await
            .unwrap();
        let lines = state["state"]["lines"].as_array().unwrap().iter();
        lines.filter_map(|line| line["holds"][order]["minor"].as_i64()).sum()
    }
}

#[tokio::test]
async fn r_ful_17_an_agreed_return_comes_back_by_pieces_and_each_is_paid_its_share_of_what_was_agreed() {
    let world = World::new().await;
    let purchase = world.sold(Some(400), &[(3, 1_000), (1, 77)]).await;
    let (id, remedy) = world.agreed_back(purchase, &[("0", 2)], cny(501)).await;
    let opened = world.stack.events::<OrderOpened>("fulfilment").await.remove(0);
    assert_eq!((opened.kind(), opened.amount, opened.goods_first), (RemedyKind::ReturnRefund, cny(501), true));
    assert_eq!(world.status(id.parse().unwrap()).await, "authorised", "far too late for every rule, but approved");
    let form = world.requested(&id).await.form.unwrap();
    assert!(form.rma_number.starts_with('R') && form.freight == "company", "{form:?}");
    assert_eq!((form.lines[0].product_id.as_str(), form.lines[0].batch.as_str()), ("p-0", "b-1"));
    let receipt = world.decision(&id, "en").await;
    assert_eq!((receipt.policy_id.as_str(), receipt.rule.as_str()), ("agreed", "as_agreed"));
    assert_eq!((receipt.words.len(), world.held_for(purchase, &id).await), (1, 501));
    let complete = CompleteAgreedOrderRequest {
        order_id: id.clone(),
        lines: vec![line(purchase, "0", 1, "no_reason")],
        ..Default::default()
    };
    let by_hand = world.client().complete_agreed_order(request("staff:ana", complete)).await.unwrap().into_inner();
    assert_eq!(by_hand.status, "authorised", "it went on by itself; nothing moves");

    world.comes(&id, 1).await;
    world.comes(&id, 2).await;
    let goods = world.requested(&id).await.goods;
    assert_eq!((places(&goods[0]), goods[1].surplus), ([0, 2, 0, 0, 0], true), "one more came than was agreed");
    world.inspect(&id, 2, vec![result(1, false, "back_to_customer")]).await.unwrap();
    world.inspect(&id, 1, vec![result(1, true, "restock")]).await.unwrap();
    world.stack.settle().await;
    assert_eq!(world.stands(&id).await, stood("in_progress", 251), "half of it; the odd cent goes with the first");
    world.inspect(&id, 1, vec![result(1, false, "back_to_customer")]).await.unwrap();
    let renewed = world.requested(&id).await.goods[0].inspections[1].renewed.clone().unwrap();
    assert_eq!((renewed.rule.as_str(), renewed.facts.unwrap().resaleable), ("found_otherwise", Some(false)));
    assert_eq!((world.told_ends().await, world.held_for(purchase, &id).await), (vec![], 501), "the customer is asked");
    world.answer(&id, true).await.unwrap();
    world.stack.settle().await;
    assert_eq!(world.stands(&id).await, stood("closed_partial", 251));
    assert_eq!(world.told_ends().await, [(remedy, "closed_partial".to_owned())]);
    assert_eq!(world.held_for(purchase, &id).await, 251, "the share of the other is free");
    let freed = world.stack.events::<AmountReleased>("fulfilment").await;
    assert_eq!(freed.iter().map(|one| one.amount.clone()).collect::<Vec<_>>(), [cny(250)]);
    assert_eq!(world.stack.events::<UnitsGivenBack>("fulfilment").await[0].lines[0].quantity, 1);

    let (again, whole) = world.agreed_back(purchase, &[("0", 2), ("1", 1)], cny(744)).await;
    world.receive_goods(again.parse().unwrap()).await.unwrap();
    for (line_no, quantity) in [(1, 2), (2, 1)] {
        world.inspect(&again, line_no, vec![result(quantity, true, "restock")]).await.unwrap();
    }
    world.stack.settle().await;
    assert_eq!(world.stands(&again).await, stood("completed", 995), "all of it, to the cent");
    assert_eq!(world.told_ends().await[0], (whole, "done".to_owned()));
}

#[tokio::test]
async fn r_ful_17_what_never_comes_of_an_agreed_return_frees_its_share_and_its_pieces() {
    let world = World::new().await;
    let purchase = world.sold(Some(1), &[(3, 900)]).await;
    let (id, remedy) = world.agreed_back(purchase, &[("0", 3)], cny(100)).await;
    world.comes(&id, 2).await;
    world.inspect(&id, 1, vec![result(2, true, "restock")]).await.unwrap();
    world.stack.settle().await;
    assert_eq!(world.stands(&id).await, stood("in_progress", 67));
    world.seconds(1_440 * HOUR).await;
    assert_eq!(world.stands(&id).await, stood("closed_partial", 67));
    assert_eq!(world.held_for(purchase, &id).await, 67);
    let (never, lost) = world.agreed_back(purchase, &[("0", 1)], cny(300)).await;
    world.seconds(1_440 * HOUR).await;
    assert_eq!((world.stands(&never).await, world.held_for(purchase, &never).await), (stood("cancelled", 67), 0));
    assert_eq!(world.told_ends().await, [(remedy, "closed_partial".into()), (lost, "goods_lapsed".into())]);
    let free = world.ask_back("return_refund", line(purchase, "0", 1, "quality.defect")).await;
    assert_ne!(free, "", "the piece may be asked for again");
}

#[tokio::test]
async fn r_ful_17_what_a_purchase_cannot_give_for_pieces_is_refused_whole_and_nothing_moves() {
    let world = World::new().await;
    let purchase = world.sold(Some(1), &[(3, 900), (1, 77)]).await;
    let foreign = Some(Money { minor: 5, currency: "EUR".into() });
    for (pieces, amount, expected) in [
        (&[("0", 4)][..], cny(100), "more_than_bought"),
        (&[("9", 1)][..], cny(100), "line_unknown"),
        (&[("0", 1)][..], cny(301), "exceeds_paid"),
        (&[("0", 1), ("1", 1)][..], cny(378), "exceeds_paid"),
        (&[("0", 1)][..], foreign, "currency_mismatch"),
    ] {
        let (id, remedy) = world.agreed_back(purchase, pieces, amount).await;
        assert_eq!(world.status(id.parse().unwrap()).await, "cancelled");
        assert_eq!(world.told_ends().await.pop(), Some((remedy, expected.to_owned())));
        assert_eq!(world.held_for(purchase, &id).await, 0);
    }
    let (first, _) = world.agreed_back(purchase, &[("0", 2)], cny(600)).await;
    let (second, _) = world.agreed_back(purchase, &[("0", 2)], cny(100)).await;
    assert_eq!(world.status(first.parse().unwrap()).await, "authorised");
    assert_eq!(world.told_ends().await.pop().unwrap().1, "more_than_bought", "those are on their way already");
    assert_eq!(world.status(second.parse().unwrap()).await, "cancelled");
}

#[tokio::test]
async fn r_ful_17_an_agreed_return_waits_for_its_purchase_and_is_withdrawn_when_it_was_settled_otherwise() {
    let world = World::new().await;
    let purchase = Uuid::now_v7();
    let (id, _) = world.agreed_back(purchase, &[("0", 2)], cny(100)).await;
    let (given_up, remedy) = world.agreed_back(purchase, &[("0", 1)], cny(100)).await;
    assert_eq!(world.status(id.parse().unwrap()).await, "promised");
    assert_eq!(code(&world.receive_goods(id.parse().unwrap()).await.unwrap_err()), "order.no_goods_expected");
    let told = RemedySettled { complaint_id: Uuid::new_v4().to_string(), remedy_id: remedy.to_string(), done: true };
    world.stack.publish("complaint", &told, Uuid::new_v4(), 1).await;
    world.stack.settle().await;
    assert_eq!(world.status(given_up.parse().unwrap()).await, "cancelled");
    let line = PurchaseLine { line_id: "0".into(), quantity: 2, paid: cny(100), ..PurchaseLine::default() };
    let event = PurchaseRecorded {
        purchase_id: purchase.to_string(),
        customer_id: Uuid::from_u128(7).to_string(),
        lines: vec![line],
        paid: cny(100),
        ..Default::default()
    };
    world.stack.publish("intake", &event, purchase, 1).await;
    world.stack.settle().await;
    assert_eq!(world.status(id.parse().unwrap()).await, "authorised");
    assert_eq!((world.held_for(purchase, &id).await, world.held_for(purchase, &given_up).await), (100, 0));
    assert_eq!(world.cancel(&id).await.unwrap().status, "cancelled");
    world.stack.settle().await;
    assert_eq!(world.held_for(purchase, &id).await, 0);

    let (late, remedy) = world.agreed_back(Uuid::now_v7(), &[("0", 1)], cny(100)).await;
    world.seconds(24 * HOUR).await;
    assert_eq!(world.status(late.parse().unwrap()).await, "cancelled");
    assert_eq!(world.told_ends().await.pop(), Some((remedy, "purchase_unknown".to_owned())));
}

#[tokio::test]
async fn the_database_refuses_an_agreed_return_that_pays_more_than_was_agreed() {
    let world = World::new().await;
    let purchase = world.sold(Some(1), &[(3, 900)]).await;
    let (id, _) = world.agreed_back(purchase, &[("0", 2)], cny(101)).await;
    world.comes(&id, 2).await;
    world.inspect(&id, 1, vec![result(1, true, "restock")]).await.unwrap();
    world.inspect(&id, 1, vec![result(1, true, "restock")]).await.unwrap();
    world.stack.settle().await;
    assert_eq!(world.stands(&id).await, stood("completed", 101));
    let pool = world.stack.pool("fulfilment");
    for (path, value) in [
        ("{request,payouts,0,lines,0,amount,minor}", "52"),
        ("{request,payouts,0,lines,0,amount,minor}", "null"),
        ("{request,payouts,0,lines,0,line_id}", "\"1\""),
        ("{request,agreed_money,parts,0,minor}", "100"),
        ("{request,agreed_money,parts}", "{}"),
        ("{request,agreed_money}", "null"),
    ] {
        let change = "update service_order set state = jsonb_set(state, $2::text[], $3::jsonb) where id = $1";
        let order: Uuid = id.parse().unwrap();
        let error = sqlx::query(change).bind(order).bind(path).bind(value).execute(&pool).await.unwrap_err();
        let constraint = error.as_database_error().and_then(|error| error.constraint());
        assert_eq!(constraint, Some("never_more_than_agreed"), "{path} {value}: {error}");
    }
}

#[tokio::test]
async fn a_refund_that_is_agreed_with_a_return_leaves_its_pieces_their_money() {
    let world = World::new().await;
    let purchase = world.sold(Some(1), &[(1, 100), (1, 100)]).await;
    let complaint = Uuid::new_v4();
    let remedy = |kind: RemedyKind, amount, lines| Remedy {
        remedy_id: Uuid::new_v4().to_string(),
        kind: kind.into(),
        amount,
        lines,
    };
    let piece = vec![RemedyLine { line_id: "0".into(), quantity: 1 }];
    let event = SolutionAgreed {
        complaint_id: complaint.to_string(),
        customer_id: Uuid::from_u128(7).to_string(),
        purchase_id: purchase.to_string(),
        solution_version: 1,
        remedies: vec![remedy(RemedyKind::Refund, cny(20), vec![]), remedy(RemedyKind::ReturnRefund, cny(100), piece)],
        offer_no: 1,
    };
    world.stack.publish("complaint", &event, complaint, 1).await;
    world.stack.settle().await;
    assert_eq!(world.stack.events::<OrderFailed>("fulfilment").await, vec![]);
    let id = order_id(event.remedies[1].remedy_id.parse().unwrap());
    assert_eq!((world.status(id).await.as_str(), world.held_for(purchase, &id.to_string()).await), ("authorised", 100));
}
