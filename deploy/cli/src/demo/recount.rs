//! Counts everything again, from the input and from the payment provider's own ledger, and holds it against what the
//! services say. Invariant: the two sides of a line are never taken from the same place.
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    ops::Range,
};

use anyhow::Context;
use contracts::{
    analytics::v1::{Figure, GetFiguresRequest, reports_client::ReportsClient},
    common::v1::Count,
    complaint::v1::{GetOverviewRequest as ComplaintOverview, complaints_client::ComplaintsClient},
    fulfilment::v1::{GetOverviewRequest as FulfilmentOverview, fulfilment_client::FulfilmentClient},
    intake::v1::{GetOverviewRequest as IntakeOverview, intake_client::IntakeClient},
    outreach::v1::{GetOverviewRequest as OutreachOverview, outreach_client::OutreachClient},
    scheduling::v1::{GetOverviewRequest as SchedulingOverview, scheduling_client::SchedulingClient},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{contacts::Contact, counter::Counter, staff::Staff};
use crate::{drive::Driver, output::table, remote, sink::Received, source::Source};

/// Lines that must agree.
#[derive(Debug, Default, Serialize)]
pub struct Recount(Vec<Held>);

/// One thing counted twice.
#[derive(Debug, Serialize)]
struct Held {
    what: &'static str,
    counted: String,
    said: String,
    agrees: bool,
}

impl Recount {
    /// Whether every line agrees.
    pub fn agrees(&self) -> bool {
        self.0.iter().all(|held| held.agrees)
    }

    /// As a table, with a loud word where it differs.
    pub fn text(&self) -> String {
        let rows = self.0.iter().map(|held| {
            let verdict = if held.agrees { "agrees" } else { "DIFFERS" };
            vec![held.what.to_owned(), held.counted.clone(), held.said.clone(), verdict.to_owned()]
        });
        let verdict = if self.agrees() { "everything agrees" } else { "THE COUNTS DIFFER" };
        format!("{}\n{verdict}", table(&["", "counted again", "said by the services", ""], rows))
    }

    fn hold(&mut self, what: &'static str, counted: impl ToString, said: impl ToString) {
        let (counted, said) = (counted.to_string(), said.to_string());
        self.0.push(Held { what, agrees: counted == said, counted, said });
    }
}

#[derive(Deserialize)]
struct Ledger {
    entries: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    key: String,
    purchase_ref: String,
    amount: Amount,
}

#[derive(Deserialize)]
struct Amount {
    minor: i64,
    currency: String,
}

/// Counts again and compares.
pub async fn count(
    driver: &Driver,
    source: &Source,
    contacts: &[Contact],
    people: (&Staff<'_>, &Counter<'_>),
    played: Range<Timestamp>,
) -> anyhow::Result<Recount> {
    let mut recount = Recount::default();
    let intake = IntakeClient::new(driver.channel("intake")?).get_overview(IntakeOverview {}).await?.into_inner();
    let scheduling =
        SchedulingClient::new(driver.channel("scheduling")?).get_overview(SchedulingOverview {}).await?.into_inner();
    let complaint =
        ComplaintsClient::new(driver.channel("complaint")?).get_overview(ComplaintOverview {}).await?.into_inner();
    let bad = source.answers.iter().filter(|answer| answer.score <= 2 || answer.discomfort).count();
    let sold_to = source.sales.iter().map(|sale| (sale.channel.as_str(), sale.customer.r#ref.as_deref()));
    let customers: HashSet<_> = sold_to.chain(contacts.iter().map(Contact::customer)).collect();
    recount.hold("orders", source.sales.len(), intake.purchases);
    recount.hold("customers", customers.len(), intake.customers);
    recount.hold("answers", source.answers.len(), of(&scheduling.follow_ups, "completed"));
    let complaints = bad + contacts.iter().filter(|contact| contact.complains).count();
    recount.hold("bad answers and contacts → cases", bad + contacts.len(), total(&intake.cases));
    recount.hold("… → cases closed", bad + contacts.len(), of(&intake.cases, "closed"));
    recount.hold("bad answers and complaining contacts → complaints", complaints, total(&complaint.complaints));
    recount.hold("… → complaints closed", complaints, of(&complaint.complaints, "closed"));
    recount.hold("tasks departments still owe", 0, total(&complaint.open_tasks));

    money(driver, source, people, &mut recount).await?;
    satisfaction(driver, source, played, &mut recount).await?;
    messages(driver, &mut recount).await?;
    for service in ["intake", "scheduling", "complaint", "fulfilment", "outreach", "analytics"] {
        let status = driver.status(service).await?;
        if status.parked > 0 {
            recount.hold("parked events", 0, format!("{} in {service}", status.parked));
        }
    }
    Ok(recount)
}

/// What was agreed, what the provider paid, what fulfilment and analytics say was refunded.
async fn money(
    driver: &Driver,
    source: &Source,
    (staff, counter): (&Staff<'_>, &Counter<'_>),
    recount: &mut Recount,
) -> anyhow::Result<()> {
    let url = format!("http://127.0.0.1:{}/ledger", driver.home.ports()?.payments());
    let ledger: Ledger = remote::http()?.get(url).send().await?.json().await?;
    let overview =
        FulfilmentClient::new(driver.channel("fulfilment")?).get_overview(FulfilmentOverview {}).await?.into_inner();
    let (agreed, owed) = (staff.agreed(), counter.owed());
    let asked: u64 = owed.asked.values().sum();
    recount.hold("returns brought → orders asked for at counters", source.returns.len(), asked);
    let over = ["completed", "closed_partial", "ineligible", "cancelled"].map(|status| of(&overview.orders, status));
    recount.hold(
        "… and refunds and exchanges agreed → orders at their end",
        asked + agreed.refunds + agreed.exchanges,
        over.iter().sum::<u64>(),
    );
    let paid_out: i64 = ledger.entries.iter().map(|entry| entry.amount.minor).sum();
    let refunded: i64 = overview.refunded.iter().map(|money| money.minor).sum();
    recount.hold("refunds agreed or owed → paid by the provider", agreed.refunds + owed.refunds, ledger.entries.len());
    recount.hold("refunds paid by the provider → fulfilment", ledger.entries.len(), of(&overview.refunds, "succeeded"));
    let owed: i64 = agreed.minor + owed.minor.values().sum::<i64>();
    recount.hold("money agreed or owed → paid by the provider (minor units)", owed, paid_out);
    recount.hold("money paid by the provider → fulfilment (minor units)", paid_out, refunded);
    let keys: HashSet<&str> = ledger.entries.iter().map(|entry| entry.key.as_str()).collect();
    recount.hold("refunds paid twice", 0, ledger.entries.len() - keys.len());

    let paid_in: HashMap<String, (i64, String)> = source
        .sales
        .iter()
        .map(|sale| (sale.purchase_id().to_string(), (sale.paid.minor, sale.paid.currency.to_string())))
        .collect();
    let mut back: BTreeMap<&str, i64> = BTreeMap::new();
    let mut foreign = 0;
    for entry in &ledger.entries {
        *back.entry(&entry.purchase_ref).or_default() += entry.amount.minor;
        foreign += usize::from(paid_in.get(&entry.purchase_ref).is_none_or(|(_, c)| *c != entry.amount.currency));
    }
    let over = back.iter().filter(|(purchase, minor)| paid_in.get(**purchase).is_none_or(|(paid, _)| *minor > paid));
    recount.hold("purchases that got back more than was paid", 0, over.count());
    recount.hold("refunds in another currency than was paid", 0, foreign);
    Ok(())
}

/// Satisfaction from the answers, against analytics.
async fn satisfaction(
    driver: &Driver,
    source: &Source,
    played: Range<Timestamp>,
    recount: &mut Recount,
) -> anyhow::Result<()> {
    let n = source.answers.len();
    let good = source.answers.iter().filter(|answer| answer.score >= 4).count();
    let sum: u32 = source.answers.iter().map(|answer| answer.score).sum();
    let figures = ask(driver, played.start, played.end).await?;
    let find = |part: &str| figures.iter().find(|f| f.metric == "M06" && f.part == part).and_then(|f| f.value);
    let ratio = |a: f64| if n == 0 { "absent".to_owned() } else { format!("{:.6}", a / n as f64) };
    let said = |value: Option<f64>| value.map_or("absent".to_owned(), |value| format!("{value:.6}"));
    recount.hold("CSAT: share of 4 and 5 → analytics", ratio(good as f64), said(find("share")));
    recount.hold("CSAT: mean score → analytics", ratio(f64::from(sum)), said(find("mean")));
    Ok(())
}

/// Every message that is called sent arrived, and nothing else did; one that arrived twice, as after a kill it may, carries
/// the same key and counts once.
async fn messages(driver: &Driver, recount: &mut Recount) -> anyhow::Result<()> {
    let overview =
        OutreachClient::new(driver.channel("outreach")?).get_overview(OutreachOverview {}).await?.into_inner();
    let sent = of(&overview.messages, "sent") + of(&overview.messages, "delivered");
    let taken = std::fs::read_to_string(driver.home.outbox()).context("the sink's file")?;
    let taken: Vec<Received> = taken.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    let keys: HashSet<&str> = taken.iter().map(|message| message.key.as_str()).collect();
    recount.hold("messages that arrived → called sent", keys.len(), sent);
    Ok(())
}

/// Where everything stands, for the report.
pub async fn chain(driver: &Driver) -> anyhow::Result<Vec<(String, u64)>> {
    let scheduling =
        SchedulingClient::new(driver.channel("scheduling")?).get_overview(SchedulingOverview {}).await?.into_inner();
    let intake = IntakeClient::new(driver.channel("intake")?).get_overview(IntakeOverview {}).await?.into_inner();
    let complaint =
        ComplaintsClient::new(driver.channel("complaint")?).get_overview(ComplaintOverview {}).await?.into_inner();
    let fulfilment =
        FulfilmentClient::new(driver.channel("fulfilment")?).get_overview(FulfilmentOverview {}).await?.into_inner();
    let outreach =
        OutreachClient::new(driver.channel("outreach")?).get_overview(OutreachOverview {}).await?.into_inner();
    let mut rows = vec![("purchases".to_owned(), intake.purchases), ("customers".to_owned(), intake.customers)];
    for (what, counts) in [
        ("follow-ups", scheduling.follow_ups),
        ("cases", intake.cases),
        ("complaints", complaint.complaints),
        ("escalations", complaint.escalations),
        ("service orders", fulfilment.orders),
        ("refunds", fulfilment.refunds),
        ("messages", outreach.messages),
    ] {
        rows.extend(counts.into_iter().map(|count| (format!("{what} {}", count.key.replace('_', " ")), count.count)));
    }
    Ok(rows)
}

/// The figures of the days played, in words.
pub async fn figures(driver: &Driver, start: Timestamp, end: Timestamp) -> anyhow::Result<Vec<(String, String)>> {
    let in_words = |figure: Figure| {
        let value = match (figure.value, figure.unit.as_str()) {
            (None, _) => "absent".to_owned(),
            (Some(value), "ratio") => format!("{:.1} %", value * 100.0),
            (Some(value), "seconds") => format!("{:.1} h", value / 3600.0),
            (Some(value), "minor_units") => format!("{:.2}", value / 100.0),
            (Some(value), _) => format!("{value:.2}"),
        };
        (format!("{} {} ({})", figure.metric, figure.name, figure.part), format!("{value}  n = {}", figure.n))
    };
    Ok(ask(driver, start, end).await?.into_iter().map(in_words).collect())
}

async fn ask(driver: &Driver, start: Timestamp, end: Timestamp) -> anyhow::Result<Vec<Figure>> {
    let wire = |at: Timestamp| Some(contracts::Timestamp { seconds: at.as_second(), nanos: 0 });
    let day = jiff::SignedDuration::from_hours(24);
    let request = GetFiguresRequest { from: wire(start), to: wire(end + day), metrics: vec![] };
    let answer = ReportsClient::new(driver.channel("analytics")?).get_figures(request).await;
    Ok(answer.context("analytics does not answer")?.into_inner().figures)
}

fn of(counts: &[Count], key: &str) -> u64 {
    counts.iter().filter(|count| count.key == key).map(|count| count.count).sum()
}

fn total(counts: &[Count]) -> u64 {
    counts.iter().map(|count| count.count).sum()
}
