//! A major issue: a product or a batch that concerns many customers at once (domain, 2). candidate -> approved ->
//! active -> mitigated -> closed, or rejected. It is mitigated when something was done against it, and active again when that
//! did not hold: a person says so, or concerns more customers than was thought.
//! Invariants: nothing is closed that is not mitigated; nobody approves what they proposed, also when an issue that runs is extended; nobody is told before it
//! is active, and then only whom an approved scope concerns.
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// An issue as intake knows it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MajorIssue {
    pub issue_id: Uuid,
    /// Words of staff; nothing personal.
    pub reason: String,
    pub scopes: Vec<Scope>,
    pub state: State,
    /// What was done against it last; none before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mitigation: Option<Mitigation>,
}

/// What was done, so that nobody else comes to harm: a sale stopped, a batch called back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mitigation {
    /// Words of staff; nothing personal.
    pub measure: String,
    pub by: String,
    pub at: Timestamp,
}

/// Whom it concerns.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct What {
    pub product_id: Option<String>,
    pub batch: Option<String>,
    /// Only who has come to harm, by their cases.
    pub harmed_only: bool,
}

/// Whom it concerns, and who says so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scope {
    pub what: What,
    pub by: String,
    pub at: Timestamp,
    pub approved: Option<Approval>,
}

/// Who approved it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    pub by: String,
    pub at: Timestamp,
}

/// How far it has come.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum State {
    /// Not known (yet).
    #[default]
    Absent,
    Candidate,
    Approved,
    Active,
    Mitigated,
    Closed,
    Rejected {
        reason: String,
    },
}

impl State {
    /// The status word, as in its JSON.
    pub fn name(&self) -> &'static str {
        match self {
            State::Absent => "absent",
            State::Candidate => "candidate",
            State::Approved => "approved",
            State::Active => "active",
            State::Mitigated => "mitigated",
            State::Closed => "closed",
            State::Rejected { .. } => "rejected",
        }
    }
}

/// What can be asked of it.
#[derive(Clone, Debug)]
pub enum Command {
    Propose {
        issue_id: Uuid,
        reason: String,
        what: What,
        by: String,
    },
    Extend {
        what: What,
        by: String,
    },
    Approve {
        by: String,
    },
    Reject {
        reason: String,
    },
    Activate,
    /// Something was done against it.
    Mitigate {
        measure: String,
        by: String,
    },
    /// That did not hold.
    Resume {
        reason: String,
    },
    /// With how many it concerns who are not accounted for.
    Close {
        waiting: u64,
    },
}

/// What happened to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    Proposed { issue_id: Uuid, reason: String, scope: Scope },
    Extended(Scope),
    Approved(Approval),
    Rejected { reason: String },
    Activated,
    Mitigated(Mitigation),
    Resumed { reason: String },
    Closed,
}

/// Why it says no.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    #[error("there is no such issue")]
    Unknown,
    #[error("this is not possible while the issue is {0}")]
    NotNow(&'static str),
    #[error("another person than who proposed it must approve it")]
    OwnProposal,
    #[error("nothing is proposed that is not approved")]
    NothingProposed,
    #[error("say first what was done against it, so that nobody else comes to harm (MitigateMajorIssue)")]
    NotMitigated,
    #[error("{0} whom it concerns are neither told nor accounted for; see to them first")]
    Unaccounted(u64),
}

impl Rejection {
    /// The stable code.
    pub fn code(self) -> &'static str {
        match self {
            Rejection::Unknown => "major_issue.not_found",
            Rejection::NotNow(_) => "major_issue.not_now",
            Rejection::OwnProposal => "major_issue.own_proposal",
            Rejection::NothingProposed => "major_issue.nothing_proposed",
            Rejection::NotMitigated => "major_issue.not_mitigated",
            Rejection::Unaccounted(_) => "major_issue.unaccounted",
        }
    }
}

impl MajorIssue {
    /// What follows from `command`.
    pub fn decide(&self, command: Command, now: Timestamp) -> Result<Vec<Event>, Rejection> {
        let scope = |what, by| Scope { what, by, at: now, approved: None };
        Ok(match (&self.state, command) {
            (State::Absent, Command::Propose { issue_id, reason, what, by }) => {
                vec![Event::Proposed { issue_id, reason, scope: scope(what, by) }]
            }
            (_, Command::Propose { .. }) => vec![],
            (State::Absent, _) => return Err(Rejection::Unknown),
            (State::Candidate | State::Approved | State::Active | State::Mitigated, Command::Extend { what, by }) => {
                let known = self.scopes.iter().any(|scope| scope.what == what);
                if known { vec![] } else { vec![Event::Extended(scope(what, by))] }
            }
            (State::Candidate | State::Approved | State::Active | State::Mitigated, Command::Approve { by }) => {
                let mut proposed = self.scopes.iter().filter(|scope| scope.approved.is_none()).peekable();
                proposed.peek().ok_or(Rejection::NothingProposed)?;
                if proposed.any(|scope| scope.by == by) {
                    return Err(Rejection::OwnProposal);
                }
                vec![Event::Approved(Approval { by, at: now })]
            }
            (State::Candidate, Command::Reject { reason }) => vec![Event::Rejected { reason }],
            (State::Approved, Command::Activate) => vec![Event::Activated],
            (State::Active, Command::Activate) => vec![],
            (State::Active, Command::Mitigate { measure, by }) => {
                vec![Event::Mitigated(Mitigation { measure, by, at: now })]
            }
            (State::Mitigated, Command::Resume { reason }) => vec![Event::Resumed { reason }],
            (State::Active, Command::Close { .. }) => return Err(Rejection::NotMitigated),
            (State::Mitigated, Command::Close { waiting: 0 }) => vec![Event::Closed],
            (State::Mitigated, Command::Close { waiting }) => return Err(Rejection::Unaccounted(waiting)),
            (state, _) => return Err(Rejection::NotNow(state.name())),
        })
    }

    /// Takes in what happened.
    pub fn apply(&mut self, event: &Event) {
        match event.clone() {
            Event::Proposed { issue_id, reason, scope } => {
                *self = Self { issue_id, reason, scopes: vec![scope], state: State::Candidate, mitigation: None };
            }
            Event::Extended(scope) => self.scopes.push(scope),
            Event::Approved(approval) => {
                let proposed = self.scopes.iter_mut().filter(|scope| scope.approved.is_none());
                proposed.for_each(|scope| scope.approved = Some(approval.clone()));
                match self.state {
                    State::Candidate => self.state = State::Approved,
                    // More customers are concerned than what was done was meant for.
                    State::Mitigated => self.state = State::Active,
                    _ => {}
                }
            }
            Event::Rejected { reason } => self.state = State::Rejected { reason },
            Event::Mitigated(mitigation) => {
                self.mitigation = Some(mitigation);
                self.state = State::Mitigated;
            }
            Event::Activated | Event::Resumed { .. } => self.state = State::Active,
            Event::Closed => self.state = State::Closed,
        }
    }

    /// Whom it concerns by now. Also of a mitigated one whoever is found late is told.
    pub fn concerned(&self) -> impl Iterator<Item = &What> {
        let runs = matches!(self.state, State::Active | State::Mitigated);
        let approved = self.scopes.iter().filter(move |scope| scope.approved.is_some() && runs);
        approved.map(|scope| &scope.what)
    }
}
