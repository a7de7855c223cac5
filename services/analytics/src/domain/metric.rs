//! The figures that can be asked for, by the ids of the metric definitions (R-ANA-01, R-ANA-05).
use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A metric that is worked out here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Metric {
    /// M01
    CoverageGross,
    /// M01n
    CoverageNet,
    /// M02
    OnTime,
    /// M06
    Satisfaction,
    /// M08
    Pickup,
    /// M09
    FirstResponse,
    /// M10
    Kept,
    /// M11
    HandlingTime,
    /// M11e
    Endings,
    /// M13
    ComplaintRate,
    /// M14
    EscalationRate,
    /// M15
    FirstInvestigation,
    /// M16
    FirstOffer,
    /// M18
    Refunds,
    /// M18c
    Compensation,
    /// M23
    SuggestionAdoption,
    /// M24
    LoopClosure,
    /// M25
    Recurrence,
    /// M27m
    ModelAgreement,
    /// M27t
    OnRecord,
    /// M34
    CostToServe,
    /// M37
    Effort,
}

impl Metric {
    /// All of them, in the order of their ids.
    pub const ALL: [Self; 22] = [
        Self::CoverageGross,
        Self::CoverageNet,
        Self::OnTime,
        Self::Satisfaction,
        Self::Pickup,
        Self::FirstResponse,
        Self::Kept,
        Self::HandlingTime,
        Self::Endings,
        Self::ComplaintRate,
        Self::EscalationRate,
        Self::FirstInvestigation,
        Self::FirstOffer,
        Self::Refunds,
        Self::Compensation,
        Self::SuggestionAdoption,
        Self::LoopClosure,
        Self::Recurrence,
        Self::ModelAgreement,
        Self::OnRecord,
        Self::CostToServe,
        Self::Effort,
    ];

    /// Those about complaints, in an analysis (R-CMP-16).
    pub const OF_COMPLAINTS: [Self; 6] = [
        Self::ComplaintRate,
        Self::EscalationRate,
        Self::FirstInvestigation,
        Self::FirstOffer,
        Self::LoopClosure,
        Self::Recurrence,
    ];

    /// The id in the metric definitions.
    pub fn id(self) -> &'static str {
        match self {
            Self::CoverageGross => "M01",
            Self::CoverageNet => "M01n",
            Self::OnTime => "M02",
            Self::Satisfaction => "M06",
            Self::Pickup => "M08",
            Self::FirstResponse => "M09",
            Self::Kept => "M10",
            Self::HandlingTime => "M11",
            Self::Endings => "M11e",
            Self::ComplaintRate => "M13",
            Self::EscalationRate => "M14",
            Self::FirstInvestigation => "M15",
            Self::FirstOffer => "M16",
            Self::Refunds => "M18",
            Self::Compensation => "M18c",
            Self::SuggestionAdoption => "M23",
            Self::LoopClosure => "M24",
            Self::Recurrence => "M25",
            Self::ModelAgreement => "M27m",
            Self::OnRecord => "M27t",
            Self::CostToServe => "M34",
            Self::Effort => "M37",
        }
    }

    /// What people call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::CoverageGross => "follow-up coverage (gross)",
            Self::CoverageNet => "follow-up coverage (net)",
            Self::OnTime => "on-time follow-up rate",
            Self::Satisfaction => "customer satisfaction",
            Self::Pickup => "calls to the hotline answered in time",
            Self::FirstResponse => "time to the first answer",
            Self::Kept => "promises kept",
            Self::HandlingTime => "handling time of cases",
            Self::Endings => "cases that ended without a matter of ours",
            Self::ComplaintRate => "complaints per 1,000 orders delivered",
            Self::EscalationRate => "complaints raised to a department's head or to management",
            Self::FirstInvestigation => "first investigation within 24 hours",
            Self::FirstOffer => "solutions accepted at the first offer",
            Self::Refunds => "refunds",
            Self::Compensation => "compensation given",
            Self::SuggestionAdoption => "suggestion adoption rate",
            Self::LoopClosure => "loops closed with the customer",
            Self::Recurrence => "recurrence after a measure",
            Self::ModelAgreement => "people who said what the model had said",
            Self::OnRecord => "time until a contact is on record",
            Self::CostToServe => "cost to serve",
            Self::Effort => "effort of customers for an order",
        }
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

/// No metric has this id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no such metric")]
pub struct Unknown;

impl FromStr for Metric {
    type Err = Unknown;

    fn from_str(id: &str) -> Result<Self, Unknown> {
        Self::ALL.into_iter().find(|metric| metric.id() == id).ok_or(Unknown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_metric_is_found_by_its_id_and_nothing_else_is() {
        for metric in Metric::ALL {
            assert_eq!(metric.id().parse(), Ok(metric));
        }
        for id in ["", "m01", "M1", "M99", "M01 "] {
            assert_eq!(id.parse::<Metric>(), Err(Unknown), "{id:?}");
        }
    }
}
