//! What a contact is about: as a person stated, or by rules over its words (R-INT-22), always explained.
//! Health words are looked for in every contact, whatever was stated: a mention of harm is never overlooked because
//! somebody chose another class (R-INT-09). A word that is denied ("no rash", 没有过敏) does not count.
use std::collections::HashMap;

use serde::Deserialize;

use super::vocabulary::{CaseClass, Emotion};

/// What a contact is about, why we think so, and how severe the harm it speaks of is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Classification {
    pub class: CaseClass,
    /// "stated", or the name of the rule that decided.
    pub source: String,
    /// 0 (none) to 4 (life-threatening).
    pub severity: u8,
}

/// The rules as they are written down.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleBook {
    pub negation: Negation,
    /// Tried in this order; the first with a word that counts decides.
    pub rule: Vec<Rule>,
}

/// What denies a word that follows it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Negation {
    pub words: Vec<String>,
    /// Phrases that hold such a word and deny nothing.
    pub except: Vec<String>,
    /// Marks and words after which a new clause begins; a denial does not reach across.
    pub breaks: Vec<String>,
    /// How many characters a denial reaches, in scripts without spaces and with them.
    pub reach: Reach,
}

/// See [`Negation::reach`].
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reach {
    pub unspaced: usize,
    pub spaced: usize,
}

/// One rule: any of these words means this class.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    pub name: String,
    pub class: CaseClass,
    /// Above 0 for words of harm.
    #[serde(default)]
    pub severity: u8,
    /// A word of a script with spaces stands alone unless it ends in `*`.
    pub words: Vec<String>,
}

/// Why a rule book cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    #[error("rule {0} holds an empty word")]
    EmptyWord(String),
    #[error("rule {0}: severity is 0 to 4")]
    Severity(String),
    #[error("rule {0} is about health and must stand before all that are not")]
    HealthFirst(String),
}

/// The rules, ready to be used: one pass over the text.
#[derive(Clone, Debug)]
pub struct Classifier {
    rules: Vec<Rule>,
    terms: Terms,
    denials: Terms,
    excepted: Terms,
    breaks: Terms,
    reach: Reach,
}

/// The rule that decides where no rule matches: an unhappy customer is heard as a complaint about service.
const UNHAPPY: &str = "default.unhappy";
/// The rule that decides where nothing else does.
const DEFAULT: &str = "default";
/// The source of a class that follows from a person's judgement of the harm.
const HARMED: &str = "stated.severity";
/// The source of a class that a person stated.
const STATED: &str = "stated";

impl Classifier {
    /// Makes the rules ready. Errors: see [`RuleError`].
    pub fn new(book: RuleBook) -> Result<Self, RuleError> {
        let mut health_over = false;
        let mut terms = Terms::default();
        for (index, rule) in book.rule.iter().enumerate() {
            if rule.severity > 4 {
                return Err(RuleError::Severity(rule.name.clone()));
            }
            if rule.severity > 0 && health_over {
                return Err(RuleError::HealthFirst(rule.name.clone()));
            }
            health_over = rule.severity == 0;
            for word in &rule.words {
                terms.add(word, index).ok_or_else(|| RuleError::EmptyWord(rule.name.clone()))?;
            }
        }
        let list = |words: &[String]| {
            let mut terms = Terms::default();
            words.iter().try_for_each(|word| terms.add(word, 0)).map(|()| terms)
        };
        let negation = |words: &[String]| list(words).ok_or_else(|| RuleError::EmptyWord("negation".to_owned()));
        Ok(Self {
            terms,
            denials: negation(&book.negation.words)?,
            excepted: negation(&book.negation.except)?,
            breaks: negation(&book.negation.breaks)?,
            reach: book.negation.reach,
            rules: book.rule,
        })
    }

    /// Says what a contact is about. `stated` is a person's choice, `severity` a person's judgement of the harm.
    pub fn classify(
        &self,
        text: &str,
        stated: Option<CaseClass>,
        severity: Option<u8>,
        emotion: Option<Emotion>,
    ) -> Classification {
        let mentioned = self.mentioned(text);
        let harm = mentioned.iter().map(|rule| rule.severity).max().unwrap_or(0);
        let harmed = severity.is_some_and(|severity| severity > 0);
        let (class, source) = match (stated, mentioned.first()) {
            // Harm that a person has judged is a complaint, whatever else the contact was called (R-INT-09).
            (Some(class), _) if harmed && !class.is_complaint() => (CaseClass::Discomfort, HARMED),
            (None, Some(rule)) if harmed && !rule.class.is_complaint() => (CaseClass::Discomfort, HARMED),
            (Some(class), _) => (class, STATED),
            (None, Some(rule)) => (rule.class, rule.name.as_str()),
            (None, None) if harmed => (CaseClass::Discomfort, STATED),
            (None, None) if emotion.is_some_and(Emotion::is_negative) => (CaseClass::ServiceAttitude, UNHAPPY),
            (None, None) => (CaseClass::Enquiry, DEFAULT),
        };
        let least = u8::from(class == CaseClass::Discomfort);
        Classification { class, source: source.to_owned(), severity: severity.unwrap_or(0).max(harm).max(least) }
    }

    /// The rules with a word in the text that is not denied, in the order of the book.
    fn mentioned(&self, text: &str) -> Vec<&Rule> {
        let text: Vec<char> = text.chars().map(fold).collect();
        let mut found: Vec<usize> = (0..text.len())
            .flat_map(|at| self.terms.at(&text, at).map(move |term| (at, term)))
            .filter(|(at, _)| !self.is_denied(&text, *at))
            .map(|(_, term)| term.rule)
            .collect();
        found.sort_unstable();
        found.dedup();
        found.into_iter().filter_map(|rule| self.rules.get(rule)).collect()
    }

    /// Whether a denial stands before `at`, within reach and in the same clause.
    fn is_denied(&self, text: &[char], at: usize) -> bool {
        let spaced = text.get(at).is_some_and(|c| is_spaced(*c));
        let from = at.saturating_sub(if spaced { self.reach.spaced } else { self.reach.unspaced });
        let clause = (from..at).rev().find(|i| self.breaks.at(text, *i).next().is_some()).map_or(from, |i| i + 1);
        (clause..at).any(|i| self.denials.at(text, i).next().is_some() && !self.is_excepted(text, i))
    }

    /// Whether the denial at `at` is part of a phrase that denies nothing.
    fn is_excepted(&self, text: &[char], at: usize) -> bool {
        let first = at.saturating_sub(self.excepted.longest);
        (first..=at).any(|from| self.excepted.at(text, from).any(|term| from + term.chars.len() > at))
    }
}

/// Words by their first character.
#[derive(Clone, Debug, Default)]
struct Terms {
    by_first: HashMap<char, Vec<Term>>,
    longest: usize,
}

#[derive(Clone, Debug)]
struct Term {
    chars: Vec<char>,
    /// It ends where it ends; otherwise it may be the beginning of a longer word.
    whole: bool,
    rule: usize,
}

impl Terms {
    /// Adds a word; `None` when there is nothing in it.
    fn add(&mut self, word: &str, rule: usize) -> Option<()> {
        let stem = word.strip_suffix('*').unwrap_or(word);
        let chars: Vec<char> = stem.chars().map(fold).collect();
        let whole = stem.len() == word.len();
        self.longest = self.longest.max(chars.len());
        self.by_first.entry(*chars.first()?).or_default().push(Term { chars, whole, rule });
        Some(())
    }

    /// The words that stand at `at`.
    fn at<'a>(&'a self, text: &'a [char], at: usize) -> impl Iterator<Item = &'a Term> {
        let first = text.get(at).filter(|first| !(is_spaced(**first) && follows_letter(text, at)));
        let candidates = first.and_then(|first| self.by_first.get(first)).map_or(&[][..], Vec::as_slice);
        candidates.iter().filter(move |term| term.stands_at(text, at))
    }
}

impl Term {
    fn stands_at(&self, text: &[char], at: usize) -> bool {
        // Most words that begin alike differ in their second character.
        if self.chars.get(1).is_some_and(|second| text.get(at + 1) != Some(second)) {
            return false;
        }
        let end = at + self.chars.len();
        let goes_on =
            || self.chars.last().is_some_and(|c| is_spaced(*c)) && text.get(end).is_some_and(|c| is_spaced(*c));
        text.get(at..end) == Some(self.chars.as_slice()) && !(self.whole && goes_on())
    }
}

/// Whether a word of a script with spaces cannot begin at `at`.
fn follows_letter(text: &[char], at: usize) -> bool {
    at.checked_sub(1).and_then(|before| text.get(before)).is_some_and(|c| is_spaced(*c))
}

/// Letters of scripts that put spaces between words.
fn is_spaced(c: char) -> bool {
    c.is_ascii_alphanumeric()
}

/// Lower case, without the accents of the languages we read, so that "Não" and "nao" are one word.
fn fold(c: char) -> char {
    match c {
        'A'..='Z' => c.to_ascii_lowercase(),
        'á' | 'à' | 'â' | 'ã' | 'ä' | 'Á' | 'À' | 'Â' | 'Ã' | 'Ä' => 'a',
        'é' | 'è' | 'ê' | 'ë' | 'É' | 'È' | 'Ê' | 'Ë' => 'e',
        'í' | 'ì' | 'î' | 'ï' | 'Í' | 'Ì' | 'Î' | 'Ï' => 'i',
        'ó' | 'ò' | 'ô' | 'õ' | 'ö' | 'Ó' | 'Ò' | 'Ô' | 'Õ' | 'Ö' => 'o',
        'ú' | 'ù' | 'û' | 'ü' | 'Ú' | 'Ù' | 'Û' | 'Ü' => 'u',
        'ç' | 'Ç' => 'c',
        'ñ' | 'Ñ' => 'n',
        '\u{2019}' => '\'',
        other => other,
    }
}
