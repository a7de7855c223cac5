//! Queries -> responses: one complaint with what was written about it, lists in pages, the overview.
use backbone::{Checks, Fault, page::by_time, proto};
use contracts::{common::v1::Count, complaint::v1::*};
use jiff::SignedDuration;
use kernel::sla::SEGMENTS;
use uuid::Uuid;

use super::Api;
use crate::{
    domain::{
        Complaint, DepartmentTask, Escalation,
        fairness::{Band, Comparables},
        values::Department,
    },
    store, wire,
};

const COMPLAINT: [&str; 13] = [
    "recorded",
    "assessed",
    "investigating",
    "investigated",
    "solution_drafted",
    "in_approval",
    "approved",
    "offered",
    "agreed",
    "executing",
    "executed",
    "satisfaction_check",
    "closed",
];
const TASK: [&str; 6] = ["issued", "acknowledged", "answered", "returned", "accepted", "cancelled"];
const ESCALATION: [&str; 4] = ["raised", "acknowledged", "decided", "closed"];

/// What somebody wrote.
pub fn note(note: store::Note) -> Note {
    Note {
        owner_id: note.owner.to_string(),
        field: note.field,
        number: u32::try_from(note.number).unwrap_or(u32::MAX),
        text: note.body,
        by: note.written_by,
        at: Some(proto::timestamp(note.written_at.to_jiff())),
    }
}

impl Api {
    pub(super) async fn complaint(&self, id: Uuid) -> Result<GetComplaintResponse, Fault> {
        let found = store::get::<Complaint>(&self.pool, id).await?;
        let (version, complaint) = found.ok_or_else(|| Fault::not_found("complaint", id))?;
        let (offers, class, severity) = (&self.policy.rules.offers, complaint.class(), complaint.severity());
        let kinds = |names: &[String]| names.iter().map(|name| wire::kind_named(name).into()).collect();
        Ok(GetComplaintResponse {
            guidance: self.policy.guidance.of(complaint.class(), complaint.facts.emotion),
            offered: offers.of(class, severity).into_iter().map(|name| wire::kind_named(name).into()).collect(),
            owed: offers.owed(class, severity).map(|names| OwedRemedy { one_of: kinds(names) }).collect(),
            complaint: Some(wire::complaint_view(version, &complaint)),
            notes: store::notes(&self.pool, id).await?.into_iter().map(note).collect(),
        })
    }

    /// What others were given who complained alike; nothing when the draft has no price, or cannot be read.
    pub(super) async fn comparables(&self, r: &DraftSolutionRequest) -> Result<Option<Comparables>, Fault> {
        let priced = r.remedies.iter().find_map(|remedy| remedy.amount.as_ref()).map(|amount| amount.currency.parse());
        let (Some(Ok(currency)), Ok(id)) = (priced, r.complaint_id.parse::<Uuid>()) else { return Ok(None) };
        let Some((_, complaint)) = store::get::<Complaint>(&self.pool, id).await? else { return Ok(None) };
        let days = i64::from(self.policy.rules.band.days);
        let since = self.clock.now() - SignedDuration::from_hours(24 * days);
        let (class, severity) = (complaint.class(), complaint.severity());
        let given = store::given(&self.pool, class, severity, currency, since, i64::from(Band::MOST)).await?;
        Ok(Some(Comparables { currency, given }))
    }

    pub(super) async fn task(&self, id: Uuid) -> Result<GetTaskResponse, Fault> {
        let found = store::get::<DepartmentTask>(&self.pool, id).await?;
        let (version, task) = found.ok_or_else(|| Fault::not_found("task", id))?;
        let notes = store::notes_of(&self.pool, id).await?.into_iter().map(note).collect();
        Ok(GetTaskResponse { task: Some(wire::task_view(version, &task)), notes })
    }

    pub(super) async fn complaints(&self, r: &ListComplaintsRequest) -> Result<ListComplaintsResponse, Fault> {
        let mut checks = Checks::default();
        let status = checks.optional_of("status", &r.status, &COMPLAINT);
        let segment = checks.optional_of("segment", &r.segment, &SEGMENTS);
        let page = checks.page(r.page.as_ref(), by_time);
        let (Some(status), Some(segment), Some((page, after))) = (status, segment, page) else {
            return Err(checks.fault());
        };
        let asked = [("status", status), ("held", r.held.then_some("held")), ("segment", segment)];
        let rows = store::list::<Complaint>(&self.pool, "recorded_at", &asked, after, page.limit()).await?;
        let next = page.next(&rows, |(_, c)| (c.facts.recorded_at.to_string(), c.facts.complaint_id));
        let complaints = rows.iter().map(|(version, complaint)| wire::complaint_view(*version, complaint)).collect();
        Ok(ListComplaintsResponse { complaints, next_page_token: next })
    }

    pub(super) async fn tasks(&self, r: &ListTasksRequest) -> Result<ListTasksResponse, Fault> {
        let mut checks = Checks::default();
        let department = checks.optional::<Department>("department", &r.department);
        let status = checks.optional_of("status", &r.status, &TASK);
        let page = checks.page(r.page.as_ref(), by_time);
        let (Some(department), Some(status), Some((page, after))) = (department, status, page) else {
            return Err(checks.fault());
        };
        let department = department.as_ref().map(Department::as_str);
        let asked = [("department", department), ("status", status)];
        let rows = store::list::<DepartmentTask>(&self.pool, "answer_by", &asked, after, page.limit()).await?;
        let next = page.next(&rows, |(_, task)| (task.answer_by.to_string(), task.brief.task_id));
        let tasks = rows.iter().map(|(version, task)| wire::task_view(*version, task)).collect();
        Ok(ListTasksResponse { tasks, next_page_token: next })
    }

    pub(super) async fn escalations(&self, r: &ListEscalationsRequest) -> Result<ListEscalationsResponse, Fault> {
        let mut checks = Checks::default();
        let status = checks.optional_of("status", &r.status, &ESCALATION);
        let page = checks.page(r.page.as_ref(), by_time);
        let (Some(status), Some((page, after))) = (status, page) else { return Err(checks.fault()) };
        let asked = [("status", status), ("level", wire::level_word(r.level()))];
        let rows = store::list::<Escalation>(&self.pool, "raised_at", &asked, after, page.limit()).await?;
        let next = page.next(&rows, |(_, e)| (e.raised_at.to_string(), e.matter.escalation_id));
        let escalations = rows.iter().map(|(version, e)| wire::escalation_view(*version, e)).collect();
        Ok(ListEscalationsResponse { escalations, next_page_token: next })
    }

    /// Late is what is due before now, whether or not a clock has rung.
    pub(super) async fn overdue(&self, r: &ListOverdueRequest) -> Result<ListOverdueResponse, Fault> {
        let mut checks = Checks::default();
        let page = checks.page(r.page.as_ref(), by_time);
        let Some((page, after)) = page else { return Err(checks.fault()) };
        let now = self.clock.now();
        let rows = store::overdue(&self.pool, now, after, page.limit()).await?;
        let next = page.next(&rows, |row| (row.due_at.to_jiff().to_string(), row.place));
        let overdue = |row: store::Overdue| Overdue {
            kind: row.kind,
            id: row.id.to_string(),
            complaint_id: row.complaint_id.map(|id| id.to_string()).unwrap_or_default(),
            department: row.department,
            due_at: Some(proto::timestamp(row.due_at.to_jiff())),
            late_s: now.duration_since(row.due_at.to_jiff()).unsigned_abs().as_secs(),
        };
        Ok(ListOverdueResponse { overdue: rows.into_iter().map(overdue).collect(), next_page_token: next })
    }

    pub(super) async fn overview(&self) -> Result<GetOverviewResponse, Fault> {
        let counts = store::overview(&self.pool).await?;
        let group = |group: &str| {
            let of_group = counts.iter().filter(|count| count.kind == group);
            of_group.map(|count| Count { key: count.key.clone(), count: count.count.unsigned_abs() }).collect()
        };
        let late = counts.iter().find(|count| count.kind == "late_investigations");
        Ok(GetOverviewResponse {
            complaints: group("complaints"),
            open_tasks: group("open_tasks"),
            late_tasks: group("late_tasks"),
            escalations: group("escalations"),
            failed_webhooks: group("failed_webhooks"),
            late_investigations: late.map_or(0, |count| count.count.unsigned_abs()),
        })
    }
}
