//! Figures about how contacts are taken in: how soon they are on record, and how often people say what the model had said.
use super::{
    figure::{Figure, Share, Unit, figure, proportion},
    metric::Metric,
};

/// How long it took contacts of a channel from when they happened until they were on record, in seconds (R-INT-04).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Lag {
    /// The channel's word; none for all channels together.
    pub channel: Option<String>,
    /// Contacts that were on record later than the mark, and the others.
    pub late: Share,
    /// The average, and within which half, nine of ten and 99 of 100 were on record.
    pub mean: Option<f64>,
    pub quantiles: [Option<f64>; 3],
}

/// What people said of cases of which a model had said something.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Agreement {
    /// The model's version; none for all models together.
    pub model: Option<String>,
    /// Cases of which they said the same, and the others.
    pub same: Share,
}

/// The part of a metric, of one kind where one is named.
fn part(part: &str, of: Option<&str>) -> String {
    of.map_or_else(|| part.to_owned(), |of| format!("{part}.{of}"))
}

/// M27t: recorded_at - occurred_at of the cases registered in the period, all together and by channel; and the share of
/// those that were late.
pub fn on_record(lags: &[Lag]) -> Vec<Figure> {
    let shown = |lag: &Lag| {
        let (channel, n) = (lag.channel.as_deref(), lag.late.hits + lag.late.misses);
        let [median, p90, p99] = lag.quantiles;
        let seconds = [("mean", lag.mean), ("median", median), ("p90", p90), ("p99", p99)]
            .map(|(name, value)| Figure { value, ..figure(Metric::OnRecord, part(name, channel), Unit::Seconds, n) });
        let late = Figure { part: part("share", channel), ..proportion(Metric::OnRecord, lag.late) };
        seconds.into_iter().chain([late]).collect::<Vec<_>>()
    };
    lags.iter().flat_map(shown).collect()
}

/// M27m: cases of which a person said what the model had said / cases a person classified of which the model had said
/// something; all together and by model.
pub fn model_agreement(agreements: &[Agreement]) -> Vec<Figure> {
    let shown = |one: &Agreement| Figure {
        part: part("share", one.model.as_deref()),
        ..proportion(Metric::ModelAgreement, one.same)
    };
    agreements.iter().map(shown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r_int_04_each_channel_has_its_figures_beside_those_of_all_and_no_data_is_absent() {
        let hotline = Lag {
            channel: Some("hotline".into()),
            late: Share { hits: 1, misses: 3 },
            mean: Some(90.0),
            quantiles: [Some(10.0), Some(200.0), Some(300.0)],
        };
        let shown = on_record(&[Lag::default(), hotline]);
        let seen: Vec<_> = shown.iter().map(|f| (f.part.as_str(), f.value, f.n)).collect();
        let expected = [
            ("mean", None, 0),
            ("median", None, 0),
            ("p90", None, 0),
            ("p99", None, 0),
            ("share", None, 0),
            ("mean.hotline", Some(90.0), 4),
            ("median.hotline", Some(10.0), 4),
            ("p90.hotline", Some(200.0), 4),
            ("p99.hotline", Some(300.0), 4),
            ("share.hotline", Some(0.25), 4),
        ];
        assert_eq!(seen, expected);
    }

    #[test]
    fn agreement_is_a_share_of_what_a_model_said_something_about() {
        let of = |model: Option<&str>, hits, misses| Agreement {
            model: model.map(str::to_owned),
            same: Share { hits, misses },
        };
        let shown = model_agreement(&[of(None, 3, 1), of(Some("own-2"), 1, 0)]);
        let seen: Vec<_> = shown.iter().map(|f| (f.part.as_str(), f.value, f.numerator)).collect();
        assert_eq!(seen, [("share", Some(0.75), Some(3)), ("share.own-2", Some(1.0), Some(1))]);
        assert!(shown.iter().all(|f| f.bounds.is_some()));
    }
}
