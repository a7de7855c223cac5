//! Goods that came and belong to nothing that is awaited, over real Postgres: kept, listed, and settled by people.
use contracts::{
    common::v1::Receipt,
    fulfilment::v1::{
        FoundGoodsOverdue, FoundGoodsRecorded, FoundGoodsSettled, FoundGoodsView, FoundPieces, LinePiecesReceived,
        ListFoundGoodsRequest, ReceiveGoodsRequest, RecordFoundGoodsRequest, SettleFoundGoodsRequest,
        found_parcels_client::FoundParcelsClient,
    },
};
use testkit::{request, wrong_fields};
use tonic::{Status, transport::Channel};
use uuid::Uuid;

use crate::{
    returns::{code, line},
    world::World,
};

impl World {
    fn found(&self) -> FoundParcelsClient<Channel> {
        FoundParcelsClient::new(self.stack.channel("fulfilment"))
    }

    async fn found_goods(&self, status: &str) -> Vec<FoundGoodsView> {
        let wanted = ListFoundGoodsRequest { status: status.into(), ..Default::default() };
        self.found().list_found_goods(wanted).await.unwrap().into_inner().found
    }

    async fn settle_found(&self, settle: SettleFoundGoodsRequest) -> Result<Receipt, Status> {
        self.found().settle_found_goods(request("staff:bo", settle)).await.map(|answer| answer.into_inner())
    }

    /// A parcel with a number of its own comes to a shop for an order.
    async fn numbered(&self, order_id: &str, place: &str, parcel: &str) -> Result<Receipt, Status> {
        let parcel = ReceiveGoodsRequest {
            order_id: order_id.into(),
            place: place.into(),
            parcel_reference: parcel.into(),
            ..Default::default()
        };
        self.client().receive_goods(request("staff:ana", parcel)).await.map(|answer| answer.into_inner())
    }
}

fn settle(found_id: &str, how: &str) -> SettleFoundGoodsRequest {
    SettleFoundGoodsRequest { found_id: found_id.into(), how: how.into(), ..Default::default() }
}

#[tokio::test]
async fn a_parcel_of_an_order_that_awaits_nothing_is_refused_and_kept_on_record_once() {
    let world = World::new().await;
    let purchase = world.sold(Some(1), &[(2, 1_000)]).await;
    let id = world.ask_back("return_refund", line(purchase, "0", 1, "no_reason")).await;
    world.numbered(&id, "s-1", "sf-1").await.unwrap();
    for place in ["s-2", "s-3"] {
        let refused = world.numbered(&id, place, "sf-2").await.unwrap_err();
        assert_eq!(code(&refused), "order.goods_already_received");
        assert!(refused.message().contains("kept as found goods"), "{refused:?}");
    }
    let told: Vec<FoundGoodsRecorded> = world.stack.events("fulfilment").await;
    assert_eq!((told.len(), told[0].parcel_reference.as_str(), told[0].place.as_str()), (1, "sf-2", "s-2"));
    let found = world.found_goods("waiting").await;
    let [view] = found.as_slice() else { panic!("{found:?}") };
    let recorded = view.recorded.clone().unwrap();
    assert_eq!((recorded.order_id, view.found_by.as_str(), view.status.as_str()), (id.clone(), "staff:ana", "waiting"));

    let unwilling = SettleFoundGoodsRequest { order_id: id.clone(), ..settle(&recorded.found_id, "assigned") };
    let refused = world.settle_found(unwilling).await.unwrap_err();
    assert_eq!(code(&refused), "order.goods_already_received", "it awaits nothing still");
    assert_eq!(world.found_goods("waiting").await.len(), 1, "and nothing is settled");

    let other = world.ask_back("return_refund", line(purchase, "0", 1, "no_reason")).await;
    let came = vec![LinePiecesReceived { line_no: 1, product_id: String::new(), quantity: 1 }];
    let assign = SettleFoundGoodsRequest { order_id: other.clone(), came, ..settle(&recorded.found_id, "assigned") };
    assert_eq!(world.settle_found(assign.clone()).await.unwrap().status, "assigned");
    assert_eq!(world.settle_found(assign).await.unwrap().status, "assigned", "said twice");
    world.stack.settle().await;
    let goods = world.requested(&other).await.goods;
    assert_eq!((goods[0].awaiting, goods[0].uninspected, goods[0].arrivals[0].place.as_str()), (0, 1, "s-2"));
    let again = SettleFoundGoodsRequest { reason: "no_owner".into(), ..settle(&recorded.found_id, "kept") };
    assert_eq!(code(&world.settle_found(again).await.unwrap_err()), "found.not_now");
    let settled: Vec<FoundGoodsSettled> = world.stack.events("fulfilment").await;
    assert_eq!((settled.len(), settled[0].order_id == other, settled[0].status.as_str()), (1, true, "assigned"));
}

#[tokio::test]
async fn a_parcel_without_a_number_that_is_told_again_with_its_key_is_one_find() {
    let world = World::new().await;
    let purchase = world.sold(Some(1), &[(1, 1_000)]).await;
    let id = world.ask_back("return_refund", line(purchase, "0", 1, "no_reason")).await;
    world.numbered(&id, "s-1", "").await.unwrap();
    let again = |key: &'static str, place: &str| {
        let parcel = ReceiveGoodsRequest { order_id: id.clone(), place: place.into(), ..Default::default() };
        let mut told = request("staff:ana", parcel);
        told.metadata_mut().insert("idempotency-key", key.parse().unwrap());
        told
    };
    for (key, place, found) in [("k-1", "s-2", 1), ("k-1", "s-2", 1), ("k-1", "s-3", 2), ("k-2", "s-2", 3)] {
        let refused = world.client().receive_goods(again(key, place)).await.unwrap_err();
        assert_eq!(code(&refused), "order.goods_already_received");
        assert_eq!(world.found_goods("waiting").await.len(), found, "{key} at {place}");
    }
    assert_eq!(world.stack.events::<FoundGoodsRecorded>("fulfilment").await.len(), 3);
}

#[tokio::test]
async fn a_parcel_nobody_knows_is_recorded_and_sent_back_or_kept_or_was_none() {
    let world = World::new().await;
    let record = |parcel: &str| RecordFoundGoodsRequest {
        place: "warehouse".into(),
        parcel_reference: parcel.into(),
        came: vec![FoundPieces { line_no: 0, product_id: "p-9".into(), quantity: 2 }],
    };
    let mut ids = Vec::new();
    for parcel in ["sf-1", "sf-1", "", ""] {
        let found = world.found().record_found_goods(request("staff:ana", record(parcel))).await.unwrap().into_inner();
        assert_eq!(found.status, "waiting");
        ids.push(found.id);
    }
    assert_eq!(ids[0], ids[1], "the same parcel");
    let send = SettleFoundGoodsRequest { reference: "sf-77".into(), ..settle(&ids[0], "sent_back") };
    let keep = SettleFoundGoodsRequest { reason: "no_owner".into(), ..settle(&ids[2], "kept") };
    let none = SettleFoundGoodsRequest { reason: "told_twice".into(), ..settle(&ids[3], "mistaken") };
    for (settle, status) in [(send, "sent_back"), (keep, "kept"), (none, "mistaken")] {
        assert_eq!(world.settle_found(settle).await.unwrap().status, status);
        let view = world.found_goods(status).await.remove(0);
        assert_eq!((view.settled_by.as_str(), view.settled.unwrap().status.as_str()), ("staff:bo", status));
    }
    assert_eq!((world.found_goods("waiting").await, world.found_goods("").await.len()), (vec![], 3));

    let wrong = |settle| async { wrong_fields(&world.settle_found(settle).await.unwrap_err()) };
    assert_eq!(wrong(settle("x", "eaten")).await, ["found_id", "how"]);
    assert_eq!(wrong(settle(&ids[0], "assigned")).await, ["order_id"]);
    assert_eq!(wrong(settle(&ids[0], "sent_back")).await, ["reference"]);
    assert_eq!(wrong(settle(&ids[0], "kept")).await, ["reason"]);
    let unknown = SettleFoundGoodsRequest { reason: "r".into(), ..settle(&Uuid::new_v4().to_string(), "kept") };
    assert_eq!(world.settle_found(unknown).await.unwrap_err().code(), tonic::Code::NotFound);
    let nowhere = RecordFoundGoodsRequest { came: vec![FoundPieces::default()], ..Default::default() };
    let refused = world.found().record_found_goods(request("staff:ana", nowhere)).await.unwrap_err();
    assert_eq!(wrong_fields(&refused), ["place", "came[0].quantity", "came[0].product_id"]);
}

#[tokio::test]
async fn found_goods_that_nobody_settles_are_told_to_people_once() {
    let world = World::new().await;
    let record = |parcel: &str| RecordFoundGoodsRequest {
        place: "warehouse".into(),
        parcel_reference: parcel.into(),
        came: vec![FoundPieces { line_no: 0, product_id: "p-9".into(), quantity: 2 }],
    };
    let mut ids = Vec::new();
    for parcel in ["sf-1", "sf-2"] {
        let found = world.found().record_found_goods(request("staff:ana", record(parcel))).await.unwrap();
        ids.push(found.into_inner().id);
    }
    let kept = SettleFoundGoodsRequest { reason: "no_owner".into(), ..settle(&ids[1], "kept") };
    world.settle_found(kept).await.unwrap();
    for (hours, expected) in [(167, 0), (1, 1), (999, 1)] {
        world.seconds(hours * 3_600).await;
        let told: Vec<FoundGoodsOverdue> = world.stack.events("fulfilment").await;
        assert_eq!(told.len(), expected, "{hours}");
        assert!(told.iter().all(|one| (one.found_id.as_str(), one.place.as_str()) == (&ids[0], "warehouse")));
    }
    let sent = SettleFoundGoodsRequest { reference: "sf-9".into(), ..settle(&ids[0], "sent_back") };
    assert_eq!(world.settle_found(sent).await.unwrap().status, "sent_back");
}
