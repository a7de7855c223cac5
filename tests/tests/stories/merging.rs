//! Story: one customer complains twice about one thing. The cases are merged, and with them the complaints; it was a mistake,
//! and both are as they were.
use contracts::{
    common::v1::RemedyKind,
    complaint::v1::{ComplaintClosed, ComplaintReopened},
    intake::v1::{
        CaseView, GetCaseRequest, MergeCasesRequest, UnmergeCaseRequest, desk_client::DeskClient,
        intake_client::IntakeClient,
    },
};
use jiff::SignedDuration;
use testkit::request;
use tonic::{Status, transport::Channel};

use crate::world::World;

impl World {
    fn desk(&self) -> DeskClient<Channel> {
        DeskClient::new(self.stack.channel("intake"))
    }

    async fn case(&self, case_id: &str) -> CaseView {
        let wanted = GetCaseRequest { case_id: case_id.into() };
        let mut intake = IntakeClient::new(self.stack.channel("intake"));
        intake.get_case(request("staff:reader", wanted)).await.unwrap().into_inner().case.unwrap()
    }

    async fn merge(&self, case_id: &str, into: &str) -> Result<(), Status> {
        let reason = "the same pump".into();
        let asked = MergeCasesRequest { case_id: case_id.into(), into_case_id: into.into(), reason };
        let answer = self.desk().merge_cases(request("staff:agent-sun", asked)).await;
        self.stack.settle().await;
        answer.map(drop)
    }
}

#[tokio::test]
async fn two_running_cases_with_complaints_are_merged_and_that_is_undone() {
    let world = World::open().await;
    let first = world.complain("o-1").await;
    world.stack.advance(SignedDuration::from_mins(5)).await;
    let again = world.contact("t-again", "o-1", "product_quality", "the pump leaks, I said").await;
    let (case, complaint) = (again["case_id"].as_str().unwrap(), again["complaint_id"].as_str().unwrap());
    let kept = world.complaint(&first).await.recorded.unwrap().case_id;
    assert_eq!(world.case(case).await.duplicate_candidates, std::slice::from_ref(&kept), "offered, and not merged");

    let before = world.complaint(complaint).await;
    world.merge(case, &kept).await.unwrap();
    let merged = world.complaint(complaint).await;
    assert_eq!((merged.status.as_str(), merged.outcome.as_str()), ("closed", "withdrawn"));
    assert_eq!(merged.merged_into_id, first);
    let [closed] = world.stack.events::<ComplaintClosed>("complaint").await.try_into().unwrap();
    assert_eq!((closed.complaint_id.as_str(), closed.merged_into_id.as_str()), (complaint, first.as_str()));
    assert_eq!((world.case(case).await.status.as_str(), world.status(&first).await.as_str()), ("merged", "recorded"));
    world.stack.advance(SignedDuration::from_hours(12)).await;

    let undo = UnmergeCaseRequest { case_id: case.into() };
    world.desk().unmerge_case(request("staff:agent-sun", undo)).await.unwrap();
    world.stack.settle().await;
    let after = world.complaint(complaint).await;
    assert_eq!((after.status.as_str(), after.merged_into_id.as_str()), (before.status.as_str(), ""));
    assert_eq!(after.reopen_count, 0, "that is no appeal");
    let due = |view: &contracts::complaint::v1::ComplaintView| {
        view.promises.iter().map(|promise| promise.due_at).collect::<Vec<_>>()
    };
    assert_eq!(due(&after), due(&before), "what was promised is due when it was");
    assert_eq!(world.stack.events::<ComplaintReopened>("complaint").await.len(), 1);

    // Each goes its way; and what is carried out is not merged any more.
    world.investigate(&first).await;
    let version = world.offer(&first, RemedyKind::Refund, 500).await;
    world.consent(&first, version).await;
    let refused = world.merge(&kept, case).await.unwrap_err();
    assert!(refused.message().contains("is carried out"), "{refused:?}");
    world.satisfied(&first, true).await;
    assert_eq!(
        (world.case(&kept).await.status.as_str(), world.status(complaint).await.as_str()),
        ("closed", "recorded")
    );
    world.nothing_is_parked().await;
}
