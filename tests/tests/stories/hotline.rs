//! Story of a call to the hotline: an agent hears a complaint, and it ends in a refund the customer is told of. The calls are
//! told as a telephone system pushes them, also twice.
use base64::{Engine as _, prelude::BASE64_STANDARD};
use contracts::{
    common::v1::{Channel, RemedyKind},
    complaint::v1::ComplaintRecorded,
    fulfilment::v1::RefundSucceeded,
    intake::v1::{CallEnded, CallOutcome, CaseClosed, CaseRegistered},
    outreach::v1::{MessageSent, Purpose},
};
use hmac::{Hmac, KeyInit, Mac};
use jiff::SignedDuration;
use serde_json::{Value, json};
use sha2::Sha256;

use crate::world::World;

/// A secret of Standard Webhooks, without its prefix.
const SECRET: &str = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

impl World {
    /// The telephone system reports a call, signed with this secret as Standard Webhooks has it; says how it was answered.
    async fn report(&self, secret: &str, id: &str, report: &Value) -> u16 {
        let (at, body) = (self.stack.now().as_second(), report.to_string());
        let key = BASE64_STANDARD.decode(secret).unwrap();
        let mac = Hmac::<Sha256>::new_from_slice(&key).unwrap().chain_update(format!("{id}.{at}.{body}"));
        let signature = format!("v1,{}", BASE64_STANDARD.encode(mac.finalize().into_bytes()));
        let push = self.http.post(format!("{}/v1/channels/pbx", self.stack.base_url("intake")));
        let push = push.header("webhook-id", id).header("webhook-timestamp", at).header("webhook-signature", signature);
        let answer = push.body(body).send().await.unwrap();
        self.stack.settle().await;
        answer.status().as_u16()
    }
}

#[tokio::test]
async fn r_int_01_a_call_to_the_hotline_ends_in_a_refund_the_customer_is_told_of() {
    let world = World::open_with(|name, settings| {
        if name == "intake" {
            let secrets = [format!("whsec_{SECRET}")];
            settings.service["channels"] = json!({ "pbx": { "kind": "calls", "secrets": secrets } });
        }
    })
    .await;
    world.sell("o-1").await;
    let mut call = json!({ "call_id": "c-1", "event": "offered", "at": world.stack.now().to_string() });
    assert_eq!(world.report(SECRET, "m-1", &call).await, 200);
    assert!(world.stack.events::<CaseRegistered>("intake").await.is_empty(), "it rings");

    world.stack.move_clock(SignedDuration::from_secs(12));
    call["event"] = "answered".into();
    call["at"] = world.stack.now().to_string().into();
    call["wait_seconds"] = 12.into();
    call["case"] = json!({
        "customer": { "name": "Wang Fang", "phone": "+8613800138000" }, "class": "product_quality", "emotion": "angry",
        "content": "the pump leaks", "circumstances": "from the first day on", "expected_resolution": "my money back",
        "purchase": { "channel": "website", "order_ref": "o-1" }, "product_id": "p-9", "batch": "b-77"
    });
    assert_eq!(world.report(&SECRET.replace('M', "N"), "m-2", &call).await, 401, "whoever has not the secret");
    // The telephone system did not hear our answer; then it counts its messages anew.
    for id in ["m-2", "m-2", "m-3"] {
        assert_eq!(world.report(SECRET, id, &call).await, 200);
    }
    let [case] = world.stack.events::<CaseRegistered>("intake").await.try_into().unwrap();
    let [ended] = world.stack.events::<CallEnded>("intake").await.try_into().unwrap();
    assert_eq!((ended.outcome(), ended.wait_seconds, &ended.case_id), (CallOutcome::Answered, 12, &case.case_id));
    assert_eq!(case.channel(), Channel::Hotline);
    assert_eq!(case.purchase_id, kernel::id::derived("purchase", &["website", "o-1"]).to_string());
    let [recorded] = world.stack.events::<ComplaintRecorded>("complaint").await.try_into().unwrap();
    let id = recorded.complaint_id;
    assert_eq!(
        (&id, world.complaint(&id).await.record_missing),
        (&case.complaint_id, vec![]),
        "nothing is asked twice"
    );

    world.investigate(&id).await;
    let version = world.submit(&id, RemedyKind::Refund, 1250).await;
    assert!(world.offer_approved(&id).await.is_err(), "nobody has approved it");
    assert!(world.approve("staff:agent-sun", &id, version).await.is_err(), "its author cannot");
    world.approve("staff:manager-zhao", &id, version).await.unwrap();
    world.offer_approved(&id).await.unwrap();
    assert!(world.ledger().await.entries.is_empty(), "nothing is paid before consent");
    world.consent(&id, version).await;

    let paid: Vec<i64> = world.ledger().await.entries.iter().map(|entry| entry.amount.minor).collect();
    assert_eq!((paid, world.stack.events::<RefundSucceeded>("fulfilment").await.len()), (vec![1250], 1));
    let mut told: Vec<Purpose> =
        world.stack.events::<MessageSent>("outreach").await.iter().map(MessageSent::purpose).collect();
    told.retain(|purpose| *purpose != Purpose::FollowUp);
    assert_eq!(told, [Purpose::Offer, Purpose::Result]);
    let last = world.messages().pop().unwrap();
    assert_eq!(last["to"], "+8613800138000", "by the number the agent took down");
    assert_eq!(world.status(&id).await, "satisfaction_check");
    world.satisfied(&id, true).await;
    assert_eq!((world.status(&id).await, world.complaint(&id).await.outcome), ("closed".into(), "satisfied".into()));
    let [closed] = world.stack.events::<CaseClosed>("intake").await.try_into().unwrap();
    assert_eq!(closed.case_id, case.case_id);
    world.nothing_is_parked().await;
}
