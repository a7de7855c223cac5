//! Labels for parcels that come back, from a carrier over HTTP, and what he tells of parcels himself.
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use axum::{
    Json, Router,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use backbone::signature::Secrets;
use contracts::{
    common::v1::Receipt,
    fulfilment::v1::{MakeReturnLabelRequest, ReturnLabelMade, ReturnParcelMoved},
};
use jiff::SignedDuration;
use serde_json::{Value, json};
use testkit::request;
use tonic::{Code, Status};

use crate::{
    replacements::Act,
    returns::{at_counter, code, line},
    world::World,
};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// A carrier who keeps his word: one label a key. What he does not tell of himself he tells when he is asked.
#[derive(Default)]
struct Courier {
    labels: Mutex<BTreeMap<String, Value>>,
    /// Where parcels are; he never saw others.
    parcels: Mutex<BTreeMap<String, Value>>,
    /// What was asked of him, in order: for a label its key, else a tracking number.
    asked: Mutex<Vec<String>>,
    /// What he answers instead, if anything.
    trouble: Mutex<Option<(u16, Value)>>,
}

impl Courier {
    /// Starts him; gives his address.
    #[expect(clippy::disallowed_methods, reason = "the stand-in ends with the test's runtime")]
    async fn open() -> (Arc<Self>, String) {
        let courier = Arc::new(Self::default());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let app = Router::new()
            .route("/labels", post(make))
            .route("/parcels/{number}", get(find))
            .with_state(Arc::clone(&courier));
        tokio::spawn(async move { axum::serve(listener, app).await });
        (courier, url)
    }

    fn answers(&self, trouble: Option<(u16, Value)>) {
        *self.trouble.lock().unwrap() = trouble;
    }

    fn trouble(&self, asked: &str) -> Option<Response> {
        self.asked.lock().unwrap().push(asked.to_owned());
        let trouble = self.trouble.lock().unwrap().clone();
        trouble.map(|(status, body)| (StatusCode::from_u16(status).unwrap(), Json(body)).into_response())
    }

    fn has(&self, tracking_number: &str, status: &str, at: jiff::Timestamp) {
        let found = json!({ "status": status, "at": at.to_string() });
        self.parcels.lock().unwrap().insert(tracking_number.into(), found);
    }

    fn asked(&self) -> usize {
        self.asked.lock().unwrap().len()
    }
}

async fn find(State(courier): State<Arc<Courier>>, Path(number): Path<String>) -> Response {
    if let Some(trouble) = courier.trouble(&number) {
        return trouble;
    }
    let found = courier.parcels.lock().unwrap().get(&number).cloned();
    match found {
        Some(found) => Json(found).into_response(),
        None => (StatusCode::NOT_FOUND, Json(json!({ "code": "never_seen" }))).into_response(),
    }
}

async fn make(State(courier): State<Arc<Courier>>, headers: HeaderMap, Json(parcel): Json<Value>) -> Response {
    let key = headers["idempotency-key"].to_str().unwrap().to_owned();
    if let Some(trouble) = courier.trouble(&key) {
        return trouble;
    }
    let mut labels = courier.labels.lock().unwrap();
    let number = labels.len() + 1;
    labels.entry(key).or_insert(parcel);
    let label =
        json!({ "tracking_number": format!("T-{number}"), "label_url": format!("http://courier/{number}.pdf") });
    Json(label).into_response()
}

async fn world() -> (World, Arc<Courier>) {
    world_of("courier").await
}

async fn world_of(name: &str) -> (World, Arc<Courier>) {
    let (courier, url) = Courier::open().await;
    let world = World::with(|service| {
        service["carrier"] = json!({ "name": name, "url": url, "timeout": "500ms", "callback_secrets": [SECRET] });
    });
    (world.await, courier)
}

impl World {
    async fn returned_by_mail(&self) -> String {
        let purchase = self.sold(Some(1), &[(2, 1_000)]).await;
        let asked = at_counter("return_refund", vec![line(purchase, "0", 2, "no_reason")]);
        self.ask("staff:ana", asked).await.unwrap().id
    }

    async fn label(&self, id: &str) -> Result<Receipt, Status> {
        let asked = request("staff:ana", MakeReturnLabelRequest { order_id: id.into() });
        self.client().make_return_label(asked).await.map(|answer| answer.into_inner())
    }

    /// The carrier tells of a parcel, signed so many seconds ago; gives the status and the code of a refusal.
    async fn carrier_tells(&self, secret: &str, age: i64, body: &Value) -> (u16, String) {
        let body = body.to_string();
        let at = self.stack.now().as_second() - age;
        let signature = Secrets::read(&[secret.into()]).unwrap().sign("msg_1", at, body.as_bytes());
        let answer = testkit::http()
            .post(format!("{}/v1/carrier/callbacks", self.stack.base_url("fulfilment")))
            .header("webhook-id", "msg_1")
            .header("webhook-timestamp", at.to_string())
            .header("webhook-signature", signature)
            .body(body)
            .send()
            .await
            .unwrap();
        let status = answer.status().as_u16();
        let problem: Value = answer.json().await.unwrap_or_default();
        (status, problem["code"].as_str().unwrap_or_default().to_owned())
    }

    fn moved(&self, kind: &str, tracking_number: &str) -> Value {
        let at = self.stack.now().to_string();
        json!({ "type": format!("parcel.{kind}"), "data": { "tracking_number": tracking_number, "at": at } })
    }
}

#[tokio::test]
async fn r_ful_03_a_label_is_made_by_the_carrier_once_and_shown_with_the_form() {
    let (world, courier) = world().await;
    let id = world.returned_by_mail().await;
    courier.answers(Some((500, json!({}))));
    assert_eq!(world.label(&id).await.unwrap_err().code(), Code::Unavailable);
    courier.answers(Some((200, json!({ "tracking_number": "", "label_url": "x" }))));
    assert_eq!(world.label(&id).await.unwrap_err().code(), Code::Unavailable, "what is no label is none");
    courier.answers(Some((422, json!({ "detail": "no such address" }))));
    let refused = world.label(&id).await.unwrap_err();
    assert_eq!(code(&refused), "carrier.refused");
    assert!(refused.message().contains("no such address"), "{}", refused.message());
    assert!(world.requested(&id).await.form.unwrap().label.is_none());

    courier.answers(None);
    for _ in 0..2 {
        assert_eq!(world.label(&id).await.unwrap().status, "authorised");
    }
    let form = world.requested(&id).await.form.unwrap();
    let label = form.label.unwrap();
    assert_eq!((label.carrier.as_str(), label.tracking_number.as_str(), label.status.as_str()), ("courier", "T-1", ""));
    assert_eq!(label.label_reference, "http://courier/1.pdf");
    let asked = courier.labels.lock().unwrap().clone();
    assert_eq!(asked.len(), 1);
    assert_eq!((&asked[&id]["reference"], &asked[&id]["pieces"]), (&json!(form.rma_number), &json!(2)));
    assert_eq!(world.stack.events::<ReturnLabelMade>("fulfilment").await.len(), 1);
}

#[tokio::test]
async fn a_label_needs_a_carrier_and_goods_that_are_awaited() {
    let without = World::new().await;
    let id = without.returned_by_mail().await;
    assert_eq!(code(&without.label(&id).await.unwrap_err()), "carrier.none");
    let (world, courier) = world().await;
    let id = world.returned_by_mail().await;
    world.receive_goods(id.parse().unwrap()).await.unwrap();
    assert_eq!(code(&world.label(&id).await.unwrap_err()), "order.no_goods_expected");
    assert!(courier.labels.lock().unwrap().is_empty(), "he is not asked in vain");
    let nobody = uuid::Uuid::new_v4().to_string();
    assert_eq!(world.label(&nobody).await.unwrap_err().code(), Code::NotFound);
}

#[tokio::test]
async fn a_return_that_its_carrier_has_or_lost_does_not_end_because_nothing_came() {
    let (world, _courier) = world().await;
    let id = world.returned_by_mail().await;
    world.label(&id).await.unwrap();
    assert_eq!(world.carrier_tells(SECRET, 0, &world.moved("in_transit", "T-1")).await, (204, String::new()));
    world.seconds(3_600).await;
    let lost = world.moved("lost", "T-1");
    for _ in 0..2 {
        assert_eq!(world.carrier_tells(SECRET, 0, &lost).await, (204, String::new()));
    }
    world.seconds(1_440 * 3_600).await;
    let view = world.requested(&id).await;
    assert_eq!(world.status(id.parse().unwrap()).await, "authorised");
    assert_eq!((view.form.unwrap().label.unwrap().status.as_str(), view.return_by), ("lost", None));
    let told: Vec<String> =
        world.stack.events::<ReturnParcelMoved>("fulfilment").await.into_iter().map(|moved| moved.status).collect();
    assert_eq!(told, ["in_transit", "lost"]);

    world.receive_goods(id.parse().unwrap()).await.unwrap();
    world.seconds(1).await;
    assert_eq!(world.carrier_tells(SECRET, 0, &world.moved("delivered", "T-1")).await, (204, String::new()));
    let told = world.stack.events::<ReturnParcelMoved>("fulfilment").await;
    assert_eq!(told.iter().map(|one| one.used_up).collect::<Vec<_>>(), [false, false, true], "nobody waits for it now");
}

#[tokio::test]
async fn what_is_forged_stale_strange_or_about_no_parcel_of_ours_moves_nothing() {
    let (world, _courier) = world().await;
    let id = world.returned_by_mail().await;
    world.label(&id).await.unwrap();
    let lost = world.moved("lost", "T-1");
    let other = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    for (secret, age, body, expected) in [
        (other, 0, lost.clone(), (401, "callback.forged")),
        (SECRET, 600, lost, (401, "callback.stale")),
        (SECRET, 0, world.moved("eaten", "T-1"), (422, "callback.malformed")),
        (SECRET, 0, world.moved("lost", "T-9"), (404, "callback.parcel_unknown")),
        (
            SECRET,
            0,
            json!({ "type": "parcel.lost", "data": { "tracking_number": "T-1", "at": "2999-01-01T00:00:00Z" } }),
            (422, "callback.ahead"),
        ),
    ] {
        let (status, code) = world.carrier_tells(secret, age, &body).await;
        assert_eq!((status, code.as_str()), expected, "{body}");
    }
    assert_eq!(world.requested(&id).await.form.unwrap().label.unwrap().status, "");
}

#[tokio::test]
async fn r_ful_05_what_the_carrier_tells_of_a_parcel_is_what_became_of_it() {
    let (world, _courier) = world().await;
    let purchase = world.sold(Some(1), &[(1, 1_000)]).await;
    let id = world.exchange(purchase, None).await;
    for (told, becomes) in [("lost", "wanted"), ("delivered", "delivered")] {
        let one = world.last_attempt(&id).await;
        for act in [Act::Reserve, Act::Pick, Act::Ship] {
            world.act(&one, act).await.unwrap();
        }
        assert_eq!(world.carrier_tells(SECRET, 0, &world.moved("in_transit", "SF-1")).await.0, 204);
        assert_eq!(world.last_attempt(&id).await.status, "shipped");
        assert_eq!(world.carrier_tells(SECRET, 0, &world.moved(told, "SF-1")).await, (204, String::new()));
        world.stack.settle().await;
        assert_eq!(world.last_attempt(&id).await.status, becomes, "{told}");
    }
    assert_eq!(world.carrier_tells(SECRET, 0, &world.moved("delivered", "SF-1")).await.0, 204, "told twice");
    let attempts: Vec<String> = world.requested(&id).await.replacements.into_iter().map(|one| one.status).collect();
    assert_eq!(
        (attempts.as_slice(), world.status(id.parse().unwrap()).await.as_str()),
        (["lost".to_owned(), "delivered".to_owned()].as_slice(), "completed")
    );
}

#[tokio::test]
async fn a_parcel_the_carrier_is_silent_about_is_asked_for_and_what_he_answers_counts_as_if_he_had_told_it() {
    const HOUR: i64 = 3_600;
    // Between two rounds.
    const ROUND: i64 = HOUR / 2;
    let (world, courier) = world_of("sf").await;
    let back = world.returned_by_mail().await;
    world.label(&back).await.unwrap();
    let purchase = world.sold(Some(1), &[(1, 1_000)]).await;
    let exchange = world.exchange(purchase, None).await;
    for act in [Act::Reserve, Act::Pick, Act::Ship] {
        world.act(&world.last_attempt(&exchange).await, act).await.unwrap();
    }
    let made = courier.asked();
    world.seconds(48 * HOUR - 1).await;
    assert_eq!(courier.asked(), made, "nothing is asked before its time");
    world.seconds(ROUND).await;
    let mut asked = courier.asked.lock().unwrap().split_off(made);
    asked.sort();
    assert_eq!(asked, ["SF-1", "T-1"], "each once");
    assert_eq!(world.last_attempt(&exchange).await.status, "shipped", "what he never saw moves nothing");

    courier.has("T-1", "in_transit", world.stack.now());
    courier.has("SF-1", "delivered", world.stack.now());
    world.seconds(48 * HOUR - 1).await;
    assert_eq!(courier.asked(), made, "and again after the same time only");
    world.seconds(ROUND).await;
    assert_eq!(courier.asked(), made + 2);
    assert_eq!(world.status(exchange.parse().unwrap()).await, "completed");
    assert_eq!(world.requested(&back).await.form.unwrap().label.unwrap().status, "in_transit");

    courier.has("T-1", "lost", world.stack.now() + SignedDuration::from_hours(1));
    world.seconds(96 * HOUR).await;
    assert_eq!(world.requested(&back).await.form.unwrap().label.unwrap().status, "lost");
    let asked = courier.asked();
    world.seconds(960 * HOUR).await;
    assert_eq!(courier.asked(), asked, "what ended is not asked for any more");
    let told: Vec<String> =
        world.stack.events::<ReturnParcelMoved>("fulfilment").await.into_iter().map(|moved| moved.status).collect();
    assert_eq!(told, ["in_transit", "lost"]);
}

#[tokio::test]
async fn a_carrier_who_is_out_is_left_in_peace_and_nothing_is_lost_meanwhile() {
    let (world, courier) = world().await;
    let (first, new) = (world.returned_by_mail().await, world.returned_by_mail().await);
    world.label(&first).await.unwrap();
    for _ in 0..4 {
        world.label(&world.returned_by_mail().await).await.unwrap();
    }
    for number in 1..=5 {
        courier.has(&format!("T-{number}"), "delivered", world.stack.now());
    }
    courier.answers(Some((503, json!({ "status": "delivered" }))));
    world.seconds(48 * 3_600).await;
    for _ in 0..6 {
        world.stack.settle().await;
    }
    let asked = courier.asked();
    assert_eq!(asked, 5 + 5, "five labels, and each parcel once, in vain");
    assert_eq!(world.label(&new).await.unwrap_err().code(), Code::Unavailable);
    world.stack.settle().await;
    assert_eq!(courier.asked(), asked, "he rests");
    world.seconds(30).await;
    assert_eq!(world.label(&new).await.unwrap_err().code(), Code::Unavailable);
    assert_eq!(courier.asked(), asked + 1, "one try");
    courier.answers(None);
    assert_eq!(world.label(&new).await.unwrap_err().code(), Code::Unavailable);
    assert_eq!(courier.asked(), asked + 1);
    world.seconds(30).await;
    assert_eq!(world.label(&new).await.unwrap().status, "authorised");
    world.seconds(1_800).await;
    assert_eq!(courier.asked(), asked + 2 + 5, "and what was asked in vain is asked again");
    assert_eq!(world.requested(&first).await.form.unwrap().label.unwrap().status, "delivered");
    assert_eq!(world.stack.events::<ReturnLabelMade>("fulfilment").await.len(), 6);
}

#[tokio::test]
async fn a_parcel_whose_answer_cannot_be_read_or_recorded_holds_up_no_other_and_no_label() {
    let (world, courier) = world().await;
    let mut orders = vec![];
    // More than are looked at in one go, and more that cannot be read than are asked for at once.
    for _ in 0..66 {
        orders.push(world.returned_by_mail().await);
        world.label(orders.last().unwrap()).await.unwrap();
    }
    let (now, days) = (world.stack.now(), SignedDuration::from_hours(24));
    for number in 1..=66 {
        let (status, at) = match number {
            1..=20 => ("eaten", now),
            21..=40 => ("delivered", now + days * 30),
            _ => ("delivered", now),
        };
        courier.has(&format!("T-{number}"), status, at);
    }
    let made = courier.asked();
    world.seconds(48 * 3_600).await;
    for _ in 0..20 {
        world.stack.settle().await;
    }
    let mut asked = courier.asked.lock().unwrap().split_off(made);
    asked.sort();
    let before = asked.len();
    asked.dedup();
    assert_eq!((before, asked.len()), (66, 66), "each once");
    let told = world.stack.events::<ReturnParcelMoved>("fulfilment").await;
    assert_eq!(told.len(), 26, "those he has a word of that can be");
    assert_eq!(world.label(&world.returned_by_mail().await).await.unwrap().status, "authorised");
    let made = courier.asked();
    for _ in 0..6 {
        world.seconds(600).await;
        world.stack.settle().await;
    }
    let asked = courier.asked.lock().unwrap().split_off(made);
    let of = |number: &str| asked.iter().filter(|one| *one == number).count();
    assert!((1..=2).contains(&of("T-1")) && (1..=2).contains(&of("T-20")), "{asked:?}");
    assert_eq!(asked.len(), of("T-1") * 20, "what tells of what is yet to happen is not asked again so soon");
}

#[tokio::test]
async fn a_word_reaches_all_that_goes_out_in_a_parcel_and_none_that_was_shipped_after_it() {
    let (world, _courier) = world().await;
    let mut orders = vec![];
    for _ in 0..2 {
        let purchase = world.sold(Some(1), &[(1, 1_000)]).await;
        let id = world.exchange(purchase, None).await;
        let one = world.last_attempt(&id).await;
        for act in [Act::Reserve, Act::Pick, Act::Ship] {
            world.act(&one, act).await.unwrap();
        }
        orders.push(id);
    }
    let told = |kind: &str, ago| {
        let at = (world.stack.now() - SignedDuration::from_hours(ago)).to_string();
        json!({ "type": format!("parcel.{kind}"), "data": { "tracking_number": "SF-1", "at": at } })
    };
    for kind in ["lost", "delivered", "returned"] {
        assert_eq!(world.carrier_tells(SECRET, 0, &told(kind, 2_000)).await.0, 204);
        for id in &orders {
            assert_eq!(world.last_attempt(id).await.status, "shipped", "who had the number before was told of");
        }
    }
    assert_eq!(world.carrier_tells(SECRET, 0, &told("delivered", 0)).await.0, 204);
    world.stack.settle().await;
    for id in &orders {
        assert_eq!(world.status(id.parse().unwrap()).await, "completed");
    }
}

#[tokio::test]
async fn r_ful_03_a_return_that_is_in_transit_for_ever_is_told_to_people() {
    let (world, _courier) = world().await;
    let id = world.returned_by_mail().await;
    world.label(&id).await.unwrap();
    assert_eq!(world.carrier_tells(SECRET, 0, &world.moved("in_transit", "T-1")).await, (204, String::new()));
    assert_eq!(world.requested(&id).await.return_by, None, "it does not lapse while the carrier has it");
    world.is_late_and_met(&id, "delivery_term", 240, world.receive_goods(id.parse().unwrap())).await;
}
