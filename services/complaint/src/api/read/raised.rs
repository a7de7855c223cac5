//! Requests about what is raised to somebody.
use backbone::Checks;
use contracts::complaint::v1 as contract;

use super::{Read, TEXT_MAX, wish};
use crate::{
    domain::{Command, Complaint, Escalation, escalation},
    wire,
};

pub fn raise(checks: &mut Checks, r: &contract::RaiseEscalationRequest) -> Read<Complaint> {
    let id = checks.id("complaint_id", &r.complaint_id);
    let trigger = checks.value("trigger", wire::by_hand(r.trigger()).ok_or("must be manual, regulator or media"));
    let reason = checks.text("reason", &r.reason, 1..=TEXT_MAX);
    Some(wish(id?, Command::RaiseEscalation { trigger: trigger? }).with("escalation_reason", reason?))
}

pub fn decide(checks: &mut Checks, r: &contract::DecideEscalationRequest, who: escalation::Who) -> Read<Escalation> {
    let id = checks.id("escalation_id", &r.escalation_id);
    let decision = checks.text("decision", &r.decision, 1..=TEXT_MAX);
    Some(wish(id?, escalation::Command::Decide(who)).with("decision", decision?))
}
