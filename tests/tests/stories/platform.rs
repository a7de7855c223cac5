//! Story of a selling platform whose pushes are only hints: what it says is pulled, once for however many hints, and the complaint
//! about it ends in a refund. The platform is played.
use std::sync::{Arc, Mutex};

use axum::{Json, Router, extract::State, routing::get};
use contracts::{
    common::v1::{Channel, RemedyKind},
    complaint::v1::ComplaintRecorded,
    fulfilment::v1::RefundSucceeded,
    intake::v1::{CaseContactAdded, CaseRegistered},
};
use hmac::{Hmac, KeyInit, Mac};
use jiff::{SignedDuration, tz};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::world::{World, serve};

const SECRET: &str = "helloworld";

/// The platform's service: how often it was asked for, and what the customer wrote in it.
type Service = Arc<Mutex<(u32, &'static str)>>;

async fn service(State(service): State<Service>) -> Json<Value> {
    let mut service = service.lock().unwrap();
    service.0 += 1;
    Json(
        json!({ "afsServiceId": 77, "customerPin": "jd_wang", "customerName": "Wang Fang", "customerTel": "13800138000",
                 "orderId": "jd-1", "questionDesc": service.1, "afsApplyTime": 1_772_438_300_000_i64 }),
    )
}

impl World {
    /// The platform says that something happened to service 77, signed with this secret; says what it was answered.
    async fn hint(&self, secret: &str, message_id: &str) -> u16 {
        let at = tz::offset(8).to_datetime(self.stack.now()).strftime("%Y-%m-%d %H:%M:%S").to_string();
        let fields = [
            ("app_key", "app"),
            ("event", "afs_created"),
            ("message_id", message_id),
            ("service_id", "77"),
            ("timestamp", &at),
        ];
        let text: String = fields.iter().flat_map(|(name, value)| [*name, *value]).collect();
        let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap().chain_update(text);
        let sign: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02X}")).collect();
        let address = format!("{}/v1/channels/jd", self.stack.base_url("intake"));
        let form = fields.iter().map(|(name, value)| format!("{name}={}", value.replace(' ', "+").replace(':', "%3A")));
        let body = form.chain([format!("sign={sign}")]).collect::<Vec<_>>().join("&");
        let push = self.http.post(address).header("content-type", "application/x-www-form-urlencoded");
        let answer = push.body(body).send().await.unwrap();
        self.stack.settle().await;
        answer.status().as_u16()
    }
}

#[tokio::test]
async fn r_int_01_a_platforms_push_is_only_a_hint_and_its_service_ends_in_one_refund() {
    let platform: Service = Arc::new(Mutex::new((0, "瓶子漏了，要求退款")));
    let pull = serve(Router::new().route("/services", get(service)).with_state(Arc::clone(&platform))).await;
    let world = World::open_with(|name, settings| {
        if name == "intake" {
            let jd = json!({ "kind": "signed_form", "app_key": "app", "secret": SECRET, "sign_method": "hmac_sha256",
                             "pull_url": format!("{pull}/services") });
            settings.service["channels"] = json!({ "jd": jd });
        }
    })
    .await;
    let now = world.stack.now();
    let sale = json!({
        "order_ref": "jd-1", "channel": "platform", "store": "s-1", "delivered_at": now.to_string(),
        "bought_at": (now - SignedDuration::from_hours(48)).to_string(), "paid": { "minor": 1250, "currency": "CNY" },
        "lines": [{ "line_id": "1", "product_id": "p-9", "category": "skin_care", "batch": "b-77", "quantity": 1,
                    "paid": { "minor": 1250, "currency": "CNY" } }],
        "customer": { "ref": "jd_wang", "name": "Wang Fang", "phone": "+8613800138000" }
    });
    let sold = world.http.post(format!("{}/v1/sales", world.stack.base_url("intake")));
    let sold = sold.header("content-type", "application/x-ndjson").body(sale.to_string()).send().await.unwrap();
    assert_eq!(sold.status(), 200);
    world.stack.settle().await;

    assert_eq!(world.hint("another secret", "m-0").await, 401, "whoever has not the secret");
    assert_eq!(platform.lock().unwrap().0, 0, "nothing is pulled for a stranger");
    for message in ["m-1", "m-1", "m-2"] {
        assert_eq!(world.hint(SECRET, message).await, 200);
    }
    assert_eq!(platform.lock().unwrap().0, 2, "pulled for each message once");
    let [case] = world.stack.events::<CaseRegistered>("intake").await.try_into().unwrap();
    assert_eq!(case.channel(), Channel::Platform);
    let bought = kernel::id::derived("purchase", &["platform", "jd-1"]).to_string();
    assert_eq!((case.purchase_id.as_str(), case.complaint_id.is_empty()), (bought.as_str(), false));
    let [complaint] = world.stack.events::<ComplaintRecorded>("complaint").await.try_into().unwrap();

    // The customer adds to it there: the next hint brings that, and it is the same case.
    platform.lock().unwrap().1 = "瓶子漏了，要求退款。盖子也裂了";
    assert_eq!(world.hint(SECRET, "m-3").await, 200);
    let [added] = world.stack.events::<CaseContactAdded>("intake").await.try_into().unwrap();
    assert_eq!((&added.case_id, &added.complaint_id), (&case.case_id, &complaint.complaint_id));

    let id = complaint.complaint_id;
    world.complete_record(&id).await;
    world.investigate(&id).await;
    let version = world.offer(&id, RemedyKind::Refund, 1250).await;
    world.consent(&id, version).await;
    world.satisfied(&id, true).await;
    let refunds = world.stack.events::<RefundSucceeded>("fulfilment").await;
    assert_eq!(refunds.iter().map(|one| one.amount.as_ref().unwrap().minor).collect::<Vec<_>>(), [1250]);
    assert_eq!(world.status(&id).await, "closed");
    world.nothing_is_parked().await;
}
