//! Refunds by the means a purchase was paid by, over real Postgres and the sandbox provider: divided, each part apart, by the
//! provider or by people, and only what failed again.
use contracts::{
    common::v1::TenderKind::{self, Card, Cash, Points},
    fulfilment::v1::{
        GetOverviewRequest, GetOverviewResponse, ListRefundsRequest, OrderFailed, PayoutDivided, PortionFailed,
        PortionPaid, RecordRefundPaidRequest, RefundDivided, RefundDoubtAnswered, RefundOverdue, RefundSucceeded,
        RefundView, RepeatPayoutRequest, SettleEarlierAttemptRequest, TenderPortion,
    },
};
use stories::payments::{Mode, Mood, TenderKind as By};
use testkit::{request, wrong_fields};
use tonic::Status;
use uuid::Uuid;

use crate::{
    callbacks::{self, SECRET, call_back},
    payouts::stood,
    returns::{code, line},
    world::{World, cny, refund_of},
};

/// 5.00 by card, 3.00 by 6,001 points, 2.00 in cash.
const PAID: &[(TenderKind, i64, u64)] = &[(Card, 500, 0), (Points, 300, 6_001), (Cash, 200, 0)];

/// Everything that is shown of a portion, but its refund.
fn shown(portions: &[TenderPortion]) -> Vec<(TenderKind, i64, u64, &str, u32)> {
    let minor = |one: &TenderPortion| one.amount.as_ref().unwrap().minor;
    portions.iter().map(|one| (one.tender(), minor(one), one.points, one.status.as_str(), one.attempt)).collect()
}

impl World {
    pub async fn record_paid(&self, refund_id: &str, reference: &str) -> Result<String, Status> {
        let paid = RecordRefundPaidRequest { refund_id: refund_id.into(), reference: reference.into() };
        self.client().record_refund_paid(request("staff:till", paid)).await.map(|answer| answer.into_inner().status)
    }

    async fn repeat_portions(&self, order: &str, claim_id: &str, by_hand: bool) -> Result<String, Status> {
        let repeat = RepeatPayoutRequest { order_id: order.into(), claim_id: claim_id.into(), by_hand };
        let answer = self.client().repeat_payout(request("staff:bo", repeat)).await;
        self.stack.settle().await;
        answer.map(|answer| answer.into_inner().status)
    }

    pub async fn repeat_by_hand(&self, order: &str, claim_id: &str) -> Result<String, Status> {
        self.repeat_portions(order, claim_id, true).await
    }

    /// Somebody says what became of an earlier attempt at the money of a refund.
    pub async fn settle_earlier(
        &self,
        by: &str,
        refund_id: &str,
        paid: bool,
        reference: &str,
    ) -> Result<String, Status> {
        let (refund_id, reference) = (refund_id.to_owned(), reference.to_owned());
        let settle = SettleEarlierAttemptRequest { refund_id, paid, reference };
        let answer = self.client().settle_earlier_attempt(request(by, settle)).await;
        self.stack.settle().await;
        answer.map(|answer| answer.into_inner().status)
    }

    /// The provider takes back its no to a refund.
    async fn paid_after_all(&self, refund_id: &str, minor: i64) {
        assert_eq!(call_back(self, SECRET, 0, &callbacks::paid(refund_id, minor, "late-1")).await.0, 204);
        self.stack.settle().await;
    }

    pub async fn overview(&self) -> GetOverviewResponse {
        self.client().get_overview(GetOverviewRequest {}).await.unwrap().into_inner()
    }

    /// What waits for people.
    pub async fn by_hand(&self) -> Vec<RefundView> {
        let wanted = ListRefundsRequest { status: "by_hand".into(), page: None };
        self.client().list_refunds(wanted).await.unwrap().into_inner().refunds
    }

    /// A return of so many of three pieces that were paid by several means; all of it is accepted.
    async fn returned(&self, quantity: u32) -> String {
        let purchase = self.sold_by(Some(1), &[(3, 1_000)], PAID).await;
        let id = self.ask_back("return_refund", line(purchase, "0", quantity, "no_reason")).await;
        self.bring(&id, quantity, 0).await;
        id
    }
}

#[tokio::test]
async fn r_ful_05_what_was_paid_by_several_means_goes_back_by_each_of_them_apart() {
    let world = World::new().await;
    let id = world.returned(3).await;
    assert_eq!(world.stands(&id).await, stood("in_progress", 800), "the cash waits for a person");
    let payout = world.payouts(&id).await.remove(0);
    assert_eq!((payout.status.as_str(), payout.amount, payout.refund_id.as_str()), ("granted", cny(1_000), ""));
    let divided = [(Card, 500, 0, "paid", 1), (Points, 300, 6_001, "paid", 1), (Cash, 200, 0, "due", 1)];
    assert_eq!(shown(&payout.portions), divided);
    let told: Vec<RefundDivided> = world.stack.events("fulfilment").await;
    assert_eq!((told[0].policy_id.as_str(), told[0].policy_version, told[0].portions.len()), ("default", 1, 3));
    assert_eq!(world.stack.events::<PayoutDivided>("fulfilment").await.len(), 1);

    let waits = world.by_hand().await;
    assert_eq!((waits.len(), waits[0].amount.clone(), waits[0].tender()), (1, cny(200), Cash));
    let cash = &waits[0].refund_id;
    let card = &payout.portions[0].refund_id;
    assert_eq!(code(&world.record_paid(card, "till-1").await.unwrap_err()), "refund.not_by_hand");
    assert_eq!(wrong_fields(&world.record_paid("x", "paid by Eve").await.unwrap_err()), ["refund_id", "reference"]);
    assert_eq!(world.record_paid(cash, "till-1").await.unwrap(), "succeeded");
    assert_eq!(world.record_paid(cash, "till-1").await.unwrap(), "succeeded", "told twice");
    assert_eq!(code(&world.record_paid(cash, "till-2").await.unwrap_err()), "refund.other_reference");
    world.stack.settle().await;
    assert_eq!(world.stands(&id).await, stood("completed", 800));
    assert_eq!(world.payouts(&id).await[0].status, "paid");
    let paid: Vec<RefundSucceeded> = world.stack.events("fulfilment").await;
    let by_hand: Vec<_> = paid.iter().filter(|one| one.by_hand).collect();
    assert_eq!(
        (paid.len(), by_hand.len(), by_hand[0].provider_ref.as_str(), by_hand[0].tender()),
        (3, 1, "till-1", Cash)
    );
    assert!(paid.iter().all(|one| one.claim_id == payout.claim_id && !one.compensation), "one decision: {paid:?}");
    assert_eq!(world.stack.events::<PortionPaid>("fulfilment").await.len(), 3);

    let overview = world.overview().await;
    assert_eq!((overview.refunded, overview.paid_by_hand), (vec![cny(800).unwrap()], vec![cny(200).unwrap()]));
    let all: i64 = world.balances(&id).await.iter().map(|(_, minor)| minor).sum();
    assert_eq!(all, 0);
    let on = world.balances(&id).await;
    let minor = |account: &str| on.iter().find(|(name, _)| name == account).map(|(_, minor)| *minor);
    assert_eq!((minor("refund"), minor("cash"), minor("customer_credit")), (Some(1_000), Some(-700), Some(-300)));
}

#[tokio::test]
async fn r_ful_05_one_means_that_times_out_is_reconciled_while_the_others_are_paid() {
    let world = World::impatient().await;
    world.mood(Mood { tender: Some(By::Card), ..Mode::SilentAfterPaying.into() }).await;
    let id = world.returned(2).await;
    let portions = world.payouts(&id).await.remove(0).portions;
    let divided = [(Card, 334, 0, "due", 1), (Points, 200, 4_000, "paid", 1), (Cash, 133, 0, "due", 1)];
    assert_eq!(shown(&portions), divided);
    let card = || async { world.refunds().await.into_iter().find(|one| one.tender() == Card).unwrap() };
    assert_eq!(card().await.status, "unknown");
    assert_eq!(world.paid().await.len(), 2, "the money left, and we do not know it");
    world.calm().await;
    world.seconds(10).await;
    assert_eq!((card().await.status.as_str(), card().await.attempts), ("succeeded", 1), "it was asked for");
    world.record_paid(&portions[2].refund_id, "till-1").await.unwrap();
    world.stack.settle().await;
    assert_eq!(world.stands(&id).await, stood("completed", 534));
    let keys: std::collections::BTreeSet<String> = world.paid().await.into_iter().map(|(key, _)| key).collect();
    assert_eq!(keys.len(), 2, "each under a key of its own, once");
}

#[tokio::test]
async fn r_ful_05_a_refund_that_partly_failed_says_so_and_only_what_failed_is_paid_anew() {
    let world = World::new().await;
    world.mood(Mood { tender: Some(By::Card), ..Mode::Refuse.into() }).await;
    let id = world.returned(3).await;
    let payout = world.payouts(&id).await.remove(0);
    assert_eq!((payout.status.as_str(), payout.portions[0].code.as_str()), ("partly_failed", "refused_by_provider"));
    let raised: Vec<PortionFailed> = world.stack.events("fulfilment").await;
    assert_eq!((raised.len(), raised[0].claim_id == payout.claim_id, raised[0].complaint_id.as_str()), (1, true, ""));
    let again = world.sold(Some(1), &[(1, 5)]).await;
    assert_eq!(world.status(world.agree(again, refund_of(5)).await).await, "completed", "neighbours go on");

    world.calm().await;
    assert_eq!(world.repeat_portions(&id, &payout.claim_id, false).await.unwrap(), "in_progress");
    assert_eq!(code(&world.repeat_portions(&id, &payout.claim_id, false).await.unwrap_err()), "order.not_now");
    let portions = world.payouts(&id).await.remove(0).portions;
    let divided = [(Card, 500, 0, "paid", 2), (Points, 300, 6_001, "paid", 1), (Cash, 200, 0, "due", 1)];
    assert_eq!(shown(&portions), divided);
    assert_ne!(portions[0].refund_id, payout.portions[0].refund_id, "under another key, for the old one is dead");
    world.record_paid(&portions[2].refund_id, "till-1").await.unwrap();
    world.stack.settle().await;
    assert_eq!(world.stands(&id).await, stood("completed", 805));
}

#[tokio::test]
async fn r_ful_05_an_agreed_refund_goes_back_by_several_means_and_what_failed_is_paid_by_people() {
    let world = World::new().await;
    world.mood(Mood { tender: Some(By::Card), ..Mode::Refuse.into() }).await;
    let purchase = world.sold_by(Some(1), &[(3, 1_000)], PAID).await;
    let order = world.agree(purchase, refund_of(1_000)).await;
    let view = world.order(order).await;
    assert_eq!((view.status.as_str(), view.refund_id.as_str()), ("refunding", ""));
    let divided = [(Card, 500, 0, "failed", 1), (Points, 300, 6_001, "paid", 1), (Cash, 200, 0, "due", 1)];
    assert_eq!(shown(&view.portions), divided);
    let raised: Vec<PortionFailed> = world.stack.events("fulfilment").await;
    assert_ne!(raised[0].complaint_id, "", "management learns whose it is");
    assert!(world.stack.events::<OrderFailed>("fulfilment").await.is_empty(), "the rest was paid");

    let order_id = order.to_string();
    world.repeat_portions(&order_id, &order_id, true).await.unwrap();
    let waits = world.by_hand().await;
    let mut kinds: Vec<TenderKind> = waits.iter().map(RefundView::tender).collect();
    kinds.sort();
    assert_eq!(kinds, [Card, Cash]);
    for one in &waits {
        world.record_paid(&one.refund_id, "bank-7").await.unwrap();
    }
    world.stack.settle().await;
    assert_eq!(world.stands(&order_id).await, stood("completed", 300));
    let overview = world.overview().await;
    assert_eq!((overview.refunded, overview.paid_by_hand), (vec![cny(300).unwrap()], vec![cny(700).unwrap()]));
}

#[tokio::test]
async fn r_ful_05_what_the_provider_paid_after_all_is_not_paid_again_by_hand_and_two_people_say_so() {
    let world = callbacks::world().await;
    world.mood(Mood { tender: Some(By::Card), ..Mode::Refuse.into() }).await;
    let id = world.returned(3).await;
    let payout = world.payouts(&id).await.remove(0);
    let card = payout.portions[0].refund_id.clone();
    world.repeat_by_hand(&id, &payout.claim_id).await.unwrap();
    let waits = || async { world.by_hand().await.into_iter().find(|one| one.tender() == Card).unwrap() };
    assert!(!waits().await.in_doubt);
    let refused = world.settle_earlier("staff:ana", &waits().await.refund_id, true, "st-1").await.unwrap_err();
    assert_eq!(code(&refused), "refund.nothing_in_doubt");

    world.paid_after_all(&card, 500).await;
    let again = waits().await.refund_id;
    assert!(waits().await.in_doubt);
    assert_eq!(code(&world.record_paid(&again, "till-1").await.unwrap_err()), "refund.earlier_in_doubt");
    let wrong = world.settle_earlier("staff:ana", "x", true, "a word").await.unwrap_err();
    assert_eq!(wrong_fields(&wrong), ["refund_id", "reference"]);
    for _ in 0..2 {
        assert_eq!(world.settle_earlier("staff:ana", &again, true, "st-1").await.unwrap(), "by_hand");
    }
    assert_eq!(waits().await.doubt_said_by, "staff:ana");
    assert_eq!(code(&world.record_paid(&again, "till-1").await.unwrap_err()), "refund.earlier_in_doubt");
    assert_eq!(world.settle_earlier("staff:bo", &again, true, "st-1").await.unwrap(), "succeeded");
    assert_eq!(world.payouts(&id).await[0].portions[0].status, "paid");
    let told: Vec<RefundDoubtAnswered> = world.stack.events("fulfilment").await;
    let told: Vec<_> = told.iter().map(|one| (one.paid, one.reference.as_str(), one.settled)).collect();
    assert_eq!(told, [(true, "st-1", false), (true, "st-1", true)]);
    let overview = world.overview().await;
    assert_eq!((overview.refunded, overview.paid_by_hand), (vec![cny(800).unwrap()], vec![]), "the provider paid it");
}

#[tokio::test]
async fn r_ful_05_what_the_provider_called_back_is_paid_by_hand_once_two_people_said_so() {
    let world = callbacks::world().await;
    world.mood(Mood { tender: Some(By::Card), ..Mode::Refuse.into() }).await;
    let id = world.returned(3).await;
    let payout = world.payouts(&id).await.remove(0);
    world.paid_after_all(&payout.portions[0].refund_id, 500).await;
    world.calm().await;
    world.repeat_portions(&id, &payout.claim_id, false).await.unwrap();
    let mut waits = world.by_hand().await;
    waits.retain(|one| one.tender() == Card);
    let [again] = waits.as_slice() else { panic!("{waits:?}") };
    assert!(again.in_doubt, "what is in doubt goes to people, whoever repeats it");
    for by in ["staff:ana", "staff:bo"] {
        world.settle_earlier(by, &again.refund_id, false, "st-1").await.unwrap();
    }
    assert_eq!(world.record_paid(&again.refund_id, "till-1").await.unwrap(), "succeeded");
    world.stack.settle().await;
    assert_eq!(world.payouts(&id).await[0].portions[0].status, "paid");
}

#[tokio::test]
async fn r_ful_05_pieces_the_provider_paid_after_all_are_not_paid_again_by_it_nor_by_hand() {
    let world = callbacks::world().await;
    world.mood(Mode::Refuse).await;
    let purchase = world.sold(Some(1), &[(1, 900)]).await;
    let id = world.ask_back("refund_only", line(purchase, "0", 1, "quality.defect")).await;
    world.stack.settle().await;
    let first = world.payouts(&id).await.remove(0);
    let elsewhere = world.agree(purchase, refund_of(900)).await;
    assert_eq!(world.status(elsewhere).await, "refused", "what failed stays held");
    world.repeat_portions(&id, &first.claim_id, false).await.unwrap();
    let second = world.payouts(&id).await.remove(1);
    assert_eq!((second.status.as_str(), second.by_hand), ("failed", false));
    world.paid_after_all(&first.refund_id, 900).await;

    world.calm().await;
    world.repeat_portions(&id, &second.claim_id, false).await.unwrap();
    let waits = world.by_hand().await;
    let [third] = waits.as_slice() else { panic!("{waits:?}") };
    assert_eq!((third.in_doubt, third.amount.clone()), (true, cny(900)));
    assert_eq!(code(&world.record_paid(&third.refund_id, "till-1").await.unwrap_err()), "refund.earlier_in_doubt");
    for by in ["staff:ana", "staff:bo"] {
        world.settle_earlier(by, &third.refund_id, true, "st-1").await.unwrap();
    }
    assert_eq!(world.stands(&id).await, stood("completed", 0), "the provider itself knows of nothing else");
    let statuses: Vec<_> = world.payouts(&id).await.into_iter().map(|one| one.status).collect();
    assert_eq!(statuses, ["repeated", "repeated", "paid"]);
}

#[tokio::test]
async fn r_ful_05_another_amount_of_an_earlier_attempt_is_settled_by_two_people() {
    let world = callbacks::world().await;
    world.mood(Mode::Refuse).await;
    let purchase = world.sold(Some(1), &[(1, 900)]).await;
    let id = world.ask_back("refund_only", line(purchase, "0", 1, "quality.defect")).await;
    world.stack.settle().await;
    let first = world.payouts(&id).await.remove(0);
    assert_eq!(call_back(&world, SECRET, 0, &callbacks::paid(&first.refund_id, 90, "late-1")).await.0, 409);
    world.repeat_by_hand(&id, &first.claim_id).await.unwrap();
    let again = world.by_hand().await.remove(0).refund_id;
    assert!(world.by_hand().await[0].in_doubt);
    assert_eq!(code(&world.record_paid(&again, "till-1").await.unwrap_err()), "refund.earlier_in_doubt");
    // People have the provider correct it, and say so; its own next word is not waited for.
    for by in ["staff:ana", "staff:bo"] {
        world.settle_earlier(by, &again, true, "st-1").await.unwrap();
    }
    assert_eq!(world.status(id.parse().unwrap()).await, "completed", "corrected, and two people say so");
}

#[tokio::test]
async fn people_are_told_of_a_refund_by_hand_that_nobody_pays() {
    let world = World::new().await;
    world.returned(1).await;
    world.seconds(3_700).await;
    let told: Vec<RefundOverdue> = world.stack.events("fulfilment").await;
    assert_eq!(told.iter().map(|one| one.amount.clone()).collect::<Vec<_>>(), [cny(67)]);
}

#[tokio::test]
async fn a_purchase_whose_means_do_not_add_up_is_parked() {
    let world = World::new().await;
    world.sold_by(Some(1), &[(1, 1_000)], &[(Card, 500, 0)]).await;
    world.sold_by(Some(1), &[(1, 1_000)], &[(TenderKind::Unspecified, 1_000, 0)]).await;
    assert_eq!(world.stack.parked("fulfilment").await, 2);
}

#[tokio::test]
async fn the_database_refuses_a_means_that_gives_more_than_was_paid_by_it_and_a_second_refund_of_a_part() {
    let world = World::new().await;
    let id = world.returned(2).await;
    let claim = world.payouts(&id).await[0].claim_id.clone();
    let pool = world.stack.pool("fulfilment");
    let tender = |path: &str| format!("{{state,sale,tenders,all,{path}}}");
    let given = |path: &str| tender(&format!("1,gives,{claim},{path}"));
    let other = tender(&format!("1,gives,{}", Uuid::new_v4()));
    for (path, value) in [
        (given("amount,minor"), "301"),
        (given("amount,minor"), "0"),
        (given("amount,minor"), "null"),
        (given("amount,currency"), "\"EUR\""),
        (given("amount"), "null"),
        (given("points"), "6002"),
        (other.clone(), r#"{"amount":{"minor":101,"currency":"CNY"}}"#),
        (tender("1,paid,minor"), "299"),
        (tender("1,paid"), "null"),
        ("{state,sale,tenders,all}".to_owned(), "null"),
        ("{state,sale,tenders}".to_owned(), "[]"),
    ] {
        let change = "update purchase_account set state = jsonb_set(state, $1::text[], $2::jsonb)";
        let error = sqlx::query(change).bind(&path).bind(value).execute(&pool).await.unwrap_err();
        let constraint = error.as_database_error().and_then(|error| error.constraint());
        assert_eq!(constraint, Some("never_more_than_tendered"), "{path} {value}: {error}");
    }
    let copy = "insert into refund (id, version, hash, state)
        select $1, version, hash, jsonb_set(state, '{facts,part,attempt}', $2::jsonb) from refund
        where tender_no = 1";
    for (attempt, constraint) in [("1", "one_refund_a_claim"), ("2", "one_living_refund_a_tender")] {
        let error = sqlx::query(copy).bind(Uuid::new_v4()).bind(attempt).execute(&pool).await.unwrap_err();
        assert_eq!(error.as_database_error().unwrap().constraint(), Some(constraint));
    }
}
