//! Work on a case: it is given, taken, and stands in the queue of whoever has it; its customer is asked for what is
//! missing; what is no case of ours is rejected.
use contracts::{
    common::v1::{Emotion, Page},
    intake::v1::{
        AcceptCaseRequest, AddToCaseRequest, AssignCaseRequest, CaseAssigned, CaseClosed, CaseInfoAdded,
        CaseInfoRequested, CaseRejected, CaseResponded, CaseResponseMissed, GetCaseRequest, ListQueueRequest,
        RecordPart, RejectCaseRequest, RequestInfoRequest, RevealCaseRequest, Unfit, desk_client::DeskClient,
        intake_client::IntakeClient,
    },
};
use jiff::SignedDuration;
use serde_json::json;
use testkit::{Stack, request, wrong_fields};
use tonic::{Code, Status};
use uuid::Uuid;

use super::{case_with, post_case, start};

async fn a_case(stack: &Stack, content: &str) -> String {
    let reply = post_case(stack, &case_with(json!({ "channel": "email", "content": content }))).await;
    assert_eq!(reply.status, 201, "{reply:?}");
    reply.json()["case_id"].as_str().unwrap().to_owned()
}

fn assign(case_id: &str, to: &str, version: u32) -> AssignCaseRequest {
    AssignCaseRequest { case_id: case_id.into(), assigned_to: to.into(), assignment_version: version }
}

fn accept(case_id: &str, version: u32) -> AcceptCaseRequest {
    AcceptCaseRequest { case_id: case_id.into(), assignment_version: version }
}

/// The ids in the queue, page by page.
async fn queue(stack: &Stack, assigned_to: &str, unassigned: bool) -> Vec<String> {
    let mut client = IntakeClient::new(stack.channel("intake"));
    let (mut ids, mut token) = (Vec::new(), String::new());
    loop {
        let page = Some(Page { size: 1, token });
        let asked =
            ListQueueRequest { page, assigned_to: assigned_to.into(), unassigned, ..ListQueueRequest::default() };
        let part = client.list_queue(asked).await.unwrap().into_inner();
        ids.extend(part.cases.into_iter().map(|case| case.case_id));
        token = part.next_page_token;
        if token.is_empty() {
            return ids;
        }
    }
}

#[tokio::test]
async fn a_case_is_given_and_taken_and_stands_in_the_queue_of_whoever_has_it() {
    let stack = start().await;
    let mut cases = Vec::new();
    for content in ["one", "two", "three"] {
        cases.push(a_case(&stack, content).await);
        stack.move_clock(SignedDuration::from_mins(1));
    }
    let [one, two, three] = &cases[..] else { panic!("three cases") };
    let mut desk = DeskClient::new(stack.channel("intake"));
    assert_eq!(queue(&stack, "", true).await, cases);

    let receipt = desk.assign_case(request("staff:lead", assign(one, "staff:ana", 0))).await.unwrap().into_inner();
    assert_eq!((receipt.id.as_str(), receipt.version, receipt.status.as_str()), (one.as_str(), 2, "routed"));
    desk.accept_case(request("staff:ana", accept(one, 1))).await.unwrap();
    desk.accept_case(request("staff:ben", accept(two, 0))).await.unwrap();
    assert_eq!(queue(&stack, "staff:ana", false).await, std::slice::from_ref(one));
    assert_eq!(queue(&stack, "staff:ben", false).await, std::slice::from_ref(two));
    assert_eq!(queue(&stack, "staff:eve", false).await, Vec::<String>::new());
    assert_eq!(queue(&stack, "", true).await, std::slice::from_ref(three));
    assert_eq!(queue(&stack, "", false).await, cases);

    stack.settle().await;
    let told: Vec<CaseAssigned> = stack.events("intake").await;
    let mut told: Vec<_> = told.into_iter().map(|event| (event.case_id, event.assignment.unwrap())).collect();
    told.sort_by_key(|(id, assignment)| (id != one, assignment.version));
    let told: Vec<_> = told.iter().map(|(id, a)| (id, a.version, a.assigned_to.as_str(), a.accepted)).collect();
    assert_eq!(told, [(one, 1, "staff:ana", false), (one, 2, "staff:ana", true), (two, 1, "staff:ben", true)]);
    let mut client = IntakeClient::new(stack.channel("intake"));
    let view = client.get_case(GetCaseRequest { case_id: one.clone() }).await.unwrap().into_inner().case.unwrap();
    let held = view.assignment.unwrap();
    assert_eq!((held.assigned_to.as_str(), held.assigned_by.as_str(), held.version), ("staff:ana", "staff:ana", 2));
    assert_eq!(held.assigned_at.unwrap().seconds, stack.now().as_second());
}

#[tokio::test]
async fn of_two_who_take_the_same_case_one_has_it_and_the_other_is_told() {
    let stack = start().await;
    let case = a_case(&stack, "one").await;
    let desk = DeskClient::new(stack.channel("intake"));
    let (mut first, mut second) = (desk.clone(), desk);
    let (ana, ben) = tokio::join!(
        first.accept_case(request("staff:ana", accept(&case, 0))),
        second.accept_case(request("staff:ben", accept(&case, 0))),
    );
    let refused: Vec<Status> = [ana, ben].into_iter().filter_map(Result::err).collect();
    assert_eq!(refused.len(), 1, "{refused:?}");
    assert_eq!(refused[0].code(), Code::FailedPrecondition);
    assert!(refused[0].message().contains("changed hands since it was read"), "{refused:?}");
    assert_eq!(stack.events::<CaseAssigned>("intake").await.len(), 1);
}

#[tokio::test]
async fn what_is_wrong_with_an_assignment_is_named() {
    let stack = start().await;
    let mut desk = DeskClient::new(stack.channel("intake"));
    for to in ["", "ana", "service:intake", "channel:app", "staff:", "staff:Ana Lima", "staff:ana\n"] {
        let refused = desk.assign_case(request("nobody", assign("x", to, 0))).await.unwrap_err();
        assert_eq!(wrong_fields(&refused), ["metadata.aftercare-actor", "case_id", "assigned_to"], "{to}");
    }
    let unknown = Uuid::nil().to_string();
    let refused = desk.accept_case(request("service:complaint", accept(&unknown, 0))).await.unwrap_err();
    assert_eq!(wrong_fields(&refused), ["metadata.aftercare-actor"], "a service has no cases");
    let refused = desk.accept_case(request("staff:ana", accept(&unknown, 0))).await.unwrap_err();
    assert_eq!(refused.code(), Code::FailedPrecondition, "{refused:?}");

    let mut client = IntakeClient::new(stack.channel("intake"));
    for (assigned_to, unassigned) in [("ana", false), ("staff:ana", true)] {
        let asked = ListQueueRequest { assigned_to: assigned_to.into(), unassigned, ..ListQueueRequest::default() };
        assert_eq!(wrong_fields(&client.list_queue(asked).await.unwrap_err()), ["assigned_to"]);
    }
}

fn ask(case_id: &str, missing: &[RecordPart], question: &str) -> RequestInfoRequest {
    let missing = missing.iter().map(|part| (*part).into()).collect();
    RequestInfoRequest { case_id: case_id.into(), missing, question: question.into(), send: false }
}

#[tokio::test]
async fn a_customer_is_asked_for_what_is_missing_and_the_answer_takes_the_case_up_again() {
    let stack = start().await;
    let case = a_case(&stack, "one").await;
    let mut desk = DeskClient::new(stack.channel("intake"));
    let mut client = IntakeClient::new(stack.channel("intake"));
    let first = ask(&case, &[RecordPart::Circumstances, RecordPart::Emotion], "how did canary come about?");
    let receipt = desk.request_info(request("staff:ana", first.clone())).await.unwrap().into_inner();
    assert_eq!(receipt.status, "awaiting_info");
    let again = desk.request_info(request("staff:ben", first)).await.unwrap_err();
    assert_eq!(again.code(), Code::FailedPrecondition, "{again:?}");
    assert!(queue(&stack, "", false).await.is_empty(), "nobody can work on it");
    let get = GetCaseRequest { case_id: case.clone() };
    let view = client.get_case(get).await.unwrap().into_inner().case.unwrap();
    assert_eq!(view.missing().collect::<Vec<_>>(), [RecordPart::Emotion, RecordPart::Circumstances]);
    assert_eq!(view.awaiting_until.unwrap().seconds - stack.now().as_second(), 14 * 24 * 3600);

    let said = AddToCaseRequest { case_id: case.clone(), circumstances: "so".into(), ..AddToCaseRequest::default() };
    let receipt = client.add_to_case(request("staff:ana", said)).await.unwrap().into_inner();
    assert_eq!((receipt.status.as_str(), queue(&stack, "", false).await), ("responded", vec![case.clone()]));
    desk.request_info(request("staff:ana", ask(&case, &[RecordPart::Emotion], "and how do you feel?"))).await.unwrap();
    let felt = AddToCaseRequest { case_id: case.clone(), emotion: Emotion::Calm.into(), ..AddToCaseRequest::default() };
    client.add_to_case(request("staff:ana", felt)).await.unwrap();

    stack.settle().await;
    let [responded] = stack.events::<CaseResponded>("intake").await.try_into().unwrap();
    assert!(responded.in_time, "the question was the answer");
    assert_eq!(stack.events::<CaseInfoRequested>("intake").await.len(), 2);
    let still: Vec<Vec<_>> =
        stack.events::<CaseInfoAdded>("intake").await.iter().map(|event| event.still_missing().collect()).collect();
    assert_eq!(still, [vec![RecordPart::Emotion], vec![]]);
    let look = RevealCaseRequest { case_id: case.clone(), purpose: "handling".into() };
    let seen = client.reveal_case(request("staff:ana", look)).await.unwrap().into_inner();
    assert_eq!(seen.questions, ["how did canary come about?", "and how do you feel?"]);
    assert_eq!((seen.content.as_str(), seen.circumstances.as_str()), ("one", "so"));
    let journal = stack.journal("intake").await;
    let told = |row: &testkit::JournalRow| row.payload.windows(6).any(|part| part == b"canary");
    assert!(!journal.iter().any(told), "words stay in the vault");
}

#[tokio::test]
async fn a_case_ends_when_what_is_missing_does_not_come() {
    let stack = start().await;
    let case = a_case(&stack, "one").await;
    let mut desk = DeskClient::new(stack.channel("intake"));
    desk.request_info(request("staff:ana", ask(&case, &[RecordPart::Emotion], "how are you?"))).await.unwrap();
    stack.advance(SignedDuration::from_hours(14 * 24)).await;
    assert!(stack.events::<CaseClosed>("intake").await.is_empty());
    stack.advance(SignedDuration::from_millis(1)).await;
    let [closed] = stack.events::<CaseClosed>("intake").await.try_into().unwrap();
    assert_eq!((closed.case_id, closed.outcome.as_str()), (case, "no_info"));
}

#[tokio::test]
async fn what_is_wrong_with_a_question_is_named() {
    let stack = start().await;
    let mut desk = DeskClient::new(stack.channel("intake"));
    let long = "字".repeat(2001);
    for (missing, question, wrong) in [
        (vec![], "", vec!["case_id", "missing", "question"]),
        (vec![1, 0, 77], "how?", vec!["case_id", "missing[1]", "missing[2]"]),
        (vec![1; 11], long.as_str(), vec!["case_id", "missing", "question"]),
    ] {
        let asked = RequestInfoRequest { case_id: "x".into(), missing, question: question.into(), send: false };
        assert_eq!(wrong_fields(&desk.request_info(request("staff:ana", asked)).await.unwrap_err()), wrong);
    }
    let on_record = a_case(&stack, "one").await;
    let refused = desk.request_info(request("staff:ana", ask(&on_record, &[RecordPart::Content], "what?"))).await;
    assert!(refused.unwrap_err().message().contains("content is on record already"));
    let complaint = post_case(&stack, &case_with(json!({ "class": "delivery" }))).await.json()["case_id"].clone();
    let asked = ask(complaint.as_str().unwrap(), &[RecordPart::Emotion], "what?");
    let refused = desk.request_info(request("staff:ana", asked)).await.unwrap_err();
    assert!(refused.message().contains("handled as a complaint"), "{refused:?}");
}

#[tokio::test]
async fn what_is_no_case_of_ours_is_rejected_and_nothing_is_owed_of_it() {
    let stack = start().await;
    let case = a_case(&stack, "buy cheap watches").await;
    let complaint = post_case(&stack, &case_with(json!({ "class": "delivery" }))).await.json()["case_id"].clone();
    let mut desk = DeskClient::new(stack.channel("intake"));
    let reject = |case_id: &str, what: Unfit, reason: &str| {
        let asked = RejectCaseRequest { case_id: case_id.into(), what: what.into(), reason: reason.into() };
        request("staff:ana", asked)
    };
    let wrong = desk.reject_case(reject("x", Unfit::Unspecified, "")).await.unwrap_err();
    assert_eq!(wrong_fields(&wrong), ["case_id", "what", "reason"]);
    let refused = desk.reject_case(reject(complaint.as_str().unwrap(), Unfit::NotOurs, "a neighbour's")).await;
    assert!(refused.unwrap_err().message().contains("handled as a complaint"));
    let receipt = desk.reject_case(reject(&case, Unfit::Spam, "an advertisement")).await.unwrap().into_inner();
    assert_eq!(receipt.status, "rejected");
    let again = desk.reject_case(reject(&case, Unfit::Spam, "an advertisement")).await.unwrap_err();
    assert_eq!(again.code(), Code::FailedPrecondition, "{again:?}");

    let mut client = IntakeClient::new(stack.channel("intake"));
    let get = GetCaseRequest { case_id: case.clone() };
    let view = client.get_case(get).await.unwrap().into_inner().case.unwrap();
    assert_eq!((view.outcome.as_str(), view.rejected_because.as_str()), ("spam", "an advertisement"));
    assert!(view.closed_at.is_some() && !queue(&stack, "", false).await.contains(&case));
    stack.advance(SignedDuration::from_hours(24 * 7)).await;
    let missed: Vec<CaseResponseMissed> = stack.events("intake").await;
    assert!(missed.iter().all(|event| event.case_id != case), "nobody owes it an answer");
    let [rejected] = stack.events::<CaseRejected>("intake").await.try_into().unwrap();
    assert_eq!((rejected.what(), rejected.case_id), (Unfit::Spam, case));
    assert!(stack.events::<CaseClosed>("intake").await.is_empty());
}
