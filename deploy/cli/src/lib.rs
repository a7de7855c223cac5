//! The `aftercare` command: runs the whole system on one machine, feeds it and asks it how it is. In reading order:
//! `args` (what can be said) · `home` (where things are kept) · `stack` (starting and stopping) · `import` (data in) ·
//! `commands` (one small module a command) · `calendar` (working time, as data) ·
//! `sla` and `policy` (what is promised, what may come back) · `triage` (what contacts are about, learned) · `demo` and
//! `drive` (a play with people in it) · `bench` (how fast it is) · `faults` (what it survives) · `source` (real or
//! generated sales to play with) · `sink` (where messages end).
//! Invariant: nothing outside the home folder is changed, and no process is touched that this command did not start.
pub mod args;
pub mod bench;
pub mod calendar;
pub mod commands;
pub mod demo;
pub mod drive;
pub mod faults;
pub mod forms;
pub mod home;
pub mod import;
pub mod output;
pub mod policy;
pub mod remote;
pub mod sink;
pub mod sla;
pub mod source;
pub mod stack;
mod triage;

use std::{io, process::ExitCode};

use clap::Parser;

use crate::{
    args::{Cli, Command},
    home::Home,
    output::Output,
};

/// Reads the command line, does what it says, and answers 0 (done), 1 (not done, or not well) or 2 (not understood).
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let output = Output::new(cli.json);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return output.failed(&error.into()),
    };
    let done = runtime.block_on(run(cli, output));
    // A thread may still wait for standard input; it must not keep us.
    runtime.shutdown_background();
    match done {
        Ok(code) => code,
        Err(error) if is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => output.failed(&error),
    }
}

/// One command from its arguments to its exit code.
pub async fn run(cli: Cli, output: Output) -> anyhow::Result<ExitCode> {
    if let Command::Completions { shell } = cli.command {
        return args::completions(shell);
    }
    let home = Home::find(cli.home)?;
    // The ports of a system stand in its folder: without it, another one would be asked.
    if cli.command.asks_a_system() && !home.has_system() {
        anyhow::bail!("there is no system in {}; `aftercare up` makes one", home.dir().display());
    }
    match cli.command {
        Command::Up(options) => stack::up(home, &options, output).await,
        Command::Down => stack::down(&home, output).await,
        Command::Reset(options) => stack::reset(&home, &options, output).await,
        Command::Status => commands::status::run(&home, output).await,
        Command::Logs(options) => commands::logs::run(&home, &options, output).await,
        Command::Demo(options) => demo::run(home, &options, output).await,
        Command::Bench(options) => bench::run(&home, &options, output).await,
        Command::Faults(options) => faults::run(&home, &options, output).await,
        Command::Topology => commands::topology::run(&home, output).await,
        Command::Import(options) => import::run(&home, &options, output).await,
        Command::Clock(options) => commands::clock::run(&home, &options, output),
        Command::Tail(options) => commands::tail::run(&home, &options, output).await,
        Command::Department(options) => commands::department::run(&home, options, output).await,
        Command::Shop(options) => commands::shop::run(&home, options, output).await,
        Command::Escalation(options) => commands::escalation::run(&home, options, output).await,
        Command::Outbox(options) => commands::outbox::run(&home, &options, output).await,
        Command::Analytics(options) => commands::analytics::run(&home, &options, output).await,
        Command::Journal(options) => commands::journal::run(&home, &options, output).await,
        Command::Parked(options) => commands::parked::run(&home, &options, output).await,
        Command::Inbound(options) => commands::inbound::run(&home, options, output).await,
        Command::Cases(options) => commands::cases::run(&home, options, output).await,
        Command::Sink(options) => sink::run(options).await.map(|()| ExitCode::SUCCESS),
        Command::Calendar(options) => calendar::run(&options, output),
        Command::Triage(options) => triage::run(&home, &options, output).await,
        Command::Sla(options) => sla::run(&home, &options, output).await,
        Command::Policy(options) => policy::run(&home, &options, output).await,
        Command::Completions { shell } => args::completions(shell),
    }
}

/// True when whoever read our output has gone (`aftercare journal intake | head`): nothing went wrong.
fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .any(|cause| cause.downcast_ref::<io::Error>().is_some_and(|io| io.kind() == io::ErrorKind::BrokenPipe))
}
