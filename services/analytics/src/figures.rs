//! A metric asked for and its figures: which counts each of them is made of.
use std::collections::BTreeSet;

use backbone::Fault;
use jiff::SignedDuration;
use sqlx::PgConnection;

use crate::{
    domain::{
        figure::{self, Figure, FollowUps, Pickup},
        intake,
        metric::Metric,
        orders as of_orders,
        period::Period,
    },
    store::{self, complaints, contacts, orders, promises},
};

/// Three metrics rest on the same counts; they are made once, and only when one of them is wanted.
pub async fn follow_ups(tx: &mut PgConnection, period: Period, wanted: &BTreeSet<Metric>) -> Result<FollowUps, Fault> {
    let on_them = [Metric::CoverageGross, Metric::CoverageNet, Metric::OnTime];
    if on_them.iter().any(|metric| wanted.contains(metric)) {
        store::follow_ups(tx, period).await
    } else {
        Ok(FollowUps::default())
    }
}

/// What an answer needs besides the facts.
#[derive(Clone, Copy, Debug, Default)]
pub struct Given {
    /// See [`follow_ups`].
    pub follow_ups: FollowUps,
    /// What is promised of calls to the hotline; without it nothing is measured.
    pub hotline: Option<Pickup>,
    /// What is put on record later than so long after it happened is late.
    pub late_after: SignedDuration,
}

/// The figures of a metric over a period.
pub async fn answer(
    tx: &mut PgConnection,
    period: Period,
    metric: Metric,
    Given { follow_ups, hotline, late_after }: Given,
) -> Result<Vec<Figure>, Fault> {
    Ok(match metric {
        Metric::CoverageGross | Metric::CoverageNet => figure::coverage(metric, follow_ups),
        Metric::OnTime => figure::on_time(follow_ups),
        Metric::Satisfaction => figure::satisfaction(store::marks(tx, period).await?),
        Metric::Pickup => match hotline {
            Some(promised) => figure::pickup(promised, promises::pickups(tx, period, promised).await?),
            None => Vec::new(),
        },
        Metric::FirstResponse => figure::first_response(promises::first_responses(tx, period).await?),
        Metric::Kept => {
            let investigations = store::investigations(tx, period).await?;
            let first = promises::kept(tx, period, &promises::FIRST_RESPONSE).await?;
            let departments = promises::kept(tx, period, &promises::DEPARTMENT_ANSWER).await?;
            figure::kept([
                ("first_response", first),
                ("next_response", promises::kept(tx, period, &promises::NEXT_RESPONSE).await?),
                ("urgent_feedback", promises::feedback(tx, period).await?),
                ("first_investigation", investigations),
                ("department_answer", departments),
                ("solution_offer", promises::standing(tx, period, "solution_offer").await?),
                ("result_notice", promises::standing(tx, period, "result_notice").await?),
                ("progress_silence", promises::standing(tx, period, "progress_silence").await?),
            ])
        }
        Metric::HandlingTime => figure::handling_time(store::handling_times(tx, period).await?),
        Metric::Endings => figure::endings(store::endings(tx, period).await?),
        Metric::ComplaintRate => {
            let (recorded, delivered) = store::complaints(tx, period).await?;
            figure::complaint_rate(recorded, delivered)
        }
        Metric::FirstInvestigation => figure::first_investigation(store::investigations(tx, period).await?),
        Metric::Refunds => figure::refunds(&orders::money(tx, period).await?),
        Metric::Compensation => of_orders::compensation(&orders::given(tx, period).await?),
        Metric::CostToServe => of_orders::cost_to_serve(&orders::costs(tx, period).await?),
        Metric::Effort => of_orders::effort(&orders::efforts(tx, period).await?),
        Metric::EscalationRate => figure::escalation_rate(complaints::raised(tx, period).await?),
        Metric::FirstOffer => figure::first_offer(complaints::first_offers(tx, period).await?),
        Metric::LoopClosure => {
            let (told, time) = complaints::loops(tx, period).await?;
            figure::loop_closure(told, time)
        }
        Metric::Recurrence => {
            let (after, before) = complaints::recurrences(tx, period).await?;
            figure::recurrence(after, before)
        }
        Metric::ModelAgreement => intake::model_agreement(&contacts::agreement(tx, period).await?),
        Metric::OnRecord => intake::on_record(&contacts::lags(tx, period, late_after).await?),
        Metric::SuggestionAdoption => figure::suggestion_adoption(store::suggestions(tx, period).await?),
    })
}
