//! A trace goes from a request into the journal, from there with the event to the next service, which starts a trace of
//! its own with a link back; so does a deadline, which follows from nothing but time. Off unless somebody collects.
#![expect(clippy::unwrap_used, reason = "tests")]
mod support;

use std::sync::{Arc, Mutex};

use backbone::{Change, Unit};
use jiff::SignedDuration;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_sdk::{
    error::OTelSdkResult,
    trace::{SdkTracerProvider, SpanData, SpanExporter},
};
use support::{Counter, INTAKE, SCHEDULING, Tell};
use testkit::{Servers, Stack};
use tracing_subscriber::layer::SubscriberExt;
use uuid::Uuid;

/// Keeps every span.
#[derive(Clone, Debug, Default)]
struct Collected(Arc<Mutex<Vec<SpanData>>>);

impl SpanExporter for Collected {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        self.0.lock().unwrap().extend(batch);
        Ok(())
    }
}

/// Adds to a counter in a span, lets the other service hear of it; gives the traces in the journals of both.
async fn traces(stack: &Stack, id: Uuid) -> [Option<String>; 2] {
    let unit = tracing::info_span!("request").in_scope(|| Unit::of(Change::to::<Counter>(id, Tell::Add { id, n: 1 })));
    stack.node("intake").context().road.submit(unit).await.unwrap();
    stack.settle().await;
    [last_trace(stack, "intake", id).await, last_trace(stack, "scheduling", id).await]
}

/// The trace of the last entry of an aggregate in the journal of a service.
async fn last_trace(stack: &Stack, service: &str, id: Uuid) -> Option<String> {
    let trace = "select trace from journal where aggregate_id = $1 order by version desc limit 1";
    sqlx::query_scalar(trace).bind(id).fetch_one(&stack.pool(service)).await.unwrap()
}

/// Trace and span of a traceparent.
fn ids(traceparent: &str) -> (String, String) {
    let parts: Vec<_> = traceparent.split('-').collect();
    assert_eq!((parts.len(), parts[0], parts[3]), (4, "00", "01"), "{traceparent}");
    (parts[1].to_owned(), parts[2].to_owned())
}

#[tokio::test]
async fn a_trace_crosses_the_journal_and_the_broker_and_the_next_service_links_back() {
    let stack = Stack::start(&[&INTAKE, &SCHEDULING]).await;
    let id = Uuid::now_v7();
    assert_eq!(traces(&stack, id).await, [None, None], "off unless asked for");

    let collected = Collected::default();
    let provider = SdkTracerProvider::builder().with_simple_exporter(collected.clone()).build();
    let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("test"));
    tracing::subscriber::set_global_default(tracing_subscriber::registry().with(layer)).unwrap();
    let [told, heard] = traces(&stack, id).await.map(Option::unwrap);

    let client = async_nats::connect(format!("127.0.0.1:{}", Servers::get().nats)).await.unwrap();
    let name = format!("{}_INTAKE", stack.space().to_uppercase());
    let stream = async_nats::jetstream::new(client).get_stream(&name).await.unwrap();
    let header = async |place| {
        let headers = stream.get_raw_message(place).await.unwrap().headers;
        headers.get("traceparent").map(|value| value.as_str().to_owned())
    };
    assert_eq!((header(1).await, header(2).await), (None, Some(told.clone())));

    let ring = Unit::of(Change::to::<Counter>(id, Tell::RingIn { id, seconds: 1 }));
    stack.node("intake").context().road.submit(ring).await.unwrap();
    stack.advance(SignedDuration::from_secs(1)).await;
    let (_, rang_span) = ids(&last_trace(&stack, "intake", id).await.unwrap());

    let ((from, from_span), (own, own_span)) = (ids(&told), ids(&heard));
    assert_ne!(from, own, "the consumer starts its own trace");
    let spans = collected.0.lock().unwrap();
    let named = |name: &str, span: &str| {
        spans.iter().find(|s| s.name == name && s.span_context.span_id().to_string() == span).unwrap()
    };
    assert_eq!(named("request", &from_span).span_context.trace_id().to_string(), from);
    let batch = named("consumer.batch", &own_span);
    assert_eq!(batch.span_context.trace_id().to_string(), own);
    let links: Vec<_> = batch.links.iter().map(|link| link.span_context.span_id().to_string()).collect();
    assert_eq!(links, [from_span]);
    named("deadline.batch", &rang_span);
}
