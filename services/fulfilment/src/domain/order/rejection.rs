//! Why an order says no.

/// Each with the way out, and a stable code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    #[error("there is no such service order")]
    Unknown,
    #[error("a remedy must give back more than nothing")]
    AmountNotPositive,
    #[error("this order does not expect goods back")]
    NoGoodsExpected,
    #[error("no goods of this order are awaited any more: they are back already, or came too late")]
    GoodsAlreadyReceived,
    #[error("the order is in a state that does not allow this")]
    NotNow,
    #[error("an order needs at least one line")]
    NoLines,
    #[error("two lines of the order mean the same line of a purchase; ask for all pieces in one")]
    LineTwice,
    #[error("who asked for it cannot review it; somebody else must")]
    OwnRequest,
    #[error("the order asks nothing back under this number of a line")]
    NoSuchLine,
    #[error("the order has no claim on money with this id; those it has are shown with it")]
    NoSuchClaim,
    #[error("so many pieces do not wait for inspection")]
    NotToInspect,
    #[error("what was not asked back cannot be accepted; it goes back to the customer, to quarantine or is destroyed")]
    SurplusNotAccepted,
    #[error("what is accepted does not go back to the customer, and what is rejected is not ours to sell")]
    DispositionDoesNotFit,
    #[error("pieces are rejected by a new decision of the policy only, and the policy gave none")]
    NoNewDecision,
    #[error("the policy grants the pieces as they were found; accept them, or state what was found otherwise")]
    StillGranted,
    #[error("nothing is to be said to an inspection of this line")]
    NothingToAnswer,
    #[error("who inspected the goods cannot rule on it; somebody else must")]
    OwnInspection,
    #[error("the order has no replacement with this id; those it has are shown with it")]
    NoSuchReplacement,
    #[error("the article costs more than what is given back for it; it is reserved when the difference was paid")]
    DifferenceDue,
    #[error("no such difference is due; the order shows what is still to pay")]
    OtherDifference,
    #[error("prices and differences are in the currency of the purchase")]
    OtherCurrency,
    #[error("another article needs the price of one piece, so that the difference is known")]
    PriceNeeded,
    #[error("no price counts here: only pieces of a purchase are exchanged for a price, of nothing or more")]
    PriceNotPossible,
}

impl Rejection {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unknown => "order.unknown",
            Self::AmountNotPositive => "order.amount_not_positive",
            Self::NoGoodsExpected => "order.no_goods_expected",
            Self::GoodsAlreadyReceived => "order.goods_already_received",
            Self::NotNow => "order.not_now",
            Self::NoLines => "order.no_lines",
            Self::LineTwice => "order.line_twice",
            Self::OwnRequest => "order.own_request",
            Self::NoSuchLine => "order.no_such_line",
            Self::NoSuchClaim => "order.no_such_claim",
            Self::NotToInspect => "order.not_to_inspect",
            Self::SurplusNotAccepted => "order.surplus_not_accepted",
            Self::DispositionDoesNotFit => "order.disposition_does_not_fit",
            Self::NoNewDecision => "order.no_new_decision",
            Self::StillGranted => "order.still_granted",
            Self::NothingToAnswer => "order.nothing_to_answer",
            Self::OwnInspection => "order.own_inspection",
            Self::NoSuchReplacement => "order.no_such_replacement",
            Self::DifferenceDue => "order.difference_due",
            Self::OtherDifference => "order.other_difference",
            Self::OtherCurrency => "order.other_currency",
            Self::PriceNeeded => "order.price_needed",
            Self::PriceNotPossible => "order.price_not_possible",
        }
    }
}
