//! A suggestion as others learn of it, its deadline, and what a merge means for the other one.
use backbone::{Aggregate, Change, Fault, Published};
use contracts::complaint::v1 as contract;
use jiff::Timestamp;

use super::{
    Status, instant, optional,
    promises::{published, standings, standings_of},
    reporters::{person, suppression},
};
use crate::{
    deadlines::late,
    domain::{
        Suggestion,
        reporters::{Person, Reporter, Telling},
        suggestion::{Command, Decision, DeclineReason, Event, Rejection, RewardKind, State},
    },
};

const DECIDE_BY: &str = "decide_by";
const PROMISE_DUE: &str = "promise_due";

impl Aggregate for Suggestion {
    const TABLE: &'static str = "suggestion";
    type Command = Command;
    type Event = Event;
    type Rejection = Rejection;

    fn decide(&self, command: Command, now: Timestamp) -> Result<Vec<Event>, Rejection> {
        Suggestion::decide(self, command, now)
    }

    fn apply(&mut self, event: &Event) {
        Suggestion::apply(self, event);
    }

    fn publish(&self, event: &Event, shard: u8) -> Published {
        use contract as c;
        let suggestion_id = self.suggestion_id.to_string();
        let department = self.evaluation.as_ref().map(|e| e.department.to_string()).unwrap_or_default();
        match event {
            Event::Recorded { by, .. } => Published::of(&self.recorded(by), shard).at(by.reported_at),
            Event::Screened => Published::of(&c::SuggestionScreened { suggestion_id }, shard),
            Event::PromisesMoved(moved) => {
                let promises = standings_of(&self.promises, moved);
                published(&c::SuggestionPromisesMoved { suggestion_id, promises }, moved, shard)
            }
            Event::Merged { into, .. } => {
                Published::of(&c::SuggestionMerged { suggestion_id, into_id: into.to_string() }, shard)
            }
            Event::Joined(reporter) => {
                let (report_id, customer_id) = (reporter.report_id.to_string(), person(&reporter.person).0);
                Published::of(&c::SuggestionReporterJoined { suggestion_id, report_id, customer_id }, shard)
            }
            Event::EvaluationStarted { decide_by, .. } => {
                let evaluate_by = instant(*decide_by);
                Published::of(&c::SuggestionEvaluationStarted { suggestion_id, department, evaluate_by }, shard)
            }
            Event::EvaluationOverdue => {
                let due = self.evaluation.as_ref().map(|evaluation| evaluation.decide_by).unwrap_or_default();
                let evaluate_by = instant(due);
                let overdue = c::SuggestionEvaluationOverdue { suggestion_id, department, evaluate_by };
                Published::of(&overdue, shard).at(due)
            }
            Event::Decided(Decision::Adopted) => Published::of(&c::SuggestionAdopted { suggestion_id }, shard),
            Event::Decided(Decision::Declined { reason }) => {
                let reason = decline_reason(*reason);
                Published::of(&c::SuggestionDeclined { suggestion_id, reason }, shard)
            }
            Event::Implemented => Published::of(&c::SuggestionImplemented { suggestion_id }, shard),
            Event::EffectMeasured { effective } => {
                Published::of(&c::SuggestionEffectMeasured { suggestion_id, effective: *effective }, shard)
            }
            Event::Rewarded { kind } => {
                Published::of(&c::SuggestionRewarded { suggestion_id, kind: reward(*kind) }, shard)
            }
            Event::Telling(telling) => self.told(telling, shard),
            Event::Informed => {
                let closing = self.closing();
                let (reporters, informed, suppressed) = (closing.reporters, closing.informed, closing.suppressed);
                Published::of(&c::SuggestionInformed { suggestion_id, reporters, informed, suppressed }, shard)
            }
        }
    }

    /// The evaluation must end; what customers were promised is to be warned of, or late.
    fn deadlines(&self) -> Vec<(&'static str, Timestamp)> {
        let open = self.evaluation.iter().filter(|evaluation| self.state == State::InEvaluation && !evaluation.overdue);
        let promise = self.promises.next_due().map(|at| (PROMISE_DUE, at));
        open.map(|evaluation| (DECIDE_BY, late(evaluation.decide_by))).chain(promise).collect()
    }

    fn on_deadline(kind: &str) -> Option<Command> {
        match kind {
            DECIDE_BY => Some(Command::DecisionDue),
            PROMISE_DUE => Some(Command::PromiseDue),
            _ => None,
        }
    }

    fn reactions(&self, event: &Event) -> Vec<Change> {
        match event {
            Event::Merged { into, promises } => {
                let (reporters, promises) = (self.reporters.iter().cloned().collect(), promises.clone());
                vec![Change::to::<Suggestion>(*into, Command::Join { reporters, promises })]
            }
            Event::PromisesMoved(moved) => moved.iter().flat_map(|moved| self.looked_at(moved)).collect(),
            _ => vec![],
        }
    }
}

impl From<Rejection> for Fault {
    fn from(rejection: Rejection) -> Self {
        match rejection {
            Rejection::Unknown => Fault::not_found("suggestion", "with this id"),
            Rejection::Own => Fault::denied(rejection.code(), rejection.to_string()),
            _ => Fault::rejected(rejection.code(), rejection.to_string()),
        }
    }
}

impl Suggestion {
    fn recorded(&self, by: &Reporter) -> contract::SuggestionRecorded {
        contract::SuggestionRecorded {
            suggestion_id: self.suggestion_id.to_string(),
            customer_id: person(&by.person).0,
            case_id: case(by),
            product_id: self.product_id.clone(),
            recorded_at: instant(by.reported_at),
        }
    }

    fn told(&self, telling: &Telling, shard: u8) -> Published {
        use contract as c;
        let suggestion_id = self.suggestion_id.to_string();
        match telling {
            Telling::Asked { customer_id, message_id, .. } => {
                let (customer_id, message_id) = (customer_id.to_string(), message_id.to_string());
                let adopted = self.decision == Some(Decision::Adopted);
                let requested = c::SuggestionNoticeRequested { suggestion_id, customer_id, message_id, adopted };
                Published::of(&requested, shard)
            }
            Telling::Informed { report_id, message_id, at } => {
                let (report_id, message_id) = (report_id.to_string(), optional(*message_id));
                let informed = c::SuggestionReporterInformed { suggestion_id, report_id, message_id };
                Published::of(&informed, shard).at(*at)
            }
            Telling::Failed { message_id } => {
                let message_id = message_id.to_string();
                Published::of(&c::SuggestionNoticeFailed { suggestion_id, message_id }, shard)
            }
            Telling::Suppressed { report_id, reason } => {
                let (report_id, reason) = (report_id.to_string(), suppression(*reason));
                Published::of(&c::SuggestionReporterSuppressed { suggestion_id, report_id, reason }, shard)
            }
        }
    }
}

/// The case a customer's suggestion came by.
fn case(by: &Reporter) -> String {
    match by.person {
        Person::Customer { .. } => by.report_id.to_string(),
        Person::Employee { .. } => String::new(),
    }
}

/// Why it is not taken up, if a reason was given.
pub fn decline_reason_of(reason: contract::DeclineReason) -> Option<DeclineReason> {
    Some(match reason {
        contract::DeclineReason::Unspecified => return None,
        contract::DeclineReason::NotFeasible => DeclineReason::NotFeasible,
        contract::DeclineReason::TooCostly => DeclineReason::TooCostly,
        contract::DeclineReason::NoBenefit => DeclineReason::NoBenefit,
        contract::DeclineReason::AgainstRules => DeclineReason::AgainstRules,
        contract::DeclineReason::DoneAlready => DeclineReason::DoneAlready,
    })
}

fn decline_reason(reason: DeclineReason) -> i32 {
    let reason = match reason {
        DeclineReason::NotFeasible => contract::DeclineReason::NotFeasible,
        DeclineReason::TooCostly => contract::DeclineReason::TooCostly,
        DeclineReason::NoBenefit => contract::DeclineReason::NoBenefit,
        DeclineReason::AgainstRules => contract::DeclineReason::AgainstRules,
        DeclineReason::DoneAlready => contract::DeclineReason::DoneAlready,
    };
    reason.into()
}

/// A reward of the contract, if one was named.
pub fn reward_of(kind: contract::RewardKind) -> Option<RewardKind> {
    Some(match kind {
        contract::RewardKind::Unspecified => return None,
        contract::RewardKind::Bonus => RewardKind::Bonus,
        contract::RewardKind::Gift => RewardKind::Gift,
        contract::RewardKind::Praise => RewardKind::Praise,
    })
}

fn reward(kind: RewardKind) -> i32 {
    let kind = match kind {
        RewardKind::Bonus => contract::RewardKind::Bonus,
        RewardKind::Gift => contract::RewardKind::Gift,
        RewardKind::Praise => contract::RewardKind::Praise,
    };
    kind.into()
}

/// A suggestion.
pub fn suggestion_view(version: u64, suggestion: &Suggestion) -> contract::SuggestionView {
    let closing = suggestion.closing();
    let evaluation = suggestion.evaluation.as_ref();
    let first = suggestion.reporters.iter().next();
    let (customer_id, employee) = first.map(|by| person(&by.person)).unwrap_or_default();
    let merged = if let State::Merged { into } = suggestion.state { Some(into) } else { None };
    let declined = match suggestion.decision {
        Some(Decision::Declined { reason }) => decline_reason(reason),
        Some(Decision::Adopted) | None => 0,
    };
    contract::SuggestionView {
        suggestion_id: suggestion.suggestion_id.to_string(),
        version,
        status: suggestion.status().to_owned(),
        customer_id,
        employee,
        case_id: first.map(case).unwrap_or_default(),
        product_id: suggestion.product_id.clone(),
        recorded_at: instant(suggestion.recorded_at),
        department: evaluation.map(|evaluation| evaluation.department.to_string()).unwrap_or_default(),
        evaluate_by: evaluation.and_then(|evaluation| instant(evaluation.decide_by)),
        overdue: evaluation.is_some_and(|evaluation| evaluation.overdue),
        decline_reason: declined,
        effective: suggestion.effective.unwrap_or_default(),
        reward: suggestion.reward.map_or(0, reward),
        merged_into: optional(merged),
        reporters: closing.reporters,
        informed: closing.informed,
        suppressed: closing.suppressed,
        promises: standings(&suggestion.promises),
    }
}
