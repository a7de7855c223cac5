//! What the model advises where no person has spoken: off, in shadow (its word is written beside the rule's and changes
//! nothing), or on (its word counts where it is sure; where it is not, the rule's stays and is marked for a person to look
//! at). Of classes it is not heard where safety has spoken, so it can lower nothing.
use serde::{Deserialize, Serialize};
use triage::model::{Model, Verdict};

use super::{
    judgement::department,
    vocabulary::{CaseClass, Emotion},
};

/// How much the model's word counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    Off,
    Shadow,
    On,
}

/// The model and how much it counts.
#[derive(Clone, Debug)]
pub struct Advisor {
    model: Model,
    mode: Mode,
    threshold: f32,
}

/// What the model says to one text.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Advice {
    /// The class, where it counts.
    pub class: Option<CaseClass>,
    /// The model and how sure it is of the class; where the class does not count, which it is and why not. Empty when off.
    pub said: String,
    /// How the customer feels, where it counts.
    pub emotion: Option<Emotion>,
    /// What it reads, whether or not that counts.
    pub reading: Option<Reading>,
}

/// What the model read in the words, whether or not that counted; kept with the case and shown, so that it can be compared. Of
/// departments it is a suggestion and nothing else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    /// The model's version.
    pub model: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<CaseClass>,
    /// How sure it is of it, in percent.
    #[serde(default)]
    pub class_percent: u8,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub emotion: Option<Emotion>,
    /// How sure it is of it, in percent.
    #[serde(default)]
    pub emotion_percent: u8,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub department: Option<String>,
    #[serde(default)]
    pub department_percent: u8,
}

/// What the model said a contact is about, whether or not that counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Word {
    pub class: CaseClass,
    /// The model's version.
    pub model: String,
}

impl Word {
    /// The word that stands in the source of a class, as [`Advisor::advise`] writes it; none where the model was not asked.
    pub fn of(class: CaseClass, source: &str) -> Option<Self> {
        let (before, said) = source.split_once(MODEL)?;
        let (model, rest) = said.rsplit_once(" p=")?;
        let word = |class| Self { class, model: model.to_owned() };
        match before {
            "" => Some(word(class)),
            _ if before.ends_with('(') => self::class(rest.split(' ').nth(1)?).map(word),
            _ => None,
        }
    }
}

impl Reading {
    /// Its word of the class.
    pub fn word(&self) -> Option<Word> {
        Some(Word { class: self.class?, model: self.model.clone() })
    }
}

/// Why a model cannot advise intake.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AdvisorError {
    #[error("the threshold must be 0.5 to 1")]
    Threshold,
    #[error("the model does not answer what the class is; train it with a column class")]
    NoClass,
    #[error("the model answers {question} with {label}, which is no word of ours")]
    Unknown { question: String, label: String },
}

const CLASS: &str = "class";
const EMOTION: &str = "emotion";
const DEPARTMENT: &str = "department";
/// What the model's word begins with.
const MODEL: &str = "model ";

impl Advisor {
    /// Errors: the model speaks of classes or emotions nobody knows, or of no classes at all; `threshold` is too low.
    pub fn new(model: Model, mode: Mode, threshold: f32) -> Result<Self, AdvisorError> {
        if !(0.5..=1.0).contains(&threshold) {
            return Err(AdvisorError::Threshold);
        }
        if !model.heads().iter().any(|head| head.name == CLASS) {
            return Err(AdvisorError::NoClass);
        }
        for head in model.heads() {
            let known = |label: &str| match head.name.as_str() {
                CLASS => class(label).is_some(),
                EMOTION => emotion(label).is_some(),
                _ => true,
            };
            if let Some(stranger) = head.answers.iter().find(|answer| !known(&answer.label)) {
                let (question, label) = (head.name.clone(), stranger.label.clone());
                return Err(AdvisorError::Unknown { question, label });
            }
        }
        Ok(Self { model, mode, threshold })
    }

    /// Whether its word counts; else it is only written down beside ours.
    pub fn is_on(&self) -> bool {
        self.mode == Mode::On
    }

    /// What it reads, as far as it was trained to: the class, the feeling, the department.
    fn reading(&self, [is, feels, falls_to]: [Option<&Verdict<'_>>; 3]) -> Option<Reading> {
        let is = is.and_then(|verdict| Some((class(verdict.label)?, percent(verdict))));
        let feels = feels.and_then(|verdict| Some((emotion(verdict.label)?, percent(verdict))));
        let falls_to =
            falls_to.and_then(|verdict| Some((department(&verdict.label.replace('-', "_"))?, percent(verdict))));
        (is.is_some() || feels.is_some() || falls_to.is_some()).then(|| Reading {
            model: self.model.version.clone(),
            class: is.map(|(class, _)| class),
            class_percent: is.map_or(0, |(_, percent)| percent),
            emotion: feels.map(|(emotion, _)| emotion),
            emotion_percent: feels.map_or(0, |(_, percent)| percent),
            department_percent: falls_to.as_ref().map_or(0, |(_, percent)| *percent),
            department: falls_to.map(|(department, _)| department),
        })
    }

    /// What the model says to a folded text.
    pub fn advise(&self, text: &[char]) -> Advice {
        if self.mode == Mode::Off {
            return Advice::default();
        }
        let verdicts = self.model.read_folded(text);
        let of = |head: &str| verdicts.iter().find(|verdict| verdict.head == head);
        let sure = |verdict: &&Verdict<'_>| verdict.probability >= self.threshold;
        let on = self.is_on();
        let reading = self.reading([CLASS, EMOTION, DEPARTMENT].map(of));
        let emotion = of(EMOTION).filter(|verdict| on && sure(verdict)).and_then(|verdict| emotion(verdict.label));
        let Some(verdict) = of(CLASS) else { return Advice { emotion, reading, ..Advice::default() } };
        let said = format!("{MODEL}{} p={:.2}", self.model.version, verdict.probability);
        match class(verdict.label) {
            Some(class) if on && sure(&verdict) => Advice { class: Some(class), said, emotion, reading },
            _ => {
                let why = if on { "unsure" } else { "in shadow" };
                Advice { class: None, said: format!("{said} {} {why}", verdict.label), emotion, reading }
            }
        }
    }
}

/// Of a hundred, never more than it is sure.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 100 by the clamp")]
fn percent(verdict: &Verdict<'_>) -> u8 {
    (verdict.probability * 100.0).floor().clamp(0.0, 100.0) as u8
}

fn class(word: &str) -> Option<CaseClass> {
    CaseClass::ALL.into_iter().find(|class| class.word() == word)
}

fn emotion(word: &str) -> Option<Emotion> {
    Emotion::ALL.into_iter().find(|emotion| emotion.word() == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_models_word_is_read_as_it_was_written() {
        let of = |source| Word::of(CaseClass::Delivery, source).map(|word| (word.class.word(), word.model));
        let own = |class| Some((class, "own 2".to_owned()));
        assert_eq!(of("model own 2 p=0.93"), own("delivery"));
        assert_eq!(of("default (model own 2 p=0.41 repair unsure)"), own("repair"));
        assert_eq!(of("delivery.parcel (model own 2 p=0.97 enquiry in shadow)"), own("enquiry"));
        for none in
            ["stated", "default", "safety.itch", "advice: model own 2, p=0.83", "default (model own 2 p=0.4 x y)"]
        {
            assert_eq!(of(none), None, "{none}");
        }
    }
}
