//! Who repairs: what he can do, where, and whether he takes on work (R-FUL-12).
//! Invariant: work is taken on by somebody who is known and active, and has the skill it needs.
use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// One technician; `Default` is one nobody has spoken of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Technician {
    pub profile: Option<Profile>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// For example `staff:li`.
    pub staff: String,
    /// Codes.
    pub skills: BTreeSet<String>,
    pub store: String,
    pub active: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// This is how he is from now on.
    Set(Profile),
    /// He is to do work that needs a skill.
    TakeOn { skill: String },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    Set(Profile),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    #[error("there is no technician of this name; the list of technicians says who there is")]
    Unknown,
    #[error("the technician takes on no work at present; assign another one")]
    Inactive,
    #[error("the technician does not have the skill the diagnosis names; assign one who has it")]
    Unskilled,
}

impl Rejection {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unknown => "technician.unknown",
            Self::Inactive => "technician.inactive",
            Self::Unskilled => "technician.unskilled",
        }
    }
}

impl Technician {
    /// What follows from the command; to take on work changes nothing here.
    pub fn decide(&self, command: Command) -> Result<Vec<Event>, Rejection> {
        match (command, &self.profile) {
            (Command::Set(profile), known) if known.as_ref() == Some(&profile) => Ok(vec![]),
            (Command::Set(profile), _) => Ok(vec![Event::Set(profile)]),
            (Command::TakeOn { .. }, None) => Err(Rejection::Unknown),
            (Command::TakeOn { .. }, Some(profile)) if !profile.active => Err(Rejection::Inactive),
            (Command::TakeOn { skill }, Some(profile)) if !profile.skills.contains(&skill) => Err(Rejection::Unskilled),
            (Command::TakeOn { .. }, Some(_)) => Ok(vec![]),
        }
    }

    pub fn apply(&mut self, event: &Event) {
        let Event::Set(profile) = event;
        self.profile = Some(profile.clone());
    }
}

/// The technician who is this member of the staff; case and surrounding space make nobody else of him.
pub fn technician_id(staff: &str) -> Uuid {
    kernel::id::derived("technician", &[&staff.trim().to_lowercase()])
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn profile(active: bool) -> Profile {
        Profile { staff: "staff:li".into(), skills: ["screen".to_owned()].into(), store: "s-1".into(), active }
    }

    fn set(active: bool) -> Technician {
        let mut technician = Technician::default();
        let events = technician.decide(Command::Set(profile(active))).unwrap();
        events.iter().for_each(|event| technician.apply(event));
        technician
    }

    #[test]
    fn r_ful_12_work_is_taken_on_by_who_is_known_active_and_skilled() {
        let take = |technician: &Technician, skill: &str| technician.decide(Command::TakeOn { skill: skill.into() });
        assert_eq!(take(&Technician::default(), "screen"), Err(Rejection::Unknown));
        assert_eq!(take(&set(false), "screen"), Err(Rejection::Inactive));
        assert_eq!(take(&set(true), "battery"), Err(Rejection::Unskilled));
        assert_eq!(take(&set(true), "screen"), Ok(vec![]));
        assert_eq!(set(true).decide(Command::Set(profile(true))), Ok(vec![]), "said twice is said once");
        assert_eq!(technician_id(" Staff:LI "), technician_id("staff:li"));
    }
}
