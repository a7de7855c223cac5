//! Contract <-> domain. What others learn of complaints, tasks, escalations, improvement actions and suggestions is
//! decided here and nowhere else.
//! Invariant: every match is exhaustive, and no words of customers or staff leave in an event.
mod care;
mod complaint;
mod contacts;
mod department_task;
mod escalation;
mod improvement;
pub mod matters;
mod overlay;
mod promises;
mod reporters;
mod suggestion;
mod view;

use std::collections::BTreeSet;

use backbone::proto;
use contracts::{Timestamp as Instant, common::v1 as common, complaint::v1 as contract, intake::v1::RecordPart};
use jiff::Timestamp;
use kernel::money::Money;
use uuid::Uuid;

use crate::domain::{
    Complaint, DepartmentTask, Escalation, ImprovementAction, Suggestion,
    escalation::{Level, Trigger},
    values::{self, Class, Emotion, Lane},
};

pub use escalation::{over, raise, settle, settle_because};
pub use improvement::{improvement_view, report};
pub use reporters::{reporter_views, suppression_of};
pub use suggestion::{decline_reason_of, reward_of, suggestion_view};
pub use view::{
    amount, complaint_view, escalation_view, kind_named, meets_expectation_of, ordered, remedy_kind, returned,
    task_view,
};

/// A thing with a status word.
pub trait Status {
    fn status(&self) -> &'static str;
}

impl Status for Complaint {
    fn status(&self) -> &'static str {
        self.state.name()
    }
}

impl Status for DepartmentTask {
    fn status(&self) -> &'static str {
        self.state.name()
    }
}

impl Status for Escalation {
    fn status(&self) -> &'static str {
        self.state.name()
    }
}

impl Status for ImprovementAction {
    fn status(&self) -> &'static str {
        self.state.name()
    }
}

impl Status for Suggestion {
    fn status(&self) -> &'static str {
        self.state.name()
    }
}

fn money(amount: Money) -> common::Money {
    common::Money { minor: amount.minor, currency: amount.currency.to_string() }
}

fn instant(at: Timestamp) -> Option<Instant> {
    Some(proto::timestamp(at))
}

/// An id that may be missing is empty on the wire.
fn optional(id: Option<Uuid>) -> String {
    id.map(|id| id.to_string()).unwrap_or_default()
}

/// A class of the contract; `None` for what is no complaint.
pub fn class_of(class: common::CaseClass) -> Option<Class> {
    Some(match class {
        common::CaseClass::ServiceAttitude => Class::ServiceAttitude,
        common::CaseClass::ProductEffect => Class::ProductEffect,
        common::CaseClass::ProductQuality => Class::ProductQuality,
        common::CaseClass::Discomfort => Class::Discomfort,
        common::CaseClass::ShopEnvironment => Class::ShopEnvironment,
        common::CaseClass::Delivery => Class::Delivery,
        common::CaseClass::ReturnExchange => Class::ReturnExchange,
        common::CaseClass::Repair => Class::Repair,
        common::CaseClass::Unspecified | common::CaseClass::Suggestion | common::CaseClass::Enquiry => return None,
    })
}

fn class(class: Class) -> i32 {
    let class = match class {
        Class::ServiceAttitude => common::CaseClass::ServiceAttitude,
        Class::ProductEffect => common::CaseClass::ProductEffect,
        Class::ProductQuality => common::CaseClass::ProductQuality,
        Class::Discomfort => common::CaseClass::Discomfort,
        Class::ShopEnvironment => common::CaseClass::ShopEnvironment,
        Class::Delivery => common::CaseClass::Delivery,
        Class::ReturnExchange => common::CaseClass::ReturnExchange,
        Class::Repair => common::CaseClass::Repair,
    };
    class.into()
}

/// A lane of the contract; standard where nothing is said.
pub fn lane_of(lane: common::Lane) -> Lane {
    match lane {
        common::Lane::Unspecified | common::Lane::Standard => Lane::Standard,
        common::Lane::Health => Lane::Health,
    }
}

fn lane(lane: Lane) -> i32 {
    let lane = match lane {
        Lane::Standard => common::Lane::Standard,
        Lane::Health => common::Lane::Health,
    };
    lane.into()
}

/// The parts of a record; what is not known to us is left out.
pub fn parts_of(parts: impl Iterator<Item = RecordPart>) -> BTreeSet<values::RecordPart> {
    let part = |part| match part {
        RecordPart::Unspecified => None,
        RecordPart::Content => Some(values::RecordPart::Content),
        RecordPart::Emotion => Some(values::RecordPart::Emotion),
        RecordPart::Circumstances => Some(values::RecordPart::Circumstances),
        RecordPart::ExpectedResolution => Some(values::RecordPart::ExpectedResolution),
    };
    parts.filter_map(part).collect()
}

/// The word policies call a channel by; empty where none is named.
pub fn channel_word(channel: common::Channel) -> String {
    match channel {
        common::Channel::Unspecified => String::new(),
        named => named.as_str_name().trim_start_matches("CHANNEL_").to_ascii_lowercase(),
    }
}

/// An emotion of the contract, if one was heard.
pub fn emotion_of(emotion: common::Emotion) -> Option<Emotion> {
    Some(match emotion {
        common::Emotion::Unspecified => return None,
        common::Emotion::Calm => Emotion::Calm,
        common::Emotion::Worried => Emotion::Worried,
        common::Emotion::Dissatisfied => Emotion::Dissatisfied,
        common::Emotion::Angry => Emotion::Angry,
        common::Emotion::Distressed => Emotion::Distressed,
    })
}

fn emotion(emotion: Option<Emotion>) -> i32 {
    let emotion = match emotion {
        None => common::Emotion::Unspecified,
        Some(Emotion::Calm) => common::Emotion::Calm,
        Some(Emotion::Worried) => common::Emotion::Worried,
        Some(Emotion::Dissatisfied) => common::Emotion::Dissatisfied,
        Some(Emotion::Angry) => common::Emotion::Angry,
        Some(Emotion::Distressed) => common::Emotion::Distressed,
    };
    emotion.into()
}

fn level(level: Level) -> i32 {
    let level = match level {
        Level::TeamLead => contract::EscalationLevel::TeamLead,
        Level::ComplaintManager => contract::EscalationLevel::ComplaintManager,
        Level::DepartmentHead => contract::EscalationLevel::DepartmentHead,
        Level::Management => contract::EscalationLevel::Management,
    };
    level.into()
}

/// Why a person can raise a complaint; `None` for what only happens by itself.
pub fn by_hand(trigger: contract::EscalationTrigger) -> Option<Trigger> {
    match trigger {
        contract::EscalationTrigger::Manual => Some(Trigger::Manual),
        contract::EscalationTrigger::Regulator => Some(Trigger::Regulator),
        contract::EscalationTrigger::Media => Some(Trigger::Media),
        _ => None,
    }
}

/// The stored word of a level of the contract; `None` where none is said.
pub fn level_word(level: contract::EscalationLevel) -> Option<&'static str> {
    let level = match level {
        contract::EscalationLevel::Unspecified => return None,
        contract::EscalationLevel::TeamLead => Level::TeamLead,
        contract::EscalationLevel::ComplaintManager => Level::ComplaintManager,
        contract::EscalationLevel::DepartmentHead => Level::DepartmentHead,
        contract::EscalationLevel::Management => Level::Management,
    };
    Some(level.name())
}

fn trigger(trigger: Trigger) -> i32 {
    let trigger = match trigger {
        Trigger::InvestigationLate => contract::EscalationTrigger::InvestigationLate,
        Trigger::DepartmentLate => contract::EscalationTrigger::DepartmentLate,
        Trigger::Dissatisfied => contract::EscalationTrigger::Dissatisfied,
        Trigger::DeclinedThrice => contract::EscalationTrigger::DeclinedThrice,
        Trigger::RemedyFailed => contract::EscalationTrigger::RemedyFailed,
        Trigger::ResultUntold => contract::EscalationTrigger::ResultUntold,
        Trigger::Silence => contract::EscalationTrigger::Silence,
        Trigger::ResultLate => contract::EscalationTrigger::ResultLate,
        Trigger::OfferUnanswered => contract::EscalationTrigger::OfferUnanswered,
        Trigger::Unread => contract::EscalationTrigger::Unread,
        Trigger::PaymentContradicted => contract::EscalationTrigger::PaymentContradicted,
        Trigger::PaymentUnknown => contract::EscalationTrigger::PaymentUnknown,
        Trigger::ApprovalLate => contract::EscalationTrigger::ApprovalLate,
        Trigger::AnswerWaits => contract::EscalationTrigger::AnswerWaits,
        Trigger::DepartmentWarning => contract::EscalationTrigger::DepartmentWarning,
        Trigger::Severity => contract::EscalationTrigger::Severity,
        Trigger::Amount => contract::EscalationTrigger::Amount,
        Trigger::Manual => contract::EscalationTrigger::Manual,
        Trigger::Regulator => contract::EscalationTrigger::Regulator,
        Trigger::Media => contract::EscalationTrigger::Media,
        Trigger::FirstResponseLate => contract::EscalationTrigger::FirstResponseLate,
        Trigger::RepeatedContact => contract::EscalationTrigger::RepeatedContact,
        Trigger::ImprovementLate => contract::EscalationTrigger::ImprovementLate,
        Trigger::PromiseWarning => contract::EscalationTrigger::PromiseWarning,
        Trigger::PromiseLate => contract::EscalationTrigger::PromiseLate,
        Trigger::Health => contract::EscalationTrigger::Health,
        Trigger::RegulatorReportWarning => contract::EscalationTrigger::RegulatorReportWarning,
        Trigger::RegulatorReportLate => contract::EscalationTrigger::RegulatorReportLate,
        Trigger::NextResponseLate => contract::EscalationTrigger::NextResponseLate,
        Trigger::ParcelLost => contract::EscalationTrigger::ParcelLost,
        Trigger::ParcelUnreceived => contract::EscalationTrigger::ParcelUnreceived,
    };
    trigger.into()
}
