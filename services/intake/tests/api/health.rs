//! The health record of a case: what is said with the contact and later, what is still asked for, and what raising its
//! severity does.
use contracts::{
    common::v1::Lane,
    intake::v1::{
        CaseHealthRaised, CaseHealthRecorded, CaseRegistered, GetHealthRequest, HealthPart, HealthView,
        ListQueueRequest, MedicalCare, RecordHealthRequest, RevealCaseRequest, SpecialGroup,
        health_lane_client::HealthLaneClient, intake_client::IntakeClient,
    },
};
use serde_json::{Value, json};
use testkit::{Stack, request, wrong_fields};
use tonic::{Code, transport::Channel};

use super::{a_sale, case_with, post_case, post_sales, start};

fn lane(stack: &Stack) -> HealthLaneClient<Channel> {
    HealthLaneClient::new(stack.channel("intake"))
}

async fn contact(stack: &Stack, fields: Value) -> String {
    let reply = post_case(stack, &case_with(fields)).await;
    assert_eq!(reply.status, 201, "{reply:?}");
    reply.json()["case_id"].as_str().unwrap().to_owned()
}

async fn view(stack: &Stack, case_id: &str) -> HealthView {
    lane(stack).get_health(GetHealthRequest { case_id: case_id.into() }).await.unwrap().into_inner()
}

async fn queue(stack: &Stack) -> Vec<String> {
    let mut client = IntakeClient::new(stack.channel("intake"));
    let cases = client.list_queue(ListQueueRequest::default()).await.unwrap().into_inner().cases;
    cases.into_iter().map(|case| case.case_id).collect()
}

#[tokio::test]
async fn r_int_06_r_int_20_what_is_missing_is_asked_for_and_what_is_known_is_not() {
    let stack = start().await;
    let health = json!({ "symptoms": "canaryrash", "onset": "canaryday", "severity": 1, "medical_care": "sought" });
    assert_eq!(post_sales(&stack, &[a_sale("A-1")]).await.status, 200);
    let purchase = json!({ "order_ref": "A-1" });
    let fields = json!({ "health": health, "purchase": purchase, "product_id": "p-1", "class": "discomfort" });
    let case = contact(&stack, fields).await;
    let [recorded] = stack.events::<CaseHealthRecorded>("intake").await.try_into().unwrap();
    let said = [HealthPart::Symptoms, HealthPart::Onset, HealthPart::Severity, HealthPart::MedicalCare];
    assert_eq!(recorded.recorded().collect::<Vec<_>>(), said);
    let seen = view(&stack, &case).await;
    let missing = [HealthPart::FrequencyOfUse, HealthPart::DurationOfUse, HealthPart::SpecialGroups];
    assert_eq!(seen.missing().collect::<Vec<_>>(), missing, "the purchase tells the batch");
    assert_eq!((seen.batch.as_str(), seen.medical_care(), seen.severity), ("L7", MedicalCare::Sought, 1));

    let again = RecordHealthRequest { case_id: case.clone(), symptoms: "else".into(), ..Default::default() };
    let refused = lane(&stack).record_health(request("staff:ana", again)).await.unwrap_err();
    assert_eq!(refused.code(), Code::FailedPrecondition, "{refused:?}");
    let rest = RecordHealthRequest {
        case_id: case.clone(),
        frequency_of_use: "canarytwice".into(),
        duration_of_use: "canaryweeks".into(),
        special_groups: vec![SpecialGroup::None.into()],
        ..Default::default()
    };
    lane(&stack).record_health(request("staff:ana", rest)).await.unwrap();
    let seen = view(&stack, &case).await;
    assert_eq!((seen.missing, seen.special_groups), (vec![], vec![SpecialGroup::None.into()]));
    let mut client = IntakeClient::new(stack.channel("intake"));
    let look = RevealCaseRequest { case_id: case, purpose: "handling".into() };
    let words = client.reveal_case(request("staff:ana", look)).await.unwrap().into_inner();
    assert_eq!((words.symptoms.as_str(), words.onset.as_str()), ("canaryrash", "canaryday"));
    assert_eq!((words.frequency_of_use.as_str(), words.duration_of_use.as_str()), ("canarytwice", "canaryweeks"));
    assert_eq!(words.content, "What time do you open?");
    let journal = stack.journal("intake").await;
    let told = |row: &testkit::JournalRow| row.payload.windows(6).any(|part| part == b"canary");
    assert!(!journal.iter().any(told), "words stay in the vault");
    assert_eq!(view(&stack, &contact(&stack, json!({})).await).await.missing, Vec::<i32>::new());
}

#[tokio::test]
async fn r_int_09_a_case_that_turns_out_to_be_about_harm_goes_before_all_others() {
    let stack = start().await;
    let vip = contact(&stack, json!({ "channel": "platform", "vip_tier": 3, "emotion": "angry" })).await;
    let harm = contact(&stack, json!({ "class": "discomfort", "channel": "app" })).await;
    let case = contact(&stack, json!({})).await;
    assert_eq!(queue(&stack).await, [harm.clone(), vip.clone(), case.clone()]);
    let said = |severity| RecordHealthRequest { case_id: case.clone(), severity, ..Default::default() };
    lane(&stack).record_health(request("staff:ana", said(3))).await.unwrap();
    assert_eq!(queue(&stack).await, [case.clone(), harm, vip]);
    let [raised] = stack.events::<CaseHealthRaised>("intake").await.try_into().unwrap();
    assert_eq!((raised.severity, raised.was_severity, raised.priority.unwrap().score), (3, 0, 3000));
    let lower = lane(&stack).record_health(request("service:bot", said(2))).await.unwrap_err();
    assert!(lower.message().contains("never lowered"), "{lower:?}");
    let mut client = IntakeClient::new(stack.channel("intake"));
    let get = contracts::intake::v1::GetCaseRequest { case_id: case };
    let facts: CaseRegistered = client.get_case(get).await.unwrap().into_inner().case.unwrap().registered.unwrap();
    assert_eq!((facts.lane(), facts.health_severity, facts.urgent), (Lane::Health, 3, true));
}

#[tokio::test]
async fn what_is_wrong_with_a_health_record_is_named() {
    let stack = start().await;
    let bad = RecordHealthRequest {
        case_id: "x".into(),
        symptoms: "字".repeat(1001),
        onset: "\u{7}".into(),
        frequency_of_use: "字".repeat(201),
        duration_of_use: "字".repeat(201),
        batch: "b".repeat(101),
        severity: 5,
        medical_care: 9,
        special_groups: vec![SpecialGroup::None.into(), SpecialGroup::Child.into()],
        ..Default::default()
    };
    let refused = lane(&stack).record_health(request("nobody", bad)).await.unwrap_err();
    let wrong = [
        "metadata.aftercare-actor",
        "case_id",
        "symptoms",
        "onset",
        "frequency_of_use",
        "duration_of_use",
        "batch",
        "severity",
        "medical_care",
        "special_groups",
    ];
    assert_eq!(wrong_fields(&refused), wrong);
    let case_id = uuid::Uuid::nil().to_string();
    let nothing = RecordHealthRequest { case_id: case_id.clone(), ..Default::default() };
    let refused = lane(&stack).record_health(request("staff:ana", nothing)).await.unwrap_err();
    assert_eq!(wrong_fields(&refused), ["symptoms"]);
    let refused = lane(&stack).get_health(GetHealthRequest { case_id }).await.unwrap_err();
    assert_eq!(refused.code(), Code::NotFound);
    let odd = json!({ "severity": 5, "medical_care": "a lot", "special_groups": ["elf"], "onset": "x".repeat(201) });
    let reply = post_case(&stack, &case_with(json!({ "health": odd }))).await;
    let mut wrong = reply.wrong();
    wrong.sort();
    assert_eq!(wrong, ["health.medical_care", "health.onset", "health.severity", "health.special_groups[0]"]);
}
