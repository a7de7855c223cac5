//! An adviser outside, off unless it is configured: an endpoint that speaks as OpenAI's does is asked what a case is about that
//! our own model was not sure of and no rule knew, after the contact is stored and acknowledged.
//!
//! In reading order: what is asked for ([`wanted`]), without what tells who wrote it ([`redact`]), over HTTP ([`ask`]).
//! Invariants: nobody waits for it; it is asked about each case so often at most, and says something once; what it says is
//! advice, and lowers nothing that the rules of safety or a person said; where it says nothing, the case waits for a person.
mod ask;
mod redact;
mod wanted;

use std::sync::Arc;

use backbone::{Actor, Breaker, Change, Fault, Outside, Unit};
use futures::future::join_all;
use jiff::SignedDuration;
use opentelemetry::{KeyValue, global, metrics::Counter};
use uuid::Uuid;

use self::ask::{Endpoint, Said};
pub use self::{ask::Section, redact::redacted, wanted::wanted};
use crate::{
    app::App,
    domain::{
        advice::Opinion,
        case::{Case, Command},
    },
    store::{self, Found, Look},
    words,
};

/// How many are asked about at once.
const AT_ONCE: u8 = 4;
/// How often it is asked about a case.
const TRIES_MAX: i32 = 3;
/// After so many answers that were none it is left in peace for so long.
const REST_AFTER: u32 = 5;
const REST: SignedDuration = SignedDuration::from_secs(60);

/// Asks the adviser.
pub struct Adviser {
    app: Arc<App>,
    endpoint: Endpoint,
    decide: bool,
    threshold: f64,
    breaker: Breaker,
    asked: Counter<u64>,
}

impl Adviser {
    /// Nothing is connected yet. Errors: see [`Endpoint::new`].
    pub fn new(section: &Section, outside: &Outside, app: Arc<App>) -> anyhow::Result<Self> {
        Ok(Self {
            app,
            endpoint: Endpoint::new(section, outside)?,
            decide: section.decide,
            threshold: section.threshold,
            breaker: Breaker::new("the adviser says nothing; cases wait for people", REST_AFTER, REST),
            asked: global::meter("aftercare").u64_counter("advice_total").build(),
        })
    }

    /// Asks about what is due, as much at once as it has room for; says how many cases that were.
    pub async fn advise_once(&self) -> Result<usize, Fault> {
        let now = self.app.clock.now();
        let due = wanted::claim(&self.app.pool, now, self.breaker.room(AT_ONCE, now)).await?;
        let done = join_all(due.iter().map(|(case, tries)| self.advise(*case, *tries))).await;
        done.into_iter().try_fold(0, |sum, done| done.map(|()| sum + 1))
    }

    async fn advise(&self, id: Uuid, tries: i32) -> Result<(), Fault> {
        if tries > TRIES_MAX {
            return wanted::settle(&self.app.pool, id).await;
        }
        let found = store::case(&self.app.pool, id).await?;
        if !found.2.takes_advice() {
            return wanted::settle(&self.app.pool, id).await;
        }
        let text = self.text(&found).await?;
        let said = self.endpoint.ask(&text).await;
        let outcome = said.as_ref().map_or_else(|silent| silent.word(), |_| "answered");
        self.asked.add(1, &[KeyValue::new("source", "advice"), KeyValue::new("outcome", outcome)]);
        self.breaker.heard(!said.as_ref().is_err_and(|silent| silent.passes()), self.app.clock.now());
        match said {
            Ok(said) => self.tell(id, said).await?,
            Err(silent) if silent.passes() && tries < TRIES_MAX => return Ok(()),
            Err(silent) => tracing::warn!(case = %id, why = silent.word(), "no advice; the case waits for a person"),
        }
        wanted::settle(&self.app.pool, id).await
    }

    /// What the customer said at first, without what tells who that is. The look is written down.
    async fn text(&self, found: &Found) -> Result<String, Fault> {
        let actor = Actor::service("intake");
        words::redacted(&self.app, found, Look { actor: &actor, purpose: "advice", at: self.app.clock.now() }).await
    }

    async fn tell(&self, id: Uuid, said: Said) -> Result<(), Fault> {
        let Said { class, emotion, department, probability } = said;
        let percent = percent(probability);
        let (model, at) = (self.endpoint.model.clone(), self.app.clock.now());
        let opinion = Box::new(Opinion { class, emotion, department, percent, model, at });
        let decides = self.decide && probability >= self.threshold;
        let (levels, packs) = (Arc::clone(&self.app.levels), Arc::clone(&self.app.packs));
        let advise = Command::Advise { opinion, decides, levels, packs };
        let unit = Unit::of(Change::to::<Case>(id, advise)).actor(Actor::service("intake"));
        self.app.road.submit(unit).await.map(drop)
    }
}

/// Of a hundred, never more than it said.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 100 by the clamp")]
fn percent(probability: f64) -> u8 {
    (probability * 100.0).floor().clamp(0.0, 100.0) as u8
}
