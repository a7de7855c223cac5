//! One message to one customer: queued, sent, delivered, failed or withdrawn. Invariants: it is sent only when a server said
//! that it took it; one sender at a time has it, until its claim ends; sent, delivered, failed and withdrawn messages are never
//! tried again. The words and the address are no part of it: they are made and asked for at the moment of sending.
use jiff::{Timestamp, fmt::serde::timestamp::microsecond::required as micros};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::retry::Retry;

pub use {asked::Asked, rejection::Rejection};

mod asked;
mod rejection;
#[cfg(test)]
mod tests;

/// Why the customer is written to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// Invites to answer a follow-up (R-SCH-10).
    #[default]
    FollowUp,
    /// Offers a solution (R-CMP-08).
    Offer,
    /// Tells the result and asks whether it is settled (R-CMP-10, R-CMP-11).
    Result,
    /// Tells that a complaint is being looked into (R-CMP-05).
    Progress,
    /// Asks once more whether it is settled (R-CMP-11).
    Satisfaction,
    /// Tells who reported a problem that a measure against it is in force (R-CMP-15).
    Improvement,
    /// Tells who made a suggestion what became of it (R-ANA-13).
    SuggestionAdopted,
    SuggestionDeclined,
    /// Tells whom a major issue concerns to get in touch.
    MajorIssue,
    /// Tells that an article is repaired, and asks for a word when the customer has it (R-FUL-13).
    Repaired,
    /// Tells what an inspection found and what comes of it now, and asks whether he agrees (R-FUL-04).
    Inspected,
    /// Tells what a repair costs him, and asks whether it is to be done (R-FUL-11).
    Quoted,
    /// Tells under which number goods come back that were agreed on or granted while he was not there (R-FUL-03).
    ReturnAuthorised,
    /// Tells that people granted what the policy had left to them, and what he has yet to say yes to (R-FUL-02).
    ReviewGranted,
    /// Tells that they did not, why, and where he turns who does not agree (R-FUL-02).
    ReviewRefused,
    /// Answers a case over the channel its customer came by.
    Answer,
}

/// How the customer was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Medium {
    /// A mail server took it.
    Email,
    /// An SMS gateway took it.
    Sms,
    /// A service of the platform the customer is on took it.
    Push,
}

/// What is known from the beginning and never changes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Facts {
    /// Derived from what the message is for, so that a repeated event queues nothing twice.
    pub message_id: Uuid,
    /// Whom to write to; only intake knows who that is (R-SEC-01).
    pub customer_id: Uuid,
    /// Why.
    pub purpose: Purpose,
    /// The complaint, follow-up, improvement action, suggestion, major issue, service order or case it is about.
    pub about_id: Uuid,
    /// After this instant sending it would be wrong: nobody is invited to a follow-up whose window has closed.
    pub not_after: Option<Timestamp>,
    /// Who takes it cannot tell a second one from the first: what may have been sent is not sent again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub once: bool,
    /// The case of what it is about, where it is not about a complaint itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub case: Option<Of>,
    /// What he is to say yes or no to, to do or to know, until `not_after`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<Asked>,
}

/// By what a case is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Of {
    Case(Uuid),
    Complaint(Uuid),
}

impl Facts {
    /// The case whose customer is told by it how far things are: he may look how it stands (R-INT-24).
    pub fn progress_of(&self) -> Option<Of> {
        match self.purpose {
            Purpose::Offer | Purpose::Result | Purpose::Progress | Purpose::Satisfaction => {
                Some(Of::Complaint(self.about_id))
            }
            Purpose::Repaired | Purpose::Inspected | Purpose::Quoted => self.case,
            Purpose::ReturnAuthorised | Purpose::ReviewGranted | Purpose::ReviewRefused => self.case,
            Purpose::FollowUp | Purpose::Improvement | Purpose::SuggestionAdopted => None,
            Purpose::SuggestionDeclined | Purpose::MajorIssue | Purpose::Answer => None,
        }
    }
}

/// A message and how far it got.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// What it is.
    pub facts: Facts,
    /// Since when it waits to be sent, as microseconds since 1970 so that the database can order by it.
    #[serde(with = "micros")]
    pub queued_at: Timestamp,
    /// How often a sender has taken it.
    pub attempts: u32,
    /// Why the last attempt did not succeed, as a code.
    pub trouble: Option<String>,
    /// Where it stands.
    pub state: State,
}

/// Where a message stands; `kind` is the status word.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum State {
    /// There is no such message yet.
    #[default]
    Absent,
    /// Waits for its next attempt, or is being sent by the one who claimed it.
    Queued {
        /// From when on it may be claimed; the end of the claim while there is one. In microseconds, as above.
        #[serde(with = "micros")]
        next_try_at: Timestamp,
        /// The attempt that is under way.
        claim: Option<Uuid>,
    },
    /// A server took it.
    Sent {
        /// Which kind of server.
        medium: Medium,
        /// When it said so.
        sent_at: Timestamp,
    },
    /// The gateway confirmed that it reached the customer.
    Delivered {
        /// How it was sent.
        medium: Medium,
        /// When a server took it.
        sent_at: Timestamp,
        /// When the confirmation came.
        delivered_at: Timestamp,
    },
    /// It was not sent and will not be.
    Failed {
        /// Why, for example `no_contact` or `smtp_550`.
        code: String,
    },
    /// Its reason had gone before it was sent.
    Withdrawn,
}

/// What a message can be told.
#[derive(Clone, Debug)]
pub enum Command {
    /// Write to the customer. Said twice, it is done once.
    Queue(Facts),
    /// A sender wants it to itself for one attempt.
    Claim {
        /// Names the attempt.
        claim: Uuid,
        /// When the claim ends by itself.
        until: Timestamp,
        /// How often it may be tried.
        retry: Retry,
    },
    /// A server said that it took it. Believed whoever says it: it is a fact.
    RecordSent {
        /// Which kind of server.
        medium: Medium,
    },
    /// The attempt did not succeed, but another one may.
    Defer {
        /// The attempt; another one's word no longer counts.
        claim: Uuid,
        /// Why.
        code: String,
        /// When to try again, and how often.
        retry: Retry,
    },
    /// The attempt showed that no other one can succeed.
    Fail {
        /// The attempt; another one's word no longer counts.
        claim: Uuid,
        /// Why.
        code: String,
    },
    /// The gateway says that it reached the customer.
    ConfirmDelivery,
    /// What it asks has been answered, or is asked otherwise. Nothing of what was sent, or is not known.
    Withdraw,
}

/// What happened to a message.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// It waits to be sent.
    Queued {
        /// What it is.
        facts: Facts,
        /// Since when it waits.
        at: Timestamp,
    },
    /// A sender has it until then.
    Claimed {
        /// Names the attempt.
        claim: Uuid,
        /// When the claim ends by itself.
        until: Timestamp,
    },
    /// The attempt did not succeed; the next one is due then.
    Deferred {
        /// Why.
        code: String,
        /// When it may be claimed again.
        next_try_at: Timestamp,
    },
    /// A server took it.
    Sent {
        /// Which kind of server.
        medium: Medium,
        /// When it said so.
        at: Timestamp,
    },
    /// It reached the customer.
    Delivered {
        /// When the gateway said so.
        at: Timestamp,
    },
    /// It will not be sent.
    Failed {
        /// Why.
        code: String,
    },
    /// It is not sent any more; who has just handed it over still says so.
    Withdrawn,
}

impl Message {
    /// What follows from the command at `now`.
    pub fn decide(&self, command: Command, now: Timestamp) -> Result<Vec<Event>, Rejection> {
        match (&self.state, command) {
            (State::Absent, Command::Queue(facts)) => Ok(vec![Event::Queued { facts, at: now }]),
            (State::Absent, Command::Withdraw) => Ok(vec![]),
            (State::Absent, _) => Err(Rejection::Unknown),
            (_, Command::Queue(_)) => Ok(vec![]),

            (State::Queued { next_try_at, .. }, Command::Claim { claim, until, retry }) if *next_try_at <= now => {
                Ok(vec![self.attempt(claim, until, retry, now)])
            }
            (_, Command::Claim { .. }) => Err(Rejection::NotDue),

            // Whoever had it when it was withdrawn may have sent it.
            (State::Queued { .. } | State::Withdrawn, Command::RecordSent { medium }) => {
                Ok(vec![Event::Sent { medium, at: now }])
            }
            (State::Queued { .. }, Command::Withdraw) => Ok(vec![Event::Withdrawn]),
            (State::Queued { .. }, Command::Defer { claim, code, retry }) if self.is_held_by(claim) => {
                Ok(vec![self.next_attempt(code, retry, now)])
            }
            (State::Queued { .. }, Command::Fail { claim, code }) if self.is_held_by(claim) => {
                Ok(vec![Event::Failed { code }])
            }
            (_, Command::RecordSent { .. } | Command::Defer { .. } | Command::Fail { .. } | Command::Withdraw) => {
                Ok(vec![])
            }

            (State::Sent { .. }, Command::ConfirmDelivery) => Ok(vec![Event::Delivered { at: now }]),
            (State::Delivered { .. }, Command::ConfirmDelivery) => Ok(vec![]),
            (State::Queued { .. } | State::Failed { .. } | State::Withdrawn, Command::ConfirmDelivery) => {
                Err(Rejection::NotSent)
            }
        }
    }

    /// A message that is too late, or whose last attempt ended without a word, fails instead of being tried; so does one that
    /// must not come twice as soon as any attempt ended so.
    fn attempt(&self, claim: Uuid, until: Timestamp, retry: Retry, now: Timestamp) -> Event {
        if self.too_late(now) {
            Event::Failed { code: "too_late".into() }
        } else if self.attempts >= retry.max_attempts || (self.facts.once && self.ended_without_a_word()) {
            Event::Failed { code: "no_outcome".into() }
        } else {
            Event::Claimed { claim, until }
        }
    }

    fn next_attempt(&self, code: String, retry: Retry, now: Timestamp) -> Event {
        match retry.next(self.attempts, now) {
            Some(next_try_at) if !self.too_late(next_try_at) => Event::Deferred { code, next_try_at },
            _ => Event::Failed { code },
        }
    }

    /// Whoever had it last said nothing before the claim ended.
    fn ended_without_a_word(&self) -> bool {
        matches!(self.state, State::Queued { claim: Some(_), .. })
    }

    fn too_late(&self, at: Timestamp) -> bool {
        self.facts.not_after.is_some_and(|limit| at > limit)
    }

    /// Whether this attempt has the message.
    pub fn is_held_by(&self, attempt: Uuid) -> bool {
        matches!(self.state, State::Queued { claim: Some(holder), .. } if holder == attempt)
    }

    /// Takes in what happened.
    pub fn apply(&mut self, event: &Event) {
        match event {
            Event::Queued { facts, at } => {
                self.facts = facts.clone();
                self.queued_at = *at;
                self.state = State::Queued { next_try_at: *at, claim: None };
            }
            Event::Claimed { claim, until } => {
                self.attempts = self.attempts.saturating_add(1);
                self.state = State::Queued { next_try_at: *until, claim: Some(*claim) };
            }
            Event::Deferred { code, next_try_at } => {
                self.trouble = Some(code.clone());
                self.state = State::Queued { next_try_at: *next_try_at, claim: None };
            }
            Event::Sent { medium, at } => self.state = State::Sent { medium: *medium, sent_at: *at },
            Event::Delivered { at } => {
                if let State::Sent { medium, sent_at } = self.state {
                    self.state = State::Delivered { medium, sent_at, delivered_at: *at };
                }
            }
            Event::Failed { code } => self.state = State::Failed { code: code.clone() },
            Event::Withdrawn => self.state = State::Withdrawn,
        }
    }

    /// The status word: absent, queued, sent, delivered, failed, withdrawn.
    pub fn status(&self) -> &'static str {
        match self.state {
            State::Absent => "absent",
            State::Queued { .. } => "queued",
            State::Sent { .. } => "sent",
            State::Delivered { .. } => "delivered",
            State::Failed { .. } => "failed",
            State::Withdrawn => "withdrawn",
        }
    }
}
