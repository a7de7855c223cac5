//! Finding cases by what was said in them: words of every script, filters and pages; the index follows what happens,
//! waits for nobody and forgets with the customer.
use contracts::{
    common::v1::{CaseClass, Channel, Page},
    intake::v1::{
        AddToCaseRequest, CaseFilter, MergeCasesRequest, RebuildSearchRequest, RespondToCaseRequest,
        SearchCasesRequest, SearchCasesResponse, case_search_client::CaseSearchClient, intake_client::IntakeClient,
    },
};
use jiff::SignedDuration;
use serde_json::{Value, json};
use testkit::{Stack, request, wrong_fields};
use tonic::Status;

use super::{case_with, count, desk, post_case, start};

async fn a_case(stack: &Stack, fields: Value) -> String {
    let reply = post_case(stack, &case_with(fields)).await;
    assert_eq!(reply.status, 201, "{reply:?}");
    stack.move_clock(SignedDuration::from_mins(1));
    reply.json()["case_id"].as_str().unwrap().to_owned()
}

/// Settles until the index has read all of the journal: it waits for whoever is still writing.
pub async fn indexed(stack: &Stack) {
    for _ in 0..100 {
        stack.settle().await;
        let caught_up = "select seq >= (select coalesce(max(seq), 0) from journal) from case_search_mark";
        if sqlx::query_scalar(caught_up).fetch_one(&stack.pool("intake")).await.unwrap() {
            return;
        }
        tokio::task::yield_now().await;
    }
    unreachable!("the index does not catch up");
}

async fn search(stack: &Stack, asked: SearchCasesRequest) -> Result<SearchCasesResponse, Status> {
    let mut client = CaseSearchClient::new(stack.channel("intake"));
    client.search_cases(request("staff:ana", asked)).await.map(tonic::Response::into_inner)
}

fn asked(words: &str, filter: CaseFilter) -> SearchCasesRequest {
    SearchCasesRequest { page: None, words: words.into(), filter: Some(filter) }
}

/// The cases that say it, in the order they are told.
async fn found(stack: &Stack, words: &str, filter: CaseFilter) -> Vec<String> {
    let answer = search(stack, asked(words, filter)).await.unwrap();
    answer.cases.into_iter().map(|case| case.case_id).collect()
}

async fn said(stack: &Stack, words: &str) -> Vec<String> {
    found(stack, words, CaseFilter::default()).await
}

#[tokio::test]
async fn r_int_02_cases_of_every_channel_are_found_by_chinese_and_latin_words() {
    let stack = start().await;
    let one = a_case(&stack, json!({ "content": "快遞三天還沒到，外包裝破損", "channel": "app" })).await;
    let two = a_case(&stack, json!({ "content": "包装很好，但是 Refund 没到", "channel": "shop" })).await;
    let three =
        a_case(&stack, json!({ "content": "A caixa não chegou", "circumstances": "包装破损", "channel": "email" }))
            .await;
    indexed(&stack).await;
    let newest_first = vec![three.clone(), two.clone(), one.clone()];
    assert_eq!(said(&stack, "包装").await, newest_first);
    assert_eq!(said(&stack, "包装破损").await, [three.clone(), one.clone()], "traditional and simplified are one");
    assert_eq!(said(&stack, "包装 没到").await, [two.clone(), one]);
    assert_eq!(said(&stack, "REFUND").await, [two]);
    assert_eq!(said(&stack, "nao chegou").await, [three]);
    assert!(said(&stack, "装破包").await.is_empty() && said(&stack, "fund").await.is_empty());
    assert_eq!(said(&stack, "").await, newest_first);
}

#[tokio::test]
async fn r_int_21_what_is_added_and_answered_is_found_too() {
    let stack = start().await;
    let case = a_case(&stack, json!({ "content": "什么时候开门" })).await;
    indexed(&stack).await;
    assert!(said(&stack, "九点开门").await.is_empty());
    let mut client = IntakeClient::new(stack.channel("intake"));
    let answer = RespondToCaseRequest { case_id: case.clone(), text: "早上九点开门".into(), responded_at: None };
    client.respond_to_case(request("staff:ana", answer)).await.unwrap();
    let more =
        AddToCaseRequest { case_id: case.clone(), circumstances: "周末路过".into(), ..AddToCaseRequest::default() };
    client.add_to_case(request("staff:ana", more)).await.unwrap();
    indexed(&stack).await;
    for words in ["九点开门", "周末路过", "什么时候 周末"] {
        assert_eq!(said(&stack, words).await, std::slice::from_ref(&case), "{words}");
    }
}

#[tokio::test]
async fn filters_narrow_what_is_found_and_pages_make_one_list() {
    let stack = start().await;
    let began = backbone::proto::timestamp(stack.now());
    let mut cases = Vec::new();
    for n in 0..5 {
        let channel = if n % 2 == 0 { "app" } else { "email" };
        let store = format!("S{}", n % 3);
        cases.push(
            a_case(&stack, json!({ "content": "快递没到", "class": "delivery", "channel": channel, "store": store }))
                .await,
        );
    }
    let later = backbone::proto::timestamp(stack.now());
    let asking = a_case(&stack, json!({ "content": "快递几点到", "class": "enquiry" })).await;
    let mut client = IntakeClient::new(stack.channel("intake"));
    let answer = RespondToCaseRequest { case_id: asking.clone(), text: "五点".into(), responded_at: None };
    client.respond_to_case(request("staff:ana", answer)).await.unwrap();
    indexed(&stack).await;
    let pick = |picked: &[usize]| picked.iter().map(|n| cases[*n].clone()).collect::<Vec<_>>();
    let none = CaseFilter::default;
    for (filter, expected) in [
        (CaseFilter { channel: Channel::App.into(), ..none() }, pick(&[4, 2, 0])),
        (CaseFilter { store_id: "S1".into(), ..none() }, pick(&[4, 1])),
        (CaseFilter { store_id: "S1".into(), channel: Channel::Email.into(), ..none() }, pick(&[1])),
        (CaseFilter { class: CaseClass::Enquiry.into(), ..none() }, vec![asking.clone()]),
        (CaseFilter { status: "responded".into(), ..none() }, vec![asking.clone()]),
        (CaseFilter { recorded_from: Some(later), ..none() }, vec![asking.clone()]),
        (CaseFilter { recorded_from: Some(began), recorded_before: Some(later), ..none() }, pick(&[4, 3, 2, 1, 0])),
        (CaseFilter { assigned_to: "staff:ana".into(), ..none() }, vec![]),
        (CaseFilter { unassigned: true, status: "routed".into(), ..none() }, pick(&[4, 3, 2, 1, 0])),
    ] {
        assert_eq!(found(&stack, "快递", filter.clone()).await, expected, "{filter:?}");
        assert_eq!(found(&stack, "", filter.clone()).await, expected, "{filter:?} without words");
    }
    let (mut all, mut token) = (Vec::new(), String::new());
    loop {
        let page = Some(Page { size: 2, token });
        let part = search(&stack, SearchCasesRequest { page, ..asked("快递没到", none()) }).await.unwrap();
        all.extend(part.cases.into_iter().map(|case| case.case_id));
        token = part.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(all, pick(&[4, 3, 2, 1, 0]));
}

#[tokio::test]
async fn what_was_merged_is_asked_for_as_merged() {
    let stack = start().await;
    let [one, two] = [a_case(&stack, json!({})).await, a_case(&stack, json!({})).await];
    let merge = MergeCasesRequest { case_id: one.clone(), into_case_id: two, reason: "one matter".into() };
    desk(&stack).merge_cases(request("staff:ana", merge)).await.unwrap();
    indexed(&stack).await;
    assert_eq!(found(&stack, "", CaseFilter { status: "merged".into(), ..CaseFilter::default() }).await, [one]);
}

#[tokio::test]
async fn what_is_said_seldom_is_found_behind_thousands_of_newer_cases() {
    let stack = start().await;
    let old = a_case(&stack, json!({ "content": "瓶盖裂了", "store": "S1" })).await;
    indexed(&stack).await;
    // Newer cases of others, with the tokens of nobody's words.
    sqlx::query(
        "with many as (select gen_random_uuid() as id, n from generate_series(1, 5100) as n), files as (
           insert into case_file (id, version, hash, state)
           select many.id, 1, '\\x00', jsonb_set(f.state, '{facts,case_id}', to_jsonb(many.id)) from many, case_file f)
         insert into case_search (case_id, recorded_at, customer_id, tokens)
         select id, recorded_at + n, customer_id, array[n] from many, (select * from case_search) as first",
    )
    .execute(&stack.pool("intake"))
    .await
    .unwrap();
    assert_eq!(said(&stack, "瓶盖").await, std::slice::from_ref(&old));
    let store = CaseFilter { store_id: "S1".into(), ..CaseFilter::default() };
    assert_eq!(found(&stack, "", store).await, [old]);
    let page = Some(Page { size: 200, token: String::new() });
    let mut asking = SearchCasesRequest { page, ..asked("", CaseFilter { unassigned: true, ..CaseFilter::default() }) };
    let mut seen = 0;
    loop {
        let part = search(&stack, asking.clone()).await.unwrap();
        seen += part.cases.len();
        if part.next_page_token.is_empty() {
            break;
        }
        asking.page = Some(Page { size: 200, token: part.next_page_token });
    }
    assert_eq!(seen, 5101);
}

#[tokio::test]
async fn r_sec_01_whoever_is_forgotten_is_not_found_any_more() {
    let stack = start().await;
    let canary = json!({ "content": "canary 金丝雀", "customer": { "name": "Ana", "phone": "13800000001" } });
    let gone = a_case(&stack, canary).await;
    let other = a_case(&stack, json!({ "content": "another canary" })).await;
    indexed(&stack).await;
    assert_eq!(said(&stack, "canary").await, [other.clone(), gone.clone()]);
    let pool = stack.pool("intake");
    let of = "customer_id = (select customer_id from case_search where case_id::text = $1)";
    let forget = sqlx::AssertSqlSafe(format!("delete from customer_key where {of}"));
    sqlx::query(forget).bind(&gone).execute(&pool).await.unwrap();
    assert_eq!(count(&stack, "case_search").await, 1, "the index has nothing of the customer any more");
    assert_eq!(said(&stack, "canary").await, std::slice::from_ref(&other));

    let mut client = CaseSearchClient::new(stack.channel("intake"));
    client.rebuild_search(request("staff:root", RebuildSearchRequest {})).await.unwrap();
    indexed(&stack).await;
    assert_eq!(said(&stack, "canary").await, std::slice::from_ref(&other));
    assert_eq!(said(&stack, "").await, [other, gone], "that there was a case stays on record, without its words");
}

#[tokio::test]
async fn the_index_can_be_lost_and_is_made_anew_and_a_repeat_changes_nothing() {
    let stack = start().await;
    let case = a_case(&stack, json!({ "content": "金丝雀" })).await;
    indexed(&stack).await;
    let all = "select string_agg(s::text, ' ' order by case_id) from case_search as s";
    let before: String = sqlx::query_scalar(all).fetch_one(&stack.pool("intake")).await.unwrap();
    let mut client = CaseSearchClient::new(stack.channel("intake"));
    for lost in [true, false] {
        if lost {
            sqlx::query("truncate case_search").execute(&stack.pool("intake")).await.unwrap();
        }
        let answer = client.rebuild_search(request("staff:root", RebuildSearchRequest {})).await.unwrap().into_inner();
        assert_eq!(answer.events, 1);
        indexed(&stack).await;
        let after: String = sqlx::query_scalar(all).fetch_one(&stack.pool("intake")).await.unwrap();
        assert_eq!((after == before, said(&stack, "金丝雀").await), (true, vec![case.clone()]), "{lost}");
    }
}

#[tokio::test]
async fn a_case_that_is_committed_late_is_not_passed_over() {
    let stack = start().await;
    let pool = stack.pool("intake");
    let mut slow = pool.begin().await.unwrap();
    let drawn: i64 = sqlx::query_scalar("select nextval('journal_seq')").fetch_one(&mut *slow).await.unwrap();
    let case = a_case(&stack, json!({ "content": "金丝雀" })).await;
    stack.settle().await;
    let mark = "select seq from case_search_mark";
    let reached: i64 = sqlx::query_scalar(mark).fetch_one(&pool).await.unwrap();
    assert!(reached < drawn, "somebody may still write {drawn}");
    slow.rollback().await.unwrap();
    stack.settle().await;
    assert_eq!(said(&stack, "金丝雀").await, [case]);
}

#[tokio::test]
async fn what_is_wrong_with_a_search_is_named() {
    let stack = start().await;
    let filter = CaseFilter {
        status: "lost".into(),
        store_id: "s".repeat(101),
        recorded_from: Some(contracts::Timestamp { seconds: -1, nanos: 0 }),
        assigned_to: "ana".into(),
        ..CaseFilter::default()
    };
    let page = Some(Page { size: 201, token: "x".into() });
    let wrong = search(&stack, SearchCasesRequest { page, ..asked("痒", filter) }).await.unwrap_err();
    let named = [
        "page.size",
        "page.token",
        "words",
        "filter.status",
        "filter.store_id",
        "filter.recorded_from",
        "filter.assigned_to",
    ];
    assert_eq!(wrong_fields(&wrong), named);
    let both = CaseFilter { assigned_to: "staff:ana".into(), unassigned: true, ..CaseFilter::default() };
    assert_eq!(
        wrong_fields(&search(&stack, asked(&"字".repeat(101), both)).await.unwrap_err()),
        ["words", "filter.assigned_to"]
    );
    let mut client = CaseSearchClient::new(stack.channel("intake"));
    let nobody = client.search_cases(asked("什么", CaseFilter::default())).await.unwrap_err();
    assert_eq!(wrong_fields(&nobody), ["metadata.aftercare-actor"]);
}
