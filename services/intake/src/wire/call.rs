//! What others learn of calls to the hotline; nothing of who called.
use backbone::{Aggregate, Fault, Published, proto};
use contracts::intake::v1 as contract;
use jiff::Timestamp;

use crate::domain::call::{self, Call};

impl Aggregate for Call {
    const TABLE: &'static str = "hotline_call";
    type Command = call::Command;
    type Event = call::Event;
    type Rejection = call::Rejection;

    fn decide(&self, command: Self::Command, now: Timestamp) -> Result<Vec<Self::Event>, Self::Rejection> {
        Call::decide(self, command, now)
    }

    fn apply(&mut self, event: &Self::Event) {
        Call::apply(self, event);
    }

    fn publish(&self, event: &Self::Event, shard: u8) -> Published {
        let call::Event::Ended(facts) = event;
        let outcome = match facts.outcome {
            call::Outcome::Answered => contract::CallOutcome::Answered,
            call::Outcome::Abandoned => contract::CallOutcome::Abandoned,
        };
        let ended = contract::CallEnded {
            call_id: facts.call_id.to_string(),
            outcome: outcome.into(),
            wait_seconds: facts.wait_seconds,
            ended_at: Some(proto::timestamp(facts.at)),
            case_id: facts.case_id.map(|id| id.to_string()).unwrap_or_default(),
        };
        Published::of(&ended, shard).at(facts.at)
    }
}

impl From<call::Rejection> for Fault {
    fn from(rejection: call::Rejection) -> Self {
        match rejection {}
    }
}
