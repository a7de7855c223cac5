//! Starting and stopping a whole system on this machine. In the order things come up: `find` (programs) · `secrets` ·
//! `postgres` · `roles` · `nats` · `parts` (services, sandbox, sink); below them `process` and `net`.
//! Invariant: `up` brings the system to the same state wherever it starts from, and changes nothing that is there already.
pub mod find;
pub mod nats;
mod net;
pub mod parts;
pub mod postgres;
pub mod process;
pub mod roles;
pub mod secrets;

use std::{
    fs,
    io::{IsTerminal, Write},
    process::ExitCode,
};

use anyhow::{Context, bail};
use jiff::Timestamp;
use nix::{
    fcntl::{Flock, FlockArg},
    sys::stat::{Mode, umask},
};
use serde::Serialize;

use self::secrets::Secrets;
use crate::{
    args::{Reset, Up},
    home::{Home, Ports, SERVICES, Settings},
    output::{Output, Report, table},
};

/// `aftercare up`.
pub async fn up(mut home: Home, options: &Up, output: Output) -> anyhow::Result<ExitCode> {
    home.settings = settings(&home, options)?;
    let started = start(&home, options.driven_clock.as_deref(), output).await?;
    output.show(&Running::of(&home, &started)?)?;
    Ok(ExitCode::SUCCESS)
}

/// Starts what does not run yet, in the form of the home's settings, and waits until all is ready. Answers the names of
/// the parts that were started. `clock`: where a driven clock starts, when told.
pub async fn start(home: &Home, clock: Option<&str>, output: Output) -> anyhow::Result<Vec<&'static str>> {
    home.prepare()?;
    let _alone = lock(home)?;
    // Logs and messages may speak of customers: what is written from here on is for its owner only.
    umask(Mode::from_bits_truncate(0o077));
    if home.settings.driven_clock {
        set_clock(home, clock)?;
    }
    parts::must_be_built()?;
    let secrets = Secrets::open(home)?;
    let mut started = Vec::new();

    let server = postgres::Postgres::prepare(home, &secrets)?;
    output.note(&format!("Postgres {} …", server.version()));
    if server.start(&secrets).await? {
        started.push(postgres::PART);
    }
    let (version, fresh) = nats::start(home, &secrets).await?;
    output.note(&format!("nats-server {version} …"));
    if fresh {
        started.push(nats::PART);
    }
    if !started.is_empty() || !parts::all_run(home) {
        output.note("schemas, streams and consumers …");
        roles::provision(home, &secrets).await.context("cannot prepare the database")?;
        parts::provision(home, &secrets)?;
        output.note("services …");
    }
    started.extend(parts::start(home, &secrets).await?);
    Ok(started)
}

/// `aftercare down`.
pub async fn down(home: &Home, output: Output) -> anyhow::Result<ExitCode> {
    let _alone = lock(home)?;
    output.show(&Stopped { stopped: stop(home).await? })?;
    Ok(ExitCode::SUCCESS)
}

/// `aftercare reset`.
pub async fn reset(home: &Home, options: &Reset, output: Output) -> anyhow::Result<ExitCode> {
    if !home.has_system() {
        output.show(&Cleared { cleared: false })?;
        return Ok(ExitCode::SUCCESS);
    }
    if !options.yes && !agreed(home)? {
        bail!("nothing was thrown away");
    }
    clear(home).await?;
    output.show(&Cleared { cleared: true })?;
    Ok(ExitCode::SUCCESS)
}

/// Stops the system and throws its data away.
pub async fn clear(home: &Home) -> anyhow::Result<()> {
    let alone = lock(home)?;
    stop(home).await?;
    postgres::remove(home)?;
    for name in ["nats", "log", "run"] {
        remove(&home.dir().join(name))?;
    }
    for name in ["nats.conf", "payments.ledger", "outbox.ndjson", "clock", "secrets.toml", "stack.toml", "lock"] {
        remove(&home.dir().join(name))?;
    }
    drop(alone);
    Ok(())
}

/// Services first, so that nothing is under way when what they rest on goes; then NATS, then Postgres.
async fn stop(home: &Home) -> anyhow::Result<Vec<&'static str>> {
    let mut stopped = parts::stop(home).await?;
    if nats::stop(home).await? {
        stopped.push(nats::PART);
    }
    if postgres::stop(home).await? {
        stopped.push(postgres::PART);
    }
    Ok(stopped)
}

/// What the system is to be like: as before where nothing else is said. Errors: it runs, and runs otherwise.
fn settings(home: &Home, options: &Up) -> anyhow::Result<Settings> {
    let before = &home.settings;
    let wanted = Settings {
        port_base: Ports::new(options.port_base.unwrap_or(before.port_base))?.base(),
        driven_clock: match (options.driven_clock.is_some(), options.system_clock) {
            (true, _) => true,
            (false, true) => false,
            (false, false) => before.driven_clock,
        },
    };
    if wanted != *before && something_runs(home) {
        bail!("it runs already, with other ports or another clock; stop it first with `aftercare down`");
    }
    Ok(wanted)
}

fn something_runs(home: &Home) -> bool {
    let names = SERVICES.map(|service| service.name);
    let all = names.into_iter().chain([parts::PAYMENTS, parts::SINK, nats::PART, postgres::PART]);
    all.into_iter().any(|name| process::running(home, name).is_some())
}

/// The instant the driven clock starts at: the one named; else where it stands; else now.
fn set_clock(home: &Home, told: Option<&str>) -> anyhow::Result<()> {
    let now = backbone::Clock::system().now();
    let start = match told.filter(|text| !text.is_empty()) {
        Some(text) => crate::commands::clock::instant(text)?,
        None if home.clock().exists() => return Ok(()),
        None => now,
    };
    if let Ok(text) = fs::read_to_string(home.clock()) {
        let stands: Timestamp =
            text.trim().parse().with_context(|| format!("cannot read {}", home.clock().display()))?;
        if start < stands {
            bail!("the clock stands at {stands} and cannot go back to {start}; start over with `aftercare reset`");
        }
    }
    crate::home::replace(&home.clock(), &format!("{start}\n"))
}

/// Keeps others from starting or stopping the same system at the same time.
fn lock(home: &Home) -> anyhow::Result<Option<Flock<fs::File>>> {
    if !home.dir().exists() {
        return Ok(None);
    }
    let path = home.dir().join("lock");
    let file = fs::File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
    match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
        Ok(lock) => Ok(Some(lock)),
        Err((_, error)) => {
            bail!("another `aftercare` is starting or stopping this system ({error}); try again in a moment")
        }
    }
}

fn agreed(home: &Home) -> anyhow::Result<bool> {
    if !std::io::stdin().is_terminal() {
        bail!("this throws all data under {} away; say --yes if that is meant", home.dir().display());
    }
    eprint!("Throw all data under {} away? [y/N] ", home.dir().display());
    std::io::stderr().flush()?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

fn remove(path: &std::path::Path) -> anyhow::Result<()> {
    let removed = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    match removed {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", path.display()))
        }
        _ => Ok(()),
    }
}

/// What runs where.
#[derive(Serialize)]
struct Running {
    parts: Vec<RunningPart>,
    /// Absent: the system's clock.
    clock: Option<String>,
}

#[derive(Serialize)]
struct RunningPart {
    part: &'static str,
    address: String,
    pid: Option<i32>,
    started: bool,
    what: &'static str,
}

impl Running {
    fn of(home: &Home, started: &[&'static str]) -> anyhow::Result<Self> {
        let ports = home.ports()?;
        let part = |part: &'static str, address: String, what: &'static str| RunningPart {
            part,
            address,
            pid: process::running(home, part).map(|identity| identity.pid),
            started: started.contains(&part),
            what,
        };
        let mut parts = Vec::new();
        for service in SERVICES {
            parts.push(part(service.name, home.url(service)?, what(service.name)));
        }
        parts.push(part(postgres::PART, format!("127.0.0.1:{}", ports.postgres()), "the source of truth"));
        parts.push(part(nats::PART, format!("127.0.0.1:{}", ports.nats()), "events, rebuilt from Postgres if lost"));
        parts.push(part(
            parts::PAYMENTS,
            format!("http://127.0.0.1:{}", ports.payments()),
            "a payment provider to try",
        ));
        parts.push(part(parts::SINK, format!("http://127.0.0.1:{}", ports.sink()), "where messages to customers end"));
        let clock = home.settings.driven_clock.then(|| fs::read_to_string(home.clock())).transpose()?;
        Ok(Self { parts, clock: clock.map(|text| text.trim().to_owned()) })
    }
}

fn what(service: &str) -> &'static str {
    match service {
        "intake" => "sales and cases in: POST /v1/sales, /v1/cases; /docs",
        "scheduling" => "follow-ups",
        "complaint" => "complaints, department tasks, escalations",
        "fulfilment" => "refunds",
        "outreach" => "messages to customers",
        "analytics" => "figures",
        _ => "open this in a browser",
    }
}

impl Report for Running {
    fn text(&self) -> String {
        let rows = self.parts.iter().map(|part| {
            let pid = part.pid.map_or_else(|| "-".to_owned(), |pid| pid.to_string());
            let state = if part.started { "started" } else { "ran already" };
            vec![part.part.to_owned(), part.address.clone(), pid, state.to_owned(), part.what.to_owned()]
        });
        let parts = table(&["part", "address", "process", "", ""], rows);
        let clock = match &self.clock {
            Some(instant) => format!("the clock stands at {instant}; move it with `aftercare clock advance 1d`"),
            None => "the clock is the system's".to_owned(),
        };
        format!("{parts}\n\n{clock}\nnext: `aftercare status`, `aftercare tail department quality`, `aftercare down`")
    }
}

#[derive(Serialize)]
struct Stopped {
    stopped: Vec<&'static str>,
}

impl Report for Stopped {
    fn text(&self) -> String {
        match self.stopped.as_slice() {
            [] => "nothing was running".to_owned(),
            names => format!("stopped: {}", names.join(", ")),
        }
    }
}

#[derive(Serialize)]
struct Cleared {
    cleared: bool,
}

impl Report for Cleared {
    fn text(&self) -> String {
        if self.cleared { "everything was stopped and thrown away" } else { "there is nothing to throw away" }
            .to_owned()
    }
}
