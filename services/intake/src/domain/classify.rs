//! What a contact is about, always explained (R-INT-22). The rules of safety come first and can only raise: a mention of
//! harm is never overlooked because somebody chose another class (R-INT-09). Then counts what a person stated, then the
//! model where it is on and sure, then the rules over words; a word that is denied (没有退款的意思) does not count.
use std::collections::BTreeSet;

use serde::Deserialize;
use triage::{
    safety::{Findings, Kind, Safety},
    words::{EmptyWord, Terms},
};

use super::{
    triage::{Advice, Advisor, Reading},
    vocabulary::{CaseClass, Emotion},
};

/// What a contact is about, why we think so, and how severe the harm it speaks of is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Classification {
    pub class: CaseClass,
    /// "stated", the name of the rule that decided, or the model with its version and probability.
    pub source: String,
    /// 0 (none) to 4 (life-threatening).
    pub severity: u8,
    pub heard: Heard,
    /// What the model read, where it was asked.
    pub reading: Option<Reading>,
}

/// What else the words say, for the place in the queue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Heard {
    /// Going to the authorities, to the press or to court.
    pub threat: bool,
    /// Harm or a hazard, and a child.
    pub minor: bool,
    /// How the customer feels, as the model reads it, where nobody stated it.
    pub emotion: Option<Emotion>,
}

/// The rules as they are written down.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleBook {
    /// Tried in this order; the first with a word that counts decides.
    pub rule: Vec<Rule>,
}

/// One rule: any of these words means this class.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    pub name: String,
    pub class: CaseClass,
    /// A word of a script with spaces stands alone unless it ends in `*`.
    pub words: Vec<String>,
}

/// Why a rule book cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    #[error("rule {0} holds an empty word")]
    EmptyWord(String),
    #[error("rule {0} is about harm; such rules stand among those of safety")]
    Harm(String),
}

/// The rules and the model, ready to be used.
#[derive(Clone, Debug)]
pub struct Classifier {
    rules: Vec<Rule>,
    terms: Terms,
    safety: Safety,
    advisor: Advisor,
}

/// How many characters of a long text are read at once, and how many of them twice: what is said of harm in one place is
/// not taken back in another far away, and however long a text is, reading it takes no longer than it is long.
const PIECE: usize = 1_000;
const TWICE: usize = 100;

/// The rule that decides where no rule matches: an unhappy customer is heard as a complaint about service.
const UNHAPPY: &str = "default.unhappy";
/// The rule that decides where nothing else does.
pub const DEFAULT: &str = "default";
/// The source of a class that follows from a person's judgement of the harm.
const HARMED: &str = "stated.severity";
/// The source of a class that follows from an article that was written for all that was said.
pub const ASKED: &str = "knowledge";
/// The source of a class that a person stated.
const STATED: &str = "stated";

impl Classifier {
    /// Makes the rules ready. Errors: see [`RuleError`].
    pub fn new(book: RuleBook, safety: Safety, advisor: Advisor) -> Result<Self, RuleError> {
        let mut terms = Terms::default();
        for (number, rule) in book.rule.iter().enumerate() {
            if rule.class == CaseClass::Discomfort {
                return Err(RuleError::Harm(rule.name.clone()));
            }
            let added = rule.words.iter().try_for_each(|word| terms.add(word, number));
            added.map_err(|EmptyWord| RuleError::EmptyWord(rule.name.clone()))?;
        }
        Ok(Self { rules: book.rule, terms, safety, advisor })
    }

    /// Says what a contact is about. `stated` is a person's choice, `severity` a person's judgement of the harm.
    pub fn classify(
        &self,
        text: &str,
        stated: Option<CaseClass>,
        severity: Option<u8>,
        emotion: Option<Emotion>,
    ) -> Classification {
        let found = self.safety.read(text);
        // In shadow the model reads all that is said, so that its word can be compared; on, only where its word can count.
        let hazard = found.said(Kind::Hazard).next().is_some();
        let named = stated.is_some() || found.harm().is_some() || hazard;
        let advice = match emotion {
            Some(_) if named && self.advisor.is_on() => Advice::default(),
            _ => self.advisor.advise(&found.text),
        };
        let heard = Heard {
            threat: found.said(Kind::Threat).next().is_some(),
            minor: found.said(Kind::Minor).next().is_some() && (found.harm().is_some() || hazard),
            emotion: advice.emotion.filter(|_| emotion.is_none()),
        };
        let reading = advice.reading.clone();
        let (class, source) = match stated {
            Some(class) => (class, STATED.to_owned()),
            None => self.worked_out(&found, advice, emotion.or(heard.emotion)),
        };
        // What a person judged as harm, or what threatens to go public, is a complaint, whatever else it was called.
        let threat = found.said(Kind::Threat).next().filter(|_| stated.is_none());
        let (class, source) = match threat {
            _ if class.is_complaint() => (class, source),
            _ if severity.is_some_and(|severity| severity > 0) => (CaseClass::Discomfort, HARMED.to_owned()),
            Some(threat) => (CaseClass::ServiceAttitude, threat.rule.to_owned()),
            None => (class, source),
        };
        let least = u8::from(class == CaseClass::Discomfort);
        Classification {
            class,
            source,
            severity: severity.unwrap_or(0).max(found.severity()).max(least),
            heard,
            reading,
        }
    }

    /// The same of a text, and of more beside it: what stands there decides only where it alone speaks of graver harm.
    pub fn classify_with(
        &self,
        text: &str,
        beside: &[&str],
        stated: Option<CaseClass>,
        severity: Option<u8>,
        emotion: Option<Emotion>,
    ) -> Classification {
        let first = self.classify(text, stated, severity, emotion);
        let graver =
            beside.iter().flat_map(|more| pieces(more)).map(|piece| (self.safety.read(piece).severity(), piece));
        let graver = graver.filter(|(harm, _)| *harm > first.severity).max_by_key(|(harm, _)| *harm);
        let Some((_, piece)) = graver else { return first };
        let Classification { class, source, severity, heard, .. } = self.classify(piece, stated, severity, emotion);
        let Heard { threat, minor, emotion } = first.heard;
        let heard = Heard { threat: threat || heard.threat, minor: minor || heard.minor, emotion };
        Classification { class, source, severity, heard, reading: first.reading }
    }

    /// How severe the harm is that a text speaks of, by the rules of safety alone; 0 where it speaks of none (R-INT-09).
    pub fn harm(&self, text: &str) -> u8 {
        pieces(text).map(|piece| self.safety.read(piece).severity()).max().unwrap_or(0)
    }

    /// Whether words of one rule alone decided the class: nobody stated it, no harm, hazard, threat or model did, and what is said
    /// has words of no other rule (漏了怎么退货).
    pub fn is_by_a_word(&self, classification: &Classification, said: &str) -> bool {
        let rule = classification.source.split(" (").next();
        let text = self.safety.read(said).text;
        let named = (0..text.len()).flat_map(|at| self.terms.at(&text, at).map(|term| term.number));
        self.rules.iter().any(|known| Some(known.name.as_str()) == rule) && named.collect::<BTreeSet<_>>().len() == 1
    }

    /// The class where nobody stated one, and what decided: safety, the model, the rules.
    fn worked_out(&self, found: &Findings<'_>, advice: Advice, emotion: Option<Emotion>) -> (CaseClass, String) {
        if let Some(harm) = found.harm() {
            return (CaseClass::Discomfort, harm.rule.to_owned());
        }
        if let Some(hazard) = found.said(Kind::Hazard).next() {
            return (CaseClass::ProductQuality, hazard.rule.to_owned());
        }
        if let Some(class) = advice.class {
            return (class, advice.said);
        }
        let note = if advice.said.is_empty() { advice.said } else { format!(" ({})", advice.said) };
        let (class, source) = match self.mentioned(&found.text) {
            Some(rule) => (rule.class, rule.name.as_str()),
            None if emotion.is_some_and(Emotion::is_negative) => (CaseClass::ServiceAttitude, UNHAPPY),
            None => (CaseClass::Enquiry, DEFAULT),
        };
        (class, format!("{source}{note}"))
    }

    /// The first rule of the book with a word in the text that is not denied.
    fn mentioned(&self, text: &[char]) -> Option<&Rule> {
        let counts = |at: usize, end: usize| !self.safety.context().is_denied(text, &(at..end));
        let hits = (0..text.len()).flat_map(|at| self.terms.at(text, at).map(move |term| (at, term)));
        let mut first = usize::MAX;
        for (at, term) in hits {
            if term.number < first && counts(at, at + term.length()) {
                first = term.number;
            }
        }
        self.rules.get(first)
    }
}

/// A text in the pieces it is read in.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let starts = text.char_indices().step_by(PIECE - TWICE).map(|(at, _)| text.get(at..).unwrap_or_default());
    starts.map(|rest| rest.char_indices().nth(PIECE).and_then(|(end, _)| rest.get(..end)).unwrap_or(rest))
}
