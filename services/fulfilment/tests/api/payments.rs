//! What customers pay for orders, through the doors: a payment stands for one order, whoever tells it, however many at once.
use contracts::{
    common::v1::Receipt,
    fulfilment::v1::{PaymentTaken, RecordDifferencePaidRequest, replacements_client::ReplacementsClient},
};
use testkit::{request, wrong_fields};
use tonic::{Response, Status};

use crate::{
    replacements::Act,
    returns::code,
    world::{World, cny},
};

impl World {
    /// An exchange that is still to be paid for, with this difference.
    async fn dearer(&self, difference: i64) -> String {
        let purchase = self.sold(Some(1), &[(1, 1_000)]).await;
        self.exchange(purchase, Some(1_000 + difference)).await
    }

    /// Somebody says that its difference was paid: by the provider, or at the till of a place.
    async fn paid_at(&self, order_id: &str, reference: &str, place: Option<&str>) -> Result<Receipt, Status> {
        let one = self.last_attempt(order_id).await;
        let paid = RecordDifferencePaidRequest {
            order_id: order_id.into(),
            replacement_id: one.pieces.unwrap_or_default().replacement_id,
            reference: reference.into(),
            amount: one.difference_due.or(one.differences_paid.first().cloned()),
            taken_by_provider: place.is_none(),
            place: place.unwrap_or_default().into(),
        };
        let mut client = ReplacementsClient::new(self.stack.channel("fulfilment"));
        client.record_difference_paid(request("staff:till", paid)).await.map(Response::into_inner)
    }
}

#[tokio::test]
async fn r_ful_05_a_payment_that_stands_for_another_order_is_refused_by_its_name_and_nothing_moves() {
    let world = World::new().await;
    let (first, second) = (world.dearer(500).await, world.dearer(500).await);
    // Where goods of the order came last there its till is.
    world.paid_at(&first, "t-1", Some("")).await.unwrap();
    world.paid_at(&first, "t-1", Some("")).await.unwrap();
    for place in ["", "s-1"] {
        let refused = world.paid_at(&second, " t-1 ", Some(place)).await.unwrap_err();
        assert_eq!(code(&refused), "payment.stands_for_another_order");
        assert!(refused.message().contains(&first), "{refused:?}");
    }
    let one = world.last_attempt(&second).await;
    assert_eq!((one.difference_due.clone(), one.differences_paid.len()), (cny(500), 0), "nothing moved");
    assert_eq!(code(&world.act(&one, Act::Reserve).await.unwrap_err()), "order.difference_due");

    world.paid_at(&second, "t-1", Some("s-2")).await.unwrap();
    world.act(&one, Act::Reserve).await.unwrap();
    let (third, fourth) = (world.dearer(500).await, world.dearer(500).await);
    world.paid_at(&third, "t-1", None).await.unwrap();
    let refused = world.paid_at(&fourth, "t-1", None).await.unwrap_err();
    assert!(refused.message().contains(&third), "the provider's own reference is one in the whole chain: {refused:?}");
    let taken: Vec<PaymentTaken> = world.stack.events("fulfilment").await;
    let taken: Vec<_> = taken.iter().map(|one| (&one.order_id, one.place.as_str(), one.taken_by_provider)).collect();
    assert_eq!(taken, [(&first, "s-1", false), (&second, "s-2", false), (&third, "", true)]);
    let wrong = world.paid_at(&fourth, "t-9", Some(&"s".repeat(201))).await.unwrap_err();
    assert_eq!(wrong_fields(&wrong), ["place"]);
}

#[tokio::test]
async fn r_ful_05_of_two_orders_that_are_told_one_payment_at_once_one_has_it() {
    let world = World::new().await;
    let mut orders = vec![];
    for _ in 0..6 {
        orders.push(world.dearer(500).await);
    }
    let told = futures::future::join_all(orders.iter().map(|order| world.paid_at(order, "t-1", Some("s-1")))).await;
    let refused: Vec<String> = told.iter().filter_map(|one| one.as_ref().err()).map(code).collect();
    assert_eq!(refused, ["payment.stands_for_another_order"; 5]);
    let mut paid = 0;
    for order in &orders {
        paid += world.last_attempt(order).await.differences_paid.len();
    }
    assert_eq!((paid, world.stack.events::<PaymentTaken>("fulfilment").await.len()), (1, 1));
}
