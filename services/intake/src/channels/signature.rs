//! What signatures have in common: keyed hashes compared in constant time, a window of time, secrets that are rotated;
//! and the signature of Standard Webhooks, which several kinds of sources use.
use base64::{Engine as _, prelude::BASE64_STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use sha1::Sha1;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::push::{Push, Refusal};

/// A signature is good for this long, before and after.
const WINDOW: SignedDuration = SignedDuration::from_mins(5);
/// The most signatures of one push that are looked at.
const SIGNATURES_MAX: usize = 16;

/// Whether a signature made at `seconds` since 1970 is still good.
pub fn fresh(seconds: Option<i64>, now: Timestamp) -> Result<(), Refusal> {
    let at = seconds.and_then(|seconds| Timestamp::from_second(seconds).ok()).ok_or(Refusal::Stale)?;
    if now.duration_since(at).abs() <= WINDOW { Ok(()) } else { Err(Refusal::Stale) }
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

/// The secrets of a source that signs as Standard Webhooks has it; several while they are rotated.
pub struct Secrets(Vec<Hmac<Sha256>>);

impl Secrets {
    /// Reads `whsec_…` secrets. Errors: there is none, or one is not 24 to 64 bytes in base64.
    pub fn read(secrets: &[SecretString]) -> anyhow::Result<Self> {
        anyhow::ensure!(!secrets.is_empty(), "secrets must name at least one");
        let read = |secret: &SecretString| {
            let text = secret.expose_secret();
            let bytes = BASE64_STANDARD.decode(text.strip_prefix("whsec_").unwrap_or(text)).unwrap_or_default();
            anyhow::ensure!((24..=64).contains(&bytes.len()), "secrets must be whsec_ and 24 to 64 bytes in base64");
            Ok(Hmac::<Sha256>::new_from_slice(&bytes)?)
        };
        Ok(Self(secrets.iter().map(read).collect::<anyhow::Result<_>>()?))
    }

    /// The id of a push that one of the secrets signed within the window.
    pub fn verify<'a>(&self, push: &'a Push, now: Timestamp) -> Result<&'a str, Refusal> {
        let header = |name| push.header(name).ok_or(Refusal::Forged);
        let (id, at) = (header("webhook-id")?, header("webhook-timestamp")?);
        let signed = |secret: &Hmac<Sha256>| {
            let parts = [id.as_bytes(), b".", at.as_bytes(), b".", &push.body];
            parts.iter().fold(secret.clone(), |mac, part| mac.chain_update(part))
        };
        let given = header("webhook-signature")?.split(' ').take(SIGNATURES_MAX);
        let given = given.filter_map(|one| BASE64_STANDARD.decode(one.strip_prefix("v1,")?).ok());
        // The body is hashed once for each secret, however many signatures are claimed.
        let signed: Vec<_> = self.0.iter().map(signed).collect();
        let good = |given: Vec<u8>| signed.iter().any(|mac| mac.clone().verify_slice(&given).is_ok());
        if !given.into_iter().any(good) {
            return Err(Refusal::Forged);
        }
        fresh(at.parse().ok(), now)?;
        Ok(id)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use axum::http::{HeaderMap, HeaderValue};

    use super::*;

    /// The example of the specification of Standard Webhooks.
    #[test]
    fn r_int_01_a_push_is_verified_as_standard_webhooks_has_it() {
        let secrets = Secrets::read(&[SecretString::from("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")]).unwrap();
        let verify = |body: &'static str, seconds: i64| {
            let mut headers = HeaderMap::new();
            for (name, value) in [
                ("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek"),
                ("webhook-timestamp", "1614265330"),
                ("webhook-signature", "v1,bm9uZQ== v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
            ] {
                headers.insert(name, HeaderValue::from_static(value));
            }
            let now = Timestamp::from_second(1_614_265_330 + seconds).unwrap();
            secrets.verify(&Push::of("", headers, body), now).map(str::to_owned)
        };
        let good = r#"{"test": 2432232314}"#;
        for seconds in [-300, 0, 300] {
            assert_eq!(verify(good, seconds).as_deref(), Ok("msg_p5jXN8AQM9LWM0D4loKWxJek"), "{seconds}");
        }
        assert_eq!(verify(good, 301), Err(Refusal::Stale));
        assert_eq!(verify(good, -301), Err(Refusal::Stale));
        assert_eq!(verify(r#"{"test": 2432232315}"#, 0), Err(Refusal::Forged));
        assert_eq!(same("", ""), Err(Refusal::Forged));
    }
}
