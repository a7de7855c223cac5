//! Requests that are wrong: every wrong field is named at once, by its own fault, and nothing is stored.
use std::future::Future;

use contracts::{
    common::v1::{CaseClass, Money, Page, Receipt, Remedy, RemedyKind, RemedyLine},
    complaint::v1::*,
};
use testkit::request;
use tonic::{Code, Response, Status};

use crate::house::{
    ANA, BEN, House, NAME, code, conclude, draft, fields, guidance, hours, id, on_wire, refund, withdrawal,
};

async fn expect<T: std::fmt::Debug>(answer: impl Future<Output = Result<Response<T>, Status>>, wrong: &[&str]) {
    let refused = answer.await.unwrap_err();
    assert_eq!(
        (refused.code(), fields(&refused)),
        (Code::InvalidArgument, wrong.iter().map(|w| w.to_string()).collect())
    );
}

fn long() -> String {
    "字".repeat(4_001)
}

#[tokio::test]
async fn every_wrong_field_of_a_complaint_command_is_named_at_once() {
    let house = House::open().await;
    house.investigate(1).await;
    let before = house.stack.journal(NAME).await.len();
    let client = || house.client();
    let bad = || "not-an-id".to_owned();
    let both = ["complaint_id", "class", "severity"];
    for class in [0, 9, 10, 77, -1] {
        let assess = AssessRequest { complaint_id: bad(), class, severity: 5 };
        expect(client().assess(request(ANA, assess)), &both).await;
    }
    expect(client().start_investigation(request(ANA, StartInvestigationRequest { complaint_id: bad() })), &both[..1])
        .await;
    for department in ["", "legal", "Quality", "qua.lity", "*", &"q".repeat(1_000)] {
        let ask = AskDepartmentRequest { complaint_id: bad(), department: department.into(), text: String::new() };
        expect(client().ask_department(request(ANA, ask)), &["complaint_id", "department", "text"]).await;
    }
    let wrong = ConcludeInvestigationRequest {
        complaint_id: String::new(),
        findings: " \n ".into(),
        cause_code: "Leak!".into(),
        responsible_department: "a b".into(),
        ..Default::default()
    };
    let all = ["complaint_id", "findings", "cause_code", "responsible_department"];
    expect(client().conclude_investigation(request(ANA, wrong)), &all).await;
    for findings in [String::new(), long(), "a\0b".into(), "bell\u{7}".into()] {
        let wrong = ConcludeInvestigationRequest { findings, ..conclude(1) };
        expect(client().conclude_investigation(request(ANA, wrong)), &["findings"]).await;
    }
    let version = ["complaint_id", "solution_version"];
    let wrong = ApproveSolutionRequest { complaint_id: bad(), solution_version: 0 };
    expect(client().approve_solution(request(ANA, wrong)), &version).await;
    let wrong = ReturnSolutionRequest { complaint_id: bad(), solution_version: 0, reason: long() };
    expect(client().return_solution(request(ANA, wrong)), &["complaint_id", "solution_version", "reason"]).await;
    let channel = "Hot line".into();
    let wrong = RecordConsentRequest {
        complaint_id: bad(),
        solution_version: 0,
        channel,
        text: String::new(),
        ..Default::default()
    };
    let all = ["complaint_id", "solution_version", "channel", "text"];
    expect(client().record_consent(request(ANA, wrong)), &all).await;
    let wrong =
        RecordDeclineRequest { complaint_id: bad(), solution_version: 0, counter_wish: long(), ..Default::default() };
    expect(client().record_decline(request(ANA, wrong)), &["complaint_id", "solution_version", "counter_wish"]).await;
    let wrong = CompleteRemedyRequest { complaint_id: bad(), remedy_id: bad(), done: Some(Remedy::default()) };
    expect(client().complete_remedy(request(ANA, wrong)), &["complaint_id", "remedy_id", "done.kind"]).await;
    let wrong = RecordProcessDeviationRequest { complaint_id: bad(), what: "At home".into(), reason: long() };
    expect(client().record_process_deviation(request(ANA, wrong)), &["complaint_id", "what", "reason"]).await;
    let (complaint_id, remedy_id, reason) = (bad(), bad(), String::new());
    let wrong = ReportRemedyDeviationRequest { complaint_id, remedy_id, reason, given_up: true };
    expect(client().report_remedy_deviation(request(ANA, wrong)), &["complaint_id", "remedy_id", "reason"]).await;
    let (complaint_id, exception_reason, meets_expectation) = (bad(), long(), 9);
    let wrong =
        DraftSolutionRequest { complaint_id, exception_reason, meets_expectation, ..draft(1, vec![guidance()]) };
    let all = ["complaint_id", "exception_reason", "meets_expectation"];
    expect(client().draft_solution(request(ANA, wrong)), &all).await;
    let wrong = TellResultRequest { complaint_id: bad(), ..Default::default() };
    expect(client().tell_result(request(ANA, wrong)), &["complaint_id", "channel", "text"]).await;
    let wrong = RecordUnreachedRequest { complaint_id: bad(), channel: "Hot line".into(), tried_at: None };
    expect(client().record_unreached(request(ANA, wrong)), &["complaint_id", "channel"]).await;
    let wrong = AppealRequest { complaint_id: bad(), reason: String::new(), ..Default::default() };
    expect(client().appeal(request(ANA, wrong)), &["complaint_id", "reason"]).await;
    let wrong = AnswerTaskRequest {
        task_id: bad(),
        department: "Q".into(),
        text: long(),
        cause_code: "-".into(),
        findings: long(),
        evidence: vec!["lab-7".into(), "seen by Mrs Li".into()],
        answered_at: on_wire(house.stack.now() + hours(1)),
    };
    let all = ["task_id", "department", "text", "cause_code", "findings", "evidence[1]", "answered_at"];
    expect(client().answer_task(request(ANA, wrong)), &all).await;
    let (task_id, evidence) = (id(1), vec!["a".to_owned(); 21]);
    let wrong =
        AnswerTaskRequest { task_id, department: "quality".into(), text: "a".into(), evidence, ..Default::default() };
    expect(client().answer_task(request(ANA, wrong)), &["evidence"]).await;
    let wrong = AcknowledgeTaskRequest { task_id: bad(), owner: "Quinn".into(), department: String::new() };
    expect(client().acknowledge_task(request(ANA, wrong)), &["task_id", "department", "owner"]).await;
    let to_department = "legal".into();
    let wrong = ForwardTaskRequest { task_id: bad(), department: "Q".into(), to_department, reason: String::new() };
    expect(client().forward_task(request(ANA, wrong)), &["task_id", "department", "to_department", "reason"]).await;
    for trigger in [0, EscalationTrigger::Dissatisfied.into(), 99] {
        let wrong = RaiseEscalationRequest { complaint_id: bad(), trigger, reason: String::new() };
        expect(client().raise_escalation(request(ANA, wrong)), &["complaint_id", "trigger", "reason"]).await;
    }
    let wrong = ReturnAnswerRequest { task_id: bad(), reason: String::new() };
    expect(client().return_answer(request(ANA, wrong)), &["task_id", "reason"]).await;
    let wrong = DecideEscalationRequest { escalation_id: bad(), decision: long() };
    expect(client().decide_escalation(request(ANA, wrong)), &["escalation_id", "decision"]).await;
    let mut wrong = request("Ana", WithdrawRequest { complaint_id: bad(), ..Default::default() });
    wrong.metadata_mut().insert("idempotency-key", "k".repeat(201).parse().unwrap());
    let metadata = ["metadata.aftercare-actor", "metadata.idempotency-key", "complaint_id", "channel", "text"];
    expect(client().withdraw(wrong), &metadata).await;
    let nobody = tonic::Request::new(AppealRequest { complaint_id: bad(), reason: long(), ..Default::default() });
    expect(client().appeal(nobody), &["metadata.aftercare-actor", "complaint_id", "reason"]).await;
    let nobody = tonic::Request::new(GetComplaintRequest { complaint_id: bad() });
    expect(client().get_complaint(nobody), &["metadata.aftercare-actor", "complaint_id"]).await;
    expect_single_ids(&house).await;
    assert_eq!(house.stack.journal(NAME).await.len(), before);
    assert_eq!(house.get(1).await.notes, []);
}

/// Commands that need nothing but an id.
async fn expect_single_ids(house: &House) {
    let client = || house.client();
    let complaint_id = || "\u{feff}1".to_owned();
    let wrong = SubmitSolutionRequest { complaint_id: complaint_id() };
    expect(client().submit_solution(request(ANA, wrong)), &["complaint_id"]).await;
    let wrong = OfferSolutionRequest { complaint_id: complaint_id() };
    expect(client().offer_solution(request(ANA, wrong)), &["complaint_id"]).await;
    let wrong = RecordSatisfactionRequest { complaint_id: complaint_id(), satisfied: true, ..Default::default() };
    expect(client().record_satisfaction(request(ANA, wrong)), &["complaint_id"]).await;
    let wrong = AcknowledgeTaskRequest { task_id: complaint_id(), owner: String::new(), department: "quality".into() };
    expect(client().acknowledge_task(request(ANA, wrong)), &["task_id"]).await;
    expect(client().get_task(request(ANA, GetTaskRequest { task_id: complaint_id() })), &["task_id"]).await;
    let wrong = AcceptAnswerRequest { task_id: complaint_id() };
    expect(client().accept_answer(request(ANA, wrong)), &["task_id"]).await;
    let wrong = CloseEscalationRequest { escalation_id: complaint_id() };
    expect(client().close_escalation(request(ANA, wrong)), &["escalation_id"]).await;
    let wrong = AcknowledgeEscalationRequest { escalation_id: complaint_id() };
    expect(client().acknowledge_escalation(request(ANA, wrong)), &["escalation_id"]).await;
}

#[tokio::test]
async fn remedies_are_checked_one_by_one() {
    let house = House::open().await;
    house.investigate(1).await;
    house.client().conclude_investigation(request(ANA, conclude(1))).await.unwrap();
    let money = |minor, currency: &str| Some(Money { minor, currency: currency.into() });
    let list = vec![
        refund(500),
        Remedy { amount: None, ..refund(1) },
        Remedy { amount: money(1, "cny"), ..refund(1) },
        refund(0),
        refund(i64::MAX),
        Remedy { amount: money(5, "EUR"), ..refund(1) },
        Remedy { amount: money(5, "CNY"), ..guidance() },
        Remedy { remedy_id: id(1), ..guidance() },
        Remedy { kind: RemedyKind::Unspecified.into(), ..guidance() },
        Remedy { kind: 99, ..guidance() },
    ];
    let mut wrong = draft(1, list);
    wrong.text = String::new();
    let refused = house.client().draft_solution(request(ANA, wrong)).await.unwrap_err();
    let mut named = fields(&refused);
    named.sort();
    let expected = [
        "remedies[1].amount",
        "remedies[2].amount.currency",
        "remedies[3].amount",
        "remedies[4].amount",
        "remedies[5].amount",
        "remedies[6].amount",
        "remedies[7].remedy_id",
        "remedies[8].kind",
        "remedies[9].kind",
        "text",
    ];
    assert_eq!(named, expected);
    let pieces = |line_id: &str, quantity| RemedyLine { line_id: line_id.into(), quantity };
    let back = |lines| Remedy { kind: RemedyKind::ReturnRefund.into(), lines, ..refund(1) };
    let list = vec![
        back(vec![pieces("1", 0), pieces("2", 1), pieces("2", 1)]),
        Remedy { lines: vec![pieces("1", 1)], ..refund(1) },
        back((0..61).map(|n| pieces(&n.to_string(), 1)).collect()),
        back(vec![pieces("", 1_000_001)]),
    ];
    let refused = house.client().draft_solution(request(ANA, draft(1, list))).await.unwrap_err();
    let expected = [
        "remedies[0].lines[0].quantity",
        "remedies[0].lines[2].line_id",
        "remedies[1].lines",
        "remedies[2].lines",
        "remedies[3].lines[0].line_id",
        "remedies[3].lines[0].quantity",
    ];
    assert_eq!(fields(&refused), expected);
    expect(house.client().draft_solution(request(ANA, draft(1, vec![]))), &["remedies"]).await;
    expect(house.client().draft_solution(request(ANA, draft(1, vec![guidance(); 11]))), &["remedies"]).await;
    house.client().draft_solution(request(ANA, draft(1, vec![refund(100_000_000_000); 10]))).await.unwrap();
}

fn refused(answer: Result<Response<Receipt>, Status>) -> (Code, String) {
    let status = answer.unwrap_err();
    (status.code(), code(&status))
}

#[tokio::test]
async fn guards_answer_with_their_stable_codes() {
    let house = House::open().await;
    let unknown = refused(house.client().withdraw(request(ANA, withdrawal(9))).await);
    assert_eq!(unknown, (Code::NotFound, "complaint.not_found".into()));
    let unknown = refused(house.client().accept_answer(request(ANA, AcceptAnswerRequest { task_id: id(9) })).await);
    assert_eq!(unknown, (Code::NotFound, "task.not_found".into()));
    let escalation_id = id(9);
    let acknowledge = AcknowledgeEscalationRequest { escalation_id };
    let unknown = refused(house.client().acknowledge_escalation(request(ANA, acknowledge)).await);
    assert_eq!(unknown, (Code::NotFound, "escalation.not_found".into()));
    let get =
        house.client().get_complaint(request(ANA, GetComplaintRequest { complaint_id: id(9) })).await.unwrap_err();
    assert_eq!((get.code(), code(&get).as_str()), (Code::NotFound, "complaint.not_found"));

    house.investigate(1).await;
    let not_now = |code: &str| (Code::FailedPrecondition, code.to_owned());
    let submit = || request(ANA, SubmitSolutionRequest { complaint_id: id(1) });
    assert_eq!(refused(house.client().submit_solution(submit()).await), not_now("complaint.not_now"));
    house.client().conclude_investigation(request(ANA, conclude(1))).await.unwrap();
    house.client().draft_solution(request(ANA, draft(1, vec![refund(1)]))).await.unwrap();
    house.client().submit_solution(submit()).await.unwrap();
    let approve =
        |by: &str, solution_version| request(by, ApproveSolutionRequest { complaint_id: id(1), solution_version });
    let own = refused(house.client().approve_solution(approve(ANA, 1)).await);
    assert_eq!(own, (Code::PermissionDenied, "complaint.own_solution".into()));
    let other = refused(house.client().approve_solution(approve(BEN, 2)).await);
    assert_eq!(other, not_now("complaint.other_version"));
    let reason = "too little".to_owned();
    let back = ReturnSolutionRequest { complaint_id: id(1), solution_version: 1, reason };
    house.client().return_solution(request(BEN, back)).await.unwrap();
    assert_eq!(refused(house.client().submit_solution(submit()).await), not_now("complaint.draft_anew"));
    let notes = house.get(1).await.notes;
    assert_eq!((notes[0].field.as_str(), notes[0].by.as_str()), ("return_reason", BEN));
    assert_eq!(notes.len(), 3, "a refused command leaves no words behind");
}

#[tokio::test]
async fn lists_come_in_pages_and_bad_questions_are_refused() {
    let house = House::open().await;
    for number in 1..=5 {
        house.record(number, CaseClass::Delivery).await;
        if number % 2 == 0 {
            house.stack.advance(jiff::SignedDuration::from_mins(1)).await;
        }
    }
    house.withdraw(3).await.unwrap();
    let (mut complaints, mut tasks, mut token) = (Vec::new(), Vec::new(), String::new());
    loop {
        let page = Some(Page { size: 2, token });
        let asked = ListComplaintsRequest { status: "recorded".into(), page, ..Default::default() };
        let answer = house.client().list_complaints(request(ANA, asked)).await.unwrap().into_inner();
        assert!(answer.complaints.len() <= 2);
        complaints.extend(answer.complaints.into_iter().map(|view| view.complaint_id));
        token = answer.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(complaints, [1, 2, 4, 5].map(id), "oldest first, each once");
    loop {
        let page = Some(Page { size: 1, token });
        let asked = ListTasksRequest { department: "logistics".into(), page, ..Default::default() };
        let answer = house.client().list_tasks(request(ANA, asked)).await.unwrap().into_inner();
        tasks.extend(answer.tasks.into_iter().map(|view| view.task_id));
        token = answer.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    tasks.sort();
    tasks.dedup();
    assert_eq!(tasks.len(), 5);
    assert_eq!(house.tasks("quality").await, []);

    let page = || Some(Page { size: 201, token: "x".into() });
    let asked = ListComplaintsRequest { status: "open".into(), page: page(), segment: "gold".into(), held: false };
    let wrong = ["status", "segment", "page.size", "page.token"];
    expect(house.client().list_complaints(request(ANA, asked)), &wrong).await;
    let asked = ListTasksRequest { department: "Q".into(), status: "recorded".into(), page: page() };
    expect(house.client().list_tasks(request(ANA, asked)), &["department", "status", "page.size", "page.token"]).await;
    let asked = ListEscalationsRequest { status: "open".into(), page: page(), ..Default::default() };
    expect(house.client().list_escalations(request(ANA, asked)), &["status", "page.size", "page.token"]).await;
    let (far, long) = (format!("{}~-009999-01-02T00:00:00Z", id(1)), format!("{}~{}", id(1), "1".repeat(200)));
    for token in ["x".to_owned(), format!("{}~yesterday", id(1)), "~".into(), far, long] {
        let page = Some(Page { size: 1, token });
        let asked = ListComplaintsRequest { status: "open".into(), page: page.clone(), ..Default::default() };
        expect(house.client().list_complaints(request(ANA, asked)), &["status", "page.token"]).await;
        let asked = ListTasksRequest { page: page.clone(), ..Default::default() };
        expect(house.client().list_tasks(request(ANA, asked)), &["page.token"]).await;
        let asked = ListEscalationsRequest { page, ..Default::default() };
        expect(house.client().list_escalations(request(ANA, asked)), &["page.token"]).await;
    }
}
