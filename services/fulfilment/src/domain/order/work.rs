//! The work leg of a line of a repair that was asked for (R-FUL-10 to R-FUL-14): registered, received, diagnosed, quoted,
//! consented to, done by somebody who can, tested, handed over; or something else is agreed.
//! Invariant: no work is done that the customer is to pay for and has not consented to, in the version that holds; each
//! version of a quote and each offer is answered once at the most.
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

pub use quote::{Item, ItemKind, Quote};

pub use super::terms::RepairTerms;

use super::{super::warranty::Coverage, goods::Word, request::Review};

mod decide;
mod fee;
mod leg;
mod quote;

/// The work at a line, and what was said about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Work {
    pub stage: Stage,
    pub registration: Registration,
    pub diagnosis: Option<Diagnosis>,
    /// By version.
    pub quotes: Vec<Quote>,
    /// The version the customer consented to; nothing any more once he declines another, or lets it expire.
    pub consented: Option<u32>,
    /// For example `staff:li`.
    pub technician: Option<String>,
    pub tests: Vec<Test>,
    pub handed_over: Option<HandOver>,
    /// How often it was taken up again because the customer was not satisfied.
    pub reworks: u32,
    pub reopened_at: Option<Timestamp>,
    pub satisfaction: Option<Satisfaction>,
    /// By number.
    pub alternatives: Vec<Alternative>,
}

/// Where the work stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    Registered,
    /// The article is here, or need not come.
    Received,
    Diagnosed,
    Quoted,
    Consented,
    PartsWaiting,
    InRepair,
    /// And tested.
    Repaired,
    HandedOver,
    SatisfactionChecked,
    Unrepairable,
    Declined,
    QuoteExpired,
    AlternativeOffered,
    /// These were agreed instead.
    Exchange,
    Refund,
    Compensation,
    ReturnUnrepaired,
    /// The article never came.
    GoodsLapsed,
}

impl Stage {
    /// All there are.
    pub const ALL: [Self; 19] = [
        Self::Registered,
        Self::Received,
        Self::Diagnosed,
        Self::Quoted,
        Self::Consented,
        Self::PartsWaiting,
        Self::InRepair,
        Self::Repaired,
        Self::HandedOver,
        Self::SatisfactionChecked,
        Self::Unrepairable,
        Self::Declined,
        Self::QuoteExpired,
        Self::AlternativeOffered,
        Self::Exchange,
        Self::Refund,
        Self::Compensation,
        Self::ReturnUnrepaired,
        Self::GoodsLapsed,
    ];

    /// As it is written.
    pub fn word(self) -> &'static str {
        match self {
            Self::Registered => "registered",
            Self::Received => "received",
            Self::Diagnosed => "diagnosed",
            Self::Quoted => "quoted",
            Self::Consented => "consented",
            Self::PartsWaiting => "parts_waiting",
            Self::InRepair => "in_repair",
            Self::Repaired => "repaired",
            Self::HandedOver => "handed_over",
            Self::SatisfactionChecked => "satisfaction_checked",
            Self::Unrepairable => "unrepairable",
            Self::Declined => "declined",
            Self::QuoteExpired => "quote_expired",
            Self::AlternativeOffered => "alternative_offered",
            Self::Exchange => "exchange",
            Self::Refund => "refund",
            Self::Compensation => "compensation",
            Self::ReturnUnrepaired => "return_unrepaired",
            Self::GoodsLapsed => "goods_lapsed",
        }
    }

    /// Nothing follows any more.
    pub fn is_end(self) -> bool {
        match self {
            Self::SatisfactionChecked
            | Self::Exchange
            | Self::Refund
            | Self::Compensation
            | Self::ReturnUnrepaired
            | Self::GoodsLapsed => true,
            Self::Registered
            | Self::Received
            | Self::Diagnosed
            | Self::Quoted
            | Self::Consented
            | Self::PartsWaiting
            | Self::InRepair
            | Self::Repaired
            | Self::HandedOver
            | Self::Unrepairable
            | Self::Declined
            | Self::QuoteExpired
            | Self::AlternativeOffered => false,
        }
    }
}

/// What is to be repaired, and what somebody thinks of it (R-FUL-10).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Registration {
    /// A code.
    pub problem: String,
    /// A reference of the customer's words, never the words.
    pub description: String,
    pub feasibility: Feasibility,
    /// Why, as a code.
    pub reason: String,
    pub by: String,
    pub at: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Feasibility {
    Feasible,
    /// It is to be seen.
    Unclear,
    Infeasible,
}

impl Feasibility {
    /// As it is written.
    pub fn word(self) -> &'static str {
        match self {
            Self::Feasible => "feasible",
            Self::Unclear => "unclear",
            Self::Infeasible => "infeasible",
        }
    }
}

/// What somebody found in the article.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Diagnosis {
    pub repairable: bool,
    /// A code.
    pub cause: String,
    /// What who does it must be able to, a code.
    pub skill: String,
    pub coverage: Coverage,
    pub by: String,
    pub at: Timestamp,
}

/// Somebody tried the article.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Test {
    pub passed: bool,
    pub by: String,
    pub at: Timestamp,
}

/// The customer has it back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HandOver {
    pub by: String,
    pub at: Timestamp,
    /// Of the fee, where one was due.
    pub payment: Option<String>,
    /// The payment provider took it; the payment is its own reference.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub by_provider: bool,
    /// The place of the till that took it; empty where none is known.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub place: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Satisfaction {
    Satisfied,
    Unsatisfied,
    NoAnswer,
}

impl Satisfaction {
    /// As it is written.
    pub fn word(self) -> &'static str {
        match self {
            Self::Satisfied => "satisfied",
            Self::Unsatisfied => "unsatisfied",
            Self::NoAnswer => "no_answer",
        }
    }
}

/// Something instead of the repair (R-FUL-14).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Alternative {
    /// From 1 in their order.
    pub number: u32,
    pub kind: AlternativeKind,
    pub by: String,
    pub at: Timestamp,
    /// What the customer said to it.
    pub word: Option<Word>,
    /// What another person said to a refund that no rule grants.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<Review>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlternativeKind {
    /// Asked for as an order of its own.
    Exchange,
    /// Paid by this order.
    Refund,
    /// Asked for as an order of its own.
    Compensation,
    ReturnUnrepaired,
}

impl AlternativeKind {
    /// Where the work stands once it is agreed; its word is the alternative's.
    pub fn agreed(self) -> Stage {
        match self {
            Self::Exchange => Stage::Exchange,
            Self::Refund => Stage::Refund,
            Self::Compensation => Stage::Compensation,
            Self::ReturnUnrepaired => Stage::ReturnUnrepaired,
        }
    }
}

/// What can be told to the work at a line.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    Register(Box<Registration>),
    Diagnose(Box<Diagnosis>),
    Quote { items: Vec<Item> },
    AnswerQuote { version: u32, agreed: bool },
    Assign { technician: String },
    AwaitParts,
    PartsArrived,
    Start,
    Test { passed: bool },
    HandOver { payment: Option<String>, by_provider: bool, place: String },
    Satisfaction(Satisfaction),
    Offer(AlternativeKind),
    AnswerOffer { number: u32, agreed: bool },
}

/// What happened to the work at a line.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    Registered(Registration),
    Diagnosed(Diagnosis),
    Quoted(Quote),
    QuoteAnswered {
        version: u32,
        word: Word,
    },
    QuoteExpired {
        version: u32,
    },
    Assigned {
        technician: String,
        skill: String,
    },
    PartsAwaited,
    PartsArrived,
    Started,
    Tested(Test),
    Repaired,
    HandedOver(HandOver),
    SatisfactionChecked {
        answer: Satisfaction,
        at: Timestamp,
    },
    AlternativeOffered(Alternative),
    /// Of money that no rule grants.
    AlternativeReviewed {
        number: u32,
        review: Review,
    },
    AlternativeAnswered {
        number: u32,
        word: Word,
    },
}

impl Work {
    fn new(registration: Registration) -> Self {
        Self {
            stage: Stage::Registered,
            registration,
            diagnosis: None,
            quotes: vec![],
            consented: None,
            technician: None,
            tests: vec![],
            handed_over: None,
            reworks: 0,
            reopened_at: None,
            satisfaction: None,
            alternatives: vec![],
        }
    }

    /// The quote of this version.
    pub fn quote(&self, version: u32) -> Option<&Quote> {
        self.quotes.iter().find(|quote| quote.version == version)
    }

    /// The work costs the customer nothing, or no more than he has consented to.
    pub fn is_covered(&self) -> bool {
        self.quotes.last().is_some_and(|quote| !self.needs_consent(quote))
    }

    /// It goes on with the customer's word.
    pub fn waits_for_customer(&self) -> bool {
        match self.stage {
            Stage::Quoted => !self.is_covered(),
            Stage::AlternativeOffered => self.alternatives.last().is_some_and(|offer| offer.word.is_none()),
            _ => false,
        }
    }

    /// The refund that is offered and not answered.
    pub(super) fn open_refund(&self) -> Option<&Alternative> {
        self.alternatives.last().filter(|offer| offer.kind == AlternativeKind::Refund && offer.word.is_none())
    }

    /// It is still to be repaired.
    fn is_owed(&self) -> bool {
        !self.stage.is_end() && !matches!(self.stage, Stage::Repaired | Stage::HandedOver)
    }

    /// When to look next: a quote expires, or nobody says whether he is satisfied.
    fn due(&self, terms: &RepairTerms) -> Option<Timestamp> {
        match self.stage {
            Stage::Quoted if !self.is_covered() => self.quotes.last()?.valid_until,
            Stage::HandedOver => {
                let within = Some(terms.satisfaction_within).filter(SignedDuration::is_positive)?;
                Some(kernel::calendar::add(self.handed_over.as_ref()?.at, within))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
#[path = "work_tests.rs"]
mod tests;
