//! The account of a purchase, between the contracts and the domain.
use backbone::{Aggregate, Change, Fault, Published, proto};
use contracts::fulfilment::v1 as out;
use jiff::Timestamp;

use super::{changes, money, refund, request, text, to_money};
use crate::{
    deadlines,
    domain::account::{self, Move, PurchaseAccount},
};

impl Aggregate for PurchaseAccount {
    const TABLE: &'static str = "purchase_account";
    type Command = account::Command;
    type Event = account::Event;
    type Rejection = account::Rejection;

    fn decide(&self, command: account::Command, now: Timestamp) -> Result<Vec<account::Event>, account::Rejection> {
        self.decide(command, now)
    }

    fn apply(&mut self, event: &account::Event) {
        self.apply(event);
    }

    fn publish(&self, event: &account::Event, shard: u8) -> Published {
        let purchase_id = text(self.purchase_id);
        match event {
            account::Event::Opened { paid, .. } => {
                Published::of(&out::AccountOpened { purchase_id, paid: to_money(*paid) }, shard)
            }
            account::Event::Delivered { at } => {
                let delivered_at = Some(proto::timestamp(*at));
                Published::of(&out::DeliveryNoted { purchase_id, delivered_at }, shard).at(*at)
            }
            account::Event::UnitsTaken { order_id, units } => {
                let (order_id, lines) = (order_id.to_string(), request::units(units));
                Published::of(&out::UnitsTaken { purchase_id, order_id, lines }, shard)
            }
            account::Event::UnitsGivenBack { order_id, units } => {
                let (order_id, lines) = (order_id.to_string(), request::units(units));
                Published::of(&out::UnitsGivenBack { purchase_id, order_id, lines }, shard)
            }
            account::Event::PiecesHeld { claim_id, order_id, lines } => {
                let (claim_id, order_id) = (claim_id.to_string(), order_id.to_string());
                let lines = money::held_lines(lines);
                Published::of(&out::PiecesHeld { purchase_id, claim_id, order_id, lines }, shard)
            }
            account::Event::PiecesRefused { claim_id, order_id, reason } => {
                let (claim_id, order_id, code) = (claim_id.to_string(), order_id.to_string(), reason.code().to_owned());
                Published::of(&out::PiecesRefused { purchase_id, claim_id, order_id, code }, shard)
            }
            account::Event::HoldMoved(Move { order_id, from, to, amount }) => {
                let (order_id, from_claim_id, claim_id) = (order_id.to_string(), from.to_string(), to.to_string());
                let amount = to_money(*amount);
                Published::of(&out::HoldMoved { purchase_id, order_id, from_claim_id, claim_id, amount }, shard)
            }
            account::Event::Divided { claim_id, order_id, policy, shares } => {
                let divided = out::RefundDivided {
                    purchase_id,
                    order_id: order_id.to_string(),
                    claim_id: claim_id.to_string(),
                    policy_id: policy.id.clone(),
                    policy_version: policy.version,
                    portions: shares.iter().map(refund::share).collect(),
                };
                Published::of(&divided, shard)
            }
            account::Event::ClaimWaiting { claim, .. } => {
                Published::of(&out::ClaimWaiting { purchase_id, order_id: claim.order_id.to_string() }, shard)
            }
            account::Event::Held { claim, .. } => {
                let (order_id, amount) = (claim.order_id.to_string(), to_money(claim.amount));
                Published::of(&out::AmountHeld { purchase_id, order_id, amount }, shard)
            }
            account::Event::ClaimRefused { order_id, reason } => {
                let (order_id, code) = (order_id.to_string(), reason.code().to_owned());
                Published::of(&out::ClaimRefused { purchase_id, order_id, code }, shard)
            }
            account::Event::Released { order_id, amount, .. } => {
                let (order_id, amount) = (order_id.to_string(), to_money(*amount));
                Published::of(&out::AmountReleased { purchase_id, order_id, amount }, shard)
            }
        }
    }

    fn deadlines(&self) -> Vec<(&'static str, Timestamp)> {
        deadlines::of_account(self)
    }

    fn on_deadline(kind: &str) -> Option<account::Command> {
        deadlines::account_command(kind)
    }

    fn reactions(&self, event: &account::Event) -> Vec<Change> {
        changes(self.consequences(event))
    }
}

impl From<account::Rejection> for Fault {
    fn from(rejection: account::Rejection) -> Self {
        Fault::rejected(rejection.code(), rejection.to_string())
    }
}
