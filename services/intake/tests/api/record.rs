//! What a contact lacks is added to its record as the customer says it, sealed as everything he says.
use contracts::{
    common::v1::{Emotion, Lane},
    intake::v1::{
        AddToCaseRequest, CaseRecordCompleted, CaseRegistered, RecordPart, RevealCaseRequest,
        intake_client::IntakeClient,
    },
};
use serde_json::json;
use testkit::{request, wrong_fields};
use tonic::Code;

use super::{case_with, contact, post_case, start, view};

#[tokio::test]
async fn r_cmp_01_a_person_adds_what_the_contact_lacked_and_what_was_said_stays() {
    let stack = start().await;
    let mailed = case_with(json!({ "channel": "email", "class": "delivery", "content": "where is it?" }));
    let reply = post_case(&stack, &mailed).await.json();
    let case_id = reply["case_id"].as_str().unwrap().to_owned();
    let registered = &stack.events::<CaseRegistered>("intake").await[0];
    assert_eq!(registered.record_parts().collect::<Vec<_>>(), [RecordPart::Content]);

    let mut client = IntakeClient::new(stack.channel("intake"));
    let add = |change: &dyn Fn(&mut AddToCaseRequest)| {
        let mut add = AddToCaseRequest { case_id: case_id.clone(), ..AddToCaseRequest::default() };
        change(&mut add);
        request("staff:ana", add)
    };
    let nothing = client.add_to_case(add(&|_| ())).await.unwrap_err();
    assert_eq!(wrong_fields(&nothing), ["content"]);
    let long = client.add_to_case(add(&|add| add.circumstances = "字".repeat(2001))).await.unwrap_err();
    assert_eq!(wrong_fields(&long), ["circumstances"]);
    let again = client.add_to_case(add(&|add| add.content = "another thing".into())).await.unwrap_err();
    assert_eq!(again.code(), Code::FailedPrecondition);
    assert!(again.message().contains("content is on record already"), "{again:?}");

    let words = |add: &mut AddToCaseRequest| {
        add.circumstances = "the shop promised it for canaryday".into();
        add.expected_resolution = "send it canarynow".into();
        add.emotion = Emotion::Worried.into();
    };
    client.add_to_case(add(&words)).await.unwrap();
    let twice = client.add_to_case(add(&|add| add.emotion = Emotion::Angry.into())).await.unwrap_err();
    assert_eq!(twice.code(), Code::FailedPrecondition, "{twice:?}");
    stack.settle().await;
    let [completed] = stack.events::<CaseRecordCompleted>("intake").await.try_into().unwrap();
    let parts = [RecordPart::Emotion, RecordPart::Circumstances, RecordPart::ExpectedResolution];
    assert_eq!((completed.record_parts().collect::<Vec<_>>(), completed.emotion()), (parts.to_vec(), Emotion::Worried));
    assert_eq!(completed.complaint_id, registered.complaint_id);

    let look = RevealCaseRequest { case_id: case_id.clone(), purpose: "investigation:1".into() };
    let seen = client.reveal_case(request("staff:ana", look)).await.unwrap().into_inner();
    assert_eq!(seen.content, "where is it?");
    assert_eq!(seen.circumstances, "the shop promised it for canaryday");
    assert_eq!(seen.expected_resolution, "send it canarynow");
    let journal = stack.journal("intake").await;
    let told = |row: &testkit::JournalRow| row.payload.windows(6).any(|part| part == b"canary");
    assert!(!journal.iter().any(told), "words stay in the vault");
}

#[tokio::test]
async fn r_int_09_harm_is_heard_in_whatever_is_said_wherever_it_is_said() {
    let stack = start().await;
    let place = async |case_id: &str| {
        let facts = view(&stack, case_id).await.registered.unwrap();
        (facts.lane(), facts.health_severity > 0)
    };
    let case_id = contact(&stack, json!({ "class": "delivery", "content": "where is it?" })).await;
    assert_eq!(place(&case_id).await, (Lane::Standard, false));
    let mut client = IntakeClient::new(stack.channel("intake"));
    let circumstances = "打开就用了，现在脸肿了".to_owned();
    let add = AddToCaseRequest { case_id: case_id.clone(), circumstances, ..AddToCaseRequest::default() };
    client.add_to_case(request("staff:ana", add)).await.unwrap();
    assert_eq!(place(&case_id).await, (Lane::Health, true));

    let calm = contact(&stack, json!({ "expected_resolution": "退款" })).await;
    assert_eq!(place(&calm).await, (Lane::Standard, false), "what is wished decides no class");
    for said in [
        json!({ "expected_resolution": "脸肿了，退款并赔医药费" }),
        json!({ "health": { "onset": "the rash came on day two" } }),
    ] {
        let case_id = contact(&stack, said.clone()).await;
        assert_eq!(place(&case_id).await, (Lane::Health, true), "{said}");
    }
}
