//! The door to repairs and to those who do them: requests are read, warranties are asked, steps are handed on. No rules.
use std::collections::BTreeSet;

use backbone::{Actor, Change, Checks, Fault, Unit, page::by_time};
use contracts::{
    Message,
    common::v1::Receipt,
    fulfilment::v1::{
        AnswerAlternativeRequest, AnswerRepairQuoteRequest, AssignTechnicianRequest, DiagnoseRepairRequest,
        HandOverRepairRequest, ListRepairsRequest, ListRepairsResponse, ListTechniciansRequest,
        ListTechniciansResponse, OfferAlternativeRequest, QuoteRepairRequest, RecordPartsArrivedRequest,
        RecordRepairSatisfactionRequest, RegisterRepairRequest, RepairItem, SetTechnicianRequest, StartRepairRequest,
        TestRepairRequest, WaitForPartsRequest, repairs_server::Repairs,
    },
};
use jiff::{Span, Timestamp, civil::Date, tz::TimeZone};
use kernel::returns::Bearer;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::{
    Api, caller, key,
    request::{code, word},
};
use crate::{
    domain::{
        order::{
            Command, Rejection, ServiceOrder,
            request::{self as asked, Line},
            work::{AlternativeKind, Diagnosis, Feasibility, Item, ItemKind, Registration, Satisfaction, Stage, Step},
        },
        technician::{self, Profile, Technician, technician_id},
        warranty::{Coverage, Facts},
    },
    store::{self, Stored},
    wire,
};

const ITEMS_MAX: usize = 100;
const SKILLS_MAX: usize = 50;
const WORD_MAX: usize = 200;
const QUANTITY_MAX: u32 = 1_000_000;

impl Api {
    /// A step of the work at a line, as `read` from the request.
    async fn step<T: Message>(
        &self,
        request: &Request<T>,
        scope: &str,
        (order_id, line_no): (&str, u32),
        read: impl FnOnce(&mut Checks) -> Option<Step> + Send,
    ) -> Result<Response<Receipt>, Status> {
        let mut checks = Checks::default();
        let caller = caller(&mut checks, request, scope);
        let id = checks.id("order_id", order_id);
        let line_no = checks.within("line_no", line_no, 1..=u32::MAX);
        let step = read(&mut checks);
        let (Some(caller), Some(id), Some(line_no), Some(step)) = (caller, id, line_no, step) else {
            return Err(checks.fault().into());
        };
        let by = caller.0.as_str().to_owned();
        let work = asked::Command::Work { line_no, by, step };
        self.command(caller, Change::to::<ServiceOrder>(id, Command::Request(work))).await
    }

    /// Who bears the cost of what was found; nothing where the request does not name a line. Errors: there is no such order
    /// or line.
    async fn coverage(&self, order_id: &str, line_no: u32, misuse: bool) -> Result<Option<Coverage>, Fault> {
        let place = usize::try_from(line_no).unwrap_or(usize::MAX).checked_sub(1);
        let (Ok(id), Some(place)) = (order_id.parse::<Uuid>(), place) else { return Ok(None) };
        let order = store::order(&self.pool, id).await?.map(|order| order.state);
        let order = order.ok_or_else(|| Fault::not_found("service_order", "with this id"))?;
        let request = order.request.ok_or(Rejection::NoSuchLine)?;
        let backed = request.review.is_some() || request.agreed;
        let (opened_at, line) =
            order.opened_at.zip(request.lines.into_iter().nth(place)).ok_or(Rejection::NoSuchLine)?;
        let shown = line.bought.is_some() || backed;
        let said = facts(line, opened_at, misuse);
        let covered = self.warranties.decide(said.clone());
        // What nobody but the caller says of an article of no purchase does not make its repair cost us.
        let stated = !shown && covered.bearer == Bearer::Company;
        let unknown = Facts { bought_on: None, delivered_on: None, ..said };
        Ok(Some(if stated { self.warranties.decide(unknown) } else { covered }))
    }
}

/// What warranties are asked: what the line knew when it was asked for, in days as they are in UTC.
fn facts(line: Line, opened_at: Timestamp, misuse: bool) -> Facts {
    let asked_on = opened_at.to_zoned(TimeZone::UTC).date();
    let ago = |days: Option<u32>| -> Option<Date> {
        let days = Span::new().try_days(days?).ok()?;
        asked_on.checked_sub(days).ok()
    };
    let said = &line.receipt.facts;
    Facts {
        category: said.category.clone(),
        bought_on: ago(said.days_since_purchase),
        delivered_on: ago(said.days_since_delivery),
        serial: line.serial,
        batch: line.batch,
        asked_on,
        misuse,
    }
}

/// Labour and parts.
fn items(checks: &mut Checks, items: &[RepairItem]) -> Option<Vec<Item>> {
    let listed = checks.list("items", items, ITEMS_MAX);
    let some = if items.is_empty() { Err("must name at least one of labour or parts") } else { Ok(()) };
    let some = checks.value("items", some);
    let one = |(n, one): (usize, &RepairItem)| {
        let field = |name: &str| format!("items[{n}].{name}");
        let kind = word::<ItemKind>(checks, &field("kind"), &one.kind);
        let code = code(checks, &field("code"), &one.code);
        let quantity = checks.within(&field("quantity"), one.quantity, 1..=QUANTITY_MAX);
        let price = match wire::money(&field("unit_price"), one.unit_price.as_ref()) {
            Ok(price) if price.minor >= 0 => Some(price),
            Ok(_) => checks.value(&field("unit_price.minor"), Err("must not be below nothing")),
            Err(fault) => {
                fault.violations().iter().for_each(|wrong| checks.wrong(&wrong.field, &wrong.reason));
                None
            }
        };
        Some(Item { kind: kind?, code: code?, quantity: quantity?, unit_price: price? })
    };
    let read: Vec<Option<Item>> = listed.unwrap_or_default().iter().enumerate().map(one).collect();
    some?;
    listed.and(read.into_iter().collect())
}

/// Where something is kept: no words.
pub(super) fn reference(checks: &mut Checks, field: &str, reference: &str) -> Option<String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | ':' | '/' | '-');
    let fits = (1..=WORD_MAX).contains(&reference.len()) && reference.chars().all(plain);
    let wrong = "must be 1 to 200 letters, digits and \".\", \"_\", \":\", \"/\", \"-\": a reference, no words";
    checks.value(field, if fits { Ok(reference.to_owned()) } else { Err(wrong) })
}

/// The same, which may be left out.
pub(super) fn optional_reference(checks: &mut Checks, field: &str, told: &str) -> Option<String> {
    if told.is_empty() { Some(String::new()) } else { reference(checks, field, told) }
}

/// A member of the staff; case makes nobody else of him.
fn staff(checks: &mut Checks, field: &str, name: &str) -> Option<String> {
    let known = Actor::parse(name).filter(|_| name.starts_with("staff:"));
    let known = known.map(|actor| actor.as_str().to_lowercase());
    checks.value(field, known.ok_or("must name a member of the staff, for example staff:li"))
}

#[tonic::async_trait]
impl Repairs for Api {
    async fn register_repair(&self, request: Request<RegisterRepairRequest>) -> Result<Response<Receipt>, Status> {
        let r = request.get_ref();
        let read = |checks: &mut Checks| {
            let problem = code(checks, "problem", &r.problem);
            let description = reference(checks, "words_reference", &r.words_reference);
            let feasibility = word::<Feasibility>(checks, "feasibility", &r.feasibility);
            let reason = code(checks, "reason", &r.reason);
            let (problem, description, feasibility, reason) = (problem?, description?, feasibility?, reason?);
            let (by, at) = (String::new(), Timestamp::UNIX_EPOCH);
            Some(Step::Register(Box::new(Registration { problem, description, feasibility, reason, by, at })))
        };
        self.step(&request, "fulfilment.register_repair", (&r.order_id, r.line_no), read).await
    }

    async fn diagnose_repair(&self, request: Request<DiagnoseRepairRequest>) -> Result<Response<Receipt>, Status> {
        let r = request.get_ref();
        let coverage = self.coverage(&r.order_id, r.line_no, r.misuse).await?;
        let read = |checks: &mut Checks| {
            let cause = code(checks, "cause", &r.cause);
            let none = !r.repairable && r.skill.is_empty();
            let skill = if none { Some(String::new()) } else { code(checks, "skill", &r.skill) };
            let (cause, skill, coverage) = (cause?, skill?, coverage?);
            let (by, at, repairable) = (String::new(), Timestamp::UNIX_EPOCH, r.repairable);
            Some(Step::Diagnose(Box::new(Diagnosis { repairable, cause, skill, coverage, by, at })))
        };
        self.step(&request, "fulfilment.diagnose_repair", (&r.order_id, r.line_no), read).await
    }

    async fn quote_repair(&self, request: Request<QuoteRepairRequest>) -> Result<Response<Receipt>, Status> {
        let r = request.get_ref();
        let read = |checks: &mut Checks| Some(Step::Quote { items: items(checks, &r.items)? });
        self.step(&request, "fulfilment.quote_repair", (&r.order_id, r.line_no), read).await
    }

    async fn answer_repair_quote(
        &self,
        request: Request<AnswerRepairQuoteRequest>,
    ) -> Result<Response<Receipt>, Status> {
        let r = request.get_ref();
        let read = |checks: &mut Checks| {
            let version = checks.within("version", r.version, 1..=u32::MAX)?;
            Some(Step::AnswerQuote { version, agreed: r.agreed })
        };
        self.step(&request, "fulfilment.answer_repair_quote", (&r.order_id, r.line_no), read).await
    }

    async fn assign_technician(&self, request: Request<AssignTechnicianRequest>) -> Result<Response<Receipt>, Status> {
        let r = request.get_ref();
        let read = |checks: &mut Checks| Some(Step::Assign { technician: staff(checks, "technician", &r.technician)? });
        self.step(&request, "fulfilment.assign_technician", (&r.order_id, r.line_no), read).await
    }

    async fn wait_for_parts(&self, request: Request<WaitForPartsRequest>) -> Result<Response<Receipt>, Status> {
        let r = request.get_ref();
        let read = |_: &mut Checks| Some(Step::AwaitParts);
        self.step(&request, "fulfilment.wait_for_parts", (&r.order_id, r.line_no), read).await
    }

    async fn record_parts_arrived(
        &self,
        request: Request<RecordPartsArrivedRequest>,
    ) -> Result<Response<Receipt>, Status> {
        let r = request.get_ref();
        let read = |_: &mut Checks| Some(Step::PartsArrived);
        self.step(&request, "fulfilment.record_parts_arrived", (&r.order_id, r.line_no), read).await
    }

    async fn start_repair(&self, request: Request<StartRepairRequest>) -> Result<Response<Receipt>, Status> {
        let r = request.get_ref();
        let read = |_: &mut Checks| Some(Step::Start);
        self.step(&request, "fulfilment.start_repair", (&r.order_id, r.line_no), read).await
    }

    async fn test_repair(&self, request: Request<TestRepairRequest>) -> Result<Response<Receipt>, Status> {
        let r = request.get_ref();
        let read = |_: &mut Checks| Some(Step::Test { passed: r.passed });
        self.step(&request, "fulfilment.test_repair", (&r.order_id, r.line_no), read).await
    }

    async fn hand_over_repair(&self, request: Request<HandOverRepairRequest>) -> Result<Response<Receipt>, Status> {
        let r = request.get_ref();
        let read = |checks: &mut Checks| {
            let payment = checks.text("payment_reference", &r.payment_reference, 0..=WORD_MAX)?.trim();
            let place = checks.text("place", &r.place, 0..=WORD_MAX)?.to_owned();
            Some(Step::HandOver {
                payment: (!payment.is_empty()).then(|| payment.to_owned()),
                by_provider: r.taken_by_provider,
                place,
            })
        };
        self.step(&request, "fulfilment.hand_over_repair", (&r.order_id, r.line_no), read).await
    }

    async fn record_repair_satisfaction(
        &self,
        request: Request<RecordRepairSatisfactionRequest>,
    ) -> Result<Response<Receipt>, Status> {
        let r = request.get_ref();
        let read = |checks: &mut Checks| Some(Step::Satisfaction(word::<Satisfaction>(checks, "answer", &r.answer)?));
        self.step(&request, "fulfilment.record_repair_satisfaction", (&r.order_id, r.line_no), read).await
    }

    async fn offer_alternative(&self, request: Request<OfferAlternativeRequest>) -> Result<Response<Receipt>, Status> {
        let r = request.get_ref();
        let read =
            |checks: &mut Checks| Some(Step::Offer(word::<AlternativeKind>(checks, "alternative", &r.alternative)?));
        self.step(&request, "fulfilment.offer_alternative", (&r.order_id, r.line_no), read).await
    }

    async fn answer_alternative(
        &self,
        request: Request<AnswerAlternativeRequest>,
    ) -> Result<Response<Receipt>, Status> {
        let r = request.get_ref();
        let read = |checks: &mut Checks| {
            let number = checks.within("number", r.number, 1..=u32::MAX)?;
            Some(Step::AnswerOffer { number, agreed: r.agreed })
        };
        self.step(&request, "fulfilment.answer_alternative", (&r.order_id, r.line_no), read).await
    }

    async fn list_repairs(
        &self,
        request: Request<ListRepairsRequest>,
    ) -> Result<Response<ListRepairsResponse>, Status> {
        let ListRepairsRequest { status, technician, page } = request.into_inner();
        let mut checks = Checks::default();
        let status = checks.optional_of("status", &status, &Stage::ALL.map(Stage::word));
        let technician = match technician.as_str() {
            "" => Some(None),
            name => staff(&mut checks, "technician", name).map(Some),
        };
        let page = checks.page(page.as_ref(), by_time);
        let (Some(status), Some(technician), Some((page, after))) = (status, technician, page) else {
            return Err(checks.fault().into());
        };
        let rows = store::repairs(&self.pool, (status, technician.as_deref()), after, page.limit()).await?;
        let place = |row: &Stored<ServiceOrder>| (key(row.state.opened_at), row.id);
        let next_page_token = page.next(&rows, place);
        let views = rows.iter().filter_map(|row| row.state.request.as_ref()).flat_map(wire::repair::repair_views);
        let meant = views.filter(|view| {
            status.is_none_or(|status| view.status == status)
                && technician.as_ref().is_none_or(|technician| view.technician == *technician)
        });
        Ok(Response::new(ListRepairsResponse { repairs: meant.collect(), next_page_token }))
    }

    async fn set_technician(&self, request: Request<SetTechnicianRequest>) -> Result<Response<Receipt>, Status> {
        let mut checks = Checks::default();
        let caller = caller(&mut checks, &request, "fulfilment.set_technician");
        let r = request.get_ref();
        let staff = staff(&mut checks, "staff_id", &r.staff_id);
        let listed = checks.list("skills", &r.skills, SKILLS_MAX);
        let skills = listed.unwrap_or_default().iter().enumerate();
        let skills: Vec<_> = skills.map(|(n, skill)| code(&mut checks, &format!("skills[{n}]"), skill)).collect();
        let skills = listed.and(skills.into_iter().collect::<Option<BTreeSet<_>>>());
        let store = checks.text("store", &r.store, 1..=WORD_MAX).map(str::to_owned);
        let (Some((actor, key)), Some(staff), Some(skills), Some(store)) = (caller, staff, skills, store) else {
            return Err(checks.fault().into());
        };
        let id = technician_id(&staff);
        let set = technician::Command::Set(Profile { staff, skills, store, active: r.active });
        let receipt = |id: Uuid, version, technician: &Technician| {
            let active = technician.profile.as_ref().is_some_and(|profile| profile.active);
            let status = if active { "active" } else { "inactive" }.to_owned();
            Receipt { id: id.to_string(), version, status }.encode_to_vec()
        };
        let unit = Unit::of(Change::to::<Technician>(id, set)).actor(actor).key(key).answer::<Technician>(receipt);
        let answer = self.road.submit(unit).await?;
        Ok(Response::new(Receipt::decode(answer.body.as_slice()).map_err(Fault::internal)?))
    }

    async fn list_technicians(
        &self,
        request: Request<ListTechniciansRequest>,
    ) -> Result<Response<ListTechniciansResponse>, Status> {
        let ListTechniciansRequest { skill, page } = request.into_inner();
        let mut checks = Checks::default();
        let skill = if skill.is_empty() { Some(None) } else { code(&mut checks, "skill", &skill).map(Some) };
        let page = checks.page(page.as_ref(), |name, id| Some((name.to_owned(), id)));
        let (Some(skill), Some((page, after))) = (skill, page) else { return Err(checks.fault().into()) };
        let rows = store::technicians(&self.pool, skill.as_deref(), after, page.limit()).await?;
        let name = |row: &Stored<Technician>| {
            row.state.profile.as_ref().map(|profile| profile.staff.clone()).unwrap_or_default()
        };
        Ok(Response::new(ListTechniciansResponse {
            next_page_token: page.next(&rows, |row| (name(row), row.id)),
            technicians: rows
                .iter()
                .map(|row| wire::repair::technician_view(row.id, row.version, &row.state))
                .collect(),
        }))
    }
}
