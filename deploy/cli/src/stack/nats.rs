//! A nats-server of our own: configuration, start and stop.
//! Invariant: what it acknowledges is on disk (`sync_interval: always`), as in production.
use std::{
    fs,
    path::Path,
    process::Child,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use nix::sys::signal::Signal;
use nkeys::{KeyPair, KeyPairType};

use super::{
    find, net,
    process::{self, Launch},
    secrets::{self, Secrets},
};
use crate::{
    home::{Home, Ports, replace},
    remote,
};

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
    let text = configuration(ports, &home.nats().canonicalize()?, &key(secrets)?.public_key());
    replace(&conf, &text)?;
    let launch = Launch { part: PART, program, args: vec!["--config".into(), conf.into()], env: vec![], account: None };
    let mut child = launch.start(home)?;
    wait_until_ready(home, Some(&mut child)).await?;
    Ok((version, true))
}

/// Stops it in order; what it holds is written.
pub async fn stop(home: &Home) -> anyhow::Result<bool> {
    process::stop(home, PART, &[(Signal::SIGTERM, Duration::from_secs(20))]).await
}

/// Where it listens.
pub fn url(ports: Ports) -> String {
    format!("nats://127.0.0.1:{}", ports.nats())
}

/// What a process proves by that it is one of ours: the seed of the one NKEY that is let in.
pub fn seed(secrets: &Secrets) -> anyhow::Result<String> {
    Ok(key(secrets)?.seed()?)
}

fn key(secrets: &Secrets) -> anyhow::Result<KeyPair> {
    Ok(KeyPair::new_from_raw(KeyPairType::User, secrets.bytes(secrets::NATS)?)?)
}

/// A connection to it. Errors: it does not answer, or does not know us.
pub async fn connect(home: &Home, secrets: &Secrets) -> anyhow::Result<async_nats::Client> {
    let options = async_nats::ConnectOptions::new().name("aftercare-cli").nkey(seed(secrets)?);
    options.connect(url(home.ports()?)).await.context("NATS does not answer; `aftercare up` starts it")
}

async fn wait_until_ready(home: &Home, mut child: Option<&mut Child>) -> anyhow::Result<()> {
    let health = format!("http://127.0.0.1:{}/healthz", home.ports()?.nats_monitor());
    let until = Instant::now() + READY_WITHIN;
    let client = remote::http()?;
    let said = || format!("the end of {}:\n{}", home.log(PART).display(), process::tail(&home.log(PART), 15));
    loop {
        if client.get(&health).send().await.is_ok_and(|answer| answer.status().is_success()) {
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

fn configuration(ports: Ports, store: &Path, public_key: &str) -> String {
    format!(
        "# Written by `aftercare up` at every start.
server_name: aftercare
listen: \"127.0.0.1:{}\"
http: \"127.0.0.1:{}\"
authorization {{ users: [ {{ nkey: {public_key} }} ] }}
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
        let text = configuration(Ports::new(7100).unwrap(), Path::new("/tmp/a \"b\""), "UABC");
        assert!(text.contains("sync_interval: always"), "{text}");
        assert!(text.contains("listen: \"127.0.0.1:7151\"") && text.contains("http: \"127.0.0.1:7152\""), "{text}");
        assert!(text.contains("nkey: UABC"), "{text}");
        assert!(text.contains(r#"store_dir: "/tmp/a \"b\"""#), "{text}");
    }
}
