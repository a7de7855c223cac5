//! What others learn of purchases.
use backbone::{Aggregate, Fault, Published, proto};
use contracts::{common::v1 as common, intake::v1 as contract};
use jiff::Timestamp;
use kernel::money::Money;

use super::channel;
use crate::domain::purchase::{self, Purchase};

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
        match event {
            purchase::Event::Recorded { facts, delivered_at } => {
                Published::of(&recorded(facts, *delivered_at), shard).at(facts.bought_at)
            }
            purchase::Event::Delivered { at } => {
                let (purchase_id, customer_id) = self.facts.as_ref().map_or_else(Default::default, |facts| {
                    (facts.purchase_id.to_string(), facts.customer_id.to_string())
                });
                let delivered_at = Some(proto::timestamp(*at));
                Published::of(&contract::PurchaseDelivered { purchase_id, customer_id, delivered_at }, shard).at(*at)
            }
        }
    }
}

impl From<purchase::Rejection> for Fault {
    fn from(rejection: purchase::Rejection) -> Self {
        Fault::rejected(rejection.code(), rejection.to_string())
    }
}

fn recorded(facts: &purchase::Facts, delivered_at: Option<Timestamp>) -> contract::PurchaseRecorded {
    let lines = facts.lines.iter().map(|line| contract::PurchaseLine {
        line_id: line.line_id.clone(),
        product_id: line.product_id.clone(),
        category: line.category.clone(),
        batch: line.batch.clone().unwrap_or_default(),
        quantity: line.quantity,
        price: line.price.map(money),
        paid: Some(money(line.paid)),
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
    }
}

fn money(money: Money) -> common::Money {
    common::Money { minor: money.minor, currency: money.currency.code().to_owned() }
}
