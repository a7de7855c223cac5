//! Stories of goods that go out again: dearer, cheaper, and lost on the way until the customer wants his money.
use contracts::{
    common::v1::{Money, Remedy, RemedyKind},
    complaint::v1::{
        DraftSolutionRequest, EscalationClosed, EscalationRaised, EscalationTrigger, SubmitSolutionRequest,
    },
    fulfilment::v1::{
        CancelServiceOrderRequest, CompleteAgreedOrderRequest, GetServiceOrderRequest, InspectGoodsRequest,
        InspectionResult, LineRequest, ListServiceOrdersRequest, OrderOrigin, PickReplacementRequest,
        ReceiveGoodsRequest, RecordDeliveryRequest, RecordDifferencePaidRequest, ReplacementView,
        ReportOutOfStockRequest, RequestServiceOrderRequest, ReserveReplacementRequest, ServiceOrderView,
        ShipReplacementRequest, TakeMoneyInsteadRequest, replacements_client::ReplacementsClient,
    },
};
use jiff::SignedDuration;
use testkit::request;
use tonic::transport::Channel;

use crate::{complaint_from_a_bad_answer, world::World};

const CLERK: &str = "staff:clerk-sun";
const WAREHOUSE: &str = "staff:warehouse-wei";

fn cny(minor: i64) -> Option<Money> {
    Some(Money { minor, currency: "CNY".into() })
}

impl World {
    fn replacements(&self) -> ReplacementsClient<Channel> {
        ReplacementsClient::new(self.stack.channel("fulfilment"))
    }

    /// The article of a purchase is back and in order, and goes out again as is wanted. Says the order's id.
    async fn replace(&self, kind: &str, purchase: &str, reason: &str, wanted: Option<(&str, i64)>) -> String {
        let line = LineRequest {
            purchase_id: purchase.into(),
            line_id: "1".into(),
            quantity: 1,
            reason: reason.into(),
            resaleable: Some(true),
            wanted_product_id: wanted.map(|(product_id, _)| product_id.to_owned()).unwrap_or_default(),
            wanted_price: wanted.and_then(|(_, minor)| cny(minor)),
            ..Default::default()
        };
        let asked = RequestServiceOrderRequest {
            customer_id: kernel::id::derived("customer", &[purchase]).to_string(),
            origin: Some(OrderOrigin { kind: "counter".into(), reference: "s-1".into() }),
            kind: kind.into(),
            lines: vec![line],
            confirmed: true,
            segment: String::new(),
            compensation: None,
        };
        let mut staff = self.fulfilment();
        let order_id = staff.request_service_order(request(CLERK, asked)).await.unwrap().into_inner().id;
        self.bring_back(&order_id).await;
        order_id
    }

    /// The article comes to the shop and is found to be in order.
    async fn bring_back(&self, order_id: &str) {
        let (mut staff, order_id) = (self.fulfilment(), order_id.to_owned());
        let parcel = ReceiveGoodsRequest { order_id: order_id.clone(), place: "s-1".into(), ..Default::default() };
        staff.receive_goods(request(CLERK, parcel)).await.unwrap();
        let whole = InspectionResult { quantity: 1, accepted: true, grade: "a".into(), disposition: "restock".into() };
        let (id, results) = (order_id.clone(), vec![whole]);
        let inspection = InspectGoodsRequest { order_id: id, line_no: 1, results, ..Default::default() };
        staff.inspect_goods(request("staff:inspector-wu", inspection)).await.unwrap();
        self.stack.settle().await;
    }

    /// An exchange, with a reason, approved by another and agreed.
    async fn agree_on_an_exchange(&self, id: &str) {
        let mut staff = self.complaints();
        let draft = DraftSolutionRequest {
            complaint_id: id.into(),
            remedies: vec![Remedy { kind: RemedyKind::Exchange.into(), ..Default::default() }],
            text: "another one of the same".into(),
            exception_reason: "she wants to keep it".into(),
            ..Default::default()
        };
        staff.draft_solution(request("staff:agent-sun", draft)).await.unwrap();
        let submit = SubmitSolutionRequest { complaint_id: id.into() };
        staff.submit_solution(request("staff:agent-sun", submit)).await.unwrap();
        let version = self.complaint(id).await.solution_version;
        self.approve("staff:manager-zhao", id, version).await.unwrap();
        self.offer_approved(id).await.unwrap();
        self.consent(id, version).await;
    }

    async fn order(&self, order_id: &str) -> ServiceOrderView {
        let wanted = GetServiceOrderRequest { order_id: order_id.into() };
        self.fulfilment().get_service_order(request(CLERK, wanted)).await.unwrap().into_inner().order.unwrap()
    }

    async fn attempts(&self, order_id: &str) -> Vec<ReplacementView> {
        self.order(order_id).await.request.unwrap().replacements
    }

    /// The last attempt is shipped, and this becomes of its parcel. Says its id.
    async fn send(&self, order_id: &str, outcome: &str) -> String {
        let replacement_id = self.attempts(order_id).await.pop().unwrap().pieces.unwrap().replacement_id;
        let (order_id, id) = (order_id.to_owned(), replacement_id.clone());
        let mut warehouse = self.replacements();
        let reserve = ReserveReplacementRequest { order_id: order_id.clone(), replacement_id };
        warehouse.reserve_replacement(request(WAREHOUSE, reserve)).await.unwrap();
        let pick = PickReplacementRequest { order_id: order_id.clone(), replacement_id: id.clone() };
        warehouse.pick_replacement(request(WAREHOUSE, pick)).await.unwrap();
        let ship = ShipReplacementRequest {
            order_id: order_id.clone(),
            replacement_id: id.clone(),
            carrier: "sf".into(),
            tracking_number: format!("SF-{id}"),
        };
        warehouse.ship_replacement(request(WAREHOUSE, ship)).await.unwrap();
        self.arrive(&order_id, &id, outcome).await;
        id
    }

    async fn arrive(&self, order_id: &str, replacement_id: &str, outcome: &str) {
        let (order_id, replacement_id, outcome) = (order_id.into(), replacement_id.into(), outcome.into());
        let delivery = RecordDeliveryRequest { order_id, replacement_id, outcome };
        self.replacements().record_delivery(request(WAREHOUSE, delivery)).await.unwrap();
        self.stack.settle().await;
    }

    /// How the order stands, and all that the provider paid by now, in how many payments.
    async fn settled(&self, order_id: &str) -> (String, i64, usize) {
        let ledger = self.ledger().await;
        let paid = ledger.totals.get("CNY").copied().unwrap_or_default();
        (self.order(order_id).await.status, paid, ledger.entries.len())
    }
}

#[tokio::test]
async fn r_ful_05_a_dearer_article_goes_out_once_the_customer_paid_the_difference() {
    let world = World::open().await;
    let purchase = world.sell("x-1").await;
    let order = world.replace("exchange", &purchase, "no_reason", Some(("p-10", 2_000))).await;
    let one = world.attempts(&order).await.remove(0);
    assert_eq!(one.difference_due, cny(750));
    let replacement_id = one.pieces.unwrap().replacement_id;
    let reserve = ReserveReplacementRequest { order_id: order.clone(), replacement_id: replacement_id.clone() };
    let early = world.replacements().reserve_replacement(request(WAREHOUSE, reserve)).await.unwrap_err();
    assert!(early.message().contains("reserved when the difference was paid"), "{early:?}");
    // The customer thinks about it for a week, and nobody is blamed for that.
    world.stack.advance(SignedDuration::from_hours(168)).await;
    assert!(world.stack.events::<EscalationRaised>("complaint").await.is_empty());
    let paid = |minor| RecordDifferencePaidRequest {
        order_id: order.clone(),
        replacement_id: replacement_id.clone(),
        reference: "till-7-4711".into(),
        amount: cny(minor),
        taken_by_provider: false,
        place: String::new(),
    };
    let little = world.replacements().record_difference_paid(request(CLERK, paid(700))).await.unwrap_err();
    assert!(little.message().contains("no such difference is due"), "{little:?}");
    for _ in 0..2 {
        world.replacements().record_difference_paid(request(CLERK, paid(750))).await.unwrap();
    }
    world.send(&order, "delivered").await;
    assert_eq!(world.settled(&order).await, ("completed".into(), 0, 0));
    assert_eq!((world.booked(&order, "goods").await, world.booked(&order, "cash").await), (750, 750));
    assert_eq!(world.attempts(&order).await[0].differences_paid, [cny(750).unwrap()]);
    world.nothing_is_parked().await;
}

#[tokio::test]
async fn r_ful_05_a_cheaper_article_gives_the_difference_back_exactly_once() {
    let world = World::open().await;
    let purchase = world.sell("x-2").await;
    world.mood("silent_after_paying").await;
    let order = world.replace("exchange", &purchase, "no_reason", Some(("p-11", 1_000))).await;
    world.send(&order, "delivered").await;
    assert_eq!(world.settled(&order).await, ("in_progress".into(), 250, 1), "it left, and nobody has told us yet");
    world.mood("normal").await;
    world.stack.advance(SignedDuration::from_secs(5)).await;
    assert_eq!(world.settled(&order).await, ("completed".into(), 250, 1));
    assert_eq!((world.booked(&order, "goods").await, world.booked(&order, "cash").await), (-250, -250));
    world.nothing_is_parked().await;
}

#[tokio::test]
async fn r_ful_05_a_reshipment_that_is_lost_twice_ends_in_the_money_and_its_lateness_is_raised() {
    let world = World::open().await;
    let purchase = world.sell("x-3").await;
    let order = world.replace("reship", &purchase, "not_as_described.wrong_article", None).await;
    for hours in [50, 30] {
        world.stack.advance(SignedDuration::from_hours(hours)).await;
    }
    let raised: Vec<EscalationRaised> = world.stack.events("complaint").await;
    let late = |one: &&EscalationRaised| one.trigger() == EscalationTrigger::PromiseLate;
    assert_eq!(raised.iter().filter(late).count(), 1, "{raised:?}");
    let first = world.send(&order, "lost").await;
    world.arrive(&order, &first, "lost").await;
    world.send(&order, "lost").await;
    let attempts = world.attempts(&order).await;
    let seen: Vec<_> = attempts.iter().map(|one| one.status.as_str()).collect();
    assert_eq!(seen, ["lost", "lost", "undecided"], "told twice is lost once, and both parcels stay on record");
    let replacement_id = attempts[2].pieces.clone().unwrap().replacement_id;
    let take = TakeMoneyInsteadRequest { order_id: order.clone(), replacement_id };
    for _ in 0..2 {
        world.replacements().take_money_instead(request(CLERK, take.clone())).await.unwrap();
    }
    world.stack.settle().await;
    assert_eq!(world.settled(&order).await, ("completed".into(), 1_250, 1));
    let raised: Vec<EscalationRaised> = world.stack.events("complaint").await;
    let closed: Vec<EscalationClosed> = world.stack.events("complaint").await;
    for raised in raised.iter().filter(|raised| raised.order_id == order) {
        let ends = closed.iter().filter(|closed| closed.escalation_id == raised.escalation_id);
        let ends: Vec<_> = ends.map(|closed| (closed.settled, closed.reason.is_empty())).collect();
        assert_eq!(ends, [(true, false)], "it is over, and says by what: {raised:?}");
    }
    world.nothing_is_parked().await;
}

#[tokio::test]
async fn r_ful_17_an_agreed_exchange_that_cannot_be_had_is_raised_to_who_decides_anew() {
    let world = World::open().await;
    let (purchase, id) = complaint_from_a_bad_answer(&world).await;
    world.investigate(&id).await;
    world.agree_on_an_exchange(&id).await;
    let of = ListServiceOrdersRequest { complaint_id: id.clone(), ..Default::default() };
    let order = world.fulfilment().list_service_orders(request(CLERK, of)).await.unwrap().into_inner().orders.remove(0);
    let order_id = order.order_id;
    let line = LineRequest {
        purchase_id: purchase,
        line_id: "1".into(),
        quantity: 1,
        reason: "quality.defect".into(),
        ..Default::default()
    };
    let (lines, complete) = (vec![line], order_id.clone());
    let complete = CompleteAgreedOrderRequest { order_id: complete, lines, ..Default::default() };
    world.fulfilment().complete_agreed_order(request(CLERK, complete)).await.unwrap();
    world.bring_back(&order_id).await;
    let replacement_id = world.attempts(&order_id).await.pop().unwrap().pieces.unwrap().replacement_id;
    let none = ReportOutOfStockRequest { order_id: order_id.clone(), replacement_id };
    world.replacements().report_out_of_stock(request(WAREHOUSE, none)).await.unwrap();
    let (of, goods_returned) = (order_id.clone(), "SF-back-1".to_owned());
    let end = CancelServiceOrderRequest { order_id: of, reason: "discontinued".into(), goods_returned };
    world.fulfilment().cancel_service_order(request(CLERK, end)).await.unwrap();
    world.stack.settle().await;
    assert_eq!(world.settled(&order_id).await, ("cancelled".into(), 0, 0));
    assert_eq!(world.complaint(&id).await.progress[0].status, "failed");
    let raised = world.raised(&id, EscalationTrigger::RemedyFailed).await;
    assert_eq!(raised.len(), 1, "a person decides what is agreed instead");
    world.nothing_is_parked().await;
}
