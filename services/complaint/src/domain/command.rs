//! What a complaint can be told, and why it says no. Every refusal has a stable code that callers can rely on.
use jiff::Timestamp;
use uuid::Uuid;

use super::{
    complaint::{Assessment, Facts},
    escalation::{Level, Trigger},
    routing::Desk,
    solution::{Flaw, RemedyKind},
    values::{CauseCode, Department},
};

#[derive(Clone, Debug)]
pub enum Command {
    // What happened elsewhere, or time.
    /// A case that is a complaint was registered; `desk` is where its class is routed to.
    Record {
        facts: Box<Facts>,
        desk: Desk,
    },
    /// The first service order of the agreed solution is open.
    StartExecution {
        remedy_id: Uuid,
    },
    /// A service order ended.
    SettleRemedy {
        remedy_id: Uuid,
        done: bool,
    },
    /// The message with the result left the house.
    TellResult {
        message_id: Uuid,
        at: Timestamp,
    },
    /// The message with the result cannot be sent.
    ResultUntold {
        message_id: Uuid,
    },
    /// A department is late.
    Escalate {
        level: Level,
        trigger: Trigger,
        escalation_id: Uuid,
    },
    /// The time for the first investigation is over.
    InvestigationDue,
    /// The time for the customer's answer is over.
    SilenceDue,
    // What people ask for.
    /// `desk` is where the class as judged is routed to.
    Assess {
        assessment: Assessment,
        desk: Desk,
    },
    StartInvestigation,
    AskDepartment(Desk),
    ConcludeInvestigation {
        cause: CauseCode,
        responsible: Department,
    },
    DraftSolution {
        by: String,
        remedies: Vec<RemedyKind>,
    },
    SubmitSolution,
    ApproveSolution {
        by: String,
        version: u32,
    },
    ReturnSolution {
        by: String,
        version: u32,
    },
    OfferSolution,
    RecordConsent {
        by: String,
        version: u32,
        channel: String,
    },
    RecordDecline {
        version: u32,
    },
    CompleteRemedy {
        remedy_id: Uuid,
    },
    RecordSatisfaction {
        satisfied: bool,
    },
    Withdraw,
    Appeal,
    /// By hand; `trigger` says who asks.
    RaiseEscalation {
        trigger: Trigger,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    #[error("there is no such complaint")]
    Unknown,
    #[error("this is not possible while the complaint is {0}")]
    NotNow(&'static str),
    #[error("the solution stands at version {current}; read that one first")]
    OtherVersion { current: u32 },
    #[error("the author of a solution cannot approve or return it")]
    OwnSolution,
    #[error("this version was turned down; draft a new one")]
    DraftAnew,
    #[error("the remedies cannot be promised: {}", .0.reason)]
    BadRemedies(Flaw),
    #[error("money can only be given back for a purchase, and the complaint names none")]
    NoPurchase,
    #[error("the agreed solution has no such remedy")]
    UnknownRemedy,
    #[error("only guidance is completed by hand; money is settled by its service order")]
    NotGuidance,
    #[error("the remedy is settled already")]
    RemedySettled,
    #[error("money may be on its way to the customer; it must be settled first")]
    MoneyMoving,
    #[error("the term for an appeal ended at {0}")]
    TermOver(Timestamp),
    #[error("a complaint can ask departments 20 times at most")]
    TooManyTasks,
}

impl Rejection {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unknown => "complaint.not_found",
            Self::NotNow(_) => "complaint.not_now",
            Self::OtherVersion { .. } => "complaint.other_version",
            Self::OwnSolution => "complaint.own_solution",
            Self::DraftAnew => "complaint.draft_anew",
            Self::BadRemedies(_) => "complaint.bad_remedies",
            Self::NoPurchase => "complaint.no_purchase",
            Self::UnknownRemedy => "complaint.unknown_remedy",
            Self::NotGuidance => "complaint.not_guidance",
            Self::RemedySettled => "complaint.remedy_settled",
            Self::MoneyMoving => "complaint.money_moving",
            Self::TermOver(_) => "complaint.term_over",
            Self::TooManyTasks => "complaint.too_many_tasks",
        }
    }
}
