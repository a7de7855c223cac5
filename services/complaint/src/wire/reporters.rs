//! Those who reported, as the people who tell them see them.
use contracts::complaint::v1 as contract;

use super::instant;
use crate::domain::reporters::{Person, Reporter, Reporters, Suppression, Told};

/// Everybody who reported.
pub fn reporter_views(reporters: &Reporters) -> Vec<contract::ReporterView> {
    reporters.iter().map(view).collect()
}

fn view(reporter: &Reporter) -> contract::ReporterView {
    let (customer_id, employee) = person(&reporter.person);
    let (told, reason, at) = match reporter.told {
        Told::Waiting => ("waiting", None, None),
        Told::Asked { .. } => ("asked", None, None),
        Told::Failed => ("failed", None, None),
        Told::Informed { at } => ("informed", None, Some(at)),
        Told::Suppressed { reason } => ("suppressed", Some(reason), None),
    };
    contract::ReporterView {
        report_id: reporter.report_id.to_string(),
        customer_id,
        employee,
        reported_at: instant(reporter.reported_at),
        told: told.to_owned(),
        suppression_reason: reason.map_or(0, suppression),
        informed_at: at.and_then(instant),
    }
}

/// Customer and employee, one of them empty.
pub fn person(person: &Person) -> (String, String) {
    match person {
        Person::Customer { customer_id } => (customer_id.to_string(), String::new()),
        Person::Employee { actor } => (String::new(), actor.clone()),
    }
}

/// Why somebody is not told, if a reason was given.
pub fn suppression_of(reason: contract::SuppressionReason) -> Option<Suppression> {
    Some(match reason {
        contract::SuppressionReason::Unspecified => return None,
        contract::SuppressionReason::NoConsent => Suppression::NoConsent,
        contract::SuppressionReason::DoNotContact => Suppression::DoNotContact,
        contract::SuppressionReason::Unreachable => Suppression::Unreachable,
        contract::SuppressionReason::Erased => Suppression::Erased,
        contract::SuppressionReason::Withdrawn => Suppression::Withdrawn,
        contract::SuppressionReason::CaseRejected => Suppression::CaseRejected,
    })
}

pub fn suppression(reason: Suppression) -> i32 {
    let reason = match reason {
        Suppression::NoConsent => contract::SuppressionReason::NoConsent,
        Suppression::DoNotContact => contract::SuppressionReason::DoNotContact,
        Suppression::Unreachable => contract::SuppressionReason::Unreachable,
        Suppression::Erased => contract::SuppressionReason::Erased,
        Suppression::Withdrawn => contract::SuppressionReason::Withdrawn,
        Suppression::CaseRejected => contract::SuppressionReason::CaseRejected,
    };
    reason.into()
}
