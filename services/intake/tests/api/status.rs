//! A customer follows a case by its link: progress, solution, result, and a rating of each end.
use contracts::{
    Event,
    common::v1::{Money, Remedy, RemedyKind},
    complaint::v1::{
        ComplaintClosed, ComplaintReopened, InvestigationStarted, SolutionDeclined, SolutionExecuted, SolutionOffered,
    },
    intake::v1::{
        AssignCaseRequest, CaseRated, CloseCaseRequest, GetStatusLinkRequest, MergeCasesRequest, RecordPart,
        RequestInfoRequest, RespondToCaseRequest, RevokeStatusLinksRequest, answers_client::AnswersClient,
        desk_client::DeskClient, intake_client::IntakeClient,
    },
};
use jiff::SignedDuration;
use serde_json::{Value, json};
use testkit::{Stack, request, wrong_fields};
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
async fn r_int_24_a_link_that_is_wrong_or_to_nothing_is_answered_alike_and_one_that_is_over_says_how_to_get_another() {
    let stack = start().await;
    let (link, _) = contact(&stack, json!({})).await;
    let (other, _) = contact(&stack, json!({ "channel": "app" })).await;
    assert_ne!(link, other);
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
    for over in [get(&stack, &link).await, rate(&stack, &link, r#"{"score":5}"#).await] {
        assert_eq!((over.status, over.problem().as_str()), (410, "status.link_over"));
        assert!(over.text.contains("ask us for a new one"), "{}", over.text);
    }
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

/// The ids of cases and the references of channels can be guessed: neither gives the link.
#[tokio::test]
async fn r_int_24_the_link_is_told_to_whoever_made_the_case_or_has_one_and_to_nobody_else() {
    let stack = start().await;
    let said = case_with(json!({ "external_ref": "T-1" })).to_string();
    let with_key = |key: &'static str| [("content-type", "application/json"), ("idempotency-key", key)];
    let first = post(&stack, "/v1/cases", &with_key("k-1"), said.clone()).await;
    let case = first.json();
    let (link, id) = (case["status_link"].as_str().unwrap(), case["case_id"].as_str().unwrap());
    assert_eq!(post(&stack, "/v1/cases", &with_key("k-1"), said.clone()).await.text, first.text, "byte for byte");
    for headers in [JSON, &with_key("k-2")] {
        let guessed = post(&stack, "/v1/cases", headers, said.clone()).await;
        assert_eq!((guessed.status, guessed.json()["case_id"].as_str()), (201, Some(id)));
        assert_eq!(guessed.json().get("status_link"), None, "a reference can be guessed");
    }
    let more = case_with(json!({ "case_id": id, "content": "And on Sundays?" }));
    let more = post_case(&stack, &more).await.json();
    assert_eq!((more["case_id"].as_str(), more.get("status_link")), (Some(id), None));

    let path = format!("/v1/cases/{id}");
    assert_eq!(get(&stack, &path).await.json().get("status_link"), None, "an id can be guessed");
    let (other, _) = contact(&stack, json!({ "channel": "app" })).await;
    let token = |link: &str| link.rsplit_once('/').unwrap().1.to_owned();
    let refused = get(&stack, &format!("{path}?token={}", token(&other))).await;
    assert_eq!((refused.status, refused.json().get("status_link")), (200, None), "the token of another case");
    // Whoever has a link is told the same one, up to the same end: one that leaked does not live for ever.
    stack.move_clock(SignedDuration::from_hours(24 * 179));
    let with_token = format!("{path}?token={}", token(link));
    assert_eq!(get(&stack, &with_token).await.json()["status_link"].as_str(), Some(link));
    stack.move_clock(SignedDuration::from_hours(48));
    assert_eq!((get(&stack, link).await.status, get(&stack, &with_token).await.json().get("status_link")), (410, None));
}

/// A link that fell into strange hands shows nothing from then on, also by a case that was merged; who is given one afterwards sees
/// the case.
#[tokio::test]
async fn r_int_24_links_that_are_revoked_show_nothing_and_say_how_to_get_another() {
    let stack = start().await;
    let (link, case) = contact(&stack, json!({ "channel": "app" })).await;
    let (merged, other) = contact(&stack, json!({ "channel": "app", "external_ref": "T-2" })).await;
    let field = |case: &Value| case["case_id"].as_str().unwrap().to_owned();
    let merge = MergeCasesRequest { case_id: field(&other), into_case_id: field(&case), reason: "the same".into() };
    DeskClient::new(stack.channel("intake")).merge_cases(request("staff:ana", merge)).await.unwrap();
    assert_eq!((get(&stack, &link).await.status, get(&stack, &merged).await.status), (200, 200));

    let mut answers = AnswersClient::new(stack.channel("intake"));
    let revoke = RevokeStatusLinksRequest { case_id: field(&case), reason: "read aloud in a train".into() };
    answers.revoke_status_links(request("staff:lead", revoke.clone())).await.unwrap();
    let with_token = format!("/v1/cases/{}?token={}", field(&case), link.rsplit_once('/').unwrap().1);
    for link in [&link, &merged] {
        for void in [get(&stack, link).await, rate(&stack, link, r#"{"score":5}"#).await] {
            assert_eq!((void.status, void.problem().as_str()), (410, "status.link_revoked"));
            assert!(void.text.contains("ask us for a new one"), "{}", void.text);
        }
    }
    assert_eq!(get(&stack, &with_token).await.json().get("status_link"), None);
    let ask = GetStatusLinkRequest { case_id: field(&case), purpose: "told".into(), ..GetStatusLinkRequest::default() };
    let given = answers.get_status_link(request("staff:ana", ask)).await.unwrap().into_inner().status_link;
    assert_eq!(status(&stack, &given).await["progress"], "received");
    let (others, _) = contact(&stack, json!({ "channel": "website", "external_ref": "T-3" })).await;
    assert_eq!(get(&stack, &others).await.status, 200, "nobody else's");
    let log: (String, String) = sqlx::query_as("select actor, purpose from access_log where subject like '%revoked%'")
        .fetch_one(&stack.pool("intake"))
        .await
        .unwrap();
    assert_eq!(log, ("staff:lead".to_owned(), "read aloud in a train".to_owned()));
    answers.revoke_status_links(request("staff:lead", revoke.clone())).await.unwrap();
    assert_eq!(get(&stack, &given).await.status, 410, "as often as it must be");
    let ask = GetStatusLinkRequest { case_id: field(&case), purpose: "told".into(), ..GetStatusLinkRequest::default() };
    let given = answers.get_status_link(request("staff:ana", ask)).await.unwrap().into_inner().status_link;
    let by_merged = RevokeStatusLinksRequest { case_id: field(&other), ..revoke.clone() };
    answers.revoke_status_links(request("staff:lead", by_merged)).await.unwrap();
    assert_eq!(get(&stack, &given).await.status, 410, "also by the case that goes on as it");

    let nobody = answers.revoke_status_links(RevokeStatusLinksRequest::default()).await.unwrap_err();
    assert_eq!(wrong_fields(&nobody), ["metadata.aftercare-actor", "case_id", "reason"]);
    let machine = answers.revoke_status_links(request("service:outreach", revoke.clone())).await.unwrap_err();
    assert_eq!(wrong_fields(&machine), ["metadata.aftercare-actor"]);
    let unknown = RevokeStatusLinksRequest { case_id: Uuid::new_v4().to_string(), ..revoke };
    let unknown = answers.revoke_status_links(request("staff:lead", unknown)).await.unwrap_err();
    assert_eq!(unknown.code(), tonic::Code::NotFound);
}

/// For whoever sends it to the customer, or has him on the line; each look is written down.
#[tokio::test]
async fn r_int_24_staff_and_services_are_given_the_link_and_the_look_is_written_down() {
    let stack = start().await;
    let (_, case) = contact(&stack, json!({ "channel": "hotline", "class": "delivery" })).await;
    let field = |name: &str| case[name].as_str().unwrap().to_owned();
    let mut answers = AnswersClient::new(stack.channel("intake"));
    let asked = GetStatusLinkRequest { purpose: "on the line".into(), ..GetStatusLinkRequest::default() };
    let by_case = GetStatusLinkRequest { case_id: field("case_id"), ..asked.clone() };
    let by_complaint = GetStatusLinkRequest { complaint_id: field("complaint_id"), ..asked.clone() };
    for asked in [by_case.clone(), by_complaint] {
        let given = answers.get_status_link(request("staff:ana", asked)).await.unwrap().into_inner();
        assert_eq!(given.case_id, field("case_id"));
        assert_eq!(status(&stack, &given.status_link).await["progress"], "received");
        let until = stack.now() + SignedDuration::from_hours(24 * 180);
        assert_eq!(given.good_until, Some(backbone::proto::timestamp(until)));
    }
    let looks: Vec<(String, String)> =
        sqlx::query_as("select actor, purpose from access_log where subject like 'status link %'")
            .fetch_all(&stack.pool("intake"))
            .await
            .unwrap();
    assert_eq!(looks, vec![("staff:ana".to_owned(), "on the line".to_owned()); 2]);
    // Whoever writes to a customer names him: the link to a case of somebody else is not told.
    let other =
        self::contact(&stack, json!({ "channel": "hotline", "customer": { "name": "Bo", "phone": "13911111111" } }));
    let other = other.await.1["case_id"].as_str().unwrap().to_owned();
    let customer: Uuid =
        sqlx::query_scalar("select (state->'facts'->>'customer_id')::uuid from case_file where id = $1")
            .bind(field("case_id").parse::<Uuid>().unwrap())
            .fetch_one(&stack.pool("intake"))
            .await
            .unwrap();
    for (case_id, code) in [(field("case_id"), None), (other, Some(tonic::Code::NotFound))] {
        let to = GetStatusLinkRequest { case_id, customer_id: customer.to_string(), ..asked.clone() };
        let given = answers.get_status_link(request("service:outreach", to)).await;
        assert_eq!(given.err().map(|status| status.code()), code);
    }
    let nobody = answers.get_status_link(GetStatusLinkRequest::default()).await.unwrap_err();
    assert_eq!(wrong_fields(&nobody), ["metadata.aftercare-actor", "case_id", "purpose"]);
    let both = GetStatusLinkRequest { complaint_id: field("complaint_id"), ..by_case };
    let both = answers.get_status_link(request("staff:ana", both)).await.unwrap_err();
    assert_eq!(wrong_fields(&both), ["complaint_id"]);
    let unknown = GetStatusLinkRequest { case_id: Uuid::new_v4().to_string(), ..asked };
    assert_eq!(answers.get_status_link(request("staff:ana", unknown)).await.unwrap_err().code(), tonic::Code::NotFound);
}
