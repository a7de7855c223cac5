//! Answers that go back to the customer over the channel he came by: which way there is, the words to be sent, and where to.
//! outreach sends; nothing here does.
mod api;
mod ways;

use std::sync::Arc;

use backbone::{Change, Fault, Row, proto};
use contracts::intake::v1::Acknowledgement;
use jiff::Timestamp;
use kernel::calendar;
use uuid::Uuid;

pub use self::{
    api::Answers,
    ways::{Way, Ways},
};
use crate::{
    api::customer_of,
    app::App,
    channels::Last,
    domain::{
        arrival::Acknowledged,
        case::{Case, Command},
        sending::{Sent, part},
        vocabulary::{Channel, Lane},
    },
    rest::status_link,
    store::{self, Found, Look},
    vault::text_row,
};

/// An answer as it is written down: the change of its case, and what goes with it.
pub struct Answer {
    pub message_id: Uuid,
    pub over: String,
    pub change: Change,
    pub rows: [Row; 2],
}

/// A person's words to the customer of a case, to be sent over the channel he came by. Errors: nothing can be sent there, or
/// nothing so long.
pub async fn answer(app: &App, found: &Found, field: &str, text: &str) -> Result<Answer, Fault> {
    let Way { over, longest } = way(app, found).await?.ok_or_else(|| no_way_back(found))?;
    if let Some(longest) = longest.filter(|longest| text.len() > *longest) {
        let reason = format!("is {} bytes, and {over} takes {longest}; make it shorter, or two of it", text.len());
        return Err(Fault::invalid(field, reason));
    }
    let (id, message_id) = (found.0, app.new_id(app.clock.now()));
    let words = text_row(&app.master.new_key(customer_of(found)?)?, id, &part(message_id), text)?;
    let answer = Command::Answer { message_id, over: over.clone(), levels: Arc::clone(&app.levels) };
    let rows = [words, sent_row(message_id, id)];
    Ok(Answer { message_id, over, change: Change::to::<Case>(id, answer), rows })
}

/// Nothing can be sent: a person must reach the customer otherwise.
fn no_way_back((id, _, case): &Found) -> Fault {
    let channel = case.facts.as_ref().map_or("unknown", |facts| facts.channel.word());
    let reason = format!(
        "an answer to case {id} cannot be sent over the channel it came by ({channel}); reach the customer otherwise \
         (RevealContact) and tell the answer by RespondToCase"
    );
    Fault::rejected("case.no_way_back", reason)
}

/// The way back to the customer of a case; none where nothing can be sent.
pub async fn way(app: &App, found: &Found) -> Result<Option<Way>, Fault> {
    let (case_id, _, case) = found;
    let Some(facts) = &case.facts else { return Ok(None) };
    if let Some(way) = app.ways.of_channel(last_channel(case, facts.channel)) {
        return Ok(Some(way));
    }
    let last = last_message(app, *case_id, case).await?;
    Ok(last.and_then(|last| app.ways.of_source(&last.source)))
}

/// What the customer said last to a case, or to one that goes on as it, on a channel of a form of its own.
async fn last_message(app: &App, case_id: Uuid, case: &Case) -> Result<Option<Last>, Fault> {
    Last::of(&app.pool, &with_merged(app, case_id, case).await?).await
}

/// A case and all that go on as it, itself first.
async fn with_merged(app: &App, case_id: Uuid, case: &Case) -> Result<Vec<Uuid>, Fault> {
    let absorbed = |case: &Case| case.course.absorbed.keys().copied().collect::<Vec<_>>();
    let (mut cases, mut next) = (vec![case_id], absorbed(case));
    while !next.is_empty() {
        let merged = store::cases(&app.pool, &next).await?;
        cases.append(&mut next);
        next = merged.iter().flat_map(|(_, _, case)| absorbed(case)).collect();
    }
    Ok(cases)
}

/// The channel by which the customer said something last.
fn last_channel(case: &Case, first: Channel) -> Channel {
    case.course.further.last().map_or(first, |further| further.channel)
}

/// The link to a case's status page, and how long it is good. The look is recorded.
pub async fn link(app: &App, found: &Found, look: &Look<'_>) -> Result<(String, Timestamp), Fault> {
    let revoked = store::look_at_link(&app.pool, found.0, customer_of(found)?, look).await?;
    Ok((status_link(app, found.0, revoked, look.at), calendar::add(look.at, app.status_links)))
}

/// Makes every link void that was given to a case's status page, also by the case it goes on as and all that do the same. Who did it and why is recorded.
pub async fn revoke_links(app: &App, found: &Found, look: &Look<'_>) -> Result<(), Fault> {
    let (whole, _, case) = store::case_it_goes_on_as(&app.pool, found.0).await?;
    let cases = with_merged(app, whole, &case).await?;
    store::revoke_links(&app.pool, &cases, customer_of(found)?, look).await
}

/// What a customer is told who came while nobody works: when a person answers, in the hours of the place; none where that is not so
/// any more. The look is recorded.
async fn acknowledgement(
    app: &App,
    found: &Found,
    sent: &Sent,
    look: &Look<'_>,
) -> Result<Option<Acknowledgement>, Fault> {
    let Some(Acknowledged { from, calendar, by }) = found.2.acknowledges(sent, &app.levels, look.at) else {
        return Ok(None);
    };
    let (status_link, _) = link(app, found, look).await?;
    let zone = app.calendars.newest().find(|one| one.name == calendar).map(|one| one.zone.clone());
    // An answer that is promised before then is given whatever the hours.
    let from = Some(from).filter(|from| by.is_none_or(|by| *from < by));
    Ok(Some(Acknowledgement {
        case_id: found.0.to_string(),
        answered_from: from.map(proto::timestamp),
        answer_by: by.map(proto::timestamp),
        zone: zone.unwrap_or_default(),
        health: found.2.facts.as_ref().is_some_and(|facts| facts.lane == Lane::Health),
        status_link,
    }))
}

/// The row that remembers a message as one about a case.
pub fn sent_row(message_id: Uuid, case_id: Uuid) -> Row {
    const SENT: &str = "-- sent_message.keep
    sent_message_kept as (
      insert into sent_message (message_id, case_id) select * from unnest($1::uuid[], $2::uuid[]) on conflict do nothing)";
    Row::new(SENT, message_id).with(case_id)
}

/// The same of a message about a complaint: it is about the complaint's case.
pub fn sent_about_complaint(message_id: Uuid, complaint_id: Uuid) -> Row {
    const SENT: &str = "-- sent_message.keep_of_complaint
    sent_about_complaint_kept as (
      insert into sent_message (message_id, case_id)
      select g.message_id, c.id from unnest($1::uuid[], $2::uuid[]) as g(message_id, complaint_id)
      join case_file as c on c.complaint_id = g.complaint_id on conflict do nothing)";
    Row::new(SENT, message_id).with(complaint_id)
}
