//! A system that takes webhooks: a real HTTP server that answers what it is told to.
use std::{
    collections::VecDeque,
    net::Ipv4Addr,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    routing::post,
};
use backbone::signature::Secrets;
use jiff::Timestamp;
use serde_json::Value;
use tokio::{net::TcpListener, task::JoinSet};

/// It says 200 unless it is told otherwise; ends with its value.
pub struct Receiver {
    /// Where it listens.
    pub url: String,
    end: End,
    _serving: JoinSet<()>,
}

/// A request as it came, with the answer it got.
#[derive(Clone, Debug)]
pub struct Taken {
    /// The status it was answered with.
    pub status: u16,
    /// The header `webhook-id`.
    pub id: String,
    pub body: Value,
}

#[derive(Clone, Default)]
struct End {
    answers: Arc<Mutex<VecDeque<u16>>>,
    taken: Arc<Mutex<Vec<Taken>>>,
}

impl Receiver {
    /// What its requests must be signed with.
    pub const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    /// An answer that never comes.
    pub const HANGS: u16 = 0;

    /// One that listens.
    pub async fn open() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
        let (url, end) = (listener.local_addr().expect("an address"), End::default());
        let routes = Router::new().route("/events", post(take)).with_state(end.clone());
        let mut serving = JoinSet::new();
        serving.spawn(async move { axum::serve(listener, routes).await.expect("serves") });
        Self { url: format!("http://{url}/events"), end, _serving: serving }
    }

    /// Its section of the settings.
    pub fn section(&self) -> Value {
        serde_json::json!({ "url": self.url, "secret": Self::SECRET })
    }

    /// The next answers, instead of those it was told before.
    pub fn answers(&self, with: impl IntoIterator<Item = u16>) {
        *self.end.answers.lock().unwrap_or_else(PoisonError::into_inner) = with.into_iter().collect();
    }

    /// Every request so far.
    pub fn taken(&self) -> Vec<Taken> {
        self.end.taken.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn take(State(end): State<End>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let at =
        headers.get("webhook-timestamp").and_then(|at| Timestamp::from_second(at.to_str().ok()?.parse().ok()?).ok());
    let secrets = Secrets::read(&[Receiver::SECRET.into()]).expect("a secret");
    let Some(Ok(id)) = at.map(|at| secrets.verify(&headers, &body, at)) else { return StatusCode::UNAUTHORIZED };
    let status = end.answers.lock().unwrap_or_else(PoisonError::into_inner).pop_front().unwrap_or(200);
    let taken = Taken { status, id: id.to_owned(), body: serde_json::from_slice(&body).unwrap_or_default() };
    end.taken.lock().unwrap_or_else(PoisonError::into_inner).push(taken);
    if status == Receiver::HANGS {
        return std::future::pending().await;
    }
    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}
