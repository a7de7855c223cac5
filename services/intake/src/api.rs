//! The gRPC door for staff tools and the other services: request to command, or query to response. No rules.
use std::sync::Arc;

use backbone::{Change, Fault, Unit, page::Page, proto};
use contracts::{
    common::v1::{Count, Receipt},
    intake::v1::{
        CaseView, CloseCaseRequest, GetCaseRequest, GetCaseResponse, GetOverviewRequest, GetOverviewResponse,
        ListQueueRequest, ListQueueResponse, RespondToCaseRequest, RevealCaseRequest, RevealCaseResponse,
        RevealContactRequest, RevealContactResponse, intake_server::Intake,
    },
};
use prost::Message;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::{
    app::App,
    domain::case::{Case, Command},
    store::{self, Look},
    vault::{CustomerKey, Place, Text, key_of, text_row},
    wire,
};

/// The service.
pub struct Api(pub Arc<App>);

#[tonic::async_trait]
impl Intake for Api {
    async fn get_case(&self, request: Request<GetCaseRequest>) -> Result<Response<GetCaseResponse>, Status> {
        let id = proto::id("case_id", &request.get_ref().case_id)?;
        let case = view(store::case(&self.0.pool, id).await?)?;
        Ok(Response::new(GetCaseResponse { case: Some(case) }))
    }

    async fn list_queue(&self, request: Request<ListQueueRequest>) -> Result<Response<ListQueueResponse>, Status> {
        let page = request.into_inner().page.unwrap_or_default();
        let page = Page::from_request(page.size, &page.token)?;
        let (cases, next_page_token) = store::queue(&self.0.pool, &page, self.0.clock.now()).await?;
        let cases = cases.into_iter().map(view).collect::<Result<_, _>>()?;
        Ok(Response::new(ListQueueResponse { cases, next_page_token }))
    }

    async fn respond_to_case(&self, request: Request<RespondToCaseRequest>) -> Result<Response<Receipt>, Status> {
        let (actor, key) = (backbone::actor(&request)?, key(&request, "respond_to_case")?);
        let RespondToCaseRequest { case_id, text } = request.into_inner();
        let id = proto::id("case_id", &case_id)?;
        let text = prose("text", &text, 4000)?;
        let customer = customer_of(&store::case(&self.0.pool, id).await?)?;
        let row = text_row(&self.0.master.new_key(customer)?, id, "answer", text)?;
        self.submit(Unit::of(Change::to::<Case>(id, Command::Respond)).row(row).actor(actor).key(key)).await
    }

    async fn close_case(&self, request: Request<CloseCaseRequest>) -> Result<Response<Receipt>, Status> {
        let (actor, key) = (backbone::actor(&request)?, key(&request, "close_case")?);
        let id = proto::id("case_id", &request.get_ref().case_id)?;
        let outcome = wire::outcome_by_person(&request.get_ref().outcome)
            .ok_or_else(|| Fault::invalid("outcome", "is answered, guidance or suggestion_recorded"))?;
        let unit = Unit::of(Change::to::<Case>(id, Command::Close(outcome))).actor(actor).key(key);
        self.submit(unit).await
    }

    async fn reveal_contact(
        &self,
        request: Request<RevealContactRequest>,
    ) -> Result<Response<RevealContactResponse>, Status> {
        let actor = backbone::actor(&request)?;
        let customer = proto::id("customer_id", &request.get_ref().customer_id)?;
        let purpose = prose("purpose", &request.get_ref().purpose, 200)?;
        let look = Look { actor: &actor, purpose, at: self.0.clock.now() };
        let sealed = store::look_at_contact(&self.0.pool, customer, look).await?;
        let fields = [&sealed.name, &sealed.phone, &sealed.email];
        let keys = self.keys(customer, fields.into_iter().flatten()).await?;
        let open = |column: &'static str, sealed: Option<Vec<u8>>| match sealed {
            Some(sealed) => open(&keys, &Place { column, row: customer.to_string() }, &sealed),
            None => Ok(String::new()),
        };
        Ok(Response::new(RevealContactResponse {
            name: open("customer.name", sealed.name)?,
            phone: open("customer.phone", sealed.phone)?,
            email: open("customer.email", sealed.email)?,
        }))
    }

    async fn reveal_case(&self, request: Request<RevealCaseRequest>) -> Result<Response<RevealCaseResponse>, Status> {
        let actor = backbone::actor(&request)?;
        let case_id = proto::id("case_id", &request.get_ref().case_id)?;
        let purpose = prose("purpose", &request.get_ref().purpose, 200)?;
        let customer = customer_of(&store::case(&self.0.pool, case_id).await?)?;
        let look = Look { actor: &actor, purpose, at: self.0.clock.now() };
        let mut response = RevealCaseResponse::default();
        let texts = store::look_at_text(&self.0.pool, case_id, customer, look).await?;
        let keys = self.keys(customer, texts.iter().map(|(_, sealed)| sealed)).await?;
        for (part, sealed) in texts {
            let row = format!("{case_id}/{part}");
            let body = open(&keys, &Place { column: "case_text.body", row }, &sealed)?;
            if part == "answer" {
                response.answer = body;
                continue;
            }
            let Text { content, circumstances, expected_resolution, symptoms, frequency_of_use } =
                serde_json::from_str(&body).map_err(Fault::internal)?;
            response.content = content;
            response.circumstances = circumstances.unwrap_or_default();
            response.expected_resolution = expected_resolution.unwrap_or_default();
            response.symptoms = symptoms.unwrap_or_default();
            response.frequency_of_use = frequency_of_use.unwrap_or_default();
        }
        Ok(Response::new(response))
    }

    async fn get_overview(&self, _: Request<GetOverviewRequest>) -> Result<Response<GetOverviewResponse>, Status> {
        let found = store::overview(&self.0.pool, self.0.clock.now()).await?;
        let late = found.cases.iter().filter(|row| row.0 == "routed").map(|row| row.2.unsigned_abs()).sum();
        let open_health = found.cases.iter().filter(|row| row.0 != "closed").map(|row| row.3.unsigned_abs()).sum();
        let cases = found.cases.into_iter().map(|row| Count { key: row.0, count: row.1.unsigned_abs() }).collect();
        let (purchases, customers) = (found.purchases.unsigned_abs(), found.customers.unsigned_abs());
        Ok(Response::new(GetOverviewResponse { purchases, customers, cases, late, open_health }))
    }
}

impl Api {
    async fn submit(&self, unit: Unit) -> Result<Response<Receipt>, Status> {
        let unit = unit.answer::<Case>(|id, version, case| wire::receipt(id, version, case).encode_to_vec());
        let answer = self.0.road.submit(unit).await?;
        Ok(Response::new(Receipt::decode(answer.body.as_slice()).map_err(Fault::internal)?))
    }

    /// The customer's keys that open `sealed`.
    async fn keys(&self, customer: Uuid, sealed: impl Iterator<Item = &Vec<u8>>) -> Result<Vec<CustomerKey>, Fault> {
        let ids: Vec<Uuid> = sealed.filter_map(|value| key_of(value)).collect();
        let stored = store::keys(&self.0.pool, customer, &ids).await?;
        stored.into_iter().map(|(id, wrapped)| self.0.master.unwrap_key(customer, id, wrapped)).collect()
    }
}

/// Opens a value with its key. Errors: the customer's keys were destroyed, and the customer with them.
fn open(keys: &[CustomerKey], place: &Place, sealed: &[u8]) -> Result<String, Fault> {
    let key = keys.iter().find(|key| Some(key.id) == key_of(sealed));
    let gone =
        || Fault::rejected("customer.forgotten", "the customer was forgotten: the keys to these data are destroyed");
    key.ok_or_else(gone)?.open(place, sealed)
}

fn key<T: Message>(request: &Request<T>, scope: &str) -> Result<Option<backbone::IdempotencyKey>, Fault> {
    backbone::key(request, scope, &request.get_ref().encode_to_vec())
}

fn view((id, version, case): store::Found) -> Result<CaseView, Fault> {
    wire::view(version, &case).ok_or_else(|| Fault::not_found("case", id))
}

fn customer_of((id, _, case): &store::Found) -> Result<Uuid, Fault> {
    case.facts.as_ref().map(|facts| facts.customer_id).ok_or_else(|| Fault::not_found("case", id))
}

/// Text that must be there: 1 to `max` characters, no control characters but line ends and tabs.
fn prose<'a>(field: &str, text: &'a str, max: usize) -> Result<&'a str, Fault> {
    let text = text.trim();
    let odd = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
    if text.is_empty() || text.chars().count() > max || text.contains(odd) {
        return Err(Fault::invalid(field, format!("is 1 to {max} characters without control characters")));
    }
    Ok(text)
}
