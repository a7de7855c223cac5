//! `GET /v1/promises`: what every contact is promised, for everybody to read (R-INT-12). Taken from the service levels in
//! force, so what is published is what is measured; beside it stands what was kept (R-ANA-20).
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use axum::{Json, extract::State};
use jiff::{Timestamp, tz::TimeZone};
use kernel::{
    calendar::{Day, Definition, ROUND_THE_CLOCK, Shift},
    promise::Terms,
    sla::{Facts, Kind, Levels},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::kept::{self, KeptView};
use crate::{
    app::App,
    domain::vocabulary::{CaseClass, Channel},
};

/// What is promised, and in which time it counts.
#[derive(Debug, Serialize, ToSchema)]
pub struct PromisesView {
    /// The policy it is taken from.
    pub policy: String,
    pub version: u32,
    pub channels: Vec<ChannelView>,
    /// The calendars named above, with their hours as they are now; public holidays come off.
    pub calendars: Vec<CalendarView>,
}

/// What is promised to whoever comes by a channel. Single classes, stores and customers may be promised more.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChannelView {
    #[schema(example = "app")]
    pub channel: String,
    /// Calls that are picked up at once are promised as a share of all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pickup: Option<PickupView>,
    /// A human answers.
    pub first_answer: TermView,
    /// And what is said later is answered within this.
    pub further_answers: TermView,
    /// Urgent matters, and all that are about health, have feedback by then at the latest.
    pub urgent_feedback: TermView,
    pub results: Vec<ResultView>,
    /// What was really kept; absent while there is nothing to divide by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kept: Option<KeptView>,
}

/// When the result is told, by what the contact is about. That of an enquiry is its answer.
#[derive(Debug, Serialize, ToSchema)]
pub struct ResultView {
    #[schema(example = "delivery")]
    pub class: String,
    pub result: TermView,
}

/// So many of a hundred within a time.
#[derive(Debug, Serialize, ToSchema)]
pub struct PickupView {
    #[schema(example = "15s")]
    pub within: String,
    #[schema(example = 80)]
    pub percent: u8,
}

/// A time that is promised.
#[derive(Debug, Serialize, ToSchema)]
pub struct TermView {
    #[schema(example = "5m")]
    pub within: String,
    #[schema(example = 300)]
    pub within_seconds: i64,
    /// The calendar whose hours count, or `round_the_clock`.
    #[schema(example = "china")]
    pub hours: String,
}

/// Working hours.
#[derive(Debug, Serialize, ToSchema)]
pub struct CalendarView {
    #[schema(example = "china")]
    pub name: String,
    #[schema(example = "Asia/Shanghai")]
    pub zone: String,
    /// By weekday, `mon` to `sun`; a day that is not named is free.
    #[schema(value_type = BTreeMap<String, Vec<String>>, example = json!({ "mon": ["09:00-12:00", "13:00-18:00"] }))]
    pub week: BTreeMap<Day, Vec<Shift>>,
}

/// What everybody is promised.
///
/// For each channel: how soon a human answers, when the result is told for each class, the hours in which that time
/// counts, and what was really kept of the first answers of the last 90 days.
#[utoipa::path(get, path = "/v1/promises", tag = "promises",
    responses((status = 200, description = "The promises in force", body = PromisesView)))]
pub async fn list(State(app): State<Arc<App>>) -> Json<PromisesView> {
    let levels = &app.levels;
    let kept = kept::by_channel(&app).await;
    let channels: Vec<ChannelView> =
        Channel::OUTSIDE.into_iter().filter_map(|one| channel(levels, one, &kept)).collect();
    let results = channels.iter().flat_map(|one| &one.results).map(|one| &one.result);
    let named: Vec<&TermView> = channels
        .iter()
        .flat_map(|one| [&one.first_answer, &one.further_answers, &one.urgent_feedback])
        .chain(results)
        .collect();
    let used = app.calendars.newest().filter(|one| named.iter().any(|term| term.hours == one.name));
    let calendars = used.map(|one| calendar(one, app.clock.now())).collect();
    let policy = levels.policy();
    Json(PromisesView { policy: policy.id.clone(), version: policy.version, channels, calendars })
}

/// What is promised whatever else is known; the start has made sure that a policy says it for every channel and class.
fn channel(levels: &Levels, channel: Channel, kept: &HashMap<String, KeptView>) -> Option<ChannelView> {
    let any = Facts { channel: Some(channel.word()), ..Facts::default() };
    let term = |kind, of| levels.terms(kind, of, None).map(|terms| term(&terms));
    let result = |class: CaseClass| {
        let of = Facts { class: Some(class.word()), ..any };
        Some(ResultView { class: class.word().to_owned(), result: term(Kind::ResultNotice, of)? })
    };
    let rate = levels.policy().rate(Kind::Pickup, any);
    Some(ChannelView {
        channel: channel.word().to_owned(),
        pickup: rate.map(|rate| PickupView { within: format!("{:#}", rate.within), percent: rate.percent }),
        first_answer: term(Kind::FirstResponse, any)?,
        further_answers: term(Kind::NextResponse, any)?,
        urgent_feedback: term(Kind::UrgentFeedback, any)?,
        kept: kept.get(channel.word()).cloned(),
        results: CaseClass::ALL.into_iter().filter(|class| *class != CaseClass::Enquiry).filter_map(result).collect(),
    })
}

fn term(terms: &Terms) -> TermView {
    TermView {
        within: format!("{:#}", terms.target),
        within_seconds: terms.target.as_secs(),
        hours: terms.calendar.as_ref().map_or(ROUND_THE_CLOCK, |calendar| &calendar.id).to_owned(),
    }
}

/// The hours of the version in force.
fn calendar(definition: &Definition, now: Timestamp) -> CalendarView {
    let today = now.to_zoned(TimeZone::get(&definition.zone).unwrap_or(TimeZone::UTC)).date();
    let begun = definition.versions.iter().filter(|version| version.valid_from <= today);
    let week = begun.max_by_key(|version| version.valid_from).map(|version| version.week.clone()).unwrap_or_default();
    CalendarView { name: definition.name.clone(), zone: definition.zone.clone(), week }
}
