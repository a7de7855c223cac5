//! The gRPC door: the gateway's word, lists and counts, and requests that are wrong.
use contracts::{common::v1::Page, outreach::v1::*};
use testkit::{request, wrong_fields};
use tonic::Code;
use uuid::Uuid;

use crate::world;

#[tokio::test]
async fn the_gateways_word_makes_it_delivered_but_only_after_it_was_sent() {
    let world = world().await;
    *world.mail.answer.lock().unwrap() = 451;
    let message = world.offered().await;
    let confirm = || ConfirmDeliveryRequest { message_id: message.message_id.clone() };
    let early = world.client().confirm_delivery(request("service:gateway", confirm())).await.unwrap_err();
    assert_eq!((early.code(), early.message()), (Code::FailedPrecondition, "the message is not on record as sent"));

    *world.mail.answer.lock().unwrap() = 250;
    world.wait(30).await;
    for _ in 0..2 {
        let receipt =
            world.client().confirm_delivery(request("service:gateway", confirm())).await.unwrap().into_inner();
        assert_eq!((receipt.status.as_str(), receipt.id.as_str()), ("delivered", message.message_id.as_str()));
    }
    let delivered: Vec<MessageDelivered> = world.events().await;
    assert_eq!(delivered.len(), 1);
    let view = world.again(&message).await;
    assert_eq!((view.status.as_str(), view.medium()), ("delivered", Medium::Email));
    assert_eq!(view.sent_at, Some(backbone::proto::timestamp(world.stack.now())));
}

#[tokio::test]
async fn lists_come_in_pages_newest_first_and_counts_by_state() {
    let world = world().await;
    let mut expected = Vec::new();
    for minute in 0..5 {
        world.contacts.are(if minute == 2 { "" } else { "li@example.cn" }, "");
        expected.insert(0, world.offered().await.message_id);
        world.wait(60).await;
    }
    let ask = |status: &str, size, token: &str| ListMessagesRequest {
        status: status.into(),
        page: Some(Page { size, token: token.into() }),
        ..ListMessagesRequest::default()
    };
    let (mut got, mut token) = (Vec::new(), String::new());
    loop {
        let page = world.client().list_messages(ask("", 2, &token)).await.unwrap().into_inner();
        got.extend(page.messages.into_iter().map(|m| m.message_id));
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(got, expected);
    let failed = world.client().list_messages(ask("failed", 0, "")).await.unwrap().into_inner().messages;
    assert_eq!(failed.iter().map(|m| &m.message_id).collect::<Vec<_>>(), [&expected[2]]);
    let overview = world.client().get_overview(GetOverviewRequest {}).await.unwrap().into_inner().messages;
    let counts: Vec<(&str, u64)> = overview.iter().map(|c| (c.key.as_str(), c.count)).collect();
    assert_eq!(counts, [("failed", 1), ("sent", 4)]);
}

#[tokio::test]
async fn wrong_requests_are_told_everything_that_is_wrong() {
    let world = world().await;
    let mut client = world.client();
    let unknown = Uuid::new_v4().to_string();
    let id = |message_id: &str| GetMessageRequest { message_id: message_id.into() };
    let confirm = |message_id: &str| ConfirmDeliveryRequest { message_id: message_id.into() };
    assert_eq!(wrong_fields(&client.get_message(id("x")).await.unwrap_err()), ["message_id"]);
    let mut wrong = request("gateway", confirm("x"));
    wrong.metadata_mut().insert("idempotency-key", "".parse().unwrap());
    let metadata = ["metadata.aftercare-actor", "metadata.idempotency-key", "message_id"];
    assert_eq!(wrong_fields(&client.confirm_delivery(wrong).await.unwrap_err()), metadata);
    for missing in [
        client.get_message(id(&unknown)).await.unwrap_err(),
        client.confirm_delivery(request("service:gateway", confirm(&unknown))).await.unwrap_err(),
    ] {
        assert_eq!(missing.code(), Code::NotFound);
        assert!(missing.message().starts_with("there is no message"), "{missing}");
    }

    let far = format!("{unknown}~{}", "9".repeat(19));
    for (size, token, wrong) in [
        (201, "x", vec!["status", "about_id", "page.size", "page.token"]),
        (1, &*format!("{unknown}~x"), vec!["status", "about_id", "page.token"]),
        (1, &format!("{unknown}~{}", "1".repeat(200)), vec!["status", "about_id", "page.token"]),
        (1, &far, vec!["status", "about_id", "page.token"]),
    ] {
        let page = Some(Page { size, token: token.into() });
        let list = ListMessagesRequest { status: "lost".into(), about_id: "x".into(), page };
        let refused = client.list_messages(list).await.unwrap_err();
        assert_eq!(wrong_fields(&refused), wrong, "{token}");
        assert!(refused.message().contains("queued, sent, delivered, failed"), "{refused}");
    }
}
