//! Stories of an offer that waits for its answer: the customer says nothing, or writes and is heard.
use contracts::{
    common::v1::RemedyKind,
    complaint::v1::{CustomerWrote, EscalationTrigger, ListOverdueRequest},
    outreach::v1::{MessageSent, Purpose},
};
use jiff::SignedDuration;
use serde_json::json;
use testkit::request;

use crate::{DAY, world::World};

impl World {
    /// Up to `offered`; says the solution's version.
    async fn offered(&self, id: &str) -> u32 {
        self.investigate(id).await;
        self.offer(id, RemedyKind::Refund, 500).await
    }

    async fn overdue(&self) -> Vec<String> {
        let asked = request("staff:manager-zhao", ListOverdueRequest::default());
        let rows = self.complaints().list_overdue(asked).await.unwrap().into_inner().overdue;
        rows.into_iter().map(|row| row.kind).collect()
    }
}

#[tokio::test]
async fn r_cmp_20_an_offer_nobody_answers_is_brought_to_mind_twice_and_then_to_the_manager() {
    let world = World::open().await;
    let id = world.complain("o-1").await;
    let version = world.offered(&id).await;
    let told = async || {
        let sent = world.stack.events::<MessageSent>("outreach").await;
        sent.iter().filter(|sent| sent.purpose() == Purpose::Offer && sent.about_id == id).count()
    };
    assert_eq!(told().await, 1);
    for times in [2, 3] {
        world.stack.advance(DAY * 3).await;
        assert_eq!(told().await, times, "by the way by which it was offered");
    }
    world.stack.advance(DAY * 3).await;
    assert_eq!((world.overdue().await, world.status(&id).await), (vec![], "offered".to_owned()));
    world.stack.advance(SignedDuration::from_micros(1)).await;
    assert_eq!(world.overdue().await, ["offer_answer"]);
    assert_eq!(world.raised(&id, EscalationTrigger::OfferUnanswered).await.len(), 1);
    world.stack.advance(DAY * 30).await;
    assert_eq!((told().await, world.overdue().await), (3, vec!["offer_answer".to_owned()]), "never out of sight");
    world.consent(&id, version).await;
    assert_eq!((world.overdue().await, world.status(&id).await), (vec![], "satisfaction_check".to_owned()));
    world.nothing_is_parked().await;
}

#[tokio::test]
async fn r_cmp_05_a_customer_who_writes_about_an_offer_is_waited_for_no_longer_and_somebody_must_read_it() {
    let world = World::open().await;
    let id = world.complain("o-1").await;
    let version = world.offered(&id).await;
    world.stack.advance(DAY).await;
    let case_id = world.complaint(&id).await.recorded.unwrap().case_id;
    let more = json!({ "external_ref": "t-2", "class": "product_quality", "content": "when does it come?", "case_id": case_id });
    world.write("o-1", "", more).await;
    let [wrote] = world.stack.events::<CustomerWrote>("complaint").await.try_into().unwrap();
    let view = world.complaint(&id).await;
    assert_eq!(
        (wrote.complaint_id.as_str(), wrote.wrote_at, view.read_by),
        (id.as_str(), view.wrote_at, wrote.read_by)
    );
    let owed = view.promises.iter().filter(|one| one.status == "running").map(|one| one.promise.as_str());
    assert_eq!(owed.collect::<Vec<_>>(), ["progress_silence", "result_notice"]);
    world.stack.advance(DAY + SignedDuration::from_micros(1)).await;
    assert_eq!(world.overdue().await, ["customer_word"]);
    assert_eq!(world.raised(&id, EscalationTrigger::Unread).await.len(), 1);
    world.consent(&id, version).await;
    assert_eq!((world.overdue().await, world.status(&id).await), (vec![], "satisfaction_check".to_owned()));
    world.nothing_is_parked().await;
}
