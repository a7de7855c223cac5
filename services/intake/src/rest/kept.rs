//! What was really kept of what is promised (R-INT-12, R-ANA-20): for each channel, of the contacts of the last 90
//! days, the share that a human answered in time, and the median times to the first answer and to the end. Worked out
//! of our own cases by one query when somebody asks, at most every ten minutes; a figure without a denominator is not
//! shown.
use std::{collections::HashMap, sync::Arc};

use jiff::{SignedDuration, Timestamp};
use kernel::calendar;
use serde::Serialize;
use tokio::sync::Mutex;
use utoipa::ToSchema;

use crate::{
    app::App,
    store::{self, KeptRow},
};

/// How far back it looks.
const DAYS: i64 = 90;
/// How long figures are good.
const GOOD: SignedDuration = SignedDuration::from_mins(10);

/// What was kept on a channel.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct KeptView {
    /// Contacts of so many days, up to now.
    #[schema(example = 90)]
    pub days: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_answer: Option<AnswerView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end: Option<EndView>,
}

/// First answers that were given, or missed.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct AnswerView {
    /// How many there are; those that can still be in time are not among them.
    pub n: i64,
    /// In time, of a hundred, to one decimal.
    #[schema(example = 97.5)]
    pub percent: f64,
    /// Absent when half of them or more have no answer yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub median_seconds: Option<i64>,
}

/// Cases that have ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct EndView {
    pub n: i64,
    /// From when the contact was taken in.
    pub median_seconds: i64,
}

/// By channel.
type Figures = Arc<HashMap<String, KeptView>>;

/// The figures as they were worked out last.
#[derive(Debug, Default)]
pub struct Kept(Mutex<Option<(Timestamp, Figures)>>);

/// The figures by channel, ten minutes old at most. Where they cannot be worked out there are none: what is promised
/// can be read without them.
pub async fn by_channel(app: &App) -> Figures {
    let now = app.clock.now();
    // Whoever asks meanwhile waits for the same figures.
    let mut known = app.kept.0.lock().await;
    if let Some((at, figures)) = &*known
        && now.duration_since(*at) < GOOD
    {
        return Arc::clone(figures);
    }
    let since = calendar::add(now, SignedDuration::from_hours(-24 * DAYS));
    let figures = store::kept(&app.pool, since).await.unwrap_or_else(|fault| {
        tracing::warn!(fault = fault.chain(), "what was kept of the promises cannot be worked out");
        vec![]
    });
    let figures: Figures = Arc::new(figures.into_iter().filter_map(view).collect());
    *known = Some((now, Arc::clone(&figures)));
    figures
}

/// None where there is nothing to divide by.
fn view(row: KeptRow) -> Option<(String, KeptView)> {
    let seconds = |micros: i64| micros / 1_000_000;
    let first_answer = (row.judged > 0).then(|| AnswerView {
        n: row.judged,
        percent: share(row.kept, row.judged),
        median_seconds: row.answer.map(seconds),
    });
    let end = row.end.map(|end| EndView { n: row.ended, median_seconds: seconds(end) });
    let shown = first_answer.is_some() || end.is_some();
    shown.then_some((row.channel, KeptView { days: DAYS, first_answer, end }))
}

/// Of a hundred, to one decimal, and never rounded up to all.
#[expect(clippy::cast_precision_loss, reason = "a thousandth")]
fn share(kept: i64, judged: i64) -> f64 {
    (kept.saturating_mul(1000) / judged.max(1)) as f64 / 10.0
}
