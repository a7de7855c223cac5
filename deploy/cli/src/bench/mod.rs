//! `aftercare bench`: how fast the system is on this machine, beside what its own Postgres can do at best. In reading
//! order: `private` (a system of the bench's own) · `contact` and `door` (what is sent, and how) · `load` (how much of it)
//! · `floor` (Postgres alone) · `routed` (from a contact to the department's task) · `returns` (complete ones) · `cost` (CPU,
//! memory) · `marks` (what is pure, by criterion) · `held` (figures beside their marks) · `report`.
//! Invariant: nothing is counted that was not answered, and everything that was answered is in the database at the end.
mod contact;
mod cost;
mod door;
mod floor;
mod held;
mod load;
mod marks;
pub mod private;
mod report;
mod returns;
mod routed;

use std::{path::PathBuf, process::ExitCode, sync::Arc, time::Duration};

use anyhow::{Context as _, ensure};
use tokio::signal::unix::{SignalKind, signal};

use self::{
    contact::{Contacts, Kind, Mix, Pushes},
    floor::Floor,
    held::Held,
    private::Private,
    report::{Doors, Measured, Pushed, Routed},
    routed::Tasks,
};
use crate::{args::Bench, home::Home, output::Output};

/// Connections that keep the door busy, one contact a request.
const CONNECTIONS: [usize; 4] = [1, 8, 32, 128];
/// Up to here Postgres is asked with as many; with more it only gets slower.
const CLIENTS_MAX: usize = 32;
/// Contacts a second at which the time to the department's task is taken.
const CALM: u32 = 200;
/// Pushes a second at which the time to their acknowledgement is taken.
const PUSHES: u32 = 500;

/// How long each part of the measurement takes.
struct Plan {
    /// One turn at the door, or of Postgres alone; whole seconds.
    turn: Duration,
    rounds: usize,
    calm: Duration,
    /// One try at a rate, while the highest is looked for.
    step: Duration,
    /// All tries together.
    search: Duration,
    sustain: Duration,
    /// All tries to sustain a rate together.
    sustain_all: Duration,
    /// So many are taken back.
    returns: usize,
}

impl Plan {
    fn of(options: &Bench) -> Self {
        let seconds = Duration::from_secs;
        let (turn, rounds, calm, step, search, sustain, sustain_all) =
            if options.long { (20, 3, 60, 15, 180, 120, 480) } else { (2, 2, 10, 5, 25, 30, 60) };
        Self {
            turn: seconds(turn),
            rounds,
            calm: seconds(calm),
            step: seconds(step),
            search: seconds(search),
            sustain: seconds(sustain),
            sustain_all: seconds(sustain_all),
            returns: if options.long { 20_000 } else { 4_000 },
        }
    }
}

/// `aftercare bench`. The exit code is 1 when a mark is missed and that was asked for (`--strict`).
pub async fn run(home: &Home, options: &Bench, output: Output) -> anyhow::Result<ExitCode> {
    let folder = folder(home);
    let plan = Plan::of(options);
    let private = Private::claim(&folder).await?;
    let measured = tokio::select! {
        measured = measure(home, &private, &plan, output) => measured,
        interrupted = interrupted() => interrupted,
    };
    let removed = private.remove().await;
    let measured = measured?;
    removed.context("the bench's own system could not be removed")?;
    measured.write(&folder.join("latest.json"))?;
    output.show(&measured)?;
    let failed = options.strict && measured.misses_a_mark();
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Beside what the compiler puts out; it can be thrown away like that.
fn folder(home: &Home) -> PathBuf {
    home.project().map_or_else(|| home.dir().join("bench"), |project| project.join("target/bench"))
}

async fn interrupted<T>() -> anyhow::Result<T> {
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        _ = terminate.recv() => {}
        done = tokio::signal::ctrl_c() => done?,
    }
    anyhow::bail!("interrupted; nothing was measured")
}

async fn measure(home: &Home, private: &Private, plan: &Plan, output: Output) -> anyhow::Result<Measured> {
    let pure = marks::hold(home, output).await?;
    pure.iter().map(Held::line).for_each(|line| output.note(&line));
    private.configure("intake", &Kind::ALL.map(Kind::source).concat())?;
    private.start(output).await?;
    let contacts = Arc::new(Contacts::default());
    let (routed, answered) = whole_system(private, plan, &contacts, output).await?;
    let busy = pushed(private, plan, &contacts, ("all services", output)).await?;
    let returned = returns::play(private, plan.returns).await?;
    output.note(&format!("complete returns: {returned}"));
    private.keep_only_intake().await?;
    let alone = pushed(private, plan, &contacts, ("intake", output)).await?;
    let doors = doors(private, plan, &contacts, output).await?;
    let answered = answered + doors.answered();
    let stored = private.cases_stored().await?;
    ensure!(stored >= answered, "{answered} cases were answered with 201, and only {stored} are in the database");
    Ok(Measured::new(doors, routed, (alone, busy), returned, pure))
}

/// Pushes of each kind, one kind after the other.
async fn pushed(
    private: &Private,
    plan: &Plan,
    contacts: &Arc<Contacts>,
    (running, output): (&str, Output),
) -> anyhow::Result<Pushed> {
    let mut all = Vec::new();
    for kind in Kind::ALL {
        let pushes = Arc::new(Pushes::new(kind, Arc::clone(contacts))?);
        let taken = load::pushed(private.intake()?, PUSHES, plan.calm, pushes).await?;
        output.note(&format!("pushes of {} are acknowledged, {running} running: {taken}", kind.name()));
        all.push((kind, taken));
        private.outbox_empty().await?;
        if running != "intake" {
            private.rest().await?;
        }
    }
    Ok(all)
}

/// From a contact to the department's task, with everything running: first calmly, then as fast as it lasts.
/// Answers with how many cases were taken in.
async fn whole_system(
    private: &Private,
    plan: &Plan,
    contacts: &Arc<Contacts>,
    output: Output,
) -> anyhow::Result<(Routed, u64)> {
    let mut tasks = Tasks::follow(private, Arc::clone(contacts)).await?;
    tasks.step(CALM, plan.calm / 3).await?;
    let calm = tasks.step(CALM, plan.calm).await?;
    output.note(&format!("{calm}"));
    let rate = tasks.search(&calm, plan.step, plan.search, output).await?;
    let (sustained, cost) = tasks.sustain(rate, plan.sustain, plan.sustain_all, output).await?;
    Ok((Routed { calm, sustained, cost }, tasks.answered()))
}

/// The door beside the floor, turn by turn, so that a machine that gets slower or faster does so for both. The services
/// behind the door stand still: what they take of the machine is in the figures of the whole system.
async fn doors(private: &Private, plan: &Plan, contacts: &Arc<Contacts>, output: Output) -> anyhow::Result<Doors> {
    let floor = Floor::prepare(private).await?;
    let address = private.intake()?;
    load::closed(address, 32, plan.turn / 2, Arc::clone(contacts), Mix::HalfEnquiries).await?;
    let mut doors = Doors::new(plan.rounds, plan.turn);
    for round in 0..plan.rounds {
        for connections in CONNECTIONS {
            // Whoever came second in a round comes first in the next.
            for turn in [round % 2, (round + 1) % 2] {
                private.outbox_empty().await?;
                if turn == 1 {
                    let contacts = Arc::clone(contacts);
                    let taken = load::closed(address, connections, plan.turn, contacts, Mix::HalfEnquiries).await?;
                    output.note(&format!("{connections:>3} connections: {taken}"));
                    doors.accept(connections, taken);
                } else if connections <= CLIENTS_MAX {
                    let rate = floor.run(connections, plan.turn).await?;
                    output.note(&format!("{connections:>3} clients of Postgres alone: {rate:.0}/s"));
                    doors.floor(connections, rate);
                }
            }
        }
    }
    floor.remove().await?;
    Ok(doors)
}
