//! Finding cases by what customers said (R-INT-02, R-INT-21), although that is sealed.
//!
//! In reading order: what a text is found by ([`words`]); how the sealed words are read ([`texts`]); how the index follows
//! the journal ([`index`]); how a question is answered from it ([`find`]) and asked ([`api`]).
//! Invariants: nothing is written with the case, so taking a contact in costs what it did; what the index holds says
//! nothing without the master key, and goes with the customer's key; what is found was said, for every hit is read.
mod api;
mod find;
mod index;
#[cfg(test)]
mod speed_tests;
mod texts;
mod words;

pub use self::{
    api::{Api, filter},
    index::Index,
    texts::read as texts,
    words::grams,
};

use crate::{
    domain::vocabulary::{CaseClass, Channel},
    vault::Master,
};

/// What never changes of a case and can be asked for: a token each, beside those of the words and of the tags.
pub fn facets(master: &Master, channel: Option<Channel>, class: Option<CaseClass>, store: Option<&str>) -> Vec<i32> {
    let channel = channel.map(|channel| format!("channel:{}", channel.word()));
    let class = class.map(|class| format!("class:{}", class.word()));
    let store = store.map(|store| format!("store:{store}"));
    [channel, class, store].into_iter().flatten().map(|facet| master.token(&facet)).collect()
}

/// The token of a tag.
fn tag_token(master: &Master, tag: &str) -> i32 {
    master.token(&format!("tag:{tag}"))
}
