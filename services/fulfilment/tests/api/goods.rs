//! Goods that were asked back, through the doors: received in any shop, inspected, disputed, or never seen again.
use contracts::{
    common::v1::Receipt,
    fulfilment::v1::{
        AnswerInspectionRequest, GoodsInspected, GoodsLapsed, GoodsView, InspectGoodsRequest, InspectionAnswered,
        InspectionCriterion, InspectionResult, LinePieces, LinePiecesReceived, LineRequest, OrderPromiseMoved,
        ReceiveGoodsRequest, RuleOnInspectionRequest, UnitsGivenBack,
    },
};
use testkit::{request, wrong_fields};
use tonic::{Code, Status};
use uuid::Uuid;

use crate::{
    returns::{at_counter, code, line},
    world::{World, return_of},
};

const HOUR: i64 = 3600;

pub fn result(quantity: u32, accepted: bool, disposition: &str) -> InspectionResult {
    InspectionResult { quantity, accepted, grade: "a".into(), disposition: disposition.into() }
}

impl World {
    /// A return of so many pieces at the counter, authorised: its id and the number on the parcel.
    async fn return_of_pieces(&self, quantity: u32) -> (String, String) {
        let purchase = self.sold(Some(1), &[(quantity, 1_000)]).await;
        let order =
            self.ask("staff:ana", at_counter("return_refund", vec![line(purchase, "0", quantity, "no_reason")]));
        let id = order.await.unwrap().id;
        let number = self.requested(&id).await.form.unwrap().rma_number;
        (id, number)
    }

    async fn parcel(&self, place: &str, number: &str, came: &[(u32, u32)]) -> Result<Receipt, Status> {
        self.numbered_parcel((place, ""), number, came).await
    }

    async fn numbered_parcel(
        &self,
        (place, parcel): (&str, &str),
        number: &str,
        came: &[(u32, u32)],
    ) -> Result<Receipt, Status> {
        let one = |(line_no, quantity): &(u32, u32)| {
            let product_id = if *line_no == 0 { "p-7" } else { "" }.to_owned();
            LinePiecesReceived { line_no: *line_no, product_id, quantity: *quantity }
        };
        let came = came.iter().map(one).collect();
        let (rma_number, place, parcel_reference) = (number.into(), place.into(), parcel.into());
        let parcel = ReceiveGoodsRequest { rma_number, place, came, parcel_reference, ..Default::default() };
        self.client().receive_goods(request("staff:ana", parcel)).await.map(|answer| answer.into_inner())
    }

    pub async fn inspect(&self, id: &str, line_no: u32, results: Vec<InspectionResult>) -> Result<Receipt, Status> {
        let inspection = InspectGoodsRequest {
            order_id: id.into(),
            line_no,
            results,
            criteria: vec![InspectionCriterion { code: "seal".into(), passed: false }],
            photos: vec!["doc:photo-2".into()],
            resaleable: Some(false),
            ..Default::default()
        };
        self.client().inspect_goods(request("staff:eve", inspection)).await.map(|answer| answer.into_inner())
    }

    pub async fn answer(&self, id: &str, agreed: bool) -> Result<Receipt, Status> {
        let answer = AnswerInspectionRequest { order_id: id.into(), line_no: 1, agreed };
        self.client().answer_inspection(request("staff:ana", answer)).await.map(|answer| answer.into_inner())
    }

    async fn rule(&self, by: &str, id: &str, approved: bool) -> Result<Receipt, Status> {
        let rule = RuleOnInspectionRequest { order_id: id.into(), line_no: 1, approved, reason: "seen".into() };
        self.client().rule_on_inspection(request(by, rule)).await.map(|answer| answer.into_inner())
    }

    pub async fn goods(&self, id: &str) -> Vec<GoodsView> {
        self.requested(id).await.goods
    }
}

/// Awaiting, uninspected, accepted, rejected, lapsed.
pub fn places(goods: &GoodsView) -> [u32; 5] {
    [goods.awaiting, goods.uninspected, goods.accepted, goods.rejected, goods.lapsed]
}

#[tokio::test]
async fn r_ful_04_goods_come_back_in_parts_to_any_shop_and_are_inspected_with_who_what_and_when() {
    let world = World::new().await;
    let (id, number) = world.return_of_pieces(3).await;
    assert_eq!(places(&world.goods(&id).await[0]), [3, 0, 0, 0, 0]);
    assert_eq!(world.parcel("s-2", &number, &[(1, 2)]).await.unwrap().status, "in_progress");
    let rest = world.numbered_parcel(("warehouse", "sf-2"), &number.to_lowercase(), &[(1, 1)]).await;
    assert_eq!(rest.unwrap().status, "in_progress");
    let goods = world.goods(&id).await;
    assert_eq!(places(&goods[0]), [0, 3, 0, 0, 0]);
    let arrivals: Vec<_> = goods[0].arrivals.iter().map(|one| (one.place.as_str(), one.quantity)).collect();
    assert_eq!(arrivals, [("s-2", 2), ("warehouse", 1)]);

    let results = vec![result(2, true, "restock"), result(1, true, "outlet")];
    world.inspect(&id, 1, results).await.unwrap();
    let goods = world.goods(&id).await;
    assert_eq!((places(&goods[0]), goods[0].settled), ([0, 0, 3, 0, 0], true));
    let inspection = &goods[0].inspections[0];
    assert_eq!(inspection.by, "staff:eve");
    assert_eq!(inspection.at, Some(backbone::proto::timestamp(world.stack.now())));
    assert_eq!((inspection.results[1].disposition.as_str(), inspection.photos[0].as_str()), ("outlet", "doc:photo-2"));
    assert_eq!((inspection.criteria[0].code.as_str(), inspection.criteria[0].passed), ("seal", false));
    assert_eq!(inspection.renewed, None);
    let promises: Vec<_> = world.requested(&id).await.promises.into_iter().map(|one| one.status).collect();
    assert_eq!(promises[0], "met");
}

#[tokio::test]
async fn goods_are_received_once_however_many_shops_say_so() {
    let world = World::new().await;
    let (id, number) = world.return_of_pieces(1).await;
    let (one, other) = tokio::join!(world.parcel("s-1", &number, &[]), world.parcel("s-2", &number, &[]));
    let refused: Vec<_> = [one, other].into_iter().filter_map(Result::err).collect();
    assert_eq!(refused.iter().map(code).collect::<Vec<_>>(), ["order.goods_already_received"]);
    assert_eq!(places(&world.goods(&id).await[0]), [0, 1, 0, 0, 0]);
    assert_eq!(world.parcel("s-1", "RNOTHING", &[]).await.unwrap_err().code(), Code::NotFound);
    assert_eq!(code(&world.cancel(&id).await.unwrap_err()), "order.not_now", "what came back is not cancelled away");
}

#[tokio::test]
async fn r_ful_04_a_piece_that_two_shops_tell_is_counted_once_while_another_one_is_awaited() {
    let world = World::new().await;
    let (id, number) = world.return_of_pieces(2).await;
    world.parcel("s-1", &number, &[(1, 1)]).await.unwrap();
    let before = world.stack.journal("fulfilment").await.len();
    for came in [&[(1, 1)][..], &[(0, 1)], &[]] {
        let refused = world.parcel("s-2", &number, came).await.unwrap_err();
        assert_eq!(code(&refused), "goods.received_elsewhere");
        assert!(refused.message().contains("parcel_reference"), "{refused:?}");
    }
    assert_eq!(world.stack.journal("fulfilment").await.len(), before, "nothing moved, nothing was kept");
    assert_eq!(places(&world.goods(&id).await[0]), [1, 1, 0, 0, 0]);
    world.numbered_parcel(("s-2", "s-2:receipt-17"), &number, &[(1, 1)]).await.unwrap();
    assert_eq!(places(&world.goods(&id).await[0]), [0, 2, 0, 0, 0], "it says which one it is");
}

#[tokio::test]
async fn what_is_too_much_or_another_article_is_a_line_of_its_own() {
    let world = World::new().await;
    let (id, number) = world.return_of_pieces(1).await;
    world.parcel("s-1", &number, &[(1, 3), (0, 1)]).await.unwrap();
    let goods = world.goods(&id).await;
    let seen: Vec<_> =
        goods.iter().map(|one| (one.line_no, one.surplus, one.product_id.as_str(), one.uninspected)).collect();
    assert_eq!(seen, [(1, false, "p-0", 1), (2, true, "p-0", 2), (3, true, "p-7", 1)]);
    let refused = world.inspect(&id, 2, vec![result(2, true, "restock")]).await.unwrap_err();
    assert_eq!(code(&refused), "order.surplus_not_accepted");
    world.inspect(&id, 2, vec![result(2, false, "back_to_customer")]).await.unwrap();
    assert_eq!(
        code(&world.inspect(&id, 1, vec![result(2, true, "restock")]).await.unwrap_err()),
        "order.not_to_inspect"
    );
}

#[tokio::test]
async fn pieces_that_are_rejected_need_a_new_decision_and_the_customers_word() {
    let world = World::new().await;
    let (id, number) = world.return_of_pieces(2).await;
    world.parcel("s-1", &number, &[]).await.unwrap();
    let results = vec![result(1, true, "restock"), result(1, false, "back_to_customer")];
    world.inspect(&id, 1, results).await.unwrap();
    let goods = world.goods(&id).await;
    let renewed = goods[0].inspections[0].renewed.clone().unwrap();
    assert_eq!((renewed.rule.as_str(), goods[0].settled), ("no_reason_not_resaleable", false));
    assert_eq!(renewed.facts.unwrap().resaleable, Some(false), "as it was found");
    world.answer(&id, true).await.unwrap();
    let goods = world.goods(&id).await;
    assert_eq!((places(&goods[0]), goods[0].settled), ([0, 0, 1, 1, 0], true));
    assert_eq!(code(&world.answer(&id, false).await.unwrap_err()), "order.nothing_to_answer");
    let back: Vec<UnitsGivenBack> = world.stack.events("fulfilment").await;
    assert_eq!(back[0].lines[0].quantity, 1, "what he takes back he may ask for again");
    let told: Vec<GoodsInspected> = world.stack.events("fulfilment").await;
    assert!(told[0].renewed.is_some());
    let heard: Vec<InspectionAnswered> = world.stack.events("fulfilment").await;
    assert_eq!((told[0].inspection_no, heard[0].inspection_nos.as_slice()), (1, [1].as_slice()), "what was answered");
    let found = &goods[0].inspections[0];
    let within = told[0].answer_by.unwrap().seconds - found.at.unwrap().seconds;
    assert_eq!(
        (told[0].customer_id.as_str(), within),
        (Uuid::from_u128(7).to_string().as_str(), 336 * HOUR),
        "outreach asks him"
    );
}

#[tokio::test]
async fn who_does_not_agree_is_heard_by_another_person_than_the_inspector() {
    let world = World::new().await;
    let (id, number) = world.return_of_pieces(1).await;
    world.parcel("s-1", &number, &[]).await.unwrap();
    world.inspect(&id, 1, vec![result(1, false, "back_to_customer")]).await.unwrap();
    world.answer(&id, false).await.unwrap();
    assert_eq!(code(&world.rule("staff:eve", &id, true).await.unwrap_err()), "order.own_inspection");
    world.rule("staff:bo", &id, true).await.unwrap();
    let goods = world.goods(&id).await;
    assert_eq!((places(&goods[0]), goods[0].settled), ([0, 0, 1, 0, 0], true));
    assert_eq!(goods[0].inspections[0].ruling.as_ref().unwrap().by, "staff:bo");
}

#[tokio::test]
async fn r_ful_07_opened_goods_that_caused_discomfort_cannot_be_rejected_for_being_opened() {
    let world = World::new().await;
    let purchase = world.sold(Some(2), &[(1, 9_900)]).await;
    let tried = LineRequest { discomfort: Some(true), ..line(purchase, "0", 1, "discomfort.skin") };
    let order = world.ask("staff:ana", at_counter("return_refund", vec![tried])).await.unwrap();
    let number = world.requested(&order.id).await.form.unwrap().rma_number;
    world.parcel("s-1", &number, &[]).await.unwrap();
    let refused = world.inspect(&order.id, 1, vec![result(1, false, "back_to_customer")]).await.unwrap_err();
    assert_eq!(code(&refused), "order.still_granted");
    world.inspect(&order.id, 1, vec![result(1, true, "quarantine")]).await.unwrap();
}

#[tokio::test]
async fn goods_that_never_come_free_their_pieces_and_the_money_that_waits_for_them() {
    let world = World::new().await;
    let (id, number) = world.return_of_pieces(2).await;
    let purchase = world.bought(&[1_000]).await;
    let agreed = world.agree(purchase, return_of(1_000)).await;
    assert!(world.requested(&id).await.return_by.is_some());
    world.parcel("s-1", &number, &[(1, 1)]).await.unwrap();
    world.seconds(1_440 * HOUR - 1).await;
    assert_eq!(
        (world.status(agreed).await.as_str(), places(&world.goods(&id).await[0])),
        ("awaiting_goods", [1, 1, 0, 0, 0])
    );
    world.seconds(1).await;
    assert_eq!((world.status(agreed).await.as_str(), places(&world.goods(&id).await[0])), ("failed", [0, 1, 0, 0, 1]));
    assert_eq!(world.requested(&id).await.return_by, None);
    assert_eq!(world.stack.events::<GoodsLapsed>("fulfilment").await.len(), 1);
    assert_eq!(code(&world.receive_goods(agreed).await.unwrap_err()), "order.not_now");
    let again = world.agree(purchase, return_of(1_000)).await;
    assert_eq!(world.status(again).await, "awaiting_goods", "its money was freed");
    let (never, _) = world.return_of_pieces(1).await;
    world.seconds(1_440 * HOUR).await;
    assert_eq!(world.status(never.parse().unwrap()).await, "cancelled");
    assert_eq!(world.requested(&never).await.cancelled_because, "goods_lapsed");
}

#[tokio::test]
async fn an_inspection_nobody_makes_is_late() {
    let world = World::new().await;
    let (id, number) = world.return_of_pieces(1).await;
    world.parcel("s-1", &number, &[]).await.unwrap();
    world.seconds(72 * HOUR).await;
    world.seconds(1).await;
    let told: Vec<OrderPromiseMoved> = world.stack.events("fulfilment").await;
    let statuses: Vec<_> = told.iter().map(|one| one.promise.as_ref().unwrap().status.as_str()).collect();
    assert_eq!(statuses, ["running", "breached"]);
    world.inspect(&id, 1, vec![result(1, true, "restock")]).await.unwrap();
    assert_eq!(world.requested(&id).await.promises[0].status, "met_late");
}

#[tokio::test]
async fn parcels_and_inspections_are_told_everything_that_is_wrong() {
    let world = World::new().await;
    let came = vec![LinePiecesReceived { line_no: 0, product_id: String::new(), quantity: 0 }];
    let parcel =
        ReceiveGoodsRequest { place: "Ana's shop".into(), came, parcel_reference: "a b".into(), ..Default::default() };
    let status = world.client().receive_goods(request("staff:ana", parcel)).await.unwrap_err();
    assert_eq!(
        wrong_fields(&status),
        ["order_id", "place", "came[0].quantity", "came[0].product_id", "parcel_reference"]
    );
    let inspection = InspectGoodsRequest {
        results: vec![InspectionResult { quantity: 0, accepted: true, grade: "A!".into(), disposition: "sea".into() }],
        criteria: vec![InspectionCriterion { code: String::new(), passed: true }],
        photos: vec!["seen by Eve".into()],
        ..Default::default()
    };
    let status = world.client().inspect_goods(request("staff:eve", inspection)).await.unwrap_err();
    assert_eq!(
        wrong_fields(&status),
        [
            "order_id",
            "line_no",
            "results[0].quantity",
            "results[0].grade",
            "results[0].disposition",
            "criteria[0].code",
            "photos[0]",
        ]
    );
    let nothing = InspectGoodsRequest { order_id: "x".into(), line_no: 1, ..Default::default() };
    let status = world.client().inspect_goods(request("staff:eve", nothing)).await.unwrap_err();
    assert_eq!(wrong_fields(&status), ["order_id", "results"]);
    assert_eq!(wrong_fields(&world.answer("x", true).await.unwrap_err()), ["order_id"]);
    assert_eq!(wrong_fields(&world.rule("staff:bo", "x", true).await.unwrap_err()), ["order_id"]);
}

#[tokio::test]
async fn the_database_refuses_an_order_that_loses_a_piece_or_counts_it_twice() {
    let world = World::new().await;
    let (id, number) = world.return_of_pieces(3).await;
    world.parcel("s-1", &number, &[(1, 2), (0, 1)]).await.unwrap();
    let pool = world.stack.pool("fulfilment");
    for (path, value) in [
        ("{request,lines,0,leg,goods,awaiting}", "2"),
        ("{request,lines,0,leg,goods,awaiting}", "0"),
        ("{request,lines,0,leg,goods,accepted}", "1"),
        ("{request,lines,0,leg,goods,lapsed}", "\"1\""),
        ("{request,lines,0,leg,goods,lapsed}", "null"),
        ("{request,lines,0,leg,goods}", r#"{"awaiting":4,"uninspected":-1,"accepted":0,"rejected":0,"lapsed":0}"#),
        ("{request,lines,0,leg,goods}", r#"{"awaiting":3}"#),
        ("{request,lines,0,quantity}", "4"),
        ("{request,lines,0,quantity}", "null"),
        // Received is what came.
        ("{request,lines,0,leg,arrivals}", "[]"),
        ("{request,lines,0,leg,arrivals,0,quantity}", "1"),
        ("{request,lines,0,leg,goods}", r#"{"awaiting":0,"uninspected":3,"accepted":0,"rejected":0,"lapsed":0}"#),
        // All of what came beside is there, and none of it is awaited.
        ("{request,surplus,0,leg,goods,uninspected}", "0"),
        ("{request,surplus,0,leg,goods,uninspected}", "2"),
        ("{request,surplus,0,leg,goods}", r#"{"awaiting":1,"uninspected":0,"accepted":0,"rejected":0,"lapsed":0}"#),
        ("{request,surplus,0,leg,arrivals}", "[]"),
        ("{request,surplus,0,leg}", "{}"),
    ] {
        let change = "update service_order set state = jsonb_set(state, $2::text[], $3::jsonb) where id = $1";
        let id: uuid::Uuid = id.parse().unwrap();
        let done = sqlx::query(change).bind(id).bind(path).bind(value).execute(&pool).await;
        assert!(done.is_err(), "{path} {value}");
        let error = done.unwrap_err();
        let constraint = error.as_database_error().and_then(|error| error.constraint());
        assert_eq!(constraint, Some("every_piece_is_somewhere"), "{path} {value}: {error}");
    }
}

#[tokio::test]
async fn r_ful_04_an_inspection_the_customer_disputes_is_promised_a_ruling() {
    let world = World::new().await;
    let (id, number) = world.return_of_pieces(1).await;
    world.parcel("s-1", &number, &[]).await.unwrap();
    world.inspect(&id, 1, vec![result(1, false, "back_to_customer")]).await.unwrap();
    assert!(world.promises_of(&id, "ruling_term").await.1.is_empty(), "the customer is waited for");
    world.answer(&id, false).await.unwrap();
    world.is_late_and_met(&id, "ruling_term", 72, world.rule("staff:bo", &id, true)).await;
}

#[tokio::test]
async fn goods_that_never_come_after_their_money_are_told_as_given() {
    let world = World::new().await;
    let purchase = world.sold(Some(2), &[(1, 9_900), (1, 500)]).await;
    let tried = LineRequest { discomfort: Some(true), ..line(purchase, "0", 1, "discomfort.skin") };
    let asked = at_counter("return_refund", vec![tried, line(purchase, "1", 1, "no_reason")]);
    let id = world.ask("staff:ana", asked).await.unwrap().id;
    world.stack.settle().await;
    assert_eq!(world.payouts(&id).await[0].status, "paid", "the money came first");
    world.seconds(1_440 * HOUR).await;
    let lapsed: Vec<GoodsLapsed> = world.stack.events("fulfilment").await;
    let pieces = |all: &[LinePieces]| all.iter().map(|one| (one.line_no, one.quantity)).collect::<Vec<_>>();
    assert_eq!((pieces(&lapsed[0].pieces), pieces(&lapsed[0].given)), (vec![(1, 1), (2, 1)], vec![(1, 1)]));
    assert_eq!(world.status(id.parse().unwrap()).await, "closed_partial");
}
