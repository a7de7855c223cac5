//! The rules of the complaint department, pure: no clock, no database, no network. Reading order: `values`, `routing`,
//! `ladder`, `solution`, `fairness`, `rulebook`, then the three aggregates: `complaint` (`command`, `decide`, `promises`,
//! `retargeting`, `given`, `approving`, `executing`, `care`, `awaited`,
//! `satisfaction`, `hold`), `department_task`, `escalation`; beside them
//! `improvement` and `suggestion`, which tell their `reporters`, the `contacts` of a customer, and the `matters` of an order or a case. `posts` says who may do
//! what.
mod approving;
mod awaited;
pub mod care;
pub mod command;
pub mod complaint;
pub mod contacts;
mod decide;
pub mod department_task;
pub mod escalation;
mod executing;
pub mod fairness;
mod given;
pub mod hold;
pub mod improvement;
pub mod ladder;
pub mod matters;
mod merging;
pub mod posts;
pub mod promises;
pub mod reporters;
pub mod retargeting;
pub mod routing;
pub mod rulebook;
mod satisfaction;
pub mod solution;
mod state;
pub mod suggestion;
pub mod values;

#[cfg(test)]
mod tests;

pub use command::{Command, Rejection};
pub use complaint::Complaint;
pub use contacts::Contacts;
pub use department_task::DepartmentTask;
pub use escalation::Escalation;
pub use improvement::ImprovementAction;
pub use matters::Matters;
pub use suggestion::Suggestion;
