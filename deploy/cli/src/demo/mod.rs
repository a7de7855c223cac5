//! `aftercare demo`: ninety days of a chain's after-sales in a few minutes, on real orders where they are at hand, with
//! people of several roles doing the human steps; then everything is counted again from the input and from the payment
//! provider's own ledger. Invariant: any difference fails the demo, loudly.
mod contacts;
mod counter;
mod desk;
mod killer;
mod recount;
pub mod staff;
mod teams;
mod workshop;

use std::{
    collections::HashMap,
    path::PathBuf,
    process::ExitCode,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use indicatif::ProgressBar;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use self::{contacts::Contact, counter::Counter, recount::Recount, staff::Staff};
use crate::{
    args::{Demo, Reset, Up},
    commands::clock,
    drive::Driver,
    forms::Sale,
    home::{self, Home},
    import::{Line, feedback, sales},
    output::{Output, Report, table},
    remote,
    source::{self, Source},
    stack,
};

/// After these days nobody buys or answers any more, and what is open is brought to its end.
const TAIL_DAYS_MAX: u32 = 40;
const DAY: SignedDuration = SignedDuration::from_hours(24);
/// The file that says that the system in this home was made by a demo and may be thrown away by the next.
const MARK: &str = "demo";
/// How much is generated where no data are at hand: sales a day.
const GENERATED_A_DAY: u32 = 30;
/// One of so many generated sales over a counter is brought back.
const BACK_ONE_IN: usize = 6;
/// A share of the provider's answers goes wrong, so that refunds with an unknown outcome are part of the play.
const PROVIDER_TROUBLE: f64 = 0.03;

/// Plays, reports, and leaves the system running. The exit code is 1 when a count differs.
pub async fn run(home: Home, options: &Demo, output: Output) -> anyhow::Result<ExitCode> {
    let started = Instant::now();
    let source = input(options)?;
    let start = source.sales.first().context("there are no sales to play")?.bought_at;
    let home = fresh(home, options, start, output).await?;
    // Where services are killed on purpose, who kills them starts them again.
    let driver = if options.kill_every.is_some() { Driver::onlooker(home)? } else { Driver::new(home)? };
    trouble(&driver, PROVIDER_TROUBLE).await?;

    let played = Instant::now();
    let paid = source.sales.iter().map(|sale| (sale.purchase_id(), sale.paid)).collect();
    let staff = Staff::new(&driver, paid)?;
    let counter = Counter::new(&driver, &source)?;
    let contacts = contacts::of(&source, start + DAY * i32::try_from(options.days)?);
    let people = (&staff, &counter);
    let mut play =
        Play { driver: &driver, people, source: &source, contacts, now: start, open: HashMap::new(), steps: 0 };
    let killed = play.through(options, output).await?;
    let seconds = played.elapsed().as_secs_f64();
    let recount = recount::count(&driver, &source, &play.contacts, people, start..play.now).await?;
    let report = Played::of(&driver, &source, &play, recount, seconds, started.elapsed()).await?;
    let report = Played { killed, ..report };
    output.show(&report)?;
    Ok(if report.recount.agrees() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Ordinary days of the data at hand, with more sales than half of all such spans and fewer than the other half; or
/// generated ones.
fn input(options: &Demo) -> anyhow::Result<Source> {
    let span = DAY * i32::try_from(options.days)?;
    let folders = options.data.clone().map_or_else(|| vec![PathBuf::from("../shared/data")], |folder| vec![folder]);
    let Some(folder) = folders.iter().find(|folder| source::is_in(folder)) else {
        if let Some(folder) = &options.data {
            bail!("{} holds no orders.csv.zst and order_items.csv.zst", folder.display());
        }
        let start: Timestamp = "2024-01-01T00:00:00Z".parse()?;
        let generated = source::generate(7, start, options.days, GENERATED_A_DAY).between(start, start + span);
        return Ok(generated.and_some_back(BACK_ONE_IN, start + span));
    };
    let whole = source::read(folder)?;
    let times: Vec<Timestamp> = whole.sales.iter().map(|sale| sale.bought_at).collect();
    let (first, last) = times.first().copied().zip(times.last().copied()).context("there are no sales to play")?;
    let within = |start: &Timestamp| times.iter().filter(|at| **at >= *start && **at < *start + span).count();
    let mut starts: Vec<Timestamp> = times.iter().step_by(50).copied().filter(|at| *at + span <= last).collect();
    starts.sort_by_cached_key(within);
    let start = starts.get(starts.len() / 2).copied().unwrap_or(first);
    whole.between(start, start + span).and_retail(folder, start, options.days)
}

/// A system without any data, at the first day. Errors: there is one with data that no demo made.
async fn fresh(home: Home, options: &Demo, start: Timestamp, output: Output) -> anyhow::Result<Home> {
    let mark = home.dir().join(MARK);
    if home.has_system() {
        if !mark.exists() && !options.fresh {
            bail!(
                "there is a system in {} already, and the demo needs an empty one: `aftercare demo --fresh` throws \
                 its data away, `aftercare --home OTHER demo` leaves it alone",
                home.dir().display()
            );
        }
        stack::reset(&home, &Reset { yes: true }, Output::new(true).quiet()).await?;
    }
    let dir = home.dir().to_path_buf();
    let up = Up { driven_clock: Some(start.to_string()), system_clock: false, port_base: options.port_base };
    stack::up(home, &up, output.quiet()).await?;
    std::fs::write(&mark, "made by aftercare demo\n")?;
    Home::find(Some(dir))
}

/// Tells the payment provider to fail now and then.
async fn trouble(driver: &Driver, probability: f64) -> anyhow::Result<()> {
    let mood = serde_json::json!({ "mode": "error_before_paying", "probability": probability, "seed": 7 });
    let url = format!("http://127.0.0.1:{}/mood", driver.home.ports()?.payments());
    remote::http()?.put(url).json(&mood).send().await?.error_for_status()?;
    Ok(())
}

/// The play as it stands.
struct Play<'a> {
    driver: &'a Driver,
    people: (&'a Staff<'a>, &'a Counter<'a>),
    source: &'a Source,
    contacts: Vec<Contact>,
    now: Timestamp,
    /// Sold and not yet delivered, by when they will be.
    open: HashMap<String, Sale>,
    steps: u64,
}

impl Play<'_> {
    /// All days, and those after them until every complaint is closed. Answers which services were killed meanwhile.
    async fn through(&mut self, options: &Demo, output: Output) -> anyhow::Result<Vec<&'static str>> {
        let (over, driver) = (CancellationToken::new(), self.driver);
        let played = async {
            let _over = over.clone().drop_guard();
            let bar = output.progress(Some(u64::from(options.days)), "days");
            for _ in 0..options.days {
                self.day(&bar).await?;
                bar.inc(1);
            }
            for _ in 0..TAIL_DAYS_MAX {
                self.day(&bar).await?;
                if self.people.0.finished().await? && self.people.1.finished().await? {
                    break;
                }
            }
            bar.finish_and_clear();
            anyhow::Ok(())
        };
        let killed = async {
            match options.kill_every {
                Some(every) => killer::kill(&driver.home, every, &over).await,
                None => Ok(Vec::new()),
            }
        };
        let ((), killed) = tokio::try_join!(played, killed)?;
        driver.rest().await?;
        Ok(killed)
    }

    /// One day: time moves on, sales and deliveries come in, customers answer, people work until nothing is left to do.
    async fn day(&mut self, bar: &ProgressBar) -> anyhow::Result<()> {
        let (from, to) = (self.now, self.now + DAY);
        self.driver.revive().await?;
        clock::set(&self.driver.home, to)?;
        self.now = to;
        self.sales(from, to).await?;
        self.driver.rest().await?;
        self.answers(from, to).await?;
        let came: Vec<Contact> = self.contacts.iter().filter(|c| c.at >= from && c.at < to).cloned().collect();
        contacts::send(self.driver, &came).await?;
        let (staff, counter) = self.people;
        counter.opens(from, to).await?;
        self.driver.rest().await?;
        loop {
            let steps = staff.work(to).await? + counter.work().await?;
            self.steps += steps;
            bar.set_message(format!("{} · {} steps of staff", to.strftime("%Y-%m-%d"), self.steps));
            if steps == 0 {
                return Ok(());
            }
            self.driver.rest().await?;
        }
    }

    /// What was bought, and what was delivered of what was bought before.
    async fn sales(&mut self, from: Timestamp, to: Timestamp) -> anyhow::Result<()> {
        let mut lines = Vec::new();
        let delivered: Vec<String> = self
            .open
            .values()
            .filter(|s| s.delivered_at.is_some_and(|at| at <= to))
            .map(|s| s.order_ref.clone())
            .collect();
        for order_ref in delivered {
            lines.extend(self.open.remove(&order_ref));
        }
        for sale in self.source.sales.iter().filter(|sale| sale.bought_at >= from && sale.bought_at < to) {
            if sale.delivered_at.is_none_or(|at| at <= to) {
                lines.push(sale.clone());
            } else {
                lines.push(Sale { delivered_at: None, ..sale.clone() });
                self.open.insert(sale.order_ref.clone(), sale.clone());
            }
        }
        if lines.is_empty() {
            return Ok(());
        }
        let mut texts = Vec::with_capacity(lines.len());
        for (number, sale) in (1..).zip(&lines) {
            texts.push(Ok(Ok(Line::of(number, sale.line()?))));
        }
        let sent = sales::send(&self.driver.home, texts.into_iter(), ProgressBar::hidden()).await?;
        if sent.rejected.count() > 0 {
            bail!("intake refused {} sales of the {}", sent.rejected.count(), to.strftime("%Y-%m-%d"));
        }
        Ok(())
    }

    /// What customers answered, at its true time.
    async fn answers(&self, from: Timestamp, to: Timestamp) -> anyhow::Result<()> {
        let within = |at: Option<Timestamp>| at.is_some_and(|at| at >= from && at < to);
        let answers = self.source.answers.iter().filter(|answer| within(answer.answered_at));
        let told: Vec<_> =
            (1..).zip(answers).map(|(number, answer)| (Line::of(number, String::new()), answer.clone())).collect();
        let channel = self.driver.channel("scheduling")?;
        let (_, refused) = feedback::record(&channel, told).await?;
        if let Some(first) = refused.first() {
            bail!("scheduling refused {} answers; the first: {}", refused.len(), first.reason);
        }
        Ok(())
    }
}

/// What was played.
#[derive(Serialize)]
struct Played {
    input: String,
    days: i64,
    sales: usize,
    answers: usize,
    contacts: usize,
    returns: usize,
    left_out: source::LeftOut,
    chain: Vec<(String, u64)>,
    department_tasks: Vec<(String, u64)>,
    figures: Vec<(String, String)>,
    events: u64,
    steps_of_staff: u64,
    seconds: f64,
    events_per_second: f64,
    recount: Recount,
    /// Services that were killed meanwhile.
    killed: Vec<&'static str>,
    with_set_up_seconds: f64,
    console: String,
}

impl Played {
    async fn of(
        driver: &Driver,
        source: &Source,
        play: &Play<'_>,
        recount: Recount,
        seconds: f64,
        whole: Duration,
    ) -> anyhow::Result<Self> {
        let mut events = 0;
        for service in ["intake", "scheduling", "complaint", "fulfilment", "outreach"] {
            events += driver.status(service).await?.journal_last_seq;
        }
        let start = source.sales.first().map_or(play.now, |sale| sale.bought_at);
        Ok(Self {
            input: match source.origin {
                source::Origin::Olist => {
                    "real orders (Brazilian E-Commerce Public Dataset by Olist, UCI Online Retail)".into()
                }
                source::Origin::Generated => "generated orders".into(),
            },
            days: play.now.duration_since(start).as_hours() / 24,
            sales: source.sales.len(),
            answers: source.answers.len(),
            contacts: play.contacts.len(),
            returns: source.returns.len(),
            left_out: source.left_out,
            chain: recount::chain(driver).await?,
            department_tasks: teams::tasks_by_department(play.people.0).await?.into_iter().collect(),
            figures: recount::figures(driver, start, play.now).await?,
            events,
            steps_of_staff: play.steps,
            seconds,
            events_per_second: f64::from(u32::try_from(events)?) / seconds,
            recount,
            killed: Vec::new(),
            with_set_up_seconds: whole.as_secs_f64(),
            console: driver.home.url(home::service("console")?)?,
        })
    }
}

impl Report for Played {
    fn text(&self) -> String {
        let counts =
            |rows: &[(String, u64)]| table(&["", ""], rows.iter().map(|(k, n)| vec![k.clone(), n.to_string()]));
        let figures = table(&["", ""], self.figures.iter().map(|(k, v)| vec![k.clone(), v.clone()]));
        let killed = match self.killed.len() {
            0 => String::new(),
            times => format!("Killed meanwhile, {times} times: {}\n\n", self.killed.join(", ")),
        };
        format!(
            "{} days of after-sales with {} sales, {} answers, {} contacts and {} returns, from {}\n\nThe chain\n{}\n\nDepartment tasks\n{}\n\n\
             Figures (analytics)\n{}\n\n{killed}Recount, from the input and from the provider's own ledger\n{}\n\n\
             {} events and {} steps of staff in {:.0} s ({:.0} events/s); {:.0} s with setting up\n\n\
             The system still runs. Look at it next:\n  aftercare status\n  aftercare tail department logistics --from-start --limit 5\n  \
             aftercare tail escalations --from-start --limit 5\n  aftercare outbox\n  open {} in a browser",
            self.days,
            self.sales,
            self.answers,
            self.contacts,
            self.returns,
            self.input,
            counts(&self.chain),
            counts(&self.department_tasks),
            figures,
            self.recount.text(),
            self.events,
            self.steps_of_staff,
            self.seconds,
            self.events_per_second,
            self.with_set_up_seconds,
            self.console,
        )
    }
}

/// What chance has in store for somebody: the same number for the same id.
fn luck(id: &str) -> u64 {
    id.bytes().fold(7_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(byte))) >> 3
}
