//! The gRPC door for who is one person with whom, and for base data of purchases: request to command, or query to
//! response. No rules.
mod find;
mod follow;

use std::{collections::BTreeSet, sync::Arc};

use backbone::{Actor, Change, Checks, Fault, IdempotencyKey, Row, Unit, proto};
use contracts::{
    common::v1::{BaseDataFlag, Receipt},
    intake::v1::{
        CorrectBaseDataRequest, CustomerHistoryEntry, CustomerView, FindCustomersRequest, FindCustomersResponse,
        GetCustomerRequest, LinkCustomersRequest, ListCustomerHistoryRequest, ListCustomerHistoryResponse,
        ListCustomerLinksRequest, ListCustomerLinksResponse, ListIncompleteBaseDataRequest,
        ListIncompleteBaseDataResponse, UnlinkCustomersRequest, customers_server::Customers as CustomersRpc,
    },
};
use prost::Message as _;
use tonic::{Request, Response, Status};
use uuid::Uuid;

pub use self::follow::Follower;
use crate::{
    app::App,
    desk::{A_PERSON, person},
    domain::{
        base_data::Flaw,
        customer_link::{Command, CustomerLink, Pair, State},
        identity,
        purchase::{self, Purchase},
    },
    store::{self, customer},
    vault::{Person, person_row},
    wire,
};

/// Notes that who a customer is one person with has changed.
const LINKS_CHANGED: &str = "-- customer_told.links_changed
    links_changed as (insert into customer_told (customer_id, links) select id, true from unnest($1::uuid[]) as id)";

/// The service.
pub struct Customers(pub Arc<App>);

/// Who says what of which pair, and why.
struct Asked {
    actor: Actor,
    by: String,
    key: Option<IdempotencyKey>,
    pair: Pair,
    reason: String,
}

impl Asked {
    /// Errors: each wrong field.
    fn read<T: contracts::Message>(
        request: &Request<T>,
        scope: &str,
        [one, other, reason]: [&str; 3],
    ) -> Result<Self, Fault> {
        let mut checks = Checks::default();
        let actor = checks.actor(request);
        let by = actor
            .as_ref()
            .and_then(|actor| checks.value("metadata.aftercare-actor", person(actor.as_str()).ok_or(A_PERSON)));
        let key = checks.key(request, scope);
        let both = (checks.id("customer_id", one), checks.id("other_customer_id", other));
        let pair = both.0.zip(both.1).and_then(|(one, other)| {
            checks.value("other_customer_id", Pair::of(one, other).ok_or("is the same customer; name another one"))
        });
        let reason = checks.text("reason", reason.trim(), 1..=200).map(str::to_owned);
        let (Some(actor), Some(by), Some(key), Some(pair), Some(reason)) = (actor, by, key, pair, reason) else {
            return Err(checks.fault());
        };
        Ok(Self { actor, by, key, pair, reason })
    }
}

impl Customers {
    async fn submit(&self, asked: Asked, command: Command) -> Result<Response<Receipt>, Status> {
        let unit =
            Unit::of(Change::to::<CustomerLink>(asked.pair.link_id(), command)).actor(asked.actor).key(asked.key);
        let unit = links_changed(asked.pair).into_iter().fold(unit, Unit::row);
        let answer = |id, version, link: &CustomerLink| wire::customer::receipt(id, version, link).encode_to_vec();
        receipt(&self.0.road.submit(unit.answer::<CustomerLink>(answer)).await?.body)
    }

    /// All who are one person with a customer we know. Errors: we do not know it.
    async fn person(&self, customer: Uuid) -> Result<Vec<Uuid>, Fault> {
        self.known(&[customer]).await?;
        customer::one_person(&self.0.pool, customer).await
    }

    /// Errors: we do not know one of them.
    async fn known(&self, customers: &[Uuid]) -> Result<(), Fault> {
        let known = customer::known(&self.0.pool, customers).await?;
        let unknown = customers.iter().find(|id| !known.contains(id));
        unknown.map_or(Ok(()), |id| Err(Fault::not_found("customer", id)))
    }
}

fn receipt(body: &[u8]) -> Result<Response<Receipt>, Status> {
    Ok(Response::new(Receipt::decode(body).map_err(Fault::internal)?))
}

/// The rows by which the purchases of both are judged again.
fn links_changed(pair: Pair) -> [Row; 2] {
    [pair.customer_id, pair.other_id].map(|id| Row::new(LINKS_CHANGED, id))
}

#[tonic::async_trait]
impl CustomersRpc for Customers {
    async fn link_customers(&self, request: Request<LinkCustomersRequest>) -> Result<Response<Receipt>, Status> {
        let r = request.get_ref();
        let asked = Asked::read(&request, "link_customers", [&r.customer_id, &r.other_customer_id, &r.reason])?;
        let Asked { by, pair, reason, .. } = &asked;
        self.known(&[pair.customer_id, pair.other_id]).await?;
        let lead = self.0.terms.is_lead(&asked.actor);
        let members = customer::members(&self.0.pool, *pair).await?;
        let link = Command::Link { pair: *pair, by: by.clone(), reason: reason.clone(), lead, members };
        self.submit(asked, link).await
    }

    async fn unlink_customers(&self, request: Request<UnlinkCustomersRequest>) -> Result<Response<Receipt>, Status> {
        let r = request.get_ref();
        let asked = Asked::read(&request, "unlink_customers", [&r.customer_id, &r.other_customer_id, &r.reason])?;
        self.known(&[asked.pair.customer_id, asked.pair.other_id]).await?;
        let unlink = Command::Unlink { by: asked.by.clone(), reason: asked.reason.clone() };
        self.submit(asked, unlink).await
    }

    async fn find_customers(
        &self,
        request: Request<FindCustomersRequest>,
    ) -> Result<Response<FindCustomersResponse>, Status> {
        Ok(Response::new(find::find(&self.0, &request).await?))
    }

    async fn get_customer(&self, request: Request<GetCustomerRequest>) -> Result<Response<CustomerView>, Status> {
        let mut checks = Checks::default();
        let id = checks.id("customer_id", &request.get_ref().customer_id);
        let Some(id) = id else { return Err(checks.fault().into()) };
        let person = self.person(id).await?;
        let links = customer::links_of(&self.0.pool, &person).await?;
        let base_data = customer::base_data(&self.0.pool, &[id]).await?;
        let (is_named, can_be_reached) = base_data.get(&id).copied().unwrap_or_default();
        let (purchases, cases) = customer::told(&self.0.pool, &person).await?;
        Ok(Response::new(CustomerView {
            customer_id: id.to_string(),
            customer_ids: person.iter().map(Uuid::to_string).collect(),
            links: links.iter().filter_map(wire::customer::view).collect(),
            is_named,
            can_be_reached,
            purchases,
            cases,
        }))
    }

    async fn list_customer_links(
        &self,
        request: Request<ListCustomerLinksRequest>,
    ) -> Result<Response<ListCustomerLinksResponse>, Status> {
        let mut checks = Checks::default();
        let r = request.get_ref();
        let status = checks.optional_of("status", &r.status, &State::WORDS);
        let page = checks.page(r.page.as_ref(), |_, id| Some(id));
        let (Some(status), Some((page, after))) = (status, page) else { return Err(checks.fault().into()) };
        let links = customer::links(&self.0.pool, status.unwrap_or("proposed"), &page, after).await?;
        let next_page_token = page.next(&links, |one| (String::new(), one.0));
        let links = links.iter().filter_map(wire::customer::view).collect();
        Ok(Response::new(ListCustomerLinksResponse { links, next_page_token }))
    }

    async fn list_customer_history(
        &self,
        request: Request<ListCustomerHistoryRequest>,
    ) -> Result<Response<ListCustomerHistoryResponse>, Status> {
        let mut checks = Checks::default();
        let id = checks.id("customer_id", &request.get_ref().customer_id);
        let page = checks.page(request.get_ref().page.as_ref(), |at, id| Some((at.parse::<i64>().ok()?, id)));
        let (Some(id), Some((page, after))) = (id, page) else { return Err(checks.fault().into()) };
        let person = self.person(id).await?;
        let told = customer::history(&self.0.pool, &person, &page, after).await?;
        let next_page_token = page.next(&told, customer::Told::place);
        let entry = |told: customer::Told| CustomerHistoryEntry {
            purchase_id: if told.is_case { String::new() } else { told.id.to_string() },
            case_id: if told.is_case { told.id.to_string() } else { String::new() },
            customer_id: told.customer_id.to_string(),
            at: told.at().map(proto::timestamp),
            channel: told.channel().map_or(0, |channel| wire::channel(channel).into()),
            status: told.status,
        };
        Ok(Response::new(ListCustomerHistoryResponse {
            entries: told.into_iter().map(entry).collect(),
            next_page_token,
        }))
    }

    async fn list_incomplete_base_data(
        &self,
        request: Request<ListIncompleteBaseDataRequest>,
    ) -> Result<Response<ListIncompleteBaseDataResponse>, Status> {
        let mut checks = Checks::default();
        let page = checks.page(request.get_ref().page.as_ref(), |_, id| Some(id));
        let Some((page, after)) = page else { return Err(checks.fault().into()) };
        let flaw = wire::purchase::flaw_of(request.get_ref().flag());
        let found = customer::flagged(&self.0.pool, flaw, &page, after).await?;
        let next_page_token = page.next(&found, |one| (String::new(), one.0));
        let purchases =
            found.iter().filter_map(|(_, version, one)| wire::purchase::incomplete(*version, one)).collect();
        Ok(Response::new(ListIncompleteBaseDataResponse { purchases, next_page_token }))
    }

    async fn correct_base_data(&self, request: Request<CorrectBaseDataRequest>) -> Result<Response<Receipt>, Status> {
        let mut checks = Checks::default();
        let actor = checks.actor(&request);
        let key = checks.key(&request, "correct_base_data");
        let id = checks.id("purchase_id", &request.get_ref().purchase_id);
        let given = given(&mut checks, request.get_ref());
        let (Some(actor), Some(key), Some(id), Some((told, confirmed))) = (actor, key, id, given) else {
            return Err(checks.fault().into());
        };
        let facts = store::purchase(&self.0.pool, id).await?.facts;
        let owner = facts.ok_or_else(|| Fault::not_found("purchase", id))?.customer_id;
        let (name, contact) = customer::base_data(&self.0.pool, &[owner]).await?.remove(&owner).unwrap_or_default();
        let mut known = self.0.known(&told);
        (known.name, known.contact) = (known.name || name, known.contact || contact);
        let unit = Unit::of(Change::to::<Purchase>(id, purchase::Command::Correct { known, confirmed }));
        let unit = if told == Person::default() {
            unit
        } else {
            unit.row(person_row(&self.0.master, &self.0.master.new_key(owner)?, &told)?)
        };
        let answer = |id, version, one: &Purchase| wire::purchase::receipt(id, version, one).encode_to_vec();
        let unit = unit.actor(actor).key(key).answer::<Purchase>(answer);
        receipt(&self.0.road.submit(unit).await?.body)
    }
}

/// What is added, and what is confirmed.
fn given(checks: &mut Checks, r: &CorrectBaseDataRequest) -> Option<(Person, BTreeSet<Flaw>)> {
    let added = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let name = checks.text("name", r.name.trim(), 0..=200).map(added);
    let phone = match r.phone.trim() {
        "" => Some(None),
        text => {
            checks.value("phone", identity::phone(text).ok_or("give 5 to 20 digits, with + and the country")).map(Some)
        }
    };
    let email = match r.email.trim() {
        "" => Some(None),
        text => checks.value("email", identity::email(text).ok_or("give one such as ana@example.com")).map(Some),
    };
    let listed = checks.list("confirmed", &r.confirmed, Flaw::ALL.len())?;
    let confirmed: Vec<Option<Flaw>> = listed
        .iter()
        .enumerate()
        .map(|(n, flag)| {
            let flaw = BaseDataFlag::try_from(*flag).ok().and_then(wire::purchase::flaw_of);
            let flaw = flaw.filter(|flaw| flaw.can_be_confirmed());
            checks.value(&format!("confirmed[{n}]"), flaw.ok_or("names what cannot be confirmed; add what is missing"))
        })
        .collect();
    let confirmed = confirmed.into_iter().collect::<Option<BTreeSet<Flaw>>>()?;
    let told = Person { name: name?, phone: phone?, email: email?, address: None };
    if told == Person::default() && confirmed.is_empty() {
        checks.wrong("name", "is missing, and so is all else; add what is missing, or confirm what is right");
        return None;
    }
    Some((told, confirmed))
}
