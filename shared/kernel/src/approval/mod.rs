//! Approval: four eyes on what costs money or binds the house (R-CMP-07, R-SCH-02, R-ROL-14). Steps 1 to n, each by a
//! number of people of a role: `requested -> approved | returned | rejected | expired | withdrawn`.
//! Invariant: nobody approves their own work, nobody counts twice, and nothing is approved before every step is complete.
//! Which steps a matter takes says the [`Matrix`]; who may act says [`Powers`]. Both come in as values.
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

mod matrix;
mod powers;

pub use matrix::{Flaw, Limits, Matrix, MatrixError, Matter, Reach, Rule, Step};
pub use powers::{Delegation, Member, Powers, PowersError};

/// True when `approver` is another person than `author`. Both are actor ids such as `staff:ana`; case and surrounding
/// space do not make another person of somebody.
pub fn independent(author: &str, approver: &str) -> bool {
    author.trim().to_lowercase() != approver.trim().to_lowercase()
}

fn same(one: &str, other: &str) -> bool {
    !independent(one, other)
}

/// A matter on its way through its steps. It keeps the steps it was requested with, whatever the matrix says later.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    pub author: String,
    pub matter: Matter,
    /// The version of the matrix that named the steps.
    pub matrix_version: u32,
    pub steps: Vec<Step>,
    pub state: State,
    /// Everybody who approved, in order.
    pub given: Vec<Given>,
    /// The last instant at which the present step can be completed.
    pub due: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    Requested,
    Approved,
    Returned,
    Rejected,
    Expired,
    Withdrawn,
}

impl State {
    /// The status word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Approved => "approved",
            Self::Returned => "returned",
            Self::Rejected => "rejected",
            Self::Expired => "expired",
            Self::Withdrawn => "withdrawn",
        }
    }
}

/// One person's approval.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Given {
    /// Counted from 0.
    pub step: usize,
    pub by: String,
    /// Who gave the delegation it rests on, if it rests on one.
    pub acting_for: Option<String>,
    pub at: Timestamp,
}

#[derive(Clone, Debug)]
pub enum Command {
    Approve {
        by: String,
    },
    Return {
        by: String,
    },
    Reject {
        by: String,
    },
    /// The author takes it back.
    Withdraw {
        by: String,
    },
    /// The term of the present step is over.
    Due,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// One more approved; others are still needed.
    Given(Given),
    /// The last one approved.
    Approved(Given),
    Returned {
        by: String,
    },
    Rejected {
        by: String,
    },
    Expired,
    Withdrawn,
}

/// The rule that refuses.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("the approval is {0}")]
    NotNow(&'static str),
    #[error("the author, and who acts for the author, cannot approve, return or reject")]
    Own,
    #[error("this step takes a {0}, and neither a role nor a delegation makes you one")]
    NoRole(String),
    #[error("the matter (amount, kind or class) is beyond what may be approved by whom the approval would rest on")]
    OverLimit,
    #[error("the delegation does not hold now: it is valid from {from} until before {until}")]
    DelegationExpired { from: Timestamp, until: Timestamp },
    #[error("you, or who you act for, approved already")]
    AlreadyApproved,
    #[error("the term of this step ended at {0}")]
    TermOver(Timestamp),
    #[error("only the author can withdraw it")]
    NotAuthor,
}

impl Refusal {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotNow(_) => "approval.not_now",
            Self::Own => "approval.own_work",
            Self::NoRole(_) => "approval.no_role",
            Self::OverLimit => "approval.over_limit",
            Self::DelegationExpired { .. } => "approval.delegation_expired",
            Self::AlreadyApproved => "approval.already_approved",
            Self::TermOver(_) => "approval.term_over",
            Self::NotAuthor => "approval.not_author",
        }
    }
}

impl Approval {
    /// The step that is waited for, counted from 0; the number of steps when all are complete.
    pub fn step(&self) -> usize {
        let complete = |(number, step): &(usize, &Step)| self.count(*number) >= step.quorum;
        self.steps.iter().enumerate().take_while(complete).count()
    }

    /// The step that is waited for; none when nothing is.
    pub fn waits_for(&self) -> Option<&Step> {
        self.steps.get(self.step()).filter(|_| self.state == State::Requested)
    }

    /// How many approved in a step.
    fn count(&self, step: usize) -> usize {
        self.given.iter().filter(|given| given.step == step).count()
    }

    /// What follows from `command` at `now`. Equality with the due time is in time; who comes later is refused, whether or
    /// not somebody noticed that the term is over. Errors: the rule that refuses.
    pub fn decide(&self, command: Command, powers: &Powers, now: Timestamp) -> Result<Vec<Event>, Refusal> {
        let over = !crate::promise::verdict(self.due, now).in_time();
        Ok(match command {
            Command::Due if self.state == State::Requested && over => vec![Event::Expired],
            Command::Due => vec![],
            _ if self.state != State::Requested => return Err(Refusal::NotNow(self.state.name())),
            Command::Withdraw { by } if same(&self.author, &by) => vec![Event::Withdrawn],
            Command::Withdraw { .. } => return Err(Refusal::NotAuthor),
            _ if over => return Err(Refusal::TermOver(self.due)),
            Command::Approve { by } => vec![self.approve(by, powers, now)?],
            Command::Return { by } => {
                self.right(&by, powers, now)?;
                vec![Event::Returned { by }]
            }
            Command::Reject { by } => {
                self.right(&by, powers, now)?;
                vec![Event::Rejected { by }]
            }
        })
    }

    fn approve(&self, by: String, powers: &Powers, now: Timestamp) -> Result<Event, Refusal> {
        let acting_for = self.right(&by, powers, now)?;
        let step = self.step();
        let given = Given { step, by, acting_for, at: now };
        let quorum = self.steps.get(step).map_or(0, |step| step.quorum);
        let last = step + 1 >= self.steps.len() && self.count(step) + 1 >= quorum;
        Ok(if last { Event::Approved(given) } else { Event::Given(given) })
    }

    /// Whether `by` may act on the present step, and for whom; the nearest reason when not.
    fn right(&self, by: &str, powers: &Powers, now: Timestamp) -> Result<Option<String>, Refusal> {
        if same(&self.author, by) {
            return Err(Refusal::Own);
        }
        if self.counted(by) {
            return Err(Refusal::AlreadyApproved);
        }
        let role = self.steps.get(self.step()).map_or("", |step| step.role.as_str());
        let mut refusal = None;
        for member in powers.members(role, by) {
            if member.may(&self.matter) {
                return Ok(None);
            }
            refusal = Some(Refusal::OverLimit);
        }
        for delegation in powers.delegated_to(by) {
            match self.delegated(delegation, role, powers, now) {
                Ok(()) => return Ok(Some(delegation.giver.clone())),
                Err(reason) => refusal = refusal.or(reason),
            }
        }
        Err(refusal.unwrap_or_else(|| Refusal::NoRole(role.to_owned())))
    }

    /// Whether a delegation carries an approval of this step. No reason: it is about something else.
    fn delegated(
        &self,
        given: &Delegation,
        role: &str,
        powers: &Powers,
        now: Timestamp,
    ) -> Result<(), Option<Refusal>> {
        // Only a right of one's own can be given: what was delegated to the giver does not count.
        let mut held = powers.members(role, &given.giver).peekable();
        if held.peek().is_none() {
            return Err(None);
        }
        let refuse = |refusal| Err(Some(refusal));
        match () {
            () if same(&self.author, &given.giver) => refuse(Refusal::Own),
            () if self.counted(&given.giver) => refuse(Refusal::AlreadyApproved),
            () if !(given.from <= now && now < given.until) => {
                refuse(Refusal::DelegationExpired { from: given.from, until: given.until })
            }
            () if !given.reaches(&self.matter) => refuse(Refusal::OverLimit),
            () if !held.any(|member| member.may(&self.matter)) => refuse(Refusal::OverLimit),
            () => Ok(()),
        }
    }

    /// `who` approved, or somebody did for `who`.
    fn counted(&self, who: &str) -> bool {
        self.given.iter().any(|given| same(&given.by, who) || given.acting_for.as_deref().is_some_and(|f| same(f, who)))
    }

    /// Takes in what happened. A step that becomes complete starts the term of the next one.
    pub fn apply(&mut self, event: &Event) {
        match event {
            Event::Given(given) => {
                let before = self.step();
                self.given.push(given.clone());
                if let Some(next) = self.steps.get(self.step()).filter(|_| self.step() > before) {
                    self.due = crate::calendar::add(given.at, next.within);
                }
            }
            Event::Approved(given) => {
                self.given.push(given.clone());
                self.state = State::Approved;
            }
            Event::Returned { .. } => self.state = State::Returned,
            Event::Rejected { .. } => self.state = State::Rejected,
            Event::Expired => self.state = State::Expired,
            Event::Withdrawn => self.state = State::Withdrawn,
        }
    }
}

#[cfg(test)]
#[path = "approval_tests.rs"]
mod tests;
