//! A contact on its way to a case: to the one it names where that takes it, else to one of its own, which is linked with
//! the one it names. Only a contact that names a case reads one; all others are put on record without a look.
use std::sync::Arc;

use backbone::{Change, Fault, Unit, fault::Kind};
use jiff::Timestamp;
use uuid::Uuid;

use super::{case_request::Registration, case_view::CaseView, status};
use crate::{
    app::{App, channel_actor},
    domain::{
        case::{Case, Command, Contact},
        course::{self, Further, LinkKind},
    },
    knowledge::Article,
    store,
    vault::{CustomerKey, person_beside_text, text_row},
};

/// The unit that puts the contact of the key's customer on record, and the case it is in then. Errors: the case it
/// names is not known. The road answers [`OF_ITS_OWN`](crate::domain::rejection::OF_ITS_OWN) where that case changed
/// meanwhile: ask again.
pub async fn unit(
    app: &App,
    registration: Registration,
    contact_id: Uuid,
    key: &CustomerKey,
    now: Timestamp,
) -> Result<(Unit, Uuid), Fault> {
    let named = match registration.names {
        Some(id) => Some(store::case_it_goes_on_as(&app.pool, id).await.map_err(named_wrong)?),
        None => None,
    };
    let person = person_beside_text(&app.master, key, &registration.known.person)?;
    let words = serde_json::to_string(&registration.text).map_err(Fault::internal)?;
    let actor = channel_actor(registration.channel);
    let (question, files) = (registration.text.content.clone(), registration.files.clone());
    let mut contact = registration.into_contact(&app.classifier, &app.packs, contact_id, key.customer);
    if contact.is_plain_enquiry() {
        let article = app.knowledge.answer(&question, contact.product_id.as_deref());
        contact.article = article.map(Article::reference);
    }
    let (unit, case_id, part) = match named {
        // Told again, what made a case of its own is in that one, whatever the named one would take by now.
        Some((id, _, case))
            if !case.course.all_links().contains_key(&contact_id)
                && case.takes(&contact, app.terms.reopen_within, now) =>
        {
            let (levels, within) = (Arc::clone(&app.levels), app.terms.reopen_within);
            let hear = course::Command::Hear { contact: Box::new(contact), levels, within };
            (Unit::of(Change::to::<Case>(id, Command::Course(hear))), id, Further::part(contact_id))
        }
        Some((id, _, case)) => {
            let same = match &case.facts {
                Some(facts) => store::customer::same_person(&app.pool, facts.customer_id, contact.customer_id).await?,
                None => false,
            };
            (linked(app, contact, id, &case, same), contact_id, "contact".to_owned())
        }
        None => {
            let register = Change::create::<Case>(contact_id, contact.register(&app.levels));
            (Unit::of(register), contact_id, "contact".to_owned())
        }
    };
    let text = text_row(key, case_id, &part, &words)?;
    let files = files.iter().map(|file| file.row(&app.master, key, case_id, now)).collect::<Result<Vec<_>, _>>()?;
    let link = status::link(app, case_id, now);
    let answer = move |_, version, case: &Case| {
        let view = CaseView::of(version, case, Some(link.clone()));
        view.and_then(|view| serde_json::to_vec(&view).ok()).unwrap_or_default()
    };
    let unit = files.into_iter().fold(unit.row(person).row(text), Unit::row);
    Ok((unit.actor(actor).answer::<Case>(answer), case_id))
}

/// A case of its own that goes on from the named one, where that is of the same person (by whatever pseudonym: the
/// words stay under the one they were told with); of somebody else's case it is only said that it was named.
fn linked(app: &App, mut contact: Contact, named: Uuid, case: &Case, same: bool) -> Unit {
    let id = contact.case_id;
    contact.repeat_contact |= same;
    let kind = if same { LinkKind::FollowUpOf } else { LinkKind::Related };
    let unit = Unit::of(Change::create::<Case>(id, contact.register(&app.levels)));
    if named == id || !case.course.can_link(id) {
        return unit;
    }
    let link = |to, other, kind| Change::to::<Case>(to, Command::Course(course::Command::Link { other, kind }));
    unit.and(link(id, named, kind)).and(link(named, id, kind.opposite()))
}

fn named_wrong(fault: Fault) -> Fault {
    match fault.kind() {
        Kind::NotFound => Fault::invalid("case_id", "there is no such case; leave it out"),
        _ => fault,
    }
}
