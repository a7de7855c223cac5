//! The bounds in the OpenAPI description are those that are checked: one more is refused for its bound, the bound itself is
//! not, and no text is without one.
use serde_json::{Value, json};
use testkit::Stack;

use super::{a_sale, case_with, get, post_case, post_sales, sale_with, start};

/// Texts that are instants; they are read as such, whatever their length, and ids are.
const INSTANTS: [&str; 3] = ["occurred_at", "bought_at", "delivered_at"];
/// What is refused whatever else is sent, so that nothing is stored.
const NO_DAY: &str = "never";

/// Whether the request is refused because of this field's bound.
async fn bound(stack: &Stack, schema: &str, name: &str, value: Value) -> bool {
    let within = |part: &str| json!({ part: { name: value.clone() } });
    let (field, mut fields) = match schema {
        "Customer" => (format!("customer.{name}"), within("customer")),
        "Health" => (format!("health.{name}"), within("health")),
        "PurchaseRef" => (format!("purchase.{name}"), within("purchase")),
        "Amount" => (format!("paid.{name}"), within("paid")),
        "SaleTender" => (format!("tenders[0].{name}"), json!({ "tenders": [{ "kind": "points", name: value }] })),
        "SaleLine" => (format!("lines[0].{name}"), json!({ "lines": [{ name: value }] })),
        _ => (name.to_owned(), json!({ name: value })),
    };
    let reply = if ["SaleRequest", "SaleLine", "SaleTender", "Amount"].contains(&schema) {
        fields["bought_at"] = NO_DAY.into();
        post_sales(stack, &[a_sale("good"), sale_with("bad", fields)]).await
    } else {
        fields["occurred_at"] = NO_DAY.into();
        post_case(stack, &case_with(fields)).await
    };
    let errors = reply.json()["errors"].as_array().unwrap().clone();
    errors.iter().filter(|error| error["field"] == field).any(|error| {
        let said = format!("{}, {}", error["reason"], error["hint"]);
        ["characters", "give 0 to", "give 1 to", "0 to 10^15", "200 lines"].iter().any(|bound| said.contains(bound))
            && error["reason"] != "is missing"
    })
}

#[tokio::test]
async fn the_bounds_in_the_description_are_those_that_are_checked() {
    let stack = start().await;
    let schemas = get(&stack, "/openapi.json").await.json()["components"]["schemas"].clone();
    let mut seen = 0;
    for schema in
        ["CaseRequest", "Customer", "Health", "PurchaseRef", "SaleRequest", "SaleLine", "SaleTender", "Amount"]
    {
        for (name, property) in schemas[schema]["properties"].as_object().unwrap() {
            let texts = |length: u64| Value::from("1".repeat(usize::try_from(length).unwrap()));
            let item = if name == "attachments" { json!(uuid::Uuid::nil()) } else { json!({}) };
            let lines = |length: u64| Value::from(vec![item.clone(); usize::try_from(length).unwrap()]);
            let number = |name: &str| property[name].as_u64().or_else(|| Some(property[name].as_f64()? as u64));
            let pairs = [
                number("maxLength").filter(|_| name != "currency").map(|most| (texts(most), texts(most + 1))),
                number("maxItems").map(|most| (lines(most), lines(most + 1))),
                number("maximum").map(|most| (json!(most), json!(most + 1))),
                number("minimum").map(|least| (json!(least), json!(least.cast_signed() - 1))),
            ];
            for (good, bad) in pairs.into_iter().flatten() {
                assert!(bound(&stack, schema, name, bad).await, "{schema}.{name} has no such bound: {property}");
                assert!(!bound(&stack, schema, name, good).await, "{schema}.{name} is bounded closer: {property}");
                seen += 1;
            }
            let text = property["type"].to_string().contains("string") && property.get("enum").is_none();
            let form = INSTANTS.contains(&name.as_str()) || property["format"] == "uuid";
            let bounded = number("maxLength").is_some() || form;
            assert!(!text || bounded, "{schema}.{name} has no bound: {property}");
        }
    }
    assert_eq!(seen, 36, "bounds tried");
    super::assert_nothing_stored(&stack).await;
}
