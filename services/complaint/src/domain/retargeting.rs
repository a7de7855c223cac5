//! Other terms for a promise that runs: those the policy has for the complaint as it is judged now. One person proposes
//! them, others approve them as the approval matrix says for the kind `retarget`, and only then the promise moves. Where
//! the policy has none any more, what is proposed is that it falls away.
//! Invariant: what moves is what was proposed, whatever the policy or the class becomes meanwhile.
use std::sync::Arc;

use jiff::Timestamp;
use kernel::{
    approval::{self, Approval, Matter, Powers, State as Approving, independent},
    promise::{Cause, Fact, Terms},
    sla::{Kind, Levels},
};
use serde::{Deserialize, Serialize};

use super::{
    command::Rejection,
    complaint::{Complaint, Event},
    decide::Decision,
    rulebook::{RETARGET, Rulebook},
};

/// What is said about other terms.
#[derive(Clone, Debug)]
pub enum Retarget {
    Propose {
        kind: Kind,
        by: String,
        rules: Arc<Rulebook>,
        levels: Arc<Levels>,
    },
    /// Who rejects their own proposal takes it back.
    Judge {
        number: u32,
        judgement: approval::Command,
        rules: Arc<Rulebook>,
        levels: Arc<Levels>,
    },
    /// The term of a step of the approval is over.
    Due,
}

/// Other terms that somebody proposed, and how far their approval is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proposal {
    /// 1 for the first of the complaint.
    pub number: u32,
    pub kind: Kind,
    /// None where the policy promises it no more.
    pub terms: Option<Arc<Terms>>,
    pub approval: Approval,
}

/// What happens to one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proposed {
    Made(Box<Proposal>),
    Judged(approval::Event),
}

impl Complaint {
    /// Errors: nothing is promised, it cannot be kept any more, another proposal waits, or who judges may not.
    pub(super) fn retarget(&self, said: Retarget, now: Timestamp) -> Decision {
        match said {
            Retarget::Due => Ok(self.proposal_due(now)),
            _ if !self.open() => Err(self.not_now()),
            Retarget::Propose { kind, by, rules, levels } => self.propose(kind, by, (&rules, &levels), now),
            Retarget::Judge { number, judgement, rules, levels } => {
                self.judge(number, judgement, (&rules, &levels), now)
            }
        }
    }

    /// The proposal that waits for approval.
    pub fn proposal(&self) -> Option<&Proposal> {
        self.retargeting.as_ref().filter(|proposal| proposal.approval.state == Approving::Requested)
    }

    fn propose(&self, kind: Kind, by: String, (rules, levels): (&Rulebook, &Levels), now: Timestamp) -> Decision {
        let mut events = self.proposal_due(now);
        if let Some(waiting) = self.proposal().filter(|_| events.is_empty()) {
            return Err(Rejection::ProposalWaits(waiting.number));
        }
        let terms = levels.terms(kind, self.facts.asked_of(self.class()), None);
        let matter = Matter { kinds: vec![RETARGET.into()], class: self.class().name().to_owned(), amount: None };
        let number = self.retargeting.as_ref().map_or(1, |former| former.number + 1);
        let approval = rules.matrix.request(by, matter, false, false, now);
        let proposal = Proposal { number, kind, terms, approval };
        // What cannot move is not proposed.
        self.moved(&proposal, levels, now)?;
        events.push(Event::Proposal(Proposed::Made(Box::new(proposal))));
        Ok(events)
    }

    fn judge(
        &self,
        number: u32,
        judgement: approval::Command,
        (rules, levels): (&Rulebook, &Levels),
        now: Timestamp,
    ) -> Decision {
        let proposal = self.proposal().ok_or(Rejection::NothingProposed)?;
        if proposal.number != number {
            return Err(Rejection::OtherProposal { current: proposal.number });
        }
        let judgement = match judgement {
            approval::Command::Reject { by } if !independent(&proposal.approval.author, &by) => {
                approval::Command::Withdraw { by }
            }
            other => other,
        };
        let judged = proposal.approval.decide(judgement, &rules.powers, now).map_err(Rejection::Proposal)?;
        let approved = judged.iter().any(|event| matches!(event, approval::Event::Approved(_)));
        let moved = if approved { self.moved(proposal, levels, now)? } else { vec![] };
        Ok(judged.into_iter().map(|event| Event::Proposal(Proposed::Judged(event))).chain(moved).collect())
    }

    /// The promise under the terms proposed, or fallen away. Errors: nothing was promised, or it is kept, broken or
    /// cancelled already, or would have been broken before now.
    fn moved(&self, proposal: &Proposal, levels: &Levels, now: Timestamp) -> Decision {
        let Proposal { number, kind, terms, .. } = proposal;
        let last = self.promises.last(*kind).ok_or(Rejection::NothingPromised)?;
        let given = last.warned.iter().map(|warning| self.warning_escalation(*kind, last.started_at, *warning));
        let warned: Vec<_> = given.collect();
        let other_terms = |event| match event {
            Event::PromisesMoved(moved) => Event::Retargeted { warned: warned.clone(), moved },
            other => other,
        };
        last.may_end(now)?;
        let (at, approval_id) = (now, format!("{RETARGET} {number}"));
        let fact = match terms.clone() {
            Some(terms) => Fact::Retargeted { at, terms, approval_id },
            None => Fact::Cancelled { at, cause: Cause::PolicyWithdrawn },
        };
        Ok(self.note(vec![(*kind, fact)], levels, now)?.into_iter().map(other_terms).collect())
    }

    /// Nobody approved in time: the promise stays as it is.
    fn proposal_due(&self, now: Timestamp) -> Vec<Event> {
        let due = |proposal: &Proposal| proposal.approval.decide(approval::Command::Due, &Powers::default(), now);
        let events = self.proposal().map(due).and_then(Result::ok).unwrap_or_default();
        events.into_iter().map(|event| Event::Proposal(Proposed::Judged(event))).collect()
    }

    /// Takes in what happened to a proposal.
    pub(super) fn proposed(&mut self, proposed: &Proposed) {
        match proposed {
            Proposed::Made(proposal) => self.retargeting = Some(Proposal::clone(proposal)),
            Proposed::Judged(event) => {
                self.retargeting.iter_mut().for_each(|proposal| proposal.approval.apply(event));
            }
        }
    }

    /// Who closes a complaint withdraws what was proposed.
    pub(super) fn withdraw_proposal(&mut self) {
        if self.proposal().is_some() {
            self.proposed(&Proposed::Judged(approval::Event::Withdrawn));
        }
    }
}
