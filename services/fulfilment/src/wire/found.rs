//! Found goods, between the contracts and the domain.
use backbone::{Aggregate, Change, Fault, Published, proto};
use contracts::{common::v1::Receipt, fulfilment::v1 as out};
use jiff::Timestamp;
use uuid::Uuid;

use super::{changes, text};
use crate::{
    deadlines,
    domain::{
        found::{self, Facts, FoundGoods, Settled, Settlement},
        order::returning::Came,
    },
};

impl Aggregate for FoundGoods {
    const TABLE: &'static str = "found_goods";
    type Command = found::Command;
    type Event = found::Event;
    type Rejection = found::Rejection;

    fn decide(&self, command: found::Command, now: Timestamp) -> Result<Vec<found::Event>, found::Rejection> {
        self.decide(command, now)
    }

    fn apply(&mut self, event: &found::Event) {
        self.apply(event);
    }

    fn publish(&self, event: &found::Event, shard: u8) -> Published {
        match event {
            found::Event::Recorded(facts) => Published::of(&recorded(facts), shard).at(facts.at),
            found::Event::Settled(told) => Published::of(&settled(self, told), shard).at(told.at),
            found::Event::Overdue => Published::of(&overdue(self), shard),
        }
    }

    fn deadlines(&self) -> Vec<(&'static str, Timestamp)> {
        deadlines::of_found(self)
    }

    fn on_deadline(kind: &str) -> Option<found::Command> {
        deadlines::found_command(kind)
    }

    fn reactions(&self, event: &found::Event) -> Vec<Change> {
        changes(self.consequences(event))
    }
}

impl From<found::Rejection> for Fault {
    fn from(rejection: found::Rejection) -> Self {
        match rejection {
            found::Rejection::Unknown => Fault::not_found("found_goods", "with this id"),
            other => Fault::rejected(other.code(), other.to_string()),
        }
    }
}

fn recorded(facts: &Facts) -> out::FoundGoodsRecorded {
    let piece = |came: &Came| out::FoundPieces {
        line_no: came.line_no.unwrap_or_default(),
        product_id: came.product_id.clone(),
        quantity: came.quantity,
    };
    out::FoundGoodsRecorded {
        found_id: facts.found_id.to_string(),
        order_id: text(facts.order_id),
        place: facts.place.clone(),
        parcel_reference: facts.parcel.clone(),
        came: facts.came.iter().map(piece).collect(),
        found_at: Some(proto::timestamp(facts.at)),
    }
}

fn settled(found: &FoundGoods, told: &Settled) -> out::FoundGoodsSettled {
    let (order_id, reference, reason) = match &told.how {
        Settlement::Assigned { order_id, .. } => (order_id.to_string(), String::new(), String::new()),
        Settlement::SentBack { reference } => (String::new(), reference.clone(), String::new()),
        Settlement::Kept { reason } | Settlement::Mistaken { reason } => (String::new(), String::new(), reason.clone()),
    };
    let found_id = text(found.facts.as_ref().map(|facts| facts.found_id));
    out::FoundGoodsSettled { found_id, status: found.state.word().to_owned(), order_id, reference, reason }
}

fn overdue(found: &FoundGoods) -> out::FoundGoodsOverdue {
    let facts = found.facts.as_ref();
    out::FoundGoodsOverdue {
        found_id: text(facts.map(|facts| facts.found_id)),
        order_id: text(facts.and_then(|facts| facts.order_id)),
        place: facts.map(|facts| facts.place.clone()).unwrap_or_default(),
    }
}

/// What a command did.
pub fn found_receipt(id: Uuid, version: u64, found: &FoundGoods) -> Receipt {
    Receipt { id: id.to_string(), version, status: found.state.word().to_owned() }
}

/// Found goods as people see them.
pub fn found_view(version: u64, found: &FoundGoods) -> out::FoundGoodsView {
    let told = found.settled.as_ref();
    out::FoundGoodsView {
        recorded: found.facts.as_ref().map(recorded),
        version,
        status: found.state.word().to_owned(),
        found_by: found.facts.as_ref().map(|facts| facts.by.clone()).unwrap_or_default(),
        settled: told.map(|told| settled(found, told)),
        settled_by: told.map(|told| told.by.clone()).unwrap_or_default(),
        settled_at: told.map(|told| proto::timestamp(told.at)),
    }
}
