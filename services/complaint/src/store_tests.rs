//! Every list reads its page by an index in the order it shows it: nothing is sorted, and no row is read to be left out.
//! What is counted is read by indexes of just that.
#![expect(clippy::unwrap_used, reason = "tests")]

use sqlx::AssertSqlSafe;
use testkit::Stack;

use super::*;

const AT: &str = "timestamptz '2026-02-01T08:00:00Z'";
const ID: &str = "uuid '00000000-0000-0000-0000-000000000001'";

/// How a statement with these values is carried out, where reading a whole table costs as much as it does with many rows.
async fn plan(pool: &PgPool, query: &str, values: &[&str]) -> String {
    let (_, query) = query.split_once('\n').unwrap();
    let numbered = values.iter().enumerate().rev();
    let query =
        numbered.fold(query.to_owned(), |query, (place, value)| query.replace(&format!("${}", place + 1), value));
    let mut tx = pool.begin().await.unwrap();
    sqlx::query("-- test.seqscan\nset local enable_seqscan = off").execute(&mut *tx).await.unwrap();
    sqlx::query("-- test.bitmapscan\nset local enable_bitmapscan = off").execute(&mut *tx).await.unwrap();
    let explain = AssertSqlSafe(format!("explain (costs off) {query}"));
    let lines: Vec<String> = sqlx::query_scalar(explain).fetch_all(&mut *tx).await.unwrap();
    lines.join("\n")
}

#[tokio::test]
async fn r_cmp_20_every_list_reads_its_page_by_an_index_and_sorts_nothing() {
    let stack = Stack::start(&[&crate::SERVICE]).await;
    let pool = stack.pool("complaint");
    for (table, by, asked, index) in [
        ("complaint", "recorded_at", &[][..], "complaint_recorded"),
        ("complaint", "recorded_at", &["status"], "complaint_status"),
        ("complaint", "recorded_at", &["held"], "complaint_held"),
        ("complaint", "recorded_at", &["segment"], "complaint_segment"),
        ("complaint", "recorded_at", &["status", "segment"], "complaint_segment_status"),
        ("department_task", "answer_by", &[], "department_task_due"),
        ("department_task", "answer_by", &["department", "status"], "department_task_list"),
        ("escalation", "raised_at", &[], "escalation_raised"),
        ("escalation", "raised_at", &["status"], "escalation_status"),
        ("escalation", "raised_at", &["level"], "escalation_level"),
        ("escalation", "raised_at", &["status", "level"], "escalation_level_status"),
        ("suggestion", "recorded_at", &["status"], "suggestion_status"),
    ] {
        for after in [false, true] {
            let mut values = vec!["50"];
            values.extend(after.then_some([AT, ID]).into_iter().flatten());
            values.extend(asked.iter().map(|_| "'held'"));
            let plan = plan(&pool, &listing(table, by, after, asked), &values).await;
            let by_index = plan.contains(&format!("Index Scan using {index} on {table}"));
            assert!(
                by_index && !plan.contains("Sort") && !plan.contains("Filter"),
                "{table} {asked:?} {after}:\n{plan}"
            );
        }
    }
}

#[tokio::test]
async fn like_complaints_are_read_newest_first_as_many_as_are_asked_for() {
    let stack = Stack::start(&[&crate::SERVICE]).await;
    let values = ["'delivery'", "2", AT, "'CNY'", "1000"];
    let plan = plan(&stack.pool("complaint"), GIVEN, &values).await;
    let by_index = plan.contains("Index Only Scan using complaint_comparable");
    assert!(by_index && !plan.contains("Sort") && !plan.contains("Filter"), "{plan}");
}

#[tokio::test]
async fn what_is_late_and_what_is_counted_is_read_by_indexes_of_just_that() {
    let stack = Stack::start(&[&crate::SERVICE]).await;
    let pool = stack.pool("complaint");
    let late = plan(&pool, OVERDUE, &[AT, "null", "null", "50"]).await;
    for index in [
        "department_task_waiting",
        "department_task_unjudged",
        "complaint_uninvestigated",
        "complaint_owed",
        "complaint_untold",
        "complaint_unanswered",
        "complaint_unread",
        "complaint_unapproved",
        "complaint_unreported",
        "improvement_action_unreleased",
        "suggestion_undecided",
        "suggestion_owed",
    ] {
        assert!(late.contains(&format!("using {index} on")), "{index}:\n{late}");
    }
    let counted = plan(&pool, OVERVIEW, &[]).await;
    for index in ["complaint_open", "escalation_open", "department_task_open", "complaint_late"] {
        assert!(counted.contains(&format!("using {index} on")), "{index}:\n{counted}");
    }
}
