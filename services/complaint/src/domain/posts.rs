//! Who may do what: responsibilities are those of a post, and a person holds posts (R-ROL-01 to 04, 07, 14).
//! Invariant of a checked table: every command is some post's, every member's post is described, every level has a post.
use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::escalation::Level;

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
    /// The posts that act on what is with a level of escalation, or with one below it (R-CMP-12).
    pub levels: BTreeMap<Level, BTreeSet<String>>,
}

/// Why a table cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PostsError {
    #[error("there is no command {command}, which {post} may give")]
    UnknownCommand { post: String, command: String },
    #[error("no post may give the command {0}")]
    Nobodys(String),
    #[error("members or levels names the post {0}, of which may says nothing")]
    UnknownPost(String),
    #[error("levels names no post for {}", .0.name())]
    NobodysLevel(Level),
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
        let mut named = self.members.keys().chain(self.levels.values().flatten());
        if let Some(post) = named.find(|post| !self.may.contains_key(*post)) {
            return Err(PostsError::UnknownPost(post.clone()));
        }
        let nobodys = commands.iter().find(|command| self.of(command).is_empty());
        nobodys.map_or(Ok(()), |command| Err(PostsError::Nobodys((*command).to_owned())))?;
        let empty = Level::ALL.into_iter().find(|level| self.levels.get(level).is_none_or(BTreeSet::is_empty));
        empty.map_or(Ok(self), |level| Err(PostsError::NobodysLevel(level)))
    }

    /// Whether `actor`, in whatever spelling, may give `command`. Errors: no post of the actor's may; or there is none, and
    /// the house is strict.
    pub fn allow(&self, actor: &str, command: &str) -> Result<(), NotAllowed> {
        let (held, needed) = (self.held(actor), self.of(command));
        let unlisted = held.is_empty() && !self.strict;
        if unlisted || held.iter().any(|post| needed.contains(post)) {
            return Ok(());
        }
        Err(NotAllowed { command: command.to_owned(), actor: actor.to_owned(), needed, held })
    }

    /// The highest level whose escalations `actor` may act on; none when the posts they hold are no level's. Who holds no
    /// post may act on all, or in a strict house on none.
    pub fn reach(&self, actor: &str) -> Option<Level> {
        let held = self.held(actor);
        if held.is_empty() && !self.strict {
            return Some(Level::Management);
        }
        let here = |posts: &BTreeSet<String>| held.iter().any(|post| posts.contains(post));
        self.levels.iter().rev().find(|(_, posts)| here(posts)).map(|(level, _)| *level)
    }

    /// The posts `actor` holds, in whatever spelling.
    fn held(&self, actor: &str) -> Vec<String> {
        let holds = |people: &BTreeSet<String>| people.iter().any(|who| !kernel::approval::independent(who, actor));
        self.members.iter().filter(|(_, who)| holds(who)).map(|(post, _)| post.clone()).collect()
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
        let levels = Level::ALL.map(|level| (level, BTreeSet::from(["manager".to_owned()])));
        Posts { strict, may, members, levels: levels.into() }
    }

    #[test]
    fn r_cmp_12_r_rol_14_a_person_reaches_as_high_as_the_highest_of_the_posts_they_hold() {
        let levels: [(Level, &[&str]); 4] = [
            (Level::TeamLead, &["lead"]),
            (Level::ComplaintManager, &["manager"]),
            (Level::DepartmentHead, &["head", "chief"]),
            (Level::Management, &["management"]),
        ];
        let members = [("lead", "staff:li"), ("manager", "staff:bo"), ("chief", "staff:bo"), ("clerk", "staff:ana")];
        let set = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<BTreeSet<_>>();
        let house = |strict| Posts {
            strict,
            members: members.map(|(post, who)| (post.to_owned(), set(&[who]))).into(),
            levels: levels.map(|(level, posts)| (level, set(posts))).into(),
            ..Posts::default()
        };
        for (actor, reach) in
            [("staff:li", Some(Level::TeamLead)), ("staff:BO", Some(Level::DepartmentHead)), ("staff:ana", None)]
        {
            assert_eq!((house(true).reach(actor), house(false).reach(actor)), (reach, reach), "{actor}");
        }
        assert_eq!(house(false).reach("staff:nobody"), Some(Level::Management), "who is listed nowhere");
        assert_eq!(house(true).reach("staff:nobody"), None, "but in a strict house");
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
        let mut stranger = posts(false);
        stranger.levels.insert(Level::TeamLead, ["janitor".to_owned()].into());
        assert_eq!(stranger.check(&COMMANDS), Err(PostsError::UnknownPost("janitor".into())));
        let mut nobody = posts(false);
        nobody.levels.remove(&Level::DepartmentHead);
        assert_eq!(nobody.check(&COMMANDS), Err(PostsError::NobodysLevel(Level::DepartmentHead)));
    }
}
