//! What a text is found by: its words where words stand apart, else every two characters side by side. Both the texts
//! and the question are folded first (case, accents, width, traditional characters), so that one form finds the other.
use std::collections::BTreeSet;

use triage::fold::{fold, is_spaced};

/// Characters of one kind side by side.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Run {
    /// Letters without accents and digits: a whole word.
    Word(String),
    /// Any other script: what is asked for can be any part of it.
    Script(Vec<char>),
}

/// What is looked for: every run of it, in any order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Question(Vec<Run>);

/// Why nothing can be looked for.
pub const TOO_SHORT: &str = "must be words, or two characters and more side by side of a script without spaces";

impl Question {
    /// Errors: there is nothing in it, or a character stands alone.
    pub fn parse(words: &str) -> Result<Self, &'static str> {
        let runs = runs(words);
        let alone = |run: &Run| matches!(run, Run::Script(script) if script.len() < 2);
        if runs.is_empty() || runs.iter().any(alone) { Err(TOO_SHORT) } else { Ok(Self(runs)) }
    }

    /// What the index is asked for: all that was said has these, and a little else may have them too.
    pub fn grams(&self) -> BTreeSet<String> {
        self.0.iter().flat_map(Run::grams).collect()
    }

    /// Whether the texts of a case say it.
    pub fn is_answered_by(&self, texts: &[String]) -> bool {
        let said: Vec<Run> = texts.iter().flat_map(|text| runs(text)).collect();
        self.0.iter().all(|asked| said.iter().any(|run| run.says(asked)))
    }
}

impl Run {
    fn grams(&self) -> Vec<String> {
        match self {
            Run::Word(word) => vec![word.clone()],
            Run::Script(script) => script.windows(2).map(|pair| pair.iter().collect()).collect(),
        }
    }

    fn says(&self, asked: &Run) -> bool {
        match (self, asked) {
            (Run::Word(word), Run::Word(asked)) => word == asked,
            (Run::Script(script), Run::Script(asked)) => script.windows(asked.len()).any(|part| part == asked),
            _ => false,
        }
    }
}

/// What a text is found by.
pub fn grams(text: &str) -> BTreeSet<String> {
    runs(text).iter().flat_map(Run::grams).collect()
}

fn runs(text: &str) -> Vec<Run> {
    let mut runs = Vec::new();
    let mut goes_on = false;
    for c in fold(text).into_iter().flat_map(char::to_lowercase) {
        match runs.last_mut() {
            Some(Run::Word(word)) if goes_on && is_spaced(c) => word.push(c),
            Some(Run::Script(script)) if goes_on && c.is_alphanumeric() && !is_spaced(c) => script.push(c),
            _ if is_spaced(c) => runs.push(Run::Word(c.to_string())),
            _ if c.is_alphanumeric() => runs.push(Run::Script(vec![c])),
            _ => {}
        }
        goes_on = c.is_alphanumeric();
    }
    runs
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn finds(asked: &str, text: &str) -> bool {
        let question = Question::parse(asked).unwrap();
        let by_index = question.grams().is_subset(&grams(text));
        let by_reading = question.is_answered_by(&[text.to_owned()]);
        assert!(by_index || !by_reading, "{asked} in {text}: the index never says no to what was said");
        by_reading
    }

    #[test]
    fn chinese_is_found_by_two_characters_and_more_and_latin_by_words() {
        let text = "用了三天，頭皮很癢。The Refund for ＡＢ１２ não chegou；iPhone手机";
        for asked in
            ["头皮", "头皮很痒", "頭皮", "三天 很痒", "refund", "REFUND", "ab12", "nao", "não", "手机", "iphone手机"]
        {
            assert!(finds(asked, text), "{asked}");
        }
        for asked in ["皮头", "头很", "天头", "fund", "refunds", "ab", "手机 退款", "退款"] {
            assert!(!finds(asked, text), "{asked}");
        }
        assert!(finds("упаков", "Упаковка порвана") && finds("ひどい", "対応がひどい"));
    }

    #[test]
    fn what_only_looks_alike_is_told_apart_by_reading() {
        let text = "头皮，皮很痒";
        let question = Question::parse("头皮很").unwrap();
        assert!(question.grams().is_subset(&grams(text)) && !question.is_answered_by(&[text.to_owned()]));
        assert!(question.is_answered_by(&["别的".to_owned(), "头皮很痒".to_owned()]));
    }

    #[test]
    fn what_nothing_can_be_found_by_is_refused() {
        for asked in ["", "  ", "！？", "痒", "refund 痒", "😀"] {
            assert_eq!(Question::parse(asked), Err(TOO_SHORT), "{asked}");
        }
    }
}
