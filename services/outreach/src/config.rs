//! The `[service]` section of the configuration; what each value means stands in `default.toml`.
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use anyhow::ensure;
use jiff::SignedDuration;
use secrecy::SecretString;
use serde::Deserialize;

use crate::{domain::retry::Retry, inbound::Answering, template::Wording};

/// See `default.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "default.toml says it, once")]
pub struct Settings {
    pub smtp_url: String,
    pub smtp_user: String,
    pub smtp_password: SecretString,
    pub from: String,
    pub sms_url: String,
    pub sms_token: SecretString,
    pub service_name: String,
    pub contact: String,
    pub status_pages: String,
    pub zone: String,
    pub batch: u16,
    pub parallel: u16,
    pub timeout_seconds: u32,
    pub lease_seconds: u32,
    pub first_retry_seconds: u32,
    pub longest_retry_seconds: u32,
    pub max_attempts: u32,
    pub answers_within_minutes: u32,
    #[serde(default)]
    pub push: BTreeMap<String, Push>,
}

/// A section `[service.push.NAME]`: a service of a platform that tells its customers what we answer. NAME is the source or
/// channel of intake.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
#[expect(missing_docs, reason = "default.toml says it, once")]
pub enum Push {
    SignedJson { url: String, secrets: Vec<SecretString> },
    Wechat { url: String, app_id: String, secret: SecretString },
}

impl Settings {
    /// Refuses what cannot work, above all a claim that ends while its sender may still be waiting for an answer.
    pub fn check(&self) -> anyhow::Result<()> {
        ensure!(self.batch > 0 && self.parallel > 0, "batch and parallel must be at least 1");
        ensure!(self.timeout_seconds > 0, "timeout_seconds must be at least 1");
        ensure!(
            u64::from(self.lease_seconds) > 3 * u64::from(self.timeout_seconds) + 1,
            "lease_seconds must be more than three times timeout_seconds and one"
        );
        ensure!(
            0 < self.first_retry_seconds && self.first_retry_seconds <= self.longest_retry_seconds,
            "first_retry_seconds must be at least 1 and at most longest_retry_seconds"
        );
        ensure!(self.answers_within_minutes > 0, "answers_within_minutes must be at least 1");
        let page = self.status_pages.parse::<reqwest::Url>().is_ok_and(|url| matches!(url.scheme(), "https" | "http"));
        ensure!(
            self.status_pages.is_empty() || page,
            "status_pages must be the https address at which customers reach intake, or empty"
        );
        ensure!(self.max_attempts > 0, "max_attempts must be at least 1");
        ensure!(jiff::tz::TimeZone::get(&self.zone).is_ok(), "zone {:?} is no time zone", self.zone);
        Ok(())
    }

    /// What holds for answers: over WeChat nobody can tell a second message from the first.
    pub fn answering(&self) -> Answering {
        let once = self.push.iter().filter(|(_, push)| matches!(push, Push::Wechat { .. }));
        let once: BTreeSet<String> = once.map(|(name, _)| name.clone()).collect();
        Answering { once, within: SignedDuration::from_mins(self.answers_within_minutes.into()) }
    }

    /// How long one question to another server may take.
    pub fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout_seconds.into())
    }

    /// How long a claim holds.
    pub fn lease(&self) -> SignedDuration {
        SignedDuration::from_secs(self.lease_seconds.into())
    }

    /// When and how often an attempt is repeated.
    pub fn retry(&self) -> Retry {
        Retry {
            first: SignedDuration::from_secs(self.first_retry_seconds.into()),
            longest: SignedDuration::from_secs(self.longest_retry_seconds.into()),
            max_attempts: self.max_attempts,
        }
    }

    /// What the templates leave open.
    pub fn wording(&self) -> Wording {
        let status_pages = Some(self.status_pages.trim_end_matches('/').to_owned()).filter(|pages| !pages.is_empty());
        Wording {
            service: self.service_name.clone(),
            contact: self.contact.clone(),
            status_pages,
            zone: self.zone.clone(),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    pub(crate) fn defaults() -> Settings {
        let file: toml::Table = toml::from_str(include_str!("../default.toml")).unwrap();
        file["service"].clone().try_into().unwrap()
    }

    #[test]
    fn the_defaults_work_and_try_for_three_days() {
        let settings = defaults();
        settings.check().unwrap();
        let now = jiff::Timestamp::UNIX_EPOCH;
        let retry = settings.retry();
        let last = (1..retry.max_attempts).fold(now, |at, attempts| retry.next(attempts, at).unwrap());
        assert!(last.duration_since(now) >= SignedDuration::from_hours(72));
        assert_eq!(retry.next(retry.max_attempts, now), None);
    }

    #[test]
    fn a_claim_shorter_than_its_work_is_refused() {
        let settings = Settings { lease_seconds: 46, timeout_seconds: 15, ..defaults() };
        assert_eq!(
            settings.check().unwrap_err().to_string(),
            "lease_seconds must be more than three times timeout_seconds and one"
        );
    }
}
