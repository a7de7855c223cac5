//! Every further answer (`next_response`): what the customer says to a case that was answered waits for one, and so does a
//! case that a person takes up again. What is handled as a complaint is answered there, within its longest silence.
//! Invariants: one promise a turn of the customer, however often he writes before he is answered; it runs from when he
//! wrote, for a message, and never stands still; an answer keeps it, and whatever ends the case cancels it (D8).
use jiff::Timestamp;
use kernel::{
    promise::{self, Fact, Promise, verdict},
    sla::{self, Kind, Levels, Warning},
};

use super::{
    answer::Moved,
    case::{self, Case, Facts, Rejection, State},
    vocabulary::Channel,
};

/// What happened to the answer that is owed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A human answered. Where the answer was told late, it may have been said to be missed before.
    Given {
        at: Timestamp,
        in_time: bool,
        was_missed: bool,
        promises: Vec<Moved>,
    },
    DueSoon {
        warning: Warning,
        promises: Vec<Moved>,
    },
    Missed {
        promises: Vec<Moved>,
    },
}

impl Event {
    /// What happened to the promise with it.
    pub(super) fn promises(&self) -> &[Moved] {
        match self {
            Self::Given { promises, .. } | Self::DueSoon { promises, .. } | Self::Missed { promises } => promises,
        }
    }

    /// What time brought.
    pub(super) fn brought(moved: Moved) -> case::Event {
        case::Event::Reply(match moved.event {
            promise::Event::Warned { warning, .. } => Self::DueSoon { warning, promises: vec![moved] },
            _ => Self::Missed { promises: vec![moved] },
        })
    }
}

impl Case {
    /// The promise of the answer that the customer waits for; none where he waits for none, or for the first one.
    pub fn owed_reply(&self) -> Option<&Promise> {
        self.promises.last(Kind::NextResponse).filter(|promise| promise.standing.end.is_none())
    }

    /// Nobody has answered what the customer said last, and the time for it runs.
    pub(super) fn awaits_reply(&self) -> bool {
        self.owed_reply().is_some_and(|promise| promise.standing.state == promise::State::Running)
    }

    /// Promises an answer to what was said on `channel` at `at`; nothing where one is owed already, be it the first one, or
    /// where complaint's people answer. Errors: the calendar ends too early.
    pub(super) fn promise_reply(
        &self,
        facts: &Facts,
        (channel, at): (Channel, Timestamp),
        levels: &Levels,
    ) -> Result<Vec<Moved>, Rejection> {
        if self.state == State::Routed || facts.complaint_id.is_some() || self.owed_reply().is_some() {
            return Ok(vec![]);
        }
        // What was said before our last word and reached us after it is not answered by it: from that word on it waits.
        let ended = self.promises.last(Kind::NextResponse).and_then(|last| last.standing.end).map(|end| end.at);
        let at = [self.responded_at, ended].into_iter().flatten().fold(at, Timestamp::max);
        let asked = sla::Facts { channel: Some(channel.word()), ..facts.asked(facts.lane) };
        let Some(mut promise) = levels.promise(Kind::NextResponse, asked, None, at)? else { return Ok(vec![]) };
        if let Some(held) = &self.assignment {
            let owned = promise::Command::Note(Fact::Assigned { at, owner: held.to.clone() });
            let events = promise.decide(&owned, at, &|of| levels.calendar(of))?;
            events.iter().for_each(|event| promise.apply(event));
        }
        Ok(self.promises.start(Kind::NextResponse, promise).into_iter().collect())
    }

    /// A human gave the answer that is owed, now or at an earlier time. Errors: it was given before the customer asked.
    pub(super) fn reply(
        &self,
        owed: &Promise,
        at: Timestamp,
        levels: &Levels,
        now: Timestamp,
    ) -> Result<Vec<case::Event>, Rejection> {
        if at < owed.started_at {
            return Err(Rejection::AlreadyResponded);
        }
        let kept = promise::Command::Note(Fact::Satisfied { at });
        let of = |kind| kind == Kind::NextResponse;
        let promises = self.promises.decide(of, &kept, now, &|of| levels.calendar(of))?;
        let in_time = verdict(owed.standing.due_at, at).in_time();
        let was_missed = owed.standing.state == promise::State::Breached;
        Ok(vec![case::Event::Reply(Event::Given { at, in_time, was_missed, promises })])
    }
}

/// The promise that begins with what happened to promises; none where none does.
pub fn begun(promises: &[Moved]) -> Option<&Promise> {
    promises.iter().find_map(|moved| match &moved.event {
        promise::Event::Started(promise) if moved.kind == Kind::NextResponse => Some(&**promise),
        _ => None,
    })
}
