//! Checking fields one by one, and remembering every one that is wrong. A check gives the value back when it is good,
//! and nothing when it is absent or wrong; the caller goes on, so that all that is wrong is known at the end.
use jiff::Timestamp;
use kernel::money::Money;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{body::WRONG_MAX, problem::Wrong};
use crate::domain::arrival::{EARLIEST, is_ahead};

/// The largest amount, in minor units.
const AMOUNT_MAX: i64 = 1_000_000_000_000_000;

/// An amount as it is sent: exact, in minor units.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Amount {
    /// Minor units (cents, fen), 0 to 10^15.
    #[schema(required, example = 1990, minimum = 0, maximum = 1_000_000_000_000_000_i64)]
    pub minor: Option<i64>,
    /// ISO 4217.
    #[schema(required, example = "CNY", min_length = 3, max_length = 3)]
    pub currency: Option<String>,
}

/// What is wrong so far.
pub struct Checks {
    wrong: Vec<Wrong>,
    /// Something was left out because too much is wrong.
    more: bool,
    now: Timestamp,
}

impl Checks {
    /// Starts from what the shape has shown.
    pub fn new(wrong: Vec<Wrong>, now: Timestamp) -> Self {
        Self { wrong, more: false, now }
    }

    /// All that is wrong; where that is too much to name, the last says so.
    pub fn into_wrong(mut self) -> Vec<Wrong> {
        if self.more {
            let reason = format!("more may be wrong: only {WRONG_MAX} fields are named at once");
            let hint = Some("mend these and send it again".to_owned());
            self.wrong.push(Wrong { line: None, field: String::new(), reason, hint });
        }
        self.wrong
    }

    /// Reports a field, unless something was reported of it or of what it is part of already.
    pub fn report(&mut self, field: impl Into<String>, reason: impl Into<String>, hint: &str) {
        let field = field.into();
        let covers = |wrong: &Wrong| {
            field.strip_prefix(wrong.field.as_str()).is_some_and(|rest| {
                rest.is_empty() || wrong.field.is_empty() || rest.starts_with('.') || rest.starts_with('[')
            })
        };
        if self.wrong.iter().any(covers) {
            return;
        }
        self.more = self.wrong.len() >= WRONG_MAX;
        if !self.more {
            self.wrong.push(Wrong { line: None, field, reason: reason.into(), hint: Some(hint.to_owned()) });
        }
    }

    /// Something that must be there.
    pub fn required<T>(&mut self, field: &str, value: Option<T>, hint: &str) -> Option<T> {
        if value.is_none() {
            self.report(field, "is missing", hint);
        }
        value
    }

    /// A word or number of at most `max` characters on one line, without space around it; blank counts as absent.
    pub fn word(&mut self, field: &str, value: Option<&str>, max: usize) -> Option<String> {
        self.characters(field, value, max, |c| c.is_control())
    }

    /// A word that must be there.
    pub fn required_word(&mut self, field: &str, value: Option<&str>, max: usize) -> Option<String> {
        if value.is_none_or(|text| text.trim().is_empty()) {
            self.report(field, "is missing", &format!("give 1 to {max} characters"));
            return None;
        }
        self.word(field, value, max)
    }

    /// Free text of at most `max` characters, with line ends and tabs; blank counts as absent.
    pub fn prose(&mut self, field: &str, value: Option<&str>, max: usize) -> Option<String> {
        self.characters(field, value, max, |c| c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
    }

    fn characters(
        &mut self,
        field: &str,
        value: Option<&str>,
        max: usize,
        refused: impl Fn(char) -> bool,
    ) -> Option<String> {
        let text = value?.trim();
        let length = text.chars().count();
        if length > max {
            self.report(field, format!("has {length} characters"), &format!("give at most {max}"));
        } else if let Some(odd) = text.chars().find(|c| refused(*c)) {
            let reason = format!("holds the control character U+{:04X}", u32::from(odd));
            self.report(field, reason, "leave it out");
        } else if length > 0 {
            return Some(text.to_owned());
        }
        None
    }

    /// A whole number within bounds.
    pub fn within(&mut self, field: &str, value: Option<i64>, min: i64, max: i64) -> Option<i64> {
        let number = value?;
        if (min..=max).contains(&number) {
            return Some(number);
        }
        self.report(field, format!("is {number}"), &format!("give {min} to {max}"));
        None
    }

    /// A time that something can have happened at: not before 2000, not in the future (clocks may differ by a day).
    pub fn happened(&mut self, field: &str, value: Option<&str>) -> Option<Timestamp> {
        let text = value?;
        let Ok(at) = text.parse::<Timestamp>().and_then(|at| Timestamp::from_microsecond(at.as_microsecond())) else {
            self.report(field, "is not an instant", "give RFC 3339 with a zone, such as 2026-01-31T09:30:00+08:00");
            return None;
        };
        if at < EARLIEST {
            self.report(field, "is before the year 2000", "give the time at which it happened");
        } else if is_ahead(at, self.now) {
            self.report(field, "is in the future", "give the time at which it happened");
        } else {
            return Some(at);
        }
        None
    }

    /// An exact amount, 0 or more.
    pub fn amount(&mut self, field: &str, value: Option<&Amount>) -> Option<Money> {
        let whole = "give whole minor units (cents, fen), 0 to 10^15";
        let code = "give three capital letters of ISO 4217, such as CNY";
        let amount = self.required(field, value, "give minor units and a currency")?;
        let minor = self.required(&format!("{field}.minor"), amount.minor, whole);
        let currency = self.required(&format!("{field}.currency"), amount.currency.as_deref(), code);
        let currency = currency.and_then(|text| match text.parse() {
            Ok(currency) => Some(currency),
            Err(_) => {
                self.report(format!("{field}.currency"), "is not a currency we know", code);
                None
            }
        });
        match minor? {
            below if below < 0 => self.report(format!("{field}.minor"), "is below zero", whole),
            above if above > AMOUNT_MAX => self.report(format!("{field}.minor"), "is too large", whole),
            minor => return currency.map(|currency| Money::new(minor, currency)),
        }
        None
    }
}
