//! A call to the hotline, as the telephone system tells of it: how long the caller waited, and whether anybody
//! answered.
//! Invariant: a call ends once; the end that was told first stands.
use jiff::Timestamp;
use kernel::id;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A call.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    pub facts: Option<Facts>,
    pub state: State,
}

/// Where a call stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum State {
    /// Not known (yet).
    #[default]
    Absent,
    /// Somebody took it.
    Answered,
    /// The caller gave up.
    Abandoned,
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Answered,
    Abandoned,
}

/// The end of a call as it was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    pub outcome: Outcome,
    /// From being offered until then.
    pub wait_seconds: u32,
    pub at: Timestamp,
}

/// What is known of a call that ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    pub call_id: Uuid,
    pub outcome: Outcome,
    pub wait_seconds: u32,
    pub at: Timestamp,
    /// The case it opened.
    pub case_id: Option<Uuid>,
}

/// What can be told of a call.
#[derive(Clone, Debug)]
pub enum Command {
    End(Facts),
}

/// What happened to a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    Ended(Facts),
}

/// A call refuses nothing: it is told what was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rejection {}

/// The id of the call a source knows by its own reference.
pub fn id_of(source: &str, reference: &str) -> Uuid {
    id::derived("call", &[source, reference])
}

impl Ended {
    /// The command that tells the call so, with the case it opened.
    pub fn command(self, call_id: Uuid, case_id: Option<Uuid>) -> Command {
        let Self { outcome, wait_seconds, at } = self;
        Command::End(Facts { call_id, outcome, wait_seconds, at, case_id })
    }
}

impl Call {
    /// What follows from `command`; nothing, once the call has ended.
    pub fn decide(&self, command: Command, _now: Timestamp) -> Result<Vec<Event>, Rejection> {
        let Command::End(facts) = command;
        Ok(if self.facts.is_none() { vec![Event::Ended(facts)] } else { vec![] })
    }

    /// Takes in what happened.
    pub fn apply(&mut self, event: &Event) {
        let Event::Ended(facts) = event;
        self.state = match facts.outcome {
            Outcome::Answered => State::Answered,
            Outcome::Abandoned => State::Abandoned,
        };
        self.facts = Some(facts.clone());
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    /// Every state with every command; the diagram of the README.
    #[test]
    fn r_int_14_a_call_ends_once_as_it_was_told_first() {
        let word = |call: &Call| serde_json::to_value(call.state).unwrap()["kind"].as_str().unwrap().to_owned();
        let mut steps = Vec::new();
        for (outcome, told) in [(Outcome::Answered, "answered"), (Outcome::Abandoned, "abandoned")] {
            let ended = Ended { outcome, wait_seconds: 12, at: Timestamp::UNIX_EPOCH };
            let mut call = Call::default();
            let events = call.decide(ended.command(Uuid::from_u128(1), None), Timestamp::UNIX_EPOCH).unwrap();
            events.iter().for_each(|event| call.apply(event));
            assert_eq!(call.facts.as_ref().map(|facts| (facts.outcome, facts.wait_seconds)), Some((outcome, 12)));
            steps.push(("[*]".to_owned(), format!("end as {told}"), word(&call)));
            for again in [Outcome::Answered, Outcome::Abandoned] {
                let ended = Ended { outcome: again, wait_seconds: 99, at: Timestamp::UNIX_EPOCH };
                let again = call.decide(ended.command(Uuid::from_u128(1), None), Timestamp::UNIX_EPOCH).unwrap();
                assert_eq!(again, vec![], "{told}");
            }
        }
        let readme = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
        testkit::docs::section(readme, "state-diagram-call", &testkit::docs::diagram(&steps));
    }
}
