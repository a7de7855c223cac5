//! The rules of the house that no compiler keeps, read off the sources as text: who may know whom, how big a room may
//! be, what stands at its door. `canary.rs` proves that the bans of `.clippy.toml` are alive.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod bans;
mod canary;
mod doors;
mod knows;
mod requirements;
mod sizes;
mod source;
mod words;

/// Fails with everything that was found at once.
fn assert_none(rule: &str, found: Vec<String>) {
    assert!(found.is_empty(), "{rule}\n  {}\n", found.join("\n  "));
}
