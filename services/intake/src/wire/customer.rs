//! Contract and domain of links between customers; pseudonyms only, and no words of staff in events.
use backbone::{Aggregate, Fault, Published, proto};
use contracts::{common::v1::Receipt, intake::v1 as contract};
use jiff::Timestamp;
use uuid::Uuid;

use crate::domain::customer_link::{self, CustomerLink, Evidence, Facts};

impl Aggregate for CustomerLink {
    const TABLE: &'static str = "customer_link";
    type Command = customer_link::Command;
    type Event = customer_link::Event;
    type Rejection = customer_link::Rejection;

    fn decide(&self, command: Self::Command, now: Timestamp) -> Result<Vec<Self::Event>, Self::Rejection> {
        CustomerLink::decide(self, command, now)
    }

    fn apply(&mut self, event: &Self::Event) {
        CustomerLink::apply(self, event);
    }

    fn publish(&self, event: &Self::Event, shard: u8) -> Published {
        let (link_id, customer_id, other_customer_id) = self.facts.as_ref().map_or_else(Default::default, named);
        match event {
            customer_link::Event::Proposed { facts, .. } => {
                let evidence = evidence(facts.evidence).into();
                let told = contract::CustomerLinkProposed { link_id, customer_id, other_customer_id, evidence };
                Published::of(&told, shard)
            }
            customer_link::Event::Linked { facts, .. } => {
                let evidence = evidence(facts.evidence).into();
                let told = contract::CustomerLinked { link_id, customer_id, other_customer_id, evidence };
                Published::of(&told, shard)
            }
            customer_link::Event::Declined(_) => {
                Published::of(&contract::CustomerLinkDeclined { link_id, customer_id, other_customer_id }, shard)
            }
            customer_link::Event::Unlinked(_) => {
                Published::of(&contract::CustomerUnlinked { link_id, customer_id, other_customer_id }, shard)
            }
        }
    }
}

impl From<customer_link::Rejection> for Fault {
    fn from(rejection: customer_link::Rejection) -> Self {
        Fault::rejected(rejection.code(), rejection.to_string())
    }
}

/// A link as staff see it. `None` when there is none.
pub fn view((id, version, link): &(Uuid, u64, CustomerLink)) -> Option<contract::CustomerLinkView> {
    let (facts, step) = (link.facts.as_ref()?, link.state.step()?);
    let (_, customer_id, other_customer_id) = named(facts);
    Some(contract::CustomerLinkView {
        link_id: id.to_string(),
        version: *version,
        customer_id,
        other_customer_id,
        status: link.state.name().to_owned(),
        evidence: evidence(facts.evidence).into(),
        by: step.by.clone(),
        reason: step.reason.clone().unwrap_or_default(),
        at: Some(proto::timestamp(step.at)),
    })
}

/// What a command did, for the caller.
pub fn receipt(id: Uuid, version: u64, link: &CustomerLink) -> Receipt {
    Receipt { id: id.to_string(), version, status: link.state.name().to_owned() }
}

/// The link's id, and the pseudonyms it links.
fn named(facts: &Facts) -> (String, String, String) {
    let pair = facts.pair;
    (pair.link_id().to_string(), pair.customer_id.to_string(), pair.other_id.to_string())
}

fn evidence(evidence: Evidence) -> contract::LinkEvidence {
    match evidence {
        Evidence::Stated => contract::LinkEvidence::Stated,
        Evidence::SamePhone => contract::LinkEvidence::SamePhone,
        Evidence::SameEmail => contract::LinkEvidence::SameEmail,
    }
}
