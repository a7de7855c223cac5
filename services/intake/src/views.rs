//! Tags on cases, and views: filters that people and teams keep under a name. Request to command or row. No rules.
use std::sync::Arc;

use backbone::{Change, Checks, Fault, Unit};
use contracts::{
    common::v1::Receipt,
    intake::v1::{
        AddTagRequest, CaseFilter, DeleteViewRequest, ListViewsRequest, ListViewsResponse, RemoveTagRequest,
        SaveViewRequest, SavedView, case_views_server::CaseViews,
    },
};
use kernel::id;
use prost::Message;
use sqlx::FromRow;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::{
    api::submit,
    app::App,
    desk::{A_PERSON, person},
    domain::{
        case::{Case, Command},
        tags,
    },
    search,
};

/// What a tag is made of.
pub const A_TAG: &str = "is 1 to 40 letters, digits, - _ . and blanks, for example recall 2026-03";
/// The most views of a person or a team.
const VIEWS_MAX: i64 = 100;

/// The service.
pub struct Views(pub Arc<App>);

#[tonic::async_trait]
impl CaseViews for Views {
    async fn add_tag(&self, request: Request<AddTagRequest>) -> Result<Response<Receipt>, Status> {
        let mut checks = Checks::default();
        let actor = checks.actor(&request);
        let key = checks.key(&request, "add_tag");
        let id = checks.id("case_id", &request.get_ref().case_id);
        let tag = checks.value("tag", tags::tag(&request.get_ref().tag).ok_or(A_TAG));
        let known = &self.0.tags;
        let unknown = |tag: &String| !known.is_empty() && !known.contains(tag);
        if tag.as_ref().is_some_and(unknown) {
            checks.wrong("tag", format!("must be one of {}", known.iter().cloned().collect::<Vec<_>>().join(", ")));
            return Err(checks.fault().into());
        }
        let (Some(actor), Some(key), Some(id), Some(tag)) = (actor, key, id, tag) else {
            return Err(checks.fault().into());
        };
        submit(&self.0, Unit::of(Change::to::<Case>(id, Command::Tag { tag, put: true })).actor(actor).key(key)).await
    }

    async fn remove_tag(&self, request: Request<RemoveTagRequest>) -> Result<Response<Receipt>, Status> {
        let mut checks = Checks::default();
        let actor = checks.actor(&request);
        let key = checks.key(&request, "remove_tag");
        let id = checks.id("case_id", &request.get_ref().case_id);
        let tag = checks.value("tag", tags::tag(&request.get_ref().tag).ok_or(A_TAG));
        let (Some(actor), Some(key), Some(id), Some(tag)) = (actor, key, id, tag) else {
            return Err(checks.fault().into());
        };
        submit(&self.0, Unit::of(Change::to::<Case>(id, Command::Tag { tag, put: false })).actor(actor).key(key)).await
    }

    async fn save_view(&self, request: Request<SaveViewRequest>) -> Result<Response<Receipt>, Status> {
        let mut checks = Checks::default();
        let who = somebody(&mut checks, &request);
        let r = request.get_ref();
        let name = checks.text("name", r.name.trim(), 1..=60);
        let team = checks.value("team", owner(&r.team).ok_or("names a team as team:id, for example team:west"));
        let asked = r.filter.clone().unwrap_or_default();
        let filter = search::filter(&mut checks, &asked);
        if asked == CaseFilter::default() {
            checks.wrong("filter", "asks for nothing; say at least one thing");
            return Err(checks.fault().into());
        }
        let (Some(who), Some(name), Some(team), Some(_)) = (who, name, team, filter) else {
            return Err(checks.fault().into());
        };
        let owner = team.unwrap_or(who);
        let id = id::derived("view", &[&owner, name]);
        let saved = sqlx::query(
            "-- saved_view.save
             insert into saved_view (id, owner, name, filter) select $1, $2, $3, $4
             where (select count(*) from saved_view where owner = $2 and id <> $1) < $5
             on conflict (id) do update set filter = excluded.filter",
        );
        let saved = saved.bind(id).bind(&owner).bind(name).bind(asked.encode_to_vec()).bind(VIEWS_MAX);
        if saved.execute(&self.0.pool).await.map_err(Fault::from)?.rows_affected() == 0 {
            let full = format!("{owner} has {VIEWS_MAX} views; delete one first");
            return Err(Fault::rejected("view.too_many", full).into());
        }
        Ok(receipt(id, "saved"))
    }

    async fn list_views(&self, request: Request<ListViewsRequest>) -> Result<Response<ListViewsResponse>, Status> {
        let mut checks = Checks::default();
        let Some(who) = somebody(&mut checks, &request) else { return Err(checks.fault().into()) };
        let rows: Vec<Row> = sqlx::query_as(
            "-- saved_view.list
             select id, owner, name, filter from saved_view where owner = $1 or owner like 'team:%'
             order by owner <> $1, owner, name limit 1000",
        )
        .bind(who)
        .fetch_all(&self.0.pool)
        .await
        .map_err(Fault::from)?;
        let views = rows.into_iter().map(Row::view).collect::<Result<_, _>>()?;
        Ok(Response::new(ListViewsResponse { views }))
    }

    async fn delete_view(&self, request: Request<DeleteViewRequest>) -> Result<Response<Receipt>, Status> {
        let mut checks = Checks::default();
        let who = somebody(&mut checks, &request);
        let id = checks.id("view_id", &request.get_ref().view_id);
        let (Some(who), Some(id)) = (who, id) else { return Err(checks.fault().into()) };
        let gone = sqlx::query(
            "-- saved_view.delete\ndelete from saved_view where id = $1 and (owner = $2 or owner like 'team:%')",
        );
        let gone = gone.bind(id).bind(who).execute(&self.0.pool).await.map_err(Fault::from)?;
        if gone.rows_affected() == 0 {
            return Err(Fault::not_found("view", id).into());
        }
        Ok(receipt(id, "deleted"))
    }
}

#[derive(FromRow)]
struct Row {
    id: Uuid,
    owner: String,
    name: String,
    filter: Vec<u8>,
}

impl Row {
    fn view(self) -> Result<SavedView, Fault> {
        let filter = CaseFilter::decode(self.filter.as_slice()).map_err(Fault::internal)?;
        Ok(SavedView { view_id: self.id.to_string(), owner: self.owner, name: self.name, filter: Some(filter) })
    }
}

/// A person who calls; services and channels have no views.
fn somebody<T>(checks: &mut Checks, request: &Request<T>) -> Option<String> {
    let actor = checks.actor(request)?;
    checks.value("metadata.aftercare-actor", person(actor.as_str()).ok_or(A_PERSON))
}

/// The team that is named, if one is. `None` for what names none.
fn owner(team: &str) -> Option<Option<String>> {
    if team.is_empty() {
        return Some(None);
    }
    let name = team.strip_prefix("team:")?;
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    ((1..=40).contains(&name.len()) && name.chars().all(plain)).then(|| Some(team.to_owned()))
}

fn receipt(id: Uuid, status: &str) -> Response<Receipt> {
    Response::new(Receipt { id: id.to_string(), version: 0, status: status.to_owned() })
}
