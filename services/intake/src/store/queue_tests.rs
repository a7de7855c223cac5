//! What is seldom among the cases is read by an index of its own, in the order of the queue, also where a plan is made once for all.
#![expect(clippy::unwrap_used, reason = "tests")]
use sqlx::AssertSqlSafe;
use testkit::Stack;

use super::*;

#[tokio::test]
async fn r_int_22_unsure_and_undelivered_cases_are_read_by_indexes_of_their_own() {
    let stack = Stack::start(&[&crate::SERVICE]).await;
    let mut tx = stack.pool("intake").begin().await.unwrap();
    for off in ["enable_seqscan = off", "enable_bitmapscan = off", "plan_cache_mode = force_generic_plan"] {
        sqlx::query(AssertSqlSafe(format!("-- test.off\nset local {off}"))).execute(&mut *tx).await.unwrap();
    }
    let unsure = Whose { unsure: true, ..Whose::default() };
    let undelivered = Whose { undelivered: true, ..Whose::default() };
    for (name, whose) in [("unsure", unsure), ("undelivered", undelivered)] {
        let query = statement(whose);
        let (_, query) = query.split_once('\n').unwrap();
        let types = "bigint, bigint, int, bigint, bigint, uuid, bigint, text, boolean";
        let prepare = format!("prepare {name} ({types}) as {query}");
        sqlx::query(AssertSqlSafe(prepare)).execute(&mut *tx).await.unwrap();
        let values = "1772438400000000, 99, null, null, null, null, 50, null, false";
        let explain = AssertSqlSafe(format!("explain (costs off) execute {name} ({values})"));
        let lines: Vec<String> = sqlx::query_scalar(explain).fetch_all(&mut *tx).await.unwrap();
        let plan = lines.join("\n");
        let by_index = plan.contains(&format!("using case_file_{name} on case_file"));
        assert!(by_index && !plan.contains("using case_file_queue on"), "{name}:\n{plan}");
    }
}
