//! Signed JSON between systems, as Standard Webhooks has it: `webhook-id`, `webhook-timestamp` and `webhook-signature` (`v1`,
//! HMAC-SHA256 over both and the body), with secrets that can be rotated.
use base64::{Engine as _, prelude::BASE64_STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use http::HeaderMap;
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

/// A signature is good for this long, before and after.
pub const WINDOW: SignedDuration = SignedDuration::from_mins(5);
/// The most signatures of one request that are looked at.
const SIGNATURES_MAX: usize = 16;

/// Why a request is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// None of the secrets signed it.
    Forged,
    /// It was signed too long ago, or too far ahead.
    Stale,
}

/// The secrets of somebody who signs; several while they are rotated.
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

    /// The id of a request that one of the secrets signed within the window.
    pub fn verify<'a>(&self, headers: &'a HeaderMap, body: &[u8], now: Timestamp) -> Result<&'a str, Refusal> {
        let header = |name| headers.get(name).and_then(|value| value.to_str().ok()).ok_or(Refusal::Forged);
        let (id, at) = (header("webhook-id")?, header("webhook-timestamp")?);
        let given = header("webhook-signature")?.split(' ').take(SIGNATURES_MAX);
        let given = given.filter_map(|one| BASE64_STANDARD.decode(one.strip_prefix("v1,")?).ok());
        // The body is hashed once for each secret, however many signatures are claimed.
        let ours: Vec<_> = self.0.iter().map(|secret| over(secret, id, at, body)).collect();
        let good = |given: Vec<u8>| ours.iter().any(|mac| mac.clone().verify_slice(&given).is_ok());
        if !given.into_iter().any(good) {
            return Err(Refusal::Forged);
        }
        fresh(at.parse().ok(), now)?;
        Ok(id)
    }

    /// The header `webhook-signature` of a request with this id and body, sent at `seconds` since 1970.
    pub fn sign(&self, id: &str, seconds: i64, body: &[u8]) -> String {
        let signed =
            |secret| BASE64_STANDARD.encode(over(secret, id, &seconds.to_string(), body).finalize().into_bytes());
        self.0.iter().map(|secret| format!("v1,{}", signed(secret))).collect::<Vec<_>>().join(" ")
    }
}

fn over(secret: &Hmac<Sha256>, id: &str, at: &str, body: &[u8]) -> Hmac<Sha256> {
    [id.as_bytes(), b".", at.as_bytes(), b".", body].iter().fold(secret.clone(), |mac, part| mac.chain_update(part))
}

/// Whether a signature made at `seconds` since 1970 is still good.
pub fn fresh(seconds: Option<i64>, now: Timestamp) -> Result<(), Refusal> {
    let at = seconds.and_then(|seconds| Timestamp::from_second(seconds).ok()).ok_or(Refusal::Stale)?;
    if now.duration_since(at).abs() <= WINDOW { Ok(()) } else { Err(Refusal::Stale) }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    const AT: i64 = 1_614_265_330;
    const GOOD: &[u8] = br#"{"test": 2432232314}"#;

    fn secrets() -> Secrets {
        Secrets::read(&[SecretString::from("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")]).unwrap()
    }

    fn verify(signature: &str, body: &[u8], seconds: i64) -> Result<String, Refusal> {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek"),
            ("webhook-timestamp", "1614265330"),
            ("webhook-signature", signature),
        ] {
            headers.insert(name, HeaderValue::from_str(value).unwrap());
        }
        secrets().verify(&headers, body, Timestamp::from_second(AT + seconds).unwrap()).map(str::to_owned)
    }

    /// The example of the specification.
    #[test]
    fn a_request_is_verified_as_standard_webhooks_has_it() {
        let signature = "v1,bm9uZQ== v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
        for seconds in [-300, 0, 300] {
            assert_eq!(verify(signature, GOOD, seconds).as_deref(), Ok("msg_p5jXN8AQM9LWM0D4loKWxJek"), "{seconds}");
        }
        assert_eq!(verify(signature, GOOD, 301), Err(Refusal::Stale));
        assert_eq!(verify(signature, GOOD, -301), Err(Refusal::Stale));
        assert_eq!(verify(signature, br#"{"test": 2432232315}"#, 0), Err(Refusal::Forged));
    }

    #[test]
    fn what_we_sign_we_believe_and_nothing_signed_with_another_secret() {
        let id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
        assert!(verify(&secrets().sign(id, AT, GOOD), GOOD, 0).is_ok());
        let other = Secrets::read(&[SecretString::from("whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]).unwrap();
        assert_eq!(verify(&other.sign(id, AT, GOOD), GOOD, 0), Err(Refusal::Forged));
        assert!(Secrets::read(&[]).is_err() && Secrets::read(&["whsec_c2hvcnQ=".into()]).is_err());
    }
}
