//! Words people put on a case to find it and its like again. Beside how far the case has come, also after its end.
//! Invariants: a tag is there once; so many at most, so that they stay a help.
use super::case::{Case, Event, Rejection};

/// The most tags of a case.
pub const TAGS_MAX: usize = 20;
/// The longest tag, in characters.
pub const TAG_MAX: usize = 40;

/// The tag as it is kept: one form, without blanks around it. `None` for what is none: empty, too long, with anything in it
/// but letters, digits, `-`, `_`, `.` and single blanks.
pub fn tag(text: &str) -> Option<String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let tag = words.join(" ").to_lowercase();
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | ' ');
    ((1..=TAG_MAX).contains(&tag.chars().count()) && tag.chars().all(plain)).then_some(tag)
}

impl Case {
    /// Puts a tag on the case, or takes it off. Errors: it has too many.
    pub(super) fn tag(&self, tag: String, put: bool) -> Result<Vec<Event>, Rejection> {
        if self.tags.contains(&tag) == put {
            return Ok(vec![]);
        }
        if put && self.tags.len() >= TAGS_MAX {
            return Err(Rejection::TooManyTags);
        }
        Ok(vec![Event::Tagged { tag, put }])
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn with(case: &mut Case, tag: &str, put: bool) -> Result<usize, Rejection> {
        let events = case.tag(tag.to_owned(), put)?;
        events.iter().for_each(|event| case.apply(event));
        Ok(events.len())
    }

    #[test]
    fn a_tag_is_there_once_and_there_are_so_many_at_most() {
        let mut case = Case::default();
        for n in 0..TAGS_MAX {
            assert_eq!(with(&mut case, &n.to_string(), true), Ok(1));
            assert_eq!(with(&mut case, &n.to_string(), true), Ok(0));
        }
        assert_eq!(with(&mut case, "one more", true), Err(Rejection::TooManyTags));
        assert_eq!(with(&mut case, "7", false), Ok(1));
        assert_eq!(with(&mut case, "7", false), Ok(0));
        assert_eq!(with(&mut case, "one more", true), Ok(1));
        assert!(
            serde_json::from_str::<Case>(
                "{\"facts\":null,\"responded_at\":null,\"response_missed\":false,\"state\":{\"kind\":\"absent\"}}"
            )
            .unwrap()
            .tags
            .is_empty()
        );
    }

    #[test]
    fn a_tag_has_one_form() {
        assert_eq!(tag("  Recall  2026-03 ").as_deref(), Some("recall 2026-03"));
        assert_eq!(tag("包装破损").as_deref(), Some("包装破损"));
        for none in ["", " ", "a,b", "a\u{7}", "<b>", &"x".repeat(41)] {
            assert_eq!(tag(none), None, "{none}");
        }
    }
}
