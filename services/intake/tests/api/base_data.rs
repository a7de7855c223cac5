//! What is missing of a purchase's base data is flagged from the first instant, shown, and mended.
use contracts::{
    common::v1::{
        BaseDataFlag::{self, ContactMissing, DeliveryImplausible, NameMissing, ProductContradictory, ProductUnknown},
        Page,
    },
    intake::v1::{
        CorrectBaseDataRequest, LinkCustomersRequest, ListIncompleteBaseDataRequest, PurchaseBaseDataChanged,
        PurchaseRecorded, UnlinkCustomersRequest, customers_client::CustomersClient,
    },
};
use serde_json::{Value, json};
use testkit::{Stack, request, wrong_fields};
use tonic::{Code, Status, transport::Channel};
use tonic_types::StatusExt;
use uuid::Uuid;

use super::{a_sale, contact, count, post_sales, sale_with, start};

fn client(stack: &Stack) -> CustomersClient<Channel> {
    CustomersClient::new(stack.channel("intake"))
}

async fn sell(stack: &Stack, order: &str, fields: Value) {
    let reply = post_sales(stack, &[sale_with(order, fields)]).await;
    assert_eq!(reply.status, 200, "{reply:?}");
}

fn id(order: &str) -> String {
    kernel::id::derived("purchase", &["website", order]).to_string()
}

/// What is listed: the order, and its flags.
async fn listed(stack: &Stack, flag: BaseDataFlag, size: u32) -> Vec<(String, Vec<BaseDataFlag>)> {
    let (mut all, mut token) = (Vec::new(), String::new());
    loop {
        let asked = ListIncompleteBaseDataRequest { flag: flag.into(), page: Some(Page { size, token }) };
        let part = client(stack).list_incomplete_base_data(request("staff:ana", asked)).await.unwrap().into_inner();
        all.extend(part.purchases.into_iter().map(|one| {
            let told = one.purchase.unwrap();
            (told.order_ref.clone(), told.base_data_flags().collect())
        }));
        if part.next_page_token.is_empty() {
            all.sort();
            return all;
        }
        token = part.next_page_token;
    }
}

async fn correct(stack: &Stack, asked: CorrectBaseDataRequest) -> Result<String, Status> {
    client(stack).correct_base_data(request("staff:ana", asked)).await.map(|receipt| receipt.into_inner().status)
}

fn code(status: &Status) -> String {
    status.get_error_details().error_info().map(|info| info.reason.clone()).unwrap_or_default()
}

fn any() -> BaseDataFlag {
    BaseDataFlag::Unspecified
}

#[tokio::test]
async fn r_int_07_incomplete_base_data_are_flagged_as_they_are_told_and_mended_by_staff() {
    let stack = Stack::start_with(&[&intake::SERVICE], |_, settings| {
        settings.service["products"] = json!(["p-1", "p-2"]);
    })
    .await;
    sell(&stack, "A-1", json!({})).await;
    sell(&stack, "A-2", json!({ "customer": { "ref": "C-2" } })).await;
    let unknown = |fields: Value| super::merged(a_sale("x")["lines"][0].clone(), fields);
    let paid = json!({ "minor": 3980, "currency": "CNY" });
    sell(&stack, "A-3", json!({ "lines": [unknown(json!({ "product_id": "p-9" }))], "paid": paid })).await;
    let twice = [unknown(json!({})), unknown(json!({ "line_id": "2", "category": "soap" }))];
    sell(&stack, "A-4", json!({ "lines": twice, "paid": { "minor": 7960, "currency": "CNY" } })).await;
    sell(&stack, "A-5", json!({ "bought_at": "2024-01-01T00:00:00Z", "delivered_at": "2026-01-01T00:00:00Z" })).await;
    let recorded = stack.events::<PurchaseRecorded>("intake").await;
    let flagged: Vec<_> =
        recorded.iter().map(|told| (told.order_ref.as_str(), told.base_data_flags().collect())).collect();
    let expected: [(&str, Vec<BaseDataFlag>); 5] = [
        ("A-1", vec![]),
        ("A-2", vec![NameMissing, ContactMissing]),
        ("A-3", vec![ProductUnknown]),
        ("A-4", vec![ProductContradictory]),
        ("A-5", vec![DeliveryImplausible]),
    ];
    assert_eq!(flagged, expected, "told with the purchase, so before anything is planned for it");
    let all = listed(&stack, any(), 2).await;
    assert_eq!(all.iter().map(|(order, _)| order.as_str()).collect::<Vec<_>>(), ["A-2", "A-3", "A-4", "A-5"]);
    assert_eq!(listed(&stack, ProductUnknown, 2).await.len(), 1);

    let name = CorrectBaseDataRequest { purchase_id: id("A-2"), name: "Bo".into(), ..Default::default() };
    assert_eq!(correct(&stack, name.clone()).await.unwrap(), "flagged");
    assert_eq!(code(&correct(&stack, name).await.unwrap_err()), "purchase.nothing_corrected");
    let phone =
        CorrectBaseDataRequest { purchase_id: id("A-2"), phone: "+86 138 0000 0009".into(), ..Default::default() };
    assert_eq!(correct(&stack, phone).await.unwrap(), "complete");
    let confirmed = vec![ProductUnknown.into()];
    let right = CorrectBaseDataRequest { purchase_id: id("A-3"), confirmed, ..Default::default() };
    assert_eq!(correct(&stack, right).await.unwrap(), "complete");
    sell(&stack, "A-3", json!({ "lines": [unknown(json!({ "product_id": "p-9" }))], "paid": paid })).await;
    assert_eq!(listed(&stack, any(), 50).await.len(), 2, "what a person confirmed stays so");
    let changed = stack.events::<PurchaseBaseDataChanged>("intake").await;
    let told: Vec<_> = changed.iter().map(|one| (one.purchase_id.clone(), one.base_data_flags().collect())).collect();
    let expected: [(String, Vec<BaseDataFlag>); 3] =
        [(id("A-2"), vec![ContactMissing]), (id("A-2"), vec![]), (id("A-3"), vec![])];
    assert_eq!(told, expected);
}

#[tokio::test]
async fn r_int_07_what_is_told_later_of_the_customer_mends_his_purchases() {
    let stack = start().await;
    let by_ref = json!({ "customer": { "ref": "C-7" } });
    sell(&stack, "A-1", by_ref.clone()).await;
    sell(&stack, "A-2", by_ref).await;
    assert_eq!(listed(&stack, any(), 50).await.len(), 2);
    contact(&stack, json!({ "customer": { "ref": "C-7", "phone": "+86 138 0000 0007" } })).await;
    stack.settle().await;
    let nameless = |order: &str| (order.to_owned(), vec![NameMissing]);
    assert_eq!(listed(&stack, any(), 50).await, [nameless("A-1"), nameless("A-2")]);
    // Orders of one request know what each of them tells, and what was told before.
    let named = json!({ "customer": { "ref": "C-7", "name": "Bo" } });
    let lines = [sale_with("A-3", json!({ "customer": { "ref": "C-7" } })), sale_with("A-4", named)];
    assert_eq!(post_sales(&stack, &lines).await.status, 200);
    stack.settle().await;
    assert_eq!(listed(&stack, any(), 50).await, []);
    assert_eq!(count(&stack, "customer_told").await, 0);

    // So does what is known by another pseudonym, as long as they are one person.
    let person = |column: &str| format!("select id from customer where {column} order by id");
    sell(&stack, "A-5", json!({ "customer": { "ref": "C-8", "name": "Bo" } })).await;
    let buyer: Uuid = sqlx::query_scalar("select customer_id from purchase where flaws is not null")
        .fetch_one(&stack.pool("intake"))
        .await
        .unwrap();
    let other: Uuid = sqlx::query_scalar(sqlx::AssertSqlSafe(person("phone is not null")))
        .fetch_one(&stack.pool("intake"))
        .await
        .unwrap();
    let (customer_id, other_customer_id) = (buyer.to_string(), other.to_string());
    let link = LinkCustomersRequest { customer_id, other_customer_id, reason: "he says so".into() };
    client(&stack).link_customers(request("staff:ana", link.clone())).await.unwrap();
    client(&stack).link_customers(request("staff:ben", link.clone())).await.unwrap();
    stack.settle().await;
    assert_eq!(listed(&stack, any(), 50).await, []);
    let LinkCustomersRequest { customer_id, other_customer_id, reason } = link;
    let unlink = UnlinkCustomersRequest { customer_id, other_customer_id, reason };
    client(&stack).unlink_customers(request("staff:ana", unlink)).await.unwrap();
    stack.settle().await;
    assert_eq!(listed(&stack, any(), 50).await, [("A-5".to_owned(), vec![ContactMissing])], "as before");
}

#[tokio::test]
async fn what_cannot_be_corrected_is_said_by_field_or_code() {
    let stack = start().await;
    sell(&stack, "A-1", json!({ "customer": { "ref": "C-7" } })).await;
    let asked = |fields: CorrectBaseDataRequest| CorrectBaseDataRequest { purchase_id: id("A-1"), ..fields };
    let none = correct(&stack, asked(CorrectBaseDataRequest::default())).await.unwrap_err();
    assert_eq!(wrong_fields(&none), ["name"]);
    let wrong = CorrectBaseDataRequest {
        purchase_id: "x".into(),
        name: "x".repeat(201),
        phone: "12".into(),
        email: "a@b".into(),
        confirmed: vec![0, 99, ContactMissing.into(), NameMissing.into()],
    };
    let fields = ["purchase_id", "name", "phone", "email", "confirmed[0]", "confirmed[1]", "confirmed[2]"];
    assert_eq!(wrong_fields(&correct(&stack, wrong).await.unwrap_err()), fields);
    let unflagged = asked(CorrectBaseDataRequest { confirmed: vec![ProductUnknown.into()], ..Default::default() });
    assert_eq!(code(&correct(&stack, unflagged).await.unwrap_err()), "purchase.nothing_corrected");
    let unknown = CorrectBaseDataRequest { purchase_id: id("Z-9"), name: "Bo".into(), ..Default::default() };
    assert_eq!(correct(&stack, unknown).await.unwrap_err().code(), Code::NotFound);
    assert_eq!(listed(&stack, any(), 50).await, [("A-1".to_owned(), vec![NameMissing, ContactMissing])]);
}
