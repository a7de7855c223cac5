//! What the words of a contact say: rules that watch over safety, and a small linear model that learns from examples.
//! Values in, values out: nothing here reads a clock, a file or a database, and chance comes in as a seed.
//!
//! In reading order: how characters are made alike ([`fold`]); how words are found, and whether they are denied, supposed
//! or over ([`words`], [`context`]); the rules of safety ([`safety`]); what a model sees of a text ([`features`]); the
//! model ([`model`]), its file ([`file`]), how it learns ([`train`]) and how good it is ([`measure`]).
pub mod context;
pub mod features;
pub mod file;
pub mod fold;
pub mod measure;
pub mod model;
pub mod safety;
pub mod train;
pub mod words;

#[cfg(test)]
mod model_tests;
#[cfg(test)]
mod safety_tests;
#[cfg(test)]
mod seed_tests;

/// The rules of safety as they are shipped, in TOML.
pub const SAFETY: &str = include_str!("../safety.toml");

/// A model to begin with, learned from the sentences in `seed/`.
pub const SEED: &[u8] = include_bytes!("../seed/seed.model");
