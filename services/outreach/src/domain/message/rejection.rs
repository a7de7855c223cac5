//! Why a message says no.

/// Each with its code.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// Nobody queued it.
    #[error("there is no such message")]
    Unknown,
    /// It is settled, waits for its time, or another sender has it.
    #[error("the message cannot be claimed now")]
    NotDue,
    /// Delivery was confirmed, but no server is known to have taken it yet. The gateway should say it again later.
    #[error("the message is not on record as sent")]
    NotSent,
}

impl Rejection {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unknown => "message.not_found",
            Self::NotDue => "message.not_due",
            Self::NotSent => "message.not_sent",
        }
    }
}
