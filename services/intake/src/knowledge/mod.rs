//! What we know and may say (R-INT-08, R-INT-17, R-INT-18, R-INT-19): articles as files, offered to plain enquiries.
//!
//! In reading order: what an article is and what it answers ([`articles`]); how customers read and judge it ([`door`]) and
//! agents do ([`api`]); what it was good for ([`usage`]) and what is missing ([`gaps`]). When an article may answer is a rule: `domain::knowledge`.
//! Invariants: what is not approved is shown to nobody, and what is for agents to no customer; a question that speaks of
//! harm is answered by no article, but by the way to a person.
mod api;
mod articles;
mod door;
mod gaps;
mod usage;

pub use self::{
    api::Api,
    articles::{Article, Audience, Knowledge},
    door::{__path_article, __path_find, __path_judge, routes},
    gaps::{Gaps, store_once as store_gaps_once},
};
