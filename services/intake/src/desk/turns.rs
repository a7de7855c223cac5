//! Cases by turns, back to nobody, and who looks at them: request to command, or query to response. No rules.
use std::{collections::HashMap, sync::Arc};

use backbone::{Change, Checks, Fault, Row, Unit, proto};
use contracts::{
    common::v1::{self as common, Receipt},
    intake::v1::{AssignNextRequest, AssignNextResponse, UnassignCaseRequest, ViewCaseRequest, ViewCaseResponse},
};
use kernel::id;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::{A_PERSON, course::change, person};
use crate::{
    api::{done, submit},
    app::App,
    domain::{
        assignment::HandOver,
        case::{Case, Command},
        course,
        rejection::Rejection,
        team::{self, Member},
    },
    store::{self, Found, Whose},
};

/// Cases of the queue that are looked through at once, and how often.
const PAGE: u32 = 200;
const PAGES_MAX: u32 = 10;

pub async fn assign_next(
    app: &App,
    request: &Request<AssignNextRequest>,
) -> Result<Response<AssignNextResponse>, Status> {
    let mut checks = Checks::default();
    let actor = checks.actor(request);
    let key = checks.key(request, "assign_next");
    let r = request.get_ref();
    let members = checks.value("team", app.terms.team(&r.team).ok_or("is not a team of the configuration"));
    let case_id = checks.optional_id("case_id", &r.case_id);
    let (Some(actor), Some(key), Some(members), Some(case_id)) = (actor, key, members, case_id) else {
        return Err(checks.fault().into());
    };
    // Who has room is read and used before somebody else reads it.
    let held = store::my_turn(&app.pool, &app.turns).await?;
    let team_id = id::derived("team", &[&r.team]);
    let turn_of = match case_id {
        Some(id) => whose_turn(app, members, team_id, &[store::case(&app.pool, id).await?]).await,
        None => next_waiting(app, members, team_id).await,
    };
    let (case_id, to, none) = match turn_of {
        Ok((case_id, member)) => (case_id, member.who.clone(), None),
        // No case has this id: the road refuses it, unless it knows the request by its key.
        Err(none) => (team_id, String::new(), Some(none)),
    };
    let asked = HandOver { to: to.clone(), by: actor.as_str().to_owned(), version: 0 };
    let assign = Command::Assign { asked, levels: Arc::clone(&app.levels) };
    let unit = Unit::of(Change::to::<Case>(case_id, assign)).row(turn(team_id, &to)).actor(actor).key(key);
    let receipt = done(app, unit).await.map_err(|fault| match none {
        Some(none) if fault.code() == Rejection::Unknown.code() => none,
        _ => fault,
    })?;
    drop(held);
    // A repeat is answered with the case it got at first.
    let (_, _, given) = store::case(&app.pool, proto::id("id", &receipt.id)?).await?;
    let assigned_to = given.assignment.map(|held| held.to).unwrap_or_default();
    Ok(Response::new(AssignNextResponse { receipt: Some(receipt), assigned_to }))
}

/// The first case of the queue that nobody has and somebody can take, among so many pages. Errors: there is none.
async fn next_waiting<'a>(app: &App, members: &'a [Member], team_id: Uuid) -> Result<(Uuid, &'a Member), Fault> {
    let (nobodys, mut token) = (Whose { unassigned: true, ..Whose::default() }, String::new());
    for number in 1.. {
        let mut checks = Checks::default();
        let asked = common::Page { size: PAGE, token };
        let Some((page, after)) = checks.page(Some(&asked), store::Place::parse) else { return Err(checks.fault()) };
        let (cases, next) = store::queue(&app.pool, nobodys, &page, after, app.clock.now()).await?;
        let found = whose_turn(app, members, team_id, &cases).await;
        if found.is_ok() || next.is_empty() || number >= PAGES_MAX {
            return found;
        }
        token = next;
    }
    Err(Fault::rejected("team.nothing_waits", "no case waits for somebody to take it"))
}

/// The first case somebody can take, and who takes it. Errors: there is none.
async fn whose_turn<'a>(
    app: &App,
    members: &'a [Member],
    team_id: Uuid,
    cases: &[Found],
) -> Result<(Uuid, &'a Member), Fault> {
    let people: Vec<&str> = members.iter().map(|member| member.who.as_str()).collect();
    let last = store::last_turn(&app.pool, team_id).await?;
    let has: HashMap<String, u32> = store::running_cases_of(&app.pool, &people).await?;
    let has = |who: &str| has.get(who).copied().unwrap_or_default();
    let taken = cases
        .iter()
        .find_map(|(id, _, case)| Some((*id, team::next(members, last.as_deref(), case.facts.as_ref()?, has)?)));
    let nobody = || Fault::rejected("team.nobody_free", "nobody of the team can take such a case now");
    let nothing = || Fault::rejected("team.nothing_waits", "no case waits for somebody to take it");
    taken.ok_or_else(|| if cases.is_empty() { nothing() } else { nobody() })
}

/// The row that keeps who took the last case.
fn turn(team_id: Uuid, who: &str) -> Row {
    const TURN: &str = "-- team_turn.keep
    turn_kept as (
      insert into team_turn (team_id, last) select * from unnest($1::uuid[], $2::text[])
      on conflict (team_id) do update set last = excluded.last)";
    Row::new(TURN, team_id).with(who.to_owned())
}

pub async fn unassign(app: &App, request: &Request<UnassignCaseRequest>) -> Result<Response<Receipt>, Status> {
    let mut checks = Checks::default();
    let actor = checks.actor(request);
    let key = checks.key(request, "unassign_case");
    let id = checks.id("case_id", &request.get_ref().case_id);
    let (Some(actor), Some(key), Some(id)) = (actor, key, id) else { return Err(checks.fault().into()) };
    let version = request.get_ref().assignment_version;
    let put_back = course::Command::PutBack { version, levels: Arc::clone(&app.levels) };
    submit(app, Unit::of(change(id, put_back)).actor(actor).key(key)).await
}

pub async fn view_case(app: &App, request: &Request<ViewCaseRequest>) -> Result<Response<ViewCaseResponse>, Status> {
    let mut checks = Checks::default();
    let actor = checks.actor(request);
    let who = actor
        .as_ref()
        .and_then(|actor| checks.value("metadata.aftercare-actor", person(actor.as_str()).ok_or(A_PERSON)));
    let id = checks.id("case_id", &request.get_ref().case_id);
    let (Some(who), Some(id)) = (who, id) else { return Err(checks.fault().into()) };
    let now = app.clock.now();
    if request.get_ref().left {
        app.viewers.forget(id, &who, now);
    } else {
        store::case(&app.pool, id).await?;
        app.viewers.note(id, &who, now);
    }
    let mut others = app.viewers.of(id, now);
    others.retain(|other| *other != who);
    Ok(Response::new(ViewCaseResponse { others }))
}
