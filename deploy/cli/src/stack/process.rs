//! The processes of a local system: started in a group of their own, written down, stopped in order.
//! Invariant: a process is signalled only when its number, its start time and the machine's boot are those written
//! down, so a number that was given to somebody else meanwhile is never touched.
use std::{
    ffi::OsString,
    fmt, fs, io,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::Context;
use nix::{
    sys::signal::{self, Signal},
    unistd::Pid,
};

use crate::home::Home;

/// How often a process that was asked to stop is looked at.
const LOOK: Duration = Duration::from_millis(20);

/// Which process this is, for as long as the machine runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    pub pid: i32,
    /// Clock ticks between boot and its start.
    started: u64,
    boot: String,
}

impl Identity {
    /// The process with this number, or `None` when there is none (one that ended and was not yet collected is none).
    pub fn of(pid: i32) -> Option<Self> {
        let started = start_ticks(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)?;
        Some(Self { pid, started, boot: boot()? })
    }

    /// What stands in a pid file; `None` when it is not one of ours.
    pub fn parse(text: &str) -> Option<Self> {
        let mut words = text.split_whitespace();
        let (pid, started, boot) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?, words.next()?);
        (pid > 0 && words.next().is_none()).then(|| Self { pid, started, boot: boot.to_owned() })
    }

    /// Whether this very process still runs.
    pub fn is_alive(&self) -> bool {
        Self::of(self.pid).as_ref() == Some(self)
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.pid, self.started, self.boot)
    }
}

fn boot() -> Option<String> {
    fs::read_to_string("/proc/sys/kernel/random/boot_id").ok().map(|id| id.trim().to_owned())
}

/// The start time out of `/proc/<pid>/stat`. The name in brackets may itself hold blanks and brackets.
fn start_ticks(stat: &str) -> Option<u64> {
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut fields = after_name.split_whitespace();
    let (state, threads) = (fields.next()?, fields.nth(16)?);
    // While a thread of it is still ending, it holds its ports.
    let ended = matches!(state, "Z" | "X") && matches!(threads, "0" | "1");
    (!ended).then(|| fields.nth(1)?.parse().ok()).flatten()
}

/// The running process of `part`. A pid file that no longer tells the truth is removed.
pub fn running(home: &Home, part: &str) -> Option<Identity> {
    let path = home.pid(part);
    let identity = fs::read_to_string(&path).ok().as_deref().and_then(Identity::parse).filter(Identity::is_alive);
    if identity.is_none() {
        forget(home, part);
    }
    identity
}

/// Writes down that `pid` is the process of `part`. Errors: it has ended already, or the file cannot be written.
pub fn remember(home: &Home, part: &str, pid: i32) -> anyhow::Result<Identity> {
    let identity = Identity::of(pid).with_context(|| format!("{part} ended as soon as it was started"))?;
    crate::home::replace(&home.pid(part), &format!("{identity}\n"))?;
    Ok(identity)
}

fn forget(home: &Home, part: &str) {
    drop(fs::remove_file(home.pid(part)));
}

/// A user of the machine that a process runs as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    pub uid: u32,
    pub gid: u32,
    pub name: String,
}

/// A process to be started.
#[derive(Clone, Debug)]
pub struct Launch<'a> {
    pub part: &'a str,
    pub program: PathBuf,
    pub args: Vec<OsString>,
    pub env: Vec<(String, String)>,
    /// `None`: as whoever runs this command.
    pub account: Option<&'a Account>,
}

impl Launch<'_> {
    /// Starts it in a group of its own, so that what ends this command does not end it; what it says goes to its log,
    /// and the log of the run before is kept beside. Errors: it cannot be started, or ends at once.
    pub fn start(&self, home: &Home) -> anyhow::Result<Child> {
        let log = fresh_log(&home.log(self.part))?;
        let mut command = self.command();
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).process_group(0);
        let mut child = command.spawn().with_context(|| format!("cannot start {}", self.program.display()))?;
        let pid = i32::try_from(child.id())?;
        if let Err(error) = remember(home, self.part, pid) {
            drop(child.kill());
            drop(child.wait());
            return Err(error.context(tail(&home.log(self.part), 15)));
        }
        Ok(child)
    }

    /// Runs it to its end. Errors: it cannot be started or does not end well; the message holds what it said.
    pub fn run(&self) -> anyhow::Result<String> {
        let out = self.command().stdin(Stdio::null()).output();
        let out = out.with_context(|| format!("cannot start {}", self.program.display()))?;
        let said = format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
        anyhow::ensure!(out.status.success(), "{} did not end well ({}):\n{}", self.part, out.status, said.trim_end());
        Ok(said)
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.args).envs(self.env.iter().map(|(key, value)| (key, value)));
        if let Some(account) = self.account {
            // The folder we are in may be closed to that user.
            command.uid(account.uid).gid(account.gid).current_dir("/");
        }
        command
    }
}

fn fresh_log(path: &Path) -> anyhow::Result<fs::File> {
    if path.exists() {
        fs::rename(path, path.with_extension("log.old"))?;
    }
    fs::File::create(path).with_context(|| format!("cannot write {}", path.display()))
}

/// The last `lines` lines of a file; empty when it cannot be read.
pub fn tail(path: &Path, lines: usize) -> String {
    let text = fs::read(path).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let all: Vec<&str> = text.lines().collect();
    all.get(all.len().saturating_sub(lines)..).unwrap_or_default().join("\n")
}

/// Asks the process of `part` to stop with one signal after the other, each given its time, and kills it if that is
/// not enough. Answers whether one was running. Errors: it is not ours to stop, or survives.
pub async fn stop(home: &Home, part: &str, steps: &[(Signal, Duration)]) -> anyhow::Result<bool> {
    let Some(identity) = running(home, part) else { return Ok(false) };
    let kill = (Signal::SIGKILL, Duration::from_secs(10));
    for (signal, patience) in steps.iter().chain([&kill]) {
        send(&identity, *signal).with_context(|| format!("cannot stop {part} (process {})", identity.pid))?;
        if ended(&identity, *patience).await {
            forget(home, part);
            return Ok(true);
        }
    }
    anyhow::bail!("{part} (process {}) does not end, not even by SIGKILL", identity.pid)
}

/// Signals that very process, if it is still there.
fn send(identity: &Identity, signal: Signal) -> io::Result<()> {
    if !identity.is_alive() {
        return Ok(());
    }
    match signal::kill(Pid::from_raw(identity.pid), signal) {
        Ok(()) | Err(nix::errno::Errno::ESRCH) => Ok(()),
        Err(errno) => Err(errno.into()),
    }
}

async fn ended(identity: &Identity, patience: Duration) -> bool {
    let until = Instant::now() + patience;
    while identity.is_alive() {
        if Instant::now() >= until {
            return false;
        }
        tokio::time::sleep(LOOK).await;
    }
    true
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn home() -> (tempfile::TempDir, Home) {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::find(Some(dir.path().to_path_buf())).unwrap();
        home.prepare().unwrap();
        (dir, home)
    }

    fn sleeper() -> Launch<'static> {
        let args = vec!["1000".into()];
        Launch { part: "sleeper", program: "sleep".into(), args, env: vec![], account: None }
    }

    #[test]
    fn a_name_with_brackets_does_not_confuse() {
        let stat = "42 (a) b (c)) S 1 42 42 0 -1 4194304 1 0 0 0 0 0 0 0 20 0 1 0 777 1000 1";
        assert_eq!(start_ticks(stat), Some(777));
        let zombie = stat.replace(" S ", " Z ");
        assert_eq!(start_ticks(&zombie), None);
        assert_eq!(start_ticks(&zombie.replace(" 20 0 1 ", " 20 0 2 ")), Some(777), "a thread still ends");
        assert_eq!(start_ticks("nonsense"), None);
    }

    #[test]
    fn an_identity_survives_being_written_down() {
        let own = Identity::of(i32::try_from(std::process::id()).unwrap()).unwrap();
        assert_eq!(Identity::parse(&own.to_string()), Some(own.clone()));
        assert!(own.is_alive());
        for text in ["", "12", "12 13", "x 1 b", "-1 5 b", "1 2 b more"] {
            assert_eq!(Identity::parse(text), None, "{text:?}");
        }
    }

    #[tokio::test]
    async fn a_recycled_number_is_left_alone() {
        let (_dir, home) = home();
        let mut child = sleeper().start(&home).unwrap();
        let mut other = running(&home, "sleeper").unwrap();
        other.started += 1;
        fs::write(home.pid("sleeper"), other.to_string()).unwrap();
        assert!(!stop(&home, "sleeper", &[]).await.unwrap());
        assert!(child.try_wait().unwrap().is_none(), "the process of that number was ended");
        assert!(!home.pid("sleeper").exists(), "the stale pid file stays");
        child.kill().unwrap();
        child.wait().unwrap();
    }

    #[tokio::test]
    async fn a_process_is_stopped_and_forgotten() {
        let (_dir, home) = home();
        let mut child = sleeper().start(&home).unwrap();
        assert!(stop(&home, "sleeper", &[(Signal::SIGTERM, Duration::from_secs(5))]).await.unwrap());
        child.wait().unwrap();
        assert!(!stop(&home, "sleeper", &[]).await.unwrap());
    }

    #[test]
    fn what_a_failing_program_said_is_told() {
        let launch = Launch { part: "false", program: "ls".into(), args: vec!["/nowhere".into()], ..sleeper() };
        assert!(launch.run().unwrap_err().to_string().contains("/nowhere"));
    }

    #[test]
    fn the_log_of_the_run_before_is_kept() {
        let (_dir, home) = home();
        fs::write(home.log("x"), "a\nb\nc\n").unwrap();
        assert_eq!(tail(&home.log("x"), 2), "b\nc");
        fresh_log(&home.log("x")).unwrap();
        assert_eq!(tail(&home.log("x"), 2), "");
        assert_eq!(fs::read_to_string(home.dir().join("log/x.log.old")).unwrap(), "a\nb\nc\n");
    }
}
