//! Splitting a case: request to commands. The words of the part are opened and sealed anew for the new case. No rules.
use std::collections::BTreeSet;

use backbone::{Change, Checks, Fault, Unit};
use contracts::{
    common::v1::Receipt,
    intake::v1::{FurtherWords, SplitCaseRequest},
};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::course::change;
use crate::{
    api::{customer_of, submit},
    app::App,
    domain::{
        case::Case,
        course::{Command, LinkKind},
    },
    store::{self, Look},
    vault::{Text, text_row},
    wire, words,
};

pub async fn split(app: &App, request: &Request<SplitCaseRequest>) -> Result<Response<Receipt>, Status> {
    let mut checks = Checks::default();
    let actor = checks.actor(request);
    let key = checks.key(request, "split_case");
    let r = request.get_ref();
    let id = checks.id("case_id", &r.case_id);
    let content = checks.text("content", r.content.trim(), 0..=4000);
    let contacts = contacts(&mut checks, &r.message_ids);
    if r.message_ids.is_empty() && r.content.trim().is_empty() {
        checks.wrong("content", "says what the new case is about; or name what the customer said later in message_ids");
        return Err(checks.fault().into());
    }
    let (Some(actor), Some(key), Some(id), Some(content), Some(contacts)) = (actor, key, id, content, contacts) else {
        return Err(checks.fault().into());
    };
    let found = store::case(&app.pool, id).await?;
    let customer = customer_of(&found)?;
    let look = Look { actor: &actor, purpose: "split", at: app.clock.now() };
    let said = if contacts.is_empty() { vec![] } else { words::of_case(app, &found, look).await?.further };
    let text = part(content, said.iter().filter(|one| contacts.iter().any(|id| id.to_string() == one.message_id)));
    let class = wire::class_of(r.class());
    let classification = app.classifier.classify(&text.content, class, None, None);
    let new = app.new_id(app.clock.now());
    let body = serde_json::to_string(&text).map_err(Fault::internal)?;
    let row = text_row(&app.master.new_key(customer)?, new, "contact", &body)?;
    let contact = found.2.part(new, classification, &app.packs).ok_or_else(|| Fault::not_found("case", id))?;
    let register = Change::create::<Case>(new, contact.register(&app.levels));
    let unit = Unit::of(register)
        .and(change(new, Command::Link { other: id, kind: LinkKind::Parent }))
        .and(change(id, Command::Split { into: new, words: contacts.into_iter().collect() }));
    submit(app, unit.row(row).actor(actor).key(key)).await
}

/// What the customer said later and goes to the new case, by contact.
fn contacts(checks: &mut Checks, named: &[String]) -> Option<BTreeSet<Uuid>> {
    let named = checks.list("message_ids", named, 200)?;
    let ids: Vec<_> = named.iter().enumerate().map(|(n, id)| checks.id(&format!("message_ids[{n}]"), id)).collect();
    ids.into_iter().collect()
}

/// The words of the new case: what the person wrote first, then what the customer said.
fn part<'a>(content: &str, said: impl Iterator<Item = &'a FurtherWords>) -> Text {
    let later = said.flat_map(|one| [&one.content, &one.circumstances, &one.expected_resolution, &one.symptoms]);
    let all = [content].into_iter().chain(later.map(String::as_str)).filter(|words| !words.is_empty());
    Text { content: all.collect::<Vec<_>>().join("\n\n"), ..Text::default() }
}
