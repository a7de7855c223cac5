//! The money of what was asked for, over real Postgres and the sandbox provider: exactly the pieces that were granted.
use contracts::{
    fulfilment::v1::{
        LineRequest, OrderFinished, OrderPromiseMoved, PayoutGranted, PayoutView, RefundOverdue, RepeatPayoutRequest,
        UnitsGivenBack,
    },
    intake::v1::{PurchaseLine, PurchaseRecorded},
};
use stories::payments::Mode;
use testkit::{request, wrong_fields};
use tonic::Status;
use uuid::Uuid;

use crate::{
    goods::result,
    returns::{at_counter, code, line},
    world::{World, cny, refund_of},
};

const HOUR: i64 = 3_600;

impl World {
    /// Pieces of a purchase at the counter, authorised.
    pub async fn ask_back(&self, kind: &str, line: LineRequest) -> String {
        self.ask("staff:ana", at_counter(kind, vec![line])).await.unwrap().id
    }

    /// All that was asked back comes to the counter, and so many pieces are found to be in order, or not.
    pub async fn bring(&self, id: &str, accepted: u32, rejected: u32) {
        self.receive_goods(id.parse().unwrap()).await.unwrap();
        let results = [result(accepted, true, "restock"), result(rejected, false, "back_to_customer")];
        let results = results.into_iter().filter(|result| result.quantity > 0).collect();
        self.inspect(id, 1, results).await.unwrap();
        if rejected > 0 {
            self.answer(id, true).await.unwrap();
        }
        self.stack.settle().await;
    }

    pub async fn payouts(&self, id: &str) -> Vec<PayoutView> {
        self.requested(id).await.payouts
    }

    /// How the order stands, and all that the provider paid by now.
    pub async fn stands(&self, id: &str) -> (String, i64) {
        let paid = self.ledger().await.totals.get("CNY").copied().unwrap_or_default();
        (self.status(id.parse().unwrap()).await, paid)
    }

    pub async fn repeat(&self, id: &str, claim_id: &str) -> Result<String, Status> {
        let repeat = RepeatPayoutRequest { order_id: id.into(), claim_id: claim_id.into(), by_hand: false };
        self.client().repeat_payout(request("staff:bo", repeat)).await.map(|answer| answer.into_inner().status)
    }
}

pub fn stood(status: &str, paid: i64) -> (String, i64) {
    (status.to_owned(), paid)
}

#[tokio::test]
async fn r_ful_05_a_partial_acceptance_pays_exactly_the_accepted_pieces_and_the_rest_is_left() {
    let world = World::new().await;
    let purchase = world.sold(Some(1), &[(3, 1_000), (1, 77)]).await;
    let id = world.ask_back("return_refund", line(purchase, "0", 3, "no_reason")).await;
    assert_eq!(world.stands(&id).await, stood("authorised", 0));
    world.bring(&id, 2, 1).await;
    assert_eq!(world.stands(&id).await, stood("closed_partial", 667), "two of three pieces, to the cent");
    let payouts = world.payouts(&id).await;
    let [payout] = payouts.as_slice() else { panic!("{payouts:?}") };
    assert_eq!((payout.status.as_str(), payout.amount.clone(), payout.lines[0].quantity), ("paid", cny(667), 2));
    let refund = world.refund().await;
    assert_eq!((&refund.refund_id, &refund.order_id), (&payout.refund_id, &id));
    assert_eq!(world.paid().await, [(refund.refund_id, 667)], "the execution's id is the provider's key");
    let promises = world.requested(&id).await.promises;
    let kept: Vec<_> = promises.iter().map(|one| (one.promise.as_str(), one.status.as_str())).collect();
    assert_eq!(kept, [("inspection_term", "met"), ("refund_term", "met")]);

    let again = world.ask_back("return_refund", line(purchase, "0", 1, "quality.defect")).await;
    world.bring(&again, 1, 0).await;
    assert_eq!(
        world.stands(&again).await,
        stood("completed", 1_000),
        "all pieces are back, and so is all of the money"
    );
    let told: Vec<OrderFinished> = world.stack.events("fulfilment").await;
    assert_eq!(told.iter().map(|one| one.status.as_str()).collect::<Vec<_>>(), ["closed_partial", "completed"]);
    let late = world.receive_goods(again.parse().unwrap()).await.unwrap_err();
    assert_eq!(code(&late), "order.goods_already_received");
}

#[tokio::test]
async fn r_ful_05_the_money_decision_names_tax_freight_and_discount_apart_where_the_seller_told_them() {
    let world = World::new().await;
    let id = Uuid::now_v7();
    let line_of = |tax| PurchaseLine {
        line_id: "0".into(),
        product_id: "p-0".into(),
        quantity: 3,
        paid: cny(1_000),
        tax,
        freight: cny(100),
        discount: cny(50),
        ..PurchaseLine::default()
    };
    let sale = |id: Uuid, line| PurchaseRecorded {
        purchase_id: id.to_string(),
        customer_id: Uuid::from_u128(7).to_string(),
        bought_at: Some(backbone::proto::timestamp(world.stack.now())),
        delivered_at: Some(backbone::proto::timestamp(world.stack.now())),
        lines: vec![line],
        paid: cny(1_000),
        ..PurchaseRecorded::default()
    };
    world.stack.publish("intake", &sale(id, line_of(cny(115))), id, 1).await;
    world.stack.settle().await;
    let order = world.ask_back("return_refund", line(id, "0", 3, "no_reason")).await;
    world.bring(&order, 2, 1).await;
    let made = world.payouts(&order).await[0].lines[0].made_of.clone().unwrap();
    assert_eq!((made.article, made.tax, made.freight, made.discount), (cny(556), cny(77), cny(67), cny(33)));
    let told: Vec<PayoutGranted> = world.stack.events("fulfilment").await;
    assert_eq!((told[0].amount.clone(), told[0].lines[0].goods.clone()), (cny(667), cny(667)));
    assert_eq!(told[0].lines[0].made_of.clone().unwrap().tax, cny(77));

    let without = world.sold(Some(1), &[(1, 500)]).await;
    let other = world.ask_back("return_refund", line(without, "0", 1, "no_reason")).await;
    world.bring(&other, 1, 0).await;
    assert_eq!(world.payouts(&other).await[0].lines[0].made_of, None, "nothing is invented");
    for tax in [cny(901), cny(-1), Some(contracts::common::v1::Money { minor: 1, currency: "EUR".into() })] {
        let wrong = Uuid::now_v7();
        world.stack.publish("intake", &sale(wrong, line_of(tax)), wrong, 1).await;
    }
    world.stack.settle().await;
    assert_eq!(world.stack.parked("fulfilment").await, 3);
}

#[tokio::test]
async fn r_ful_07_who_had_discomfort_gets_the_money_first_and_the_goods_follow() {
    let world = World::new().await;
    let purchase = world.sold(Some(9), &[(1, 9_900), (1, 9_900)]).await;
    let tried = |line_id| LineRequest {
        discomfort: Some(true),
        opened: Some(true),
        ..line(purchase, line_id, 1, "discomfort")
    };
    let id = world.ask_back("return_refund", tried("0")).await;
    world.stack.settle().await;
    assert_eq!(world.stands(&id).await, stood("in_progress", 9_900), "the goods are still awaited");
    assert_eq!(code(&world.cancel(&id).await.unwrap_err()), "order.not_now", "what is paid is not cancelled away");
    world.bring(&id, 1, 0).await;
    assert_eq!(world.stands(&id).await, stood("completed", 9_900));

    let never = world.ask_back("return_refund", tried("1")).await;
    world.seconds(1_440 * HOUR).await;
    assert_eq!(world.stands(&never).await, stood("closed_partial", 19_800), "the goods never came, the money is gone");
    let again = world.ask("staff:ana", at_counter("return_refund", vec![tried("1")])).await.unwrap_err();
    assert_eq!(code(&again), "account.more_than_bought", "and is not paid again");
}

#[tokio::test]
async fn r_ful_05_a_small_faulty_article_is_paid_on_a_photo_and_nothing_comes_back() {
    let world = World::new().await;
    let purchase = world.sold(Some(9), &[(2, 9_900)]).await;
    let id = world.ask_back("refund_only", line(purchase, "0", 1, "quality.defect")).await;
    world.stack.settle().await;
    assert_eq!(world.stands(&id).await, stood("completed", 4_950));
    assert_eq!(world.requested(&id).await.form, None);
    assert_eq!(code(&world.receive_goods(id.parse().unwrap()).await.unwrap_err()), "order.no_goods_expected");
}

#[tokio::test]
async fn an_agreed_remedy_and_a_return_together_give_back_what_was_paid_and_no_more() {
    let world = World::new().await;
    let purchase = world.sold(Some(1), &[(1, 1_000)]).await;
    world.agree(purchase, refund_of(600)).await;
    let id = world.ask_back("return_refund", line(purchase, "0", 1, "no_reason")).await;
    world.bring(&id, 1, 0).await;
    assert_eq!(world.stands(&id).await, stood("completed", 1_000));
    let given = &world.payouts(&id).await[0].lines[0];
    assert_eq!((given.goods.clone(), given.given.clone(), given.amount.clone()), (cny(1_000), cny(600), cny(400)));
    let too_late = world.agree(purchase, refund_of(1)).await;
    assert_eq!(world.status(too_late).await, "refused", "nothing is left");
}

#[tokio::test]
async fn what_is_cancelled_is_free_for_another_order_and_paid_once() {
    let world = World::new().await;
    let purchase = world.sold(Some(1), &[(2, 1_001)]).await;
    let both = || world.ask_back("return_refund", line(purchase, "0", 2, "no_reason"));
    let first = both().await;
    assert_eq!(world.cancel(&first).await.unwrap().status, "cancelled");
    let second = both().await;
    assert_eq!(code(&world.receive_goods(first.parse().unwrap()).await.unwrap_err()), "order.not_now");
    world.bring(&second, 2, 0).await;
    assert_eq!(world.stands(&second).await, stood("completed", 1_001));
    assert_eq!(world.stack.events::<UnitsGivenBack>("fulfilment").await.len(), 1);
    let third = world.ask("staff:ana", at_counter("return_refund", vec![line(purchase, "0", 1, "no_reason")])).await;
    assert_eq!(code(&third.unwrap_err()), "account.more_than_bought");
}

#[tokio::test]
async fn what_the_provider_refuses_is_paid_under_another_key_once_somebody_repeats_it() {
    let world = World::new().await;
    let purchase = world.sold(Some(1), &[(1, 1_000)]).await;
    world.mood(Mode::Refuse).await;
    let id = world.ask_back("refund_only", line(purchase, "0", 1, "quality.defect")).await;
    world.stack.settle().await;
    assert_eq!(world.stands(&id).await, stood("in_progress", 0), "people must act");
    let failed = world.payouts(&id).await[0].clone();
    assert_eq!(failed.status, "failed");
    assert_eq!(code(&world.repeat(&id, &Uuid::new_v4().to_string()).await.unwrap_err()), "order.no_such_claim");

    world.calm().await;
    assert_eq!(world.repeat(&id, &failed.claim_id).await.unwrap(), "in_progress");
    assert_eq!(world.repeat(&id, &failed.claim_id).await.unwrap(), "in_progress", "said twice is said once");
    world.stack.settle().await;
    assert_eq!(world.stands(&id).await, stood("completed", 1_000));
    let payouts = world.payouts(&id).await;
    let words: Vec<_> = payouts.iter().map(|one| one.status.as_str()).collect();
    assert_eq!(words, ["repeated", "paid"]);
    assert_ne!(payouts[0].refund_id, payouts[1].refund_id, "the provider said no to the first key for good");
    assert_eq!(code(&world.repeat(&id, &payouts[1].claim_id).await.unwrap_err()), "order.not_now");
    assert_eq!(wrong_fields(&world.repeat("x", "y").await.unwrap_err()), ["order_id", "claim_id"]);
}

#[tokio::test]
async fn a_refund_of_pieces_whose_answer_was_lost_is_reconciled_under_its_key_and_paid_once() {
    let world = World::impatient().await;
    let purchase = world.sold(Some(1), &[(2, 1_000)]).await;
    world.mood(Mode::SilentAfterPaying).await;
    let id = world.ask_back("refund_only", line(purchase, "0", 1, "quality.defect")).await;
    world.stack.settle().await;
    assert_eq!((world.refund().await.status.as_str(), world.stands(&id).await), ("unknown", stood("in_progress", 500)));
    world.seconds(5).await;
    assert_eq!((world.refund().await.attempts, world.stands(&id).await), (1, stood("completed", 500)));
}

#[tokio::test]
async fn r_ful_05_money_that_does_not_come_is_told_to_people_warned_of_late_and_still_paid_once() {
    let world = World::new().await;
    let purchase = world.sold(Some(1), &[(1, 1_000)]).await;
    world.mood(Mode::Fail).await;
    let id = world.ask_back("refund_only", line(purchase, "0", 1, "quality.defect")).await;
    world.stack.settle().await;
    world.seconds(1_800).await;
    assert_eq!(world.stack.events::<RefundOverdue>("fulfilment").await.len(), 0);
    for _ in 0..4 {
        world.seconds(1_800).await;
    }
    let told: Vec<RefundOverdue> = world.stack.events("fulfilment").await;
    assert_eq!((told.len(), told[0].amount.clone(), told[0].complaint_id.as_str()), (1, cny(1_000), ""));
    assert!(world.refund().await.overdue);

    for hours in [90, 50, 40] {
        world.seconds(hours * HOUR).await;
    }
    let moved: Vec<OrderPromiseMoved> = world.stack.events("fulfilment").await;
    let moved: Vec<_> = moved.into_iter().filter_map(|moved| moved.promise).collect();
    let seen: Vec<_> = moved.iter().map(|one| (one.status.as_str(), one.warned.join(" "))).collect();
    let all = || "50% 80%".to_owned();
    assert_eq!(seen, [("running", "".into()), ("running", "50%".into()), ("running", all()), ("breached", all())]);

    world.calm().await;
    world.seconds(HOUR).await;
    assert_eq!(world.stands(&id).await, stood("completed", 1_000));
    assert_eq!(world.requested(&id).await.promises[0].status, "met_late");
    assert_eq!(world.stack.events::<RefundOverdue>("fulfilment").await.len(), 1);
}

#[tokio::test]
async fn the_database_refuses_an_account_that_pays_a_piece_twice() {
    let world = World::new().await;
    let purchase = world.sold(Some(1), &[(2, 1_000)]).await;
    let id = world.ask_back("return_refund", line(purchase, "0", 1, "no_reason")).await;
    world.bring(&id, 1, 0).await;
    let claim = world.payouts(&id).await[0].claim_id.clone();
    let pool = world.stack.pool("fulfilment");
    let both = r#"{"quantity":2,"goods":{"minor":1,"currency":"CNY"}}"#;
    for (path, value) in [
        (format!("{{state,back,0,{claim},quantity}}"), "3"),
        (format!("{{state,back,0,{claim},quantity}}"), "0"),
        (format!("{{state,back,0,{claim},quantity}}"), "null"),
        (format!("{{state,back,0,{claim},goods,minor}}"), "1001"),
        (format!("{{state,back,0,{claim},goods}}"), "null"),
        (format!("{{state,back,0,{}}}", Uuid::new_v4()), both),
        ("{state,back,9}".to_owned(), "{}"),
        ("{state,back}".to_owned(), "[]"),
    ] {
        let change = "update purchase_account set state = jsonb_set(state, $2::text[], $3::jsonb) where id = $1";
        let error = sqlx::query(change).bind(purchase).bind(&path).bind(value).execute(&pool).await.unwrap_err();
        let constraint = error.as_database_error().and_then(|error| error.constraint());
        assert_eq!(constraint, Some("no_piece_paid_twice"), "{path} {value}: {error}");
    }
}
