//! Stories of goods that come back: who asks, what the policy answers, and how its word can be checked afterwards.
use aftercare::policy::{past, replay};
use contracts::{
    common::v1::{Money, Remedy, RemedyKind, RemedyLine},
    complaint::v1::{ComplaintRecorded, DraftSolutionRequest, EscalationTrigger, SubmitSolutionRequest},
    fulfilment::v1::{
        AnswerInspectionRequest, GetDecisionRequest, GetOverviewRequest, GetServiceOrderRequest, InspectGoodsRequest,
        InspectionCriterion, InspectionResult, LinePiecesReceived, LineRequest, ListServiceOrdersRequest, OrderOrigin,
        ReceiveGoodsRequest, RepeatPayoutRequest, RequestServiceOrderRequest, RequestView, ReviewServiceOrderRequest,
    },
    intake::v1::PurchaseRecorded,
};
use jiff::SignedDuration;
use kernel::returns::{AGREED, DEFAULT, Policy};
use serde_json::json;
use testkit::request;

use crate::{DAY, world::World};

const CLERK: &str = "staff:clerk-sun";

impl World {
    /// The article of a purchase is to come back for a reason; the customer has confirmed it.
    async fn ask_back(&self, origin: (&str, &str), purchase: &str, line: LineRequest) -> (String, String) {
        let (kind, reference) = (origin.0.to_owned(), origin.1.to_owned());
        let line =
            LineRequest { purchase_id: purchase.into(), line_id: "1".into(), quantity: line.quantity.max(1), ..line };
        let sold = self.stack.events::<PurchaseRecorded>("intake").await;
        let sale = sold.into_iter().find(|sale| sale.purchase_id == purchase).unwrap();
        let asked = RequestServiceOrderRequest {
            customer_id: sale.customer_id,
            origin: Some(OrderOrigin { kind, reference }),
            kind: "return_refund".into(),
            lines: vec![line],
            confirmed: true,
            segment: String::new(),
            compensation: None,
        };
        let order = self.fulfilment().request_service_order(request(CLERK, asked)).await.unwrap().into_inner();
        (order.id, order.status)
    }

    /// What the customer was sent about an order.
    fn told_of(&self, order_id: &str) -> Vec<String> {
        self.messages().iter().map(ToString::to_string).filter(|one| one.contains(order_id)).collect()
    }

    async fn asked_back(&self, order_id: &str) -> RequestView {
        let wanted = GetServiceOrderRequest { order_id: order_id.into() };
        let order = self.fulfilment().get_service_order(request(CLERK, wanted)).await.unwrap().into_inner().order;
        order.unwrap().request.unwrap()
    }

    /// The rule that decided, as the customer is told it.
    async fn told_rule(&self, order_id: &str) -> (String, String) {
        let wanted = GetDecisionRequest { order_id: order_id.into(), language: "en".into() };
        let decisions = self.fulfilment().get_decision(request(CLERK, wanted)).await.unwrap().into_inner().decisions;
        let receipt = decisions[0].receipt.clone().unwrap();
        (receipt.rule, receipt.words[0].words.clone())
    }
}

#[tokio::test]
async fn r_ful_02_r_ful_07_an_opened_cream_that_stings_comes_back_and_every_decision_can_be_made_again() {
    let world = World::open().await;
    let (cream, shampoo, late) = (world.sell("r-1").await, world.sell("r-2").await, world.sell("r-3").await);
    let case = world.contact("t-r-1", "r-1", "discomfort", "my skin burns since I tried the cream").await;
    let case = case["case_id"].as_str().unwrap().to_owned();

    let stings = |discomfort| LineRequest {
        reason: "discomfort.skin".into(),
        opened: Some(true),
        resaleable: Some(false),
        discomfort,
        evidence: vec!["doc:photo-17".into()],
        ..Default::default()
    };
    let (order, status) = world.ask_back(("case", &case), &cream, stings(None)).await;
    assert_eq!(status, "in_review", "that it really caused discomfort is not known yet");
    let (reason, amounts) = ("photo_seen".into(), vec![]);
    let review = ReviewServiceOrderRequest { order_id: order.clone(), approved: true, reason, amounts };
    let alone = world.fulfilment().review_service_order(request(CLERK, review.clone())).await.unwrap_err();
    assert!(alone.message().contains("somebody else must"), "{alone:?}");
    world.fulfilment().review_service_order(request("staff:doctor-li", review)).await.unwrap();
    let form = world.asked_back(&order).await.form.unwrap();
    assert_eq!(form.freight, "company");
    assert!(form.rma_number.starts_with('R') && !form.instructions.is_empty());
    world.stack.settle().await;
    let told = world.told_of(&order);
    assert_eq!(told.len(), 1, "who waited for people is told once: {told:?}");
    assert!([&form.rma_number, &form.send_to].iter().all(|part| told[0].contains(*part)), "{told:?}");

    let unwanted = || LineRequest { reason: "no_reason".into(), resaleable: Some(true), ..Default::default() };
    let (_, status) = world.ask_back(("counter", "s-1"), &shampoo, unwanted()).await;
    assert_eq!(status, "authorised");
    world.stack.advance(DAY * 8).await;
    let (refused, status) = world.ask_back(("counter", "s-2"), &late, unwanted()).await;
    assert_eq!(status, "ineligible");
    let (rule, words) = world.told_rule(&refused).await;
    assert_eq!(
        (rule.as_str(), words.as_str()),
        ("no_reason_too_late", "The 7 days for a return without a reason are over.")
    );

    world.stack.settle().await;
    let decisions = past::read(world.stack.channel("fulfilment")).await.unwrap();
    let shipped: Policy = toml::from_str(DEFAULT).unwrap();
    let verified = replay::check(std::slice::from_ref(&shipped), &decisions, 20);
    assert!(verified.right() && verified.decisions == 3, "{verified:?}");
    let longer = DEFAULT
        .replace("delivered.within = 7, resaleable", "delivered.within = 14, resaleable")
        .replace("delivered.after = 7 ", "delivered.after = 14 ");
    let other = replay::what_if(&toml::from_str(&longer).unwrap(), &decisions, 20);
    assert_eq!((other.changed, other.first_changed[0].order_id.as_str()), (1, refused.as_str()));
    world.nothing_is_parked().await;
}

#[tokio::test]
async fn r_ful_04_a_parcel_with_too_much_in_it_is_inspected_and_what_is_rejected_takes_the_customers_word() {
    let world = World::open().await;
    let purchase = world.sell("r-4").await;
    let unwanted = LineRequest { reason: "no_reason".into(), resaleable: Some(true), ..Default::default() };
    let (order, status) = world.ask_back(("counter", "s-1"), &purchase, unwanted).await;
    assert_eq!(status, "authorised");
    let number = world.asked_back(&order).await.form.unwrap().rma_number;
    let parcel = |place: &str, quantity| ReceiveGoodsRequest {
        rma_number: number.clone(),
        place: place.into(),
        came: vec![LinePiecesReceived { line_no: 1, product_id: String::new(), quantity }],
        ..Default::default()
    };
    world.fulfilment().receive_goods(request(CLERK, parcel("s-2", 2))).await.unwrap();
    let twice = world.fulfilment().receive_goods(request(CLERK, parcel("s-3", 1))).await.unwrap_err();
    assert!(twice.message().contains("back already"), "{twice:?}");

    let found = |line_no| InspectGoodsRequest {
        order_id: order.clone(),
        line_no,
        results: vec![InspectionResult {
            quantity: 1,
            accepted: false,
            grade: "c".into(),
            disposition: "back_to_customer".into(),
        }],
        criteria: vec![InspectionCriterion { code: "seal".into(), passed: false }],
        photos: vec!["doc:photo-18".into()],
        resaleable: Some(false),
        ..Default::default()
    };
    for line_no in [1, 2] {
        world.fulfilment().inspect_goods(request("staff:inspector-wu", found(line_no))).await.unwrap();
    }
    let goods = world.asked_back(&order).await.goods;
    let renewed = goods[0].inspections[0].renewed.as_ref().unwrap();
    assert_eq!((renewed.rule.as_str(), goods[1].surplus), ("no_reason_not_resaleable", true));
    assert_eq!((goods[0].settled, goods[1].settled), (false, true), "only for what was granted the customer is asked");
    world.stack.settle().await;
    let told = world.told_of(&order);
    assert_eq!(told.len(), 1, "he is asked once: {told:?}");
    for part in ["0 件符合,1 件不符", "1 件将退还给您", "say yes or no", "前/by"] {
        assert!(told[0].contains(part), "{part}: {told:?}");
    }
    let agrees = AnswerInspectionRequest { order_id: order.clone(), line_no: 1, agreed: true };
    world.fulfilment().answer_inspection(request(CLERK, agrees)).await.unwrap();
    let view = world.asked_back(&order).await;
    assert_eq!((view.goods[0].rejected, view.goods[0].settled), (1, true));
    assert_eq!(view.promises[0].status, "met");

    world.stack.settle().await;
    let decisions = past::read(world.stack.channel("fulfilment")).await.unwrap();
    let verified = replay::check(&[toml::from_str(DEFAULT).unwrap()], &decisions, 20);
    assert!(verified.right() && verified.decisions == 2, "the first decision and the new one: {verified:?}");
    world.nothing_is_parked().await;
}

impl World {
    /// Three pieces of one article for 100.00 together; says the purchase's id.
    async fn sell_three(&self, order_ref: &str) -> String {
        let now = self.stack.now().to_string();
        let paid = json!({ "minor": 10_000, "currency": "CNY" });
        let sale = json!({
            "order_ref": order_ref, "channel": "website", "store": "s-1", "bought_at": now, "delivered_at": now,
            "paid": paid,
            "lines": [{ "line_id": "1", "product_id": "p-9", "category": "skin_care", "batch": "b-77", "quantity": 3,
                        "paid": paid }],
            "customer": { "ref": format!("c-{order_ref}"), "name": "Wang Fang", "phone": "+8613800138000" }
        });
        let request = self.http.post(format!("{}/v1/sales", self.stack.base_url("intake")));
        let request = request.header("content-type", "application/x-ndjson").body(sale.to_string());
        assert!(request.send().await.unwrap().status().is_success());
        self.stack.settle().await;
        kernel::id::derived("purchase", &["website", order_ref]).to_string()
    }

    /// All that was asked back comes by mail under its number, and so many pieces are in order, the others not: the
    /// customer takes those back.
    async fn send_back(&self, order_id: &str, accepted: u32, rejected: u32) {
        let rma_number = self.asked_back(order_id).await.form.unwrap().rma_number;
        let parcel = ReceiveGoodsRequest { rma_number, place: "warehouse".into(), ..Default::default() };
        self.fulfilment().receive_goods(request(CLERK, parcel)).await.unwrap();
        let found = [(accepted, true, "restock"), (rejected, false, "back_to_customer")];
        let result = |(quantity, accepted, disposition): (u32, bool, &str)| InspectionResult {
            quantity,
            accepted,
            grade: "b".into(),
            disposition: disposition.into(),
        };
        let inspection = InspectGoodsRequest {
            order_id: order_id.into(),
            line_no: 1,
            results: found.into_iter().filter(|found| found.0 > 0).map(result).collect(),
            resaleable: Some(rejected == 0),
            ..Default::default()
        };
        self.fulfilment().inspect_goods(request("staff:inspector-wu", inspection)).await.unwrap();
        if rejected > 0 {
            let agrees = AnswerInspectionRequest { order_id: order_id.into(), line_no: 1, agreed: true };
            self.fulfilment().answer_inspection(request(CLERK, agrees)).await.unwrap();
        }
        self.stack.settle().await;
    }

    /// How the order stands, and what the provider says it paid by now.
    async fn stands(&self, order_id: &str) -> (String, i64) {
        let wanted = GetServiceOrderRequest { order_id: order_id.into() };
        let order = self.fulfilment().get_service_order(request(CLERK, wanted)).await.unwrap().into_inner().order;
        (order.unwrap().status, self.ledger().await.totals.get("CNY").copied().unwrap_or_default())
    }
}

#[tokio::test]
async fn r_ful_05_a_return_by_mail_is_paid_for_what_was_accepted_and_the_rest_another_time_to_the_cent() {
    let world = World::open().await;
    let purchase = world.sell_three("r-5").await;
    let case = world.contact("t-r-5", "r-5", "return_exchange", "I do not need them any more").await;
    let case = case["case_id"].as_str().unwrap().to_owned();
    let unwanted =
        |quantity| LineRequest { reason: "no_reason".into(), resaleable: Some(true), quantity, ..Default::default() };
    let (order, _) = world.ask_back(("case", &case), &purchase, unwanted(3)).await;
    world.mood("silent_after_paying").await;
    world.send_back(&order, 2, 1).await;
    assert_eq!(world.stands(&order).await, ("in_progress".into(), 6_667), "it left, and nobody has told us yet");
    world.mood("normal").await;
    world.stack.advance(SignedDuration::from_secs(5)).await;
    assert_eq!(world.stands(&order).await, ("closed_partial".into(), 6_667), "two of three pieces");

    let (rest, _) = world.ask_back(("counter", "s-1"), &purchase, unwanted(1)).await;
    world.send_back(&rest, 1, 0).await;
    assert_eq!(world.stands(&rest).await, ("completed".into(), 10_000), "the last piece gives back the last cent");
    let overview = world.fulfilment().get_overview(request(CLERK, GetOverviewRequest {})).await.unwrap().into_inner();
    let refunded: Vec<_> = overview.refunded.iter().map(|money| money.minor).collect();
    assert_eq!((refunded, world.ledger().await.entries.len()), (vec![10_000], 2), "our books are the provider's");
    let (one, other) = (world.booked(&order, "cash").await, world.booked(&rest, "cash").await);
    assert_eq!((one, other), (-6_667, -3_333), "and so are the ledgers of the orders");
    assert_eq!(world.booked(&order, "goods").await + world.booked(&rest, "goods").await, -10_000, "all goods are ours");
    world.nothing_is_parked().await;
}

#[tokio::test]
async fn r_ful_05_r_ful_09_a_photo_is_enough_nothing_comes_back_and_the_money_leaves_once() {
    let world = World::open().await;
    let purchase = world.sell("r-photo").await;
    let order = world.paid_on_a_photo(&purchase).await;
    let view = world.asked_back(&order).await;
    let number = view.form.map(|form| form.rma_number).unwrap_or_default();
    assert_eq!((view.goods.len(), number.as_str()), (0, ""), "nothing is to be sent");
    let (status, paid) = world.stands(&order).await;
    assert_eq!((status.as_str(), paid), ("completed", world.booked(&order, "refund").await));
    let parcel = ReceiveGoodsRequest { order_id: order.clone(), place: "s-2".into(), ..Default::default() };
    let refused = world.fulfilment().receive_goods(request(CLERK, parcel)).await.unwrap_err();
    assert!(refused.message().contains("does not expect goods"), "{refused:?}");
    assert_eq!(world.ledger().await.entries.len(), 1, "once");
    world.nothing_is_parked().await;
}

impl World {
    /// A complaint about three pieces: two of them are to come back for an amount, as was drafted, approved by another and agreed.
    /// Says the complaint's id and the order's.
    async fn agree_on_two_of_three(&self, order_ref: &str, minor: i64) -> (String, String) {
        self.sell_three(order_ref).await;
        self.contact(&format!("t-{order_ref}"), order_ref, "product_quality", "two of the pumps leak").await;
        let id = self.stack.events::<ComplaintRecorded>("complaint").await.pop().unwrap().complaint_id;
        self.investigate(&id).await;
        let amount = Some(Money { minor, currency: "CNY".into() });
        let lines = vec![RemedyLine { line_id: "1".into(), quantity: 2 }];
        let (kind, remedy_id) = (RemedyKind::ReturnRefund.into(), String::new());
        let draft = DraftSolutionRequest {
            complaint_id: id.clone(),
            remedies: vec![Remedy { remedy_id, kind, amount, lines }],
            text: "send us the two that leak, and we give back what you paid for them".into(),
            ..Default::default()
        };
        self.complaints().draft_solution(request("staff:agent-sun", draft)).await.unwrap();
        let submit = SubmitSolutionRequest { complaint_id: id.clone() };
        self.complaints().submit_solution(request("staff:agent-sun", submit)).await.unwrap();
        let version = self.complaint(&id).await.solution_version;
        self.approve("staff:manager-zhao", &id, version).await.unwrap();
        self.offer_approved(&id).await.unwrap();
        self.consent(&id, version).await;
        let of = ListServiceOrdersRequest { complaint_id: id.clone(), ..Default::default() };
        let found = self.fulfilment().list_service_orders(request(CLERK, of)).await.unwrap().into_inner().orders;
        let [order] = found.as_slice() else { unreachable!("{found:?}") };
        assert_eq!(order.status, "authorised", "nobody need complete it");
        (id, order.order_id.clone())
    }
}

#[tokio::test]
async fn r_ful_17_two_of_three_come_back_as_agreed_and_who_sends_one_that_is_not_as_agreed_is_paid_for_the_other() {
    let world = World::open().await;
    let (id, order) = world.agree_on_two_of_three("r-20", 6_667).await;
    assert_eq!(world.told_rule(&order).await.0, "as_agreed");
    let number = world.asked_back(&order).await.form.unwrap().rma_number;
    let told = world.told_of(&order);
    assert!(told.len() == 1 && told[0].contains(&number) && told[0].contains("前/by"), "he reads how: {told:?}");
    world.send_back(&order, 1, 1).await;
    assert_eq!(world.stands(&order).await, ("closed_partial".into(), 3_334), "half of it, to the cent");
    assert_eq!((world.booked(&order, "cash").await, world.booked(&order, "stock").await), (-3_334, 3_334));
    let view = world.complaint(&id).await;
    assert_eq!((view.status.as_str(), view.progress[0].status.as_str()), ("executing", "failed"));
    assert_eq!(view.progress[0].paid.as_ref().map(|paid| paid.minor), Some(3_334));
    assert_eq!(world.raised(&id, EscalationTrigger::RemedyFailed).await.len(), 1, "a person decides about the other");

    let (done, whole) = world.agree_on_two_of_three("r-21", 6_000).await;
    world.send_back(&whole, 2, 0).await;
    assert_eq!(world.stands(&whole).await, ("completed".into(), 9_334));
    assert_eq!(world.complaint(&done).await.progress[0].status, "done");
    world.satisfied(&done, true).await;
    assert_eq!(world.status(&done).await, "closed");

    world.mood("refuse").await;
    let (refused, third) = world.agree_on_two_of_three("r-22", 6_000).await;
    world.send_back(&third, 2, 0).await;
    let [raised] = world.raised(&refused, EscalationTrigger::RemedyFailed).await.try_into().unwrap();
    let detail = raised.raised.unwrap().detail.unwrap();
    assert_eq!((detail.what.as_str(), detail.amount.map(|amount| amount.minor)), ("payout", Some(6_000)), "at once");
    world.mood("normal").await;
    let claim_id = world.asked_back(&third).await.payouts[0].claim_id.clone();
    let repeat = RepeatPayoutRequest { order_id: third.clone(), claim_id, by_hand: false };
    world.fulfilment().repeat_payout(request(CLERK, repeat)).await.unwrap();
    world.stack.settle().await;
    assert_eq!(world.stands(&third).await, ("completed".into(), 15_334));
    assert_eq!(world.raised(&refused, EscalationTrigger::RemedyFailed).await[0].status, "closed");
    assert_eq!(world.complaint(&refused).await.progress[0].status, "done");

    let decisions = past::read(world.stack.channel("fulfilment")).await.unwrap();
    let known: Vec<Policy> = [DEFAULT, AGREED].iter().map(|text| toml::from_str(text).unwrap()).collect();
    let verified = replay::check(&known, &decisions, 20);
    assert!(verified.right() && verified.decisions == 4, "three as agreed, and the new one: {verified:?}");
    world.provider_told().await;
    world.nothing_is_parked().await;
}
