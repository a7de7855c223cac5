//! The service order: one remedy of an agreed solution, from the promise to its end. Goods and money are two legs:
//! the money is secured on the purchase at once, and leaves when no goods are awaited any more.
//! Invariant: the amount is the agreed one; another amount needs another approved remedy (R-FUL-17).
use jiff::{SignedDuration, Timestamp};
use kernel::money::Money;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Consequence, Part, Refusal, account, refund, refund_id};

/// One order; `Default` is an order that does not exist yet.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceOrder {
    pub facts: Option<Facts>,
    pub opened_at: Option<Timestamp>,
    pub goods: Goods,
    pub state: State,
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
    /// The purchase has been asked for the money.
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
        refund_id: Uuid,
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
}

#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    Open(Facts),
    /// The purchase holds the money, split over its lines.
    Grant {
        parts: Vec<Part>,
    },
    Refuse {
        reason: Refusal,
    },
    /// The goods came back and passed inspection.
    ReceiveGoods {
        by: String,
    },
    /// The money reached the customer.
    Complete,
    /// The provider said no for good.
    Fail {
        code: String,
    },
}

#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    Opened { facts: Facts, at: Timestamp },
    RefundGranted { refund_id: Uuid, parts: Vec<Part> },
    RefundRefused { reason: Refusal },
    GoodsReceived { by: String, at: Timestamp },
    Completed,
    Failed { code: String },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    #[error("there is no such service order")]
    Unknown,
    #[error("a remedy must give back more than nothing")]
    AmountNotPositive,
    #[error("this order does not expect goods back")]
    NoGoodsExpected,
    #[error("the goods of this order are back already")]
    GoodsAlreadyReceived,
    #[error("the order is in a state that does not allow this")]
    NotNow,
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
        }
    }
}

impl ServiceOrder {
    /// What follows from the command. What others tell twice or late decides to nothing; what they can never tell in
    /// this state (a payment nobody asked for) is refused, so that it is seen.
    pub fn decide(&self, command: Command, now: Timestamp) -> Result<Vec<Event>, Rejection> {
        use {Command as C, State as S};
        match (command, &self.state) {
            (C::Open(facts), S::Absent) => open(facts, now),
            (C::Open(_), _) => Ok(vec![]),
            (_, S::Absent) => Err(Rejection::Unknown),
            (C::ReceiveGoods { by }, _) => self.receive_goods(by, now),
            (C::Grant { parts }, S::Requested) => self.grant(parts),
            (C::Refuse { reason }, S::Requested) => Ok(vec![Event::RefundRefused { reason }]),
            (C::Complete, S::Refunding { .. }) => Ok(vec![Event::Completed]),
            (C::Fail { code }, S::Refunding { .. }) => Ok(vec![Event::Failed { code }]),
            (
                C::Grant { .. },
                S::AwaitingGoods { .. } | S::Refunding { .. } | S::Completed { .. } | S::Failed { .. },
            )
            | (C::Refuse { .. }, S::Refused { .. })
            | (C::Complete, S::Completed { .. })
            | (C::Fail { .. }, S::Failed { .. }) => Ok(vec![]),
            (C::Grant { .. } | C::Refuse { .. } | C::Complete | C::Fail { .. }, _) => Err(Rejection::NotNow),
        }
    }

    fn grant(&self, parts: Vec<Part>) -> Result<Vec<Event>, Rejection> {
        let facts = self.facts.as_ref().ok_or(Rejection::Unknown)?;
        Ok(vec![Event::RefundGranted { refund_id: refund_id(facts.order_id), parts }])
    }

    /// Goods may come back before the money is secured: they are recorded, and the money leaves once it is.
    fn receive_goods(&self, by: String, now: Timestamp) -> Result<Vec<Event>, Rejection> {
        match (&self.goods, &self.state) {
            (Goods::NotExpected, _) => Err(Rejection::NoGoodsExpected),
            (Goods::Received { .. }, _) => Err(Rejection::GoodsAlreadyReceived),
            (Goods::Awaited, State::Requested | State::AwaitingGoods { .. }) => {
                Ok(vec![Event::GoodsReceived { by, at: now }])
            }
            (Goods::Awaited, _) => Err(Rejection::NotNow),
        }
    }

    pub fn apply(&mut self, event: &Event) {
        match event {
            Event::Opened { facts, at } => {
                self.opened_at = Some(*at);
                self.goods = match facts.kind {
                    Kind::Refund => Goods::NotExpected,
                    Kind::ReturnRefund => Goods::Awaited,
                };
                self.facts = Some(facts.clone());
                self.state = State::Requested;
            }
            Event::RefundGranted { refund_id, .. } => {
                self.state = match self.goods {
                    Goods::Awaited => State::AwaitingGoods { refund_id: *refund_id },
                    Goods::NotExpected | Goods::Received { .. } => State::Refunding { refund_id: *refund_id },
                };
            }
            Event::RefundRefused { reason } => self.state = State::Refused { reason: *reason },
            Event::GoodsReceived { by, at } => {
                self.goods = Goods::Received { by: by.clone(), at: *at };
                if let State::AwaitingGoods { refund_id } = self.state {
                    self.state = State::Refunding { refund_id };
                }
            }
            Event::Completed => {
                if let Some(refund_id) = self.refund_id() {
                    self.state = State::Completed { refund_id };
                }
            }
            Event::Failed { code } => {
                if let Some(refund_id) = self.refund_id() {
                    self.state = State::Failed { refund_id, code: code.clone() };
                }
            }
        }
    }

    /// What the event means for the purchase and the refund; `self` is the state after it.
    pub fn consequences(&self, event: &Event) -> Vec<Consequence> {
        let Some(facts) = &self.facts else { return vec![] };
        let consequence = match (event, &self.state) {
            (Event::Opened { at, .. }, _) => {
                let until = kernel::calendar::add(*at, facts.purchase_within);
                let claim = account::Claim { order_id: facts.order_id, amount: facts.amount, until };
                facts.purchase_id.map(|id| Consequence::Account(id, account::Command::Claim { purchase_id: id, claim }))
            }
            (Event::Failed { .. }, _) => {
                let release = account::Command::Release { order_id: facts.order_id };
                facts.purchase_id.map(|id| Consequence::Account(id, release))
            }
            (Event::RefundGranted { .. } | Event::GoodsReceived { .. }, State::Refunding { refund_id }) => {
                facts.purchase_id.map(|purchase_id| {
                    let payment = refund::Facts {
                        refund_id: *refund_id,
                        order_id: facts.order_id,
                        complaint_id: facts.complaint_id,
                        purchase_id,
                        amount: facts.amount,
                    };
                    Consequence::Refund(*refund_id, refund::Command::Queue(payment))
                })
            }
            (
                Event::RefundGranted { .. }
                | Event::GoodsReceived { .. }
                | Event::RefundRefused { .. }
                | Event::Completed,
                _,
            ) => None,
        };
        consequence.into_iter().collect()
    }

    /// The refund that pays this order, once the money is secured.
    pub fn refund_id(&self) -> Option<Uuid> {
        match self.state {
            State::AwaitingGoods { refund_id }
            | State::Refunding { refund_id }
            | State::Completed { refund_id }
            | State::Failed { refund_id, .. } => Some(refund_id),
            State::Absent | State::Requested | State::Refused { .. } => None,
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
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::{super::machine, *};

    fn facts(kind: Kind, amount: i64, purchase_id: Option<Uuid>) -> Facts {
        Facts {
            order_id: Uuid::from_u128(1),
            complaint_id: Uuid::from_u128(2),
            remedy_id: Uuid::from_u128(3),
            customer_id: Uuid::from_u128(4),
            purchase_id,
            kind,
            amount: Money::new(amount, "CNY".parse().unwrap()),
            purchase_within: SignedDuration::ZERO,
        }
    }

    fn after(events: &[Event]) -> ServiceOrder {
        events.iter().fold(ServiceOrder::default(), |mut order, event| {
            order.apply(event);
            order
        })
    }

    fn opened(kind: Kind) -> Event {
        Event::Opened { facts: facts(kind, 500, Some(Uuid::from_u128(5))), at: Timestamp::UNIX_EPOCH }
    }

    fn granted() -> Event {
        Event::RefundGranted { refund_id: refund_id(Uuid::from_u128(1)), parts: vec![] }
    }

    fn goods_back() -> Event {
        Event::GoodsReceived { by: "staff:ana".into(), at: Timestamp::UNIX_EPOCH }
    }

    fn refused() -> Event {
        Event::RefundRefused { reason: Refusal::ExceedsPaid }
    }

    #[test]
    fn every_command_in_every_state() {
        let plain = || opened(Kind::Refund);
        let goods = || opened(Kind::ReturnRefund);
        let states = [
            ("absent", after(&[])),
            ("requested", after(&[plain()])),
            ("requested, goods awaited", after(&[goods()])),
            ("requested, goods back", after(&[goods(), goods_back()])),
            ("awaiting_goods", after(&[goods(), granted()])),
            ("refunding", after(&[plain(), granted()])),
            ("refunding, goods back", after(&[goods(), granted(), goods_back()])),
            ("completed", after(&[plain(), granted(), Event::Completed])),
            ("refused", after(&[plain(), refused()])),
            ("refused, goods awaited", after(&[goods(), refused()])),
            ("failed", after(&[plain(), granted(), Event::Failed { code: "closed_account".into() }])),
        ];
        let commands = [
            ("open", Command::Open(facts(Kind::Refund, 500, Some(Uuid::from_u128(5))))),
            ("open without purchase", Command::Open(facts(Kind::Refund, 500, None))),
            ("open for nothing", Command::Open(facts(Kind::Refund, 0, Some(Uuid::from_u128(5))))),
            ("grant", Command::Grant { parts: vec![] }),
            ("refuse", Command::Refuse { reason: Refusal::ExceedsPaid }),
            ("receive goods", Command::ReceiveGoods { by: "staff:ana".into() }),
            ("complete", Command::Complete),
            ("fail", Command::Fail { code: "closed_account".into() }),
        ];
        const ZERO: &str = "order.amount_not_positive";
        const NONE: &str = "order.unknown";
        const NOT: &str = "order.not_now";
        const UNASKED: &str = "order.no_goods_expected";
        const AGAIN: &str = "order.goods_already_received";
        #[rustfmt::skip]
        let table: machine::Table<'_, 8> = &[
            //                           open         no purchase zero  grant             refuse     goods        complete     fail
            ("absent",                   ["requested", "refused", ZERO, NONE,             NONE,      NONE,        NONE,        NONE]),
            ("requested",                ["-",         "-",       "-",  "refunding",      "refused", UNASKED,     NOT,         NOT]),
            ("requested, goods awaited", ["-",         "-",       "-",  "awaiting_goods", "refused", "requested", NOT,         NOT]),
            ("requested, goods back",    ["-",         "-",       "-",  "refunding",      "refused", AGAIN,       NOT,         NOT]),
            ("awaiting_goods",           ["-",         "-",       "-",  "-",              NOT,       "refunding", NOT,         NOT]),
            ("refunding",                ["-",         "-",       "-",  "-",              NOT,       UNASKED,     "completed", "failed"]),
            ("refunding, goods back",    ["-",         "-",       "-",  "-",              NOT,       AGAIN,       "completed", "failed"]),
            ("completed",                ["-",         "-",       "-",  "-",              NOT,       UNASKED,     "-",         NOT]),
            ("refused",                  ["-",         "-",       "-",  NOT,              "-",       UNASKED,     NOT,         NOT]),
            ("refused, goods awaited",   ["-",         "-",       "-",  NOT,              "-",       NOT,         NOT,         NOT]),
            ("failed",                   ["-",         "-",       "-",  "-",              NOT,       UNASKED,     NOT,         "-"]),
        ];
        machine::check("order", &states, &commands, table, |order, command| {
            let events = order.decide(command, Timestamp::UNIX_EPOCH).map_err(|no| no.code())?;
            let mut next = order.clone();
            events.iter().for_each(|event| next.apply(event));
            Ok(next)
        });
    }

    #[test]
    fn the_money_is_claimed_at_once_and_queued_when_no_goods_are_awaited() {
        let queues = |order: &ServiceOrder, event: &Event| {
            matches!(order.consequences(event).as_slice(), [Consequence::Refund(id, refund::Command::Queue(payment))]
                if *id == payment.refund_id && payment.amount.minor == 500)
        };
        let order = after(&[opened(Kind::ReturnRefund)]);
        let claim = order.consequences(&opened(Kind::ReturnRefund));
        assert!(matches!(claim.as_slice(), [Consequence::Account(_, account::Command::Claim { .. })]));
        assert!(!queues(&after(&[opened(Kind::ReturnRefund), granted()]), &granted()));
        assert!(queues(&after(&[opened(Kind::ReturnRefund), granted(), goods_back()]), &goods_back()));
        assert!(!queues(&after(&[opened(Kind::ReturnRefund), goods_back()]), &goods_back()));
        assert!(queues(&after(&[opened(Kind::ReturnRefund), goods_back(), granted()]), &granted()));
        assert!(queues(&after(&[opened(Kind::Refund), granted()]), &granted()));
    }
}
