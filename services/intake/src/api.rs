//! The gRPC door for staff tools and the other services: request to command, or query to response. No rules.
use std::{collections::BTreeSet, sync::Arc};

use backbone::{Change, Checks, Fault, Unit};
use contracts::{
    common::v1::{Count, Receipt},
    intake::v1::{
        AddToCaseRequest, CaseView, CloseCaseRequest, GetCaseRequest, GetCaseResponse, GetOverviewRequest,
        GetOverviewResponse, ListQueueRequest, ListQueueResponse, RespondToCaseRequest, RevealCaseRequest,
        RevealCaseResponse, RevealContactRequest, RevealContactResponse, intake_server::Intake,
    },
};
use jiff::Timestamp;
use prost::Message;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::{
    answers,
    app::App,
    desk::{A_PERSON, person},
    domain::{
        case::{Case, Command},
        record::{Added, Part},
    },
    health::{heard, heard_first},
    store::{self, Look, Whose},
    vault::{Place, text_row},
    wire, words,
};

/// What to do about an answer that was not given yet.
const FUTURE: &str = "is in the future; leave it out when the answer is given now";

/// How a person ends a case.
pub const OUTCOMES: &str = "must be answered, guidance or suggestion_recorded";

/// The service.
pub struct Api(pub Arc<App>);

#[tonic::async_trait]
impl Intake for Api {
    async fn get_case(&self, request: Request<GetCaseRequest>) -> Result<Response<GetCaseResponse>, Status> {
        let mut checks = Checks::default();
        let id = checks.id("case_id", &request.get_ref().case_id);
        let Some(id) = id else { return Err(checks.fault().into()) };
        let found = store::case(&self.0.pool, id).await?;
        let lacking = wire::fields(&self.0.minimum.lacking(&found.2));
        let over = answers::way(&self.0, &found).await?.map(|way| way.over);
        let mut case = view(found)?;
        let candidates = store::duplicate_candidates(&self.0.pool, id, self.0.terms.duplicates_within).await?;
        case.lacking = lacking;
        case.answered_over = over.unwrap_or_default();
        case.viewers = self.0.viewers.of(id, self.0.clock.now());
        case.duplicates = store::duplicates_of(&self.0.pool, id).await?;
        case.duplicate_candidates = candidates.iter().map(Uuid::to_string).collect();
        Ok(Response::new(GetCaseResponse { case: Some(case) }))
    }

    async fn list_queue(&self, request: Request<ListQueueRequest>) -> Result<Response<ListQueueResponse>, Status> {
        let mut checks = Checks::default();
        let r = request.get_ref();
        let page = checks.page(r.page.as_ref(), store::Place::parse);
        let whose = whose(&mut checks, r);
        let (Some((page, after)), Some(whose)) = (page, whose) else { return Err(checks.fault().into()) };
        let (cases, next_page_token) = store::queue(&self.0.pool, whose, &page, after, self.0.clock.now()).await?;
        let cases = cases.into_iter().map(view).collect::<Result<_, _>>()?;
        Ok(Response::new(ListQueueResponse { cases, next_page_token }))
    }

    async fn respond_to_case(&self, request: Request<RespondToCaseRequest>) -> Result<Response<Receipt>, Status> {
        let mut checks = Checks::default();
        let actor = checks.actor(&request);
        let key = checks.key(&request, "respond_to_case");
        let id = checks.id("case_id", &request.get_ref().case_id);
        let text = checks.text("text", request.get_ref().text.trim(), 1..=4000);
        let at = checks.instant("responded_at", request.get_ref().responded_at.as_ref());
        let given = |at: Option<Timestamp>| at.is_none_or(|at| at <= self.0.clock.now()).then_some(at).ok_or(FUTURE);
        let at = at.and_then(|at| checks.value("responded_at", given(at)));
        let (Some(actor), Some(key), Some(id), Some(text), Some(at)) = (actor, key, id, text, at) else {
            return Err(checks.fault().into());
        };
        let case = store::case(&self.0.pool, id).await?;
        let customer = customer_of(&case)?;
        let contact = case.2.facts.as_ref().map(|facts| facts.occurred_at);
        if let Some(contact) = contact.filter(|contact| at.is_some_and(|at| at < *contact)) {
            let reason = format!("is before the contact, which was at {contact}; say when it was answered");
            return Err(Fault::invalid("responded_at", reason).into());
        }
        // The words of each turn are kept beside those of the others.
        let owed = case.2.owed_reply().filter(|owed| at.is_none_or(|at| at >= owed.started_at));
        let turn = owed.map(|owed| format!("answer_{}", owed.started_at.as_microsecond()));
        let part = turn.as_deref().unwrap_or("answer");
        let row = text_row(&self.0.master.new_key(customer)?, id, part, text)?;
        let respond = Command::Respond { at, levels: Arc::clone(&self.0.levels) };
        submit(&self.0, Unit::of(Change::to::<Case>(id, respond)).row(row).actor(actor).key(key)).await
    }

    async fn add_to_case(&self, request: Request<AddToCaseRequest>) -> Result<Response<Receipt>, Status> {
        let mut checks = Checks::default();
        let actor = checks.actor(&request);
        let key = checks.key(&request, "add_to_case");
        let r = request.get_ref();
        let id = checks.id("case_id", &r.case_id);
        let words = [
            (Part::Content, checks.text("content", r.content.trim(), 0..=4000)),
            (Part::Circumstances, checks.text("circumstances", r.circumstances.trim(), 0..=2000)),
            (Part::ExpectedResolution, checks.text("expected_resolution", r.expected_resolution.trim(), 0..=2000)),
        ];
        let readable = words.iter().all(|(_, text)| text.is_some());
        let said: Vec<_> = words.into_iter().filter_map(|(part, text)| Some((part, text?))).collect();
        let said: Vec<_> = said.into_iter().filter(|(_, text)| !text.is_empty()).collect();
        let emotion = wire::emotion_of(r.emotion());
        let parts: BTreeSet<_> = said.iter().map(|(part, _)| *part).chain(emotion.map(|_| Part::Emotion)).collect();
        if readable && parts.is_empty() {
            checks.wrong("content", "say at least one of content, circumstances, expected_resolution and emotion");
        }
        let (Some(actor), Some(key), Some(id)) = (actor, key, id) else { return Err(checks.fault().into()) };
        if !readable || parts.is_empty() {
            return Err(checks.fault().into());
        }
        let customer = customer_of(&store::case(&self.0.pool, id).await?)?;
        let sealed = self.0.master.new_key(customer)?;
        let command = Command::Complete { added: Added { parts, emotion }, minimum: Arc::clone(&self.0.minimum) };
        let all = said.iter().map(|(_, text)| *text).collect::<Vec<_>>().join("\n");
        let unit = heard_first(heard(&self.0, id, &all), Change::to::<Case>(id, command)).actor(actor).key(key);
        let rows = said.iter().map(|(part, text)| text_row(&sealed, id, part.word(), text));
        let unit = rows.into_iter().try_fold(unit, |unit, row| Ok::<_, Fault>(unit.row(row?)))?;
        submit(&self.0, unit).await
    }

    async fn close_case(&self, request: Request<CloseCaseRequest>) -> Result<Response<Receipt>, Status> {
        let mut checks = Checks::default();
        let actor = checks.actor(&request);
        let key = checks.key(&request, "close_case");
        let id = checks.id("case_id", &request.get_ref().case_id);
        let outcome = wire::outcome_by_person(&request.get_ref().outcome);
        let outcome = checks.value("outcome", outcome.ok_or(OUTCOMES));
        let (Some(actor), Some(key), Some(id), Some(outcome)) = (actor, key, id, outcome) else {
            return Err(checks.fault().into());
        };
        let close = Command::Close { outcome, levels: Arc::clone(&self.0.levels) };
        submit(&self.0, Unit::of(Change::to::<Case>(id, close)).actor(actor).key(key)).await
    }

    async fn reveal_contact(
        &self,
        request: Request<RevealContactRequest>,
    ) -> Result<Response<RevealContactResponse>, Status> {
        let mut checks = Checks::default();
        let actor = checks.actor(&request);
        let customer = checks.id("customer_id", &request.get_ref().customer_id);
        let purpose = checks.text("purpose", request.get_ref().purpose.trim(), 1..=200);
        let (Some(actor), Some(customer), Some(purpose)) = (actor, customer, purpose) else {
            return Err(checks.fault().into());
        };
        let look = Look { actor: &actor, purpose, at: self.0.clock.now() };
        let mut revealed = RevealContactResponse::default();
        for sealed in store::look_at_contact(&self.0.pool, customer, look).await? {
            let store::SealedContact { id, name, phone, email } = sealed;
            let keys = words::keys(&self.0, id, [&name, &phone, &email].into_iter().flatten()).await?;
            let fields = [
                ("customer.name", name, &mut revealed.name),
                ("customer.phone", phone, &mut revealed.phone),
                ("customer.email", email, &mut revealed.email),
            ];
            for (column, sealed, into) in fields {
                if let Some(sealed) = sealed.filter(|_| into.is_empty()) {
                    *into = words::open(&keys, &Place { column, row: id.to_string() }, &sealed)?;
                }
            }
        }
        Ok(Response::new(revealed))
    }

    async fn reveal_case(&self, request: Request<RevealCaseRequest>) -> Result<Response<RevealCaseResponse>, Status> {
        let mut checks = Checks::default();
        let actor = checks.actor(&request);
        let case_id = checks.id("case_id", &request.get_ref().case_id);
        let purpose = checks.text("purpose", request.get_ref().purpose.trim(), 1..=200);
        let (Some(actor), Some(case_id), Some(purpose)) = (actor, case_id, purpose) else {
            return Err(checks.fault().into());
        };
        let case = store::case(&self.0.pool, case_id).await?;
        let look = Look { actor: &actor, purpose, at: self.0.clock.now() };
        Ok(Response::new(words::with_merged(&self.0, &case, look).await?))
    }

    async fn get_overview(&self, _: Request<GetOverviewRequest>) -> Result<Response<GetOverviewResponse>, Status> {
        let found = store::overview(&self.0.pool, self.0.clock.now()).await?;
        let late = found.cases.iter().filter(|row| row.0 == "routed").map(|row| row.2.unsigned_abs()).sum();
        let open_health = found
            .cases
            .iter()
            .filter(|row| !["closed", "rejected", "merged"].contains(&row.0.as_str()))
            .map(|row| row.3.unsigned_abs())
            .sum();
        let cases = found.cases.into_iter().map(|row| Count { key: row.0, count: row.1.unsigned_abs() }).collect();
        let (purchases, customers) = (found.purchases.unsigned_abs(), found.customers.unsigned_abs());
        let quarantined = found.quarantined.unsigned_abs();
        Ok(Response::new(GetOverviewResponse { purchases, customers, cases, late, open_health, quarantined }))
    }
}

/// Does what was asked of a case, and says what came of it.
pub async fn submit(app: &App, unit: Unit) -> Result<Response<Receipt>, Status> {
    Ok(Response::new(done(app, unit).await?))
}

/// The same, of one case among many.
pub async fn done(app: &App, unit: Unit) -> Result<Receipt, Fault> {
    let unit = unit.answer::<Case>(|id, version, case| wire::receipt(id, version, case).encode_to_vec());
    let answer = app.road.submit(unit).await?;
    Receipt::decode(answer.body.as_slice()).map_err(Fault::internal)
}

/// Whose cases are asked for.
pub fn whose<'a>(checks: &mut Checks, asked: &'a ListQueueRequest) -> Option<Whose<'a>> {
    let ListQueueRequest { assigned_to, unassigned, tag, unsure, undelivered, .. } = asked;
    let known = match (assigned_to.as_str(), *unassigned) {
        ("", _) => Ok(None),
        (_, true) => Err("cannot be asked for together with unassigned; leave one of them out"),
        (text, false) => person(text).map(|_| Some(text)).ok_or(A_PERSON),
    };
    let tag = Some(tag.as_str()).filter(|tag| !tag.is_empty());
    let (unassigned, unsure, undelivered) = (*unassigned, *unsure, *undelivered);
    checks.value("assigned_to", known).map(|assigned_to| Whose { assigned_to, unassigned, unsure, undelivered, tag })
}

/// A case as staff tools see it.
pub fn view((id, version, case): store::Found) -> Result<CaseView, Fault> {
    wire::view(version, &case).ok_or_else(|| Fault::not_found("case", id))
}

/// Whose case it is.
pub fn customer_of((id, _, case): &store::Found) -> Result<Uuid, Fault> {
    case.facts.as_ref().map(|facts| facts.customer_id).ok_or_else(|| Fault::not_found("case", id))
}
