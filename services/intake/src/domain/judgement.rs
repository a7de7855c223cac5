//! What a case is about, said after it was taken in: by a person, whose word counts over the model and the rules over words, or
//! by an adviser outside where nobody and nothing has spoken (R-INT-22).
//! Invariants: neither lowers what the rules of safety or a person found: severity, lane and points only rise; what is handled
//! as a complaint is classified there, so no complaint is talked away; a person's word is replaced by a person's only, and by
//! one who has read it.
use std::collections::BTreeSet;

use jiff::Timestamp;
use kernel::sla::Levels;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    case::{Case, Event, Facts, Rejection, State, complaint_of},
    classify::{Classification, DEFAULT},
    record::{Added, Part},
    triage::{Reading, Word},
    vocabulary::{CaseClass, Emotion},
};

/// The source of a class that a person gave.
pub const BY_PERSON: &str = "person";
/// How the source of a class ends where the model was asked and was not sure.
const UNSURE: &str = "unsure)";

/// What a person says a case is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    pub class: CaseClass,
    pub emotion: Option<Emotion>,
    /// Who is concerned inside the house.
    pub department: Option<String>,
    pub reason: String,
    pub by: String,
    /// The version of the judgement that was read; 0 where there was none.
    pub version: u32,
}

/// A person's word on a case, beside what was thought before: an example to learn from, without a word of the customer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Judged {
    /// 1 for the first.
    pub version: u32,
    pub class_was: CaseClass,
    /// What had decided: the rule, or the model with its version and how sure it was.
    pub source_was: String,
    /// What the model had said of the contact, where it was asked; whatever was thought since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<Word>,
    pub department: Option<String>,
    pub reason: String,
    pub by: String,
    pub at: Timestamp,
}

/// A case is about this from now on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Classified {
    pub class: CaseClass,
    pub source: String,
    pub class_was: CaseClass,
    pub source_was: String,
    /// Set when it is handled as a complaint from now on.
    pub complaint_id: Option<Uuid>,
    /// The person's word; none where the adviser's counts.
    pub judged: Option<Judged>,
}

/// A department as it is written down; `None` where it is none.
pub fn department(text: &str) -> Option<String> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    ((1..=40).contains(&text.len()) && text.chars().all(plain)).then(|| text.to_owned())
}

impl Facts {
    /// Whether a person should say what it is about: the model was not sure, or nothing but the rule of last resort decided.
    /// What is handled as a complaint is classified by whoever assesses it.
    pub fn is_unsure(&self) -> bool {
        self.complaint_id.is_none() && unsure(&self.class_source)
    }
}

impl Classification {
    /// Whether a person should say what it is about, as of a case.
    pub fn is_unsure(&self) -> bool {
        !self.class.is_complaint() && unsure(&self.source)
    }
}

fn unsure(source: &str) -> bool {
    source.ends_with(UNSURE) || source.starts_with(DEFAULT)
}

impl Case {
    /// A person says what it is about. Errors: it is at its end; it is handled as a complaint; somebody else said something
    /// meanwhile; how the customer feels is on record.
    pub(super) fn classify(
        &self,
        facts: &Facts,
        said: Judgement,
        levels: &Levels,
        now: Timestamp,
    ) -> Result<Vec<Event>, Rejection> {
        let Judgement { class, emotion, department, reason, by, version } = said;
        if self.is_ended() {
            return Err(Rejection::Closed);
        }
        if facts.complaint_id.is_some() {
            return Err(Rejection::IsComplaint);
        }
        if version != self.judged.as_ref().map_or(0, |judged| judged.version) {
            return Err(Rejection::ClassificationChanged);
        }
        let emotion = emotion.filter(|_| facts.emotion != emotion || !facts.parts.contains(&Part::Emotion));
        if emotion.is_some() && facts.parts.contains(&Part::Emotion) {
            return Err(Rejection::PartOnRecord(Part::Emotion));
        }
        let (class_was, source_was) = (facts.class, facts.class_source.clone());
        let before = self.judged.as_ref().and_then(|judged| judged.model.clone());
        let read = || facts.reading.as_ref().and_then(Reading::word);
        let model = before.or_else(|| Word::of(class_was, &source_was)).or_else(read);
        let version = version.saturating_add(1);
        let judged = Judged { version, class_was, source_was, model, department, reason, by, at: now };
        let felt = emotion.map(|_| Added { parts: BTreeSet::from([Part::Emotion]), emotion });
        let classified = self.classified(facts, class, BY_PERSON.to_owned(), Some(judged), levels, now)?;
        Ok(felt.map(Event::RecordCompleted).into_iter().chain(classified).collect())
    }

    /// What follows from its being about `class`: what is about health rises first.
    pub(super) fn classified(
        &self,
        facts: &Facts,
        class: CaseClass,
        source: String,
        judged: Option<Judged>,
        levels: &Levels,
        now: Timestamp,
    ) -> Result<Vec<Event>, Rejection> {
        let facts_then = Facts { class, ..facts.clone() };
        let harmed = class == CaseClass::Discomfort;
        let raised = match harmed {
            true => self.raise(&facts_then, facts.health_severity.max(1), false, levels, now)?,
            false => None,
        };
        let complaint_id = class.is_complaint().then(|| complaint_of(facts.case_id));
        let (class_was, source_was) = (facts.class, facts.class_source.clone());
        let classified = Classified { class, source, class_was, source_was, complaint_id, judged };
        let raised = raised.map(Event::Health).into_iter();
        Ok(raised.chain([Event::Classified(Box::new(classified))]).collect())
    }

    /// Takes in what happened. A complaint is not asked for what is missing: it asks by itself.
    pub(super) fn apply_classified(&mut self, event: &Classified) {
        let Some(facts) = &mut self.facts else { return };
        facts.class = event.class;
        facts.class_source.clone_from(&event.source);
        facts.complaint_id = facts.complaint_id.or(event.complaint_id);
        if event.complaint_id.is_some() && matches!(self.state, State::AwaitingInfo { .. }) {
            self.state = State::Responded;
        }
        self.judged = event.judged.clone().or(self.judged.take());
    }
}
