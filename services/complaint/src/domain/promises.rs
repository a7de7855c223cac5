//! What a complaint is promised and by when: the first investigation (R-CMP-03), a solution, word of progress (R-CMP-05)
//! and the result (R-CMP-10), under the service levels in force when it is recorded. The rules of promises are the
//! kernel's; here is which happening means what for which of them, and what follows when one is broken.
//! Invariant: a promise keeps the terms it was given under, whatever class the assessment finds; only a retarget moves it.
use std::sync::Arc;

use jiff::Timestamp;
use kernel::{
    promise::{self, Cause, Event as Step, Fact, Lookup, Promise, Reason, State as Standing},
    sla::{self, Kind, Levels, Warning},
};
use uuid::Uuid;

use super::{
    care::Heard,
    complaint::{Complaint, Event, Facts},
    decide::Decision,
    escalation::{Level, Trigger},
    values::Class,
};

/// All promises of one complaint.
pub type Promises = promise::Promises<Kind>;
/// What happened to one of them.
pub type Moved = promise::Change<Kind>;

/// What is promised to every complaint for which the policy has a rule, and the word of each.
pub const KINDS: [(Kind, &str); 4] = [
    (Kind::FirstInvestigation, "first_investigation"),
    (Kind::SolutionOffer, "solution_offer"),
    (Kind::ResultNotice, "result_notice"),
    (Kind::ProgressSilence, "progress_silence"),
];

/// What is promised anew when the complaint is taken up again: another solution, and its result.
pub const TAKEN_UP_AGAIN: [Kind; 2] = [Kind::SolutionOffer, Kind::ResultNotice];

/// The word a kind is published by.
pub fn word(kind: Kind) -> &'static str {
    KINDS.iter().find(|(known, _)| *known == kind).map_or("other", |(_, word)| word)
}

impl Facts {
    /// What a policy may ask of this complaint, when it is about `class`.
    pub fn asked_of(&self, class: Class) -> sla::Facts<'_> {
        sla::Facts {
            channel: Some(self.channel.as_str()).filter(|channel| !channel.is_empty()),
            class: Some(class.name()),
            priority: Some(self.lane.name()),
            segment: self.vip.then_some("vip"),
            store: Some(self.store_id.as_str()).filter(|store| !store.is_empty()),
        }
    }

    /// What is promised when the complaint is recorded. The terms of silence are kept: each word begins them anew.
    pub(super) fn promised(&mut self, levels: &Levels) -> Result<Vec<Moved>, promise::Rejection> {
        let (mut moved, none) = (Vec::with_capacity(KINDS.len()), Promises::default());
        self.terms.silence = None;
        for (kind, _) in KINDS {
            let promise = levels.promise(kind, self.asked_of(self.class), None, self.recorded_at)?;
            if kind == Kind::ProgressSilence {
                self.terms.silence = promise.as_ref().map(|promise| Arc::clone(&promise.terms));
            }
            moved.extend(promise.and_then(|promise| none.start(kind, promise)));
        }
        Ok(moved)
    }
}

impl Complaint {
    /// The first investigation's promise; none where none was given.
    pub fn first_investigation(&self) -> Option<&Promise> {
        self.promises.last(Kind::FirstInvestigation)
    }

    /// A promise of the kind was broken.
    pub fn late(&self, kind: Kind) -> bool {
        self.promises.last(kind).is_some_and(|promise| promise.breached_at().is_some())
    }

    /// The last instant at which word of progress is in time; none while the customer's answer is waited for instead.
    pub fn word_by(&self) -> Option<Timestamp> {
        let running = |promise: &&Promise| promise.standing.state == Standing::Running;
        self.promises.last(Kind::ProgressSilence).filter(running).map(|promise| promise.standing.due_at)
    }

    /// The customer has been without word of us for too long.
    pub fn without_word(&self) -> bool {
        let silent = |promise: &Promise| promise.standing.state == Standing::Breached;
        self.promises.last(Kind::ProgressSilence).is_some_and(silent)
    }

    /// Time has passed: breaches and warnings.
    pub(super) fn look(&self, now: Timestamp) -> Decision {
        Ok(self.follow(self.promises.decide(|_| true, &promise::Command::Look, now, &|_| None)?))
    }

    /// What the facts do to the promises of the kinds that are meant. What is broken by then is on record first, so that
    /// a verdict never depends on who was quicker.
    pub(super) fn note(&self, facts: Vec<(Kind, Fact)>, levels: &Levels, now: Timestamp) -> Decision {
        Ok(self.follow(self.noted(facts, &|of| levels.calendar(of), now)?))
    }

    /// As [`Complaint::note`], and from `at` on word of progress is owed anew: he heard of us, or we of him. The kinds in
    /// `anew` are promised anew as well, as the levels have them now for the complaint as it is judged now.
    pub(super) fn word_heard(
        &self,
        mut facts: Vec<(Kind, Fact)>,
        anew: &[Kind],
        at: Timestamp,
        levels: &Levels,
        now: Timestamp,
    ) -> Decision {
        let calendars: Lookup<'_, '_> = &|of| levels.calendar(of);
        let last = self.promises.last(Kind::ProgressSilence);
        // What began at this instant goes on; a word told late of an earlier time begins nothing.
        let silent_anew = last.is_none_or(|last| last.started_at < at);
        let began_now = last.is_some_and(|last| last.started_at == at);
        let fact = if began_now { Fact::Resumed { at } } else { Fact::Satisfied { at } };
        facts.push((Kind::ProgressSilence, fact));
        let mut moved = self.noted(facts, calendars, now)?;
        if let Some(terms) = self.facts.terms.silence.clone().filter(|_| silent_anew) {
            let promise = Promise::start(at, false, terms, None, calendars)?;
            moved.extend(self.promises.start(Kind::ProgressSilence, promise));
        }
        for &kind in anew {
            let promise = levels.promise(kind, self.facts.asked_of(self.class()), None, at)?;
            moved.extend(promise.and_then(|promise| self.promises.start(kind, promise)));
        }
        Ok(self.follow(moved))
    }

    /// Nothing of the kind is owed from `at` on, nor what was promised after that.
    pub(super) fn over(&self, kind: Kind, at: Timestamp, cause: Cause) -> Fact {
        Fact::Cancelled { at: self.promises.last(kind).map_or(at, |last| last.started_at.max(at)), cause }
    }

    /// The customer has a solution before him: until he answers nothing else is owed to him.
    pub(super) fn wait_for_customer(&self, levels: &Levels, now: Timestamp) -> Decision {
        let evidence = self.solution.as_ref().map_or_else(String::new, |one| format!("offer {}", one.version));
        let paused = Fact::Paused { at: now, reason: Reason::WaitingCustomer, evidence };
        let offered = Fact::Satisfied { at: now };
        let waiting = [Kind::ResultNotice, Kind::ProgressSilence].map(|kind| (kind, paused.clone()));
        self.note([vec![(Kind::SolutionOffer, offered)], waiting.to_vec()].concat(), levels, now)
    }

    /// Takes in other terms, or that there are none any more. Those of the silence hold for every further word.
    pub(super) fn retargeted(&mut self, moved: &[Moved]) {
        for one in moved {
            let terms = match &one.event {
                Step::Noted { fact: Fact::Retargeted { terms, .. }, .. } => Some(Some(Arc::clone(terms))),
                Step::Noted { fact: Fact::Cancelled { cause: Cause::PolicyWithdrawn, .. }, .. } => Some(None),
                _ => None,
            };
            if let Some(terms) = terms {
                *self.retargets.entry(one.kind).or_default() += 1;
                if one.kind == Kind::ProgressSilence {
                    self.facts.terms.silence = terms;
                }
            }
            self.promises.apply(one);
        }
    }

    fn noted(
        &self,
        facts: Vec<(Kind, Fact)>,
        calendars: Lookup<'_, '_>,
        now: Timestamp,
    ) -> Result<Vec<Moved>, promise::Rejection> {
        let mut moved = Vec::new();
        for (kind, fact) in facts {
            moved.extend(self.promises.decide(|one| one == kind, &promise::Command::Note(fact), now, calendars)?);
        }
        Ok(moved)
    }

    /// What moved, and what each breach among it leads to.
    fn follow(&self, moved: Vec<Moved>) -> Vec<Event> {
        let broken = moved.iter().filter_map(|one| match one.event {
            Step::Breached { at, .. } => Some(self.broken(one.kind, one.started_at, at)),
            _ => None,
        });
        let follows: Vec<_> = broken.flatten().collect();
        if moved.is_empty() { vec![] } else { [vec![Event::PromisesMoved(moved)], follows].concat() }
    }

    fn broken(&self, kind: Kind, started_at: Timestamp, due: Timestamp) -> Vec<Event> {
        let escalation_id = self.late_escalation(kind, started_at);
        let raised = |trigger| Event::Raised { trigger, escalation_id };
        match kind {
            Kind::FirstInvestigation => vec![Event::InvestigationLate { escalation_id }],
            Kind::ProgressSilence => {
                vec![Event::Care(Heard::TooSilent { due }), raised(Trigger::Silence)]
            }
            _ => vec![raised(Trigger::PromiseLate)],
        }
    }

    /// The id of what is raised when a promise is broken.
    pub fn late_escalation(&self, kind: Kind, started_at: Timestamp) -> Uuid {
        self.escalation_of("promise_late", kind, started_at, "")
    }

    /// The id of what is raised for a warning of a promise, under the terms it has now.
    pub fn warning_escalation(&self, kind: Kind, started_at: Timestamp, warning: Warning) -> Uuid {
        let which = match self.retargets.get(&kind) {
            None => warning.to_string(),
            Some(times) => format!("{warning}/{times}"),
        };
        self.escalation_of("promise_warning", kind, started_at, &which)
    }

    /// The level something is raised to: as the ladder says, and what is raised for a broken promise higher with every
    /// promise of the complaint that was broken before that one, by its due time (R-CMP-13).
    pub fn level_of(&self, trigger: Trigger, escalation_id: Uuid) -> Level {
        let late = |(kind, promise): (Kind, &Promise)| {
            promise.breached_at().map(|at| (at, self.late_escalation(kind, promise.started_at)))
        };
        let mut late: Vec<_> = self.promises.iter().filter_map(late).collect();
        late.sort_unstable();
        let before = late.iter().position(|(_, raised)| *raised == escalation_id).and_then(|at| u32::try_from(at).ok());
        let ladder = &self.facts.terms.ladder;
        before.map_or_else(|| ladder.first(trigger), |before| ladder.again(trigger, before))
    }

    fn escalation_of(&self, what: &str, kind: Kind, started_at: Timestamp, which: &str) -> Uuid {
        let parts = [what, &self.facts.complaint_id.to_string(), word(kind), &started_at.to_string(), which];
        kernel::id::derived("escalation", &parts)
    }
}
