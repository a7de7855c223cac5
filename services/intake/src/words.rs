//! Sealed words and contact data are opened here, for whoever was written down as looking.
use std::collections::{BTreeMap, HashMap};

use backbone::{Fault, proto};
use contracts::intake::v1::{FurtherWords, MergedWords, RevealCaseResponse};
use uuid::Uuid;

use crate::{
    advice,
    api::customer_of,
    app::App,
    domain::course::Further,
    store::{self, Found, Look},
    vault::{CustomerKey, Place, Text, key_of},
    wire,
};

/// What was said in a case, by the customer and by us. The look is recorded.
pub async fn of_case(app: &App, found: &Found, look: Look<'_>) -> Result<RevealCaseResponse, Fault> {
    let (case_id, _, case) = found;
    let customer = customer_of(found)?;
    let texts = store::look_at_text(&app.pool, *case_id, customer, look).await?;
    let keys = keys(app, customer, texts.iter().map(|(_, sealed)| sealed)).await?;
    let opened = texts.into_iter().map(|(part, sealed)| {
        let row = format!("{case_id}/{part}");
        let body = open(&keys, &Place { column: "case_text.body", row }, &sealed)?;
        Ok((part, body))
    });
    let mut texts = opened.collect::<Result<HashMap<String, String>, Fault>>()?;
    let mut take = |part: &str| texts.remove(part).unwrap_or_default();
    let mut said = RevealCaseResponse {
        answer: take("answer"),
        content: take("content"),
        circumstances: take("circumstances"),
        expected_resolution: take("expected_resolution"),
        symptoms: take("symptoms"),
        onset: take("onset"),
        frequency_of_use: take("frequency_of_use"),
        duration_of_use: take("duration_of_use"),
        ..RevealCaseResponse::default()
    };
    let contact = take("contact");
    for one in &case.course.further {
        said.further.push(further(one, &take(&Further::part(one.contact_id)))?);
    }
    // What was said with verdicts on an article.
    let later: BTreeMap<_, _> = texts.extract_if(|part, _| part.starts_with("said_")).collect();
    what_we_said(texts, &mut said);
    if !contact.is_empty() {
        let first: Text = serde_json::from_str(&contact).map_err(Fault::internal)?;
        // What was said at first comes first; a part that was added was not said then.
        said.content = first.content;
        said.circumstances = first.circumstances.unwrap_or(said.circumstances);
        said.expected_resolution = first.expected_resolution.unwrap_or(said.expected_resolution);
        said.symptoms = first.symptoms.unwrap_or(said.symptoms);
        said.onset = first.onset.unwrap_or(said.onset);
        said.frequency_of_use = first.frequency_of_use.unwrap_or(said.frequency_of_use);
        said.duration_of_use = first.duration_of_use.unwrap_or(said.duration_of_use);
    }
    later.values().for_each(|later| said.content = format!("{}\n\n{later}", said.content));
    // What was lacking then and said later is part of the record as well.
    for later in &said.further {
        let parts = [
            (&mut said.circumstances, &later.circumstances),
            (&mut said.expected_resolution, &later.expected_resolution),
            (&mut said.symptoms, &later.symptoms),
            (&mut said.onset, &later.onset),
            (&mut said.frequency_of_use, &later.frequency_of_use),
            (&mut said.duration_of_use, &later.duration_of_use),
        ];
        parts.into_iter().filter(|(part, _)| part.is_empty()).for_each(|(part, words)| part.clone_from(words));
    }
    Ok(said)
}

/// What the customer said at first, without what tells who that is. The looks are recorded.
pub async fn redacted(app: &App, found: &Found, look: Look<'_>) -> Result<String, Fault> {
    let customer = customer_of(found)?;
    let said = of_case(app, found, look).await?;
    let mut known = Vec::new();
    for store::SealedContact { id, name, phone, email } in store::look_at_contact(&app.pool, customer, look).await? {
        let fields = [("customer.name", name), ("customer.phone", phone), ("customer.email", email)];
        let keys = keys(app, id, fields.iter().filter_map(|(_, sealed)| sealed.as_ref())).await?;
        let open = |(column, sealed): &(&'static str, Option<Vec<u8>>)| {
            let place = Place { column, row: id.to_string() };
            sealed.as_ref().map(|sealed| open(&keys, &place, sealed))
        };
        known.extend(fields.iter().filter_map(open).collect::<Result<Vec<_>, _>>()?);
    }
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    Ok(advice::redacted(&format!("{}\n{}", said.content, said.circumstances), &known))
}

/// The same, with what was said in the cases that were merged into it, one by the other.
pub async fn with_merged(app: &App, found: &Found, look: Look<'_>) -> Result<RevealCaseResponse, Fault> {
    let mut said = of_case(app, found, look).await?;
    let mut next: Vec<Uuid> = found.2.course.absorbed.keys().copied().collect();
    while !next.is_empty() {
        let merged = store::cases(&app.pool, &next).await?;
        next = merged.iter().flat_map(|(_, _, case)| case.course.absorbed.keys().copied()).collect();
        for one in &merged {
            let words = Some(of_case(app, one, look).await?);
            said.merged.push(MergedWords { case_id: one.0.to_string(), words });
        }
    }
    Ok(said)
}

/// Our answers and questions, each in the order in which they were said.
fn what_we_said(mut texts: HashMap<String, String>, said: &mut RevealCaseResponse) {
    let answers: BTreeMap<i64, String> = texts
        .iter()
        .filter_map(|(part, body)| Some((part.strip_prefix("answer_")?.parse().ok()?, body.clone())))
        .collect();
    // Ids are in the order of time.
    let sent: BTreeMap<_, _> = texts.extract_if(|part, _| part.starts_with("sent_")).collect();
    let questions: BTreeMap<u32, String> = texts
        .into_iter()
        .filter_map(|(part, body)| Some((part.strip_prefix("question_")?.parse().ok()?, body)))
        .collect();
    said.questions = questions.into_values().collect();
    // A question that was sent is one.
    let sent: Vec<String> = sent.into_values().filter(|words| !said.questions.contains(words)).collect();
    said.further_answers = answers.into_values().chain(sent).collect();
    if said.answer.is_empty() && !said.further_answers.is_empty() {
        said.answer = said.further_answers.remove(0);
    }
}

fn further(one: &Further, words: &str) -> Result<FurtherWords, Fault> {
    let Text { content, circumstances, expected_resolution, symptoms, onset, frequency_of_use, duration_of_use } =
        serde_json::from_str(words).map_err(Fault::internal)?;
    Ok(FurtherWords {
        message_id: one.contact_id.to_string(),
        channel: wire::channel(one.channel).into(),
        occurred_at: Some(proto::timestamp(one.at)),
        content,
        circumstances: circumstances.unwrap_or_default(),
        expected_resolution: expected_resolution.unwrap_or_default(),
        symptoms: symptoms.unwrap_or_default(),
        frequency_of_use: frequency_of_use.unwrap_or_default(),
        onset: onset.unwrap_or_default(),
        duration_of_use: duration_of_use.unwrap_or_default(),
    })
}

/// The customer's keys that open `sealed`.
pub async fn keys(
    app: &App,
    customer: Uuid,
    sealed: impl Iterator<Item = &Vec<u8>>,
) -> Result<Vec<CustomerKey>, Fault> {
    let ids: Vec<Uuid> = sealed.filter_map(|value| key_of(value)).collect();
    let stored = store::keys(&app.pool, customer, &ids).await?;
    stored.into_iter().map(|(id, wrapped)| app.master.unwrap_key(customer, id, wrapped)).collect()
}

/// Opens a value with its key. Errors: the customer's keys were destroyed, and the customer with them.
pub fn open(keys: &[CustomerKey], place: &Place, sealed: &[u8]) -> Result<String, Fault> {
    let key = keys.iter().find(|key| Some(key.id) == key_of(sealed));
    let gone =
        || Fault::rejected("customer.forgotten", "the customer was forgotten: the keys to these data are destroyed");
    key.ok_or_else(gone)?.open(place, sealed)
}
