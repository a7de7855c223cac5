//! Contract and domain of purchases.
use std::collections::BTreeSet;

use backbone::{Aggregate, Fault, Published, proto};
use contracts::{common::v1 as common, intake::v1 as contract};
use jiff::Timestamp;
use kernel::money::Money;
use uuid::Uuid;

use super::channel;
use crate::domain::{
    base_data::Flaw,
    purchase::{self, Purchase, Tender},
    vocabulary::TenderKind,
};

impl Aggregate for Purchase {
    const TABLE: &'static str = "purchase";
    type Command = purchase::Command;
    type Event = purchase::Event;
    type Rejection = purchase::Rejection;

    fn decide(&self, command: Self::Command, now: Timestamp) -> Result<Vec<Self::Event>, Self::Rejection> {
        Purchase::decide(self, command, now)
    }

    fn apply(&mut self, event: &Self::Event) {
        Purchase::apply(self, event);
    }

    fn publish(&self, event: &Self::Event, shard: u8) -> Published {
        let (purchase_id, customer_id) = self
            .facts
            .as_ref()
            .map_or_else(Default::default, |facts| (facts.purchase_id.to_string(), facts.customer_id.to_string()));
        match event {
            purchase::Event::Recorded { facts, delivered_at, flaws } => {
                Published::of(&recorded(facts, *delivered_at, flaws), shard).at(facts.bought_at)
            }
            purchase::Event::Delivered { at } => {
                let delivered_at = Some(proto::timestamp(*at));
                Published::of(&contract::PurchaseDelivered { purchase_id, customer_id, delivered_at }, shard).at(*at)
            }
            purchase::Event::BaseDataChanged { flaws, .. } => {
                let base_data_flags = flags(flaws);
                let changed = contract::PurchaseBaseDataChanged { purchase_id, customer_id, base_data_flags };
                Published::of(&changed, shard)
            }
        }
    }
}

impl From<purchase::Rejection> for Fault {
    fn from(rejection: purchase::Rejection) -> Self {
        Fault::rejected(rejection.code(), rejection.to_string())
    }
}

/// A purchase as it was told, with what is flagged of it now. `None` when there is none.
pub fn incomplete(version: u64, purchase: &Purchase) -> Option<contract::IncompleteBaseData> {
    let told = recorded(purchase.facts.as_ref()?, purchase.delivered_at(), &purchase.flaws);
    Some(contract::IncompleteBaseData { purchase: Some(told), version })
}

/// What a command did, for the caller.
pub fn receipt(id: Uuid, version: u64, purchase: &Purchase) -> common::Receipt {
    let status = if purchase.flaws.is_empty() { "complete" } else { "flagged" };
    common::Receipt { id: id.to_string(), version, status: status.to_owned() }
}

/// What is flagged, as the contract says it; `None` where nothing is said.
pub fn flaw_of(said: common::BaseDataFlag) -> Option<Flaw> {
    Flaw::ALL.into_iter().find(|flaw| flag(*flaw) == said)
}

fn flags(flaws: &BTreeSet<Flaw>) -> Vec<i32> {
    flaws.iter().map(|flaw| flag(*flaw).into()).collect()
}

fn flag(flaw: Flaw) -> common::BaseDataFlag {
    match flaw {
        Flaw::NameMissing => common::BaseDataFlag::NameMissing,
        Flaw::ContactMissing => common::BaseDataFlag::ContactMissing,
        Flaw::ProductMissing => common::BaseDataFlag::ProductMissing,
        Flaw::ProductUnknown => common::BaseDataFlag::ProductUnknown,
        Flaw::ProductContradictory => common::BaseDataFlag::ProductContradictory,
        Flaw::QuantityMissing => common::BaseDataFlag::QuantityMissing,
        Flaw::PurchaseDateImplausible => common::BaseDataFlag::PurchaseDateImplausible,
        Flaw::DeliveryImplausible => common::BaseDataFlag::DeliveryImplausible,
    }
}

fn recorded(
    facts: &purchase::Facts,
    delivered_at: Option<Timestamp>,
    flaws: &BTreeSet<Flaw>,
) -> contract::PurchaseRecorded {
    let lines = facts.lines.iter().map(|line| contract::PurchaseLine {
        line_id: line.line_id.clone(),
        product_id: line.product_id.clone(),
        category: line.category.clone(),
        batch: line.batch.clone().unwrap_or_default(),
        quantity: line.quantity,
        price: line.price.map(money),
        paid: Some(money(line.paid)),
        tax: line.tax.map(money),
        freight: line.freight.map(money),
        discount: line.discount.map(money),
    });
    contract::PurchaseRecorded {
        purchase_id: facts.purchase_id.to_string(),
        order_ref: facts.order_ref.clone(),
        customer_id: facts.customer_id.to_string(),
        channel: channel(facts.channel).into(),
        store_id: facts.store_id.clone().unwrap_or_default(),
        bought_at: Some(proto::timestamp(facts.bought_at)),
        delivered_at: delivered_at.map(proto::timestamp),
        lines: lines.collect(),
        paid: Some(money(facts.paid)),
        base_data_flags: flags(flaws),
        tenders: (1..).zip(&facts.tenders).map(|(tender_no, told)| tender(tender_no, told)).collect(),
    }
}

fn tender(tender_no: u32, Tender { kind, paid, points }: &Tender) -> contract::PurchaseTender {
    let kind = match kind {
        TenderKind::Card => common::TenderKind::Card,
        TenderKind::Wallet => common::TenderKind::Wallet,
        TenderKind::Cash => common::TenderKind::Cash,
        TenderKind::GiftCard => common::TenderKind::GiftCard,
        TenderKind::StoreCredit => common::TenderKind::StoreCredit,
        TenderKind::Points => common::TenderKind::Points,
        TenderKind::Voucher => common::TenderKind::Voucher,
    };
    let points = points.unwrap_or_default();
    contract::PurchaseTender { tender_no, kind: kind.into(), paid: Some(money(*paid)), points }
}

fn money(money: Money) -> common::Money {
    common::Money { minor: money.minor, currency: money.currency.code().to_owned() }
}
