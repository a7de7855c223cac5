//! What fulfilment listens to: what was paid, when it arrived, who is one person, and what was agreed.
use anyhow::Context as _;
use backbone::{Change, Context, Effects, Fault, Inbound, proto};
use contracts::{
    complaint::v1::{RemedySettled, SolutionAgreed},
    intake::v1::{CustomerLinked, CustomerUnlinked, PurchaseDelivered, PurchaseRecorded},
};
use jiff::SignedDuration;
use kernel::returns::Kind;

use crate::{
    config::{self, Config},
    domain::{
        account,
        account::{PurchaseAccount, tender::Policy},
        order::{self, ServiceOrder, agreed::Agreement, agreed_money},
        order_id,
    },
    store::customers,
    webhook,
    wire::{self, agreed::ByPieces},
};

/// How long an order waits for its purchase, its goods, and the person who completes it; and what holds for returns by their pieces.
struct Within {
    purchase: SignedDuration,
    goods: SignedDuration,
    complete: SignedDuration,
    by_pieces: ByPieces,
}

/// One line per event.
pub fn inbound(context: &Context, inbound: &mut Inbound) -> anyhow::Result<()> {
    let config: Config = context.config()?;
    let tenders = config.tenders.policy()?;
    let by_pieces = by_pieces(&config)?;
    let Config { purchase_within, complete_within, returns, webhooks, .. } = config;
    webhook::inbound(&webhooks, &context.clock, inbound);
    let (purchase, goods) = (purchase_within, returns.goods_within);
    let within = Within { purchase, goods, complete: complete_within, by_pieces };
    inbound.on::<PurchaseRecorded>(move |event, _| purchase_recorded(&event, &tenders));
    inbound.on::<PurchaseDelivered>(|event, _| purchase_delivered(&event));
    inbound.on::<CustomerLinked>(|event, _| customer_linked(&event));
    inbound.on::<CustomerUnlinked>(|event, _| {
        Ok(Effects::none().row(customers::linked(proto::id("link_id", &event.link_id)?, None)))
    });
    inbound.on::<RemedySettled>(|event, _| remedy_settled(&event));
    inbound.on::<SolutionAgreed>(move |event, _| solution_agreed(&event, &within));
    Ok(())
}

fn by_pieces(config: &Config) -> anyhow::Result<ByPieces> {
    let receipt = agreed_money::receipt(&config::agreed()?);
    Ok(ByPieces {
        purchase_within: config.purchase_within,
        receipt: receipt.context("the policy of what was agreed knows no return")?,
        form: config.returns.form(),
        terms: config.terms(),
        effort: config.effort.ceilings()?.of(Kind::ReturnRefund),
    })
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

/// Two pseudonyms stand for one person.
fn customer_linked(event: &CustomerLinked) -> Result<Effects, Fault> {
    let link_id = proto::id("link_id", &event.link_id)?;
    let customer_id = proto::id("customer_id", &event.customer_id)?;
    let other_id = proto::id("other_customer_id", &event.other_customer_id)?;
    Ok(Effects::none().row(customers::linked(link_id, Some((customer_id, other_id)))))
}

/// However a remedy came to its end there, nobody is to complete it here any more.
fn remedy_settled(event: &RemedySettled) -> Result<Effects, Fault> {
    let remedy_id = proto::id("remedy_id", &event.remedy_id)?;
    let give_up = order::Command::GiveUp { reason: "settled_otherwise".into() };
    Ok(Effects::change(Change::to::<ServiceOrder>(order_id(remedy_id), give_up)))
}

/// Each remedy becomes an order but for guidance, which people give: those that give money back go on by themselves, the others
/// are promised, for a person to complete.
fn solution_agreed(event: &SolutionAgreed, within: &Within) -> Result<Effects, Fault> {
    let open = |facts: order::Facts| Change::to::<ServiceOrder>(facts.order_id, order::Command::Open(facts));
    let promise = |agreed: Agreement| Change::to::<ServiceOrder>(agreed.order_id, order::Command::Promise(agreed));
    let refunds = wire::agreed::refunds_agreed(event, within.purchase, within.goods)?.into_iter().map(open);
    let returns = wire::agreed::returned(event, &within.by_pieces)?.into_iter().map(promise);
    let others = wire::agreed::promised(event, within.complete)?.into_iter().map(promise);
    // What is given for certain pieces takes its money first: a refund finds its own on any line.
    Ok(returns.chain(refunds).chain(others).fold(Effects::none(), Effects::and))
}
