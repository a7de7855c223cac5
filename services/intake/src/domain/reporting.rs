//! Reports to authorities on the harm a product did: owed by the terms of the packs that hold, from when the harm was
//! known to be such; kept only by the authority's receipt.
//! Invariants: whoever learns of graver harm owes a report by the graver term from then on, beside what was owed
//! before, so the earlier end counts; a receipt meets what was owed when it was given, and nothing that became owed
//! after it; what is withdrawn, with a reason, is owed no more.
use jiff::Timestamp;
use kernel::promise::{self, Cause, Fact, Promise};
use serde::{Deserialize, Serialize};

use super::{
    case::{self, Case, Rejection},
    health::Care,
    regulator::{Harm, Packs},
};

/// What a case owes authorities, and what they have confirmed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Reports {
    pub owed: Vec<Report>,
    pub receipts: Vec<Receipt>,
    /// The first end of those that are open, in microseconds, for the database to order by.
    #[serde(with = "jiff::fmt::serde::timestamp::microsecond::optional")]
    pub due_by: Option<Timestamp>,
}

/// One report. Which one it is, is said by its pack and its term.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    pub pack: String,
    pub authority: String,
    pub term: String,
    pub promise: Promise,
    pub withdrawn: Option<Withdrawal>,
}

/// Why nothing is reported after all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Withdrawal {
    /// Nobody where the case was rejected.
    pub by: Option<String>,
    pub reason: String,
}

/// An authority's word that it has a report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    pub pack: String,
    /// The authority's own.
    pub number: String,
    /// When the authority had the report.
    pub at: Timestamp,
    /// Who put it on record.
    pub by: String,
}

/// What happened to the promise of one report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    pub pack: String,
    pub term: String,
    pub event: promise::Event,
}

/// What happened to the reports of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    Owed(Box<Report>),
    DueSoon(Box<Moved>),
    Late(Box<Moved>),
    Received { receipt: Receipt, in_time: bool, moved: Vec<Moved> },
    Withdrawn { withdrawal: Withdrawal, moved: Vec<Moved> },
}

impl Report {
    /// Neither kept nor withdrawn.
    pub fn is_open(&self) -> bool {
        self.promise.standing.end.is_none()
    }
}

impl Reports {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The report by a term.
    pub fn of(&self, pack: &str, term: &str) -> Option<&Report> {
        self.owed.iter().find(|report| (report.pack.as_str(), report.term.as_str()) == (pack, term))
    }

    /// When to look next.
    pub fn next_due(&self) -> Option<Timestamp> {
        self.owed.iter().filter_map(|report| report.promise.next_due()).min()
    }

    /// What becomes of each of `which` by a fact.
    fn noted<'a>(
        which: impl Iterator<Item = &'a Report>,
        fact: &Fact,
        now: Timestamp,
        packs: Option<&Packs>,
    ) -> Result<Vec<Moved>, Rejection> {
        let mut moved = Vec::new();
        for Report { pack, term, promise, .. } in which {
            let command = promise::Command::Note(fact.clone());
            let events = promise.decide(&command, now, &|of| packs.and_then(|packs| packs.calendar(of)))?;
            let one = |event| Moved { pack: pack.clone(), term: term.clone(), event };
            moved.extend(events.into_iter().map(one));
        }
        Ok(moved)
    }

    /// Takes in what happened.
    pub(super) fn apply(&mut self, event: &Event) {
        let moved = match event {
            Event::Owed(report) => {
                self.owed.push(Report::clone(report));
                &[][..]
            }
            Event::DueSoon(moved) | Event::Late(moved) => std::slice::from_ref(&**moved),
            Event::Received { receipt, moved, .. } => {
                self.receipts.push(receipt.clone());
                moved
            }
            Event::Withdrawn { moved, .. } => moved,
        };
        for Moved { pack, term, event: change } in moved {
            let of = |report: &&mut Report| (&report.pack, &report.term) == (pack, term);
            for report in self.owed.iter_mut().filter(of) {
                report.promise.apply(change);
                if let Event::Withdrawn { withdrawal, .. } = event {
                    report.withdrawn = Some(withdrawal.clone());
                }
            }
        }
        let open = self.owed.iter().filter(|report| report.is_open());
        self.due_by = open.map(|report| report.promise.standing.due_at).min();
    }
}

impl Case {
    /// `events`, and the reports that are owed after them.
    pub(super) fn with_owed(
        &self,
        mut events: Vec<case::Event>,
        packs: &Packs,
        now: Timestamp,
    ) -> Result<Vec<case::Event>, Rejection> {
        let harm = |event: &case::Event| match event {
            case::Event::Registered { facts, .. } => facts.health_severity > 0,
            event => matches!(event, case::Event::Health(_)),
        };
        if events.iter().any(harm) {
            let mut next = self.clone();
            events.iter().for_each(|event| next.apply(event));
            events.extend(next.owed(packs, now)?);
        }
        Ok(events)
    }

    /// What is owed and not known to be.
    fn owed(&self, packs: &Packs, now: Timestamp) -> Result<Vec<case::Event>, Rejection> {
        let Some(facts) = &self.facts else { return Ok(vec![]) };
        let harm = Harm {
            severity: facts.health_severity,
            hospitalised: self.health.care == Some(Care::Hospitalised),
            death: self.health.death,
            several: self.health.several,
            store: facts.store_id.as_deref(),
        };
        let known = |pack: &super::regulator::Pack, term: &str| {
            self.reports.owed.iter().any(|report| report.pack == pack.id && pack.covers(&report.term, term))
        };
        let new = packs.concerned(harm).filter(|(pack, term)| !known(pack, &term.name));
        new.map(|(pack, term)| {
            let promise = packs.promise(pack, term, now)?;
            let (pack, authority, term) = (pack.id.clone(), pack.authority.clone(), term.name.clone());
            let report = Report { pack, authority, term, promise, withdrawn: None };
            Ok(case::Event::Report(Event::Owed(Box::new(report))))
        })
        .collect()
    }

    /// An authority confirmed a report. Errors: none is or was owed it; the time is ahead, or before anything was owed;
    /// all that was owed by then was confirmed already.
    pub(super) fn receive(
        &self,
        receipt: Receipt,
        packs: &Packs,
        now: Timestamp,
    ) -> Result<Vec<case::Event>, Rejection> {
        let reports = &self.reports;
        let owed = || reports.owed.iter().filter(|one| one.pack == receipt.pack && one.withdrawn.is_none());
        let first = owed().map(|one| one.promise.started_at).min().ok_or(Rejection::NoReportOwed)?;
        if reports.receipts.iter().any(|known| (&known.pack, &known.number) == (&receipt.pack, &receipt.number)) {
            return Ok(vec![]);
        }
        if receipt.at > now || receipt.at < first {
            return Err(Rejection::ReceiptOutOfTime);
        }
        let moved = Reports::noted(owed(), &Fact::Satisfied { at: receipt.at }, now, Some(packs))?;
        if moved.is_empty() {
            return Err(Rejection::ReportReceived);
        }
        let mut event = Event::Received { receipt, in_time: true, moved };
        let mut next = reports.clone();
        next.apply(&event);
        if let Event::Received { in_time, moved, .. } = &mut event {
            let kept = |one: &Moved| next.of(&one.pack, &one.term).and_then(|report| report.promise.verdict());
            *in_time = moved.iter().filter_map(kept).all(promise::Verdict::in_time);
        }
        Ok(vec![case::Event::Report(event)])
    }

    /// Nothing is reported to the authority after all. Errors: nothing is owed it.
    pub(super) fn withdraw_reports(
        &self,
        pack: &str,
        withdrawal: Withdrawal,
        now: Timestamp,
    ) -> Result<Vec<case::Event>, Rejection> {
        let event = self.withdrawn(|report| report.pack == pack, withdrawal, now)?;
        event.map(|event| vec![event]).ok_or(Rejection::NoReportOwed)
    }

    /// What is no case of ours owes no report.
    pub(super) fn reports_dropped(&self, reason: &str, now: Timestamp) -> Result<Option<case::Event>, Rejection> {
        self.withdrawn(|_| true, Withdrawal { by: None, reason: reason.to_owned() }, now)
    }

    fn withdrawn(
        &self,
        which: impl Fn(&Report) -> bool,
        withdrawal: Withdrawal,
        now: Timestamp,
    ) -> Result<Option<case::Event>, Rejection> {
        let open = self.reports.owed.iter().filter(|report| report.is_open() && which(report));
        let moved = Reports::noted(open, &Fact::Cancelled { at: now, cause: Cause::Rejected }, now, None)?;
        Ok((!moved.is_empty()).then_some(case::Event::Report(Event::Withdrawn { withdrawal, moved })))
    }

    /// Time has passed: a warning is due, or a report is late.
    pub(super) fn look_at_reports(&self, now: Timestamp) -> Result<Vec<case::Event>, Rejection> {
        let mut events = Vec::new();
        for Report { pack, term, promise, .. } in &self.reports.owed {
            for event in promise.decide(&promise::Command::Look, now, &|_| None)? {
                let moved = Box::new(Moved { pack: pack.clone(), term: term.clone(), event });
                let warned = matches!(moved.event, promise::Event::Warned { .. });
                events.push(case::Event::Report(if warned { Event::DueSoon(moved) } else { Event::Late(moved) }));
            }
        }
        Ok(events)
    }
}
