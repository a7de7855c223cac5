//! What every service answers about itself: requests that are wrong are refused, every wrong field by its name.
#![expect(clippy::unwrap_used, reason = "tests")]
mod support;

use contracts::operations::v1::{
    ListParkedRequest, ReadJournalRequest, RedriveParkedRequest, operations_client::OperationsClient,
};
use support::{INTAKE, SCHEDULING};
use testkit::{Stack, request, wrong_fields};
use uuid::Uuid;

#[tokio::test]
async fn every_wrong_field_is_named_at_once() {
    let stack = Stack::start(&[&INTAKE, &SCHEDULING]).await;
    let mut client = OperationsClient::new(stack.channel("scheduling"));
    let beyond = i64::MAX.unsigned_abs() + 1;
    let asked = ReadJournalRequest {
        aggregate_id: "7".into(),
        from_version: beyond,
        after_seq: u64::MAX,
        limit: 1001,
        newest_first: true,
    };
    let refused = client.read_journal(asked).await.unwrap_err();
    assert_eq!(wrong_fields(&refused), ["aggregate_id", "from_version", "after_seq", "limit"]);
    let last = ReadJournalRequest { after_seq: beyond - 1, ..Default::default() };
    assert!(client.read_journal(last).await.unwrap().into_inner().entries.is_empty());
    let last = ReadJournalRequest {
        aggregate_id: Uuid::nil().to_string(),
        from_version: beyond - 1,
        limit: 1000,
        ..Default::default()
    };
    assert!(client.read_journal(last).await.unwrap().into_inner().entries.is_empty());

    assert_eq!(wrong_fields(&client.list_parked(ListParkedRequest { limit: 201 }).await.unwrap_err()), ["limit"]);
    client.list_parked(ListParkedRequest { limit: 200 }).await.unwrap();

    let redrive = |stream: &str, id: &str| RedriveParkedRequest { stream: stream.into(), aggregate_id: id.into() };
    let refused = client.redrive_parked(redrive("a\0b", "7")).await.unwrap_err();
    assert_eq!(wrong_fields(&refused), ["metadata.aftercare-actor", "stream", "aggregate_id"]);
    let id = Uuid::nil().to_string();
    for stream in ["", "intake", "COMPLAINT", &"X".repeat(10_000)] {
        let refused = client.redrive_parked(request("staff:ana", redrive(stream, &id))).await.unwrap_err();
        assert_eq!(wrong_fields(&refused), ["stream"], "{stream}");
    }
    let done = client.redrive_parked(request("staff:ana", redrive("INTAKE", &id))).await.unwrap().into_inner();
    assert_eq!((done.applied, done.remaining), (0, 0));
}

#[tokio::test]
async fn a_call_of_ten_megabytes_is_refused_with_words() {
    let stack = Stack::start(&[&INTAKE]).await;
    let mut client = OperationsClient::new(stack.channel("intake"));
    let aggregate_id = "x".repeat(10 << 20);
    let refused = client.read_journal(ReadJournalRequest { aggregate_id, ..Default::default() }).await.unwrap_err();
    assert_eq!(wrong_fields(&refused), ["request"]);
    assert_eq!(refused.message(), "request: must not be larger than 256 KiB");
}
