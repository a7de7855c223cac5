//! Two customers turn out to be one person: proposed, confirmed, read as one, and taken apart again exactly.
use contracts::{
    common::v1::{Channel as Source, Page},
    intake::v1::{
        CustomerLinkDeclined, CustomerLinkProposed, CustomerLinkView, CustomerLinked, CustomerUnlinked, CustomerView,
        FindCustomersRequest, GetCustomerRequest, LinkCustomersRequest, LinkEvidence, LinkKind,
        ListCustomerHistoryRequest, ListCustomerLinksRequest, MergeCasesRequest, RevealContactRequest,
        UnlinkCustomersRequest, customers_client::CustomersClient, intake_client::IntakeClient,
    },
};
use futures::future::join_all;
use jiff::SignedDuration;
use serde_json::{Value, json};
use testkit::{Stack, request, wrong_fields};
use tonic::{Code, Status, transport::Channel};
use tonic_types::StatusExt;
use uuid::Uuid;

use super::{contact, count, desk, post_case, post_sales, sale_with, start, view};

fn client(stack: &Stack) -> CustomersClient<Channel> {
    CustomersClient::new(stack.channel("intake"))
}

/// Intake, where `staff:lead` links alone and these words of ours are enough.
async fn start_with(link_by: Value) -> Stack {
    Stack::start_with(&[&intake::SERVICE], move |_, settings| {
        settings.service["desk"]["leads"] = json!(["staff:lead"]);
        settings.service["customers"]["link_by"] = link_by.clone();
    })
    .await
}

fn code(status: &Status) -> String {
    status.get_error_details().error_info().map(|info| info.reason.clone()).unwrap_or_default()
}

/// A contact by this customer: its case, and the customer.
async fn by(stack: &Stack, who: Value) -> (String, String) {
    let case = contact(stack, json!({ "customer": who })).await;
    let customer = view(stack, &case).await.registered.unwrap().customer_id;
    (case, customer)
}

async fn link(stack: &Stack, by: &str, one: &str, other: &str) -> Result<String, Status> {
    let (customer_id, other_customer_id) = (one.to_owned(), other.to_owned());
    let asked = LinkCustomersRequest { customer_id, other_customer_id, reason: "she says so".into() };
    client(stack).link_customers(request(by, asked)).await.map(|receipt| receipt.into_inner().status)
}

async fn unlink(stack: &Stack, one: &str, other: &str) -> Result<String, Status> {
    let (customer_id, other_customer_id) = (one.to_owned(), other.to_owned());
    let asked = UnlinkCustomersRequest { customer_id, other_customer_id, reason: "mother and daughter".into() };
    client(stack).unlink_customers(request("staff:ana", asked)).await.map(|receipt| receipt.into_inner().status)
}

async fn customer(stack: &Stack, id: &str) -> CustomerView {
    let asked = GetCustomerRequest { customer_id: id.into() };
    client(stack).get_customer(request("staff:ana", asked)).await.unwrap().into_inner()
}

async fn links(stack: &Stack, status: &str) -> Vec<CustomerLinkView> {
    let asked = ListCustomerLinksRequest { status: status.into(), page: None };
    client(stack).list_customer_links(request("staff:ana", asked)).await.unwrap().into_inner().links
}

/// What a customer's history shows, the newest first, read in pages of two.
async fn history(stack: &Stack, id: &str) -> Vec<(String, String)> {
    let (mut all, mut token) = (Vec::new(), String::new());
    loop {
        let page = Some(Page { size: 2, token });
        let asked = ListCustomerHistoryRequest { customer_id: id.into(), page };
        let part = client(stack).list_customer_history(request("staff:ana", asked)).await.unwrap().into_inner();
        all.extend(
            part.entries.into_iter().map(|one| (format!("{}{}", one.case_id, one.purchase_id), one.customer_id)),
        );
        if part.next_page_token.is_empty() {
            return all;
        }
        token = part.next_page_token;
    }
}

fn sorted(mut ids: Vec<String>) -> Vec<String> {
    ids.sort();
    ids
}

#[tokio::test]
async fn r_int_21_one_person_by_two_identifiers_is_read_as_one_and_taken_apart_exactly() {
    let stack = start().await;
    let (first, anna) = by(&stack, json!({ "ref": "C-1", "name": "Anna", "phone": "+86 138 0000 0001" })).await;
    let (second, caller) = by(&stack, json!({ "name": "A.", "phone": "+86 139 0000 0002" })).await;
    let bought = json!({ "customer": { "ref": "C-1", "name": "Anna" } });
    assert_eq!(post_sales(&stack, &[sale_with("A-1", bought)]).await.status, 200);
    stack.settle().await;
    let before = (customer(&stack, &anna).await, history(&stack, &anna).await, history(&stack, &caller).await);
    assert_eq!((before.1.len(), before.2.len(), before.0.links.len()), (2, 1, 0));

    assert_eq!(link(&stack, "staff:ana", &anna, &caller).await.unwrap(), "proposed");
    assert_eq!(customer(&stack, &anna).await.customer_ids, std::slice::from_ref(&anna), "nothing is one yet");
    assert_eq!(code(&link(&stack, "staff:ana", &caller, &anna).await.unwrap_err()), "customer_link.own_proposal");
    assert_eq!(link(&stack, "staff:ben", &caller, &anna).await.unwrap(), "linked");
    assert_eq!(code(&link(&stack, "staff:ben", &anna, &caller).await.unwrap_err()), "customer_link.already_linked");
    let one = customer(&stack, &caller).await;
    assert_eq!(one.customer_ids, sorted(vec![anna.clone(), caller.clone()]));
    assert_eq!((one.purchases, one.cases, one.is_named, one.can_be_reached), (1, 2, true, true));
    let seen = history(&stack, &caller).await;
    assert_eq!(seen, history(&stack, &anna).await);
    assert!(seen.contains(&(first.clone(), anna.clone())) && seen.contains(&(second.clone(), caller.clone())));
    // Cases that came within minutes may be one, and are merged as those of one customer.
    assert_eq!(view(&stack, &second).await.duplicate_candidates, std::slice::from_ref(&first));
    let merge = MergeCasesRequest { case_id: second.clone(), into_case_id: first.clone(), reason: "x".into() };
    desk(&stack).merge_cases(request("staff:ana", merge)).await.unwrap();
    stack.move_clock(SignedDuration::from_mins(1));
    let (between, _) = by(&stack, json!({ "phone": "+86 139 0000 0002", "name": "A." })).await;

    assert_eq!(unlink(&stack, &anna, &caller).await.unwrap(), "apart");
    stack.settle().await;
    let after = customer(&stack, &anna).await;
    assert_eq!(CustomerView { links: vec![], ..after.clone() }, before.0);
    assert_eq!((after.links[0].status.as_str(), after.links[0].reason.as_str()), ("apart", "mother and daughter"));
    assert_eq!(history(&stack, &anna).await, before.1);
    let told: Vec<String> = history(&stack, &caller).await.into_iter().map(|(id, _)| id).collect();
    assert_eq!(told, [between, second], "what came meanwhile stays with who said it");
    assert_eq!(code(&unlink(&stack, &anna, &caller).await.unwrap_err()), "customer_link.not_linked");
    let told = (
        stack.events::<CustomerLinkProposed>("intake").await.len(),
        stack.events::<CustomerLinked>("intake").await,
        stack.events::<CustomerUnlinked>("intake").await,
    );
    let pair = |event: &CustomerUnlinked| sorted(vec![event.customer_id.clone(), event.other_customer_id.clone()]);
    assert_eq!((told.0, told.1.len(), told.2.len()), (1, 1, 1));
    assert_eq!((pair(&told.2[0]), told.1[0].evidence()), (sorted(vec![anna, caller]), LinkEvidence::Stated));
}

#[tokio::test]
async fn links_of_links_are_one_person_and_each_is_taken_back_by_itself() {
    let stack = start_with(json!([])).await;
    let mut ids = Vec::new();
    for n in 0..3 {
        ids.push(
            by(&stack, json!({ "ref": format!("C-{n}"), "name": "N", "phone": format!("1380000000{n}") })).await.1,
        );
    }
    let [a, b, c] = &ids[..] else { panic!("three") };
    assert_eq!(link(&stack, "staff:lead", a, b).await.unwrap(), "linked", "a lead's word is enough");
    assert_eq!(link(&stack, "staff:lead", b, c).await.unwrap(), "linked");
    assert_eq!(customer(&stack, a).await.customer_ids, sorted(ids.clone()));
    assert_eq!(unlink(&stack, b, a).await.unwrap(), "apart");
    assert_eq!(customer(&stack, a).await.customer_ids, std::slice::from_ref(a));
    assert_eq!(customer(&stack, b).await.customer_ids, sorted(vec![b.clone(), c.clone()]));
    assert_eq!(link(&stack, "staff:lead", a, b).await.unwrap(), "linked", "a person may say so again");
    assert_eq!(link(&stack, "staff:lead", a, c).await.unwrap(), "linked");
    unlink(&stack, a, b).await.unwrap();
    unlink(&stack, b, c).await.unwrap();
    assert_eq!(customer(&stack, a).await.customer_ids, sorted(vec![a.clone(), c.clone()]), "linked otherwise");
}

#[tokio::test]
async fn what_two_are_told_with_is_proposed_once_and_links_only_where_the_chain_says_so() {
    let stack = start_with(json!([])).await;
    let phone = "+86 138 0000 0001";
    let (_, app) = by(&stack, json!({ "ref": "C-1", "name": "Anna", "phone": phone })).await;
    let (_, caller) = by(&stack, json!({ "name": "Anna", "phone": phone })).await;
    stack.settle().await;
    let proposed = links(&stack, "").await;
    assert_eq!(
        (proposed.len(), proposed[0].evidence(), proposed[0].by.as_str()),
        (1, LinkEvidence::SamePhone, "service:intake")
    );
    assert_eq!(unlink(&stack, &app, &caller).await.unwrap(), "apart");
    assert_eq!(stack.events::<CustomerLinkDeclined>("intake").await.len(), 1);
    let mail = json!({ "ref": "C-1", "name": "Anna", "phone": phone, "email": "a@example.com" });
    by(&stack, mail).await;
    stack.settle().await;
    assert_eq!((links(&stack, "").await.len(), links(&stack, "apart").await.len()), (0, 1), "a person said no");
    // What a whole shop gives speaks for nobody.
    for n in 0..8 {
        by(&stack, json!({ "ref": format!("S-{n}"), "name": "N", "phone": "021 5555 5555" })).await;
    }
    stack.settle().await;
    assert_eq!(links(&stack, "").await, []);

    let stack = start_with(json!(["same_phone"])).await;
    let (_, app) = by(&stack, json!({ "ref": "C-1", "name": "Anna", "phone": phone })).await;
    let sale = json!({ "customer": { "name": "Anna", "phone": phone } });
    assert_eq!(post_sales(&stack, &[sale_with("A-1", sale)]).await.status, 200);
    stack.settle().await;
    let one = customer(&stack, &app).await;
    assert_eq!((one.customer_ids.len(), one.purchases, one.links[0].status.as_str()), (2, 1, "linked"));
    let again = one.customer_ids.iter().find(|id| **id != app).unwrap();
    unlink(&stack, &app, again).await.unwrap();
    by(&stack, json!({ "ref": "C-1", "name": "Anna L.", "phone": phone })).await;
    stack.settle().await;
    assert_eq!(customer(&stack, &app).await.customer_ids, [app], "what a person took apart stays apart");
}

#[tokio::test]
async fn r_int_20_nobody_is_asked_for_what_is_known_of_the_same_person() {
    let stack = start_with(json!([])).await;
    let (_, phoned) = by(&stack, json!({ "name": "Anna", "phone": "+86 138 0000 0001" })).await;
    let sale = json!({ "customer": { "ref": "C-7" } });
    assert_eq!(post_sales(&stack, &[sale_with("A-1", sale)]).await.status, 200);
    let by_ref = json!({ "channel": "website", "customer": { "ref": "C-7" }, "content": "hello" });
    assert_eq!(post_case(&stack, &by_ref).await.wrong(), ["customer.phone"], "nobody knows how to answer");
    let ids: Vec<Uuid> = sqlx::query_scalar("select id from customer").fetch_all(&stack.pool("intake")).await.unwrap();
    let reference = ids.iter().map(Uuid::to_string).find(|id| *id != phoned).unwrap();
    link(&stack, "staff:lead", &reference, &phoned).await.unwrap();
    let reply = post_case(&stack, &by_ref).await;
    assert_eq!(reply.status, 201, "{reply:?}");
    let look = RevealContactRequest { customer_id: reference.clone(), purpose: "message:1".into() };
    let mut intake = IntakeClient::new(stack.channel("intake"));
    let revealed = intake.reveal_contact(request("service:outreach", look.clone())).await.unwrap().into_inner();
    assert_eq!((revealed.name.as_str(), revealed.phone.as_str()), ("Anna", "+8613800000001"));
    assert_eq!(count(&stack, "access_log").await, 2, "a look for each of them");
    // A contact that names a case of the same person goes on from it, under the pseudonym it was told with.
    let named = contact(
        &stack,
        json!({ "content": "me again", "case_id": reply.json()["case_id"],
        "customer": { "name": "Anna", "phone": "+86 138 0000 0001" } }),
    )
    .await;
    let seen = view(&stack, &named).await;
    assert_eq!((seen.links[0].kind(), seen.registered.as_ref().unwrap().is_repeat), (LinkKind::FollowUpOf, true));
    assert_eq!(seen.registered.unwrap().customer_id, phoned);
    unlink(&stack, &phoned, &reference).await.unwrap();
    let revealed = intake.reveal_contact(request("service:outreach", look)).await.unwrap().into_inner();
    assert_eq!((revealed.name.as_str(), revealed.phone.as_str()), ("", ""));
}

#[tokio::test]
async fn what_cannot_be_linked_is_said_by_field_or_code() {
    let stack = start_with(json!([])).await;
    let (_, known) = by(&stack, json!({ "name": "Anna", "phone": "+86 138 0000 0001" })).await;
    let nobody = Uuid::from_u128(7).to_string();
    for unknown in [link(&stack, "staff:ana", &known, &nobody).await, unlink(&stack, &nobody, &known).await] {
        let unknown = unknown.unwrap_err();
        assert_eq!((unknown.code(), code(&unknown)), (Code::NotFound, "customer.not_found".to_owned()));
    }
    assert_eq!(wrong_fields(&link(&stack, "staff:ana", &known, &known).await.unwrap_err()), ["other_customer_id"]);
    let blank = LinkCustomersRequest { customer_id: "x".into(), other_customer_id: "y".into(), reason: " ".into() };
    let wrong = client(&stack).link_customers(request("service:outreach", blank)).await.unwrap_err();
    assert_eq!(wrong_fields(&wrong), ["metadata.aftercare-actor", "customer_id", "other_customer_id", "reason"]);
    let long = UnlinkCustomersRequest {
        customer_id: known.clone(),
        other_customer_id: nobody.clone(),
        reason: "x".repeat(201),
    };
    let wrong = client(&stack).unlink_customers(request("staff:ana", long)).await.unwrap_err();
    assert_eq!(wrong_fields(&wrong), ["reason"]);
    let asked =
        ListCustomerLinksRequest { status: "married".into(), page: Some(Page { size: 201, token: String::new() }) };
    let wrong = client(&stack).list_customer_links(request("staff:ana", asked)).await.unwrap_err();
    assert_eq!(wrong_fields(&wrong), ["status", "page.size"]);
    let asked = GetCustomerRequest { customer_id: nobody };
    let unknown = client(&stack).get_customer(request("staff:ana", asked)).await.unwrap_err();
    assert_eq!(unknown.code(), Code::NotFound);
    assert_eq!(count(&stack, "customer_link").await, 0);
}

#[tokio::test]
async fn of_links_that_meet_none_is_lost_and_one_person_has_a_bound() {
    let stack = start_with(json!([])).await;
    let mut ids = Vec::new();
    for n in 0..21 {
        let phone = format!("138000000{n:02}");
        ids.push(by(&stack, json!({ "ref": format!("C-{n}"), "name": "N", "phone": phone })).await.1);
    }
    // All at once, and each of them twice: of every pair one is linked, and together they are one person.
    let pairs: Vec<(String, String)> = ids[..20].windows(2).map(|two| (two[0].clone(), two[1].clone())).collect();
    let all = join_all(pairs.iter().chain(&pairs).map(|(one, other)| link(&stack, "staff:lead", one, other))).await;
    assert_eq!(all.iter().filter(|outcome| outcome.is_ok()).count(), 19);
    for refused in all.into_iter().filter_map(Result::err) {
        assert_eq!(code(&refused), "customer_link.already_linked");
    }
    assert_eq!(customer(&stack, &ids[7]).await.customer_ids, sorted(ids[..20].to_vec()));
    let more = link(&stack, "staff:lead", &ids[0], &ids[20]).await.unwrap_err();
    assert_eq!((more.code(), code(&more)), (Code::FailedPrecondition, "customer_link.too_many".to_owned()));
    stack.advance(SignedDuration::from_hours(1)).await;
    assert_eq!(stack.events::<CustomerLinked>("intake").await.len(), 19);
}

#[tokio::test]
async fn r_int_21_who_is_on_the_line_is_found_by_phone_address_or_number_and_the_look_is_written_down() {
    let stack = start_with(json!([])).await;
    let (_, app) = by(&stack, json!({ "ref": "C-1", "phone": "+86 138 0000 0000" })).await;
    let (_, caller) =
        by(&stack, json!({ "name": "Ana", "phone": "0086 138-0000-0000", "email": "ana@example.com" })).await;
    link(&stack, "staff:lead", &app, &caller).await.unwrap();
    let (_, other) = by(&stack, json!({ "ref": "C-2", "phone": "+8613900000000" })).await;
    let find = async |asked: FindCustomersRequest| {
        let asked = FindCustomersRequest { purpose: "call:7".into(), ..asked };
        client(&stack).find_customers(request("staff:ana", asked)).await.map(|found| found.into_inner().customers)
    };
    let looks = count(&stack, "access_log").await;
    let one = find(FindCustomersRequest { phone: "+86 (138) 0000 0000".into(), ..Default::default() }).await.unwrap();
    assert_eq!((one.len(), one[0].customer_ids.len()), (1, 2), "one person, whatever he was told by: {one:?}");
    assert_eq!(count(&stack, "access_log").await, looks + 2);
    let one = find(FindCustomersRequest { email: "ANA@example.com".into(), ..Default::default() }).await.unwrap();
    assert_eq!((one.len(), &one[0].customer_id), (1, &caller));
    let website = Source::Website.into();
    let asked = FindCustomersRequest { customer_ref: "C-2".into(), channel: website, ..Default::default() };
    assert_eq!(find(asked).await.unwrap()[0].customer_id, other);
    let nobody = FindCustomersRequest { phone: "+8613700000000".into(), ..Default::default() };
    assert!(find(nobody).await.unwrap().is_empty());
    let both = FindCustomersRequest { phone: "1".into(), email: "x".into(), ..Default::default() };
    assert_eq!(wrong_fields(&find(both).await.unwrap_err()), ["phone"]);
    let without = FindCustomersRequest { customer_ref: "C-2".into(), ..Default::default() };
    assert_eq!(wrong_fields(&find(without).await.unwrap_err()), ["channel"]);
}
