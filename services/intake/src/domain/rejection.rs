//! Why a case says no: in words for people, and by a code that stays.
use kernel::promise;

use super::record::Part;

/// Why a case says no.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    #[error("there is no such case")]
    Unknown,
    #[error("the customer has had a first answer already")]
    AlreadyResponded,
    #[error("{} is on record already; it stays as it was said", .0.word())]
    PartOnRecord(Part),
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
            Rejection::Closed => "case.closed",
            Rejection::AssignmentChanged => "case.assignment_changed",
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
            Rejection::Promise(rejection) => rejection.code(),
        }
    }
}
