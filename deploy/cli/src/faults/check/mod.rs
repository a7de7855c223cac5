//! What must hold when everything is over, counted from outside: what customers were promised (`requests`), what left the
//! house (`effects`), what was written down (`journals`), what was sent (`streams`), and what the services say of themselves.
//! Invariant: the two sides of a line never come from the same place.
mod effects;
mod journals;
mod requests;
pub mod streams;

use std::collections::HashSet;

use sqlx::AssertSqlSafe;
use uuid::Uuid;

use self::journals::Journals;
use super::{
    calm::{Calm, owners},
    customers::Book,
    report::{Checks, Struck},
    script::Script,
};
use crate::{commands::status, demo::staff::Agreed, drive::Driver};

/// Counts everything. `restless`: what still moved when it should have been over.
pub async fn all(
    driver: &Driver,
    calm: &Calm,
    book: &Book,
    script: &Script,
    agreed: &Agreed,
    struck: &[Struck],
    restless: Option<String>,
) -> anyhow::Result<Checks> {
    let mut checks = Checks::default();
    let journals = Journals::read(calm).await?;
    requests::check(calm, book, &journals, &mut checks).await?;
    effects::check(driver, calm, script, agreed, &journals, &mut checks).await?;
    journals.check(calm, &mut checks).await?;
    gates(calm, &mut checks).await?;
    streams::check(calm, &journals, struck, &mut checks).await?;
    services(driver, &mut checks).await?;
    course(struck, restless, &mut checks);
    Ok(checks)
}

/// How the faults went.
fn course(struck: &[Struck], restless: Option<String>, checks: &mut Checks) {
    let of =
        |found: &dyn Fn(&Struck) -> bool| struck.iter().filter(|s| found(s)).map(|s| s.harm.name()).collect::<Vec<_>>();
    checks.none("faults after which nothing was accepted in time", of(&|struck| struck.accepted.is_none()));
    checks.none("faults after which not everything arrived in time", of(&|struck| struck.rest.is_none()));
    let fell =
        struck.iter().flat_map(|struck| struck.fell.iter().map(|part| format!("{part} of {}", struck.harm.name())));
    checks.none("parts that died of another's fault", fell);
    checks.none("things still under way at the end", restless);
}

/// Every listener has applied exactly what the owner wrote.
async fn gates(calm: &Calm, checks: &mut Checks) -> anyhow::Result<()> {
    let mut off = Vec::new();
    for listener in &calm.listeners {
        let (service, owner) = (&listener.service, &listener.owner);
        let statement = format!(
            "-- faults.gates
             select aggregate_id from
               (select aggregate_id, max(version) as written from {owner}.journal where subject ~ any($2) group by 1) as j
             full join (select aggregate_id, version as applied from {service}.gate where stream = $1) as g
             using (aggregate_id) where written is distinct from applied"
        );
        let query =
            sqlx::query_scalar::<_, Uuid>(AssertSqlSafe(statement)).bind(&listener.stream).bind(&listener.subjects);
        let found = query.fetch_all(&calm.pool).await?;
        off.extend(found.into_iter().map(|id| format!("{service} of {} {id}", listener.stream)));
    }
    let what = format!("gates not where the owner's journal ends ({} listeners)", calm.listeners.len());
    checks.none(what, off);
    Ok(())
}

/// What every service says of itself.
async fn services(driver: &Driver, checks: &mut Checks) -> anyhow::Result<()> {
    let (mut parked, mut waiting) = (Vec::new(), Vec::new());
    for service in owners() {
        let answer = driver.status(service).await?;
        parked.extend((answer.parked > 0).then(|| format!("{} in {service}", answer.parked)));
        let waits = status::waiting(&answer);
        waiting.extend((waits > 0).then(|| format!("{waits} in {service}")));
    }
    checks.none("services with parked events", parked);
    checks.none("services with unsent or unread events, or overdue deadlines", waiting);
    Ok(())
}

/// The ids a statement of ours asks for, each once.
async fn ids(calm: &Calm, statement: &'static str) -> anyhow::Result<HashSet<Uuid>> {
    Ok(sqlx::query_scalar::<_, Uuid>(statement).fetch_all(&calm.pool).await?.into_iter().collect())
}
