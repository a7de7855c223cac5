//! The service order, by one of two roads. A remedy of an agreed solution, from the promise to its end: goods and money are
//! two legs, the money is secured on the purchase at once, and leaves when no goods are awaited any more. Or a request
//! (`request`), which the policy of returns answers.
//! Invariant: what was agreed has the agreed amount; another amount needs another approved remedy (R-FUL-17). What was
//! asked for is granted by a rule of the policy, or by another person than the one who asked, and paid in pieces.
use jiff::{SignedDuration, Timestamp};
use kernel::money::Money;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Part, Refusal, account::Named, refund_id};
use agreed::Agreement;
use portion::Portions;
pub use rejection::Rejection;
use request::Request;
use returning::Came;

pub mod agreed;
pub mod agreed_money;
mod answer;
mod arrival;
mod attempt;
mod beside;
pub mod compensation;
mod difference;
pub mod effort;
mod ending;
pub mod goods;
pub mod label;
mod line;
pub mod money;
mod origin;
mod owed;
mod paid;
mod payout;
pub mod portion;
mod refunding;
mod rejection;
pub mod replacement;
pub mod request;
pub mod returning;
mod taking;
mod terms;
pub mod unbought;
pub mod work;

/// One order; `Default` is an order that does not exist yet.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceOrder {
    pub facts: Option<Facts>,
    pub opened_at: Option<Timestamp>,
    pub goods: Goods,
    pub state: State,
    /// What was asked for, where nothing was agreed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<Request>,
    /// Of an agreed remedy that is carried out as what was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agreement: Option<Agreement>,
    /// Of an agreed order: the purchase tells by which means it was paid, and the refund is divided over them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub tendered: bool,
    #[serde(default, skip_serializing_if = "Portions::is_empty")]
    pub portions: Portions,
}

/// What was agreed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Facts {
    pub order_id: Uuid,
    pub complaint_id: Uuid,
    pub remedy_id: Uuid,
    /// A pseudonym.
    pub customer_id: Uuid,
    /// Absent when the complaint was not about a purchase.
    pub purchase_id: Option<Uuid>,
    pub kind: Kind,
    pub amount: Money,
    /// How long the order waits for its purchase to become known.
    #[serde(default)]
    pub purchase_within: SignedDuration,
    /// How long it waits for goods that come first; nothing: without end, as orders did before there was a limit.
    #[serde(default)]
    pub goods_within: SignedDuration,
}

/// What the customer is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Refund,
    /// The money waits until the goods are back.
    ReturnRefund,
}

/// The goods leg.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Goods {
    #[default]
    NotExpected,
    Awaited,
    /// Back and passed inspection: by whom, when (R-FUL-04).
    Received {
        by: String,
        at: Timestamp,
    },
}

/// Where the order stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum State {
    #[default]
    Absent,
    /// The purchase has been asked for the money; or something was asked for and has no answer yet.
    Requested,
    /// The money is secured and waits for the goods.
    AwaitingGoods {
        refund_id: Uuid,
    },
    /// The money is on its way.
    Refunding {
        refund_id: Uuid,
    },
    Completed {
        /// None where pieces were paid for one by one.
        #[serde(default)]
        refund_id: Option<Uuid>,
    },
    /// The purchase cannot give the money; people must act.
    Refused {
        reason: Refusal,
    },
    /// The payment provider said no for good; people must act.
    Failed {
        refund_id: Uuid,
        code: String,
    },
    /// The policy leaves it to people.
    InReview,
    /// It may be had; the customer has yet to confirm what he asked for.
    Eligible,
    Ineligible,
    /// It is granted and confirmed.
    Authorised,
    /// Goods came, or will not come any more.
    InProgress,
    /// It is over, and not all that was granted was done: pieces were rejected or never came.
    ClosedPartial,
    Cancelled,
    /// Agreed; a person is to say what is missing.
    Promised,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// About what was asked for.
    Request(request::Command),
    Open(Facts),
    /// Agreed, and to be completed by a person.
    Promise(Agreement),
    /// What was promised is not carried out here, for a reason (a code).
    GiveUp {
        reason: String,
    },
    /// The purchase holds the money, split over its lines.
    Grant {
        parts: Vec<Part>,
        tendered: bool,
    },
    Refuse {
        reason: Refusal,
    },
    /// The purchase holds what was agreed for pieces, gives these, and says what they are.
    GrantReturn {
        parts: Vec<Part>,
        tendered: bool,
        named: Vec<Named>,
    },
    /// Goods came back; those of an agreed remedy passed inspection. Nothing named: all that is awaited came.
    ReceiveGoods {
        by: String,
        place: String,
        came: Vec<Came>,
    },
    /// Time passed; see whether goods have been awaited long enough.
    LapseGoods,
    /// Time passed; see whether what was promised is late.
    Look,
    /// As [`Self::ReceiveGoods`], of a parcel with a number of its own: told again, at whatever door, it is the same.
    ReceiveParcel {
        parcel: String,
        by: String,
        place: String,
        came: Vec<Came>,
    },
    /// The money reached the customer.
    Complete,
    /// The provider said no for good.
    Fail {
        code: String,
    },
    /// Of one of the means a claim, or an agreed order under its id, is paid back by.
    Portion {
        claim_id: Uuid,
        news: portion::News,
    },
}

#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    Request(request::Event),
    Opened {
        facts: Facts,
        at: Timestamp,
    },
    RefundGranted {
        refund_id: Uuid,
        parts: Vec<Part>,
        tendered: bool,
    },
    RefundRefused {
        reason: Refusal,
    },
    GoodsReceived {
        by: String,
        at: Timestamp,
    },
    Portion(portion::Event),
    Completed,
    Failed {
        code: String,
    },
    Promised {
        agreement: Box<Agreement>,
        at: Timestamp,
    },
    /// Nobody has completed what was promised for too long; people must look.
    Uncompleted,
    /// What was promised came to its end; a code where it could not be done.
    Settled {
        code: Option<String>,
    },
}

impl Command {
    /// News of a claim of an order that was asked for.
    pub fn money(claim_id: Uuid, news: money::News) -> Self {
        Self::Request(request::Command::Money { claim_id, news })
    }
}

impl ServiceOrder {
    /// What follows from the command. What others tell twice or late decides to nothing; what they can never tell in
    /// this state (a payment nobody asked for) is refused, so that it is seen.
    pub fn decide(&self, command: Command, now: Timestamp) -> Result<Vec<Event>, Rejection> {
        use {Command as C, State as S};
        match (command, &self.state) {
            (C::Request(request::Command::Cancel { reason, .. }) | C::GiveUp { reason }, S::Promised) => {
                Ok(self.give_up(reason))
            }
            (C::Request(command), _) => self.decide_request(command, now),
            (C::Promise(agreement), _) => self.promise(agreement, now),
            (C::Open(facts), S::Absent) => open(facts, now),
            (C::Open(_), _) => Ok(vec![]),
            (C::LapseGoods | C::Look, S::Absent) | (C::GiveUp { .. }, _) => Ok(vec![]),
            (_, S::Absent) => Err(Rejection::Unknown),
            (C::ReceiveParcel { parcel, by, place, came }, _) if self.request.is_some() => {
                self.returning(returning::Command::Receive { parcel: Some(parcel), place, by, came }, now)
            }
            (C::ReceiveGoods { by, place, came } | C::ReceiveParcel { by, place, came, .. }, _) => {
                self.receive_goods(by, place, came, now)
            }
            (C::LapseGoods, _) => self.lapse_goods(now),
            (C::Look, _) if self.request.is_some() => self.returning(returning::Command::Look, now),
            (C::Look, _) => Ok(self.look_at_promise(now)),
            (C::Portion { claim_id, news }, _) if self.request.is_some() => {
                self.decide(Command::money(claim_id, money::News::Portion(news)), now)
            }
            (C::Portion { claim_id, .. }, _) if self.facts.as_ref().is_none_or(|facts| facts.order_id != claim_id) => {
                Err(Rejection::NoSuchClaim)
            }
            (C::Portion { news, .. }, S::Refunding { .. } | S::Completed { .. }) => self.decide_portion(news),
            (C::GrantReturn { parts, tendered, named }, S::Promised) => self.begin_return(&parts, tendered, named, now),
            (C::Refuse { reason }, S::Promised) => self.refuse_return(reason.code()),
            (C::Refuse { .. }, S::Cancelled) => Ok(vec![]),
            (C::Grant { parts, tendered }, S::Requested) => self.grant(parts, tendered),
            (C::Refuse { reason }, S::Requested) => Ok(vec![Event::RefundRefused { reason }]),
            (C::Complete | C::Fail { .. }, S::Refunding { .. }) if self.tendered => Err(Rejection::NotNow),
            (C::Complete, S::Refunding { .. }) => Ok(vec![Event::Completed]),
            (C::Fail { code }, S::Refunding { .. }) => Ok(vec![Event::Failed { code }]),
            (
                C::Grant { .. },
                S::AwaitingGoods { .. } | S::Refunding { .. } | S::Completed { .. } | S::Failed { .. },
            )
            | (C::Refuse { .. }, S::Refused { .. })
            | (C::Complete, S::Completed { .. })
            | (C::Fail { .. }, S::Failed { .. }) => Ok(vec![]),
            (
                C::Grant { .. }
                | C::GrantReturn { .. }
                | C::Refuse { .. }
                | C::Complete
                | C::Fail { .. }
                | C::Portion { .. },
                _,
            ) => Err(Rejection::NotNow),
        }
    }

    fn grant(&self, parts: Vec<Part>, tendered: bool) -> Result<Vec<Event>, Rejection> {
        let facts = self.facts.as_ref().ok_or(Rejection::Unknown)?;
        Ok(vec![Event::RefundGranted { refund_id: refund_id(facts.order_id), parts, tendered }])
    }

    pub fn apply(&mut self, event: &Event) {
        match event {
            Event::Request(event) => self.apply_request(event),
            Event::Opened { facts, at } => {
                self.opened_at = Some(*at);
                self.goods = match facts.kind {
                    Kind::Refund => Goods::NotExpected,
                    Kind::ReturnRefund => Goods::Awaited,
                };
                self.facts = Some(facts.clone());
                self.state = State::Requested;
            }
            Event::Portion(event) => self.portions.apply(event),
            Event::RefundGranted { refund_id, tendered, .. } => {
                self.tendered = *tendered;
                self.state = match self.goods {
                    Goods::Awaited => State::AwaitingGoods { refund_id: *refund_id },
                    Goods::NotExpected | Goods::Received { .. } => State::Refunding { refund_id: *refund_id },
                };
            }
            Event::RefundRefused { reason } => self.state = State::Refused { reason: *reason },
            Event::Promised { agreement, at } => self.apply_promised(agreement, *at),
            Event::Uncompleted => self.apply_uncompleted(),
            Event::Settled { .. } => self.apply_settled(),
            Event::GoodsReceived { by, at } => {
                self.goods = Goods::Received { by: by.clone(), at: *at };
                if let State::AwaitingGoods { refund_id } = self.state {
                    self.state = State::Refunding { refund_id };
                }
            }
            Event::Completed => {
                if let Some(refund_id) = self.refund_id() {
                    self.state = State::Completed { refund_id: Some(refund_id) };
                }
            }
            Event::Failed { code } => {
                if let Some(refund_id) = self.refund_id() {
                    self.state = State::Failed { refund_id, code: code.clone() };
                }
            }
        }
    }

    /// The refund that pays this order, once the money is secured.
    pub fn refund_id(&self) -> Option<Uuid> {
        match self.state {
            State::AwaitingGoods { refund_id } | State::Refunding { refund_id } | State::Failed { refund_id, .. } => {
                Some(refund_id)
            }
            State::Completed { refund_id } => refund_id,
            State::Absent
            | State::Requested
            | State::Refused { .. }
            | State::InReview
            | State::Eligible
            | State::Ineligible
            | State::Authorised
            | State::InProgress
            | State::ClosedPartial
            | State::Cancelled
            | State::Promised => None,
        }
    }
}

fn open(facts: Facts, at: Timestamp) -> Result<Vec<Event>, Rejection> {
    if facts.amount.minor <= 0 {
        return Err(Rejection::AmountNotPositive);
    }
    Ok(match facts.purchase_id {
        Some(_) => vec![Event::Opened { facts, at }],
        None => vec![Event::Opened { facts, at }, Event::RefundRefused { reason: Refusal::NoPurchase }],
    })
}

#[cfg(test)]
mod tests;
