//! Playing people against the running system: calls that are made until they are answered, and waiting until the system
//! has come to rest. A part that died is started again, as a supervisor would.
use std::{
    collections::HashMap,
    future::Future,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use contracts::{
    fulfilment::v1::{GetOverviewRequest as FulfilmentOverview, fulfilment_client::FulfilmentClient},
    operations::v1::{GetStatusRequest, GetStatusResponse, operations_client::OperationsClient},
    outreach::v1::{GetOverviewRequest as OutreachOverview, outreach_client::OutreachClient},
};
use jiff::SignedDuration;
use tonic::{
    Code, Request, Response, Status,
    transport::{Channel, Endpoint},
};

use crate::{
    commands::{clock, status},
    home::{self, Home, SERVICES},
    stack::{parts, secrets::Secrets},
};

/// How often a call is made before we give up: with the waits between, about two minutes.
const TRIES: u32 = 240;
const WAIT: Duration = Duration::from_millis(500);
/// How long the system may take to come to rest.
const REST_WITHIN: Duration = Duration::from_secs(180);
/// What waits as it did for so long waits for time to pass: a retry, or what a process that died had taken up. A driven
/// clock then goes on by a minute.
const STANDSTILL: Duration = Duration::from_secs(10);
const MINUTE: SignedDuration = SignedDuration::from_mins(1);

/// Connections to a running system.
pub struct Driver {
    pub home: Home,
    secrets: Secrets,
    /// Whether what died is ours to start again.
    revives: bool,
    channels: Mutex<HashMap<String, Channel>>,
}

impl Driver {
    /// The system of this home. Errors: its secrets cannot be read.
    pub fn new(home: Home) -> anyhow::Result<Self> {
        let secrets = Secrets::open(&home)?;
        Ok(Self { home, secrets, revives: true, channels: Mutex::default() })
    }

    /// As [`Driver::new`], where somebody else starts what died.
    pub fn onlooker(home: Home) -> anyhow::Result<Self> {
        Ok(Self { revives: false, ..Self::new(home)? })
    }

    /// A connection that is made when it is needed, once for all who ask, and again after it broke.
    pub fn channel(&self, service: &str) -> anyhow::Result<Channel> {
        let mut channels = self.channels.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(channel) = channels.get(service) {
            return Ok(channel.clone());
        }
        let endpoint = Endpoint::from_shared(self.home.url(home::service(service)?)?)?;
        let channel = endpoint.connect_timeout(Duration::from_secs(2)).timeout(Duration::from_secs(20)).connect_lazy();
        channels.insert(service.to_owned(), channel.clone());
        Ok(channel)
    }

    /// Makes a call until it is answered, starting what died meanwhile. A refusal is an answer.
    /// Errors: nobody answers for about two minutes.
    pub async fn insist<T, F>(&self, call: impl Fn() -> F + Sync) -> anyhow::Result<Result<T, Status>>
    where
        T: Send,
        F: Future<Output = Result<Response<T>, Status>> + Send,
    {
        for attempt in 0..TRIES {
            match call().await {
                Ok(answer) => return Ok(Ok(answer.into_inner())),
                Err(refusal) if is_refusal(refusal.code()) => return Ok(Err(refusal)),
                Err(status) if attempt + 1 == TRIES => bail!("nobody answers: {status}"),
                Err(_) => {
                    self.revive().await?;
                    tokio::time::sleep(WAIT).await;
                }
            }
        }
        bail!("nobody answers")
    }

    /// Starts every part that is not running, unless somebody else does.
    pub async fn revive(&self) -> anyhow::Result<()> {
        if self.revives && !parts::all_run(&self.home) {
            parts::start(&self.home, &self.secrets).await.context("a part died and cannot be started again")?;
        }
        Ok(())
    }

    /// Waits until nothing is on its way any more: nothing to send, to take, to fire, to pay or to tell.
    /// Errors: it takes longer than three minutes.
    pub async fn rest(&self) -> anyhow::Result<()> {
        let until = Instant::now() + REST_WITHIN;
        let (mut quiet, mut before, mut since) = (0, (0, 0), Instant::now());
        while quiet < 2 {
            let Some((at, waiting)) = self.busy(before.0).await? else {
                quiet += 1;
                continue;
            };
            quiet = 0;
            if (at, waiting) != before {
                (before, since) = ((at, waiting), Instant::now());
            } else if since.elapsed() > STANDSTILL && self.home.settings.driven_clock {
                clock::set(&self.home, clock::now(&self.home)? + MINUTE)?;
                since = Instant::now();
            }
            if Instant::now() > until {
                bail!("the system does not come to rest: {waiting} things wait; `aftercare status` says which");
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Ok(())
    }

    /// A service in which something waits, and how much. Who was busy last is asked first and alone: asking costs those who
    /// work.
    async fn busy(&self, first: usize) -> anyhow::Result<Option<(usize, u64)>> {
        let services: Vec<_> = SERVICES.iter().filter(|service| service.schema).enumerate().collect();
        let (last, others): (Vec<_>, Vec<_>) = services.into_iter().partition(|(at, _)| *at == first);
        for together in [last, others] {
            let asked = together.into_iter().map(|(at, service)| async move {
                let waiting = status::waiting(&self.status(service.name).await?) + self.outside(service.name).await?;
                anyhow::Ok((at, waiting))
            });
            let found = futures::future::try_join_all(asked).await?.into_iter().find(|(_, waiting)| *waiting > 0);
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    /// What a service has still to pay or to tell.
    async fn outside(&self, service: &str) -> anyhow::Result<u64> {
        let channel = self.channel(service)?;
        let (counts, moving): (_, &[&str]) = match service {
            "fulfilment" => {
                let overview = self.insist(|| {
                    let mut client = FulfilmentClient::new(channel.clone());
                    async move { client.get_overview(FulfilmentOverview {}).await }
                });
                (overview.await??.refunds, &["queued", "sent"])
            }
            "outreach" => {
                let overview = self.insist(|| {
                    let mut client = OutreachClient::new(channel.clone());
                    async move { client.get_overview(OutreachOverview {}).await }
                });
                (overview.await??.messages, &["queued"])
            }
            _ => return Ok(0),
        };
        Ok(counts.iter().filter(|count| moving.contains(&count.key.as_str())).map(|count| count.count).sum())
    }

    /// What a service says of itself.
    pub async fn status(&self, service: &str) -> anyhow::Result<GetStatusResponse> {
        let channel = self.channel(service)?;
        let asked = self
            .insist(|| {
                let mut client = OperationsClient::new(channel.clone());
                async move { client.get_status(GetStatusRequest {}).await }
            })
            .await?;
        Ok(asked?)
    }
}

/// A request of a member of staff, done once however often it is made.
pub fn staff<T>(actor: &str, key: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    if let (Ok(actor), Ok(key)) = (actor.parse(), key.parse()) {
        request.metadata_mut().insert("aftercare-actor", actor);
        request.metadata_mut().insert("idempotency-key", key);
    }
    request
}

fn is_refusal(code: Code) -> bool {
    matches!(
        code,
        Code::InvalidArgument
            | Code::NotFound
            | Code::FailedPrecondition
            | Code::PermissionDenied
            | Code::Unimplemented
    )
}
