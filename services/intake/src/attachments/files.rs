//! The table of files: every statement about it. A file lies sealed with a key of its own, so that it can be handed to its
//! customer without being read or written again.
use backbone::{Fault, Row};
use jiff::{SignedDuration, Timestamp};
use jiff_sqlx::ToSqlx;
use kernel::{calendar, id};
use sha2::{Digest, Sha256};
use sqlx::{FromRow, PgPool};
use uuid::Uuid;

use crate::{
    store::Look,
    vault::{CustomerKey, Master, Place},
};

/// A file nobody has named in a contact is thrown away after so long.
pub const WAITS: SignedDuration = SignedDuration::from_hours(24);

/// A file that was looked at and may be kept.
#[derive(Clone, PartialEq, Eq)]
pub struct File {
    pub name: String,
    pub media_type: &'static str,
    pub bytes: Vec<u8>,
    /// What it is compared by.
    pub sha256: Vec<u8>,
}

impl File {
    /// Hashes it, which takes its time.
    pub fn new(name: String, media_type: &'static str, bytes: Vec<u8>) -> Self {
        let sha256 = Sha256::digest(&bytes).to_vec();
        Self { name, media_type, bytes, sha256 }
    }

    /// The id of the file in a case: the same file is there once.
    pub fn id_in(&self, case_id: Uuid) -> Uuid {
        id::derived("attachment", &[&case_id.to_string(), &super::kind::hex(&self.sha256)])
    }
}

/// A file that comes with a contact.
pub enum Incoming {
    New(File),
    /// It was sent before, and waits under this key of its own.
    Waiting(CustomerKey),
}

const KEEP: &str = "-- attachment.keep
    file_given as materialized (
      select g.* from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::bytea[], $6::uuid[], $7::bytea[],
                             $8::bytea[], $9::text[], $10::bigint[], $11::bytea[], $12::timestamptz[], $13::bytea[])
        as g(id, case_id, customer_id, key_id, customer_wrapped, own_key_id, handed, name, media_type, size, sha256,
             received_at, body)
      where not exists (select from attachment a where a.id = g.id)),
    file_key as (
      insert into customer_key (customer_id, key_id, wrapped) select customer_id, key_id, customer_wrapped
      from file_given on conflict do nothing),
    file_kept as (
      insert into attachment (id, case_id, customer_id, key_id, own_key_id, handed, name, media_type, size, sha256,
                              received_at)
      select id, case_id, customer_id, key_id, own_key_id, handed, name, media_type, size, sha256, received_at
      from file_given on conflict do nothing),
    file_body_kept as (insert into attachment_body (id, body) select id, body from file_given on conflict do nothing)";

const HAND_OVER: &str = "-- attachment.hand_over
    file_handed as materialized (
      select g.* from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::bytea[], $6::bytea[])
        as g(id, case_id, customer_id, key_id, customer_wrapped, handed)),
    file_handed_key as (
      insert into customer_key (customer_id, key_id, wrapped) select customer_id, key_id, customer_wrapped
      from file_handed on conflict do nothing),
    file_handed_over as (
      update attachment as a set case_id = g.case_id, customer_id = g.customer_id, key_id = g.key_id,
        handed = g.handed, wrapped = null
      from file_handed as g where a.id = g.id and a.case_id is null)";

impl Incoming {
    /// The row that keeps it with a case of the key's customer, once.
    pub fn row(&self, master: &Master, key: &CustomerKey, case_id: Uuid, now: Timestamp) -> Result<Row, Fault> {
        match self {
            Incoming::New(file) => {
                let id = file.id_in(case_id);
                let own = master.new_key(id)?;
                let (name, body) = sealed(&own, file)?;
                Ok(Row::new(KEEP, id)
                    .with(case_id)
                    .with(key.customer)
                    .with(key.id)
                    .with(key.wrapped.clone())
                    .with(own.id)
                    .with(own.hand_to(key, &handed(id))?)
                    .with(name)
                    .with(file.media_type.to_owned())
                    .with(size(file))
                    .with(file.sha256.clone())
                    .with(now)
                    .with(body))
            }
            Incoming::Waiting(own) => Ok(Row::new(HAND_OVER, own.customer)
                .with(case_id)
                .with(key.customer)
                .with(key.id)
                .with(key.wrapped.clone())
                .with(own.hand_to(key, &handed(own.customer))?)),
        }
    }
}

/// Stores a file that waits for its contact; gives its id, which nobody can guess.
pub async fn wait(pool: &PgPool, master: &Master, file: &File, now: Timestamp) -> Result<Uuid, Fault> {
    let id = Uuid::new_v4();
    let own = master.new_key(id)?;
    let (name, body) = sealed(&own, file)?;
    sqlx::query(
        "-- attachment.wait
         with kept as (
           insert into attachment (id, own_key_id, wrapped, name, media_type, size, sha256, received_at)
           values ($1, $2, $3, $4, $5, $6, $7, $8))
         insert into attachment_body (id, body) values ($1, $9)",
    )
    .bind(id)
    .bind(own.id)
    .bind(&own.wrapped)
    .bind(name)
    .bind(file.media_type)
    .bind(size(file))
    .bind(&file.sha256)
    .bind(now.to_sqlx())
    .bind(body)
    .execute(pool)
    .await?;
    Ok(id)
}

/// The files among `ids` that a contact of this customer may name: those that wait come with their keys; those that a
/// case of the customer has already come without. In the order asked; `None` for any other.
pub async fn named(
    pool: &PgPool,
    master: &Master,
    customer: Uuid,
    ids: &[Uuid],
    now: Timestamp,
) -> Result<Vec<Option<Option<Incoming>>>, Fault> {
    let rows: Vec<(Uuid, Uuid, Option<Vec<u8>>)> = sqlx::query_as(
        "-- attachment.named
         select id, own_key_id, wrapped from attachment
         where id = any($1) and (customer_id = $2 or (case_id is null and received_at > $3))",
    )
    .bind(ids)
    .bind(customer)
    .bind(calendar::add(now, -WAITS).to_sqlx())
    .fetch_all(pool)
    .await?;
    let read = |(id, own, wrapped): &(Uuid, Uuid, Option<Vec<u8>>)| {
        let own = wrapped.clone().map(|wrapped| master.unwrap_key(*id, *own, wrapped));
        own.transpose().map(|own| own.map(Incoming::Waiting))
    };
    ids.iter().map(|id| rows.iter().find(|row| row.0 == *id).map(read).transpose()).collect()
}

/// Throws away what has waited too long, a hundred at most; says how many those were.
pub async fn throw_away(pool: &PgPool, now: Timestamp) -> Result<u64, Fault> {
    let gone = sqlx::query(
        "-- attachment.throw_away
         delete from attachment where id in (
           select id from attachment where case_id is null and received_at <= $1 order by received_at limit 100)",
    );
    Ok(gone.bind(calendar::add(now, -WAITS).to_sqlx()).execute(pool).await?.rows_affected())
}

/// A file of a case, without what it holds and is called.
#[derive(Debug, FromRow)]
pub struct Listed {
    pub id: Uuid,
    pub media_type: String,
    pub size: i64,
    pub sha256: Vec<u8>,
    received_at: jiff_sqlx::Timestamp,
}

impl Listed {
    /// When it was stored.
    pub fn received_at(&self) -> Timestamp {
        self.received_at.to_jiff()
    }
}

/// The files of a case, the first first.
pub async fn of_case(pool: &PgPool, case_id: Uuid) -> Result<Vec<Listed>, Fault> {
    let files = sqlx::query_as(
        "-- attachment.of_case
         select id, media_type, size, sha256, received_at from attachment where case_id = $1 order by received_at, id",
    );
    Ok(files.bind(case_id).fetch_all(pool).await?)
}

#[derive(FromRow)]
struct Sealed {
    customer_id: Uuid,
    key_id: Uuid,
    wrapped: Vec<u8>,
    own_key_id: Uuid,
    handed: Vec<u8>,
    name: Vec<u8>,
    media_type: String,
    sha256: Vec<u8>,
    body: Vec<u8>,
}

/// A file as it is handed out.
pub struct Opened {
    pub name: String,
    pub media_type: String,
    pub bytes: Vec<u8>,
}

/// Writes the look down and opens the file. Errors: there is none, or it went with its customer; it is not what was stored.
pub async fn look(pool: &PgPool, master: &Master, id: Uuid, look: Look<'_>) -> Result<Opened, Fault> {
    let sealed: Option<Sealed> = sqlx::query_as(
        "-- attachment.look
         with logged as (
           insert into access_log (customer_id, subject, actor, purpose, at)
           select customer_id, 'attachment ' || id, $2, $3, $4 from attachment where id = $1 and case_id is not null)
         select a.customer_id, a.key_id, k.wrapped, a.own_key_id, a.handed, a.name, a.media_type, a.sha256, b.body
         from attachment a join attachment_body b on b.id = a.id
         join customer_key k on k.customer_id = a.customer_id and k.key_id = a.key_id
         where a.id = $1",
    )
    .bind(id)
    .bind(look.actor.as_str())
    .bind(look.purpose)
    .bind(look.at.to_sqlx())
    .fetch_optional(pool)
    .await?;
    let Sealed { customer_id, key_id, wrapped, own_key_id, handed: own, name, media_type, sha256, body } =
        sealed.ok_or_else(|| Fault::not_found("attachment", id))?;
    let key = master.unwrap_key(customer_id, key_id, wrapped)?;
    let own = CustomerKey::handed(id, own_key_id, &key, &handed(id), &own)?;
    let bytes = own.open_bytes(&place("attachment_body.body", id), &body)?;
    if Sha256::digest(&bytes).as_slice() != sha256 {
        return Err(Fault::broken(format!("attachment {id} is not what was stored")));
    }
    Ok(Opened { name: own.open(&place("attachment.name", id), &name)?, media_type, bytes })
}

fn sealed(own: &CustomerKey, file: &File) -> Result<(Vec<u8>, Vec<u8>), Fault> {
    let name = own.seal(&place("attachment.name", own.customer), &file.name)?;
    Ok((name, own.seal(&place("attachment_body.body", own.customer), &file.bytes)?))
}

fn size(file: &File) -> i64 {
    i64::try_from(file.bytes.len()).unwrap_or(i64::MAX)
}

fn handed(id: Uuid) -> Place {
    place("attachment.handed", id)
}

fn place(column: &'static str, id: Uuid) -> Place {
    Place { column, row: id.to_string() }
}
