//! What the system takes of the machine: CPU time and memory of every process it consists of, as the kernel counts them.
//! The bench's own processes are none of them.
use std::{collections::BTreeMap, fs, time::Duration};

use anyhow::Context;

use crate::{
    home::{Home, SERVICES},
    stack::{nats, parts, postgres, process},
};

/// Linux tells CPU time in hundredths of a second, on every machine.
const TICK: Duration = Duration::from_millis(10);

/// CPU time by part, from its start to now.
pub type Cpu = BTreeMap<&'static str, Duration>;

/// What a run has taken.
#[derive(Debug)]
pub struct Cost {
    /// CPU milliseconds per case, by part.
    pub cpu_ms: BTreeMap<&'static str, f64>,
    /// Memory in megabytes, by part.
    pub memory_mb: BTreeMap<&'static str, f64>,
}

impl Cost {
    /// The cost of `cases`, from `before` until now.
    pub fn since(home: &Home, before: &Cpu, cases: usize) -> anyhow::Result<Self> {
        let spent = cpu(home)?.into_iter().map(|(part, now)| {
            let spent = now.saturating_sub(before.get(part).copied().unwrap_or_default());
            (part, spent.as_secs_f64() * 1e3 / cases.max(1) as f64)
        });
        Ok(Self { cpu_ms: spent.collect(), memory_mb: memory(home)? })
    }
}

/// CPU time of every part until now, Postgres with all its processes, also those that have ended.
pub fn cpu(home: &Home) -> anyhow::Result<Cpu> {
    let all = processes();
    let mut cpu = Cpu::new();
    for (part, pid) in running(home)? {
        let own = all.get(&pid).with_context(|| format!("{part} has died"))?;
        let children = all.values().filter(|process| process.parent == pid);
        cpu.insert(part, children.map(|child| child.cpu).sum::<Duration>() + own.cpu);
    }
    Ok(cpu)
}

/// Memory of every part in megabytes: resident; of Postgres the sum over its processes, what they share counted once.
fn memory(home: &Home) -> anyhow::Result<BTreeMap<&'static str, f64>> {
    let all = processes();
    let mut memory = BTreeMap::new();
    for (part, pid) in running(home)? {
        let kilobytes = if part == postgres::PART {
            let family = all.iter().filter(|(number, process)| **number == pid || process.parent == pid);
            // A process that ends meanwhile has no memory any more.
            family.filter_map(|(number, _)| field(&format!("/proc/{number}/smaps_rollup"), "Pss:")).sum()
        } else {
            field(&format!("/proc/{pid}/status"), "VmRSS:").with_context(|| format!("{part} has died"))?
        };
        memory.insert(part, kilobytes as f64 / 1024.0);
    }
    Ok(memory)
}

fn running(home: &Home) -> anyhow::Result<Vec<(&'static str, i32)>> {
    let parts = SERVICES.iter().map(|service| service.name);
    let parts = parts.chain([postgres::PART, nats::PART, parts::PAYMENTS, parts::SINK]);
    parts
        .map(|part| Ok((part, process::running(home, part).with_context(|| format!("{part} has died"))?.pid)))
        .collect()
}

struct Process {
    parent: i32,
    /// Its own, and that of its children that have ended.
    cpu: Duration,
}

fn processes() -> BTreeMap<i32, Process> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let numbers = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    numbers
        .filter_map(|number| Some((number, parse(&fs::read_to_string(format!("/proc/{number}/stat")).ok()?)?)))
        .collect()
}

/// Parent and CPU time out of `/proc/<pid>/stat`. The name in brackets may itself hold blanks and brackets.
fn parse(stat: &str) -> Option<Process> {
    let (_, after_name) = stat.rsplit_once(')')?;
    let fields: Vec<&str> = after_name.split_whitespace().collect();
    let ticks = fields.get(11..15)?.iter().map(|field| field.parse::<u32>().ok()).sum::<Option<u32>>()?;
    Some(Process { parent: fields.get(1)?.parse().ok()?, cpu: TICK * ticks })
}

/// The number behind a name in one of the kernel's tables.
fn field(path: &str, name: &str) -> Option<u64> {
    let text = fs::read_to_string(path).ok()?;
    text.lines().find_map(|line| line.strip_prefix(name)?.split_whitespace().next()?.parse().ok())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn cpu_time_counts_children_that_have_ended() {
        let process = parse("42 (a) b (c)) S 7 42 42 0 -1 4194304 1 0 0 0 100 20 3 4 20 0 1 0 777 1000 1").unwrap();
        assert_eq!((process.parent, process.cpu), (7, Duration::from_millis(1270)));
        assert!(parse("nonsense").is_none());
    }

    #[test]
    fn our_own_process_is_found_with_its_memory() {
        let pid = i32::try_from(std::process::id()).unwrap();
        assert!(processes().contains_key(&pid));
        assert!(field(&format!("/proc/{pid}/status"), "VmRSS:").unwrap() > 1000);
    }
}
