//! What fulfilment listens to: what was paid, when it arrived, and what was agreed.
use backbone::{Change, Context, Effects, Fault, Inbound, proto};
use contracts::{
    complaint::v1::SolutionAgreed,
    intake::v1::{PurchaseDelivered, PurchaseRecorded},
};
use jiff::SignedDuration;

use crate::{
    config::Config,
    domain::{
        account,
        account::{PurchaseAccount, tender::Policy},
        order,
        order::ServiceOrder,
    },
    webhook, wire,
};

/// One line per event.
pub fn inbound(context: &Context, inbound: &mut Inbound) -> anyhow::Result<()> {
    let config: Config = context.config()?;
    let tenders = config.tenders.policy()?;
    let Config { purchase_within, returns, webhooks, .. } = config;
    webhook::inbound(&webhooks, &context.clock, inbound);
    let goods_within = returns.goods_within;
    inbound.on::<PurchaseRecorded>(move |event, _| purchase_recorded(&event, &tenders));
    inbound.on::<PurchaseDelivered>(|event, _| purchase_delivered(&event));
    inbound.on::<SolutionAgreed>(move |event, _| solution_agreed(&event, purchase_within, goods_within));
    Ok(())
}

fn purchase_recorded(event: &PurchaseRecorded, tenders: &Policy) -> Result<Effects, Fault> {
    let (purchase_id, open) = wire::purchase(event, tenders)?;
    Ok(Effects::change(Change::to::<PurchaseAccount>(purchase_id, open)))
}

fn purchase_delivered(event: &PurchaseDelivered) -> Result<Effects, Fault> {
    let purchase_id = proto::id("purchase_id", &event.purchase_id)?;
    let at = proto::required("delivered_at", event.delivered_at.as_ref())?;
    Ok(Effects::change(Change::to::<PurchaseAccount>(purchase_id, account::Command::Deliver { at })))
}

/// Each remedy that gives money back becomes an order; every other kind is done by people.
fn solution_agreed(
    event: &SolutionAgreed,
    purchase_within: SignedDuration,
    goods_within: SignedDuration,
) -> Result<Effects, Fault> {
    let open = |facts: order::Facts| Change::to::<ServiceOrder>(facts.order_id, order::Command::Open(facts));
    let agreed = wire::refunds_agreed(event, purchase_within, goods_within)?;
    Ok(agreed.into_iter().map(open).fold(Effects::none(), Effects::and))
}
