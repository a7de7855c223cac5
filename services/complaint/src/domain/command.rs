//! What a complaint can be told, and why it says no. Every refusal has a stable code that callers can rely on.
use std::{collections::BTreeSet, sync::Arc};

use jiff::Timestamp;
use kernel::{approval::Refusal, money::Money, promise, sla::Levels};
use uuid::Uuid;

use super::{
    care::Word,
    complaint::{Asked, Assessment, Facts},
    escalation::{Level, Trigger},
    fairness::Comparables,
    hold::Regulator,
    retargeting::Retarget,
    routing::Desk,
    rulebook::Rulebook,
    solution::{Flaw, MeetsExpectation, RemedyKind, Returned},
    values::{CauseCode, Department, Emotion, Evidence, RecordPart},
};

#[derive(Clone, Debug)]
pub enum Command {
    // What happened elsewhere, or time.
    /// A case that is a complaint was registered; `desk` is where its class is routed to.
    Record {
        facts: Box<Facts>,
        desk: Desk,
        levels: Arc<Levels>,
    },
    /// Its case turned out at `at` to be one with another, and goes on with the complaint of that one.
    Merge {
        into: Uuid,
        at: Timestamp,
        levels: Arc<Levels>,
    },
    /// That was taken back.
    Unmerge,
    /// A person added to the record what was missing.
    CompleteRecord {
        parts: BTreeSet<RecordPart>,
        emotion: Option<Emotion>,
    },
    /// The first service order of the agreed solution is open.
    StartExecution {
        remedy_id: Uuid,
        /// What the order carries out; nothing when it does not say.
        ordered: Option<RemedyKind>,
    },
    /// A service order ended at `at`.
    SettleRemedy {
        remedy_id: Uuid,
        done: bool,
        /// Of one that failed: what was paid of it all the same.
        paid: Option<Money>,
        at: Timestamp,
    },
    /// The message with the result left the house.
    TellResult {
        message_id: Uuid,
        at: Timestamp,
        levels: Arc<Levels>,
    },
    /// What the customer hears, or should.
    Care(Word),
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
    /// A promise is to be warned of, or its time is over.
    PromiseDue,
    /// The term of a step of the approval is over.
    ApprovalDue,
    /// The time for the customer's answer is over.
    SilenceDue,
    /// Much of the time an authority gave has passed, or all of it.
    ReportDue,
    // What people ask for.
    /// `desk` is where the class as judged is routed to.
    Assess {
        assessment: Assessment,
        desk: Desk,
    },
    StartInvestigation,
    /// A further task, and for whom; its question is kept apart.
    AskDepartment(Asked),
    ConcludeInvestigation {
        evidence: Vec<Evidence>,
        cause: CauseCode,
        responsible: Department,
        levels: Arc<Levels>,
    },
    DraftSolution {
        by: String,
        remedies: Vec<RemedyKind>,
        /// Of returns: which pieces come back.
        returned: Returned,
        /// A reason was given for leaving the policy.
        exception: bool,
        meets_expectation: MeetsExpectation,
        /// What others were given; nothing when the draft has no price.
        others: Option<Comparables>,
        rules: Arc<Rulebook>,
    },
    SubmitSolution {
        rules: Arc<Rulebook>,
    },
    ApproveSolution {
        by: String,
        version: u32,
        rules: Arc<Rulebook>,
    },
    ReturnSolution {
        by: String,
        version: u32,
        rules: Arc<Rulebook>,
    },
    OfferSolution {
        levels: Arc<Levels>,
    },
    RecordConsent {
        by: String,
        version: u32,
        channel: String,
        /// When he said it; now if it was not told.
        said_at: Option<Timestamp>,
        levels: Arc<Levels>,
    },
    RecordDecline {
        version: u32,
        said_at: Option<Timestamp>,
        levels: Arc<Levels>,
    },
    CompleteRemedy {
        remedy_id: Uuid,
        /// What was really done, if it was said.
        done: Option<RemedyKind>,
    },
    ReportRemedyDeviation {
        remedy_id: Uuid,
        /// It cannot be done at all.
        given_up: bool,
    },
    RecordProcessDeviation {
        by: String,
        /// A lower-case word.
        what: String,
    },
    RecordSatisfaction {
        satisfied: bool,
        /// How it was said, a lower-case word.
        channel: Option<String>,
        said_at: Option<Timestamp>,
        levels: Arc<Levels>,
    },
    Withdraw {
        /// How he said it, a lower-case word.
        channel: String,
        said_at: Option<Timestamp>,
        levels: Arc<Levels>,
    },
    Appeal {
        said_at: Option<Timestamp>,
        levels: Arc<Levels>,
    },
    /// A running promise is to get the terms the policy has for the complaint as it is judged now.
    Retarget(Retarget),
    /// It must be kept as it is.
    Hold {
        by: String,
        regulator: Option<Regulator>,
    },
    ReleaseHold,
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
    #[error("the record lacks {}; ask the customer and add it to the case, then assess", names(.0))]
    RecordIncomplete(Vec<RecordPart>),
    #[error("the solution stands at version {current}; read that one first")]
    OtherVersion { current: u32 },
    #[error("{0}")]
    Approval(#[from] Refusal),
    #[error("this version was turned down; draft a new one")]
    DraftAnew,
    #[error("the remedies cannot be promised: {}", .0.reason)]
    BadRemedies(Flaw),
    #[error("money can only be given back for a purchase, and the complaint names none")]
    NoPurchase,
    #[error("policy does not offer {0} for this class and severity; give the reason for an exception")]
    OutsidePolicy(&'static str),
    #[error("policy owes one of {0} for this class and severity; promise one, or give the reason for an exception")]
    BelowPolicy(String),
    #[error("the agreed solution has no such remedy")]
    UnknownRemedy,
    #[error("only what people do is completed by hand; money is settled by its service order")]
    NotGuidance,
    #[error("this is not what was approved and agreed to; another kind or amount needs a new solution")]
    NotAsApproved,
    #[error("it has a worth or did not go as planned: say in done what was given, which must be the {0} approved")]
    GivenUnsaid(&'static str),
    #[error("a service order carries it out and settles it; complete that one, or cancel it where nothing comes of it")]
    RemedyOrdered,
    #[error("the remedy is settled already")]
    RemedySettled,
    #[error("money, or what else a service order gives, may be on its way to the customer; it must be settled first")]
    MoneyMoving,
    #[error("the term for an appeal ended at {0}")]
    TermOver(Timestamp),
    #[error("this was said at {0}, which is in the future or before there was anything to say it to")]
    SaidOutOfTime(Timestamp),
    #[error(transparent)]
    Promise(#[from] promise::Rejection),
    #[error("nothing of this kind is promised to the complaint")]
    NothingPromised,
    #[error("{0}")]
    Proposal(Refusal),
    #[error("proposal {0} waits for approval; it must be approved or rejected first")]
    ProposalWaits(u32),
    #[error("no other terms are proposed that wait for approval")]
    NothingProposed,
    #[error("what waits for approval is proposal {current}; read that one first")]
    OtherProposal { current: u32 },
    #[error("the complaint is under a legal hold already; release it first")]
    Held,
    #[error("the complaint is under no legal hold")]
    NotHeld,
    #[error("a complaint can ask departments 20 times at most")]
    TooManyTasks,
    #[error("a complaint can leave the standard process 20 times at most")]
    TooManyDeviations,
}

fn names(parts: &[RecordPart]) -> String {
    parts.iter().map(|part| part.name()).collect::<Vec<_>>().join(", ")
}

impl Rejection {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unknown => "complaint.not_found",
            Self::NotNow(_) => "complaint.not_now",
            Self::RecordIncomplete(_) => "complaint.record_incomplete",
            Self::OtherVersion { .. } => "complaint.other_version",
            Self::Approval(Refusal::Own) => "complaint.own_solution",
            Self::Approval(refusal) => refusal.code(),
            Self::DraftAnew => "complaint.draft_anew",
            Self::BadRemedies(_) => "complaint.bad_remedies",
            Self::NoPurchase => "complaint.no_purchase",
            Self::OutsidePolicy(_) => "complaint.outside_policy",
            Self::BelowPolicy(_) => "complaint.below_policy",
            Self::NotAsApproved | Self::GivenUnsaid(_) => "complaint.not_as_approved",
            Self::UnknownRemedy => "complaint.unknown_remedy",
            Self::NotGuidance => "complaint.not_guidance",
            Self::RemedyOrdered => "complaint.remedy_ordered",
            Self::RemedySettled => "complaint.remedy_settled",
            Self::MoneyMoving => "complaint.money_moving",
            Self::TermOver(_) => "complaint.term_over",
            Self::SaidOutOfTime(_) => "complaint.said_out_of_time",
            Self::TooManyDeviations => "complaint.too_many_deviations",
            Self::Promise(rejection) => rejection.code(),
            Self::NothingPromised => "complaint.nothing_promised",
            Self::Proposal(refusal) => refusal.code(),
            Self::ProposalWaits(_) => "complaint.proposal_waits",
            Self::NothingProposed => "complaint.nothing_proposed",
            Self::OtherProposal { .. } => "complaint.other_proposal",
            Self::Held => "complaint.held",
            Self::NotHeld => "complaint.not_held",
            Self::TooManyTasks => "complaint.too_many_tasks",
        }
    }
}
