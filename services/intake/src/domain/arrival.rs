//! How a contact reached us, beside what it says: whether anybody was at work then (R-INT-16), and whether the time it names is
//! believed (R-INT-04).
//! Invariants: whoever writes while nobody works is told so once a case and closed time, over the channel he came by; that is no person's
//! answer, so it keeps no promise; where he cannot be told the case says why.
use jiff::{SignedDuration, Timestamp};
use kernel::{
    calendar,
    sla::{self, Hours, Levels},
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    answer::opens,
    case::{Case, Contact, Event, State},
    sending::{self, Fate, Sent, Words, later_acknowledgement},
    vocabulary::Lane,
};

/// What was said longer ago is acknowledged to nobody: a mailbox that is read for the first time is full of old mails.
const TOLD_WITHIN: SignedDuration = SignedDuration::from_hours(48);

/// Nothing we are told was said before: a clock that is further back was never set.
pub const EARLIEST: Timestamp = Timestamp::constant(946_684_800, 0);
/// Clocks may be ahead of ours by this much.
const AHEAD_MAX: SignedDuration = SignedDuration::from_hours(24);

/// Whether a time is too far ahead of `now` to be that of something that happened.
pub fn is_ahead(at: Timestamp, now: Timestamp) -> bool {
    at > calendar::add(now, AHEAD_MAX)
}

/// Whether something we are told of can have happened at this time, as far as clocks are believed.
pub fn can_be(at: Timestamp, now: Timestamp) -> bool {
    at >= EARLIEST && !is_ahead(at, now)
}

/// How a contact came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Arrival {
    /// How its customer can be told that it came while nobody works; none where it is not a customer who came.
    pub told: Option<Told>,
    pub doubt: Option<Doubt>,
    /// The request that brings it; known only as long as that is under way.
    pub request: Option<Uuid>,
}

/// How a customer is told that nobody works.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Told {
    /// Whoever brings the contact is answered there and then, and tells him.
    AtTheDoor,
    /// An acknowledgement is sent over this source.
    Over(String),
    /// Nothing can be sent over the channel.
    NoWayBack,
    /// Nobody would read it: a list, an address that takes no answers, or one that wants them elsewhere.
    NobodyReads,
    /// He was told some times within the hour: two machines may be writing to each other.
    TooOften,
    /// It lay in quarantine, and a person let it in.
    Quarantined,
    /// It was said long before it reached us.
    TooLate,
}

impl Told {
    /// Its word.
    pub fn word(&self) -> &'static str {
        match self {
            Self::AtTheDoor => "at_the_door",
            Self::Over(_) => "sent",
            Self::NoWayBack => "no_way_back",
            Self::NobodyReads => "nobody_reads",
            Self::TooOften => "too_often",
            Self::Quarantined => "quarantined",
            Self::TooLate => "too_late",
        }
    }
}

/// Nobody worked when a contact came in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closed {
    /// When somebody does again.
    pub until: Timestamp,
    /// The calendar that says so.
    pub calendar: String,
    pub told: Told,
}

/// Why a contact counts from when we got it, and not from when it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Doubt {
    /// It names no time.
    Missing,
    /// Its sender's clock was never set, or is ahead of ours.
    NotBelieved,
}

impl Doubt {
    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::NotBelieved => "not_believed",
        }
    }
}

/// Why a message that is understood waits in quarantine until a person lets it in, where it speaks of no harm and no case
/// listens for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum Wait {
    #[error("no_date: it does not say when it was written")]
    NoDate,
    #[error(
        "date_not_believed: it says that it was written before 2000, more than a day ahead of us, or at no time there is"
    )]
    DateNotBelieved,
    /// In this field of what was pushed.
    #[error(
        "{0}: date_not_believed: it is before 2000 or more than a day ahead of us; give when it happened, in our own forms as \
         RFC 3339 with a zone"
    )]
    TimeNotBelieved(&'static str),
    /// More than its mailbox hands out.
    #[error("too_large: it is larger than 4 MiB, so only its beginning was fetched, and it lies in the mailbox unseen")]
    TooLarge,
    /// More than so many characters.
    #[error("too_long: it says more than {0} characters, and nobody reads them all")]
    TooLong(usize),
}

impl Closed {
    /// What holds at `now`, of a contact of `since`, by the calendar of the place (store, team or channel), whatever the promises count in; none while
    /// somebody works.
    pub fn at(levels: &Levels, of: sla::Facts<'_>, told: Told, (since, now): (Timestamp, Timestamp)) -> Option<Self> {
        let counted = levels.counting(&Hours::OfPlace, of, None)?;
        let calendar = levels.calendar(&counted).filter(|calendar| !calendar.is_working(now))?;
        // A calendar that ends says nothing of when it goes on.
        let until = opens(calendar, now).ok()?;
        let late = matches!(told, Told::Over(_)) && now.duration_since(since) > TOLD_WITHIN;
        Some(Self { until, calendar: counted.id, told: if late { Told::TooLate } else { told } })
    }

    /// The acknowledgement that is asked for under this id, where one can be sent.
    pub(super) fn acknowledged(&self, message_id: Uuid, now: Timestamp) -> Option<Event> {
        let Told::Over(over) = &self.told else { return None };
        let over = over.clone();
        Some(Event::Sent(sending::Event::Asked { message_id, over, words: Words::Acknowledgement, at: now }))
    }
}

/// What is told by an acknowledgement that is sent now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acknowledged {
    /// When somebody works again.
    pub from: Timestamp,
    /// The calendar that says so.
    pub calendar: String,
    /// A person owes an answer by then; none where none is owed by a time.
    pub by: Option<Timestamp>,
}

impl Case {
    /// Whether what its customer says waits for nobody: it asked him, or it runs and is about health (R-INT-09).
    pub fn listens(&self) -> bool {
        let is_health = self.facts.as_ref().is_some_and(|facts| facts.lane == Lane::Health);
        self.info_until().is_some() || (is_health && !self.is_ended())
    }

    /// The acknowledgement of a further contact that comes while nobody works, where one can be sent; none where one went out for the same closed time,
    /// or whoever brought the case's first contact was told of it.
    pub fn acknowledgement(&self, contact: &Contact, levels: &Levels, now: Timestamp) -> Option<(Uuid, Closed)> {
        let facts = self.facts.as_ref()?;
        let asked = sla::Facts { channel: Some(contact.channel.word()), ..facts.asked(facts.lane) };
        let closed = Closed::at(levels, asked, contact.arrival.told.clone()?, (contact.occurred_at, now))?;
        let told =
            |first: &&Closed| matches!(first.told, Told::Over(_) | Told::AtTheDoor) && first.until == closed.until;
        let message_id = later_acknowledgement(facts.case_id, closed.until);
        let is_new = facts.closed.as_ref().filter(told).is_none() && self.answer_sent(message_id).is_none();
        (is_new && matches!(closed.told, Told::Over(_))).then_some((message_id, closed))
    }

    /// What an acknowledgement says that is sent only at `now`; none where it would say what is not so: somebody works by now, a
    /// person has answered since, or the case goes on no more.
    pub fn acknowledges(&self, sent: &Sent, levels: &Levels, now: Timestamp) -> Option<Acknowledged> {
        let facts = self.facts.as_ref()?;
        let runs =
            matches!(self.state, State::Routed | State::Responded | State::Reopened | State::AwaitingInfo { .. });
        let replied = self.promises.last(sla::Kind::NextResponse).and_then(|last| last.standing.end);
        let written = self.sent.iter().filter(|one| !one.is_automatic()).map(|one| one.at);
        let answered = written.chain(self.responded_at).chain(replied.map(|end| end.at)).any(|at| at >= sent.at);
        let channel = self.course.further.last().map_or(facts.channel, |further| further.channel);
        let asked = sla::Facts { channel: Some(channel.word()), ..facts.asked(facts.lane) };
        let closed = Closed::at(levels, asked, Told::AtTheDoor, (sent.at, now)).filter(|_| runs && !answered)?;
        let by = match self.state {
            State::Routed => Some(facts.respond_by),
            _ => self.owed_reply().map(|owed| owed.standing.due_at),
        };
        Some(Acknowledged { from: closed.until, calendar: closed.calendar, by })
    }

    /// Whether the customer has no link to the status page from us yet, when this is sent to him: the first words of a person, where
    /// no acknowledgement came through before them (R-INT-24).
    pub fn brings_link(&self, message_id: Uuid) -> bool {
        let has_link = |one: &Sent| match one.fate {
            Fate::Told { .. } => !one.article,
            Fate::Asked => !one.is_automatic(),
            Fate::Failed { .. } => false,
        };
        let before = self.sent.iter().take_while(|one| one.message_id != message_id);
        self.sent.len() < sending::KEPT && !before.into_iter().any(has_link)
    }
}
