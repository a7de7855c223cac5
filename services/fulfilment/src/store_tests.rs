//! The list of replacements reads its page by the index of its status, in the order it shows it: nothing is sorted, and no
//! row is read to be left out.
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
