//! Major issues: the gRPC door for those who lead them, and the part that finds whom an active one concerns. No rules.
use std::{
    collections::HashSet,
    sync::{Arc, Mutex},
};

use backbone::{Actor, Change, Checks, Fault, IdempotencyKey, Unit};
use contracts::{
    common::v1::Receipt,
    intake::v1::{
        ActivateMajorIssueRequest, ApproveMajorIssueRequest, CloseMajorIssueRequest, ExtendMajorIssueRequest,
        GetMajorIssueRequest, ListMajorIssueMembersRequest, ListMajorIssueMembersResponse, MajorIssueView,
        MitigateMajorIssueRequest, ProposeMajorIssueRequest, RecordMajorIssueAnswerRequest, RejectMajorIssueRequest,
        ResumeMajorIssueRequest, SuppressMajorIssueMemberRequest, major_issues_server::MajorIssues as MajorIssuesRpc,
    },
};
use jiff::{SignedDuration, Timestamp};
use kernel::calendar;
use prost::Message as _;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::{
    app::App,
    desk::{A_PERSON, person},
    domain::{
        major_issue::{Command, MajorIssue, What},
        member::{self, Member},
    },
    store::issue as store,
    wire,
};

/// How many are put on record at once.
const PORTION: i64 = 200;
/// How soon it is looked again when nobody was found.
const AGAIN: SignedDuration = SignedDuration::from_secs(60);

/// The service.
pub struct MajorIssues(pub Arc<App>);

/// Finds whom active issues concern.
pub struct Finder {
    app: Arc<App>,
    /// When to look next.
    next: Mutex<Timestamp>,
}

impl Finder {
    /// One that looks at once.
    pub fn new(app: Arc<App>) -> Self {
        Self { app, next: Mutex::new(Timestamp::MIN) }
    }

    /// Puts a portion of those whom active issues concern on record, and asks for a message to each; says how many.
    /// What another replica has found meanwhile is found to be on record. When there is nobody it rests for a minute,
    /// and so finds who buys or contacts us later as well.
    pub async fn find_once(&self) -> Result<usize, Fault> {
        let now = self.app.clock.now();
        if self.next.lock().is_ok_and(|next| now < *next) {
            return Ok(0);
        }
        let mut found = 0;
        for issue in store::active(&self.app.pool).await? {
            for what in issue.concerned() {
                found += self.put_on_record(&issue, what).await?;
            }
        }
        if found == 0
            && let Ok(mut next) = self.next.lock()
        {
            *next = calendar::add(now, AGAIN);
        }
        Ok(found)
    }

    async fn put_on_record(&self, issue: &MajorIssue, what: &What) -> Result<usize, Fault> {
        let concerned = store::concerned(&self.app.pool, issue.issue_id, what, PORTION).await?;
        let changes = concerned.iter().map(|one| {
            let store::Concerned { customer_id, bought, heard_of } = *one;
            let facts = member::Facts { issue_id: issue.issue_id, customer_id, bought, heard_of };
            Change::create::<Member>(member::id_of(issue.issue_id, customer_id), member::Command::Ask(facts))
        });
        let unit = changes.fold(None, |unit: Option<Unit>, change| match unit {
            Some(unit) => Some(unit.and(change)),
            None => Some(Unit::of(change)),
        });
        if let Some(unit) = unit {
            self.app.road.submit(unit.actor(Actor::service("intake"))).await?;
        }
        Ok(concerned.len())
    }
}

/// Who asks what, of which issue.
struct Asked {
    actor: Actor,
    by: String,
    key: Option<IdempotencyKey>,
    id: Uuid,
}

impl MajorIssues {
    async fn submit(&self, asked: Asked, command: Command) -> Result<Response<Receipt>, Status> {
        let unit = Unit::of(Change::to::<MajorIssue>(asked.id, command)).actor(asked.actor).key(asked.key);
        let receipt = |id: Uuid, version, issue: &MajorIssue| Receipt {
            id: id.to_string(),
            version,
            status: issue.state.name().to_owned(),
        };
        let unit = unit.answer::<MajorIssue>(move |id, version, issue| receipt(id, version, issue).encode_to_vec());
        read(&self.0.road.submit(unit).await?.body)
    }

    /// How many an active issue concerns who are no members yet, as far as one look tells.
    async fn not_found_yet(&self, id: Uuid) -> Result<u64, Fault> {
        let issue = store::active(&self.0.pool).await?.into_iter().find(|issue| issue.issue_id == id);
        let mut found = HashSet::new();
        for what in issue.iter().flat_map(MajorIssue::concerned) {
            let concerned = store::concerned(&self.0.pool, id, what, PORTION).await?;
            found.extend(concerned.into_iter().map(|one| one.customer_id));
        }
        Ok(u64::try_from(found.len()).unwrap_or(u64::MAX))
    }

    async fn tell(&self, asked: Asked, customer: Uuid, command: member::Command) -> Result<Response<Receipt>, Status> {
        let id = member::id_of(asked.id, customer);
        let unit = Unit::of(Change::to::<Member>(id, command)).actor(asked.actor).key(asked.key);
        let receipt = |id: Uuid, version, member: &Member| Receipt {
            id: id.to_string(),
            version,
            status: member.state.name().to_owned(),
        };
        let unit = unit.answer::<Member>(move |id, version, member| receipt(id, version, member).encode_to_vec());
        read(&self.0.road.submit(unit).await?.body)
    }
}

fn read(body: &[u8]) -> Result<Response<Receipt>, Status> {
    Ok(Response::new(Receipt::decode(body).map_err(Fault::internal)?))
}

/// A person, what was asked for before, and the issue; each wrong field is noted.
fn asked<T: contracts::Message>(checks: &mut Checks, request: &Request<T>, scope: &str, id: &str) -> Option<Asked> {
    let (who, id) = (by(checks, request, scope), checks.id("issue_id", id));
    let (actor, by, key) = who?;
    Some(Asked { actor, by, key, id: id? })
}

type By = (Actor, String, Option<IdempotencyKey>);

fn by<T: contracts::Message>(checks: &mut Checks, request: &Request<T>, scope: &str) -> Option<By> {
    let actor = checks.actor(request);
    let by = actor.as_ref();
    let by = by.and_then(|actor| checks.value("metadata.aftercare-actor", person(actor.as_str()).ok_or(A_PERSON)));
    let key = checks.key(request, scope);
    Some((actor?, by?, key?))
}

/// Product or batch, or both.
fn what(checks: &mut Checks, product_id: &str, batch: &str, harmed_only: bool) -> Option<What> {
    let product_id = checks.text("product_id", product_id.trim(), 0..=100)?;
    let batch = checks.text("batch", batch.trim(), 0..=100)?;
    let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let what = What { product_id: given(product_id), batch: given(batch), harmed_only };
    if what.product_id.is_none() && what.batch.is_none() {
        checks.wrong("batch", "is missing, and so is product_id; name what concerns the customers");
        return None;
    }
    Some(what)
}

#[tonic::async_trait]
impl MajorIssuesRpc for MajorIssues {
    async fn propose_major_issue(
        &self,
        request: Request<ProposeMajorIssueRequest>,
    ) -> Result<Response<Receipt>, Status> {
        let mut checks = Checks::default();
        let r = request.get_ref();
        let who = by(&mut checks, &request, "propose_major_issue");
        let what = what(&mut checks, &r.product_id, &r.batch, r.harmed_only);
        let reason = checks.text("reason", r.reason.trim(), 1..=500).map(str::to_owned);
        let (Some((actor, by, key)), Some(what), Some(reason)) = (who, what, reason) else {
            return Err(checks.fault().into());
        };
        let id = self.0.new_id(self.0.clock.now());
        let propose = Command::Propose { issue_id: id, reason, what, by: by.clone() };
        self.submit(Asked { actor, by, key, id }, propose).await
    }

    async fn extend_major_issue(&self, request: Request<ExtendMajorIssueRequest>) -> Result<Response<Receipt>, Status> {
        let mut checks = Checks::default();
        let r = request.get_ref();
        let asked = asked(&mut checks, &request, "extend_major_issue", &r.issue_id);
        let what = what(&mut checks, &r.product_id, &r.batch, r.harmed_only);
        let (Some(asked), Some(what)) = (asked, what) else { return Err(checks.fault().into()) };
        let by = asked.by.clone();
        self.submit(asked, Command::Extend { what, by }).await
    }

    async fn approve_major_issue(
        &self,
        request: Request<ApproveMajorIssueRequest>,
    ) -> Result<Response<Receipt>, Status> {
        let mut checks = Checks::default();
        let asked = asked(&mut checks, &request, "approve_major_issue", &request.get_ref().issue_id);
        let Some(asked) = asked else { return Err(checks.fault().into()) };
        let by = asked.by.clone();
        self.submit(asked, Command::Approve { by }).await
    }

    async fn reject_major_issue(&self, request: Request<RejectMajorIssueRequest>) -> Result<Response<Receipt>, Status> {
        let mut checks = Checks::default();
        let asked = asked(&mut checks, &request, "reject_major_issue", &request.get_ref().issue_id);
        let reason = checks.text("reason", request.get_ref().reason.trim(), 1..=500).map(str::to_owned);
        let (Some(asked), Some(reason)) = (asked, reason) else { return Err(checks.fault().into()) };
        self.submit(asked, Command::Reject { reason }).await
    }

    async fn activate_major_issue(
        &self,
        request: Request<ActivateMajorIssueRequest>,
    ) -> Result<Response<Receipt>, Status> {
        let mut checks = Checks::default();
        let asked = asked(&mut checks, &request, "activate_major_issue", &request.get_ref().issue_id);
        let Some(asked) = asked else { return Err(checks.fault().into()) };
        self.submit(asked, Command::Activate).await
    }

    async fn mitigate_major_issue(
        &self,
        request: Request<MitigateMajorIssueRequest>,
    ) -> Result<Response<Receipt>, Status> {
        let mut checks = Checks::default();
        let asked = asked(&mut checks, &request, "mitigate_major_issue", &request.get_ref().issue_id);
        let measure = checks.text("measure", request.get_ref().measure.trim(), 1..=500).map(str::to_owned);
        let (Some(asked), Some(measure)) = (asked, measure) else { return Err(checks.fault().into()) };
        let by = asked.by.clone();
        self.submit(asked, Command::Mitigate { measure, by }).await
    }

    async fn resume_major_issue(&self, request: Request<ResumeMajorIssueRequest>) -> Result<Response<Receipt>, Status> {
        let mut checks = Checks::default();
        let asked = asked(&mut checks, &request, "resume_major_issue", &request.get_ref().issue_id);
        let reason = checks.text("reason", request.get_ref().reason.trim(), 1..=500).map(str::to_owned);
        let (Some(asked), Some(reason)) = (asked, reason) else { return Err(checks.fault().into()) };
        self.submit(asked, Command::Resume { reason }).await
    }

    async fn close_major_issue(&self, request: Request<CloseMajorIssueRequest>) -> Result<Response<Receipt>, Status> {
        let mut checks = Checks::default();
        let asked = asked(&mut checks, &request, "close_major_issue", &request.get_ref().issue_id);
        let Some(asked) = asked else { return Err(checks.fault().into()) };
        let counts = store::counts(&self.0.pool, asked.id).await?;
        let waiting = counts.iter().filter(|(status, ..)| status == "asked" || status == "failed");
        let waiting: u64 = waiting.map(|(_, count, _)| count.unsigned_abs()).sum();
        let waiting = waiting + self.not_found_yet(asked.id).await?;
        self.submit(asked, Command::Close { waiting }).await
    }

    async fn get_major_issue(
        &self,
        request: Request<GetMajorIssueRequest>,
    ) -> Result<Response<MajorIssueView>, Status> {
        let mut checks = Checks::default();
        let id = checks.id("issue_id", &request.get_ref().issue_id);
        let Some(id) = id else { return Err(checks.fault().into()) };
        let (version, issue) = store::get(&self.0.pool, id).await?;
        let counts = store::counts(&self.0.pool, id).await?;
        Ok(Response::new(wire::major_issue::view(version, &issue, &counts)))
    }

    async fn list_major_issue_members(
        &self,
        request: Request<ListMajorIssueMembersRequest>,
    ) -> Result<Response<ListMajorIssueMembersResponse>, Status> {
        let mut checks = Checks::default();
        let r = request.get_ref();
        let id = checks.id("issue_id", &r.issue_id);
        let status = checks.optional_of("status", &r.status, &member::State::WORDS);
        let page = checks.page(r.page.as_ref(), |_, id| Some(id));
        let (Some(id), Some(status), Some((page, after))) = (id, status, page) else {
            return Err(checks.fault().into());
        };
        let members = store::members(&self.0.pool, id, status, &page, after).await?;
        let next_page_token = page.next(&members, |one| (String::new(), one.0));
        let members = members.iter().filter_map(wire::major_issue::member).collect();
        Ok(Response::new(ListMajorIssueMembersResponse { members, next_page_token }))
    }

    async fn suppress_major_issue_member(
        &self,
        request: Request<SuppressMajorIssueMemberRequest>,
    ) -> Result<Response<Receipt>, Status> {
        let mut checks = Checks::default();
        let r = request.get_ref();
        let asked = asked(&mut checks, &request, "suppress_major_issue_member", &r.issue_id);
        let customer = checks.id("customer_id", &r.customer_id);
        let reason = checks.text("reason", r.reason.trim(), 1..=200).map(str::to_owned);
        let (Some(asked), Some(customer), Some(reason)) = (asked, customer, reason) else {
            return Err(checks.fault().into());
        };
        let by = asked.by.clone();
        self.tell(asked, customer, member::Command::Suppress { reason, by }).await
    }

    async fn record_major_issue_answer(
        &self,
        request: Request<RecordMajorIssueAnswerRequest>,
    ) -> Result<Response<Receipt>, Status> {
        let mut checks = Checks::default();
        let r = request.get_ref();
        let asked = asked(&mut checks, &request, "record_major_issue_answer", &r.issue_id);
        let customer = checks.id("customer_id", &r.customer_id);
        let (Some(asked), Some(customer)) = (asked, customer) else { return Err(checks.fault().into()) };
        let by = asked.by.clone();
        self.tell(asked, customer, member::Command::Answer { by }).await
    }
}
