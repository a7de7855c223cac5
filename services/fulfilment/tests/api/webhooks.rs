//! A shop system without NATS: what happens to the orders of what it sold, over HTTP, from a real server that fails first.
use contracts::fulfilment::v1::{GetOverviewRequest, RedriveWebhookRequest};
use jiff::SignedDuration;
use serde_json::{Value, json};
use testkit::{Receiver, request, wrong_fields};

use crate::{
    returns::{at_counter, line},
    world::{World, refund_of},
};

/// A chain whose website has this receiver, and whose app another.
async fn world(website: &Receiver, app: &Receiver) -> World {
    World::with(|service| {
        service["webhooks"] = json!({ "website": website.section(), "app": app.section() });
        service["webhook_retry_for"] = "1h".into();
    })
    .await
}

fn types(receiver: &Receiver) -> Vec<(u16, String)> {
    let word = |body: &Value| body["type"].as_str().unwrap().rsplit('.').next().unwrap().to_owned();
    receiver.taken().iter().map(|one| (one.status, word(&one.body))).collect()
}

async fn redrive(world: &World, channel: &str) -> Result<u64, tonic::Status> {
    let asked = RedriveWebhookRequest { channel: channel.into() };
    let answer = world.client().redrive_webhook(request("staff:ana", asked)).await;
    world.stack.settle().await;
    answer.map(|answer| answer.into_inner().redriven)
}

#[tokio::test]
async fn a_shop_system_is_told_what_happens_to_the_orders_of_what_it_sold_and_no_other_is() {
    let (website, app) = (Receiver::open().await, Receiver::open().await);
    let world = world(&website, &app).await;
    website.answers([503, 302]);
    let purchase = world.sold(Some(3), &[(2, 1_000)]).await;
    let asked = at_counter("return_refund", vec![line(purchase, "0", 1, "no_reason")]);
    let order = world.ask("staff:ana", asked).await.unwrap();
    world.stack.settle().await;
    assert_eq!(types(&website), [(503, "OrderRequested".to_owned())], "what is behind the first waits for it");
    world.seconds(1).await;
    world.seconds(2).await;
    let told = types(&website);
    let words: Vec<_> = told.iter().map(|(status, word)| (*status, word.as_str())).collect();
    assert_eq!(
        words[..4],
        [(503, "OrderRequested"), (302, "OrderRequested"), (200, "OrderRequested"), (200, "OrderDecided"),]
    );
    let taken = &website.taken()[2..];
    let versions: Vec<_> = taken.iter().map(|one| one.body["version"].as_u64().unwrap()).collect();
    let all: Vec<_> = (1..=versions.len() as u64).collect();
    assert_eq!(versions, all, "every event of the order, in its order");
    assert!(taken.iter().all(|one| one.body["data"]["order_id"] == order.id && one.body["id"] == one.id));
    assert_eq!(app.taken().len(), 0, "what the website sold is no business of the app");
}

#[tokio::test]
async fn an_agreed_refund_is_told_to_who_sold_and_what_nobody_sold_to_nobody() {
    let (website, app) = (Receiver::open().await, Receiver::open().await);
    let world = world(&website, &app).await;
    let sold = world.sold(Some(3), &[(1, 1_000)]).await;
    world.agree(sold, refund_of(500)).await;
    world.stack.settle().await;
    let told = types(&website);
    assert_eq!(told.last().unwrap(), &(200, "OrderCompleted".to_owned()), "{told:?}");
    let before = told.len();
    let elsewhere = world.bought(&[1_000]).await;
    world.agree(elsewhere, refund_of(500)).await;
    world.stack.settle().await;
    assert_eq!((types(&website).len(), app.taken().len()), (before, 0), "a purchase of no channel");
}

#[tokio::test]
async fn what_a_shop_system_does_not_take_in_its_time_is_kept_and_redriven() {
    let (website, app) = (Receiver::open().await, Receiver::open().await);
    let world = world(&website, &app).await;
    website.answers(std::iter::repeat_n(500, 1_000));
    let sold = world.sold(Some(3), &[(1, 1_000)]).await;
    world.agree(sold, refund_of(500)).await;
    for _ in 0..60 {
        world.stack.advance(SignedDuration::from_mins(5)).await;
    }
    let overview = world.client().get_overview(request("staff:ana", GetOverviewRequest {})).await.unwrap().into_inner();
    let [failed] = overview.failed_webhooks.as_slice() else { panic!("{overview:?}") };
    assert!(failed.key == "website" && failed.count >= 3, "{failed:?}");

    website.answers([]);
    let before = website.taken().len();
    assert_eq!(wrong_fields(&redrive(&world, "shop").await.unwrap_err()), ["channel"]);
    assert_eq!(redrive(&world, "app").await.unwrap(), 0);
    assert_eq!(redrive(&world, "website").await.unwrap(), failed.count);
    let again = &website.taken()[before..];
    assert_eq!(again.len() as u64, failed.count);
    assert!(again.iter().all(|one| one.status == 200));
    assert_eq!(redrive(&world, "website").await.unwrap(), 0);
}
