//! What is told of orders that go on while their customers are not there: outreach writes to them by it.
use contracts::{
    common::v1::RemedyKind,
    fulfilment::v1::{OrderAuthorised, OrderOrigin, OrderReviewed, PayoutFailed, RequestServiceOrderRequest},
};
use jiff::SignedDuration;
use stories::payments::Mode;
use uuid::Uuid;

use crate::{
    payouts::stood,
    returns::{at_counter, line},
    world::{World, cny},
};

impl World {
    async fn authorised(&self, id: &str) -> OrderAuthorised {
        let told: Vec<OrderAuthorised> = self.stack.events("fulfilment").await;
        let [told] = told.into_iter().filter(|one| one.order_id == id).collect::<Vec<_>>().try_into().unwrap();
        told
    }

    async fn reviewed(&self, id: &str) -> OrderReviewed {
        let told: Vec<OrderReviewed> = self.stack.events("fulfilment").await;
        told.into_iter().find(|one| one.order_id == id).unwrap()
    }

    fn in_hours(&self, hours: i64) -> Option<contracts::Timestamp> {
        Some(backbone::proto::timestamp(self.stack.now() + SignedDuration::from_hours(hours)))
    }
}

#[tokio::test]
async fn r_ful_03_what_was_agreed_or_reviewed_names_the_number_to_who_was_not_there_and_what_he_asked_for_himself_does_not()
 {
    let world = World::new().await;
    let purchase = world.sold(Some(1), &[(9, 9_000)]).await;
    let (agreed, _) = world.agreed_back(purchase, &[("0", 2)], cny(501)).await;
    let told = world.authorised(&agreed).await;
    let form = world.requested(&agreed).await.form.unwrap();
    assert!(told.untold);
    assert_eq!(
        (&told.rma_number, &told.send_to, told.instructions),
        (&form.rma_number, &form.send_to, form.instructions)
    );
    assert_eq!((told.customer_id, told.case_id), (Uuid::from_u128(7).to_string(), String::new()));
    assert_eq!(told.complaint_id, world.order(agreed.parse().unwrap()).await.opened.unwrap().complaint_id);
    assert_eq!(told.goods_until, world.in_hours(1_440));

    let (exchange, _) = world.promised(RemedyKind::Exchange, None, purchase).await;
    let done = world.complete(&exchange, vec![line(purchase, "0", 1, "quality.defect")], None).await.unwrap();
    let told = world.authorised(&exchange).await;
    assert_eq!((done.as_str(), told.untold, told.rma_number.is_empty()), ("authorised", true, false));

    let case = Uuid::from_u128(3).to_string();
    let asked = RequestServiceOrderRequest {
        origin: Some(OrderOrigin { kind: "case".into(), reference: case.clone() }),
        confirmed: false,
        ..at_counter("return_refund", vec![line(purchase, "0", 1, "no_reason")])
    };
    let himself = world.ask("staff:ana", asked.clone()).await.unwrap().id;
    world.confirm(&himself).await.unwrap();
    let told = world.authorised(&himself).await;
    assert_eq!((told.untold, told.case_id, told.complaint_id.as_str()), (false, case, ""), "who asked has the number");
    let counter = world.ask_back("return_refund", line(purchase, "0", 1, "no_reason")).await;
    assert!(!world.authorised(&counter).await.untold);
    let photo = world.ask_back("refund_only", line(purchase, "0", 1, "quality.defect")).await;
    let told = world.authorised(&photo).await;
    assert_eq!(
        (told.rma_number.as_str(), told.send_to.as_str(), told.goods_until),
        ("", "", None),
        "nothing comes back"
    );
}

#[tokio::test]
async fn r_ful_02_what_people_decided_is_told_with_what_the_customer_has_yet_to_say_or_why_it_was_refused() {
    let world = World::new().await;
    let purchase = world.sold(Some(1), &[(1, 900), (1, 900), (1, 900), (1, 900)]).await;
    let unsure = |line_id| line(purchase, line_id, 1, "discomfort");
    let asked = |confirmed, lines| RequestServiceOrderRequest { confirmed, ..at_counter("return_refund", lines) };
    let waits = world.ask("staff:ana", asked(false, vec![unsure("0")])).await.unwrap();
    assert_eq!(waits.status, "in_review");
    assert_eq!(world.review("staff:bo", &waits.id, true).await.unwrap().status, "eligible");
    let told = world.reviewed(&waits.id).await;
    assert_eq!((told.approved, told.confirmed, told.goods_back), (true, false, true));
    assert_eq!((told.customer_id, told.answer_by), (Uuid::from_u128(7).to_string(), world.in_hours(336)));
    world.confirm(&waits.id).await.unwrap();
    assert!(!world.authorised(&waits.id).await.untold, "who tells his yes hears the number");

    let confirmed = world.ask("staff:ana", asked(true, vec![unsure("1")])).await.unwrap().id;
    world.review("staff:bo", &confirmed, true).await.unwrap();
    let told = world.reviewed(&confirmed).await;
    assert_eq!((told.confirmed, told.goods_back, told.answer_by), (true, true, None));
    assert!(world.authorised(&confirmed).await.untold);

    let lines = vec![unsure("2"), line(purchase, "3", 1, "no_reason")];
    let partly = world.ask("staff:ana", asked(false, lines)).await.unwrap().id;
    assert_eq!(world.review("staff:bo", &partly, false).await.unwrap().status, "eligible", "the rest may be had");
    let told = world.reviewed(&partly).await;
    let decided: Vec<_> = told.decisions.iter().map(|one| one.line_no).collect();
    assert_eq!((told.approved, told.status.as_str(), decided), (false, "eligible", vec![1]));

    let other = world.sold(Some(1), &[(1, 900)]).await;
    let refused = asked(true, vec![line(other, "0", 1, "discomfort")]);
    let refused = world.ask("staff:ana", refused).await.unwrap().id;
    world.review("staff:bo", &refused, false).await.unwrap();
    let told = world.reviewed(&refused).await;
    let receipt = told.decisions[0].receipt.clone().unwrap();
    assert_eq!((told.status.as_str(), receipt.rule.as_str()), ("ineligible", "discomfort_review"));
    assert_eq!((receipt.words.len(), receipt.appeal.len(), told.answer_by), (2, 2, None));
}

#[tokio::test]
async fn r_ful_17_a_share_its_provider_refuses_is_told_with_its_complaint_and_what_it_is() {
    let world = World::new().await;
    let purchase = world.sold(Some(1), &[(2, 1_000)]).await;
    let (id, _) = world.agreed_back(purchase, &[("0", 2)], cny(501)).await;
    world.mood(Mode::Refuse).await;
    world.bring(&id, 2, 0).await;
    assert_eq!(world.stands(&id).await, stood("in_progress", 0));
    let failed = world.stack.events::<PayoutFailed>("fulfilment").await.remove(0);
    let complaint = world.order(id.parse().unwrap()).await.opened.unwrap().complaint_id;
    assert_eq!((failed.complaint_id, failed.amount), (complaint, cny(501)));
    world.calm().await;
    world.repeat(&id, &failed.claim_id).await.unwrap();
    world.stack.settle().await;
    assert_eq!(world.stands(&id).await, stood("completed", 501));

    world.mood(Mode::Refuse).await;
    let other = world.sold(Some(9), &[(1, 1_000)]).await;
    world.ask_back("refund_only", line(other, "0", 1, "quality.defect")).await;
    world.stack.settle().await;
    let asked = world.stack.events::<PayoutFailed>("fulfilment").await.remove(1);
    assert_eq!((asked.complaint_id.as_str(), asked.amount), ("", cny(1_000)));
}
