//! The parts that this command starts beside Postgres and NATS: the services, the payment sandbox and the sink; with what
//! each is told. A service's program is the one that lies beside this command's own.
//! Invariant: a running service is told how to reach its own schema and no other, and never as its owner.
use std::{
    ffi::OsString,
    path::PathBuf,
    process::Child,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use futures::future::try_join_all;
use nix::sys::signal::Signal;

use super::{
    nats, net,
    process::{self, Launch},
    roles,
    secrets::{self, Secrets},
};
use crate::{
    home::{self, Home, SERVICES, Service},
    remote,
};

/// The payment provider's stand-in.
pub const PAYMENTS: &str = "payments-sandbox";
/// Where messages to customers end.
pub const SINK: &str = "sink";
const READY_WITHIN: Duration = Duration::from_secs(90);
const STOPPED_WITHIN: Duration = Duration::from_secs(30);

/// A part that can be started.
struct Part {
    name: &'static str,
    ports: Vec<u16>,
    /// Answers 200 when the part does its work.
    ready: String,
    launch: Launch<'static>,
}

/// Errors: a program was not built; the message names all that are missing.
pub fn must_be_built() -> anyhow::Result<()> {
    let names = SERVICES.iter().map(|service| service.name).chain([PAYMENTS]);
    let missing: Vec<&str> = names.filter(|name| !program(name).is_ok_and(|path| path.is_file())).collect();
    if missing.is_empty() {
        return Ok(());
    }
    bail!("not built: {}; build everything with `make build`", missing.join(", "))
}

fn program(name: &str) -> anyhow::Result<PathBuf> {
    let own = std::env::current_exe().context("cannot tell where this program lies")?;
    Ok(own.with_file_name(name))
}

/// Makes the tables, streams and consumers of every service that has any; running it again changes nothing.
pub fn provision(home: &Home, secrets: &Secrets) -> anyhow::Result<()> {
    for service in SERVICES.iter().filter(|service| service.schema) {
        let mut launch = service_launch(home, secrets, *service)?;
        if let Some(what) = launch.args.first_mut() {
            *what = "provision".into();
        }
        let owner = roles::owner_url(home, secrets, service.name)?;
        launch.env.push(("AFTERCARE__DATABASE__OWNER_URL".into(), owner));
        launch.run().with_context(|| format!("cannot prepare {}", service.name))?;
    }
    Ok(())
}

/// Whether every part runs.
pub fn all_run(home: &Home) -> bool {
    let services = SERVICES.iter().map(|service| service.name);
    services.chain([PAYMENTS, SINK]).all(|name| process::running(home, name).is_some())
}

/// Starts every part that does not run yet and waits until all are ready. Answers the names of those started.
/// Errors: a taken port, or a part that does not come up; the message shows the end of its log.
pub async fn start(home: &Home, secrets: &Secrets) -> anyhow::Result<Vec<&'static str>> {
    let mut waits = Vec::new();
    let mut started = Vec::new();
    for part in parts(home, secrets)? {
        let child = match process::running(home, part.name) {
            Some(_) => None,
            None => {
                part.ports.iter().try_for_each(|port| net::must_be_free(*port, part.name))?;
                started.push(part.name);
                Some(part.launch.start(home)?)
            }
        };
        waits.push(wait_until_ready(home, part.name, part.ready, child));
    }
    try_join_all(waits).await?;
    Ok(started)
}

/// Stops the services, all at once, each finishing what it has begun; then the sink and the sandbox.
/// Answers the names of those that ran.
pub async fn stop(home: &Home) -> anyhow::Result<Vec<&'static str>> {
    let mut stopped = stop_all(home, SERVICES.iter().map(|service| service.name).collect()).await?;
    stopped.extend(stop_all(home, vec![SINK, PAYMENTS]).await?);
    Ok(stopped)
}

async fn stop_all(home: &Home, names: Vec<&'static str>) -> anyhow::Result<Vec<&'static str>> {
    let steps = [(Signal::SIGTERM, STOPPED_WITHIN)];
    let ran = try_join_all(names.iter().map(|name| process::stop(home, name, &steps))).await?;
    Ok(names.into_iter().zip(ran).filter(|(_, ran)| *ran).map(|(name, _)| name).collect())
}

async fn wait_until_ready(home: &Home, name: &str, url: String, mut child: Option<Child>) -> anyhow::Result<()> {
    let until = Instant::now() + READY_WITHIN;
    let client = remote::http()?;
    let said = || format!("the end of {}:\n{}", home.log(name).display(), process::tail(&home.log(name), 15));
    loop {
        if client.get(&url).send().await.is_ok_and(|answer| answer.status().is_success()) {
            return Ok(());
        }
        if let Some(status) = child.as_mut().and_then(|child| child.try_wait().ok().flatten()) {
            bail!("{name} ended ({status}); {}", said());
        }
        if Instant::now() > until {
            bail!("{name} is not ready after {} s; {}", READY_WITHIN.as_secs(), said());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn parts(home: &Home, secrets: &Secrets) -> anyhow::Result<Vec<Part>> {
    let ports = home.ports()?;
    let at = |port: u16| format!("127.0.0.1:{port}");
    let plain = |name, program, args| Launch { part: name, program, args, env: vec![], account: None };
    let payments: [OsString; 4] =
        ["--listen".into(), at(ports.payments()).into(), "--ledger".into(), home.ledger().into()];
    let sink: [OsString; 5] =
        ["sink".into(), "--smtp".into(), at(ports.smtp()).into(), "--http".into(), at(ports.sink()).into()];
    let told: [OsString; 4] = ["--store".into(), home.outbox().into(), "--home".into(), home.dir().into()];
    let sink = sink.into_iter().chain(told).collect();
    let mut parts = vec![
        Part {
            name: PAYMENTS,
            ports: vec![ports.payments()],
            ready: format!("http://{}/health", at(ports.payments())),
            launch: plain(PAYMENTS, program(PAYMENTS)?, payments.into()),
        },
        Part {
            name: SINK,
            ports: vec![ports.smtp(), ports.sink()],
            ready: format!("http://{}/messages?limit=1", at(ports.sink())),
            launch: plain(SINK, std::env::current_exe()?, sink),
        },
    ];
    for service in SERVICES {
        parts.push(Part {
            name: service.name,
            ports: vec![ports.service(service)],
            ready: format!("{}/ready", home.url(service)?),
            launch: service_launch(home, secrets, service)?,
        });
    }
    Ok(parts)
}

fn service_launch(home: &Home, secrets: &Secrets, service: Service) -> anyhow::Result<Launch<'static>> {
    let env = environment(home, secrets, service)?;
    let (mut args, own) = (vec!["serve".into()], home.config(service.name));
    if own.is_file() {
        args.extend(["--config".into(), own.into()]);
    }
    Ok(Launch { part: service.name, program: program(service.name)?, args, env, account: None })
}

/// What a service is told. Everything else stands in its own defaults.
fn environment(home: &Home, secrets: &Secrets, service: Service) -> anyhow::Result<Vec<(String, String)>> {
    let ports = home.ports()?;
    let mut env = vec![
        ("LISTEN".to_owned(), format!("127.0.0.1:{}", ports.service(service))),
        ("NATS__URL".to_owned(), nats::url(ports)),
        ("NATS__NKEY_SEED".to_owned(), nats::seed(secrets)?),
        // A wiped broker is filled again from the journal without anybody's help.
        ("NATS__PROVISION".to_owned(), "true".to_owned()),
    ];
    if service.schema {
        env.push(("DATABASE__URL".to_owned(), roles::service_url(home, secrets, service.name)?));
    }
    if home.settings.driven_clock {
        env.push(("CLOCK__DRIVEN".to_owned(), home.clock().to_string_lossy().into_owned()));
    }
    for neighbour in SERVICES.iter().filter(|neighbour| **neighbour != service) {
        env.push((format!("NEIGHBOURS__{}", neighbour.name.to_uppercase()), home.url(*neighbour)?));
    }
    env.extend(own_section(home, secrets, service)?);
    Ok(env.into_iter().map(|(key, value)| (format!("AFTERCARE__{key}"), value)).collect())
}

/// What only this service is told.
fn own_section(home: &Home, secrets: &Secrets, service: Service) -> anyhow::Result<Vec<(String, String)>> {
    let ports = home.ports()?;
    let section = match service.name {
        "intake" => vec![("MASTER_KEY", secrets.get(secrets::MASTER_KEY).to_owned())],
        "fulfilment" => vec![("PAYMENTS__URL", format!("http://127.0.0.1:{}", ports.payments()))],
        "outreach" => vec![
            ("SMTP_URL", format!("smtp://127.0.0.1:{}", ports.smtp())),
            ("SMS_URL", format!("http://127.0.0.1:{}/sms", ports.sink())),
            ("STATUS_PAGES", home.url(home::service("intake")?)?),
        ],
        _ => vec![],
    };
    Ok(section.into_iter().map(|(key, value)| (format!("SERVICE__{key}"), value)).collect())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::home::service;

    fn told(name: &str) -> Vec<(String, String)> {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::find(Some(dir.path().to_path_buf())).unwrap();
        let secrets = Secrets::open(&home).unwrap();
        environment(&home, &secrets, service(name).unwrap()).unwrap()
    }

    #[test]
    fn a_service_is_told_its_own_schema_only() {
        let env = told("complaint");
        let url = &env.iter().find(|(key, _)| key == "AFTERCARE__DATABASE__URL").unwrap().1;
        assert!(url.starts_with("postgres://complaint:"), "{url}");
        assert!(!env.iter().any(|(key, _)| key.contains("OWNER") || key.contains("MASTER_KEY")));
        assert!(!env.iter().any(|(key, _)| key == "AFTERCARE__CLOCK__DRIVEN"), "the system's clock is the default");
    }

    #[test]
    fn the_console_owns_nothing_and_knows_everybody() {
        let env = told("console");
        assert!(!env.iter().any(|(key, _)| key.contains("DATABASE")));
        assert_eq!(env.iter().filter(|(key, _)| key.starts_with("AFTERCARE__NEIGHBOURS__")).count(), 6);
    }

    #[test]
    fn only_intake_gets_the_master_key() {
        assert!(told("intake").iter().any(|(key, _)| key == "AFTERCARE__SERVICE__MASTER_KEY"));
    }
}
