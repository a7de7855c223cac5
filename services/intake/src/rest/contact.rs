//! A contact on its way to a case: to the one it names where that takes it, else to one of its own, which is linked with
//! the one it names. Only a contact that names a case reads one; all others are put on record without a look.
use std::sync::Arc;

use backbone::{Change, Fault, Unit, fault::Kind};
use jiff::Timestamp;
use opentelemetry::KeyValue;
use uuid::Uuid;

use super::{case_request::Registration, case_view::CaseView, status};
use crate::{
    advice::wanted,
    answers::sent_row,
    app::{App, channel_actor},
    domain::{
        case::{Case, Command, Contact},
        classify::ASKED,
        course::{self, Further, LinkKind},
        minimum::Field,
        vocabulary::{CaseClass, Channel},
    },
    knowledge::Article,
    store,
    vault::{CustomerKey, Person, Text, alike, marked_text_row, person_beside_text},
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
    let actor = channel_actor(registration.channel);
    let (mut text, mut person) = (registration.text.clone(), registration.known.person.clone());
    let files = registration.files.clone();
    let said = text.said();
    let mut contact = registration.into_contact(&app.classifier, &app.packs, contact_id, key.customer);
    let request = Some(key.id);
    contact.arrival.request = request;
    let named = named.map(|(id, _, case)| {
        // Told again, what made a case of its own is in that one, whatever the named one would take by now.
        let takes =
            !case.course.all_links().contains_key(&contact_id) && case.takes(&contact, app.terms.reopen_within, now);
        (id, case, takes)
    });
    leave_out(app, &mut contact, named.as_ref().filter(|named| named.2).map(|named| &named.1), &mut text, &mut person);
    let words = serde_json::to_string(&text).map_err(Fault::internal)?;
    let person = person_beside_text(&app.master, key, &person)?;
    if files.is_empty() && asks_only(app, &contact, &said) {
        (contact.classification.class, contact.classification.source) = (CaseClass::Enquiry, ASKED.to_owned());
    }
    if contact.is_plain_enquiry() {
        let article = app.knowledge.answer(&text.content, contact.product_id.as_deref());
        contact.article = article.map(Article::reference);
    }
    let asks = app.has_adviser && contact.classification.is_unsure();
    let (unit, case_id, part) = match named {
        Some((id, case, true)) => {
            let (levels, within) = (Arc::clone(&app.levels), app.terms.reopen_within);
            // What answers an acknowledgement goes to its case.
            let told = case.acknowledgement(&contact, &app.levels, now).filter(|_| contact.channel == Channel::Email);
            let hear = course::Command::Hear { contact: Box::new(contact), levels, within };
            let unit = Unit::of(Change::to::<Case>(id, Command::Course(hear)));
            let unit = told.into_iter().fold(unit, |unit, (message_id, _)| unit.row(sent_row(message_id, id)));
            (unit, id, Further::part(contact_id))
        }
        Some((id, case, false)) => {
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
    let unit = if asks && case_id == contact_id { unit.row(wanted(case_id, now)) } else { unit };
    let row = marked_text_row(key, case_id, &part, &words, Some(alike(&app.master, case_id, &said)))?;
    let files = files.iter().map(|file| file.row(&app.master, key, case_id, now)).collect::<Result<Vec<_>, _>>()?;
    let (link, minimum) = (status::link(app, case_id, 0, now), Arc::clone(&app.minimum));
    let answer = move |_, version, case: &Case| {
        // Whoever tells a reference that is on record may have guessed it: the link is given to whoever made the case.
        let made_now = case.facts.as_ref().is_some_and(|facts| facts.request == request);
        let view = CaseView::of(version, case, &minimum, made_now.then(|| link.clone()));
        view.and_then(|view| serde_json::to_vec(&view).ok()).unwrap_or_default()
    };
    let unit = files.into_iter().fold(unit.row(person).row(row), Unit::row);
    Ok((unit.actor(actor).answer::<Case>(answer), case_id))
}

/// Whether nothing is said but the question an article was written for, whatever that is about (怎么退货) (R-INT-08).
fn asks_only(app: &App, contact: &Contact, said: &str) -> bool {
    contact.purchase_id.is_none()
        && contact.batch.is_none()
        && contact.is_calm()
        && app.classifier.is_by_a_word(&contact.classification, said)
        && app.knowledge.answer_alone(said, contact.product_id.as_deref()).is_some()
}

/// Leaves out what was told in fields of their own and is not needed, also by the case it goes to (R-SEC-11). What speaks of
/// harm was heard before, and needs it.
fn leave_out(app: &App, contact: &mut Contact, case: Option<&Case>, text: &mut Text, person: &mut Person) {
    let needs = app.minimum.of_contact(contact, case);
    contact.leave_out(&needs);
    let words = [
        (Field::Circumstances, &mut text.circumstances),
        (Field::ExpectedResolution, &mut text.expected_resolution),
        (Field::Symptoms, &mut text.symptoms),
        (Field::Onset, &mut text.onset),
        (Field::FrequencyOfUse, &mut text.frequency_of_use),
        (Field::DurationOfUse, &mut text.duration_of_use),
        (Field::Address, &mut person.address),
    ];
    for (field, told) in words.into_iter().filter(|(field, _)| !needs.wants(*field)) {
        if told.take().is_some() {
            contact.left_out.insert(field);
        }
    }
    for field in &contact.left_out {
        let by = [KeyValue::new("source", contact.channel.word()), KeyValue::new("field", field.word())];
        app.left_out.add(1, &by);
    }
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
