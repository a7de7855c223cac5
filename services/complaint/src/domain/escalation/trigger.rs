//! Why something is raised, and what of it outlives the complaint it is about.
use serde::{Deserialize, Serialize};

/// Why it went up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trigger {
    /// The first investigation was not concluded in time.
    #[default]
    InvestigationLate,
    /// A department did not answer in time.
    DepartmentLate,
    /// The customer is still dissatisfied after execution.
    Dissatisfied,
    /// The third solution, or a later one, was declined.
    DeclinedThrice,
    /// Something the customer agreed to could not be done.
    RemedyFailed,
    /// The message with the result, an offer or the question whether it is settled could not be sent.
    ResultUntold,
    /// The customer heard nothing for too long.
    Silence,
    /// The result was not told in time.
    ResultLate,
    /// An offer was not answered in its time.
    OfferUnanswered,
    /// What the customer wrote was not read in its time.
    Unread,
    /// The payment provider took back its final word on a refund.
    PaymentContradicted,
    /// A refund has had no outcome of the payment provider for too long.
    PaymentUnknown,
    /// A solution was not approved in time.
    ApprovalLate,
    /// A department's answer was neither accepted nor returned in time.
    AnswerWaits,
    /// Much of a department's time has passed without an answer.
    DepartmentWarning,
    /// The complaint was judged grave.
    Severity,
    /// A solution is to cost more than a limit.
    Amount,
    /// Somebody raised it by hand.
    Manual,
    /// An authority asks.
    Regulator,
    /// The public asks.
    Media,
    /// A case got no first answer in time.
    FirstResponseLate,
    /// The same customer contacts us again and again.
    RepeatedContact,
    /// An improvement action was not released in time.
    ImprovementLate,
    /// Much of the time of a promise to the customer has passed.
    PromiseWarning,
    /// A promise to the customer was broken that has no trigger of its own.
    PromiseLate,
    /// A product did harm, or more harm than was known.
    Health,
    /// Much of the time to report to an authority, or to answer it, has passed.
    RegulatorReportWarning,
    /// An authority did not confirm a report in time, or had no answer by when it wanted one.
    RegulatorReportLate,
    /// A case got no further answer in time.
    NextResponseLate,
    /// A carrier lost the parcel that goods come back in.
    ParcelLost,
    /// He brought it, and nobody has received the goods for too long.
    ParcelUnreceived,
}

impl Trigger {
    /// Somebody must see to it whatever becomes of the complaint.
    pub fn outlives(self) -> bool {
        matches!(self, Self::Dissatisfied | Self::Regulator | Self::Media | Self::PaymentContradicted | Self::Health)
            || matches!(self, Self::PaymentUnknown | Self::RegulatorReportWarning | Self::RegulatorReportLate)
    }

    /// It is told by night as by day.
    pub fn by_night(self) -> bool {
        self == Self::Health
    }

    pub const ALL: [Self; 31] = [
        Self::InvestigationLate,
        Self::DepartmentLate,
        Self::Dissatisfied,
        Self::DeclinedThrice,
        Self::RemedyFailed,
        Self::ResultUntold,
        Self::PaymentContradicted,
        Self::PaymentUnknown,
        Self::DepartmentWarning,
        Self::Severity,
        Self::Amount,
        Self::Manual,
        Self::Regulator,
        Self::Media,
        Self::FirstResponseLate,
        Self::ApprovalLate,
        Self::AnswerWaits,
        Self::Silence,
        Self::ResultLate,
        Self::OfferUnanswered,
        Self::Unread,
        Self::RepeatedContact,
        Self::ImprovementLate,
        Self::PromiseWarning,
        Self::PromiseLate,
        Self::Health,
        Self::RegulatorReportWarning,
        Self::RegulatorReportLate,
        Self::NextResponseLate,
        Self::ParcelLost,
        Self::ParcelUnreceived,
    ];
}
