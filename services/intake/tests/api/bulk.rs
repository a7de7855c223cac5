//! One command for many cases: one that refuses stands in nobody's way, and a repeat does nothing.
use contracts::intake::v1::{
    BulkAssignRequest, BulkCloseRequest, BulkOutcome, CaseAssigned, CaseClosed, ListQueueRequest,
    desk_client::DeskClient,
};
use serde_json::{Value, json};
use testkit::{Stack, request, wrong_fields};
use tonic::{Request, transport::Channel};
use uuid::Uuid;

use super::{case_with, post_case, start};

fn desk(stack: &Stack) -> DeskClient<Channel> {
    DeskClient::new(stack.channel("intake"))
}

async fn a_case(stack: &Stack, fields: Value) -> String {
    let reply = post_case(stack, &case_with(fields)).await;
    assert_eq!(reply.status, 201, "{reply:?}");
    reply.json()["case_id"].as_str().unwrap().to_owned()
}

fn keyed<T>(message: T) -> Request<T> {
    let mut asked = request("staff:lead", message);
    asked.metadata_mut().insert("idempotency-key", "bulk-1".parse().unwrap());
    asked
}

fn code<'a>(outcomes: &'a [BulkOutcome], id: &str) -> &'a str {
    let outcome = outcomes.iter().find(|outcome| outcome.case_id == id).unwrap();
    assert_eq!(outcome.receipt.is_some(), outcome.code.is_empty(), "{outcome:?}");
    assert_eq!(outcome.reason.is_empty(), outcome.code.is_empty(), "{outcome:?}");
    &outcome.code
}

#[tokio::test]
async fn many_cases_are_closed_each_for_itself_and_once() {
    let stack = start().await;
    let idea = |n: usize| json!({ "class": "suggestion", "content": format!("idea {n}") });
    let mut ideas = Vec::new();
    for n in 0..20 {
        ideas.push(a_case(&stack, idea(n)).await);
    }
    let complaint = a_case(&stack, json!({ "class": "delivery" })).await;
    let unknown = Uuid::nil().to_string();
    let others = [complaint.clone(), unknown.clone(), "x".to_owned(), ideas[0].clone()];
    let case_ids = [&ideas[..], &others[..]].concat();
    let asked = BulkCloseRequest { case_ids, outcome: "suggestion_recorded".into(), ..BulkCloseRequest::default() };
    let first = desk(&stack).bulk_close(keyed(asked.clone())).await.unwrap().into_inner().outcomes;
    assert_eq!(first.len(), 23, "a case that is named twice is one");
    assert!(ideas.iter().all(|id| code(&first, id).is_empty()), "{first:?}");
    assert_eq!((code(&first, &complaint), code(&first, &unknown)), ("case.is_complaint", "case.not_found"));
    assert_eq!(code(&first, "x"), "request.invalid");
    let again = desk(&stack).bulk_close(keyed(asked.clone())).await.unwrap().into_inner().outcomes;
    assert_eq!(again, first, "answered as it was");
    assert_eq!(stack.events::<CaseClosed>("intake").await.len(), 20);
    let anew = desk(&stack).bulk_close(request("staff:lead", asked)).await.unwrap().into_inner().outcomes;
    assert!(ideas.iter().all(|id| code(&anew, id) == "case.closed"));
}

#[tokio::test]
async fn a_part_of_the_queue_is_given_to_one_person() {
    let stack = start().await;
    let mut cases = Vec::new();
    for _ in 0..3 {
        cases.push(a_case(&stack, json!({})).await);
    }
    let queue = |assigned_to: &str, unassigned| {
        Some(ListQueueRequest { assigned_to: assigned_to.into(), unassigned, ..ListQueueRequest::default() })
    };
    let give = |queue, to: &str| BulkAssignRequest { queue, assigned_to: to.into(), ..BulkAssignRequest::default() };
    for (part, to, number) in [
        (queue("", true), "staff:ana", 3),
        (queue("", true), "staff:ben", 0),
        (queue("staff:ana", false), "staff:ben", 3),
    ] {
        let outcomes = desk(&stack).bulk_assign(request("staff:lead", give(part, to))).await.unwrap().into_inner();
        assert_eq!(outcomes.outcomes.len(), number, "{to}");
        assert!(outcomes.outcomes.iter().all(|outcome| outcome.code.is_empty()));
    }
    assert_eq!(stack.events::<CaseAssigned>("intake").await.len(), 6);
}

#[tokio::test]
async fn what_is_wrong_with_a_bulk_request_is_named() {
    let stack = start().await;
    let queue = Some(ListQueueRequest { assigned_to: "ana".into(), ..ListQueueRequest::default() });
    let ids = |n: usize| vec![Uuid::nil().to_string(); n];
    for (case_ids, queue, wrong) in [
        (vec![], None, vec!["metadata.aftercare-actor", "case_ids", "assigned_to"]),
        (ids(201), None, vec!["metadata.aftercare-actor", "case_ids", "assigned_to"]),
        (ids(1), queue.clone(), vec!["metadata.aftercare-actor", "queue", "assigned_to"]),
        (vec![], queue, vec!["metadata.aftercare-actor", "assigned_to", "assigned_to"]),
    ] {
        let asked = BulkAssignRequest { case_ids, queue, assigned_to: "ana".into() };
        let refused = desk(&stack).bulk_assign(request("nobody", asked)).await.unwrap_err();
        assert_eq!(wrong_fields(&refused), wrong);
    }
    let asked = BulkCloseRequest { case_ids: ids(1), outcome: "no_info".into(), queue: None };
    assert_eq!(wrong_fields(&desk(&stack).bulk_close(request("staff:a", asked)).await.unwrap_err()), ["outcome"]);
}
