//! What a purchase pays an order for pieces: whose money it is, what is held for it, and what became of it.
//! Invariant: what is paid back by several means is paid when the last of them is.
use kernel::money::Money;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    super::{Refusal, account::HeldLine},
    Rejection,
    money::Event,
    portion::{self, Portions},
    returning::Pieces,
};

/// Money of pieces of one purchase.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Payout {
    pub claim_id: Uuid,
    pub purchase_id: Uuid,
    pub pieces: Pieces,
    /// What the purchase holds for it, line by line; nothing before that.
    pub lines: Vec<HeldLine>,
    pub state: PayoutState,
    #[serde(default)]
    pub source: Source,
    /// The purchase tells by which means it was paid: the refund is divided over them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub tendered: bool,
    #[serde(default, skip_serializing_if = "Portions::is_empty")]
    pub portions: Portions,
    /// The claim it takes the place of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instead_of: Option<Uuid>,
    /// People pay it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub by_hand: bool,
    /// It was claimed anew, for people to pay.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub again_by_hand: bool,
    /// The provider took back its no: what takes its place is paid by people, once they know what became of it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub doubted: bool,
    /// It says that it paid another amount by it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub differs: bool,
    /// The provider said no, and the purchase holds it still: by one that takes its place, or for ever where that no was none.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub kept: bool,
}

/// What is paid for. `of` is the first attempt to replace the pieces of an exchange.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Source {
    /// Pieces.
    #[default]
    Pieces,
    /// Pieces for which other goods go out, as far as these cost less. The money of all of them is held under its claim.
    Exchange { of: Uuid },
    /// What is held for goods that go out and is not needed for them any more.
    Rest { of: Uuid },
    /// What the customer paid for dearer goods, and these do not cost any more.
    Difference { of: Uuid },
    /// What the customer paid for the repair of a line that failed in the end.
    Fee { line_no: u32 },
    /// Pieces of an agreed return: of what was agreed for them, which is held under the order's id.
    Agreed,
    /// Pieces of a line of no purchase: what a person approved for them, which people pay.
    Unbought { line_no: u32 },
}

impl Source {
    /// The first attempt to replace the pieces of an exchange.
    pub fn of(self) -> Option<Uuid> {
        match self {
            Self::Pieces | Self::Fee { .. } | Self::Agreed | Self::Unbought { .. } => None,
            Self::Exchange { of } | Self::Rest { of } | Self::Difference { of } => Some(of),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum PayoutState {
    Claimed,
    /// It is on its way.
    Granted,
    Paid,
    /// The purchase cannot give it; people must act.
    Refused {
        reason: Refusal,
    },
    /// The provider said no for good; people must act.
    Failed {
        code: String,
    },
    /// It said so of one of several means it is paid back by, which alone is paid anew; people must act.
    PartlyFailed {
        code: String,
    },
    /// After one of these it was claimed anew.
    Repeated,
}

impl Source {
    /// Its pieces are paid for themselves.
    pub(super) fn is_of_pieces(self) -> bool {
        matches!(self, Self::Pieces | Self::Agreed)
    }
}

/// The purchase holds it; where nothing is left to pay, it is paid.
pub(super) fn granted(claim_id: Uuid, lines: Vec<HeldLine>, tendered: bool) -> impl Iterator<Item = Event> {
    let nothing = lines.iter().all(|line| line.amount.minor == 0);
    [Event::Granted { claim_id, lines, tendered }].into_iter().chain(nothing.then_some(Event::Paid { claim_id }))
}

impl PayoutState {
    /// As it is written.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Claimed => "claimed",
            Self::Granted => "granted",
            Self::Paid => "paid",
            Self::Refused { .. } => "refused",
            Self::Failed { .. } => "failed",
            Self::PartlyFailed { .. } => "partly_failed",
            Self::Repeated => "repeated",
        }
    }
}

impl Payout {
    /// All lines together; none before the purchase holds it.
    pub fn amount(&self) -> Option<Money> {
        let currency = self.lines.first()?.amount.currency;
        Money::sum(currency, self.lines.iter().map(|line| line.amount)).ok()
    }

    /// With the last of its portions all of it is paid.
    pub(super) fn decide_portion(&self, news: portion::News) -> Result<Vec<Event>, Rejection> {
        let claim_id = self.claim_id;
        let (events, mut next) = (self.portions.decide(news)?, self.portions.clone());
        events.iter().for_each(|event| next.apply(event));
        let paid = (!events.is_empty() && next.is_paid()).then_some(Event::Paid { claim_id });
        Ok(events.into_iter().map(|event| Event::Portion { claim_id, event }).chain(paid).collect())
    }

    pub(super) fn apply_portion(&mut self, event: &portion::Event) {
        self.portions.apply(event);
        let failed = self.portions.failed().map(|code| PayoutState::PartlyFailed { code: code.to_owned() });
        self.state = failed.unwrap_or(PayoutState::Granted);
    }

    /// What the purchase holds for exactly these pieces, after the provider said no.
    pub(super) fn kept_for(&self, pieces: &Pieces) -> Option<&[HeldLine]> {
        (self.kept && self.pieces == *pieces).then_some(&self.lines)
    }

    pub(super) fn is_settled(&self) -> bool {
        matches!(self.state, PayoutState::Paid | PayoutState::Repeated)
    }

    /// Money is on its way, or should be; whether an exchange pays any is known once the purchase holds it.
    pub(super) fn is_owed(&self) -> bool {
        let unknown = matches!(self.state, PayoutState::Claimed | PayoutState::Refused { .. });
        !(self.is_settled() || unknown && matches!(self.source, Source::Exchange { .. }))
    }
}
