//! What is given beside a purchase, over real Postgres and the sandbox provider: who approves it, which budget it is taken from,
//! and that cash leaves once.
use contracts::{
    common::v1::Receipt,
    fulfilment::v1::{
        ApproveCompensationRequest, CompensationBudgetMoved, CompensationBudgetView, CompensationGift,
        CompensationMoved, CompensationView, CostPosted, IssueCompensationRequest, ListCompensationBudgetsRequest,
        ListCompensationsRequest, OrderFinished, RecordCompensationGivenRequest, RefundSucceeded,
        RefuseCompensationRequest, RequestServiceOrderRequest, ResubmitCompensationRequest,
        compensations_client::CompensationsClient,
    },
};
use futures::future::join_all;
use jiff::SignedDuration;
use stories::payments::Mode;
use testkit::{request, wrong_fields};
use tonic::{Response, Status, transport::Channel};
use uuid::Uuid;

use crate::{
    payouts::stood,
    returns::{at_counter, code, line},
    world::{World, cny},
};

const ANA: &str = "staff:ana";
const MANAGER: &str = "staff:complaint-manager-bo";
const HEAD: &str = "staff:director-eva";

pub fn gift(what: &str, minor: i64) -> Option<CompensationGift> {
    Some(CompensationGift {
        what: what.into(),
        worth: cny(minor).filter(|worth| worth.minor != 0),
        points: if what == "points" { 100 } else { 0 },
        reason: "service.slow".into(),
        department: "store-operations".into(),
    })
}

fn wish(what: &str, minor: i64) -> RequestServiceOrderRequest {
    RequestServiceOrderRequest { compensation: gift(what, minor), ..at_counter("compensation", vec![]) }
}

impl World {
    pub fn compensations(&self) -> CompensationsClient<Channel> {
        CompensationsClient::new(self.stack.channel("fulfilment"))
    }

    pub async fn approve_gift(&self, by: &str, id: &str) -> Result<String, Status> {
        let approve = ApproveCompensationRequest { order_id: id.into() };
        let answer = self.compensations().approve_compensation(request(by, approve)).await;
        answer.map(Response::into_inner).map(|receipt| receipt.status)
    }

    pub async fn issue(&self, id: &str, handed_over: bool) -> Result<String, Status> {
        let issue = IssueCompensationRequest { order_id: id.into(), reference: "COUPON-4711".into(), handed_over };
        let answer = self.compensations().issue_compensation(request(ANA, issue)).await;
        answer.map(Response::into_inner).map(|receipt| receipt.status)
    }

    pub async fn given(&self, id: &str) -> CompensationView {
        self.requested(id).await.compensation.unwrap()
    }

    async fn waiting(&self, status: &str) -> Vec<String> {
        let of = ListCompensationsRequest { status: status.into(), page: None };
        let found = self.compensations().list_compensations(of).await.unwrap().into_inner().compensations;
        found.into_iter().map(|one| one.order_id).collect()
    }

    async fn budgets(&self) -> Vec<CompensationBudgetView> {
        let of = ListCompensationBudgetsRequest::default();
        self.compensations().list_compensation_budgets(of).await.unwrap().into_inner().budgets
    }

    /// Cash for a purchase that both steps approved; says the order and what it was for.
    async fn cash(&self, minor: i64) -> (Receipt, Uuid) {
        let purchase = self.sold(Some(1), &[(1, 1_000)]).await;
        let lines = vec![line(purchase, "0", 1, "service")];
        let asked = self.ask(ANA, RequestServiceOrderRequest { lines, ..wish("cash", minor) }).await.unwrap();
        self.approve_gift(MANAGER, &asked.id).await.unwrap();
        (asked, purchase)
    }
}

#[tokio::test]
async fn r_ful_15_a_small_coupon_is_given_alone_and_costs_its_cause_and_department() {
    let world = World::new().await;
    let asked = world.ask(ANA, wish("coupon", 5_000)).await.unwrap();
    assert_eq!(asked.status, "authorised");
    let view = world.given(&asked.id).await;
    assert_eq!((view.status.as_str(), view.approval, view.gift), ("approved", None, gift("coupon", 5_000)));
    assert_eq!((view.budget_scope.as_str(), view.budget_holder.as_str()), ("store", "s-1"));
    let held = world.budgets().await.remove(0);
    assert_eq!((held.reserved, held.spent, held.left), (cny(5_000), cny(0), cny(995_000)));

    assert_eq!(world.waiting("approved").await, [asked.id.as_str()]);
    assert_eq!(world.issue(&asked.id, false).await.unwrap(), "in_progress");
    assert_eq!(world.issue(&asked.id, false).await.unwrap(), "in_progress", "told twice it is given out once");
    let view = world.given(&asked.id).await;
    assert_eq!((view.reference.as_str(), view.issued_by.as_str()), ("*******4711", ANA), "whoever knows it can use it");
    let told = RecordCompensationGivenRequest { order_id: asked.id.clone() };
    let told = world.compensations().record_compensation_given(request(ANA, told)).await.unwrap().into_inner();
    assert_eq!(told.status, "completed");
    let spent = world.budgets().await.remove(0);
    assert_eq!((spent.reserved, spent.spent, spent.left), (cny(0), cny(5_000), cny(995_000)));

    let moved: Vec<CompensationMoved> = world.stack.events("fulfilment").await;
    assert_eq!(moved.iter().map(|one| one.status.as_str()).collect::<Vec<_>>(), ["approved", "issued", "given"]);
    let moved: Vec<CompensationBudgetMoved> = world.stack.events("fulfilment").await;
    assert_eq!(moved.iter().map(|one| one.moved.as_str()).collect::<Vec<_>>(), ["reserved", "spent"]);
    assert_eq!(world.stack.events::<OrderFinished>("fulfilment").await[0].status, "completed");
    let posted = world.stack.events::<CostPosted>("fulfilment").await.remove(0);
    let lies = posted.postings[0].dimensions.clone().unwrap();
    let sides: Vec<_> = posted.postings.iter().map(|one| (one.account.as_str(), one.amount.clone())).collect();
    assert_eq!(sides, [("compensation", cny(5_000)), ("payable", cny(-5_000))]);
    assert_eq!((lies.cause.as_str(), lies.department.as_str()), ("service.slow", "store-operations"));
}

#[tokio::test]
async fn r_ful_15_above_the_limit_others_approve_in_steps_and_the_purchase_gives_all_of_its_money_all_the_same() {
    let world = World::new().await;
    let (asked, purchase) = world.cash(60_000).await;
    assert_eq!(asked.status, "in_review");
    assert_eq!(code(&world.approve_gift(ANA, &asked.id).await.unwrap_err()), "approval.own_work");
    assert_eq!(code(&world.approve_gift("staff:zoe", &asked.id).await.unwrap_err()), "approval.no_role");
    assert_eq!(code(&world.approve_gift(MANAGER, &asked.id).await.unwrap_err()), "approval.already_approved");
    assert_eq!(code(&world.review("staff:bo", &asked.id, true).await.unwrap_err()), "order.approved_in_steps");
    assert_eq!(world.waiting("asked").await, [asked.id.as_str()]);
    let approval = world.given(&asked.id).await.approval.unwrap();
    assert_eq!((approval.waits_for.as_str(), approval.approved_by), ("head_of_after_sales", vec![MANAGER.to_owned()]));
    assert_eq!(world.budgets().await.len(), 0, "nothing is held before all have approved");

    assert_eq!(world.approve_gift(HEAD, &asked.id).await.unwrap(), "in_progress");
    assert_eq!(code(&world.issue(&asked.id, true).await.unwrap_err()), "order.not_now", "the provider pays it");
    world.stack.settle().await;
    assert_eq!(world.stands(&asked.id).await, stood("completed", 60_000));
    let refund = world.refund().await;
    assert_eq!(world.paid().await, [(refund.refund_id.clone(), 60_000)], "the execution's id is the provider's key");
    assert_eq!((world.given(&asked.id).await.refund_id, refund.purchase_id), (refund.refund_id, purchase.to_string()));

    let id = world.ask_back("return_refund", line(purchase, "0", 1, "no_reason")).await;
    world.bring(&id, 1, 0).await;
    assert_eq!(world.stands(&id).await, stood("completed", 61_000), "what was given beside it takes nothing from it");
}

#[tokio::test]
async fn r_ful_15_what_is_refused_or_not_approved_in_time_gives_nothing() {
    let world = World::new().await;
    let refused = world.ask(ANA, wish("cash", 100)).await.unwrap();
    let refuse = |by, id: &str| {
        let refuse = RefuseCompensationRequest { order_id: id.into(), reason: "not_our_fault".into() };
        let mut client = world.compensations();
        async move { client.refuse_compensation(request(by, refuse)).await.map(Response::into_inner) }
    };
    assert_eq!(code(&refuse(ANA, &refused.id).await.unwrap_err()), "approval.own_work");
    assert_eq!(refuse(MANAGER, &refused.id).await.unwrap().status, "ineligible");
    assert_eq!(world.given(&refused.id).await.code, "not_our_fault");
    assert_eq!(code(&world.approve_gift(MANAGER, &refused.id).await.unwrap_err()), "order.not_now");

    let late = world.ask(ANA, wish("points", 20_000)).await.unwrap();
    world.stack.advance(SignedDuration::from_hours(73)).await;
    assert_eq!(world.waiting("held_back").await, [late.id.as_str()]);
    assert_eq!(code(&world.approve_gift(MANAGER, &late.id).await.unwrap_err()), "order.not_now");
    let again = ResubmitCompensationRequest { order_id: late.id.clone() };
    let again = world.compensations().resubmit_compensation(request(MANAGER, again)).await.unwrap().into_inner();
    assert_eq!(again.status, "in_review");
    assert_eq!(world.approve_gift(MANAGER, &late.id).await.unwrap(), "authorised");
    assert_eq!(world.ledger().await.entries.len(), 0);
}

#[tokio::test]
async fn r_ful_15_a_months_budget_is_never_overdrawn_however_many_ask_at_once() {
    let small = |service: &mut serde_json::Value| {
        service["compensation"]["budgets"]["each_store"]["CNY"] = 10_000.into();
    };
    let world = World::with(small).await;
    let asked = join_all((0..20).map(|_| world.ask(ANA, wish("coupon", 1_000)))).await;
    let (given, refused): (Vec<_>, Vec<_>) = asked.into_iter().partition(Result::is_ok);
    assert_eq!((given.len(), refused.len()), (10, 10));
    let refused = refused.into_iter().filter_map(Result::err).collect::<Vec<_>>();
    assert!(refused.iter().all(|no| code(no) == "compensation.budget_exhausted"), "{refused:?}");
    let month = world.budgets().await.remove(0).month;
    for part in ["store s-1", &month, "0 minor units of CNY"] {
        assert!(refused[0].message().contains(part), "{}", refused[0].message());
    }
    let first = given.into_iter().next().unwrap().unwrap();
    assert_eq!(world.cancel(&first.id).await.unwrap().status, "cancelled");
    let left = world.budgets().await.remove(0);
    assert_eq!((left.reserved, left.left), (cny(9_000), cny(1_000)), "what is not given is free again");

    let asked = world.ask(ANA, wish("cash", 2_000)).await.unwrap();
    assert_eq!(code(&world.approve_gift(MANAGER, &asked.id).await.unwrap_err()), "compensation.budget_exhausted");
    let approval = world.given(&asked.id).await.approval.unwrap();
    assert_eq!(approval.approved_by, Vec::<String>::new(), "an approval that no budget reaches for is none");
    world.stack.advance(SignedDuration::from_hours(31 * 24)).await;
    let next = world.ask(ANA, wish("coupon", 1_000)).await.unwrap();
    assert_eq!(next.status, "authorised", "the next month has its own");
}

#[tokio::test]
async fn r_ful_15_cash_leaves_once_whatever_the_provider_does() {
    let world = World::impatient().await;
    world.mood(Mode::SilentAfterPaying).await;
    let (unknown, _) = world.cash(300).await;
    world.stack.settle().await;
    assert_eq!(
        (world.refund().await.status.as_str(), world.stands(&unknown.id).await),
        ("unknown", stood("in_progress", 300))
    );
    assert_eq!(world.waiting("paying").await, [unknown.id.as_str()]);
    world.seconds(5).await;
    assert_eq!((world.refund().await.attempts, world.stands(&unknown.id).await), (1, stood("completed", 300)));

    world.mood(Mode::Refuse).await;
    let (failed, _) = world.cash(200).await;
    world.stack.settle().await;
    let view = world.given(&failed.id).await;
    assert_eq!((view.status.as_str(), world.waiting("failed").await), ("failed", vec![failed.id.clone()]));
    world.calm().await;
    world.repeat(&failed.id, &view.claim_id).await.unwrap();
    world.stack.settle().await;
    assert_eq!(world.stands(&failed.id).await, stood("completed", 500), "under another key");
    let again = world.given(&failed.id).await;
    assert_ne!(again.claim_id, view.claim_id);
    assert_eq!(code(&world.repeat(&failed.id, &again.claim_id).await.unwrap_err()), "order.not_now");
    let spent: i64 = world.budgets().await.into_iter().filter_map(|one| one.spent).map(|spent| spent.minor).sum();
    assert_eq!(spent, 500);
    let paid: Vec<RefundSucceeded> = world.stack.events("fulfilment").await;
    assert!(paid.len() == 2 && paid.iter().all(|one| one.compensation), "no purchase gave it back: {paid:?}");
}

#[tokio::test]
async fn r_ful_15_cash_for_a_purchase_that_was_paid_in_cash_alone_is_given_by_a_person() {
    use contracts::common::v1::TenderKind::{Card, Cash, Points};
    let world = World::new().await;
    for paid in [&[(Cash, 1_000, 0)][..], &[(Points, 1_000, 500)], &[(Cash, 600, 0), (Points, 400, 20)]] {
        let purchase = world.sold_by(Some(1), &[(1, 1_000)], paid).await;
        let lines = vec![line(purchase, "0", 1, "service")];
        let asked = world.ask(ANA, RequestServiceOrderRequest { lines, ..wish("cash", 300) }).await.unwrap();
        assert_eq!(
            world.approve_gift(MANAGER, &asked.id).await.unwrap(),
            "authorised",
            "no provider took it, none pays"
        );
        world.stack.settle().await;
        let view = world.given(&asked.id).await;
        assert_eq!((view.status.as_str(), view.purchase_id.as_str(), view.refund_id.as_str()), ("approved", "", ""));
        assert_eq!((world.refunds().await, world.ledger().await.entries.len()), (vec![], 0));
        assert_eq!(world.issue(&asked.id, true).await.unwrap(), "completed");
    }
    let spent = world.budgets().await.remove(0);
    assert_eq!((spent.reserved, spent.spent), (cny(0), cny(900)));
    let purchase = world.sold_by(Some(1), &[(1, 1_000)], &[(Cash, 999, 0), (Card, 1, 0)]).await;
    let lines = vec![line(purchase, "0", 1, "service")];
    let asked = world.ask(ANA, RequestServiceOrderRequest { lines, ..wish("cash", 300) }).await.unwrap();
    world.approve_gift(MANAGER, &asked.id).await.unwrap();
    world.stack.settle().await;
    assert_eq!(world.stands(&asked.id).await, stood("completed", 300), "the provider took a part, and may pay");
}

#[tokio::test]
async fn r_ful_15_cash_the_provider_refused_is_paid_by_people_under_another_key_and_once() {
    let world = World::new().await;
    world.mood(Mode::Refuse).await;
    let (failed, _) = world.cash(200).await;
    world.stack.settle().await;
    let view = world.given(&failed.id).await;
    assert_eq!(view.status, "failed");
    assert_eq!(world.repeat_by_hand(&failed.id, &view.claim_id).await.unwrap(), "in_progress");
    assert_eq!(code(&world.issue(&failed.id, true).await.unwrap_err()), "order.not_now", "its refund is recorded");
    let waits = world.by_hand().await;
    let [again] = waits.as_slice() else { panic!("{waits:?}") };
    assert_ne!(again.refund_id, view.refund_id);
    assert_eq!((again.amount.clone(), again.in_doubt), (cny(200), false));
    for _ in 0..2 {
        assert_eq!(world.record_paid(&again.refund_id, "till-7").await.unwrap(), "succeeded");
    }
    world.stack.settle().await;
    assert_eq!(world.stands(&failed.id).await, stood("completed", 0), "the provider paid nothing");
    let repeated = world.repeat_by_hand(&failed.id, &world.given(&failed.id).await.claim_id).await;
    assert_eq!(code(&repeated.unwrap_err()), "order.not_now");
    let spent = world.budgets().await.remove(0);
    assert_eq!((spent.reserved, spent.spent), (cny(0), cny(200)));
    let overview = world.overview().await;
    assert_eq!((overview.refunded, overview.paid_by_hand), (vec![], vec![cny(200).unwrap()]));
}

#[tokio::test]
async fn what_cannot_be_given_is_refused_with_its_fields() {
    let world = World::new().await;
    let ask = |asked| world.ask(ANA, asked);
    let nothing = ask(at_counter("compensation", vec![])).await.unwrap_err();
    assert_eq!(wrong_fields(&nothing), ["compensation"]);
    let purchase = world.sold(Some(1), &[(1, 1_000)]).await;
    let other = |kind, lines| RequestServiceOrderRequest { compensation: gift("coupon", 5), ..at_counter(kind, lines) };
    let refund = ask(other("return_refund", vec![line(purchase, "0", 1, "no_reason")])).await.unwrap_err();
    assert_eq!(wrong_fields(&refund), ["compensation"]);
    for (given, field) in [
        (CompensationGift { what: "gold".into(), ..gift("coupon", 5).unwrap() }, "what"),
        (CompensationGift { worth: None, ..gift("coupon", 5).unwrap() }, "worth"),
        (gift("coupon", -5).unwrap(), "worth.minor"),
        (CompensationGift { worth: cny(i64::MAX), ..gift("cash", 5).unwrap() }, "worth"),
        (CompensationGift { points: 0, ..gift("points", 5).unwrap() }, "points"),
        (CompensationGift { points: 7, ..gift("coupon", 5).unwrap() }, "points"),
        (CompensationGift { reason: "No Words".into(), ..gift("coupon", 5).unwrap() }, "reason"),
        (CompensationGift { department: "Shop 7!".into(), ..gift("coupon", 5).unwrap() }, "department"),
    ] {
        let wrong =
            ask(RequestServiceOrderRequest { compensation: Some(given), ..wish("coupon", 5) }).await.unwrap_err();
        assert_eq!(wrong_fields(&wrong), [format!("compensation.{field}")]);
    }
    let euros = CompensationGift {
        worth: Some(contracts::common::v1::Money { minor: 5, currency: "EUR".into() }),
        ..gift("cash", 5).unwrap()
    };
    let lines = vec![line(purchase, "0", 1, "service")];
    let foreign = RequestServiceOrderRequest { lines, compensation: Some(euros), ..wish("cash", 5) };
    assert_eq!(wrong_fields(&ask(foreign).await.unwrap_err()), ["compensation.worth.currency"]);
    let second = world.sold(Some(1), &[(1, 1_000)]).await;
    let lines = vec![line(purchase, "0", 1, "service"), line(second, "0", 1, "service")];
    assert_eq!(
        wrong_fields(&ask(RequestServiceOrderRequest { lines, ..wish("cash", 5) }).await.unwrap_err()),
        ["lines"]
    );
    assert_eq!(world.stack.events::<CompensationMoved>("fulfilment").await.len(), 0, "nothing moved");
    let issue = IssueCompensationRequest { order_id: "x".into(), reference: "two words".into(), handed_over: true };
    let wrong = world.compensations().issue_compensation(request(ANA, issue)).await.unwrap_err();
    assert_eq!(wrong_fields(&wrong), ["order_id", "reference"]);
    let unknown = world.issue(&Uuid::new_v4().to_string(), true).await.unwrap_err();
    assert_eq!(unknown.code(), tonic::Code::NotFound);
    let month = ListCompensationBudgetsRequest { month: "July".into(), page: None };
    let wrong = world.compensations().list_compensation_budgets(month).await.unwrap_err();
    assert_eq!(wrong_fields(&wrong), ["month"]);
}

#[tokio::test]
async fn r_ful_15_the_database_refuses_cash_that_was_not_approved_and_budgets_that_are_overdrawn() {
    let world = World::new().await;
    let (asked, _) = world.cash(300).await;
    world.stack.settle().await;
    let pool = world.stack.pool("fulfilment");
    let constraint = |error: sqlx::Error| {
        error.as_database_error().and_then(|error| error.constraint()).unwrap_or_default().to_owned()
    };
    let more =
        sqlx::query("update refund set state = jsonb_set(state, '{facts,amount,minor}', '301')").execute(&pool).await;
    assert_eq!(constraint(more.unwrap_err()), "never_more_than_approved");
    let copy = "insert into refund (id, version, hash, state)
        select gen_random_uuid(), version, hash, jsonb_set(state, $1::text[], to_jsonb(gen_random_uuid()::text)) from refund";
    let twice = sqlx::query(copy).bind("{facts,claim_id}").execute(&pool).await;
    assert_eq!(constraint(twice.unwrap_err()), "one_compensation_paid");
    let other = sqlx::query(copy).bind("{facts,order_id}").execute(&pool).await;
    let other = constraint(other.unwrap_err());
    assert!(["never_more_than_approved", "one_refund_a_claim"].contains(&other.as_str()), "{other}");
    let granted = sqlx::query("update compensation_grant set minor = minor + 1").execute(&pool).await;
    assert_eq!(constraint(granted.unwrap_err()), "grant_is_for_ever");
    for (path, value) in
        [("{spent}", "999999999"), ("{spent}", "-1"), ("{limit}", "1"), ("{reserved}", r#"{"x":null}"#)]
    {
        let change = "update compensation_budget set state = jsonb_set(state, $1::text[], $2::jsonb)";
        let error = sqlx::query(change).bind(path).bind(value).execute(&pool).await.unwrap_err();
        assert_eq!(constraint(error), "never_overdrawn", "{path} {value}");
    }
    assert_eq!(world.stands(&asked.id).await, stood("completed", 300));
}

#[tokio::test]
async fn r_ful_15_what_a_person_gives_by_hand_is_promised_given_out_and_given() {
    let world = World::new().await;
    let id = world.ask(ANA, wish("coupon", 5_000)).await.unwrap().id;
    world.is_late_and_met(&id, "giving_term", 72, async { assert!(world.issue(&id, true).await.is_ok()) }).await;

    let id = world.ask(ANA, wish("points", 5_000)).await.unwrap().id;
    world.stack.advance(SignedDuration::from_secs(60)).await;
    world.issue(&id, false).await.unwrap();
    assert_eq!(world.promises_of(&id, "giving_term").await.1, ["met", "running"], "he is still to have it");
    let given = RecordCompensationGivenRequest { order_id: id.clone() };
    let mut client = world.compensations();
    world.is_late_and_met(&id, "giving_term", 72, client.record_compensation_given(request(ANA, given))).await;

    let (cash, _) = world.cash(600).await;
    assert!(world.promises_of(&cash.id, "giving_term").await.1.is_empty(), "the provider pays it");
}
