//! Who may do what: responsibilities are those of a post, and a person holds posts (R-ROL-01 to 04, 07, 14).
//! Invariant of a checked table: every command is some post's, and every member's post is described.
use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

/// The posts of the house, as its settings write them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Posts {
    /// Who is listed with no post may do nothing; otherwise everything.
    pub strict: bool,
    /// The commands of each post.
    pub may: BTreeMap<String, BTreeSet<String>>,
    /// Who holds it.
    #[serde(default)]
    pub members: BTreeMap<String, BTreeSet<String>>,
}

/// Why a table cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PostsError {
    #[error("there is no command {command}, which {post} may give")]
    UnknownCommand { post: String, command: String },
    #[error("no post may give the command {0}")]
    Nobodys(String),
    #[error("members names the post {0}, of which may says nothing")]
    UnknownPost(String),
}

/// Somebody may not do this. The posts that may are named.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{command} is for {}; {actor} holds {}", .needed.join(" or "), all_of(.held))]
pub struct NotAllowed {
    pub command: String,
    pub actor: String,
    pub needed: Vec<String>,
    pub held: Vec<String>,
}

fn all_of(posts: &[String]) -> String {
    if posts.is_empty() { "no post".to_owned() } else { posts.join(" and ") }
}

impl Posts {
    /// The stable code of [`NotAllowed`].
    pub const CODE: &'static str = "post.not_allowed";

    /// Checks the table against the commands there are. Errors: as [`PostsError`].
    pub fn check(self, commands: &[&str]) -> Result<Self, PostsError> {
        for (post, may) in &self.may {
            if let Some(command) = may.iter().find(|command| !commands.contains(&command.as_str())) {
                return Err(PostsError::UnknownCommand { post: post.clone(), command: command.clone() });
            }
        }
        if let Some(post) = self.members.keys().find(|post| !self.may.contains_key(*post)) {
            return Err(PostsError::UnknownPost(post.clone()));
        }
        let nobodys = commands.iter().find(|command| self.of(command).is_empty());
        nobodys.map_or(Ok(()), |command| Err(PostsError::Nobodys((*command).to_owned())))?;
        Ok(self)
    }

    /// Whether `actor`, in whatever spelling, may give `command`. Errors: no post of the actor's may; or there is none, and
    /// the house is strict.
    pub fn allow(&self, actor: &str, command: &str) -> Result<(), NotAllowed> {
        let holds = |people: &BTreeSet<String>| people.iter().any(|who| !kernel::approval::independent(who, actor));
        let held: Vec<_> = self.members.iter().filter(|(_, who)| holds(who)).map(|(post, _)| post.clone()).collect();
        let needed = self.of(command);
        let unlisted = held.is_empty() && !self.strict;
        if unlisted || held.iter().any(|post| needed.contains(post)) {
            return Ok(());
        }
        Err(NotAllowed { command: command.to_owned(), actor: actor.to_owned(), needed, held })
    }

    /// The posts that may give `command`.
    fn of(&self, command: &str) -> Vec<String> {
        self.may.iter().filter(|(_, may)| may.contains(command)).map(|(post, _)| post.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    const COMMANDS: [&str; 2] = ["assess", "appeal"];

    fn posts(strict: bool) -> Posts {
        let table = |rows: &[(&str, &[&str])]| {
            let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
            rows.iter().map(|(key, row)| ((*key).to_owned(), words(row))).collect()
        };
        let may = table(&[("manager", &["assess", "appeal"]), ("specialist", &["appeal"])]);
        let members = table(&[("manager", &["staff:bo"]), ("specialist", &["staff:bo", " Staff:Ana "])]);
        Posts { strict, may, members }
    }

    #[test]
    fn r_rol_14_who_holds_posts_may_do_what_one_of_them_may_and_no_more() {
        for (strict, actor, command, allowed) in [
            (false, "staff:ana", "appeal", true),
            (false, "staff:ana", "assess", false),
            (false, "staff:ANA", "assess", false),
            (false, "staff:bo", "assess", true),
            (false, "staff:nobody", "assess", true),
            (true, "staff:nobody", "assess", false),
            (true, "service:intake", "appeal", false),
            (true, "staff:bo", "appeal", true),
        ] {
            let refused = posts(strict).check(&COMMANDS).unwrap().allow(actor, command);
            assert_eq!(refused.is_ok(), allowed, "{actor} {command} {refused:?}");
        }
        let refused = posts(false).allow("staff:ana", "assess").unwrap_err().to_string();
        assert_eq!(refused, "assess is for manager; staff:ana holds specialist");
        let refused = posts(true).allow("staff:x", "appeal").unwrap_err().to_string();
        assert_eq!(refused, "appeal is for manager or specialist; staff:x holds no post");
    }

    #[test]
    fn a_table_with_a_hole_is_refused() {
        let whole = posts(false);
        let nobodys = whole.clone().check(&["assess", "appeal", "withdraw"]);
        assert_eq!(nobodys, Err(PostsError::Nobodys("withdraw".into())));
        let (post, command) = ("manager".into(), "assess".into());
        assert_eq!(whole.clone().check(&["appeal"]), Err(PostsError::UnknownCommand { post, command }));
        let mut stranger = whole;
        stranger.members.insert("janitor".into(), BTreeSet::new());
        assert_eq!(stranger.check(&COMMANDS), Err(PostsError::UnknownPost("janitor".into())));
    }
}
