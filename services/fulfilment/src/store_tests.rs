//! The lists of replacements and of what a place has open read their pages by an index of their own, in the order they show
//! them: nothing is sorted, and no row is read to be left out.
#![expect(clippy::unwrap_used, reason = "tests")]
use sqlx::AssertSqlSafe;
use testkit::Stack;

use super::*;

#[tokio::test]
async fn r_ful_05_every_list_of_replacements_reads_its_page_by_the_index_of_its_status() {
    let stack = Stack::start(&[&crate::SERVICE]).await;
    let mut tx = stack.pool("fulfilment").begin().await.unwrap();
    for off in ["seqscan", "bitmapscan"] {
        let off = AssertSqlSafe(format!("-- test.off\nset local enable_{off} = off"));
        sqlx::query(off).execute(&mut *tx).await.unwrap();
    }
    for status in OPEN_REPLACEMENTS {
        let (_, query) = REPLACEMENTS.split_once('\n').unwrap();
        let query = query.replace("$1", &format!("'{status}'"));
        let query = query.replace("$2", "null").replace("$3", "uuid '00000000-0000-0000-0000-000000000001'");
        let explain = AssertSqlSafe(format!("explain (costs off) {}", query.replace("$4", "50")));
        let lines: Vec<String> = sqlx::query_scalar(explain).fetch_all(&mut *tx).await.unwrap();
        let plan = lines.join("\n");
        let by_index = plan.contains(&format!("Index Scan using replacement_{status} on service_order"));
        assert!(by_index && !plan.contains("Sort") && !plan.contains("Filter"), "{status}:\n{plan}");
    }
}

#[tokio::test]
async fn r_ful_05_the_list_of_what_a_place_has_open_reads_its_page_by_its_index() {
    let stack = Stack::start(&[&crate::SERVICE]).await;
    let mut tx = stack.pool("fulfilment").begin().await.unwrap();
    // Also where the plan is made once for every place.
    for off in ["enable_seqscan = off", "enable_bitmapscan = off", "plan_cache_mode = force_generic_plan"] {
        sqlx::query(AssertSqlSafe(format!("-- test.off\nset local {off}"))).execute(&mut *tx).await.unwrap();
    }
    let (_, query) = OPEN_AT.split_once('\n').unwrap();
    let prepare = format!("prepare open_at (text, timestamptz, uuid, bigint) as {query}");
    sqlx::query(AssertSqlSafe(prepare)).execute(&mut *tx).await.unwrap();
    let nil = Uuid::nil();
    let explain = AssertSqlSafe(format!("explain (costs off) execute open_at ('s-1', null, '{nil}', 50)"));
    let lines: Vec<String> = sqlx::query_scalar(explain).fetch_all(&mut *tx).await.unwrap();
    let plan = lines.join("\n");
    let by_index = plan.contains("Index Scan using service_order_open_at on service_order");
    assert!(by_index && !plan.contains("Sort"), "{plan}");
}
