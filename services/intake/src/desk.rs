//! The gRPC door for those who work on cases: request to command. No rules.
use std::sync::Arc;

use backbone::{Actor, Change, Checks, Unit};
use contracts::{
    common::v1::Receipt,
    intake::v1::{AcceptCaseRequest, AssignCaseRequest, desk_server::Desk as DeskRpc},
};
use tonic::{Request, Response, Status};

use crate::{
    api::submit,
    app::App,
    domain::{
        assignment::HandOver,
        case::{Case, Command},
    },
};

/// How somebody who can have a case is named.
pub const A_PERSON: &str = "names a person as staff:id, for example staff:ana";

/// The service.
pub struct Desk(pub Arc<App>);

#[tonic::async_trait]
impl DeskRpc for Desk {
    async fn assign_case(&self, request: Request<AssignCaseRequest>) -> Result<Response<Receipt>, Status> {
        let mut checks = Checks::default();
        let actor = checks.actor(&request);
        let key = checks.key(&request, "assign_case");
        let r = request.get_ref();
        let id = checks.id("case_id", &r.case_id);
        let to = checks.value("assigned_to", person(&r.assigned_to).ok_or(A_PERSON));
        let (Some(actor), Some(key), Some(id), Some(to)) = (actor, key, id, to) else {
            return Err(checks.fault().into());
        };
        let asked = HandOver { to, by: actor.as_str().to_owned(), version: r.assignment_version };
        let assign = Command::Assign { asked, levels: Arc::clone(&self.0.levels) };
        submit(&self.0, Unit::of(Change::to::<Case>(id, assign)).actor(actor).key(key)).await
    }

    async fn accept_case(&self, request: Request<AcceptCaseRequest>) -> Result<Response<Receipt>, Status> {
        let mut checks = Checks::default();
        let actor = checks.actor(&request);
        let by = actor
            .as_ref()
            .and_then(|actor| checks.value("metadata.aftercare-actor", person(actor.as_str()).ok_or(A_PERSON)));
        let key = checks.key(&request, "accept_case");
        let id = checks.id("case_id", &request.get_ref().case_id);
        let (Some(actor), Some(by), Some(key), Some(id)) = (actor, by, key, id) else {
            return Err(checks.fault().into());
        };
        let version = request.get_ref().assignment_version;
        let accept = Command::Accept { by, version, levels: Arc::clone(&self.0.levels) };
        submit(&self.0, Unit::of(Change::to::<Case>(id, accept)).actor(actor).key(key)).await
    }
}

/// Somebody who can have a case; `None` for services, channels and whatever names nobody.
pub fn person(text: &str) -> Option<String> {
    Actor::parse(text).filter(|actor| actor.as_str().starts_with("staff:")).map(|actor| actor.as_str().to_owned())
}
