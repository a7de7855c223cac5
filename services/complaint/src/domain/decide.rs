//! What may happen to a complaint, and when. People's requests are refused with a stable code where they do not fit;
//! what happened elsewhere (a case, an order, a message, time) decides to nothing when it comes twice or too late.
use std::{collections::BTreeSet, sync::Arc};

use jiff::Timestamp;
use kernel::{
    approval,
    promise::{Cause, Fact},
    sla::{Kind, Levels},
};
use uuid::Uuid;

use super::{
    command::{Command, Rejection},
    complaint::{Asked, Assessment, Complaint, Deviation, Event, Facts, Outcome, State},
    escalation::{Level, Trigger},
    promises::{KINDS, TAKEN_UP_AGAIN},
    routing::{Desk, InForce},
    rulebook::Rulebook,
    solution::{Consent, Flaw, LineFlaw, RemedyKind, Returned, Solution, flaws, line_flaws},
    values::{CauseCode, Department, Emotion, Evidence, RecordPart},
};

/// From this decline on, each goes to management.
const DECLINES_TO_ESCALATE: u32 = 3;
/// How many tasks one complaint can issue.
const TASKS_MAX: usize = 20;
/// How many deviations one complaint can have.
const DEVIATIONS_MAX: usize = 20;

pub(super) type Decision = Result<Vec<Event>, Rejection>;

impl Complaint {
    /// What follows from `command` at `now`, or why nothing may.
    pub fn decide(&self, command: Command, now: Timestamp) -> Decision {
        match command {
            Command::Record { facts, desk, levels } => self.record(facts, desk, &levels),
            Command::Merge { into, at, levels } => self.merge(into, at.min(now), &levels, now),
            Command::Unmerge => Ok(self.unmerge()),
            Command::CompleteRecord { parts, emotion } => Ok(self.complete_record(parts, emotion)),
            Command::StartExecution { remedy_id, ordered } => Ok(self.start_execution(remedy_id, ordered, now)),
            Command::SettleRemedy { remedy_id, done, paid, at } => {
                Ok(self.settle(remedy_id, (done, paid), at.min(now)))
            }
            Command::Care(word) => self.word(word, now),
            Command::TellResult { message_id, at, levels } => self.tell_result(message_id, at, &levels, now),
            Command::ResultUntold { message_id } => Ok(self.result_untold(message_id)),
            Command::Escalate { level, trigger, escalation_id } => Ok(self.escalate(level, trigger, escalation_id)),
            Command::PromiseDue => self.look(now),
            Command::ApprovalDue => Ok(self.approval_due(now)),
            Command::SilenceDue => Ok(self.fall_silent(now)),
            Command::ReportDue => Ok(self.report_due(now)),
            Command::Assess { assessment, desk } => self.assess(assessment, desk),
            Command::StartInvestigation => self.only(State::Assessed, vec![Event::InvestigationStarted]),
            Command::AskDepartment(asked) => self.ask(asked),
            Command::ConcludeInvestigation { evidence, cause, responsible, levels } => {
                self.conclude(cause, responsible, evidence, &levels, now)
            }
            Command::DraftSolution { by, remedies, returned, exception, meets_expectation, others, rules } => {
                let mut draft = self.draft(by, (&remedies, &returned), exception, &rules)?;
                draft.meets_expectation = meets_expectation;
                let worth = self.worth_with(&remedies);
                draft.fairness = worth.zip(others).map(|(worth, others)| rules.band.judge(worth, &others));
                Ok(vec![Event::SolutionDrafted(Box::new(draft))])
            }
            Command::SubmitSolution { rules } => self.submit(&rules, now),
            Command::ApproveSolution { by, version, rules } => {
                self.review(version, approval::Command::Approve { by }, &rules, now)
            }
            Command::ReturnSolution { by, version, rules } => {
                self.review(version, approval::Command::Return { by }, &rules, now)
            }
            Command::OfferSolution { levels } => self.offer(&levels, now),
            Command::RecordConsent { by, version, channel, said_at, levels } => {
                let (at, mut events) = self.answered(version, &[], said_at, &levels, now)?;
                events.push(Event::Agreed(Consent { by, at, channel }));
                Ok(events)
            }
            Command::RecordDecline { version, said_at, levels } => self.decline(version, said_at, &levels, now),
            Command::CompleteRemedy { remedy_id, done } => self.complete(remedy_id, done, now),
            Command::ReportRemedyDeviation { remedy_id, given_up } => self.deviate(remedy_id, given_up, now),
            Command::RecordProcessDeviation { by, what } => self.leave_process(by, what, now),
            Command::RecordSatisfaction { satisfied, channel, said_at, levels } => {
                self.satisfaction(satisfied, channel, said_at, &levels, now)
            }
            Command::Withdraw { channel, said_at, levels } => self.withdraw(channel, said_at, &levels, now),
            Command::Appeal { said_at, levels } => self.appeal(said_at, &levels, now),
            Command::Retarget(said) => self.retarget(said, now),
            Command::Hold { by, regulator } => self.hold(by, regulator, now),
            Command::ReleaseHold => self.release(now),
            Command::RaiseEscalation { trigger } => self.raise_by_hand(trigger),
        }
    }

    /// `events`, if the complaint is in `state`.
    fn only(&self, state: State, events: Vec<Event>) -> Decision {
        self.must_be(&state).map(|()| events)
    }

    fn must_be(&self, state: &State) -> Result<(), Rejection> {
        if self.state == *state { Ok(()) } else { Err(self.not_now()) }
    }

    pub(super) fn not_now(&self) -> Rejection {
        match self.state {
            State::Absent => Rejection::Unknown,
            ref state => Rejection::NotNow(state.name()),
        }
    }

    /// The id of the next escalation the complaint raises itself.
    pub(super) fn next_escalation(&self) -> Uuid {
        self.own_escalation(self.escalations + 1)
    }

    /// The id of the one of this number, if there is one.
    pub fn own_escalation(&self, number: u32) -> Uuid {
        kernel::id::derived("escalation", &["complaint", &self.facts.complaint_id.to_string(), &number.to_string()])
    }

    pub(super) fn dissatisfied(&self, trigger: Trigger, at: Timestamp) -> Event {
        Event::Dissatisfied { trigger, escalation_id: self.next_escalation(), at }
    }

    pub(super) fn raised(&self, trigger: Trigger) -> Event {
        Event::Raised { trigger, escalation_id: self.next_escalation() }
    }

    /// An authority or the public may ask about what is closed as well.
    fn raise_by_hand(&self, trigger: Trigger) -> Decision {
        let outside = matches!(trigger, Trigger::Regulator | Trigger::Media);
        let may = self.open() || outside && self.state != State::Absent;
        if may { Ok(vec![self.raised(trigger)]) } else { Err(self.not_now()) }
    }

    /// What to ask a department, as the task after `before` others.
    fn asked(complaint_id: Uuid, before: usize, desk: Desk) -> Asked {
        let (mut id, number) = (Uuid::encode_buffer(), (before + 1).to_string());
        let id = &*complaint_id.hyphenated().encode_lower(&mut id);
        Asked { task_id: kernel::id::derived("department_task", &[id, &number]), desk }
    }

    fn record(&self, mut facts: Box<Facts>, desk: Desk, levels: &Levels) -> Decision {
        if self.state != State::Absent {
            return Ok(vec![]);
        }
        let asked = Self::asked(facts.complaint_id, 0, desk);
        let promised = facts.promised(levels)?;
        Ok(vec![Event::Recorded { facts, asked, promised }])
    }

    /// Only what is missing, and only while the complaint is open.
    fn complete_record(&self, mut parts: BTreeSet<RecordPart>, emotion: Option<Emotion>) -> Vec<Event> {
        parts.retain(|part| self.facts.missing().contains(part));
        if self.open() && !parts.is_empty() { vec![Event::RecordCompleted { parts, emotion }] } else { vec![] }
    }

    /// Not before the record is complete (R-CMP-01). A class that belongs to a department not asked yet brings that
    /// department in.
    fn assess(&self, assessment: Assessment, desk: Desk) -> Decision {
        let missing = self.facts.missing();
        if self.state == State::Recorded && !missing.is_empty() {
            return Err(Rejection::RecordIncomplete(missing));
        }
        let mut events = vec![Event::Assessed(assessment)];
        if self.asked.iter().all(|asked| asked.desk.department != desk.department) {
            let asked = Self::asked(self.facts.complaint_id, self.asked.len(), desk);
            events.push(Event::DepartmentAsked(asked));
        }
        self.only(State::Recorded, events)
    }

    fn ask(&self, asked: Asked) -> Decision {
        if self.state == State::Investigating && self.asked.len() >= TASKS_MAX {
            return Err(Rejection::TooManyTasks);
        }
        self.only(State::Investigating, vec![Event::DepartmentAsked(asked)])
    }

    /// A second conclusion leaves the verdict on the first one as it is.
    fn conclude(
        &self,
        cause: CauseCode,
        responsible: Department,
        evidence: Vec<Evidence>,
        levels: &Levels,
        now: Timestamp,
    ) -> Decision {
        self.must_be(&State::Investigating)?;
        let mut events = self.note(vec![(Kind::FirstInvestigation, Fact::Satisfied { at: now })], levels, now)?;
        let late = events.iter().any(|event| matches!(event, Event::InvestigationLate { .. }));
        let in_time = !late && !self.late(Kind::FirstInvestigation);
        events.push(Event::Investigated { cause, responsible, evidence, at: now, in_time });
        Ok(events)
    }

    pub(super) fn found_out(&mut self, evidence: Vec<Evidence>) {
        (self.evidence, self.state) = (evidence, State::Investigated);
    }

    fn offer(&self, levels: &Levels, now: Timestamp) -> Decision {
        self.must_be(&State::Approved)?;
        let mut events = self.wait_for_customer(levels, now)?;
        events.push(Event::Offered { at: now, answer_by: self.offer_until(now) });
        Ok(events)
    }

    /// Also when an agreed solution could not be carried out and nothing of it is under way any more.
    fn draft(
        &self,
        by: String,
        (remedies, returned): (&[RemedyKind], &Returned),
        exception: bool,
        rules: &Rulebook,
    ) -> Result<Solution, Rejection> {
        let failed = self.state == State::Executing && self.solution.as_ref().is_some_and(Solution::stuck);
        if !failed && !matches!(self.state, State::Investigated | State::SolutionDrafted) {
            return Err(self.not_now());
        }
        if let Some(flaw) = flaws(remedies, self.currency()).first() {
            return Err(Rejection::BadRemedies(*flaw));
        }
        for (place, lines) in returned {
            let flaw = remedies.get(*place).and_then(|kind| line_flaws(*kind, lines).first().copied());
            if let Some(LineFlaw { reason, .. }) = flaw {
                return Err(Rejection::BadRemedies(Flaw { place: Some(*place), reason }));
            }
        }
        if self.facts.purchase_id.is_none() && remedies.iter().any(|remedy| remedy.refunds()) {
            return Err(Rejection::NoPurchase);
        }
        let offered = rules.offers.of(self.class(), self.severity());
        let outside = |kind: &RemedyKind| !offered.contains(&kind.name());
        if let Some(kind) = remedies.iter().find(|kind| !exception && outside(kind)) {
            return Err(Rejection::OutsidePolicy(kind.name()));
        }
        let all: Vec<_> = self.done().chain(remedies.iter().copied()).map(RemedyKind::name).collect();
        let lacking = rules.offers.lacking(self.class(), self.severity(), &all);
        if let Some(owed) = lacking.filter(|_| !exception) {
            return Err(Rejection::BelowPolicy(owed.join(", ")));
        }
        let version = self.version() + 1;
        let mut draft = Solution::draft(self.facts.complaint_id, version, by, (remedies, returned));
        draft.remedies.iter_mut().for_each(|remedy| remedy.exception = outside(&remedy.kind));
        draft.below_policy = lacking.is_some();
        Ok(draft)
    }

    /// The solution, if the complaint is in `state` and has one.
    pub(super) fn solution_in(&self, state: State) -> Result<&Solution, Rejection> {
        self.solution.as_ref().filter(|_| self.state == state).ok_or_else(|| self.not_now())
    }

    /// The customer answered to this version, if it is the one offered: what waited for him goes on.
    /// `anew` is owed to him from then on. Answers when he said it.
    fn answered(
        &self,
        version: u32,
        anew: &[Kind],
        said_at: Option<Timestamp>,
        levels: &Levels,
        now: Timestamp,
    ) -> Result<(Timestamp, Vec<Event>), Rejection> {
        same_version(self.solution_in(State::Offered)?, version)?;
        let at = self.said(said_at, self.waits_since(), now)?;
        let events = self.word_heard(vec![(Kind::ResultNotice, Fact::Resumed { at })], anew, at, levels, now)?;
        Ok((at, events))
    }

    fn decline(&self, version: u32, said_at: Option<Timestamp>, levels: &Levels, now: Timestamp) -> Decision {
        let (at, mut events) = self.answered(version, &[Kind::SolutionOffer], said_at, levels, now)?;
        events.push(Event::Declined { at });
        if self.declines + 1 >= DECLINES_TO_ESCALATE {
            events.push(self.dissatisfied(Trigger::DeclinedThrice, at));
        }
        Ok(events)
    }

    /// A message about an earlier execution says nothing about this one.
    fn tell_result(&self, message_id: Uuid, at: Timestamp, levels: &Levels, now: Timestamp) -> Decision {
        match self.state {
            State::Executed { .. } if message_id == self.result_message() => {
                self.result_told(Some(message_id), None, at, levels, now)
            }
            _ => Ok(vec![]),
        }
    }

    fn result_untold(&self, message_id: Uuid) -> Vec<Event> {
        match self.state {
            State::Executed { untold: false } if message_id == self.result_message() => {
                vec![self.raised(Trigger::ResultUntold)]
            }
            _ => vec![],
        }
    }

    /// Possible as long as the complaint is open: the process may be left for a customer, never in silence (R-CMP-17).
    fn leave_process(&self, by: String, what: String, at: Timestamp) -> Decision {
        if !self.open() {
            return Err(self.not_now());
        }
        if self.deviations.len() >= DEVIATIONS_MAX {
            return Err(Rejection::TooManyDeviations);
        }
        let during = self.state.name().to_owned();
        Ok(vec![Event::ProcessDeviated(Deviation { what, during, by, at })])
    }

    /// Nothing is owed from when he said it, nor what was promised after that.
    fn withdraw(&self, channel: String, said_at: Option<Timestamp>, levels: &Arc<Levels>, now: Timestamp) -> Decision {
        if !self.open() {
            return Err(self.not_now());
        }
        if self.money_moving() {
            return Err(Rejection::MoneyMoving);
        }
        let said = self.said(said_at, Some(self.facts.recorded_at), now)?;
        let over = KINDS.map(|(kind, _)| (kind, self.over(kind, said, Cause::Closed)));
        let mut events = self.note(over.to_vec(), levels, now)?;
        let (outcome, levels) = (Outcome::Withdrawn, InForce(Some(Arc::clone(levels))));
        events.push(Event::Closed { outcome, at: now, channel: Some(channel), levels });
        Ok(events)
    }

    /// It is in its term when the customer sent it then, and management's to know (R-CMP-12). What goes on as another complaint
    /// is appealed there.
    fn appeal(&self, said_at: Option<Timestamp>, levels: &Levels, now: Timestamp) -> Decision {
        let State::Closed { at, .. } = self.state else { return Err(self.not_now()) };
        if self.merged.is_some() {
            return Err(self.not_now());
        }
        let said_at = self.said(said_at, Some(at), now)?;
        let until = kernel::calendar::add(at, self.facts.terms.appeal_within);
        if kernel::promise::verdict(until, said_at).in_time() {
            // What is closed owes nothing: word, an offer and the result are owed from when he sent it.
            let moved = self.word_heard(vec![], &TAKEN_UP_AGAIN, said_at, levels, now)?;
            let reopened = std::iter::once(Event::Reopened { at: said_at }).chain(moved);
            Ok(reopened.chain([self.raised(Trigger::Dissatisfied)]).collect())
        } else {
            Err(Rejection::TermOver(until))
        }
    }

    fn escalate(&self, level: Level, trigger: Trigger, escalation_id: Uuid) -> Vec<Event> {
        if self.open() && self.escalation_level < Some(level) {
            vec![Event::Escalated { level, trigger, escalation_id }]
        } else {
            vec![]
        }
    }
}

pub(super) fn same_version(solution: &Solution, read: u32) -> Result<(), Rejection> {
    if solution.version == read { Ok(()) } else { Err(Rejection::OtherVersion { current: solution.version }) }
}
