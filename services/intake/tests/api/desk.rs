//! Who has a case: given, taken, seen in the view, and in the queue of the one who has it.
use contracts::{
    common::v1::Page,
    intake::v1::{
        AcceptCaseRequest, AssignCaseRequest, CaseAssigned, GetCaseRequest, ListQueueRequest, desk_client::DeskClient,
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
        let asked = ListQueueRequest { page, assigned_to: assigned_to.into(), unassigned };
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
    assert_eq!(queue(&stack, "staff:ana", false).await, [one.clone()]);
    assert_eq!(queue(&stack, "staff:ben", false).await, [two.clone()]);
    assert_eq!(queue(&stack, "staff:eve", false).await, Vec::<String>::new());
    assert_eq!(queue(&stack, "", true).await, [three.clone()]);
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
