//! Every way a contact can be wrong: a clear 4xx that names all wrong fields at once, and nothing stored.
use contracts::intake::v1::{
    CloseCaseRequest, GetCaseRequest, RespondToCaseRequest, RevealCaseRequest, RevealContactRequest,
    intake_client::IntakeClient,
};
use serde_json::{Value, json};
use testkit::{request, wrong_fields};
use tonic::Code;
use uuid::Uuid;

use super::{Reply, assert_nothing_stored, case_with, get, post, post_case, start, without_link};

#[tokio::test]
async fn r_int_03_every_bad_or_missing_field_is_named() {
    let stack = start().await;
    let long = |n: usize| "字".repeat(n);
    let table: Vec<(&str, Value, Vec<&str>)> = vec![
        ("no channel", json!({ "channel": null }), vec!["channel"]),
        ("unknown channel", json!({ "channel": "pigeon" }), vec!["channel"]),
        ("our own channel", json!({ "channel": "follow_up" }), vec!["channel"]),
        ("no customer", json!({ "customer": null }), vec!["customer.name", "customer.phone"]),
        ("no identity", json!({ "customer": { "phone": "1380000" } }), vec!["customer.name"]),
        ("no contact", json!({ "customer": { "name": "Ana" } }), vec!["customer.phone"]),
        ("unknown reference, no contact", json!({ "customer": { "ref": "C-1" } }), vec!["customer.phone"]),
        ("no content", json!({ "content": null }), vec!["content"]),
        ("blank content", json!({ "content": "  \n " }), vec!["content"]),
        ("long content", json!({ "content": long(4001) }), vec!["content"]),
        ("control character", json!({ "content": "a\u{0}b" }), vec!["content"]),
        ("line end in a name", json!({ "customer": { "name": "a\nb", "phone": "12345" } }), vec!["customer.name"]),
        ("long name", json!({ "customer": { "name": long(201), "phone": "12345" } }), vec!["customer.name"]),
        ("bad phone", json!({ "customer": { "name": "Ana", "phone": "call me" } }), vec!["customer.phone"]),
        (
            "bad e-mail",
            json!({ "customer": { "name": "Ana", "phone": "12345", "email": "ana@" } }),
            vec!["customer.email"],
        ),
        (
            "long address",
            json!({ "customer": { "name": "A", "phone": "12345", "address": long(501) } }),
            vec!["customer.address"],
        ),
        ("unknown field", json!({ "prio": 1 }), vec!["prio"]),
        (
            "unknown field within",
            json!({ "customer": { "name": "A", "phone": "12345", "sex": "f" } }),
            vec!["customer.sex"],
        ),
        ("wrong type", json!({ "content": 7 }), vec!["content"]),
        ("wrong type within", json!({ "customer": { "name": "A", "phone": 13800 } }), vec!["customer.phone"]),
        ("wrong type of a whole part", json!({ "customer": "Ana" }), vec!["customer"]),
        ("unknown class", json!({ "class": "odd" }), vec!["class"]),
        ("unknown emotion", json!({ "emotion": "blue" }), vec!["emotion"]),
        ("severity", json!({ "health": { "severity": 5 } }), vec!["health.severity"]),
        ("severity below", json!({ "health": { "severity": -1 } }), vec!["health.severity"]),
        ("severity as a fraction", json!({ "health": { "severity": 1.5 } }), vec!["health.severity"]),
        ("vip tier", json!({ "vip_tier": 4 }), vec!["vip_tier"]),
        ("not an instant", json!({ "occurred_at": "yesterday" }), vec!["occurred_at"]),
        ("no zone", json!({ "occurred_at": "2026-02-20T10:00:00" }), vec!["occurred_at"]),
        ("no such day", json!({ "occurred_at": "2026-02-30T10:00:00Z" }), vec!["occurred_at"]),
        ("before 2000", json!({ "occurred_at": "1999-12-31T23:59:59Z" }), vec!["occurred_at"]),
        ("far future", json!({ "occurred_at": "2026-03-04T00:00:00Z" }), vec!["occurred_at"]),
        ("long reference", json!({ "external_ref": long(101) }), vec!["external_ref"]),
        ("purchase without number", json!({ "purchase": { "channel": "shop" } }), vec!["purchase.order_ref"]),
        ("long order number", json!({ "purchase": { "order_ref": long(101) } }), vec!["purchase.order_ref"]),
        ("long product", json!({ "product_id": long(101) }), vec!["product_id"]),
        ("long batch", json!({ "batch": long(101) }), vec!["batch"]),
        ("long store", json!({ "store": long(101) }), vec!["store"]),
        ("long circumstances", json!({ "circumstances": long(2001) }), vec!["circumstances"]),
        ("long wish", json!({ "expected_resolution": long(2001) }), vec!["expected_resolution"]),
        ("long symptoms", json!({ "health": { "symptoms": long(1001) } }), vec!["health.symptoms"]),
        ("long frequency", json!({ "health": { "frequency_of_use": long(201) } }), vec!["health.frequency_of_use"]),
        (
            "long e-mail",
            json!({ "customer": { "name": "A", "phone": "12345", "email": format!("{}@example.com", "a".repeat(243)) } }),
            vec!["customer.email"],
        ),
    ];
    for (name, fields, expected) in table {
        let reply = post_case(&stack, &case_with(fields)).await;
        assert_eq!(reply.status, 422, "{name}: {reply:?}");
        assert_eq!(reply.wrong(), expected, "{name}");
    }
    assert_nothing_stored(&stack).await;
}

#[tokio::test]
async fn all_wrong_fields_are_named_at_once() {
    let stack = start().await;
    let bad = json!({
        "chanel": "website", "channel": 7, "customer": { "phone": true, "age": 30 }, "content": "",
        "class": "odd", "occurred_at": "1980-01-01T00:00:00Z", "health": { "severity": 9, "symptoms": [] }
    });
    let mut wrong = post_case(&stack, &bad).await.wrong();
    wrong.sort();
    assert_eq!(
        wrong,
        [
            "chanel",
            "channel",
            "class",
            "content",
            "customer.age",
            "customer.name",
            "customer.phone",
            "health.severity",
            "health.symptoms",
            "occurred_at",
        ]
    );
    let reply = post_case(&stack, &json!({})).await;
    assert_eq!(reply.wrong(), ["channel", "customer.name", "customer.phone", "content"]);
    assert!(reply.json()["errors"][0]["hint"].as_str().unwrap().contains("channel"), "{reply:?}");
    let many = (0..60).map(|n| (format!("odd{n}"), json!(1))).collect();
    let reply = post_case(&stack, &case_with(Value::Object(many))).await;
    let errors = reply.json()["errors"].as_array().unwrap().clone();
    assert_eq!(errors.len(), 51);
    assert!(errors[50]["field"] == "" && errors[50]["reason"].as_str().unwrap().contains("more"), "{reply:?}");
    assert_nothing_stored(&stack).await;
}

#[tokio::test]
async fn what_is_no_document_at_all_is_refused() {
    let stack = start().await;
    let json_type = [("content-type", "application/json")];
    let problem = |reply: &Reply| (reply.status, reply.problem());
    for (body, status, kind) in [
        (b"{".to_vec(), 400, "request.not_json"),
        (b"".to_vec(), 400, "request.not_json"),
        (b"{\"content\": \"\xff\xfe\"}".to_vec(), 400, "request.not_utf8"),
        (vec![b'['; 300], 400, "request.not_json"),
        (b"[]".to_vec(), 422, "request.invalid"),
        (b"null".to_vec(), 422, "request.invalid"),
        (b"{\"content\": \"a\", \"content\": \"b\"}".to_vec(), 422, "request.invalid"),
        (vec![b' '; 10 * 1024 * 1024], 413, "request.too_large"),
        (vec![b' '; 256 * 1024 + 1], 413, "request.too_large"),
    ] {
        let (start, length) = (String::from_utf8_lossy(&body[..body.len().min(30)]).into_owned(), body.len());
        let reply = post(&stack, "/v1/cases", &json_type, body).await;
        assert_eq!(problem(&reply), (status, kind.to_owned()), "{start} ({length})");
    }
    let reply = post(&stack, "/v1/cases", &[("content-type", "text/plain")], case_with(json!({})).to_string()).await;
    assert_eq!(problem(&reply), (415, "request.content_type".into()));
    let key = "k".repeat(201);
    for key in ["", key.as_str(), "é"] {
        let headers = [("content-type", "application/json"), ("idempotency-key", key)];
        let reply = post(&stack, "/v1/cases", &headers, case_with(json!({})).to_string()).await;
        assert_eq!((reply.status, reply.wrong()), (422, vec!["header.Idempotency-Key".to_owned()]), "{key}");
    }
    let headers = [("content-type", "application/json"), ("idempotency-key", "")];
    let reply = post(&stack, "/v1/cases", &headers, case_with(json!({ "content": "" })).to_string()).await;
    assert_eq!(reply.wrong(), ["content", "header.Idempotency-Key"], "the header is named with the fields");
    let reply = get(&stack, "/v1/cases").await;
    assert_eq!(problem(&reply), (405, "request.method".into()));
    assert_nothing_stored(&stack).await;
}

#[tokio::test]
async fn a_case_that_is_not_there_is_not_found() {
    let stack = start().await;
    let reply = get(&stack, "/v1/cases/00000000-0000-7000-8000-000000000000").await;
    assert_eq!((reply.status, reply.problem()), (404, "case.not_found".into()));
    let reply = get(&stack, "/v1/nothing").await;
    assert_eq!((reply.status, reply.problem()), (404, "page.not_found".into()));
    for id in ["7", "%FF"] {
        let reply = get(&stack, &format!("/v1/cases/{id}")).await;
        assert_eq!((reply.status, reply.wrong()), (422, vec!["id".to_owned()]), "{id}");
    }
}

#[tokio::test]
async fn every_bad_field_of_a_call_is_refused() {
    let stack = start().await;
    let reply = post_case(&stack, &case_with(json!({}))).await;
    let case_id = reply.json()["case_id"].as_str().unwrap().to_owned();
    let mut client = IntakeClient::new(stack.channel("intake"));
    let respond = |case_id: &str, text: &str| RespondToCaseRequest {
        case_id: case_id.into(),
        text: text.into(),
        responded_at: None,
    };
    for (id, text, field) in [
        ("7", "at nine", "case_id"),
        (case_id.as_str(), " ", "text"),
        (&case_id, &"字".repeat(4001), "text"),
        (&case_id, "a\u{0}b", "text"),
    ] {
        let refused = client.respond_to_case(request("staff:ana", respond(id, text))).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument, "{refused:?}");
        assert!(refused.message().starts_with(field), "{refused:?}");
    }
    for actor in ["", "ana", "staff:", "Staff:ana"] {
        let refused = client.respond_to_case(request(actor, respond("7", " "))).await.unwrap_err();
        assert_eq!(wrong_fields(&refused), ["metadata.aftercare-actor", "case_id", "text"], "{actor}");
    }
    for outcome in ["", "complaint", "Answered", &"x".repeat(10_000)] {
        let close = CloseCaseRequest { case_id: String::new(), outcome: outcome.into() };
        let mut close = request("", close);
        close.metadata_mut().insert("idempotency-key", "k".repeat(201).parse().unwrap());
        let refused = client.close_case(close).await.unwrap_err();
        let all = ["metadata.aftercare-actor", "metadata.idempotency-key", "case_id", "outcome"];
        assert_eq!(wrong_fields(&refused), all, "{outcome}");
    }
    for purpose in ["", "\n", &"字".repeat(201), "a\u{0}b"] {
        let look = RevealCaseRequest { case_id: "7".into(), purpose: purpose.into() };
        let refused = client.reveal_case(request("ana", look)).await.unwrap_err();
        assert_eq!(wrong_fields(&refused), ["metadata.aftercare-actor", "case_id", "purpose"], "{purpose}");
        let look = RevealContactRequest { customer_id: "7".into(), purpose: purpose.into() };
        let refused = client.reveal_contact(request("ana", look)).await.unwrap_err();
        assert_eq!(wrong_fields(&refused), ["metadata.aftercare-actor", "customer_id", "purpose"], "{purpose}");
    }
    let refused = client.get_case(GetCaseRequest { case_id: "7".into() }).await.unwrap_err();
    assert_eq!(wrong_fields(&refused), ["case_id"]);
    let unknown = client.respond_to_case(request("staff:ana", respond(&Uuid::nil().to_string(), "at nine"))).await;
    assert_eq!(unknown.unwrap_err().code(), Code::NotFound);
    assert_eq!(get(&stack, &format!("/v1/cases/{case_id}")).await.json(), without_link(reply.json()));
}
