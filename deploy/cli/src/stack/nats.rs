//! A nats-server of our own: configuration, start and stop.
//! Invariant: what it acknowledges is on disk (`sync_interval: always`), as in production.
use std::{
    fs,
    path::PathBuf,
    process::Child,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use nix::sys::signal::Signal;

use super::{
    find, net,
    process::{self, Launch},
    secrets::{self, Secrets},
};
use crate::home::{Home, Ports};

/// Its name in logs and pid files.
pub const PART: &str = "nats";
const READY_WITHIN: Duration = Duration::from_secs(60);

/// Starts it, unless it runs already, and waits until it answers. Answers its version, and whether it was started.
/// Errors: no fit server, a taken port, or it does not come up.
pub async fn start(home: &Home, secrets: &Secrets) -> anyhow::Result<(find::Version, bool)> {
    let (program, version) = find::nats(home)?;
    let ports = home.ports()?;
    if process::running(home, PART).is_some() {
        wait_until_ready(home, None).await?;
        return Ok((version, false));
    }
    net::must_be_free(ports.nats(), PART)?;
    net::must_be_free(ports.nats_monitor(), "nats's monitor")?;
    let conf = home.dir().join("nats.conf");
    fs::create_dir_all(home.nats()).with_context(|| format!("cannot make {}", home.nats().display()))?;
    secrets::write_private(&conf, &configuration(ports, &home.nats().canonicalize()?, secrets.get(secrets::NATS)))?;
    let launch = Launch { part: PART, program, args: vec!["--config".into(), conf.into()], env: vec![], account: None };
    let mut child = launch.start(home)?;
    wait_until_ready(home, Some(&mut child)).await?;
    Ok((version, true))
}

/// Stops it in order; what it holds is written.
pub async fn stop(home: &Home) -> anyhow::Result<bool> {
    process::stop(home, PART, &[(Signal::SIGTERM, Duration::from_secs(20))]).await
}

/// Where it listens, with what must be shown to be let in.
pub fn url(ports: Ports, secrets: &Secrets) -> String {
    format!("nats://aftercare:{}@127.0.0.1:{}", secrets.get(secrets::NATS), ports.nats())
}

async fn wait_until_ready(home: &Home, mut child: Option<&mut Child>) -> anyhow::Result<()> {
    let health = format!("http://127.0.0.1:{}/healthz", home.ports()?.nats_monitor());
    let until = Instant::now() + READY_WITHIN;
    let said = || format!("the end of {}:\n{}", home.log(PART).display(), process::tail(&home.log(PART), 15));
    loop {
        if reqwest::get(&health).await.is_ok_and(|answer| answer.status().is_success()) {
            return Ok(());
        }
        if let Some(status) = child.as_mut().and_then(|child| child.try_wait().ok().flatten()) {
            bail!("nats-server ended ({status}); {}", said());
        }
        if Instant::now() > until {
            bail!("nats-server is not healthy after {} s; {}", READY_WITHIN.as_secs(), said());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn configuration(ports: Ports, store: &PathBuf, password: &str) -> String {
    format!(
        "# Written by `aftercare up` at every start.
server_name: aftercare
listen: \"127.0.0.1:{}\"
http: \"127.0.0.1:{}\"
authorization {{ user: aftercare, password: \"{password}\" }}
jetstream {{
  store_dir: {}
  sync_interval: always
  max_mem: 256MB
  max_file: 96GB
}}
",
        ports.nats(),
        ports.nats_monitor(),
        serde_json::json!(store)
    )
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn what_is_acknowledged_is_on_disk() {
        let text = configuration(Ports::new(7100).unwrap(), &"/tmp/a \"b\"".into(), "secret");
        assert!(text.contains("sync_interval: always"), "{text}");
        assert!(text.contains("listen: \"127.0.0.1:7151\"") && text.contains("http: \"127.0.0.1:7152\""), "{text}");
        assert!(text.contains(r#"store_dir: "/tmp/a \"b\"""#), "{text}");
    }
}
