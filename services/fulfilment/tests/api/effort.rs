//! How much is asked of customers, counted over real Postgres.
use contracts::fulfilment::v1::{LineRequest, OrderEffortExceeded, OrderFinished};

use crate::{
    returns::{at_counter, line},
    world::World,
};

#[tokio::test]
async fn r_ful_09_what_is_asked_of_customers_is_counted_shown_and_told_where_it_is_too_much() {
    let world = World::new().await;
    let simple = world.sold(Some(1), &[(1, 1_000)]).await;
    let id = world.ask_back("return_refund", line(simple, "0", 1, "no_reason")).await;
    world.seconds(1).await;
    world.bring(&id, 1, 0).await;
    let effort = world.requested(&id).await.effort.unwrap();
    assert_eq!((effort.interactions, effort.documents, effort.exceeded), (2, 0, false), "he asked, and brought it");
    assert_eq!((effort.interactions_max, effort.documents_max, effort.policy_version), (4, 3, 1));

    let purchase = world.sold(Some(1), &[(3, 1_000)]).await;
    let papers = LineRequest {
        evidence: (0..4).map(|n| format!("doc:photo-{n}")).collect(),
        ..line(purchase, "0", 3, "no_reason")
    };
    let asked = at_counter("return_refund", vec![papers]);
    let long = world.ask("staff:ana", asked).await.unwrap().id;
    let told: Vec<OrderEffortExceeded> = world.stack.events("fulfilment").await;
    assert_eq!((told.len(), &told[0].order_id), (1, &long), "four documents are one too many");
    world.seconds(1).await;
    world.bring(&long, 2, 1).await;
    assert_eq!(world.stack.events::<OrderEffortExceeded>("fulfilment").await.len(), 1, "once");
    let effort = world.requested(&long).await.effort.unwrap();
    assert_eq!((effort.interactions, effort.documents, effort.exceeded), (2, 4, true));

    let figures = world.overview().await.effort.unwrap();
    assert_eq!((figures.orders, figures.interactions_mean, figures.interactions_p90), (2, 2.0, 2));
    assert_eq!((figures.documents_mean, figures.documents_p90, figures.above_ceiling), (2.0, 4, 0.5));
    let finished: Vec<OrderFinished> = world.stack.events("fulfilment").await;
    let counted: Vec<u32> = finished.iter().map(|one| one.effort.as_ref().unwrap().documents).collect();
    assert_eq!(counted, [0, 4], "others learn it with the end of the order");
    assert!(finished.iter().all(|one| one.kind == "return_refund"), "{finished:?}");
}
