//! What can go wrong, as callers may see it. A fault has one kind, a stable code and public words; what lies behind it
//! goes to the log only. It becomes a gRPC status here and a problem document at the REST edge.
use std::{borrow::Cow, error::Error, fmt};

use tonic_types::{ErrorDetails, StatusExt};

/// Few kinds, mapped once to gRPC and HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The request itself is wrong; the fields say where.
    Invalid,
    /// There is no such thing.
    NotFound,
    /// The thing is in a state that does not allow this now.
    Rejected,
    /// The caller may not do this.
    Denied,
    /// Too much at once; try again.
    Busy,
    /// Something we need is away; try again.
    Unavailable,
    /// A bug or broken data.
    Internal,
}

/// One wrong field and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Path of the field, for example `lines[2].paid.minor`.
    pub field: String,
    /// The reason and the way out, in words.
    pub reason: String,
}

/// A failure with words for the caller apart from its cause. It has no `Display` of the cause on purpose.
#[derive(Clone, Debug)]
pub struct Fault {
    kind: Kind,
    code: Cow<'static, str>,
    public: String,
    fields: Vec<Violation>,
    source: Option<std::sync::Arc<dyn Error + Send + Sync>>,
}

impl Fault {
    /// One field is wrong.
    pub fn invalid(field: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::fields(vec![Violation { field: field.into(), reason: reason.into() }])
    }

    /// Several fields are wrong; all of them are named at once.
    pub fn fields(fields: Vec<Violation>) -> Self {
        let public = fields.iter().map(|v| format!("{}: {}", v.field, v.reason)).collect::<Vec<_>>().join("; ");
        Self { fields, ..Self::new(Kind::Invalid, "request.invalid", public) }
    }

    /// The state does not allow it, with a stable code such as `complaint.not_now`.
    pub fn rejected(code: impl Into<Cow<'static, str>>, public: impl Into<String>) -> Self {
        Self::new(Kind::Rejected, code, public)
    }

    /// There is no such thing.
    pub fn not_found(what: &str, id: impl fmt::Display) -> Self {
        Self::new(Kind::NotFound, format!("{what}.not_found"), format!("there is no {what} {id}"))
    }

    /// The caller may not do this.
    pub fn denied(code: impl Into<Cow<'static, str>>, public: impl Into<String>) -> Self {
        Self::new(Kind::Denied, code, public)
    }

    /// The queue is full; the caller should come back.
    pub fn busy() -> Self {
        Self::new(Kind::Busy, "busy", "too many requests are waiting; try again shortly")
    }

    /// Something we need is away.
    pub fn unavailable(source: impl Error + Send + Sync + 'static) -> Self {
        Self {
            source: Some(std::sync::Arc::new(source)),
            ..Self::new(Kind::Unavailable, "unavailable", "a part of the system is away; try again")
        }
    }

    /// A bug or broken data; the caller learns nothing but that.
    pub fn internal(source: impl Error + Send + Sync + 'static) -> Self {
        Self {
            source: Some(std::sync::Arc::new(source)),
            ..Self::new(Kind::Internal, "internal", "an internal fault; it was logged")
        }
    }

    /// An internal fault known by words only.
    pub fn broken(words: impl Into<String>) -> Self {
        Self::internal(std::io::Error::other(words.into()))
    }

    fn new(kind: Kind, code: impl Into<Cow<'static, str>>, public: impl Into<String>) -> Self {
        Self { kind, code: code.into(), public: public.into(), fields: Vec::new(), source: None }
    }

    /// What kind of failure it is.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The stable code.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// Words for the caller.
    pub fn public(&self) -> &str {
        &self.public
    }

    /// The wrong fields, when the request was invalid.
    pub fn violations(&self) -> &[Violation] {
        &self.fields
    }

    /// The whole chain of causes, for the log.
    pub fn chain(&self) -> String {
        let mut words = format!("{}: {}", self.code, self.public);
        let mut cause: Option<&dyn Error> = self.source.as_deref().map(|e| e as &dyn Error);
        while let Some(error) = cause {
            words.push_str(": ");
            words.push_str(&error.to_string());
            cause = error.source();
        }
        words
    }

    /// Whether trying the same again can help.
    pub fn retryable(&self) -> bool {
        matches!(self.kind, Kind::Busy | Kind::Unavailable)
    }

    /// The HTTP status of this kind.
    pub fn http_status(&self) -> u16 {
        match self.kind {
            Kind::Invalid => 422,
            Kind::NotFound => 404,
            Kind::Rejected => 409,
            Kind::Denied => 403,
            Kind::Busy => 429,
            Kind::Unavailable => 503,
            Kind::Internal => 500,
        }
    }
}

impl From<sqlx::Error> for Fault {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::Tls(_) => {
                Self::unavailable(error)
            }
            sqlx::Error::Database(ref cause) if crate::transaction::passes_by_itself(cause.code().as_deref()) => {
                Self::unavailable(error)
            }
            other => Self::internal(other),
        }
    }
}

impl From<Fault> for tonic::Status {
    fn from(fault: Fault) -> Self {
        if fault.kind == Kind::Internal {
            tracing::error!(fault = fault.chain(), "a request failed");
        }
        let code = match fault.kind {
            Kind::Invalid => tonic::Code::InvalidArgument,
            Kind::NotFound => tonic::Code::NotFound,
            Kind::Rejected => tonic::Code::FailedPrecondition,
            Kind::Denied => tonic::Code::PermissionDenied,
            Kind::Busy => tonic::Code::ResourceExhausted,
            Kind::Unavailable => tonic::Code::Unavailable,
            Kind::Internal => tonic::Code::Internal,
        };
        let mut details = ErrorDetails::with_error_info(fault.code.as_ref(), "aftercare", []);
        for violation in &fault.fields {
            details.add_bad_request_violation(&violation.field, &violation.reason);
        }
        tonic::Status::with_error_details(code, fault.public, details)
    }
}

#[cfg(test)]
#[path = "fault_tests.rs"]
mod tests;
