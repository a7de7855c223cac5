//! What is needed of a contact by its class: nobody is asked for more, nothing more is kept, and nothing is lost for less.
use std::fs;

use backbone::node::Node;
use contracts::intake::v1::{
    AddToCaseRequest, CaseContactAdded, CaseRegistered, RecordPart, RequestInfoRequest, RevealCaseRequest,
    intake_client::IntakeClient,
};
use serde_json::{Value, json};
use testkit::{Stack, request};
use tonic::Code;

use super::{
    assert_nothing_stored, case_with, channels::counters, contact, count, desk, get, post_case, start, view,
    without_link,
};

const SHIPPED: &str = include_str!("../../src/minimum.toml");

/// Intake by the shipped declaration, changed.
async fn start_by(change: impl Fn(&str) -> String) -> Stack {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("minimum.toml");
    fs::write(&file, change(SHIPPED)).unwrap();
    Stack::start_with(&[&intake::SERVICE], |_, settings| settings.service["minimum"] = json!({ "file": file })).await
}

fn words(value: &Value) -> Vec<&str> {
    value.as_array().map(|list| list.iter().map(|word| word.as_str().unwrap()).collect()).unwrap_or_default()
}

#[tokio::test]
async fn r_sec_11_what_a_class_does_not_need_is_not_kept_counted_and_told_by_its_name_alone() {
    let counted = counters::start();
    let stack = start().await;
    let contact = case_with(json!({
        "class": "service_attitude", "content": "the clerk at the counter was rude", "channel": "social_media",
        "customer": { "ref": "C-9", "phone": "+86 138 0000 0000", "address": "1 Canary Wharf" },
        "product_id": "canaryproduct", "store": "s-1",
        "health": { "onset": "canaryonset", "duration_of_use": "canarydays", "special_groups": ["pregnant"] }
    }));
    let reply = post_case(&stack, &contact).await;
    assert_eq!(reply.status, 201, "{reply:?}");
    let left = ["product_id", "customer.address", "health.onset", "health.duration_of_use", "health.special_groups"];
    let told = reply.json();
    assert_eq!(words(&told["left_out"]), left);
    assert!(!reply.text.to_lowercase().contains("canary"), "{reply:?}");
    let case_id = told["case_id"].as_str().unwrap().to_owned();
    assert_eq!(get(&stack, &format!("/v1/cases/{case_id}")).await.json(), without_link(told));

    let event = &stack.events::<CaseRegistered>("intake").await[0];
    assert_eq!(
        (event.fields_left_out.as_slice(), event.product_id.as_str(), event.store_id.as_str()),
        (&left.map(str::to_owned)[..], "", "s-1")
    );
    let look = RevealCaseRequest { case_id: case_id.clone(), purpose: "handling".into() };
    let mut client = IntakeClient::new(stack.channel("intake"));
    let said = client.reveal_case(request("staff:ana", look)).await.unwrap().into_inner();
    assert_eq!((said.onset.as_str(), said.duration_of_use.as_str(), said.content.is_empty()), ("", "", false));
    let health: Option<String> =
        sqlx::query_scalar("select state->>'health' from case_file").fetch_one(&stack.pool("intake")).await.unwrap();
    assert_eq!(health, None);
    let address: Option<Vec<u8>> =
        sqlx::query_scalar("select address from customer").fetch_one(&stack.pool("intake")).await.unwrap();
    assert_eq!(address, None);
    let told = counters::read(counted, "contact_fields_left_out_total", "social_media");
    assert_eq!(told.len(), left.len());
    assert!(told.iter().all(|(field, count)| left.contains(&field.as_str()) && *count == 1), "{told:?}");
}

#[tokio::test]
async fn r_sec_11_health_is_kept_where_harm_is_heard_and_an_address_where_something_is_sent() {
    let stack = start().await;
    let harm = json!({ "class": "delivery", "content": "用了以后脸肿了", "health": { "onset": "two days after" } });
    let reply = post_case(&stack, &case_with(harm)).await.json();
    assert_eq!((&reply["lane"], words(&reply["left_out"])), (&json!("health"), vec![]));
    let customer = json!({ "ref": "C-9", "phone": "+86 138 0000 0000", "address": "1 Wharf" });
    let repair = json!({ "class": "repair", "content": "fix it", "customer": customer });
    assert_eq!(words(&post_case(&stack, &case_with(repair)).await.json()["left_out"]), Vec::<&str>::new());

    // What a customer says later is kept as his case needs it.
    let later = json!({ "channel": "website", "class": "enquiry", "content": "and?", "health": { "onset": "canary" } });
    let enquiry = contact(&stack, json!({})).await;
    let mut further = later.clone();
    further["case_id"] = json!(enquiry);
    let reply = post_case(&stack, &case_with(further)).await.json();
    assert_eq!((reply["case_id"].as_str(), words(&reply["left_out"])), (Some(enquiry.as_str()), vec!["health.onset"]));
    let [added] = stack.events::<CaseContactAdded>("intake").await.try_into().unwrap();
    assert_eq!(added.fields_left_out, ["health.onset"]);
}

#[tokio::test]
async fn r_sec_11_a_date_of_birth_or_the_number_of_a_document_is_never_taken() {
    let stack = start().await;
    let customer = json!({ "ref": "C-9", "phone": "+86 138 0000 0000", "birth_date": "1990-01-01", "id_number": "1" });
    let reply = post_case(&stack, &case_with(json!({ "customer": customer }))).await;
    assert_eq!((reply.status, reply.wrong()), (422, vec!["customer.birth_date".into(), "customer.id_number".into()]));
    assert_nothing_stored(&stack).await;
}

#[tokio::test]
async fn r_int_20_a_contact_that_lacks_something_is_taken_in_and_whoever_registers_it_is_told_what() {
    let stack = start().await;
    let at_the_counter =
        json!({ "channel": "shop", "class": "delivery", "content": "it never came", "emotion": "calm" });
    let reply = post_case(&stack, &case_with(at_the_counter)).await;
    assert_eq!(reply.status, 201, "{reply:?}");
    let case = reply.json();
    let lacking = ["circumstances", "expected_resolution", "purchase"];
    assert_eq!(words(&case["lacking"]), lacking);
    let case_id = case["case_id"].as_str().unwrap().to_owned();
    assert_eq!(view(&stack, &case_id).await.lacking, lacking);
    let more = AddToCaseRequest {
        case_id: case_id.clone(),
        circumstances: "ordered on Monday".into(),
        expected_resolution: "send it".into(),
        ..AddToCaseRequest::default()
    };
    IntakeClient::new(stack.channel("intake")).add_to_case(request("staff:ana", more)).await.unwrap();
    assert_eq!(view(&stack, &case_id).await.lacking, ["purchase"]);
    let bought = json!({ "class": "delivery", "content": "it never came", "purchase": { "order_ref": "O-1" } });
    assert!(!words(&post_case(&stack, &case_with(bought)).await.json()["lacking"]).contains(&"purchase"));
    assert_eq!(words(&post_case(&stack, &case_with(json!({}))).await.json()["lacking"]), Vec::<&str>::new());
}

#[tokio::test]
async fn r_int_20_nobody_is_asked_for_what_a_class_does_not_need() {
    let (kept, bare) = (
        "may = [\"emotion\", \"circumstances\", \"expected_resolution\", \"purchase\", \"product_id\", \"batch\", \"store\"]",
        "may = [\"emotion\"]",
    );
    let stack = start_by(|shipped| shipped.replacen("version = 1", "version = 2", 1).replace(kept, bare)).await;
    let case_id = contact(&stack, json!({ "circumstances": "canary" })).await;
    let ask = |missing: RecordPart| {
        let missing = vec![missing.into()];
        request(
            "staff:ana",
            RequestInfoRequest { case_id: case_id.clone(), missing, question: "please?".into(), send: false },
        )
    };
    for needless in [RecordPart::Circumstances, RecordPart::ExpectedResolution] {
        let refused = desk(&stack).request_info(ask(needless)).await.unwrap_err();
        assert_eq!(refused.code(), Code::FailedPrecondition);
        assert!(refused.message().contains("is not needed for a case of this class"), "{refused:?}");
    }
    let mut client = IntakeClient::new(stack.channel("intake"));
    let more = AddToCaseRequest { case_id: case_id.clone(), circumstances: "so".into(), ..AddToCaseRequest::default() };
    let refused = client.add_to_case(request("staff:ana", more)).await.unwrap_err();
    assert!(refused.message().contains("is not needed"), "{refused:?}");
    let look = RevealCaseRequest { case_id: case_id.clone(), purpose: "handling".into() };
    assert_eq!(client.reveal_case(request("staff:ana", look)).await.unwrap().into_inner().circumstances, "");
    desk(&stack).request_info(ask(RecordPart::Emotion)).await.unwrap();
    assert_eq!(count(&stack, "case_file").await, 1);
}

#[tokio::test]
async fn r_sec_11_a_declaration_that_is_none_stops_the_start_and_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("minimum.toml");
    fs::write(&file, SHIPPED).unwrap();
    let adjust = |_: &str, settings: &mut backbone::Settings| settings.service["minimum"] = json!({ "file": file });
    let stack = Stack::start_with(&[&intake::SERVICE], adjust).await;
    let starts = async |declaration: &str| {
        fs::write(&file, declaration).unwrap();
        let context = stack.node("intake").context();
        let again = Node::build(&intake::SERVICE, (*context.settings).clone(), context.clock.clone()).await;
        again.map(drop).map_err(|error| format!("{error:#}"))
    };
    assert_eq!(starts(SHIPPED).await, Ok(()));
    let next = SHIPPED.replacen("version = 1", "version = 2", 1);
    for (wrong, said) in [
        (next.replacen("name = \"repair\"", "name = \"repairs\"", 1), "class repairs is no class we know"),
        (next.replacen("\"purchase\"", "\"customer.birth_date\"", 1), "customer.birth_date is no part of a contact"),
        (next.split("[[class]]\nname = \"enquiry\"").next().unwrap().to_owned(), "class enquiry is not declared"),
        (SHIPPED.replacen("\"purchase\", ", "", 1), "minimum version 1 ("),
    ] {
        let refused = starts(&wrong).await.unwrap_err();
        assert!(refused.contains(said), "{said}: {refused}");
    }
}
