//! What is said with the customer: word of progress, the result, whether it settles the matter, that he takes it back or
//! wants it taken up again.
use std::sync::Arc;

use backbone::Checks;
use contracts::complaint::v1 as contract;

use super::{Read, TEXT_MAX, wish, word};
use crate::{
    config::Policy,
    domain::{Command, Complaint, care::Word},
};

/// Word of progress: what a person said and by which way, or that a message shall say it.
pub fn progress(checks: &mut Checks, request: &contract::TellProgressRequest, policy: &Policy) -> Read<Complaint> {
    let id = checks.id("complaint_id", &request.complaint_id);
    if request.by_message {
        let empty = |text: &str| if text.is_empty() { Ok(()) } else { Err("must be empty when a message tells it") };
        let channel = checks.value("channel", empty(&request.channel));
        let text = checks.value("text", empty(&request.text));
        return id.zip(channel.and(text)).map(|(id, ())| wish(id, Command::Care(Word::Order)));
    }
    let channel = word(checks, "channel", &request.channel);
    let text = checks.text("text", &request.text, 1..=TEXT_MAX);
    let told_at = checks.instant("told_at", request.told_at.as_ref());
    let (id, channel, told_at) = (id?, channel?, told_at?);
    let levels = Arc::clone(&policy.levels);
    text.map(|text| wish(id, Command::Care(Word::Told { channel, told_at, levels })).with("progress", text))
}

/// The result, told by a person.
pub fn tell_result(checks: &mut Checks, r: &contract::TellResultRequest, policy: &Policy) -> Read<Complaint> {
    let id = checks.id("complaint_id", &r.complaint_id);
    let channel = word(checks, "channel", &r.channel);
    let text = checks.text("text", &r.text, 1..=TEXT_MAX);
    let told_at = checks.instant("told_at", r.told_at.as_ref());
    let levels = Arc::clone(&policy.levels);
    let told = Word::TellResult { channel: channel?, told_at: told_at?, levels };
    Some(wish(id?, Command::Care(told)).with("result", text?))
}

/// A call in vain.
pub fn unreached(checks: &mut Checks, r: &contract::RecordUnreachedRequest) -> Read<Complaint> {
    let id = checks.id("complaint_id", &r.complaint_id);
    let channel = word(checks, "channel", &r.channel);
    let tried_at = checks.instant("tried_at", r.tried_at.as_ref());
    Some(wish(id?, Command::Care(Word::Unreached { channel: channel?, tried_at: tried_at? })))
}

pub fn withdraw(checks: &mut Checks, r: &contract::WithdrawRequest, policy: &Policy) -> Read<Complaint> {
    let id = checks.id("complaint_id", &r.complaint_id);
    let channel = word(checks, "channel", &r.channel);
    let text = checks.text("text", &r.text, 1..=TEXT_MAX);
    let said_at = checks.instant("said_at", r.said_at.as_ref());
    let command = Command::Withdraw { channel: channel?, said_at: said_at?, levels: Arc::clone(&policy.levels) };
    Some(wish(id?, command).with("withdrawal", text?))
}

pub fn appeal(checks: &mut Checks, r: &contract::AppealRequest, policy: &Policy) -> Read<Complaint> {
    let id = checks.id("complaint_id", &r.complaint_id);
    let reason = checks.text("reason", &r.reason, 1..=TEXT_MAX);
    let said_at = checks.instant("said_at", r.said_at.as_ref());
    let command = Command::Appeal { said_at: said_at?, levels: Arc::clone(&policy.levels) };
    Some(wish(id?, command).with("appeal_reason", reason?))
}

pub fn satisfaction(checks: &mut Checks, r: &contract::RecordSatisfactionRequest, policy: &Policy) -> Read<Complaint> {
    let id = checks.id("complaint_id", &r.complaint_id);
    let channel = if r.channel.is_empty() { Some(None) } else { word(checks, "channel", &r.channel).map(Some) };
    let feedback = checks.text("feedback", &r.feedback, 0..=TEXT_MAX);
    let said_at = checks.instant("said_at", r.said_at.as_ref());
    let (satisfied, levels) = (r.satisfied, Arc::clone(&policy.levels));
    let command = Command::RecordSatisfaction { satisfied, channel: channel?, said_at: said_at?, levels };
    Some(wish(id?, command).with("feedback", feedback?))
}
