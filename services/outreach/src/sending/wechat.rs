//! WeChat's customer-service messages. A token of the account is asked for and kept until shortly before it ends. There is no
//! key by which WeChat could drop a second message: one that may have arrived has failed for a person to look at.
use std::sync::Mutex;

use anyhow::Context;
use backbone::outside;
use jiff::{SignedDuration, Timestamp};
use reqwest::{Client, Url};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::json;

use super::Trouble;

/// So long before its end a token is asked for anew.
const SPARE: SignedDuration = SignedDuration::from_mins(5);
/// The token is not good (any more).
const TOKEN: [i64; 4] = [40001, 40014, 41001, 42001];
/// The message itself is refused: nobody there, too long ago, too many since the customer wrote, too long, unfit.
const LASTING: [i64; 9] = [40003, 43004, 45002, 45008, 45015, 45047, 47001, 50002, 87014];

/// One account.
pub(crate) struct Wechat {
    client: Client,
    send: Url,
    token: Url,
    app_id: String,
    secret: SecretString,
    known: Mutex<Option<(SecretString, Timestamp)>>,
}

#[derive(Deserialize)]
struct Token {
    #[serde(default)]
    access_token: Option<SecretString>,
    #[serde(default)]
    expires_in: i64,
    #[serde(default)]
    errcode: i64,
}

#[derive(Deserialize)]
struct Word {
    errcode: i64,
}

impl Wechat {
    /// Errors: `url` is none; no account or secret.
    pub fn new(client: Client, url: &str, app_id: &str, secret: &SecretString) -> anyhow::Result<Self> {
        anyhow::ensure!(!app_id.is_empty(), "app_id must be the account's");
        anyhow::ensure!(!secret.expose_secret().is_empty(), "secret must be the account's");
        let base = url.trim_end_matches('/');
        let at = |path: &str| outside::address(&format!("{base}{path}")).context("url");
        Ok(Self {
            client,
            send: at("/cgi-bin/message/custom/send")?,
            token: at("/cgi-bin/stable_token")?,
            app_id: app_id.to_owned(),
            secret: secret.clone(),
            known: Mutex::new(None),
        })
    }

    /// Hands one text over.
    pub async fn send(&self, to: &str, text: &str, now: Timestamp) -> Result<(), Trouble> {
        let token = self.token(now).await?;
        let mut url = self.send.clone();
        url.query_pairs_mut().append_pair("access_token", token.expose_secret());
        let message = json!({ "touser": to, "msgtype": "text", "text": { "content": text } });
        let answer = match self.client.post(url).json(&message).send().await {
            Ok(answer) if answer.status().is_success() => answer.json::<Word>().await,
            // It was not looked at.
            Ok(answer) if matches!(answer.status().as_u16(), 401 | 403 | 404 | 429 | 503) => {
                return Err(Trouble::passing(format!("wechat_http_{}", answer.status().as_u16())));
            }
            Ok(_) => return Err(Trouble::lasting("wechat_no_word")),
            Err(error) if error.is_connect() => return Err(Trouble::passing("wechat_unreachable")),
            Err(error) => Err(error),
        };
        match answer.map(|word| word.errcode) {
            Ok(0) => Ok(()),
            Ok(code) if TOKEN.contains(&code) => {
                self.forget();
                Err(Trouble::passing(format!("wechat_{code}")))
            }
            Ok(code) if LASTING.contains(&code) => Err(Trouble::lasting(format!("wechat_{code}"))),
            Ok(code) => Err(Trouble::passing(format!("wechat_{code}"))),
            // It was handed over, and nobody knows what became of it.
            Err(_) => Err(Trouble::lasting("wechat_no_word")),
        }
    }

    async fn token(&self, now: Timestamp) -> Result<SecretString, Trouble> {
        let known = self.known.lock().ok().and_then(|known| known.clone());
        if let Some((token, _)) = known.filter(|(_, until)| now < *until) {
            return Ok(token);
        }
        let secret = self.secret.expose_secret();
        let asked = json!({ "grant_type": "client_credential", "appid": self.app_id, "secret": secret });
        let answer = self.client.post(self.token.clone()).json(&asked).send().await;
        let answer = answer.map_err(|_| Trouble::passing("wechat_unreachable"))?;
        let given: Token = answer.json().await.map_err(|_| Trouble::passing("wechat_token"))?;
        let wrong = || Trouble::passing(format!("wechat_token_{}", given.errcode));
        let token = given.access_token.clone().ok_or_else(wrong)?;
        let until = kernel::calendar::add(now, SignedDuration::from_secs(given.expires_in) - SPARE);
        if let Ok(mut known) = self.known.lock() {
            *known = Some((token.clone(), until));
        }
        Ok(token)
    }

    fn forget(&self) {
        if let Ok(mut known) = self.known.lock() {
            *known = None;
        }
    }
}
