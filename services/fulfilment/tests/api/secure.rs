//! A payment provider and a shop system that are reached over TLS only, with certificates of an authority of the chain's own.
use serde_json::json;
use stories::payments::Running;
use testkit::{Authority, Receiver};

use crate::world::{World, refund_of};

fn provider() -> Running {
    Running::start(([127, 0, 0, 1], 0).into(), None).unwrap()
}

#[tokio::test]
async fn r_sec_01_money_goes_back_and_a_shop_is_told_over_tls() {
    let (provider, shop, authority) = (provider(), Receiver::open().await, Authority::new());
    let till = authority.before("127.0.0.1", &provider.url()).await;
    let events = authority.before("127.0.0.1", &shop.url).await;
    let world = World::of(provider, |settings| {
        settings.outside.ca_file = Some(authority.file().to_path_buf());
        settings.service["payments"]["url"] = till.url.clone().into();
        settings.service["webhooks"] = json!({ "website": { "url": events.url, "secret": Receiver::SECRET } });
    })
    .await;
    let purchase = world.sold(Some(3), &[(1, 1_000)]).await;
    let order = world.agree(purchase, refund_of(500)).await;
    world.stack.settle().await;
    assert_eq!(world.status(order).await, "completed");
    assert_eq!(world.paid().await.iter().map(|(_, minor)| *minor).collect::<Vec<_>>(), [500]);
    let told = shop.taken();
    assert!(told.last().unwrap().body["type"].as_str().unwrap().ends_with("OrderCompleted"), "{told:?}");
    assert!(till.let_in() > 0 && events.let_in() > 0, "both through their doors");
}

#[tokio::test]
async fn r_sec_01_a_provider_with_a_certificate_nobody_here_trusts_is_told_nothing_and_no_money_is_lost() {
    let (provider, authority) = (provider(), Authority::new());
    let till = authority.before("127.0.0.1", &provider.url()).await;
    let world = World::of(provider, |settings| settings.service["payments"]["url"] = till.url.clone().into()).await;
    let purchase = world.bought(&[1_000]).await;
    let order = world.agree(purchase, refund_of(500)).await;
    assert_ne!(world.status(order).await, "completed");
    assert_eq!(world.refund().await.status, "unknown");
    assert_eq!((world.paid().await.len(), till.let_in()), (0, 0));
}
