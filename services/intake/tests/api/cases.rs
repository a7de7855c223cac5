//! A contact comes in, is answered, and ends.
use contracts::{
    common::v1::{CaseClass, Channel as FromChannel, Emotion, Lane},
    complaint::v1::{ComplaintClosed, ComplaintReopened},
    intake::v1::{
        CaseClosed, CaseRegistered, CaseReopened, CaseResponded, CaseResponseMissed, CloseCaseRequest, GetCaseRequest,
        RecordPart, RespondToCaseRequest, RevealCaseRequest, intake_client::IntakeClient,
    },
    scheduling::v1::ProblemFound,
};
use jiff::SignedDuration;
use serde_json::json;
use testkit::{Stack, request};
use tonic::{Code, transport::Channel};
use uuid::Uuid;

use super::{Reply, a_case, case_with, count, get, post, post_case, start, without_link};

fn client(stack: &Stack) -> IntakeClient<Channel> {
    IntakeClient::new(stack.channel("intake"))
}

fn id(reply: &Reply) -> String {
    assert_eq!(reply.status, 201, "{reply:?}");
    reply.json()["case_id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn r_int_05_a_contact_is_registered_with_its_four_parts_classified_and_promised_an_answer() {
    let stack = start().await;
    let contact = case_with(json!({
        "channel": "app", "external_ref": "T-1", "occurred_at": "2026-03-01T20:00:00Z",
        "emotion": "angry", "vip_tier": 2,
        "content": "用了之后头皮很痒，起了红疹", "purchase": { "channel": "website", "order_ref": "A-1" },
        "product_id": "p-1", "batch": "L7", "store": "s-1", "repeat_contact": true,
        "expected_resolution": "退款", "circumstances": "第一次用",
        "health": { "symptoms": "痒", "frequency_of_use": "一次" }
    }));
    let reply = post_case(&stack, &contact).await;
    let view = reply.json();
    assert_eq!(reply.status, 201, "{reply:?}");
    assert_eq!(view["status"], "routed");
    assert_eq!((&view["class"], &view["class_source"]), (&json!("discomfort"), &json!("health.discomfort")));
    assert_eq!((&view["lane"], &view["health_severity"]), (&json!("health"), &json!(1)));
    assert_eq!(view["priority"]["score"], 1000 + 300 + 400 + 100);
    assert_eq!(view["priority"]["parts"][0], json!({ "reason": "health_severity", "points": 1000 }));
    assert_eq!(
        (&view["occurred_at"], &view["recorded_at"]),
        (&json!("2026-03-01T20:00:00Z"), &json!("2026-03-02T08:00:00Z"))
    );
    assert_eq!(view["respond_by"], "2026-03-02T08:05:00Z");

    let events: Vec<CaseRegistered> = stack.events("intake").await;
    assert_eq!(events.len(), 1);
    let event = &events[0];
    assert_eq!(event.case_id, kernel::id::derived("case", &["app", "T-1"]).to_string());
    assert_eq!(event.purchase_id, kernel::id::derived("purchase", &["website", "A-1"]).to_string());
    assert_eq!((event.class(), event.lane(), event.channel()), (CaseClass::Discomfort, Lane::Health, FromChannel::App));
    let parts = [RecordPart::Content, RecordPart::Emotion, RecordPart::Circumstances, RecordPart::ExpectedResolution];
    assert_eq!(event.record_parts().collect::<Vec<_>>(), parts);
    let look = RevealCaseRequest { case_id: event.case_id.clone(), purpose: "handling".into() };
    let said = client(&stack).reveal_case(request("staff:ana", look)).await.unwrap().into_inner();
    assert_eq!(said.content, "用了之后头皮很痒，起了红疹");
    assert_eq!((said.circumstances.as_str(), said.expected_resolution.as_str()), ("第一次用", "退款"));
    assert_eq!(event.emotion(), Emotion::Angry);
    assert_eq!(event.complaint_id, view["complaint_id"].as_str().unwrap());
    assert_eq!((event.product_id.as_str(), event.batch.as_str(), event.store_id.as_str()), ("p-1", "L7", "s-1"));
    assert_eq!(get(&stack, &format!("/v1/cases/{}", event.case_id)).await.json(), without_link(view));
}

#[tokio::test]
async fn a_contact_told_again_is_the_same_case() {
    let stack = start().await;
    let contact = case_with(json!({ "external_ref": "T-1" }));
    let first = post_case(&stack, &contact).await;
    assert_eq!(without_link(first.json()), post_case(&stack, &contact).await.json());
    let elsewhere = post_case(&stack, &case_with(json!({ "external_ref": "T-1", "channel": "hotline" }))).await;
    assert_ne!(id(&first), id(&elsewhere));
    assert_eq!(count(&stack, "case_file").await, 2);

    let keyed = [("content-type", "application/json"), ("idempotency-key", "k-1")];
    let one = post(&stack, "/v1/cases", &keyed, a_case().to_string()).await;
    let two = post(&stack, "/v1/cases", &keyed, a_case().to_string()).await;
    assert_eq!((one.status, &one.text), (two.status, &two.text));
    let other = post(&stack, "/v1/cases", &keyed, case_with(json!({ "content": "something else" })).to_string()).await;
    assert_eq!((other.status, other.problem()), (409, "idempotency.key_reused".into()));
    assert_eq!(count(&stack, "case_file").await, 3);
    assert_ne!(id(&post_case(&stack, &a_case()).await), id(&post_case(&stack, &a_case()).await));
}

#[tokio::test]
async fn r_int_09_other_words_under_a_reference_that_is_on_record_are_a_further_contact() {
    let stack = start().await;
    let said = |words: &str| case_with(json!({ "external_ref": "T-9", "content": words }));
    let first = post_case(&stack, &said("发货了吗")).await.json();
    let asked = post_case(&stack, &said("发货了吗，急用")).await.json();
    assert_eq!((&asked["case_id"], asked.get("status_link")), (&first["case_id"], None), "its case hears it");
    let harm = post_case(&stack, &said("用了脸肿了，住院了")).await.json();
    assert_ne!(harm["case_id"], first["case_id"], "harm is a case of its own");
    assert_eq!((&first["lane"], &harm["lane"]), (&json!("standard"), &json!("health")));
    for (again, case) in [("用了脸肿了， 住院了", &harm), ("发货了吗", &first), ("发货了吗，急用", &first)]
    {
        let told = post_case(&stack, &said(again)).await;
        assert_eq!((told.status, &told.json()["case_id"]), (201, &case["case_id"]), "{again} was said already");
    }
    let kept: i64 =
        sqlx::query_scalar("select count(*) from case_text").fetch_one(&stack.pool("intake")).await.unwrap();
    assert_eq!((count(&stack, "case_file").await, kept), (2, 3));

    // The same content, and harm beside it; told again by its key it is answered as the first time.
    let form = json!({ "external_ref": "T-9", "content": "发货了吗", "health": { "symptoms": "脸肿，喘不过气" } });
    let keyed = [("content-type", "application/json"), ("idempotency-key", "k-9")];
    let told = post(&stack, "/v1/cases", &keyed, case_with(form.clone()).to_string()).await;
    let again = post(&stack, "/v1/cases", &keyed, case_with(form).to_string()).await;
    assert_eq!((told.status, told.json()["lane"].as_str()), (201, Some("health")), "{told:?}");
    assert_eq!((&again.text, count(&stack, "case_file").await), (&told.text, 3));
}

#[tokio::test]
async fn a_first_answer_is_in_time_or_missed() {
    let stack = start().await;
    let prompt = id(&post_case(&stack, &case_with(json!({ "channel": "app" }))).await);
    let slow = id(&post_case(&stack, &case_with(json!({ "channel": "app", "content": "the parcel is late" }))).await);
    stack.advance(SignedDuration::from_mins(5)).await;
    let mut client = client(&stack);
    let respond = |case_id: &str| {
        request(
            "staff:ana",
            RespondToCaseRequest { case_id: case_id.to_owned(), text: "we open at nine".into(), responded_at: None },
        )
    };
    assert_eq!(client.respond_to_case(respond(&prompt)).await.unwrap().into_inner().status, "responded");
    assert!(stack.events::<CaseResponseMissed>("intake").await.is_empty());
    stack.advance(SignedDuration::from_millis(1)).await;
    let missed: Vec<CaseResponseMissed> = stack.events("intake").await;
    assert_eq!(missed.iter().map(|event| &event.case_id).collect::<Vec<_>>(), [&slow]);
    client.respond_to_case(respond(&slow)).await.unwrap();
    let responded: Vec<CaseResponded> = stack.events("intake").await;
    assert_eq!(responded.iter().map(|event| event.in_time).collect::<Vec<_>>(), [true, false]);

    let view = client.get_case(GetCaseRequest { case_id: slow.clone() }).await.unwrap().into_inner().case.unwrap();
    assert!(view.response_missed && view.responded_at.is_some());
    let again = client.respond_to_case(respond(&slow)).await.unwrap_err();
    assert_eq!(again.code(), Code::FailedPrecondition);
}

/// What is complained of is handled by complaint, what did harm in the health lane besides, an enquiry is answered, a
/// suggestion recorded; no class ends as another one does.
#[tokio::test]
async fn r_int_23_the_class_decides_how_a_case_is_handled() {
    let stack = start().await;
    let mut client = client(&stack);
    let (done, complaint, other) = ("", "handled as a complaint", "only a suggestion");
    for (class, lane, answered, recorded) in [
        ("enquiry", Lane::Standard, done, other),
        ("suggestion", Lane::Standard, done, done),
        ("service_attitude", Lane::Standard, complaint, complaint),
        ("product_quality", Lane::Standard, complaint, complaint),
        ("discomfort", Lane::Health, complaint, complaint),
    ] {
        for (outcome, expected) in [("answered", answered), ("suggestion_recorded", recorded)] {
            let case_id = id(&post_case(&stack, &case_with(json!({ "class": class, "content": "hello" }))).await);
            let get = GetCaseRequest { case_id: case_id.clone() };
            let facts = client.get_case(get).await.unwrap().into_inner().case.unwrap().registered.unwrap();
            assert_eq!((facts.lane(), facts.complaint_id.is_empty()), (lane, expected != complaint), "{class}");
            let text = "we look into it".to_owned();
            let respond = RespondToCaseRequest { case_id: case_id.clone(), text, responded_at: None };
            client.respond_to_case(request("staff:ana", respond)).await.unwrap();
            let close = CloseCaseRequest { case_id, outcome: outcome.to_owned() };
            let closed = client.close_case(request("staff:ana", close)).await;
            assert_eq!(closed.is_ok(), expected == done, "{class}: {outcome}");
            assert!(closed.err().is_none_or(|no| no.message().contains(expected)), "{class}: {outcome}");
        }
    }
}

#[tokio::test]
async fn a_case_ends_by_a_person_or_with_its_complaint() {
    let stack = start().await;
    let enquiry = id(&post_case(&stack, &a_case()).await);
    let complaint = id(&post_case(&stack, &case_with(json!({ "class": "delivery" }))).await);
    let mut client = client(&stack);
    let close = |case_id: &str, outcome: &str| {
        request("staff:ana", CloseCaseRequest { case_id: case_id.to_owned(), outcome: outcome.to_owned() })
    };
    for (case, outcome, code) in [
        (&enquiry, "answered", Code::FailedPrecondition),
        (&complaint, "guidance", Code::FailedPrecondition),
        (&enquiry, "complaint_closed", Code::InvalidArgument),
        (&Uuid::nil().to_string(), "answered", Code::FailedPrecondition),
    ] {
        assert_eq!(client.close_case(close(case, outcome)).await.unwrap_err().code(), code, "{outcome}");
    }
    let answer = RespondToCaseRequest { case_id: enquiry.clone(), text: "at nine".into(), responded_at: None };
    client.respond_to_case(request("staff:ana", answer)).await.unwrap();
    let mut keyed = close(&enquiry, "answered");
    keyed.metadata_mut().insert("idempotency-key", "c-1".parse().unwrap());
    assert_eq!(client.close_case(keyed).await.unwrap().into_inner().status, "closed");
    let mut repeated = close(&enquiry, "answered");
    repeated.metadata_mut().insert("idempotency-key", "c-1".parse().unwrap());
    assert_eq!(client.close_case(repeated).await.unwrap().into_inner().version, 3);

    let complaint_id = Uuid::from_u128(5);
    let ended =
        ComplaintClosed { case_id: complaint.clone(), outcome: "withdrawn".into(), ..ComplaintClosed::default() };
    stack.publish("complaint", &ended, complaint_id, 1).await;
    stack.publish("complaint", &ended, complaint_id, 2).await;
    stack.settle().await;
    let closed: Vec<CaseClosed> = stack.events("intake").await;
    let outcomes: Vec<_> = closed.iter().map(|event| (event.case_id.as_str(), event.outcome.as_str())).collect();
    assert_eq!(outcomes, [(enquiry.as_str(), "answered"), (complaint.as_str(), "complaint_withdrawn")]);

    let appeal = |case_id: &str| ComplaintReopened { case_id: case_id.into(), ..ComplaintReopened::default() };
    stack.publish("complaint", &appeal(&complaint), complaint_id, 3).await;
    stack.publish("complaint", &appeal(""), complaint_id, 4).await;
    stack.settle().await;
    assert_eq!(get(&stack, &format!("/v1/cases/{complaint}")).await.json()["status"], "reopened");
    assert_eq!(stack.events::<CaseReopened>("intake").await.len(), 1);
    stack.publish("complaint", &ended, complaint_id, 5).await;
    stack.settle().await;
    assert_eq!(stack.events::<CaseClosed>("intake").await.len(), 3);
    assert_eq!(stack.parked("intake").await, 0);
}

#[tokio::test]
async fn a_problem_found_by_a_follow_up_opens_a_linked_case() {
    let stack = start().await;
    let found = |discomfort: bool, product: &str, follow_up: u128| ProblemFound {
        follow_up_id: Uuid::from_u128(follow_up).to_string(),
        customer_id: Uuid::from_u128(9).to_string(),
        purchase_id: Uuid::from_u128(8).to_string(),
        score: 2,
        discomfort,
        product_id: product.to_owned(),
        ..ProblemFound::default()
    };
    for (n, (discomfort, product)) in [(true, "p-1"), (false, "p-1"), (false, "")].into_iter().enumerate() {
        let follow_up = n as u128 + 1;
        stack.publish("scheduling", &found(discomfort, product, follow_up), Uuid::from_u128(follow_up), 1).await;
        stack.publish("scheduling", &found(discomfort, product, follow_up), Uuid::from_u128(follow_up), 2).await;
    }
    stack.settle().await;
    let mut cases: Vec<CaseRegistered> = stack.events("intake").await;
    cases.sort_by(|a, b| a.follow_up_id.cmp(&b.follow_up_id));
    let seen: Vec<_> = cases.iter().map(|c| (c.class(), c.lane(), c.health_severity)).collect();
    assert_eq!(
        seen,
        [
            (CaseClass::Discomfort, Lane::Health, 1),
            (CaseClass::ProductQuality, Lane::Standard, 0),
            (CaseClass::ServiceAttitude, Lane::Standard, 0),
        ]
    );
    assert!(cases.iter().all(|case| case.channel() == FromChannel::FollowUp && !case.complaint_id.is_empty()));
    assert_eq!(stack.parked("intake").await, 0);
}

#[tokio::test]
async fn the_description_and_its_page_are_served() {
    let stack = start().await;
    let description = get(&stack, "/openapi.json").await.json();
    assert!(description["openapi"].as_str().unwrap().starts_with("3."));
    let paths = description["paths"].as_object().unwrap();
    let expected = [
        "/v1/attachments",
        "/v1/cases",
        "/v1/cases/{id}",
        "/v1/cases/{id}/attachments",
        "/v1/cases/{id}/verdict",
        "/v1/knowledge",
        "/v1/knowledge/{id}",
        "/v1/promises",
        "/v1/sales",
        "/v1/status/{token}",
        "/v1/status/{token}/rating",
    ];
    assert_eq!(paths.keys().collect::<Vec<_>>(), expected);
    let channels = &description["components"]["schemas"]["CaseRequest"]["properties"]["channel"]["enum"];
    assert_eq!(channels.as_array().unwrap().len(), 9, "{channels}");
    assert_eq!(get(&stack, "/docs/").await.status, 200);
}
