//! Who may approve a solution, step by step.
use contracts::complaint::v1::*;
use testkit::request;
use tonic::Code;

use crate::house::{ANA, BEN, EVA, House, NAME, code, conclude, draft, hours, id, micro, ok, refund};

/// Up to `in_approval`, with a draft of ana's.
async fn submitted(minor: i64) -> House {
    let house = House::open().await;
    house.investigate(1).await;
    ok(house.client().conclude_investigation(request(ANA, conclude(1))).await, "investigated");
    ok(house.client().draft_solution(request(ANA, draft(1, vec![refund(minor)]))).await, "solution_drafted");
    ok(
        house.client().submit_solution(request(ANA, SubmitSolutionRequest { complaint_id: id(1) })).await,
        "in_approval",
    );
    house.stack.settle().await;
    house
}

fn approve(by: &str) -> tonic::Request<ApproveSolutionRequest> {
    request(by, ApproveSolutionRequest { complaint_id: id(1), solution_version: 1 })
}

#[tokio::test]
async fn r_cmp_07_each_step_is_approved_by_another_person_with_the_right_to_it() {
    let house = submitted(50_001).await;
    let before = house.stack.journal(NAME).await.len();
    for (by, expected) in [
        (ANA, "complaint.own_solution"),
        ("staff:nobody", "approval.no_role"),
        (EVA, "approval.no_role"),
        ("staff:old", "approval.delegation_expired"),
    ] {
        let refused = house.client().approve_solution(approve(by)).await.unwrap_err();
        assert_eq!((refused.code(), code(&refused).as_str()), (Code::PermissionDenied, expected), "{by}");
    }
    assert_eq!(house.stack.journal(NAME).await.len(), before, "nothing moved");
    ok(house.client().approve_solution(approve("staff:dan")).await, "in_approval");
    let again = house.client().approve_solution(approve(BEN)).await.unwrap_err();
    assert_eq!((again.code(), code(&again).as_str()), (Code::FailedPrecondition, "approval.already_approved"));
    let waiting = house.view(1).await.approval.unwrap();
    assert_eq!((waiting.waits_for.as_str(), waiting.matrix_version), ("head_of_after_sales", 1));
    let given = &waiting.steps[0].given[0];
    assert_eq!((given.by.as_str(), given.acting_for.as_str()), ("staff:dan", BEN));
    ok(house.client().approve_solution(approve(EVA)).await, "approved");
    assert_eq!(house.view(1).await.approval.unwrap().status, "approved");
    let history = house.history(&id(1)).await.join(" ");
    assert!(history.ends_with("ApprovalRequested SolutionStepApproved SolutionApproved"), "{history}");
}

#[tokio::test]
async fn an_approval_nobody_gives_in_time_goes_to_management() {
    let house = submitted(500).await;
    house.stack.advance(hours(72)).await;
    assert_eq!(house.view(1).await.status, "in_approval", "the due time itself is in time");
    house.stack.advance(micro()).await;
    let view = house.view(1).await;
    assert_eq!((view.status.as_str(), view.approval.unwrap().status.as_str()), ("solution_drafted", "expired"));
    let raised = house.events::<EscalationRaised>().await;
    assert_eq!(raised.iter().filter(|raised| raised.trigger() == EscalationTrigger::ApprovalLate).count(), 1);
    ok(
        house.client().submit_solution(request(ANA, SubmitSolutionRequest { complaint_id: id(1) })).await,
        "in_approval",
    );
    ok(house.client().approve_solution(approve(BEN)).await, "approved");
}

#[tokio::test]
#[should_panic(expected = "complaint_manager")]
async fn a_role_nobody_holds_is_refused_at_the_start() {
    let nobody = |_: &str, settings: &mut backbone::Settings| {
        settings.service["approval"]["members"] = serde_json::json!([]);
    };
    testkit::Stack::start_with(&[&complaint::SERVICE], nobody).await;
}
