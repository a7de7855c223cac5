//! Why a case says no: in words for people, and by a code that stays.
use jiff::Timestamp;
use kernel::promise;
use uuid::Uuid;

use super::{health, record::Part};

/// Said where a contact that was to go to a case finds it changed since it was read.
pub const OF_ITS_OWN: &str = "case.contact_of_its_own";

/// Why a case says no.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    #[error("there is no such case")]
    Unknown,
    #[error("the customer has had a first answer already, or none is owed any more")]
    AlreadyResponded,
    #[error("{} is on record already; it stays as it was said", .0.word())]
    PartOnRecord(Part),
    #[error("{} is not needed for a case of this class; nobody asks for it and it is not kept", .0.word())]
    PartNotNeeded(Part),
    #[error("{} is on record already; it stays as it was said", .0.word())]
    HealthOnRecord(health::Part),
    #[error("{} is on record as graver already and is never lowered", .0.word())]
    HealthLowered(health::Part),
    #[error("say how severe it is: severity 1 (mild) to 4 (life-threatening)")]
    SeverityMissing,
    #[error("nothing is owed to this authority; ListRegulatorReports names what is")]
    NoReportOwed,
    #[error("a receipt is given after the report was owed and not in the future")]
    ReceiptOutOfTime,
    #[error("what was owed to this authority by then is confirmed already")]
    ReportReceived,
    #[error("it has not come to its end yet; rate it then")]
    NotEnded,
    #[error("this end is rated already")]
    AlreadyRated,
    #[error("the case is closed")]
    Closed,
    #[error("the case has changed hands since it was read; read it again")]
    AssignmentChanged,
    #[error("somebody said what the case is about since it was read; read it again")]
    ClassificationChanged,
    #[error("the case was given to somebody else; have it assigned to you first")]
    AssignedToOther,
    #[error("the customer was asked already; add what is missing, or wait for it")]
    InfoRequested,
    #[error("the case is handled as a complaint and ends with it")]
    IsComplaint,
    #[error("record the answer to the customer first")]
    NotAnswered,
    #[error("no article was offered as an answer")]
    NothingOffered,
    #[error("the customer has judged the article already")]
    AnswerJudged,
    #[error("the case has {} tags already; take one off first", super::tags::TAGS_MAX)]
    TooManyTags,
    #[error("only a suggestion can end as a recorded suggestion")]
    NotASuggestion,
    #[error("a person ends a case as answered, guidance or suggestion_recorded")]
    NotByPerson,
    #[error("an answer is given after the contact happened and not in the future")]
    AnswerOutOfTime,
    #[error("the policy promises no first answer to such a contact")]
    NothingPromised,
    #[error("the case is not at its end")]
    Running,
    #[error("the case ended at {0}, too long ago to go on; register what is new and link it as a follow-up")]
    TooLateToReopen(Timestamp),
    #[error("the contact makes a case of its own")]
    OfItsOwn,
    #[error("a case is not linked with itself; name another one")]
    SameCase,
    #[error("the two cases are linked in another way; take that link back first")]
    LinkedOtherwise,
    #[error("the case is linked with 100 others already")]
    TooManyLinks,
    #[error("the case was merged into {0}; do it there")]
    Merged(Uuid),
    #[error("the cases are of different customers; only those named in the configuration merge such cases")]
    OtherCustomer,
    #[error(
        "the other case gives the customer less (its lane, its urgency, or it is no complaint); merge that one into this"
    )]
    MergeOtherWay,
    #[error("the solution of its complaint was agreed to and is carried out; merge the other case into this one")]
    ComplaintCarriedOut,
    #[error("the case is not merged")]
    NotMerged,
    #[error("the case was merged at {0}, too long ago to come back")]
    TooLateToUnmerge(Timestamp),
    #[error("the customer never said {0} to this case; name its further contacts")]
    NeverHeard(Uuid),
    #[error("nobody has the case")]
    NobodyHasIt,
    #[error(transparent)]
    Promise(#[from] promise::Rejection),
}

impl Rejection {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Rejection::Unknown => "case.not_found",
            Rejection::AlreadyResponded => "case.already_responded",
            Rejection::PartOnRecord(_) => "case.part_on_record",
            Rejection::PartNotNeeded(_) => "case.part_not_needed",
            Rejection::HealthOnRecord(_) => "case.health_on_record",
            Rejection::HealthLowered(_) => "case.health_lowered",
            Rejection::SeverityMissing => "case.severity_missing",
            Rejection::NoReportOwed => "case.no_report_owed",
            Rejection::ReceiptOutOfTime => "case.receipt_out_of_time",
            Rejection::ReportReceived => "case.report_received",
            Rejection::NotEnded => "case.not_ended",
            Rejection::AlreadyRated => "case.already_rated",
            Rejection::Closed => "case.closed",
            Rejection::AssignmentChanged => "case.assignment_changed",
            Rejection::ClassificationChanged => "case.classification_changed",
            Rejection::AssignedToOther => "case.assigned_to_other",
            Rejection::InfoRequested => "case.info_requested",
            Rejection::IsComplaint => "case.is_complaint",
            Rejection::NotAnswered => "case.not_answered",
            Rejection::NothingOffered => "case.nothing_offered",
            Rejection::AnswerJudged => "case.answer_judged",
            Rejection::TooManyTags => "case.too_many_tags",
            Rejection::NotASuggestion => "case.not_a_suggestion",
            Rejection::NotByPerson => "case.outcome_not_by_person",
            Rejection::AnswerOutOfTime => "case.answer_out_of_time",
            Rejection::NothingPromised => "case.nothing_promised",
            Rejection::Running => "case.not_closed",
            Rejection::TooLateToReopen(_) => "case.too_late_to_reopen",
            Rejection::OfItsOwn => OF_ITS_OWN,
            Rejection::SameCase => "case.same_case",
            Rejection::LinkedOtherwise => "case.linked_otherwise",
            Rejection::TooManyLinks => "case.too_many_links",
            Rejection::Merged(_) => "case.merged",
            Rejection::OtherCustomer => "case.other_customer",
            Rejection::MergeOtherWay => "case.merge_other_way",
            Rejection::ComplaintCarriedOut => "case.complaint_carried_out",
            Rejection::NotMerged => "case.not_merged",
            Rejection::TooLateToUnmerge(_) => "case.too_late_to_unmerge",
            Rejection::NeverHeard(_) => "case.never_heard",
            Rejection::NobodyHasIt => "case.nobody_has_it",
            Rejection::Promise(rejection) => rejection.code(),
        }
    }
}
