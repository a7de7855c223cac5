//! The rules of follow-up: what is owed to whom and when (`rules`), and what becomes of it (`follow_up`).
//! Pure: time, ids and rules come in as values.
pub mod base_data;
pub mod follow_up;
#[cfg(test)]
mod properties;
pub mod rules;
