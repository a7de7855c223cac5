//! The versions of the policy of returns, between the contracts and the domain.
use backbone::{Aggregate, Fault, Published, proto};
use contracts::{common::v1::Receipt, fulfilment::v1 as out};
use jiff::Timestamp;
use uuid::Uuid;

use super::to_money;
use crate::domain::policies::{self, Moved, Name, Played, PolicyBook, Said, Version, WhatIf};

impl Aggregate for PolicyBook {
    const TABLE: &'static str = "policy_book";
    type Command = policies::Command;
    type Event = policies::Event;
    type Rejection = policies::Rejection;

    fn decide(&self, command: policies::Command, now: Timestamp) -> Result<Vec<policies::Event>, policies::Rejection> {
        self.decide(command, now)
    }

    fn apply(&mut self, event: &policies::Event) {
        self.apply(event);
    }

    fn publish(&self, event: &policies::Event, shard: u8) -> Published {
        match event {
            policies::Event::Installed { policy, at } => {
                let (policy_id, policy_version) = (policy.id.clone(), policy.version);
                Published::of(&out::PolicyInstalled { policy_id, policy_version }, shard).at(*at)
            }
            policies::Event::Proposed { policy, what_if, said } => {
                let (policy_id, policy_version) = (policy.id.clone(), policy.version);
                let (proposed_by, what_if) = (said.by.clone(), Some(told(what_if)));
                let proposed = out::PolicyProposed { policy_id, policy_version, proposed_by, what_if };
                Published::of(&proposed, shard).at(said.at)
            }
            policies::Event::Approved { name: Name { id, version }, said: Said { by, at } } => {
                let approved = out::PolicyApproved {
                    policy_id: id.clone(),
                    policy_version: *version,
                    approved_by: by.clone(),
                    approved_at: Some(proto::timestamp(*at)),
                };
                Published::of(&approved, shard).at(*at)
            }
            policies::Event::Withdrawn { name: Name { id, version }, said: Said { by, at } } => {
                let (policy_id, policy_version, withdrawn_by) = (id.clone(), *version, by.clone());
                Published::of(&out::PolicyWithdrawn { policy_id, policy_version, withdrawn_by }, shard).at(*at)
            }
        }
    }
}

impl From<policies::Rejection> for Fault {
    fn from(rejection: policies::Rejection) -> Self {
        Fault::rejected(rejection.code(), rejection.to_string())
    }
}

fn told(what_if: &WhatIf) -> out::PolicyWhatIf {
    let moved = |Moved { before, after, count }: &Moved| out::PolicyMoved {
        before: before.clone(),
        after: after.clone(),
        count: *count,
    };
    out::PolicyWhatIf {
        decisions: what_if.decisions,
        changed: what_if.changed,
        moved: what_if.moved.iter().map(moved).collect(),
        played: what_if.played.as_ref().map(|Played { since, cut_short, granted_before, granted_after }| {
            out::PolicyPlayed {
                since: Some(proto::timestamp(*since)),
                cut_short: *cut_short,
                granted_before: granted_before.iter().copied().filter_map(to_money).collect(),
                granted_after: granted_after.iter().copied().filter_map(to_money).collect(),
            }
        }),
    }
}

/// What a command did; the status is that of the version it was about.
pub fn policy_receipt(id: Uuid, version: u64, book: &PolicyBook, name: &Name) -> Receipt {
    let of = book.last(name);
    Receipt { id: id.to_string(), version, status: of.map_or("", |version| book.status(version)).to_owned() }
}

/// A version as people see it. Errors: it cannot be written.
pub fn policy_view(book: &PolicyBook, version: &Version) -> Result<out::PolicyVersionView, Fault> {
    let by = |said: &Option<Said>| said.as_ref().map(|said| said.by.clone()).unwrap_or_default();
    let at = |said: &Option<Said>| said.as_ref().map(|said| proto::timestamp(said.at));
    Ok(out::PolicyVersionView {
        policy_id: version.policy.id.clone(),
        policy_version: version.policy.version,
        status: book.status(version).to_owned(),
        proposed_by: by(&version.proposed),
        proposed_at: at(&version.proposed),
        approved_by: by(&version.approved),
        approved_at: at(&version.approved),
        what_if: version.what_if.as_ref().map(told),
        policy: serde_json::to_string(&version.policy).map_err(Fault::internal)?,
    })
}
