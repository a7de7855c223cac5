//! The manager's list of what has no answer after its time, beyond tasks and promises: approvals, measures, suggestions.
use contracts::{
    common::v1::CaseClass,
    complaint::v1::{improvements_client::ImprovementsClient, suggestions_client::SuggestionsClient, *},
    intake::v1::CaseRegistered,
};
use testkit::request;

use crate::house::{ANA, BEN, House, NAME, case, conclude, draft, fields, hours, id, micro, ok, on_wire, refund};

impl House {
    /// What stands on the list of these kinds: kind, what it is, its complaint, its department.
    async fn late(&self, kinds: &[&str]) -> Vec<(String, String, String, String)> {
        let asked = request(ANA, ListOverdueRequest::default());
        let rows = self.client().list_overdue(asked).await.unwrap().into_inner().overdue;
        let rows = rows.into_iter().filter(|row| kinds.contains(&row.kind.as_str()));
        rows.map(|row| (row.kind, row.id, row.complaint_id, row.department)).collect()
    }
}

fn row(kind: &str, what: &str, complaint: &str, department: &str) -> (String, String, String, String) {
    (kind.into(), what.into(), complaint.into(), department.into())
}

#[tokio::test]
async fn r_cmp_20_a_suggestion_past_its_evaluation_and_past_its_term_is_on_the_list_until_it_is_answered() {
    let house = House::open().await;
    let mut client = SuggestionsClient::new(house.stack.channel(NAME));
    let said = CaseRegistered { complaint_id: String::new(), ..case(1, CaseClass::Suggestion, house.stack.now()) };
    house.hear("intake", &said, 1_001).await;
    let suggestion_id = kernel::id::derived("suggestion", &[&id(1_001)]).to_string();
    ok(client.screen(request(BEN, ScreenSuggestionRequest { suggestion_id: suggestion_id.clone() })).await, "screened");
    let evaluate = StartSuggestionEvaluationRequest {
        suggestion_id: suggestion_id.clone(),
        department: "rnd".into(),
        evaluate_by: on_wire(house.stack.now() + hours(72)),
    };
    ok(client.start_evaluation(request(BEN, evaluate)).await, "in_evaluation");
    let late = async || house.late(&["evaluation", "suggestion_notice"]).await;
    house.stack.advance(hours(72)).await;
    assert_eq!(late().await, [], "the due time itself is in time");
    house.stack.advance(micro()).await;
    let evaluation = row("evaluation", &suggestion_id, "", "rnd");
    assert_eq!(late().await, std::slice::from_ref(&evaluation));
    house.stack.advance(hours(720)).await;
    assert_eq!(late().await, [evaluation, row("suggestion_notice", &suggestion_id, "", "rnd")]);
    let reason = DeclineReason::TooCostly.into();
    let decline = DeclineSuggestionRequest { suggestion_id: suggestion_id.clone(), reason, text: "too dear".into() };
    ok(client.decline(request(BEN, decline)).await, "declined");
    assert_eq!(late().await, [row("suggestion_notice", &suggestion_id, "", "rnd")], "he has not been told");
    let informed = RecordSuggesterInformedRequest { suggestion_id, report_id: id(1_001) };
    ok(client.record_informed(request(BEN, informed)).await, "informed");
    assert_eq!(late().await, []);
}

#[tokio::test]
async fn r_cmp_20_a_measure_that_is_late_is_on_the_list_until_it_is_released_or_turned_down() {
    let house = House::open().await;
    let mut client = ImprovementsClient::new(house.stack.channel(NAME));
    let propose = ProposeImprovementRequest {
        cause_code: "packaging.leak".into(),
        product_id: "p-7".into(),
        owner_department: "quality".into(),
        due_by: on_wire(house.stack.now() + hours(24)),
        text: "another cap".into(),
        ..Default::default()
    };
    let action_id = ok(client.propose(request(ANA, propose)).await, "proposed").id;
    house.stack.advance(hours(24)).await;
    assert_eq!(house.late(&["improvement"]).await, []);
    house.stack.advance(micro()).await;
    assert_eq!(house.late(&["improvement"]).await, [row("improvement", &action_id, "", "quality")]);
    let wrong = DeclineImprovementRequest { action_id: "x".into(), reason: String::new() };
    assert_eq!(fields(&client.decline(request(BEN, wrong)).await.unwrap_err()), ["action_id", "reason"]);
    let decline = DeclineImprovementRequest { action_id: action_id.clone(), reason: "the cap is fine".into() };
    ok(client.decline(request(BEN, decline)).await, "declined");
    house.stack.settle().await;
    assert_eq!(house.late(&["improvement"]).await, []);
    assert_eq!(house.history(&action_id).await.last().unwrap(), "ImprovementDeclined");
    let [closed] = house.events::<EscalationClosed>().await.try_into().unwrap();
    assert!(closed.settled, "nobody waits for it any more");
    let asked = GetImprovementRequest { action_id: action_id.clone() };
    let shown = client.get_improvement(request(ANA, asked)).await.unwrap().into_inner();
    assert_eq!((shown.notes[0].field.as_str(), shown.notes[0].by.as_str()), ("decline_reason", BEN));
    let listed = ListImprovementsRequest { status: "declined".into(), ..Default::default() };
    assert_eq!(client.list_improvements(request(ANA, listed)).await.unwrap().into_inner().improvements.len(), 1);
    let (root_cause_code, due_by) = ("supplier.resin".into(), on_wire(house.stack.now() + hours(24)));
    let reopen = ReopenImprovementRequest { action_id, root_cause_code, due_by, text: "it leaks after all".into() };
    ok(client.reopen(request(BEN, reopen)).await, "in_work");
    assert_eq!(house.stack.parked(NAME).await, 0);
}

#[tokio::test]
async fn r_cmp_20_a_solution_nobody_approved_in_time_is_on_the_list_until_it_is_submitted_again() {
    let house = House::open().await;
    house.investigate(1).await;
    ok(house.client().conclude_investigation(request(ANA, conclude(1))).await, "investigated");
    ok(house.client().draft_solution(request(ANA, draft(1, vec![refund(500)]))).await, "solution_drafted");
    let submit = || request(ANA, SubmitSolutionRequest { complaint_id: id(1) });
    ok(house.client().submit_solution(submit()).await, "in_approval");
    house.stack.move_clock(hours(72));
    assert_eq!(house.late(&["approval"]).await, []);
    house.stack.move_clock(micro());
    let unapproved = row("approval", &id(1), &id(1), "quality");
    assert_eq!(house.late(&["approval"]).await, std::slice::from_ref(&unapproved), "whether or not a clock has rung");
    house.stack.settle().await;
    assert_eq!(
        (house.view(1).await.status.as_str(), house.late(&["approval"]).await),
        ("solution_drafted", vec![unapproved])
    );
    ok(house.client().submit_solution(submit()).await, "in_approval");
    assert_eq!(house.late(&["approval"]).await, []);
}
