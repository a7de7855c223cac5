//! Why an order says no.
use kernel::approval::Refusal;

/// Each with the way out, and a stable code.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
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
    #[error("who inspected the goods cannot rule on it, nor record that the customer agrees; somebody else must")]
    OwnInspection,
    #[error("the order has no replacement with this id; those it has are shown with it")]
    NoSuchReplacement,
    #[error("the article costs more than what is given back for it; it is reserved when the difference was paid")]
    DifferenceDue,
    #[error(
        "no such difference is due, or it was told otherwise under this reference; the order shows what is still to pay"
    )]
    OtherDifference,
    #[error("prices and differences are in the currency of the purchase")]
    OtherCurrency,
    #[error("another article needs the price of one piece, so that the difference is known")]
    PriceNeeded,
    #[error("no price counts here: only pieces of a purchase are exchanged for a price, of nothing or more")]
    PriceNotPossible,
    #[error("this order is not for a repair")]
    NoRepair,
    #[error("the repair of this line was not registered; say first what is wrong and whether it looks feasible")]
    NotRegistered,
    #[error("the repair of this line is registered already, with other words; a diagnosis says what was found")]
    RepairRegistered,
    #[error("what is to be repaired is diagnosed, not inspected")]
    DiagnosedInstead,
    #[error(
        "a quote is at least one item, each of one piece or more at a price of nothing or more, all in one currency"
    )]
    QuoteInexact,
    #[error("work waits for the customer's consent to what it costs him; quote it, and record his word")]
    NoConsent,
    #[error("the customer's word is about another version than the one that holds; tell him that one")]
    OtherQuote,
    #[error("the quote is not valid any more; quote it anew")]
    QuoteExpired,
    #[error("nobody is to do the work yet; assign a technician who has the skill")]
    NoTechnician,
    #[error("the fee the customer consented to is due; take the payment and name its reference")]
    NotPaid,
    #[error("the article is of no purchase of ours, so that nothing can be paid back; offer something else")]
    NothingPaid,
    #[error("no rule gives money here; somebody who had no hand in it must decide that it is paid")]
    MoneyNotGranted,
    #[error("nothing of it has come yet; cancel the order where nothing will")]
    NothingCame,
    #[error("who recorded the customer's payment cannot have it paid back; somebody else must")]
    OwnPayment,
    #[error("nothing is to be given by this order")]
    NoCompensation,
    #[error(
        "what is to be given is approved in steps, by those whom the rules name; approve or refuse the compensation"
    )]
    ApprovedInSteps,
    #[error("the payment provider pays this; its refund tells how far it is")]
    ProviderPays,
    #[error("{0}")]
    Approval(Box<Refusal>),
    #[error(
        "the order carries out an agreed remedy; its kind, its worth and its purchase are what was approved. Agree on \
         another remedy in the complaint"
    )]
    NotAsAgreed,
    #[error("the customer's word is about another offer than the one that is open; tell him that one")]
    OtherAlternative,
    #[error(
        "goods are on their way or with the customer, or money was paid; it goes on, and cannot end as if nothing had been done"
    )]
    CarriedOut,
    #[error(
        "goods of the customer's are here; settle their inspection, give them back, and say under which reference he has \
         them again (goods_returned)"
    )]
    GoodsAreHere,
    #[error(
        "some of this order came at another place already; so that no parcel counts twice, say which one this is: its own number, \
         or that of this place's receipt (parcel_reference)"
    )]
    ReceivedElsewhere,
    #[error(
        "lines {0:?} are of no purchase of ours: who approves their money says how much it is (amounts), for nothing else does"
    )]
    AmountMissing(Vec<u32>),
    #[error(
        "no such amount can be approved for line {0}: it is for articles of no purchase whose money is asked for, above nothing, \
         at most what was stated, and in its currency"
    )]
    AmountNotPossible(u32),
    #[error(
        "who approved the money of articles of no purchase does not take them in, nor the other way round; somebody else must"
    )]
    OwnApproval,
    #[error(
        "what a complaint agreed on is an order already, which knows its approved remedy: complete that one \
         (CompleteAgreedOrder); what was not agreed comes from its case or a counter"
    )]
    OfComplaint,
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
            Self::NoRepair => "order.no_repair",
            Self::NotRegistered => "order.repair_not_registered",
            Self::RepairRegistered => "order.repair_registered",
            Self::DiagnosedInstead => "order.diagnosed_instead",
            Self::QuoteInexact => "order.quote_inexact",
            Self::NoConsent => "order.no_consent",
            Self::OtherQuote => "order.other_quote",
            Self::QuoteExpired => "order.quote_expired",
            Self::NoTechnician => "order.no_technician",
            Self::NotPaid => "order.fee_not_paid",
            Self::NothingPaid => "order.nothing_paid",
            Self::MoneyNotGranted => "order.money_not_granted",
            Self::NothingCame => "order.nothing_came",
            Self::OwnPayment => "order.own_payment",
            Self::NoCompensation => "order.no_compensation",
            Self::ApprovedInSteps => "order.approved_in_steps",
            Self::ProviderPays => "order.provider_pays",
            Self::Approval(refusal) => refusal.code(),
            Self::NotAsAgreed => "order.not_as_agreed",
            Self::OtherAlternative => "order.other_alternative",
            Self::CarriedOut => "order.carried_out",
            Self::GoodsAreHere => "order.goods_are_here",
            Self::ReceivedElsewhere => "goods.received_elsewhere",
            Self::AmountMissing(_) => "order.amount_missing",
            Self::AmountNotPossible(_) => "order.amount_not_possible",
            Self::OwnApproval => "order.own_approval",
            Self::OfComplaint => "order.of_complaint",
        }
    }
}
