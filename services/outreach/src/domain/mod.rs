//! The rules of outreach, and nothing else: what can happen to a message, and when it is tried again.
pub mod message;
pub mod retry;
