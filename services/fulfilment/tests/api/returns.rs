//! What the tests of orders that are asked for have in common: what was bought, and how something is asked for.
use contracts::{
    common::v1::{Channel as Bought, Receipt, TenderKind},
    fulfilment::v1::{
        CancelServiceOrderRequest, ConfirmServiceOrderRequest, DecisionReceipt, GetDecisionRequest, LineRequest,
        OrderOrigin, OrderPromise, OrderPromiseMoved, RequestServiceOrderRequest, RequestView,
        ReviewServiceOrderRequest, ReviewedAmount,
    },
    intake::v1::{PurchaseLine, PurchaseRecorded, PurchaseTender},
};
use jiff::SignedDuration;
use testkit::request;
use tonic::Status;
use tonic_types::StatusExt;
use uuid::Uuid;

use crate::world::{World, cny};

/// What a refusal says: its code.
pub fn code(status: &Status) -> String {
    status.get_details_error_info().map(|info| info.reason).unwrap_or_default()
}

/// So many pieces of a line, brought back for a reason.
pub fn line(purchase: Uuid, line_id: &str, quantity: u32, reason: &str) -> LineRequest {
    LineRequest {
        purchase_id: purchase.to_string(),
        line_id: line_id.into(),
        quantity,
        reason: reason.into(),
        resaleable: Some(true),
        ..Default::default()
    }
}

/// At the counter of a shop, confirmed there and then.
pub fn at_counter(kind: &str, lines: Vec<LineRequest>) -> RequestServiceOrderRequest {
    RequestServiceOrderRequest {
        customer_id: Uuid::from_u128(7).to_string(),
        origin: Some(OrderOrigin { kind: "counter".into(), reference: "s-1".into() }),
        kind: kind.into(),
        lines,
        confirmed: true,
        segment: String::new(),
        compensation: None,
    }
}

impl World {
    /// A purchase in the web shop, delivered so many days ago: lines of so many pieces for so much.
    pub async fn sold(&self, days_ago: Option<i64>, lines: &[(u32, i64)]) -> Uuid {
        self.sold_by(days_ago, lines, &[]).await
    }

    /// One of which it is told by which means it was paid: so much each, with points where it is more than none.
    pub async fn sold_by(
        &self,
        days_ago: Option<i64>,
        lines: &[(u32, i64)],
        tenders: &[(TenderKind, i64, u64)],
    ) -> Uuid {
        let tender = |(tender_no, (kind, minor, points)): (u32, &(TenderKind, i64, u64))| PurchaseTender {
            tender_no,
            kind: (*kind).into(),
            paid: cny(*minor),
            points: *points,
        };
        let line = |(n, (quantity, minor)): (usize, &(u32, i64))| PurchaseLine {
            line_id: n.to_string(),
            product_id: format!("p-{n}"),
            category: "skin_care".into(),
            batch: "b-1".into(),
            quantity: *quantity,
            paid: cny(*minor),
            ..PurchaseLine::default()
        };
        let before = |days: i64| self.stack.now() - SignedDuration::from_hours(24 * days);
        let id = Uuid::now_v7();
        let event = PurchaseRecorded {
            purchase_id: id.to_string(),
            customer_id: Uuid::from_u128(7).to_string(),
            channel: Bought::Website.into(),
            bought_at: Some(backbone::proto::timestamp(before(days_ago.unwrap_or(0) + 2))),
            delivered_at: days_ago.map(|days| backbone::proto::timestamp(before(days))),
            lines: lines.iter().enumerate().map(line).collect(),
            paid: cny(lines.iter().map(|(_, minor)| minor).sum()),
            tenders: (1..).zip(tenders).map(tender).collect(),
            ..Default::default()
        };
        self.stack.publish("intake", &event, id, 1).await;
        self.stack.settle().await;
        id
    }

    pub async fn ask(&self, by: &str, asked: RequestServiceOrderRequest) -> Result<Receipt, Status> {
        self.client().request_service_order(request(by, asked)).await.map(|answer| answer.into_inner())
    }

    pub async fn confirm(&self, id: &str) -> Result<Receipt, Status> {
        let confirm = ConfirmServiceOrderRequest { order_id: id.into() };
        self.client().confirm_service_order(request("staff:ana", confirm)).await.map(|answer| answer.into_inner())
    }

    pub async fn review(&self, by: &str, id: &str, approved: bool) -> Result<Receipt, Status> {
        self.review_at(by, id, approved, &[]).await
    }

    /// With what is paid for lines of no purchase.
    pub async fn review_at(
        &self,
        by: &str,
        id: &str,
        approved: bool,
        amounts: &[(u32, i64)],
    ) -> Result<Receipt, Status> {
        let amount = |(line_no, minor): &(u32, i64)| ReviewedAmount { line_no: *line_no, amount: cny(*minor) };
        let (order_id, amounts) = (id.into(), amounts.iter().map(amount).collect());
        let review = ReviewServiceOrderRequest { order_id, approved, reason: "seen".into(), amounts };
        self.client().review_service_order(request(by, review)).await.map(|answer| answer.into_inner())
    }

    pub async fn cancel(&self, id: &str) -> Result<Receipt, Status> {
        let cancel =
            CancelServiceOrderRequest { order_id: id.into(), reason: "not_wanted".into(), ..Default::default() };
        self.client().cancel_service_order(request("staff:ana", cancel)).await.map(|answer| answer.into_inner())
    }

    pub async fn requested(&self, id: &str) -> RequestView {
        self.order(id.parse().unwrap()).await.request.unwrap()
    }

    /// What was told of a promise of an order, and how it stands now.
    pub async fn promises_of(&self, id: &str, kind: &str) -> (Vec<String>, Vec<String>) {
        let moved: Vec<OrderPromiseMoved> = self.stack.events("fulfilment").await;
        let told = moved.into_iter().filter(|moved| moved.order_id == id).filter_map(|moved| moved.promise);
        let of = |all: Vec<OrderPromise>| -> Vec<String> {
            all.into_iter().filter(|one| one.promise == kind).map(|one| one.status).collect()
        };
        (of(told.collect()), of(self.requested(id).await.promises))
    }

    /// A promise of an order runs for so many hours, is warned of, and is late after them; then this is done, and it is met.
    pub async fn is_late_and_met<T>(&self, id: &str, kind: &str, within: i64, done: impl Future<Output = T>) {
        assert_eq!(self.promises_of(id, kind).await.1.last().map(String::as_str), Some("running"), "{kind}");
        let told = self.promises_of(id, kind).await.0.len();
        self.seconds(within * 3_600).await;
        self.seconds(1).await;
        let late: Vec<_> = self.promises_of(id, kind).await.0.split_off(told);
        assert_eq!(late, ["running", "breached"], "{kind}: warned of, and raised");
        done.await;
        self.stack.settle().await;
        let (told, stands) = self.promises_of(id, kind).await;
        let last = (told.last().map(String::as_str), stands.last().map(String::as_str));
        assert_eq!(last, (Some("met_late"), Some("met_late")), "{kind}");
    }

    /// The receipt of the only line.
    pub async fn decision(&self, id: &str, language: &str) -> DecisionReceipt {
        let asked = GetDecisionRequest { order_id: id.into(), language: language.into() };
        let decisions = self.client().get_decision(asked).await.unwrap().into_inner().decisions;
        let [decision] = decisions.try_into().unwrap();
        decision.receipt.unwrap()
    }
}
