//! The encrypted rows that go with a change, in its transaction: what we know of a person, and the words of a case.
//! The statements look up the key they were sealed with; a row whose key is not there is refused as a whole. They look
//! up row by row on purpose: a join planned while the tables were empty reads them whole as long as it is cached.
use backbone::{Fault, Row};
use base64::{Engine as _, prelude::BASE64_STANDARD};
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
}

/// Rows of one customer in a batch become one: the newest value of each field. A person who is known with exactly
/// these data is left alone.
const KEEP_PERSON: &str = "-- customer.keep
    insert into customer as c (id, key_id, name, phone, email, address, phone_index, email_index, digest)
    select r.id, (select k.key_id from customer_key k where k.customer_id = r.id and k.key_id = r.key_id),
           decode(r.name, 'base64'), decode(r.phone, 'base64'), decode(r.email, 'base64'),
           decode(r.address, 'base64'), decode(r.phone_index, 'base64'), decode(r.email_index, 'base64'),
           decode(r.digest, 'base64')
    from (
      select id, (array_agg(key_id order by n desc))[1] as key_id, (array_agg(digest order by n desc))[1] as digest,
             (array_agg(name order by n desc) filter (where name is not null))[1] as name,
             (array_agg(phone order by n desc) filter (where phone is not null))[1] as phone,
             (array_agg(email order by n desc) filter (where email is not null))[1] as email,
             (array_agg(address order by n desc) filter (where address is not null))[1] as address,
             (array_agg(phone_index order by n desc) filter (where phone_index is not null))[1] as phone_index,
             (array_agg(email_index order by n desc) filter (where email_index is not null))[1] as email_index
      from rows from (jsonb_to_recordset($1) as (id uuid, key_id uuid, name text, phone text, email text, address text,
             phone_index text, email_index text, digest text)) with ordinality
           as given(id, key_id, name, phone, email, address, phone_index, email_index, digest, n)
      group by id
    ) r
    where (select known.digest from customer known where known.id = r.id) is distinct from decode(r.digest, 'base64')
    order by r.id
    on conflict (id) do update set key_id = excluded.key_id, digest = excluded.digest,
      name = coalesce(excluded.name, c.name), phone = coalesce(excluded.phone, c.phone),
      email = coalesce(excluded.email, c.email), address = coalesce(excluded.address, c.address),
      phone_index = coalesce(excluded.phone_index, c.phone_index),
      email_index = coalesce(excluded.email_index, c.email_index)";

/// The first words stay: a contact told again adds nothing.
const KEEP_TEXT: &str = "-- case_text.keep
    insert into case_text (case_id, part, key_id, body)
    select r.case_id, r.part,
           (select k.key_id from customer_key k where k.customer_id = r.customer_id and k.key_id = r.key_id),
           decode(r.body, 'base64')
    from jsonb_to_recordset($1) as r(case_id uuid, part text, customer_id uuid, key_id uuid, body text)
    order by r.case_id, r.part
    on conflict do nothing";

/// The row that keeps what is known of a customer.
pub fn person_row(master: &Master, key: &CustomerKey, customer: Uuid, person: &Person) -> Result<Row, Fault> {
    let row = customer.to_string();
    let seal = |column: &'static str, value: &Option<String>| -> Result<Option<String>, Fault> {
        let sealed = value.as_ref().map(|plain| key.seal(&Place { column, row: &row }, plain)).transpose()?;
        Ok(sealed.map(|bytes| BASE64_STANDARD.encode(bytes)))
    };
    let blind = |column: &'static str, value: &Option<String>| {
        value.as_ref().map(|plain| BASE64_STANDARD.encode(master.blind(column, plain)))
    };
    let Person { name, phone, email, address } = person;
    let all = json!([name, phone, email, address]).to_string();
    Ok(Row::new(
        KEEP_PERSON,
        json!({
            "id": customer,
            "key_id": key.id,
            "name": seal("customer.name", name)?,
            "phone": seal("customer.phone", phone)?,
            "email": seal("customer.email", email)?,
            "address": seal("customer.address", address)?,
            "phone_index": blind("customer.phone", phone),
            "email_index": blind("customer.email", email),
            "digest": BASE64_STANDARD.encode(master.blind("customer", &all)),
        }),
    ))
}

/// The row that keeps words of a case: its `contact` as JSON of [`Text`], or our `answer`.
pub fn text_row(key: &CustomerKey, customer: Uuid, case: Uuid, part: &'static str, body: &str) -> Result<Row, Fault> {
    let place = Place { column: "case_text.body", row: &format!("{case}/{part}") };
    let body = BASE64_STANDARD.encode(key.seal(&place, body)?);
    Ok(Row::new(
        KEEP_TEXT,
        json!({ "case_id": case, "part": part, "customer_id": customer, "key_id": key.id, "body": body }),
    ))
}
