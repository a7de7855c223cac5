//! Words in a folded text: where they stand. A word of a script with spaces stands alone unless it ends in `*`.
use std::collections::HashMap;

use crate::fold::{fold_char, is_spaced};

/// There is nothing in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a word is empty")]
pub struct EmptyWord;

/// Words, each with a number of its owner's.
#[derive(Clone, Debug, Default)]
pub struct Terms {
    by_first: HashMap<char, Vec<Term>>,
    /// How many characters the longest has.
    longest: usize,
}

/// A word to look for.
#[derive(Clone, Debug)]
pub struct Term {
    chars: Vec<char>,
    /// It ends where it ends; otherwise it may be the beginning of a longer word.
    whole: bool,
    /// The number it was added with.
    pub number: usize,
}

impl Terms {
    /// All words with the number 0. Errors: one is empty.
    pub fn list(words: &[String]) -> Result<Self, EmptyWord> {
        let mut terms = Self::default();
        words.iter().try_for_each(|word| terms.add(word, 0))?;
        Ok(terms)
    }

    /// Adds a word. Errors: it is empty.
    pub fn add(&mut self, word: &str, number: usize) -> Result<(), EmptyWord> {
        let stem = word.strip_suffix('*').unwrap_or(word);
        let chars: Vec<char> = stem.chars().map(fold_char).collect();
        let whole = stem.len() == word.len();
        self.longest = self.longest.max(chars.len());
        self.by_first.entry(*chars.first().ok_or(EmptyWord)?).or_default().push(Term { chars, whole, number });
        Ok(())
    }

    /// The words that begin at `at` of a folded text.
    pub fn at<'a>(&'a self, text: &'a [char], at: usize) -> impl Iterator<Item = &'a Term> {
        let first = text.get(at).filter(|first| !(is_spaced(**first) && follows_letter(text, at)));
        let candidates = first.and_then(|first| self.by_first.get(first)).map_or(&[][..], Vec::as_slice);
        candidates.iter().filter(move |term| term.stands_at(text, at))
    }

    /// The length of the longest word that begins at `at`.
    pub fn longest_at(&self, text: &[char], at: usize) -> Option<usize> {
        self.at(text, at).map(Term::length).max()
    }

    /// Whether one begins in `from..to`.
    pub fn any_in(&self, text: &[char], from: usize, to: usize) -> bool {
        (from..to).any(|at| self.at(text, at).next().is_some())
    }

    /// Whether one begins in `from..to` and ends there too.
    pub fn ends_in(&self, text: &[char], from: usize, to: usize) -> bool {
        (from..to).any(|at| self.at(text, at).any(|term| at + term.length() <= to))
    }

    /// Whether one that is at least `least` long covers `from..to`.
    pub fn cover(&self, text: &[char], from: usize, to: usize, least: usize) -> bool {
        let first = from.saturating_sub(self.longest);
        (first..=from).any(|at| self.at(text, at).any(|term| at + term.length() >= to && term.length() >= least))
    }
}

impl Term {
    /// How many characters it has; never 0.
    pub fn length(&self) -> usize {
        self.chars.len()
    }

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
