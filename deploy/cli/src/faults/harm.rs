//! What is done to the system: a part is killed as by a power cut of its own, or the broker loses everything it holds; and
//! the way back, which is the way it always starts.
use std::fs;

use anyhow::Context as _;

use super::script::chance;
use crate::{
    home::{Home, SERVICES},
    stack::{nats, parts, postgres, process, secrets::Secrets},
};

/// One fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Harm {
    /// `kill -9` of this part.
    Kill(&'static str),
    /// The broker is stopped and its data folder is gone.
    WipeBroker,
}

/// Those first whose effects outside the house take longest to be settled: messages, refunds.
const SERVICES_FIRST: [&str; 7] =
    ["outreach", "fulfilment", "intake", "scheduling", "complaint", "analytics", "console"];

impl Harm {
    /// Everything that can happen, once: in a fixed order the first time, then as chance has it.
    pub fn round(seed: u64, round: usize) -> Vec<Harm> {
        let parts = SERVICES_FIRST.into_iter().chain([parts::PAYMENTS, nats::PART, postgres::PART]);
        let mut all: Vec<Harm> = parts.map(Harm::Kill).chain([Harm::WipeBroker]).collect();
        if round > 0 {
            all.sort_by_key(|harm| chance(seed, &harm.name(), round, u64::from(u32::MAX)));
        }
        all
    }

    pub fn name(self) -> String {
        match self {
            Harm::Kill(part) => format!("kill -9 {part}"),
            Harm::WipeBroker => "nats stopped, its data wiped".to_owned(),
        }
    }

    /// The part it is done to.
    pub fn part(self) -> &'static str {
        match self {
            Harm::Kill(part) => part,
            Harm::WipeBroker => nats::PART,
        }
    }

    /// Does it.
    pub async fn strike(self, home: &Home) -> anyhow::Result<()> {
        match self {
            Harm::Kill(part) => {
                let killed = process::stop(home, part, &[]).await?;
                anyhow::ensure!(killed, "{part} was not running");
            }
            Harm::WipeBroker => {
                nats::stop(home).await?;
                fs::remove_dir_all(home.nats()).with_context(|| format!("cannot wipe {}", home.nats().display()))?;
            }
        }
        Ok(())
    }

    /// Starts what was harmed, and waits until it is ready. Answers the other parts that did not survive it; they are
    /// started again as well.
    pub async fn mend(self, home: &Home, secrets: &Secrets) -> anyhow::Result<Vec<&'static str>> {
        match self.part() {
            nats::PART => {
                nats::start(home, secrets).await?;
            }
            postgres::PART => {
                postgres::Postgres::prepare(home, secrets)?.start(secrets).await?;
            }
            _ => {}
        }
        let others = SERVICES.iter().map(|service| service.name).chain([parts::PAYMENTS, parts::SINK]);
        let others = others.chain([nats::PART, postgres::PART]).filter(|part| *part != self.part());
        let fell = others.filter(|part| process::running(home, part).is_none()).collect();
        parts::start(home, secrets).await?;
        Ok(fell)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_is_harmed_in_every_round() {
        for round in 0..5 {
            let harmed: Vec<&str> = Harm::round(7, round).into_iter().map(Harm::part).collect();
            assert_eq!(harmed.len(), 11);
            for service in SERVICES {
                assert!(harmed.contains(&service.name), "{} in round {round}", service.name);
            }
            for part in [parts::PAYMENTS, nats::PART, postgres::PART] {
                assert!(harmed.contains(&part), "{part} in round {round}");
            }
        }
        assert_ne!(Harm::round(7, 1), Harm::round(7, 2));
        assert_eq!(Harm::round(7, 1), Harm::round(7, 1));
    }
}
