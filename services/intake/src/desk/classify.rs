//! A person says what a case is about: request to command. No rules.
use std::sync::Arc;

use backbone::{Change, Checks, Unit};
use contracts::{common::v1::Receipt, intake::v1::ClassifyCaseRequest};
use tonic::{Request, Response, Status};

use super::{A_PERSON, person};
use crate::{
    api::submit,
    app::App,
    domain::{
        case::{Case, Command},
        judgement::{Judgement, department},
    },
    labels, wire,
};

/// What a department is called by.
const A_DEPARTMENT: &str = "is 1 to 40 lower-case letters, digits and _, for example after_sales";

pub async fn classify(app: &App, request: &Request<ClassifyCaseRequest>) -> Result<Response<Receipt>, Status> {
    let mut checks = Checks::default();
    let actor = checks.actor(request);
    let by = actor
        .as_ref()
        .and_then(|actor| checks.value("metadata.aftercare-actor", person(actor.as_str()).ok_or(A_PERSON)));
    let key = checks.key(request, "classify_case");
    let r = request.get_ref();
    let id = checks.id("case_id", &r.case_id);
    let class = checks.value("class", wire::class_of(r.class()).ok_or("says what the case is about"));
    let department = match r.department.as_str() {
        "" => Some(None),
        text => checks.value("department", department(text).ok_or(A_DEPARTMENT)).map(Some),
    };
    let reason = checks.text("reason", r.reason.trim(), 1..=200).map(str::to_owned);
    let (Some(actor), Some(by), Some(key), Some(id)) = (actor, by, key, id) else { return Err(checks.fault().into()) };
    let (Some(class), Some(department), Some(reason)) = (class, department, reason) else {
        return Err(checks.fault().into());
    };
    let (emotion, version) = (wire::emotion_of(r.emotion()), r.classification_version);
    let said = Box::new(Judgement { class, emotion, department, reason, by, version });
    let (levels, packs) = (Arc::clone(&app.levels), Arc::clone(&app.packs));
    let label = labels::by_person(id, said.class, said.department.as_deref(), app.clock.now());
    let command = Command::Classify { said, levels, packs };
    submit(app, Unit::of(Change::to::<Case>(id, command)).row(label).actor(actor).key(key)).await
}
