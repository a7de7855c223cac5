//! A small payment provider for tests and the demo, over HTTP, with a mood that can be spoiled at will.
//! Invariant: a key gets one answer for ever, and money moves for it at most once; with a ledger file an answer is on
//! disk before it is given, so that killing the process loses nothing.
mod callbacks;
mod ledger;
mod mood;
#[cfg(test)]
mod tests;

use std::{
    io,
    net::SocketAddr,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc},
    thread,
    time::Duration,
};

use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, Path, State, rejection::JsonRejection},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::{get, post, put},
};
use backbone::Clock;
use serde_json::json;
use tokio::{net::TcpListener, sync::oneshot};

use self::{
    callbacks::Caller,
    ledger::{Ledger, Verdict},
    mood::Temper,
};
pub use self::{
    callbacks::{Calling, Told, Trouble},
    ledger::{Answer, Entry, LedgerView, Order, Refusal, Tender, TenderKind},
    mood::{Mode, Mood},
};

/// The longest it keeps somebody waiting who will never get an answer.
const SILENCE: Duration = Duration::from_secs(60);

/// The provider: what it has done and how it feels. Clones are the same provider.
#[derive(Clone)]
pub struct Sandbox(Arc<Mutex<Inside>>);

struct Inside {
    ledger: Ledger,
    temper: Temper,
    caller: Option<Caller>,
}

impl Sandbox {
    /// A provider in a good mood. With a file it goes on where the file ends, and writes every answer to it.
    /// Errors: the file cannot be opened, or holds something else than a ledger.
    pub fn new(file: Option<PathBuf>) -> io::Result<Self> {
        let ledger = Ledger::open(file)?;
        Ok(Self(Arc::new(Mutex::new(Inside { ledger, temper: Temper::default(), caller: None }))))
    }

    /// Tells from now on how refunds end, of itself. Errors: a secret that is none.
    pub fn call_back(&self, calling: Calling, clock: Clock) -> Result<(), String> {
        self.inside().caller = Some(Caller::new(calling, clock)?);
        Ok(())
    }

    /// All callbacks were sent, also those that were held back; says what came of them. Within a runtime.
    pub async fn told(&self) -> Told {
        let caller = self.inside().caller.clone();
        match caller {
            Some(caller) => caller.told().await,
            None => Told::default(),
        }
    }

    /// `POST /refunds`, `GET /refunds/{key}`, `GET /ledger`, `PUT /mood`, `PUT /callbacks`, `GET /callbacks`,
    /// `GET /health`.
    pub fn router(self) -> Router {
        Router::new()
            .route("/refunds", post(refund))
            .route("/refunds/{key}", get(status))
            .route("/ledger", get(ledger))
            .route("/mood", put(mood))
            .route("/callbacks", put(call_back).get(told))
            .route("/health", get(|| async { "ok" }))
            .layer(DefaultBodyLimit::max(16 * 1024))
            .with_state(self)
    }

    /// Serves until the process ends. Errors: the listener breaks.
    pub async fn serve(self, listener: TcpListener) -> io::Result<()> {
        axum::serve(listener, self.router()).await
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the time, then decides, writes the answer down, and tells it of itself unless it is silent. Runs to its end even when nobody waits any more, as a
    /// real provider would.
    #[expect(clippy::disallowed_methods, reason = "a slow provider is what it plays, on a thread of its own")]
    async fn decide(&self, key: String, order: Order, mode: Mode, delay: Duration) -> io::Result<Verdict> {
        let provider = self.clone();
        let work = move || {
            if mode == Mode::Slow {
                thread::sleep(delay);
            }
            let verdict = provider.inside().ledger.decide(&key, order.clone(), mode == Mode::Refuse);
            if let (Ok(Verdict::Answered(answer)), true) = (&verdict, mode != Mode::SilentAfterPaying) {
                let caller = provider.inside().caller.clone();
                caller.into_iter().for_each(|caller| caller.tell(&key, &order, answer));
            }
            verdict
        };
        tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
    }
}

impl Inside {
    /// What a question about this key meets.
    fn question(&mut self, key: &str) -> (Mode, Duration) {
        let tender = self.ledger.tender(key);
        self.temper.next(key, tender)
    }
}

/// A provider running in a thread of its own, gone when dropped; for tests in the same process.
pub struct Running {
    address: SocketAddr,
    pub sandbox: Sandbox,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Running {
    /// Starts at `address`; port 0 takes a free one. Errors: the ledger file or the address cannot be had.
    pub fn start(address: SocketAddr, file: Option<PathBuf>) -> io::Result<Self> {
        let sandbox = Sandbox::new(file)?;
        let served = sandbox.clone();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (stop, stopped) = oneshot::channel();
        let (tell, told) = mpsc::channel();
        let life = async move {
            let listener = TcpListener::bind(address).await;
            let bound = listener.as_ref().map_err(|error| io::Error::new(error.kind(), error.to_string()));
            let _nobody_waits = tell.send(bound.and_then(TcpListener::local_addr));
            if let Ok(listener) = listener {
                tokio::select! {
                    _ = served.serve(listener) => {}
                    _ = stopped => {}
                }
            }
        };
        let thread = thread::spawn(move || {
            runtime.block_on(life);
            runtime.shutdown_background();
        });
        let address = told.recv().map_err(io::Error::other)??;
        Ok(Self { address, sandbox, stop: Some(stop), thread: Some(thread) })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// For example `http://127.0.0.1:7190`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _its_end_is_all_we_want = thread.join();
        }
    }
}

async fn refund(
    State(sandbox): State<Sandbox>,
    headers: HeaderMap,
    body: Result<Json<Order>, JsonRejection>,
) -> Response {
    let key = headers.get("idempotency-key").and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    if key.is_empty() || key.len() > 100 {
        return problem(StatusCode::BAD_REQUEST, "key_missing", "idempotency-key must have 1 to 100 characters");
    }
    let order = match body {
        Ok(Json(order)) => order,
        Err(rejection) => return problem(StatusCode::BAD_REQUEST, "body_invalid", &rejection.body_text()),
    };
    if let Err(reason) = order.check() {
        return problem(StatusCode::BAD_REQUEST, "body_invalid", reason);
    }
    let (mode, delay) = sandbox.inside().temper.next(&key, order.tender.map(|tender| tender.kind));
    match mode {
        Mode::Fail => return out_of_order(),
        Mode::ErrorBeforePaying => {
            return problem(StatusCode::INTERNAL_SERVER_ERROR, "internal", "something broke before anything was paid");
        }
        Mode::Normal | Mode::Slow | Mode::Refuse | Mode::SilentAfterPaying => {}
    }
    match sandbox.decide(key, order, mode, delay).await {
        Err(error) => problem(StatusCode::INTERNAL_SERVER_ERROR, "ledger", &error.to_string()),
        Ok(Verdict::KeyReused) => {
            problem(StatusCode::UNPROCESSABLE_ENTITY, "key_reused", "the key stands for another refund already")
        }
        Ok(Verdict::Answered(answer)) if mode == Mode::SilentAfterPaying => {
            let _silence = tokio::time::timeout(SILENCE, std::future::pending::<()>()).await;
            answered(&answer)
        }
        Ok(Verdict::Answered(answer)) => answered(&answer),
    }
}

async fn status(State(sandbox): State<Sandbox>, Path(key): Path<String>) -> Response {
    let (mode, delay) = sandbox.inside().question(&key);
    match mode {
        Mode::Fail => return out_of_order(),
        Mode::Slow => {
            let _patience = tokio::time::timeout(delay, std::future::pending::<()>()).await;
        }
        Mode::Normal | Mode::Refuse | Mode::SilentAfterPaying | Mode::ErrorBeforePaying => {}
    }
    match sandbox.inside().ledger.answer(&key) {
        Some(answer) => (StatusCode::OK, Json(answer)).into_response(),
        None => problem(StatusCode::NOT_FOUND, "never_seen", "no refund was ever asked for under this key"),
    }
}

async fn ledger(State(sandbox): State<Sandbox>) -> Json<LedgerView> {
    Json(sandbox.inside().ledger.view())
}

async fn call_back(State(sandbox): State<Sandbox>, body: Result<Json<Calling>, JsonRejection>) -> Response {
    let set = body.map_err(|rejection| rejection.body_text());
    match set.and_then(|Json(calling)| sandbox.call_back(calling, Clock::system())) {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(reason) => problem(StatusCode::BAD_REQUEST, "body_invalid", &reason),
    }
}

async fn told(State(sandbox): State<Sandbox>) -> Json<Told> {
    let caller = sandbox.inside().caller.clone();
    Json(caller.map(|caller| caller.view()).unwrap_or_default())
}

async fn mood(State(sandbox): State<Sandbox>, body: Result<Json<Mood>, JsonRejection>) -> Response {
    match body {
        Ok(Json(mood)) if (0.0..=1.0).contains(&mood.probability) => {
            sandbox.inside().temper = Temper::new(mood);
            StatusCode::NO_CONTENT.into_response()
        }
        Ok(_) => problem(StatusCode::BAD_REQUEST, "body_invalid", "probability must be from 0 to 1"),
        Err(rejection) => problem(StatusCode::BAD_REQUEST, "body_invalid", &rejection.body_text()),
    }
}

fn answered(answer: &Answer) -> Response {
    let status = match answer {
        Answer::Succeeded { .. } => StatusCode::CREATED,
        Answer::Failed { .. } => StatusCode::PAYMENT_REQUIRED,
    };
    (status, Json(answer)).into_response()
}

fn out_of_order() -> Response {
    problem(StatusCode::SERVICE_UNAVAILABLE, "out_of_order", "try again later")
}

fn problem(status: StatusCode, code: &str, detail: &str) -> Response {
    (status, Json(json!({ "code": code, "detail": detail }))).into_response()
}
