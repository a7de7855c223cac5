//! The health record of a case in which a product did harm (R-INT-06, R-INT-09): which parts of it are on record, how
//! severe it is, and whom it concerns. The words are sealed elsewhere.
//! Invariants: what was said stays; severity and medical care only rise, whoever speaks; whoever raises severity gives
//! the case its new place, in the health lane, with an urgent answer promised where none is on record yet.
use std::collections::BTreeSet;

use jiff::Timestamp;
use kernel::{
    promise,
    sla::{self, Kind, Levels},
};
use serde::{Deserialize, Serialize};

use super::{
    answer::Moved,
    case::{self, Case, Facts, Rejection, State},
    priority::{self, Priority},
    vocabulary::Lane,
};

/// A part of the health record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    Symptoms,
    /// When it began.
    Onset,
    Batch,
    FrequencyOfUse,
    DurationOfUse,
    /// As a person judged it.
    Severity,
    MedicalCare,
    SpecialGroups,
}

impl Part {
    pub const ALL: [Part; 8] = [
        Part::Symptoms,
        Part::Onset,
        Part::Batch,
        Part::FrequencyOfUse,
        Part::DurationOfUse,
        Part::Severity,
        Part::MedicalCare,
        Part::SpecialGroups,
    ];

    /// The word it is stored and named by.
    pub fn word(self) -> &'static str {
        match self {
            Part::Symptoms => "symptoms",
            Part::Onset => "onset",
            Part::Batch => "batch",
            Part::FrequencyOfUse => "frequency_of_use",
            Part::DurationOfUse => "duration_of_use",
            Part::Severity => "severity",
            Part::MedicalCare => "medical_care",
            Part::SpecialGroups => "special_groups",
        }
    }
}

/// The medical care that was sought; more is said later, less is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Care {
    None,
    Sought,
    Hospitalised,
}

impl Care {
    pub const ALL: [Care; 3] = [Care::None, Care::Sought, Care::Hospitalised];

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Care::None => "none",
            Care::Sought => "sought",
            Care::Hospitalised => "hospitalised",
        }
    }
}

/// Who needs special care.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Group {
    Child,
    Pregnant,
}

impl Group {
    pub const ALL: [Group; 2] = [Group::Child, Group::Pregnant];

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Group::Child => "child",
            Group::Pregnant => "pregnant",
        }
    }
}

/// Life-threatening, as every death is.
pub const GRAVEST: u8 = 4;

/// What is on record of a person's health; nothing of most cases, and of those from before it was kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Health {
    /// What a person said. The batch is the case's own.
    pub parts: BTreeSet<Part>,
    pub care: Option<Care>,
    pub groups: BTreeSet<Group>,
    /// Somebody died of it.
    pub death: bool,
    /// Others are affected by the same product.
    pub several: bool,
}

impl Health {
    /// Whether nothing is on record.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// What of it a case that is part of this one starts with, this one being so severe: all but the words.
    pub(super) fn of_part(&self, severity: u8) -> Said {
        let known = |part| self.parts.contains(&part);
        Said {
            severity: known(Part::Severity).then_some(severity),
            care: self.care,
            groups: known(Part::SpecialGroups).then(|| self.groups.clone()),
            death: self.death,
            several: self.several,
            ..Said::default()
        }
    }
}

/// What a person says of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// Those of which there are words.
    pub words: BTreeSet<Part>,
    pub batch: Option<String>,
    /// 1 to 4.
    pub severity: Option<u8>,
    pub care: Option<Care>,
    /// Empty: asked, and none.
    pub groups: Option<BTreeSet<Group>>,
    pub death: bool,
    pub several: bool,
    /// How severe the words are by the rules of safety, 0 to 4: it raises, and is no part, for nobody judged it.
    pub heard: u8,
}

impl Said {
    /// The parts that are said.
    pub fn parts(&self) -> BTreeSet<Part> {
        let also = [
            (Part::Batch, self.batch.is_some()),
            (Part::Severity, self.severity.is_some() || self.death),
            (Part::MedicalCare, self.care.is_some()),
            (Part::SpecialGroups, self.groups.is_some()),
        ];
        let also = also.into_iter().filter(|(_, said)| *said).map(|(part, _)| part);
        self.words.iter().copied().chain(also).collect()
    }

    /// How severe it is by that; 0 when nothing is said of it.
    pub fn severity(&self) -> u8 {
        self.severity.unwrap_or(0).max(self.heard).max(if self.death { GRAVEST } else { 0 })
    }

    /// Whether nothing is said.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// What happened to the health record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    Recorded(Said),
    /// It is graver than was known: the case goes to its new place.
    Raised {
        severity: u8,
        was: u8,
        priority: Priority,
        respond_by: Timestamp,
        promises: Vec<Moved>,
    },
}

impl Event {
    /// What happened to the promised answer with it.
    pub(super) fn promises(&self) -> &[Moved] {
        match self {
            Event::Raised { promises, .. } => promises,
            Event::Recorded(_) => &[],
        }
    }
}

impl Case {
    /// Adds to the health record. Errors: the case is rejected; a part is on record; severity or care is said to be
    /// less than is on record; nothing says how severe it is.
    pub(super) fn record_health(
        &self,
        facts: &Facts,
        said: Said,
        levels: &Levels,
        now: Timestamp,
    ) -> Result<Vec<case::Event>, Rejection> {
        if let State::Rejected { .. } = self.state {
            return Err(Rejection::Closed);
        }
        let twice = said.words.intersection(&self.health.parts).next().copied();
        let batch = Part::Batch;
        if let Some(part) = twice.or((said.batch.is_some() && facts.batch.is_some()).then_some(batch)) {
            return Err(Rejection::HealthOnRecord(part));
        }
        if said.severity.is_some_and(|severity| severity < facts.health_severity) {
            return Err(Rejection::HealthLowered(Part::Severity));
        }
        if said.care.is_some() && said.care < self.health.care {
            return Err(Rejection::HealthLowered(Part::MedicalCare));
        }
        if said.severity().max(facts.health_severity) == 0 {
            return Err(Rejection::SeverityMissing);
        }
        self.keep_health(facts, said, levels, now)
    }

    /// What a later contact says of it goes on record where it says something new; what it says again, or says to be
    /// less, is among its words and changes nothing.
    pub(super) fn hear_of_health(
        &self,
        facts: &Facts,
        said: &Said,
        levels: &Levels,
        now: Timestamp,
    ) -> Result<Vec<case::Event>, Rejection> {
        if said.is_empty() {
            return Ok(vec![]);
        }
        let said = Said {
            words: said.words.difference(&self.health.parts).copied().collect(),
            severity: said.severity.filter(|severity| *severity >= facts.health_severity),
            care: said.care.filter(|care| Some(*care) >= self.health.care),
            ..said.clone()
        };
        self.keep_health(facts, said, levels, now)
    }

    fn keep_health(
        &self,
        facts: &Facts,
        said: Said,
        levels: &Levels,
        now: Timestamp,
    ) -> Result<Vec<case::Event>, Rejection> {
        let severity = said.severity().max(facts.health_severity);
        let child = said.groups.as_ref().is_some_and(|groups| groups.contains(&Group::Child));
        let raised = if severity > 0 { self.raise(facts, severity, child, levels, now)? } else { None };
        let mut next = self.clone();
        next.apply_health(&Event::Recorded(said.clone()));
        let recorded = (next != *self).then_some(Event::Recorded(said));
        Ok(recorded.into_iter().chain(raised).map(case::Event::Health).collect())
    }

    /// The case's new place, if that is another one.
    pub(super) fn raise(
        &self,
        facts: &Facts,
        severity: u8,
        child: bool,
        levels: &Levels,
        now: Timestamp,
    ) -> Result<Option<Event>, Rejection> {
        let priority = facts.priority.with_harm(severity, child);
        if severity == facts.health_severity && facts.lane == Lane::Health && priority == facts.priority {
            return Ok(None);
        }
        let owed = self.awaits_answer() && self.promises.last(Kind::UrgentFeedback).is_none();
        let urgent = match owed {
            true => levels.promise(Kind::UrgentFeedback, facts.asked(Lane::Health), None, now)?,
            false => None,
        };
        let respond_by = urgent.iter().map(|promise| promise.standing.due_at).fold(facts.respond_by, Timestamp::min);
        let start = |urgent| Moved {
            kind: Kind::UrgentFeedback,
            started_at: now,
            event: promise::Event::Started(Box::new(urgent)),
        };
        let promises = urgent.into_iter().map(start).collect();
        Ok(Some(Event::Raised { severity, was: facts.health_severity, priority, respond_by, promises }))
    }

    /// Takes in what happened.
    pub(super) fn apply_health(&mut self, event: &Event) {
        let Some(facts) = &mut self.facts else { return };
        match event {
            Event::Recorded(said) => {
                let health = &mut self.health;
                health.parts.extend(said.parts().into_iter().filter(|part| *part != Part::Batch));
                health.care = said.care.max(health.care);
                health.groups.extend(said.groups.iter().flatten());
                health.death |= said.death;
                health.several |= said.several;
                facts.batch = facts.batch.take().or_else(|| said.batch.clone());
            }
            Event::Raised { severity, priority, respond_by, .. } => {
                facts.health_severity = *severity;
                facts.priority = priority.clone();
                facts.lane = Lane::Health;
                facts.respond_by = *respond_by;
            }
        }
    }

    /// What of the health record is on record.
    pub fn health_recorded(&self) -> BTreeSet<Part> {
        let batch = self.facts.as_ref().is_some_and(|facts| facts.batch.is_some()).then_some(Part::Batch);
        self.health.parts.iter().copied().chain(batch).collect()
    }

    /// What still has to be asked for (R-INT-20): nothing outside the health lane.
    pub fn health_missing(&self) -> BTreeSet<Part> {
        let harmed = self.facts.as_ref().is_some_and(|facts| facts.lane == Lane::Health);
        let recorded = self.health_recorded();
        Part::ALL.into_iter().filter(|part| harmed && !recorded.contains(part)).collect()
    }
}

impl Facts {
    /// What the service levels ask of the case, in a lane.
    pub(super) fn asked(&self, lane: Lane) -> sla::Facts<'_> {
        sla::Facts {
            channel: Some(self.channel.word()),
            class: Some(self.class.word()),
            priority: Some(lane.word()),
            segment: (self.vip_tier >= 1).then_some("vip"),
            store: self.store_id.as_deref(),
        }
    }
}

impl Priority {
    /// The points with the harm as it is known now: raised, never lowered, and more beside a child.
    fn with_harm(&self, severity: u8, child: bool) -> Priority {
        let known = |reason| self.parts.iter().find(|part| part.reason == reason).map_or(0, |part| part.points);
        let raised = [
            (priority::HARM, known(priority::HARM).max(priority::HARM_POINTS * i64::from(severity))),
            (priority::MINOR, known(priority::MINOR).max(if child { priority::MINOR_POINTS } else { 0 })),
        ];
        let others = self.parts.iter().filter(|part| raised.iter().all(|(reason, _)| part.reason != *reason)).cloned();
        let raised = raised.into_iter().filter(|(_, points)| *points > 0);
        let raised = raised.map(|(reason, points)| priority::Part { reason: reason.to_owned(), points });
        let mut parts: Vec<_> = raised.chain(others).collect();
        parts.sort_by_key(|part| priority::ORDER.iter().position(|reason| part.reason == *reason));
        Priority { score: parts.iter().map(|part| part.points).sum(), parts }
    }
}
