//! Why a ledger says no.

/// Each with the way out, and a stable code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    #[error("the ledger of the order has no such entry; those it has are shown with it")]
    NoSuchEntry,
    #[error(
        "only a cost that somebody recorded is reversed; what followed from an event stands as long as the event does"
    )]
    NotRecorded,
    #[error("costs are recorded in a currency of the order")]
    OtherCurrency,
    #[error("a cost is above nothing, and not above what can be counted")]
    AmountOutOfBounds,
    #[error("so many costs were recorded of this order that people must look at it; nothing more is recorded")]
    Full,
    #[error("it stands on a charge-back; withdraw that first")]
    ChargedBack,
    #[error(
        "no cost of the order that lies with this supplier in this currency is left to charge, or it comes to nothing"
    )]
    NothingToCharge,
    #[error("say at least one of cause, department, supplier and batch")]
    NothingNamed,
    #[error("an entry must add up to nothing in each currency")]
    Unbalanced,
}

impl Rejection {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoSuchEntry => "ledger.no_such_entry",
            Self::NotRecorded => "ledger.not_recorded",
            Self::OtherCurrency => "ledger.other_currency",
            Self::AmountOutOfBounds => "ledger.amount_out_of_bounds",
            Self::Full => "ledger.full",
            Self::ChargedBack => "ledger.charged_back",
            Self::NothingToCharge => "ledger.nothing_to_charge",
            Self::NothingNamed => "ledger.nothing_named",
            Self::Unbalanced => "ledger.unbalanced",
        }
    }
}
