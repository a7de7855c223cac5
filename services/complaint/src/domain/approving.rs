//! The approval of a solution within the house (R-CMP-07): submitted, approved step by step, returned, or out of time.
//! The rules of approving are the kernel's; here is what they mean for a complaint.
use jiff::Timestamp;
use kernel::approval::{self, Approval, Powers};

use super::{
    command::Rejection,
    complaint::{Complaint, Event, State},
    decide::{Decision, same_version},
    escalation::{Level, Trigger},
    rulebook::{Rulebook, matter},
    solution::Solution,
};

impl Complaint {
    /// Somebody higher up must look, for a reason of its own.
    pub(super) fn raised_by_itself(&mut self, trigger: Trigger) {
        self.raised_at(self.facts.terms.ladder.first(trigger));
    }

    /// As [`Complaint::raised_by_itself`], of the level it is raised to.
    pub(super) fn raised_at(&mut self, level: Level) {
        self.escalations += 1;
        self.escalation_level = self.escalation_level.max(Some(level));
    }

    pub(super) fn submit(&self, rules: &Rulebook, now: Timestamp) -> Decision {
        let solution = self.solution_in(State::SolutionDrafted)?;
        if solution.turned_down {
            return Err(Rejection::DraftAnew);
        }
        Ok(vec![self.requested(solution, rules, now)])
    }

    fn requested(&self, solution: &Solution, rules: &Rulebook, now: Timestamp) -> Event {
        let matter = matter(self.class(), solution, self.worth());
        let author = solution.author.clone();
        let outside = solution.fairness.is_some_and(|fairness| fairness.outside);
        Event::ApprovalRequested(Box::new(rules.matrix.request(author, matter, solution.exception(), outside, now)))
    }

    /// Somebody approves or returns this version. A solution that was submitted before approvals had steps gets them now.
    pub(super) fn review(
        &self,
        version: u32,
        command: approval::Command,
        rules: &Rulebook,
        now: Timestamp,
    ) -> Decision {
        let solution = self.solution_in(State::InApproval)?;
        same_version(solution, version)?;
        let judge = |approval: &Approval| -> Decision {
            let events = approval.decide(command, &rules.powers, now)?;
            Ok(events.into_iter().filter_map(|event| self.meant(event)).collect())
        };
        if let Some(approval) = &solution.approval {
            return judge(approval);
        }
        let Event::ApprovalRequested(approval) = self.requested(solution, rules, now) else { return Ok(vec![]) };
        let mut events = judge(&approval)?;
        events.insert(0, Event::ApprovalRequested(approval));
        Ok(events)
    }

    /// The term of a step is over: management must look, and the draft can be submitted again.
    pub(super) fn approval_due(&self, now: Timestamp) -> Vec<Event> {
        let Ok(Some(approval)) = self.solution_in(State::InApproval).map(|solution| &solution.approval) else {
            return vec![];
        };
        let events = approval.decide(approval::Command::Due, &Powers::default(), now).unwrap_or_default();
        events.into_iter().filter_map(|event| self.meant(event)).collect()
    }

    /// What happened to the approval, as it happens to the complaint.
    fn meant(&self, event: approval::Event) -> Option<Event> {
        Some(match event {
            approval::Event::Given(given) => Event::ApprovalGiven(given),
            approval::Event::Approved(given) => Event::Approved(given),
            approval::Event::Returned { by } => Event::Returned { by },
            approval::Event::Expired => Event::ApprovalExpired { escalation_id: self.next_escalation() },
            // A complaint returns what it does not approve, and withdraws with the customer.
            approval::Event::Rejected { .. } | approval::Event::Withdrawn => return None,
        })
    }

    /// Takes in what happened to the draft within the house.
    pub(super) fn drafting(&mut self, event: &Event) {
        let Some(solution) = &mut self.solution else { return };
        let mut pass = |event| solution.approval.iter_mut().for_each(|approval: &mut Approval| approval.apply(&event));
        self.state = match event {
            Event::ApprovalRequested(approval) => {
                solution.approval = Some((**approval).clone());
                State::InApproval
            }
            Event::ApprovalGiven(given) => {
                pass(approval::Event::Given(given.clone()));
                State::InApproval
            }
            Event::Approved(given) => {
                pass(approval::Event::Approved(given.clone()));
                solution.approved_by = Some(given.by.clone());
                State::Approved
            }
            Event::Returned { by } => {
                pass(approval::Event::Returned { by: by.clone() });
                solution.turned_down = true;
                State::SolutionDrafted
            }
            Event::ApprovalExpired { .. } => {
                pass(approval::Event::Expired);
                self.raised_by_itself(Trigger::ApprovalLate);
                State::SolutionDrafted
            }
            _ => return,
        };
    }

    /// Who closes a complaint withdraws what was waiting for approval.
    pub(super) fn withdraw_approval(&mut self) {
        let waiting = self.solution.iter_mut().filter_map(|solution| solution.approval.as_mut());
        for approval in waiting.filter(|approval| approval.state == approval::State::Requested) {
            approval.apply(&approval::Event::Withdrawn);
        }
    }
}
