//! The story of a return by mail: a part of it is accepted, and what is paid back goes back by the means it was paid by.
use contracts::{
    common::v1::TenderKind,
    fulfilment::v1::{
        AnswerInspectionRequest, GetCostsRequest, GetOverviewRequest, GetServiceOrderRequest, InspectGoodsRequest,
        InspectionCriterion, InspectionResult, LinePiecesReceived, LineRequest, OrderOrigin, ReceiveGoodsRequest,
        RecordRefundPaidRequest, RequestServiceOrderRequest, RequestView, costs_client::CostsClient,
    },
};
use jiff::SignedDuration;
use serde_json::{Value, json};
use testkit::request;

use crate::world::World;

const CLERK: &str = "staff:clerk-sun";
const WAREHOUSE: &str = "staff:warehouse-wu";

impl World {
    /// Three creams for 99.99, paid by card, points and cash, delivered two days later; says the purchase's id.
    async fn sell_by_three_means(&self) -> String {
        let now = self.stack.now();
        let money = |minor: i64| json!({ "minor": minor, "currency": "CNY" });
        let sale = json!({
            "order_ref": "m-1", "channel": "website", "bought_at": (now - SignedDuration::from_hours(48)).to_string(),
            "delivered_at": now.to_string(), "paid": money(9_999),
            "tenders": [
                { "kind": "points", "paid": money(2_000), "points": 40_000 },
                { "kind": "cash", "paid": money(999) },
                { "kind": "card", "paid": money(7_000) }
            ],
            "lines": [{ "line_id": "1", "product_id": "p-9", "category": "skin_care", "batch": "b-77", "quantity": 3,
                        "paid": money(9_999) }],
            "customer": { "ref": "c-m-1", "name": "Wang Fang", "phone": "+8613800138000" }
        });
        let request = self.http.post(format!("{}/v1/sales", self.stack.base_url("intake")));
        let request = request.header("content-type", "application/x-ndjson").body(sale.to_string());
        let answer: Value = request.send().await.unwrap().json().await.unwrap();
        assert_eq!(answer["recorded"], 1, "{answer}");
        self.stack.settle().await;
        kernel::id::derived("purchase", &["website", "m-1"]).to_string()
    }

    async fn view(&self, order_id: &str) -> (String, RequestView) {
        let wanted = GetServiceOrderRequest { order_id: order_id.into() };
        let order = self.fulfilment().get_service_order(request(CLERK, wanted)).await.unwrap().into_inner().order;
        order.map(|order| (order.status, order.request.unwrap())).unwrap()
    }

    /// What stands on an account of the order's ledger.
    async fn on_account(&self, order_id: &str, account: &str) -> i64 {
        let mut costs = CostsClient::new(self.stack.channel("fulfilment"));
        let ledger = costs.get_costs(GetCostsRequest { order_id: order_id.into() }).await.unwrap().into_inner();
        let on = ledger.balances.into_iter().filter(|balance| balance.account == account);
        on.filter_map(|balance| balance.amount).map(|amount| amount.minor).sum()
    }
}

#[tokio::test]
async fn r_ful_05_return_by_mail_with_partial_acceptance_and_split_tender() {
    let world = World::open().await;
    let purchase = world.sell_by_three_means().await;
    let line = LineRequest {
        purchase_id: purchase,
        line_id: "1".into(),
        quantity: 3,
        reason: "no_reason".into(),
        resaleable: Some(true),
        ..Default::default()
    };
    let asked = RequestServiceOrderRequest {
        customer_id: kernel::id::derived("customer", &["m-1"]).to_string(),
        origin: Some(OrderOrigin { kind: "counter".into(), reference: "s-1".into() }),
        kind: "return_refund".into(),
        lines: vec![line],
        confirmed: true,
        ..Default::default()
    };
    let order = world.fulfilment().request_service_order(request(CLERK, asked)).await.unwrap().into_inner();
    let (_, view) = world.view(&order.id).await;
    let parcel = ReceiveGoodsRequest {
        rma_number: view.form.unwrap().rma_number,
        place: "warehouse".into(),
        came: vec![LinePiecesReceived { line_no: 1, product_id: String::new(), quantity: 3 }],
        parcel_reference: "sf-1001".into(),
        ..Default::default()
    };
    world.fulfilment().receive_goods(request(WAREHOUSE, parcel.clone())).await.unwrap();
    world.fulfilment().receive_goods(request(WAREHOUSE, parcel)).await.unwrap();

    let result = |quantity, accepted, disposition: &str| InspectionResult {
        quantity,
        accepted,
        grade: "a".into(),
        disposition: disposition.into(),
    };
    let found = InspectGoodsRequest {
        order_id: order.id.clone(),
        line_no: 1,
        results: vec![result(2, true, "restock"), result(1, false, "back_to_customer")],
        criteria: vec![InspectionCriterion { code: "seal".into(), passed: false }],
        resaleable: Some(false),
        ..Default::default()
    };
    world.mood_of(json!({ "mode": "silent_after_paying", "tender": "card" })).await;
    world.fulfilment().inspect_goods(request("staff:inspector-he", found)).await.unwrap();
    let agreed = AnswerInspectionRequest { order_id: order.id.clone(), line_no: 1, agreed: true };
    world.fulfilment().answer_inspection(request(CLERK, agreed)).await.unwrap();
    world.stack.settle().await;

    let (status, view) = world.view(&order.id).await;
    assert_eq!((status.as_str(), view.payouts.len()), ("in_progress", 1));
    let portions = &view.payouts[0].portions;
    let shown = |one: &contracts::fulfilment::v1::TenderPortion| {
        (one.tender(), one.amount.as_ref().unwrap().minor, one.points, one.status.clone())
    };
    assert_eq!(
        portions.iter().map(shown).collect::<Vec<_>>(),
        [
            (TenderKind::Points, 1_333, 26_660, "paid".into()),
            (TenderKind::Cash, 666, 0, "due".into()),
            (TenderKind::Card, 4_667, 0, "due".into())
        ],
        "two thirds of what was paid, in proportion, to the cent"
    );
    world.mood("normal").await;
    world.stack.advance(SignedDuration::from_mins(30)).await;
    let cash = RecordRefundPaidRequest { refund_id: portions[1].refund_id.clone(), reference: "till-4711".into() };
    world.fulfilment().record_refund_paid(request("staff:till-ma", cash)).await.unwrap();
    let told = world.provider_told().await;
    assert!(told.refused.values().sum::<u64>() >= 4, "{told:?}");

    let (status, view) = world.view(&order.id).await;
    assert_eq!(
        (status.as_str(), view.payouts[0].status.as_str()),
        ("closed_partial", "paid"),
        "one piece was rejected"
    );
    let provider = world.ledger().await;
    assert_eq!((provider.entries.len(), provider.totals["CNY"]), (2, 6_000), "card and points, each once");
    let (cash, credit) =
        (world.on_account(&order.id, "cash").await, world.on_account(&order.id, "customer_credit").await);
    assert_eq!((cash, credit, world.on_account(&order.id, "refund").await), (-5_333, -1_333, 6_666));
    assert_eq!(-(cash + credit), provider.totals["CNY"] + 666, "our books are the provider's and the till's");
    let overview = world.fulfilment().get_overview(GetOverviewRequest {}).await.unwrap().into_inner();
    let of = |amounts: Vec<contracts::common::v1::Money>| amounts.iter().map(|amount| amount.minor).sum::<i64>();
    assert_eq!((of(overview.refunded), of(overview.paid_by_hand)), (6_000, 666));
    let figures = crate::figures(&world).await;
    let value =
        |metric: &str, part: &str| figures.iter().find(|f| f.metric == metric && f.part == part).and_then(|f| f.value);
    assert_eq!((value("M18", "count"), value("M18", "CNY")), (Some(1.0), Some(6_666.0)), "one decision, three means");
    assert_eq!(value("M34", "CNY.account.refund"), Some(6_666.0));
    let asked = value("M37", "mean.return_refund");
    assert!(asked.is_some_and(|asked| asked >= 1.0), "{asked:?}");
    world.nothing_is_parked().await;
}
