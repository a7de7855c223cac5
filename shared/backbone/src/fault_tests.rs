//! One table says what callers see of each kind of fault, by gRPC and by HTTP; causes stay inside.
use tonic::Code;

use super::*;

fn cause() -> std::io::Error {
    std::io::Error::other("password hunter2 refused")
}

#[test]
fn each_kind_has_its_grpc_code_its_http_status_and_its_hope() {
    let field = Violation { field: "lines[2].paid.minor".into(), reason: "is negative".into() };
    for (fault, kind, code, grpc, http, retryable) in [
        (Fault::fields(vec![field]), Kind::Invalid, "request.invalid", Code::InvalidArgument, 422, false),
        (Fault::not_found("thing", 7), Kind::NotFound, "thing.not_found", Code::NotFound, 404, false),
        (Fault::rejected("thing.not_now", "no"), Kind::Rejected, "thing.not_now", Code::FailedPrecondition, 409, false),
        (Fault::denied("thing.secret", "no"), Kind::Denied, "thing.secret", Code::PermissionDenied, 403, false),
        (Fault::busy(), Kind::Busy, "busy", Code::ResourceExhausted, 429, true),
        (Fault::unavailable(cause()), Kind::Unavailable, "unavailable", Code::Unavailable, 503, true),
        (Fault::internal(cause()), Kind::Internal, "internal", Code::Internal, 500, false),
        (Fault::broken("hunter2"), Kind::Internal, "internal", Code::Internal, 500, false),
    ] {
        assert_eq!((fault.kind(), fault.code()), (kind, code));
        assert_eq!((fault.http_status(), fault.retryable()), (http, retryable), "{code}");
        let violations = fault.violations().to_vec();
        let status = tonic::Status::from(fault);
        assert_eq!(status.code(), grpc, "{code}");
        let details = status.get_error_details();
        let info = details.error_info().unwrap();
        assert_eq!((info.reason.as_str(), info.domain.as_str()), (code, "aftercare"));
        let named: Vec<_> = details.bad_request().map(|b| b.field_violations.clone()).unwrap_or_default();
        assert_eq!(named.len(), violations.len());
        assert!(named.iter().zip(&violations).all(|(n, v)| n.field == v.field && n.description == v.reason));
        assert!(!format!("{status:?}").contains("hunter2"), "the cause is for the log only");
    }
}

#[test]
fn the_log_gets_every_cause() {
    #[derive(Debug, thiserror::Error)]
    #[error("outer")]
    struct Outer(#[source] std::io::Error);
    let words = Fault::unavailable(Outer(cause())).chain();
    assert_eq!(words, "unavailable: a part of the system is away; try again: outer: password hunter2 refused");
}

#[test]
fn all_wrong_fields_are_named_at_once() {
    let violation = |field: &str| Violation { field: field.into(), reason: "is missing".into() };
    let fault = Fault::fields(vec![violation("a"), violation("b")]);
    assert_eq!(fault.public(), "a: is missing; b: is missing");
}

#[test]
fn a_database_that_is_away_is_worth_another_try_and_a_broken_statement_is_not() {
    for (error, kind) in [
        (sqlx::Error::PoolTimedOut, Kind::Unavailable),
        (sqlx::Error::PoolClosed, Kind::Unavailable),
        (sqlx::Error::Io(cause()), Kind::Unavailable),
        (sqlx::Error::RowNotFound, Kind::Internal),
        (sqlx::Error::ColumnNotFound("x".into()), Kind::Internal),
    ] {
        assert_eq!(Fault::from(error).kind(), kind);
    }
    for (code, passes) in
        [("57P01", true), ("53300", true), ("08006", true), ("40001", true), ("23505", false), ("42P01", false)]
    {
        assert_eq!(crate::transaction::passes_by_itself(Some(code)), passes, "{code}");
    }
}
