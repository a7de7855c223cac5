//! What left the house: money, from the payment provider's own ledger, and messages, from where they ended.
use std::collections::{HashMap, HashSet};

use anyhow::Context as _;
use serde::Deserialize;
use uuid::Uuid;

use super::{ids, journals::Journals};
use crate::{
    demo::staff::Agreed,
    drive::Driver,
    faults::{calm::Calm, report::Checks, script::Script},
    remote,
    sink::Received,
};

#[derive(Deserialize)]
struct Ledger {
    entries: Vec<Entry>,
}

/// Money that moved.
#[derive(Deserialize)]
struct Entry {
    key: Uuid,
    purchase_ref: Uuid,
    amount: Amount,
}

#[derive(Deserialize)]
struct Amount {
    minor: i64,
    currency: String,
}

pub async fn check(
    driver: &Driver,
    calm: &Calm,
    script: &Script,
    agreed: &Agreed,
    journals: &Journals,
    checks: &mut Checks,
) -> anyhow::Result<()> {
    let url = format!("http://127.0.0.1:{}/ledger", driver.home.ports()?.payments());
    let ledger: Ledger = remote::http()?.get(url).send().await?.json().await?;
    refunds(calm, &ledger, agreed, checks).await?;
    purchases(&ledger, script, checks);
    messages(driver, calm, journals, checks).await
}

/// What staff agreed with customers, what fulfilment made of it, and what the provider paid.
async fn refunds(calm: &Calm, ledger: &Ledger, agreed: &Agreed, checks: &mut Checks) -> anyhow::Result<()> {
    let count = |statement: &str| calm.count(format!("-- faults.refunds\n{statement}"));
    checks.same(
        "refunds and exchanges agreed with customers → orders",
        agreed.refunds + agreed.exchanges,
        count("select count(*) from fulfilment.service_order").await?,
    );
    let minor =
        "select coalesce(sum((state->'facts'->'amount'->>'minor')::bigint), 0)::bigint from fulfilment.service_order";
    checks.same("money agreed with customers → orders (minor units)", agreed.minor, count(minor).await?);
    let completed = count("select count(*) from fulfilment.service_order where status = 'completed'").await?;
    let refused = count("select count(*) from fulfilment.service_order where status = 'refused'").await?;
    let covered = format!("refunds agreed, but {refused} that the purchase could not cover → paid by the provider");
    checks.same(covered, i64::try_from(agreed.refunds)? - refused, ledger.entries.len());
    checks.same("orders completed → paid by the provider", completed, ledger.entries.len());

    let keys: HashSet<Uuid> = ledger.entries.iter().map(|entry| entry.key).collect();
    checks.same("payments under a key of their own", ledger.entries.len(), keys.len());
    let succeeded =
        ids(calm, "-- faults.succeeded\nselect id from fulfilment.refund where status = 'succeeded'").await?;
    checks.none("payments fulfilment does not know to have succeeded", keys.difference(&succeeded));
    checks.none("refunds said to have succeeded that nobody paid", succeeded.difference(&keys));
    let known = "select coalesce(sum(minor), 0)::bigint from fulfilment.refund where status = 'succeeded'";
    let paid: i64 = ledger.entries.iter().map(|entry| entry.amount.minor).sum();
    checks.same("money paid by the provider → refunds (minor units)", paid, count(known).await?);
    Ok(())
}

/// No purchase gave back more than was paid for it.
fn purchases(ledger: &Ledger, script: &Script, checks: &mut Checks) {
    let paid = script.paid();
    let mut back: HashMap<Uuid, i64> = HashMap::new();
    let mut strange = Vec::new();
    for Entry { purchase_ref, amount, .. } in &ledger.entries {
        *back.entry(*purchase_ref).or_default() += amount.minor;
        if paid.get(purchase_ref).is_none_or(|paid| paid.currency.code() != amount.currency) {
            strange.push(*purchase_ref);
        }
    }
    let over = back.iter().filter(|(purchase, minor)| paid.get(*purchase).is_none_or(|paid| **minor > paid.minor));
    checks.none("purchases that gave back more than was paid", over.map(|(purchase, _)| purchase));
    checks.none("payments for no purchase, or in another currency", strange);
}

/// One message for each event that asks for one, and each arrived under one key.
async fn messages(driver: &Driver, calm: &Calm, journals: &Journals, checks: &mut Checks) -> anyhow::Result<()> {
    let count = |statement: &str| calm.count(format!("-- faults.messages\n{statement}"));
    let asked: u64 = journals.count(&[
        "aftercare.complaint.v1.SolutionOffered",
        "aftercare.complaint.v1.SolutionExecuted",
        "aftercare.scheduling.v1.FollowUpDue",
    ]);
    checks.same(
        "events that ask for a message → messages",
        asked,
        count("select count(*) from outreach.message").await?,
    );
    let taken = std::fs::read_to_string(driver.home.outbox()).context("the sink's file")?;
    let taken: Vec<Received> = taken.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    let keys: HashSet<&str> = taken.iter().map(|message| message.key.as_str()).collect();
    let sent = count("select count(*) from outreach.message where status in ('sent', 'delivered')").await?;
    let again = taken.len() - keys.len();
    checks.same(
        format!("messages that arrived, {again} of them again under their key → called sent"),
        keys.len(),
        sent,
    );
    let failed = count("select count(*) from outreach.message where status = 'failed'").await?;
    checks.same("messages that failed", 0, failed);
    Ok(())
}
