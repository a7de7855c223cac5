//! The words complaints are described in. A value of these types is well formed by construction.
use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// What a complaint is about (R-INT-22). Enquiries and suggestions are no complaints.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    #[default]
    ServiceAttitude,
    ProductEffect,
    ProductQuality,
    Discomfort,
    ShopEnvironment,
    Delivery,
    ReturnExchange,
    Repair,
}

impl Class {
    pub const ALL: [Self; 8] = [
        Self::ServiceAttitude,
        Self::ProductEffect,
        Self::ProductQuality,
        Self::Discomfort,
        Self::ShopEnvironment,
        Self::Delivery,
        Self::ReturnExchange,
        Self::Repair,
    ];

    /// The word the house's rules call it by.
    pub fn name(self) -> &'static str {
        match self {
            Self::ServiceAttitude => "service_attitude",
            Self::ProductEffect => "product_effect",
            Self::ProductQuality => "product_quality",
            Self::Discomfort => "discomfort",
            Self::ShopEnvironment => "shop_environment",
            Self::Delivery => "delivery",
            Self::ReturnExchange => "return_exchange",
            Self::Repair => "repair",
        }
    }
}

/// The queue: everything in `Health` comes before everything in `Standard` (R-INT-09).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lane {
    #[default]
    Standard,
    Health,
}

impl Lane {
    /// The word the house's rules call it by.
    pub fn name(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::Health => "health",
        }
    }
}

/// How the customer feels, as heard or read (R-INT-05).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Emotion {
    Calm,
    Worried,
    Dissatisfied,
    Angry,
    Distressed,
}

impl Emotion {
    pub const ALL: [Self; 5] = [Self::Calm, Self::Worried, Self::Dissatisfied, Self::Angry, Self::Distressed];
}

/// A part of the record of a complaint (R-CMP-01). The words are kept by intake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecordPart {
    Content,
    Emotion,
    Circumstances,
    ExpectedResolution,
}

impl RecordPart {
    pub const ALL: [Self; 4] = [Self::Content, Self::Emotion, Self::Circumstances, Self::ExpectedResolution];

    /// The word it is named by.
    pub fn name(self) -> &'static str {
        match self {
            Self::Content => "content",
            Self::Emotion => "emotion",
            Self::Circumstances => "circumstances",
            Self::ExpectedResolution => "expected_resolution",
        }
    }
}

/// How grave a complaint is: 0 (trifling) to 4 (grave) (R-CMP-14).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct Severity(u8);

impl TryFrom<u32> for Severity {
    type Error = &'static str;

    fn try_from(grade: u32) -> Result<Self, Self::Error> {
        u8::try_from(grade).ok().filter(|grade| *grade <= 4).map(Self).ok_or("must be 0 (trifling) to 4 (grave)")
    }
}

impl From<Severity> for u32 {
    fn from(severity: Severity) -> Self {
        Self::from(severity.0)
    }
}

/// A short lower-case word that may stand in a subject and that a department team filters by, such as `quality`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Department(String);

impl FromStr for Department {
    type Err = &'static str;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        let letters = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let well_formed = word.starts_with(|c: char| c.is_ascii_lowercase()) && word.chars().all(letters);
        if well_formed && word.len() <= 40 {
            Ok(Self(word.to_owned()))
        } else {
            Err("must be a lower-case word such as quality or customer-service, of at most 40 characters")
        }
    }
}

/// Why something went wrong: lower-case words joined by dots or underscores, such as `packaging.leak`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CauseCode(String);

impl FromStr for CauseCode {
    type Err = &'static str;

    fn from_str(code: &str) -> Result<Self, Self::Err> {
        let word = |word: &str| !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
        if code.len() <= 80 && code.split(['.', '_']).all(word) {
            Ok(Self(code.to_owned()))
        } else {
            Err(
                "must be lower-case words joined by dots or underscores, such as packaging.leak, of at most 80 characters",
            )
        }
    }
}

/// A reference into another system, such as `lab-2026-0117`; never words about a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Evidence(String);

impl FromStr for Evidence {
    type Err = &'static str;

    fn from_str(reference: &str) -> Result<Self, Self::Err> {
        let letter = |c: char| c.is_ascii_alphanumeric() || ".:/_-#".contains(c);
        if (1..=200).contains(&reference.len()) && reference.chars().all(letter) {
            Ok(Self(reference.to_owned()))
        } else {
            Err("must be a reference such as lab-2026-0117, of 1 to 200 letters, digits and .:/_-#")
        }
    }
}

/// A word type is read from and written as plain text.
macro_rules! plain_text {
    ($($word:ident),*) => {$(
        impl $word {
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $word {
            type Error = &'static str;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                text.parse()
            }
        }

        impl From<$word> for String {
            fn from(word: $word) -> Self {
                word.0
            }
        }

        impl fmt::Display for $word {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}
plain_text!(Department, CauseCode, Evidence);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_department_can_stand_in_a_subject() {
        for good in ["quality", "customer-service", "rnd", "q2"] {
            assert_eq!(good.parse::<Department>().map(String::from), Ok(good.to_owned()));
        }
        for bad in ["", "Quality", "2nd", "-a", "a.b", "a b", "a*", "a>", "质量", &"a".repeat(41)] {
            assert!(bad.parse::<Department>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_cause_is_words_joined() {
        for good in ["leak", "packaging.leak", "staff_training.missing2"] {
            assert!(good.parse::<CauseCode>().is_ok(), "{good}");
        }
        for bad in ["", ".", "a.", "_a", "a..b", "A", "a b", "a-b", &"a".repeat(81)] {
            assert!(bad.parse::<CauseCode>().is_err(), "{bad}");
        }
    }

    #[test]
    fn evidence_is_a_reference_and_no_sentence() {
        for good in ["lab-2026-0117", "https://dms.example/doc/7#p3", "QA:Report_9.pdf"] {
            assert!(good.parse::<Evidence>().is_ok(), "{good}");
        }
        for bad in ["", "seen by Mrs Li", "a@b.example", "?q=1", "实验", &"a".repeat(201)] {
            assert!(bad.parse::<Evidence>().is_err(), "{bad}");
        }
    }

    #[test]
    fn severity_ends_at_four() {
        assert!(Severity::try_from(0).is_ok() && Severity::try_from(4).is_ok());
        assert!(Severity::try_from(5).is_err() && Severity::try_from(u32::MAX).is_err());
        assert!(serde_json::from_str::<Severity>("5").is_err());
    }
}
