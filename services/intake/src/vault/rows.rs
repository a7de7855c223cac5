//! The encrypted rows that go with a change, in its transaction: what we know of a person, and the words of a case.
//! Invariant: a row and the key it was sealed with are stored together or not at all.
use backbone::{Fault, Row};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::cipher::{CustomerKey, Master, Place};

/// What we know of a customer. Only what was given; what is not given stays as it was.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Person {
    pub name: Option<String>,
    /// In normal form.
    pub phone: Option<String>,
    /// In normal form.
    pub email: Option<String>,
    pub address: Option<String>,
}

/// The words of a case, each part a field of its own (R-INT-05, R-INT-06).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Text {
    pub content: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub circumstances: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_resolution: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub symptoms: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frequency_of_use: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub onset: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_of_use: Option<String>,
}

impl Text {
    /// What is said beside the content.
    pub fn beside(&self) -> impl Iterator<Item = &str> {
        let Self { content: _, circumstances, expected_resolution, symptoms, frequency_of_use, onset, duration_of_use } =
            self;
        let beside = [circumstances, expected_resolution, symptoms, frequency_of_use, onset, duration_of_use];
        beside.into_iter().flatten().map(String::as_str)
    }

    /// All that is said, whatever field it stands in.
    pub fn said(&self) -> String {
        std::iter::once(self.content.as_str()).chain(self.beside()).collect::<Vec<_>>().join("\n")
    }
}

/// Fields that are not given stay as they were. A person who is known with exactly these data is left alone. The look
/// at what is known goes row by row on purpose, and by key.
const KEEP_PERSON: &str = "-- customer.keep
    person_given as materialized (
      select g.* from unnest($1::uuid[], $2::bytea[], $3::bytea[], $4::bytea[], $5::bytea[], $6::bytea[], $7::bytea[],
                             $8::bytea[], $9::uuid[], $10::bytea[])
        as g(id, name, phone, email, address, phone_index, email_index, digest, key_id, wrapped)
      where (select known.digest from customer known where known.id = g.id) is distinct from g.digest),
    person_key as (
      insert into customer_key (customer_id, key_id, wrapped) select id, key_id, wrapped from person_given
      where key_id is not null on conflict do nothing),
    person_told as (
      insert into customer_told (customer_id) select id from person_given
      where name is not null or phone is not null or email is not null),
    person_kept as (
      insert into customer as c (id, name, phone, email, address, phone_index, email_index, digest)
      select id, name, phone, email, address, phone_index, email_index, digest from person_given
      on conflict (id) do update set digest = excluded.digest,
        name = coalesce(excluded.name, c.name), phone = coalesce(excluded.phone, c.phone),
        email = coalesce(excluded.email, c.email), address = coalesce(excluded.address, c.address),
        phone_index = coalesce(excluded.phone_index, c.phone_index),
        email_index = coalesce(excluded.email_index, c.email_index))";

const KEEP_TEXT: &str = "-- case_text.keep
    text_given as materialized (
      select g.* from unnest($1::uuid[], $2::text[], $3::uuid[], $4::uuid[], $5::bytea[], $6::bytea[], $7::bytea[])
        as g(case_id, part, customer_id, key_id, wrapped, body, alike)),
    text_key as (
      insert into customer_key (customer_id, key_id, wrapped) select customer_id, key_id, wrapped from text_given
      on conflict do nothing),
    text_kept as (
      insert into case_text (case_id, part, body, alike) select case_id, part, body, alike from text_given
      on conflict do nothing)";

/// The row that keeps what is known of the key's customer, and with it the key.
pub fn person_row(master: &Master, key: &CustomerKey, person: &Person) -> Result<Row, Fault> {
    Ok(sealed(master, key, person)?.with(key.id).with(key.wrapped.clone()))
}

/// The row that keeps what is known of the key's customer, beside the [`text_row`] that keeps the key.
pub fn person_beside_text(master: &Master, key: &CustomerKey, person: &Person) -> Result<Row, Fault> {
    Ok(sealed(master, key, person)?.with(None::<Uuid>).with(None::<Vec<u8>>))
}

fn sealed(master: &Master, key: &CustomerKey, person: &Person) -> Result<Row, Fault> {
    let Person { name, phone, email, address } = person;
    let seal = |column: &'static str, value: &Option<String>| {
        let place = Place { column, row: key.customer.to_string() };
        value.as_ref().map(|plain| key.seal(&place, plain)).transpose()
    };
    let blind =
        |column: &'static str, value: &Option<String>| value.as_ref().map(|plain| master.blind(column, plain).to_vec());
    let all = json!([name, phone, email, address]).to_string();
    Ok(Row::new(KEEP_PERSON, key.customer)
        .with(seal("customer.name", name)?)
        .with(seal("customer.phone", phone)?)
        .with(seal("customer.email", email)?)
        .with(seal("customer.address", address)?)
        .with(blind("customer.phone", phone))
        .with(blind("customer.email", email))
        .with(master.blind("customer", &all).to_vec()))
}

/// The row that keeps words of a case of the key's customer: its `contact` as JSON of [`Text`], our `answer`, a part
/// that was added, or `question_N`.
pub fn text_row(key: &CustomerKey, case: Uuid, part: &str, body: &str) -> Result<Row, Fault> {
    marked_text_row(key, case, part, body, None)
}

/// The same of the words of a contact, with the mark they are known by.
pub fn marked_text_row(
    key: &CustomerKey,
    case: Uuid,
    part: &str,
    body: &str,
    alike: Option<[u8; 32]>,
) -> Result<Row, Fault> {
    let place = Place { column: "case_text.body", row: format!("{case}/{part}") };
    Ok(Row::new(KEEP_TEXT, case)
        .with(part.to_owned())
        .with(key.customer)
        .with(key.id)
        .with(key.wrapped.clone())
        .with(key.seal(&place, body)?)
        .with(alike.map(Vec::from)))
}

/// The fewest characters by which words are known in another case: what is shorter (谢谢) many people say.
const ALIKE_MIN: usize = 8;

/// The mark of words said in a case: the same for the same words, spaces apart, in every case, or in this one where they are few.
pub fn alike(master: &Master, case: Uuid, words: &str) -> [u8; 32] {
    let plain: String = words.chars().filter(|c| !c.is_whitespace()).collect();
    let said = if plain.chars().nth(ALIKE_MIN - 1).is_some() { plain } else { format!("{case}\n{plain}") };
    master.blind("case_text.alike", &said)
}
