//! The gRPC door: lists in parts, counts, and clear answers to wrong requests.
use contracts::{
    common::v1::{Count, Page},
    fulfilment::v1::{
        GetOverviewRequest, GetServiceOrderRequest, ListRefundsRequest, ListServiceOrdersRequest, ReceiveGoodsRequest,
    },
};
use testkit::wrong_fields;
use tonic::Code;
use tonic_types::StatusExt;
use uuid::Uuid;

use crate::world::{World, cny, refund_of, return_of};

#[tokio::test]
async fn goods_are_received_once_and_only_where_they_are_expected() {
    let world = World::new().await;
    let purchase = world.bought(&[1_000]).await;
    let (plain, back) = (world.agree(purchase, refund_of(100)).await, world.agree(purchase, return_of(100)).await);

    let keyed = || {
        let mut request =
            testkit::request("staff:ana", ReceiveGoodsRequest { order_id: back.to_string(), ..Default::default() });
        request.metadata_mut().insert("idempotency-key", "k1".parse().unwrap());
        request
    };
    let first = world.client().receive_goods(keyed()).await.unwrap().into_inner();
    let repeat = world.client().receive_goods(keyed()).await.unwrap().into_inner();
    assert_eq!(first, repeat);
    assert_eq!((first.id, first.status), (back.to_string(), "refunding".to_owned()));

    for (order, code, reason) in [
        (back, Code::FailedPrecondition, "order.goods_already_received"),
        (plain, Code::FailedPrecondition, "order.no_goods_expected"),
        (Uuid::new_v4(), Code::NotFound, "service_order.not_found"),
    ] {
        let status = world.receive_goods(order).await.unwrap_err();
        assert_eq!((status.code(), status.get_details_error_info().unwrap().reason.as_str()), (code, reason));
    }
}

#[tokio::test]
async fn wrong_requests_are_told_what_is_wrong() {
    let world = World::new().await;
    let mut nobody = testkit::request("Ana", ReceiveGoodsRequest { order_id: "x".into(), ..Default::default() });
    nobody.metadata_mut().insert("idempotency-key", "k".repeat(201).parse().unwrap());
    let status = world.client().receive_goods(nobody).await.unwrap_err();
    assert_eq!(wrong_fields(&status), ["metadata.aftercare-actor", "metadata.idempotency-key", "order_id"]);
    let status = world.client().get_service_order(GetServiceOrderRequest { order_id: "x".into() }).await.unwrap_err();
    assert_eq!(wrong_fields(&status), ["order_id"]);
    let missing = GetServiceOrderRequest { order_id: Uuid::new_v4().to_string() };
    assert_eq!(world.client().get_service_order(missing).await.unwrap_err().code(), Code::NotFound);

    let page = Some(Page { size: 201, token: "x".into() });
    let request = ListServiceOrdersRequest {
        status: "done".into(),
        complaint_id: "x".into(),
        page,
        origin_reference: "x".repeat(201),
    };
    let status = world.client().list_service_orders(request).await.unwrap_err();
    assert_eq!(wrong_fields(&status), ["status", "complaint_id", "origin_reference", "page.size", "page.token"]);
    for token in [
        "x",
        "00000000-0000-0000-0000-000000000000~yesterday",
        "00000000-0000-0000-0000-000000000000~-004713-01-01T00:00:00Z",
    ] {
        let page = Some(Page { size: 1, token: token.into() });
        let status = world.client().list_refunds(ListRefundsRequest { status: "done".into(), page }).await.unwrap_err();
        assert_eq!(wrong_fields(&status), ["status", "page.token"], "{token}");
    }
}

#[tokio::test]
async fn lists_come_in_parts_newest_first_and_the_overview_counts_them() {
    let world = World::new().await;
    let purchase = world.bought(&[1_000]).await;
    let mut newest_first = Vec::new();
    for minor in 1..=5 {
        newest_first.insert(0, world.agree(purchase, refund_of(minor)).await.to_string());
        world.seconds(1).await;
    }
    let waiting = world.agree(purchase, return_of(6)).await;

    let mut seen = Vec::new();
    let mut token = String::new();
    loop {
        let page = Some(Page { size: 2, token });
        let request = ListServiceOrdersRequest { status: "completed".into(), page, ..Default::default() };
        let answer = world.client().list_service_orders(request).await.unwrap().into_inner();
        seen.extend(answer.orders.into_iter().map(|order| order.order_id));
        token = answer.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(seen, newest_first);

    let opened = world.order(waiting).await.opened.unwrap();
    assert!(opened.goods_first);
    let request = ListServiceOrdersRequest { complaint_id: opened.complaint_id, ..ListServiceOrdersRequest::default() };
    let of_complaint = world.client().list_service_orders(request).await.unwrap().into_inner().orders;
    assert_eq!(of_complaint.len(), 1);

    let page = Some(Page { size: 3, token: String::new() });
    let first = ListRefundsRequest { status: "succeeded".into(), page };
    let answer = world.client().list_refunds(first).await.unwrap().into_inner();
    let page = Some(Page { size: 3, token: answer.next_page_token });
    let rest = world.client().list_refunds(ListRefundsRequest { status: "succeeded".into(), page }).await.unwrap();
    let amounts: Vec<_> =
        answer.refunds.into_iter().chain(rest.into_inner().refunds).map(|refund| refund.amount).collect();
    assert_eq!(amounts, [cny(5), cny(4), cny(3), cny(2), cny(1)]);

    let overview = world.client().get_overview(GetOverviewRequest {}).await.unwrap().into_inner();
    let count = |key: &str, count| Count { key: key.into(), count };
    assert_eq!(overview.orders, [count("awaiting_goods", 1), count("completed", 5)]);
    assert_eq!(overview.refunds, [count("succeeded", 5)]);
    assert_eq!(overview.refunded, [cny(15).unwrap()]);
}
