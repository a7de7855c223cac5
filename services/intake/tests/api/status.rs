//! A customer follows a case by its link: progress, solution, result, and a rating of each end.
use contracts::{
    Event,
    common::v1::{Money, Remedy, RemedyKind},
    complaint::v1::{
        ComplaintClosed, ComplaintReopened, InvestigationStarted, SolutionDeclined, SolutionExecuted, SolutionOffered,
    },
    intake::v1::{
        AssignCaseRequest, CaseRated, CloseCaseRequest, RecordPart, RequestInfoRequest, RespondToCaseRequest,
        desk_client::DeskClient, intake_client::IntakeClient,
    },
};
use jiff::SignedDuration;
use serde_json::{Value, json};
use testkit::{Stack, request};
use uuid::Uuid;

use super::{Reply, case_with, get, post, post_case, start};

const JSON: &[(&str, &str)] = &[("content-type", "application/json")];

async fn contact(stack: &Stack, fields: Value) -> (String, Value) {
    let reply = post_case(stack, &case_with(fields)).await;
    assert_eq!(reply.status, 201, "{reply:?}");
    let case = reply.json();
    (case["status_link"].as_str().unwrap().to_owned(), case)
}

async fn status(stack: &Stack, link: &str) -> Value {
    let reply = get(stack, link).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.json()
}

async fn rate(stack: &Stack, link: &str, body: &str) -> Reply {
    post(stack, &format!("{link}/rating"), JSON, body.to_owned()).await
}

/// Complaint says the next thing about the complaint of a case.
async fn hear<E: Event>(stack: &Stack, complaint_id: &str, version: u64, event: &E) {
    stack.publish("complaint", event, complaint_id.parse().unwrap(), version).await;
    stack.settle().await;
}

#[tokio::test]
async fn r_int_24_a_customer_sees_progress_solution_and_result_and_rates_each_end_once() {
    let stack = start().await;
    let (link, case) = contact(&stack, json!({ "class": "delivery", "content": "canarywords" })).await;
    let seen = status(&stack, &link).await;
    assert_eq!((&seen["progress"], &seen["answer_by"]), (&json!("received"), &case["respond_by"]));
    let field = |name: &str| case[name].as_str().unwrap().to_owned();
    let (case_id, complaint_id) = (field("case_id"), field("complaint_id"));
    let answer = RespondToCaseRequest { case_id: case_id.clone(), text: "canaryanswer".into(), responded_at: None };
    IntakeClient::new(stack.channel("intake")).respond_to_case(request("staff:canaryana", answer)).await.unwrap();
    let give =
        AssignCaseRequest { case_id: case_id.clone(), assigned_to: "staff:canaryben".into(), assignment_version: 0 };
    DeskClient::new(stack.channel("intake")).assign_case(request("staff:canaryana", give)).await.unwrap();
    let answered = status(&stack, &link).await;
    assert_eq!((&answered["progress"], answered.get("answer_by")), (&json!("answered"), None));

    let id = || complaint_id.clone();
    hear(&stack, &complaint_id, 1, &InvestigationStarted { complaint_id: id() }).await;
    assert_eq!(status(&stack, &link).await["progress"], "looking_into");
    let refund = Remedy {
        kind: RemedyKind::Refund.into(),
        amount: Some(Money { minor: 1990, currency: "CNY".into() }),
        ..Remedy::default()
    };
    let guidance = Remedy { kind: RemedyKind::Guidance.into(), ..Remedy::default() };
    let offer = SolutionOffered { complaint_id: id(), remedies: vec![guidance], ..SolutionOffered::default() };
    hear(&stack, &complaint_id, 2, &offer).await;
    hear(&stack, &complaint_id, 3, &SolutionDeclined { complaint_id: id(), ..SolutionDeclined::default() }).await;
    let better = SolutionOffered { complaint_id: id(), remedies: vec![refund], ..SolutionOffered::default() };
    hear(&stack, &complaint_id, 4, &better).await;
    let offered = status(&stack, &link).await;
    assert_eq!(offered["progress"], "offered");
    let solution = json!([{ "says": { "zh": "退款", "en": "Your money back" }, "minor": 1990, "currency": "CNY" }]);
    assert_eq!(offered["solution"], solution, "the last one");
    let executed = SolutionExecuted { complaint_id: id(), ..SolutionExecuted::default() };
    hear(&stack, &complaint_id, 5, &executed).await;
    assert_eq!(status(&stack, &link).await["progress"], "carried_out");
    let early = rate(&stack, &link, r#"{"score":5}"#).await;
    assert_eq!((early.status, early.problem().as_str()), (409, "case.not_ended"));

    let closed = ComplaintClosed {
        complaint_id: id(),
        case_id: case_id.clone(),
        outcome: "satisfied".into(),
        ..ComplaintClosed::default()
    };
    hear(&stack, &complaint_id, 6, &closed).await;
    let ended = status(&stack, &link).await;
    assert_eq!((&ended["progress"], &ended["solution"]), (&json!("ended"), &solution));
    assert_eq!(ended["result"]["says"]["en"], "Your complaint has been dealt with.");
    assert_eq!((&ended["may_be_rated"], ended.get("rating")), (&json!(true), None));
    let rated = rate(&stack, &link, r#"{"score":2}"#).await;
    assert_eq!((rated.status, &rated.json()["rating"], &rated.json()["may_be_rated"]), (200, &json!(2), &json!(false)));
    let twice = rate(&stack, &link, r#"{"score":5}"#).await;
    assert_eq!((twice.status, twice.problem().as_str()), (409, "case.already_rated"));

    stack.move_clock(SignedDuration::from_hours(1));
    let back = |status: &str| ComplaintReopened {
        complaint_id: id(),
        case_id: case_id.clone(),
        status: status.into(),
        ..ComplaintReopened::default()
    };
    hear(&stack, &complaint_id, 7, &back("investigating")).await;
    let reopened = status(&stack, &link).await;
    assert_eq!((&reopened["progress"], reopened.get("rating")), (&json!("looking_into"), None));
    hear(&stack, &complaint_id, 8, &closed).await;
    assert_eq!(rate(&stack, &link, r#"{"score":4}"#).await.json()["rating"], 4);
    let ratings: Vec<_> = stack.events::<CaseRated>("intake").await.iter().map(|one| one.score).collect();
    assert_eq!(ratings, [2, 4]);
    let all = [seen, answered, offered, ended, reopened].map(|one| one.to_string()).concat();
    assert!(!all.contains("canary") && !all.contains("staff"), "nothing of staff, and no words: {all}");
}

#[tokio::test]
async fn r_int_24_an_enquiry_waits_for_its_customer_and_ends() {
    let stack = start().await;
    let (link, case) = contact(&stack, json!({ "channel": "email" })).await;
    let case_id = case["case_id"].as_str().unwrap().to_owned();
    let ask = RequestInfoRequest {
        case_id: case_id.clone(),
        missing: vec![RecordPart::Circumstances.into()],
        question: "how?".into(),
        send: false,
    };
    DeskClient::new(stack.channel("intake")).request_info(request("staff:ana", ask)).await.unwrap();
    let waits = status(&stack, &link).await;
    assert_eq!(
        (&waits["progress"], &waits["needed"][0]["en"]),
        (&json!("waiting_for_you"), &json!("How it came about"))
    );
    let close = CloseCaseRequest { case_id, outcome: "guidance".into() };
    IntakeClient::new(stack.channel("intake")).close_case(request("staff:ana", close)).await.unwrap();
    let ended = status(&stack, &link).await;
    assert_eq!((&ended["progress"], &ended["may_be_rated"]), (&json!("ended"), &json!(true)));
}

#[tokio::test]
async fn r_int_24_a_link_that_is_wrong_over_or_to_nothing_is_answered_alike() {
    let stack = start().await;
    let (link, case) = contact(&stack, json!({})).await;
    let (other, _) = contact(&stack, json!({ "channel": "app" })).await;
    assert_ne!(link, other);
    let again = get(&stack, &format!("/v1/cases/{}", case["case_id"].as_str().unwrap())).await.json();
    assert_eq!(again, case, "the case tells its link again");
    let mut swapped = link.clone();
    swapped.replace_range(15..25, &other[15..25]);
    let wrong = ["/v1/status/x", &swapped, &link[..link.len() - 1], &format!("{link}AA"), "/v1/status/%F0%9F%98%80"];
    let mut answers = Vec::new();
    for link in wrong {
        answers.push((get(&stack, link).await, rate(&stack, link, r#"{"score":9}"#).await));
    }
    for body in ["", "{", "{}", r#"{"score":0}"#, r#"{"score":6}"#, r#"{"score":"5"}"#, r#"{"score":5,"by":"me"}"#] {
        let status = rate(&stack, &link, body).await.status;
        assert!(status == 422 || status == 400, "{body}: {status}");
    }
    stack.move_clock(SignedDuration::from_hours(24 * 180) + SignedDuration::from_secs(1));
    answers.push((get(&stack, &link).await, rate(&stack, &link, r#"{"score":5}"#).await));
    for (seen, rated) in &answers {
        assert_eq!(
            (seen.status, &seen.text, rated.status, &rated.text),
            (404, &answers[0].0.text, 404, &answers[0].0.text)
        );
    }
    sqlx::query("delete from case_file").execute(&stack.pool("intake")).await.unwrap();
    let (new, _) = contact(&stack, json!({ "external_ref": Uuid::nil() })).await;
    sqlx::query("delete from case_file").execute(&stack.pool("intake")).await.unwrap();
    assert_eq!(get(&stack, &new).await.text, answers[0].0.text, "a link to nothing");
}
