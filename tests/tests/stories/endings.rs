//! Stories of how a complaint ends: with an appeal afterwards, and without any word of the customer.
use contracts::{
    common::v1::RemedyKind,
    complaint::v1::{
        AppealRequest, ComplaintClosed, ComplaintReopened, EscalationLevel, EscalationRaised, EscalationTrigger,
        SatisfactionAsked,
    },
    outreach::v1::{MessageSent, Purpose},
};
use jiff::SignedDuration;
use testkit::request;
use tonic::Status;
use tonic_types::StatusExt;

use crate::{DAY, world::World};

impl World {
    /// Up to `satisfaction_check`, with a refund of so much.
    async fn remedied(&self, id: &str, minor: i64) {
        self.investigate(id).await;
        let version = self.offer(id, RemedyKind::Refund, minor).await;
        self.consent(id, version).await;
        assert_eq!(self.status(id).await, "satisfaction_check");
    }

    async fn appeal(&self, id: &str) -> Result<(), Status> {
        let appeal = AppealRequest { complaint_id: id.into(), reason: "it leaks again".into(), ..Default::default() };
        let answer = self.complaints().appeal(request("staff:agent-sun", appeal)).await;
        self.stack.settle().await;
        answer.map(drop)
    }
}

#[tokio::test]
async fn r_cmp_12_an_appeal_within_its_term_reopens_the_complaint_and_one_after_it_is_refused() {
    let world = World::open().await;
    let id = world.complain("o-1").await;
    let early = world.appeal(&id).await.unwrap_err();
    assert_eq!(early.get_details_error_info().unwrap().reason, "complaint.not_now", "it is not closed");
    world.remedied(&id, 500).await;
    world.satisfied(&id, true).await;

    world.stack.advance(DAY * 14).await;
    world.appeal(&id).await.unwrap(); // the last instant of the term is in time
    let view = world.complaint(&id).await;
    assert_eq!((view.status.as_str(), view.reopen_count, view.outcome.as_str()), ("investigating", 1, ""));
    assert_eq!(world.stack.events::<ComplaintReopened>("complaint").await.len(), 1);
    let raised = world.stack.events::<EscalationRaised>("complaint").await;
    let dissatisfied = raised.iter().filter(|raised| raised.trigger() == EscalationTrigger::Dissatisfied);
    let levels: Vec<_> = dissatisfied.map(|raised| (raised.level(), raised.complaint_id.clone())).collect();
    assert_eq!(
        levels,
        [(EscalationLevel::Management, id.clone())],
        "who is still not satisfied is management's to know"
    );
    assert_eq!(view.escalation_level, 4);
    world.remedied(&id, 750).await;
    world.satisfied(&id, true).await;
    let paid: Vec<i64> = world.ledger().await.entries.iter().map(|entry| entry.amount.minor).collect();
    assert_eq!(paid, [500, 750], "never more than was paid");

    world.stack.advance(DAY * 14 + SignedDuration::from_micros(1)).await;
    let before = world.stack.journal("complaint").await.len();
    let late = world.appeal(&id).await.unwrap_err();
    assert_eq!(late.get_details_error_info().unwrap().reason, "complaint.term_over");
    assert_eq!(world.stack.journal("complaint").await.len(), before, "nothing moved");
    let view = world.complaint(&id).await;
    assert_eq!((view.status.as_str(), view.reopen_count), ("closed", 1));
    world.nothing_is_parked().await;
}

#[tokio::test]
async fn r_cmp_11_satisfaction_that_is_never_confirmed_closes_it_unconfirmed_and_never_as_satisfied() {
    let world = World::open().await;
    let id = world.complain("o-1").await;
    world.remedied(&id, 1250).await;
    let asked_again = async || {
        let sent = world.stack.events::<MessageSent>("outreach").await;
        sent.iter().filter(|sent| sent.purpose() == Purpose::Satisfaction && sent.about_id == id).count()
    };
    for again in 1..=2 {
        world.stack.advance(DAY * 3).await;
        assert_eq!(asked_again().await, again, "with the result, and so often since");
        assert_eq!(world.status(&id).await, "satisfaction_check");
    }
    world.stack.advance(DAY * 3).await;
    let view = world.complaint(&id).await;
    assert_eq!((view.status.as_str(), view.outcome.as_str(), view.times_asked), ("closed", "unconfirmed", 3));
    let [closed] = world.stack.events::<ComplaintClosed>("complaint").await.try_into().unwrap();
    assert_eq!(closed.outcome, "unconfirmed");
    assert_eq!(world.stack.events::<SatisfactionAsked>("complaint").await.len(), 2);
    world.stack.advance(DAY * 30).await;
    assert_eq!(asked_again().await, 2, "and then he is left in peace");
    assert_eq!(world.ledger().await.entries.len(), 1);
    world.nothing_is_parked().await;
}
