//! What this process counts, read as whoever watches it reads it.
use std::{
    collections::BTreeMap,
    sync::{LazyLock, Mutex},
    time::Duration,
};

use opentelemetry::global;
use opentelemetry_sdk::{
    error::OTelSdkResult,
    metrics::{
        PeriodicReader, SdkMeterProvider, Temporality,
        data::{AggregatedMetrics, MetricData, ResourceMetrics},
        exporter::PushMetricExporter,
    },
};

/// What was told last: counts by counter, source and outcome, or field.
static TOLD: Mutex<BTreeMap<[String; 3], u64>> = Mutex::new(BTreeMap::new());

static PROVIDER: LazyLock<SdkMeterProvider> = LazyLock::new(|| {
    let provider = SdkMeterProvider::builder().with_reader(PeriodicReader::builder(Reader).build()).build();
    global::set_meter_provider(provider.clone());
    provider
});

/// Counts what is counted from now on.
pub fn start() -> &'static SdkMeterProvider {
    &PROVIDER
}

/// What a counter has of a source, by outcome.
pub fn read(provider: &SdkMeterProvider, counter: &str, source: &str) -> Vec<(String, u64)> {
    provider.force_flush().unwrap();
    let told = TOLD.lock().unwrap();
    let of = told.iter().filter(|([name, from, _], _)| name == counter && from == source);
    of.map(|([_, _, outcome], count)| (outcome.clone(), *count)).collect()
}

struct Reader;

impl PushMetricExporter for Reader {
    async fn export(&self, metrics: &ResourceMetrics) -> OTelSdkResult {
        for metric in metrics.scope_metrics().flat_map(|scope| scope.metrics()) {
            let AggregatedMetrics::U64(MetricData::Sum(sum)) = metric.data() else { continue };
            for point in sum.data_points() {
                let named = |key: &str| point.attributes().find(|one| one.key.as_str() == key);
                let word = |key| named(key).map(|one| one.value.to_string()).unwrap_or_default();
                let row = [metric.name().to_owned(), word("source"), word("outcome") + &word("field")];
                TOLD.lock().unwrap().insert(row, point.value());
            }
        }
        Ok(())
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }

    fn temporality(&self) -> Temporality {
        Temporality::Cumulative
    }
}
