//! The door to suggestions: requests -> commands, questions -> responses. Shape and bounds only.
use backbone::{Checks, Fault, page::by_time};
use contracts::{
    common::v1::Receipt,
    complaint::v1::{suggestions_server::Suggestions, *},
};
use jiff::Timestamp;
use tonic::{Request, Response};
use uuid::Uuid;

use super::{
    Answer, Api,
    improvement::{department, later, product, reason},
    lists,
    read::{TEXT_MAX, Wish},
};
use crate::{
    config::Policy,
    domain::{
        Suggestion,
        reporters::{Person, Reporter, Tell, Told},
        suggestion::{Command, Decision},
    },
    store, wire,
};

const STATUS: [&str; 10] = [
    "recorded",
    "screened",
    "in_evaluation",
    "adopted",
    "declined",
    "implemented",
    "effect_measured",
    "rewarded",
    "informed",
    "merged",
];

type Read = Option<Wish<Suggestion>>;

/// A command that needs nothing but the suggestion.
fn plain(checks: &mut Checks, id: &str, command: Command) -> Read {
    checks.id("suggestion_id", id).map(|id| Wish { id, command, notes: vec![] })
}

/// A command and the words that are kept apart.
fn with(id: Uuid, command: Command, field: &'static str, text: &str) -> Wish<Suggestion> {
    Wish { id, command, notes: vec![(id, field, text.to_owned())] }
}

/// An employee's; nothing is promised for it.
fn record(checks: &mut Checks, r: &RecordSuggestionRequest, by: &str, (policy, now): (&Policy, Timestamp)) -> Read {
    let product_id = product(checks, &r.product_id);
    let text = checks.text("text", &r.text, 1..=TEXT_MAX);
    let id = Uuid::now_v7();
    let person = Person::Employee { actor: by.to_owned() };
    let by = Reporter { report_id: id, person, reported_at: now, told: Told::Waiting };
    let ladder = policy.terms.ladder.clone();
    let record = Command::Record { suggestion_id: id, product_id: product_id?, by, promise: None, ladder };
    Some(with(id, record, "suggestion", text?))
}

fn merge(checks: &mut Checks, r: &MergeSuggestionRequest) -> Read {
    let id = checks.id("suggestion_id", &r.suggestion_id);
    let into = checks.id("into_id", &r.into_id);
    Some(Wish { id: id?, command: Command::Merge { into: into? }, notes: vec![] })
}

fn evaluate(checks: &mut Checks, r: &StartSuggestionEvaluationRequest, policy: &Policy, now: Timestamp) -> Read {
    let id = checks.id("suggestion_id", &r.suggestion_id);
    let department = department(checks, "department", &r.department, policy);
    let decide_by = later(checks, "evaluate_by", r.evaluate_by.as_ref(), now);
    let command = Command::StartEvaluation { department: department?, decide_by: decide_by? };
    Some(Wish { id: id?, command, notes: vec![] })
}

fn adopt(checks: &mut Checks, r: &AdoptSuggestionRequest, by: &str) -> Read {
    let id = checks.id("suggestion_id", &r.suggestion_id);
    let text = checks.text("text", &r.text, 1..=TEXT_MAX);
    Some(with(id?, Command::Decide { by: by.to_owned(), decision: Decision::Adopted }, "verdict", text?))
}

fn decline(checks: &mut Checks, r: &DeclineSuggestionRequest, by: &str) -> Read {
    let id = checks.id("suggestion_id", &r.suggestion_id);
    let reason = checks.value("reason", wire::decline_reason_of(r.reason()).ok_or("must be one of the reasons"));
    let text = checks.text("text", &r.text, 1..=TEXT_MAX);
    let decision = Decision::Declined { reason: reason? };
    Some(with(id?, Command::Decide { by: by.to_owned(), decision }, "verdict", text?))
}

fn measure(checks: &mut Checks, r: &MeasureSuggestionEffectRequest) -> Read {
    let id = checks.id("suggestion_id", &r.suggestion_id);
    let text = checks.text("text", &r.text, 1..=TEXT_MAX);
    Some(with(id?, Command::MeasureEffect { effective: r.effective }, "effect", text?))
}

fn reward(checks: &mut Checks, r: &RewardSuggestionRequest, by: &str) -> Read {
    let id = checks.id("suggestion_id", &r.suggestion_id);
    let kind = checks.value("kind", wire::reward_of(r.kind()).ok_or("must be bonus, gift or praise"));
    let text = checks.text("text", &r.text, 1..=TEXT_MAX);
    Some(with(id?, Command::Reward { by: by.to_owned(), kind: kind? }, "reward", text?))
}

fn informed(checks: &mut Checks, r: &RecordSuggesterInformedRequest) -> Read {
    let id = checks.id("suggestion_id", &r.suggestion_id);
    let report_id = checks.id("report_id", &r.report_id);
    Some(Wish { id: id?, command: Command::Tell(Tell::InPerson { report_id: report_id? }), notes: vec![] })
}

fn suppress(checks: &mut Checks, r: &SuppressSuggesterRequest) -> Read {
    let id = checks.id("suggestion_id", &r.suggestion_id);
    let report_id = checks.id("report_id", &r.report_id);
    let reason = reason(checks, r.reason());
    let tell = Tell::Suppress { report_id: report_id?, reason: reason? };
    Some(Wish { id: id?, command: Command::Tell(tell), notes: vec![] })
}

impl Api {
    async fn suggestion(&self, id: Uuid) -> Result<GetSuggestionResponse, Fault> {
        let found = store::get::<Suggestion>(&self.pool, id).await?;
        let (version, suggestion) = found.ok_or_else(|| Fault::not_found("suggestion", id))?;
        Ok(GetSuggestionResponse {
            suggestion: Some(wire::suggestion_view(version, &suggestion)),
            reporters: wire::reporter_views(&suggestion.reporters),
            notes: store::notes_of(&self.pool, id).await?.into_iter().map(lists::note).collect(),
        })
    }

    async fn suggestions(&self, r: &ListSuggestionsRequest) -> Result<ListSuggestionsResponse, Fault> {
        let mut checks = Checks::default();
        let status = checks.optional_of("status", &r.status, &STATUS);
        let page = checks.page(r.page.as_ref(), by_time);
        let (Some(status), Some((page, after))) = (status, page) else { return Err(checks.fault()) };
        let rows =
            store::list::<Suggestion>(&self.pool, "recorded_at", &[("status", status)], after, page.limit()).await?;
        let next = page.next(&rows, |(_, s)| (s.recorded_at.to_string(), s.suggestion_id));
        let suggestions = rows.iter().map(|(version, s)| wire::suggestion_view(*version, s)).collect();
        Ok(ListSuggestionsResponse { suggestions, next_page_token: next })
    }
}

#[tonic::async_trait]
impl Suggestions for Api {
    async fn record_suggestion(&self, request: Request<RecordSuggestionRequest>) -> Answer<Receipt> {
        let now = self.clock.now();
        Ok(self.change(request, "record_suggestion", |c, r, by| record(c, r, by, (&self.policy, now))).await?)
    }

    async fn screen(&self, request: Request<ScreenSuggestionRequest>) -> Answer<Receipt> {
        let read = |c: &mut Checks, r: &ScreenSuggestionRequest, by: &str| {
            plain(c, &r.suggestion_id, Command::Screen { by: by.to_owned() })
        };
        Ok(self.change(request, "screen_suggestion", read).await?)
    }

    async fn merge(&self, request: Request<MergeSuggestionRequest>) -> Answer<Receipt> {
        Ok(self.change(request, "merge_suggestion", |c, r, _| merge(c, r)).await?)
    }

    async fn start_evaluation(&self, request: Request<StartSuggestionEvaluationRequest>) -> Answer<Receipt> {
        let now = self.clock.now();
        Ok(self.change(request, "evaluate_suggestion", |c, r, _| evaluate(c, r, &self.policy, now)).await?)
    }

    async fn adopt(&self, request: Request<AdoptSuggestionRequest>) -> Answer<Receipt> {
        Ok(self.change(request, "adopt_suggestion", adopt).await?)
    }

    async fn decline(&self, request: Request<DeclineSuggestionRequest>) -> Answer<Receipt> {
        Ok(self.change(request, "decline_suggestion", decline).await?)
    }

    async fn record_implemented(&self, request: Request<RecordSuggestionImplementedRequest>) -> Answer<Receipt> {
        let read = |c: &mut Checks, r: &RecordSuggestionImplementedRequest, _: &str| {
            plain(c, &r.suggestion_id, Command::RecordImplemented)
        };
        Ok(self.change(request, "record_suggestion_implemented", read).await?)
    }

    async fn measure_effect(&self, request: Request<MeasureSuggestionEffectRequest>) -> Answer<Receipt> {
        Ok(self.change(request, "measure_suggestion_effect", |c, r, _| measure(c, r)).await?)
    }

    async fn reward(&self, request: Request<RewardSuggestionRequest>) -> Answer<Receipt> {
        Ok(self.change(request, "reward_suggestion", reward).await?)
    }

    async fn record_informed(&self, request: Request<RecordSuggesterInformedRequest>) -> Answer<Receipt> {
        Ok(self.change(request, "record_suggester_informed", |c, r, _| informed(c, r)).await?)
    }

    async fn suppress_reporter(&self, request: Request<SuppressSuggesterRequest>) -> Answer<Receipt> {
        Ok(self.change(request, "suppress_suggester", |c, r, _| suppress(c, r)).await?)
    }

    async fn get_suggestion(&self, request: Request<GetSuggestionRequest>) -> Answer<GetSuggestionResponse> {
        // It shows what people wrote, so whoever reads must say who he is.
        let mut checks = Checks::default();
        let actor = self.actor(&mut checks, &request, "get_suggestion")?;
        let id = checks.id("suggestion_id", &request.get_ref().suggestion_id);
        let (Some(_), Some(id)) = (actor, id) else { return Err(checks.fault().into()) };
        Ok(Response::new(self.suggestion(id).await?))
    }

    async fn list_suggestions(&self, request: Request<ListSuggestionsRequest>) -> Answer<ListSuggestionsResponse> {
        Ok(Response::new(self.suggestions(request.get_ref()).await?))
    }
}
