//! `aftercare logs`: the end of what the parts say, and what they say next.
use std::{
    fs,
    io::{self, Read, Seek, SeekFrom},
    path::PathBuf,
    process::ExitCode,
    time::Duration,
};

use anyhow::bail;
use serde::Serialize;

use crate::{
    args::Logs,
    home::{Home, SERVICES},
    output::{Output, Report},
    stack::{nats, parts, postgres, process},
};

/// `aftercare logs [PART] [--follow]`.
pub async fn run(home: &Home, options: &Logs, output: Output) -> anyhow::Result<ExitCode> {
    let mut logs = wanted(home, options.part.as_deref())?;
    let named = logs.len() > 1;
    for log in &mut logs {
        log.at = fs::metadata(&log.path).map(|file| file.len()).unwrap_or_default();
        log.show(&process::tail(&log.path, options.lines), named, output)?;
    }
    if !options.follow {
        return Ok(ExitCode::SUCCESS);
    }
    loop {
        tokio::time::sleep(Duration::from_millis(200)).await;
        for log in &mut logs {
            let more = log.more()?;
            log.show(&more, named, output)?;
        }
    }
}

struct Log {
    part: &'static str,
    path: PathBuf,
    /// Bytes shown already.
    at: u64,
}

impl Log {
    /// Whole lines that were added since, without the last line's end. A log begun anew is read from its start.
    fn more(&mut self) -> io::Result<String> {
        let Ok(mut file) = fs::File::open(&self.path) else { return Ok(String::new()) };
        if file.metadata()?.len() < self.at {
            self.at = 0;
        }
        file.seek(SeekFrom::Start(self.at))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        self.at += whole as u64;
        bytes.truncate(whole.saturating_sub(1));
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    fn show(&self, text: &str, named: bool, output: Output) -> io::Result<()> {
        text.lines().try_for_each(|line| output.show(&Said { part: self.part, line, named }))
    }
}

/// A line of a log.
#[derive(Serialize)]
struct Said<'a> {
    part: &'a str,
    line: &'a str,
    /// Whether people are told who says it: several speak.
    #[serde(skip)]
    named: bool,
}

impl Report for Said<'_> {
    fn text(&self) -> String {
        if self.named { format!("{:>16} | {}", self.part, self.line) } else { self.line.to_owned() }
    }
}

/// Errors: no part is called so; the message lists those there are.
fn wanted(home: &Home, part: Option<&str>) -> anyhow::Result<Vec<Log>> {
    let mut names: Vec<&'static str> = SERVICES.iter().map(|service| service.name).collect();
    names.extend([parts::PAYMENTS, parts::SINK, nats::PART, postgres::PART]);
    let all = names.join(", ");
    names.retain(|name| part.is_none_or(|part| part == *name));
    if names.is_empty() {
        bail!("no part is called {:?}; there are {all}", part.unwrap_or_default());
    }
    Ok(names.into_iter().map(|part| Log { part, path: home.log(part), at: 0 }).collect())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn only_whole_lines_are_shown_and_each_once() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.log");
        let mut log = Log { part: "x", path: path.clone(), at: 0 };
        assert_eq!(log.more().unwrap(), "");
        fs::write(&path, "one\ntwo\nthr").unwrap();
        assert_eq!(log.more().unwrap(), "one\ntwo");
        assert_eq!(log.more().unwrap(), "");
        fs::write(&path, "one\ntwo\nthree\n").unwrap();
        assert_eq!(log.more().unwrap(), "three");
        fs::write(&path, "new\n").unwrap();
        assert_eq!(log.more().unwrap(), "new", "a log begun anew");
    }

    #[test]
    fn an_unknown_part_is_answered_with_those_there_are() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::find(Some(dir.path().to_path_buf())).unwrap();
        let refusal = wanted(&home, Some("redis")).err().unwrap().to_string();
        assert!(refusal.contains("postgres") && refusal.contains("intake"), "{refusal}");
        assert_eq!(wanted(&home, None).unwrap().len(), 11);
    }
}
