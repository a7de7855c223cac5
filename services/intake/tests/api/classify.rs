//! A person says what a case is about, where nobody and nothing was sure of it.
use contracts::{
    common::v1::{CaseClass, Emotion, Lane, Page},
    complaint::v1::ComplaintAssessed,
    intake::v1::{
        CaseClassified, CaseRecordCompleted, ClassifyCaseRequest, ExportLabelledRequest, ListQueueRequest, RecordPart,
        intake_client::IntakeClient, training_client::TrainingClient,
    },
};
use serde_json::json;
use testkit::{Stack, request, wrong_fields};
use tonic::Code;

use super::{contact, count, desk, start, view};

fn says(case_id: &str, class: CaseClass, version: u32) -> ClassifyCaseRequest {
    ClassifyCaseRequest {
        case_id: case_id.into(),
        class: class.into(),
        emotion: Emotion::Unspecified.into(),
        department: "logistics".into(),
        reason: "read the whole of it".into(),
        classification_version: version,
    }
}

async fn unsure(stack: &Stack) -> Vec<String> {
    let asked = ListQueueRequest { unsure: true, ..ListQueueRequest::default() };
    let found = IntakeClient::new(stack.channel("intake")).list_queue(asked).await.unwrap().into_inner();
    assert!(found.cases.iter().all(|case| case.unsure));
    found.cases.into_iter().map(|case| case.case_id).collect()
}

#[tokio::test]
async fn r_int_22_what_nobody_was_sure_of_waits_for_a_person_whose_word_counts() {
    let stack = start().await;
    let vague = contact(&stack, json!({ "content": "hello, it is about yesterday" })).await;
    let stated = contact(&stack, json!({ "class": "suggestion", "content": "hello" })).await;
    let seen_stated = view(&stack, &stated).await;
    contact(&stack, json!({ "class": "delivery", "content": "hello" })).await;
    assert_eq!(unsure(&stack).await, [vague.as_str()]);
    let seen = view(&stack, &vague).await;
    assert_eq!((seen.classification, seen.registered.unwrap().class()), (None, CaseClass::Enquiry));

    let felt = ClassifyCaseRequest { emotion: Emotion::Worried.into(), ..says(&vague, CaseClass::Suggestion, 0) };
    let mut asked = request("staff:ana", felt);
    asked.metadata_mut().insert("idempotency-key", "k-1".parse().unwrap());
    let again = || {
        let (metadata, extensions, message) = (asked.metadata().clone(), asked.extensions().clone(), asked.get_ref());
        tonic::Request::from_parts(metadata, extensions, message.clone())
    };
    let first = desk(&stack).classify_case(again()).await.unwrap().into_inner();
    assert_eq!(desk(&stack).classify_case(again()).await.unwrap().into_inner(), first, "a repeat changes nothing");
    assert!(unsure(&stack).await.is_empty());
    let seen = view(&stack, &vague).await;
    let (registered, judged) = (seen.registered.unwrap(), seen.classification.unwrap());
    assert_eq!((registered.class(), registered.class_source.as_str()), (CaseClass::Suggestion, "person"));
    assert_eq!((registered.emotion(), registered.complaint_id.as_str()), (Emotion::Worried, ""));
    assert_eq!((judged.version, judged.class_was(), judged.by.as_str()), (1, CaseClass::Enquiry, "staff:ana"));
    assert!(judged.class_source_was.starts_with("default"), "{judged:?}");

    let late = desk(&stack).classify_case(request("staff:ben", says(&vague, CaseClass::Repair, 0))).await.unwrap_err();
    assert!(late.message().contains("read it again"), "{late:?}");
    desk(&stack).classify_case(request("staff:ben", says(&stated, CaseClass::Repair, 0))).await.unwrap();
    assert_ne!(view(&stack, &stated).await.registered.unwrap().complaint_id, "");
    let complaint = request("staff:ben", says(&stated, CaseClass::Enquiry, 1));
    let refused = desk(&stack).classify_case(complaint).await.unwrap_err();
    assert_eq!(refused.code(), Code::FailedPrecondition);
    assert!(refused.message().contains("handled as a complaint"), "{refused:?}");

    stack.settle().await;
    let [first, second] = stack.events::<CaseClassified>("intake").await.try_into().unwrap();
    assert_eq!(
        (first.class(), first.class_was(), first.classification_version),
        (CaseClass::Suggestion, CaseClass::Enquiry, 1)
    );
    assert_eq!((first.class_source.as_str(), first.department.as_str()), ("person", "logistics"));
    assert_ne!((first.model_version.as_str(), first.model_class()), ("", CaseClass::Unspecified), "it was in shadow");
    assert_ne!(
        (second.model_version.as_str(), second.model_class()),
        ("", CaseClass::Unspecified),
        "read where it was stated"
    );
    let read = seen_stated.registered.unwrap();
    assert_eq!(read.class_source, "stated", "and it counted for nothing");
    assert_ne!(seen_stated.model_reading.unwrap().class(), CaseClass::Unspecified);
    assert_eq!((second.class(), second.registered.unwrap().class()), (CaseClass::Repair, CaseClass::Repair));
    let [completed] = stack.events::<CaseRecordCompleted>("intake").await.try_into().unwrap();
    assert_eq!(completed.record_parts().collect::<Vec<_>>(), [RecordPart::Emotion]);
    let told = stack.journal("intake").await;
    assert!(
        !told.iter().any(|row| row.payload.windows(9).any(|part| part == b"the whole")),
        "reasons stay with the case"
    );
}

#[tokio::test]
async fn r_int_09_no_word_of_a_person_lowers_what_safety_heard_and_one_can_raise_it() {
    let stack = start().await;
    let harmed = contact(&stack, json!({ "class": "enquiry", "content": "用了以后脸肿了，怎么办" })).await;
    let place = async |case_id: &str| {
        let facts = view(&stack, case_id).await.registered.unwrap();
        (facts.lane(), facts.health_severity, facts.priority.unwrap().score)
    };
    let before = place(&harmed).await;
    assert_eq!(before.0, Lane::Health);
    desk(&stack).classify_case(request("staff:ana", says(&harmed, CaseClass::Suggestion, 0))).await.unwrap();
    assert_eq!(place(&harmed).await, before);

    let vague = contact(&stack, json!({ "content": "hello" })).await;
    desk(&stack).classify_case(request("staff:ana", says(&vague, CaseClass::Discomfort, 0))).await.unwrap();
    assert_eq!(place(&vague).await, (Lane::Health, 1, 1000));
}

#[tokio::test]
async fn what_is_wrong_with_a_word_is_named() {
    let stack = start().await;
    let wrong = ClassifyCaseRequest { department: "After Sales".into(), ..ClassifyCaseRequest::default() };
    let refused = desk(&stack).classify_case(request("service:x", wrong)).await.unwrap_err();
    let fields = ["metadata.aftercare-actor", "case_id", "class", "department", "reason"];
    assert_eq!(wrong_fields(&refused), fields);
}

#[tokio::test]
async fn r_int_22_what_people_said_is_exported_with_redacted_words_and_the_looks_are_written_down() {
    let stack = start().await;
    let who = json!({ "name": "王小明", "phone": "+86 138 0000 0000" });
    let words = "我是王小明，快递等了十天还没到，电话13800000000";
    let first = contact(&stack, json!({ "class": "suggestion", "customer": who, "content": words })).await;
    let second = contact(&stack, json!({ "content": "hello, it is about yesterday" })).await;
    let other = json!({ "name": "Ana", "phone": "13900000000" });
    let late = json!({ "class": "delivery", "customer": other, "content": "the parcel is broken" });
    let complaint = contact(&stack, late).await;
    contact(&stack, json!({ "content": "nobody says anything of this one" })).await;
    for (case, class, version) in
        [(&first, CaseClass::Enquiry, 0), (&first, CaseClass::Suggestion, 1), (&second, CaseClass::Enquiry, 0)]
    {
        stack.advance(jiff::SignedDuration::from_mins(1)).await;
        let felt = if case == &second { Emotion::Calm } else { Emotion::Unspecified };
        let said = ClassifyCaseRequest { emotion: felt.into(), ..says(case, class, version) };
        desk(&stack).classify_case(request("staff:ana", said)).await.unwrap();
    }
    stack.advance(jiff::SignedDuration::from_mins(1)).await;
    let of = view(&stack, &complaint).await.registered.unwrap().complaint_id;
    let class = CaseClass::ProductQuality.into();
    let assessed = ComplaintAssessed { complaint_id: of.clone(), class, severity: 1 };
    stack.publish("complaint", &assessed, of.parse().unwrap(), 1).await;
    stack.settle().await;

    let looks = count(&stack, "access_log").await;
    let (mut texts, mut token) = (Vec::new(), String::new());
    loop {
        let page = Some(Page { size: 2, token });
        let asked = ExportLabelledRequest { purpose: "training".into(), page, ..ExportLabelledRequest::default() };
        let mut client = TrainingClient::new(stack.channel("intake"));
        let part = client.export_labelled(request("staff:ana", asked)).await.unwrap().into_inner();
        texts.extend(part.texts);
        token = part.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    let told: Vec<_> = texts
        .iter()
        .map(|one| (&one.case_id, one.class(), one.emotion(), one.department.as_str(), one.said_by.as_str()))
        .collect();
    let expected = [
        (&first, CaseClass::Suggestion, Emotion::Unspecified, "logistics", "person"),
        (&second, CaseClass::Enquiry, Emotion::Calm, "logistics", "person"),
        (&complaint, CaseClass::ProductQuality, Emotion::Unspecified, "", "assessment"),
    ];
    assert_eq!(told, expected, "the last word of each, in the order in which it was said");
    assert!(texts[0].text.contains("快递等了十天还没到"), "{}", texts[0].text);
    assert!(!texts[0].text.contains("王小明") && !texts[0].text.contains("138"), "{}", texts[0].text);
    assert!(count(&stack, "access_log").await >= looks + 6, "each look at words and at contact data");

    sqlx::query(
        "delete from customer where id = (select (state->'facts'->>'customer_id')::uuid from case_file where id = $1)",
    )
    .bind(second.parse::<uuid::Uuid>().unwrap())
    .execute(&stack.pool("intake"))
    .await
    .unwrap();
    let since = texts[1].said_at;
    let asked = ExportLabelledRequest { since, purpose: "training".into(), ..ExportLabelledRequest::default() };
    let mut client = TrainingClient::new(stack.channel("intake"));
    let rest = client.export_labelled(request("staff:ana", asked)).await.unwrap().into_inner();
    assert_eq!((rest.texts.len(), rest.forgotten), (1, 1), "who was forgotten is learned from no more");
    let silent = client.export_labelled(request("staff:ana", ExportLabelledRequest::default())).await.unwrap_err();
    assert_eq!(wrong_fields(&silent), ["purpose"]);
}
