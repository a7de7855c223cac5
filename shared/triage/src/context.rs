//! How a word stands in its sentence: said, denied ("no rash", 没有过敏), supposed (a question, a fear, an if), or over (of
//! the past, of somebody else, or gone). Two denials say it after all (没有一次不痒).
use std::ops::Range;

use serde::Deserialize;

use crate::{
    fold::is_spaced,
    words::{EmptyWord, Terms},
};

/// The words that decide how other words stand.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Book {
    /// Before a word: it is not so, unless one of `deeds` stands between: then that was not done (没有人回复我过敏的事).
    pub denials: Vec<String>,
    pub deeds: Vec<String>,
    /// Two denials before a word that say it after all.
    pub affirmed: Vec<String>,
    /// Before a word: nobody says that it is so.
    pub supposed: Vec<String>,
    /// As `supposed`, unless it is told as something that happened: one of `used` stands anywhere, or one of `happened` right
    /// after the word (请问用了脸肿怎么办, 请问过敏了怎么赔).
    pub asking: Vec<String>,
    pub happened: Vec<String>,
    /// Right after a word: it is spoken of whom it may happen to.
    pub supposed_after: Vec<String>,
    /// After a word, where a modal stands before the word in its clause: it is asked. Where it stands after, as `asking`.
    pub asked: Vec<String>,
    pub modals: Vec<String>,
    /// Anywhere: the product was not tried yet, unless one of `used` stands anywhere too.
    pub untried: Vec<String>,
    pub used: Vec<String>,
    /// Before a word: it was so, or it is so for others.
    pub past: Vec<String>,
    /// Before a word: it may be so for other reasons, unless it is told as something that happened, as in `asking`.
    pub conditions: Vec<String>,
    /// Anywhere, without one of `reproach`: the customer is content, and slight harm that is not told of the use is no news.
    pub content: Vec<String>,
    pub reproach: Vec<String>,
    /// Anywhere after a word that none of `used` stands before in its clause: it was so before and is better now, unless one
    /// of `stopped` stands anywhere.
    pub better: Vec<String>,
    pub stopped: Vec<String>,
    /// Before a word that is denied: it was not so once. Where one of `turned` stands after it, it is so now.
    pub formerly: Vec<String>,
    pub turned: Vec<String>,
    /// After a word: it is better or gone.
    pub over: Vec<String>,
    /// As `over`, where the clause ends with it.
    pub over_at_end: Vec<String>,
    /// Phrases that hold such a word and mean nothing of the kind.
    pub except: Vec<String>,
    /// Marks and words after which a new clause begins; nothing reaches across.
    pub breaks: Vec<String>,
    /// What stands between words of one list: the second is denied with the first.
    pub joins: Vec<String>,
    pub reach: Reach,
}

/// How many characters a denial reaches, in scripts without spaces and with them. The rest reaches further.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reach {
    pub unspaced: usize,
    pub spaced: usize,
}

/// How a word stands in its sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    Said,
    Denied,
    Supposed,
    Over,
}

/// The book, ready to be used.
#[derive(Clone, Debug)]
pub struct Context {
    denials: Terms,
    deeds: Terms,
    affirmed: Terms,
    supposed: Terms,
    asking: Terms,
    happened: Terms,
    supposed_after: Terms,
    asked: Terms,
    modals: Terms,
    untried: Terms,
    used: Terms,
    past: Terms,
    conditions: Terms,
    content: Terms,
    reproach: Terms,
    better: Terms,
    stopped: Terms,
    formerly: Terms,
    turned: Terms,
    over: Terms,
    over_at_end: Terms,
    except: Terms,
    breaks: Terms,
    joins: Vec<Vec<char>>,
    reach: Reach,
}

/// How far the two ends of a clause are looked for.
const CLAUSE: usize = 60;
/// How many characters after a word tell of whom it may happen to.
const RIGHT_AFTER: usize = 4;

impl Context {
    /// Makes the book ready. Errors: a word is empty.
    pub fn new(book: &Book) -> Result<Self, EmptyWord> {
        Ok(Self {
            denials: Terms::list(&book.denials)?,
            deeds: Terms::list(&book.deeds)?,
            affirmed: Terms::list(&book.affirmed)?,
            supposed: Terms::list(&book.supposed)?,
            asking: Terms::list(&book.asking)?,
            happened: Terms::list(&book.happened)?,
            supposed_after: Terms::list(&book.supposed_after)?,
            asked: Terms::list(&book.asked)?,
            modals: Terms::list(&book.modals)?,
            untried: Terms::list(&book.untried)?,
            used: Terms::list(&book.used)?,
            past: Terms::list(&book.past)?,
            conditions: Terms::list(&book.conditions)?,
            content: Terms::list(&book.content)?,
            reproach: Terms::list(&book.reproach)?,
            better: Terms::list(&book.better)?,
            stopped: Terms::list(&book.stopped)?,
            formerly: Terms::list(&book.formerly)?,
            turned: Terms::list(&book.turned)?,
            over: Terms::list(&book.over)?,
            over_at_end: Terms::list(&book.over_at_end)?,
            except: Terms::list(&book.except)?,
            breaks: Terms::list(&book.breaks)?,
            joins: book.joins.iter().map(|join| crate::fold::fold(join)).collect(),
            reach: book.reach,
        })
    }

    /// How the word at `hit` of a folded text stands. `before` is the word found before it and how that one stands.
    pub fn standing(&self, text: &[char], hit: &Range<usize>, before: Option<(&Range<usize>, Standing)>) -> Standing {
        let clause = self.clause(text, hit);
        if let Some((before, Standing::Denied)) = before
            && self.is_joined(text, before.end, hit.start)
        {
            return Standing::Denied;
        }
        let spaced = text.get(hit.start).is_some_and(|c| is_spaced(*c));
        let reach = if spaced { self.reach.spaced } else { self.reach.unspaced };
        let near = |reach: usize| clause.start.max(hit.start.saturating_sub(reach));
        let affirmed = || self.affirmed.ends_in(text, near(reach + 4), hit.start);
        let happened = self.has_happened(text, hit, clause.end);
        if self.is_not_so(text, near(reach), hit.start) && !affirmed() {
            Standing::Denied
        } else if self.is_supposed(text, &clause, hit, near(3 * reach), happened) {
            Standing::Supposed
        } else if self.any(&self.past, text, near(4 * reach), hit.start)
            || (!happened && self.any(&self.conditions, text, near(4 * reach), hit.start))
            || self.is_over(text, hit.end, clause.end.min(hit.end + 2 * reach), clause.end)
        {
            Standing::Over
        } else {
            Standing::Said
        }
    }

    /// Whether the word at `hit` is denied in its clause: the short question for words that need no more.
    pub fn is_denied(&self, text: &[char], hit: &Range<usize>) -> bool {
        self.standing(text, hit, None) == Standing::Denied
    }

    /// Whether the word at `hit`, which is denied, was not so once and is so now: 本来没有头皮屑，越洗越多.
    pub fn has_turned(&self, text: &[char], hit: &Range<usize>) -> bool {
        self.formerly.any_in(text, self.clause(text, hit).start, hit.start)
            && self.turned.any_in(text, hit.end, text.len().min(hit.end + CLAUSE))
    }

    /// Whether the text says that the product was not used yet: what is wrong is why it was bought.
    pub fn is_untried(&self, text: &[char]) -> bool {
        self.untried.any_in(text, 0, text.len()) && !self.used.any_in(text, 0, text.len())
    }

    /// Whether the customer praises and does not reproach.
    pub fn is_content(&self, text: &[char]) -> bool {
        self.content.any_in(text, 0, text.len()) && !self.reproach.any_in(text, 0, text.len())
    }

    /// Whether the word at `hit` is told of the use of the product: 洗完头皮痒.
    pub fn is_of_use(&self, text: &[char], hit: &Range<usize>) -> bool {
        self.used.any_in(text, self.clause(text, hit).start, hit.start)
    }

    /// The last place from where on things are better than they were, though nobody stopped using the product.
    pub fn better_since(&self, text: &[char]) -> Option<usize> {
        let stopped = self.stopped.any_in(text, 0, text.len());
        let better = |at: &usize| {
            self.better.at(text, *at).next().is_some() && !self.any(&self.denials, text, at.saturating_sub(2), *at)
        };
        (0..text.len()).rev().filter(|_| !stopped).find(better)
    }

    /// Where the clause around `hit` begins and ends.
    fn clause(&self, text: &[char], hit: &Range<usize>) -> Range<usize> {
        let from = hit.start.saturating_sub(CLAUSE);
        let ends = |at: usize| self.break_at(text, at).map(|length| at + length);
        let break_before = (from..hit.start).rev().find_map(|at| ends(at).filter(|end| *end <= hit.start));
        let to = text.len().min(hit.end + CLAUSE);
        let break_after = (hit.end..to).find(|at| ends(*at).is_some());
        break_before.unwrap_or(from)..break_after.unwrap_or(to)
    }

    /// The length of the break at `at`: a word or mark of the book that is not part of a word for the past (本来就), or a space
    /// between characters that need none.
    fn break_at(&self, text: &[char], at: usize) -> Option<usize> {
        let unspaced = |at: Option<usize>| at.and_then(|at| text.get(at)).is_some_and(|c| *c > '\u{2e80}');
        let gap = || text.get(at) == Some(&' ') && unspaced(at.checked_sub(1)) && unspaced(Some(at + 1));
        let word = self.breaks.longest_at(text, at);
        let found = word.filter(|length| !self.past.cover(text, at, at + length, length + 1));
        found.or_else(|| gap().then_some(1))
    }

    /// Whether nothing but a join stands in `from..to`.
    fn is_joined(&self, text: &[char], from: usize, to: usize) -> bool {
        let between: Vec<char> = text.get(from..to).unwrap_or_default().iter().copied().filter(|c| *c != ' ').collect();
        self.joins.contains(&between)
    }

    /// Whether the word at `at` is part of a longer phrase that means nothing of the kind.
    fn is_excepted(&self, text: &[char], at: usize, length: usize) -> bool {
        self.except.cover(text, at, at + length, length + 1)
    }

    /// Whether one of `terms` stands in `from..to` and means what it says.
    fn any(&self, terms: &Terms, text: &[char], from: usize, to: usize) -> bool {
        (from..to).any(|at| terms.at(text, at).any(|term| !self.is_excepted(text, at, term.length())))
    }

    /// Whether a denial stands in `from..to` that denies what comes next, and not that something was done about it.
    fn is_not_so(&self, text: &[char], from: usize, to: usize) -> bool {
        let denies =
            |at: usize, length: usize| !self.is_excepted(text, at, length) && !self.deeds.any_in(text, at + length, to);
        (from..to).any(|at| self.denials.at(text, at).any(|term| denies(at, term.length())))
    }

    /// Whether what the word at `hit` says is told as something that happened: of the use, or by the words right after it.
    fn has_happened(&self, text: &[char], hit: &Range<usize>, end: usize) -> bool {
        self.used.any_in(text, 0, text.len()) || self.happened.any_in(text, hit.end, end.min(hit.end + RIGHT_AFTER))
    }

    fn is_supposed(
        &self,
        text: &[char],
        clause: &Range<usize>,
        hit: &Range<usize>,
        from: usize,
        happened: bool,
    ) -> bool {
        let asked =
            |from: usize, to: usize| self.asked.any_in(text, hit.end, clause.end) && self.modals.any_in(text, from, to);
        self.any(&self.supposed, text, from, hit.start)
            || self.supposed_after.any_in(text, hit.end, clause.end.min(hit.end + RIGHT_AFTER))
            || asked(clause.start, hit.start)
            || (!happened && (self.any(&self.asking, text, from, hit.start) || asked(hit.end, clause.end)))
    }

    /// Whether a word of relief stands in `from..to`, and is not denied itself.
    fn is_over(&self, text: &[char], from: usize, to: usize, end: usize) -> bool {
        let denied = |at: usize| self.any(&self.denials, text, at.saturating_sub(2).max(from), at);
        (from..to).any(|at| {
            (self.over.at(text, at).next().is_some() && !denied(at))
                || self.over_at_end.at(text, at).any(|term| at + term.length() == end)
        })
    }
}
