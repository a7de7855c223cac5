//! Data from files: sales for intake, customers' answers for scheduling. CSV and NDJSON, plain or under zstd.
//! Invariant: every line is either taken or stands in the `.rejected` file with its number and the reason; importing the
//! same file again changes nothing.
pub mod feedback;
mod input;
mod orders;
mod rejected;
mod rows;
pub mod sales;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use serde::Serialize;

pub use self::{input::Line, orders::amount};
use crate::{
    args::{Import, ImportWhat},
    home::Home,
    output::{Output, Report},
};

/// How often something that may pass by itself is tried again, and how long we wait between.
const TRIES: u32 = 60;
const WAIT: Duration = Duration::from_millis(500);

/// `aftercare import sales|feedback FILE`. The exit code is 1 when lines were rejected.
pub async fn run(home: &Home, options: &Import, output: Output) -> anyhow::Result<ExitCode> {
    let outcome = match &options.what {
        ImportWhat::Sales(file) => sales::import(home, &file.file, output).await?,
        ImportWhat::Feedback(file) => feedback::import(home, &file.file, output).await?,
    };
    output.show(&outcome)?;
    Ok(if outcome.rejected == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Why a line was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    pub line: Line,
    pub reason: String,
}

/// What became of a file.
#[derive(Debug, PartialEq, Serialize)]
pub struct Outcome {
    pub what: &'static str,
    pub taken: u64,
    /// Of those taken, how many were known before; absent where nobody can tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub known: Option<u64>,
    pub rejected: u64,
    /// Where the rejected lines are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rejected_file: Option<PathBuf>,
}

impl Report for Outcome {
    fn text(&self) -> String {
        let known = self.known.map(|known| format!(" ({known} known before)")).unwrap_or_default();
        let taken = format!("{} {} taken{known}", self.taken, self.what);
        match &self.rejected_file {
            Some(file) => format!("{taken}, {} rejected: {} says why", self.rejected, file.display()),
            None => taken,
        }
    }
}

/// Where the lines of `file` that are not taken go.
fn rejected_path(file: &Path, what: &str) -> PathBuf {
    if file == Path::new("-") {
        return PathBuf::from(format!("{what}.rejected"));
    }
    let mut name = file.as_os_str().to_owned();
    name.push(".rejected");
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rejected_lines_go_beside_the_file() {
        assert_eq!(rejected_path(Path::new("a/shop.csv.zst"), "sales"), Path::new("a/shop.csv.zst.rejected"));
        assert_eq!(rejected_path(Path::new("-"), "sales"), Path::new("sales.rejected"));
    }

    #[test]
    fn the_outcome_says_where_to_look() {
        let file = Some("x.rejected".into());
        let text = Outcome { what: "sales", taken: 5, known: Some(3), rejected: 2, rejected_file: file }.text();
        assert_eq!(text, "5 sales taken (3 known before), 2 rejected: x.rejected says why");
    }
}
