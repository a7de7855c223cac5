//! Why a refund says no.

/// Each with the way out, and a stable code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    #[error("there is no such refund")]
    Unknown,
    #[error("the refund does not wait to be sent")]
    NotQueued,
    #[error("the refund is not due yet")]
    NotDue,
    #[error("the refund was never sent, so it cannot have a result")]
    NeverSent,
    #[error("this refund is the payment provider's; people pay only those that wait by hand")]
    NotByHand,
    #[error("the refund was paid by hand already, under another reference")]
    OtherReference,
    #[error(
        "the provider says otherwise of an earlier attempt at this money than it did; two people settle first what became of \
         it (SettleEarlierAttempt)"
    )]
    EarlierInDoubt,
    #[error("neither this refund nor an earlier attempt at its money is in doubt, or what became of it was settled")]
    NothingInDoubt,
}

impl Rejection {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unknown => "refund.unknown",
            Self::NotQueued => "refund.not_queued",
            Self::NotDue => "refund.not_due",
            Self::NeverSent => "refund.never_sent",
            Self::NotByHand => "refund.not_by_hand",
            Self::OtherReference => "refund.other_reference",
            Self::EarlierInDoubt => "refund.earlier_in_doubt",
            Self::NothingInDoubt => "refund.nothing_in_doubt",
        }
    }
}
