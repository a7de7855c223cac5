//! Why a case says no: in words for people, and by a code that stays.
use kernel::promise;

use super::{health, record::Part};

/// Why a case says no.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    #[error("there is no such case")]
    Unknown,
    #[error("the customer has had a first answer already")]
    AlreadyResponded,
    #[error("{} is on record already; it stays as it was said", .0.word())]
    PartOnRecord(Part),
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
    #[error("the case was given to somebody else; have it assigned to you first")]
    AssignedToOther,
    #[error("the customer was asked already; add what is missing, or wait for it")]
    InfoRequested,
    #[error("the case is handled as a complaint and ends with it")]
    IsComplaint,
    #[error("record the answer to the customer first")]
    NotAnswered,
    #[error("only a suggestion can end as a recorded suggestion")]
    NotASuggestion,
    #[error("a person ends a case as answered, guidance or suggestion_recorded")]
    NotByPerson,
    #[error("an answer is given after the contact happened and not in the future")]
    AnswerOutOfTime,
    #[error("the policy promises no first answer to such a contact")]
    NothingPromised,
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
            Rejection::AssignedToOther => "case.assigned_to_other",
            Rejection::InfoRequested => "case.info_requested",
            Rejection::IsComplaint => "case.is_complaint",
            Rejection::NotAnswered => "case.not_answered",
            Rejection::NotASuggestion => "case.not_a_suggestion",
            Rejection::NotByPerson => "case.outcome_not_by_person",
            Rejection::AnswerOutOfTime => "case.answer_out_of_time",
            Rejection::NothingPromised => "case.nothing_promised",
            Rejection::Promise(rejection) => rejection.code(),
        }
    }
}
