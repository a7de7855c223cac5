//! A system of one run's own (of the bench, of the faults), on ports and in a folder of its own, as durable as any other.
//! Invariant: at most one run uses the folder at a time, a system that people use is never touched, and nothing is left
//! behind: what a run that was killed left is removed by the next.
use std::{
    fs,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::{Context, bail, ensure};
use nix::{
    fcntl::{Flock, FlockArg},
    sys::signal::Signal,
};
use sqlx::PgConnection;

use crate::{
    commands::status,
    home::{self, Home, Ports, SERVICES, Settings},
    output::Output,
    stack::{self, postgres, process, roles, secrets::Secrets},
};

/// How long work that waits may take to be done.
const REST_WITHIN: Duration = Duration::from_secs(30);

/// The place of a private system, and once started, the system.
pub struct Private {
    pub home: Home,
    _alone: Flock<fs::File>,
}

impl Private {
    /// Takes the place and clears away what a killed run left there. Errors: another run has it.
    pub async fn claim(folder: &Path) -> anyhow::Result<Self> {
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let lock = fs::File::create(folder.join("lock"))?;
        let Ok(alone) = Flock::lock(lock, FlockArg::LockExclusiveNonblock) else {
            bail!("another run is going on in {}", folder.display());
        };
        let place = folder.join("stack");
        remove(&place).await?;
        let mut home = Home::find(Some(place))?;
        home.settings = Settings { port_base: Ports::free()?.base(), driven_clock: false };
        Ok(Self { home, _alone: alone })
    }

    /// Starts everything.
    pub async fn start(&self, output: Output) -> anyhow::Result<()> {
        stack::start(&self.home, None, output).await.map(drop)
    }

    /// Gives a service settings of its own, before it is started.
    pub fn configure(&self, service: &str, settings: &str) -> anyhow::Result<()> {
        fs::create_dir_all(self.home.dir())?;
        home::replace(&self.home.config(service), settings)
    }

    /// Stops everything and removes it.
    pub async fn remove(self) -> anyhow::Result<()> {
        remove(self.home.dir()).await
    }

    /// Stops every service but the one whose door is measured.
    pub async fn keep_only_intake(&self) -> anyhow::Result<()> {
        for service in SERVICES.iter().filter(|service| service.name != "intake") {
            process::stop(&self.home, service.name, &[(Signal::SIGTERM, Duration::from_secs(10))]).await?;
        }
        Ok(())
    }

    /// Where contacts are taken in.
    pub fn intake(&self) -> anyhow::Result<SocketAddr> {
        Ok((Ipv4Addr::LOCALHOST, self.home.ports()?.service(home::service("intake")?)).into())
    }

    pub fn secrets(&self) -> anyhow::Result<Secrets> {
        Secrets::open(&self.home)
    }

    /// The database, as its administrator.
    pub async fn database(&self) -> anyhow::Result<PgConnection> {
        postgres::connect(&self.home, &self.secrets()?, roles::DATABASE).await
    }

    /// Waits until no service has anything left to do, and says how many events still wait when that goes on no more.
    /// Errors: a service does not answer, or could not apply an event.
    pub async fn rest(&self) -> anyhow::Result<u64> {
        let (mut until, mut least) = (Instant::now() + REST_WITHIN, u64::MAX);
        loop {
            let answers = status::ask_all(&self.home).await.into_iter().collect::<Result<Vec<_>, _>>();
            let answers = answers.map_err(anyhow::Error::msg)?;
            let parked: u64 = answers.iter().map(|answer| answer.parked).sum();
            ensure!(parked == 0, "{parked} events could not be applied");
            let waiting: u64 = answers.iter().map(status::waiting).sum();
            if waiting < least {
                (until, least) = (Instant::now() + REST_WITHIN, waiting);
            }
            if waiting == 0 || Instant::now() > until {
                return Ok(waiting);
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Waits until intake has sent all that it wrote down.
    pub async fn outbox_empty(&self) -> anyhow::Result<()> {
        let mut database = self.database().await?;
        let until = Instant::now() + REST_WITHIN;
        loop {
            let waits: bool = sqlx::query_scalar("-- bench.outbox\nselect exists (select from intake.outbox_pending)")
                .fetch_one(&mut database)
                .await?;
            if !waits {
                return Ok(());
            }
            if Instant::now() > until {
                bail!("intake does not send its events; see {}", self.home.log("intake").display());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// How many cases are on record.
    pub async fn cases_stored(&self) -> anyhow::Result<u64> {
        let count = sqlx::query_scalar::<_, i64>("-- bench.cases\nselect count(*) from intake.case_file");
        Ok(count.fetch_one(&mut self.database().await?).await?.unsigned_abs())
    }
}

async fn remove(place: &Path) -> anyhow::Result<()> {
    stack::clear(&Home::find(Some(PathBuf::from(place)))?).await?;
    match fs::remove_dir_all(place) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", place.display()))
        }
        _ => Ok(()),
    }
}
