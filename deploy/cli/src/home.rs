//! Where a local system keeps everything: one folder (`.local/` of the project unless told otherwise), the ports counted
//! from one base, and what `up` was told, so that later commands find the same system.
//! Invariant: every file this command writes lies under the home folder (or under the data folder it links to).
use std::{
    fs, io,
    net::{Ipv4Addr, TcpListener},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
};

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};

/// The first port when nothing else is said.
pub const PORT_BASE: u16 = 7100;
/// The folder that tells that we are in the project.
const MARK: &str = "proto/aftercare";

/// A service of the system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Service {
    /// Its name, its program's name, and, where it has one, its schema's.
    pub name: &'static str,
    /// Whether it keeps data of its own.
    pub schema: bool,
    offset: u16,
}

/// All services, in the order they are shown.
pub const SERVICES: [Service; 7] = [
    Service { name: "intake", schema: true, offset: 1 },
    Service { name: "scheduling", schema: true, offset: 2 },
    Service { name: "complaint", schema: true, offset: 3 },
    Service { name: "fulfilment", schema: true, offset: 4 },
    Service { name: "outreach", schema: true, offset: 5 },
    Service { name: "analytics", schema: true, offset: 6 },
    Service { name: "console", schema: false, offset: 0 },
];

/// The service called `name`. Errors: none is; the message lists those there are.
pub fn service(name: &str) -> anyhow::Result<Service> {
    let names = SERVICES.map(|service| service.name);
    SERVICES
        .into_iter()
        .find(|service| service.name == name)
        .with_context(|| format!("no service is called {name:?}; there are {}", names.join(", ")))
}

/// Which port each part listens on, all on 127.0.0.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ports {
    base: u16,
}

impl Ports {
    /// Ports from `base` on. Errors: not all of them would be ports.
    pub fn new(base: u16) -> anyhow::Result<Self> {
        if !(1024..=u16::MAX - 100).contains(&base) {
            bail!("--port-base must lie between 1024 and {}, not {base}", u16::MAX - 100);
        }
        Ok(Self { base })
    }

    /// Ports that nobody listens on, other ones at each call; below those the machine gives to outgoing connections,
    /// so that none is taken between this look and the use. Errors: all that were looked at are taken.
    pub fn free() -> anyhow::Result<Self> {
        static CALLS: AtomicU32 = AtomicU32::new(0);
        const HUNDREDS: u32 = 100;
        let nobody_listens = |port: u16| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok();
        let candidates = (0..HUNDREDS).filter_map(|_| {
            let hundred = std::process::id().wrapping_add(CALLS.fetch_add(1, Ordering::Relaxed)) % HUNDREDS;
            Self::new(10_000 + 100 * u16::try_from(hundred).ok()?).ok()
        });
        let mut free = candidates.filter(|ports| ports.all().into_iter().all(nobody_listens));
        free.next().context("no hundred ports in a row are free between 10000 and 19999")
    }

    pub fn base(self) -> u16 {
        self.base
    }

    pub fn service(self, service: Service) -> u16 {
        self.base + service.offset
    }

    pub fn postgres(self) -> u16 {
        self.base + 50
    }

    pub fn nats(self) -> u16 {
        self.base + 51
    }

    /// Where nats-server tells about itself over HTTP.
    pub fn nats_monitor(self) -> u16 {
        self.base + 52
    }

    pub fn payments(self) -> u16 {
        self.base + 90
    }

    pub fn smtp(self) -> u16 {
        self.base + 91
    }

    /// Where the sink takes short messages and shows all that it got.
    pub fn sink(self) -> u16 {
        self.base + 92
    }

    /// Every one of them.
    pub fn all(self) -> Vec<u16> {
        let services = SERVICES.iter().map(|service| self.service(*service));
        let others = [self.postgres(), self.nats(), self.nats_monitor(), self.payments(), self.smtp(), self.sink()];
        services.chain(others).collect()
    }
}

/// What `up` was told, kept for the commands that follow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    pub port_base: u16,
    /// True: time stands still but for `aftercare clock advance`.
    pub driven_clock: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self { port_base: PORT_BASE, driven_clock: false }
    }
}

/// The folder of a local system.
#[derive(Clone, Debug)]
pub struct Home {
    dir: PathBuf,
    project: Option<PathBuf>,
    pub settings: Settings,
}

impl Home {
    /// `told`, or `.local` of the project that the working directory or this program lies in.
    /// Errors: neither, or what `up` wrote there cannot be read.
    pub fn find(told: Option<PathBuf>) -> anyhow::Result<Self> {
        let program = std::env::current_exe().ok();
        let project = project_above(&std::env::current_dir()?).or_else(|| project_above(program.as_deref()?));
        let dir = match (told, &project) {
            (Some(dir), _) => std::path::absolute(dir)?,
            (None, Some(project)) => project.join(".local"),
            (None, None) => {
                bail!("not in the project's folder: go there, or name a folder with --home or AFTERCARE_HOME")
            }
        };
        let settings = match fs::read_to_string(dir.join("stack.toml")) {
            Ok(text) => toml::from_str(&text).with_context(|| format!("cannot read {}/stack.toml", dir.display()))?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Settings::default(),
            Err(error) => return Err(error).with_context(|| format!("cannot read {}/stack.toml", dir.display())),
        };
        Ok(Self { dir, project, settings })
    }

    /// Whether a system was ever made here.
    pub fn has_system(&self) -> bool {
        self.dir.join("stack.toml").exists()
    }

    /// Makes the folders and keeps the settings.
    pub fn prepare(&self) -> anyhow::Result<()> {
        for dir in [self.dir.clone(), self.dir.join("log"), self.dir.join("run")] {
            fs::create_dir_all(&dir).with_context(|| format!("cannot make {}", dir.display()))?;
        }
        replace(&self.dir.join("stack.toml"), &toml::to_string(&self.settings)?)
    }

    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The project's folder, when we are in it or this program lies in it.
    pub fn project(&self) -> Option<&Path> {
        self.project.as_deref()
    }

    /// The ports of this system. Errors: the settings hold a base that cannot be.
    pub fn ports(&self) -> anyhow::Result<Ports> {
        Ports::new(self.settings.port_base)
    }

    /// Folders of programs that came with the project: its own, and the project's when it lives elsewhere.
    pub fn program_dirs(&self) -> Vec<PathBuf> {
        let mut dirs = vec![self.dir.join("bin")];
        dirs.extend(self.project.iter().map(|project| project.join(".local/bin")));
        dirs
    }

    /// Postgres's folder, or a link to where it had to go.
    pub fn postgres(&self) -> PathBuf {
        self.dir.join("postgres")
    }

    pub fn nats(&self) -> PathBuf {
        self.dir.join("nats")
    }

    /// What the payment sandbox paid.
    pub fn ledger(&self) -> PathBuf {
        self.dir.join("payments.ledger")
    }

    /// Messages that customers would have got.
    pub fn outbox(&self) -> PathBuf {
        self.dir.join("outbox.ndjson")
    }

    pub fn clock(&self) -> PathBuf {
        self.dir.join("clock")
    }

    pub fn secrets(&self) -> PathBuf {
        self.dir.join("secrets.toml")
    }

    /// A service's own settings, beside what it is told; there may be none.
    pub fn config(&self, service: &str) -> PathBuf {
        self.dir.join(format!("{service}.toml"))
    }

    pub fn log(&self, part: &str) -> PathBuf {
        self.dir.join("log").join(format!("{part}.log"))
    }

    pub fn pid(&self, part: &str) -> PathBuf {
        self.dir.join("run").join(format!("{part}.pid"))
    }

    /// Where a service answers, gRPC and HTTP alike.
    pub fn url(&self, service: Service) -> anyhow::Result<String> {
        Ok(format!("http://127.0.0.1:{}", self.ports()?.service(service)))
    }
}

/// Puts `text` in a file so that a reader sees the old content or the new, never half of it.
pub fn replace(path: &Path, text: &str) -> anyhow::Result<()> {
    let beside = path.with_extension("new");
    fs::write(&beside, text)
        .and_then(|()| fs::rename(&beside, path))
        .with_context(|| format!("cannot write {}", path.display()))
}

/// The nearest folder from `path` upwards that is the project's.
fn project_above(path: &Path) -> Option<PathBuf> {
    path.ancestors().find(|dir| dir.join(MARK).is_dir()).map(Path::to_path_buf)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_part_has_a_port_of_its_own() {
        let ports = Ports::new(PORT_BASE).unwrap();
        assert_eq!(ports.all().iter().collect::<HashSet<_>>().len(), 13);
        assert_eq!(ports.service(service("intake").unwrap()), 7101);
        assert_eq!(ports.sink(), 7192);
    }

    #[test]
    fn a_base_near_the_end_of_the_ports_is_refused() {
        assert!(Ports::new(65_500).is_err());
        assert!(Ports::new(80).is_err());
        assert!(Ports::new(65_435).is_ok());
    }

    #[test]
    fn an_unknown_service_is_answered_with_those_there_are() {
        let message = service("intak").unwrap_err().to_string();
        assert!(message.contains("intake") && message.contains("console"), "{message}");
    }

    #[test]
    fn what_up_was_told_is_found_again() {
        let dir = tempfile::tempdir().unwrap();
        let told = dir.path().join("state");
        let mut home = Home::find(Some(told.clone())).unwrap();
        assert_eq!(home.settings, Settings::default());
        home.settings = Settings { port_base: 9000, driven_clock: true };
        home.prepare().unwrap();
        assert_eq!(Home::find(Some(told)).unwrap().settings, home.settings);
    }

    #[test]
    fn the_project_is_found_from_inside_it() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        fs::create_dir_all(root.join(MARK)).unwrap();
        fs::create_dir_all(root.join("a/b")).unwrap();
        assert_eq!(project_above(&root.join("a/b")), Some(root.clone()));
        assert_eq!(project_above(Path::new("/")), None);
    }
}
