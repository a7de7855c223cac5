//! Finding a customer by what he says of himself: his phone, his address, his number. By keyed hashes: nothing is opened.
use std::collections::BTreeSet;

use backbone::{Checks, Fault};
use contracts::intake::v1::{FindCustomersRequest, FindCustomersResponse, FoundCustomer};
use tonic::Request;
use uuid::Uuid;

use crate::{
    app::App,
    domain::identity::{self, Identity},
    store::{Look, customer},
    wire,
};

/// The most persons that are told.
const FOUND_MAX: usize = 20;

/// What is looked for.
enum By {
    Phone(String),
    Email(String),
    Reference(Identity),
}

/// Finds them. Errors: each wrong field.
pub async fn find(app: &App, request: &Request<FindCustomersRequest>) -> Result<FindCustomersResponse, Fault> {
    let mut checks = Checks::default();
    let actor = checks.actor(request);
    let r = request.get_ref();
    let purpose = checks.text("purpose", r.purpose.trim(), 1..=200);
    let by = by(&mut checks, r);
    let (Some(actor), Some(purpose), Some(by)) = (actor, purpose, by) else { return Err(checks.fault()) };
    let look = Look { actor: &actor, purpose, at: app.clock.now() };
    let blind = |column, text: &str| app.master.blind(column, text).to_vec();
    let found = match &by {
        By::Phone(phone) => customer::find(&app.pool, "phone", &blind("customer.phone", phone), look).await?,
        By::Email(email) => customer::find(&app.pool, "email", &blind("customer.email", email), look).await?,
        By::Reference(identity) => customer::find_one(&app.pool, app.pseudonym(identity), look).await?,
    };
    let (mut told, mut customers) = (BTreeSet::new(), Vec::new());
    for id in found {
        if customers.len() >= FOUND_MAX || told.contains(&id) {
            continue;
        }
        let person = customer::one_person(&app.pool, id).await?;
        let customer_ids = person.iter().map(Uuid::to_string).collect();
        told.extend(person);
        customers.push(FoundCustomer { customer_id: id.to_string(), customer_ids });
    }
    Ok(FindCustomersResponse { customers })
}

fn by(checks: &mut Checks, r: &FindCustomersRequest) -> Option<By> {
    let given = [&r.phone, &r.email, &r.customer_ref].into_iter().filter(|text| !text.trim().is_empty()).count();
    if given != 1 {
        checks.wrong("phone", "say one of phone, email and customer_ref with its channel");
        return None;
    }
    if !r.phone.trim().is_empty() {
        return checks.value("phone", identity::phone(&r.phone).map(By::Phone).ok_or("is no phone number"));
    }
    if !r.email.trim().is_empty() {
        return checks.value("email", identity::email(&r.email).map(By::Email).ok_or("is no e-mail address"));
    }
    let reference = checks.text("customer_ref", r.customer_ref.trim(), 1..=100)?.to_owned();
    let channel = checks.value("channel", wire::channel_of(r.channel()).ok_or("names whose number it is"))?;
    Some(By::Reference(Identity::Reference(channel, reference)))
}
