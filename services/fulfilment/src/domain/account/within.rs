//! What is within what was paid for a line (tax, freight), and what was taken off before (discount): as far as the seller
//! tells. A refund names the share of each (R-FUL-05).
//! Invariant: the shares of all pieces of a line, in whatever parts they come back, are together exactly what was told.
use kernel::money::{Money, MoneyError};
use serde::{Deserialize, Serialize};

/// Of a line, or of pieces of it; nothing where it is not told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Within {
    pub tax: Money,
    pub freight: Money,
    pub discount: Money,
}

impl Within {
    /// The share of so many of all pieces, less what was counted before: so they add up exactly. Errors: no pieces, another
    /// currency.
    pub(super) fn share<'a>(
        &self,
        (pieces, bought): (u32, u32),
        before: impl Iterator<Item = &'a Self> + Clone,
    ) -> Result<Self, MoneyError> {
        let weights = [pieces.into(), bought.saturating_sub(pieces).into()];
        let share = |of: fn(&Self) -> Money| {
            let all = of(self).split(&weights)?.first().copied().unwrap_or(Money { minor: 0, ..of(self) });
            before.clone().map(of).try_fold(all, Money::checked_sub)
        };
        Ok(Self {
            tax: share(|one| one.tax)?,
            freight: share(|one| one.freight)?,
            discount: share(|one| one.discount)?,
        })
    }

    /// What the goods alone are worth before the discount: of what was paid for them.
    pub fn article(&self, goods: Money) -> Money {
        Money { minor: goods.minor - self.tax.minor - self.freight.minor + self.discount.minor, ..goods }
    }
}
