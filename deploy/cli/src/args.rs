//! What can be said to `aftercare`, with help that teaches by examples.
//! Invariant: nothing is done here; every word said ends in exactly one command.
use std::{io, path::PathBuf, process::ExitCode, time::Duration};

use clap::{Args, CommandFactory, Parser, Subcommand};
use clap_complete::Shell;
use uuid::Uuid;

use crate::{
    calendar::CalendarArgs,
    commands::{cases, department::Department, escalation::Escalation, inbound, parked::Parked, shop::Shop, tail},
    policy::PolicyArgs,
    sink::SinkArgs,
    sla::SlaArgs,
    triage::TriageArgs,
};

/// The after-sales backbone of a retail chain, on one machine.
#[derive(Debug, Parser)]
#[command(name = "aftercare", version, after_help = FIRST_STEPS, max_term_width = 110)]
pub struct Cli {
    /// The folder everything is kept in; `.local` of the project when not told.
    #[arg(long, global = true, env = "AFTERCARE_HOME", value_name = "DIR", help_heading = "Everywhere")]
    pub home: Option<PathBuf>,
    /// Answer in JSON, for programs.
    #[arg(long, global = true, help_heading = "Everywhere")]
    pub json: bool,
    #[command(subcommand)]
    pub command: Command,
}

const FIRST_STEPS: &str = "First steps:
  aftercare demo                              see it work: ninety days in a few minutes
  aftercare up                                start everything here and wait until it is ready
  aftercare import sales shop.csv             take sales in
  aftercare tail department quality           see what a department is asked to do, as it comes
  aftercare status                            how it is; exit code 1 when something is not well
  aftercare down                              stop everything

`aftercare help COMMAND` shows more examples.";

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Start the system here and wait until it is ready; changes nothing that already runs.
    Up(Up),
    /// Stop the system in order; all data stay.
    Down,
    /// How every service is: backlogs, lags, parked events. Exit code 1 when something is not well.
    Status,
    /// What the parts of the system say.
    Logs(Logs),
    /// Stop the system and throw its data away.
    Reset(Reset),
    /// Take sales or customers' answers in from a file.
    Import(Import),
    /// Show the driven clock, or move it on.
    Clock(Clock),
    /// Follow what departments and management are told, as it comes.
    Tail(Tail),
    /// What a department is asked: see it, take it up, answer it.
    Department(Department),
    /// The webhooks of shop systems: what they did not take, and trying it again.
    Shop(Shop),
    /// What somebody higher up must look at: see it, take it up, decide it.
    Escalation(Escalation),
    /// Messages that customers would have got, from the sink.
    Outbox(Outbox),
    /// The figures, or counting them again from the journals.
    Analytics(Analytics),
    /// Play ninety days of after-sales in a few minutes, then count everything again.
    Demo(Demo),
    /// How fast the system is here, beside what its Postgres can do at best; uses a system of its own.
    Bench(Bench),
    /// Kill every part in turn while customers come and staff works, then count everything; uses a system of its own.
    Faults(Faults),
    /// Bring schemas, streams and consumers to the form the services need.
    Topology,
    /// The newest events of a service, from its journal.
    Journal(Journal),
    /// Events that could not be applied: list them, try them again.
    Parked(Parked),
    /// What platforms pushed and intake could not understand: list it, try it again, give it up.
    Inbound(inbound::Inbound),
    /// Find cases by what was said in them.
    Cases(cases::Cases),
    /// Working time: check a calendar file, bring holidays into one, ask when a term ends.
    Calendar(CalendarArgs),
    /// Whether a policy of service levels is right, and what the past would have been under another one.
    Sla(SlaArgs),
    /// Whether a policy of returns is right, what it decides, and what the past would have been under another one.
    Policy(PolicyArgs),
    /// What contacts are about: teach a model, measure it, ask why.
    Triage(TriageArgs),
    /// Take e-mails and short messages in, and show them; part of what `up` starts.
    Sink(SinkArgs),
    /// A completion script for a shell.
    #[command(
        after_help = "Example:\n  aftercare completions bash > ~/.local/share/bash-completion/completions/aftercare"
    )]
    Completions { shell: Shell },
}

impl Command {
    /// Whether it asks, feeds or looks at a system that was made before.
    pub fn asks_a_system(&self) -> bool {
        !matches!(
            self,
            Self::Up(_)
                | Self::Down
                | Self::Reset(_)
                | Self::Demo(_)
                | Self::Bench(_)
                | Self::Faults(_)
                | Self::Calendar(_)
                | Self::Sla(_)
                | Self::Policy(_)
                | Self::Triage(_)
                | Self::Sink(_)
                | Self::Completions { .. }
        )
    }
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  aftercare up
  aftercare up --driven-clock 2024-01-01T00:00:00Z    time moves by `aftercare clock advance` only
  aftercare up --port-base 9100                       console 9100, intake 9101, … Postgres 9150, NATS 9151

A service reads settings of your own from <home>/<service>.toml, for example .local/intake.toml; each README lists them.")]
pub struct Up {
    /// Time stands still but for `aftercare clock advance`; starts at INSTANT, or where it stood, or now.
    #[arg(long, value_name = "INSTANT", num_args = 0..=1, default_missing_value = "", conflicts_with = "system_clock")]
    pub driven_clock: Option<String>,
    /// Time is the system's again.
    #[arg(long)]
    pub system_clock: bool,
    /// The first of the hundred ports used; 7100 when not told.
    #[arg(long, value_name = "PORT")]
    pub port_base: Option<u16>,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  aftercare demo                       real orders from ../shared/data, or generated ones where there are none
  aftercare demo --data /srv/olist     real orders from another folder
  aftercare demo --kill-every 10s      kill one service after the other meanwhile; the counts must agree all the same
  aftercare --home /tmp/play demo --port-base 9100")]
pub struct Demo {
    /// A folder with orders.csv.zst and order_items.csv.zst, and retail_lines.csv.zst if there are to be returns.
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// How many days are played.
    #[arg(long, value_name = "N", default_value_t = 90, value_parser = clap::value_parser!(u32).range(1..=90))]
    pub days: u32,
    /// Kill a service so often, and start it again as a supervisor would; 5s or longer.
    #[arg(long, value_name = "TIME", value_parser = pause)]
    pub kill_every: Option<Duration>,
    /// Throw away the system that is there, also when no demo made it.
    #[arg(long)]
    pub fresh: bool,
    /// The first of the hundred ports used; 7100 when not told.
    #[arg(long, value_name = "PORT")]
    pub port_base: Option<u16>,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  aftercare bench             four minutes; the figures also go to target/bench/latest.json
  aftercare bench --long      a quarter of an hour, for figures that move less

Nothing else should run meanwhile. In the end every mark is stated, held or missed, or who measures it (`make bench-desk`).")]
pub struct Bench {
    /// Longer turns, more of them, and two minutes at the highest rate.
    #[arg(long)]
    pub long: bool,
    /// Fail when a mark is missed.
    #[arg(long)]
    pub strict: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  aftercare faults                        every fault once, three minutes
  aftercare faults --long --minutes 60    round after round, in an order that chance decides

Exit code 1 when something was lost, doubled, out of order or did not come back. A system that runs here is not touched.")]
pub struct Faults {
    /// Go on with further rounds of faults.
    #[arg(long)]
    pub long: bool,
    /// How many minutes the rounds go on.
    #[arg(long, value_name = "N", default_value_t = 15, requires = "long", value_parser = clap::value_parser!(u32).range(1..=120))]
    pub minutes: u32,
    /// Where chance starts: the same seed plays the same customers and faults.
    #[arg(long, value_name = "NUMBER", default_value_t = 7)]
    pub seed: u64,
}

#[derive(Debug, Args)]
pub struct Reset {
    /// Do not ask.
    #[arg(long, short)]
    pub yes: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  aftercare logs                    the end of every log
  aftercare logs intake -n 100
  aftercare logs postgres --follow")]
pub struct Logs {
    /// A service, or postgres, nats, payments-sandbox, sink; all when not told.
    pub part: Option<String>,
    /// Go on as more is said.
    #[arg(long, short)]
    pub follow: bool,
    /// How many lines of each.
    #[arg(long, short = 'n', default_value_t = 20)]
    pub lines: usize,
}

#[derive(Debug, Args)]
#[command(after_long_help = IMPORT_FORMS, after_help = "Examples:
  aftercare import sales shop.csv
  zcat old.ndjson.gz | aftercare import sales -
  aftercare import feedback answers.csv.zst

The forms of the files: `aftercare import --help`. Lines that are refused go to FILE.rejected with number and reason;
all others are in. Importing a file twice changes nothing.")]
pub struct Import {
    #[command(subcommand)]
    pub what: ImportWhat,
}

#[derive(Debug, Subcommand)]
pub enum ImportWhat {
    /// Purchases, for intake.
    #[command(after_help = SALES_FORM)]
    Sales(ImportFile),
    /// Customers' answers to follow-ups, for scheduling.
    #[command(after_help = FEEDBACK_FORM)]
    Feedback(ImportFile),
}

#[derive(Debug, Args)]
pub struct ImportFile {
    /// CSV or NDJSON, plain or compressed by zstd; `-` reads standard input.
    pub file: PathBuf,
}

const IMPORT_FORMS: &str = "See `aftercare import sales --help` and `aftercare import feedback --help`.";

const SALES_FORM: &str = "CSV has one line per order line; the lines of an order stand together. Columns, in any order
(those in brackets may be missing or empty):
  order_ref, channel, [store], bought_at, [delivered_at], currency,
  [customer_ref], [phone], [email] (one of the three at least), [name], [address],
  product_id, category, [batch], quantity, [price] (of one piece, before discounts),
  paid (for the whole line, freight and discounts included)
Amounts are decimal numbers in the currency (19.90); instants are RFC 3339 (2024-05-01T10:00:00Z).

NDJSON has one order a line, in the form of POST /v1/sales (see /docs of intake).";

const FEEDBACK_FORM: &str = "CSV columns, in any order (those in brackets may be missing or empty):
  purchase_id, or channel and order_ref
  score (1 worst to 5 best), [discomfort] (true or false), [comment], [answered_at] (RFC 3339; now when empty)

NDJSON has one object a line with the same names.";

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  aftercare clock                 where it stands
  aftercare clock advance 1d      also: 90m, 12h, \"2 weeks\", P1DT6H")]
pub struct Clock {
    #[command(subcommand)]
    pub what: Option<ClockWhat>,
}

#[derive(Debug, Subcommand)]
pub enum ClockWhat {
    /// Where it stands.
    Show,
    /// Move it on; what becomes due by that happens at once.
    Advance { by: String },
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  aftercare tail department quality
  aftercare tail escalations --from-start --limit 20
  aftercare --json tail department logistics | jq .data.answer_by")]
pub struct Tail {
    #[command(subcommand)]
    pub what: TailWhat,
}

#[derive(Debug, Subcommand)]
pub enum TailWhat {
    /// What a department is asked, and what became of it.
    Department {
        #[arg(value_parser = tail::department, help = format!("The department; aftercare comes with {}", tail::shipped()))]
        name: String,
        #[command(flatten)]
        how: TailHow,
    },
    /// What somebody higher up must look at.
    Escalations {
        #[command(flatten)]
        how: TailHow,
    },
}

#[derive(Clone, Copy, Debug, Args)]
pub struct TailHow {
    /// Begin with the oldest event instead of the next; without --limit ends by Ctrl-C.
    #[arg(long)]
    pub from_start: bool,
    /// End after so many events.
    #[arg(long, value_name = "N")]
    pub limit: Option<usize>,
    /// End when there is nothing more for now.
    #[arg(long)]
    pub no_wait: bool,
}

#[derive(Debug, Args)]
pub struct Outbox {
    /// Only messages that speak of this, for example a complaint's id or an address.
    #[arg(long, value_name = "TEXT")]
    pub about: Option<String>,
    /// The newest so many, 1 to 1000.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub limit: u32,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  aftercare analytics figures
  aftercare analytics figures --from 2024-01-01T00:00:00Z --to 2024-04-01T00:00:00Z --metric M06
  aftercare analytics rebuild
  aftercare analytics analysis 0197a1c2-…          one of them, with what should be looked at")]
pub struct Analytics {
    #[command(subcommand)]
    pub what: AnalyticsWhat,
}

#[derive(Debug, Subcommand)]
pub enum AnalyticsWhat {
    /// The metrics over a period, each with what it rests on.
    Figures {
        /// Events from this instant on; a year before --to when not told.
        #[arg(long, value_name = "INSTANT")]
        from: Option<String>,
        /// Events before this instant; up to now when not told.
        #[arg(long, value_name = "INSTANT")]
        to: Option<String>,
        /// Only this metric, for example M06; may be said again.
        #[arg(long = "metric", value_name = "ID")]
        metrics: Vec<String>,
    },
    /// Throw the facts away and count every service's journal again; the figures are the same afterwards.
    Rebuild,
    /// The analyses of complaints, made when a week or a month is over; the newest first.
    Analyses {
        #[arg(long, value_parser = ["week", "month"])]
        span: Option<String>,
    },
    /// An analysis: what is frequent, what rose beyond chance, what nobody acts against, and what was learnt since.
    Analysis { analysis: Uuid },
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  aftercare journal complaint
  aftercare journal intake --limit 5
  aftercare journal complaint --of 0197a1c2-…      everything about one, oldest first")]
pub struct Journal {
    /// The service whose journal is read.
    pub service: String,
    /// Only the events of this aggregate, oldest first.
    #[arg(long, value_name = "ID")]
    pub of: Option<Uuid>,
    /// How many.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub limit: u32,
}

/// A pause between kills: were all seven killed in less than half a minute, nothing would ever come to rest.
fn pause(text: &str) -> Result<Duration, String> {
    let read = text.parse::<jiff::SignedDuration>().ok().and_then(|time| Duration::try_from(time).ok());
    read.filter(|time| *time >= Duration::from_secs(5)).ok_or_else(|| "say for example 10s; 5s at least".to_owned())
}

/// Writes a completion script.
pub fn completions(shell: Shell) -> anyhow::Result<ExitCode> {
    clap_complete::generate(shell, &mut Cli::command(), "aftercare", &mut io::stdout());
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
#[path = "args_tests.rs"]
mod tests;
