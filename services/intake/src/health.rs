//! The gRPC door of the health lane: request to command, or query to response. No rules.
use std::sync::Arc;

use backbone::{Change, Checks, Fault, Unit};
use contracts::{
    common::v1::Receipt,
    intake::v1::{
        GetHealthRequest, HealthPart, HealthView, RecordHealthRequest, health_lane_server::HealthLane as HealthLaneRpc,
    },
};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::{
    api::{customer_of, submit},
    app::App,
    domain::{
        case::{Case, Command, Facts},
        health::{Part, Said},
    },
    store,
    vault::text_row,
    wire,
};

/// The service.
pub struct HealthLane(pub Arc<App>);

#[tonic::async_trait]
impl HealthLaneRpc for HealthLane {
    async fn record_health(&self, request: Request<RecordHealthRequest>) -> Result<Response<Receipt>, Status> {
        let mut checks = Checks::default();
        let actor = checks.actor(&request);
        let key = checks.key(&request, "record_health");
        let id = checks.id("case_id", &request.get_ref().case_id);
        let said = said(&mut checks, request.get_ref());
        let (Some(actor), Some(key), Some(id), Some((mut said, words))) = (actor, key, id, said) else {
            return Err(checks.fault().into());
        };
        said.heard = words.iter().map(|(_, text)| self.0.classifier.harm(text)).max().unwrap_or(0);
        let sealed = self.0.master.new_key(customer_of(&store::case(&self.0.pool, id).await?)?)?;
        let (levels, packs) = (Arc::clone(&self.0.levels), Arc::clone(&self.0.packs));
        let command = Command::RecordHealth { said: Box::new(said), levels, packs };
        let unit = Unit::of(Change::to::<Case>(id, command)).actor(actor).key(key);
        let rows = words.iter().map(|(part, text)| text_row(&sealed, id, part.word(), text));
        let unit = rows.into_iter().try_fold(unit, |unit, row| Ok::<_, Fault>(unit.row(row?)))?;
        submit(&self.0, unit).await
    }

    async fn get_health(&self, request: Request<GetHealthRequest>) -> Result<Response<HealthView>, Status> {
        let mut checks = Checks::default();
        let id = checks.id("case_id", &request.get_ref().case_id);
        let Some(id) = id else { return Err(checks.fault().into()) };
        let (_, version, case) = store::case(&self.0.pool, id).await?;
        let mut view = wire::health::view(version, &case).ok_or_else(|| Fault::not_found("case", id))?;
        if view.missing.contains(&HealthPart::Batch.into())
            && let Some(batch) = self.bought(case.facts.as_ref()).await?
        {
            view.missing.retain(|part| *part != i32::from(HealthPart::Batch));
            view.batch = batch;
        }
        Ok(Response::new(view))
    }
}

impl HealthLane {
    /// The batch the case's purchase tells: of its product, or of all that was bought. None where there are several.
    async fn bought(&self, facts: Option<&Facts>) -> Result<Option<String>, Fault> {
        let Some((id, facts)) = facts.and_then(|facts| facts.purchase_id.zip(Some(facts))) else { return Ok(None) };
        let found = store::purchases(&self.0.pool, &[id]).await?.remove(&id).and_then(|purchase| purchase.facts);
        let lines = found.into_iter().flat_map(|bought| bought.lines);
        let meant = |product: &str| facts.product_id.as_ref().is_none_or(|id| id == product);
        let mut batches: Vec<_> = lines.filter(|line| meant(&line.product_id)).map(|line| line.batch).collect();
        batches.dedup();
        Ok(if batches.len() == 1 { batches.pop().flatten() } else { None })
    }
}

/// The change that puts on record what harm a customer's words speak of; none where they speak of none (R-INT-09).
pub fn heard(app: &App, case: Uuid, words: &str) -> Option<Change> {
    let said = Said { heard: app.classifier.harm(words), ..Said::default() };
    let (levels, packs) = (Arc::clone(&app.levels), Arc::clone(&app.packs));
    let record = Command::RecordHealth { said: Box::new(said.clone()), levels, packs };
    (!said.is_empty()).then(|| Change::to::<Case>(case, record))
}

/// The unit that makes the change, and the one of harm before it.
pub fn heard_first(harm: Option<Change>, change: Change) -> Unit {
    match harm {
        Some(harm) => Unit::of(harm).and(change),
        None => Unit::of(change),
    }
}

type Words = Vec<(Part, String)>;

/// What is said, and the words of it.
fn said(checks: &mut Checks, r: &RecordHealthRequest) -> Option<(Said, Words)> {
    let words = [
        (Part::Symptoms, checks.text("symptoms", r.symptoms.trim(), 0..=1000)),
        (Part::Onset, checks.text("onset", r.onset.trim(), 0..=200)),
        (Part::FrequencyOfUse, checks.text("frequency_of_use", r.frequency_of_use.trim(), 0..=200)),
        (Part::DurationOfUse, checks.text("duration_of_use", r.duration_of_use.trim(), 0..=200)),
    ];
    let batch = checks.text("batch", r.batch.trim(), 0..=100);
    let severity = checks.within("severity", r.severity, 0..=4).and_then(|severity| u8::try_from(severity).ok());
    let care = r.medical_care.try_into().map(wire::health::care_of);
    let care = checks.value("medical_care", care.map_err(|_| "is none, sought or hospitalised"));
    let groups = checks.value("special_groups", wire::health::groups_of(&r.special_groups));
    let readable = words.iter().all(|(_, text)| text.is_some());
    let (Some(batch), Some(severity), Some(care), Some(groups), true) = (batch, severity, care, groups, readable)
    else {
        return None;
    };
    let words = words.into_iter().filter_map(|(part, text)| Some((part, text?.to_owned())));
    let words: Words = words.filter(|(_, text)| !text.is_empty()).collect();
    let said = Said {
        words: words.iter().map(|(part, _)| *part).collect(),
        batch: (!batch.is_empty()).then(|| batch.to_owned()),
        severity: (severity > 0).then_some(severity),
        care,
        groups,
        death: r.death,
        several: r.several_affected,
        heard: 0,
    };
    if said.is_empty() {
        checks.wrong("symptoms", "say at least one part of the health record");
        return None;
    }
    Some((said, words))
}
