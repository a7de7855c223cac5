//! The door to improvement actions: requests -> commands, questions -> responses. Shape and bounds only.
use backbone::{Checks, Fault, page::by_time};
use contracts::{
    common::v1::Receipt,
    complaint::v1::{improvements_server::Improvements, *},
};
use jiff::{SignedDuration, Timestamp};
use tonic::{Request, Response};
use uuid::Uuid;

use super::{
    Answer, Api, lists,
    read::{TEXT_MAX, Wish},
};
use crate::{
    config::Policy,
    domain::{
        Complaint, ImprovementAction,
        improvement::{Command, Problem},
        reporters::{Reporter, Suppression, Tell},
        values::Department,
    },
    store, wire,
};

const STATUS: [&str; 8] =
    ["proposed", "declined", "accepted", "in_work", "released", "effectiveness_check", "effective", "ineffective"];
/// The most characters of a product's id.
const PRODUCT_MAX: usize = 100;
/// The window of the effectiveness check where none is named, and the longest (M25).
const CHECK_DAYS: (u32, u32) = (90, 366);

type Read = Option<Wish<ImprovementAction>>;

fn wish(id: Uuid, command: Command) -> Wish<ImprovementAction> {
    Wish { id, command, notes: vec![] }
}

/// A command and the words that are kept apart.
fn with(id: Uuid, command: Command, field: &'static str, text: &str) -> Wish<ImprovementAction> {
    Wish { id, command, notes: vec![(id, field, text.to_owned())] }
}

/// A department of the routing table.
pub fn department(checks: &mut Checks, field: &str, word: &str, policy: &Policy) -> Option<Department> {
    let department = checks.value(field, word.parse::<Department>())?;
    let known = policy.routing.desk(&department).is_some();
    checks.value(field, if known { Ok(department) } else { Err("is not a department of the routing table") })
}

/// An instant after `now`.
pub fn later(checks: &mut Checks, field: &str, at: Option<&contracts::Timestamp>, now: Timestamp) -> Option<Timestamp> {
    let at = checks.required(field, at)?;
    checks.value(field, if at > now { Ok(at) } else { Err("must be later than now") })
}

/// A product's id, which may be empty.
pub fn product(checks: &mut Checks, id: &str) -> Option<String> {
    checks.text("product_id", id, 0..=PRODUCT_MAX).map(str::to_owned)
}

/// Why somebody is not told.
pub fn reason(checks: &mut Checks, reason: SuppressionReason) -> Option<Suppression> {
    checks.value("reason", wire::suppression_of(reason).ok_or("must be one of the reasons"))
}

fn problem(checks: &mut Checks, r: &ProposeImprovementRequest) -> Option<Problem> {
    let cause = checks.value("cause_code", r.cause_code.parse());
    let product_id = product(checks, &r.product_id);
    let class = match (r.product_id.is_empty(), wire::class_of(r.class())) {
        (true, class) => class.ok_or("must be a class a complaint can have, where no product is named"),
        (false, None) if r.class == 0 => Ok(Default::default()),
        (false, _) => Err("must be absent where a product is named"),
    };
    let class = checks.value("class", class);
    Some(Problem { cause: cause?, product_id: product_id?, class: class? })
}

fn propose(checks: &mut Checks, r: &ProposeImprovementRequest, by: &str, policy: &Policy, now: Timestamp) -> Read {
    let problem = problem(checks, r);
    let owner = department(checks, "owner_department", &r.owner_department, policy);
    let due_by = later(checks, "due_by", r.due_by.as_ref(), now);
    let text = checks.text("text", &r.text, 1..=TEXT_MAX);
    let finding_id = checks.optional_id("finding_id", &r.finding_id);
    let (problem, ladder) = (problem?, policy.terms.ladder.clone());
    let id = problem.action_id();
    let (owner, due_by, by, finding_id) = (owner?, due_by?, by.to_owned(), finding_id?);
    Some(with(id, Command::Propose { problem, owner, due_by, by, finding_id, ladder }, "proposal", text?))
}

fn decline(checks: &mut Checks, r: &DeclineImprovementRequest) -> Read {
    let id = checks.id("action_id", &r.action_id);
    let reason = checks.text("reason", &r.reason, 1..=TEXT_MAX);
    Some(with(id?, Command::Decline, "decline_reason", reason?))
}

fn start_work(checks: &mut Checks, r: &StartImprovementWorkRequest) -> Read {
    let id = checks.id("action_id", &r.action_id);
    let root_cause = checks.value("root_cause_code", r.root_cause_code.parse());
    let text = checks.text("text", &r.text, 1..=TEXT_MAX);
    Some(with(id?, Command::StartWork { root_cause: root_cause? }, "root_cause", text?))
}

fn release(checks: &mut Checks, r: &ReleaseImprovementRequest) -> Read {
    let id = checks.id("action_id", &r.action_id);
    let (usual, most) = CHECK_DAYS;
    let days = if r.check_after_days == 0 { usual } else { r.check_after_days };
    let days = checks.within("check_after_days", days, 1..=most);
    let text = checks.text("text", &r.text, 1..=TEXT_MAX);
    let check_after = SignedDuration::from_hours(24 * i64::from(days?));
    Some(with(id?, Command::Release { check_after }, "measure", text?))
}

fn informed(checks: &mut Checks, r: &RecordReporterInformedRequest) -> Read {
    let id = checks.id("action_id", &r.action_id);
    let report_id = checks.id("complaint_id", &r.complaint_id);
    Some(wish(id?, Command::Tell(Tell::InPerson { report_id: report_id? })))
}

fn suppress(checks: &mut Checks, r: &SuppressReporterRequest) -> Read {
    let id = checks.id("action_id", &r.action_id);
    let report_id = checks.id("complaint_id", &r.complaint_id);
    let reason = reason(checks, r.reason());
    Some(wish(id?, Command::Tell(Tell::Suppress { report_id: report_id?, reason: reason? })))
}

fn judge(checks: &mut Checks, r: &JudgeImprovementRequest) -> Read {
    let id = checks.id("action_id", &r.action_id);
    let text = checks.text("text", &r.text, 1..=TEXT_MAX);
    Some(with(id?, Command::Judge { effective: r.effective }, "verdict", text?))
}

fn reopen(checks: &mut Checks, r: &ReopenImprovementRequest, now: Timestamp) -> Read {
    let id = checks.id("action_id", &r.action_id);
    let root_cause = checks.value("root_cause_code", r.root_cause_code.parse());
    let due_by = later(checks, "due_by", r.due_by.as_ref(), now);
    let text = checks.text("text", &r.text, 1..=TEXT_MAX);
    let command = Command::Reopen { root_cause: root_cause?, due_by: due_by? };
    Some(with(id?, command, "root_cause", text?))
}

impl Api {
    /// The complaint as a report, if both ids are well formed; a wrong one is named by [`attach`].
    async fn report(&self, r: &AttachReporterRequest) -> Result<Option<Reporter>, Fault> {
        let mut ids = Checks::default();
        let (action, complaint) = (ids.id("action_id", &r.action_id), ids.id("complaint_id", &r.complaint_id));
        let (Some(_), Some(id)) = (action, complaint) else { return Ok(None) };
        let found = store::get::<Complaint>(&self.pool, id).await?;
        let (_, complaint) = found.ok_or_else(|| Fault::not_found("complaint", id))?;
        Ok(Some(wire::report(&complaint)))
    }

    async fn improvement(&self, id: Uuid) -> Result<GetImprovementResponse, Fault> {
        let found = store::get::<ImprovementAction>(&self.pool, id).await?;
        let (version, action) = found.ok_or_else(|| Fault::not_found("improvement", id))?;
        Ok(GetImprovementResponse {
            improvement: Some(wire::improvement_view(version, &action)),
            reporters: wire::reporter_views(&action.reporters),
            notes: store::notes_of(&self.pool, id).await?.into_iter().map(lists::note).collect(),
        })
    }

    async fn improvements(&self, r: &ListImprovementsRequest) -> Result<ListImprovementsResponse, Fault> {
        let mut checks = Checks::default();
        let status = checks.optional_of("status", &r.status, &STATUS);
        let owner = checks.optional::<Department>("owner_department", &r.owner_department);
        let page = checks.page(r.page.as_ref(), by_time);
        let (Some(status), Some(owner), Some((page, after))) = (status, owner, page) else {
            return Err(checks.fault());
        };
        let owner = owner.as_ref().map(Department::as_str);
        let asked = [("owner", owner), ("status", status)];
        let rows = store::list::<ImprovementAction>(&self.pool, "proposed_at", &asked, after, page.limit()).await?;
        let next = page.next(&rows, |(_, action)| (action.proposed_at.to_string(), action.problem.action_id()));
        let improvements = rows.iter().map(|(version, action)| wire::improvement_view(*version, action)).collect();
        Ok(ListImprovementsResponse { improvements, next_page_token: next })
    }
}

fn attach(checks: &mut Checks, r: &AttachReporterRequest, report: Option<Reporter>) -> Read {
    let id = checks.id("action_id", &r.action_id);
    checks.id("complaint_id", &r.complaint_id);
    Some(wish(id?, Command::Attach(report?)))
}

#[tonic::async_trait]
impl Improvements for Api {
    async fn propose(&self, request: Request<ProposeImprovementRequest>) -> Answer<Receipt> {
        let now = self.clock.now();
        Ok(self.change(request, "propose_improvement", |c, r, by| propose(c, r, by, &self.policy, now)).await?)
    }

    async fn accept(&self, request: Request<AcceptImprovementRequest>) -> Answer<Receipt> {
        let read = |c: &mut Checks, r: &AcceptImprovementRequest, _: &str| {
            c.id("action_id", &r.action_id).map(|id| wish(id, Command::Accept))
        };
        Ok(self.change(request, "accept_improvement", read).await?)
    }

    async fn decline(&self, request: Request<DeclineImprovementRequest>) -> Answer<Receipt> {
        Ok(self.change(request, "decline_improvement", |c, r, _| decline(c, r)).await?)
    }

    async fn start_work(&self, request: Request<StartImprovementWorkRequest>) -> Answer<Receipt> {
        Ok(self.change(request, "start_improvement_work", |c, r, _| start_work(c, r)).await?)
    }

    async fn attach_reporter(&self, request: Request<AttachReporterRequest>) -> Answer<Receipt> {
        let report = self.report(request.get_ref()).await?;
        Ok(self.change(request, "attach_reporter", |c, r, _| attach(c, r, report)).await?)
    }

    async fn release(&self, request: Request<ReleaseImprovementRequest>) -> Answer<Receipt> {
        Ok(self.change(request, "release_improvement", |c, r, _| release(c, r)).await?)
    }

    async fn record_informed(&self, request: Request<RecordReporterInformedRequest>) -> Answer<Receipt> {
        Ok(self.change(request, "record_reporter_informed", |c, r, _| informed(c, r)).await?)
    }

    async fn suppress_reporter(&self, request: Request<SuppressReporterRequest>) -> Answer<Receipt> {
        Ok(self.change(request, "suppress_reporter", |c, r, _| suppress(c, r)).await?)
    }

    async fn judge(&self, request: Request<JudgeImprovementRequest>) -> Answer<Receipt> {
        Ok(self.change(request, "judge_improvement", |c, r, _| judge(c, r)).await?)
    }

    async fn reopen(&self, request: Request<ReopenImprovementRequest>) -> Answer<Receipt> {
        let now = self.clock.now();
        Ok(self.change(request, "reopen_improvement", |c, r, _| reopen(c, r, now)).await?)
    }

    async fn get_improvement(&self, request: Request<GetImprovementRequest>) -> Answer<GetImprovementResponse> {
        // It shows what people wrote, so whoever reads must say who he is.
        let mut checks = Checks::default();
        let actor = self.actor(&mut checks, &request, "get_improvement")?;
        let id = checks.id("action_id", &request.get_ref().action_id);
        let (Some(_), Some(id)) = (actor, id) else { return Err(checks.fault().into()) };
        Ok(Response::new(self.improvement(id).await?))
    }

    async fn list_improvements(&self, request: Request<ListImprovementsRequest>) -> Answer<ListImprovementsResponse> {
        Ok(Response::new(self.improvements(request.get_ref()).await?))
    }
}
