//! Pure pieces of the business that three services or more share: money, means of payment, promises, calendars, return policies,
//! warranties, approval, scope, ids.
//! Nothing here reads a clock, a file or a database; everything comes in as a value and goes out as one.
pub mod approval;
pub mod calendar;
pub mod id;
pub mod money;
pub mod promise;
pub mod returns;
pub mod scope;
pub mod sla;
pub mod tender;
pub mod warranty;
