//! Exact money: whole minor units (cents, fen) of one ISO 4217 currency.
//! Invariant: no amount is ever rounded, wrapped or mixed with another currency; what cannot be exact is an error.
use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A currency of ISO 4217 that has minor units. Written as its three capital letters.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "&'static str")]
pub struct Currency(iso_currency::Currency);

impl Currency {
    /// The three capital letters.
    pub fn code(self) -> &'static str {
        self.0.code()
    }

    /// How many decimal digits the minor unit has: 2 for CNY, 0 for JPY, 3 for KWD.
    pub fn minor_digits(self) -> u32 {
        self.0.exponent().map_or(0, u32::from)
    }
}

impl FromStr for Currency {
    type Err = MoneyError;

    /// Takes exactly three capital letters of a currency in which amounts can be counted (gold and test codes cannot).
    fn from_str(code: &str) -> Result<Self, MoneyError> {
        iso_currency::Currency::from_code(code)
            .filter(|currency| currency.exponent().is_some())
            .map(Currency)
            .ok_or(MoneyError::UnknownCurrency)
    }
}

impl TryFrom<String> for Currency {
    type Error = MoneyError;

    fn try_from(code: String) -> Result<Self, MoneyError> {
        code.parse()
    }
}

impl From<Currency> for &'static str {
    fn from(currency: Currency) -> Self {
        currency.code()
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// An exact amount, also below zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Money {
    /// Minor units.
    pub minor: i64,
    pub currency: Currency,
}

/// Why amounts cannot be put together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    #[error("the currency is not one of iso 4217: three capital letters such as CNY")]
    UnknownCurrency,
    #[error("amounts in {0} and {1} cannot be put together")]
    CurrencyMismatch(Currency, Currency),
    #[error("the amount is too large")]
    Overflow,
    #[error("an amount needs at least one weight above zero to be split by")]
    NoWeight,
}

impl Money {
    pub const fn new(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    /// Nothing, in `currency`.
    pub const fn zero(currency: Currency) -> Self {
        Self::new(0, currency)
    }

    /// `self + other`. Errors: another currency, overflow.
    pub fn checked_add(self, other: Money) -> Result<Money, MoneyError> {
        self.same_currency(other)?;
        self.minor.checked_add(other.minor).map(|minor| Self { minor, ..self }).ok_or(MoneyError::Overflow)
    }

    /// `self - other`. Errors: another currency, overflow.
    pub fn checked_sub(self, other: Money) -> Result<Money, MoneyError> {
        self.same_currency(other)?;
        self.minor.checked_sub(other.minor).map(|minor| Self { minor, ..self }).ok_or(MoneyError::Overflow)
    }

    /// `-self`. Errors: overflow.
    pub fn checked_neg(self) -> Result<Money, MoneyError> {
        self.minor.checked_neg().map(|minor| Self { minor, ..self }).ok_or(MoneyError::Overflow)
    }

    /// The sum of `amounts`, zero of `currency` when there are none. Errors: another currency, overflow.
    pub fn sum(currency: Currency, amounts: impl IntoIterator<Item = Money>) -> Result<Money, MoneyError> {
        amounts.into_iter().try_fold(Money::zero(currency), Money::checked_add)
    }

    /// Splits the amount over lines in proportion to `weights` by largest remainder (ties: the earlier line).
    /// The parts always add up to the whole, each is less than one minor unit away from its exact share, and a line
    /// without weight gets nothing. Errors: no weight above zero.
    pub fn split(self, weights: &[u64]) -> Result<Vec<Money>, MoneyError> {
        let total: u128 = weights.iter().map(|weight| u128::from(*weight)).sum();
        if total == 0 {
            return Err(MoneyError::NoWeight);
        }
        let whole = u128::from(self.minor.unsigned_abs());
        // |minor| <= 2^63 and weight < 2^64: the product fits in 128 bits.
        let exact = |weight: &u64| (whole * u128::from(*weight) / total, whole * u128::from(*weight) % total);
        let (mut shares, remainders): (Vec<u128>, Vec<u128>) = weights.iter().map(exact).unzip();
        let left = whole - shares.iter().sum::<u128>();
        let mut order: Vec<usize> = (0..weights.len()).collect();
        order.sort_by_key(|line| std::cmp::Reverse(remainders.get(*line)));
        for line in order.into_iter().zip(0..left).map(|(line, _)| line) {
            if let Some(share) = shares.get_mut(line) {
                *share += 1;
            }
        }
        shares.into_iter().map(|share| self.with_magnitude(share)).collect()
    }

    /// `magnitude` with the sign and currency of `self`.
    fn with_magnitude(self, magnitude: u128) -> Result<Money, MoneyError> {
        let magnitude = i128::try_from(magnitude).map_err(|_| MoneyError::Overflow)?;
        let minor = if self.minor < 0 { -magnitude } else { magnitude };
        i64::try_from(minor).map(|minor| Self { minor, ..self }).map_err(|_| MoneyError::Overflow)
    }

    fn same_currency(self, other: Money) -> Result<(), MoneyError> {
        if self.currency == other.currency {
            Ok(())
        } else {
            Err(MoneyError::CurrencyMismatch(self.currency, other.currency))
        }
    }
}

impl fmt::Display for Money {
    /// For people: `12.34 CNY`, `-0.05 EUR`, `500 JPY`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.currency.minor_digits();
        let unit = 10u64.pow(digits);
        let (sign, minor) = (if self.minor < 0 { "-" } else { "" }, self.minor.unsigned_abs());
        match digits {
            0 => write!(f, "{sign}{minor} {}", self.currency),
            _ => {
                write!(f, "{sign}{}.{:0width$} {}", minor / unit, minor % unit, self.currency, width = digits as usize)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;

    use super::*;

    fn money(minor: i64, code: &str) -> Money {
        Money::new(minor, code.parse().unwrap())
    }

    #[test]
    fn only_countable_currencies_in_capitals_are_known() {
        for (code, digits) in [("CNY", 2), ("BRL", 2), ("JPY", 0), ("KWD", 3)] {
            assert_eq!(code.parse::<Currency>().unwrap().minor_digits(), digits);
        }
        for code in ["cny", "CN", "CNYY", "", "ZZZ", "XAU", "人民币"] {
            assert_eq!(code.parse::<Currency>(), Err(MoneyError::UnknownCurrency), "{code}");
        }
    }

    #[test]
    fn amounts_are_written_with_the_digits_of_their_currency() {
        assert_eq!(money(1234, "CNY").to_string(), "12.34 CNY");
        assert_eq!(money(-5, "EUR").to_string(), "-0.05 EUR");
        assert_eq!(money(500, "JPY").to_string(), "500 JPY");
        assert_eq!(money(i64::MIN, "KWD").to_string(), "-9223372036854775.808 KWD");
    }

    #[test]
    fn mixing_and_overflow_are_errors() {
        let (cny, eur) = (money(1, "CNY"), money(1, "EUR"));
        assert_eq!(cny.checked_add(eur), Err(MoneyError::CurrencyMismatch(cny.currency, eur.currency)));
        assert_eq!(money(i64::MAX, "CNY").checked_add(cny), Err(MoneyError::Overflow));
        assert_eq!(money(i64::MIN, "CNY").checked_sub(cny), Err(MoneyError::Overflow));
        assert_eq!(money(i64::MIN, "CNY").checked_neg(), Err(MoneyError::Overflow));
        assert_eq!(Money::sum(cny.currency, [cny, cny]), Ok(money(2, "CNY")));
    }

    #[test]
    fn a_cent_that_cannot_be_shared_goes_to_the_largest_remainder() {
        assert_eq!(
            money(100, "CNY").split(&[1, 1, 1]).unwrap().iter().map(|m| m.minor).collect::<Vec<_>>(),
            [34, 33, 33]
        );
        assert_eq!(money(10, "CNY").split(&[0, 3, 5]).unwrap().iter().map(|m| m.minor).collect::<Vec<_>>(), [0, 4, 6]);
        assert_eq!(money(10, "CNY").split(&[0, 0]), Err(MoneyError::NoWeight));
        assert_eq!(money(10, "CNY").split(&[]), Err(MoneyError::NoWeight));
    }

    #[test]
    fn json_is_plain_and_strict() {
        let text = serde_json::to_string(&money(5, "CNY")).unwrap();
        assert_eq!(text, r#"{"minor":5,"currency":"CNY"}"#);
        assert_eq!(serde_json::from_str::<Money>(&text).unwrap(), money(5, "CNY"));
        assert!(serde_json::from_str::<Money>(r#"{"minor":5,"currency":"cny"}"#).is_err());
        assert!(serde_json::from_str::<Money>(r#"{"minor":5.5,"currency":"CNY"}"#).is_err());
    }

    fn any_weights() -> impl Strategy<Value = Vec<u64>> {
        prop::collection::vec(prop_oneof![Just(0u64), 1..100u64, any::<u64>()], 1..20)
    }

    proptest! {
        #[test]
        fn parts_add_up_and_are_fair(minor: i64, weights in any_weights()) {
            prop_assume!(weights.iter().any(|weight| *weight > 0));
            let whole = money(minor, "CNY");
            let parts = whole.split(&weights).unwrap();
            let total: i128 = weights.iter().map(|weight| i128::from(*weight)).sum();
            prop_assert_eq!(parts.len(), weights.len());
            prop_assert_eq!(parts.iter().map(|part| i128::from(part.minor)).sum::<i128>(), i128::from(minor));
            for (part, weight) in parts.iter().zip(&weights) {
                let floor = i128::from(minor).abs() * i128::from(*weight) / total;
                prop_assert!((floor..=floor + 1).contains(&i128::from(part.minor).abs()));
                prop_assert!(*weight > 0 || part.minor == 0);
                prop_assert!(part.minor == 0 || (part.minor < 0) == (minor < 0));
            }
        }

        #[test]
        fn adding_then_taking_away_changes_nothing(a: i64, b: i64) {
            let (a, b) = (money(a, "CNY"), money(b, "CNY"));
            match a.checked_add(b) {
                Ok(sum) => prop_assert_eq!(sum.checked_sub(b), Ok(a)),
                Err(error) => prop_assert_eq!(error, MoneyError::Overflow),
            }
            prop_assert_eq!(a.checked_add(b), b.checked_add(a));
        }
    }
}
