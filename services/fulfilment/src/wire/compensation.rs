//! Compensations and their budgets, between the contracts and the domain: their events, their rows, and what people are shown.
use backbone::{Aggregate, Fault, Published, Row, proto};
use contracts::fulfilment::v1 as out;
use jiff::Timestamp;
use kernel::approval::Approval;

use super::{text, to_money};
use crate::domain::{
    budget::{self, Budget},
    giving::Gift,
    order::{
        compensation::{Compensation, Event},
        request::{self, Request},
    },
    refund_id,
};

/// What was approved of an order; approved once, whatever becomes of it.
const GRANT: &str = "-- compensation_grant.add
    compensation_grant_added as (
      insert into compensation_grant (order_id, minor, currency, approved_at)
      select * from unnest($1::uuid[], $2::bigint[], $3::text[], $4::timestamptz[])
      on conflict do nothing)";

/// What others learn; `request` is the state after the event.
pub fn published(request: &Request, event: &Event, shard: u8) -> Published {
    let one = request.compensation.as_ref();
    let moved = out::CompensationMoved {
        order_id: request.order_id.to_string(),
        gift: one.map(|one| gift(&one.gift)),
        status: one.map(|one| one.stage.word().to_owned()).unwrap_or_default(),
        code: one.map(|one| one.stage.code().to_owned()).unwrap_or_default(),
        refund_id: text(request.compensation_claimed().map(refund_id)),
    };
    let published = Published::of(&moved, shard);
    event.at().into_iter().fold(published, Published::at)
}

/// The row of what was approved with an event of an order.
pub fn rows(request: &Request, event: &request::Event) -> Vec<Row> {
    let request::Event::Compensation(Event::Approved { at, .. }) = event else { return vec![] };
    let worth = request.compensation.as_ref().and_then(|one| one.gift.worth);
    let row = |worth: kernel::money::Money| {
        Row::new(GRANT, request.order_id).with(worth.minor).with(worth.currency.code().to_owned()).with(*at)
    };
    worth.map(row).into_iter().collect()
}

/// What is given.
pub fn gift(gift: &Gift) -> out::CompensationGift {
    out::CompensationGift {
        what: gift.what.word().to_owned(),
        worth: gift.worth.and_then(to_money),
        points: gift.points,
        reason: gift.reason.clone(),
        department: gift.department.clone(),
    }
}

/// A compensation as people see it.
pub fn view(request: &Request) -> Option<out::CompensationView> {
    let one: &Compensation = request.compensation.as_ref()?;
    let claim_id = request.compensation_claimed();
    let issued = one.issued.as_ref();
    Some(out::CompensationView {
        order_id: request.order_id.to_string(),
        gift: Some(gift(&one.gift)),
        status: one.stage.word().to_owned(),
        since: Some(proto::timestamp(one.since)),
        budget_scope: one.purse.scope.word().to_owned(),
        budget_holder: one.purse.name.clone(),
        budget_month: one.reservation.as_ref().map(|held| held.budget.month.clone()).unwrap_or_default(),
        approval: one.approval.as_ref().map(approval),
        purchase_id: text(one.purchase_id),
        claim_id: text(claim_id),
        refund_id: text(claim_id.map(refund_id)),
        code: one.stage.code().to_owned(),
        reference: issued.map(|issued| masked(&issued.reference)).unwrap_or_default(),
        issued_by: issued.map(|issued| issued.by.clone()).unwrap_or_default(),
    })
}

/// Whoever knows the number of a coupon can use it: the last four of at least eight signs are shown.
fn masked(reference: &str) -> String {
    let signs = reference.chars().count();
    let shown = if signs < 8 { 0 } else { 4 };
    "*".repeat(signs - shown) + &reference.chars().skip(signs - shown).collect::<String>()
}

fn approval(approval: &Approval) -> out::CompensationApprovalView {
    out::CompensationApprovalView {
        status: approval.state.name().to_owned(),
        matrix_version: approval.matrix_version,
        waits_for: approval.waits_for().map(|step| step.role.clone()).unwrap_or_default(),
        due: Some(proto::timestamp(approval.due)),
        approved_by: approval.given.iter().map(|given| given.by.clone()).collect(),
    }
}

/// A budget as people see it.
pub fn budget_view(id: uuid::Uuid, budget: &Budget) -> out::CompensationBudgetView {
    let key = budget.key.as_ref();
    let money = |minor| budget.money(minor).and_then(to_money);
    out::CompensationBudgetView {
        budget_id: id.to_string(),
        scope: key.map(|key| key.purse.scope.word().to_owned()).unwrap_or_default(),
        holder: key.map(|key| key.purse.name.clone()).unwrap_or_default(),
        month: key.map(|key| key.month.clone()).unwrap_or_default(),
        budget: money(budget.limit),
        reserved: money(budget.held()),
        spent: money(budget.spent),
        left: money(budget.left()),
    }
}

impl Aggregate for Budget {
    const TABLE: &'static str = "compensation_budget";
    type Command = budget::Command;
    type Event = budget::Event;
    type Rejection = budget::Rejection;

    fn decide(&self, command: budget::Command, now: Timestamp) -> Result<Vec<budget::Event>, budget::Rejection> {
        self.decide(command, now)
    }

    fn apply(&mut self, event: &budget::Event) {
        self.apply(event);
    }

    fn publish(&self, event: &budget::Event, shard: u8) -> Published {
        let (order_id, moved, minor, at) = match event {
            budget::Event::Reserved { order_id, of, at } => (order_id, "reserved", of.minor, at),
            budget::Event::Spent { order_id, minor, at } => (order_id, "spent", *minor, at),
            budget::Event::Released { order_id, minor, at } => (order_id, "released", *minor, at),
        };
        let key = self.key.as_ref();
        let moved = out::CompensationBudgetMoved {
            budget_id: text(key.map(budget::Key::id)),
            scope: key.map(|key| key.purse.scope.word().to_owned()).unwrap_or_default(),
            holder: key.map(|key| key.purse.name.clone()).unwrap_or_default(),
            month: key.map(|key| key.month.clone()).unwrap_or_default(),
            order_id: order_id.to_string(),
            moved: moved.to_owned(),
            amount: self.money(minor).and_then(to_money),
            left: self.money(self.left()).and_then(to_money),
        };
        Published::of(&moved, shard).at(*at)
    }
}

impl From<budget::Rejection> for Fault {
    fn from(rejection: budget::Rejection) -> Self {
        Fault::rejected(rejection.code(), rejection.to_string())
    }
}
