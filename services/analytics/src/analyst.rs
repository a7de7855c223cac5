//! Looks at complaints regularly (R-CMP-16): when a week or a month is over, what is known of it is counted at one
//! moment, frozen and told. A period that was missed is made up for; whoever else makes the same analysis changes
//! nothing.
use anyhow::{Context as _, ensure};
use backbone::{Actor, Change, Clock, Context, Fault, Road, Unit};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use serde::Deserialize;
use sqlx::{PgConnection, PgPool};

use crate::{
    domain::{
        analysis::{Analysis, Attention, Command, ComplaintAnalysis},
        counted::Counted,
        metric::Metric,
        period::Period,
        span::{Regular, Span},
    },
    figures::{self, Given},
    store,
};

/// The `[service.analysis]` section; see `default.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    zone: String,
    after_hours: i64,
    top: usize,
    least: u64,
}

/// Makes the analyses.
pub struct Analyst {
    pool: PgPool,
    road: Road,
    clock: Clock,
    zone: TimeZone,
    after: SignedDuration,
    attention: Attention,
}

impl Analyst {
    /// Checks the settings; an error names the value that cannot be.
    pub fn new(context: &Context, settings: Settings) -> anyhow::Result<Self> {
        let Settings { zone, after_hours, top, least } = settings;
        let wrong = "configuration, section [service.analysis]";
        ensure!((0..=168).contains(&after_hours), "{wrong}: after_hours must be 0 to 168");
        ensure!((1..=100).contains(&top), "{wrong}: top must be 1 to 100");
        ensure!((1..=1000).contains(&least), "{wrong}: least must be 1 to 1000");
        Ok(Self {
            pool: context.pool.clone(),
            road: context.road.clone(),
            clock: context.clock.clone(),
            zone: TimeZone::get(&zone).with_context(|| format!("{wrong}: zone must be one such as Asia/Shanghai"))?,
            after: SignedDuration::from_hours(after_hours),
            attention: Attention { top, least },
        })
    }

    /// Makes the next analysis that is due, of weeks or of months; says how many were made.
    pub async fn make_once(&self) -> Result<usize, Fault> {
        let now = self.clock.now();
        for span in Span::ALL {
            if let Some(regular) = self.due(span, now).await? {
                self.make(regular, now).await?;
                return Ok(1);
            }
        }
        Ok(0)
    }

    /// The period after the last one that was analysed, if it is over; the last one that is over where there was none.
    /// Before the first complaint there is nothing to analyse.
    async fn due(&self, span: Span, now: Timestamp) -> Result<Option<Regular>, Fault> {
        let over = Regular::over(span, kernel::calendar::add(now, -self.after), &self.zone);
        let made = store::analysis::newest(&self.pool, span).await?;
        let next = made.map_or(over, |first_day| Regular { span, first_day }.next());
        if next.first_day > over.first_day {
            return Ok(None);
        }
        let Some(period) = next.period(&self.zone) else { return Ok(None) };
        Ok(store::analysis::any_before(&self.pool, period.to()).await?.then_some(next))
    }

    async fn make(&self, regular: Regular, now: Timestamp) -> Result<(), Fault> {
        let periods = regular.period(&self.zone).zip(regular.previous().period(&self.zone));
        let Some(periods) = periods else { return Ok(()) };
        let mut tx = store::snapshot(&self.pool).await?;
        let counted = count(&mut tx, periods).await?;
        tx.commit().await?;
        let analysis = Analysis::of(regular, periods, counted, self.attention, now);
        let (span, findings) = (regular.span.name(), analysis.findings.len());
        let change = Change::to::<ComplaintAnalysis>(regular.analysis_id(), Command::Make(Box::new(analysis)));
        self.road.submit(Unit::of(change).actor(Actor::service("analytics"))).await?;
        tracing::info!(span, first_day = %regular.first_day, findings, "complaints were analysed");
        Ok(())
    }
}

/// All that an analysis is made of, as it is at one moment.
async fn count(tx: &mut PgConnection, periods: (Period, Period)) -> Result<Counted, Fault> {
    let (period, _) = periods;
    store::analysis::patience(tx).await?;
    let mut shown = Vec::new();
    for metric in Metric::OF_COMPLAINTS {
        shown.extend(figures::answer(tx, period, metric, Given::default()).await?);
    }
    Ok(Counted {
        actions: store::analysis::actions(tx, period).await?,
        departments: store::analysis::departments(tx, period).await?,
        figures: shown,
        watermarks: store::watermarks(tx).await?.into_iter().map(Into::into).collect(),
        data_hash: store::analysis::data_hash(tx, periods).await?,
        ..store::analysis::counts(tx, periods).await?
    })
}
