//! Between wire values and ours; every error names the field.
use jiff::Timestamp;
use uuid::Uuid;

use crate::fault::Fault;

/// An instant on the wire.
pub fn timestamp(at: Timestamp) -> contracts::Timestamp {
    contracts::Timestamp { seconds: at.as_second(), nanos: at.subsec_nanosecond() }
}

/// An instant from the wire, in whole microseconds; absent stays absent.
pub fn instant(field: &str, at: Option<&contracts::Timestamp>) -> Result<Option<Timestamp>, Fault> {
    let Some(at) = at else { return Ok(None) };
    let read = Timestamp::new(at.seconds, at.nanos)
        .and_then(|t| Timestamp::from_microsecond(t.as_microsecond()))
        .map_err(|_| Fault::invalid(field, "is not an instant between the years -9999 and 9999"))?;
    Ok(Some(read))
}

/// An instant that must be there.
pub fn required(field: &str, at: Option<&contracts::Timestamp>) -> Result<Timestamp, Fault> {
    instant(field, at)?.ok_or_else(|| Fault::invalid(field, "is missing"))
}

/// An id from the wire.
pub fn id(field: &str, text: &str) -> Result<Uuid, Fault> {
    text.parse().map_err(|_| Fault::invalid(field, "is not a UUID such as 01890a5d-ac96-774b-bcce-b302099a8057"))
}

/// An id that may be left empty.
pub fn optional_id(field: &str, text: &str) -> Result<Option<Uuid>, Fault> {
    if text.is_empty() { Ok(None) } else { id(field, text).map(Some) }
}
