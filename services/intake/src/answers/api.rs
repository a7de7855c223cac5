//! The gRPC door to answers that are sent over the channel: request to command, sealed words to whoever sends them. No rules.
use std::sync::Arc;

use backbone::{Checks, Fault, Unit, proto};
use contracts::{
    common::v1::Receipt,
    intake::v1::{
        AnswerCaseRequest, AnswerCaseResponse, GetStatusLinkRequest, GetStatusLinkResponse, MailThread, PushTarget,
        RevealAnswerRequest, RevealAnswerResponse, RevokeStatusLinksRequest, answers_server::Answers as AnswersRpc,
    },
};
use prost::Message as _;
use tonic::{Request, Response, Status};

use super::{Answer, answer, last_message};
use crate::{
    api::customer_of,
    app::App,
    channels::Address,
    desk::{A_PERSON, person},
    domain::{
        case::Case,
        sending::{Sent, part},
    },
    knowledge::Audience,
    store::{self, Found, Look},
    vault::Place,
    wire, words,
};

/// The most bytes of the line that names the status page.
const LINK_MAX: usize = 512;

/// The service.
pub struct Answers(pub Arc<App>);

#[tonic::async_trait]
impl AnswersRpc for Answers {
    async fn answer_case(&self, request: Request<AnswerCaseRequest>) -> Result<Response<AnswerCaseResponse>, Status> {
        let mut checks = Checks::default();
        let actor = checks.actor(&request);
        let by = actor.as_ref().map(|actor| person(actor.as_str()).ok_or(A_PERSON));
        let by = by.and_then(|by| checks.value("metadata.aftercare-actor", by));
        let key = checks.key(&request, "answer_case");
        let id = checks.id("case_id", &request.get_ref().case_id);
        let text = checks.text("text", request.get_ref().text.trim(), 1..=4000);
        let (Some(actor), Some(_), Some(key), Some(id), Some(text)) = (actor, by, key, id, text) else {
            return Err(checks.fault().into());
        };
        let app = &self.0;
        let found = store::case(&app.pool, id).await?;
        let Answer { message_id, over, change, rows } = answer(app, &found, "text", text).await?;
        let unit = rows.into_iter().fold(Unit::of(change), Unit::row);
        let unit = unit.actor(actor).key(key).answer::<Case>(move |id, version, case| {
            let (receipt, message_id) = (Some(wire::receipt(id, version, case)), message_id.to_string());
            AnswerCaseResponse { receipt, message_id, over: over.clone() }.encode_to_vec()
        });
        let answered = app.road.submit(unit).await?;
        Ok(Response::new(AnswerCaseResponse::decode(answered.body.as_slice()).map_err(Fault::internal)?))
    }

    async fn reveal_answer(
        &self,
        request: Request<RevealAnswerRequest>,
    ) -> Result<Response<RevealAnswerResponse>, Status> {
        let mut checks = Checks::default();
        let actor = checks.actor(&request);
        let case_id = checks.id("case_id", &request.get_ref().case_id);
        let message_id = checks.id("message_id", &request.get_ref().message_id);
        let (Some(actor), Some(case_id), Some(message_id)) = (actor, case_id, message_id) else {
            return Err(checks.fault().into());
        };
        let app = &self.0;
        let found = store::case(&app.pool, case_id).await?;
        let unknown = || Fault::not_found("answer", message_id);
        let sent = found.2.answer_sent(message_id).ok_or_else(unknown)?;
        let purpose = format!("message:{message_id}");
        let look = Look { actor: &actor, purpose: &purpose, at: app.clock.now() };
        let automatic = sent.is_automatic();
        let mut revealed = RevealAnswerResponse { automatic, ..RevealAnswerResponse::default() };
        let Some(kind) = app.ways.kind_of(&sent.over) else {
            let (over, case_id) = (sent.over.clone(), case_id.to_string());
            revealed.push = Some(PushTarget { over, case_id, ..PushTarget::default() });
            // Whoever brought the contact was given the link there and then.
            revealed.text = text(app, &found, sent, look).await?.ok_or_else(unknown)?;
            return Ok(Response::new(revealed));
        };
        let last = last_message(app, case_id, &found.2).await?.filter(|last| last.source == sent.over);
        let last = last.ok_or_else(|| Fault::not_found("message", "that is answered"))?;
        // A case that went on as this one may be the same person's by another pseudonym.
        let said_to = store::case(&app.pool, last.case_id).await?;
        let raw = last.open(app, customer_of(&said_to)?).await?;
        let to = Address::of(kind, &raw).ok_or_else(|| Fault::not_found("address", "in the message"))?;
        let private = !Address::is_public(kind, &raw);
        if sent.acknowledgement {
            let said = if private { super::acknowledgement(app, &found, sent, &look).await? } else { None };
            revealed.acknowledgement = Some(said.ok_or_else(unknown)?);
        } else {
            revealed.text = text(app, &found, sent, look).await?.ok_or_else(unknown)?;
            let longest = app.ways.of_source(&sent.over).and_then(|way| way.longest);
            let fits = longest.is_none_or(|longest| revealed.text.len() + LINK_MAX <= longest);
            if private && fits && !automatic && found.2.brings_link(message_id) {
                revealed.status_link = super::link(app, &found, &look).await?.0;
            }
        }
        match to {
            Address::Mail { address, subject, id, before } => {
                revealed.mail = Some(MailThread { address, subject, in_reply_to: id, references: before });
            }
            Address::Platform { customer_ref, conversation, external_ref } => {
                let (over, case_id) = (sent.over.clone(), case_id.to_string());
                revealed.push = Some(PushTarget { over, case_id, customer_ref, conversation, external_ref });
            }
        }
        Ok(Response::new(revealed))
    }

    async fn get_status_link(
        &self,
        request: Request<GetStatusLinkRequest>,
    ) -> Result<Response<GetStatusLinkResponse>, Status> {
        let mut checks = Checks::default();
        let actor = checks.actor(&request);
        let r = request.get_ref();
        let by_case = r.complaint_id.is_empty();
        if !by_case && !r.case_id.is_empty() {
            checks.wrong("complaint_id", "cannot be named together with case_id; leave one of them out");
        }
        let id = match by_case {
            true => checks.id("case_id", &r.case_id),
            false => checks.id("complaint_id", &r.complaint_id).filter(|_| r.case_id.is_empty()),
        };
        let purpose = checks.text("purpose", r.purpose.trim(), 1..=200);
        let customer = match r.customer_id.is_empty() {
            true => Some(None),
            false => checks.id("customer_id", &r.customer_id).map(Some),
        };
        let (Some(actor), Some(id), Some(purpose), Some(customer)) = (actor, id, purpose, customer) else {
            return Err(checks.fault().into());
        };
        let app = &self.0;
        let found =
            if by_case { store::case(&app.pool, id).await? } else { store::of_complaint(&app.pool, id).await? };
        if let Some(customer) = customer
            && !store::customer::same_person(&app.pool, customer_of(&found)?, customer).await?
        {
            return Err(Fault::not_found(if by_case { "case" } else { "complaint" }, id).into());
        }
        let look = Look { actor: &actor, purpose, at: app.clock.now() };
        let (status_link, until) = super::link(app, &found, &look).await?;
        let (case_id, good_until) = (found.0.to_string(), Some(proto::timestamp(until)));
        Ok(Response::new(GetStatusLinkResponse { case_id, status_link, good_until }))
    }

    async fn revoke_status_links(
        &self,
        request: Request<RevokeStatusLinksRequest>,
    ) -> Result<Response<Receipt>, Status> {
        let mut checks = Checks::default();
        let actor = checks.actor(&request);
        let by = actor.as_ref().map(|actor| person(actor.as_str()).ok_or(A_PERSON));
        let by = by.and_then(|by| checks.value("metadata.aftercare-actor", by));
        let case_id = checks.id("case_id", &request.get_ref().case_id);
        let reason = checks.text("reason", request.get_ref().reason.trim(), 1..=200);
        let (Some(actor), Some(_), Some(case_id), Some(reason)) = (actor, by, case_id, reason) else {
            return Err(checks.fault().into());
        };
        let app = &self.0;
        let found = store::case(&app.pool, case_id).await?;
        super::revoke_links(app, &found, &Look { actor: &actor, purpose: reason, at: app.clock.now() }).await?;
        Ok(Response::new(Receipt { id: case_id.to_string(), version: found.1, status: "revoked".to_owned() }))
    }
}

/// The words of an answer: a person's as they are sealed, or the article as it is now. The look is recorded.
async fn text(app: &App, found: &Found, sent: &Sent, look: Look<'_>) -> Result<Option<String>, Fault> {
    let (case_id, _, case) = found;
    if sent.article {
        let article = case.offer.as_ref().and_then(|offer| app.knowledge.get(&offer.article.id, Audience::Customers));
        return Ok(article.map(|article| article.told(app.person.as_deref())));
    }
    let customer = customer_of(found)?;
    let texts = store::look_at_text(&app.pool, *case_id, customer, look).await?;
    let wanted = part(sent.message_id);
    let Some((part, sealed)) = texts.into_iter().find(|(part, _)| *part == wanted) else { return Ok(None) };
    let keys = words::keys(app, customer, [&sealed].into_iter()).await?;
    let place = Place { column: "case_text.body", row: format!("{case_id}/{part}") };
    words::open(&keys, &place, &sealed).map(Some)
}
