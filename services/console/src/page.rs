//! The one page: what was learned from the others, as tables. Pure; every text is escaped by the template.
use askama::Template;
use contracts::{
    common::v1::Count,
    complaint::v1::{EscalationLevel, EscalationTrigger, EscalationView, GetOverviewResponse as Complaint},
    operations::v1::{ConsumerStatus, GetStatusResponse, JournalEntry},
};

use crate::{
    neighbours::{Board, FIGURES_OF, Said},
    words,
};

/// Seconds between two loads of the page.
pub const REFRESH_SECONDS: u32 = 5;

/// The page's content, ready to be written out.
#[derive(Template)]
#[template(path = "board.html")]
pub struct Page {
    now: String,
    refresh: Option<u32>,
    days: i64,
    services: Vec<Service>,
    chain: Vec<Group>,
    departments: Said<Vec<Department>>,
    late: Vec<Late>,
    escalations: Said<Vec<Escalation>>,
    events: Vec<Event>,
    figures: Said<Vec<Figure>>,
    watermarks: Vec<Watermark>,
}

struct Service {
    name: &'static str,
    status: Said<Status>,
}

struct Status {
    relay: String,
    consumers: Vec<String>,
    parked: u64,
    overdue: u64,
    journal: u64,
}

struct Group {
    title: &'static str,
    counts: Said<Vec<(String, String)>>,
}

struct Department {
    name: String,
    open: u64,
    late: u64,
}

struct Late {
    what: &'static str,
    count: Said<u64>,
}

struct Escalation {
    raised: String,
    level: String,
    trigger: String,
    /// What exactly, where the trigger does not say it.
    detail: String,
    department: String,
    about: String,
}

struct Event {
    at: String,
    service: &'static str,
    name: String,
    about: String,
    actor: String,
    details: String,
}

struct Figure {
    metric: String,
    name: String,
    part: String,
    value: String,
    n: u64,
    bounds: String,
}

struct Watermark {
    stream: String,
    events: u64,
    last: String,
    seq: String,
}

impl Page {
    /// The page for what was learned; it loads itself again unless told not to.
    pub fn of(board: &Board, refresh: bool) -> Self {
        let figures = board.figures.as_ref();
        Self {
            now: words::moment(board.now),
            refresh: refresh.then_some(REFRESH_SECONDS),
            days: FIGURES_OF.as_hours() / 24,
            services: board.services.iter().map(|(name, said)| service(name, said)).collect(),
            chain: chain(board),
            departments: board.complaint.as_ref().map(departments).map_err(Clone::clone),
            late: late(board),
            escalations: said(&board.escalations, |e| e.escalations.iter().map(escalation).collect()),
            events: board.events.iter().map(|(service, entry)| event(service, entry)).collect(),
            figures: said(&board.figures, |answer| answer.figures.iter().filter(is_short).map(figure).collect()),
            watermarks: figures.map(|answer| answer.watermarks.iter().map(watermark).collect()).unwrap_or_default(),
        }
    }
}

fn said<T, U>(answer: &Said<T>, show: impl FnOnce(&T) -> U) -> Said<U> {
    answer.as_ref().map(show).map_err(Clone::clone)
}

fn service(name: &'static str, said: &Said<GetStatusResponse>) -> Service {
    let status = self::said(said, |status| Status {
        relay: match status.relay_backlog {
            0 => "0".to_owned(),
            waiting => format!("{waiting}, oldest {}", words::duration(status.relay_oldest_ms as f64 / 1000.0)),
        },
        consumers: status.consumers.iter().map(lag).collect(),
        parked: status.parked,
        overdue: status.deadlines_overdue,
        journal: status.journal_last_seq,
    });
    Service { name, status }
}

fn lag(consumer: &ConsumerStatus) -> String {
    if consumer.unknown { format!("{} ?", consumer.stream) } else { format!("{} {}", consumer.stream, consumer.lag) }
}

fn chain(board: &Board) -> Vec<Group> {
    let group = |title, counts| Group { title, counts };
    vec![
        group(
            "Purchases",
            said(&board.intake, |o| vec![number("purchases", o.purchases), number("customers", o.customers)]),
        ),
        group("Follow-ups", said(&board.scheduling, |o| counts(&o.follow_ups))),
        group(
            "Cases",
            said(&board.intake, |o| {
                let beside = [("open health cases", o.open_health), ("messages in quarantine", o.quarantined)];
                [counts(&o.cases), beside.map(|(what, n)| number(what, n)).to_vec()].concat()
            }),
        ),
        group("Complaints", said(&board.complaint, |o| counts(&o.complaints))),
        group("Escalations", said(&board.complaint, |o| counts(&o.escalations))),
        group("Service orders", said(&board.fulfilment, |o| counts(&o.orders))),
        group(
            "Refunds",
            said(&board.fulfilment, |o| {
                let paid = o.refunded.iter().map(|amount| ("paid back".to_owned(), words::money(amount)));
                counts(&o.refunds).into_iter().chain(paid).collect()
            }),
        ),
        group("Messages", said(&board.outreach, |o| counts(&o.messages))),
    ]
}

fn counts(counts: &[Count]) -> Vec<(String, String)> {
    counts.iter().map(|c| number(&c.key, c.count)).collect()
}

fn number(key: &str, count: u64) -> (String, String) {
    (words::plain(key), count.to_string())
}

fn departments(overview: &Complaint) -> Vec<Department> {
    let late = |name: &str| overview.late_tasks.iter().find(|c| c.key == name).map_or(0, |c| c.count);
    let open = overview.open_tasks.iter();
    open.map(|c| Department { name: words::plain(&c.key), open: c.count, late: late(&c.key) }).collect()
}

fn late(board: &Board) -> Vec<Late> {
    let late = |what, count| Late { what, count };
    vec![
        late("Cases without a first answer in time", said(&board.intake, |o| o.late)),
        late("Follow-ups due beyond their window", said(&board.scheduling, |o| o.late)),
        late("Complaints without a first investigation in 24 hours", said(&board.complaint, |o| o.late_investigations)),
        late(
            "Department tasks without an answer in time",
            said(&board.complaint, |o| o.late_tasks.iter().map(|c| c.count).sum()),
        ),
    ]
}

fn escalation(view: &EscalationView) -> Escalation {
    let raised = view.raised.clone().unwrap_or_default();
    Escalation {
        raised: words::moment_of(raised.raised_at.as_ref()),
        level: words::value_name(EscalationLevel::as_str_name(&raised.level()), "ESCALATION_LEVEL_"),
        trigger: words::value_name(EscalationTrigger::as_str_name(&raised.trigger()), "ESCALATION_TRIGGER_"),
        detail: raised.detail.as_ref().map(words::detail).unwrap_or_default(),
        about: words::about(&raised),
        department: raised.department,
    }
}

fn event(service: &'static str, entry: &JournalEntry) -> Event {
    Event {
        at: words::moment_of(entry.recorded_at.as_ref()),
        service,
        name: words::event_name(&entry.r#type),
        about: entry.aggregate_id.clone(),
        actor: entry.actor.clone(),
        details: contracts::to_json(&entry.r#type, &entry.payload)
            .unwrap_or_else(|| format!("{} bytes of an unknown event", entry.payload.len())),
    }
}

/// By whom costs lie with is asked for apart (`aftercare analytics figures`): it is long.
fn is_short(figure: &&contracts::analytics::v1::Figure) -> bool {
    figure.metric != "M34" || figure.part.split('.').count() < 3
}

fn figure(figure: &contracts::analytics::v1::Figure) -> Figure {
    Figure {
        metric: figure.metric.clone(),
        name: figure.name.clone(),
        part: figure.part.clone(),
        value: words::value(figure),
        n: figure.n,
        bounds: words::bounds(figure),
    }
}

fn watermark(mark: &contracts::analytics::v1::Watermark) -> Watermark {
    Watermark {
        stream: mark.stream.clone(),
        events: mark.events,
        last: words::moment_of(mark.last_occurred_at.as_ref()),
        seq: match mark.stream_seq {
            0 => "–".to_owned(),
            seq => seq.to_string(),
        },
    }
}

#[cfg(test)]
#[path = "page_tests.rs"]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests;
