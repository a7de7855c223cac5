//! The rules of safety: harm to people, hazards, threats of going public, and harm to children. What they find can only
//! raise how a contact is handled, never lower it, and each finding names its rule (R-INT-09, R-INT-22).
use std::{collections::HashMap, ops::Range};

use serde::{Deserialize, Serialize};

use crate::{
    context::{self, Context, Standing},
    fold::{fold, is_spaced},
    words::{EmptyWord, Term, Terms},
};

/// What a rule watches for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A symptom or an injury of a person.
    Harm,
    /// What may do harm: mould, spoilage, foreign bodies, heat.
    Hazard,
    /// Going to the authorities, to the press or to court.
    Threat,
    /// A child; together with harm it makes the harm more severe.
    Minor,
}

/// The rules as they are written down.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Book {
    pub context: context::Book,
    /// Phrases that hold a word of a rule and mean something else.
    pub masks: Vec<String>,
    pub rule: Vec<Rule>,
}

/// One rule.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    pub name: String,
    pub kind: Kind,
    /// 1 (discomfort) to 4 (life-threatening) of harm; of a minor, the least that harm to it counts; 0 of all others.
    #[serde(default)]
    pub severity: u8,
    pub words: Vec<String>,
    /// The words count only where one of these stands near.
    #[serde(default)]
    pub near: Vec<String>,
    /// How near, in characters.
    #[serde(default = "near")]
    pub within: usize,
}

/// How near [`Rule::near`] is where a rule does not say.
fn near() -> usize {
    24
}

/// Why a book cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BookError {
    #[error("rule {0} holds an empty word")]
    EmptyWord(String),
    #[error("rule {0}: severity is 1 to 4 of harm and of minors, and 0 of all else")]
    Severity(String),
}

/// The rules, ready to be used.
#[derive(Clone, Debug)]
pub struct Safety {
    rules: Vec<Ready>,
    terms: Terms,
    masks: Terms,
    context: Context,
}

#[derive(Clone, Debug)]
struct Ready {
    name: String,
    kind: Kind,
    severity: u8,
    near: Option<Terms>,
    within: usize,
}

/// A word of a rule in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding<'a> {
    pub rule: &'a str,
    pub kind: Kind,
    pub severity: u8,
    /// Where in the folded text.
    pub at: Range<usize>,
    pub standing: Standing,
}

/// What was found in a text.
#[derive(Clone, Debug, Default)]
pub struct Findings<'a> {
    /// The folded text.
    pub text: Vec<char>,
    /// Every word of a rule, in the order of the text, also those that do not count.
    pub all: Vec<Finding<'a>>,
}

/// How soon after a word 了 tells that a denial is news (不痒了).
const NEWS: usize = 3;

impl Safety {
    /// Makes the rules ready. Errors: see [`BookError`].
    pub fn new(book: &Book) -> Result<Self, BookError> {
        let empty = |name: &str| {
            let name = name.to_owned();
            move |_: EmptyWord| BookError::EmptyWord(name)
        };
        let mut terms = Terms::default();
        let mut rules = Vec::with_capacity(book.rule.len());
        for (number, rule) in book.rule.iter().enumerate() {
            let graded = matches!(rule.kind, Kind::Harm | Kind::Minor);
            if rule.severity > 4 || graded != (rule.severity > 0) {
                return Err(BookError::Severity(rule.name.clone()));
            }
            rule.words.iter().try_for_each(|word| terms.add(word, number)).map_err(empty(&rule.name))?;
            let near = (!rule.near.is_empty()).then(|| Terms::list(&rule.near)).transpose();
            rules.push(Ready {
                name: rule.name.clone(),
                kind: rule.kind,
                severity: rule.severity,
                near: near.map_err(empty(&rule.name))?,
                within: rule.within,
            });
        }
        let context = Context::new(&book.context).map_err(empty("context"))?;
        Ok(Self { rules, terms, masks: Terms::list(&book.masks).map_err(empty("masks"))?, context })
    }

    /// What decides how words stand, for other rules over the same texts.
    pub fn context(&self) -> &Context {
        &self.context
    }

    /// Reads a text.
    pub fn read(&self, text: &str) -> Findings<'_> {
        let text = fold(text);
        let mut all: Vec<Finding<'_>> = Vec::new();
        for at in 0..text.len() {
            let mut here: Vec<&Term> = self.terms.at(&text, at).collect();
            here.sort_by_key(|term| std::cmp::Reverse(term.length()));
            for term in here {
                let end = end_of_word(&text, at + term.length());
                if let Some(rule) = self.rules.get(term.number)
                    && !self.is_masked(&text, at, end)
                    && rule.is_near(&text, at, end)
                {
                    let standing = self.standing(rule.kind, &text, at..end, &all);
                    let (kind, severity) = (rule.kind, rule.severity);
                    all.push(Finding { rule: &rule.name, kind, severity, at: at..end, standing });
                }
            }
        }
        if all.iter().any(is_slight) {
            self.settle(&text, &mut all);
        }
        let turned = |one: &Finding<'_>| one.standing == Standing::Denied && self.context.has_turned(&text, &one.at);
        all.iter_mut().filter(|one| turned(one)).for_each(|one| one.standing = Standing::Said);
        Findings { text, all }
    }

    /// Whether its first or its last character belongs to a phrase that means something else.
    fn is_masked(&self, text: &[char], at: usize, end: usize) -> bool {
        self.masks.cover(text, at, at + 1, 1) || self.masks.cover(text, end - 1, end, 1)
    }

    /// How a word stands: as the longer one that it is part of, or by itself. Of children it makes no difference.
    fn standing(&self, kind: Kind, text: &[char], at: Range<usize>, found: &[Finding<'_>]) -> Standing {
        if kind == Kind::Minor {
            return Standing::Said;
        }
        let longer =
            found.iter().find(|one| one.kind != Kind::Minor && one.at.start <= at.start && one.at.end >= at.end);
        if let Some(longer) = longer {
            return longer.standing;
        }
        let before = found.iter().rev().find(|one| one.kind != Kind::Minor && one.at.end <= at.start);
        self.context.standing(text, &at, before.map(|one| (&one.at, one.standing)))
    }

    /// What the whole text says of slight harm. Of a product that was not tried yet, it is why it was bought. It is over where
    /// it is not told of the use, and the same is denied as news later on (以前…过敏，用了这个不过敏了), or things are better now,
    /// or the customer is content; and where he is content with what is denied as news, also if it is told of the use.
    fn settle(&self, text: &[char], all: &mut [Finding<'_>]) {
        if self.context.is_untried(text) {
            all.iter_mut().filter(|one| is_slight(one)).for_each(|one| one.standing = Standing::Supposed);
        }
        let news = |one: &Finding<'_>| text[one.at.end..text.len().min(one.at.end + NEWS)].contains(&'了');
        let denied = all.iter().filter(|one| one.standing == Standing::Denied && news(one));
        let gone: HashMap<&[char], usize> = denied.map(|one| (&text[one.at.clone()], one.at.start)).collect();
        let better = self.context.better_since(text);
        let content = self.context.is_content(text);
        for one in all.iter_mut().filter(|one| is_slight(one)) {
            let later = gone.get(&text[one.at.clone()]).is_some_and(|later| *later > one.at.start);
            let told = self.context.is_of_use(text, &one.at);
            if later && content || !told && (content || later || better.is_some_and(|at| at >= one.at.end)) {
                one.standing = Standing::Over;
            }
        }
    }
}

/// Harm of the lowest degree that counts so far.
fn is_slight(one: &Finding<'_>) -> bool {
    one.standing == Standing::Said && one.kind == Kind::Harm && one.severity == 1
}

impl Ready {
    /// Whether the words that must stand near do.
    fn is_near(&self, text: &[char], from: usize, to: usize) -> bool {
        let around = from.saturating_sub(self.within)..text.len().min(to + self.within);
        self.near.as_ref().is_none_or(|near| near.any_in(text, around.start, around.end))
    }
}

/// Where the word ends that goes on at `end` (allerg|ies).
fn end_of_word(text: &[char], end: usize) -> usize {
    let inside = end.checked_sub(1).and_then(|last| text.get(last)).is_some_and(|c| is_spaced(*c));
    if inside { (end..text.len()).find(|at| !is_spaced(text[*at])).unwrap_or(text.len()) } else { end }
}

impl Findings<'_> {
    /// The words of rules that count, of one kind.
    pub fn said(&self, kind: Kind) -> impl Iterator<Item = &Finding<'_>> {
        self.all.iter().filter(move |finding| finding.kind == kind && finding.standing == Standing::Said)
    }

    /// The most severe harm that is spoken of.
    pub fn harm(&self) -> Option<&Finding<'_>> {
        self.said(Kind::Harm).reduce(|worst, next| if next.severity > worst.severity { next } else { worst })
    }

    /// How severe it is, 0 (none) to 4: as the harm is, and more where a child is concerned.
    pub fn severity(&self) -> u8 {
        let minor = self.said(Kind::Minor).map(|minor| minor.severity).max().unwrap_or(0);
        self.harm().map_or(0, |harm| harm.severity.max(minor))
    }

    /// The words of a finding, as they stand in the folded text.
    pub fn words(&self, finding: &Finding<'_>) -> String {
        self.text.get(finding.at.clone()).unwrap_or_default().iter().collect()
    }
}
