//! What signatures have in common: keyed hashes compared in constant time, and a window of time. That of Standard Webhooks,
//! which several kinds of sources use, is [`backbone::signature`].
use jiff::Timestamp;
use sha1::{Digest, Sha1};
use subtle::ConstantTimeEq;

use super::push::Refusal;

/// Whether a signature made at `seconds` since 1970 is still good.
pub fn fresh(seconds: Option<i64>, now: Timestamp) -> Result<(), Refusal> {
    Ok(backbone::signature::fresh(seconds, now)?)
}

/// Whether two signatures are the same, in a time that does not tell where they differ. An empty one is none.
pub fn same(ours: &str, given: &str) -> Result<(), Refusal> {
    let same = !ours.is_empty() && bool::from(ours.as_bytes().ct_eq(given.as_bytes()));
    if same { Ok(()) } else { Err(Refusal::Forged) }
}

/// SHA-1 over parts, in lower-case hexadecimal digits.
pub fn sha1_hex(parts: &[&[u8]]) -> String {
    let mut hash = Sha1::new();
    parts.iter().for_each(|part| hash.update(part));
    hex(&hash.finalize())
}

/// Lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_signature_is_none() {
        assert_eq!(same("", ""), Err(Refusal::Forged));
        assert_eq!(same("ab", "ab"), Ok(()));
        assert_eq!(same("ab", "ac"), Err(Refusal::Forged));
    }
}
