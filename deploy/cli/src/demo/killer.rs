//! Kills a service every so often while the demo is played, by its process and without a word, and starts it again as a
//! supervisor would. Invariant: when the play is over, what was killed is back.
use std::time::Duration;

use anyhow::Context as _;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::{
    faults::harm::Harm,
    home::{Home, SERVICES},
    stack::secrets::Secrets,
};

/// Where chance starts.
const SEED: u64 = 7;
/// Whoever looks after the processes needs a moment.
const NOTICED_AFTER: Duration = Duration::from_millis(500);

/// One service after the other, in an order of its own in every round, until the play is `over`. Answers who was killed.
/// Errors: a service does not come back.
pub async fn kill(home: &Home, every: Duration, over: &CancellationToken) -> anyhow::Result<Vec<&'static str>> {
    let secrets = Secrets::open(home)?;
    let is_service = |harm: &Harm| *harm != Harm::WipeBroker && SERVICES.iter().any(|one| one.name == harm.part());
    let mut killed = Vec::new();
    for harm in (0..).flat_map(|round| Harm::round(SEED, round)).filter(is_service) {
        tokio::select! {
            () = over.cancelled() => break,
            () = sleep(every) => {}
        }
        harm.strike(home).await?;
        sleep(NOTICED_AFTER).await;
        harm.mend(home, &secrets).await.with_context(|| format!("it does not come back after {}", harm.name()))?;
        killed.push(harm.part());
    }
    Ok(killed)
}
