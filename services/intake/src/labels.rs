//! What people said cases are about, kept for a model to learn from: by ClassifyCase, or where the complaint of a case was assessed.
//! Invariants: a label holds no word of a customer; the words that belong to it are opened for whoever asks, with the look written
//! down, and leave without what tells who the customer is.
use std::{collections::HashMap, sync::Arc};

use backbone::{Checks, Fault, Row, fault::Kind, page, proto};
use contracts::{
    common::v1::CaseClass as Class,
    complaint::v1::ComplaintAssessed,
    intake::v1::{
        ExportLabelledRequest, ExportLabelledResponse, LabelledText, training_server::Training as TrainingRpc,
    },
};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sqlx::FromRow;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::{
    app::App,
    domain::{record::Part, vocabulary::CaseClass},
    store::{self, Found, Look},
    wire, words,
};

/// The service.
pub struct Training(pub Arc<App>);

#[derive(FromRow)]
struct Label {
    case_id: Uuid,
    class: String,
    department: Option<String>,
    said_by: String,
    at: jiff_sqlx::Timestamp,
}

/// The row that keeps what a person said of a case.
pub fn by_person(case_id: Uuid, class: CaseClass, department: Option<&str>, at: Timestamp) -> Row {
    const SAID: &str = "-- case_label.by_person
    case_labelled as (
      insert into case_label as l (case_id, class, department, said_by, at)
      select g.case_id, g.class, g.department, 'person', g.at
      from unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[]) as g(case_id, class, department, at)
      on conflict (case_id) do update set class = excluded.class, said_by = excluded.said_by, at = excluded.at,
        department = coalesce(excluded.department, l.department))";
    Row::new(SAID, case_id).with(class.word().to_owned()).with(department.map(str::to_owned)).with(at)
}

/// The row that keeps what the case of a complaint was assessed as. Errors: it has no class.
pub fn by_assessment(event: &ComplaintAssessed, at: Timestamp) -> Result<Row, Fault> {
    const ASSESSED: &str = "-- case_label.by_assessment
    case_assessed as (
      insert into case_label as l (case_id, class, department, said_by, at)
      select c.id, g.class, null, 'assessment', g.at
      from unnest($1::uuid[], $2::text[], $3::timestamptz[]) as g(complaint_id, class, at)
      join case_file as c on c.complaint_id = g.complaint_id
      on conflict (case_id) do update set class = excluded.class, said_by = excluded.said_by, at = excluded.at)";
    let class = wire::class_of(event.class()).ok_or_else(|| Fault::invalid("class", "is missing"))?;
    Ok(Row::new(ASSESSED, proto::id("complaint_id", &event.complaint_id)?).with(class.word().to_owned()).with(at))
}

#[tonic::async_trait]
impl TrainingRpc for Training {
    async fn export_labelled(
        &self,
        request: Request<ExportLabelledRequest>,
    ) -> Result<Response<ExportLabelledResponse>, Status> {
        let mut checks = Checks::default();
        let actor = checks.actor(&request);
        let r = request.get_ref();
        let since = checks.instant("since", r.since.as_ref());
        let before = checks.instant("before", r.before.as_ref());
        let purpose = checks.text("purpose", r.purpose.trim(), 1..=200);
        let page = checks.page(r.page.as_ref(), page::by_time);
        let (Some(actor), Some(since), Some(before), Some(purpose)) = (actor, since, before, purpose) else {
            return Err(checks.fault().into());
        };
        let Some((page, after)) = page else { return Err(checks.fault().into()) };
        let labels = self.said_between(since, before, after, page.limit()).await?;
        let ids: Vec<Uuid> = labels.iter().map(|label| label.case_id).collect();
        let found = store::cases(&self.0.pool, &ids).await?;
        let cases: HashMap<Uuid, Found> = found.into_iter().map(|found| (found.0, found)).collect();
        let look = Look { actor: &actor, purpose, at: self.0.clock.now() };
        let mut exported = ExportLabelledResponse::default();
        for label in &labels {
            let Some(found) = cases.get(&label.case_id) else { continue };
            match words::redacted(&self.0, found, look).await {
                Ok(text) => exported.texts.extend(labelled(label, found, text)),
                Err(fault) if matches!(fault.kind(), Kind::Rejected | Kind::NotFound) => exported.forgotten += 1,
                Err(fault) => return Err(fault.into()),
            }
        }
        exported.next_page_token = page.next(&labels, |label| (label.at.to_jiff().to_string(), label.case_id));
        Ok(Response::new(exported))
    }
}

impl Training {
    async fn said_between(
        &self,
        since: Option<Timestamp>,
        before: Option<Timestamp>,
        after: Option<(Timestamp, Uuid)>,
        limit: i64,
    ) -> Result<Vec<Label>, Fault> {
        let found = sqlx::query_as(
            "-- case_label.list
             select case_id, class, department, said_by, at from case_label
             where ($1::timestamptz is null or at >= $1) and ($2::timestamptz is null or at < $2)
               and ($3::timestamptz is null or (at, case_id) > ($3, $4::uuid))
             order by at, case_id limit $5",
        );
        Ok(found
            .bind(since.map(ToSqlx::to_sqlx))
            .bind(before.map(ToSqlx::to_sqlx))
            .bind(after.map(|(at, _)| at.to_sqlx()))
            .bind(after.map(|(_, id)| id))
            .bind(limit)
            .fetch_all(&self.0.pool)
            .await?)
    }
}

/// None where nothing is left of what was said.
fn labelled(label: &Label, (id, _, case): &Found, text: String) -> Option<LabelledText> {
    let class = CaseClass::ALL.into_iter().find(|class| class.word() == label.class);
    let facts = case.facts.as_ref().filter(|facts| facts.parts.contains(&Part::Emotion));
    let emotion = facts.and_then(|facts| facts.emotion).map(wire::emotion);
    (!text.trim().is_empty()).then(|| LabelledText {
        case_id: id.to_string(),
        text: text.trim().to_owned(),
        class: class.map_or(Class::Unspecified, wire::class).into(),
        emotion: emotion.unwrap_or_default().into(),
        department: label.department.clone().unwrap_or_default(),
        said_by: label.said_by.clone(),
        said_at: Some(proto::timestamp(label.at.to_jiff())),
    })
}
