//! What fulfilment is about, without any machinery: service orders, what each purchase can give back, refunds, who repairs,
//! what an order costs, what of it is charged back to suppliers, what is given beside it (`giving`) out of which budget, and what
//! customers paid for it.
//! Invariant: for every line of a purchase the money promised or paid back never exceeds what was paid for it, and no more
//! pieces are spoken for than were bought; beside that leaves only compensation that was approved.
pub mod account;
pub mod budget;
pub mod chargeback;
pub mod facts;
pub mod found;
pub mod giving;
pub mod ledger;
pub mod order;
pub mod payment;
pub mod policies;
pub mod refund;
pub mod technician;

#[cfg(test)]
mod machine;
#[cfg(test)]
mod money_law;

use kernel::money::Money;
pub use kernel::warranty;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Why a purchase cannot give the money.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    NoPurchase,
    /// It did not become known in time.
    PurchaseUnknown,
    CurrencyMismatch,
    ExceedsPaid,
    /// Its pieces were never counted.
    PiecesUnknown,
    /// It has no such line.
    LineUnknown,
    /// Fewer pieces are left of a line than are to come back.
    MoreThanBought,
}

impl Refusal {
    /// The stable code others learn.
    pub fn code(self) -> &'static str {
        match self {
            Self::NoPurchase => "no_purchase",
            Self::PurchaseUnknown => "purchase_unknown",
            Self::CurrencyMismatch => "currency_mismatch",
            Self::ExceedsPaid => "exceeds_paid",
            Self::PiecesUnknown => "pieces_unknown",
            Self::LineUnknown => "line_unknown",
            Self::MoreThanBought => "more_than_bought",
        }
    }
}

/// The part of a refund that falls on one line of the purchase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    pub line_id: String,
    pub amount: Money,
}

/// What one aggregate's event means for another; it happens in the same transaction.
#[derive(Clone, Debug, PartialEq)]
pub enum Consequence {
    /// For the service order with this id.
    Order(Uuid, order::Command),
    /// For the account of this purchase.
    Account(Uuid, account::Command),
    /// For the refund with this id.
    Refund(Uuid, refund::Command),
    /// For the technician with this id.
    Technician(Uuid, technician::Command),
    /// For the ledger of the order with this id.
    Ledger(Uuid, ledger::Act),
    /// For the budget of a month with this id.
    Budget(Uuid, budget::Command),
    /// For the charge-back with this id.
    Chargeback(Uuid, chargeback::Command),
    /// For the payment with this id.
    Payment(Uuid, payment::Command),
}

/// The service order of a remedy: the same remedy is fulfilled once, however often it is announced (R-FUL-17).
pub fn order_id(remedy_id: Uuid) -> Uuid {
    kernel::id::derived("order", &[&remedy_id.to_string()])
}

/// The refund of an agreed order, or of a claim of one that was asked for, and the payment provider's idempotency key for
/// ever: one of these, one key, one payment.
pub fn refund_id(paid: Uuid) -> Uuid {
    kernel::id::derived("refund", &[&paid.to_string()])
}

/// The ledger of an order.
pub fn ledger_id(order_id: Uuid) -> Uuid {
    kernel::id::derived("ledger", &[&order_id.to_string()])
}

/// The letters and digits that are not taken for one another (Crockford).
const CLEAR: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// A number people can read out, the same for ever: a letter and twelve letters or digits, sixty bits that follow from the
/// id.
fn readable(kind: &str, letter: char, id: Uuid) -> String {
    let (_, bits) = kernel::id::derived(kind, &[&id.to_string()]).as_u64_pair();
    let digit = |place: u32| CLEAR.get(usize::try_from(bits >> (place * 5) & 31).unwrap_or(0)).copied();
    std::iter::once(letter).chain((0..12).filter_map(digit).map(char::from)).collect()
}
