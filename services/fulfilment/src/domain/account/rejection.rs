//! Why an account says no.
use kernel::money::MoneyError;

/// Each with the way out, and a stable code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    #[error("a claim must be for more than nothing")]
    AmountNotPositive,
    #[error("what was paid for a line cannot be less than nothing")]
    PaidNegative,
    #[error("two lines of the purchase have the same id")]
    LineTwice,
    #[error("the lines of the purchase do not add up to what was paid")]
    LinesDoNotAddUp,
    #[error("nothing is held for this order")]
    NothingHeld,
    #[error("the purchase is not known here yet; ask again when it is, or ask without it: then a person decides")]
    PurchaseUnknown,
    #[error("the purchase has no such line")]
    LineUnknown,
    #[error("more pieces are meant than were bought and are not asked for already")]
    MoreThanBought,
    #[error("the means the purchase was paid by do not add up to what was paid")]
    TendersDoNotAddUp,
    #[error("the means the purchase was paid by cannot give so much any more")]
    TendersExhausted,
    #[error(transparent)]
    Money(#[from] MoneyError),
}

impl Rejection {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::AmountNotPositive => "account.amount_not_positive",
            Self::PaidNegative => "account.paid_negative",
            Self::LineTwice => "account.line_twice",
            Self::LinesDoNotAddUp => "account.lines_do_not_add_up",
            Self::NothingHeld => "account.nothing_held",
            Self::PurchaseUnknown => "account.purchase_unknown",
            Self::LineUnknown => "account.line_unknown",
            Self::MoreThanBought => "account.more_than_bought",
            Self::TendersDoNotAddUp => "account.tenders_do_not_add_up",
            Self::TendersExhausted => "account.tenders_exhausted",
            Self::Money(_) => "account.money",
        }
    }
}
