//! Finds the two programs that everything rests on, Postgres and nats-server, on whatever machine this is.
//! Invariant: a server too old to be trusted with data is refused, in words that say what to install.
use std::{
    fmt, fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::bail;

use crate::home::Home;

/// Older ones lack what the migrations use.
const POSTGRES_MIN: Version = Version { major: 15, minor: 0, patch: 0, release: true };
/// Older ones lose data at a power cut, or cannot store a batch as a whole.
const NATS_MIN: Version = Version { major: 2, minor: 12, patch: 3, release: true };

/// A version, ordered; a pre-release comes before its release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    pub major: u32,
    pub minor: u32,
    pub patch: u32,
    release: bool,
}

impl Version {
    /// The first version in what a program says of itself.
    pub fn parse(text: &str) -> Option<Self> {
        let start = text.find(|c: char| c.is_ascii_digit())?;
        let (_, text) = text.split_at(start);
        let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
        let (numbers, rest) = text.split_at(end);
        let mut numbers = numbers.split('.').map(|number| number.parse().unwrap_or(0));
        let mut next = || numbers.next().unwrap_or(0);
        let release = !rest.starts_with(|c: char| c == '-' || c.is_ascii_alphabetic());
        Some(Self { major: next(), minor: next(), patch: next(), release })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { major, minor, patch, release } = self;
        write!(f, "{major}.{minor}")?;
        if *patch > 0 {
            write!(f, ".{patch}")?;
        }
        f.write_str(if *release { "" } else { " (pre-release)" })
    }
}

/// The programs of a Postgres server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Postgres {
    /// Their folder; `None`: where the shell finds them.
    bin: Option<PathBuf>,
    pub version: Version,
}

impl Postgres {
    /// One of its programs, for example `initdb`.
    pub fn program(&self, name: &str) -> PathBuf {
        match &self.bin {
            Some(bin) => bin.join(name),
            None => name.into(),
        }
    }

    /// The first server that is new enough; of major version `made_by` when there are data already.
    /// Errors: there is none; the message says what was looked at and what to install.
    pub fn find(home: &Home, made_by: Option<u32>) -> anyhow::Result<Self> {
        let mut seen = Vec::new();
        for bin in postgres_dirs(home) {
            let found = Self { bin, version: POSTGRES_MIN };
            let Some(version) = version_of(&found.program("postgres")) else { continue };
            if version_of(&found.program("initdb")).is_none() {
                continue;
            }
            if version >= POSTGRES_MIN && made_by.is_none_or(|major| major == version.major) {
                return Ok(Self { version, ..found });
            }
            seen.push(format!("{version} ({})", found.program("postgres").display()));
        }
        bail!("{}", postgres_refusal(&seen, made_by))
    }
}

fn postgres_refusal(seen: &[String], made_by: Option<u32>) -> String {
    let seen = if seen.is_empty() { "none".to_owned() } else { seen.join(", ") };
    match made_by {
        Some(major) => format!(
            "the data were made by Postgres {major}, and of that there is no server here (found: {seen}); install \
             postgresql-{major}, or start over with `aftercare reset`"
        ),
        None => format!(
            "no Postgres server >= {} (found: {seen}); install one with `make setup`, or on Debian and Ubuntu with \
             `apt-get install postgresql`",
            POSTGRES_MIN.major
        ),
    }
}

/// Where servers live: what came with the project, the shell's path, the distributions' folders, `pg_config`'s word.
fn postgres_dirs(home: &Home) -> Vec<Option<PathBuf>> {
    let mut dirs = vec![Some(home.dir().join("pgsql/bin")), None];
    let mut versions: Vec<PathBuf> = ["/usr/lib/postgresql", "/usr"]
        .into_iter()
        .flat_map(|parent| fs::read_dir(parent).into_iter().flatten().flatten())
        .map(|entry| entry.path())
        .filter(|path| path.starts_with("/usr/lib/postgresql") || path.to_string_lossy().starts_with("/usr/pgsql-"))
        .collect();
    versions.sort_by_key(|path| Version::parse(&path.to_string_lossy()));
    dirs.extend(versions.into_iter().rev().map(|path| Some(path.join("bin"))));
    dirs.push(Some("/usr/local/pgsql/bin".into()));
    dirs.extend(output_of(Path::new("pg_config"), "--bindir").map(|bin| Some(PathBuf::from(bin.trim()))));
    dirs
}

/// The nats-server to use. Errors: there is none that is new enough; the message says what to install.
pub fn nats(home: &Home) -> anyhow::Result<(PathBuf, Version)> {
    let mut seen = Vec::new();
    let candidates = home.program_dirs().into_iter().map(|dir| dir.join("nats-server")).chain(["nats-server".into()]);
    for program in candidates {
        match version_of(&program) {
            Some(version) if version >= NATS_MIN => return Ok((program, version)),
            Some(version) => seen.push(format!("{version} ({})", program.display())),
            None => {}
        }
    }
    let seen = if seen.is_empty() { "none".to_owned() } else { seen.join(", ") };
    bail!(
        "no nats-server >= {NATS_MIN} (found: {seen}; older ones can lose what they acknowledged); `make setup` fetches \
         one; or put it on the PATH or into {}",
        home.program_dirs().first().unwrap_or(&home.dir().to_path_buf()).display()
    )
}

fn version_of(program: &Path) -> Option<Version> {
    Version::parse(&output_of(program, "--version")?)
}

fn output_of(program: &Path, arg: &str) -> Option<String> {
    let out = Command::new(program).arg(arg).output().ok()?;
    out.status.success().then(|| String::from_utf8_lossy(&out.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn version(text: &str) -> (u32, u32, u32, bool) {
        let Version { major, minor, patch, release } = Version::parse(text).unwrap();
        (major, minor, patch, release)
    }

    #[test]
    fn versions_are_read_as_the_programs_say_them() {
        assert_eq!(version("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)"), (15, 18, 0, true));
        assert_eq!(version("postgres (PostgreSQL) 19beta1"), (19, 0, 0, false));
        assert_eq!(version("nats-server: v2.15.1"), (2, 15, 1, true));
        assert_eq!(version("nats-server: v2.12.3-RC.2"), (2, 12, 3, false));
        assert_eq!(Version::parse("no number"), None);
    }

    #[test]
    fn old_servers_and_pre_releases_are_refused() {
        for (text, good) in [
            ("v2.9.10", false),
            ("v2.12.2", false),
            ("v2.12.3-RC.2", false),
            ("v2.12.3", true),
            ("v2.15.1", true),
            ("v3.0.0", true),
        ] {
            assert_eq!(Version::parse(text).unwrap() >= NATS_MIN, good, "{text}");
        }
    }

    #[test]
    fn an_old_nats_server_is_named_in_the_refusal() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::find(Some(dir.path().to_path_buf())).unwrap();
        let bin = dir.path().join("bin");
        fs::create_dir(&bin).unwrap();
        let program = bin.join("nats-server");
        let says = |version: &str| {
            fs::write(&program, format!("#!/bin/sh\necho nats-server: v{version}\n")).unwrap();
            fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        };
        says("2.99.0");
        assert_eq!(nats(&home).unwrap().0, program);
        says("2.9.10");
        match nats(&home) {
            Ok((other, _)) => assert_ne!(other, program, "an old server was taken"),
            Err(refusal) => assert!(refusal.to_string().contains("2.9.10"), "{refusal}"),
        }
    }

    #[test]
    fn data_of_another_postgres_are_not_touched() {
        let text = postgres_refusal(&["17.2 (postgres)".into()], Some(15));
        assert!(text.contains("postgresql-15") && text.contains("17.2"), "{text}");
        assert!(postgres_refusal(&[], None).contains(">= 15"));
    }
}
