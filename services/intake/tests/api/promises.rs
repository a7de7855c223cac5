//! What is promised, told to everybody, warned of, judged and corrected.
use contracts::{
    common::v1::Lane,
    intake::v1::{
        CaseContactAdded, CaseRegistered, CaseReplied, CaseReplyDueSoon, CaseReplyMissed, CaseResponded,
        CaseResponseCorrected, CaseResponseDueSoon, CaseResponseMissed, GetCaseRequest, RespondToCaseRequest,
        RevealCaseRequest, intake_client::IntakeClient,
    },
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use testkit::{Stack, request, wrong_fields};
use tonic::{Code, transport::Channel};

use super::{case_with, get, post_case, start, without_link};

fn client(stack: &Stack) -> IntakeClient<Channel> {
    IntakeClient::new(stack.channel("intake"))
}

fn on_wire(at: &str) -> Option<contracts::Timestamp> {
    Some(backbone::proto::timestamp(at.parse().unwrap()))
}

/// Moves the clock to an instant that is to come, with all that happens on the way.
async fn until(stack: &Stack, at: &str) {
    stack.advance(at.parse::<Timestamp>().unwrap().duration_since(stack.now())).await;
}

async fn contact(stack: &Stack, fields: Value) -> Value {
    let reply = post_case(stack, &case_with(fields)).await;
    assert_eq!(reply.status, 201, "{reply:?}");
    reply.json()
}

fn answer(case: &Value, at: Option<&str>) -> tonic::Request<RespondToCaseRequest> {
    let case_id = case["case_id"].as_str().unwrap().to_owned();
    let responded_at = at.and_then(on_wire);
    request("staff:ana", RespondToCaseRequest { case_id, text: "we look into it".into(), responded_at })
}

#[tokio::test]
async fn r_int_13_r_int_16_a_chat_before_a_holiday_is_due_five_minutes_after_the_next_opening() {
    let stack = start().await;
    // Friday night; Qingming is off until Monday.
    until(&stack, "2026-04-03T23:30:00+08:00").await;
    let night = contact(&stack, json!({ "channel": "app" })).await;
    assert_eq!(night["respond_by"], "2026-04-07T01:05:00Z");
    assert_eq!(night["answered_from"], "2026-04-07T01:00:00Z");
    let path = format!("/v1/cases/{}", night["case_id"].as_str().unwrap());
    assert_eq!(get(&stack, &path).await.json(), without_link(night.clone()));
    let case_id = night["case_id"].as_str().unwrap().to_owned();
    let view = client(&stack).get_case(GetCaseRequest { case_id }).await.unwrap().into_inner().case.unwrap();
    let told: Vec<CaseRegistered> = stack.events("intake").await;
    assert_eq!(view.registered.as_ref(), told.first());
    assert_eq!(told[0].answered_from, on_wire("2026-04-07T01:00:00Z"));
    assert_eq!((told[0].calendar.as_str(), told[0].calendar_version), ("china", 1), "what it is counted in");
    let harm = contact(&stack, json!({ "channel": "app", "class": "discomfort" })).await;
    assert_eq!((&harm["respond_by"], harm.get("answered_from")), (&json!("2026-04-04T15:30:00Z"), None));
    // The Saturday after Labour Day is worked for it.
    until(&stack, "2026-05-09T10:00:00+08:00").await;
    let saturday = contact(&stack, json!({ "channel": "app", "external_ref": "made-up" })).await;
    assert_eq!((&saturday["respond_by"], saturday.get("answered_from")), (&json!("2026-05-09T02:05:00Z"), None));
}

#[tokio::test]
async fn r_int_12_whoever_must_answer_is_warned_once_and_an_answer_told_late_corrects_a_miss() {
    let stack = start().await;
    let case = contact(&stack, json!({ "channel": "app", "occurred_at": "2026-03-02T07:00:00Z" })).await;
    assert_eq!(case["respond_by"], "2026-03-02T08:05:00Z");
    until(&stack, "2026-03-02T08:02:59Z").await;
    assert!(stack.events::<CaseResponseDueSoon>("intake").await.is_empty());
    until(&stack, "2026-03-02T08:03:00Z").await;
    until(&stack, "2026-03-02T08:05:00Z").await;
    let warned: Vec<CaseResponseDueSoon> = stack.events("intake").await;
    let warned: Vec<_> = warned.iter().map(|one| (one.case_id.as_str(), one.warning.as_str())).collect();
    assert_eq!(warned, [(case["case_id"].as_str().unwrap(), "60%")]);
    assert!(stack.events::<CaseResponseMissed>("intake").await.is_empty());
    stack.advance(SignedDuration::from_millis(1)).await;
    assert_eq!(stack.events::<CaseResponseMissed>("intake").await.len(), 1);
    let missed = "select occurred_at from journal where type = 'aftercare.intake.v1.CaseResponseMissed'";
    let missed: jiff_sqlx::Timestamp = sqlx::query_scalar(missed).fetch_one(&stack.pool("intake")).await.unwrap();
    assert_eq!(missed.to_jiff().to_string(), "2026-03-02T08:05:00Z", "when it was due, not when it was noticed");

    let mut client = client(&stack);
    for bad in ["2026-03-02T09:00:00Z", "2026-03-02T06:59:59Z"] {
        let refused = client.respond_to_case(answer(&case, Some(bad))).await.unwrap_err();
        assert_eq!((refused.code(), wrong_fields(&refused)), (Code::InvalidArgument, vec!["responded_at".to_owned()]));
    }
    client.respond_to_case(answer(&case, Some("2026-03-02T08:05:00Z"))).await.unwrap();
    let responded: Vec<CaseResponded> = stack.events("intake").await;
    assert!(responded[0].in_time && responded[0].responded_at == on_wire("2026-03-02T08:05:00Z"));
    let path = format!("/v1/cases/{}", case["case_id"].as_str().unwrap());
    let view = get(&stack, &path).await.json();
    assert_eq!((&view["responded_at"], &view["response_missed"]), (&json!("2026-03-02T08:05:00Z"), &json!(false)));

    // An earlier one takes its place; one that is not earlier says nothing.
    client.respond_to_case(answer(&case, Some("2026-03-02T07:30:00Z"))).await.unwrap();
    let nothing = client.respond_to_case(answer(&case, Some("2026-03-02T08:00:00Z"))).await.unwrap_err();
    assert_eq!(nothing.code(), Code::FailedPrecondition);
    let corrected: Vec<CaseResponseCorrected> = stack.events("intake").await;
    let corrected: Vec<_> =
        corrected.iter().map(|one| (one.responded_at, one.was_responded_at, one.was_late)).collect();
    assert_eq!(
        corrected,
        [
            (on_wire("2026-03-02T08:05:00Z"), None, true),
            (on_wire("2026-03-02T07:30:00Z"), on_wire("2026-03-02T08:05:00Z"), false)
        ]
    );
}

#[tokio::test]
async fn r_int_12_d8_what_the_customer_says_next_is_promised_an_answer_warned_of_missed_and_answered() {
    let stack = start().await;
    let case = contact(&stack, json!({ "channel": "app", "external_ref": "m-1" })).await;
    let case_id = case["case_id"].as_str().unwrap().to_owned();
    let mut client = client(&stack);
    client.respond_to_case(answer(&case, None)).await.unwrap();
    assert_eq!(case.get("reply_by"), None);
    until(&stack, "2026-03-02T08:10:00Z").await;
    let says = |number: u32, at: &str| {
        let (external_ref, content) = (format!("m-{number}"), "and then?");
        json!({ "channel": "app", "case_id": case_id, "external_ref": external_ref, "content": content, "occurred_at": at })
    };
    let more = contact(&stack, says(2, "2026-03-02T08:09:00Z")).await;
    assert_eq!(more["reply_by"], "2026-03-02T08:14:00Z", "from when it was said");
    let again = contact(&stack, says(3, "2026-03-02T08:10:00Z")).await;
    assert_eq!(again["reply_by"], more["reply_by"], "one turn");
    let added: Vec<CaseContactAdded> = stack.events("intake").await;
    let owed = added[0].reply.clone().unwrap();
    assert_eq!((owed.since, owed.reply_by), (on_wire("2026-03-02T08:09:00Z"), on_wire("2026-03-02T08:14:00Z")));
    assert_eq!((owed.calendar.as_str(), owed.calendar_version, &added[1].reply), ("china", 1, &None));
    let get_case = || GetCaseRequest { case_id: case_id.clone() };
    let view = client.get_case(get_case()).await.unwrap().into_inner().case.unwrap();
    assert_eq!(view.reply, Some(owed.clone()));

    until(&stack, "2026-03-02T08:14:00Z").await;
    let warned: Vec<CaseReplyDueSoon> = stack.events("intake").await;
    assert_eq!(
        warned.iter().map(|one| (one.warning.as_str(), one.reply_by)).collect::<Vec<_>>(),
        [("60%", owed.reply_by)]
    );
    assert!(stack.events::<CaseReplyMissed>("intake").await.is_empty(), "the last instant is in time");
    stack.advance(SignedDuration::from_millis(1)).await;
    let missed: Vec<CaseReplyMissed> = stack.events("intake").await;
    assert_eq!(missed.iter().map(|one| (one.since, one.reply_by)).collect::<Vec<_>>(), [(owed.since, owed.reply_by)]);
    assert_eq!((missed[0].lane(), warned[0].lane()), (Lane::Standard, Lane::Standard), "whom it wakes is said with it");
    let view = client.get_case(get_case()).await.unwrap().into_inner().case.unwrap();
    assert!(view.reply.unwrap().missed && !view.response_missed);

    // Told late, it was in time; and the next turn is answered at once.
    let told_late = answer(&case, Some("2026-03-02T08:12:00Z"));
    client.respond_to_case(told_late).await.unwrap();
    let nothing = client.respond_to_case(answer(&case, None)).await.unwrap_err();
    assert_eq!(nothing.code(), Code::FailedPrecondition);
    contact(&stack, says(4, "2026-03-02T08:14:00Z")).await;
    let bye = RespondToCaseRequest { case_id: case_id.clone(), text: "it is done".into(), responded_at: None };
    client.respond_to_case(request("staff:ana", bye)).await.unwrap();
    let replied: Vec<CaseReplied> = stack.events("intake").await;
    assert_eq!(
        replied.iter().map(|one| (one.in_time, one.was_missed)).collect::<Vec<_>>(),
        [(true, true), (true, false)]
    );
    assert_eq!(replied[0].replied_at, on_wire("2026-03-02T08:12:00Z"));
    let look = RevealCaseRequest { case_id, purpose: "handling".into() };
    let words = client.reveal_case(request("staff:ana", look)).await.unwrap().into_inner();
    assert_eq!(
        (words.answer.as_str(), words.further_answers),
        ("we look into it", vec!["we look into it".to_owned(), "it is done".to_owned()])
    );
    assert!(stack.events::<CaseResponseMissed>("intake").await.is_empty());
}

#[tokio::test]
async fn r_int_12_the_promises_of_each_channel_are_published() {
    let stack = start().await;
    let reply = get(&stack, "/v1/promises").await;
    assert_eq!(reply.status, 200, "{reply:?}");
    let published = reply.json();
    let channels = published["channels"].as_array().unwrap();
    assert_eq!(channels.len(), 9);
    let find = |name: &str| channels.iter().find(|one| one["channel"] == name).unwrap();
    let day = json!({ "within": "24h", "within_seconds": 86400, "hours": "round_the_clock" });
    assert_eq!(find("app")["first_answer"], json!({ "within": "5m", "within_seconds": 300, "hours": "china" }));
    assert_eq!((&find("email")["first_answer"], &find("app")["urgent_feedback"]), (&day, &day));
    for channel in ["app", "email"] {
        assert_eq!(
            find(channel)["further_answers"],
            find(channel)["first_answer"],
            "nobody waits longer the second time"
        );
    }
    assert_eq!(find("hotline")["pickup"], json!({ "within": "15s", "percent": 80 }));
    let results = find("shop")["results"].as_array().unwrap();
    assert_eq!(results.len(), 9);
    assert!(results.iter().all(|one| one["class"] != "enquiry"), "its result is its answer");
    let repair = results.iter().find(|one| one["class"] == "repair").unwrap();
    assert_eq!(repair["result"]["within"], "360h");
    let hours = &published["calendars"].as_array().unwrap()[..];
    assert_eq!((hours.len(), &hours[0]["name"], &hours[0]["zone"]), (1, &json!("china"), &json!("Asia/Shanghai")));
    assert_eq!(hours[0]["week"]["fri"], json!(["09:00-12:00", "13:00-18:00"]));
    assert_eq!(hours[0]["week"].get("sat"), None);
    let description = get(&stack, "/openapi.json").await.json();
    assert!(description["paths"]["/v1/promises"]["get"]["responses"]["200"].is_object());
}

#[tokio::test]
async fn r_int_12_a_chain_promises_by_its_own_policy() {
    let vip =
        "[[rules]]\npromise = \"first_response\"\nwhen.segment = [\"vip\"]\ntarget = \"1h\"\nhours = \"of_place\"\n";
    let policy = kernel::sla::DEFAULT.replacen("[[rules]]", &format!("{vip}\n[[rules]]"), 1);
    let file = std::env::temp_dir().join(format!("levels-{}.toml", uuid::Uuid::new_v4()));
    std::fs::write(&file, policy).unwrap();
    let stack = Stack::start_with(&[&intake::SERVICE], |_, settings| {
        settings.service["levels"] = json!({ "policy": file });
    })
    .await;
    let vip = contact(&stack, json!({ "vip_tier": 1, "repeat_contact": true })).await;
    let other = contact(&stack, json!({ "content": "when do you close?" })).await;
    assert_eq!(vip["respond_by"], "2026-03-02T09:00:00Z");
    assert_eq!(other["respond_by"], "2026-03-03T08:00:00Z");
    let told: Vec<CaseRegistered> = stack.events("intake").await;
    let told: Vec<_> = told.iter().map(|one| (one.vip_tier, one.is_repeat, one.urgent)).collect();
    assert_eq!(told, [(1, true, false), (0, false, false)]);
    std::fs::remove_file(&file).unwrap();
}
