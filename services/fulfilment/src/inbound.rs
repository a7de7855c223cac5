//! What fulfilment listens to: what was paid, and what was agreed.
use backbone::{Change, Context, Effects, Fault, Inbound};
use contracts::{complaint::v1::SolutionAgreed, intake::v1::PurchaseRecorded};
use jiff::SignedDuration;

use crate::{
    config::Config,
    domain::{account, account::PurchaseAccount, order, order::ServiceOrder},
    wire,
};

/// One line per event.
pub fn inbound(context: &Context, inbound: &mut Inbound) -> anyhow::Result<()> {
    let Config { purchase_within, .. } = context.config()?;
    inbound.on::<PurchaseRecorded>(|event, _| purchase_recorded(&event));
    inbound.on::<SolutionAgreed>(move |event, _| solution_agreed(&event, purchase_within));
    Ok(())
}

fn purchase_recorded(event: &PurchaseRecorded) -> Result<Effects, Fault> {
    let wire::Purchase { purchase_id, paid, lines } = wire::purchase(event)?;
    let open = account::Command::Open { purchase_id, paid, lines };
    Ok(Effects::change(Change::to::<PurchaseAccount>(purchase_id, open)))
}

/// Each remedy that gives money back becomes an order; guidance is done by people.
fn solution_agreed(event: &SolutionAgreed, purchase_within: SignedDuration) -> Result<Effects, Fault> {
    let open = |facts: order::Facts| Change::to::<ServiceOrder>(facts.order_id, order::Command::Open(facts));
    Ok(wire::refunds_agreed(event, purchase_within)?.into_iter().map(open).fold(Effects::none(), Effects::and))
}
