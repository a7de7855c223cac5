//! Logs, and traces and metrics by OTLP when an endpoint is given. A trace crosses the journal and the broker as a
//! traceparent; the consumer starts its own trace with a link back.
use opentelemetry::{
    global,
    metrics::{Counter, Histogram, Meter},
    trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState, TracerProvider as _},
};
use opentelemetry_otlp::WithExportConfig;
use opentelemetry_sdk::{Resource, metrics::SdkMeterProvider, trace::SdkTracerProvider};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::{EnvFilter, Layer, layer::SubscriberExt, util::SubscriberInitExt};

use crate::config::Telemetry as Settings;

/// Keeps the exporters; flushed last.
pub(crate) struct Telemetry {
    traces: Option<SdkTracerProvider>,
    metrics: Option<SdkMeterProvider>,
}

impl Telemetry {
    /// Starts logging, and exporting where asked. Called once a process.
    pub fn start(service: &'static str, settings: &Settings) -> anyhow::Result<Self> {
        let filter = EnvFilter::try_new(&settings.log)?;
        let text = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(false);
        let log = if settings.json { text.json().boxed() } else { text.boxed() };
        let registry = tracing_subscriber::registry().with(log.with_filter(filter));
        let Some(endpoint) = &settings.otlp else {
            registry.try_init()?;
            return Ok(Self { traces: None, metrics: None });
        };
        let resource = Resource::builder().with_service_name(format!("aftercare-{service}")).build();
        let spans = opentelemetry_otlp::SpanExporter::builder().with_tonic().with_endpoint(endpoint).build()?;
        let traces = SdkTracerProvider::builder().with_resource(resource.clone()).with_batch_exporter(spans).build();
        let readings = opentelemetry_otlp::MetricExporter::builder().with_tonic().with_endpoint(endpoint).build()?;
        let metrics = SdkMeterProvider::builder().with_resource(resource).with_periodic_exporter(readings).build();
        global::set_meter_provider(metrics.clone());
        let tracer = traces.tracer("aftercare");
        let exported = EnvFilter::try_new("debug,h2=off,hyper=off,tonic=off,tower=off")?;
        registry.with(tracing_opentelemetry::layer().with_tracer(tracer).with_filter(exported)).try_init()?;
        Ok(Self { traces: Some(traces), metrics: Some(metrics) })
    }

    /// Sends what is left. Blocks for a few seconds at most.
    pub fn flush(self) {
        if let Some(traces) = self.traces
            && let Err(error) = traces.shutdown()
        {
            tracing::warn!(%error, "traces were not flushed");
        }
        if let Some(metrics) = self.metrics
            && let Err(error) = metrics.shutdown()
        {
            tracing::warn!(%error, "metrics were not flushed");
        }
    }
}

/// The current span as a W3C traceparent; nothing while traces are off.
pub(crate) fn current_trace() -> Option<String> {
    let context = Span::current().context();
    let span = context.span().span_context().clone();
    span.is_valid().then(|| format!("00-{}-{}-{:02x}", span.trace_id(), span.span_id(), span.trace_flags().to_u8()))
}

/// Links a span to the trace an event was recorded in.
pub(crate) fn link(span: &Span, traceparent: &str) {
    let mut parts = traceparent.split('-').skip(1);
    let (Some(trace), Some(parent)) = (parts.next(), parts.next()) else { return };
    if let (Ok(trace), Ok(parent)) = (TraceId::from_hex(trace), SpanId::from_hex(parent)) {
        span.add_link(SpanContext::new(trace, parent, TraceFlags::SAMPLED, true, TraceState::default()));
    }
}

/// What backbone counts. Without an endpoint the instruments do nothing.
pub(crate) struct Meters {
    pub batch: Histogram<u64>,
    pub retries: Counter<u64>,
    pub relayed: Counter<u64>,
    pub fallbacks: Counter<u64>,
    pub healed: Counter<u64>,
    pub gaps: Counter<u64>,
    pub fired: Counter<u64>,
}

impl Meters {
    pub fn new() -> Self {
        let meter: Meter = global::meter("aftercare");
        Self {
            batch: meter.u64_histogram("road_batch_units").build(),
            retries: meter.u64_counter("road_retries_total").build(),
            relayed: meter.u64_counter("relay_events_total").build(),
            fallbacks: meter.u64_counter("relay_batch_fallback_total").build(),
            healed: meter.u64_counter("relay_heal_requeued_total").build(),
            gaps: meter.u64_counter("consumer_gap_total").build(),
            fired: meter.u64_counter("deadline_fired_total").build(),
        }
    }
}
