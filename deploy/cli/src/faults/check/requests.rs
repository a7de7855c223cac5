//! What customers were promised: everything accepted is there, once, with all that follows from it at once.
use std::collections::{HashMap, HashSet};

use sqlx::Row as _;
use uuid::Uuid;

use super::{ids, journals::Journals};
use crate::faults::{calm::Calm, customers::Book, report::Checks};

/// A case on record.
struct Case {
    id: Uuid,
    /// The request it comes from stands in the store; cases of follow-ups have none or that of the sale.
    marker: Option<String>,
    follow_up: Option<Uuid>,
    complaint: Option<Uuid>,
}

pub async fn check(calm: &Calm, book: &Book, journals: &Journals, checks: &mut Checks) -> anyhow::Result<()> {
    checks.none("answers nobody should get", book.odd.iter().map(|(what, count)| format!("{count} × {what}")));
    sales(calm, book, checks).await?;
    let cases = cases(calm).await?;
    contacts(book, &cases, checks);
    let complaints = complaints(book, &cases, checks);
    routed(calm, &complaints, journals, checks).await
}

async fn sales(calm: &Calm, book: &Book, checks: &mut Checks) -> anyhow::Result<()> {
    let sold: HashSet<Uuid> = book.sales.iter().copied().collect();
    let purchases = ids(calm, "-- faults.purchases\nselect id from intake.purchase").await?;
    checks.same("sales accepted → purchases", sold.len(), purchases.intersection(&sold).count());
    checks.none("purchases nobody brought", purchases.difference(&sold));
    let open = "-- faults.accounts\nselect id from fulfilment.purchase_account where status = 'open'";
    let accounts = ids(calm, open).await?;
    checks.same("sales accepted → accounts opened", sold.len(), accounts.intersection(&sold).count());
    let planned = calm.count(
        "-- faults.product_use\nselect count(*) from scheduling.follow_up
         where state->'obligation'->'rule'->>'kind' = 'product_use'"
            .to_owned(),
    );
    checks.same("sales accepted → follow-ups about the use, one each", sold.len(), planned.await?);
    Ok(())
}

async fn cases(calm: &Calm) -> anyhow::Result<Vec<Case>> {
    let rows = sqlx::query(
        "-- faults.cases
         select id, state->'facts'->>'store_id' as marker, (state->'facts'->>'follow_up_id')::uuid as follow_up,
                (state->'facts'->>'complaint_id')::uuid as complaint
         from intake.case_file",
    );
    let rows = rows.fetch_all(&calm.pool).await?;
    let case = |row: &sqlx::postgres::PgRow| {
        Ok(Case {
            id: row.try_get("id")?,
            marker: row.try_get("marker")?,
            follow_up: row.try_get("follow_up")?,
            complaint: row.try_get("complaint")?,
        })
    };
    Ok(rows.iter().map(case).collect::<Result<_, sqlx::Error>>()?)
}

fn contacts(book: &Book, cases: &[Case], checks: &mut Checks) {
    let brought: Vec<&Case> = cases.iter().filter(|case| case.follow_up.is_none()).collect();
    let on_record: HashSet<Uuid> = brought.iter().map(|case| case.id).collect();
    let there = book.contacts.iter().filter(|taken| on_record.contains(&taken.case_id)).count();
    checks.same("contacts accepted → cases, by the id answered", book.contacts.len(), there);
    let mut by_marker: HashMap<&str, u64> = HashMap::new();
    for case in &brought {
        *by_marker.entry(case.marker.as_deref().unwrap_or_default()).or_default() += 1;
    }
    let once = book.contacts.iter().filter(|taken| by_marker.get(taken.marker.as_str()) == Some(&1)).count();
    checks.same("contacts accepted → cases, one for each request", book.contacts.len(), once);
    let accepted: HashSet<Uuid> = book.contacts.iter().map(|taken| taken.case_id).collect();
    checks.none("cases nobody brought", on_record.difference(&accepted));
    let problems: HashSet<Uuid> = book.problems.iter().copied().collect();
    let opened: Vec<Uuid> = cases.iter().filter_map(|case| case.follow_up).collect();
    let once = opened.iter().copied().collect::<HashSet<_>>();
    checks.same("bad answers accepted → cases", problems.len(), problems.intersection(&once).count());
    checks.same("cases of follow-ups, one for each answer", problems.len(), opened.len());
}

/// The complaints there must be: those answered to customers, and those of follow-ups.
fn complaints(book: &Book, cases: &[Case], checks: &mut Checks) -> HashSet<Uuid> {
    let of_follow_ups = cases.iter().filter(|case| case.follow_up.is_some());
    checks.none(
        "cases of follow-ups without complaint",
        of_follow_ups.clone().filter(|c| c.complaint.is_none()).map(|c| c.id),
    );
    let mut complaints = book.complaints();
    complaints.extend(of_follow_ups.filter_map(|case| case.complaint));
    complaints
}

/// Every complaint is there once, and its department was asked once.
async fn routed(
    calm: &Calm,
    complaints: &HashSet<Uuid>,
    journals: &Journals,
    checks: &mut Checks,
) -> anyhow::Result<()> {
    let found = ids(calm, "-- faults.complaints\nselect id from complaint.complaint").await?;
    checks.same(
        "contacts and bad answers to complain about → complaints",
        complaints.len(),
        found.intersection(complaints).count(),
    );
    checks.none("complaints nobody made", found.difference(complaints));
    let tasks = ids(calm, "-- faults.tasks\nselect id from complaint.department_task").await?;
    let first: HashSet<Uuid> = journals.first_tasks.iter().copied().collect();
    checks.same("complaints → first tasks, one each", complaints.len(), first.intersection(&tasks).count());
    checks.same("complaints recorded once", complaints.len(), journals.first_tasks.len());
    let further: HashSet<Uuid> = journals.further_tasks.iter().copied().collect();
    checks.none("tasks nobody asked for", tasks.difference(&first).filter(|task| !further.contains(task)));
    Ok(())
}
