//! The `.rejected` file: one line for each line not taken, with its number and the reason.
//! Invariant: it is there when lines were rejected and only then, and only its owner can read it (it holds what customers wrote).
use std::{
    collections::BTreeMap,
    fs,
    io::{BufWriter, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use anyhow::Context;

use super::Rejection;

/// Lines that were not taken, in the order of their numbers.
#[derive(Default)]
pub struct Rejected(BTreeMap<u64, Rejection>);

impl Rejected {
    pub fn add(&mut self, rejection: Rejection) {
        self.0.insert(rejection.line.number, rejection);
    }

    pub fn count(&self) -> u64 {
        self.0.len() as u64
    }

    /// Writes them to `path`, or removes what an earlier import left there. Answers where they are.
    pub fn write(&self, path: &Path) -> anyhow::Result<Option<PathBuf>> {
        match fs::remove_file(path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(error).with_context(|| format!("cannot replace {}", path.display()));
            }
            _ => {}
        }
        if self.0.is_empty() {
            return Ok(None);
        }
        let opened = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
        let mut out = BufWriter::new(opened.with_context(|| format!("cannot write {}", path.display()))?);
        for (number, rejection) in &self.0 {
            let reason = rejection.reason.replace(['\t', '\n'], " ");
            writeln!(out, "{number}\t{reason}\t{}", rejection.line.original())?;
        }
        out.flush()?;
        Ok(Some(path.to_path_buf()))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::import::Line;

    #[test]
    fn rejected_lines_stand_in_order_and_an_old_file_goes() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.rejected");
        let mut rejected = Rejected::default();
        for (number, reason) in [(7, "lines[0].paid: must not be\nnegative"), (2, "not UTF-8")] {
            let line = Line { original: Some(format!("text {number}")), ..Line::of(number, "made of it".into()) };
            rejected.add(Rejection { line, reason: reason.to_owned() });
        }
        assert_eq!(rejected.write(&path).unwrap().as_deref(), Some(path.as_path()));
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(text, "2\tnot UTF-8\ttext 2\n7\tlines[0].paid: must not be negative\ttext 7\n");
        assert_eq!(Rejected::default().write(&path).unwrap(), None);
        assert!(!path.exists());
    }
}
