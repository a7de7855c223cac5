//! Calls that cannot be read or are too large: the caller's fault, with the field's name where there is one.
use contracts::{Message as _, common::v1::Page, intake::v1::ListQueueRequest};
use tonic_types::StatusExt;
use tower::ServiceExt;

use super::*;

/// What a health check hears that sends these frames.
async fn answer(body: Vec<u8>) -> Status {
    let router = crate::Parts::new().into_router(None, Default::default()).unwrap();
    let request = Request::post("/grpc.health.v1.Health/Check").header("content-type", "application/grpc");
    let response = router.oneshot(request.body(Body::from(body)).unwrap()).await.unwrap();
    Status::from_header_map(response.headers()).unwrap()
}

fn frame(message: &[u8]) -> Vec<u8> {
    [&[0], u32::try_from(message.len()).unwrap().to_be_bytes().as_slice(), message].concat()
}

#[tokio::test]
async fn what_cannot_be_read_or_is_too_large_is_an_invalid_argument_with_its_field() {
    let service = |length: usize| tonic_health::pb::HealthCheckRequest { service: "x".repeat(length) }.encode_to_vec();
    let beyond = |length: usize| [&[0][..], &u32::try_from(length).unwrap().to_be_bytes()].concat();
    for (body, field, reason) in [
        (frame(&[10, 1, 0xff]), "service", "cannot be read: invalid string value: data is not UTF-8 encoded"),
        (frame(&[10]), "service", "cannot be read: "),
        (frame(&[0xff]), "request", "cannot be read: "),
        (vec![1, 0, 0, 0, 0], "request", "cannot be read: "),
        (vec![0, 0, 0, 0, 9, 1], "request", "cannot be read: "),
        (frame(&service(256 * 1024)), "request", "must not be larger than 256 KiB"),
        (frame(&service(10 << 20)), "request", "must not be larger than 256 KiB"),
        (beyond(u32::MAX as usize), "request", "must not be larger than 256 KiB"),
    ] {
        let status = answer(body).await;
        assert_eq!(status.code(), Code::InvalidArgument, "{status:?}");
        let wrong = status.get_details_bad_request().unwrap().field_violations;
        assert_eq!(wrong.len(), 1);
        assert_eq!(wrong[0].field, field, "{status:?}");
        assert!(wrong[0].description.starts_with(reason), "{status:?}");
    }
    assert_eq!(answer(frame(&service(200 * 1024))).await.code(), Code::NotFound, "it is read, and nobody is called so");
}

#[test]
fn the_path_of_a_field_within_a_field_is_told() {
    let page = Page { size: 1, token: "zz".into() };
    let mut message = ListQueueRequest { page: Some(page), ..Default::default() }.encode_to_vec();
    let last = message.len() - 1;
    message[last] = 0xff;
    let error = ListQueueRequest::decode(message.as_slice()).unwrap_err();
    assert_eq!(unreadable(&error.to_string()).violations()[0].field, "page.token");
}
