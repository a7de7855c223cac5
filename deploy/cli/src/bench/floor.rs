//! The floor: what this Postgres does at best with one transaction a case. pgbench writes a case of 600 bytes, its event
//! and its place in the outbox, three prepared inserts and a commit, over the same kind of connection as the services'.
//! Invariant: it has tables of its own, and they are gone afterwards.
use std::{path::PathBuf, process::Stdio, time::Duration};

use anyhow::Context;
use serde_json::json;
use sqlx::{Connection, PgConnection};
use tokio::process::Command;

use super::private::Private;
use crate::stack::{find, roles, secrets};

/// How long pgbench may take to come and go.
const PATIENCE: Duration = Duration::from_secs(20);
/// The bytes of a case.
const CASE_BYTES: usize = 600;

const TABLES: &str = "-- bench.tables
create schema bench;
create table bench.case_file (id uuid primary key, version bigint not null, state jsonb not null);
create table bench.event (
  seq bigint generated always as identity primary key, id uuid not null, aggregate_id uuid not null,
  version bigint not null, type text not null, payload bytea not null, recorded_at timestamptz not null);
create table bench.outbox (seq bigint generated always as identity primary key, shard smallint not null);";

const TRANSACTION: &str = "\\set shard random(0, 15)
begin;
insert into bench.case_file (id, version, state) values (gen_random_uuid(), 1, :state);
insert into bench.event (id, aggregate_id, version, type, payload, recorded_at)
  values (gen_random_uuid(), gen_random_uuid(), 1, 'case.registered', :payload, now());
insert into bench.outbox (shard) values (:shard);
commit;
";

/// Postgres, ready to show what it can do.
pub struct Floor {
    program: PathBuf,
    script: PathBuf,
    port: u16,
    password: String,
    database: PgConnection,
}

impl Floor {
    pub async fn prepare(private: &Private) -> anyhow::Result<Self> {
        let home = &private.home;
        let script = home.dir().join("floor.sql");
        std::fs::write(&script, TRANSACTION).with_context(|| format!("cannot write {}", script.display()))?;
        let mut database = private.database().await?;
        sqlx::raw_sql(TABLES).execute(&mut database).await?;
        Ok(Self {
            program: find::Postgres::find(home, None)?.program("pgbench"),
            script,
            port: home.ports()?.postgres(),
            password: private.secrets()?.get(secrets::ADMIN).to_owned(),
            database,
        })
    }

    /// Transactions a second with `clients` connections for `length`, in whole seconds.
    pub async fn run(&self, clients: usize, length: Duration) -> anyhow::Result<f64> {
        let mut command = Command::new(&self.program);
        command
            .args(["--no-vacuum", "--protocol=prepared", "--host=127.0.0.1", "--username", secrets::ADMIN])
            .args([format!("--port={}", self.port), format!("--time={}", length.as_secs().max(1))])
            .args([format!("--client={clients}"), format!("--jobs={}", clients.min(2))])
            .args([format!("--define=state={}", case()), format!("--define=payload=\\x{}", "5a".repeat(250))])
            .arg("--file")
            .arg(&self.script)
            .arg(roles::DATABASE)
            .env("PGPASSWORD", &self.password)
            .stdin(Stdio::null())
            .kill_on_drop(true);
        let done = tokio::time::timeout(length + PATIENCE, command.output()).await.context("pgbench does not end")?;
        let done = done.with_context(|| {
            format!("{} cannot be started; Debian has it in the package of the server", self.program.display())
        })?;
        let said = String::from_utf8_lossy(&done.stdout);
        let rate = if done.status.success() { rate(&said) } else { None };
        rate.with_context(|| format!("pgbench did not end well: {said}{}", String::from_utf8_lossy(&done.stderr)))
    }

    /// Removes the tables.
    pub async fn remove(mut self) -> anyhow::Result<()> {
        sqlx::raw_sql("-- bench.remove\ndrop schema bench cascade").execute(&mut self.database).await?;
        Ok(self.database.close().await?)
    }
}

/// A case's state, in as many bytes as are asked for.
fn case() -> String {
    let state = |said: &str| {
        json!({ "state": { "kind": "routed" }, "facts": { "channel": "app", "class": "product_quality", "said": said } })
            .to_string()
    };
    state(&"x".repeat(CASE_BYTES - state("").len()))
}

/// Transactions a second, as pgbench says it.
fn rate(said: &str) -> Option<f64> {
    said.lines().find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_read_from_what_pgbench_says() {
        let said = "number of failed transactions: 0 (0.000%)\nlatency average = 3.130 ms\n\
                    tps = 10224.157208 (without initial connection time)\n";
        assert_eq!(rate(said), Some(10_224.157_208));
        assert_eq!(rate("pgbench: error"), None);
    }

    #[test]
    fn a_case_has_600_bytes() {
        assert_eq!(case().len(), 600);
    }
}
