//! Contract ⇄ domain. What others learn about a message stands here.
use backbone::{Aggregate, Fault, Published, proto};
use contracts::outreach::v1 as wire;
use jiff::Timestamp;

use crate::{
    domain::message::{Command, Event, Facts, Medium, Message, Purpose, Rejection, State},
    store::Stored,
};

impl Aggregate for Message {
    const TABLE: &'static str = "message";
    type Command = Command;
    type Event = Event;
    type Rejection = Rejection;

    fn decide(&self, command: Command, now: Timestamp) -> Result<Vec<Event>, Rejection> {
        Message::decide(self, command, now)
    }

    fn apply(&mut self, event: &Event) {
        Message::apply(self, event);
    }

    fn publish(&self, event: &Event, shard: u8) -> Published {
        let message_id = self.facts.message_id.to_string();
        let purpose = purpose(self.facts.purpose).into();
        let about_id = self.facts.about_id.to_string();
        let attempt = self.attempts;
        match event {
            Event::Queued { facts, .. } => Published::of(&queued(facts), shard),
            Event::Claimed { until, .. } => {
                let until = Some(proto::timestamp(*until));
                Published::of(&wire::MessageClaimed { message_id, attempt, until }, shard)
            }
            Event::Deferred { code, next_try_at } => {
                let next_try_at = Some(proto::timestamp(*next_try_at));
                let code = code.clone();
                Published::of(&wire::MessageDeferred { message_id, attempt, code, next_try_at }, shard)
            }
            Event::Sent { medium: by, at } => {
                let (medium, sent_at) = (medium(*by).into(), Some(proto::timestamp(*at)));
                Published::of(&wire::MessageSent { message_id, purpose, about_id, medium, sent_at }, shard)
            }
            Event::Delivered { .. } => Published::of(&wire::MessageDelivered { message_id, purpose, about_id }, shard),
            Event::Failed { code } => {
                let code = code.clone();
                Published::of(&wire::MessageFailed { message_id, purpose, about_id, code }, shard)
            }
            Event::Withdrawn => Published::of(&wire::MessageWithdrawn { message_id, purpose, about_id }, shard),
        }
    }
}

impl From<Rejection> for Fault {
    fn from(rejection: Rejection) -> Self {
        match rejection {
            Rejection::Unknown => Fault::not_found("message", "with this id"),
            Rejection::NotDue | Rejection::NotSent => Fault::rejected(rejection.code(), rejection.to_string()),
        }
    }
}

/// A stored message as callers see it.
pub(crate) fn view(stored: Stored) -> wire::MessageView {
    let message = stored.state.0;
    let (by, sent_at) = match &message.state {
        State::Sent { medium, sent_at } | State::Delivered { medium, sent_at, .. } => (Some(*medium), Some(*sent_at)),
        State::Absent | State::Queued { .. } | State::Failed { .. } | State::Withdrawn => (None, None),
    };
    let (code, next_try_at) = match &message.state {
        State::Failed { code } => (Some(code.clone()), None),
        State::Queued { next_try_at, .. } => (message.trouble.clone(), Some(*next_try_at)),
        State::Absent | State::Sent { .. } | State::Delivered { .. } | State::Withdrawn => {
            (message.trouble.clone(), None)
        }
    };
    wire::MessageView {
        message_id: stored.id.to_string(),
        version: stored.version.unsigned_abs(),
        status: message.status().to_owned(),
        queued: Some(queued(&message.facts)),
        attempts: message.attempts,
        code: code.unwrap_or_default(),
        medium: by.map_or(wire::Medium::Unspecified, medium).into(),
        sent_at: sent_at.map(proto::timestamp),
        next_try_at: next_try_at.map(proto::timestamp),
    }
}

fn queued(facts: &Facts) -> wire::MessageQueued {
    wire::MessageQueued {
        message_id: facts.message_id.to_string(),
        customer_id: facts.customer_id.to_string(),
        purpose: purpose(facts.purpose).into(),
        about_id: facts.about_id.to_string(),
    }
}

fn purpose(purpose: Purpose) -> wire::Purpose {
    match purpose {
        Purpose::FollowUp => wire::Purpose::FollowUp,
        Purpose::Offer => wire::Purpose::Offer,
        Purpose::Result => wire::Purpose::Result,
        Purpose::Progress => wire::Purpose::Progress,
        Purpose::Satisfaction => wire::Purpose::Satisfaction,
        Purpose::Improvement => wire::Purpose::Improvement,
        Purpose::SuggestionAdopted => wire::Purpose::SuggestionAdopted,
        Purpose::SuggestionDeclined => wire::Purpose::SuggestionDeclined,
        Purpose::MajorIssue => wire::Purpose::MajorIssue,
        Purpose::Repaired => wire::Purpose::Repaired,
        Purpose::Inspected => wire::Purpose::Inspected,
        Purpose::Quoted => wire::Purpose::Quoted,
        Purpose::ReturnAuthorised => wire::Purpose::ReturnAuthorised,
        Purpose::ReviewGranted => wire::Purpose::ReviewGranted,
        Purpose::ReviewRefused => wire::Purpose::ReviewRefused,
        Purpose::Answer => wire::Purpose::Answer,
    }
}

fn medium(medium: Medium) -> wire::Medium {
    match medium {
        Medium::Email => wire::Medium::Email,
        Medium::Sms => wire::Medium::Sms,
        Medium::Push => wire::Medium::Push,
    }
}
