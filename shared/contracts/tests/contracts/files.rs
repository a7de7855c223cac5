//! The files that tests keep: read, compared, and written only when asked for.
use std::{fs, path::PathBuf};

/// A path below the crate's folder.
pub fn path(relative: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(relative)
}

/// Whether the run was started with `name=1`.
pub fn asked(name: &str) -> bool {
    #[expect(clippy::disallowed_methods, reason = "a switch of the test run, not configuration of a service")]
    std::env::var(name).is_ok_and(|value| value == "1")
}

/// Refuses a checked-in document that is not what the contracts say now; with AFTERCARE_UPDATE=1 it is written anew.
pub fn assert_current(relative: &str, text: &str) {
    let path = path(relative);
    let stands = fs::read_to_string(&path).unwrap_or_default();
    if stands == text {
        return;
    }
    if asked("AFTERCARE_UPDATE") {
        fs::write(&path, text).unwrap();
        return;
    }
    let line = stands.lines().zip(text.lines()).take_while(|(old, new)| old == new).count() + 1;
    panic!(
        "{} is not what the contracts say (first difference in line {line}); \
         renew it with AFTERCARE_UPDATE=1 cargo test -p contracts",
        path.display()
    );
}
