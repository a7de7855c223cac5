//! One command for many cases: each is done by itself, and what came of each is said. A case that refuses, or an id that is
//! none, stands in nobody's way; asked again with the same key, what was done is answered as it was and not done again.
//! A part of the queue is read anew each time: a repeat goes on with what stands in it then. No rules.
use std::{collections::HashMap, sync::Arc};

use backbone::{Actor, Change, Checks, Fault, IdempotencyKey, Unit, proto};
use contracts::{
    Message,
    common::v1::Page,
    intake::v1::{BulkAssignRequest, BulkCloseRequest, BulkOutcome, BulkResponse, ListQueueRequest},
};
use futures::future::join_all;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::{A_PERSON, person};
use crate::{
    api::{OUTCOMES, done, whose},
    app::App,
    domain::{
        assignment::HandOver,
        case::{Case, Command},
    },
    store, wire,
};

/// The most cases of one request.
const CASES_MAX: usize = 200;

/// Who asks, for which cases, and how a repeat is known.
struct Asked {
    actor: Actor,
    ids: Vec<String>,
    key: Option<String>,
}

pub async fn assign(app: &App, request: &Request<BulkAssignRequest>) -> Result<Response<BulkResponse>, Status> {
    let mut checks = Checks::default();
    let r = request.get_ref();
    let asked = asked(app, &mut checks, request, "bulk_assign", (&r.case_ids, r.queue.as_ref())).await?;
    let to = checks.value("assigned_to", person(&r.assigned_to).ok_or(A_PERSON));
    let (Some(asked), Some(to)) = (asked, to) else { return Err(checks.fault().into()) };
    let known: Vec<Uuid> = asked.ids.iter().filter_map(|id| id.parse().ok()).collect();
    let cases = store::cases(&app.pool, &known).await?;
    let version = |case: &Case| case.assignment.as_ref().map_or(0, |held| held.version);
    let versions: HashMap<Uuid, u32> = cases.iter().map(|(id, _, case)| (*id, version(case))).collect();
    let command = |id: Uuid| {
        let by = asked.actor.as_str().to_owned();
        let asked = HandOver { to: to.clone(), by, version: versions.get(&id).copied().unwrap_or_default() };
        Command::Assign { asked, levels: Arc::clone(&app.levels) }
    };
    Ok(each(app, units(&asked, "bulk_assign", &to, command)).await)
}

pub async fn close(app: &App, request: &Request<BulkCloseRequest>) -> Result<Response<BulkResponse>, Status> {
    let mut checks = Checks::default();
    let r = request.get_ref();
    let asked = asked(app, &mut checks, request, "bulk_close", (&r.case_ids, r.queue.as_ref())).await?;
    let outcome = checks.value("outcome", wire::outcome_by_person(&r.outcome).ok_or(OUTCOMES));
    let (Some(asked), Some(outcome)) = (asked, outcome) else { return Err(checks.fault().into()) };
    let command = |_| Command::Close { outcome, levels: Arc::clone(&app.levels) };
    Ok(each(app, units(&asked, "bulk_close", &r.outcome, command)).await)
}

/// What is asked; cases by their ids, or those of a part of the queue.
async fn asked<T: Message>(
    app: &App,
    checks: &mut Checks,
    request: &Request<T>,
    scope: &str,
    (ids, queue): (&[String], Option<&ListQueueRequest>),
) -> Result<Option<Asked>, Fault> {
    let actor = checks.actor(request);
    let sound = checks.key(request, scope);
    let key = request.metadata().get("idempotency-key").and_then(|key| Some(key.to_str().ok()?.to_owned()));
    let ids = match queue {
        Some(_) if !ids.is_empty() => {
            checks.wrong("queue", "cannot be asked for together with case_ids; leave one of them out");
            None
        }
        Some(queue) => of_queue(app, checks, queue).await?,
        None if ids.is_empty() => {
            checks.wrong("case_ids", "name at least one case, or a part of the queue in queue");
            None
        }
        None => checks.list("case_ids", ids, CASES_MAX).map(<[String]>::to_vec),
    };
    Ok(actor.zip(sound).zip(ids).map(|((actor, _), mut ids)| {
        ids.sort_unstable();
        ids.dedup();
        Asked { actor, ids, key }
    }))
}

/// The first cases of that part of the queue.
async fn of_queue(app: &App, checks: &mut Checks, queue: &ListQueueRequest) -> Result<Option<Vec<String>>, Fault> {
    let first = Page { size: u32::try_from(CASES_MAX).unwrap_or(u32::MAX), token: String::new() };
    let page = checks.page(Some(&first), store::Place::parse);
    let (Some((page, after)), Some(whose)) = (page, whose(checks, queue)) else { return Ok(None) };
    let (cases, _) = store::queue(&app.pool, whose, &page, after, app.clock.now()).await?;
    Ok(Some(cases.into_iter().map(|(id, _, _)| id.to_string()).collect()))
}

/// For every case the command it is told; `content` is what must be the same when it is asked again.
fn units(
    asked: &Asked,
    scope: &str,
    content: &str,
    command: impl Fn(Uuid) -> Command,
) -> Vec<(String, Result<Unit, Fault>)> {
    let unit = |id: &String| {
        let case = proto::id("case_id", id)?;
        let key =
            asked.key.as_ref().map(|key| IdempotencyKey::new(&format!("{scope}/{case}"), key, content.as_bytes()));
        Ok(Unit::of(Change::to::<Case>(case, command(case))).actor(asked.actor.clone()).key(key))
    };
    asked.ids.iter().map(|id| (id.clone(), unit(id))).collect()
}

/// Does each by itself, and says what came of it.
async fn each(app: &App, units: Vec<(String, Result<Unit, Fault>)>) -> Response<BulkResponse> {
    let all = units.into_iter().map(|(case_id, unit)| async move {
        let outcome = match unit {
            Ok(unit) => done(app, unit).await,
            Err(fault) => Err(fault),
        };
        let (receipt, code, reason) = match outcome {
            Ok(receipt) => (Some(receipt), String::new(), String::new()),
            Err(fault) => (None, fault.code().to_owned(), fault.public().to_owned()),
        };
        BulkOutcome { case_id, receipt, code, reason }
    });
    Response::new(BulkResponse { outcomes: join_all(all).await })
}
