//! Contract and domain of major issues and of whom they concern.
use backbone::{Aggregate, Fault, Published, proto};
use contracts::{common::v1::Count, intake::v1 as contract};
use jiff::Timestamp;
use uuid::Uuid;

use crate::domain::{
    major_issue::{self, MajorIssue, Scope, State},
    member::{self, Member},
};

impl Aggregate for MajorIssue {
    const TABLE: &'static str = "major_issue";
    type Command = major_issue::Command;
    type Event = major_issue::Event;
    type Rejection = major_issue::Rejection;

    fn decide(&self, command: Self::Command, now: Timestamp) -> Result<Vec<Self::Event>, Self::Rejection> {
        MajorIssue::decide(self, command, now)
    }

    fn apply(&mut self, event: &Self::Event) {
        MajorIssue::apply(self, event);
    }

    fn publish(&self, event: &Self::Event, shard: u8) -> Published {
        let issue_id = self.issue_id.to_string();
        match event {
            major_issue::Event::Proposed { scope: one, .. } => {
                Published::of(&contract::MajorIssueProposed { issue_id, scope: Some(scope(one)) }, shard)
            }
            major_issue::Event::Extended(one) => {
                Published::of(&contract::MajorIssueExtended { issue_id, scope: Some(scope(one)) }, shard)
            }
            major_issue::Event::Approved(_) => {
                let scopes = self.scopes.iter().map(scope).collect();
                Published::of(&contract::MajorIssueApproved { issue_id, scopes }, shard)
            }
            major_issue::Event::Rejected { .. } => Published::of(&contract::MajorIssueRejected { issue_id }, shard),
            major_issue::Event::Activated => Published::of(&contract::MajorIssueActivated { issue_id }, shard),
            major_issue::Event::Mitigated(_) => Published::of(&contract::MajorIssueMitigated { issue_id }, shard),
            major_issue::Event::Resumed { .. } => Published::of(&contract::MajorIssueResumed { issue_id }, shard),
            major_issue::Event::Closed => Published::of(&contract::MajorIssueClosed { issue_id }, shard),
        }
    }
}

impl Aggregate for Member {
    const TABLE: &'static str = "major_issue_member";
    type Command = member::Command;
    type Event = member::Event;
    type Rejection = member::Rejection;

    fn decide(&self, command: Self::Command, now: Timestamp) -> Result<Vec<Self::Event>, Self::Rejection> {
        Member::decide(self, command, now)
    }

    fn apply(&mut self, event: &Self::Event) {
        Member::apply(self, event);
    }

    fn publish(&self, event: &Self::Event, shard: u8) -> Published {
        let (issue, customer) =
            self.facts.as_ref().map_or_else(Default::default, |facts| (facts.issue_id, facts.customer_id));
        let (issue_id, message_id) = (issue.to_string(), member::id_of(issue, customer).to_string());
        match event {
            member::Event::Asked { facts, .. } => {
                let (customer_id, bought) = (customer.to_string(), facts.bought);
                let asked = contract::MajorIssueNoticeRequested { issue_id, customer_id, message_id, bought };
                Published::of(&asked, shard)
            }
            member::Event::Accounted(state) => {
                let status = state.name().to_owned();
                Published::of(&contract::MajorIssueMemberAccounted { issue_id, message_id, status }, shard)
            }
        }
    }
}

impl From<major_issue::Rejection> for Fault {
    fn from(rejection: major_issue::Rejection) -> Self {
        Fault::rejected(rejection.code(), rejection.to_string())
    }
}

impl From<member::Rejection> for Fault {
    fn from(rejection: member::Rejection) -> Self {
        Fault::rejected(rejection.code(), rejection.to_string())
    }
}

fn scope(scope: &Scope) -> contract::IssueScope {
    let approved = scope.approved.as_ref();
    contract::IssueScope {
        product_id: scope.what.product_id.clone().unwrap_or_default(),
        batch: scope.what.batch.clone().unwrap_or_default(),
        harmed_only: scope.what.harmed_only,
        proposed_by: scope.by.clone(),
        proposed_at: Some(proto::timestamp(scope.at)),
        approved_by: approved.map(|one| one.by.clone()).unwrap_or_default(),
        approved_at: approved.map(|one| proto::timestamp(one.at)),
    }
}

/// An issue, with its members by status and how many of each are silent.
pub fn view(version: u64, issue: &MajorIssue, counts: &[(String, i64, i64)]) -> contract::MajorIssueView {
    let done = issue.mitigation.as_ref();
    let accounted = counts.iter().map(|(key, count, _)| Count { key: key.clone(), count: count.unsigned_abs() });
    contract::MajorIssueView {
        issue_id: issue.issue_id.to_string(),
        version,
        status: issue.state.name().to_owned(),
        reason: issue.reason.clone(),
        scopes: issue.scopes.iter().map(scope).collect(),
        rejected_because: if let State::Rejected { reason } = &issue.state { reason.clone() } else { String::new() },
        members: counts.iter().map(|(_, count, _)| count.unsigned_abs()).sum(),
        accounted: accounted.collect(),
        silent: counts.iter().map(|(.., silent)| silent.unsigned_abs()).sum(),
        measure: done.map(|done| done.measure.clone()).unwrap_or_default(),
        mitigated_by: done.map(|done| done.by.clone()).unwrap_or_default(),
        mitigated_at: done.map(|done| proto::timestamp(done.at)),
    }
}

/// A member. `None` when it is none.
pub fn member((id, member): &(Uuid, Member)) -> Option<contract::MajorIssueMember> {
    let facts = member.facts.as_ref()?;
    let (reason, since) = match &member.state {
        member::State::Absent => return None,
        member::State::Asked { at } | member::State::Told { at } | member::State::Answered { at, .. } => ("", at),
        member::State::Failed { code, at } => (code.as_str(), at),
        member::State::Suppressed { reason, at, .. } => (reason.as_str(), at),
    };
    Some(contract::MajorIssueMember {
        message_id: id.to_string(),
        customer_id: facts.customer_id.to_string(),
        status: member.state.name().to_owned(),
        bought: facts.bought,
        reason: reason.to_owned(),
        since: Some(proto::timestamp(*since)),
    })
}
