//! By what means something is paid, and paid back.
use serde::{Deserialize, Serialize};

/// A means of payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TenderKind {
    Card,
    Wallet,
    Cash,
    GiftCard,
    StoreCredit,
    Points,
    Voucher,
}

impl TenderKind {
    /// All there are.
    pub const ALL: [Self; 7] =
        [Self::Card, Self::Wallet, Self::Cash, Self::GiftCard, Self::StoreCredit, Self::Points, Self::Voucher];

    /// As it is written.
    pub fn word(self) -> &'static str {
        match self {
            Self::Card => "card",
            Self::Wallet => "wallet",
            Self::Cash => "cash",
            Self::GiftCard => "gift_card",
            Self::StoreCredit => "store_credit",
            Self::Points => "points",
            Self::Voucher => "voucher",
        }
    }

    /// Whether it is money, and not what the chain owes the customer otherwise.
    pub fn is_money(self) -> bool {
        matches!(self, Self::Card | Self::Wallet | Self::Cash)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn each_is_stored_under_its_word() {
        for kind in TenderKind::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.word());
        }
    }
}
