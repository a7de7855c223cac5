//! What scheduling listens to: purchases, what is flagged of their base data, and when they reached the customer.
use backbone::{Change, Effects, Fault, Inbound, proto};
use contracts::intake::v1::{PurchaseBaseDataChanged, PurchaseDelivered, PurchaseRecorded};

use crate::{
    domain::{
        follow_up::{Command, FollowUp},
        rules::{Rules, owed_ids, product_use_id},
    },
    wire,
};

/// One line per event.
pub fn inbound(inbound: &mut Inbound, rules: Rules) {
    inbound.on::<PurchaseRecorded>(move |event, _| purchase_recorded(event, &rules));
    inbound.on::<PurchaseDelivered>(|event, _| purchase_delivered(&event));
    inbound.on::<PurchaseBaseDataChanged>(|event, _| base_data_changed(&event));
}

fn purchase_recorded(event: PurchaseRecorded, rules: &Rules) -> Result<Effects, Fault> {
    let owed = rules.obligations(&wire::sale(event)?);
    let plans = owed.map(|owed| Change::to::<FollowUp>(owed.id(), Command::Plan(owed)));
    Ok(plans.into_iter().fold(Effects::none(), Effects::and))
}

fn purchase_delivered(event: &PurchaseDelivered) -> Result<Effects, Fault> {
    let id = product_use_id(proto::id("purchase_id", &event.purchase_id)?);
    let delivered_at = proto::required("delivered_at", event.delivered_at.as_ref())?;
    Ok(Effects::change(Change::to::<FollowUp>(id, Command::CountFromDelivery { delivered_at })))
}

fn base_data_changed(event: &PurchaseBaseDataChanged) -> Result<Effects, Fault> {
    let purchase_id = proto::id("purchase_id", &event.purchase_id)?;
    let flaws = wire::flaws(event.base_data_flags());
    let changes = owed_ids(proto::id("customer_id", &event.customer_id)?, purchase_id)
        .map(|id| Change::to::<FollowUp>(id, Command::ChangeBaseData { purchase_id, flaws: flaws.clone() }));
    Ok(changes.into_iter().fold(Effects::none(), Effects::and))
}
