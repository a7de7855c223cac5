//! `aftercare faults`: what the system survives. On a system of its own customers come and staff works, while one part after
//! the other is killed and the broker's data are wiped; then everything is counted. In reading order: `script` and
//! `customers` (who comes) · `harm` (what is done to it) · `calm` (when it is over) · `check` (what must hold) · `report`.
//! Invariant: a request counts when its answer was read, and no process is harmed that this run did not start.
mod calm;
mod check;
mod customers;
pub mod harm;
mod report;
mod script;

use std::{
    fs,
    path::PathBuf,
    process::ExitCode,
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use anyhow::Context as _;
use tokio::{
    signal::unix::{SignalKind, signal},
    time::sleep,
};

use self::{
    calm::Calm,
    check::streams,
    customers::Customers,
    harm::Harm,
    report::{Outcome, Struck},
    script::{Script, chance},
};
use crate::{
    args::Faults, bench::private::Private, demo::staff::Staff, drive::Driver, home::Home, output::Output,
    stack::secrets::Secrets,
};

/// Before the first fault everything has happened at least once.
const WARM_UP: Duration = Duration::from_secs(5);
/// How long the system may take to come to rest after a fault, the load going on.
const CALM_WITHIN: Duration = Duration::from_secs(60);
/// After the last fault: outcomes of payments are asked for, messages are handed over again, staff finishes its work.
const REST_WITHIN: Duration = Duration::from_secs(150);
/// Staff takes up no more work when this is over.
const STAFF_WITHIN: Duration = Duration::from_secs(45);
/// Staff looks for work this often.
const LOOK: Duration = Duration::from_millis(200);

/// `aftercare faults`. The exit code is 1 when anything differs from what must hold.
pub async fn run(home: &Home, options: &Faults, output: Output) -> anyhow::Result<ExitCode> {
    let place = std::env::temp_dir().join("aftercare-faults");
    let private = Private::claim(&place).await?;
    let played = tokio::select! {
        played = play(&private, options, output) => played,
        interrupted = interrupted() => interrupted,
    };
    let well = played.as_ref().is_ok_and(Outcome::holds);
    let logs = if well { Ok(None) } else { keep_logs(home, &private).map(Some) };
    let removed = private.remove().await;
    let outcome = played?;
    removed.context("the system of this run could not be removed")?;
    drop(fs::remove_dir_all(&place));
    output.show(&outcome)?;
    if let Some(logs) = logs? {
        output.note(&format!("what the parts said is kept in {}", logs.display()));
    }
    Ok(if well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn interrupted<T>() -> anyhow::Result<T> {
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        _ = terminate.recv() => {}
        done = tokio::signal::ctrl_c() => done?,
    }
    anyhow::bail!("interrupted; nothing was shown")
}

/// Copies the logs of a run that did not go well to where the compiler puts things, to be looked at.
fn keep_logs(home: &Home, private: &Private) -> anyhow::Result<PathBuf> {
    let kept = home.project().map_or_else(|| home.dir().join("faults"), |project| project.join("target/faults"));
    fs::create_dir_all(&kept)?;
    for entry in fs::read_dir(private.home.dir().join("log")).into_iter().flatten().flatten() {
        fs::copy(entry.path(), kept.join(entry.file_name()))?;
    }
    Ok(kept)
}

async fn play(private: &Private, options: &Faults, output: Output) -> anyhow::Result<Outcome> {
    let started = Instant::now();
    private.start(output).await?;
    let home = &private.home;
    let length = Duration::from_secs(if options.long { u64::from(options.minutes) * 60 } else { 0 });
    let script = Script::write(options.seed, length, backbone::Clock::system().now())?;
    let driver = Driver::onlooker(home.clone())?;
    let staff = Staff::new(&driver, script.paid())?;
    let customers = Customers::new(&driver, &script)?;
    let mut calm = Calm::watch(home).await?;
    let closing = AtomicBool::new(false);
    let (struck, (), ()) = tokio::try_join!(
        async {
            let struck = strike_all(home, &mut calm, &customers, options, length, output).await;
            closing.store(true, Ordering::Relaxed);
            struck
        },
        customers.come(&closing),
        work(&staff, &closing),
    )?;
    output.note("no more customers; staff finishes, and the system comes to rest …");
    let over = Instant::now();
    finish(&staff, &mut calm).await?;
    let restless = calm.rest(REST_WITHIN).await;
    let rest = over.elapsed();
    output.note("everything is counted …");
    let book = customers.book();
    let checks = check::all(&driver, &calm, &book, &script, &staff.agreed(), &struck, restless).await?;
    Ok(Outcome { faults: struck, checks, load: book.load(), rest, seconds: started.elapsed().as_secs_f64() })
}

/// One fault after the other, each when the one before is over; rounds of them while there is time.
async fn strike_all(
    home: &Home,
    calm: &mut Calm,
    customers: &Customers<'_>,
    options: &Faults,
    length: Duration,
    output: Output,
) -> anyhow::Result<Vec<Struck>> {
    let secrets = Secrets::open(home)?;
    let start = Instant::now();
    sleep(WARM_UP).await;
    let mut all = Vec::new();
    for round in 0.. {
        for harm in Harm::round(options.seed, round) {
            sleep(Duration::from_millis(500 + chance(options.seed, "pause", all.len(), 1500))).await;
            let turned = if harm == Harm::WipeBroker { streams::turned(calm).await? } else { 0 };
            let struck = strike(harm, home, &secrets, calm, customers, options.seed + all.len() as u64).await?;
            output.note(&struck.line());
            all.push(Struck { turned, ..struck });
        }
        if start.elapsed() >= length {
            break;
        }
    }
    Ok(all)
}

async fn strike(
    harm: Harm,
    home: &Home,
    secrets: &Secrets,
    calm: &mut Calm,
    customers: &Customers<'_>,
    seed: u64,
) -> anyhow::Result<Struck> {
    let at = Instant::now();
    harm.strike(home).await.with_context(|| format!("cannot harm: {}", harm.name()))?;
    // Whoever looks after the processes needs a moment, too.
    sleep(Duration::from_millis(chance(seed, "supervisor", 0, 1000))).await;
    let fell = harm.mend(home, secrets).await.with_context(|| format!("it does not come back: {}", harm.name()))?;
    let rest = calm.after(at, CALM_WITHIN).await;
    let accepted = customers.accepted_since(at, CALM_WITHIN).await;
    Ok(Struck { harm, accepted, rest, fell, turned: 0 })
}

/// Staff does what there is to do until the house closes.
async fn work(staff: &Staff<'_>, closing: &AtomicBool) -> anyhow::Result<()> {
    while !closing.load(Ordering::Relaxed) {
        staff.work(backbone::Clock::system().now()).await?;
        sleep(LOOK).await;
    }
    Ok(())
}

/// Staff goes on until nothing is left to do, or the time is over.
async fn finish(staff: &Staff<'_>, calm: &mut Calm) -> anyhow::Result<()> {
    let until = Instant::now() + STAFF_WITHIN;
    while Instant::now() < until {
        let steps = staff.work(backbone::Clock::system().now()).await?;
        if steps == 0 && calm.nothing_moves().await {
            break;
        }
        sleep(LOOK).await;
    }
    Ok(())
}
