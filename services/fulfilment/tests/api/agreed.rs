//! Remedies of an agreed solution that a person completes: exchange, repair, compensation, service again (R-FUL-17).
use contracts::{
    common::v1::{Remedy, RemedyKind},
    complaint::v1::{RemedySettled, SolutionAgreed},
    fulfilment::v1::{
        CancelServiceOrderRequest, CompensationGift, CompleteAgreedOrderRequest, LineRequest, ListServiceOrdersRequest,
        OrderCompleted, OrderFailed, OrderOpened, OrderUncompleted,
    },
};
use fulfilment::domain::order_id;
use testkit::{request, wrong_fields};
use tonic::{Response, Status};
use uuid::Uuid;

use crate::{
    compensations::gift,
    replacements::Act,
    returns::{code, line},
    world::{World, cny},
};

impl World {
    /// A complaint agreed on one remedy about a purchase; says its order and the remedy.
    pub async fn promised(&self, kind: RemedyKind, minor: Option<i64>, purchase: Uuid) -> (String, Uuid) {
        let (complaint, remedy) = (Uuid::new_v4(), Uuid::new_v4());
        let remedies = vec![Remedy {
            remedy_id: remedy.to_string(),
            kind: kind.into(),
            amount: minor.and_then(cny),
            lines: vec![],
        }];
        let event = SolutionAgreed {
            complaint_id: complaint.to_string(),
            customer_id: Uuid::from_u128(7).to_string(),
            purchase_id: purchase.to_string(),
            solution_version: 1,
            remedies,
            offer_no: 1,
        };
        self.stack.publish("complaint", &event, complaint, 1).await;
        self.stack.settle().await;
        (order_id(remedy).to_string(), remedy)
    }

    pub async fn complete(
        &self,
        id: &str,
        lines: Vec<LineRequest>,
        given: Option<CompensationGift>,
    ) -> Result<String, Status> {
        let (order_id, segment) = (id.to_owned(), String::new());
        let complete = CompleteAgreedOrderRequest { order_id, lines, compensation: given, segment };
        let answer = self.client().complete_agreed_order(request("staff:ana", complete)).await;
        answer.map(Response::into_inner).map(|receipt| receipt.status)
    }

    /// It cannot be had, and ends; the customer has goods of his again under this reference.
    async fn end(&self, id: &str, goods_returned: &str) -> Result<String, Status> {
        let (order_id, goods_returned) = (id.to_owned(), goods_returned.to_owned());
        let cancel = CancelServiceOrderRequest { order_id, reason: "not_to_be_had".into(), goods_returned };
        let answer = self.client().cancel_service_order(request("staff:ana", cancel)).await;
        self.stack.settle().await;
        answer.map(Response::into_inner).map(|receipt| receipt.status)
    }

    async fn ends(&self) -> Vec<(String, String)> {
        let done = self.stack.events::<OrderCompleted>("fulfilment").await;
        let failed = self.stack.events::<OrderFailed>("fulfilment").await;
        let done = done.into_iter().map(|one| (one.remedy_id, "done".to_owned()));
        done.chain(failed.into_iter().map(|one| (one.remedy_id, one.code))).collect()
    }
}

#[tokio::test]
async fn r_ful_17_an_agreed_compensation_becomes_an_order_whose_worth_cannot_deviate() {
    let world = World::new().await;
    let purchase = world.sold(Some(1), &[(1, 1_000)]).await;
    let (id, remedy) = world.promised(RemedyKind::Compensation, Some(30_000), purchase).await;
    assert_eq!(world.status(id.parse().unwrap()).await, "promised");
    let opened = world.stack.events::<OrderOpened>("fulfilment").await.remove(0);
    assert_eq!(
        (opened.kind(), opened.amount, opened.remedy_id),
        (RemedyKind::Compensation, cny(30_000), remedy.to_string())
    );
    let of = ListServiceOrdersRequest { complaint_id: opened.complaint_id, ..Default::default() };
    let found = world.client().list_service_orders(of).await.unwrap().into_inner().orders;
    assert_eq!(found.iter().map(|order| &order.order_id).collect::<Vec<_>>(), [&id]);

    for wrong in [gift("coupon", 30_001), gift("service_again", 0)] {
        assert_eq!(wrong_fields(&world.complete(&id, vec![], wrong).await.unwrap_err()), ["compensation"]);
    }
    assert_eq!(wrong_fields(&world.complete(&id, vec![], None).await.unwrap_err()), ["compensation"]);
    let other = world.sold(Some(1), &[(1, 1_000)]).await;
    let elsewhere = world.complete(&id, vec![line(other, "0", 1, "service")], gift("coupon", 0)).await.unwrap_err();
    assert_eq!(code(&elsewhere), "order.not_as_agreed");
    assert_eq!(world.status(id.parse().unwrap()).await, "promised", "nothing moved");

    let left_out = CompensationGift { worth: None, ..gift("coupon", 1).unwrap() };
    let about = vec![line(purchase, "0", 1, "service")];
    assert_eq!(world.complete(&id, about, Some(left_out)).await.unwrap(), "authorised", "its solution was approved");
    let view = world.given(&id).await;
    assert_eq!((view.budget_holder.as_str(), view.gift.unwrap().worth), ("agreed", cny(30_000)));
    assert_eq!(world.ends().await, []);
    assert_eq!(world.issue(&id, true).await.unwrap(), "completed");
    assert_eq!(world.ends().await, [(remedy.to_string(), "done".to_owned())]);
}

#[tokio::test]
async fn r_ful_17_agreed_cash_is_approved_here_and_its_failure_reaches_the_complaint() {
    let world = World::new().await;
    let purchase = world.sold(Some(1), &[(1, 1_000)]).await;
    let (id, remedy) = world.promised(RemedyKind::Compensation, Some(300), purchase).await;
    assert_eq!(world.complete(&id, vec![], gift("cash", 300)).await.unwrap(), "in_review", "no money was approved");
    assert_eq!(world.approve_gift("staff:complaint-manager-bo", &id).await.unwrap(), "in_progress");
    world.stack.settle().await;
    assert_eq!(world.ledger().await.totals.get("CNY"), Some(&300));
    assert_eq!(world.ends().await, [(remedy.to_string(), "done".to_owned())]);

    let (id, remedy) = world.promised(RemedyKind::ServiceAgain, None, purchase).await;
    assert_eq!(world.complete(&id, vec![], gift("service_again", 0)).await.unwrap(), "authorised");
    assert_eq!(world.cancel(&id).await.unwrap().status, "cancelled");
    assert_eq!(world.ends().await[1], (remedy.to_string(), "not_wanted".to_owned()));
}

#[tokio::test]
async fn r_ful_17_an_agreed_exchange_is_completed_by_a_person_and_carried_out_whatever_policy_says() {
    let world = World::new().await;
    let purchase = world.sold(Some(400), &[(1, 1_000)]).await;
    let (id, remedy) = world.promised(RemedyKind::Exchange, None, purchase).await;
    let asked = vec![line(purchase, "0", 1, "no_reason")];
    assert_eq!(world.complete(&id, asked.clone(), None).await.unwrap(), "authorised", "far too late, but approved");
    assert_eq!(world.complete(&id, asked, None).await.unwrap(), "authorised", "told twice it is one");
    assert_eq!(world.requested(&id).await.form.unwrap().lines.len(), 1, "its goods come first");
    world.bring(&id, 1, 0).await;
    assert_eq!(world.ends().await, []);
    world.send(&id, "delivered").await;
    assert_eq!(world.status(id.parse().unwrap()).await, "completed");
    assert_eq!(world.ends().await, [(remedy.to_string(), "done".to_owned())]);

    let (late, _) = world.promised(RemedyKind::Exchange, None, purchase).await;
    world.stack.advance(jiff::SignedDuration::from_hours(72)).await;
    let told: Vec<OrderUncompleted> = world.stack.events("fulfilment").await;
    assert_eq!(told.iter().map(|one| &one.order_id).collect::<Vec<_>>(), [&late], "people must look, once");
    let (waits, settled) = world.promised(RemedyKind::Repair, None, purchase).await;
    let told = RemedySettled { complaint_id: Uuid::new_v4().to_string(), remedy_id: settled.to_string(), done: true };
    world.stack.publish("complaint", &told, Uuid::new_v4(), 1).await;
    world.stack.settle().await;
    assert_eq!(world.status(waits.parse().unwrap()).await, "cancelled", "people did it by hand before");
    assert_eq!(world.ends().await[1], (settled.to_string(), "settled_otherwise".to_owned()));
    let late = world.complete(&waits, vec![line(purchase, "0", 1, "quality.defect")], None).await.unwrap_err();
    assert_eq!(code(&late), "order.not_now");
}

#[tokio::test]
async fn r_ful_17_an_agreed_exchange_that_cannot_be_had_ends_its_goods_go_back_and_the_complaint_decides_anew() {
    let world = World::new().await;
    let purchase = world.sold(Some(1), &[(1, 1_000)]).await;
    let (id, remedy) = world.promised(RemedyKind::Exchange, None, purchase).await;
    let wanted = LineRequest {
        wanted_product_id: "p-9".into(),
        wanted_price: cny(1_000),
        ..line(purchase, "0", 1, "no_reason")
    };
    world.complete(&id, vec![wanted], None).await.unwrap();
    world.bring(&id, 1, 0).await;
    let one = world.last_attempt(&id).await;
    assert_eq!(code(&world.end(&id, "sf-7").await.unwrap_err()), "order.not_now", "it can be had still");
    world.act(&one, Act::OutOfStock).await.unwrap();
    assert_eq!(code(&world.act(&one, Act::TakeMoney).await.unwrap_err()), "order.not_as_agreed");
    world.act(&one, Act::Offer("p-8", cny(900))).await.unwrap();
    assert_eq!(code(&world.end(&id, "sf-7").await.unwrap_err()), "order.not_now", "he has not said yet");
    world.act(&one, Act::Answer(false)).await.unwrap();
    assert_eq!(wrong_fields(&world.end(&id, "to the door").await.unwrap_err()), ["goods_returned"]);
    assert_eq!(code(&world.end(&id, "").await.unwrap_err()), "order.goods_are_here");
    let held = world.agree(purchase, crate::world::refund_of(1)).await;
    assert_eq!(world.status(held).await, "refused", "the money is held for what goes out");
    for _ in 0..2 {
        assert_eq!(world.end(&id, "sf-7").await.unwrap(), "cancelled");
    }
    assert_eq!(world.ends().await, [(remedy.to_string(), "not_to_be_had".to_owned())], "told once");
    let view = world.requested(&id).await;
    assert_eq!((view.goods[0].handed_back, view.goods[0].accepted), (1, 0));
    assert!(view.promises.iter().all(|one| one.status != "running"), "{:?}", view.promises);
    assert_eq!(code(&world.act(&one, Act::Offer("p-7", cny(1))).await.unwrap_err()), "order.not_now");
    let listed = contracts::fulfilment::v1::ListReplacementsRequest { status: "declined".into(), page: None };
    let mut warehouse =
        contracts::fulfilment::v1::replacements_client::ReplacementsClient::new(world.stack.channel("fulfilment"));
    assert_eq!(warehouse.list_replacements(listed).await.unwrap().into_inner().replacements.len(), 0);
    let goods: i64 = world.balances(&id).await.iter().map(|(_, minor)| minor.abs()).sum();
    assert_eq!(goods, 0, "what was accepted left again");

    let again = world.ask_back("return_refund", line(purchase, "0", 1, "no_reason")).await;
    world.bring(&again, 1, 0).await;
    assert_eq!(
        world.ledger().await.totals.get("CNY"),
        Some(&1_000),
        "piece and money are free for what is decided then"
    );
}

/// An agreed exchange for an article of this price, of a piece of 10.00 that is here; says which order, and its remedy.
async fn exchange_of(world: &World, purchase: Uuid, price: i64) -> (String, Uuid) {
    let (id, remedy) = world.promised(RemedyKind::Exchange, None, purchase).await;
    let wanted = LineRequest {
        wanted_product_id: "p-9".into(),
        wanted_price: cny(price),
        ..line(purchase, "0", 1, "no_reason")
    };
    world.complete(&id, vec![wanted], None).await.unwrap();
    world.bring(&id, 1, 0).await;
    (id, remedy)
}

#[tokio::test]
async fn r_ful_17_an_agreed_exchange_that_was_paid_for_ends_and_the_customer_has_that_back() {
    let world = World::new().await;
    let purchase = world.sold(Some(1), &[(2, 2_000)]).await;
    let (id, remedy) = exchange_of(&world, purchase, 1_500).await;
    let one = world.last_attempt(&id).await;
    world.act(&one, Act::Pay("t-1", cny(500))).await.unwrap();
    world.act(&one, Act::OutOfStock).await.unwrap();
    assert_eq!(world.ledger().await.totals.get("CNY"), None);
    assert_eq!(world.end(&id, "sf-7").await.unwrap(), "cancelled");
    world.stack.settle().await;
    assert_eq!(world.ledger().await.totals.get("CNY"), Some(&500), "what he paid, and no more");
    assert_eq!(world.end(&id, "sf-7").await.unwrap(), "cancelled", "said twice");
    world.stack.settle().await;
    assert_eq!(world.ends().await, [(remedy.to_string(), "not_to_be_had".to_owned())]);

    let again = world.ask_back("return_refund", line(purchase, "0", 2, "no_reason")).await;
    world.bring(&again, 2, 0).await;
    assert_eq!(world.ledger().await.totals.get("CNY"), Some(&2_500), "the purchase gives all that was paid for it");
}

#[tokio::test]
async fn r_ful_17_an_agreed_exchange_that_gave_money_back_ends_with_what_it_gave() {
    let world = World::new().await;
    let purchase = world.sold(Some(1), &[(2, 2_000)]).await;
    let (id, remedy) = exchange_of(&world, purchase, 900).await;
    let one = world.last_attempt(&id).await;
    world.act(&one, Act::Reserve).await.unwrap();
    world.act(&one, Act::OutOfStock).await.unwrap();
    assert_eq!(world.ledger().await.totals.get("CNY"), Some(&100), "the article is cheaper");
    assert_eq!(world.end(&id, "sf-7").await.unwrap(), "cancelled");
    world.stack.settle().await;
    assert_eq!(world.ends().await, [(remedy.to_string(), "closed_partial".to_owned())]);

    let again = world.ask_back("return_refund", line(purchase, "0", 2, "no_reason")).await;
    world.bring(&again, 2, 0).await;
    assert_eq!(world.ledger().await.totals.get("CNY"), Some(&2_000), "what was given is not given again");
}

#[tokio::test]
async fn r_ful_17_cash_that_was_agreed_waits_until_the_purchase_it_is_paid_for_is_known() {
    let world = World::new().await;
    let purchase = Uuid::new_v4();
    let (id, _) = world.promised(RemedyKind::Compensation, Some(300), purchase).await;
    let early = world.complete(&id, vec![], gift("cash", 300)).await.unwrap_err();
    assert_eq!(wrong_fields(&early), ["compensation"]);
    assert_eq!(world.status(id.parse().unwrap()).await, "promised", "nothing moved");
    world.purchase(purchase, &[1_000]).await;
    world.stack.settle().await;
    assert_eq!(world.complete(&id, vec![], gift("cash", 300)).await.unwrap(), "in_review");
    let (coupon, _) = world.promised(RemedyKind::Compensation, Some(300), Uuid::new_v4()).await;
    assert_eq!(
        world.complete(&coupon, vec![], gift("coupon", 300)).await.unwrap(),
        "authorised",
        "no purchase pays it"
    );
}
