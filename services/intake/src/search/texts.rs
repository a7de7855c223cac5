//! The sealed words of cases, opened: for the index, for looking at hits and for counting what many say, and handed to nobody.
use std::collections::HashMap;

use backbone::Fault;
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use crate::vault::{Master, Place, Text};

/// What can still be read of a case.
#[derive(Debug, Default)]
pub struct Readable {
    /// A key that opens it.
    pub key_id: Option<Uuid>,
    pub texts: Vec<String>,
}

#[derive(FromRow)]
struct Sealed {
    case_id: Uuid,
    part: String,
    body: Vec<u8>,
    customer_id: Uuid,
    key_id: Uuid,
    wrapped: Vec<u8>,
}

/// Reads what can be read of these cases of these customers. Where a key is gone nothing can; a text that its key does
/// not open is passed over and logged, so that it stands in nobody's way. Every row is read by its key, whatever the
/// database thinks of the tables.
pub async fn read(
    connection: &mut PgConnection,
    master: &Master,
    cases: &[(Uuid, Uuid)],
) -> Result<HashMap<Uuid, Readable>, Fault> {
    let (ids, customers): (Vec<Uuid>, Vec<Uuid>) = cases.iter().copied().unzip();
    let sealed: Vec<Sealed> = sqlx::query_as(
        "-- case_text.read
         select t.case_id, t.part, t.body, k.customer_id, k.key_id, k.wrapped
         from unnest($1::uuid[], $2::uuid[]) as g(case_id, customer_id)
         cross join lateral (select * from case_text where case_id = g.case_id offset 0) as t
         cross join lateral (
           select * from customer_key
           where customer_id = g.customer_id and key_id = encode(substr(t.body, 1, 16), 'hex')::uuid offset 0) as k
         order by t.case_id, t.part",
    )
    .bind(ids)
    .bind(customers)
    .fetch_all(connection)
    .await?;
    let mut found: HashMap<Uuid, Readable> = HashMap::new();
    for row in sealed {
        match row.open(master) {
            Ok(texts) => {
                let readable = found.entry(row.case_id).or_default();
                readable.key_id = Some(row.key_id);
                readable.texts.extend(texts);
            }
            Err(fault) => tracing::error!(case_id = %row.case_id, fault = fault.chain(), "words cannot be searched"),
        }
    }
    Ok(found)
}

impl Sealed {
    fn open(&self, master: &Master) -> Result<Vec<String>, Fault> {
        let key = master.unwrap_key(self.customer_id, self.key_id, self.wrapped.clone())?;
        let row = format!("{}/{}", self.case_id, self.part);
        let body = key.open(&Place { column: "case_text.body", row }, &self.body)?;
        if self.part != "contact" {
            return Ok(vec![body]);
        }
        let Text { content, circumstances, expected_resolution, symptoms, frequency_of_use, onset, duration_of_use } =
            serde_json::from_str(&body).map_err(Fault::internal)?;
        let more = [circumstances, expected_resolution, symptoms, frequency_of_use, onset, duration_of_use];
        Ok(std::iter::once(content).chain(more.into_iter().flatten()).collect())
    }
}
