//! One module a command; each asks the running system something and shows the answer.
pub mod analyses;
pub mod analytics;
pub mod cases;
pub mod clock;
pub mod department;
pub mod escalation;
mod event;
pub mod inbound;
pub mod journal;
pub mod logs;
pub mod outbox;
pub mod parked;
pub mod shop;
pub mod status;
pub mod tail;
pub mod topology;
