//! A follow-up: what we owe a customer and what became of it, in one record.
//! Invariant: planned once, answered at most once; a missed one stays missed until its late answer comes.
use std::collections::BTreeSet;

use jiff::Timestamp;
use kernel::promise;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    base_data::Flaw,
    rules::{Obligation, Window, mattering},
};

/// An obligation to ask a customer, and the asking of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FollowUp {
    pub obligation: Option<Obligation>,
    pub state: State,
}

/// How far a follow-up has come.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum State {
    /// Not owed (yet).
    #[default]
    Absent,
    /// Owed; its window has not begun.
    Planned,
    /// The customer is to be asked now.
    Due,
    /// The customer answered; `problem` when a case must be opened for it.
    Completed { answer: Answer, on_time: bool, problem: bool },
    /// The window closed without an answer.
    Missed,
}

/// How content a customer is: 1 (worst) to 5.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct Score(u8);

/// A score outside 1 to 5.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be 1 to 5")]
pub struct ScoreError;

impl TryFrom<u32> for Score {
    type Error = ScoreError;

    fn try_from(value: u32) -> Result<Self, ScoreError> {
        u8::try_from(value).ok().filter(|score| (1..=5).contains(score)).map(Score).ok_or(ScoreError)
    }
}

impl From<Score> for u32 {
    fn from(score: Score) -> Self {
        u32::from(score.0)
    }
}

/// What a customer answered. The words of a comment are kept apart; here only whether there were any.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    pub score: Score,
    pub discomfort: bool,
    pub commented: bool,
    pub answered_at: Timestamp,
}

impl Answer {
    /// Whether a linked case must be opened: discomfort, or a score of `threshold` or less (R-SCH-20).
    pub fn is_problem(&self, threshold: Score) -> bool {
        self.discomfort || self.score <= threshold
    }
}

/// What can be asked of a follow-up.
#[derive(Clone, Debug)]
pub enum Command {
    /// A sale made us owe this.
    Plan(Obligation),
    /// The goods reached the customer; a window counted from delivery moves while it is only planned.
    CountFromDelivery { delivered_at: Timestamp },
    /// What intake flags of the purchase's base data is not what it was.
    ChangeBaseData { purchase_id: Uuid, flaws: BTreeSet<Flaw> },
    /// The window begins.
    MakeDue,
    /// The window ends.
    Expire,
    /// The customer answered, now when `answered_at` is `None`. Scores up to `problem_score` are problems.
    RecordAnswer {
        score: Score,
        discomfort: bool,
        commented: bool,
        answered_at: Option<Timestamp>,
        problem_score: Score,
    },
}

/// What happened to a follow-up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    Planned(Obligation),
    Rescheduled { window: Window },
    BaseDataChanged { flaws: BTreeSet<Flaw> },
    MadeDue,
    Completed { answer: Answer, on_time: bool },
    ProblemFound { answer: Answer },
    Missed,
}

/// Why a request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    #[error("no such follow-up is owed")]
    NotFound,
    #[error("the follow-up has been answered already")]
    AlreadyAnswered,
    #[error("an answer cannot come from the future")]
    AnsweredInFuture,
    #[error("an answer cannot come before the purchase it is about")]
    AnsweredBeforePurchase,
}

impl Rejection {
    /// The stable name of the reason.
    pub fn code(&self) -> &'static str {
        match self {
            Rejection::NotFound => "follow_up.not_found",
            Rejection::AlreadyAnswered => "follow_up.already_answered",
            Rejection::AnsweredInFuture => "follow_up.answered_in_future",
            Rejection::AnsweredBeforePurchase => "follow_up.answered_before_purchase",
        }
    }
}

impl State {
    /// The status word, as stored and shown.
    pub fn name(&self) -> &'static str {
        match self {
            State::Absent => "absent",
            State::Planned => "planned",
            State::Due => "due",
            State::Completed { .. } => "completed",
            State::Missed => "missed",
        }
    }
}

impl FollowUp {
    /// What `command` makes happen at `now`. Repeated and late events make nothing happen.
    ///
    /// # Errors
    /// A [`Rejection`] for an answer that cannot be taken.
    pub fn decide(&self, command: Command, now: Timestamp) -> Result<Vec<Event>, Rejection> {
        let Some(obligation) = &self.obligation else {
            return match command {
                Command::Plan(obligation) => Ok(vec![Event::Planned(obligation)]),
                Command::RecordAnswer { .. } => Err(Rejection::NotFound),
                Command::CountFromDelivery { .. }
                | Command::ChangeBaseData { .. }
                | Command::MakeDue
                | Command::Expire => Ok(vec![]),
            };
        };
        let window = obligation.window;
        match (command, &self.state) {
            (Command::CountFromDelivery { delivered_at }, State::Planned) => {
                let moved = obligation.window_from_delivery(delivered_at);
                Ok(if moved == window { vec![] } else { vec![Event::Rescheduled { window: moved }] })
            }
            (Command::ChangeBaseData { purchase_id, flaws }, _) => {
                let flaws = mattering(&flaws, obligation.rule);
                let same = purchase_id != obligation.purchase_id || flaws == obligation.flaws;
                Ok(if same { vec![] } else { vec![Event::BaseDataChanged { flaws }] })
            }
            // Nobody is asked after the window: what was still planned at its end is missed at once.
            (Command::MakeDue | Command::Expire, State::Planned) if now >= window.end => Ok(vec![Event::Missed]),
            (Command::MakeDue, State::Planned) if now >= window.start => Ok(vec![Event::MadeDue]),
            (Command::Expire, State::Due) if now >= window.end => Ok(vec![Event::Missed]),
            (Command::RecordAnswer { .. }, State::Completed { .. }) => Err(Rejection::AlreadyAnswered),
            (Command::RecordAnswer { score, discomfort, commented, answered_at, problem_score }, _) => {
                let answered_at = answered_at.unwrap_or(now);
                Self::answered(obligation, Answer { score, discomfort, commented, answered_at }, problem_score, now)
            }
            (Command::Plan(_) | Command::CountFromDelivery { .. } | Command::MakeDue | Command::Expire, _) => {
                Ok(vec![])
            }
        }
    }

    /// The verdict is drawn from the time of the answer, not of its recording: one given in time is on time, even when
    /// it is learned after the window was closed as missed (R-SCH-16).
    fn answered(
        obligation: &Obligation,
        answer: Answer,
        problem_score: Score,
        now: Timestamp,
    ) -> Result<Vec<Event>, Rejection> {
        if answer.answered_at > now {
            return Err(Rejection::AnsweredInFuture);
        }
        if answer.answered_at < obligation.bought_at {
            return Err(Rejection::AnsweredBeforePurchase);
        }
        let on_time = promise::verdict(obligation.window.end, answer.answered_at).in_time();
        let mut events = vec![Event::Completed { answer, on_time }];
        if answer.is_problem(problem_score) {
            events.push(Event::ProblemFound { answer });
        }
        Ok(events)
    }

    /// Takes in what happened.
    pub fn apply(&mut self, event: &Event) {
        match event {
            Event::Planned(obligation) => {
                self.obligation = Some(obligation.clone());
                self.state = State::Planned;
            }
            Event::Rescheduled { window } => {
                if let Some(obligation) = &mut self.obligation {
                    obligation.window = *window;
                }
            }
            Event::BaseDataChanged { flaws } => {
                if let Some(obligation) = &mut self.obligation {
                    obligation.flaws = flaws.clone();
                }
            }
            Event::MadeDue => self.state = State::Due,
            Event::Completed { answer, on_time } => {
                self.state = State::Completed { answer: *answer, on_time: *on_time, problem: false };
            }
            Event::ProblemFound { .. } => {
                if let State::Completed { problem, .. } = &mut self.state {
                    *problem = true;
                }
            }
            Event::Missed => self.state = State::Missed,
        }
    }

    /// What is owed next, once this one has come to an end by `event` (R-SCH-06).
    pub fn successor(&self, event: &Event) -> Option<Obligation> {
        match event {
            Event::Completed { .. } | Event::Missed => self.obligation.as_ref()?.successor(),
            Event::Planned(_)
            | Event::Rescheduled { .. }
            | Event::BaseDataChanged { .. }
            | Event::MadeDue
            | Event::ProblemFound { .. } => None,
        }
    }

    /// What the one that is owed after this one is told of, where it is planned already.
    pub fn passed_on(&self, event: &Event) -> Option<(Uuid, Command)> {
        let Event::BaseDataChanged { flaws } = event else { return None };
        let next = self.obligation.as_ref()?.successor()?;
        Some((next.id(), Command::ChangeBaseData { purchase_id: next.purchase_id, flaws: flaws.clone() }))
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use jiff::SignedDuration;
    use uuid::Uuid;

    use super::super::rules::{Days, Line, LongTerm, Product, ProductUse, Rules, Sale};
    use super::*;

    const NOW: Timestamp = Timestamp::constant(1_770_000_000, 0);

    fn days_ago(days: i64) -> Timestamp {
        NOW - SignedDuration::from_hours(24 * days)
    }

    /// What is owed about the use of something bought and delivered then: to be asked on day 7 to 30.
    fn owed(bought_days_ago: i64) -> Obligation {
        let rules = Rules {
            new_customer: Days::new(0, 7).unwrap(),
            product_use: ProductUse { usual: Days::new(7, 30).unwrap(), categories: Default::default() },
            long_term: LongTerm::new(6, 14).unwrap(),
        };
        let product = Product { id: "p1".into(), category: "skincare".into(), batch: "b1".into() };
        let [_, product_use, _] = rules.obligations(&Sale {
            purchase_id: Uuid::from_u128(1),
            customer_id: Uuid::from_u128(2),
            bought_at: days_ago(bought_days_ago),
            delivered_at: None,
            lines: vec![Line { product, paid: 100 }],
            flaws: BTreeSet::from([Flaw::ContactMissing]),
        });
        product_use
    }

    fn answer(score: u32, answered_at: Timestamp) -> Answer {
        Answer { score: score.try_into().unwrap(), discomfort: false, commented: false, answered_at }
    }

    fn record(score: u32, answered_at: Timestamp) -> Command {
        asked(answer(score, answered_at))
    }

    fn asked(answer: Answer) -> Command {
        let Answer { score, discomfort, commented, answered_at } = answer;
        let problem_score = 2.try_into().unwrap();
        Command::RecordAnswer { score, discomfort, commented, answered_at: Some(answered_at), problem_score }
    }

    fn in_state(bought_days_ago: i64, state: State) -> FollowUp {
        FollowUp { obligation: Some(owed(bought_days_ago)), state }
    }

    fn completed() -> State {
        State::Completed { answer: answer(5, days_ago(1)), on_time: true, problem: false }
    }

    fn after(follow_up: &FollowUp, events: &[Event]) -> FollowUp {
        let mut follow_up = follow_up.clone();
        events.iter().for_each(|event| follow_up.apply(event));
        follow_up
    }

    fn change(flaws: &[Flaw]) -> Command {
        Command::ChangeBaseData { purchase_id: Uuid::from_u128(1), flaws: flaws.iter().copied().collect() }
    }

    fn commands() -> [(&'static str, Command); 9] {
        [
            ("plan", Command::Plan(owed(3))),
            ("count from delivery", Command::CountFromDelivery { delivered_at: days_ago(1) }),
            ("make due", Command::MakeDue),
            ("expire", Command::Expire),
            ("record answer", record(5, NOW)),
            ("record answer", record(1, NOW)),
            ("record answer", record(5, NOW + SignedDuration::from_micros(1))),
            ("record answer", record(5, days_ago(100))),
            ("change base data", change(&[])),
        ]
    }

    /// Every state against every command, in the order of [`commands`]: the new status, or the code of the refusal.
    fn table() -> [(FollowUp, [Result<&'static str, &'static str>; 9]); 8] {
        const NO: Result<&str, &str> = Err("follow_up.not_found");
        const DONE: Result<&str, &str> = Err("follow_up.already_answered");
        const FUTURE: Result<&str, &str> = Err("follow_up.answered_in_future");
        const BEFORE: Result<&str, &str> = Err("follow_up.answered_before_purchase");
        let (absent, planned, due) = (Ok("absent"), Ok("planned"), Ok("due"));
        let (completed_, missed) = (Ok("completed"), Ok("missed"));
        [
            (FollowUp::default(), [planned, absent, absent, absent, NO, NO, NO, NO, absent]),
            // the window has not begun, is open, is over
            (
                in_state(3, State::Planned),
                [planned, planned, planned, planned, completed_, completed_, FUTURE, BEFORE, planned],
            ),
            (
                in_state(10, State::Planned),
                [planned, planned, due, planned, completed_, completed_, FUTURE, BEFORE, planned],
            ),
            (
                in_state(40, State::Planned),
                [planned, planned, missed, missed, completed_, completed_, FUTURE, BEFORE, planned],
            ),
            // the window is open, is over
            (in_state(10, State::Due), [due, due, due, due, completed_, completed_, FUTURE, BEFORE, due]),
            (in_state(40, State::Due), [due, due, due, missed, completed_, completed_, FUTURE, BEFORE, due]),
            (
                in_state(40, State::Missed),
                [missed, missed, missed, missed, completed_, completed_, FUTURE, BEFORE, missed],
            ),
            (
                in_state(10, completed()),
                [completed_, completed_, completed_, completed_, DONE, DONE, DONE, DONE, completed_],
            ),
        ]
    }

    #[test]
    fn every_state_meets_every_command_and_the_readme_shows_it() {
        let mut arrows = Vec::new();
        for (from, expectations) in table() {
            for ((name, command), expected) in commands().into_iter().zip(expectations) {
                let result = from.decide(command.clone(), NOW);
                let to = result.map(|events| after(&from, &events).state.name()).map_err(|rejection| rejection.code());
                assert_eq!(to, expected, "{from:?} + {command:?}");
                match (from.state.name(), to.unwrap_or(from.state.name())) {
                    (same, to) if same == to => {}
                    ("absent", to) => arrows.push(("[*]", name, to)),
                    (from, to) => arrows.push((from, name, to)),
                }
            }
        }
        let readme = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
        testkit::docs::section(readme, "state-diagram", &testkit::docs::diagram(&arrows));
    }

    #[test]
    fn r_int_07_flags_go_and_come_in_every_state_and_only_of_the_purchase_they_are_about() {
        for (flagged, _) in table().into_iter().skip(1) {
            let events = flagged.decide(change(&[]), NOW).unwrap();
            assert_eq!(events, [Event::BaseDataChanged { flaws: BTreeSet::new() }]);
            let clear = after(&flagged, &events);
            assert_eq!((&clear.state, clear.obligation.as_ref().unwrap().flaws.len()), (&flagged.state, 0));
            assert_eq!(clear.decide(change(&[]), NOW).unwrap(), [], "told again it changes nothing");
            let again = clear.decide(change(&[Flaw::ProductUnknown]), NOW).unwrap();
            assert_eq!(after(&clear, &again).obligation.unwrap().flaws, BTreeSet::from([Flaw::ProductUnknown]));
            let other = Command::ChangeBaseData { purchase_id: Uuid::from_u128(9), flaws: BTreeSet::new() };
            assert_eq!(flagged.decide(other, NOW).unwrap(), [], "of another purchase");
        }
    }

    #[test]
    fn a_problem_follows_its_answer_at_once() {
        let due = in_state(10, State::Due);
        for (score, discomfort, problem) in [(3, false, false), (2, false, true), (1, false, true), (5, true, true)] {
            let answer = Answer { discomfort, ..answer(score, NOW) };
            let events = due.decide(asked(answer), NOW).unwrap();
            let mut expected = vec![Event::Completed { answer, on_time: true }];
            expected.extend(problem.then_some(Event::ProblemFound { answer }));
            assert_eq!(events, expected);
            assert_eq!(after(&due, &events).state, State::Completed { answer, on_time: true, problem });
        }
    }

    #[test]
    fn the_time_of_the_answer_makes_it_late_not_the_time_of_recording() {
        let missed = in_state(40, State::Missed);
        let end = days_ago(10);
        for (answered_at, in_time) in [(end, true), (end + SignedDuration::from_micros(1), false), (NOW, false)] {
            let events = missed.decide(record(5, answered_at), NOW).unwrap();
            assert_eq!(events, [Event::Completed { answer: answer(5, answered_at), on_time: in_time }]);
        }
    }

    #[test]
    fn a_delivery_moves_a_planned_window_once() {
        let planned = in_state(3, State::Planned);
        let deliver = Command::CountFromDelivery { delivered_at: days_ago(1) };
        let events = planned.decide(deliver.clone(), NOW).unwrap();
        assert_eq!(events, [Event::Rescheduled { window: Window { start: days_ago(-6), end: days_ago(-29) } }]);
        assert_eq!(after(&planned, &events).decide(deliver, NOW).unwrap(), []);
        // a delivery said to be earlier than the purchase counts as the purchase
        assert_eq!(planned.decide(Command::CountFromDelivery { delivered_at: days_ago(9) }, NOW).unwrap(), []);
    }

    #[test]
    fn deadlines_that_fire_at_the_very_instant_count() {
        let begins = in_state(7, State::Planned);
        assert_eq!(begins.decide(Command::MakeDue, NOW).unwrap(), [Event::MadeDue]);
        let ends = in_state(30, State::Due);
        assert_eq!(ends.decide(Command::Expire, NOW).unwrap(), [Event::Missed]);
        assert_eq!(ends.decide(Command::Expire, NOW - SignedDuration::from_micros(1)).unwrap(), []);
    }
}
