//! One refund paid back by several means: a portion for each, executed apart under a key of its own (R-FUL-05).
//! Invariant: a portion is paid once, and only one that failed is sent again, under another key; the others stay as they
//! are.
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    super::{
        Consequence,
        account::Share,
        refund::{self, Part},
    },
    Rejection,
};

/// What one means pays of a refund.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Portion {
    pub share: Share,
    /// 1 for the first; each has its own refund.
    pub attempt: u32,
    /// The provider took back its no to an attempt: what follows is paid by people, once they know what became of that.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub doubted: bool,
    /// It says that it paid another amount by it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub differs: bool,
    pub state: PortionState,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum PortionState {
    /// It is on its way, or waits for a person.
    Due,
    Paid,
    /// Its provider said no for good; people must act.
    Failed {
        code: String,
    },
}

impl PortionState {
    /// As it is written.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Due => "due",
            Self::Paid => "paid",
            Self::Failed { .. } => "failed",
        }
    }
}

/// What became of a portion, by the number of its means.
#[derive(Clone, Debug, PartialEq)]
pub enum News {
    /// The purchase says what each means gives.
    Divide {
        shares: Vec<Share>,
    },
    Pay {
        no: u32,
        attempt: u32,
    },
    Fail {
        no: u32,
        attempt: u32,
        code: String,
    },
    /// Somebody mended what stood against those that failed: they are sent again, or paid by a person.
    Repeat {
        by_hand: bool,
    },
    /// The provider says otherwise of an attempt that it had refused.
    Doubt {
        no: u32,
        attempt: u32,
        differs: bool,
    },
}

#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    Divided {
        shares: Vec<Share>,
    },
    Paid {
        no: u32,
    },
    Failed {
        no: u32,
        code: String,
    },
    /// These, which had failed.
    Repeated {
        nos: Vec<u32>,
        by_hand: bool,
    },
    Doubted {
        no: u32,
        differs: bool,
    },
}

/// All of one refund, in the order of the means; none where the purchase does not tell by which it was paid.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Portions(Vec<Portion>);

impl Portions {
    /// What follows from the news; late or repeated ones decide to nothing. Errors: no such portion, or none failed.
    pub fn decide(&self, news: News) -> Result<Vec<Event>, Rejection> {
        let of = |no: u32| self.0.iter().find(|portion| portion.share.no == no).ok_or(Rejection::NoSuchClaim);
        let is_due = |portion: &Portion, attempt| portion.attempt == attempt && portion.state == PortionState::Due;
        Ok(match news {
            News::Divide { shares } if self.0.is_empty() => vec![Event::Divided { shares }],
            News::Divide { .. } => vec![],
            News::Pay { no, attempt } if is_due(of(no)?, attempt) => vec![Event::Paid { no }],
            News::Fail { no, attempt, code } if is_due(of(no)?, attempt) => vec![Event::Failed { no, code }],
            News::Doubt { no, attempt, differs } => {
                let one = of(no)?;
                let open = one.attempt >= attempt && one.state != PortionState::Paid;
                if open { vec![Event::Doubted { no, differs }] } else { vec![] }
            }
            News::Pay { .. } | News::Fail { .. } => vec![],
            News::Repeat { by_hand } if self.failed().is_some() => {
                let failed = self.0.iter().filter(|portion| matches!(portion.state, PortionState::Failed { .. }));
                vec![Event::Repeated { nos: failed.map(|portion| portion.share.no).collect(), by_hand }]
            }
            News::Repeat { .. } => return Err(Rejection::NotNow),
        })
    }

    pub fn apply(&mut self, event: &Event) {
        let mut set = |no: u32, state| {
            let portion = self.0.iter_mut().find(|portion| portion.share.no == no);
            portion.into_iter().for_each(|portion| portion.state = PortionState::clone(&state));
        };
        match event {
            Event::Divided { shares } => {
                let (attempt, doubted, differs, state) = (1, false, false, PortionState::Due);
                let due = |share: &Share| Portion { share: *share, attempt, doubted, differs, state: state.clone() };
                self.0 = shares.iter().map(due).collect();
            }
            Event::Paid { no } => set(*no, PortionState::Paid),
            Event::Failed { no, code } => set(*no, PortionState::Failed { code: code.clone() }),
            Event::Repeated { nos, by_hand } => {
                for portion in self.0.iter_mut().filter(|portion| nos.contains(&portion.share.no)) {
                    (portion.attempt, portion.state) = (portion.attempt.saturating_add(1), PortionState::Due);
                    portion.share.by_hand |= *by_hand || portion.doubted;
                }
            }
            Event::Doubted { no, differs } => {
                let portion = self.0.iter_mut().find(|portion| portion.share.no == *no);
                portion.into_iter().for_each(|one| (one.doubted, one.differs) = (true, *differs));
            }
        }
    }

    /// In the order of the means.
    pub fn iter(&self) -> impl Iterator<Item = &Portion> {
        self.0.iter()
    }

    /// Whether the refund goes back as one.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of it is with the customer.
    pub fn is_paid(&self) -> bool {
        !self.is_empty() && self.0.iter().all(|portion| portion.state == PortionState::Paid)
    }

    /// Why one of them was not paid; nothing where none failed.
    pub fn failed(&self) -> Option<&str> {
        self.0.iter().find_map(|portion| match &portion.state {
            PortionState::Failed { code } => Some(code.as_str()),
            PortionState::Due | PortionState::Paid => None,
        })
    }

    /// `partly_failed` where some failed, `failed` where all did; nothing where none did.
    pub fn failure(&self) -> Option<&'static str> {
        let failed = |portion: &Portion| matches!(portion.state, PortionState::Failed { .. });
        let word = if self.0.iter().all(failed) { "failed" } else { "partly_failed" };
        self.failed().map(|_| word)
    }

    /// The refunds that follow from the event: one for each portion that is due by it; what people are to pay meanwhile they
    /// do not, where an earlier attempt is in doubt. `whole` is the refund they are of.
    pub fn consequences(&self, event: &Event, whole: &refund::Facts) -> Vec<Consequence> {
        let paid = whole.claim_id.unwrap_or(whole.order_id);
        let doubt = |portion: &Portion| {
            let refund_id = portion_refund_id(paid, portion.share.no, portion.attempt);
            let waits = portion.doubted && portion.share.by_hand && portion.state == PortionState::Due;
            waits.then_some(Consequence::Refund(refund_id, refund::Command::Doubt { differs: portion.differs }))
        };
        if let Event::Doubted { no, .. } = event {
            return self.0.iter().filter(|portion| portion.share.no == *no).filter_map(doubt).collect();
        }
        let meant = |portion: &&Portion| match event {
            Event::Divided { .. } => true,
            Event::Repeated { nos, .. } => nos.contains(&portion.share.no),
            _ => false,
        };
        let due = self.0.iter().filter(|portion| portion.state == PortionState::Due).filter(meant);
        let queue = |portion: &Portion| {
            let Portion { share, attempt, .. } = portion;
            let refund_id = portion_refund_id(paid, share.no, *attempt);
            let part = Some(Part { no: share.no, attempt: *attempt, tender: share.kind, points: share.points });
            let facts = refund::Facts { refund_id, amount: share.amount, part, by_hand: share.by_hand, ..*whole };
            [Some(Consequence::Refund(refund_id, refund::Command::Queue(facts))), doubt(portion)]
        };
        due.flat_map(queue).flatten().collect()
    }
}

/// The refund of one attempt at a portion of a claim, or of an agreed order, and the provider's key for it.
pub fn portion_refund_id(paid: Uuid, no: u32, attempt: u32) -> Uuid {
    kernel::id::derived("refund", &[&paid.to_string(), &no.to_string(), &attempt.to_string()])
}

#[cfg(test)]
#[path = "portion_tests.rs"]
mod tests;
