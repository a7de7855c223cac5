//! Who reported a problem or made a suggestion, and whether each was told what came of it (R-CMP-15, M24): informed, or
//! not told for a reason on record. Invariant: a report stands once, and what is settled is never unsettled by a message.
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Who reported.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Person {
    /// The pseudonym; only intake knows who it is. Customers are written to.
    Customer { customer_id: Uuid },
    /// The actor; a person tells them.
    Employee { actor: String },
}

/// One report, and how far telling its author is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reporter {
    /// The complaint or case; an employee's suggestion is its own report.
    pub report_id: Uuid,
    pub person: Person,
    pub reported_at: Timestamp,
    #[serde(default)]
    pub told: Told,
}

/// Whether somebody was told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Told {
    #[default]
    Waiting,
    /// A message is under way.
    Asked {
        message_id: Uuid,
    },
    /// The message cannot be sent; a person must tell it, or say why not.
    Failed,
    Informed {
        at: Timestamp,
    },
    Suppressed {
        reason: Suppression,
    },
}

/// Why somebody is not told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Suppression {
    NoConsent,
    DoNotContact,
    Unreachable,
    Erased,
    Withdrawn,
    /// His contact turned out to be no case of ours.
    CaseRejected,
}

/// What is said about telling somebody.
#[derive(Clone, Debug)]
pub enum Tell {
    /// The message left the house.
    Sent { message_id: Uuid, at: Timestamp },
    /// The message cannot be sent.
    Unsent { message_id: Uuid },
    /// A person told it.
    InPerson { report_id: Uuid },
    /// It is not told.
    Suppress { report_id: Uuid, reason: Suppression },
}

/// What happens on the way to everybody having been told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Telling {
    /// A customer is to be sent one message for all his reports.
    Asked {
        customer_id: Uuid,
        message_id: Uuid,
        report_ids: Vec<Uuid>,
    },
    /// Without a message when a person told it.
    Informed {
        report_id: Uuid,
        message_id: Option<Uuid>,
        at: Timestamp,
    },
    Failed {
        message_id: Uuid,
    },
    Suppressed {
        report_id: Uuid,
        reason: Suppression,
    },
}

/// Why telling cannot be recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("there is no such reporter")]
    Unknown,
    #[error("the reporter was informed or suppressed already")]
    Settled,
}

impl Reporter {
    /// Informed, or not told for a reason.
    pub fn settled(&self) -> bool {
        matches!(self.told, Told::Informed { .. } | Told::Suppressed { .. })
    }

    fn asked(&self, message: Uuid) -> bool {
        self.told == Told::Asked { message_id: message }
    }
}

/// How many reported, and how many of them are settled in which way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Loop {
    pub reporters: u32,
    pub informed: u32,
    pub suppressed: u32,
}

impl Loop {
    /// Of these reporters.
    pub fn of<'a>(reporters: impl Iterator<Item = &'a Reporter>) -> Self {
        reporters.fold(Self::default(), |sum, reporter| Self {
            reporters: sum.reporters + 1,
            informed: sum.informed + u32::from(matches!(reporter.told, Told::Informed { .. })),
            suppressed: sum.suppressed + u32::from(matches!(reporter.told, Told::Suppressed { .. })),
        })
    }

    /// How many are neither informed nor suppressed; 0 when the loop is closed.
    pub fn open(self) -> u32 {
        self.reporters - self.informed - self.suppressed
    }
}

/// Everybody who reported, in order of arrival.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Reporters(Vec<Reporter>);

impl Reporters {
    pub fn iter(&self) -> impl Iterator<Item = &Reporter> {
        self.0.iter()
    }

    /// The report of this id.
    pub fn find(&self, report_id: Uuid) -> Option<&Reporter> {
        self.0.iter().find(|reporter| reporter.report_id == report_id)
    }

    /// One more. Whether the report is there already is asked before.
    pub fn add(&mut self, reporter: Reporter) {
        self.0.push(reporter);
    }

    /// A message for each customer with waiting reports among `reporters`; its id follows from what it is about (`about`)
    /// and the customer, so that one who reported twice is told once.
    pub fn ask<'a>(about: &[&str], reporters: impl Iterator<Item = &'a Reporter>) -> Vec<Telling> {
        let mut asked: Vec<(Uuid, Vec<Uuid>)> = Vec::new();
        for reporter in reporters.filter(|reporter| reporter.told == Told::Waiting) {
            let Person::Customer { customer_id } = reporter.person else { continue };
            match asked.iter_mut().find(|(customer, _)| *customer == customer_id) {
                Some((_, reports)) => reports.push(reporter.report_id),
                None => asked.push((customer_id, vec![reporter.report_id])),
            }
        }
        let message = |customer: Uuid, first: Uuid| {
            kernel::id::derived("message", &[about, &[&customer.to_string(), &first.to_string()]].concat())
        };
        let told = |(customer_id, report_ids): (Uuid, Vec<Uuid>)| {
            let message_id = message(customer_id, report_ids.first().copied().unwrap_or_default());
            Telling::Asked { customer_id, message_id, report_ids }
        };
        asked.into_iter().map(told).collect()
    }

    /// What follows from `tell` at `now`. A message that nobody waits for, or that comes twice, changes nothing.
    pub fn decide(&self, tell: &Tell, now: Timestamp) -> Result<Vec<Telling>, Refusal> {
        match *tell {
            Tell::Sent { message_id, at } => {
                let waiting = self.0.iter().filter(|reporter| reporter.asked(message_id));
                let informed = |reporter: &Reporter| Telling::Informed {
                    report_id: reporter.report_id,
                    message_id: Some(message_id),
                    at,
                };
                Ok(waiting.map(informed).collect())
            }
            Tell::Unsent { message_id } => {
                let waits = self.0.iter().any(|reporter| reporter.asked(message_id));
                Ok(waits.then_some(Telling::Failed { message_id }).into_iter().collect())
            }
            Tell::InPerson { report_id } => {
                self.unsettled(report_id)?;
                Ok(vec![Telling::Informed { report_id, message_id: None, at: now }])
            }
            Tell::Suppress { report_id, reason } => {
                self.unsettled(report_id)?;
                Ok(vec![Telling::Suppressed { report_id, reason }])
            }
        }
    }

    fn unsettled(&self, report_id: Uuid) -> Result<(), Refusal> {
        let reporter = self.find(report_id).ok_or(Refusal::Unknown)?;
        if reporter.settled() { Err(Refusal::Settled) } else { Ok(()) }
    }

    /// Takes in what happened.
    pub fn apply(&mut self, telling: &Telling) {
        for reporter in &mut self.0 {
            match telling {
                Telling::Asked { message_id, report_ids, .. } if report_ids.contains(&reporter.report_id) => {
                    reporter.told = Told::Asked { message_id: *message_id };
                }
                Telling::Informed { report_id, at, .. } if *report_id == reporter.report_id => {
                    reporter.told = Told::Informed { at: *at };
                }
                Telling::Failed { message_id } if reporter.asked(*message_id) => reporter.told = Told::Failed,
                Telling::Suppressed { report_id, reason } if *report_id == reporter.report_id => {
                    reporter.told = Told::Suppressed { reason: *reason };
                }
                _ => {}
            }
        }
    }

    /// Everybody waits to be told anew, but those who are not told for a reason.
    pub fn wait_again(&mut self) {
        let told = self.0.iter_mut().filter(|reporter| !matches!(reporter.told, Told::Suppressed { .. }));
        told.for_each(|reporter| reporter.told = Told::Waiting);
    }
}
