//! Who may approve a solution, step by step.
use contracts::{
    common::v1::{CaseClass, Emotion, Remedy, RemedyKind},
    complaint::v1::*,
    intake::v1::CaseRegistered,
};
use testkit::request;
use tonic::Code;

use crate::house::{ANA, BEN, EVA, House, NAME, case, code, conclude, draft, guidance, hours, id, micro, ok, refund};

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
    assert_eq!((waiting.waits_for.as_str(), waiting.matrix_version), ("head_of_after_sales", 2));
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
#[should_panic(expected = "head_of_after_sales")]
async fn a_role_nobody_holds_is_refused_at_the_start() {
    let nobody = |_: &str, settings: &mut backbone::Settings| {
        settings.service["approval"]["members"] = serde_json::json!([]);
    };
    testkit::Stack::start_with(&[&complaint::SERVICE], nobody).await;
}

#[tokio::test]
async fn r_cmp_14_what_people_give_is_offered_by_grade_and_tracked() {
    let house = House::open().await;
    house.investigate(1).await;
    ok(house.client().conclude_investigation(request(ANA, conclude(1))).await, "investigated");
    use RemedyKind::{Compensation, Exchange, Guidance, Refund, Repair, ReturnRefund, ServiceAgain};
    let offered: Vec<_> = house.get(1).await.offered().collect();
    assert_eq!(offered, [Refund, ReturnRefund, Guidance, Exchange, Repair, Compensation], "severity 2");
    let of = |kind: RemedyKind| Remedy { kind: kind.into(), ..Remedy::default() };
    let remedies = vec![Remedy { kind: Compensation.into(), ..refund(300) }, of(Exchange), of(ServiceAgain)];
    let refused = house.client().draft_solution(request(ANA, draft(1, remedies.clone()))).await.unwrap_err();
    assert_eq!(code(&refused), "complaint.outside_policy");
    let exception_reason = "she asked for the same specialist".to_owned();
    let excepted = DraftSolutionRequest { exception_reason: exception_reason.clone(), ..draft(1, remedies) };
    ok(house.client().draft_solution(request(ANA, excepted)).await, "solution_drafted");
    let notes: Vec<_> = house.get(1).await.notes.into_iter().map(|note| note.field).collect();
    assert_eq!(notes.iter().filter(|field| *field == "exception_reason" || *field == "solution").count(), 2);
    ok(
        house.client().submit_solution(request(ANA, SubmitSolutionRequest { complaint_id: id(1) })).await,
        "in_approval",
    );
    ok(house.client().approve_solution(approve(BEN)).await, "in_approval");
    ok(house.client().approve_solution(approve(EVA)).await, "approved");
    ok(house.client().offer_solution(request(ANA, OfferSolutionRequest { complaint_id: id(1) })).await, "offered");
    house.agree(1).await;
    let remedies = house.view(1).await.remedies;
    let complete = |place: usize, done| {
        let (complaint_id, remedy_id) = (id(1), remedies[place].remedy_id.clone());
        request(ANA, CompleteRemedyRequest { complaint_id, remedy_id, done })
    };
    let other = Remedy { kind: Compensation.into(), ..refund(301) };
    let refused = house.client().complete_remedy(complete(0, Some(other))).await.unwrap_err();
    assert_eq!(code(&refused), "complaint.not_as_approved");
    let unsaid = house.client().complete_remedy(complete(0, None)).await.unwrap_err();
    assert_eq!(code(&unsaid), "complaint.not_as_approved");
    assert!(unsaid.message().contains("say in done what was given"), "{}", unsaid.message());
    let given = |place: usize| Some(Remedy { remedy_id: String::new(), ..remedies[place].clone() });
    ok(house.client().complete_remedy(complete(0, given(0))).await, "executing");
    let (complaint_id, remedy_id, reason) = (id(1), remedies[1].remedy_id.clone(), "out of stock till May".into());
    let deviation = ReportRemedyDeviationRequest { complaint_id, remedy_id, reason, given_up: false };
    ok(house.client().report_remedy_deviation(request(ANA, deviation)).await, "executing");
    let unsaid = house.client().complete_remedy(complete(1, None)).await.unwrap_err();
    assert_eq!(code(&unsaid), "complaint.not_as_approved", "it did not go as planned");
    ok(house.client().complete_remedy(complete(1, given(1))).await, "executing");
    let progress = house.view(1).await.progress;
    let shown: Vec<_> = progress.iter().map(|r| (r.status.as_str(), r.exception, r.deviates)).collect();
    assert_eq!(shown, [("done", false, false), ("done", false, true), ("pending", true, false)]);
    assert_eq!(house.get(1).await.notes[0].field, "deviation");
    ok(house.client().complete_remedy(complete(2, None)).await, "executed");
}

#[tokio::test]
async fn r_cmp_17_a_deviation_from_the_process_is_told_and_its_reason_kept_apart() {
    let house = House::open().await;
    house.investigate(1).await;
    let (what, reason) = ("visited_at_home".to_owned(), "she cannot leave her house".to_owned());
    let leave = RecordProcessDeviationRequest { complaint_id: id(1), what, reason };
    ok(house.client().record_process_deviation(request(BEN, leave)).await, "investigating");
    let told = &house.events::<ProcessDeviated>().await[0];
    assert_eq!((told.what.as_str(), told.during.as_str()), ("visited_at_home", "investigating"));
    let shown = house.get(1).await;
    let deviation = &shown.complaint.unwrap().deviations[0];
    assert_eq!((deviation.what.as_str(), deviation.by.as_str()), ("visited_at_home", BEN));
    let note = &shown.notes[0];
    assert_eq!((note.field.as_str(), note.text.as_str()), ("process_deviation", "she cannot leave her house"));
}

#[tokio::test]
async fn r_cmp_18_guidance_follows_emotion_and_class() {
    let house = House::open().await;
    house.record(1, CaseClass::Discomfort).await;
    let guidance = house.get(1).await.guidance;
    assert_eq!(guidance.len(), 2);
    assert!(guidance[0].contains("Stay calm") && guidance[1].contains("never diagnose"), "{guidance:?}");
    house.investigate(2).await;
    assert!(house.get(2).await.guidance[1].contains("batch"));
    let worried =
        CaseRegistered { emotion: Emotion::Worried.into(), ..case(3, CaseClass::Discomfort, house.stack.now()) };
    house.hear("intake", &worried, 1_003).await;
    let other = house.get(3).await.guidance;
    assert!(other[0].contains("calmly and warmly") && other[1] == guidance[1], "{other:?}");
}

#[tokio::test]
async fn a_draft_outside_the_band_of_comparable_complaints_needs_two_people() {
    let house = House::open().await;
    for number in 10..30 {
        house.investigate(number).await;
        house.offer(number, vec![refund(500)]).await;
        house.agree(number).await;
        house.execute(number).await;
        house.satisfied(number, true).await.unwrap();
    }
    house.investigate(9).await;
    house.withdraw(9).await.unwrap();
    house.investigate(1).await;
    ok(house.client().conclude_investigation(request(ANA, conclude(1))).await, "investigated");
    let submit = || request(ANA, SubmitSolutionRequest { complaint_id: id(1) });
    ok(house.client().draft_solution(request(ANA, draft(1, vec![refund(500)]))).await, "solution_drafted");
    let fairness = |comparables, percentile, outside| Some(Fairness { comparables, percentile, outside });
    assert_eq!(house.view(1).await.fairness, fairness(20, 50, false));
    ok(house.client().draft_solution(request(ANA, draft(1, vec![refund(9_000)]))).await, "solution_drafted");
    assert_eq!(house.view(1).await.fairness, fairness(20, 100, true));
    ok(house.client().submit_solution(submit()).await, "in_approval");
    let approve = |by: &str| request(by, ApproveSolutionRequest { complaint_id: id(1), solution_version: 2 });
    ok(house.client().approve_solution(approve(BEN)).await, "in_approval");
    ok(house.client().approve_solution(approve(EVA)).await, "approved");
    house.investigate(2).await;
    house.stack.move_clock(hours(24 * 366));
    house.investigate(3).await;
    ok(house.client().conclude_investigation(request(ANA, conclude(3))).await, "investigated");
    ok(house.client().draft_solution(request(ANA, draft(3, vec![refund(9_000)]))).await, "solution_drafted");
    assert_eq!(house.view(3).await.fairness, fairness(0, 0, false), "too long ago");
}

#[tokio::test]
async fn r_cmp_06_r_cmp_07_what_was_given_before_counts_with_the_next_draft() {
    let house = House::open().await;
    let again = async |number: u128, first: i64, second: Remedy| {
        house.investigate(number).await;
        house.offer(number, vec![refund(first)]).await;
        house.agree(number).await;
        house.carry_out(number).await;
        assert_eq!(house.satisfied(number, false).await.unwrap().status, "investigating");
        house.offer(number, vec![second]).await;
    };
    again(1, 400, refund(100)).await;
    let view = house.view(1).await;
    let given: Vec<_> = view.given.iter().map(|one| one.amount.as_ref().map(|amount| amount.minor)).collect();
    assert_eq!((given, view.remedies.len()), (vec![Some(400)], 1));
    house.agree(1).await;
    house.carry_out(1).await;
    again(2, 400, guidance()).await;
    house.agree(2).await;
    let remedy_id = house.view(2).await.remedies[0].remedy_id.clone();
    let advised = CompleteRemedyRequest { complaint_id: id(2), remedy_id, done: None };
    ok(house.client().complete_remedy(request(ANA, advised)).await, "executed");
    for number in [1, 2] {
        assert_eq!(house.satisfied(number, true).await.unwrap().status, "closed");
    }
    house.investigate(3).await;
    ok(house.client().conclude_investigation(request(ANA, conclude(3))).await, "investigated");
    ok(house.client().draft_solution(request(ANA, draft(3, vec![refund(450)]))).await, "solution_drafted");
    let between = Fairness { comparables: 2, percentile: 50, outside: false };
    assert_eq!(house.view(3).await.fairness, Some(between), "5.00 and 4.00 were given in all");
    again(4, 300_000, refund(200_001)).await;
    let raised = house.events::<EscalationRaised>().await;
    let costly = raised.iter().filter(|raised| raised.trigger() == EscalationTrigger::Amount);
    assert_eq!(costly.map(|raised| raised.complaint_id.clone()).collect::<Vec<_>>(), [id(4)], "together, and once");
}

#[tokio::test]
async fn a_matrix_that_was_changed_without_counting_its_version_up_stops_the_start() {
    let house = House::open().await;
    let context = house.stack.node(NAME).context();
    let again = async |change: &dyn Fn(&mut serde_json::Value)| {
        let mut settings = (*context.settings).clone();
        change(&mut settings.service["approval"]);
        let node = backbone::node::Node::build(&complaint::SERVICE, settings, context.clock.clone()).await;
        node.map(drop).map_err(|error| format!("{error:#}"))
    };
    let slower = |approval: &mut serde_json::Value| approval["further"]["within"] = "96h".into();
    assert_eq!(again(&|_| {}).await, Ok(()));
    let refused = again(&slower).await.unwrap_err();
    let said = "complaint does not start: approval matrix complaint version 2 (section [service.approval]) holds ";
    assert!(refused.starts_with(said), "{refused}");
    let counted = |approval: &mut serde_json::Value| {
        slower(approval);
        approval["version"] = 3.into();
    };
    assert_eq!(again(&counted).await, Ok(()));
    let joined = |approval: &mut serde_json::Value| {
        let member = serde_json::json!({ "role": "complaint_manager", "who": "staff:new" });
        approval["members"].as_array_mut().unwrap().push(member);
    };
    assert_eq!(again(&joined).await, Ok(()), "people come and go without a version");
}
