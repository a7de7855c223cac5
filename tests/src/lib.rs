//! What the whole-system tests and the demo need besides the system itself: stand-ins for the world outside.
pub mod payments;
