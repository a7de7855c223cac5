//! The versions of the policy of returns: proposed with what the past would have been under them, and approved by another
//! person (R-FUL-02). The one that was in force when this began is installed; nothing decided before it.
//! Invariant: a version decides from its approval on, by somebody else than who proposed it, and never before; what a version
//! says never changes.
use jiff::Timestamp;
use kernel::{approval::independent, returns::Policy};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use what_if::{Moved, Past, Played, WhatIf};

mod what_if;

/// All versions, in the order they were told, one that was withdrawn and proposed again twice; `Default` knows none.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyBook {
    pub versions: Vec<Version>,
    /// Which of them decides.
    pub in_force: Option<Name>,
}

/// What a version is called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Name {
    pub id: String,
    pub version: u32,
}

/// One version, and what was said about it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Version {
    pub policy: Policy,
    /// Nothing of the one this began with.
    pub proposed: Option<Said>,
    /// What the past would have been under it.
    pub what_if: Option<WhatIf>,
    pub approved: Option<Said>,
    pub withdrawn: Option<Said>,
}

/// Who said it, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Said {
    pub by: String,
    pub at: Timestamp,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Where none decides yet, this one does.
    Install(Box<Policy>),
    Propose {
        policy: Box<Policy>,
        what_if: WhatIf,
        by: String,
    },
    Approve {
        name: Name,
        by: String,
    },
    /// It is not to be approved any more.
    Withdraw {
        name: Name,
        by: String,
    },
}

#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    Installed { policy: Box<Policy>, at: Timestamp },
    Proposed { policy: Box<Policy>, what_if: WhatIf, said: Said },
    Approved { name: Name, said: Said },
    Withdrawn { name: Name, said: Said },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    #[error("there is no such version of the policy; the list of versions names those there are")]
    Unknown,
    #[error("a version with this id and number is known, and says something else; give the new one another number")]
    KnownOtherwise,
    #[error("who proposed a version cannot approve it; somebody else must")]
    OwnProposal,
    #[error("the version was approved or withdrawn already; propose another one")]
    NotNow,
}

impl Rejection {
    /// The stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Unknown => "policy.unknown",
            Self::KnownOtherwise => "policy.known_otherwise",
            Self::OwnProposal => "policy.own_proposal",
            Self::NotNow => "policy.not_now",
        }
    }
}

impl Name {
    pub fn of(policy: &Policy) -> Self {
        Self { id: policy.id.clone(), version: policy.version }
    }
}

impl Version {
    fn name(&self) -> Name {
        Name::of(&self.policy)
    }

    /// Whether it waits for somebody to approve it.
    pub fn is_open(&self) -> bool {
        self.proposed.is_some() && self.approved.is_none() && self.withdrawn.is_none()
    }
}

impl PolicyBook {
    /// The one there is: of returns.
    pub fn id() -> Uuid {
        kernel::id::derived("policy_book", &["returns"])
    }

    fn version(&self, name: &Name) -> Result<&Version, Rejection> {
        self.last(name).ok_or(Rejection::Unknown)
    }

    /// What was said last about a version: one that was withdrawn may be proposed again.
    pub fn last(&self, name: &Name) -> Option<&Version> {
        self.versions.iter().rfind(|version| version.name() == *name)
    }

    /// What decides.
    pub fn deciding(&self) -> Option<&Policy> {
        self.version(self.in_force.as_ref()?).ok().map(|version| &version.policy)
    }

    /// What follows from the command; said twice is said once.
    pub fn decide(&self, command: Command, at: Timestamp) -> Result<Vec<Event>, Rejection> {
        Ok(match command {
            Command::Install(policy) if self.in_force.is_none() => vec![Event::Installed { policy, at }],
            Command::Install(_) => vec![],
            Command::Propose { policy, what_if, by } => match self.version(&Name::of(&policy)) {
                Ok(known) if known.policy != *policy => return Err(Rejection::KnownOtherwise),
                Ok(known) if known.is_open() => vec![],
                Ok(known) if known.withdrawn.is_none() => return Err(Rejection::NotNow),
                _ => vec![Event::Proposed { policy, what_if, said: Said { by, at } }],
            },
            Command::Approve { name, by } => {
                let version = self.version(&name)?;
                let proposed = version.proposed.as_ref();
                match () {
                    () if version.approved.as_ref().is_some_and(|said| said.by == by) => vec![],
                    () if !version.is_open() => return Err(Rejection::NotNow),
                    () if proposed.is_none_or(|said| !independent(&said.by, &by)) => {
                        return Err(Rejection::OwnProposal);
                    }
                    () => vec![Event::Approved { name, said: Said { by, at } }],
                }
            }
            Command::Withdraw { name, by } => {
                let version = self.version(&name)?;
                match () {
                    () if version.withdrawn.is_some() => vec![],
                    () if !version.is_open() => return Err(Rejection::NotNow),
                    () => vec![Event::Withdrawn { name, said: Said { by, at } }],
                }
            }
        })
    }

    pub fn apply(&mut self, event: &Event) {
        match event {
            Event::Installed { policy, .. } => {
                self.in_force = Some(Name::of(policy));
                self.versions.push(Version {
                    policy: Policy::clone(policy),
                    proposed: None,
                    what_if: None,
                    approved: None,
                    withdrawn: None,
                });
            }
            Event::Proposed { policy, what_if, said } => self.versions.push(Version {
                policy: Policy::clone(policy),
                proposed: Some(said.clone()),
                what_if: Some(what_if.clone()),
                approved: None,
                withdrawn: None,
            }),
            Event::Approved { name, said } => {
                self.in_force = Some(name.clone());
                self.of(name).into_iter().for_each(|version| version.approved = Some(said.clone()));
            }
            Event::Withdrawn { name, said } => {
                self.of(name).into_iter().for_each(|version| version.withdrawn = Some(said.clone()));
            }
        }
    }

    fn of(&mut self, name: &Name) -> Option<&mut Version> {
        self.versions.iter_mut().rfind(|version| version.name() == *name)
    }

    /// Where a version stands, as it is written.
    pub fn status(&self, version: &Version) -> &'static str {
        match () {
            () if version.withdrawn.is_some() => "withdrawn",
            () if self.in_force.as_ref() == Some(&version.name()) => "in_force",
            () if version.is_open() => "proposed",
            () => "replaced",
        }
    }
}

#[cfg(test)]
#[path = "policies_tests.rs"]
mod tests;
