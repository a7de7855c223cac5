//! What stands over or beside a complaint, as others learn of it: other terms on their way, a legal hold.
use backbone::Published;
use contracts::complaint::v1 as contract;
use kernel::{
    approval::{Approval, Event as Judged, Given},
    calendar::ROUND_THE_CLOCK,
};

use super::{instant, view::approval};
use crate::domain::{
    Complaint,
    hold::Hold,
    promises::word,
    retargeting::{Proposal, Proposed},
};

impl Complaint {
    pub(super) fn proposal_moved(&self, proposed: &Proposed, shard: u8) -> Published {
        let complaint_id = self.facts.complaint_id.to_string();
        match (proposed, &self.retargeting) {
            (Proposed::Made(proposal), _) => Published::of(&made(complaint_id, proposal), shard),
            (Proposed::Judged(event), proposal) => {
                let judged = contract::RetargetJudged {
                    complaint_id,
                    number: proposal.as_ref().map_or(0, |proposal| proposal.number),
                    promise: proposal.as_ref().map_or("", |proposal| word(proposal.kind)).to_owned(),
                    status: proposal.as_ref().map_or("", |proposal| proposal.approval.state.name()).to_owned(),
                };
                let at = match event {
                    Judged::Given(given) | Judged::Approved(given) => Some(given.at),
                    Judged::Expired => proposal.as_ref().map(|proposal| proposal.approval.due),
                    Judged::Returned { .. } | Judged::Rejected { .. } | Judged::Withdrawn => None,
                };
                at.into_iter().fold(Published::of(&judged, shard), Published::at)
            }
        }
    }

    pub(super) fn held(&self, hold: &Hold) -> contract::ComplaintHeld {
        contract::ComplaintHeld {
            complaint_id: self.facts.complaint_id.to_string(),
            regulator_case: hold.regulator.as_ref().map(|one| one.case_no.to_string()).unwrap_or_default(),
            report_by: hold.regulator.as_ref().and_then(|one| instant(one.report_by)),
        }
    }

    pub(super) fn approval_requested(&self, approval: &Approval) -> contract::ApprovalRequested {
        contract::ApprovalRequested {
            complaint_id: self.facts.complaint_id.to_string(),
            solution_version: self.version(),
            matrix_version: approval.matrix_version,
            approve_by: instant(approval.due),
            roles: roles(approval),
        }
    }

    pub(super) fn step_approved(&self, given: &Given) -> contract::SolutionStepApproved {
        let role = self.approval().and_then(|approval| approval.steps.get(given.step)).map(|step| step.role.clone());
        contract::SolutionStepApproved {
            complaint_id: self.facts.complaint_id.to_string(),
            solution_version: self.version(),
            role: role.unwrap_or_default(),
            approve_by: instant(self.approve_by()),
        }
    }
}

fn roles(approval: &Approval) -> Vec<String> {
    approval.steps.iter().map(|step| step.role.clone()).collect()
}

fn made(complaint_id: String, proposal: &Proposal) -> contract::RetargetProposed {
    contract::RetargetProposed {
        complaint_id,
        number: proposal.number,
        promise: word(proposal.kind).to_owned(),
        within_s: within_s(proposal),
        withdrawn: proposal.terms.is_none(),
        approve_by: instant(proposal.approval.due),
        roles: roles(&proposal.approval),
    }
}

/// The time proposed; 0 where it is that nothing is promised any more.
fn within_s(proposal: &Proposal) -> u64 {
    proposal.terms.as_ref().map_or(0, |terms| terms.target.as_secs().unsigned_abs())
}

/// The newest proposal of other terms.
pub fn proposal_view(proposal: &Proposal) -> contract::RetargetView {
    let Proposal { number, kind, terms, approval: way } = proposal;
    let calendar = terms.as_ref().map(|terms| terms.calendar.as_ref().map_or(ROUND_THE_CLOCK, |calendar| &calendar.id));
    contract::RetargetView {
        number: *number,
        promise: word(*kind).to_owned(),
        within_s: within_s(proposal),
        hours: calendar.unwrap_or_default().to_owned(),
        withdrawn: terms.is_none(),
        author: way.author.clone(),
        approval: Some(approval(way)),
    }
}

/// A legal hold.
pub fn hold_view(hold: &Hold) -> contract::HoldView {
    contract::HoldView {
        by: hold.by.clone(),
        at: instant(hold.at),
        regulator_case: hold.regulator.as_ref().map(|one| one.case_no.to_string()).unwrap_or_default(),
        report_by: hold.regulator.as_ref().and_then(|one| instant(one.report_by)),
    }
}
