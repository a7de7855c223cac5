//! What can be asked of a case, and what can happen to it. What follows from the one and becomes of the other is said by
//! [`Case`](super::case::Case).
use std::{collections::BTreeSet, sync::Arc};

use jiff::Timestamp;
use kernel::sla::{Levels, Warning};
use uuid::Uuid;

use super::{
    advice::Opinion,
    answer::Moved,
    assignment::{Assignment, HandOver},
    case::Facts,
    contact::Contact,
    course,
    ending::Unfit,
    health,
    information::Question,
    judgement::{Classified, Judgement},
    knowledge::Offer,
    minimum::Minimum,
    rating::Rating,
    record::{Added, Part},
    regulator::Packs,
    reply,
    reporting::{self, Receipt, Withdrawal},
    sending::{self, Fate},
    vocabulary::Outcome,
};

/// What can be asked of a case. What gives or ends a promise brings the service levels.
#[derive(Clone, Debug)]
pub enum Command {
    /// A person adds to the record what was missing.
    Complete {
        added: Added,
        minimum: Arc<Minimum>,
    },
    /// A person adds to the health record.
    RecordHealth {
        said: Box<health::Said>,
        levels: Arc<Levels>,
        packs: Arc<Packs>,
    },
    /// An authority confirmed a report.
    ReceiveReport {
        receipt: Receipt,
        packs: Arc<Packs>,
    },
    /// A person says that nothing is reported to the authority of a pack after all.
    WithdrawReport {
        pack: String,
        withdrawal: Withdrawal,
    },
    /// The customer rates the end, 1 to 5.
    Rate {
        score: u8,
    },
    /// Time has passed, and a report is owed.
    LookAtReports,
    /// Take the contact in, with its first answer promised. Told again it changes nothing.
    Register {
        contact: Box<Contact>,
        levels: Arc<Levels>,
    },
    /// A human answered the customer, for the first time or again: now, or at an earlier time told only now.
    Respond {
        at: Option<Timestamp>,
        levels: Arc<Levels>,
    },
    /// A human answers, and it is sent for us over this source or channel.
    Answer {
        message_id: Uuid,
        over: String,
        levels: Arc<Levels>,
    },
    /// What became of an answer that was sent for us.
    Fare {
        message_id: Uuid,
        fate: Fate,
        levels: Arc<Levels>,
    },
    /// Give it to a person.
    Assign {
        asked: HandOver,
        levels: Arc<Levels>,
    },
    /// A person takes it, having read the assignment of this version; 0 where there was none.
    Accept {
        by: String,
        version: u32,
        levels: Arc<Levels>,
    },
    /// An adviser says what it is about; whether its word may count.
    Advise {
        opinion: Box<Opinion>,
        decides: bool,
        levels: Arc<Levels>,
        packs: Arc<Packs>,
    },
    /// A person says what it is about.
    Classify {
        said: Box<Judgement>,
        levels: Arc<Levels>,
        packs: Arc<Packs>,
    },
    /// Ask the customer for what is missing.
    RequestInfo {
        asked: Question,
        levels: Arc<Levels>,
        minimum: Arc<Minimum>,
    },
    /// Time has passed, and what is missing is awaited.
    LookForInfo,
    /// Time has passed, and an answer is awaited.
    LookAtResponse,
    /// A person says that it is no case of ours, and why.
    Reject {
        what: Unfit,
        reason: String,
        levels: Arc<Levels>,
    },
    /// The customer says whether the article that was offered helped.
    Judge {
        helpful: bool,
        levels: Arc<Levels>,
    },
    /// Put a tag on it, or take it off.
    Tag {
        tag: String,
        put: bool,
    },
    /// It needs nothing else.
    Close {
        outcome: Outcome,
        levels: Arc<Levels>,
    },
    /// Its complaint reached its end.
    EndWithComplaint {
        outcome: Outcome,
        levels: Arc<Levels>,
    },
    /// Its complaint was taken up again after its end.
    ReopenWithComplaint,
    Course(course::Command),
}

/// What happened to a case, and with it to its promises.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    Registered {
        facts: Box<Facts>,
        promises: Vec<Moved>,
    },
    Responded {
        at: Timestamp,
        in_time: bool,
        promises: Vec<Moved>,
    },
    /// An answer told late was the first, or says that none was missed.
    ResponseCorrected {
        at: Timestamp,
        in_time: bool,
        was_at: Option<Timestamp>,
        was_late: bool,
        promises: Vec<Moved>,
    },
    ResponseDueSoon {
        warning: Warning,
        promises: Vec<Moved>,
    },
    ResponseMissed {
        promises: Vec<Moved>,
    },
    /// The answer was missed, and now the time for urgent matters as well.
    FeedbackMissed {
        promises: Vec<Moved>,
    },
    /// A further answer was given, is due soon, or was missed.
    Reply(reply::Event),
    Closed {
        outcome: Outcome,
        at: Timestamp,
        promises: Vec<Moved>,
    },
    Reopened,
    /// An answer is sent for us, or something became of one.
    Sent(sending::Event),
    Course(course::Event),
    RecordCompleted(Added),
    Health(health::Event),
    Report(reporting::Event),
    Rated(Rating),
    InfoRequested {
        missing: BTreeSet<Part>,
        until: Timestamp,
    },
    InfoAdded {
        still_missing: BTreeSet<Part>,
    },
    Rejected {
        what: Unfit,
        reason: String,
        at: Timestamp,
        promises: Vec<Moved>,
    },
    Tagged {
        tag: String,
        put: bool,
    },
    AnswerOffered(Offer),
    /// Whether it helped.
    AnswerJudged(bool),
    /// What an adviser says it is about.
    Advised(Box<Opinion>),
    /// It is about something else than was thought.
    Classified(Box<Classified>),
    /// Another person has it now.
    Assigned {
        assignment: Assignment,
        promises: Vec<Moved>,
    },
}
