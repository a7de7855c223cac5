//! Every way an order can be wrong: one bad line refuses the whole request, every bad line and field is named, and
//! nothing is half-stored.
use serde_json::{Value, json};

use super::{a_sale, assert_nothing_stored, post, post_sales, sale_with, start};

fn line(fields: Value) -> Value {
    super::merged(a_sale("x")["lines"][0].clone(), fields)
}

fn money(minor: Value, currency: &str) -> Value {
    json!({ "minor": minor, "currency": currency })
}

fn tender(kind: &str, minor: i64) -> Value {
    json!({ "kind": kind, "paid": money(json!(minor), "CNY") })
}

#[tokio::test]
async fn every_bad_field_is_named() {
    let stack = start().await;
    let table: Vec<(&str, Value, Vec<&str>)> = vec![
        ("no channel", json!({ "channel": null }), vec!["channel"]),
        ("no number", json!({ "order_ref": " " }), vec!["order_ref"]),
        ("long number", json!({ "order_ref": "x".repeat(101) }), vec!["order_ref"]),
        ("nobody", json!({ "customer": { "name": "Ana" } }), vec!["customer.ref"]),
        ("no time", json!({ "bought_at": null }), vec!["bought_at"]),
        ("before 2000", json!({ "bought_at": "1970-01-01T00:00:00Z" }), vec!["bought_at"]),
        ("far future", json!({ "bought_at": "2126-01-01T00:00:00Z" }), vec!["bought_at"]),
        ("delivered before bought", json!({ "delivered_at": "2026-02-20T09:59:59Z" }), vec!["delivered_at"]),
        ("delivered in the far future", json!({ "delivered_at": "2027-01-01T00:00:00Z" }), vec!["delivered_at"]),
        ("no lines", json!({ "lines": [] }), vec!["lines"]),
        ("a line that is none", json!({ "lines": [7] }), vec!["lines[0]"]),
        ("no paid", json!({ "paid": null }), vec!["paid"]),
        ("no currency", json!({ "paid": { "minor": 5000 } }), vec!["paid.currency"]),
        ("below zero", json!({ "paid": money(json!(-1), "CNY") }), vec!["paid.minor"]),
        ("a fraction", json!({ "paid": money(json!(50.5), "CNY") }), vec!["paid.minor"]),
        ("overflow", json!({ "paid": money(json!(9_223_372_036_854_775_808_u64), "CNY") }), vec!["paid.minor"]),
        ("too large", json!({ "paid": money(json!(i64::MAX), "CNY") }), vec!["paid.minor"]),
        ("as text", json!({ "paid": money(json!("50.00"), "CNY") }), vec!["paid.minor"]),
        ("small letters", json!({ "paid": money(json!(5000), "cny") }), vec!["paid.currency"]),
        ("no such currency", json!({ "paid": money(json!(5000), "ZZZ") }), vec!["paid.currency"]),
        ("not the sum", json!({ "paid": money(json!(4999), "CNY") }), vec!["paid.minor"]),
        (
            "other currency",
            json!({ "paid": money(json!(5000), "EUR") }),
            vec!["lines[0].paid.currency", "lines[1].paid.currency"],
        ),
        ("quantity 0", json!({ "lines": [line(json!({ "quantity": 0 }))] }), vec!["lines[0].quantity"]),
        ("quantity as text", json!({ "lines": [line(json!({ "quantity": "2" }))] }), vec!["lines[0].quantity"]),
        ("no product", json!({ "lines": [line(json!({ "product_id": null }))] }), vec!["lines[0].product_id"]),
        (
            "long category",
            json!({ "lines": [line(json!({ "category": "c".repeat(101) }))] }),
            vec!["lines[0].category"],
        ),
        (
            "unknown field",
            json!({ "lines": [line(json!({ "colour": "red" }))], "paid": money(json!(3980), "CNY") }),
            vec!["lines[0].colour"],
        ),
        (
            "same line twice",
            json!({ "lines": [line(json!({})), line(json!({}))], "paid": money(json!(7960), "CNY") }),
            vec!["lines[1].line_id"],
        ),
        ("too many lines", json!({ "lines": vec![line(json!({})); 201] }), vec!["lines"]),
        ("long store", json!({ "store": "s".repeat(101) }), vec!["store"]),
        (
            "long batch",
            json!({ "lines": [line(json!({ "batch": "b".repeat(101) }))], "paid": money(json!(3980), "CNY") }),
            vec!["lines[0].batch"],
        ),
        ("long line id", json!({ "lines": [line(json!({ "line_id": "1".repeat(101) }))] }), vec!["lines[0].line_id"]),
        ("too many pieces", json!({ "lines": [line(json!({ "quantity": 1_000_001 }))] }), vec!["lines[0].quantity"]),
        (
            "price below zero",
            json!({ "lines": [line(json!({ "price": money(json!(-1), "CNY") }))], "paid": money(json!(3980), "CNY") }),
            vec!["lines[0].price.minor"],
        ),
        (
            "price in another currency",
            json!({ "lines": [line(json!({ "price": money(json!(1990), "EUR") }))], "paid": money(json!(3980), "CNY") }),
            vec!["lines[0].price.currency"],
        ),
        (
            "tax in another currency",
            json!({ "lines": [line(json!({ "tax": money(json!(90), "EUR") }))], "paid": money(json!(3980), "CNY") }),
            vec!["lines[0].tax.currency"],
        ),
        (
            "tax and freight above what was paid",
            json!({
                "lines": [line(json!({ "tax": money(json!(3000), "CNY"), "freight": money(json!(981), "CNY") }))],
                "paid": money(json!(3980), "CNY"),
            }),
            vec!["lines[0].tax"],
        ),
        (
            "a discount below zero",
            json!({ "lines": [line(json!({ "discount": money(json!(-1), "CNY") }))], "paid": money(json!(3980), "CNY") }),
            vec!["lines[0].discount.minor"],
        ),
        ("tenders not the sum", json!({ "tenders": [tender("card", 4999)] }), vec!["tenders"]),
        ("too many tenders", json!({ "tenders": vec![tender("card", 1); 21] }), vec!["tenders"]),
        (
            "a tender of nothing",
            json!({ "tenders": [tender("card", 5000), tender("cash", 0)] }),
            vec!["tenders[1].paid.minor"],
        ),
        ("a tender below zero", json!({ "tenders": [tender("card", -1)] }), vec!["tenders[0].paid.minor"]),
        ("no such tender", json!({ "tenders": [tender("gold", 5000)] }), vec!["tenders[0].kind"]),
        ("no tender", json!({ "tenders": [{ "paid": money(json!(5000), "CNY") }] }), vec!["tenders[0].kind"]),
        (
            "tender in another currency",
            json!({ "tenders": [tender("card", 4000), { "kind": "cash", "paid": money(json!(1000), "EUR") }] }),
            vec!["tenders[1].paid.currency"],
        ),
        ("points that are not told", json!({ "tenders": [tender("points", 5000)] }), vec!["tenders[0].points"]),
        (
            "points of a card",
            json!({ "tenders": [super::merged(tender("card", 5000), json!({ "points": 5 }))] }),
            vec!["tenders[0].points"],
        ),
        ("no such day", json!({ "bought_at": "2026-02-30T10:00:00Z" }), vec!["bought_at"]),
    ];
    for (name, fields, expected) in table {
        let reply = post_sales(&stack, &[a_sale("good"), sale_with("bad", fields)]).await;
        assert_eq!(reply.status, 422, "{name}: {reply:?}");
        assert_eq!(reply.wrong(), expected, "{name}");
        assert!(reply.json()["errors"].as_array().unwrap().iter().all(|error| error["line"] == 2), "{name}: {reply:?}");
    }
    assert_nothing_stored(&stack).await;
}

#[tokio::test]
async fn one_bad_line_of_a_thousand_refuses_all_and_every_bad_line_is_named() {
    let stack = start().await;
    let mut lines: Vec<Value> = (0..1000).map(|n| a_sale(&format!("A-{n}"))).collect();
    lines[499] = sale_with("A-499", json!({ "paid": { "minor": -5, "currency": "CNY" } }));
    let reply = post_sales(&stack, &lines).await;
    assert_eq!(reply.status, 422);
    assert_eq!(reply.json()["errors"].as_array().unwrap().len(), 1);
    assert_eq!((&reply.json()["errors"][0]["line"], reply.wrong()), (&json!(500), vec!["paid.minor".to_owned()]));

    let mut body = lines.iter().map(Value::to_string).collect::<Vec<_>>();
    body[9] = "{ not json".into();
    body[19] = String::new();
    body[29] = r#"{"order_ref": 1, "extra": 2}"#.into();
    let reply = post(&stack, "/v1/sales", &[("content-type", "application/x-ndjson")], body.join("\n")).await;
    let errors = reply.json()["errors"].as_array().unwrap().clone();
    let bad_lines: std::collections::BTreeSet<_> = errors.iter().map(|e| e["line"].as_u64().unwrap()).collect();
    assert_eq!(bad_lines.into_iter().collect::<Vec<_>>(), [10, 30, 500]);
    assert_nothing_stored(&stack).await;
}

#[tokio::test]
async fn what_is_too_much_or_no_text_at_all_is_refused() {
    let stack = start().await;
    let ndjson = [("content-type", "application/x-ndjson")];
    for (body, status, kind) in [
        (vec![b' '; 10_000_000], 413, "request.too_large"),
        (a_sale("\u{e9}").to_string().replace('\u{e9}', "\u{0}").into_bytes(), 422, "request.invalid"),
        (b"\xff\xfe".to_vec(), 400, "request.not_utf8"),
        ([a_sale("1").to_string().as_bytes(), b"\n{\"order_ref\": \"\xff\"}"].concat(), 400, "request.not_utf8"),
        (b"\n\n".to_vec(), 422, "request.invalid"),
        (b"".to_vec(), 422, "request.invalid"),
    ] {
        let reply = post(&stack, "/v1/sales", &ndjson, body).await;
        assert_eq!((reply.status, reply.problem()), (status, kind.to_owned()), "{reply:?}");
    }
    let lines: Vec<Value> = (0..5001).map(|n| a_sale(&n.to_string())).collect();
    let reply = post_sales(&stack, &lines).await;
    assert_eq!((reply.status, reply.problem()), (413, "request.too_many_lines".into()));
    let reply = post(&stack, "/v1/sales", &[("content-type", "text/csv")], a_sale("1").to_string()).await;
    assert_eq!(reply.status, 415);
    assert_nothing_stored(&stack).await;
}
