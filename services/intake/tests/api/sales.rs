//! Purchases come in, once each, whatever is told how often.
use contracts::intake::v1::{PurchaseDelivered, PurchaseRecorded};
use serde_json::{Value, json};
use testkit::Stack;

use super::{a_sale, count, post_sales, sale_with, start};

async fn told(stack: &Stack, lines: &[Value]) -> (u64, u64, u64) {
    let reply = post_sales(stack, lines).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    let body = reply.json();
    let number = |name: &str| body[name].as_u64().unwrap();
    (number("recorded"), number("updated"), number("unchanged"))
}

#[tokio::test]
async fn an_order_is_recorded_once_and_delivered_once() {
    let stack = start().await;
    let delivered = json!({ "delivered_at": "2026-02-25T12:00:00+08:00" });
    assert_eq!(told(&stack, &[a_sale("A-1"), sale_with("A-2", delivered.clone())]).await, (2, 0, 0));
    assert_eq!(told(&stack, &[a_sale("A-1"), a_sale("A-2")]).await, (0, 0, 2));
    assert_eq!(told(&stack, &[sale_with("A-1", delivered.clone()), a_sale("A-3"), a_sale("A-3")]).await, (1, 1, 1));
    assert_eq!(told(&stack, &[sale_with("A-1", delivered)]).await, (0, 0, 1));

    let recorded: Vec<PurchaseRecorded> = stack.events("intake").await;
    assert_eq!(recorded.len(), 3);
    let first = recorded.iter().find(|event| event.order_ref == "A-1").unwrap();
    assert_eq!(first.purchase_id, kernel::id::derived("purchase", &["website", "A-1"]).to_string());
    assert_eq!(first.delivered_at, None);
    assert_eq!(
        first.bought_at.unwrap().seconds,
        "2026-02-20T10:00:00Z".parse::<jiff::Timestamp>().unwrap().as_second()
    );
    assert_eq!(first.paid.as_ref().unwrap().minor, 5000);
    let lines: Vec<_> = first.lines.iter().map(|l| (l.line_id.as_str(), l.batch.as_str(), l.quantity)).collect();
    assert_eq!(lines, [("1", "L7", 2), ("2", "", 1)]);
    assert!(recorded.iter().any(|event| event.order_ref == "A-2" && event.delivered_at.is_some()));

    let arrived: Vec<PurchaseDelivered> = stack.events("intake").await;
    assert_eq!(arrived.len(), 1);
    assert_eq!((&arrived[0].purchase_id, &arrived[0].customer_id), (&first.purchase_id, &first.customer_id));
}

#[tokio::test]
async fn what_of_a_line_is_tax_freight_and_discount_is_told_as_far_as_the_seller_tells_it() {
    let stack = start().await;
    let mut sale = a_sale("A-1");
    let minor = |minor: i64| json!({ "minor": minor, "currency": "CNY" });
    sale["lines"][0]["tax"] = minor(300);
    sale["lines"][0]["discount"] = minor(0);
    assert_eq!(told(&stack, &[sale.clone()]).await, (1, 0, 0));
    assert_eq!(told(&stack, &[sale]).await, (0, 0, 1));
    let other = post_sales(&stack, &[a_sale("A-1")]).await;
    assert_eq!((other.status, other.wrong()), (409, vec!["lines".to_owned()]), "what was sold does not change");
    let recorded: Vec<PurchaseRecorded> = stack.events("intake").await;
    let minor = |amount: &Option<contracts::common::v1::Money>| amount.as_ref().map(|one| one.minor);
    let line = &recorded[0].lines[0];
    assert_eq!((minor(&line.tax), minor(&line.freight), minor(&line.discount)), (Some(300), None, Some(0)));
}

#[tokio::test]
async fn by_which_means_an_order_was_paid_is_told_in_their_order() {
    let stack = start().await;
    let part = |kind: &str, minor: i64| json!({ "kind": kind, "paid": { "minor": minor, "currency": "CNY" } });
    let mut points = part("points", 1_000);
    points["points"] = 20_000.into();
    let paid = json!({ "tenders": [points, part("gift_card", 1_500), part("card", 2_500)] });
    assert_eq!(told(&stack, &[sale_with("A-1", paid.clone()), a_sale("A-2")]).await, (2, 0, 0));
    assert_eq!(told(&stack, &[sale_with("A-1", paid), a_sale("A-2")]).await, (0, 0, 2));
    let other = post_sales(&stack, &[sale_with("A-1", json!({ "tenders": [part("card", 5_000)] }))]).await;
    assert_eq!((other.status, other.wrong()), (409, vec!["tenders".to_owned()]));
    let recorded: Vec<PurchaseRecorded> = stack.events("intake").await;
    let tenders = |order_ref: &str| {
        let told = recorded.iter().find(|event| event.order_ref == order_ref).unwrap().tenders.iter();
        told.map(|one| (one.tender_no, one.kind(), one.paid.as_ref().unwrap().minor, one.points)).collect::<Vec<_>>()
    };
    use contracts::common::v1::TenderKind as Kind;
    assert_eq!(
        tenders("A-1"),
        [(1, Kind::Points, 1_000, 20_000), (2, Kind::GiftCard, 1_500, 0), (3, Kind::Card, 2_500, 0)]
    );
    assert_eq!(tenders("A-2"), []);
}

#[tokio::test]
async fn what_contradicts_the_record_is_refused_by_line_and_nothing_of_it_is_stored() {
    let stack = start().await;
    told(&stack, &[a_sale("A-1")]).await;
    let other = sale_with("A-1", json!({ "bought_at": "2026-02-21T10:00:00Z" }));
    let within = sale_with("A-5", json!({ "store": "s-2" }));
    let reply = post_sales(&stack, &[a_sale("A-4"), other, a_sale("A-5"), within]).await;
    assert_eq!((reply.status, reply.problem()), (409, "purchase.differs".into()));
    assert_eq!(reply.wrong(), ["bought_at", "store"]);
    let body = reply.json();
    assert_eq!((&body["errors"][0]["line"], &body["errors"][1]["line"]), (&json!(2), &json!(4)));
    assert_eq!(count(&stack, "purchase").await, 1);
}

#[tokio::test]
async fn thousands_of_orders_go_in_one_request() {
    let stack = start().await;
    let lines: Vec<Value> = (0..3000)
        .map(|n| {
            sale_with(&format!("B-{n}"), json!({ "customer": { "ref": format!("C-{}", n % 900), "name": "Ana" } }))
        })
        .collect();
    assert_eq!(told(&stack, &lines).await, (3000, 0, 0));
    assert_eq!(count(&stack, "purchase").await, 3000);
    assert_eq!(count(&stack, "customer").await, 900);
    assert_eq!(count(&stack, "customer_key").await, 900);
    assert_eq!(told(&stack, &lines).await, (0, 0, 3000));
    assert_eq!(count(&stack, "journal").await, 3000);
}
