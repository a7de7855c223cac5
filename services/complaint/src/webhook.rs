//! For a department's team that reads no NATS: every event of the department's tasks as a signed JSON request to the
//! team's own URL ([`backbone::webhook`]). Events come from the stream DEPT as to any other team.
use std::collections::BTreeMap;

use backbone::{
    Clock, Effects, Inbound, Row,
    webhook::{Section, body},
};
use contracts::complaint::v1::TaskIssued;

use crate::domain::values::Department;

/// A row for each event of a department that has a webhook, written when the event passes the gate.
const QUEUE: &str = "-- webhook.queue
    webhook_queued as (
      insert into webhook_delivery (event_id, receiver, body, queued_at, next_at)
      select event_id, department, body, queued_at, queued_at
      from unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[]) as r(event_id, department, body, queued_at)
      on conflict do nothing)";

/// Listens to the tasks of the departments that have a webhook; to nothing when none has.
pub fn inbound(hooks: &BTreeMap<Department, Section>, clock: &Clock, inbound: &mut Inbound) {
    if hooks.is_empty() {
        return;
    }
    let (departments, clock): (Vec<String>, _) = (hooks.keys().map(Department::to_string).collect(), clock.clone());
    inbound.on_aggregate::<TaskIssued>(move |meta, payload| {
        let body = body(meta, payload)?;
        let department = departments.iter().find(|department| body["data"]["department"] == department.as_str());
        let Some(department) = department else { return Ok(Effects::none()) };
        let row = Row::new(QUEUE, meta.event_id).with(department.clone()).with(body.to_string());
        Ok(Effects::none().row(row.with(clock.now())))
    });
}
